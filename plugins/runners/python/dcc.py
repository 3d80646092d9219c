"""The exported resource `reader`: componentize-py looks for it in a module that is named after its interface."""

from __future__ import annotations

import adapt
from farmhand import Plugin, calls
from session import SESSION
from wit_world.exports import dcc
from wit_world.imports import context, types


class Reader(dcc.Reader):
    """One process's reader."""

    def __init__(self, task: context.Task) -> None:
        # A constructor has no way to fail in the contract, so a mistake comes out of the first batch.
        self._failed: Exception | None = None
        try:
            self._reader = SESSION.ask(lambda plugin: _reader(plugin, task))
        except Exception as problem:
            self._failed = problem

    def read(self, lines: list[str]) -> list[types.Event]:
        if self._failed is not None:
            raise self._failed
        return SESSION.guarded(lambda: adapt.events(calls.read(self._reader, lines)))

    def finish(self) -> list[types.Event]:
        if self._failed is not None:
            raise self._failed
        return SESSION.guarded(lambda: adapt.events(calls.finish(self._reader)))


def _reader(plugin: Plugin, task: context.Task):
    made = adapt.task(task)
    calls.with_defaults(plugin, made.job)
    return calls.reader(plugin, made)
