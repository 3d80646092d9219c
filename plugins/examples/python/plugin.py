"""Renders scenes of glow, a made-up renderer that is run as

    glow --frames 1-10 --threads 4 --quality 50 --output PATTERN SCENE
"""

import farmhand
from farmhand import Cause, Command, Match, Severity, done, fault, progress


class Glow(farmhand.Plugin):
    """Renders scenes of glow."""

    extensions = ["glow"]
    tools = ["glow"]
    options = {
        "quality": {
            "title": "Quality",
            "description": "From 1, quick and noisy, to 100.",
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 50,
        },
    }

    # What glow prints, and what it means. The first row that a line matches counts.
    lines = [
        Match(r"^frame (?P<frame>-?\d+) (?P<percent>\d+)%", progress),
        Match(r"^wrote (?P<path>.+)", done),
        Match(r"^LICENCE: (?P<message>.+)", fault(Severity.TRANSIENT, Cause.LICENCE, about="glow")),
        Match(r"^texture missing: (?P<path>.+)", fault(Severity.FRAME_FATAL, Cause.MISSING_FILE)),
    ]

    def build_command(self, task):
        # glow writes into the task's staging directory; the host moves each image on once it is verified.
        images = task.images("png")
        return Command(
            "glow",
            *("--frames", task.frames),
            *("--threads", task.threads),
            *("--quality", task.job.options.quality),
            *("--output", images.pattern),
            task.job.scene,
            outputs=images.all(),
        )
