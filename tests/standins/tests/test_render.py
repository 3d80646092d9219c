"""`Render`: its command line, its names, its lines and its codes."""

import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import support
from standin import maya_grammar


class Grammar(unittest.TestCase):
    def test_what_is_no_command_line(self):
        cases = [
            ("", "no scene file"),
            ("-r sw", "no scene file"),
            ("-r", "needs the name"),
            ("-r nope a.ma", "cannot find a renderer named nope"),
            ("-s 1 -r sw a.ma", "must be the first option"),
            ("-r sw -nope 1 a.ma", "unknown option -nope"),
            ("-r sw a.ma -s 1", "must come last"),
            ("-r sw -s", "-s needs a value"),
            ("-r sw -rd -s 1 a.ma", "-rd needs a value, not -s"),
            ("-r sw -s one a.ma", "needs a number"),
            ("-r sw -pad 4.5 a.ma", "needs a whole number"),
            ("-r sw -skipExistingFrames maybe a.ma", "needs on or off"),
            ("-r sw -rt 1 a.ma", "unknown option -rt"),
            ("-r sw -gpu {0} a.ma", "unknown option -gpu"),
            ("-r sw -reg 0 1 2 a.ma", "-reg needs a whole number"),
            ("-r hw2 -n 4 a.ma", "unknown option -n"),
            ("-r arnold -threads 4 a.ma", "unknown option -threads"),
            ("-r arnold -seq a..b a.ma", "needs frames"),
            ("-r vray -rfs 1 a.ma", "unknown option -rfs"),
            ("-r redshift -gpu 0 a.ma", "needs GPUs"),
            ("-r renderman -rd /o a.ma", "unknown option -rd"),
            ("-r renderman -im n a.ma", "unknown option -im"),
            ("-r 3delight -b 1 a.ma", "unknown option -b"),
            ("-r file -ai:lve 2 a.ma", "unknown option -ai:lve"),
            ("-ai:lve 2 a.ma", "unknown option -ai:lve"),
        ]
        for text, reason in cases:
            with self.assertRaises(maya_grammar.Usage, msg=text) as caught:
                maya_grammar.parse(text.split())
            self.assertIn(reason, str(caught.exception), text)

    def test_what_is_one(self):
        cases = [
            ("-r sw -n 0 -reg 0 10 0 10 -mm 512 -amt on -rep no a.ma", 6),
            ("-r hw2 -s 1 -e 2 -b 1 -x 64 -y 36 -alpha 1 a.ma", 7),
            ("-r arnold -ai:threads 4 -ai:device 1 -ai:manGpuSel 1 -ai:gpu 0 -rt 0 -ai:lve 2 -ai:alf 1 a.ma", 8),
            ("-r arnold -seq 2,4,6..10 -insertPreRender print a.ma", 3),
            ("-r vray -threads 4 -rd /o -im n a.ma", 4),
            ("-r redshift -gpu {0,2} -reg 0 1 2 3 a.ma", 3),
            ("-r rman -s 1 -e 2 a.ma", 3),
            ("-r 3delight -inc 2 -lr beauty -cpus 4 a.ma", 4),
            ("-r mr -rt 4 -art -aml -mem 100 a.ma", 5),
            ("-r octane -gpu1 1 -gpu2 0 a.ma", 3),
            ("-r Iray -rOn 1 -rOff 0 -cl 0.5 a.ma", 4),
            ("-s -5 -e -1 a.ma", 2),
            ("a.ma", 0),
        ]
        for text, count in cases:
            line = maya_grammar.parse(text.split())
            self.assertEqual((line.scene, len(line.flags)), ("a.ma", count), text)


class Render(support.Case):
    def render(self, renderer, scene, *more, **env):
        flags = ["-r", renderer, "-proj", self.project]
        if renderer != "renderman":
            flags += ["-rd", self.out]
        return self.run_tool("Render", *(flags + list(more) + [scene]), **env)

    def test_every_renderer_writes_its_frames_and_says_so(self):
        cases = [
            ("sw", "software.ma", "png", "Rendering current frame"),
            ("hw2", "hardware2.ma", "png", "Constructing shading groups"),
            ("arnold", "arnold.ma", "exr", ""),
            ("vray", "vray.ma", "png", "[PROGRESS] 12 percent"),
            ("redshift", "redshift.ma", "exr", "[Redshift] Block 2/4 (1,0) rendered by GPU 0 in 2ms"),
            ("file", "arnold.ma", "exr", ""),
        ]
        for renderer, name, extension, line in cases:
            self.out = os.path.join(self.dir, "out", renderer)
            scene = self.scene(name)
            result = self.render(renderer, scene, "-s", 1, "-e", 3, "-b", 2, "-pad", 4, "-fnc", "name.#.ext")
            self.assertEqual(result.code, 0, result.text)
            stem = name[:-3]
            expected = ["%s.%04d.%s" % (stem, frame, extension) for frame in (1, 3)]
            self.assertEqual(self.images(), expected)
            for image in expected:
                self.assertIn("Finished Rendering %s." % os.path.join(self.out, image), result.text)
            self.assertIn(line, result.text)
            self.assertTrue(result.text.endswith("Scene %s completed.\n// Maya exited with status 0\n" % scene))

    def test_renderman_goes_by_its_own_names(self):
        result = self.render("renderman", self.scene("renderman.ma"), "-s", 7, "-e", 7)
        self.assertEqual(result.code, 0, result.text)
        self.assertEqual(self.images(self.project), ["images/renderman/renderman_masterLayer.0007.exr"])
        self.assertIn("R90000   12%", result.text)
        self.assertIn("rfm Notice: Rendering masterLayer at 7", result.text)

    def test_names(self):
        cases = [
            (["-fnc", "name.#.ext", "-pad", 4], "software.0002.png"),
            (["-fnc", "3", "-pad", 1], "software.2.png"),
            (["-fnc", "name#.ext", "-pad", 3], "software002.png"),
            (["-fnc", "name_#.ext"], "software_0002.png"),
            (["-fnc", "name.ext.#"], "software.png.0002"),
            (["-im", "shots/<Scene>_<Camera>"], "shots/software_persp.0002.png"),
            (["-im", "<RenderLayer>"], "masterLayer.0002.png"),
            (["-of", "exr"], "software.0002.exr"),
            (["-of", "jpg"], "software.0002.jpg"),
            (["-rfs", 10], "software.0010.png"),
        ]
        for index, (flags, name) in enumerate(cases):
            self.out = os.path.join(self.dir, str(index))
            result = self.render("sw", self.scene("software.ma"), "-s", 2, "-e", 2, *flags)
            self.assertEqual((result.code, self.images()), (0, [name]), result.text)

    def test_layers_get_folders(self):
        cases = [
            ("sw", "legacy-layers.ma", [], ["beauty", "shadow"]),
            ("sw", "legacy-layers.ma", ["-rl", "on"], ["beauty", "shadow"]),
            ("sw", "legacy-layers.ma", ["-rl", "scratch"], ["scratch"]),
            ("sw", "legacy-layers.ma", ["-rl", "off"], ["masterLayer"]),
            ("sw", "legacy-layers.ma", ["-rl", "beauty,scratch"], ["beauty", "scratch"]),
            ("arnold", "render-setup.ma", [], ["rs_chars", "rs_env"]),
            ("arnold", "render-setup.ma", ["-rl", "rs_env"], ["rs_env"]),
            ("arnold", "mixed-layers.ma", ["-rl", "chars"], ["rs_chars"]),
        ]
        for index, (renderer, name, flags, folders) in enumerate(cases):
            self.out = os.path.join(self.dir, str(index))
            result = self.render(renderer, self.scene(name), "-s", 1, "-e", 1, *flags)
            self.assertEqual(result.code, 0, result.text)
            self.assertEqual(sorted({image.split("/")[0] for image in self.images()}), folders)

    def test_layer_tokens_have_no_prefix(self):
        self.render(
            "arnold",
            self.scene("render-setup.ma"),
            "-s",
            1,
            "-e",
            1,
            "-rl",
            "rs_env",
            "-im",
            "<RenderLayer>/<RenderLayer>",
        )
        self.assertEqual(self.images(), ["env/env.0001.exr"])

    def test_arnold_shows_progress_from_verbosity_2_on(self):
        for flags, shown in (
            (["-ai:lve", 2], True),
            (["-ai:lve", 1], False),
            (["-ai:lve", 2, "-ai:ltc", "off"], False),
        ):
            result = self.render("arnold", self.scene("arnold.ma"), "-s", 1, "-e", 1, *flags)
            self.assertEqual("45% done" in result.text, shown, flags)

    def test_arnold_exports_instead_where_told(self):
        result = self.render("arnold", self.scene("arnold.ma"), "-rt", 1, "-s", 1, "-e", 1)
        self.assertEqual((result.code, self.images()), (0, []))
        self.assertEqual(self.images(self.project), ["arnold.0001.ass"])

    def test_a_sequence(self):
        self.render("arnold", self.scene("arnold.ma"), "-seq", "1 3 6..8")
        self.assertEqual([frame for _, frame in self.frames()], [1, 3, 6, 7, 8])

    def test_negative_and_half_frames(self):
        self.render("sw", self.scene("software.ma"), "-s", -2, "-e", -1, "-b", 0.5)
        self.assertEqual(self.images(), ["software.-0001.5.png", "software.-0001.png", "software.-0002.png"])

    def test_skip_existing_frames(self):
        scene = self.scene("software.ma")
        self.render("sw", scene, "-s", 1, "-e", 2)
        self.render("sw", scene, "-s", 1, "-e", 3, "-skipExistingFrames", "on")
        self.assertEqual([frame for _, frame in self.frames()], [1, 2, 3])

    def test_callbacks_run_in_their_order(self):
        result = self.render(
            "sw",
            self.scene("software.ma"),
            "-s",
            1,
            "-e",
            1,
            "-preRender",
            'print("a\\n")',
            "-preFrame",
            'python("import maya.cmds as c; print(c.currentTime(query=True))")',
            "-postRender",
            'print("z\\n")',
        )
        self.assertEqual(result.code, 0, result.text)
        self.assertEqual([line["moment"] for line in self.records("mel")], ["preRender", "preFrame", "postRender"])
        self.assertLess(result.text.index("\na\n"), result.text.index("\n1.0\n"))

    def test_scripts_are_found_on_mayas_path(self):
        folder = os.path.join(self.dir, "scripts")
        os.mkdir(folder)
        files = {
            "userSetup.mel": 'global proc studio(string $a) { print("studio runs\\n"); }\nprint("set up\\n");',
            "before.mel": 'studio("{"); eval("print \\"deep\\\\n\\"");',
        }
        for name, text in files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        result = self.render(
            "sw",
            self.scene("software.ma"),
            "-s",
            1,
            "-e",
            1,
            "-preRender",
            "source before.mel",
            MAYA_SCRIPT_PATH=folder,
        )
        self.assertEqual(result.code, 0, result.text)
        for text in ("set up\n", "studio runs\n", "deep\n"):
            self.assertIn(text, result.text)

    def test_resolution(self):
        for renderer, scene in (("sw", "software.ma"), ("vray", "vray.ma")):
            self.out = os.path.join(self.dir, renderer)
            self.render(renderer, self.scene(scene), "-s", 1, "-e", 1, "-x", 40, "-y", 20, "-percentRes", 50)
            with open(os.path.join(self.out, self.images()[0]), "rb") as file:
                self.assertEqual(support.decode_png(file.read())[:2], (20, 10))

    def test_what_fails(self):
        project = ["-proj", self.project]
        cases = [
            (["-r", "sw", "-proj", "/none", "a.ma"], 206, "Usage: Render"),
            (["-r", "sw", "-rd", "/"] + project + ["a.ma"], 206, "Usage: Render"),
            (["-r", "sw", "-zap"] + project + ["a.ma"], 206, "Usage: Render"),
            (["-r", "sw"] + project + ["none.ma"], 211, "Cannot load scene"),
            (
                ["-r", "sw"] + project + ["corrupt.ma"],
                211,
                "Scene was not loaded properly, please check the scene name",
            ),
            (["-r", "sw"] + project + ["cut.ma"], 211, "Error reading file. :"),
            (
                ["-r", "sw"] + project + ["-cam", "None", "software.ma"],
                210,
                "Error: makeCameraRenderable.mel line 34: Camera [None] does not exist.",
            ),
            (["-r", "sw"] + project + ["-rl", "nope", "software.ma"], 210, "No object matches name: nope"),
            (["-r", "sw"] + project + ["-of", "nope", "software.ma"], 210, "failed to render"),
            (
                ["-r", "sw"] + project + ["-preRender", "studioThing 1", "software.ma"],
                210,
                'Cannot find procedure "studioThing"',
            ),
            (["-r", "sw"] + project + ["-cam", "top", "-preFrame", 'error "no"', "software.ma"], 210, "Error: no"),
        ]
        self.scene("software.ma")
        self.script("not a scene", "corrupt.ma")
        with open(self.scene("software.ma"), encoding="utf-8") as file:
            text = file.read()
        self.script(text[: text.index("mayaSoftware") + 4], "cut.ma")
        for arguments, code, line in cases:
            result = self.run_tool("Render", *arguments)
            self.assertEqual(result.code, code, result.text)
            self.assertIn(line, result.text)
            if code != 206:
                self.assertTrue(result.text.endswith("// Maya exited with status %d\n" % code), result.text)

    def test_an_output_that_cannot_be_made(self):
        self.script("a file", "out")
        result = self.render("vray", self.scene("vray.ma"), "-s", 1, "-e", 1)
        self.assertEqual(result.code, 210)
        self.assertIn("V-Ray warning: The file path for", result.text)
        self.assertIn("cannot be created", result.text)

    def test_mixed_layers_are_told(self):
        result = self.render("sw", self.scene("mixed-layers.ma"), "-s", 1, "-e", 1)
        self.assertIn("contains legacy render layers", result.text)
        self.assertIn("uses render setup", result.text)

    def test_redshift_sees_what_cuda_sees(self):
        cases = [
            ("{0}", None, None),
            ("{2}", "2", "Invalid device id: 2"),
            ("{0}", "2", None),
            ("{1}", "3,nope,4", "Invalid device id: 1"),
            ("{1}", "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6,1", None),
        ]
        for gpu, visible, line in cases:
            env = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
            result = self.render("redshift", self.scene("redshift.ma"), "-s", 1, "-e", 1, "-gpu", gpu, **env)
            # Redshift goes on with all GPUs: the code says nothing.
            self.assertEqual(result.code, 0, result.text)
            if line:
                self.assertIn("redshiftSelectCudaDevices.mel line 43: " + line, result.text)
            else:
                self.assertNotIn("Invalid device", result.text)

    def test_test_prints_and_does_nothing(self):
        result = self.render("sw", self.scene("software.ma"), "-s", 1, "-e", 1, "-test")
        self.assertEqual((result.code, self.images()), (0, []))
        self.assertIn('setAttr "defaultRenderGlobals.startFrame" 1.0', result.text)

    def test_log_goes_into_the_file(self):
        log = os.path.join(self.dir, "render.log")
        result = self.render("sw", self.scene("software.ma"), "-s", 1, "-e", 1, "-log", log)
        self.assertEqual(result.text, "")
        with open(log, encoding="utf-8") as file:
            self.assertIn("Finished Rendering", file.read())

    def test_a_binary_scene_is_read(self):
        with open(self.scene("software.ma"), encoding="utf-8") as file:
            text = file.read()
        result = self.render("sw", self.script("FOR8\n" + text, "binary.mb"), "-s", 1, "-e", 1)
        self.assertEqual((result.code, self.images()), (0, ["binary.0001.png"]), result.text)


if __name__ == "__main__":
    unittest.main()
