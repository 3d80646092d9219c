"""What the stand-ins say, and where. Every piece is flushed: a pipe's reader sees it when it is said."""

import sys


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
