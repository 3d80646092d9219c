//! PNG, TIFF and JPEG as rows of samples: the first two row by row and strip by strip, so that a file of any height costs
//! the memory of a strip; JPEG and what is rarer whole, within a bound.

use super::canvas::{Axis, Canvas, Gather, OUTSIDE, Rect};
use super::file::Format;
use super::light::srgb_decode;
use super::pool::{Fail, Wish};
use image::{DynamicImage, ImageReader, Limits};
use std::fs::File;
use std::io::{BufReader, Seek};
use tiff::decoder::DecodingResult;
use tiff::tags::{PlanarConfiguration, Tag};

/// What a decoder may take for itself: a whole JPEG, or a strip of a TIFF.
const DECODED_BYTES: u64 = 128 * 1024 * 1024;

/// The largest file that is read whole.
const WHOLE_FILE: u64 = 256 * 1024 * 1024;

/// The longest side and the most pixels of a file: a small damaged one may claim anything, and would take minutes.
const MAX_SIDE: u32 = 1 << 17;
const MAX_PIXELS: u64 = 1 << 29;

/// What an image is before any of its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Grey, grey and alpha, colour, colour and alpha.
    pub(super) channels: usize,
    pub(super) samples: Samples,
}

/// How an image keeps its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    /// Made for a screen.
    Srgb8,
    Srgb16,
    /// Linear light.
    Float,
}

impl Shape {
    pub(super) fn is_light(self) -> bool {
        self.samples == Samples::Float
    }

    pub(super) fn has_alpha(self) -> bool {
        self.channels.is_multiple_of(2)
    }

    /// Whether a browser shows it as farmhand would.
    pub(super) fn is_plain(self) -> bool {
        self.samples == Samples::Srgb8 && !self.has_alpha()
    }

    fn checked(self) -> Result<Self, String> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        if pixels == 0 || self.width.max(self.height) > MAX_SIDE || pixels > MAX_PIXELS {
            return Err(format!("it claims to have {} x {} pixels", self.width, self.height));
        }
        Ok(self)
    }
}

/// An opened image.
pub(super) struct Raster {
    pub(super) shape: Shape,
    decoder: Decoder,
}

enum Decoder {
    Png(Box<png::Reader<BufReader<File>>>),
    Tiff(Box<tiff::decoder::Decoder<BufReader<File>>>),
    Whole(Box<DynamicImage>),
}

impl Raster {
    pub(super) fn open(mut file: File, format: Format) -> Result<Self, String> {
        file.rewind().map_err(|error| error.to_string())?;
        match format {
            Format::Png => open_png(file),
            Format::Tiff => open_tiff(file),
            Format::Jpeg => open_whole(file, image::ImageFormat::Jpeg),
            Format::Other(format) => open_whole(file, format),
            Format::Exr => Err("an OpenEXR file is read elsewhere".to_owned()),
        }
    }

    /// Gathers the pixels of `view` on a canvas: light, multiplied by its alpha. Grey is in all three colours.
    pub(super) fn gather(self, view: Rect, size: u32, gather: Gather, wish: &Wish) -> Result<Canvas, Fail> {
        let Shape { width, channels, samples, .. } = self.shape;
        let mut canvas = Canvas::new(view, 1.0, size, gather);
        let curve = Curve::of(samples);
        let mut put = |axis: Axis, y: f64, line: &[f32]| -> Result<bool, Fail> {
            wish.check()?;
            if y >= view.y + view.height {
                return Ok(false);
            }
            let Some(row) = canvas.row(y + 0.5) else { return Ok(true) };
            // A line at a time costs nothing beside the decoding, and tiles have their own places.
            let columns = canvas.columns_of(axis, line.len() / channels);
            for (pixel, column) in line.chunks_exact(channels).zip(columns) {
                if column != OUTSIDE {
                    canvas.put(row, column, premultiplied(pixel, &curve));
                }
            }
            Ok(true)
        };
        match self.decoder {
            Decoder::Png(reader) => rows_of_png(*reader, &mut put)?,
            Decoder::Tiff(decoder) => rows_of_tiff(*decoder, self.shape, &view, &mut put)?,
            Decoder::Whole(image) => rows_of_whole(&image, width as usize, &mut put)?,
        }
        Ok(canvas)
    }
}

type Put<'a> = dyn FnMut(Axis, f64, &[f32]) -> Result<bool, Fail> + 'a;

/// From stored samples to light.
enum Curve {
    Table(Vec<f32>),
    None,
}

impl Curve {
    fn of(samples: Samples) -> Self {
        let table =
            |codes: u32| (0..codes).map(|code| srgb_decode(code as f32 / (codes - 1) as f32)).collect();
        match samples {
            Samples::Srgb8 => Self::Table(table(1 << 8)),
            Samples::Srgb16 => Self::Table(table(1 << 16)),
            Samples::Float => Self::None,
        }
    }

    fn light(&self, stored: f32) -> f32 {
        match self {
            Self::Table(table) => {
                let last = table.len() - 1;
                table[(stored * last as f32).round().clamp(0.0, last as f32) as usize]
            }
            Self::None => stored,
        }
    }
}

fn premultiplied(pixel: &[f32], curve: &Curve) -> [f32; 4] {
    let light = |at: usize| curve.light(pixel[at]);
    let ([r, g, b], a) = match pixel.len() {
        1 => ([light(0); 3], 1.0),
        2 => ([light(0); 3], pixel[1]),
        3 => ([light(0), light(1), light(2)], 1.0),
        _ => ([light(0), light(1), light(2)], pixel[3]),
    };
    [r * a, g * a, b * a, a]
}

fn open_png(file: File) -> Result<Raster, String> {
    let limits = png::Limits { bytes: DECODED_BYTES as usize };
    let mut decoder = png::Decoder::new_with_limits(BufReader::new(file), limits);
    decoder.set_transformations(png::Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let header = decoder.read_header_info().map_err(|error| error.to_string())?;
    let (width, height) = (header.width, header.height);
    // Before anything is set aside for its rows.
    Shape { width, height, channels: 1, samples: Samples::Srgb8 }.checked()?;
    let reader = decoder.read_info().map_err(|error| error.to_string())?;
    let (colour, depth) = reader.output_color_type();
    let samples = if depth == png::BitDepth::Sixteen { Samples::Srgb16 } else { Samples::Srgb8 };
    let shape = Shape { width, height, channels: colour.samples(), samples };
    Ok(Raster { shape, decoder: Decoder::Png(Box::new(reader)) })
}

fn rows_of_png(mut reader: png::Reader<BufReader<File>>, put: &mut Put<'_>) -> Result<(), Fail> {
    let deep = reader.output_color_type().1 == png::BitDepth::Sixteen;
    let header = reader.info();
    let (width, height, interlaced) = (header.width, header.height, header.interlaced);
    let places: Box<dyn Iterator<Item = (Axis, u32)>> = if interlaced {
        Box::new(adam7(width, height))
    } else {
        Box::new((0..height).map(|y| (Axis { start: 0.0, step: 1.0 }, y)))
    };
    let mut samples = Vec::new();
    for (axis, y) in places {
        let Some(row) = reader.next_interlaced_row().map_err(|error| error.to_string())? else {
            return Ok(());
        };
        samples.clear();
        if deep {
            let codes = row.data().chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            samples.extend(codes.map(|code| f32::from(code) / 65535.0));
        } else {
            samples.extend(row.data().iter().map(|one| f32::from(*one) / 255.0));
        }
        if !put(axis, f64::from(y), &samples)? && !interlaced {
            return Ok(());
        }
    }
    Ok(())
}

/// Where the lines of an interlaced PNG lie, in its order. Samples of one line are no neighbours.
fn adam7(width: u32, height: u32) -> impl Iterator<Item = (Axis, u32)> {
    const PASSES: [(u32, u32, u32, usize); 7] =
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];
    PASSES.into_iter().filter(move |(x, ..)| *x < width).flat_map(move |(x, across, y, down)| {
        let step = f64::from(across);
        // The middle of a sample is meant to be half a pixel behind its own start, whatever the step is.
        let axis = Axis { start: f64::from(x) + 0.5 - step / 2.0, step };
        (y..height).step_by(down).map(move |y| (axis, y))
    })
}

fn open_tiff(file: File) -> Result<Raster, String> {
    let message = |error: tiff::TiffError| error.to_string();
    let mut limits = tiff::decoder::Limits::default();
    limits.decoding_buffer_size = DECODED_BYTES as usize;
    limits.intermediate_buffer_size = DECODED_BYTES as usize;
    limits.ifd_value_size = 16 << 20;
    let mut decoder = tiff::decoder::Decoder::new(BufReader::new(file)).map_err(message)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(message)?;
    let (channels, bits) = match decoder.colortype().map_err(message)? {
        tiff::ColorType::Gray(bits) => (1, bits),
        tiff::ColorType::GrayA(bits) => (2, bits),
        tiff::ColorType::RGB(bits) => (3, bits),
        tiff::ColorType::RGBA(bits) => (4, bits),
        other => return Err(format!("its colours are {other:?}, which is not shown")),
    };
    let planar = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).map_err(message)?;
    if channels > 1 && planar == Some(PlanarConfiguration::Planar.to_u16()) {
        return Err("it keeps its channels in planes of their own, which is not shown".to_owned());
    }
    let formats = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat).map_err(message)?;
    let is_float = formats.is_some_and(|formats| formats.first() == Some(&3));
    let samples = match (is_float, bits) {
        (true, 16 | 32 | 64) => Samples::Float,
        (false, 8) => Samples::Srgb8,
        (false, 16 | 32) => Samples::Srgb16,
        _ => return Err(format!("its samples have {bits} bits, which is not shown")),
    };
    let shape = Shape { width, height, channels, samples }.checked()?;
    Ok(Raster { shape, decoder: Decoder::Tiff(Box::new(decoder)) })
}

fn rows_of_tiff(
    mut decoder: tiff::decoder::Decoder<BufReader<File>>,
    shape: Shape,
    view: &Rect,
    put: &mut Put<'_>,
) -> Result<(), Fail> {
    let (wide, high) = decoder.chunk_dimensions();
    if wide == 0 || high == 0 {
        return Err(Fail::File("its strips are empty".to_owned()));
    }
    let across = shape.width.div_ceil(wide);
    let down = shape.height.div_ceil(high);
    for chunk in 0..across * down {
        let (x, y) = ((chunk % across) * wide, (chunk / across) * high);
        let (width, height) = decoder.chunk_data_dimensions(chunk);
        let in_view = view.has_rows(f64::from(y), f64::from(y + height))
            && view.has_columns(f64::from(x), f64::from(x + width));
        if !in_view {
            continue;
        }
        let samples = floats(decoder.read_chunk(chunk).map_err(|error| error.to_string())?)?;
        let line = width as usize * shape.channels;
        for (row, line) in samples.chunks_exact(line).take(height as usize).enumerate() {
            put(Axis { start: f64::from(x), step: 1.0 }, f64::from(y) + row as f64, line)?;
        }
    }
    Ok(())
}

fn floats(samples: DecodingResult) -> Result<Vec<f32>, String> {
    Ok(match samples {
        DecodingResult::U8(all) => all.into_iter().map(|one| f32::from(one) / 255.0).collect(),
        DecodingResult::U16(all) => all.into_iter().map(|one| f32::from(one) / 65535.0).collect(),
        DecodingResult::U32(all) => {
            all.into_iter().map(|one| (f64::from(one) / f64::from(u32::MAX)) as f32).collect()
        }
        DecodingResult::F16(all) => all.into_iter().map(|one| one.to_f32()).collect(),
        DecodingResult::F32(all) => all,
        DecodingResult::F64(all) => all.into_iter().map(|one| one as f32).collect(),
        _ => return Err("its samples are neither unsigned nor floating, which is not shown".to_owned()),
    })
}

fn open_whole(file: File, format: image::ImageFormat) -> Result<Raster, String> {
    let bytes = file.metadata().map_err(|error| error.to_string())?.len();
    if bytes > WHOLE_FILE {
        return Err(format!("its file has {} MB, and this format can only be read whole", bytes >> 20));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES);
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    let mut reader = ImageReader::with_format(BufReader::new(file), format);
    reader.limits(limits);
    let image = reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => {
            format!(
                "it would take more than {} MB to decode, and this format can only be read whole",
                DECODED_BYTES >> 20
            )
        }
        error => error.to_string(),
    })?;
    let samples = match image {
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => Samples::Float,
        DynamicImage::ImageLuma16(_)
        | DynamicImage::ImageLumaA16(_)
        | DynamicImage::ImageRgb16(_)
        | DynamicImage::ImageRgba16(_) => Samples::Srgb16,
        _ => Samples::Srgb8,
    };
    let channels = usize::from(image.color().channel_count());
    let shape = Shape { width: image.width(), height: image.height(), channels, samples }.checked()?;
    Ok(Raster { shape, decoder: Decoder::Whole(Box::new(image)) })
}

fn rows_of_whole(image: &DynamicImage, width: usize, put: &mut Put<'_>) -> Result<(), Fail> {
    let line = width * usize::from(image.color().channel_count());
    let mut y = 0.0;
    let mut each = |samples: &[f32]| {
        let goes_on = put(Axis { start: 0.0, step: 1.0 }, y, samples);
        y += 1.0;
        goes_on
    };
    let eight = |row: &[u8]| row.iter().map(|one| f32::from(*one) / 255.0).collect::<Vec<_>>();
    let sixteen = |row: &[u16]| row.iter().map(|one| f32::from(*one) / 65535.0).collect::<Vec<_>>();
    match image {
        DynamicImage::ImageLuma16(image) => {
            image.chunks_exact(line).try_for_each(|row| each(&sixteen(row)).map(drop))
        }
        DynamicImage::ImageLumaA16(image) => {
            image.chunks_exact(line).try_for_each(|row| each(&sixteen(row)).map(drop))
        }
        DynamicImage::ImageRgb16(image) => {
            image.chunks_exact(line).try_for_each(|row| each(&sixteen(row)).map(drop))
        }
        DynamicImage::ImageRgba16(image) => {
            image.chunks_exact(line).try_for_each(|row| each(&sixteen(row)).map(drop))
        }
        DynamicImage::ImageRgb32F(image) => image.chunks_exact(line).try_for_each(|row| each(row).map(drop)),
        DynamicImage::ImageRgba32F(image) => image.chunks_exact(line).try_for_each(|row| each(row).map(drop)),
        image => image.as_bytes().chunks_exact(line).try_for_each(|row| each(&eight(row)).map(drop)),
    }
}
