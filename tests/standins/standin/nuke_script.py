"""Nuke scripts, as far as rendering needs them: the root, Write nodes and their knobs, and file names."""

import os
import re


class Broken(Exception):
    """The text is no Nuke script; says why."""


class Missing(Exception):
    """A file name needs a command-line argument that was not given."""


class Node:
    def __init__(self, kind, knobs, group=""):
        self.kind = kind
        self.knobs = knobs
        self.group = group

    @property
    def name(self):
        return self.knobs.get("name", self.kind)

    @property
    def full_name(self):
        """With the groups that it is in: `Group1.Write1`."""
        return "%s.%s" % (self.group, self.name) if self.group else self.name

    def on(self, knob):
        return self.knobs.get(knob, "false") in ("true", "1", "yes", "on")

    def number(self, knob, otherwise=0.0):
        try:
            return float(self.knobs.get(knob, otherwise))
        except ValueError:
            return otherwise


DEFAULTS = {
    "Root": {
        "name": "",
        "first_frame": "1",
        "last_frame": "100",
        "frame": "1",
        "fps": "24",
        "proxy": "false",
        "views": "main #ffffff",
        "format": "64 36 0 0 64 36 1",
        "lock_range": "false",
        "project_directory": "",
        "onScriptLoad": "",
    },
    "Write": {
        "file": "",
        "proxy": "",
        "file_type": "",
        "disable": "false",
        "reading": "false",
        "render_order": "1",
        "views": "",
        "create_directories": "false",
        "use_limit": "false",
        "first": "1",
        "last": "1",
        "channels": "rgb",
        "beforeRender": "",
        "afterRender": "",
        "beforeFrameRender": "",
        "afterFrameRender": "",
        "on_error": "",
        "frame_mode": "",
        "frame": "",
    },
    "Read": {"file": "", "first": "1", "last": "100", "disable": "false", "on_error": "error"},
}
# Knobs that every node has.
COMMON = {"label": "", "xpos": "0", "ypos": "0", "selected": "false"}


class Script:
    def __init__(self, path=""):
        self.path = path
        self.root = Node("Root", dict(DEFAULTS["Root"]))
        self.nodes = []

    def find(self, name):
        if name in ("root", "Root"):
            return self.root
        for node in self.nodes:
            if node.full_name == name:
                return node
        return None

    def writes(self):
        return [node for node in self.nodes if node.kind == "Write"]

    def views(self):
        text = self.root.knobs["views"]
        names = [line.split()[0] for line in re.split(r"[{}\n]+", text) if line.split()]
        return names or ["main"]

    def views_of(self, write):
        given = write.knobs.get("views", "").replace("{", " ").replace("}", " ").split()
        return [view for view in self.views() if view in given] if given else self.views()


def read(path):
    """The script in a file. OSError where it cannot be read, Broken where it is none."""
    with open(path, "rb") as file:
        text = file.read().decode("utf-8", "replace")
    script = Script(path)
    parser = _Parser(text)
    seen = False
    groups = []
    while True:
        words = parser.command()
        if words is None:
            break
        seen = True
        if words[0][0] == "end_group" and groups:
            groups.pop()
        node = _node(script, words, ".".join(groups))
        if node is not None and node.kind in ("Group", "LiveGroup"):
            groups.append(node.name)
    if not seen or "{" not in text:
        raise Broken("%s is not a Nuke script" % path)
    script.root.knobs["name"] = os.path.abspath(path)
    return script


def _node(script, words, group):
    """Adds the node that a command makes, if it makes one, and returns it."""
    if len(words) != 2 or not re.match(r"^[A-Z][\w.]*$", words[0][0]) or not words[1][1]:
        # `set`, `push`, `version`, `end_group` and their like draw the graph, which rendering here does not follow.
        return None
    kind = words[0][0]
    knobs = dict(COMMON)
    knobs.update(DEFAULTS.get(kind, {"disable": "false"}))
    inner = _Parser(words[1][0])
    while True:
        line = inner.command()
        if line is None:
            break
        if line[0][0] == "addUserKnob" and len(line) > 1:
            parts = line[1][0].split()
            if len(parts) > 1:
                knobs.setdefault(parts[1], "")
        elif len(line) > 1:
            knobs[line[0][0]] = line[1][0] if len(line) == 2 else " ".join(word for word, _ in line[1:])
    if kind == "Root":
        script.root.knobs.update(knobs)
        return None
    taken = {node.name for node in script.nodes if node.group == group}
    if "name" not in knobs or knobs["name"] in taken:
        number = 1
        while "%s%d" % (kind, number) in taken:
            number += 1
        knobs["name"] = "%s%d" % (kind, number)
    script.nodes.append(Node(kind, knobs, group))
    return script.nodes[-1]


class _Parser:
    """Words of Tcl: bare, "quoted", or {braced} over several lines."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def command(self):
        """The next command's words as (text, was_braced); None at the end."""
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in " \t\r\n;":
                self.at += 1
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                break
        words = []
        while self.at < len(text) and text[self.at] not in "\n;":
            if text[self.at] in " \t\r":
                self.at += 1
                continue
            words.append(self._word())
        return words or None

    def _word(self):
        text = self.text
        if text[self.at] == "{":
            return self._braced(), True
        if text[self.at] == '"':
            found = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S).match(text, self.at)
            if not found:
                raise Broken('missing "')
            self.at = found.end()
            return unescape(found.group(1)), False
        found = re.compile(r"(?:[^\s;\\]|\\.)+", re.S).match(text, self.at)
        if not found:
            self.at += 1
            return "", False
        self.at = found.end()
        return unescape(found.group(0)), False

    def _braced(self):
        depth, start, text = 0, self.at, self.text
        while self.at < len(text):
            char = text[self.at]
            if char == "\\":
                self.at += 1
            elif char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0:
                    self.at += 1
                    return text[start + 1 : self.at - 1]
            self.at += 1
        raise Broken("missing }")


def unescape(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found.group(1), found.group(1)), text, flags=re.S)


class Names:
    """File names from knobs: Tcl in brackets, frame numbers, views, remapped paths."""

    def __init__(self, script, arguments=(), remap=()):
        self.script, self.arguments, self.remap = script, list(arguments), list(remap)

    def text(self, node, knob):
        """A knob's text with its Tcl carried out."""
        return self._tcl(node.knobs.get(knob, ""), "%s.%s" % (node.full_name, knob))

    def path(self, node, frame, view, knob="file"):
        name = self.text(node, knob)
        for old, new in self.remap:
            if name.startswith(old):
                name = new + name[len(old) :]
                break
        name = name.replace("%V", view).replace("%v", view[:1])
        name = re.sub(r"%0?(\d*)d", lambda found: padded(frame, int(found.group(1) or 1)), name)
        return re.sub(r"#+", lambda found: padded(frame, len(found.group(0))), name)

    def _tcl(self, text, where):
        out, at = "", 0
        while at < len(text):
            if text[at] == "[":
                depth, end = 1, at + 1
                while end < len(text) and depth:
                    depth += {"[": 1, "]": -1}.get(text[end], 0)
                    end += 1
                if depth:
                    raise Broken("%s: missing close-bracket" % where)
                out += self._command(self._tcl(text[at + 1 : end - 1], where), where)
                at = end
            else:
                out += text[at]
                at += 1
        return out

    def _command(self, text, where):
        words = text.split(None, 2)
        if words[:1] == ["argv"] and len(words) == 2 and words[1].isdigit():
            index = int(words[1])
            if index >= len(self.arguments):
                raise Missing("Missing command-line argument #%d for %s" % (index, where))
            return self.arguments[index]
        if words[:1] in (["value"], ["knob"]) and len(words) > 1:
            node, _, knob = words[1].rpartition(".")
            found = self.script.find(node)
            if found is None or knob not in found.knobs:
                raise Broken('%s: Nothing is named "%s"' % (where, words[1]))
            return self._tcl(found.knobs[knob], where)
        if words[:1] == ["getenv"] and len(words) == 2:
            return os.environ.get(words[1], "")
        if words[:1] == ["file"] and len(words) == 3:
            path = words[2]
            made = {
                "dirname": os.path.dirname(path),
                "tail": os.path.basename(path),
                "rootname": os.path.splitext(path)[0],
                "extension": os.path.splitext(path)[1],
                "join": "/".join(path.split()),
            }.get(words[1])
            if made is not None:
                return made
        raise Broken('%s: invalid command name "%s"' % (where, text.split()[0] if text.split() else ""))


def padded(frame, digits):
    return "%0*d" % (digits, int(frame))
