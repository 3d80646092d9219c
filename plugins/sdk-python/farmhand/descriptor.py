"""What a plugin says of itself. What it does with a job is not here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["Descriptor", "FrameShape", "Level", "ToolSpec"]


class FrameShape(Enum):
    """Which frames one process can take at once."""

    #: Any set of frames: `1,5,10-20`.
    ANY = "any"
    #: One run with a fixed step: `10-20`, `1-9x2`.
    STEPPED = "stepped"
    #: One frame a process.
    SINGLE = "single"


@dataclass(init=False)
class ToolSpec:
    """How the host finds a program: by name on PATH, then at the globs; the newest version that the job's requirement
    allows wins."""

    #: What commands and levels call it.
    id: str
    #: Names to look for on PATH.
    names: list[str]
    #: Install places, as absolute globs.
    globs: list[str]
    #: Arguments that make it print its version; empty: the version is read from its path.
    version_args: list[str]

    def __init__(
        self,
        id: str,
        names: Iterable[str] | None = None,
        globs: Iterable[str] = (),
        version_args: Iterable[str] = (),
    ) -> None:
        self.id = id
        self.names = [id] if names is None else list(names)
        self.globs = list(globs)
        self.version_args = list(version_args)


@dataclass(init=False)
class Level:
    """One way to render a task. Levels are tried in order: the first is preferred, the last is the last resort."""

    #: Such as `render` or `safe`.
    name: str
    #: One line for people.
    summary: str
    #: Ids of the tools that this level needs; None: all of the plugin's.
    tools: list[str] | None
    #: Which frames one process takes.
    frames: FrameShape

    def __init__(
        self,
        name: str,
        summary: str = "",
        tools: Iterable[str] | None = None,
        frames: FrameShape = FrameShape.ANY,
    ) -> None:
        self.name = name
        self.summary = summary
        self.tools = None if tools is None else list(tools)
        self.frames = frames


@dataclass
class Descriptor:
    """What a plugin says of itself, made from the attributes of its class: the same on every call."""

    name: str
    version: str
    summary: str
    extensions: list[str]
    supports: str
    tools: list[ToolSpec]
    levels: list[Level]
    #: JSON Schema of a job's options.
    options_schema: dict[str, Any]
