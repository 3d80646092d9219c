"""Frames as the host hands them out: a few runs that may stand for millions of frames.

How a job's author spells frames is the host's business; `FrameRuns.parse` is for tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["FrameRun", "FrameRuns", "FrameStyle"]


@dataclass(frozen=True)
class FrameRun:
    """Frames `first`, `first + step`, and so on, up to and including `last`."""

    first: int
    last: int
    #: At least 1; 1 where the run is one frame.
    step: int = 1

    @property
    def count(self) -> int:
        """How many frames."""
        return len(range(self.first, self.last + 1, max(self.step, 1)))

    def __contains__(self, frame: object) -> bool:
        return frame in range(self.first, self.last + 1, max(self.step, 1))

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1, max(self.step, 1)))


@dataclass(frozen=True)
class FrameStyle:
    """How a DCC writes a list of frames."""

    #: Between two entries.
    between: str = ","
    #: From first to last, such as `-` or `..`.
    range: str = "-"
    #: Before the step, such as `x`; None: a run with a step is written frame by frame.
    step: str | None = "x"


#: As farmhand writes it: `1,5,10-20,30-40x2`.
FARMHAND = FrameStyle()

_ENTRY = re.compile(r"(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?")


@dataclass(frozen=True)
class FrameRuns:
    """Ascending and disjoint runs. `str(frames)` writes them as farmhand does, `written` as a DCC does."""

    runs: tuple[FrameRun, ...] = ()

    @classmethod
    def range(cls, first: int, last: int, step: int = 1) -> FrameRuns:
        """All frames from `first` to `last`; none where `last` is less."""
        return cls((FrameRun(first, last, step),) if first <= last else ())

    @classmethod
    def of(cls, frames: Iterable[int]) -> FrameRuns:
        """These frames, in ascending order; neighbours become runs."""
        runs: list[FrameRun] = []
        for frame in sorted(set(frames)):
            if runs and runs[-1].last + 1 == frame:
                runs[-1] = FrameRun(runs[-1].first, frame)
            else:
                runs.append(FrameRun(frame, frame))
        return cls(tuple(runs))

    @classmethod
    def parse(cls, text: str) -> FrameRuns:
        """Reads what `str` writes: `1,5,10-20,30-40x2`."""
        runs: list[FrameRun] = []
        for entry in filter(None, (entry.strip() for entry in text.split(","))):
            found = _ENTRY.fullmatch(entry)
            if not found or found[3] == "0":
                raise ValueError(f"`{entry}` is no frame and no run such as `10-20` or `1-9x2`")
            first = int(found[1])
            last = int(found[2]) if found[2] else first
            if last < first or (runs and runs[-1].last >= first):
                raise ValueError(f"`{entry}`: frames have to ascend")
            step = int(found[3] or 1)
            last -= (last - first) % step
            runs.append(FrameRun(first, last, step if last > first else 1))
        return cls(tuple(runs))

    @property
    def count(self) -> int:
        """How many frames."""
        return sum(run.count for run in self.runs)

    @property
    def first(self) -> int | None:
        """The lowest frame; None where there are none."""
        return self.runs[0].first if self.runs else None

    @property
    def last(self) -> int | None:
        """The highest frame; None where there are none."""
        return self.runs[-1].last if self.runs else None

    @property
    def only_run(self) -> FrameRun | None:
        """The run, where there is exactly one."""
        return self.runs[0] if len(self.runs) == 1 else None

    def written(self, style: FrameStyle = FARMHAND) -> str:
        """In a DCC's own syntax."""
        entries: list[str] = []
        for run in self.runs:
            if run.count == 1:
                entries.append(str(run.first))
            elif run.step == 1:
                entries.append(f"{run.first}{style.range}{run.last}")
            elif style.step is not None:
                entries.append(f"{run.first}{style.range}{run.last}{style.step}{run.step}")
            else:
                entries.extend(str(frame) for frame in run)
        return style.between.join(entries)

    def __bool__(self) -> bool:
        return any(run.count for run in self.runs)

    def __len__(self) -> int:
        return self.count

    def __contains__(self, frame: object) -> bool:
        return any(frame in run for run in self.runs)

    def __iter__(self) -> Iterator[int]:
        return (frame for run in self.runs for frame in run)

    def __str__(self) -> str:
        return self.written()
