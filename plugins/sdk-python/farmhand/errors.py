"""The errors of a plugin's own code. What becomes of a render that fails is in `verdict` and `event`."""

from __future__ import annotations

__all__ = ["PluginError"]


class PluginError(Exception):
    """Why a plugin could not answer. Raise it where there is something to say; any other exception is told to the
    author as well, with its type and its traceback."""
