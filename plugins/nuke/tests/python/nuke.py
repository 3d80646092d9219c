"""As much of Nuke's module as the generated script uses, strict about the order of the calls. What the opened script
holds comes as JSON in FAKE_NUKE."""
import json
import os
import re
import sys

NUKE_VERSION_STRING = "15.1v3"
SCENE = json.loads(os.environ["FAKE_NUKE"])
_opened = False


class Knob:
    def __init__(self, value):
        self._value = value

    def value(self):
        return self._value

    def setValue(self, value):
        self._value = value

    def evaluate(self, frame=None):
        """TCL for the few things that scripts compute, and the frame."""
        text = self._value.replace("[value root.name]", "computed")
        if "[argv" in text:
            raise RuntimeError("Missing command-line argument #1")
        if frame is None:
            return text
        return re.sub(r"#+", lambda match: str(frame).zfill(len(match.group())), text) or None


class Node:
    def __init__(self, name, knobs):
        self.name, self._class = name, knobs.pop("class", "Write")
        self.knobs = {key: Knob(value) for key, value in knobs.items()}

    def knob(self, name):
        return self.knobs.get(name)

    def fullName(self):
        return self.name

    def Class(self):
        return self._class


_root = Node("root", {"class": "Root", "proxy": False, "project_directory": SCENE.get("project", "")})
_nodes = [Node(name, knobs) for name, knobs in SCENE["nodes"].items()]


def _need_script():
    if not _opened:
        raise AssertionError("no script is open")


def scriptOpen(path):
    global _opened
    if SCENE.get("refuse"):
        raise RuntimeError(SCENE["refuse"])
    _opened = True


def toNode(name):
    _need_script()
    return next((node for node in _nodes if node.name == name), None)


def allNodes(filter=None, group=None, recurseGroups=False):
    _need_script()
    return [node for node in _nodes if filter in (None, node._class)]


def root():
    _need_script()
    return _root


def views():
    return SCENE.get("views", ["main"])


def execute(node, first, last, step, views=None, continueOnError=False):
    _need_script()
    assert first == last and step == 1, "the script renders frame by frame"
    if str(first) in SCENE.get("fail", {}):
        raise RuntimeError(SCENE["fail"][str(first)])
    knob = node.knob("file")
    if _root.knob("proxy").value() and node.knob("proxy") and node.knob("proxy").value():
        knob = node.knob("proxy")
    path = knob.value()
    assert "\\" not in path and "#" not in path and "%" not in path, path
    print("executing {} {} {}".format(first, path, views))
    sys.stdout.flush()
    if first not in SCENE.get("silent", []):
        with open(path, "wb") as file:
            file.write(b"image")
