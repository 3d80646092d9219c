"""Whether the values that a plugin hands back have the types that their classes say. What a value means is checked
elsewhere.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

from . import command, context, descriptor, event, hooks, needs, verdict

__all__ = ["mistake_in"]

#: What is wrong with a value that stands at a place, or None.
_Check = Callable[[Any, str], "str | None"]

#: Whole numbers that are not counts below 2**32.
_RANGES = {
    "frame": range(-(1 << 31), 1 << 31),
    "first": range(-(1 << 31), 1 << 31),
    "last": range(-(1 << 31), 1 << 31),
    "step": range(1, 1 << 32),
    "bytes": range(1 << 64),
    "memory_bytes": range(1 << 64),
}
_COUNT = range(1 << 32)


def mistake_in(value: object) -> str | None:
    """The first field of one of the SDK's values that is not what its class says; None where all are."""
    for name, check in _FIELDS.get(type(value), ()):
        mistake = check(getattr(value, name, None), name)
        if mistake:
            return mistake
    return None


def _expected(place: str, value: object, what: str) -> str:
    text = repr(value)
    return f"`{place}` is {text[:80]}{'…' if len(text) > 80 else ''}: {what} was expected"


def _check_of(hint: Any, name: str) -> _Check:
    """The check that a type hint asks for."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return lambda value, place: None
    if origin in (typing.Union, types.UnionType):
        options = [_check_of(one, name) for one in arguments if one is not type(None)]
        has_none = type(None) in arguments

        def one_of(value: Any, place: str) -> str | None:
            if value is None and has_none:
                return None
            mistakes = [option(value, place) for option in options]
            return None if None in mistakes else mistakes[0]

        return one_of
    if origin in (list, tuple):
        entry = _check_of(arguments[0], name)

        def each(value: Any, place: str) -> str | None:
            if not isinstance(value, (list, tuple)):
                return _expected(place, value, "a list")
            return next(filter(None, (entry(one, f"{place}[{at}]") for at, one in enumerate(value))), None)

        return each
    if origin is dict:
        inside = _check_of(arguments[1], name)

        def every(value: Any, place: str) -> str | None:
            if not isinstance(value, dict):
                return _expected(place, value, "a dict")
            for key, one in value.items():
                mistake = _text(key, f"a name in {place}") or inside(one, f"{place}[{key!r}]")
                if mistake:
                    return mistake
            return None

        return every
    if hint is str:
        return _text
    if hint is int:
        allowed = _RANGES.get(name, _COUNT)
        what = f"a whole number from {allowed.start} to {allowed.stop - 1}"
        return lambda value, place: None if type(value) is int and value in allowed else _expected(place, value, what)
    if hint is float:
        return lambda value, place: None if type(value) in (float, int) else _expected(place, value, "a number")
    if hint is bool:
        return lambda value, place: None if type(value) is bool else _expected(place, value, "True or False")
    what = f"a farmhand.{hint.__name__}"

    def instance(value: Any, place: str) -> str | None:
        if not isinstance(value, hint):
            return _expected(place, value, what)
        inner = None if isinstance(value, Enum) else mistake_in(value)
        return f"`{place}`: {inner}" if inner else None

    return instance


def _text(value: Any, place: str) -> str | None:
    if not isinstance(value, str):
        return _expected(place, value, "a text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return _expected(place, value, "a text without halves of characters")
    return None


_FIELDS: dict[type, list[tuple[str, _Check]]] = {
    kind: [(name, _check_of(hint, name)) for name, hint in typing.get_type_hints(kind).items()]
    for module in (command, context, descriptor, event, hooks, needs, verdict)
    for kind in vars(module).values()
    if isinstance(kind, type) and is_dataclass(kind)
}
