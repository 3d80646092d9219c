"""The standard verdicts, with the cases of the Rust SDK's `policy`."""

import unittest

from farmhand import Cause, Decision, EndedBy, Fact, Fault, FrameRuns, Outcome, Severity, Task, Verdict, policy

DONE, MISSING = FrameRuns.range(1, 3), FrameRuns.range(4, 5)


def missing(**fields):
    return Outcome(**{"exit_code": 1, "frames_done": DONE, "frames_missing": MISSING, **fields})


def whole(**fields):
    return Outcome(**{"exit_code": 1, "frames_done": FrameRuns.range(1, 5), **fields})


def decide(outcome, level=0, try_number=1):
    verdict = policy.standard(Task(level=level, try_number=try_number), outcome, 2)
    return (verdict.decision, verdict.after_ms) if verdict.decision is Decision.RETRY else verdict.decision


class Standard(unittest.TestCase):
    def test_verified_frames_count_whatever_the_exit_code_says(self):
        for outcome, reason in (
            (whole(), "all 5 frames are verified; exit code 1 came after the last image"),
            (whole(exit_code=0), "all 5 frames are verified"),
            (whole(exit_code=None, signal=11), "all 5 frames are verified; signal 11 came after the last image"),
            (whole(exit_code=0, frames_done=FrameRuns.range(4, 4)), "the frame is verified"),
        ):
            self.assertEqual(policy.standard(Task(), outcome, 2), Verdict(Decision.ACCEPT, reason))

    def test_whole_images_are_not_believed_after_a_fault_that_spoils_them(self):
        for cause, decision in (
            (Cause.MEMORY, (Decision.RETRY, 2_000)),
            (Cause.LICENCE, Decision.QUARANTINE_NODE),
            (Cause.CRASH, Decision.ACCEPT),
            (Cause.DISK, Decision.ACCEPT),
        ):
            spoiled = whole(faults=[Fault(Severity.WORKER_FATAL, cause, "it broke")])
            self.assertEqual(decide(spoiled), decision, cause)

    def test_the_fault_decides(self):
        frame, worker, passing = Severity.FRAME_FATAL, Severity.WORKER_FATAL, Severity.TRANSIENT
        for severity, cause, of_frame, level, try_number, decision in (
            (frame, Cause.SCRIPT, None, 0, 1, Decision.FAIL_JOB),
            (frame, Cause.SCRIPT, 4, 0, 1, Decision.FAIL_FRAMES),
            (frame, Cause.SCENE, 4, 0, 1, Decision.FAIL_JOB),
            (frame, Cause.MISSING_FILE, None, 0, 1, Decision.FAIL_JOB),
            (frame, Cause.MISSING_FILE, 4, 0, 1, Decision.FAIL_FRAMES),
            (frame, Cause.DISK, 4, 0, 1, Decision.FAIL_JOB),
            (frame, Cause.MEMORY, 4, 0, 1, (Decision.RETRY, 2_000)),
            (worker, Cause.MEMORY, None, 1, 2, (Decision.RETRY, 4_000)),
            (worker, Cause.MEMORY, None, 0, 3, Decision.FALL_BACK),
            (worker, Cause.MEMORY, None, 1, 3, Decision.FAIL_FRAMES),
            (worker, Cause.GPU, None, 0, 1, Decision.FALL_BACK),
            (worker, Cause.GPU, None, 1, 1, Decision.FAIL_FRAMES),
            (worker, Cause.DISK, None, 0, 1, Decision.QUARANTINE_NODE),
            (frame, Cause.CRASH, 4, 0, 1, (Decision.RETRY, 2_000)),
            (frame, Cause.CRASH, 4, 0, 2, Decision.FALL_BACK),
            (passing, Cause.LICENCE, None, 0, 2, (Decision.RETRY, 60_000)),
            (passing, Cause.DISK, None, 0, 1, (Decision.RETRY, 5_000)),
        ):
            outcome = missing(faults=[Fault(severity, cause, "it broke", of_frame)])
            self.assertEqual(decide(outcome, level, try_number), decision, (severity, cause))

    def test_the_weightiest_fault_decides_and_of_equals_the_first(self):
        passing = Fault(Severity.TRANSIENT, Cause.DISK, "busy")
        broken = Fault(Severity.WORKER_FATAL, Cause.OTHER, "broken")
        scene = Fault(Severity.FRAME_FATAL, Cause.SCENE, "no camera")
        script = Fault(Severity.FRAME_FATAL, Cause.SCRIPT, "raised")
        for faults, reason in (
            ([passing, broken], "broken"),
            ([broken, scene], "no camera"),
            ([script, scene], "raised"),
        ):
            self.assertEqual(policy.standard(Task(), missing(faults=faults), 2).reason, reason)

    def test_without_a_fault_the_way_it_ended_decides(self):
        itself, stall, limit, lost = EndedBy.ITSELF, EndedBy.STALL, EndedBy.TIME_LIMIT, EndedBy.LOST
        for code, signal, ended_by, level, try_number, decision in (
            (0, None, itself, 0, 1, Decision.FALL_BACK),
            (0, None, itself, 1, 1, Decision.FAIL_FRAMES),
            (127, None, itself, 0, 1, Decision.QUARANTINE_NODE),
            (None, 9, itself, 0, 1, (Decision.RETRY, 10_000)),
            (137, None, itself, 0, 2, (Decision.RETRY, 20_000)),
            (None, 15, itself, 0, 1, (Decision.RETRY, 2_000)),
            (None, 11, itself, 0, 1, (Decision.RETRY, 2_000)),
            (-1_073_741_819, None, itself, 0, 2, Decision.FALL_BACK),
            (None, None, itself, 0, 1, (Decision.RETRY, 2_000)),
            (None, 9, stall, 0, 2, Decision.FALL_BACK),
            (None, 9, limit, 1, 2, Decision.FAIL_FRAMES),
            (None, None, lost, 1, 9, (Decision.RETRY, 0)),
        ):
            outcome = missing(exit_code=code, signal=signal, ended_by=ended_by)
            self.assertEqual(decide(outcome, level, try_number), decision, outcome)

    def test_the_reason_names_the_frames(self):
        reason = policy.standard(Task(level=1), missing(exit_code=3), 2).reason
        self.assertEqual(
            reason, "it ended with exit code 3 and left no image of frames 4-5; there is no level left to try"
        )

    def test_a_hook_may_hold_the_job(self):
        outcome = whole(facts=[Fact("hold", "no"), Fact("hold", "look at it")])
        self.assertEqual(policy.standard(Task(), outcome, 2), Verdict(Decision.HOLD_JOB, "look at it"))

    def test_the_parts(self):
        self.assertEqual([policy.back_off(5_000, number) for number in (1, 3, 30)], [5_000, 20_000, 300_000])
        for code, decision in ((0, Decision.FAIL_JOB), (1, Decision.FALL_BACK)):
            self.assertEqual(policy.own_fault(Task(), missing(exit_code=code), 2, "x").decision, decision)


if __name__ == "__main__":
    unittest.main()
