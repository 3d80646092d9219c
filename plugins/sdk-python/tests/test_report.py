"""What a generated script tells: the prelude's side and the reader's, put together."""

import contextlib
import io
import json
import os
import unittest

from farmhand import (
    Cause,
    Fact,
    Fault,
    FrameDone,
    FrameSkipped,
    FrameStarted,
    HookScript,
    Image,
    Moment,
    OnFailure,
    Progress,
    Reader,
    Severity,
    Warned,
    report,
    testing,
)


def read(line):
    return Reader(testing.task(), [report.TOLD]).read(line.splitlines())


class Told(unittest.TestCase):
    def test_reports_are_read_and_other_lines_are_not(self):
        path = "/show/out/.staging/7/a.png"
        image = Image(3, path, "/show/out/a.png")
        for told, event in (
            ({"event": "frame-started", "frame": -3}, FrameStarted(-3)),
            ({"event": "progress", "part": 7}, Progress(1.0)),
            ({"event": "frame-done", "frame": 3, "path": path}, FrameDone(image)),
            ({"event": "frame-skipped", "frame": 3, "path": path}, FrameSkipped(image)),
            ({"event": "warning", "message": "w"}, Warned("w")),
            ({"event": "fact", "name": "maya", "value": "2024"}, Fact("maya", "2024")),
            ({"event": "hold", "message": "look at it"}, Fact("hold", "look at it")),
            (
                {"event": "fault", "severity": "worker-fatal", "cause": "missing-file", "message": "m", "about": "/x"},
                Fault(Severity.WORKER_FATAL, Cause.MISSING_FILE, "m", None, "/x"),
            ),
        ):
            self.assertEqual(read("@farmhand " + json.dumps(told)), [event])
        for line in ("Rendering frame 3", "@farmhandle {}", "x @farmhand {}"):
            self.assertEqual(read(line), [], line)

    def test_what_nobody_understands_is_a_warning(self):
        for told in ("nonsense", '{"event": "party"}', "[]", '{"event": "progress"}', '{"event": "fault"}', "{}"):
            (event,) = read(f"@farmhand {told}")
            self.assertIsInstance(event, Warned)
            self.assertIn(told, event.message)

    def test_the_prelude_is_understood(self):
        script = {}
        exec(compile(report.PRELUDE, "prelude.py", "exec"), script)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            script["report"]("frame-started", frame=4)
            script["fault"]("frame-fatal", "scene", "no camera", frame=4)
            with self.assertRaises(script["Stop"]):
                script["stop"]("script", "it raised")
        self.assertEqual(
            read(said.getvalue()),
            [
                FrameStarted(4),
                Fault(Severity.FRAME_FATAL, Cause.SCENE, "no camera", 4),
                Fault(Severity.FRAME_FATAL, Cause.SCRIPT, "it raised"),
            ],
        )

    def test_the_prelude_is_the_one_of_the_rust_sdk(self):
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "..", "..", "sdk", "src", "report.py"), encoding="utf-8") as file:
            self.assertEqual(report.PRELUDE, file.read())

    def test_frame_hooks_go_into_the_script(self):
        hook = HookScript("a.py", "/h/a.py", Moment.AFTER_FRAME, OnFailure.HOLD)
        job = testing.job(hook_scripts=[hook, HookScript("b.py", "/h/b.py", Moment.AFTER_JOB)])
        told = {"name": "a.py", "path": "/h/a.py", "moment": "after-frame", "on_failure": "hold"}
        self.assertEqual(report.frame_hooks(job), [told])


if __name__ == "__main__":
    unittest.main()
