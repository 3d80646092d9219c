"""What a reader saw in a process's output. How a line becomes one of these is in `lines`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .command import Image

__all__ = [
    "Cause",
    "Event",
    "Fact",
    "Fault",
    "FrameDone",
    "FrameSkipped",
    "FrameStarted",
    "MemoryUsed",
    "Progress",
    "Severity",
    "Warned",
]


class Severity(Enum):
    """How bad a fault is."""

    #: Worth another try as it is: licence server busy, file locked, network.
    TRANSIENT = "transient"
    #: These frames will not render however often they are tried.
    FRAME_FATAL = "frame-fatal"
    #: Nothing will render here: broken install, no GPU memory, disk full.
    WORKER_FATAL = "worker-fatal"


class Cause(Enum):
    """What a fault is about."""

    #: A licence could not be had.
    LICENCE = "licence"
    #: Host or GPU memory ran out.
    MEMORY = "memory"
    #: A scene, texture or library is not there.
    MISSING_FILE = "missing-file"
    #: A script raised.
    SCRIPT = "script"
    #: The DCC crashed.
    CRASH = "crash"
    #: A time limit, or no sign of life.
    TIMEOUT = "timeout"
    #: Disk full, no permission.
    DISK = "disk"
    #: The GPU, its driver or its choice.
    GPU = "gpu"
    #: What the scene asks for cannot be rendered: no camera, no such layer.
    SCENE = "scene"
    #: The plugin itself.
    PLUGIN = "plugin"
    #: None of these.
    OTHER = "other"


class Event:
    """One thing that a reader saw: one of the classes below."""


@dataclass(frozen=True)
class FrameStarted(Event):
    """The DCC began this frame."""

    frame: int


@dataclass(frozen=True)
class Progress(Event):
    """Of the current frame."""

    #: 0.0 to 1.0.
    part: float


@dataclass(frozen=True)
class FrameDone(Event):
    """The DCC says that it wrote this image; the host verifies it before anyone believes it."""

    image: Image


@dataclass(frozen=True)
class FrameSkipped(Event):
    """The DCC left this frame alone because its image was there; the host verifies that one too."""

    image: Image


@dataclass(frozen=True)
class Warned(Event):
    """Worth showing, changes nothing."""

    message: str


@dataclass(frozen=True)
class Fault(Event):
    """Something went wrong."""

    severity: Severity
    cause: Cause
    #: For a person: what happened and, where it is known, what to do.
    message: str
    #: None: it concerns the whole attempt.
    frame: int | None = None
    #: The licence, the GPU (its index or UUID) or the file that it is about, where the output names one.
    about: str | None = None


@dataclass(frozen=True)
class MemoryUsed(Event):
    """Memory that the DCC says it holds now."""

    bytes: int


@dataclass(frozen=True)
class Fact(Event):
    """A named fact about the attempt that is worth keeping: `device` = `CPU`."""

    name: str
    value: str
