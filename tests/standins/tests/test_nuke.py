"""`nuke`: its command line, its names and lines, and the module inside it."""

import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import support
from standin import nuke_grammar, nuke_script


class Grammar(unittest.TestCase):
    def test_what_is_no_command_line(self):
        cases = [
            ("-x", "-x needs a script"),
            ("-nope -x a.nk", "unknown switch -nope"),
            ("--nope -x a.nk", "unknown switch --nope"),
            ("-xf a.nk", "unknown switch -xf"),
            ("-x a.nk -F 1-5", "switches come before the script name; -F"),
            ("-x a.nk 1-5 out", "out stands behind the range"),
            ("-x a.nk 1;5", "is no range"),
            ("-F -x a.nk", "-F needs a range"),
            ("-F 1,5 -x a.nk", "-F needs a range"),
            ("-F 1-5x0 -x a.nk", "-F needs a range"),
            ("-m two -x a.nk", "whole number"),
            ("-s 1000 -x a.nk", "at least 1048576"),
            ("-c 4T -x a.nk", "-c cannot be 4T"),
            ("-V 3 -x a.nk", "-V cannot be 3"),
            ("--priority max -x a.nk", "--priority cannot be max"),
            ("--crashhandling 2 -x a.nk", "cannot be 2"),
            ("-f -p -x a.nk", "exclude each other"),
            ("--remap a,b,c -x a.nk", "--remap needs pairs"),
            ("--remap a,b a.nk", "with -x and -t only"),
            ("--nc -x a.nk", ".nknc scripts only"),
            ("-X Write1 -t a.py", "-X works with -x only"),
        ]
        for text, reason in cases:
            with self.assertRaises(nuke_grammar.Usage, msg=text) as caught:
                nuke_grammar.parse(text.split())
            self.assertIn(reason, str(caught.exception), text)

    def test_what_is_one(self):
        cases = [
            ("-x a.nk", [], None),
            ("-F 1-5 -F 10 -F 30-34x2 -x a.nk", [], [1, 2, 3, 4, 5, 10, 30, 32, 34]),
            ("-x a.nk 1,3", [], [1, 2, 3]),
            ("-x a.nk 1-3", [], [1, 2, 3]),
            ("-x a.nk out.#### more 4", ["out.####", "more"], [4]),
            ("-F 3 -F 3 -x a.nk", [], [3]),
            ("-V 2 --nukex --cont --sro -p --gpu 1 -i -x -X W -m 4 -c 2000M --view left -F 1-2 a.nk", [], [1, 2]),
            ("-q -f --gpu -x -- a.nk", [], None),
            ("-x -t -f -X write -F 997-998 a.nk out.####.exr", ["out.####.exr"], [997, 998]),
            ("--remap /a,/b,/c,/d --nocrashprompt -x a.nk", [], None),
        ]
        for text, arguments, frames in cases:
            line = nuke_grammar.parse(text.split())
            self.assertEqual((line.script, line.arguments, line.frames), ("a.nk", arguments, frames), text)

    def test_a_python_script_gets_its_arguments_as_they_are(self):
        line = nuke_grammar.parse("-V 2 -t a.py -F 1 --cont".split())
        self.assertEqual((line.script, line.arguments), ("a.py", ["-F", "1", "--cont"]))

    def test_gpu_takes_an_index_where_one_follows(self):
        self.assertEqual(
            [nuke_grammar.parse(text.split()).gpu for text in ("--gpu 2 -x a.nk", "--gpu -x a.nk", "-x a.nk")],
            [2, 0, None],
        )


class Script(unittest.TestCase):
    def parsed(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)
        return nuke_script.read(self.path)

    def setUp(self):
        import tempfile

        self.dir = tempfile.mkdtemp()
        self.addCleanup(support.shutil.rmtree, self.dir)
        self.path = os.path.join(self.dir, "a.nk")

    def test_names(self):
        cases = [
            ("/o/a.####.exr", "/o/a.0007.exr"),
            ("/o/a.%04d.exr", "/o/a.0007.exr"),
            ("/o/a.%d.exr", "/o/a.7.exr"),
            ("/o/a.exr", "/o/a.exr"),
            ("/o/%V/%v.#.exr", "/o/left/l.7.exr"),
            ("\\[value root.fps]/a", "24/a"),
            ("\\[file rootname \\[file tail \\[value root.name]]].#.png", "a.7.png"),
            ("\\[argv 0].##.tif", "/x/y.07.tif"),
            ("\\[getenv STANDIN_NOTHING]a.exr", "a.exr"),
            ("/srv/show/a.exr", "/mnt/show/a.exr"),
        ]
        for text, path in cases:
            script = self.parsed('Root {\n fps 24\n}\nWrite {\n file "%s"\n}\n' % text)
            names = nuke_script.Names(script, ["/x/y"], [("/srv", "/mnt")])
            self.assertEqual(names.path(script.writes()[0], 7, "left"), path)

    def test_views_in_either_spelling(self):
        for text in ('"left #ff0000\nright #00ff00"', "{{left #ff0000}\n {right #00ff00}}"):
            self.assertEqual(self.parsed("Root {\n views %s\n}\n" % text).views(), ["left", "right"])

    def test_groups(self):
        script = self.parsed("Group {\n name G\n}\nWrite {\n name W\n file a.png\n}\nend_group\nWrite {\n name W\n}\n")
        self.assertEqual([node.full_name for node in script.writes()], ["G.W", "W"])
        self.assertEqual(script.find("G.W").knobs["file"], "a.png")

    def test_what_is_broken(self):
        for text in ("Write {\n name a\n", 'Write {\n file "a\n}\n', "", "hello"):
            with self.assertRaises(nuke_script.Broken, msg=text):
                self.parsed(text)


class Nuke(support.Case):
    def test_executes_the_active_writes(self):
        script = self.scene("comp.nk")
        result = self.run_tool("nuke", "-F", "1-3x2", "-x", script)
        self.assertEqual(result.code, 0, result.text)
        self.assertEqual(
            self.images(os.path.join(self.dir, "renders")),
            ["beauty.0001.exr", "beauty.0003.exr", "matte.0001.png", "matte.0003.png"],
        )
        self.assertTrue(result.text.startswith("Nuke 15.1v1, 64 bit, built Jun  6 2024.\n"))
        self.assertIn(".1.5.9Writing %s/renders/beauty.0001.exr took 0." % self.dir, result.text)
        self.assertIn("Frame 3 (2 of 2)\n", result.text)
        self.assertIn("Total render time: ", result.text)

    def test_which_writes_frames_and_views(self):
        cases = [
            ("comp.nk", ["-X", "Matte", "-F", "2"], [("Matte", 2)]),
            ("comp.nk", ["-X", "Matte,Beauty", "-F", "2"], [("Matte", 2), ("Beauty", 2)]),
            ("comp.nk", ["--sro", "-F", "1-2"], [("Matte", 1), ("Matte", 2), ("Beauty", 1), ("Beauty", 2)]),
            ("comp.nk", ["-X", "Matte"], [("Matte", frame) for frame in range(1, 6)]),
            ("stereo.nk", ["-F", "1"], [("Stereo", 1), ("Stereo", 1)]),
            ("stereo.nk", ["--view", "right", "-F", "1"], [("Stereo", 1)]),
        ]
        for name, switches, frames in cases:
            script = self.scene(name)
            if os.path.exists(self.record):
                os.remove(self.record)
            result = self.run_tool("nuke", *(switches + ["-x", script]))
            self.assertEqual((result.code, self.frames()), (0, frames), result.text)
        self.assertIn('EXECUTING VIEW "right"', result.text)

    def test_what_fails(self):
        no_folder = "Write {\n file %s/none/a.####.png\n name W\n}\n" % self.dir
        backslash = 'Write {\n file "C:\\\\out\\\\a.####.png"\n name W\n}\n'
        cases = [
            (["-x", "none.nk"], "Can't read none.nk: No such file or directory"),
            (["-x", self.script(no_folder, "folder.nk")], "ERROR: W: can't create"),
            (["-x", self.script(backslash, "backslash.nk")], "ERROR: W: can't create C:\\out\\a.0001.png"),
            (
                ["-x", self.script("Write {\n disable true\n}\n", "off.nk")],
                "There are no active Write operators in this script",
            ),
            (["-X", "Nope", "-x", self.scene("comp.nk")], "There is no node named Nope"),
            (["-X", "Off", "-x", self.scene("comp.nk")], "There are no active Write operators in this script"),
            (["-x", self.scene("argv.nk")], "Missing command-line argument #0 for Farm.file"),
            (["-x", self.scene("comp.nk"), "-F", "1"], "Usage: nuke <switches> <script> <argv> <ranges>"),
            (["--tg", "a.py"], "display"),
            ([], "no window"),
        ]
        for arguments, text in cases:
            result = self.run_tool("nuke", *arguments, DISPLAY="")
            self.assertEqual(result.code, 1, result.text)
            self.assertIn(text, result.text)

    def test_argv_fills_names(self):
        result = self.run_tool("nuke", "-x", self.scene("argv.nk"), os.path.join(self.dir, "farm"), "1,2")
        self.assertEqual(result.code, 0, result.text)
        self.assertEqual(
            [os.path.basename(line["path"]) for line in self.records("frame")], ["farm.0001.tif", "farm.0002.tif"]
        )

    def test_remap_moves_files(self):
        os.mkdir(self.out)
        script = self.script("Write {\n file /srv/show/a.####.png\n}\n", "remap.nk")
        result = self.run_tool("nuke", "--remap", "/srv/show,%s" % self.out, "-F", "1", "-x", script)
        self.assertEqual((result.code, self.images()), (0, ["a.0001.png"]), result.text)

    def test_version(self):
        result = self.run_tool("nuke", "--version")
        self.assertEqual((result.code, result.text), (0, "Nuke 15.1v1, 64 bit, built Jun  6 2024.\n"))

    def test_the_module(self):
        script = self.script("""
import sys
import nuke
print(sys.argv[1:], nuke.NUKE_VERSION_STRING, nuke.env["gui"], nuke.toNode("Beauty"))
nuke.scriptOpen(sys.argv[1])
for node in sorted(nuke.allNodes("Write"), key=lambda node: node["render_order"].value()):
    print(node.name(), node["disable"].value(), node["reading"].value(), node.knob("nope"))
beauty = nuke.toNode("Beauty")
print(beauty["file"].value(), beauty["file"].evaluate(7), nuke.filename(beauty), nuke.views(), beauty.Class())
print(nuke.root()["first_frame"].value(), nuke.root().lastFrame(), nuke.scriptName())
beauty["file"].setValue("%s/new.%%04d.png" % sys.argv[2])
seen = []
nuke.addBeforeRender(lambda: seen.append(nuke.thisNode().name()))
nuke.addAfterFrameRender(lambda: seen.append(nuke.frame()))
nuke.execute(beauty, 2, 4, 2, continueOnError=False, views=["main"])
nuke.execute("Matte", 5, 5)
print(seen)
""")
        os.mkdir(self.out)
        result = self.run_tool("nuke", "-V", "2", "-t", script, self.scene("comp.nk"), self.out)
        self.assertEqual(result.code, 0, result.text)
        for text in (
            "15.1v1 False None",
            "Off True False None",
            "Cached False True None",
            "[file dirname [value root.name]]/renders/beauty.####.exr %s/renders/beauty.0007.exr" % self.dir,
            "['main'] Write",
            "['Beauty', 2, 4, 'Matte', 5]",
        ):
            self.assertIn(text, result.text)
        self.assertEqual(self.images(), ["new.0002.png", "new.0004.png"])

    def test_what_raises_inside(self):
        cases = [
            ('nuke.scriptOpen("/none.nk")', "Can't read /none.nk"),
            ('nuke.toNode("Nope")["file"]', "TypeError"),
            ('nuke.toNode("Beauty")["nope"]', "NameError: knob nope does not exist"),
            ('nuke.execute("Nope", 1, 1)', "ValueError"),
            ('nuke.execute("Off", 1, 1)', "There are no active Write operators"),
            ('nuke.execute("Read1", 1, 1)', "Read1 is not executable"),
            ('nuke.toNode("Beauty")["file"].setValue("C:\\\\a.png"); nuke.execute("Beauty", 1, 1)', "can't create"),
            ("sys.exit(3)", ""),
        ]
        for body, text in cases:
            script = self.script("import sys, nuke\nnuke.scriptOpen(sys.argv[1])\n" + body)
            result = self.run_tool("nuke", "-t", script, self.scene("comp.nk"))
            self.assertEqual(result.code, 3 if "exit" in body else 1, result.text)
            self.assertIn(text, result.text)

    def test_a_saved_script_is_read_again(self):
        script = self.script("""
import sys, nuke
nuke.scriptOpen(sys.argv[1])
nuke.toNode("Matte")["file"].setValue('/o/"x" [value root.fps].png')
nuke.scriptSaveAs(sys.argv[2], 1)
nuke.scriptOpen(sys.argv[2])
print(nuke.toNode("Matte")["file"].evaluate(1), len(nuke.allNodes("Write")))
""")
        result = self.run_tool("nuke", "-t", script, self.scene("comp.nk"), os.path.join(self.dir, "saved.nk"))
        self.assertIn('/o/"x" 24.png 4', result.text)


if __name__ == "__main__":
    unittest.main()
