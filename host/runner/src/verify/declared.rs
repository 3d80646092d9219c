//! Formats without a decoder here, whose headers say enough to tell a whole file from a cut one.

use super::fields::{Fields, Order, cut_off, read_at};
use super::{Checked, Found};
use std::fs::File;

/// DPX: the header names the file's size, where the pixels begin, and how many there are.
pub(super) fn dpx(mut file: File, bytes: u64) -> Checked {
    let head = read_at(&mut file, 0, 2048)?;
    let order = if head.starts_with(b"SDPX") { Order::Big } else { Order::Little };
    let fields = Fields { bytes: &head, order };
    let (width, height) = (fields.u32(772)?, fields.u32(776)?);
    let components = match fields.u8(800)? {
        50 => 3,
        51 | 52 => 4,
        // Luminance and the like: one at least.
        _ => 1,
    };
    let (bits, compressed) = (fields.u8(803)?, fields.u16(806)? != 0);
    let samples = if compressed { 0 } else { u64::from(width) * components };
    declared(bytes, fields.u32(16)?, fields.u32(4)?, samples * u64::from(bits), height)?;
    Ok(Found::structure(width, height))
}

/// Cineon: as DPX, which came of it.
pub(super) fn cineon(mut file: File, bytes: u64) -> Checked {
    let head = read_at(&mut file, 0, 1024)?;
    let order = if head.starts_with(b"\x80\x2a\x5f\xd7") { Order::Big } else { Order::Little };
    let fields = Fields { bytes: &head, order };
    let (width, height) = (fields.u32(200)?, fields.u32(204)?);
    let row = u64::from(width) * u64::from(fields.u8(193)?) * u64::from(fields.u8(198)?);
    declared(bytes, fields.u32(20)?, fields.u32(4)?, row, height)?;
    Ok(Found::structure(width, height))
}

/// What both say: the size of the file, where they say it, and room for the pixels behind the header. Packing may add
/// to the pixels and never takes from them.
fn declared(bytes: u64, size: u32, pixels_at: u32, bits_a_row: u64, rows: u32) -> Result<(), String> {
    let is_said = size != 0 && size != u32::MAX;
    if is_said && u64::from(size) > bytes {
        return Err(cut_off());
    }
    let pixels = bits_a_row.div_ceil(8).checked_mul(u64::from(rows));
    let end = pixels.and_then(|pixels| pixels.checked_add(u64::from(pixels_at)));
    if rows == 0 || end.is_none_or(|end| end > bytes) { Err(cut_off()) } else { Ok(()) }
}

/// IRIS: pixels as they are, or a table that says where each row is.
pub(super) fn iris(mut file: File, bytes: u64) -> Checked {
    let head = read_at(&mut file, 0, 512)?;
    let fields = Fields { bytes: &head, order: Order::Big };
    let (compressed, sample) = (fields.u8(2)? == 1, u64::from(fields.u8(3)?));
    let dimensions = fields.u16(4)?;
    let width = fields.u16(6)?;
    let height = if dimensions > 1 { fields.u16(8)? } else { 1 };
    let channels = if dimensions > 2 { fields.u16(10)? } else { 1 };
    let rows = u64::from(height) * u64::from(channels);
    if width == 0 || rows == 0 {
        return Err("it holds no pixels".to_owned());
    }
    if compressed {
        let length = usize::try_from(rows * 8).map_err(|error| error.to_string())?;
        let tables = read_at(&mut file, 512, length)?;
        let fields = Fields { bytes: &tables, order: Order::Big };
        let first_row = 512 + length as u64;
        for row in 0..length / 8 {
            let (start, size) =
                (u64::from(fields.u32(row * 4)?), u64::from(fields.u32(length / 2 + row * 4)?));
            if start < first_row || start + size > bytes {
                return Err(cut_off());
            }
        }
    } else if 512 + u64::from(width) * rows * sample > bytes {
        return Err(cut_off());
    }
    Ok(Found::structure(u32::from(width), u32::from(height)))
}

/// JPEG 2000: boxes up to the end of the file, and the end marker of the code stream in the last one.
pub(super) fn jpeg_2000(mut file: File, bytes: u64) -> Checked {
    let mut stream = 0;
    let head = read_at(&mut file, 0, 4)?;
    if head != b"\xff\x4f\xff\x51" {
        loop {
            let head = read_at(&mut file, stream, 16)?;
            let fields = Fields { bytes: &head, order: Order::Big };
            let (length, header) = match fields.u32(0)? {
                0 => (bytes - stream, 8),
                1 => (fields.u64(8)?, 16),
                length => (u64::from(length), 8),
            };
            let end = stream
                .checked_add(length)
                .filter(|end| length >= header && *end <= bytes)
                .ok_or_else(cut_off)?;
            if fields.bytes.get(4..8) == Some(b"jp2c") {
                stream += header;
                break;
            }
            stream = end;
        }
    }
    let head = read_at(&mut file, stream, 24)?;
    let fields = Fields { bytes: &head, order: Order::Big };
    let side =
        |end: usize, start: usize| Ok::<_, String>(fields.u32(end)?.saturating_sub(fields.u32(start)?));
    let (width, height) = (side(8, 16)?, side(12, 20)?);
    if read_at(&mut file, bytes - 2, 2)? != b"\xff\xd9" {
        return Err(cut_off());
    }
    Ok(Found::structure(width, height))
}
