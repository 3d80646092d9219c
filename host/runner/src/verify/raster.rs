//! BMP, TGA, HDR and WebP through the `image` crate, which decodes these as a whole.

use super::fields::{Fields, Order, cut_off, read_at};
use super::{Checked, Found, MAX_DECODED};
use image::{ImageFormat, ImageReader, Limits};
use std::fs::File;
use std::io::{BufReader, Seek};

/// WebP says how long it is, and its decoder does not mind the end missing.
pub(super) fn webp(mut file: File, bytes: u64) -> Checked {
    let head = read_at(&mut file, 0, 8)?;
    let length = Fields { bytes: &head, order: Order::Little }.u32(4)?;
    if 8 + u64::from(length) > bytes { Err(cut_off()) } else { check(file, ImageFormat::WebP) }
}

pub(super) fn check(mut file: File, format: ImageFormat) -> Checked {
    file.rewind().map_err(|error| error.to_string())?;
    let mut reader = ImageReader::with_format(BufReader::new(file), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED);
    reader.limits(limits);
    let image = reader.decode().map_err(|error| error.to_string())?;
    Ok(Found::decoded(image.width(), image.height()))
}
