"""The line matcher: a table of regular expressions, and what each one means.

    lines = [
        Match(r"^frame (?P<frame>\\d+) (?P<percent>\\d+)%", progress),
        Match(r"^wrote (?P<path>.+)", done),
        Match(r"^no licence for (?P<about>\\w+)", fault(Severity.TRANSIENT, Cause.LICENCE)),
    ]

The first row that a line matches counts: put the specific before the general. Groups have names that say what they are:
`frame`; `progress` (0 to 1), `percent`, or `part` and `whole`; `path`; `message`; `about`; `bytes`; `value`. What keeps
the state between lines is the `Reader`; this holds the table and the meanings.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import text
from .event import Cause, Event, Fact, Fault, FrameDone, FrameSkipped, FrameStarted, MemoryUsed, Progress, Severity

if TYPE_CHECKING:
    from .reader import Reader

try:  # Where the standard library keeps its parser of patterns.
    _patterns: Any = import_module("re._parser")
except ImportError:  # Python 3.10
    _patterns = import_module("sre_parse")

__all__ = ["Match", "Table", "done", "fact", "fault", "ignore", "memory", "progress", "skipped", "started", "warning"]

#: Whether a row is checked as soon as it is written. Compiling patterns is slow, and a call that reads no line needs
#: none: the runner checks them when a version is loaded, and not again.
_eager = True

#: What a row does: given the reader and what the pattern found, the event or events, or None.
Then = Callable[["Reader", "re.Match[str]"], "Event | Iterable[Event] | None"]


class Match:
    """One row: lines in which the pattern is found, and what they mean.

    `then` is one of this module's meanings (`started`, `progress`, `done`, `skipped`, `warning`, `fault(...)`,
    `fact(...)`, `memory`, `ignore`) or a function of your own, `def seen(reader, found)`, that gets the reader and the
    `re.Match` and returns an event, several, or None. A mistake raises here, so it shows when the plugin is loaded.
    """

    def __init__(self, pattern: str | re.Pattern[str], then: Then) -> None:
        self._source = pattern
        self.then = then
        if _eager:
            self.check()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, ready to search with."""
        return re.compile(self._source)

    @cached_property
    def needle(self) -> str:
        """A text that every line with this pattern holds; looking for it first costs next to nothing."""
        return needle(self.pattern)

    def check(self) -> None:
        """Raises where the row is a mistake."""
        try:
            pattern = self.pattern
        except re.error as problem:
            raise ValueError(f"{self._source!r} is no regular expression: {problem}") from None
        if not isinstance(pattern.pattern, str):
            raise TypeError(f"{self._source!r}: lines are texts, so a pattern is a text too; leave out the `b`")
        if not callable(self.then):
            raise TypeError(f"{self._source!r}: {self.then!r} is no meaning such as `done`, and no function")
        problem_found = (
            self.then.problem_with(frozenset(pattern.groupindex)) if isinstance(self.then, _Meaning) else None
        )
        if problem_found:
            raise ValueError(f"{self._source!r}: {problem_found}")

    def __repr__(self) -> str:
        return f"Match({self._source!r}, {self.then!r})"


def trust_rows() -> None:
    """Leaves rows unchecked from now on, as they have been checked before. For the runner."""
    global _eager
    _eager = False


class Table:
    """Rows, ready for the lines of one process."""

    def __init__(self, rows: Sequence[Match]) -> None:
        for at, row in enumerate(rows):
            if not isinstance(row, Match):
                raise TypeError(f"lines[{at}] is {row!r}: a farmhand.Match was expected")
        self._rows = [(row.needle, row.pattern.search, row.then) for row in rows]

    def narrowed(self, batch: str) -> Table:
        """The rows that some line of these may match; often none."""
        table = Table(())
        table._rows = [row for row in self._rows if row[0] in batch]
        return table

    def __bool__(self) -> bool:
        return bool(self._rows)

    def find(self, line: str) -> tuple[Then, re.Match[str]] | None:
        """The first row that the line matches, and what its pattern found."""
        for wanted, search, then in self._rows:
            if wanted in line:
                found = search(line)
                if found:
                    return then, found
        return None


def needle(pattern: re.Pattern[str]) -> str:
    """The longest text that every line with this pattern holds; empty where that cannot be told."""
    if pattern.flags & re.IGNORECASE:
        return ""
    best, current = "", ""
    try:
        items = list(_flat(_patterns.parse(pattern.pattern, pattern.flags & ~re.UNICODE)))
    except Exception:
        return ""  # The parser is not public; what it does not say is only a matter of speed.
    for item in [*items, None]:
        if item is not None:
            current += item
        else:
            best, current = max(best, current, key=len), ""
    return best


def _flat(parsed: Any) -> Iterable[str | None]:
    """Each character that must stand there, and None where anything else may stand between."""
    for operation, argument in parsed:
        name = str(operation)
        if name == "LITERAL":
            yield chr(argument)
        elif name == "SUBPATTERN" and not argument[1]:
            yield from _flat(argument[3])
        elif name != "AT":
            yield None


class _Meaning:
    """What a row means: a function with the groups that it needs."""

    def __init__(self, name: str, run: Then, *needs: frozenset[str], texts: Iterable[str | None] = ()) -> None:
        self._name = name
        self._run = run
        self._needs = needs
        self._texts = [one for one in texts if one]

    def problem_with(self, groups: frozenset[str]) -> str | None:
        """What is wrong with a pattern that has these groups."""
        if self._needs and not any(need <= groups for need in self._needs):
            wanted = ", or ".join(" and ".join(f"(?P<{name}>...)" for name in sorted(need)) for need in self._needs)
            return f"`{self._name}` needs a group {wanted}"
        for one in self._texts:
            for _, field, _, _ in string.Formatter().parse(one):
                if field is not None and field not in groups | {"line", "frame"}:
                    return f"`{self._name}`: there is no group `{field}` for {{{field}}} in {one!r}"
        return None

    def __call__(self, reader: Reader, found: re.Match[str]) -> Event | Iterable[Event] | None:
        return self._run(reader, found)

    def __repr__(self) -> str:
        return self._name


def _started(reader: Reader, found: re.Match[str]) -> Event:
    reader.frame = int(found["frame"])
    reader.told_percent = -1
    return FrameStarted(reader.frame)


def _progress(reader: Reader, found: re.Match[str]) -> list[Event]:
    groups = found.groupdict()
    if groups.get("percent") is not None:
        part = float(groups["percent"]) / 100
    elif groups.get("progress") is not None:
        part = float(groups["progress"])
    else:
        part = float(groups["part"]) / max(float(groups["whole"]), 1e-9)
    part = min(max(part, 0.0), 1.0)
    events: list[Event] = []
    frame = groups.get("frame")
    if frame is not None and int(frame) != reader.frame:
        events.append(_started(reader, found))
    # Once for each percent: renderers print their progress thousands of times, and nobody sees the difference.
    if int(part * 100) != reader.told_percent:
        reader.told_percent = int(part * 100)
        events.append(Progress(part))
    return events


def _image(reader: Reader, found: re.Match[str], event: type[FrameDone] | type[FrameSkipped]) -> Event | None:
    groups = found.groupdict()
    frame = int(groups["frame"]) if groups.get("frame") is not None else None
    path = groups.get("path")
    if path is None:
        frame = reader.frame if frame is None else frame
        return event(reader.images.image(frame)) if frame is not None else None
    path = path.strip()
    image = reader.images.at(path, frame) or (
        reader.images.at(path, reader.frame) if reader.frame is not None else None
    )
    if image is None:
        return reader.teller.warn(f"nothing tells which frame this image shows: {path}")
    return event(image)


def _warning(reader: Reader, found: re.Match[str]) -> Event | None:
    return reader.teller.warn(_message(None, reader, found))


def _memory(reader: Reader, found: re.Match[str]) -> Event | None:
    size = text.size(found["bytes"])
    return None if size is None else MemoryUsed(size)


def _message(wanted: str | None, reader: Reader, found: re.Match[str]) -> str:
    """The text that was wanted with its groups filled in; else the group `message`; else the line."""
    groups = found.groupdict()
    if wanted is not None:
        fields = {name: value or "" for name, value in groups.items()}
        fields.setdefault("frame", "" if reader.frame is None else str(reader.frame))
        return wanted.format(**{**fields, "line": text.quote(found.string)})
    return text.quote(groups.get("message") or found.string)


#: The DCC began the frame in the group `frame`.
started: Then = _Meaning("started", _started, frozenset({"frame"}))

#: The current frame is so far: `progress` (0 to 1), `percent`, or `part` and `whole`. A `frame` in the same line that
#: is not the current one has started.
progress: Then = _Meaning(
    "progress", _progress, frozenset({"percent"}), frozenset({"progress"}), frozenset({"part", "whole"})
)

#: The DCC wrote an image: at `path`, or where the task's images go. Its frame is `frame`, else what the path says, else
#: the current one.
done: Then = _Meaning("done", lambda reader, found: _image(reader, found, FrameDone))

#: The DCC left a frame alone because its image was there; the groups are those of `done`.
skipped: Then = _Meaning("skipped", lambda reader, found: _image(reader, found, FrameSkipped))

#: Worth showing, once: the group `message`, or the whole line.
warning: Then = _Meaning("warning", _warning)

#: Memory that the DCC says it holds: `bytes`, such as `512M` or `1,024.5 MB`.
memory: Then = _Meaning("memory", _memory, frozenset({"bytes"}))

#: Nothing: keeps the line from the rows below.
ignore: Then = _Meaning("ignore", lambda reader, found: None)


def fact(name: str, value: str = "{value}") -> Then:
    """A fact that is worth keeping, such as the DCC's version. `value` is a text with groups in braces."""
    return _Meaning("fact", lambda reader, found: Fact(name, _message(value, reader, found)), texts=[value])


def fault(severity: Severity, cause: Cause, message: str | None = None, about: str | None = None) -> Then:
    """Something went wrong, told once for each frame that it concerns.

    `message` and `about` are texts with groups in braces, and `{line}` and `{frame}`; without them it is the group
    `message`, or the whole line, and the group `about`, or of a missing file the group `path`. The fault concerns the
    frame in the group `frame`; a `FRAME_FATAL` one without it the current frame; else the whole attempt.
    """
    if not isinstance(severity, Severity) or not isinstance(cause, Cause):
        raise TypeError(f"fault({severity!r}, {cause!r}): a farmhand.Severity and a farmhand.Cause were expected")

    def seen(reader: Reader, found: re.Match[str]) -> Event | None:
        groups = found.groupdict()
        frame = reader.frame if severity is Severity.FRAME_FATAL else None
        if groups.get("frame") is not None:
            frame = int(groups["frame"])
        subject = groups.get("about") or (groups.get("path") if cause is Cause.MISSING_FILE else None)
        if about is not None:
            subject = _message(about, reader, found)
        return reader.teller.fault_of_frame(Fault(severity, cause, _message(message, reader, found), frame, subject))

    return _Meaning(f"fault({severity}, {cause})", seen, texts=[message, about])
