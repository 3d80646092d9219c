"""The runner of Python scripts: what the contract's world `script-runner` exports, in terms of the script's plugin.

What a plugin is asked and how its answers are held to the contract is in `farmhand.calls`; how its types become the
contract's is in `adapt`.
"""

from __future__ import annotations

import gc
import sys

import adapt
import dcc  # noqa: F401  (componentize-py finds the resource in it)
import granted
import library  # noqa: F401  (its modules are in the snapshot for the scripts)
import loader
import trouble
from componentize_py_types import Err
from farmhand import Job, Plugin, Task, calls
from session import SESSION
from wit_world import exports
from wit_world.exports import hooks as wit_hooks
from wit_world.exports import needs as wit_needs
from wit_world.exports import runner
from wit_world.imports import context, types


def _job(plugin: Plugin, handle: context.Job) -> Job:
    return calls.with_defaults(plugin, adapt.job(handle))


def _task(plugin: Plugin, handle: context.Task) -> Task:
    task = adapt.task(handle)
    calls.with_defaults(plugin, task.job)
    return task


class Runner(exports.Runner):
    def prepare(self) -> runner.Prepared:
        def work() -> runner.Prepared:
            units, mistakes = SESSION.script().compile_all()
            if mistakes:
                raise trouble.syntax(mistakes)
            has_hooks = SESSION.ask(calls.has_hooks)
            return runner.Prepared(has_hooks, [runner.Unit(name, code) for name, code in units])

        return SESSION.guarded(work)


class Dcc(exports.Dcc):
    def describe(self) -> types.Descriptor:
        return SESSION.ask(lambda plugin: adapt.descriptor(calls.describe(plugin)))

    def validate(self, job: context.Job) -> types.PreparedJob:
        def work(plugin: Plugin) -> types.PreparedJob:
            answer = calls.validate(plugin, _job(plugin, job))
            if isinstance(answer, list):
                raise Err(adapt.problems(answer))
            return adapt.prepared_job(answer)

        try:
            return SESSION.ask(work)
        except Err as problem:
            if isinstance(problem.value, types.PluginError):
                # `validate` can only answer with problems; what is wrong with the plugin is one of the whole job.
                error = problem.value
                message = f"{error.message}\n{error.traceback}" if error.traceback else error.message
                raise Err([types.Problem("", message)]) from None
            raise

    def build_command(self, task: context.Task) -> types.Command:
        return SESSION.ask(lambda plugin: adapt.command(calls.build_command(plugin, _task(plugin, task))))

    def judge(self, task: context.Task, outcome: context.Outcome) -> types.Verdict:
        return SESSION.ask(
            lambda plugin: adapt.verdict(calls.judge(plugin, _task(plugin, task), adapt.outcome(outcome)))
        )


class Hooks(exports.Hooks):
    def before_job(self, job: context.Job) -> list[wit_hooks.Hook]:
        return SESSION.ask(lambda plugin: adapt.hooks(calls.hooks(plugin, "before_job", _job(plugin, job))))

    def after_job(self, job: context.Job, end: context.JobEnd) -> list[wit_hooks.Hook]:
        return SESSION.ask(
            lambda plugin: adapt.hooks(calls.hooks(plugin, "after_job", _job(plugin, job), adapt.job_end(end)))
        )

    def before_task(self, task: context.Task) -> list[wit_hooks.Hook]:
        return SESSION.ask(lambda plugin: adapt.hooks(calls.hooks(plugin, "before_task", _task(plugin, task))))

    def after_task(self, task: context.Task, outcome: context.Outcome) -> list[wit_hooks.Hook]:
        return SESSION.ask(
            lambda plugin: adapt.hooks(calls.hooks(plugin, "after_task", _task(plugin, task), adapt.outcome(outcome)))
        )


class Needs(exports.Needs):
    def needs(self, job: context.Job, level: int) -> wit_needs.TaskNeeds:
        return SESSION.ask(lambda plugin: adapt.needs(calls.needs(plugin, _job(plugin, job), level)))


#: Calls of Python functions within each other. Where each goes through C (a `__getattr__`, a sort's key), about 350 of
#: them fill the 512 KiB of stack that the host gives a guest; so a recursion without end becomes a RecursionError, with
#: the traceback that a trap would not have.
_DEEPEST = 200

# What follows runs when the runner is built, and its effects lie in the snapshot.
granted.connect()
loader.hide_systems()
sys.setrecursionlimit(_DEEPEST)
# A collection that looked at all that is alive now would write to every page of it, and each page costs a fresh
# instance a copy.
gc.collect()
gc.freeze()
