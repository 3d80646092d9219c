"""Frames, paths, pieces of text, templates and commands: what needs no plugin."""

import os
import pathlib
import unittest

from farmhand import Command, FrameRun, FrameRuns, FrameStyle, Template, TemplateError, TextFile, path, text

MIXED = FrameRuns((FrameRun(-5, -3), FrameRun(1, 1), FrameRun(10, 20, 5)))


class Frames(unittest.TestCase):
    def test_expands_and_counts_alike(self):
        self.assertEqual(list(MIXED), [-5, -4, -3, 1, 10, 15, 20])
        self.assertEqual((MIXED.count, len(MIXED), MIXED.first, MIXED.last), (7, 7, -5, 20))
        for frame in range(-10, 30):
            self.assertEqual(frame in MIXED, frame in list(MIXED), frame)

    def test_a_run_to_the_ends_of_the_type(self):
        every = FrameRuns.range(-(1 << 31), (1 << 31) - 1)
        self.assertEqual(every.count, 1 << 32)
        self.assertIn((1 << 31) - 1, every)
        self.assertTrue(every)

    def test_none(self):
        for none in (FrameRuns(), FrameRuns.range(3, 2)):
            self.assertFalse(none)
            self.assertEqual((none.count, none.first, none.last, str(none)), (0, None, None, ""))

    def test_writes_in_the_syntax_asked_for(self):
        self.assertEqual(str(MIXED), "-5--3,1,10-20x5")
        self.assertEqual(MIXED.written(FrameStyle(",", "..", None)), "-5..-3,1,10,15,20")
        self.assertEqual(MIXED.written(FrameStyle(" ", ":", "/")), "-5:-3 1 10:20/5")

    def test_reads_what_it_writes(self):
        for written in ("-5--3,1,10-20x5", "1-10", "7", "", "-3", "1-9x2"):
            self.assertEqual(str(FrameRuns.parse(written)), written)
        self.assertEqual(str(FrameRuns.parse("1-10x2, 20")), "1-9x2,20")
        self.assertEqual(FrameRuns.parse("1-2x5").runs, (FrameRun(1, 1),))
        for wrong in ("a", "1-", "10-1", "5,3", "1-9x0", "1-3,2"):
            with self.assertRaises(ValueError, msg=wrong):
                FrameRuns.parse(wrong)

    def test_neighbours_become_runs(self):
        frames = FrameRuns.of([3, 1, 2, 7, 8, 8, 10])
        self.assertEqual(str(frames), "1-3,7-8,10")
        self.assertIsNone(frames.only_run)
        self.assertEqual(FrameRuns.of([4, 5]).only_run, FrameRun(4, 5))


class Paths(unittest.TestCase):
    def test_knows_roots_of_both_systems(self):
        for absolute in ("/x", "C:\\x", "c:/x", "\\\\server\\share"):
            self.assertTrue(path.is_absolute(absolute), absolute)
        for relative in ("x", "C:x", "./x", "", "1:/x"):
            self.assertFalse(path.is_absolute(relative), relative)

    def test_splits_and_joins(self):
        for whole, parts in (
            ("/a/b.png", ("/a", "b.png")),
            ("/b", ("/", "b")),
            ("C:\\b", ("C:\\", "b")),
            ("a\\b\\", ("a\\b", "")),
            ("b", ("", "b")),
        ):
            self.assertEqual(path.split(whole), parts)
        for directory, child, joined in (
            ("/a", "b", "/a/b"),
            ("C:\\a", "b", "C:\\a\\b"),
            ("/", "b", "/b"),
            ("/a", "/b", "/b"),
            ("", "b", "b"),
        ):
            self.assertEqual(path.join(directory, child), joined)

    def test_finds_extensions_but_no_frame_tokens(self):
        for whole, stem, extension in (
            ("/a.b/shot.v2.blend", "shot.v2", "blend"),
            ("shot.####", "shot.####", None),
            ("shot.v2.0001", "shot.v2.0001", None),
            (".hidden", ".hidden", None),
            ("a.7z", "a", "7z"),
        ):
            self.assertEqual((path.stem(whole), path.extension(whole)), (stem, extension), whole)
        self.assertEqual(path.with_extension("/o/shot.####", "png"), "/o/shot.####.png")
        self.assertEqual(path.with_extension("/o/shot.####.exr", ".png"), "/o/shot.####.exr")

    def test_makes_names_safe(self):
        for name, safe in (("fg/key:light", "fg_key_light"), ("..", "__"), ("", "_"), ("größe", "größe")):
            self.assertEqual(path.safe_name(name), safe)


class Texts(unittest.TestCase):
    def test_pieces_of_a_line(self):
        self.assertEqual(text.after("Saved: '/a'", "Saved: "), "'/a'")
        self.assertIsNone(text.after("Saved", "x"))
        self.assertEqual(text.between("Saved: '/a' Time", "'", "'"), "/a")
        self.assertIsNone(text.between("Saved: '/a", "'", "'"))
        self.assertEqual(text.ratio_after("| Sample 3/16", "Sample "), (3, 16))
        self.assertEqual(text.ratio_after("Rendering 26 / 64 samples", "Rendering "), (26, 64))
        self.assertIsNone(text.ratio_after("Sample 3", "Sample "))
        self.assertEqual(text.shortened("größe", 3), "grö")
        self.assertEqual(len(text.quote("  " + "x" * 500)), 300)

    def test_sizes_and_times(self):
        for written, bytes_ in (("8.50M (Peak", 8_912_896), ("1,024", 1024), ("2G", 2 << 30), ("3 kb", 3072)):
            self.assertEqual(text.size(written), bytes_)
        self.assertIsNone(text.size("M"))
        self.assertEqual(text.clock("00:04.50 (Saving"), 4.5)
        self.assertEqual(text.clock("01:02:03"), 3723.0)
        self.assertIsNone(text.clock("12"))


class Templates(unittest.TestCase):
    def test_fills_tokens_in(self):
        for written, frame, layer, name in (
            ("/out/shot_####", 12, None, "/out/shot_0012"),
            ("/out/shot_####.png", -5, None, "/out/shot_-0005.png"),
            ("/out/shot_##", 12345, None, "/out/shot_12345"),
            ("/out/{layer}/s_{frame}.exr", 7, "fg/key", "/out/fg_key/s_0007.exr"),
            ("/out/s_{frame:6}", 7, None, "/out/s_000007"),
            ("/out#1/a##_####", 7, None, "/out#1/a##_0007"),
            ("/aus/größe_####", 7, None, "/aus/größe_0007"),
            ("ü", 7, None, "ü"),
            ("####", 7, None, "0007"),
        ):
            self.assertEqual(Template.parse(written).name(frame, layer), name, written)

    def test_writes_a_dcc_s_own_token(self):
        template = Template.parse("/o/{layer}/s_###.exr")
        for token, written in (
            ("%0{count}d", "/o/fg/s_%03d.exr"),
            ("$F{count}", "/o/fg/s_$F3.exr"),
        ):
            self.assertEqual(template.pattern(token, "fg"), written)
        self.assertEqual(template.hashes("fg"), "/o/fg/s_###.exr")

    def test_reads_back_what_it_writes(self):
        for written in ("/out/shot_####", "/o/{layer}/##_####.png", "plain"):
            self.assertEqual(str(Template.parse(written)), written)
        self.assertEqual(str(Template.parse("/o/{frame:6}")), "/o/######")

    def test_says_where_the_mistake_is(self):
        for written, column, part in (
            ("/ö/{shot}_####", 4, "{shot}"),
            ("/o/{layer", 4, "without"),
            ("/o/{frame:99}", 4, "1 to 10"),
            ("/o/{frame}_##", 1, "more than one"),
        ):
            with self.assertRaises(TemplateError) as raised:
                Template.parse(written)
            self.assertEqual(raised.exception.column, column)
            self.assertIn(part, raised.exception.message)

    def test_finds_the_frame_again(self):
        template = Template.parse("/st/{layer}_###")
        for name, found in (
            ("/st/fg_007.png", (7, ".png")),
            ("/st/fg_-012.png", (-12, ".png")),
            ("/st/fg_1234", (1234, "")),
            ("/st/fg_0123.png", None),
            ("/st/fg_12.png", None),
            ("/st/bg_007.png", None),
            ("/st/fg_.png", None),
            ("/other/fg_007.png", None),
        ):
            self.assertEqual(template.frame_of(name, "fg"), found, name)
        self.assertIsNone(Template.parse("plain").frame_of("plain"))
        both = Template.parse("/st/a_##.png")
        for frame in (-1000, -12, -1, 0, 1, 9, 10, 99, 100, 123_456, -(1 << 31), (1 << 31) - 1):
            self.assertEqual(both.frame_of(both.name(frame)), (frame, ""))

    def test_a_layer_gets_a_name_of_its_own(self):
        self.assertEqual(Template.parse("/o/s_####.png").by_layer().hashes("fg"), "/o/s_fg.####.png")
        self.assertEqual(str(Template.parse("/o/{layer}/s_####").by_layer()), "/o/{layer}/s_####")


class Commands(unittest.TestCase):
    def test_each_argument_becomes_a_text(self):
        command = Command("glow", "--frames", MIXED, 4, 0.5, pathlib.PurePosixPath("/a b"), Template.parse("/o/##"))
        self.assertEqual(command.args, ["--frames", "-5--3,1,10-20x5", "4", "0.5", os.fspath("/a b"), "/o/##"])

    def test_what_nobody_would_expect_is_a_mistake(self):
        for value, part in (
            (None, "leave out"),
            (True, "as the program wants it"),
            (["-x"], "`*`"),
            (b"x", "expected"),
        ):
            with self.assertRaises(TypeError) as raised:
                Command("glow", "--x", value)
            self.assertIn("argument 2 is ", str(raised.exception))
            self.assertIn(part, str(raised.exception))
        with self.assertRaisesRegex(TypeError, "the variable THREADS is None"):
            Command("glow", env={"THREADS": None})

    def test_is_added_to(self):
        command = Command("glow", env={"THREADS": 4}).add("--verbose").write("/s/job.txt", "x")
        self.assertEqual((command.args, command.env), (["--verbose"], {"THREADS": "4"}))
        self.assertEqual(command.files, [TextFile("/s/job.txt", "x", True)])
        with self.assertRaisesRegex(TypeError, "argument 2 is None"):
            command.add(None)


if __name__ == "__main__":
    unittest.main()
