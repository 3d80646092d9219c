"""Unit tests of the plugin, for `python3 -m unittest` and pytest alike: no host, no renderer."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from farmhand import Cause, Decision, Fault, FrameDone, FrameStarted, Image, Progress, Severity, testing
from plugin import Glow


class TestGlow(unittest.TestCase):
    def test_the_command(self):
        task = testing.task("1-10", "/show/shot.glow", options={"quality": 70})
        command = testing.command(Glow, task)
        self.assertEqual(
            command.args,
            [
                *("--frames", "1-10", "--threads", "4", "--quality", "70"),
                *("--output", "/show/out/.staging/7/shot_####.png", "/show/shot.glow"),
            ],
        )
        self.assertEqual(len(command.outputs), 10)

    def test_the_log(self):
        log = "frame 3 0%\nframe 3 42%\nwrote /show/out/.staging/7/shot_0003.png\nsomething else\n"
        image = Image(3, "/show/out/.staging/7/shot_0003.png", "/show/out/shot_0003.png")
        self.assertEqual(testing.events(Glow, log), [FrameStarted(3), Progress(0.0), Progress(0.42), FrameDone(image)])

    def test_the_faults(self):
        log = "LICENCE: no seat for glow\nframe 3 1%\ntexture missing: /show/wood.png\n"
        faults = [event for event in testing.events(Glow, log) if isinstance(event, Fault)]
        self.assertEqual(
            faults,
            [
                Fault(Severity.TRANSIENT, Cause.LICENCE, "no seat for glow", about="glow"),
                Fault(
                    *(Severity.FRAME_FATAL, Cause.MISSING_FILE, "texture missing: /show/wood.png"),
                    *(3, "/show/wood.png"),
                ),
            ],
        )

    def test_the_verdict(self):
        ended = testing.outcome(done="1-2", missing="3-10", exit_code=1)
        verdict = testing.verdict(Glow, ended, log="LICENCE: no seat for glow")
        self.assertEqual((verdict.decision, verdict.after_ms), (Decision.RETRY, 30_000))


if __name__ == "__main__":
    unittest.main()
