"""For unit tests of a plugin, with pytest or any other: jobs, tasks and outcomes in one line, and a reader run over a
text. What is asked here is asked and checked as the daemon does it; the host's own checks come with `farmhand plugin
test`.

    from farmhand import testing
    from plugin import Glow

    def test_the_command():
        command = testing.command(Glow, testing.task(frames="1-10", options={"quality": 70}))
        assert command.args[:2] == ["--frames", "1-10"]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import calls
from . import host as hosts
from .command import Command
from .context import EndedBy, Job, Outcome, PreparedJob, Problem, Task, Tool
from .descriptor import Descriptor
from .errors import PluginError
from .event import Event, Fact, Fault
from .frames import FrameRuns
from .hooks import Hook, JobEnd
from .needs import Needs
from .options import Options
from .plugin import Plugin
from .verdict import Verdict

__all__ = ["command", "descriptor", "events", "hooks", "host", "job", "needs", "outcome", "task", "validate", "verdict"]

Frames = str | int | FrameRuns | Iterable[int]


def job(
    scene: str = "/show/shot.scene",
    output: str | None = "/show/out/shot_####.png",
    frames: Frames = "1-10",
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Job:
    """A job; `more` are other fields of `Job`."""
    raw = dict(options or {})
    return Job(
        scene=scene,
        output=output,
        frames=_frames(frames),
        raw_options=raw,
        options=Options(raw),
        **{"id": 1, "name": "shot", **more},
    )


def task(
    frames: Frames = "1-10",
    scene: str = "/show/shot.scene",
    output: str | None = "/show/out/shot_####.png",
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Task:
    """A task of a job of the same frames; `more` are other fields of `Task`, or a whole `job`. The tools are the
    plugin's own once the task is given to `command`, unless `tools` says otherwise."""
    fields = {"attempt": 7, "threads": 4, "scratch": "/farm/scratch/7", "staging": "/show/out/.staging/7", **more}
    return Task(
        frames=_frames(frames), **{"job": job(scene=scene, output=output, frames=frames, options=options), **fields}
    )


def outcome(
    done: Frames = "", missing: Frames = "", exit_code: int | None = 0, *, faults: Iterable[Fault] = (), **more: Any
) -> Outcome:
    """An outcome: which frames were verified, which are missing, and how the process ended. `more` are other fields of
    `Outcome`; `signal` or `ended_by` take the exit code away."""
    if "signal" in more or more.get("ended_by", EndedBy.ITSELF) is not EndedBy.ITSELF:
        exit_code = None
    return Outcome(
        exit_code=exit_code, frames_done=_frames(done), frames_missing=_frames(missing), faults=list(faults), **more
    )


def descriptor(plugin: type[Plugin]) -> Descriptor:
    """What the plugin says of itself, with the defaults filled in."""
    return calls.describe(plugin())


def validate(plugin: type[Plugin], submitted: Job | None = None) -> PreparedJob | list[Problem]:
    """What the plugin makes of a job: the job as it will be kept, or everything that is wrong with it."""
    made = plugin()
    return calls.validate(made, calls.with_defaults(made, submitted or job()))


def needs(plugin: type[Plugin], level: int = 0, submitted: Job | None = None) -> Needs:
    """What a task of a job needs at a level."""
    made = plugin()
    return calls.needs(made, calls.with_defaults(made, submitted or job()), level)


def command(plugin: type[Plugin], of: Task | None = None) -> Command:
    """What the plugin runs for a task."""
    made, of = _prepared(plugin, of)
    return calls.build_command(made, of)


def events(plugin: type[Plugin], log: str | Iterable[str], of: Task | None = None) -> list[Event]:
    """What the plugin's reader sees in a log."""
    made, of = _prepared(plugin, of)
    reader = calls.reader(made, of)
    lines = log.splitlines() if isinstance(log, str) else list(log)
    return [*calls.read(reader, lines), *calls.finish(reader)]


def verdict(plugin: type[Plugin], ended: Outcome, of: Task | None = None, *, log: str | None = None) -> Verdict:
    """What the end of an attempt means to the plugin; of a `log`, the faults and facts that its reader sees count."""
    made, of = _prepared(plugin, of)
    for event in events(plugin, log, of) if log is not None else ():
        if isinstance(event, Fault):
            ended.faults.append(event)
        elif isinstance(event, Fact):
            ended.facts.append(event)
    return calls.judge(made, of, ended)


def hooks(plugin: type[Plugin], moment: str, *about: Job | JobEnd | Task | Outcome) -> list[Hook]:
    """What the plugin does at a moment such as `before_task`."""
    return calls.hooks(plugin(), moment, *about)


class Host(hosts.NoHost):
    """A stand-in for the host, with answers that a test set; see `host`."""

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, str | bytes] | None = None,
        script_files: Mapping[str, str | bytes] | None = None,
    ) -> None:
        self._config = dict(config or {})
        self._env = dict(env or {})
        self._files = {path: _bytes(contents) for path, contents in (files or {}).items()}
        self._script_files = {name: _bytes(contents) for name, contents in (script_files or {}).items()}
        #: What was logged: level and message.
        self.logged: list[tuple[hosts.LogLevel, str]] = []

    def log(self, level: hosts.LogLevel, message: str) -> None:
        self.logged.append((level, message))

    def config(self) -> str:
        return json.dumps(self._config)

    def env(self, name: str) -> str | None:
        return self._env.get(name)

    def read_file(self, path: str) -> str:
        return self._file(path).decode()

    def read_part(self, path: str, offset: int, size: int) -> bytes:
        return self._file(path)[offset : offset + size]

    def file_exists(self, path: str) -> bool:
        return path in self._files

    def directory_exists(self, path: str) -> bool:
        return any(file.startswith(path.rstrip("/") + "/") for file in self._files)

    def list_files(self, directory: str) -> list[str]:
        return [file for file in self._files if file.startswith(directory.rstrip("/") + "/")]

    def script_file(self, name: str) -> bytes:
        return self._script_files[name] if name in self._script_files else super().script_file(name)

    def _file(self, path: str) -> bytes:
        if path not in self._files:
            raise PluginError(f"{path}: the test set no such file")
        return self._files[path]


@contextmanager
def host(
    config: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    script_files: Mapping[str, str | bytes] | None = None,
) -> Iterator[Host]:
    """Answers in the host's place, as long as the block runs:

        with testing.host(config={"licence_server": "lic1"}) as host:
            testing.command(Glow)
        assert host.logged == []
    """
    answering = Host(config, env, files, script_files)
    before = hosts.use(answering)
    try:
        yield answering
    finally:
        hosts.use(before)


def _prepared(plugin: type[Plugin], of: Task | None) -> tuple[Plugin, Task]:
    made, of = plugin(), of or task()
    calls.with_defaults(made, of.job)
    if not of.tools:
        of.tools = [Tool(tool.id, f"/usr/bin/{tool.id}") for tool in calls.describe(made).tools]
    return made, of


def _frames(frames: Frames) -> FrameRuns:
    if isinstance(frames, FrameRuns):
        return frames
    if isinstance(frames, str):
        return FrameRuns.parse(frames)
    return FrameRuns.of([frames] if isinstance(frames, int) else frames)


def _bytes(contents: str | bytes) -> bytes:
    return contents.encode() if isinstance(contents, str) else contents
