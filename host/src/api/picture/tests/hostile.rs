//! Files that were cut off, or had bytes changed, in every way that a few thousand tries find: a problem each time, or a
//! picture, and never more than that.

use super::sized;
use crate::api::picture::{Picture, PictureError, Wanted, draw, file};
use exr::prelude::*;
use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};
use std::path::{Path, PathBuf};

/// Small files of every kind.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut add = |name: &str| {
        files.push(dir.join(name));
        dir.join(name)
    };
    let rgb =
        DynamicImage::ImageRgb8(ImageBuffer::from_fn(24, 18, |x, y| Rgb([x as u8 * 9, y as u8 * 9, 40])));
    let float = DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(24, 18, Rgb([0.1, 0.5, 3.0])));
    for (name, format) in [
        ("f.png", ImageFormat::Png),
        ("f.jpg", ImageFormat::Jpeg),
        ("f.tif", ImageFormat::Tiff),
        ("f.bmp", ImageFormat::Bmp),
        ("f.tga", ImageFormat::Tga),
    ] {
        rgb.save_with_format(add(name), format).unwrap();
    }
    float.save_with_format(add("float.tif"), ImageFormat::Tiff).unwrap();
    for compression in
        [Compression::ZIP16, Compression::PIZ, Compression::RLE, Compression::B44, Compression::PXR24]
    {
        for blocks in [Blocks::ScanLines, Blocks::Tiles(Vec2(16, 16))] {
            let tiled = matches!(blocks, Blocks::Tiles(_));
            let samples =
                || FlatSamples::F16((0..24 * 18).map(|index| f16::from_f32(index as f32 / 100.0)).collect());
            let channels = ["R", "G", "B", "Z"].map(|name| AnyChannel::new(name, samples()));
            let layer = Layer::new(
                (24, 18),
                LayerAttributes::default(),
                Encoding { compression, blocks, line_order: LineOrder::Increasing },
                AnyChannels::sort(channels.into_iter().collect()),
            );
            Image::from_layer(layer).write().to_file(add(&format!("{compression:?}-{tiled}.exr"))).unwrap();
        }
    }
    files
}

/// Everything that is done with a file, as a thread of the pool does it.
fn all(path: &Path) -> Vec<std::result::Result<Picture, PictureError>> {
    let wish = Default::default();
    let stamp = file::stamp(path).unwrap();
    // None of these is so plain that it would be sent unseen.
    let mut bright = Wanted { is_whole: true, ..sized(16) };
    bright.set_stops(0.5);
    let pictures = [bright, Wanted { channel: Some("R".to_owned()), ..sized(512) }]
        .map(|wanted| draw::picture(path, stamp, &wanted, &wish));
    assert!(!matches!(draw::layers(path, &wish), Err(PictureError::Internal(_))));
    assert!(!matches!(draw::pixel(path, &Wanted::default(), (3, 3), &wish), Err(PictureError::Internal(_))));
    pictures.into()
}

fn survives(path: &Path) -> bool {
    all(path).iter().all(|result| matches!(result, Ok(_) | Err(PictureError::NotShown { .. })))
}

/// The next of a fixed row of numbers, so that what fails once fails again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

#[test]
fn whole_files_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    for path in files(dir.path()) {
        let results = all(&path);
        assert!(results.iter().all(std::result::Result::is_ok), "{}: {results:?}", path.display());
    }
}

#[test]
fn files_that_are_cut_off_are_a_problem_and_nothing_worse() {
    let dir = tempfile::tempdir().unwrap();
    let mut dice = Dice(1);
    for path in files(dir.path()) {
        let whole = std::fs::read(&path).unwrap();
        let cut = dir.path().join("cut");
        let cut = cut.with_extension(path.extension().unwrap());
        for length in (0..40).map(|_| dice.below(whole.len())) {
            std::fs::write(&cut, &whole[..length]).unwrap();
            assert!(survives(&cut), "{} cut at {length}", path.display());
        }
    }
}

#[test]
fn files_with_wrong_bytes_are_a_problem_and_nothing_worse() {
    let dir = tempfile::tempdir().unwrap();
    let mut dice = Dice(7);
    for path in files(dir.path()) {
        let whole = std::fs::read(&path).unwrap();
        let changed = dir.path().join("changed").with_extension(path.extension().unwrap());
        for turn in 0..60 {
            let mut bytes = whole.clone();
            // Most of the time in the header, where a number decides over memory.
            let reach = if turn % 3 == 0 { bytes.len() } else { bytes.len().min(400) };
            for _ in 0..=dice.below(3) {
                let at = dice.below(reach);
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff, dice.below(256) as u8][dice.below(6)];
            }
            std::fs::write(&changed, &bytes).unwrap();
            assert!(survives(&changed), "{} at turn {turn}", path.display());
        }
    }
}

/// What it would cost to believe these is more than the test machine has.
#[test]
fn files_that_claim_to_be_huge_are_refused_before_memory_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let check = |name: &str, start: &[u8], bytes: u64, expect: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, start).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_len(bytes).unwrap();
        let wanted = sized(64);
        match draw::picture(&path, file::stamp(&path).unwrap(), &wanted, &Default::default()) {
            Err(PictureError::NotShown { reason, .. }) => {
                assert!(reason.contains(expect), "{name}: {reason}");
            }
            other => panic!("{name}: {other:?}"),
        }
    };
    let mut attribute = b"\x76\x2f\x31\x01\x02\0\0\0comments\0string\0".to_vec();
    attribute.extend(1_900_000_000_u32.to_le_bytes());
    check("attribute.exr", &attribute, 2 << 30, "its header is larger than 64 MB");
    check("sparse.jpg", b"\xff\xd8\xff\xe0", 8 << 30, "its file has 8192 MB");

    // A whole file of one block of 16 lines, whose windows and count of blocks were changed so that they agree.
    let path = dir.path().join("small.exr");
    let samples = || FlatSamples::F32(vec![0.0; 8 * 8]);
    let channels = ["R", "G", "B"].map(|name| AnyChannel::new(name, samples()));
    let encoding = Encoding {
        compression: Compression::ZIP16,
        blocks: Blocks::ScanLines,
        line_order: LineOrder::Increasing,
    };
    let channels = AnyChannels::sort(channels.into_iter().collect());
    let layer = Layer::new((8, 8), LayerAttributes::default(), encoding, channels);
    Image::from_layer(layer).write().to_file(&path).unwrap();
    let small = std::fs::read(&path).unwrap();
    let claiming = |columns: i32, lines: i32| {
        let mut bytes = small.clone();
        let mut put = |name: &[u8], value: i32, offset: usize| {
            let at = bytes.windows(name.len()).position(|piece| piece == name).unwrap() + name.len() + 4;
            bytes[at + offset..][..4].copy_from_slice(&value.to_le_bytes());
        };
        for window in [&b"dataWindow\0box2i\0"[..], b"displayWindow\0box2i\0"] {
            put(window, columns - 1, 8);
            put(window, lines - 1, 12);
        }
        put(b"chunkCount\0int\0", (lines + 15) / 16, 0);
        bytes
    };
    let bytes = small.len() as u64;
    check("wide.exr", &claiming(1 << 24, 1 << 10), bytes, "each of its blocks is");
    check("high.exr", &claiming(64, 1 << 28), bytes, "it claims to have");
}
