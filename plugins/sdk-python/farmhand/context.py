"""What the host hands in, as plain data that a test can make: the job, the task, and how its process ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .errors import PluginError
from .event import Fact, Fault
from .frames import FrameRuns
from .hooks import HookScript, Moment
from .images import Images
from .options import Options
from .template import Template, TemplateError

__all__ = ["EndedBy", "Gpu", "Job", "Outcome", "PathRule", "PreparedJob", "Problem", "Task", "Tool"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a job."""

    #: JSON pointer into the job, such as `/options/samples`.
    field: str
    #: What is wrong, and what to write instead.
    message: str


@dataclass(frozen=True)
class PathRule:
    """What begins with `spelled` begins with `here` on this node."""

    #: As another system spells it, with forward slashes.
    spelled: str
    #: As this one does.
    here: str


@dataclass
class PreparedJob:
    """What `validate` made of a job: the job as it will be kept. `job.prepared()` makes one to change."""

    #: Layers, each rendered on its own; empty: what the scene has enabled, together.
    layers: list[str] = field(default_factory=list)
    #: As submitted; where the job came without frames, those that the scene says, or none where it does not tell.
    frames: FrameRuns = FrameRuns()
    #: Where the images go; None: the scene's own setting.
    output: str | None = None
    #: Options, valid against the schema.
    options: dict[str, Any] = field(default_factory=dict)
    #: One process must render the whole layer: a movie, or a simulation that cannot start in the middle.
    whole: bool = False
    #: Names of the licences that its tasks take, such as `arnold`: a fault about one of them holds every job that
    #: needs it, and no other.
    licences: list[str] = field(default_factory=list)
    #: What a person should know before it starts, one sentence each.
    notes: list[str] = field(default_factory=list)


@dataclass
class Job:
    """A job, as submitted (in `validate`) or as it was kept (everywhere else)."""

    #: 0 while the job is only being validated.
    id: int = 0
    #: What people call it.
    name: str = ""
    #: Absolute path of the scene or script.
    scene: str = ""
    #: Where the images go, as the DCC understands it; None: the scene's own setting.
    output: str | None = None
    #: Layers asked for; empty: what the scene has enabled, together.
    layers: list[str] = field(default_factory=list)
    #: All of the job's frames; empty only in `validate`, where the job came without: the plugin then says what the
    #: scene says. There may be millions: look at the runs before expanding them.
    frames: FrameRuns = FrameRuns()
    #: The options that were given, with the defaults of the schema for those that were not.
    options: Options = field(default_factory=Options)
    #: The options as they were given.
    raw_options: dict[str, Any] = field(default_factory=dict)
    #: Images that are there and whole are not rendered again.
    skip_existing: bool = False
    #: The studio's scripts that the job asks for. Those of frames are the plugin's to run, inside the DCC.
    hook_scripts: list[HookScript] = field(default_factory=list)
    #: How paths of other systems are spelled here, the longest rule first. The job's own paths are mapped already;
    #: these are for paths inside the scene.
    path_map: list[PathRule] = field(default_factory=list)

    def frame_hooks(self) -> list[HookScript]:
        """The studio's scripts that run before or after each frame, for the plugin's generated script."""
        return [hook for hook in self.hook_scripts if _is_of_frame(hook)]

    def output_problem(self) -> Problem | None:
        """What is wrong with the output whatever the DCC."""
        if self.output is None:
            return None
        if not self.output.strip():
            return Problem("/output", "the output is empty; leave it out to use the usual place")
        if self.output.startswith("~"):
            return Problem("/output", "`~` is not expanded; write the whole path")
        return None

    def template_problem(self) -> Problem | None:
        """What is wrong with the output for a plugin that uses `task.images()`, such as a token that nobody knows:

            def validate(self, job):
                return job.template_problem()
        """
        try:
            Template.parse(self.output or "")
        except TemplateError as problem:
            return Problem("/output", str(problem))
        return None

    def without_frame_hooks(self) -> list[Problem]:
        """What is wrong with the job for a plugin that cannot run the studio's scripts around frames: each of them."""
        return [
            Problem(
                f"/hooks/{index}/at",
                f"this plugin cannot run `{hook.name}` {hook.moment.value}, inside the DCC; run it before-task or "
                "after-task",
            )
            for index, hook in enumerate(self.hook_scripts)
            if _is_of_frame(hook)
        ]

    def mapped(self, path: str) -> str:
        """A path from inside the scene as it is spelled on this node."""
        plain = path.replace("\\", "/")
        for rule in self.path_map:
            rest = plain[len(rule.spelled) :]
            if plain.startswith(rule.spelled) and (not rest or rest[0] == "/" or rule.spelled.endswith("/")):
                return rule.here + rest
        return path

    def prepared(self) -> PreparedJob:
        """The job as it is, for a plugin that has little or nothing to change."""
        return PreparedJob(
            layers=list(self.layers), frames=self.frames, output=self.output, options=dict(self.raw_options)
        )


def _is_of_frame(hook: HookScript) -> bool:
    return hook.moment in (Moment.BEFORE_FRAME, Moment.AFTER_FRAME)


@dataclass(frozen=True)
class Gpu:
    """A GPU leased to a task."""

    #: In PCI bus order.
    index: int = 0
    #: Such as `GPU-8932f937-…`.
    uuid: str = ""
    #: Such as `NVIDIA H200`.
    name: str = ""
    #: Total memory in bytes.
    memory_bytes: int = 0


@dataclass(frozen=True)
class Tool:
    """A program that the task may run, as the host found it on this node."""

    #: Its id in the plugin's descriptor.
    id: str
    #: Where it is.
    path: str = ""
    #: The DCC's version, where it could be read.
    version: str | None = None


@dataclass
class Task:
    """Some frames of one layer of one job, on one node, with what is leased for them."""

    job: Job = field(default_factory=Job)
    #: The attempt's id; it only grows.
    attempt: int = 0
    #: Frames to render, in the shape that the level asks for.
    frames: FrameRuns = FrameRuns()
    #: The layer, where the job names some.
    layer: str | None = None
    #: Index into the plugin's levels.
    level: int = 0
    #: 1 on the first try of these frames at this level.
    try_number: int = 1
    #: CPU threads leased.
    threads: int = 1
    #: Bytes of memory leased; 0 where the node does not count memory.
    memory_bytes: int = 0
    #: GPUs leased: its process sees no others.
    gpus: list[Gpu] = field(default_factory=list)
    #: Programs found.
    tools: list[Tool] = field(default_factory=list)
    #: A directory of this attempt's own for scripts and temporary files.
    scratch: str = ""
    #: An empty directory of this attempt's own, on the file system of the output, for the images.
    staging: str = ""

    def tool(self, id: str) -> Tool:
        """One of the programs that were found. Raises `PluginError` where the level does not name it."""
        for tool in self.tools:
            if tool.id == id:
                return tool
        offered = ", ".join(f"`{tool.id}`" for tool in self.tools) or "none"
        raise PluginError(f"no tool `{id}` is offered at level {self.level}; offered: {offered}")

    def images(self, extension: str | None = None) -> Images:
        """What this task's images are called while they are rendered, and where they go afterwards; `extension` is for
        an output that names none."""
        job = self.job
        return Images.of(
            job.output, job.scene, self.frames, self.layer, self.staging, relative_to=self.scratch, extension=extension
        )


class EndedBy(Enum):
    """Why a process ended."""

    #: By itself, with an exit code or a signal.
    ITSELF = "itself"
    #: The host killed it: it ran over its time limit.
    TIME_LIMIT = "time-limit"
    #: The host killed it: no output, no CPU use and no new file for too long.
    STALL = "stall"
    #: The machine or the shim went away.
    LOST = "lost"


@dataclass
class Outcome:
    """How a task's process ended, with what the host saw."""

    #: The exit code, where it ended with one.
    exit_code: int | None = None
    #: The signal that ended it.
    signal: int | None = None
    ended_by: EndedBy = EndedBy.ITSELF
    #: From the start to the end of the whole process tree.
    seconds: float = 0.0
    #: Frames whose image the host verified.
    frames_done: FrameRuns = FrameRuns()
    #: The task's other frames.
    frames_missing: FrameRuns = FrameRuns()
    #: Faults that the reader saw, and those that the host found while verifying.
    faults: list[Fault] = field(default_factory=list)
    #: Facts that the reader saw.
    facts: list[Fact] = field(default_factory=list)

    def fact(self, name: str) -> str | None:
        """The value of a fact that the reader saw; the last one where there are several."""
        return next((fact.value for fact in reversed(self.facts) if fact.name == name), None)
