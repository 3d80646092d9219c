//! The structure of an OpenEXR file, without its pixels: headers, offset tables, and that every chunk is within the
//! file. It holds for features that the decoder does not know, such as deep data.

use super::fields::{Fields, Order, cut_off, read_at};
use std::fs::File;

/// Headers beyond this are not a renderer's. Cryptomatte manifests can take megabytes.
const MAX_HEADERS: usize = 256 << 20;

/// One part of the file.
#[derive(Default)]
struct Part {
    chunk_count: Option<u32>,
    data_window: Option<[i32; 4]>,
    display_window: Option<[i32; 4]>,
    compression: u8,
    tiled: bool,
    deep: bool,
}

/// Checks that the file holds all the chunks that it announces; the size of its display window, and the width of its
/// widest part.
pub(super) fn check(file: &mut File, bytes: u64) -> Result<(Option<(u32, u32)>, u32), String> {
    let mut headers = Headers { file, at: 4 };
    let flags = headers.u32()?;
    let (single_tiled, multi_part) = (flags & 0x200 != 0, flags & 0x1000 != 0);
    let mut parts = Vec::new();
    loop {
        match headers.part(single_tiled)? {
            Some(part) => parts.push(part),
            None if parts.is_empty() => return Err("it has no header".to_owned()),
            None => break,
        }
        // Only a file of many parts ends its headers with an empty one.
        if !multi_part {
            break;
        }
    }
    let tables = headers.at;
    let size = parts[0].display_window.map(extent);
    let width = parts.iter().filter_map(|part| Some(extent(part.data_window?).0)).max().unwrap_or(0);
    let counts: Option<Vec<u32>> = parts.iter().map(Part::chunks).collect();
    // Mip maps without a count: the decoder, which knows their levels, is the judge.
    let Some(counts) = counts else { return Ok((size, width)) };
    let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    let first_chunk = tables.checked_add(total * 8).filter(|end| *end <= bytes).ok_or_else(cut_off)?;
    let mut at = tables;
    for (part, count) in parts.iter().zip(counts) {
        let length = usize::try_from(u64::from(count) * 8).map_err(|error| error.to_string())?;
        let table = read_at(file, at, length)?;
        at += length as u64;
        for entry in table.chunks_exact(8) {
            let offset = Fields { bytes: entry, order: Order::Little }.u64(0)?;
            if offset < first_chunk {
                return Err(
                    "its writer did not finish: a part of the image has no place in the file".to_owned()
                );
            }
            if chunk_end(file, offset, part, multi_part)? > bytes {
                return Err(cut_off());
            }
        }
    }
    Ok((size, width))
}

/// Where the chunk that begins here ends.
fn chunk_end(file: &mut File, offset: u64, part: &Part, multi_part: bool) -> Result<u64, String> {
    let head = read_at(file, offset, 44)?;
    let fields = Fields { bytes: &head, order: Order::Little };
    let place = if multi_part { 4 } else { 0 } + if part.tiled { 16 } else { 4 };
    let (start, length) = if part.deep {
        let (table, samples) = (fields.u64(place)?, fields.u64(place + 8)?);
        (place + 24, table.checked_add(samples))
    } else {
        (place + 4, Some(u64::from(fields.u32(place)?)))
    };
    length.and_then(|length| offset.checked_add(start as u64)?.checked_add(length)).ok_or_else(cut_off)
}

impl Part {
    /// How many chunks it has: as it says, or as many as its lines make. Tiles come with levels, whose count is not
    /// worked out here.
    fn chunks(&self) -> Option<u32> {
        self.chunk_count.or_else(|| {
            let lines = match self.compression {
                0..=2 => 1,
                3 | 5 => 16,
                4 | 6..=8 => 32,
                9 => 256,
                _ => return None,
            };
            let (_, height) = extent(self.data_window?);
            (!self.tiled && !self.deep).then(|| height.div_ceil(lines))
        })
    }
}

/// Width and height of a window of two inclusive corners.
fn extent([left, top, right, bottom]: [i32; 4]) -> (u32, u32) {
    let length = |from: i32, to: i32| u32::try_from(i64::from(to) - i64::from(from) + 1).unwrap_or(0);
    (length(left, right), length(top, bottom))
}

/// Reads headers in order.
struct Headers<'a> {
    file: &'a mut File,
    at: u64,
}

impl Headers<'_> {
    fn u32(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Fields { bytes: &bytes, order: Order::Little }.u32(0)
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, String> {
        let bytes = read_at(self.file, self.at, length)?;
        self.at += length as u64;
        if bytes.len() == length { Ok(bytes) } else { Err(cut_off()) }
    }

    /// A text that ends with a zero byte, which the format limits to 255 bytes.
    fn text(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = read_at(self.file, self.at, 256)?;
        let end = bytes.iter().position(|byte| *byte == 0).ok_or_else(cut_off)?;
        bytes.truncate(end);
        self.at += end as u64 + 1;
        Ok(bytes)
    }

    /// The attributes of one part; `None` where an empty header ends the list.
    fn part(&mut self, tiled: bool) -> Result<Option<Part>, String> {
        let mut part = Part { tiled, ..Part::default() };
        let mut empty = true;
        loop {
            let name = self.text()?;
            if name.is_empty() {
                return Ok((!empty).then_some(part));
            }
            empty = false;
            let _kind = self.text()?;
            let length = self.u32()? as usize;
            if length > MAX_HEADERS {
                return Err("its header makes no sense".to_owned());
            }
            match name.as_slice() {
                b"chunkCount" => part.chunk_count = Some(self.u32()?),
                b"dataWindow" => part.data_window = Some(self.window()?),
                b"displayWindow" => part.display_window = Some(self.window()?),
                b"compression" => part.compression = self.take(length)?.first().copied().unwrap_or(u8::MAX),
                b"type" => {
                    let kind = self.take(length)?;
                    part.tiled = kind.ends_with(b"tiledimage") || kind.ends_with(b"deeptile");
                    part.deep = kind.starts_with(b"deep");
                }
                _ => self.at += length as u64,
            }
        }
    }

    fn window(&mut self) -> Result<[i32; 4], String> {
        let mut corners = [0; 4];
        for corner in &mut corners {
            *corner = self.u32()?.cast_signed();
        }
        Ok(corners)
    }
}
