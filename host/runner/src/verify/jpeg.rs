//! JPEG: decoders fill what is missing with grey and call it an image, so the end marker has to be found first.

use super::fields::{Fields, Order, cut_off};
use super::{Checked, Found, MAX_DECODED};
use std::fs::File;
use std::io::{Read, Seek};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

pub(super) fn check(mut file: File, bytes: u64) -> Checked {
    if bytes > MAX_DECODED {
        return Err("it is larger than any JPEG file can sensibly be".to_owned());
    }
    let mut content = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut content)).map_err(|error| error.to_string())?;
    let (width, height) = walk(&content)?;
    // Four bytes a pixel at the most, and as much again for the coefficients of a progressive one.
    if u64::from(width) * u64::from(height) > MAX_DECODED / 8 {
        return Ok(Found::structure(width, height));
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    JpegDecoder::new_with_options(ZCursor::new(&content), options)
        .decode()
        .map_err(|error| error.to_string())?;
    Ok(Found::decoded(width, height))
}

/// From marker to marker to the end of the image; its size on the way.
fn walk(content: &[u8]) -> Result<(u32, u32), String> {
    let fields = Fields { bytes: content, order: Order::Big };
    let mut at = 2;
    let mut size = None;
    loop {
        if fields.u8(at)? != 0xff {
            return Err(format!("no marker where one should be, at byte {at}"));
        }
        let marker = fields.u8(at + 1)?;
        at += 2;
        match marker {
            // Fill bytes before a marker.
            0xff => at -= 1,
            0xd9 => return size.ok_or_else(|| "it holds no image".to_owned()),
            0x01 | 0xd0..=0xd7 => {}
            _ => {
                // Frame headers, leaving out the tables and extensions that lie between them.
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    size = Some((u32::from(fields.u16(at + 5)?), u32::from(fields.u16(at + 3)?)));
                }
                at += usize::from(fields.u16(at)?);
                if marker == 0xda {
                    at = end_of_scan(content, at)?;
                }
            }
        }
    }
}

/// Compressed data holds no markers but restarts; a data byte `ff` is followed by a zero.
fn end_of_scan(content: &[u8], from: usize) -> Result<usize, String> {
    let rest = content.get(from..).ok_or_else(cut_off)?;
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
    rest.windows(2).position(is_marker).map(|end| from + end).ok_or_else(cut_off)
}
