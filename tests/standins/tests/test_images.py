"""The images are whole, of the size asked for, and different in each frame."""

import os
import struct
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import support
from standin import images


class Images(unittest.TestCase):
    def test_png_is_whole(self):
        width, height, rows = support.decode_png(images.encode("png", 32, 18, 1))
        self.assertEqual((width, height), (32, 18))
        self.assertEqual(rows, images.pixels(32, 18, 1))

    def test_exr_has_a_chunk_for_every_line(self):
        data = images.encode("exr", 8, 6, 1)
        self.assertEqual(data[:4], b"\x76\x2f\x31\x01")
        line = 8 + 8 * 3 * 2
        first = len(data) - 6 * line
        table = struct.unpack("<6Q", data[first - 48 : first])
        self.assertEqual(table, tuple(first + y * line for y in range(6)))
        for y, at in enumerate(table):
            self.assertEqual(struct.unpack("<ii", data[at : at + 8]), (y, line - 8))

    def test_tiff_strip_and_directory_are_inside_the_file(self):
        data = images.encode("tif", 7, 5, 1)
        mark, number, at = struct.unpack("<2sHI", data[:8])
        self.assertEqual((mark, number, at % 2), (b"II", 42, 0))
        (count,) = struct.unpack("<H", data[at : at + 2])
        tags = {}
        for index in range(count):
            tag, kind, _, value = struct.unpack("<HHII", data[at + 2 + 12 * index : at + 14 + 12 * index])
            tags[tag] = value
        self.assertEqual((tags[256], tags[257], tags[279]), (7, 5, 7 * 5 * 3))
        self.assertLessEqual(tags[273] + tags[279], at)
        self.assertEqual(len(data), at + 2 + 12 * count + 4)

    def test_jpeg_begins_and_ends(self):
        data = images.encode("jpg", 20, 12, 1)
        self.assertEqual((data[:2], data[-2:]), (b"\xff\xd8", b"\xff\xd9"))

    def test_iff_says_its_length(self):
        data = images.encode("iff", 4, 3, 1)
        self.assertEqual(struct.unpack(">4sI", data[:8]), (b"FOR4", len(data) - 8))

    def test_each_frame_looks_different(self):
        for extension in ("png", "exr", "tif", "jpg", "iff"):
            frames = {images.encode(extension, 16, 9, frame) for frame in range(5)}
            self.assertEqual(len(frames), 5, extension)

    def test_a_large_size_keeps_its_proportions(self):
        for asked, given in (((64, 36), (64, 36)), ((1920, 1080), (64, 36)), ((1, 1000), (1, 64)), ((0, 0), (1, 1))):
            self.assertEqual(images.shape(*asked), given)

    def test_an_unknown_format_is_refused(self):
        with self.assertRaises(images.Unwritable):
            images.encode("psd", 4, 4, 1)


if __name__ == "__main__":
    unittest.main()
