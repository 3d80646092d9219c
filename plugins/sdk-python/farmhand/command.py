"""What to run, what to write first, and what should exist afterwards. Where images go is in `images`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .frames import FrameRuns
from .template import Template

__all__ = ["Command", "Image", "Movie", "TextFile", "Verify"]


@dataclass(frozen=True)
class TextFile:
    """A text file that the host writes before the program starts."""

    #: Inside the task's scratch directory, or the absolute path of a new file in the scene's directory or below: what
    #: is there is never overwritten.
    path: str
    #: The whole text.
    contents: str
    #: Removed once the task succeeded; a failed task's files stay for debugging.
    remove_on_success: bool = True


@dataclass(frozen=True)
class Image:
    """One image. The DCC writes it at `path`; once verified, the host moves it to `place`."""

    frame: int
    #: Where the DCC writes it.
    path: str
    #: Where it belongs; None: it stays where it was written.
    place: str | None = None


@dataclass(frozen=True)
class Movie:
    """One movie file that holds many frames."""

    #: Where the DCC writes it.
    path: str
    frames: FrameRuns
    #: Where it belongs; None: it stays where it was written.
    place: str | None = None


class Verify(Enum):
    """What makes a frame of a command count as done."""

    #: Its image exists, is newer than the attempt, and decodes to its end.
    IMAGES = "images"
    #: The tool makes no images: exit code 0 is all there is to know, and it settles all of the task's frames.
    EXIT_CODE = "exit-code"


@dataclass(init=False)
class Command:
    """What to run: no shell ever sees it.

    Arguments are texts, numbers, paths and frames; each becomes one argument of the program:

        Command("glow", "--frames", task.frames, "--threads", task.threads, task.job.scene)
    """

    #: Id of one of the task's tools; a plugin can run nothing else.
    tool: str
    args: list[str]
    #: Added to the environment that the host gives every render.
    env: dict[str, str]
    #: None: the scratch directory.
    cwd: str | None
    #: Written before the program starts.
    files: list[TextFile]
    #: What should exist afterwards, where it is known before; the reader's `FrameDone` adds the rest.
    outputs: list[Image | Movie]
    #: What makes a frame count as done.
    verify: Verify

    def __init__(
        self,
        tool: str,
        *args: object,
        env: Mapping[str, object] | None = None,
        cwd: str | None = None,
        files: Iterable[TextFile] = (),
        outputs: Iterable[Image | Movie] = (),
        verify: Verify = Verify.IMAGES,
    ) -> None:
        self.tool = tool
        self.args = []
        self.env = variables(env)
        self.cwd = cwd
        self.files = list(files)
        self.outputs = list(outputs)
        self.verify = verify
        self.add(*args)

    def add(self, *args: object) -> Command:
        """More arguments; gives the command back."""
        self.args += [argument(arg, f"argument {at}") for at, arg in enumerate(args, len(self.args) + 1)]
        return self

    def write(self, path: str, contents: str) -> Command:
        """One more file to write before the program starts, removed once the task succeeded; gives the command back."""
        self.files.append(TextFile(path, contents))
        return self


def argument(value: Any, what: str) -> str:
    """A value as the program gets it; one whose text nobody would expect is a mistake."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float, FrameRuns, Template)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if isinstance(value, (list, tuple)):
        hint = "; write `*` before a list to make each of its entries an argument"
    elif value is None:
        hint = "; leave out what there is none of"
    else:
        hint = "; write it as the program wants it"
    raise TypeError(f"{what} is {value!r}: a text, a number, a path or frames were expected{hint}")


def variables(env: Mapping[str, object] | None) -> dict[str, str]:
    """Environment variables with their values as texts."""
    return {name: argument(value, f"the variable {name}") for name, value in (env or {}).items()}
