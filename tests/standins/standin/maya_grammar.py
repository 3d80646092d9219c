"""The command line of `Render`: which flags each renderer knows, and how many values of which kind they take.

Strict: what the documentation does not name for a renderer is a usage error.
"""

import re

from . import frames

USAGE = [
    "Usage: Render [options] filename",
    '       where "filename" is a Maya ASCII or a Maya binary file.',
    "",
    "Common options:",
    "  -help              Print help",
    "  -listRenderers     List all registered renderers",
    "  -test              Print Mel commands but do not execute them",
    "  -verb              Print Mel commands before they are executed",
    "  -keepMel           Keep the temporary Mel file",
    "  -renderer string   Use this specific renderer",
    "  -r string          Same as -renderer",
    "  -proj string       Use this Maya project to load the file",
    "  -log string        Save output into the given file",
]

_CALLBACKS = ("preRender", "postRender", "preLayer", "postLayer", "preFrame", "postFrame")

ALWAYS = {
    "r": "s",
    "renderer": "s",
    "test": "",
    "verb": "",
    "keepMel": "",
    "proj": "s",
    "log": "s",
    "rst": "s",
    "rendersetuptemplate": "s",
    "rsp": "s",
    "rendersettingspreset": "s",
    "rsa": "s",
    "rendersettingsaov": "s",
}
IMAGES = {"rd": "s", "im": "s", "of": "o"}
COMMON = dict(ALWAYS)
COMMON.update(IMAGES)
COMMON.update(
    {
        "fnc": "c",
        "s": "f",
        "e": "f",
        "b": "f",
        "pad": "i",
        "rfs": "i",
        "rfb": "i",
        "skipExistingFrames": "b",
        "cam": "s",
        "rgb": "b",
        "alpha": "b",
        "depth": "b",
        "iip": "",
        "x": "i",
        "y": "i",
        "percentRes": "f",
        "ard": "f",
        "par": "f",
        "rl": "s",
        "rp": "s",
    }
)
COMMON.update({name: "m" for name in _CALLBACKS})


def _with(more=(), less=()):
    flags = {name: kinds for name, kinds in COMMON.items() if name not in less}
    flags.update(more)
    return flags


# Kinds of values: s text, i whole number, f number, b boolean, m MEL, o image format, c naming convention, q Arnold's
# frame sequence, g Redshift's list of GPUs.
RENDERERS = {
    "sw": _with({"n": "i", "reg": "iiii", "mm": "i", "amt": "b", "rep": "b", "eaa": "i", "mb": "b"}),
    "hw": _with(),
    "hw2": _with(),
    "file": _with(),
    "arnold": _with(
        dict(
            {
                "ai:threads": "i",
                "ai:device": "i",
                "ai:manGpuSel": "b",
                "ai:gpu": "i",
                "reg": "iiii",
                "rt": "i",
                "seq": "q",
                "ai:lve": "i",
                "ai:alf": "b",
                "ai:aerr": "b",
                "ai:slc": "b",
                "ai:ltc": "b",
                "ai:ltf": "b",
                "ai:lfn": "s",
                "ai:sptx": "s",
                "ai:sppr": "s",
                "ai:sppg": "s",
                "ai:port": "i",
            },
            **{"insert" + name[0].upper() + name[1:]: "m" for name in _CALLBACKS},
        )
    ),
    "vray": _with({"threads": "i", "exportFileName": "s", "noRender": ""}, less=("rfs", "rfb")),
    "redshift": _with({"gpu": "g", "reg": "iiii"}),
    "renderman": _with(less=("rd", "im", "of")),
    "3delight": _with({"cpus": "i", "inc": "f", "lr": "s"}, less=("rd", "im", "b", "rl")),
    "mr": _with({"rt": "i", "art": "", "mem": "i", "aml": "", "v": "i"}),
    "octane": _with(dict({"gpu%d" % index: "i" for index in range(1, 17)}, v="b", smp="i")),
    "Iray": _with({"cl": "f", "rOn": "i", "rOff": "i", "reg": "iiii", "maxSamples": "i"}),
}
# Other spellings of a renderer's name.
SPELLINGS = {"maya_software": "sw", "mayaSoftware": "sw", "mayaHardware2": "hw2", "rman": "renderman"}

ON, OFF = ("on", "yes", "true", "1"), ("off", "no", "false", "0")


class Usage(Exception):
    """The command line is none; the text is the reason."""


class Line:
    """A command line taken apart: `flags` in the order given, as (name, values)."""

    def __init__(self):
        self.renderer = None
        self.flags = []
        self.scene = None
        self.wants = None

    def last(self, *names):
        for name, values in reversed(self.flags):
            if name in names:
                return values[0] if values else True
        return None

    def all(self, *names):
        return [values[0] for name, values in self.flags if name in names]


def parse(arguments):
    """The line, or Usage with the reason."""
    line = Line()
    rest = list(arguments)
    if not rest:
        raise Usage("no scene file")
    if rest[0] in ("-r", "-renderer"):
        if len(rest) < 2 or rest[1].startswith("-"):
            raise Usage("%s needs the name of a renderer" % rest[0])
        name = SPELLINGS.get(rest[1], rest[1])
        if name not in RENDERERS:
            raise Usage("cannot find a renderer named %s" % rest[1])
        line.renderer = name
        line.flags.append(("r", [name]))
        rest = rest[2:]
    if rest and rest[0] in ("-help", "-h", "-listRenderers"):
        line.wants = "list" if rest[0] == "-listRenderers" else "help"
        return line
    known = RENDERERS[line.renderer or "file"]
    at = 0
    while at < len(rest) and rest[at].startswith("-"):
        flag, name = rest[at], rest[at][1:]
        if name in ("r", "renderer"):
            raise Usage("%s must be the first option" % flag)
        if name not in known:
            raise Usage("unknown option %s for the renderer %s" % (flag, line.renderer or "file"))
        values = []
        for kind in known[name]:
            at += 1
            if at >= len(rest):
                raise Usage("%s needs a value" % flag)
            values.append(_value(flag, kind, rest[at], known))
        line.flags.append((name, values))
        at += 1
    if at >= len(rest):
        raise Usage("no scene file")
    if at + 1 < len(rest):
        raise Usage("the scene file must come last; after %s comes %s" % (rest[at], rest[at + 1]))
    line.scene = rest[at]
    return line


def _value(flag, kind, text, known):
    if text.startswith("-") and text[1:] in known:
        raise Usage("%s needs a value, not %s" % (flag, text))
    if kind == "i":
        if not re.match(r"^-?\d+$", text):
            raise Usage("%s needs a whole number, not %s" % (flag, text))
        return int(text)
    if kind == "f":
        try:
            return float(text)
        except ValueError:
            raise Usage("%s needs a number, not %s" % (flag, text))
    if kind == "b":
        if text not in ON + OFF:
            raise Usage("%s needs on or off, not %s" % (flag, text))
        return text in ON
    if kind == "q":
        try:
            return frames.arnold_sequence(text)
        except ValueError:
            raise Usage('%s needs frames such as "2 4 6..10", not %s' % (flag, text))
    if kind == "g":
        if not re.match(r"^\{\d+(,\d+)*\}$", text):
            raise Usage("%s needs GPUs such as {0,1}, not %s" % (flag, text))
        return [int(index) for index in text[1:-1].split(",")]
    return text
