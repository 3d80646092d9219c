"""Asks a plugin, and holds what it answers to the contract. The runner and `farmhand.testing` ask in this way, so a
unit test shows an author's mistakes as the daemon would. Checks that the host makes anyway (names, versions, schemas,
paths) are not repeated here.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from . import policy
from .checks import mistake_in
from .command import Command
from .context import Job, Outcome, PreparedJob, Problem, Task
from .descriptor import Descriptor, Level, ToolSpec
from .errors import PluginError
from .event import Event
from .hooks import Action, Hook, JobEnd
from .lines import Match
from .needs import Needs
from .options import Options, defaults_of, schema_of
from .plugin import Plugin
from .reader import Reader, events_of
from .verdict import Verdict

_HOOKS = ("before_job", "after_job", "before_task", "after_task")
_T = TypeVar("_T")


def describe(plugin: Plugin) -> Descriptor:
    """What the attributes of the plugin's class say, with the defaults filled in."""
    kind = type(plugin)
    tools = [ToolSpec(tool) if isinstance(tool, str) else tool for tool in _sequence(kind, "tools", (str, ToolSpec))]
    if not tools:
        raise PluginError(f'{kind.__name__}.tools is empty: name the programs that it runs, such as `tools = ["glow"]`')
    ids = [tool.id for tool in tools]
    levels = _sequence(kind, "levels", Level) or [Level("render", "Renders.")]
    if kind.build_command is Plugin.build_command:
        raise PluginError(f"{kind.__name__} says nothing about what to run: write `build_command(self, task)`")
    for row in _sequence(kind, "lines", Match):
        row.check()
    options = kind.options
    if not isinstance(options, dict):
        raise PluginError(f"{kind.__name__}.options is {options!r}: a dict of options by name was expected")
    for name, schema in options.items():
        if options.get("type") != "object" and not isinstance(schema, dict):
            raise PluginError(
                f"{kind.__name__}.options: `{name}` is {schema!r}; write its JSON schema, such as "
                '{"type": "integer", "default": 50}'
            )
    schema = schema_of(options)
    try:
        json.dumps(schema)
    except (TypeError, ValueError) as problem:
        raise PluginError(f"{kind.__name__}.options cannot be written as JSON: {problem}") from None
    return Descriptor(
        name=_text(kind, "name") or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind.__name__).lower().replace("_", "-"),
        version=_text(kind, "version"),
        summary=_text(kind, "summary") or inspect.cleandoc(kind.__doc__ or "").partition("\n")[0],
        extensions=_sequence(kind, "extensions", str),
        supports=_text(kind, "supports"),
        tools=tools,
        levels=[
            Level(level.name, level.summary, ids if level.tools is None else level.tools, level.frames)
            for level in levels
        ],
        options_schema=schema,
    )


def has_hooks(plugin: Plugin) -> bool:
    """Whether it says what to do before or after jobs and tasks."""
    return any(getattr(type(plugin), hook) is not getattr(Plugin, hook) for hook in _HOOKS)


def with_defaults(plugin: Plugin, job: Job) -> Job:
    """The job with the defaults of the plugin's options for those that were not given."""
    job.options = Options({**defaults_of(schema_of(type(plugin).options)), **job.raw_options})
    return job


def validate(plugin: Plugin, job: Job) -> PreparedJob | list[Problem]:
    """The job as it will be kept, or everything that is wrong with it."""
    problems: list[Problem] = [] if type(plugin).frame_hooks else job.without_frame_hooks()
    output = job.output_problem()
    problems += [output] if output else []
    answer = plugin.validate(job)
    if isinstance(answer, PreparedJob):
        _checked(answer, "validate", plugin)
        try:
            json.dumps(answer.options)
        except (TypeError, ValueError) as unwritten:
            where = _place(plugin, "validate")
            raise PluginError(f"{where}: the options cannot be written as JSON: {unwritten}") from None
        return problems or answer
    if isinstance(answer, Problem):
        answer = [answer]
    elif answer is not None and (isinstance(answer, (str, bytes, dict)) or not isinstance(answer, Iterable)):
        raise _unexpected(plugin, "validate", answer, "farmhand.PreparedJob, problems, or None")
    for problem in answer or ():
        if not isinstance(problem, Problem):
            raise _unexpected(plugin, "validate", problem, "farmhand.Problem in what it gives")
        problems.append(_checked(problem, "validate", plugin))
    return problems or job.prepared()


def needs(plugin: Plugin, job: Job, level: int) -> Needs:
    """What a task needs at a level."""
    answer = plugin.needs(job, level)
    if answer is None:
        return Needs()
    if not isinstance(answer, Needs):
        raise _unexpected(plugin, "needs", answer, "farmhand.Needs, or None")
    return _checked(answer, "needs", plugin)


def build_command(plugin: Plugin, task: Task) -> Command:
    """What to run."""
    command = plugin.build_command(task)
    if not isinstance(command, Command):
        raise _unexpected(plugin, "build_command", command, "farmhand.Command")
    offered = [tool.id for tool in task.tools]
    if command.tool not in offered:
        raise PluginError(
            f"{_place(plugin, 'build_command')} asks for the tool {command.tool!r}; level {task.level} has "
            f"{', '.join(map(repr, offered)) or 'none'}"
        )
    return _checked(command, "build_command", plugin)


def reader(plugin: Plugin, task: Task) -> Reader:
    """A reader for one process."""
    made = plugin.reader(task)
    if not isinstance(made, Reader):
        raise _unexpected(plugin, "reader", made, "farmhand.Reader")
    if not hasattr(made, "teller"):
        raise PluginError(f"{type(made).__name__}.__init__ has to call `super().__init__(task)`")
    return made


def read(made: Reader, lines: Sequence[str]) -> list[Event]:
    """What a batch of lines says."""
    return [_event(event, made) for event in made.read(lines)]


def finish(made: Reader) -> list[Event]:
    """What is left at the end."""
    return [_event(event, made) for event in events_of(made.finish(), made.finish)]


def judge(plugin: Plugin, task: Task, outcome: Outcome) -> Verdict:
    """What the end of an attempt means."""
    verdict = plugin.judge(task, outcome)
    if verdict is None:
        return policy.standard(task, outcome, max(len(plugin.levels), 1))
    if not isinstance(verdict, Verdict):
        raise _unexpected(plugin, "judge", verdict, "farmhand.Verdict")
    return _checked(verdict, "judge", plugin)


def hooks(plugin: Plugin, moment: str, *about: Job | JobEnd | Task | Outcome) -> list[Hook]:
    """What to do at `before_job`, `after_job`, `before_task` or `after_task`. Actions that are in no hook make one."""
    answer = getattr(plugin, moment)(*about)
    if answer is None:
        return []
    answers = [answer] if isinstance(answer, (Hook, Action)) else answer
    if isinstance(answers, (str, bytes)) or not isinstance(answers, Iterable):
        raise _unexpected(plugin, moment, answer, "farmhand.Hook, actions, or None")
    made: list[Hook] = []
    loose: list[Action] = []
    for one in answers:
        if isinstance(one, Hook):
            made.append(one)
        elif isinstance(one, Action):
            loose.append(one)
        else:
            raise _unexpected(
                plugin, moment, one, "farmhand.Hook, or an action such as farmhand.Note, in what it gives"
            )
    if loose:
        made.insert(0, Hook(moment.replace("_", "-"), *loose))
    for hook in made:
        _checked(hook, moment, plugin)
    return made


def _sequence(kind: type[Plugin], attribute: str, entries: type[_T] | tuple[type[Any], ...]) -> list[Any]:
    """An attribute that lists something."""
    value = getattr(kind, attribute)
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple)):
        raise PluginError(f"{kind.__name__}.{attribute} is {value!r}: a list was expected")
    expected = entries if isinstance(entries, tuple) else (entries,)
    for at, entry in enumerate(value):
        if not isinstance(entry, expected):
            wanted = " or ".join(one.__name__ for one in expected)
            raise PluginError(f"{kind.__name__}.{attribute}[{at}] is {entry!r}: {wanted} was expected")
        mistake = mistake_in(entry)
        if mistake:
            raise PluginError(f"{kind.__name__}.{attribute}[{at}]: {mistake}")
    return list(value)


def _text(kind: type[Plugin], attribute: str) -> str:
    value = getattr(kind, attribute)
    if not isinstance(value, str):
        raise PluginError(f"{kind.__name__}.{attribute} is {value!r}: a text was expected")
    return value


def _place(plugin: Plugin, method: str) -> str:
    """Which function of the author's it was, and where it stands."""
    function = getattr(type(plugin), method)
    code = getattr(function, "__code__", None)
    where = f" ({code.co_filename}, line {code.co_firstlineno})" if code else ""
    return f"{type(plugin).__name__}.{method}{where}"


def _unexpected(plugin: Plugin, method: str, answer: object, expected: str) -> PluginError:
    got = "None; is a `return` missing?" if answer is None else f"{_short(answer)}."
    return PluginError(f"{_place(plugin, method)} gave {got} It has to give a {expected}")


def _short(answer: object) -> str:
    text = repr(answer)
    return f"{text[:80]}…" if len(text) > 80 else text


def _checked(answer: _T, method: str, plugin: Plugin) -> _T:
    mistake = mistake_in(answer)
    if mistake:
        raise PluginError(f"{_place(plugin, method)} gave a {type(answer).__name__} in which {mistake}")
    return answer


def _event(event: Event, made: Reader) -> Event:
    mistake = mistake_in(event)
    if mistake:
        raise PluginError(f"{type(made).__name__} gave a {type(event).__name__} in which {mistake}")
    return event
