"""Real images of a few pixels, each frame different from the others, without any library.

Colours mean nothing. A file appears under its final name at once or, where a fault asks for it, cut short.
"""

import os
import struct
import zlib

LARGEST = 64


class Unwritable(Exception):
    """The format is none that the stand-ins write."""


def shape(width, height):
    """The size asked for, or, past 64 pixels, the same proportions smaller: time goes into no test's pixels."""
    width, height = max(1, int(width)), max(1, int(height))
    longest = max(width, height)
    if longest <= LARGEST:
        return width, height
    return max(1, width * LARGEST // longest), max(1, height * LARGEST // longest)


def pixels(width, height, seed):
    """Rows of RGB bytes."""
    shade = zlib.crc32(str(seed).encode("utf-8"))
    red, green, blue = shade & 255, shade >> 8 & 255, shade >> 16 & 255
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            row += bytes(((red + 4 * x) & 255, (green + 4 * y) & 255, blue))
        rows.append(bytes(row))
    return rows


def encode(extension, width, height, seed):
    """The bytes of an image in the format that the extension names."""
    width, height = shape(width, height)
    encoder = ENCODERS.get(extension.lower().lstrip("."))
    if encoder is None:
        raise Unwritable("no stand-in writes .%s files" % extension)
    return encoder(width, height, pixels(width, height, seed))


def write(path, width, height, seed, truncated=False, extension=None):
    """Writes the image; the folder must be there. OSError as the system gives it."""
    data = encode(extension or os.path.splitext(path)[1], width, height, seed)
    if truncated:
        with open(path, "wb") as file:
            file.write(data[: len(data) // 2])
        return
    draft = "%s.%d.tmp" % (path, os.getpid())
    try:
        with open(draft, "wb") as file:
            file.write(data)
        os.replace(draft, path)
    except OSError:
        if os.path.exists(draft):
            os.remove(draft)
        raise


def png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def exr(width, height, rows):
    """OpenEXR: one part, scan lines, no compression, half floats, channels in alphabetical order."""

    def attribute(name, kind, data):
        return name + b"\0" + kind + b"\0" + struct.pack("<i", len(data)) + data

    channels = b"".join(name + b"\0" + struct.pack("<iB3xii", 1, 0, 1, 1) for name in (b"B", b"G", b"R")) + b"\0"
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    head = struct.pack("<ii", 20000630, 2)
    head += attribute(b"channels", b"chlist", channels)
    head += attribute(b"compression", b"compression", b"\0")
    head += attribute(b"dataWindow", b"box2i", window)
    head += attribute(b"displayWindow", b"box2i", window)
    head += attribute(b"lineOrder", b"lineOrder", b"\0")
    head += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1.0))
    head += attribute(b"screenWindowCenter", b"v2f", struct.pack("<2f", 0.0, 0.0))
    head += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1.0))
    head += b"\0"
    line = 8 + width * 6
    first = len(head) + 8 * height
    table = b"".join(struct.pack("<Q", first + y * line) for y in range(height))
    body = b""
    for y, row in enumerate(rows):
        body += struct.pack("<ii", y, width * 6)
        for channel in (2, 1, 0):
            body += struct.pack("<%de" % width, *[value / 255.0 for value in row[channel::3]])
    return head + table + body


def tiff(width, height, rows):
    """TIFF: little-endian, one strip, no compression."""
    data = b"".join(rows)
    bits_at = 8 + len(data)
    directory_at = bits_at + 6 + (bits_at & 1)
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 3, bits_at),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
    ]
    packed = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = struct.pack("<2sHI", b"II", 42, directory_at)
    file = head + data + struct.pack("<3H", 8, 8, 8)
    return file + b"\0" * (directory_at - len(file)) + packed + struct.pack("<I", 0)


def jpeg(width, height, rows):
    """Baseline JPEG in grey, one flat tone a block of 8 by 8: a single DC coefficient each."""
    tables = b"\xff\xdb\x00\x43\x00" + b"\x08" * 64
    frame = b"\xff\xc0" + struct.pack(">HBHHBBBB", 11, 8, height, width, 1, 1, 0x11, 0)
    # DC differences of category 0 to 11 with codes of four bits; the only AC symbol is the end of a block.
    dc = b"\xff\xc4" + struct.pack(">HB", 31, 0) + b"\0\0\0\x0c" + b"\0" * 12 + bytes(range(12))
    ac = b"\xff\xc4" + struct.pack(">HB", 20, 0x10) + b"\x01" + b"\0" * 15 + b"\0"
    scan = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 63, 0)
    bits, previous = "", 0
    for y in range(0, height, 8):
        for x in range(0, width, 8):
            # The quantiser of 8 makes one step of the coefficient one step of grey.
            level = rows[y][3 * x] - 128
            difference, previous = level - previous, level
            size = abs(difference).bit_length()
            bits += format(size, "04b")
            if size:
                value = difference if difference > 0 else difference + (1 << size) - 1
                bits += format(value, "0%db" % size)
            bits += "0"
    bits += "1" * (-len(bits) % 8)
    packed = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    jfif = b"\xff\xe0" + struct.pack(">H5sHBHHBB", 16, b"JFIF\0", 0x0101, 0, 1, 1, 0, 0)
    return b"\xff\xd8" + jfif + tables + frame + dc + ac + scan + packed + b"\xff\xd9"


def iff(width, height, rows):
    """Maya's IFF: one tile, no compression, channels in the order alpha, blue, green, red."""

    def block(kind, data):
        return kind + struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)

    head = struct.pack(">IIHHIHHIii", width, height, 1, 1, 3, 0, 1, 0, 0, 0)
    tile = struct.pack(">4H", 0, 0, width - 1, height - 1)
    for row in reversed(rows):
        for x in range(width):
            red, green, blue = row[3 * x : 3 * x + 3]
            tile += bytes((255, blue, green, red))
    return block(b"FOR4", b"CIMG" + block(b"TBHD", head) + block(b"FOR4", b"TBMP" + block(b"RGBA", tile)))


ENCODERS = {"png": png, "exr": exr, "tif": tiff, "tiff": tiff, "jpg": jpeg, "jpeg": jpeg, "iff": iff}
