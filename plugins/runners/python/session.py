"""One run of the script, from the first call of an instance on: started once, asked by every function that the runner
exports. The host makes a fresh instance for nearly every call, so nothing here is ever cleaned up.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

import trouble
from componentize_py_types import Err
from farmhand import Plugin, PluginError
from farmhand.lines import trust_rows
from loader import PACKAGE, Script

_T = TypeVar("_T")


class Session:
    """The script of this instance and its plugin."""

    def __init__(self) -> None:
        self._script: Script | None = None
        self._plugin: Plugin | None = None

    def ask(self, question: Callable[[Plugin], _T]) -> _T:
        """Runs the script unless it has been, and asks its plugin. What goes wrong comes out as the contract has it."""
        return self.guarded(lambda: question(self._running()))

    def guarded(self, work: Callable[[], _T]) -> _T:
        """Does something whose mistakes are the script's."""
        try:
            return work()
        except Err:
            raise
        except BaseException as problem:  # SystemExit and KeyboardInterrupt too: nothing of a script ends the runner.
            raise trouble.told(problem, self._script) from None
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    def script(self) -> Script:
        """The script's files, ready to be imported."""
        if self._script is None:
            # The snapshot froze the state of `random`: without this, all calls would draw the same numbers.
            random.seed()
            self._script = Script()
            self._script.install()
            if self._script.is_prepared():
                trust_rows()
        return self._script

    def _running(self) -> Plugin:
        if self._plugin is None:
            script = self.script()
            self._plugin = _plugin_in(script.run(), script)()
        return self._plugin


def _plugin_in(main: ModuleType, script: Script) -> type[Plugin]:
    """The one plugin that the main file holds."""
    found: dict[int, type[Plugin]] = {
        id(one): one
        for one in vars(main).values()
        if isinstance(one, type) and issubclass(one, Plugin) and one is not Plugin
    }
    # A class that another one here builds on is no plugin of its own, and one that was imported only where there is no
    # other.
    leaves = [one for one in found.values() if not any(one in other.__mro__[1:] for other in found.values())]
    leaves = [one for one in leaves if one.__module__ == PACKAGE] or leaves
    if len(leaves) == 1:
        return leaves[0]
    if leaves:
        names = ", ".join(f"`{one.__name__}` (line {getattr(one, '__firstlineno__', '?')})" for one in leaves)
        raise PluginError(
            f"{script.main} holds {len(leaves)} subclasses of farmhand.Plugin, and has to hold one: {names}"
        )
    for one in vars(main).values():
        if isinstance(one, type) and hasattr(one, "build_command") and one is not Plugin:
            raise PluginError(
                f"{script.main}, line {getattr(one, '__firstlineno__', '?')}: `{one.__name__}` is no subclass of "
                f"farmhand.Plugin; write `class {one.__name__}(farmhand.Plugin):`"
            )
    raise PluginError(f"{script.main} holds no subclass of farmhand.Plugin; write `class NAME(farmhand.Plugin):`")


#: The one session of this instance: componentize-py makes the objects below itself, so there is nobody to hand it in.
SESSION = Session()
