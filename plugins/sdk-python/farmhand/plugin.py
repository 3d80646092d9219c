"""The class that a plugin is. What asks it, and holds its answers to the contract, is in `calls`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from . import policy
from .command import Command
from .context import Job, Outcome, PreparedJob, Problem, Task
from .descriptor import Level, ToolSpec
from .hooks import Action, Hook, JobEnd
from .lines import Match
from .needs import Needs
from .reader import Reader
from .verdict import Verdict

__all__ = ["Plugin"]

#: What a hook may answer.
HookAnswer = Iterable[Hook | Action] | Hook | Action | None


class Plugin:
    """A plugin for one DCC: a subclass of this, one in the script's main file.

        class Glow(farmhand.Plugin):
            extensions = ["glow"]
            tools = ["glow"]

            def build_command(self, task):
                return Command("glow", "--frames", task.frames, task.job.scene)

    The attributes say what it is, and each has a default. The host makes a new instance for every call, so nothing is
    kept between calls; only a `Reader` lives as long as its process.
    """

    #: What jobs, configuration and pages call it: lower case letters, digits and `-`. By default the class's name.
    name: ClassVar[str] = ""
    #: The plugin's own version (semver).
    version: ClassVar[str] = "0.1.0"
    #: What it is for, in one line. By default the first line of the class's docstring.
    summary: ClassVar[str] = ""
    #: Scene-file extensions that select it, lower case, without the dot.
    extensions: ClassVar[Sequence[str]] = ()
    #: DCC versions that it supports: a semver requirement such as `>=2022, <2027`.
    supports: ClassVar[str] = "*"
    #: Programs that it may run. A text stands for a program of this name on PATH.
    tools: ClassVar[Sequence[ToolSpec | str]] = ()
    #: Ways to render a task, in order. By default one, with all tools, that takes any frames.
    levels: ClassVar[Sequence[Level]] = ()
    #: Options of a job: the properties of a JSON schema, or a whole schema. The host checks jobs against it, and the
    #: page draws its form from each property's `title`, `description`, `default` and `enum`.
    options: ClassVar[Mapping[str, Any]] = {}
    #: What lines of the output mean, where a table can say it; see `farmhand.lines`.
    lines: ClassVar[Sequence[Match]] = ()
    #: Whether the plugin runs the studio's scripts around frames (`job.frame_hooks()`). A job that asks for them is
    #: refused otherwise.
    frame_hooks: ClassVar[bool] = False

    def validate(self, job: Job) -> PreparedJob | Problem | Iterable[Problem] | None:
        """The job as it will be kept, or everything that is wrong with it at once, so that a person has to come back
        only once: return or `yield` problems. None and no problems mean that the job is kept as it is. The host has
        checked the options against the schema before."""
        return None

    def needs(self, job: Job, level: int) -> Needs | None:
        """What a task of this job needs at this level, an index into `levels`. Asked once, when the job is submitted;
        what the person who submits says goes before it. None: no GPU, and the memory that the job's attempts turn out
        to take."""
        return None

    def build_command(self, task: Task) -> Command:
        """What to run for these frames, at the level that the task asks for."""
        raise NotImplementedError(
            f"{type(self).__name__} says nothing about what to run: write `build_command(self, task)`"
        )

    def reader(self, task: Task) -> Reader:
        """A reader for one process. By default one that knows the table in `lines`."""
        return Reader(task, self.lines)

    def judge(self, task: Task, outcome: Outcome) -> Verdict | None:
        """What the end of an attempt means, on success too: exit code 0 alone is never success. None leaves it to
        `policy.standard`, as it is by default."""
        return policy.standard(task, outcome, max(len(self.levels), 1))

    def before_job(self, job: Job) -> HookAnswer:
        """What to do before the job's first task starts. May run again after a restart of the daemon, so its actions
        must be safe to repeat; this holds for all four."""
        return None

    def after_job(self, job: Job, end: JobEnd) -> HookAnswer:
        """What to do after its last frame is settled or given up; not after a cancel."""
        return None

    def before_task(self, task: Task) -> HookAnswer:
        """What to do before a task's process starts."""
        return None

    def after_task(self, task: Task, outcome: Outcome) -> HookAnswer:
        """What to do after a task's process has ended and its images are in place."""
        return None
