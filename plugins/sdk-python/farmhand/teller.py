"""Tells each warning and each fault once. DCCs repeat themselves on every frame and tile, and a reader that passed all
of it on would bury what matters. What a line means is not its business.
"""

from __future__ import annotations

from . import text
from .event import Event, Fault, Warned

__all__ = ["Teller"]

#: So many different warnings of an attempt are told.
MOST_WARNINGS = 200
#: The same for faults. They are counted apart, so that no flood of warnings hides one.
MOST_FAULTS = 1_000


class Teller:
    """What a reader has told of one attempt. Each method answers the event, or None where it is no news."""

    def __init__(self) -> None:
        self._warnings: set[str] = set()
        self._faults: set[tuple[str, int | None]] = set()

    def warn(self, warning: str) -> Event | None:
        """Tells a warning once, as long as a quote may be."""
        warning = text.quote(warning)
        if warning in self._warnings or len(self._warnings) >= MOST_WARNINGS:
            return None
        self._warnings.add(warning)
        return Warned(warning)

    def fault(self, fault: Fault, key: str | None = None) -> Event | None:
        """Tells a fault once in the attempt; `key` is what tells it from others, its message by default."""
        return self._tell((key or fault.message, None), fault)

    def fault_of_frame(self, fault: Fault, key: str | None = None) -> Event | None:
        """Tells a fault once for each frame; `key` is what tells it from others of the frame."""
        return self._tell((key or fault.message, fault.frame), fault)

    def _tell(self, key: tuple[str, int | None], fault: Fault) -> Event | None:
        if key in self._faults or len(self._faults) >= MOST_FAULTS:
            return None
        self._faults.add(key)
        return fault
