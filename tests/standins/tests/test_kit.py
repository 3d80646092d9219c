"""The fault-injection kit: what waits for ever, how faults are chosen and counted, the record, installations."""

import json
import os
import select
import signal
import subprocess
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import support
from standin.faults import FAULTS


class Waiting(support.Kit):
    """What waits for ever is waited for here by what it says, and then killed."""

    def started(self, command, **env):
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.dir,
            env=self.environment(**env),
            start_new_session=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(self.kill_group, process.pid)
        return process

    @staticmethod
    def kill_group(group):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def read_until(self, process, text):
        """Reads lines up to the one with the text; the end of the output fails the test."""
        for line in process.stdout:
            if text in line.decode("utf-8"):
                return
        self.fail("the output ended before: %s" % text)

    def render(self, fault):
        scene = self.scene("software.ma", [fault])
        return self.command("Render", "-r", "sw", "-proj", self.project, "-rd", self.out, "-s", 1, "-e", 3, scene)

    def test_a_hang_ends_when_it_is_asked_to(self):
        process = self.started(self.render({"fault": "hang", "variant": "png", "frames": "2"}))
        self.read_until(process, "double free or corruption")
        process.terminate()
        self.assertEqual(process.wait(support.PATIENCE), -signal.SIGTERM)
        self.assertEqual(self.numbers(), [1])

    def test_a_stubborn_hang_ends_when_it_is_killed(self):
        fault = {"fault": "hang", "variant": "png", "stubborn": True}
        process = self.started(self.render(fault))
        self.read_until(process, "double free or corruption")
        process.kill()
        self.assertEqual(process.wait(support.PATIENCE), -signal.SIGKILL)

    def test_a_dialog_is_a_child_that_waits(self):
        cases = [
            (self.render({"fault": "dialog"}), {}, "Fatal Error."),
            (self.render({"fault": "dialog", "variant": "anyway"}), {"MAYA_DISABLE_CER": "1"}, "Fatal Error."),
            (self.command("nuke", "-F", 1, "-x", self.scene("comp.nk", [{"fault": "dialog"}])), {}, "renders nothing"),
        ]
        for command, env, line in cases:
            self.scene("software.ma", [{"fault": "dialog", "variant": "anyway"}] if env else [{"fault": "dialog"}])
            with self.listening() as record:
                process = self.started(command, **dict(env, STANDIN_RECORD=record.name))
                self.read_until(process, line)
                self.wait_for_child(record)
            # Both the program and its dialog hold the pipe; it ends once the whole group is gone.
            self.kill_group(process.pid)
            process.stdout.read()
            process.wait(support.PATIENCE)

    def listening(self):
        """A record that the test reads as it is written."""
        path = os.path.join(self.dir, "pipe")
        if not os.path.exists(path):
            os.mkfifo(path)
        # Open for both, so that it does not end between two lines.
        return open(path, "r+b", buffering=0)

    def wait_for_child(self, record):
        text = b""
        while b'"kind": "child"' not in text:
            ready, _, _ = select.select([record], [], [], support.PATIENCE)
            self.assertTrue(ready, "no child was started")
            text += os.read(record.fileno(), 65536)

    def test_a_child_left_behind_keeps_the_pipe(self):
        process = self.started(self.render({"fault": "child-left-behind"}))
        self.assertEqual(process.wait(support.PATIENCE), 0)
        (child,) = self.records("child")
        os.kill(child["child"], 0)
        self.kill_group(process.pid)
        self.assertIn(b"completed.", process.stdout.read())

    def test_a_child_in_a_session_of_its_own(self):
        process = self.started(self.render({"fault": "child-left-behind", "session": True}))
        self.assertEqual(process.wait(support.PATIENCE), 0)
        (child,) = self.records("child")
        self.assertEqual(os.getsid(child["child"]), child["child"])
        os.kill(child["child"], signal.SIGKILL)


class Choosing(support.Kit):
    def test_times_are_counted_across_processes(self):
        state = os.path.join(self.dir, "state.json")
        scene = self.scene("software.ma", [{"fault": "210", "times": 2}], state=state)
        codes = [
            self.run_tool("Render", "-r", "sw", "-proj", self.project, "-rd", self.out, "-s", 1, "-e", 1, scene).code
            for _ in range(4)
        ]
        self.assertEqual(codes, [210, 210, 0, 0])

    def test_filters(self):
        cases = [
            ({"frames": "5"}, {}, True),
            ({"frames": "1-3x2"}, {}, False),
            ({"tool": "nuke"}, {}, True),
            ({"argv": "-ai:lve"}, {}, True),
            ({"argv": "-proj"}, {}, False),
            ({"layer": "beauty"}, {}, True),
            ({"env": {"CUDA_VISIBLE_DEVICES": "1"}}, {"CUDA_VISIBLE_DEVICES": "0"}, True),
            ({"env": {"CUDA_VISIBLE_DEVICES": "1"}}, {"CUDA_VISIBLE_DEVICES": "1"}, False),
        ]
        for filters, env, passes in cases:
            result = self.maya("Render", "software.ma", [dict(filters, fault="210")], **env)
            self.assertEqual(result.code == 0, passes, filters)

    def test_from_the_environment_and_from_copies(self):
        fault = [{"fault": "exit", "code": 7}]
        result = self.maya("Render", "software.ma", None, STANDIN_FAULTS=json.dumps(fault))
        self.assertEqual(result.code, 7)
        result = self.maya("Render", "software.ma", None, STANDIN_FAULTS=json.dumps({"faults": fault}))
        self.assertEqual(result.code, 7)

    def test_a_scene_is_found_inside_a_script(self):
        scene = self.scene("software.ma", [{"fault": "licence"}])
        cases = [repr(scene), json.dumps(scene), json.dumps(json.dumps({"scene": scene}))]
        for spelled in cases:
            text = "SCENE = %s\nimport maya.standalone as s\ns.initialize()\n" % spelled
            result = self.run_tool("mayapy", self.script(text))
            self.assertEqual(result.code, 1, spelled)
            self.assertIn("License was not obtained", result.text)

    def test_the_record_named_in_a_scene(self):
        record = os.path.join(self.dir, "own.jsonl")
        scene = self.scene("software.ma", [], record=record)
        self.run_tool(
            "Render",
            "-r",
            "sw",
            "-proj",
            self.project,
            "-rd",
            self.out,
            "-s",
            1,
            "-e",
            2,
            scene,
            CUDA_VISIBLE_DEVICES="1",
            MAYA_APP_DIR=self.dir,
        )
        self.record = record
        (run,) = self.records("run")
        self.assertEqual(run["argv"][-1], scene)
        self.assertEqual(run["cwd"], self.dir)
        self.assertEqual((run["env"]["CUDA_VISIBLE_DEVICES"], run["env"]["MAYA_APP_DIR"]), ("1", self.dir))
        self.assertEqual(self.frames(), [("defaultRenderLayer", 1), ("defaultRenderLayer", 2)])
        self.assertEqual([line["code"] for line in self.records("exit")], [0])

    def test_mistakes_in_faults_are_told(self):
        cases = [
            ([{"fault": "nope"}], "unknown fault `nope`"),
            ([{"fault": "210", "frame": "1"}], "unknown key `frame`"),
            ([{"fault": "210", "frames": "one"}], "`one` is not a frame range"),
            ([{"fault": "210", "tool": "maya"}], "`maya` is no tool"),
            ([{"fault": "memory", "variant": "disk"}], "no variant `disk`"),
            ([{"fault": "210", "times": 1}], "needs a `state` file"),
        ]
        for faults, text in cases:
            result = self.maya("Render", "software.ma", faults)
            self.assertEqual(result.code, 64, text)
            self.assertIn(text, result.text)
        result = self.maya("Render", "software.ma", None, STANDIN_FAULTS="{")
        self.assertEqual(result.code, 64)

    def test_the_readme_names_every_fault_and_variant(self):
        with open(os.path.join(support.STANDINS, "README.md"), encoding="utf-8") as file:
            text = file.read()
        for name, kind in FAULTS.items():
            self.assertIn("| `%s` |" % name, text)
            for variant in kind.variants:
                self.assertIn("`%s`" % variant, text, name)


class Install(support.Case):
    def test_versions_come_from_the_path(self):
        tree = os.path.join(self.dir, "apps")
        subprocess.check_call([os.path.join(support.STANDINS, "install"), tree, "maya2022", "maya2025", "Nuke14.0v5"])
        for version in ("2022", "2025"):
            mayapy = os.path.join(tree, "maya" + version, "bin", "mayapy")
            text = "import maya.standalone as s; s.initialize(); import maya.cmds as c; print(c.about(version=True))"
            done = subprocess.run(
                [sys.executable, mayapy, "-c", text],
                stdout=subprocess.PIPE,
                env=self.environment(),
                stderr=subprocess.DEVNULL,
            )
            self.assertEqual(done.stdout.decode("utf-8").strip(), version)
            self.assertTrue(os.access(os.path.join(tree, "maya" + version, "bin", "Render"), os.X_OK))
        done = subprocess.run(
            [sys.executable, os.path.join(tree, "Nuke14.0v5", "Nuke14.0"), "--version"],
            stdout=subprocess.PIPE,
            env=self.environment(),
        )
        self.assertIn(b"Nuke 14.0v5,", done.stdout)

    def test_what_is_no_version(self):
        done = subprocess.run(
            [os.path.join(support.STANDINS, "install"), self.dir, "houdini20"], stderr=subprocess.PIPE
        )
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
