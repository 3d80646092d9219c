"""The daemon's host as `farmhand.host` asks it, and the standard library's ways of saying something led to its log."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import TextIO

from componentize_py_types import Err
from farmhand import PluginError
from farmhand import host as hosts
from farmhand.host import LogLevel
from wit_world.imports import host as wit_host
from wit_world.imports import script as wit_script

_LEVELS = {level: wit_host.LogLevel[level.name] for level in LogLevel}


class Granted:
    """Passes each question on; a refusal is a `PluginError`."""

    def log(self, level: LogLevel, message: str) -> None:
        wit_host.log(_LEVELS[level], message.encode(errors="replace").decode())

    def config(self) -> str:
        return wit_host.config()

    def env(self, name: str) -> str | None:
        return wit_host.env(name)

    def read_file(self, path: str) -> str:
        return _asked(wit_host.read_file, path)

    def read_part(self, path: str, offset: int, size: int) -> bytes:
        return _asked(wit_host.read_part, path, offset, size)

    def file_exists(self, path: str) -> bool:
        return _asked(wit_host.file_exists, path)

    def directory_exists(self, path: str) -> bool:
        return _asked(wit_host.directory_exists, path)

    def list_files(self, directory: str) -> list[str]:
        return _asked(wit_host.list_files, directory)

    def script_file(self, name: str) -> bytes:
        return _asked(wit_script.read, name)


def _asked(question, *about):
    try:
        return question(*about)
    except Err as refused:
        raise PluginError(refused.value) from None


class Handler(logging.Handler):
    """What a script logs with `logging`."""

    def emit(self, record: logging.LogRecord) -> None:
        level = (
            wit_host.LogLevel.ERROR
            if record.levelno >= logging.ERROR
            else wit_host.LogLevel.WARN
            if record.levelno >= logging.WARNING
            else wit_host.LogLevel.INFO
            if record.levelno >= logging.INFO
            else wit_host.LogLevel.DEBUG
        )
        wit_host.log(level, self.format(record).encode(errors="replace").decode())


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of Python's, such as one about an invalid escape in a pattern."""
    wit_host.log(wit_host.LogLevel.WARN, f"{filename}, line {lineno}: {category.__name__}: {message}")


def connect() -> None:
    """Lets the SDK, `logging`, `warnings` and `print` speak to the daemon's host."""
    hosts.use(Granted())
    root = logging.getLogger()
    root.handlers[:] = [Handler()]
    root.setLevel(logging.DEBUG)
    warnings.showwarning = show_warning
    for stream in (sys.stdout, sys.stderr):
        # A call that is ended halfway still shows what it printed.
        stream.reconfigure(line_buffering=True, errors="replace")
