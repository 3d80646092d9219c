"""What a generated Python script tells farmhand: one line that begins with `@farmhand` and holds a JSON object. For a
DCC that runs Python, where a plugin writes the script that renders; `PRELUDE` is that script's side, `TOLD` the reader's.

    class Houdini(farmhand.Plugin):
        tools = ["hython"]
        lines = [report.TOLD]

        def build_command(self, task):
            script = report.PRELUDE + MY_SCRIPT
            return Command("hython", "render.py").write("render.py", script)

Nothing here is believed because it was reported: an image counts once the host has verified it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import policy
from .context import Job
from .event import (
    Cause,
    Event,
    Fact,
    Fault,
    FrameDone,
    FrameSkipped,
    FrameStarted,
    Progress,
    Severity,
    Warned,
)
from .lines import Match

if TYPE_CHECKING:
    from .reader import Reader

__all__ = ["PRELUDE", "TOLD", "frame_hooks"]

#: What a generated script begins with: `report(event, ...)`, `log(message)`, `fault(...)`, `stop(cause, message)`,
#: `what_is_wrong_with(path)` and `FrameHooks(scripts).run(moment, frame, ...)`. Python 3.7 and newer, standard library
#: only; the very text that the Rust SDK gives.
PRELUDE = Path(__file__).with_name("prelude.py").read_text(encoding="utf-8")


def frame_hooks(job: Job) -> list[dict[str, str]]:
    """The job's scripts around frames, as `FrameHooks` of the prelude takes them; write it with `json.dumps`."""
    return [
        {"name": hook.name, "path": hook.path, "moment": hook.moment.value, "on_failure": hook.on_failure.value}
        for hook in job.frame_hooks()
    ]


def _told(reader: Reader, found: re.Match[str]) -> Event | None:
    try:
        told = json.loads(found["json"])
        return _event(reader, told["event"], told)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        # A report that cannot be read is a warning, so that a script's mistake shows.
        return Warned(f"a generated script reported what nobody understands ({problem!r}): {found['json']}")


def _event(reader: Reader, kind: str, told: dict[str, Any]) -> Event | None:
    if kind == "frame-started":
        reader.frame = int(told["frame"])
        return FrameStarted(reader.frame)
    if kind == "progress":
        return Progress(min(max(float(told["part"]), 0.0), 1.0))
    if kind in ("frame-done", "frame-skipped"):
        image = reader.images.at(told["path"], int(told["frame"]))
        return None if image is None else (FrameDone(image) if kind == "frame-done" else FrameSkipped(image))
    if kind == "warning":
        return Warned(told["message"])
    if kind == "fault":
        severity, cause = Severity(told["severity"]), Cause(told["cause"])
        return Fault(severity, cause, told["message"], told.get("frame"), told.get("about"))
    if kind == "fact":
        return Fact(told["name"], told["value"])
    if kind == "hold":
        return Fact(policy.HOLD, told["message"])
    raise ValueError(f"there is no event {kind!r}")


#: The row that reads what such a script tells; put it first.
TOLD = Match(r"^\s*@farmhand (?P<json>.*)", _told)
