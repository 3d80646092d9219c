"""What a plugin has done before and after jobs and tasks. A plugin runs nothing itself: it returns actions, and the
host carries them out inside the granted roots, with a time limit, and logs each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .command import argument, variables

__all__ = [
    "Action",
    "Copy",
    "Hook",
    "HookScript",
    "JobEnd",
    "MakeDirectory",
    "Moment",
    "Move",
    "Note",
    "OnFailure",
    "Remove",
    "Run",
    "Write",
]


class Moment(Enum):
    """When a hook runs."""

    #: Before the job's first task starts.
    BEFORE_JOB = "before-job"
    #: After its last frame is settled or given up; not after a cancel.
    AFTER_JOB = "after-job"
    #: Before a task's process starts.
    BEFORE_TASK = "before-task"
    #: After a task's process has ended and its images are in place.
    AFTER_TASK = "after-task"
    #: Inside the DCC, before each frame.
    BEFORE_FRAME = "before-frame"
    #: Inside the DCC, after each frame.
    AFTER_FRAME = "after-frame"


class OnFailure(Enum):
    """What becomes of the job when a hook fails."""

    #: The task counts as failed, or the job where it is a job's hook.
    FAIL = "fail"
    #: It is noted, and the job goes on.
    WARN = "warn"
    #: The job waits until a person lets it go on.
    HOLD = "hold"


@dataclass(frozen=True)
class HookScript:
    """One of the studio's own scripts that a job asks for."""

    #: The file's name in the studio's hooks directory.
    name: str
    #: Absolute path.
    path: str
    moment: Moment = Moment.BEFORE_JOB
    on_failure: OnFailure = OnFailure.FAIL


class Action:
    """One step of a hook: one of the classes below."""


@dataclass(init=False)
class Run(Action):
    """Run one of the descriptor's tools."""

    tool: str
    args: list[str]
    #: Added to the environment that the host gives every render.
    env: dict[str, str]
    #: Seconds that it may take; 0 means the host's limit for hooks.
    seconds: int

    def __init__(self, tool: str, *args: object, env: Mapping[str, object] | None = None, seconds: int = 0) -> None:
        self.tool = tool
        self.args = [argument(arg, f"argument {at}") for at, arg in enumerate(args, 1)]
        self.env = variables(env)
        self.seconds = seconds


@dataclass(frozen=True)
class Write(Action):
    """Write a file, replacing one of this name."""

    path: str
    contents: str


@dataclass(frozen=True)
class Copy(Action):
    """Copy a file, replacing one of the target's name."""

    source: str
    target: str


@dataclass(frozen=True)
class Move(Action):
    """Move a file, replacing one of the target's name."""

    source: str
    target: str


@dataclass(frozen=True)
class MakeDirectory(Action):
    """Make a directory with its parents; one that is there is fine."""

    path: str


@dataclass(frozen=True)
class Remove(Action):
    """Remove a file or an empty directory; one that is not there is fine."""

    path: str


@dataclass(frozen=True)
class Note(Action):
    """A sentence for the job's notes."""

    message: str


@dataclass(init=False)
class Hook:
    """Actions that belong together. By default its failure is noted, and no more."""

    #: What the log calls it.
    name: str
    #: In this order; the first that fails ends the hook.
    actions: list[Action]
    on_failure: OnFailure

    def __init__(self, name: str, *actions: Action, on_failure: OnFailure = OnFailure.WARN) -> None:
        self.name = name
        self.actions = list(actions)
        self.on_failure = on_failure


@dataclass(frozen=True)
class JobEnd:
    """How a job ended."""

    #: Whether every frame is done or skipped.
    complete: bool = True
    #: Frames done or skipped.
    frames_done: int = 0
    #: Frames given up.
    frames_failed: int = 0
    #: From the start of its first attempt.
    seconds: float = 0.0
