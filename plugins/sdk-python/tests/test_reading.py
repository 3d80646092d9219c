"""What a reader makes of lines: the table, its meanings, what is told once, and where an image belongs."""

import re
import unittest

from farmhand import (
    Cause,
    Fact,
    Fault,
    FrameDone,
    FrameSkipped,
    FrameStarted,
    Image,
    Match,
    MemoryUsed,
    Progress,
    Reader,
    Severity,
    Teller,
    Warned,
    done,
    fact,
    fault,
    ignore,
    memory,
    progress,
    skipped,
    started,
    testing,
    warning,
)
from farmhand.lines import needle
from farmhand.reader import events_of


def seen(rows, log, **task):
    """The events of a table, told for the whole batch and line by line, which must be the same."""
    at_once = Reader(testing.task(**task), rows).read(log.splitlines())
    reader = Reader(testing.task(**task), rows)
    assert at_once == [event for line in log.splitlines() for event in reader.line(line)]
    return at_once


class Rows(unittest.TestCase):
    def test_the_first_row_that_matches_counts(self):
        rows = [Match("noise", ignore), Match("out of", fact("x", "{line}")), Match("memory", fact("y", "{line}"))]
        self.assertEqual(
            seen(rows, "memory\nout of memory\nnoise: memory\nnothing"),
            [Fact("y", "memory"), Fact("x", "out of memory")],
        )

    def test_finds_what_every_line_must_hold(self):
        for pattern, wanted in (
            (r"^frame (?P<frame>\d+) (?P<percent>\d+)%", "frame "),
            (r"^wrote (?P<path>.+)", "wrote "),
            (r"a|b", ""),
            (r"\d+", ""),
            (r"(?i)frame", ""),
            (r"(?:ab)c\.d", "abc.d"),
            (r"(?i:x)longer", "longer"),
            (r"x(out of memory)?y", "x"),
            (r"[a]b+c", "a"),
            (r"größe", "größe"),
        ):
            found = needle(re.compile(pattern))
            self.assertEqual(found, wanted, pattern)

    def test_a_needle_never_hides_a_line(self):
        for pattern, line in (
            (r"(?i)Frame", "fRAME"),
            (r"a?b", "b"),
            (r"(?x) a b # c", "ab"),
            (r"^$", ""),
            (r"(a)\1", "aa"),
            (r"(?<=x)y", "xy"),
        ):
            self.assertIn(needle(re.compile(pattern)), line, pattern)
            self.assertTrue(seen([Match(pattern, fact("it", "was"))], line + "\n"), pattern)

    def test_a_mistake_shows_when_the_row_is_written(self):
        for pattern, then, part in (
            ("(x", done, "no regular expression"),
            ("x", progress, "`progress` needs a group (?P<percent>...), or (?P<progress>...)"),
            (r"(?P<part>\d)", progress, "(?P<part>...) and (?P<whole>...)"),
            ("x", started, "(?P<frame>...)"),
            ("x", memory, "(?P<bytes>...)"),
            ("x", fact("device"), "no group `value`"),
            ("x", fault(Severity.TRANSIENT, Cause.DISK, "{texture} is gone"), "no group `texture`"),
            ("x", None, "no meaning"),
            (b"x", done, "leave out the `b`"),
        ):
            with self.assertRaises((TypeError, ValueError)) as raised:
                Match(pattern, then)
            self.assertIn(part, str(raised.exception))
        with self.assertRaisesRegex(TypeError, "farmhand.Severity"):
            fault("transient", Cause.DISK)
        with self.assertRaisesRegex(TypeError, r"lines\[0\] is 'x'"):
            Reader(testing.task(), ["x"])

    def test_a_function_of_the_author_s(self):
        def device(reader, found):
            return Fact("device", found[1].upper())

        self.assertEqual(seen([Match(r"on (\w+)", device)], "on cpu"), [Fact("device", "CPU")])
        for answer in ("text", 3, [Fact("a", "b"), "text"]):
            with self.assertRaisesRegex(TypeError, "was expected"):
                seen([Match("x", lambda reader, found, answer=answer: answer)], "x")
        self.assertEqual(seen([Match("x", lambda reader, found: (None, Fact("a", "b")))], "x"), [Fact("a", "b")])


class Meanings(unittest.TestCase):
    def test_frames_and_progress(self):
        rows = [
            Match(r"^frame (?P<frame>-?\d+) (?P<percent>[\d.]+)%", progress),
            Match(r"^start (?P<frame>\d+)", started),
        ]
        self.assertEqual(
            seen(rows, "frame 3 0%\nframe 3 0.4%\nframe 3 42.5%\nframe 3 142%\nframe -4 1%\nstart 5\nframe 5 1%\r"),
            [
                *(FrameStarted(3), Progress(0.0), Progress(0.425), Progress(1.0)),
                *(FrameStarted(-4), Progress(0.01), FrameStarted(5), Progress(0.01)),
            ],
        )
        self.assertEqual(
            seen([Match(r"(?P<part>\d+)/(?P<whole>\d+)", progress)], "3/16\n1/0"), [Progress(0.1875), Progress(1.0)]
        )
        self.assertEqual(seen([Match(r"(?P<progress>0\.\d+)", progress)], "0.25"), [Progress(0.25)])
        with self.assertRaises(AttributeError):
            Reader(testing.task(), rows).nothing  # noqa: B018

    def test_images(self):
        rows = [
            Match(r"^wrote (?P<path>.+)", done),
            Match(r"^kept (?P<path>.+)", skipped),
            Match(r"^at (?P<frame>\d+)", started),
            Match("^saved", done),
        ]
        staging, place = "/show/out/.staging/7", "/show/out"
        self.assertEqual(
            seen(
                rows,
                f"wrote {staging}/shot_0003.png \nkept {staging}/sub/x-12.exr\n"
                "wrote /else/a4.png\nwrote b5.png\nat 6\nsaved",
                frames="1-12",
            ),
            [
                FrameDone(Image(3, f"{staging}/shot_0003.png", f"{place}/shot_0003.png")),
                FrameSkipped(Image(12, f"{staging}/sub/x-12.exr", f"{place}/sub/x-12.exr")),
                FrameDone(Image(4, "/else/a4.png")),
                FrameDone(Image(5, "/farm/scratch/7/b5.png")),
                FrameStarted(6),
                FrameDone(Image(6, f"{staging}/shot_0006.png", f"{place}/shot_0006.png")),
            ],
        )

    def test_an_image_without_a_frame_belongs_to_the_one_at_hand(self):
        rows = [Match(r"^wrote (?P<path>.+)", done), Match(r"^at (?P<frame>\d+)", started)]
        self.assertEqual(seen(rows, "wrote /a/x.png", frames="5"), [FrameDone(Image(5, "/a/x.png"))])
        self.assertEqual(seen(rows, "at 2\nwrote /a/x.png", frames="1-3")[1], FrameDone(Image(2, "/a/x.png")))
        self.assertEqual(
            seen(rows, "wrote /a/x.png", frames="1-3"), [Warned("nothing tells which frame this image shows: /a/x.png")]
        )
        self.assertEqual(seen([Match("^saved", done)], "saved"), [])

    def test_faults(self):
        rows = [
            Match(r"^at (?P<frame>\d+)", started),
            Match(r"^LICENCE: (?P<message>.+)", fault(Severity.TRANSIENT, Cause.LICENCE, about="glow")),
            Match(r"^texture missing: (?P<path>.+)", fault(Severity.FRAME_FATAL, Cause.MISSING_FILE)),
            Match(r"^frame (?P<frame>\d+) broke", fault(Severity.FRAME_FATAL, Cause.CRASH, "frame {frame}: {line}")),
            Match(r"^GPU (?P<about>\d)", fault(Severity.WORKER_FATAL, Cause.GPU)),
        ]
        fatal, missing = Severity.FRAME_FATAL, Cause.MISSING_FILE
        self.assertEqual(
            seen(
                rows,
                "LICENCE: no seat\nLICENCE: no seat\ntexture missing: a\nat 2\n"
                "texture missing: a\ntexture missing: a\nframe 9 broke\nGPU 1 hot",
            ),
            [
                Fault(Severity.TRANSIENT, Cause.LICENCE, "no seat", None, "glow"),
                Fault(fatal, missing, "texture missing: a", None, "a"),
                FrameStarted(2),
                Fault(fatal, missing, "texture missing: a", 2, "a"),
                Fault(fatal, Cause.CRASH, "frame 9: frame 9 broke", 9),
                Fault(Severity.WORKER_FATAL, Cause.GPU, "GPU 1 hot", None, "1"),
            ],
        )

    def test_the_rest(self):
        rows = [
            Match(r"^Warning: (?P<message>.+)", warning),
            Match(r"^odd", warning),
            Match(r"^mem (?P<bytes>\S+)", memory),
            Match(r"^glow (?P<value>[\d.]+)", fact("dcc-version")),
            Match(r"^on (?P<kind>\w+)", fact("device", "a {kind}")),
        ]
        self.assertEqual(
            seen(rows, "Warning: pink\nWarning: pink\nodd thing\nmem 2K\nmem lots\nglow 1.2\non cpu"),
            [
                Warned("pink"),
                Warned("odd thing"),
                MemoryUsed(2048),
                Fact("dcc-version", "1.2"),
                Fact("device", "a cpu"),
            ],
        )


class Readers(unittest.TestCase):
    def test_a_reader_of_the_author_s(self):
        class Lines(Reader):
            lines = [Match(r"^frame (?P<frame>\d+)", started)]

            def line(self, line):
                if line.startswith("device: "):
                    yield Fact("device", line[8:])
                else:
                    yield from self.matched(line)

            def finish(self):
                return Fact("last", str(self.frame))

        reader = Lines(testing.task())
        self.assertEqual(reader.read(["device: CPU\r", "frame 3"]), [Fact("device", "CPU"), FrameStarted(3)])
        self.assertEqual(list(events_of(reader.finish())), [Fact("last", "3")])

    def test_no_line_is_no_event(self):
        self.assertEqual(Reader(testing.task()).read(["x", ""]), [])
        self.assertEqual(Reader(testing.task()).read([]), [])
        self.assertIsNone(Reader(testing.task()).finish())


class Once(unittest.TestCase):
    def test_what_was_told_is_no_news(self):
        teller = Teller()
        self.assertEqual(teller.warn(" pink\n"), Warned("pink"))
        self.assertIsNone(teller.warn("pink"))
        of_frame = [Fault(Severity.FRAME_FATAL, Cause.CRASH, "it crashed", frame) for frame in (1, 2, 2)]
        self.assertEqual([teller.fault_of_frame(one) is not None for one in of_frame], [True, True, False])
        self.assertEqual([teller.fault(one, "in all") is not None for one in of_frame], [True, False, False])

    def test_no_flood_of_warnings_hides_a_fault(self):
        teller = Teller()
        told = [teller.warn(f"warning {number}") for number in range(2000)]
        self.assertEqual(sum(one is not None for one in told), 200)
        self.assertIsNotNone(teller.fault(Fault(Severity.TRANSIENT, Cause.DISK, "full")))
        told = [teller.fault(Fault(Severity.TRANSIENT, Cause.DISK, str(number))) for number in range(2000)]
        self.assertEqual(sum(one is not None for one in told), 999)


class Names(unittest.TestCase):
    def test_where_images_go(self):
        for output, layer, extension, pattern, place in (
            ("/out/shot_####.png", None, None, "/st/shot_####.png", "/out/shot_0007.png"),
            ("/out/shot_####", None, "png", "/st/shot_####.png", "/out/shot_0007.png"),
            ("/out/shot.exr", None, "png", "/st/shot.####.exr", "/out/shot.0007.exr"),
            ("/out/", None, "png", "/st/s1.####.png", "/out/s1.0007.png"),
            (None, None, "png", "/st/s1.####.png", "/show/s1.0007.png"),
            ("/out/{layer}/a_{frame:2}.png", "fg", None, "/st/a_##.png", "/out/fg/a_07.png"),
            ("/out/a_####.png", "f/g", None, "/st/a_f_g.####.png", "/out/a_f_g.0007.png"),
            ("/out/####/a.png", None, None, "/st/a.####.png", "/out/####/a.0007.png"),
            ("/out/{frame}/a.png", None, None, "/st/####/a.png", "/out/0007/a.png"),
            ("C:\\out\\a_###.png", None, None, "/st/a_###.png", "C:\\out\\a_007.png"),
        ):
            images = testing.task(scene="/show/s1.glow", output=output, layer=layer, staging="/st").images(extension)
            self.assertEqual(images.pattern, pattern, output)
            self.assertEqual(images.image(7).place, place, output)
            self.assertEqual(images.frame_of(images.path(7)), 7, output)
            self.assertEqual(images.at(images.path(7)), images.image(7), output)
        images = testing.task(scene="/show/s1.v2.glow", output="/out/", staging="/st").images("exr")
        self.assertEqual(images.image(3).place, "/out/s1.v2.0003.exr")
        images = testing.task(frames="1-2", staging="/st").images()
        self.assertEqual([image.path for image in images.all()], ["/st/shot_0001.png", "/st/shot_0002.png"])
        self.assertEqual(images.written("%0{count}d"), "/st/shot_%04d.png")


if __name__ == "__main__":
    unittest.main()
