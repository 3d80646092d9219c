"""Paths as text, on the node's own system: a plugin runs in WebAssembly, where `os.path` knows only one kind of
separator, and its paths may be Windows paths. Nothing here looks at a disk or resolves `..`.
"""

from __future__ import annotations

import re

__all__ = ["extension", "is_absolute", "join", "safe_name", "split", "stem", "with_extension"]

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
_DRIVE_ROOT = re.compile(r"[A-Za-z]:[/\\]")
# What follows the last dot is an extension only where it has letters or digits alone and not digits only, so that
# `shot.####` and `shot.0001` have none.
_EXTENSION = re.compile(r".+\.([0-9]*[A-Za-z][A-Za-z0-9]*)", re.ASCII | re.DOTALL)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]')


def is_absolute(path: str) -> bool:
    r"""Whether the path starts at a root: `/x`, `C:\x`, `C:/x`, `\\server\share`."""
    return _ABSOLUTE.match(path) is not None


def split(path: str) -> tuple[str, str]:
    """The directory and the last component: `/a/b.png` gives `/a` and `b.png`. A path that ends in a separator has
    an empty last component."""
    at = max(path.rfind("/"), path.rfind("\\"))
    if at < 0:
        return "", path
    is_root = at == 0 or (at == 2 and _DRIVE_ROOT.match(path) is not None)
    return path[: at + 1 if is_root else at], path[at + 1 :]


def stem(path: str) -> str:
    """The last component without its extension: `shot.v2` of `/a/shot.v2.blend`, `shot.####` of `/a/shot.####`."""
    name = split(path)[1]
    found = _EXTENSION.fullmatch(name)
    return name[: found.start(1) - 1] if found else name


def extension(path: str) -> str | None:
    """The last component's extension without its dot: `blend` of `/a/shot.v2.blend`, None of `/a/shot.0001`."""
    found = _EXTENSION.fullmatch(split(path)[1])
    return found[1] if found else None


def with_extension(path: str, wanted: str) -> str:
    """The path with this extension where it has none of its own; as it is otherwise."""
    return path if extension(path) else f"{path}.{wanted.removeprefix('.')}"


def join(directory: str, child: str) -> str:
    """`child` inside `directory`, with the separator that the directory uses."""
    if not directory or is_absolute(child):
        return child
    if directory.endswith(("/", "\\")):
        return directory + child
    separator = "\\" if "\\" in directory and "/" not in directory else "/"
    return f"{directory}{separator}{child}"


def safe_name(name: str) -> str:
    """A name that is safe as one component of a path on every system."""
    safe = _UNSAFE.sub("_", name)
    return "_" * max(len(safe), 1) if not safe.strip(".") else safe
