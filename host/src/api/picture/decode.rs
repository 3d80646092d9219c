//! PNG, JPEG and TIFF to a small picture, and small pictures to PNG or JPEG.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageReader, Limits, RgbaImage};
use std::path::Path;

/// What one decoded image may take. 8K in 8 bits fits; 8K in 16 bits does not and is not shown.
const DECODED_BYTES: u64 = 128 * 1024 * 1024;

/// JPEG quality: artefacts are not to be mistaken for noise of the render.
const QUALITY: u8 = 88;

/// Whether neither side of an image is longer than `size`; false where that cannot be told.
pub(super) fn fits(path: &Path, size: u32) -> bool {
    ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .ok()
        .and_then(|reader| reader.into_dimensions().ok())
        .is_some_and(|(width, height)| width.max(height) <= size)
}

/// The image with neither side longer than `size`.
pub(super) fn shrink(path: &Path, size: u32, exposure: f32) -> Result<RgbaImage, String> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES);
    let mut reader = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|error| error.to_string())?;
    reader.limits(limits);
    let image = reader.decode().map_err(|error| error.to_string())?;
    let small = if image.width().max(image.height()) > size { image.thumbnail(size, size) } else { image };
    Ok(match small {
        // Floats are linear light; everything else is already made for a screen.
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            let linear = small.to_rgba32f();
            let gain = exposure.exp2();
            RgbaImage::from_fn(linear.width(), linear.height(), |x, y| {
                let [r, g, b, a] = linear.get_pixel(x, y).0;
                image::Rgba([to_srgb(r * gain), to_srgb(g * gain), to_srgb(b * gain), to_byte(a)])
            })
        }
        other => other.to_rgba8(),
    })
}

/// Linear light as sRGB. What is no number is black: one broken sample must not hide the rest.
pub(super) fn to_srgb(linear: f32) -> u8 {
    let linear = if linear.is_nan() { 0.0 } else { linear.clamp(0.0, 1.0) };
    to_byte(if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 })
}

/// From 0 to 1 as 0 to 255.
pub(super) fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// As JPEG, or as PNG where something is transparent.
pub(super) fn encode(image: RgbaImage) -> Result<(Vec<u8>, &'static str), String> {
    let mut bytes = Vec::new();
    let is_opaque = image.pixels().all(|pixel| pixel.0[3] == u8::MAX);
    let (result, mime) = if is_opaque {
        let rgb = DynamicImage::ImageRgba8(image).into_rgb8();
        (rgb.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)), "image/jpeg")
    } else {
        (image.write_with_encoder(PngEncoder::new(&mut bytes)), "image/png")
    };
    result.map_err(|error| error.to_string())?;
    Ok((bytes, mime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_light_becomes_srgb() {
        let check = |linear: f32, expect: u8| assert_eq!(to_srgb(linear), expect, "{linear}");
        check(0.0, 0);
        check(0.18, 118);
        check(0.5, 188);
        check(1.0, 255);
        check(7.0, 255);
        check(-1.0, 0);
        check(f32::NAN, 0);
        check(f32::INFINITY, 255);
    }
}
