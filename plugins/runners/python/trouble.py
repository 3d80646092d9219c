"""What goes wrong in a script, told to its author: the exception in one line, and a traceback that shows its files."""

from __future__ import annotations

import traceback

import farmhand
from componentize_py_types import Err
from loader import Script
from wit_world.imports import types

#: What a script has instead of what it tried, by the exception that it got.
_NO_FILES = (
    "a plugin has no files of its own: `farmhand.host.script_file` reads those of its folder, "
    "`farmhand.host.read_file` what the studio granted"
)


def told(problem: BaseException, script: Script | None) -> Err:
    """An exception as the contract hands it over."""
    try:
        return Err(types.PluginError(_message(problem), _traceback(problem, script)))
    except Exception as second:
        # An exception class of the script's own may fail when it is shown.
        return Err(types.PluginError(f"{type(problem).__name__}, which cannot be shown: {type(second).__name__}", None))


def syntax(mistakes: list[SyntaxError]) -> Err:
    """Every mistake in the syntax of the script's files."""
    first = mistakes[0]
    message = f"{type(first).__name__}: {first.msg} ({first.filename}, line {first.lineno})"
    if len(mistakes) > 1:
        message += f", and {len(mistakes) - 1} more"
    shown = "\n".join("".join(traceback.format_exception_only(one)).rstrip() for one in mistakes)
    return Err(types.PluginError(message, shown))


def _message(problem: BaseException) -> str:
    text = str(problem).strip()
    if isinstance(problem, farmhand.PluginError) and type(problem) is farmhand.PluginError and text:
        return text
    if isinstance(problem, OSError):
        text = f"{text}; {_NO_FILES}"
    if isinstance(problem, SyntaxError) and problem.filename:
        text = f"{problem.msg} ({problem.filename}, line {problem.lineno})"
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def _traceback(problem: BaseException, script: Script | None) -> str | None:
    files = set() if script is None else set(script.files.values())
    if script is not None:
        script.remember_lines()
    shown = traceback.TracebackException.from_exception(problem, compact=True)
    if isinstance(problem, farmhand.PluginError) and not any(frame.filename in files for frame in shown.stack):
        # The SDK refuses an answer, and says itself which function gave it.
        return None
    _cut(shown, files)
    lines = "".join(shown.format()).rstrip()
    return lines if "\n" in lines else None


def _cut(shown: traceback.TracebackException, files: set[str]) -> None:
    """Leaves the frames of the script, or the last one of all where none is the script's."""
    shown.stack[:] = [frame for frame in shown.stack if frame.filename in files] or shown.stack[-1:]
    for other in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        if other is not None:
            _cut(other, files)
