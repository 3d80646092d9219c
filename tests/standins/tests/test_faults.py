"""The fault-injection kit: what each fault says, leaves behind and ends with; how faults are chosen and counted."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import support
from standin.faults import FAULTS

ARNOLD_ABORT = "aborting render because this is a batch render and abort_on_license_fail option is enabled"
SCRIPT = """
import sys
import maya.standalone
maya.standalone.initialize()
from maya import cmds
cmds.file(sys.argv[1], open=True, force=True)
cmds.workspace(fileRule=["images", sys.argv[2]])
for frame in (1, 2, 3):
    %s
maya.standalone.uninitialize()
"""
CALLS = {
    "arnold.ma": 'cmds.arnoldRender(batch=True, seq=str(frame), camera="persp")',
    "redshift.ma": "cmds.currentTime(frame); cmds.rsRender(render=True)",
    "software.ma": 'cmds.setAttr("defaultRenderGlobals.startFrame", frame); '
    'cmds.setAttr("defaultRenderGlobals.endFrame", frame); cmds.render("persp")',
    "vray.ma": 'cmds.setAttr("vraySettings.animType", 2); '
    'cmds.setAttr("vraySettings.animFrames", str(frame), type="string"); cmds.vrend(camera="persp")',
}
RENDERERS = {
    "arnold.ma": "arnold",
    "redshift.ma": "redshift",
    "software.ma": "sw",
    "vray.ma": "vray",
    "renderman.ma": "renderman",
}


class Kit(support.Case):
    def maya(self, tool, scene, faults, *flags, **env):
        """Frames 1 to 3 of a sample scene with these faults, in a fresh output folder."""
        shutil.rmtree(self.out, ignore_errors=True)
        path = self.scene(scene, faults)
        if tool == "mayapy":
            return self.run_tool("mayapy", self.script(SCRIPT % CALLS[scene]), path, self.out, **env)
        line = ["-r", RENDERERS[scene], "-proj", self.project, "-rd", self.out]
        if scene == "renderman.ma":
            line = line[:4]
        return self.run_tool("Render", *(line + list(flags) + ["-s", 1, "-e", 3, path]), **env)

    def nuke(self, faults, *switches, **env):
        self.out = os.path.join(self.dir, "renders")
        shutil.rmtree(self.out, ignore_errors=True)
        script = self.scene("comp.nk", faults)
        return self.run_tool("nuke", *(list(switches) + ["-X", "Matte", "-F", "1-3", "-x", script]), **env)

    def numbers(self):
        """The frames that have an image."""
        return [int(image.split(".")[-2]) for image in self.images()]


class Maya(Kit):
    def test_faults_of_render(self):
        two = {"frames": "2"}
        cases = [
            # scene, fault, code, frames with an image, lines
            ("arnold.ma", {"fault": "licence"}, 0, [], [ARNOLD_ABORT, "[clm.v1] generic license checkout error (22)"]),
            ("arnold.ma", {"fault": "licence", "variant": "rlm"}, 0, [], ["No license for product (-1)"]),
            (
                "arnold.ma",
                {"fault": "licence", "variant": "clm44"},
                0,
                [],
                ["error (44)", "could not initialize license"],
            ),
            ("arnold.ma", {"fault": "licence", "variant": "library"}, 0, [], ["[clm.v1] error loading a library (4)"]),
            ("arnold.ma", dict(two, fault="licence"), 0, [1, 3], ["[mtoa] Failed batch render", "completed."]),
            (
                "arnold.ma",
                {"fault": "licence", "product": "maya"},
                1,
                [],
                ["FLEXlm error:", "License was not obtained"],
            ),
            ("software.ma", {"fault": "licence"}, 1, [], ["FLEXlm error:", "Maya exited with status 1"]),
            ("redshift.ma", {"fault": "licence"}, 210, [], ["License error: (RLM) All licenses in use (-22)"]),
            ("redshift.ma", {"fault": "licence", "variant": "maxon"}, 210, [], ["User not logged in (7)"]),
            ("vray.ma", {"fault": "licence"}, 210, [], ["error: Could not obtain a license"]),
            ("renderman.ma", {"fault": "licence"}, 210, [], ["{SEVERE} License"]),
            (
                "arnold.ma",
                {"fault": "watermark"},
                0,
                [1, 2, 3],
                ["rendering with watermarks because of failed authorization"],
            ),
            (
                "arnold.ma",
                dict(two, fault="memory"),
                210,
                [1],
                ["Not enough storage is available to process this command."],
            ),
            (
                "redshift.ma",
                {"fault": "memory", "variant": "gpu"},
                210,
                [],
                ["There's less than 128MB of free VRAM once fixed data", "Frame rendering aborted."],
            ),
            ("vray.ma", {"fault": "memory"}, 210, [], ["Memory allocation failure;"]),
            ("arnold.ma", dict(two, fault="missing-texture"), 210, [1], ["[texturesys] unspecified OIIO error"]),
            (
                "arnold.ma",
                {"fault": "missing-texture", "variant": "unreadable"},
                210,
                [],
                ["Error reading pixel data from image file"],
            ),
            ("software.ma", {"fault": "missing-texture"}, 0, [1, 2, 3], ["Failed to open IFF file for reading"]),
            (
                "arnold.ma",
                {"fault": "missing-asset", "path": "/c/x.abc"},
                210,
                [],
                ["[alembic] invalid archive: /c/x.abc"],
            ),
            ("arnold.ma", {"fault": "missing-asset", "variant": "ass"}, 210, [], ["ERROR   | [ass] can't open"]),
            ("vray.ma", {"fault": "missing-asset", "variant": "vrscene"}, 210, [], ["V-Ray error: No file"]),
            ("software.ma", {"fault": "missing-asset", "variant": "script"}, 210, [], ["for source statement."]),
            ("arnold.ma", dict(two, fault="crash"), -signal.SIGSEGV, [1], []),
            ("arnold.ma", {"fault": "crash", "variant": "abort"}, -signal.SIGABRT, [], ["signal caught: SIGABRT"]),
            (
                "arnold.ma",
                {"fault": "crash", "variant": "fatal-error"},
                1,
                [],
                ["Fatal Error. Attempting to save in", "Maya exited with status 1"],
            ),
            ("arnold.ma", {"fault": "crash", "variant": "access-violation"}, 5, [], ["exited with status -1073741819"]),
            ("arnold.ma", {"fault": "memory", "variant": "killed"}, -signal.SIGKILL, [], []),
            ("arnold.ma", dict(two, fault="exit-0-without-image"), 0, [1, 3], ["completed.", "exited with status 0"]),
            ("arnold.ma", {"fault": "211-with-images"}, 211, [1, 2, 3], ["completed.", "exited with status 211"]),
            ("arnold.ma", dict(two, fault="210"), 210, [1], ["failed to render.", "exited with status 210"]),
            ("arnold.ma", {"fault": "206"}, 206, [], ["Usage: Render"]),
            ("arnold.ma", {"fault": "211"}, 211, [], ["Error reading file. :"]),
            (
                "arnold.ma",
                {"fault": "plugin-missing"},
                210,
                [],
                ['Plug-in, "mtoa", was not found on MAYA_PLUG_IN_PATH.'],
            ),
            ("redshift.ma", {"fault": "plugin-missing"}, 210, [], ['Cannot find procedure "rsPreference"']),
            ("redshift.ma", {"fault": "gpu-init"}, 210, [], ["Failed to init the CUDA driver API"]),
            ("redshift.ma", {"fault": "gpu-init", "variant": "unknown"}, 210, [], ["CUDA_ERROR_UNKNOWN"]),
            (
                "redshift.ma",
                {"fault": "gpu-init", "variant": "compute"},
                210,
                [],
                ["does not support the required CUDA compute capabilities"],
            ),
            ("redshift.ma", {"fault": "gpu-init", "variant": "no-devices"}, 210, [], ["No devices found."]),
            ("redshift.ma", {"fault": "gpu-init", "variant": "illegal-access"}, 210, [], ["illegal memory access"]),
            (
                "redshift.ma",
                {"fault": "gpu-invalid-device"},
                0,
                [1, 2, 3],
                ["redshiftSelectCudaDevices.mel line 43: Invalid device id: 0"],
            ),
            ("software.ma", {"fault": "script-error"}, 210, [], ['Cannot find procedure "studioPreRender"']),
            ("software.ma", {"fault": "startup-script"}, 210, [], ["An error occurred during the Startup Script."]),
            ("software.ma", dict(two, fault="disk-full"), 210, [1], ["error 101003:", "can't create file"]),
            ("software.ma", {"fault": "slow-frame", "seconds": 0}, 0, [1, 2, 3], []),
            ("software.ma", dict(two, fault="exit", code=7, lines=["studio error 7"]), 7, [1], ["studio error 7"]),
            # These belong to another tool, and leave this one alone.
            ("software.ma", {"fault": "cont-past-errors"}, 0, [1, 2, 3], []),
            ("software.ma", {"fault": "210", "tool": "mayapy"}, 0, [1, 2, 3], []),
        ]
        for scene, fault, code, frames, lines in cases:
            self.out = (
                os.path.join(self.project, "images") if scene == "renderman.ma" else os.path.join(self.dir, "out")
            )
            result = self.maya("Render", scene, [fault])
            self.assertEqual((result.code, self.numbers()), (code, frames), "%s\n%s" % (fault, result.text))
            for line in lines:
                self.assertIn(line, result.text, fault)

    def test_faults_of_mayapy(self):
        two = {"frames": "2"}
        cases = [
            (
                "arnold.ma",
                dict(two, fault="licence"),
                1,
                [1],
                [ARNOLD_ABORT, "RuntimeError", "[mtoa] Failed batch render"],
            ),
            (
                "software.ma",
                {"fault": "licence"},
                1,
                [],
                ["Error encountered when initializing Maya - Please check for sufficient disk space"],
            ),
            ("redshift.ma", {"fault": "memory", "variant": "gpu"}, 1, [], ["There's less than 128MB of free VRAM"]),
            (
                "arnold.ma",
                {"fault": "plugin-missing"},
                1,
                [],
                ['Plug-in, "mtoa", was not found on MAYA_PLUG_IN_PATH.', "no attribute 'arnoldRender'"],
            ),
            ("arnold.ma", dict(two, fault="crash"), -signal.SIGSEGV, [1], []),
            (
                "arnold.ma",
                dict(two, fault="crash", variant="fatal-error"),
                1,
                [1],
                ["Fatal Error. Attempting to save in"],
            ),
            ("arnold.ma", dict(two, fault="exit-0-without-image"), 0, [1, 3], []),
            ("software.ma", dict(two, fault="210"), 1, [1], ["An exception has occurred, rendering aborted."]),
            ("software.ma", {"fault": "library-missing"}, 255, [], []),
            ("software.ma", {"fault": "startup-script"}, 1, [], ["An error occurred during the Startup Script."]),
            ("vray.ma", dict(two, fault="licence"), 1, [1], ["Could not obtain a license"]),
            ("software.ma", {"fault": "211-with-images"}, 0, [1, 2, 3], []),
        ]
        for scene, fault, code, frames, lines in cases:
            result = self.maya("mayapy", scene, [fault])
            self.assertEqual((result.code, self.numbers()), (code, frames), "%s\n%s" % (fault, result.text))
            for line in lines:
                self.assertIn(line, result.text, fault)

    def test_a_missing_library_says_nothing(self):
        for tool in ("Render", "mayapy"):
            result = self.maya(tool, "software.ma", [{"fault": "library-missing"}])
            self.assertEqual((result.code, result.text), (255, ""))

    def test_settings_that_soften_faults(self):
        cases = [
            ("arnold.ma", {"fault": "licence"}, ["-ai:alf", 0], {}, "rendering with watermarks", [1, 2, 3]),
            (
                "arnold.ma",
                {"fault": "licence"},
                [],
                {"ARNOLD_FORCE_ABORT_ON_LICENSE_FAIL": "0"},
                "rendering with watermarks",
                [1, 2, 3],
            ),
            (
                "arnold.ma",
                {"fault": "licence"},
                ["-ai:alf", 0],
                {"ARNOLD_FORCE_ABORT_ON_LICENSE_FAIL": "1"},
                ARNOLD_ABORT,
                [],
            ),
            ("arnold.ma", {"fault": "missing-texture"}, ["-ai:aerr", 0], {}, "[texturesys]", [1, 2, 3]),
            (
                "software.ma",
                {"fault": "missing-texture"},
                ["-amt", "on"],
                {},
                "Failed to open IFF file for reading",
                [],
            ),
            ("software.ma", {"fault": "dialog"}, [], {"MAYA_DISABLE_CER": "1"}, "Fatal Error.", []),
        ]
        for scene, fault, flags, env, line, frames in cases:
            result = self.maya("Render", scene, [fault], *flags, **env)
            self.assertEqual(self.numbers(), frames, result.text)
            self.assertIn(line, result.text)

    def test_images_that_are_wrong(self):
        self.maya("Render", "software.ma", [{"fault": "truncated-image", "frames": "2"}])
        for frame, whole in ((1, True), (2, False)):
            with open(os.path.join(self.out, "software.%04d.png" % frame), "rb") as file:
                data = file.read()
            try:
                support.decode_png(data)
                decoded = True
            except Exception:
                decoded = False
            self.assertEqual(decoded, whole)
        self.maya("Render", "software.ma", [{"fault": "wrong-name", "frames": "2"}])
        self.assertEqual(self.images(), ["software.0001.png", "software.0002_wrong.png", "software.0003.png"])


class Nuke(Kit):
    def test_faults(self):
        two = {"frames": "2"}
        cases = [
            ([], {"fault": "licence"}, 100, [], ["A license for nuke was not found", "FOUNDRY LICENSE ERROR REPORT"]),
            ([], {"fault": "licence", "variant": "comm"}, 100, [], ["ENT_STATUS_RLM_LICENSE_COMM_ERROR"]),
            ([], {"fault": "licence", "variant": "badhost"}, 100, [], ["ENT_STATUS_RLM_LICENSE_BADHOST"]),
            ([], {"fault": "licence", "variant": "noproduct"}, 100, [], ["ENT_STATUS_RLM_LICENSE_NOPRODUCT"]),
            ([], {"fault": "licence", "variant": "rlm-short"}, 100, [], ["RLM : A suitable license does not exist."]),
            ([], {"fault": "licence", "key": "nuke_i"}, 0, [1, 2, 3], []),
            (["-i"], {"fault": "licence", "key": "nuke_i"}, 100, [], ["nuke_i"]),
            ([], dict(two, fault="memory"), 1, [1], ["std::bad_alloc"]),
            ([], {"fault": "memory", "variant": "gpu"}, 0, [1, 2, 3], []),
            (["--gpu", "1"], {"fault": "memory", "variant": "gpu"}, 1, [], ["out of memory"]),
            (
                [],
                dict(two, fault="missing-texture", path="/p/bg.exr"),
                1,
                [1],
                ["Can't read /p/bg.exr: No such file or directory"],
            ),
            ([], {"fault": "missing-asset"}, 1, [], ["Read error: No such file or directory"]),
            ([], {"fault": "missing-asset", "variant": "denied"}, 1, [], ["Permission denied"]),
            ([], {"fault": "missing-asset", "variant": "lut"}, 1, [], ["Error reading LUT file."]),
            ([], {"fault": "read-error"}, 1, [], ["ERROR: Read1: Read error: No such file or directory"]),
            ([], {"fault": "read-error", "variant": "scanline"}, 1, [], ["Scan line 12 is missing."]),
            ([], {"fault": "read-error", "variant": "early-end"}, 1, [], ["Early end of file: read 12 out of 4096"]),
            ([], {"fault": "read-error", "variant": "channel"}, 1, [], ["Missing input channel"]),
            ([], dict(two, fault="cont-past-errors"), 1, [1], ["Node execution error:"]),
            (["--cont"], dict(two, fault="cont-past-errors"), 0, [1, 3], ["Node execution error:", "Frame 3 (3 of 3)"]),
            ([], {"fault": "missing-argv"}, 1, [], ["Missing command-line argument #2 for Matte.file"]),
            ([], dict(two, fault="crash"), -signal.SIGSEGV, [1], []),
            (["--nocrashprompt"], dict(two, fault="dialog"), -signal.SIGSEGV, [1], []),
            ([], dict(two, fault="exit-0-without-image"), 0, [1, 3], ["Total render time:"]),
            ([], {"fault": "gpu-init"}, 0, [1, 2, 3], []),
            (["--gpu"], {"fault": "gpu-init"}, 1, [], ["Failed to init the CUDA driver API"]),
            ([], {"fault": "startup-script"}, 1, [], ["init.py", "ModuleNotFoundError"]),
            ([], {"fault": "script-error"}, 1, [], ["invalid command name"]),
            ([], dict(two, fault="disk-full"), 1, [1], ["No space left on device"]),
            ([], dict(two, fault="exit", code=9, lines=["studio error"]), 9, [1], ["studio error"]),
            ([], {"fault": "210"}, 0, [1, 2, 3], []),
        ]
        for switches, fault, code, frames, lines in cases:
            result = self.nuke([fault], *switches)
            self.assertEqual((result.code, self.numbers()), (code, frames), "%s\n%s" % (fault, result.text))
            for line in lines:
                self.assertIn(line, result.text, fault)

    def test_going_on_inside_python(self):
        text = "import sys, nuke\nnuke.scriptOpen(sys.argv[1])\nnuke.execute('Matte', 1, 3, 1, continueOnError=%s)\n"
        script = self.scene("comp.nk", [{"fault": "read-error", "frames": "2"}])
        self.out = os.path.join(self.dir, "renders")
        for go_on, code, frames in ((True, 0, [1, 3]), (False, 1, [1])):
            shutil.rmtree(self.out, ignore_errors=True)
            result = self.run_tool("nuke", "-t", self.script(text % go_on), script)
            self.assertEqual((result.code, self.numbers()), (code, frames), result.text)

    def test_a_licence_that_is_missing_before_python_starts(self):
        script = self.scene("comp.nk", [{"fault": "licence"}])
        result = self.run_tool("nuke", "-t", self.script("SCENE = %r\nprint('ran')" % script))
        self.assertEqual(result.code, 100)
        self.assertNotIn("ran", result.text)


class Waiting(Kit):
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


class Choosing(Kit):
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
