"""What the end of an attempt means. The usual answer is in `policy`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Decision", "Verdict"]


class Decision(Enum):
    """What should happen to the frames that an attempt left undone. Frames whose images were verified stay done under
    every decision but `FAIL_JOB`."""

    #: The frames done are done; those missing, if any, go back to the queue.
    ACCEPT = "accept"
    #: The missing frames again at this level, after the verdict's `after_ms`.
    RETRY = "retry"
    #: The missing frames at the next level.
    FALL_BACK = "fall-back"
    #: The missing frames fail; the job goes on.
    FAIL_FRAMES = "fail-frames"
    #: The job fails.
    FAIL_JOB = "fail-job"
    #: This node takes no more of this plugin's tasks until someone looks, or the breaker half-opens. Where the fault
    #: names a GPU, it is only that GPU.
    QUARANTINE_NODE = "quarantine-node"
    #: The missing frames go back, and the job waits until a person lets it go on.
    HOLD_JOB = "hold-job"


@dataclass(frozen=True)
class Verdict:
    """A decision with its reason."""

    decision: Decision
    #: What the wrangler reads: why this was decided, in one sentence.
    reason: str
    #: For `Decision.RETRY`: after how many milliseconds.
    after_ms: int = 0
