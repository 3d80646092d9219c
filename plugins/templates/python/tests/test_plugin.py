import unittest

from farmhand import Cause, FrameStarted, Progress, Severity, testing
from plugin import Glow


class TheCommand(unittest.TestCase):
    def test_has_the_frames_and_the_options(self):
        task = testing.task(scene="/show/shot.glow", frames="1-3", options={"quality": 70})
        command = testing.command(Glow, task)
        self.assertEqual(command.args[:4], ["--frames", "1-3", "--threads", "4"])
        self.assertEqual(command.args[4:6], ["--quality", "70"])
        self.assertEqual(len(command.outputs), 3)

    def test_has_the_default_quality(self):
        self.assertIn("50", testing.command(Glow).args)


class TheReader(unittest.TestCase):
    def test_sees_progress(self):
        self.assertEqual(testing.events(Glow, "frame 3 42%"), [FrameStarted(3), Progress(0.42)])

    def test_sees_a_missing_licence(self):
        (fault,) = testing.events(Glow, "LICENCE: no seat for glow")
        self.assertEqual((fault.severity, fault.cause, fault.about), (Severity.TRANSIENT, Cause.LICENCE, "glow"))


if __name__ == "__main__":
    unittest.main()
