"""Reads one process's output as it comes. What the lines mean is in a table (`lines`) or in a plugin's own reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import ClassVar

from .context import Task
from .event import Event
from .images import Images
from .lines import Match, Table
from .teller import Teller

__all__ = ["Reader"]


class Reader:
    """Reads one process's output, and keeps what it knows between its lines; it lives as long as the process.

    A table in `lines`, here or in the plugin, is a whole reader. For more, override `line`:

        class Lines(farmhand.Reader):
            lines = [Match(r"^frame (?P<frame>\\d+)", started)]

            def line(self, line):
                if line.startswith("device: "):
                    yield Fact("device", line[8:])
                else:
                    yield from self.matched(line)
    """

    #: Rows that are tried on each line.
    lines: ClassVar[Sequence[Match]] = ()

    #: The frame that the DCC is at; the meanings of `lines` keep it.
    frame: int | None = None
    #: The progress that was told last, in percent; the meaning `progress` keeps it.
    told_percent: int = -1

    def __init__(self, task: Task, lines: Sequence[Match] | None = None) -> None:
        self.task = task
        #: Tells each warning and each fault once.
        self.teller = Teller()
        self._table = Table(type(self).lines if lines is None else lines)

    @cached_property
    def images(self) -> Images:
        """What the task's images are called, and where they go."""
        return self.task.images()

    def line(self, line: str) -> Event | Iterable[Event] | None:
        """What one line says, without its end: an event, several, or None. It sees every line that a renderer prints,
        millions at times: look first for what excludes most lines. A generator may `yield` them."""
        return self.matched(line)

    def matched(self, line: str) -> list[Event]:
        """What the table says about a line."""
        found = self._table.find(line)
        return list(events_of(found[0](self, found[1]), found[0])) if found else []

    def finish(self) -> Event | Iterable[Event] | None:
        """The output has ended; what was still being put together comes out now."""
        return None

    def read(self, lines: Sequence[str]) -> list[Event]:
        """What a batch of lines says, as the host hands them over. Override `line`, not this."""
        if type(self).line is not Reader.line:
            return [event for line in lines for event in events_of(self.line(line.rstrip("\r\n")), self.line)]
        # Most rows have nothing to say about most batches, and one look at the whole batch tells.
        table = self._table.narrowed("\n".join(lines))
        events: list[Event] = []
        if table:
            for line in lines:
                found = table.find(line.rstrip("\r\n"))
                if found:
                    events.extend(events_of(found[0](self, found[1]), found[0]))
        return events


def events_of(answer: object, where: object = None) -> Iterable[Event]:
    """The events in what a function of a reader answered: one, several, or none."""
    if answer is None:
        return ()
    if isinstance(answer, Event):
        return (answer,)
    if isinstance(answer, Iterable) and not isinstance(answer, (str, bytes)):
        events = answer if isinstance(answer, (list, tuple)) else list(answer)
        for event in events:
            if event is not None and not isinstance(event, Event):
                raise TypeError(f"{_named(where)} gave {event!r} where a farmhand event was expected")
        return [event for event in events if event is not None]
    raise TypeError(f"{_named(where)} gave {answer!r} where a farmhand event, several, or None was expected")


def _named(where: object) -> str:
    return getattr(where, "__qualname__", None) or repr(where)
