"""Frame ranges as the command lines spell them."""

import re

_RANGE = re.compile(r"^(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?$")


def nuke_range(text):
    """`3`, `1-10` or `1-10x2` as frames; None for anything else."""
    found = _RANGE.match(text)
    if not found:
        return None
    first = int(found.group(1))
    last = first if found.group(2) is None else int(found.group(2))
    step = int(found.group(3) or 1)
    if step < 1:
        return None
    if last < first:
        return list(range(first, last - 1, -step))
    return list(range(first, last + 1, step))


def frame_set(text):
    """A fault's `frames`: ranges with commas between them, as a set. ValueError where it is none."""
    frames = set()
    for part in str(text).split(","):
        some = nuke_range(part.strip())
        if some is None:
            raise ValueError("`%s` is not a frame range" % part.strip())
        frames.update(some)
    return frames


def arnold_sequence(text):
    """Arnold's `-seq`: `2 4 6..10`, also with commas. ValueError where it is none."""
    frames = []
    for part in str(text).replace(",", " ").split():
        first, dots, last = part.partition("..")
        if dots:
            step = 1
            last, by, number = last.partition("x")
            if by:
                step = int(number)
            frames.extend(range(int(first), int(last) + 1, step))
        else:
            frames.append(number_of(part))
    if not frames:
        raise ValueError("an empty sequence")
    return frames


def stepped(first, last, step):
    """Maya's start, end and step: floats, whole numbers where they are whole."""
    if step <= 0:
        raise ValueError("a step of %g" % step)
    count = int((last - first) / step + 1e-6) + 1 if last >= first else 0
    return [number_of(first + index * step) for index in range(count)]


def number_of(value):
    value = float(value)
    return int(value) if value == int(value) else round(value, 6)
