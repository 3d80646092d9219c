"""Stand-in for the module `nuke` inside `nuke -t`: scripts, nodes, knobs, and rendering."""

import os
import re

from standin import frames as _frames
from standin import nuke_main, nuke_script
from standin.nuke_faults import NukeError
from standin.output import say as _say

_session = nuke_main.Process.session
if _session is None:
    raise ImportError("the module nuke is there inside nuke only: nuke -t script.py")

NUKE_VERSION_STRING = _session.kit.version
NUKE_VERSION_MAJOR, NUKE_VERSION_MINOR, NUKE_VERSION_RELEASE = [
    int(number) for number in re.match(r"(\d+)\.(\d+)v(\d+)", NUKE_VERSION_STRING).groups()
]
GUI = False
INTERACTIVE = False
REPLACE, REPLACE_VIEW, ORIGINAL = 1, 2, 0
env = {
    "gui": False,
    "nukex": "-nukex" in nuke_main.Process.line.alone,
    "studio": False,
    "nc": False,
    "threads": 1,
    "NukeVersionString": NUKE_VERSION_STRING,
    "NukeVersionMajor": NUKE_VERSION_MAJOR,
    "NukeVersionMinor": NUKE_VERSION_MINOR,
    "NukeVersionRelease": NUKE_VERSION_RELEASE,
    "interactive": False,
    "WIN32": os.name == "nt",
    "LINUX": os.name != "nt",
    "MACOS": False,
    "ExecutablePath": _session.kit.argv[0],
}
rawArgs = list(_session.kit.argv)

_BOOLEANS = {"disable", "reading", "create_directories", "use_limit", "proxy_mode", "selected", "lock_range"}
_NUMBERS = {"first_frame", "last_frame", "first", "last", "frame", "fps", "render_order", "xpos", "ypos"}


class Knob:
    def __init__(self, node, name):
        self._node, self._name = node, name

    def name(self):
        return self._name

    def node(self):
        return Node(self._node)

    def _text(self):
        return self._node.knobs[self._name]

    def value(self):
        text = self._text()
        # The root's `proxy` is a switch, a Write's is a file name.
        if self._name in _BOOLEANS or (self._name == "proxy" and self._node.kind == "Root"):
            return text in ("true", "1", "yes", "on")
        if self._name in _NUMBERS:
            try:
                number = float(text)
            except ValueError:
                return text
            return int(number) if number == int(number) else number
        return text

    def getValue(self, *_):
        return self.value()

    def setValue(self, value, *_):
        if isinstance(value, bool):
            value = "true" if value else "false"
        self._node.knobs[self._name] = str(value)
        return True

    def getText(self):
        return self._text()

    def setText(self, text):
        return self.setValue(text)

    def fromUserText(self, text):
        # A path that a person typed: a range behind the name sets the node's frames.
        found = re.match(r"^(.*\S)\s+(-?\d+)-(-?\d+)$", text)
        if found:
            self._node.knobs.update({"first": found.group(2), "last": found.group(3)})
            text = found.group(1)
        return self.setValue(text)

    def toScript(self, *_):
        return self._text()

    def fromScript(self, text):
        return self.setValue(text)

    def setExpression(self, text, *_):
        return self.setValue("[%s]" % text)

    def evaluate(self, frame=None, view=None):
        """The text with its Tcl, frame and view carried out; of a file knob, the file's path."""
        try:
            if self._name in ("file", "proxy"):
                return _session.names().path(
                    self._node,
                    _session.frame if frame is None else int(frame),
                    str(view or _session.script.views()[0]),
                    self._name,
                )
            return _session.names().text(self._node, self._name)
        except (nuke_script.Broken, nuke_script.Missing) as problem:
            raise RuntimeError(str(problem)) from None

    def execute(self):
        """A button's action: a Write's is to render."""
        return execute(Node(self._node))

    def visible(self):
        return True

    def enabled(self):
        return True

    def values(self):
        return self._text().split()


class Node:
    def __init__(self, node):
        self._node = node

    def __eq__(self, other):
        return isinstance(other, Node) and other._node is self._node

    def __hash__(self):
        return hash(id(self._node))

    def __repr__(self):
        return "<%s>" % self.name()

    def name(self):
        return "root" if self._node.kind == "Root" else self._node.name

    def fullName(self):
        return "root" if self._node.kind == "Root" else self._node.full_name

    def Class(self):
        return self._node.kind

    def knob(self, name):
        return Knob(self._node, name) if name in self._node.knobs else None

    def knobs(self):
        return {name: Knob(self._node, name) for name in self._node.knobs}

    allKnobs = knobs

    def __getitem__(self, name):
        if name not in self._node.knobs:
            raise NameError("knob %s does not exist" % name)
        return Knob(self._node, name)

    def setName(self, name, *_, **__):
        self._node.knobs["name"] = name

    def firstFrame(self):
        return _range(self._node)[0]

    def lastFrame(self):
        return _range(self._node)[1]

    def frameRange(self):
        return FrameRange(*_range(self._node))

    def hasError(self):
        return False

    def width(self):
        return int(_session.script.root.knobs["format"].split()[0])

    def height(self):
        return int(_session.script.root.knobs["format"].split()[1])

    def dependencies(self, *_):
        return []

    def isSelected(self):
        return False

    def screenHeight(self):
        return 18

    def begin(self):
        return self

    def end(self):
        return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def _range(node):
    if node.kind == "Root" or not node.on("use_limit"):
        root = _session.script.root
        return int(root.number("first_frame", 1)), int(root.number("last_frame", 1))
    return int(node.number("first", 1)), int(node.number("last", 1))


class FrameRange:
    def __init__(self, first, last=None, increment=1):
        if isinstance(first, str):
            found = _frames.nuke_range(first.replace(",", "-"))
            if not found:
                raise ValueError("invalid frame range: %s" % first)
            self._frames = found
        else:
            self._frames = list(range(int(first), int(last) + 1, int(increment)))

    def __iter__(self):
        return iter(self._frames)

    def first(self):
        return self._frames[0]

    def last(self):
        return self._frames[-1]

    def frames(self):
        return len(self._frames)

    def increment(self):
        return self._frames[1] - self._frames[0] if len(self._frames) > 1 else 1


class FrameRanges:
    def __init__(self, ranges=()):
        if isinstance(ranges, str):
            ranges = [FrameRange(word) for word in ranges.replace(",", " ").split()]
        self._ranges = list(ranges)

    def add(self, one):
        self._ranges.append(one)

    def __iter__(self):
        return iter(self._ranges)

    def toFrameList(self):
        return sorted({frame for one in self._ranges for frame in one})

    def size(self):
        return len(self._ranges)


# Scripts


def scriptOpen(path):
    """RuntimeError where the script is missing or broken."""
    try:
        _session.open(path)
    except NukeError as problem:
        raise RuntimeError(str(problem)) from None


def scriptReadFile(path):
    scriptOpen(path)


def scriptClose(*_):
    _session.script = nuke_script.Script()


def scriptClear(*_):
    scriptClose()


def scriptName():
    if not _session.script.path:
        raise RuntimeError("no script is open")
    return _session.script.path


def scriptSave(path=None):
    return scriptSaveAs(path or _session.script.path, 1)


def scriptSaveAs(path, overwrite=0):
    """Writes the nodes' knobs as they are now; what draws the graph is not kept."""
    if os.path.exists(path) and not overwrite:
        raise RuntimeError("%s exists" % path)
    with open(path, "w", encoding="utf-8") as file:
        for node in [_session.script.root] + _session.script.nodes:
            file.write("%s {\n" % node.kind)
            for name, value in node.knobs.items():
                quoted = re.sub(r'(["\\\[\]$])', r"\\\1", str(value)).replace("\n", "\\n")
                file.write(' %s "%s"\n' % (name, quoted))
            file.write("}\n")
    return True


def root():
    return Node(_session.script.root)


Root = root


def toNode(name):
    node = _session.script.find(name)
    return Node(node) if node is not None else None


def exists(name):
    if _session.script.find(name) is not None:
        return True
    node, _, knob = name.rpartition(".")
    found = _session.script.find(node)
    return found is not None and knob in found.knobs


def allNodes(filter=None, group=None, recurseGroups=False):
    inside = group.fullName() if group is not None and group.Class() != "Root" else ""
    return [
        Node(node)
        for node in _session.script.nodes
        if (filter is None or node.kind == filter)
        and (node.group == inside or recurseGroups and node.group.startswith(inside))
    ]


def selectedNodes(*_):
    return []


def thisNode():
    return Node(_session.this_node) if _session.this_node is not None else root()


def views():
    return _session.script.views()


def frame(number=None):
    if number is not None:
        _session.frame = int(number)
    return _session.frame


def value(name, otherwise=None):
    node, _, knob = name.rpartition(".")
    found = _session.script.find(node)
    if found is None or knob not in found.knobs:
        if otherwise is not None:
            return otherwise
        raise RuntimeError("no such knob: %s" % name)
    return _session.names().text(found, knob)


def knob(name, text=None):
    node, _, knob_name = name.rpartition(".")
    found = _session.script.find(node)
    if found is None or knob_name not in found.knobs:
        raise RuntimeError("no such knob: %s" % name)
    if text is not None:
        found.knobs[knob_name] = str(text)
    return found.knobs[knob_name]


def filename(node, mode=ORIGINAL):
    """The node's file name as it is in the knob, or with frame and view put in."""
    text = node["file"].getText()
    if not text:
        return None
    return node["file"].evaluate() if mode in (REPLACE, REPLACE_VIEW) else text


def pluginPath():
    return [path for path in os.environ.get("NUKE_PATH", "").split(os.pathsep) if path]


def pluginAddPath(path, *_, **__):
    os.environ["NUKE_PATH"] = os.pathsep.join([path] + pluginPath())


def toolbar(*_, **__):
    raise RuntimeError("there are no toolbars without a window")


def message(text):
    _say(str(text))


def tprint(text="", *_, **__):
    _say(str(text))


def warning(text):
    _say("Warning: %s" % text)


def error(text):
    _say("ERROR: %s" % text)


def debug(text):
    return None


def scriptExit():
    _session.leave(0)


def executeInMainThread(call, args=(), kwargs=None):
    return call(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))


executeInMainThreadWithResult = executeInMainThread


# Rendering


def _writes(nodes):
    found = []
    for node in nodes:
        node = toNode(node) if isinstance(node, str) else node
        if node is None:
            raise ValueError("there is no such node")
        if node._node.kind != "Write":
            raise RuntimeError("%s is not executable" % node.name())
        if node._node.on("disable") or node._node.on("reading"):
            raise RuntimeError("There are no active Write operators in this script")
        found.append(node._node)
    return found


def _render(nodes, wanted, view_names, go_on):
    writes = _writes(nodes)
    try:
        _session.check_arguments(writes)
        failed = _session.render(writes, wanted, list(view_names) if view_names else None, go_on)
    except nuke_script.Missing as problem:
        raise RuntimeError(str(problem)) from None
    except NukeError as problem:
        raise RuntimeError(str(problem)) from None
    return failed == 0


def execute(nameOrNode, start=None, end=None, incr=1, views=None, continueOnError=False, **_):
    """Renders one Write. RuntimeError at the first error, unless it goes on."""
    node = toNode(nameOrNode) if isinstance(nameOrNode, str) else nameOrNode
    if isinstance(start, FrameRange):
        wanted = list(start)
    elif isinstance(start, FrameRanges):
        wanted = start.toFrameList()
    else:
        first, last = _range(node._node) if node is not None else (1, 1)
        first = first if start is None else int(start)
        last = (last if start is None else first) if end is None else int(end)
        wanted = list(range(first, last + 1, int(incr)))
    return _render([nameOrNode], wanted, views, continueOnError)


render = execute


def executeMultiple(nodes, ranges=None, views=None, continueOnError=False):
    wanted = []
    for one in ranges or [_range(_session.script.root) + (1,)]:
        wanted += (
            list(one)
            if isinstance(one, (FrameRange, FrameRanges))
            else range(int(one[0]), int(one[1]) + 1, int(one[2]) if len(one) > 2 else 1)
        )
    return _render(nodes, wanted, views, continueOnError)


# Callbacks


def _adder(name):
    def add(call, args=(), kwargs=None, nodeClass="*"):
        _session.callbacks.setdefault(name, []).append((call, args, kwargs or {}, nodeClass))

    return add


def _remover(name):
    def remove(call, args=(), kwargs=None, nodeClass="*"):
        _session.callbacks[name] = [entry for entry in _session.callbacks.get(name, []) if entry[0] is not call]

    return remove


addBeforeRender, removeBeforeRender = _adder("beforeRender"), _remover("beforeRender")
addAfterRender, removeAfterRender = _adder("afterRender"), _remover("afterRender")
addBeforeFrameRender, removeBeforeFrameRender = _adder("beforeFrameRender"), _remover("beforeFrameRender")
addAfterFrameRender, removeAfterFrameRender = _adder("afterFrameRender"), _remover("afterFrameRender")
addOnScriptLoad, addOnScriptSave, addOnCreate = _adder("onScriptLoad"), _adder("onScriptSave"), _adder("onCreate")
addFilenameFilter, removeFilenameFilter = _adder("filename"), _remover("filename")
