"""Maya ASCII scenes, as far as rendering needs them: nodes, attributes, connections, plug-ins."""

import re

GLOBALS = {
    "ren": "currentRenderer",
    "ifp": "imageFilePrefix",
    "fs": "startFrame",
    "ef": "endFrame",
    "bfs": "byFrameStep",
    "an": "animation",
    "pff": "putFrameBeforeExt",
    "ep": "extensionPadding",
    "outf": "imageFormat",
    "imfkey": "imfPluginKey",
    "ofc": "outFormatControl",
    "ofe": "outFormatExt",
    "peie": "periodInExt",
    "me": "modifyExtension",
    "se": "startExtension",
    "be": "byExtension",
    "sef": "skipExistingFrames",
    "pram": "preMel",
    "poam": "postMel",
    "prlm": "preRenderLayerMel",
    "polm": "postRenderLayerMel",
    "prm": "preRenderMel",
    "pom": "postRenderMel",
    "rv": "renderVersion",
    "rall": "renderAll",
}
ALIASES = {
    "renderGlobals": GLOBALS,
    "resolution": {
        "w": "width",
        "h": "height",
        "pa": "pixelAspect",
        "dar": "deviceAspectRatio",
        "ldar": "lockDeviceAspectRatio",
    },
    "renderLayer": {"rndr": "renderable", "g": "global", "do": "displayOrder", "rlid": "identification"},
    "renderSetupLayer": {"lrl": "legacyRenderLayer"},
    "camera": {"rnd": "renderable", "ow": "orthographicWidth", "o": "orthographic"},
    "file": {"ftn": "fileTextureName"},
    "time": {"o": "outTime"},
    "VRaySettingsNode": {"fnprx": "fileNamePrefix", "imgfs": "imageFormatStr", "anim": "animType"},
    "aiOptions": {"ai_translator": "aiTranslator"},
    "aiAOVDriver": {"ai_translator": "aiTranslator"},
}
DEFAULTS = {
    "renderGlobals": {
        "currentRenderer": "mayaSoftware",
        "imageFilePrefix": None,
        "startFrame": 1.0,
        "endFrame": 10.0,
        "byFrameStep": 1.0,
        "animation": False,
        "putFrameBeforeExt": False,
        "extensionPadding": 1,
        "imageFormat": 7,
        "imfPluginKey": "",
        "outFormatControl": 0,
        "outFormatExt": "",
        "periodInExt": 1,
        "modifyExtension": False,
        "startExtension": 1.0,
        "byExtension": 1.0,
        "skipExistingFrames": False,
        "preMel": None,
        "postMel": None,
        "preRenderLayerMel": None,
        "postRenderLayerMel": None,
        "preRenderMel": None,
        "postRenderMel": None,
        "renderVersion": None,
        "renderAll": True,
    },
    "resolution": {
        "width": 960,
        "height": 540,
        "pixelAspect": 1.0,
        "deviceAspectRatio": 1.778,
        "lockDeviceAspectRatio": False,
    },
    "renderLayer": {"renderable": True, "global": False, "displayOrder": 0, "identification": 0},
    "renderSetupLayer": {"legacyRenderLayer": None},
    "camera": {"renderable": True, "orthographic": False},
    "file": {"fileTextureName": ""},
    "time": {"outTime": 1.0},
    "aiOptions": {
        "renderType": 0,
        "log_verbosity": 1,
        "log_to_console": True,
        "log_to_file": False,
        "log_filename": "",
        "abortOnLicenseFail": True,
        "abortOnError": True,
        "skipLicenseCheck": False,
        "renderDevice": 0,
        "manual_gpu_devices": False,
        "render_devices": "",
        "threads_autodetect": True,
        "threads": 1,
        "texture_searchpath": "",
        "procedural_searchpath": "",
        "plugin_searchpath": "",
    },
    "aiAOVDriver": {"aiTranslator": "exr", "mergeAOVs": True},
    "VRaySettingsNode": {
        "fileNamePrefix": "",
        "imageFormatStr": "png",
        "fileNamePadding": 4,
        "animType": 0,
        "animFrames": "",
        "vrscene_render_on": 1,
        "vrscene_on": 0,
        "vrscene_filename": "",
        "sys_distributed_rendering_on": 0,
        "dontSaveImage": 0,
        "sys_message_level": 3,
        "productionEngine": 0,
        "width": 960,
        "height": 540,
        "animBatchOnly": 0,
        "sys_max_threads": 0,
    },
    "RedshiftOptions": {"imageFormat": 1, "imageFilePrefix": "", "logLevel": 1, "primaryGIEngine": 0},
    "rmanGlobals": {
        "imageOutputDir": "<ws>/images/<scene>",
        "imageFileFormat": "<layer>_<aov>.<f4>.<ext>",
        "ext": "exr",
        "fileFormat": 0,
    },
}
PLUGIN_NODES = {
    "mtoa": {"defaultArnoldRenderOptions": "aiOptions", "defaultArnoldDriver": "aiAOVDriver"},
    "vrayformaya": {"vraySettings": "VRaySettingsNode"},
    "redshift4maya": {"redshiftOptions": "RedshiftOptions"},
    "RenderManForMaya": {"rmanGlobals": "rmanGlobals"},
}


class Unreadable(Exception):
    """The file is no whole scene."""


class Node:
    def __init__(self, kind, name, parent=None):
        self.kind, self.name, self.parent = kind, name, parent
        self.attributes = dict(DEFAULTS.get(kind, {}))

    def long_name(self, attribute):
        return ALIASES.get(self.kind, {}).get(attribute, attribute)

    def has(self, attribute):
        return self.long_name(attribute) in self.attributes


class Scene:
    """The nodes by name. A new scene has what every Maya scene has."""

    def __init__(self):
        self.path = ""
        self.nodes = {}
        self.plugins = []
        self.connections = []
        for name, kind in (
            ("time1", "time"),
            ("defaultRenderGlobals", "renderGlobals"),
            ("defaultResolution", "resolution"),
            ("defaultRenderLayer", "renderLayer"),
            ("renderLayerManager", "renderLayerManager"),
            ("defaultRenderQuality", "renderQuality"),
            ("hardwareRenderingGlobals", "hardwareRenderingGlobals"),
        ):
            self.create(kind, name)
        self.nodes["defaultRenderLayer"].attributes["global"] = True
        for camera in ("persp", "top", "front", "side"):
            self.create("transform", camera)
            self.create("camera", camera + "Shape", camera).attributes["renderable"] = camera == "persp"

    def create(self, kind, name, parent=None):
        # A default node that a scene spells out keeps what it has.
        if name not in self.nodes or self.nodes[name].kind != kind:
            self.nodes[name] = Node(kind, name, parent)
        return self.nodes[name]

    def of_kind(self, kind):
        return [node for node in self.nodes.values() if node.kind == kind]

    def layers(self):
        """All render layers as rendering knows them: legacy ones, or those that render setup made (`rs_…`)."""
        return sorted(self.of_kind("renderLayer"), key=lambda node: node.attributes["displayOrder"])

    def uses_render_setup(self):
        return bool(self.of_kind("renderSetupLayer"))

    def legacy_layers(self):
        return [
            layer for layer in self.layers() if layer.name != "defaultRenderLayer" and not layer.name.startswith("rs_")
        ]

    def find_layer(self, name):
        if name in ("masterLayer", "defaultRenderLayer"):
            return self.nodes["defaultRenderLayer"]
        for candidate in (name, "rs_" + name):
            node = self.nodes.get(candidate)
            if node is not None and node.kind == "renderLayer":
                return node
        return None

    def find_camera(self, name):
        """The camera's shape, by its own name or its transform's."""
        bare = name.split("|")[-1]
        for camera in self.of_kind("camera"):
            if bare in (camera.name, camera.parent):
                return camera
        return None

    def load_plugin_nodes(self, plugin):
        for name, kind in PLUGIN_NODES.get(plugin, {}).items():
            self.create(kind, name)


def split(text):
    """The scene's statements as lists of words; quoted words lose their quotes. Comments are skipped."""
    token = re.compile(r'\s+|//[^\n]*|"((?:[^"\\]|\\.)*)"|(;)|([^\s";]+)', re.S)
    words, at = [], 0
    while at < len(text):
        found = token.match(text, at)
        if not found:
            raise Unreadable("a string without an end")
        at = found.end()
        quoted, semicolon, bare = found.groups()
        if semicolon:
            if words:
                yield words
            words = []
        elif quoted is not None:
            words.append(unescape(quoted))
        elif bare is not None:
            words.append(bare)
    if words:
        raise Unreadable("a statement without an end: %s" % " ".join(words[:3]))


def unescape(text):
    known = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda found: known.get(found.group(1), found.group(1)), text, flags=re.S)


def read(path):
    """The scene in a file. OSError where it cannot be read, Unreadable where it is none.

    A `.mb` file of the stand-ins is a line that begins with FOR4 or FOR8, then the same text as in a `.ma` file.
    """
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] in (b"FOR4", b"FOR8"):
        data = b"//Maya ASCII" + data.partition(b"\n")[2]
    text = data.decode("utf-8", "replace")
    if not text.lstrip("\ufeff").startswith("//Maya ASCII"):
        raise Unreadable("no Maya scene")
    scene = Scene()
    scene.path = path
    node = None
    for words in split(text.lstrip("\ufeff")):
        node = _statement(scene, node, words)
    return scene


def _statement(scene, node, words):
    command, rest = words[0], words[1:]
    if command == "requires":
        names = [word for word in rest if not word.startswith("-")]
        for name in names:
            if name in PLUGIN_NODES and name not in scene.plugins:
                scene.plugins.append(name)
                scene.load_plugin_nodes(name)
    elif command == "createNode" and rest:
        options = _options(rest[1:])
        return scene.create(rest[0], options.get("-n", rest[0] + "1"), options.get("-p"))
    elif command == "select":
        names = [word.lstrip(":") for word in rest if not word.startswith("-")]
        return scene.nodes.get(names[0]) if names else None
    elif command == "setAttr" and node is not None:
        name, value = _attribute(rest)
        if name:
            name = node.long_name(name)
            node.attributes[name] = like(DEFAULTS.get(node.kind, {}).get(name), value)
    elif command == "connectAttr":
        ends = [word.lstrip(":") for word in rest if not word.startswith("-")][:2]
        if len(ends) == 2:
            scene.connections.append(tuple(ends))
    return node


def _options(words):
    options = {}
    for index, word in enumerate(words):
        if word in ("-n", "-name", "-p", "-parent") and index + 1 < len(words):
            options[word[:2]] = words[index + 1].lstrip(":").split("|")[-1]
    return options


# Flags of a scene's `setAttr` that take a word with them; others stand alone.
_SET_WITH_VALUE = ("-k", "-keyable", "-cb", "-channelBox", "-l", "-lock", "-s", "-size", "-ca", "-caching")


def _attribute(words):
    """Name and value of `setAttr -flags ".name" -type "string" value`."""
    words = list(words)
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        if flag in _SET_WITH_VALUE and words:
            words.pop(0)
    if not words:
        return None, None
    name, kind = words.pop(0).lstrip("."), None
    if len(words) >= 2 and words[0] == "-type":
        kind, words = words[1], words[2:]
    if not words:
        return None, None
    if kind == "string":
        return name, words[0]
    return name, to_value(words[0]) if len(words) == 1 else [to_value(word) for word in words]


def like(default, value):
    """The value with the type that its attribute has."""
    if isinstance(default, (bool, float)) and isinstance(value, (bool, int, float)):
        return type(default)(value)
    return value


def to_value(word):
    """A word of MEL as the value that it means."""
    if word in ("yes", "on", "true"):
        return True
    if word in ("no", "off", "false"):
        return False
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        return word
