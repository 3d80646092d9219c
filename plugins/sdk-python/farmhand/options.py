"""A job's options, with the defaults of the plugin's schema filled in. The host has checked them against the schema
before a plugin sees them, except in a test.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

__all__ = ["Options", "defaults_of", "schema_of"]


class Options(dict[str, Any]):
    """Options by name: `options.quality` or `options["quality"]`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(self._unknown(name), name=name, obj=None) from None

    def __missing__(self, name: str) -> Any:
        raise KeyError(self._unknown(name))

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self, 1)
        if near:
            return f"no option `{name}` is set and it has no default; did you mean `{near[0]}`?"
        known = ", ".join(f"`{known}`" for known in self) or "none"
        return f"no option `{name}` is set and it has no default; those with a value: {known}"


def schema_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The whole schema, where a plugin writes only its properties."""
    if options.get("type") == "object":
        return dict(options)
    return {"type": "object", "additionalProperties": False, "properties": dict(options)}


def defaults_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The default of each property that has one."""
    properties = schema.get("properties") or {}
    return {name: one["default"] for name, one in properties.items() if isinstance(one, Mapping) and "default" in one}
