"""What a plugin may ask of the host: a line in its log, its configuration, a variable or file that the studio granted.

In a unit test there is no host. Then log lines go to standard error, the configuration is empty, no variable is
granted, and files are read from disk; `farmhand.testing.host(...)` sets other answers.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any, Protocol

from .errors import PluginError

__all__ = [
    "LogLevel",
    "config",
    "debug",
    "directory_exists",
    "env",
    "error",
    "file_exists",
    "info",
    "list_files",
    "log",
    "read_file",
    "read_part",
    "scan",
    "script_file",
    "warn",
]

#: Bytes that one call fetches of a file: as many as the contract allows.
_PART = 1 << 20


class LogLevel(Enum):
    """How important a log line is."""

    #: For the plugin's author.
    DEBUG = "debug"
    #: Worth knowing.
    INFO = "info"
    #: Worth looking at.
    WARN = "warn"
    #: Somebody must look at it.
    ERROR = "error"


def log(level: LogLevel, message: object) -> None:
    """Writes a line to the host's log under this plugin's name."""
    _host.log(level, str(message))


def debug(message: object) -> None:
    """Logs a line for the plugin's author."""
    log(LogLevel.DEBUG, message)


def info(message: object) -> None:
    """Logs a line that is worth knowing."""
    log(LogLevel.INFO, message)


def warn(message: object) -> None:
    """Logs a line that is worth looking at."""
    log(LogLevel.WARN, message)


def error(message: object) -> None:
    """Logs a line that somebody must look at."""
    log(LogLevel.ERROR, message)


def config() -> dict[str, Any]:
    """This plugin's table of the host's configuration."""
    table = json.loads(_host.config())
    return table if isinstance(table, dict) else {}


def env(name: str, default: str | None = None) -> str | None:
    """A variable of the daemon's environment that the studio granted this plugin by name; `default` where it is not
    set, or not granted."""
    value = _host.env(name)
    return default if value is None else value


def read_file(path: str) -> str:
    """A text file under one of the directories that the studio granted this plugin. Raises `PluginError` where it is
    not there, not text, or not granted."""
    return _host.read_file(path)


def read_part(path: str, offset: int, size: int) -> bytes:
    """A part of a file, as long as asked for or to its end: the scene of the job in hand, or a file under a granted
    directory. At most 1 MiB at once. Raises `PluginError` where it is not there or not granted."""
    return _host.read_part(path, offset, size)


def file_exists(path: str) -> bool:
    """Whether a file exists: under a granted directory, beside the scene of the job in hand or above it, or under a
    directory that one of the job's path options names. Raises `PluginError` where the plugin may not look."""
    return _host.file_exists(path)


def directory_exists(path: str) -> bool:
    """The same for a directory."""
    return _host.directory_exists(path)


def list_files(directory: str) -> list[str]:
    """Files under a directory of the task in hand (its scratch or its staging), as absolute paths, sorted; at most
    100,000. A reader finds what its renderer wrote without a word. Raises `PluginError` for any other directory."""
    return sorted(_host.list_files(directory))


def scan(path: str, limit: int = 64 << 20) -> Iterator[str]:
    """Goes through a text file line by line without holding more than a part of it, and ends after `limit` bytes: the
    scene of the job in hand, or a file under a granted directory. Bytes that are not UTF-8 come as replacement
    characters; a line longer than a part is data, and left out. Raises `PluginError` where it is not there or not
    granted."""
    offset = 0
    rest = b""
    while offset < limit:
        part = _host.read_part(path, offset, _PART)
        if not part:
            if rest:
                yield rest.decode(errors="replace").rstrip("\r")
            return
        offset += len(part)
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r")
        if len(rest) > _PART:
            rest = b""


def script_file(name: str) -> bytes:
    """A file of the plugin's own folder, by its name relative to it, such as `presets.json`. Raises `PluginError` where
    there is none."""
    return _host.script_file(name)


class Host(Protocol):
    """What answers: the daemon's host in the runner, a stand-in in a test."""

    def log(self, level: LogLevel, message: str) -> None: ...
    def config(self) -> str: ...
    def env(self, name: str) -> str | None: ...
    def read_file(self, path: str) -> str: ...
    def read_part(self, path: str, offset: int, size: int) -> bytes: ...
    def file_exists(self, path: str) -> bool: ...
    def directory_exists(self, path: str) -> bool: ...
    def list_files(self, directory: str) -> list[str]: ...
    def script_file(self, name: str) -> bytes: ...


class NoHost:
    """Answers where there is no host, as in a unit test: from disk, granting no variable and no configuration."""

    def log(self, level: LogLevel, message: str) -> None:
        print(f"{level.value}: {message}", file=sys.stderr)

    def config(self) -> str:
        return "{}"

    def env(self, name: str) -> str | None:
        return None

    def read_file(self, path: str) -> str:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                return file.read()
        except (OSError, UnicodeError) as problem:
            raise PluginError(f"{path}: {problem}") from problem

    def read_part(self, path: str, offset: int, size: int) -> bytes:
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as problem:
            raise PluginError(f"{path}: {problem}") from problem

    def file_exists(self, path: str) -> bool:
        return os.path.isfile(path)

    def directory_exists(self, path: str) -> bool:
        return os.path.isdir(path)

    def list_files(self, directory: str) -> list[str]:
        return [os.path.join(where, name) for where, _, names in os.walk(directory) for name in names]

    def script_file(self, name: str) -> bytes:
        """Beside the module of the plugin that the test imported."""
        from .plugin import Plugin

        folders = {os.path.dirname(os.path.abspath(file)) for file in map(_file_of, _descendants(Plugin)) if file}
        for folder in sorted(folders):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return self.read_part(path, 0, -1)
        raise PluginError(f"the plugin's folder holds no file `{name}`")


def _descendants(base: type[Any]) -> Iterator[type[Any]]:
    for child in base.__subclasses__():
        yield child
        yield from _descendants(child)


def _file_of(plugin: type[Any]) -> str | None:
    return getattr(sys.modules.get(plugin.__module__), "__file__", None)


_host: Host = NoHost()


def use(answering: Host) -> Host:
    """Lets another one answer from now on, and gives back the one before. For the runner and `farmhand.testing`."""
    global _host
    before, _host = _host, answering
    return before
