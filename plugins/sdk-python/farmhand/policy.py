"""What the end of an attempt means for most DCCs. A plugin's `judge` looks at what is special about its DCC first and
leaves the rest to `standard`. The rules are those of the Rust SDK's `policy`, word for word.
"""

from __future__ import annotations

from .context import EndedBy, Outcome, Task
from .event import Cause, Fault, Severity
from .verdict import Decision, Verdict

__all__ = ["back_off", "fall_back", "own_fault", "retry_once", "signal_of", "spoils_images", "standard"]

#: The fact that a hook asked for the job to be held; its value is the reason.
HOLD = "hold"

_SPOILING = {Cause.LICENCE, Cause.MEMORY, Cause.MISSING_FILE, Cause.SCRIPT, Cause.GPU, Cause.SCENE}


def back_off(first_ms: int, try_number: int) -> int:
    """Waits longer with each try, up to five minutes."""
    return min(first_ms << min(max(try_number - 1, 0), 10), 300_000)


def fall_back(task: Task, levels: int, reason: str) -> Verdict:
    """The missing frames at the next level, or failed where this is the last of `levels`."""
    if task.level + 1 < levels:
        return Verdict(Decision.FALL_BACK, f"{reason}; the next level may do better")
    return Verdict(Decision.FAIL_FRAMES, f"{reason}; there is no level left to try")


def retry_once(task: Task, levels: int, reason: str) -> Verdict:
    """The missing frames once more at this level, and at the next after that."""
    if task.try_number <= 1:
        return Verdict(Decision.RETRY, f"{reason}; one more try", 2_000)
    return fall_back(task, levels, reason)


#: Tries of a level in which the host may give more memory to what ran out of it.
_MEMORY_TRIES = 3


def out_of_memory(task: Task, levels: int, reason: str) -> Verdict:
    """The missing frames once more at this level, as long as more memory or another GPU may help, and at the next after
    that. The host leases more for each try, and goes on to the next level by itself where the node has no more."""
    if task.try_number < _MEMORY_TRIES:
        reason = f"{reason}; another try, with more memory where there is more"
        return Verdict(Decision.RETRY, reason, back_off(2_000, task.try_number))
    return fall_back(task, levels, reason)


def own_fault(task: Task, outcome: Outcome, levels: int, reason: str) -> Verdict:
    """What a fault of the plugin's own making means. After a good end it is the host that refuses a file: the scene's
    own output lies where farmhand may not write, and it does so at every level. Otherwise another level asks the DCC in
    another way."""
    if outcome.exit_code == 0:
        return Verdict(Decision.FAIL_JOB, reason)
    return fall_back(task, levels, reason)


def spoils_images(fault: Fault) -> bool:
    """Whether a fault makes images doubtful that look whole: a renderer that ran out of GPU memory or misses its
    licence still writes files, and says that it did."""
    return fault.severity is not Severity.TRANSIENT and fault.cause in _SPOILING


def standard(task: Task, outcome: Outcome, levels: int) -> Verdict:
    """What the end of an attempt means when all that is known is how its process ended, which frames were verified, and
    which faults were seen. `levels` is how many the plugin has."""
    hold = outcome.fact(HOLD)
    if hold is not None:
        return Verdict(Decision.HOLD_JOB, hold)
    if not outcome.frames_missing and not any(map(spoils_images, outcome.faults)):
        return _accept(outcome)
    if outcome.ended_by is EndedBy.LOST:
        return Verdict(Decision.RETRY, "the host lost the process, which says nothing about the frames")
    if outcome.ended_by is EndedBy.TIME_LIMIT:
        return retry_once(task, levels, "it ran over its time limit")
    if outcome.ended_by is EndedBy.STALL:
        return retry_once(task, levels, "it was stuck: no output, no CPU use and no new file for too long")
    if outcome.faults:
        # Of equals the first, since what goes wrong first tends to cause the rest.
        return _for_fault(task, min(outcome.faults, key=_weight), levels)
    return _for_end(task, outcome, levels)


def _accept(outcome: Outcome) -> Verdict:
    frames = outcome.frames_done.count
    every = "the frame is verified" if frames == 1 else f"all {frames} frames are verified"
    if outcome.exit_code:
        every += f"; exit code {outcome.exit_code} came after the last image"
    elif outcome.exit_code is None and outcome.signal is not None:
        every += f"; signal {outcome.signal} came after the last image"
    return Verdict(Decision.ACCEPT, every)


def _weight(fault: Fault) -> int:
    """The fault that decides weighs least: one that no other node or try will change comes first, then one of this
    node, then those that pass."""
    if fault.severity is Severity.FRAME_FATAL:
        return {Cause.SCRIPT: 0, Cause.SCENE: 0, Cause.MISSING_FILE: 1}.get(fault.cause, 4)
    if fault.severity is Severity.WORKER_FATAL:
        return 2 if fault.cause in (Cause.MEMORY, Cause.GPU) else 3
    return 5


def _for_fault(task: Task, fault: Fault, levels: int) -> Verdict:
    message, cause = fault.message, fault.cause
    if fault.severity is Severity.TRANSIENT:
        first_ms = 30_000 if cause is Cause.LICENCE else 5_000
        return Verdict(Decision.RETRY, message, back_off(first_ms, task.try_number))
    if cause is Cause.MEMORY:
        return out_of_memory(task, levels, message)
    if cause is Cause.GPU:
        return fall_back(task, levels, message)
    if fault.severity is Severity.WORKER_FATAL:
        return Verdict(Decision.QUARANTINE_NODE, message)
    if cause in (Cause.SCRIPT, Cause.MISSING_FILE):
        # A script or a file of one frame: the others may well be rendered.
        return Verdict(Decision.FAIL_JOB if fault.frame is None else Decision.FAIL_FRAMES, message)
    if cause in (Cause.SCENE, Cause.DISK):
        return Verdict(Decision.FAIL_JOB, message)
    return retry_once(task, levels, message)


def _for_end(task: Task, outcome: Outcome, levels: int) -> Verdict:
    """No fault was seen: only the way it ended is left."""
    signal = signal_of(outcome)
    if signal == 9:
        reason = "it was killed (signal 9) without a word, most likely because the machine ran out of memory"
        return Verdict(Decision.RETRY, reason, back_off(10_000, task.try_number))
    if signal in (2, 15):
        return Verdict(Decision.RETRY, f"somebody ended the process (signal {signal})", 2_000)
    if signal is not None:
        return retry_once(task, levels, f"it crashed (signal {signal})")
    code = outcome.exit_code
    if code is None:
        return retry_once(task, levels, "it ended and nobody knows how")
    if code == 127:
        reason = "the program could not start here (exit code 127): a shared library is missing"
        return Verdict(Decision.QUARANTINE_NODE, reason)
    frames = f"frame{'' if outcome.frames_missing.count == 1 else 's'} {outcome.frames_missing}"
    if code == 0:
        return fall_back(task, levels, f"it ended well but left no good image of {frames}")
    return fall_back(task, levels, f"it ended with exit code {code} and left no image of {frames}")


def signal_of(outcome: Outcome) -> int | None:
    """The signal that ended it; a wrapper script reports its child's as 128 + n, Windows a crash as a status code."""
    code = outcome.exit_code
    if outcome.signal is not None or code is None:
        return outcome.signal
    if 129 <= code <= 159:
        return code - 128
    # 0xC0000005 and its kind: access violation, stack overflow, illegal instruction.
    return 11 if 0xC000_0000 <= code & 0xFFFF_FFFF < 0xC001_0000 else None
