"""A farmhand plugin for a made-up renderer that is run as

    glow --frames 1-10 --threads 4 --quality 50 --output PATTERN SCENE

Put your renderer in its place from the top down; each step says what to change. `farmhand plugin watch` shows every
mistake with its line as soon as you save.
"""

import farmhand
from farmhand import Cause, Command, Match, Severity, done, fault, progress


class Glow(farmhand.Plugin):
    """Renders scenes of glow."""  # The page shows this line.

    # 1. What jobs and pages call it, which files are scenes of this renderer, and which program renders them. The program
    #    is looked for on PATH; a `farmhand.ToolSpec` in place of the text says where else to look.
    name = "glow"
    extensions = ["glow"]
    tools = ["glow"]

    # 2. What a job may set, as the properties of a JSON schema: farmhand checks jobs against it, and the page draws a
    #    form from it.
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

    # 3. What the renderer prints, and what it means: regular expressions, of which the first that is found counts.
    #    The names of their groups say what was found. `frame 3 42%` is progress; `wrote /a.0003.png` a finished image.
    lines = [
        Match(r"^frame (?P<frame>-?\d+) (?P<percent>\d+)%", progress),
        Match(r"^wrote (?P<path>.+)", done),
        Match(r"^LICENCE: (?P<message>.+)", fault(Severity.TRANSIENT, Cause.LICENCE, about="glow")),
        Match(r"^texture missing: (?P<path>.+)", fault(Severity.FRAME_FATAL, Cause.MISSING_FILE)),
    ]

    # 4. What to run for some frames. The renderer writes into a directory of the task's own (`images.pattern`, with
    #    `####` for the frame); farmhand moves each image to its place once it is whole.
    def build_command(self, task):
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

    # There is more where you need it: `validate(job)` refuses a job that cannot work, `judge(task, outcome)` decides
    # what the end of a process means, `before_task(task)` and its like run hooks.
