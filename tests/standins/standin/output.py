"""What the stand-ins say, and where. Every piece is flushed: a pipe's reader sees it when it is said."""

import os
import runpy
import sys
import traceback

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def say(text="", end="\n"):
    sys.stdout.write(text + end)
    sys.stdout.flush()


def complain(text, end="\n"):
    sys.stderr.write(text + end)
    sys.stderr.flush()


def is_error(line):
    """Whether the real programs send a line like this one to the error stream."""
    starts = ("Error", "ERROR", "Fatal", "Warning", "error", "FLEXlm", "// Error")
    return line.startswith(starts) or "ERROR:" in line


def tell(lines):
    for line in lines:
        (complain if is_error(line) else say)(line)


def tell_exception():
    """The traceback of a script that raised, without the stand-ins' part of it: the real programs' is no Python."""
    kind, problem, trace = sys.exc_info()
    own = (os.path.join(_OWN, "bin"), os.path.join(_OWN, "standin"), os.path.join(_OWN, "modules"))
    frames = [
        frame
        for frame in traceback.extract_tb(trace)
        if not frame.filename.startswith(own) and frame.filename != runpy.__file__ and "frozen" not in frame.filename
    ]
    lines = ["Traceback (most recent call last):\n"] if frames else []
    lines += traceback.format_list(frames) + traceback.format_exception_only(kind, problem)
    complain("".join(lines), end="")
