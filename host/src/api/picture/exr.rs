//! OpenEXR to a small picture, block by block: an 8K image with forty channels costs no more memory than one block
//! and the picture.

use super::decode::{to_byte, to_srgb};
use exr::block::reader::ChunksReader as _;
use exr::prelude::{SampleType, f16};
use image::{Rgba, RgbaImage};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The image's beauty, brightened by `exposure` stops and converted to sRGB, with neither side longer than `size`.
pub(super) fn shrink(path: &Path, size: u32, exposure: f32) -> Result<RgbaImage, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = exr::block::read(BufReader::new(file), false).map_err(|error| error.to_string())?;
    let (layer, channels) = reader
        .headers()
        .iter()
        .enumerate()
        .filter(|(_, header)| !header.deep)
        .find_map(|(layer, header)| {
            let names: Vec<String> =
                header.channels.list.iter().map(|channel| channel.name.to_string()).collect();
            Some((layer, Channels::choose(&names)?))
        })
        .ok_or("it has no flat channels")?;
    let header = &reader.headers()[layer];
    let mut small = Mean::new(header.layer_size.width(), header.layer_size.height(), size);
    let chunks = reader
        .filter_chunks(false, |meta, tile, block| {
            let header = &meta.headers[block.layer];
            block.layer == layer && !header.deep && tile.is_largest_resolution_level()
        })
        .map_err(|error| error.to_string())?;
    chunks
        .decompress_sequential(false, |meta, block| {
            let header = &meta.headers[block.index.layer];
            for line in block.lines(&header.channels) {
                let Some(places) = channels.places(line.location.channel) else { continue };
                let (x, y) = (line.location.position.x(), line.location.position.y());
                match header.channels.list[line.location.channel].sample_type {
                    SampleType::F16 => {
                        let samples = line.read_samples::<f16>();
                        small.add(x, y, places, samples.map(|sample| sample.map(f16::to_f32)))?;
                    }
                    SampleType::F32 => small.add(x, y, places, line.read_samples::<f32>())?,
                    SampleType::U32 => {
                        let samples = line.read_samples::<u32>();
                        small.add(x, y, places, samples.map(|sample| sample.map(|sample| sample as f32)))?;
                    }
                }
            }
            Ok(())
        })
        .map_err(|error| error.to_string())?;
    Ok(small.finish(exposure.exp2(), channels.alpha.is_some()))
}

/// Which channels are shown as red, green, blue and alpha.
#[derive(Debug, PartialEq, Eq)]
struct Channels {
    colour: [usize; 3],
    alpha: Option<usize>,
}

impl Channels {
    /// Plain `R`, `G`, `B`; else those of a combined pass, as Blender's multilayer files name them; else those of the
    /// first pass that has them; else one channel as grey.
    fn choose(names: &[String]) -> Option<Self> {
        let find =
            |prefix: &str, letter: &str| names.iter().position(|name| *name == format!("{prefix}{letter}"));
        let colour_of = |prefix: &str| {
            let colour = [find(prefix, "R")?, find(prefix, "G")?, find(prefix, "B")?];
            Some(Self { colour, alpha: find(prefix, "A") })
        };
        let mut prefixes: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix('R')).collect();
        prefixes.sort_by_key(|prefix| (!prefix.is_empty(), !prefix.ends_with("Combined.")));
        if let Some(channels) = prefixes.into_iter().find_map(colour_of) {
            return Some(channels);
        }
        let grey = find("", "Y").or((!names.is_empty()).then_some(0))?;
        Some(Self { colour: [grey; 3], alpha: None })
    }

    /// Where a channel goes: which of red, green, blue and alpha it is. A grey one is all three colours.
    fn places(&self, channel: usize) -> Option<[bool; 4]> {
        let [r, g, b] = self.colour.map(|own| own == channel);
        let places = [r, g, b, self.alpha == Some(channel)];
        places.contains(&true).then_some(places)
    }
}

/// The mean of the samples that fall on each pixel of the small picture.
struct Mean {
    width: usize,
    height: usize,
    /// Of the picture.
    columns: usize,
    rows: usize,
    sums: Vec<[f32; 4]>,
    counts: Vec<[u32; 4]>,
}

impl Mean {
    fn new(width: usize, height: usize, size: u32) -> Self {
        let longest = width.max(height).max(1);
        let scaled = |side: usize| match longest <= size as usize {
            true => side.max(1),
            false => (side * size as usize / longest).max(1),
        };
        let (columns, rows) = (scaled(width), scaled(height));
        let (sums, counts) = (vec![[0.0; 4]; columns * rows], vec![[0; 4]; columns * rows]);
        Self { width, height, columns, rows, sums, counts }
    }

    fn add<E>(
        &mut self,
        x: usize,
        y: usize,
        places: [bool; 4],
        samples: impl Iterator<Item = Result<f32, E>>,
    ) -> Result<(), E> {
        let row = (y * self.rows / self.height.max(1)).min(self.rows - 1);
        for (offset, sample) in samples.enumerate() {
            let sample = sample?;
            if !sample.is_finite() {
                continue;
            }
            let column = ((x + offset) * self.columns / self.width.max(1)).min(self.columns - 1);
            let index = row * self.columns + column;
            for place in (0..4).filter(|place| places[*place]) {
                self.sums[index][place] += sample;
                self.counts[index][place] += 1;
            }
        }
        Ok(())
    }

    fn finish(self, gain: f32, has_alpha: bool) -> RgbaImage {
        RgbaImage::from_fn(self.columns as u32, self.rows as u32, |x, y| {
            let index = y as usize * self.columns + x as usize;
            let mean = |place: usize| self.sums[index][place] / self.counts[index][place].max(1) as f32;
            let alpha = if has_alpha { mean(3).clamp(0.0, 1.0) } else { 1.0 };
            // EXR colours are multiplied by their alpha, PNG's are not.
            let light = |place: usize| to_srgb(if alpha > 0.0 { mean(place) / alpha * gain } else { 0.0 });
            Rgba([light(0), light(1), light(2), to_byte(alpha)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exr::prelude::{Image, SpecificChannels, WritableImage as _, write_rgb_file};

    fn colour(image: &RgbaImage, x: u32, y: u32) -> [u8; 4] {
        image.get_pixel(x, y).0
    }

    #[test]
    fn light_is_averaged_and_converted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.exr");
        // Columns of 0 and 0.36 have a mean of 0.18, which is 118 in sRGB; a mean of sRGB values would not be.
        write_rgb_file(&path, 64, 32, |x, _| {
            let light = if x % 2 == 0 { 0.36_f32 } else { 0.0 };
            (light, light, f32::NAN)
        })
        .unwrap();
        let small = shrink(&path, 32, 0.0).unwrap();
        assert_eq!(small.dimensions(), (32, 16));
        assert_eq!(colour(&small, 5, 5), [118, 118, 0, 255]);
        assert_eq!(colour(&shrink(&path, 32, 1.0).unwrap(), 5, 5)[0], 162);
        assert_eq!(shrink(&path, 2048, 0.0).unwrap().dimensions(), (64, 32));
    }

    #[test]
    fn multilayer_files_show_their_combined_pass() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("multi.exr");
        let channels = SpecificChannels::build()
            .with_channel::<f32>("View.Depth.Z")
            .with_channel::<f16>("View.Combined.A")
            .with_channel::<f16>("View.Combined.B")
            .with_channel::<f16>("View.Combined.G")
            .with_channel::<f16>("View.Combined.R")
            .with_pixel_fn(|_| (1e9_f32, f16::from_f32(0.5), f16::ZERO, f16::ZERO, f16::from_f32(0.25)));
        Image::from_channels((20, 10), channels).write().to_file(&path).unwrap();
        let small = shrink(&path, 10, 0.0).unwrap();
        assert_eq!(colour(&small, 3, 3), [188, 0, 0, 128]);
    }

    #[test]
    fn channels_are_chosen_by_name() {
        let check = |names: &[&str], expect: Option<([usize; 3], Option<usize>)>| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let expect = expect.map(|(colour, alpha)| Channels { colour, alpha });
            assert_eq!(Channels::choose(&names), expect, "{names:?}");
        };
        check(&["A", "B", "G", "R"], Some(([3, 2, 1], Some(0))));
        check(&["B", "G", "R", "V.Combined.R"], Some(([2, 1, 0], None)));
        check(
            &["D.B", "D.G", "D.R", "V.Combined.B", "V.Combined.G", "V.Combined.R"],
            Some(([5, 4, 3], None)),
        );
        check(&["D.B", "D.G", "D.R"], Some(([2, 1, 0], None)));
        check(&["Z", "Y"], Some(([1, 1, 1], None)));
        check(&["Z"], Some(([0, 0, 0], None)));
        check(&["VR", "Z"], Some(([0, 0, 0], None)));
        check(&[], None);
    }
}
