"""Stand-in for `maya.cmds`: the commands that rendering a scene needs. A flag that the stand-in does not know is a
TypeError, as in Maya; a command that it does not know is an AttributeError, and so is one of a plug-in that is not
loaded."""

import fnmatch
import os

from standin import maya_commands as _rendering
from standin import maya_mayapy, maya_procedures, maya_scene
from standin.maya_commands import flags_of as _flags
from standin.maya_session import PLUGINS, SceneError
from standin.output import complain as _complain


def _session():
    return maya_mayapy.need_session()


def _missing(name):
    return ValueError("No object matches name: %s" % name)


# Scenes


def file(*names, **given):
    session = _session()
    flags = _flags(
        "file",
        given,
        (
            "open",
            "force",
            "newFile",
            "save",
            "rename",
            "query",
            "sceneName",
            "type",
            "modified",
            "reference",
            "loadReferenceDepth",
            "ignoreVersion",
            "prompt",
            "exists",
            "location",
            "shortName",
            "list",
            "namespace",
            "options",
            "executeScriptNodes",
            "exportAll",
            "preserveReferences",
            "loadSettings",
        ),
    )
    if flags.get("query"):
        if flags.get("sceneName") or flags.get("location"):
            return session.scene.path
        if flags.get("shortName"):
            return os.path.basename(session.scene.path)
        if flags.get("exists"):
            return os.path.exists(names[0])
        if flags.get("reference"):
            return []
        if flags.get("list"):
            return [session.scene.path]
        if flags.get("modified"):
            return False
        if flags.get("type"):
            return ["mayaBinary" if session.scene.path.endswith(".mb") else "mayaAscii"]
        raise TypeError("file: nothing to query")
    if flags.get("newFile"):
        session.scene = maya_scene.Scene()
        return ""
    if flags.get("open"):
        if not names:
            raise RuntimeError("No file name.")
        try:
            session.open(names[0])
        except SceneError as problem:
            for line in problem.lines:
                _complain(line)
            raise RuntimeError("%s: %s" % (problem, names[0])) from None
        session.kit.record("open", path=session.scene.path)
        return session.scene.path
    if flags.get("rename"):
        session.scene.origin = getattr(session.scene, "origin", None) or session.scene.path
        session.scene.path = flags["rename"]
        return session.scene.path
    if flags.get("save"):
        return _save(session, session.scene.path)
    if flags.get("exportAll"):
        return _save(session, names[0])
    raise RuntimeError("file: nothing to do")


def _save(session, path):
    """Saves what was opened, with the changes behind it."""
    if not path:
        raise RuntimeError("Could not save file.")
    text = "//Maya ASCII %s scene\n" % session.kit.version
    origin = getattr(session.scene, "origin", None) or session.scene.path
    if os.path.isfile(origin):
        with open(origin, encoding="utf-8") as opened:
            text = opened.read()
    for name, node in session.scene.nodes.items():
        text += "select -ne :%s;\n" % name
        for attribute, value in sorted(node.attributes.items()):
            if isinstance(value, bool):
                text += '\tsetAttr ".%s" %s;\n' % (attribute, "yes" if value else "no")
            elif isinstance(value, (int, float)):
                text += '\tsetAttr ".%s" %r;\n' % (attribute, value)
            elif isinstance(value, str):
                text += '\tsetAttr ".%s" -type "string" "%s";\n' % (
                    attribute,
                    value.replace("\\", "\\\\").replace('"', '\\"'),
                )
    with open(path, "w", encoding="utf-8") as saved:
        saved.write(text)
    return path


def workspace(*names, **given):
    session = _session()
    flags = _flags(
        "workspace",
        given,
        (
            "query",
            "edit",
            "fileRule",
            "fileRuleEntry",
            "rootDirectory",
            "directory",
            "openWorkspace",
            "open",
            "saveWorkspace",
            "save",
            "update",
            "fullName",
            "active",
            "expandName",
            "fileRuleList",
            "create",
        ),
    )
    if flags.get("query"):
        if "fileRuleEntry" in flags:
            return session.rules.get(flags["fileRuleEntry"], "")
        if flags.get("expandName"):
            return os.path.join(session.project, flags["expandName"])
        if flags.get("fileRuleList"):
            return list(session.rules)
        if flags.get("fileRule"):
            return [word for rule in session.rules.items() for word in rule]
        return session.project.rstrip("/") + ("/" if flags.get("rootDirectory") else "")
    if "fileRuleEntry" in flags:
        return session.rules.get(flags["fileRuleEntry"], "")
    if "fileRule" in flags:
        rule, folder = flags["fileRule"]
        session.rules[rule] = folder
        return None
    folder = names[0] if names else flags.get("directory") or flags.get("openWorkspace") or flags.get("open")
    if isinstance(folder, str):
        if not os.path.isdir(folder):
            raise RuntimeError("Cannot open project %s" % folder)
        session.project = os.path.abspath(folder)
    return None


def dirmap(*names, **given):
    session = _session()
    flags = _flags(
        "dirmap", given, ("enable", "mapDirectory", "query", "convertDirectory", "getAllMappings", "unmapDirectory")
    )
    if "convertDirectory" in flags:
        for old, new in sorted(session.directory_maps, key=lambda pair: -len(pair[0])):
            if flags["convertDirectory"].startswith(old):
                return new + flags["convertDirectory"][len(old) :]
        return flags["convertDirectory"]
    if "mapDirectory" in flags:
        session.directory_maps.append(tuple(flags["mapDirectory"]))
    return None


# Plug-ins


def loadPlugin(*names, **given):
    session = _session()
    _flags("loadPlugin", given, ("quiet", "addCallback", "allPlugins", "name", "qto", "quietOnce"))
    return [session.load_plugin(name) for name in names]


def unloadPlugin(*names, **given):
    session = _session()
    for name in names:
        session.plugins.discard(PLUGINS.get(name))


def pluginInfo(*names, **given):
    session = _session()
    flags = _flags(
        "pluginInfo", given, ("query", "loaded", "version", "listPlugins", "path", "registered", "edit", "autoload")
    )
    if flags.get("listPlugins"):
        return sorted(session.plugins)
    plugin = PLUGINS.get(names[0]) if names else None
    if flags.get("loaded"):
        return plugin in session.plugins
    if flags.get("registered"):
        return plugin is not None
    if plugin not in session.plugins:
        raise RuntimeError('Plug-in, "%s", is not loaded.' % (names[0] if names else ""))
    return "5.3.0" if flags.get("version") else names[0]


# Nodes and attributes


def objExists(name):
    session = _session()
    if "." in name:
        try:
            session.plug(name)
        except LookupError:
            return False
        return True
    return session.node(name) is not None


def nodeType(name, **given):
    _flags("nodeType", given, ("apiType", "inherited"))
    node = _session().node(name)
    if node is None:
        raise RuntimeError("No object matches name: %s" % name)
    return node.kind


objectType = nodeType


def attributeQuery(attribute, **given):
    flags = _flags("attributeQuery", given, ("node", "n", "exists", "ex"))
    node = _session().node(flags.get("node") or flags.get("n"))
    if node is None:
        raise RuntimeError("No object matches name: %s" % flags.get("node"))
    return node.has(attribute)


def getAttr(plug, **given):
    _flags("getAttr", given, ("time", "asString", "type", "lock", "settable", "silent", "t"))
    try:
        node, attribute = _session().plug(plug)
    except LookupError:
        raise _missing(plug) from None
    value = node.attributes[attribute]
    flags = _flags("getAttr", given, ("time", "asString", "type", "lock", "settable", "silent", "t"))
    if flags.get("lock"):
        return False
    if flags.get("settable"):
        return True
    return value


def setAttr(plug, *values, **given):
    session = _session()
    flags = _flags("setAttr", given, ("type", "lock", "keyable", "clamp", "channelBox", "caching"))
    try:
        node, attribute = session.plug(plug)
    except LookupError:
        raise RuntimeError("setAttr: No object matches name: %s" % plug) from None
    if not values:
        if flags:
            return
        raise RuntimeError("setAttr: No attribute values were specified.")
    value = values[0] if len(values) == 1 else list(values)
    before = maya_scene.DEFAULTS.get(node.kind, {}).get(attribute, node.attributes[attribute])
    if isinstance(value, str) and flags.get("type") != "string":
        raise RuntimeError("setAttr: '%s' is a string attribute: type=\"string\" is missing." % plug)
    if isinstance(before, (int, float)) and not isinstance(value, (int, float)):
        raise RuntimeError("setAttr: The value of '%s' must be a number." % plug)
    node.attributes[attribute] = maya_scene.like(before, value)


def ls(*names, **given):
    session = _session()
    flags = _flags(
        "ls",
        given,
        (
            "type",
            "long",
            "cameras",
            "ca",
            "selection",
            "dag",
            "exactType",
            "shapes",
            "renderSetupLayers",
            "references",
            "rf",
            "sl",
            "dagObjects",
            "et",
        ),
    )
    if flags.get("selection") or flags.get("sl") or flags.get("references") or flags.get("rf"):
        return []
    kinds = flags.get("type") or flags.get("exactType") or flags.get("et")
    if flags.get("cameras") or flags.get("ca"):
        kinds = "camera"
    kinds = [kinds] if isinstance(kinds, str) else kinds
    found = []
    for node in session.scene.nodes.values():
        wanted = not names or any(fnmatch.fnmatchcase(node.name, name.split("|")[-1]) for name in names)
        if wanted and (not kinds or node.kind in kinds):
            found.append("|%s|%s" % (node.parent, node.name) if flags.get("long") and node.parent else node.name)
    return found


def listRelatives(*names, **given):
    session = _session()
    flags = _flags(
        "listRelatives",
        given,
        ("parent", "p", "shapes", "children", "c", "fullPath", "type", "allParents", "allDescendents"),
    )
    found = []
    for name in names:
        node = session.node(name)
        if node is None:
            raise _missing(name)
        if flags.get("parent") or flags.get("p") or flags.get("allParents"):
            found += [node.parent] if node.parent else []
        else:
            found += [child.name for child in session.scene.nodes.values() if child.parent == node.name]
    return found or None


def listConnections(plug, **given):
    session = _session()
    flags = _flags(
        "listConnections",
        given,
        ("source", "s", "destination", "d", "type", "t", "plugs", "p", "connections", "shapes", "exactType"),
    )
    name, _, attribute = plug.partition(".")
    if session.node(name) is None:
        raise _missing(plug)
    if name == "renderLayerManager":
        return [layer.name for layer in session.scene.layers()]
    setup = session.node(name)
    if setup.kind == "renderSetupLayer" and attribute in ("", "legacyRenderLayer", "lrl"):
        return ["rs_" + name] if session.scene.find_layer("rs_" + name) else None
    found = []
    for one, other in session.scene.connections:
        for near, far in ((one, other), (other, one)):
            if near == plug or (not attribute and near.partition(".")[0] == name):
                found.append(far if flags.get("plugs") or flags.get("p") else far.partition(".")[0])
    kind = flags.get("type") or flags.get("t")
    if kind:
        found = [far for far in found if session.node(far.partition(".")[0]).kind == kind]
    return found or None


def delete(*names, **given):
    session = _session()
    for name in names:
        if session.node(name) is None:
            raise _missing(name)
        del session.scene.nodes[name]


def createNode(kind, **given):
    flags = _flags("createNode", given, ("name", "n", "parent", "p", "skipSelect"))
    return (
        _session()
        .scene.create(kind, flags.get("name") or flags.get("n") or kind + "1", flags.get("parent") or flags.get("p"))
        .name
    )


# Time, layers, the application


def currentTime(*values, **given):
    session = _session()
    flags = _flags("currentTime", given, ("query", "edit", "update"))
    if values and not flags.get("query"):
        session.current_time = float(values[0])
    return session.current_time


def playbackOptions(**given):
    session = _session()
    flags = _flags(
        "playbackOptions",
        given,
        ("query", "edit", "animationStartTime", "animationEndTime", "minTime", "maxTime", "by"),
    )
    if flags.get("query"):
        late = flags.get("animationEndTime") or flags.get("maxTime")
        return float(session.value("defaultRenderGlobals." + ("endFrame" if late else "startFrame")))
    return None


def editRenderLayerGlobals(**given):
    session = _session()
    flags = _flags(
        "editRenderLayerGlobals",
        given,
        ("query", "currentRenderLayer", "enableAutoAdjustments", "useCurrent", "mergeType"),
    )
    if flags.get("query"):
        return session.current_layer
    name = flags.get("currentRenderLayer")
    # Unlike `Render -rl`, this command wants the node's own name.
    node = session.node(str(name))
    if node is None or node.kind != "renderLayer":
        raise RuntimeError("No object matches name: %s" % name)
    session.current_layer = node.name
    return None


def editRenderLayerAdjustment(*plugs, **given):
    session = _session()
    for plug in plugs:
        try:
            session.plug(plug)
        except LookupError:
            raise RuntimeError("No object matches name: %s" % plug) from None


def about(**given):
    session = _session()
    flags = _flags(
        "about",
        given,
        (
            "version",
            "batch",
            "apiVersion",
            "api",
            "product",
            "installedVersion",
            "iv",
            "operatingSystem",
            "os",
            "linux",
            "windows",
            "macOS",
            "cutIdentifier",
            "buildDate",
        ),
    )
    if flags.get("batch"):
        return True
    if flags.get("apiVersion") or flags.get("api"):
        return int(float(session.kit.version) * 10000)
    if flags.get("product"):
        return "Stand-in for Maya %s" % session.kit.version
    if flags.get("operatingSystem") or flags.get("os") or flags.get("linux"):
        return "linux64" if not flags.get("linux") else True
    if flags.get("windows") or flags.get("macOS"):
        return False
    return session.kit.version


def warning(text="", **given):
    _complain("Warning: %s" % text)


def error(text="", **given):
    raise RuntimeError(text)


def renderer(name, **given):
    _flags("renderer", given, ("query", "exists", "rendererUIName", "edit"))
    return name in maya_procedures.RENDERERS


def setProject(folder):
    workspace(folder, openWorkspace=True)


def evalDeferred(command, **given):
    return command() if callable(command) else None


def refresh(**given):
    return None


def undoInfo(**given):
    return None


def optionVar(**given):
    return 0


def quit(**given):
    flags = _flags("quit", given, ("abort", "exitCode", "ec", "force"))
    maya_mayapy.leave(int(flags.get("exitCode", flags.get("ec", 0))))


render = _rendering.render
ogsRender = _rendering.ogsRender
_OF_PLUGINS = {
    "arnoldRender": ("mtoa", _rendering.arnoldRender),
    "vrend": ("vrayformaya", _rendering.vrend),
    "rsRender": ("redshift4maya", _rendering.rsRender),
}


def __getattr__(name):
    # A plug-in's commands are there once it is loaded.
    plugin, command = _OF_PLUGINS.get(name, (None, None))
    if command is not None and maya_mayapy.Process.session is not None and plugin in maya_mayapy.need_session().plugins:
        return command
    raise AttributeError("module 'maya.cmds' has no attribute '%s'" % name)
