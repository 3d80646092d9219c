"""The Python side of farmhand's plugin contract: what a plugin for one DCC is made of.

A plugin is one subclass of `Plugin` in a file of the plugins directory, and this is a whole one:

    import farmhand
    from farmhand import Command, Match, done, progress

    class Glow(farmhand.Plugin):
        extensions = ["glow"]
        tools = ["glow"]
        lines = [
            Match(r"^frame (?P<frame>\\d+) (?P<percent>\\d+)%", progress),
            Match(r"^wrote (?P<path>.+)", done),
        ]

        def build_command(self, task):
            return Command("glow", "--frames", task.frames, "--output", task.images("png").pattern, task.job.scene)

Everything is plain Python: unit tests need no host (`farmhand.testing`). In the daemon the plugin runs in a sandbox,
where files, variables and configuration come from `farmhand.host`.
"""

from . import host, path, policy, report, text
from .command import Command, Image, Movie, TextFile, Verify
from .context import EndedBy, Gpu, Job, Outcome, PathRule, PreparedJob, Problem, Task, Tool
from .descriptor import Descriptor, FrameShape, Level, ToolSpec
from .errors import PluginError
from .event import (
    Cause,
    Event,
    Fact,
    Fault,
    FrameDone,
    FrameSkipped,
    FrameStarted,
    MemoryUsed,
    Progress,
    Severity,
    Warned,
)
from .frames import FrameRun, FrameRuns, FrameStyle
from .hooks import (
    Action,
    Copy,
    Hook,
    HookScript,
    JobEnd,
    MakeDirectory,
    Moment,
    Move,
    Note,
    OnFailure,
    Remove,
    Run,
    Write,
)
from .images import Images
from .lines import Match, done, fact, fault, ignore, memory, progress, skipped, started, warning
from .needs import GpuNeed, Needs
from .options import Options
from .plugin import Plugin
from .reader import Reader
from .teller import Teller
from .template import Template, TemplateError
from .verdict import Decision, Verdict

__all__ = [
    "Action",
    "Cause",
    "Command",
    "Copy",
    "Decision",
    "Descriptor",
    "EndedBy",
    "Event",
    "Fact",
    "Fault",
    "FrameDone",
    "FrameRun",
    "FrameRuns",
    "FrameShape",
    "FrameSkipped",
    "FrameStarted",
    "FrameStyle",
    "Gpu",
    "GpuNeed",
    "Hook",
    "HookScript",
    "Image",
    "Images",
    "Job",
    "JobEnd",
    "Level",
    "MakeDirectory",
    "Match",
    "MemoryUsed",
    "Moment",
    "Move",
    "Movie",
    "Needs",
    "Note",
    "OnFailure",
    "Options",
    "Outcome",
    "PathRule",
    "Plugin",
    "PluginError",
    "PreparedJob",
    "Problem",
    "Progress",
    "Reader",
    "Remove",
    "Run",
    "Severity",
    "Task",
    "Teller",
    "Template",
    "TemplateError",
    "TextFile",
    "Tool",
    "ToolSpec",
    "Verdict",
    "Verify",
    "Warned",
    "Write",
    "done",
    "fact",
    "fault",
    "host",
    "ignore",
    "memory",
    "path",
    "policy",
    "progress",
    "report",
    "skipped",
    "started",
    "text",
    "warning",
]
