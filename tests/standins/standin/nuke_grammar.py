"""The command line of `nuke`: `nuke <switches> <script> <argv> <ranges>`. Strict about order and unknown switches."""

import re

from . import frames

USAGE = "Usage: nuke <switches> <script> <argv> <ranges>"

# Switches without a value, and with one of the kind: s text, n number, k memory, r range, b 0 or 1.
ALONE = (
    "x",
    "t",
    "i",
    "xi",
    "ti",
    "ix",
    "-tg",
    "q",
    "f",
    "p",
    "-cont",
    "-sro",
    "-multigpu",
    "-gpulist",
    "-nukex",
    "-studio",
    "-nukeassist",
    "-nc",
    "-safe",
    "-nocrashprompt",
    "-topdown",
    "P",
    "-python-no-root-knobdefaults",
    "-version",
    "n",
    "l",
    "a",
    "-pause",
)
VALUED = {
    "X": "s",
    "F": "r",
    "m": "n",
    "c": "k",
    "s": "n",
    "V": "v",
    "-view": "s",
    "-remap": "s",
    "-crashhandling": "b",
    "Pf": "s",
    "-Pf": "s",
    "-priority": "l",
    "d": "s",
    "v": "s",
    "-workspace": "s",
}


class Usage(Exception):
    """The command line is none; the text is the reason."""


class Line:
    def __init__(self):
        self.alone = set()
        self.values = {}
        self.gpu = None
        self.script = None
        self.arguments = []
        self.frames = None

    def executes(self):
        return bool(self.alone & {"x", "xi", "ix"})

    def terminal(self):
        return bool(self.alone & {"t", "ti", "-tg"})

    def interactive_key(self):
        return bool(self.alone & {"i", "xi", "ix", "ti", "-tg"})

    def last(self, name, otherwise=None):
        return self.values[name][-1] if name in self.values else otherwise


def parse(arguments):
    line = Line()
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        switch = rest.pop(0)
        name = switch[1:]
        if switch == "--":
            break
        if name == "-gpu":
            line.gpu = int(rest.pop(0)) if rest and rest[0].isdigit() else 0
        elif name in ALONE:
            line.alone.add(name)
        elif name in VALUED:
            if not rest:
                raise Usage("%s needs a value" % switch)
            line.values.setdefault(name, []).append(_value(switch, VALUED[name], rest.pop(0)))
        else:
            raise Usage("unknown switch %s" % switch)
    if rest:
        line.script = rest.pop(0)
    # A Python script gets its arguments as they are.
    if line.terminal() and not line.executes():
        line.arguments = rest
    else:
        _behind_script(line, rest)
    _check(line)
    return line


def _value(switch, kind, text):
    if kind == "n":
        if not text.isdigit():
            raise Usage("%s needs a whole number, not %s" % (switch, text))
        if switch == "-s" and int(text) < 1048576:
            raise Usage("-s must be at least 1048576")
        return int(text)
    patterns = {"k": r"^\d+[kMG]?$", "v": r"^[012]$", "b": r"^[01]$", "l": r"^(high|medium|low)$"}
    if kind in patterns and not re.match(patterns[kind], text):
        raise Usage("%s cannot be %s" % (switch, text))
    if kind == "r":
        some = frames.nuke_range(text)
        if some is None:
            raise Usage("-F needs a range such as 3, 1-10 or 1-10x2, not %s" % text)
        return some
    return text


def _behind_script(line, rest):
    ranges = []
    for word in rest:
        if word.startswith("-"):
            raise Usage("switches come before the script name; %s stands behind it" % word)
        if word[:1].isdigit():
            # The old form: `1,100` or `1-20`.
            some = frames.nuke_range(word.replace(",", "-"))
            if some is None:
                raise Usage("%s is no range" % word)
            ranges += some
        elif ranges:
            raise Usage("%s stands behind the range" % word)
        else:
            line.arguments.append(word)
    wanted = [frame for some in line.values.get("F", []) for frame in some] + ranges
    line.frames = sorted(set(wanted), key=wanted.index) if wanted else None


def _check(line):
    if "-version" in line.alone or "-gpulist" in line.alone:
        return
    if line.executes() and line.script is None:
        raise Usage("-x needs a script")
    if {"f", "p"} <= line.alone:
        raise Usage("-f and -p exclude each other")
    if "-remap" in line.values:
        if not (line.executes() or line.terminal()):
            raise Usage("--remap works with -x and -t only")
        if line.last("-remap") and len(line.last("-remap").split(",")) % 2:
            raise Usage("--remap needs pairs: from,to,from,to")
    if line.executes() and "-nc" in line.alone and not str(line.script).endswith(".nknc"):
        raise Usage("--nc renders .nknc scripts only")
    if "X" in line.values and not line.executes():
        raise Usage("-X works with -x only")
