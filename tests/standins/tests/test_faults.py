"""What each fault says, leaves behind and ends with."""

import os
import shutil
import signal
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import support

ARNOLD_ABORT = "aborting render because this is a batch render and abort_on_license_fail option is enabled"


class Maya(support.Kit):
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


class Nuke(support.Kit):
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


if __name__ == "__main__":
    unittest.main()
