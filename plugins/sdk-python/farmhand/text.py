"""Small readers for pieces of a log line, for what a regular expression would say at greater length. Each answers
None where the text is not what it looks for.
"""

from __future__ import annotations

import re

__all__ = ["after", "between", "clock", "quote", "ratio_after", "shortened", "size"]

_RATIO = re.compile(r"(\d+)\s*/\s*(\d+)", re.ASCII)
_SIZE = re.compile(r"(\d[\d,]*(?:\.\d*)?)\s*([KMGT])?", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"\d+(?::\d+)+(?:\.\d*)?", re.ASCII)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

#: The longest quote of a line, in characters.
_LONGEST_QUOTE = 300


def after(line: str, mark: str) -> str | None:
    """What follows the first `mark`."""
    _, found, rest = line.partition(mark)
    return rest if found else None


def between(line: str, opening: str, closing: str) -> str | None:
    """What stands between the first `opening` and the next `closing`."""
    inner, found, _ = (after(line, opening) or "").partition(closing)
    return inner if found else None


def ratio_after(line: str, mark: str) -> tuple[int, int] | None:
    """Two numbers with a slash between them, such as `3/16` or `3 / 16`, that follow the first `mark`."""
    found = _RATIO.match(after(line, mark) or "")
    return (int(found[1]), int(found[2])) if found else None


def size(text: str) -> int | None:
    """A size that the text starts with, such as `512.00M` or `1,024.5 MB`, in bytes. Without a unit it is bytes."""
    found = _SIZE.match(text)
    return int(float(found[1].replace(",", "")) * _UNITS[(found[2] or "").upper()]) if found else None


def clock(text: str) -> float | None:
    """A time that the text starts with, such as `00:04.67` or `01:02:03.5`, in seconds."""
    found = _CLOCK.match(text)
    if not found:
        return None
    seconds = 0.0
    for part in found[0].rstrip(".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def shortened(text: str, most: int) -> str:
    """The text, cut where it is longer than `most` characters."""
    return text[:most]


def quote(line: str) -> str:
    """A line as it is quoted to people: without the space around it, and cut where it is too long."""
    return line.strip()[:_LONGEST_QUOTE]
