//! OpenEXR: windows, passes, parts, levels and colours, in files of known values.

use super::{pixels, refusal, sized};
use crate::api::picture::wanted::Region;
use crate::api::picture::{PassKind, Pictures, View, Wanted};
use exr::math::RoundingMode;
use exr::meta::attribute::{Chromaticities, IntegerBounds};
use exr::prelude::*;
use std::path::{Path, PathBuf};

fn flat(channels: Vec<(&str, FlatSamples)>) -> AnyChannels<FlatSamples> {
    AnyChannels::sort(channels.into_iter().map(|(name, samples)| AnyChannel::new(name, samples)).collect())
}

fn filled(value: f32, size: (usize, usize)) -> FlatSamples {
    FlatSamples::F32(vec![value; size.0 * size.1])
}

fn raw(pass: &str) -> Wanted {
    Wanted { pass: Some(pass.to_owned()), view: View::Raw, ..sized(64) }
}

async fn at(path: &Path, wanted: &Wanted, x: u32, y: u32) -> [u8; 3] {
    pixels(path, wanted).await.get_pixel(x, y).0
}

#[tokio::test]
async fn light_is_averaged_and_converted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.exr");
    // Columns of 0 and 0.36 have a mean of 0.18, which is 118 in sRGB; a mean of sRGB values would not be.
    write_rgb_file(&path, 64, 32, |x, _| {
        let light = if x % 2 == 0 { 0.36_f32 } else { 0.0 };
        (light, light, f32::NAN)
    })
    .unwrap();
    assert_eq!(at(&path, &sized(32), 5, 5).await, [118, 118, 0]);
    let mut brighter = sized(32);
    brighter.set_stops(1.0);
    assert_eq!(at(&path, &brighter, 5, 5).await[0], 162);
    assert_eq!(pixels(&path, &sized(2048)).await.dimensions(), (64, 32));
}

#[tokio::test]
async fn layers_and_passes_are_listed_and_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("multi.exr");
    let size = (20, 10);
    let half = |value: f32| FlatSamples::F16(vec![f16::from_f32(value); 200]);
    let channels = flat(vec![
        ("View.Combined.R", half(0.25)),
        ("View.Combined.G", half(0.0)),
        ("View.Combined.B", half(0.0)),
        ("View.Combined.A", half(0.5)),
        (
            "View.Depth.Z",
            FlatSamples::F32((0..200).map(|index| if index % 20 < 10 { 2.0 } else { 6.0 }).collect()),
        ),
        ("View.Normal.X", filled(0.0, size)),
        ("View.Normal.Y", filled(1.0, size)),
        ("View.Normal.Z", filled(-1.0, size)),
        ("View.IndexOB.X", FlatSamples::U32((0..200).map(|index| index % 2).collect())),
    ]);
    Image::from_channels(size, channels).write().to_file(&path).unwrap();

    let layers = Pictures::new().layers(&path).await.unwrap();
    let listed: Vec<_> = layers
        .passes
        .iter()
        .map(|pass| (pass.name.as_str(), pass.kind, pass.samples.as_str(), pass.channels.concat()))
        .collect();
    let expect = [
        ("View.Combined", PassKind::Colour, "half", "RGBA"),
        ("View.Depth.Z", PassKind::Depth, "float", "Z"),
        ("View.IndexOB.X", PassKind::Id, "uint", "X"),
        ("View.Normal", PassKind::Normals, "float", "XYZ"),
    ];
    assert_eq!(
        listed,
        expect.map(|(name, kind, samples, letters)| (name, kind, samples, letters.to_owned()))
    );

    let black = |pass: &str| Wanted { over: crate::api::picture::Over::Black, ..raw(pass) };
    assert_eq!(at(&path, &black("View.Combined"), 3, 3).await, [64, 0, 0]);
    assert_eq!(
        at(&path, &Wanted { channel: Some("A".to_owned()), ..raw("View.Combined") }, 3, 3).await,
        [128; 3]
    );
    assert_eq!(at(&path, &raw("View.Depth.Z"), 3, 3).await, [255; 3]);
    assert_eq!(at(&path, &raw("View.Depth.Z"), 15, 3).await, [26; 3]);
    assert_eq!(at(&path, &raw("View.Normal"), 3, 3).await, [128, 255, 0]);
    assert_eq!(at(&path, &raw("View.IndexOB.X"), 4, 3).await, [0; 3]);
    assert_ne!(at(&path, &raw("View.IndexOB.X"), 5, 3).await, [0; 3]);
    let reason = refusal(&path, &raw("View.Glossy")).await;
    assert_eq!(
        reason,
        "it has no pass `View.Glossy`; it has View.Combined, View.Depth.Z, View.IndexOB.X, View.Normal"
    );
}

#[tokio::test]
async fn parts_are_chosen_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("parts.exr");
    let part = |name: &str, value: f32| {
        let samples = || filled(value, (8, 8));
        Layer::new(
            (8, 8),
            LayerAttributes::named(name),
            Encoding::FAST_LOSSLESS,
            flat(vec![("R", samples()), ("G", samples()), ("B", samples())]),
        )
    };
    let image = Image::empty(ImageAttributes::new(IntegerBounds::from_dimensions((8, 8))))
        .with_layer(part("diffuse", 0.25))
        .with_layer(part("rgba", 0.5));
    image.write().to_file(&path).unwrap();
    assert_eq!(
        at(&path, &Wanted { view: View::Raw, ..sized(64) }, 3, 3).await,
        [128; 3],
        "beauty is shown first"
    );
    assert_eq!(at(&path, &raw("diffuse"), 3, 3).await, [64; 3]);
    assert_eq!(at(&path, &raw("rgba"), 3, 3).await, [128; 3]);
}

/// 8 by 4 pixels framed, with samples of 0.5 at `corner` in `size`.
fn windowed(dir: &Path, corner: (i32, i32), size: (usize, usize)) -> PathBuf {
    let path = dir.join(format!("{}-{}.exr", corner.0, size.0));
    let samples = || filled(0.5, size);
    let layer = Layer::new(
        size,
        LayerAttributes::default().with_position(Vec2(corner.0, corner.1)),
        Encoding::FAST_LOSSLESS,
        flat(vec![("R", samples()), ("G", samples()), ("B", samples())]),
    );
    let display = IntegerBounds::from_dimensions((8, 4));
    Image::new(ImageAttributes::new(display), layer).write().to_file(&path).unwrap();
    path
}

#[tokio::test]
async fn what_was_framed_is_shown_and_the_rest_where_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let grey = Wanted { over: crate::api::picture::Over::Black, view: View::Raw, ..sized(64) };
    let whole = Wanted { is_whole: true, ..grey.clone() };

    let crop = windowed(dir.path(), (2, 1), (3, 2));
    let shown = pixels(&crop, &grey).await;
    assert_eq!(shown.dimensions(), (8, 4));
    for (x, y, expect) in [(1, 1, 0), (2, 1, 128), (4, 2, 128), (5, 2, 0), (2, 3, 0), (2, 0, 0)] {
        assert_eq!(shown.get_pixel(x, y).0, [expect; 3], "{x},{y}");
    }
    assert_eq!(pixels(&crop, &whole).await.dimensions(), (3, 2));

    let overscan = windowed(dir.path(), (-4, -4), (16, 12));
    let shown = pixels(&overscan, &grey).await;
    assert!(shown.dimensions() == (8, 4) && shown.pixels().all(|pixel| pixel.0 == [128; 3]));
    assert_eq!(pixels(&overscan, &whole).await.dimensions(), (16, 12));
    let region = Some(Region { x: -5, y: -5, width: 2, height: 2 });
    let corner = pixels(&overscan, &Wanted { region, ..grey }).await;
    assert_eq!((corner.get_pixel(0, 0).0, corner.get_pixel(1, 1).0), ([0; 3], [128; 3]));
}

#[tokio::test]
async fn colours_of_other_primaries_are_brought_to_the_screens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("acescg.exr");
    let layer = Layer::new(
        (4, 4),
        LayerAttributes::default(),
        Encoding::FAST_LOSSLESS,
        flat(vec![("R", filled(0.2, (4, 4))), ("G", filled(0.5, (4, 4))), ("B", filled(0.2, (4, 4)))]),
    );
    let mut attributes = ImageAttributes::new(IntegerBounds::from_dimensions((4, 4)));
    attributes.chromaticities = Some(Chromaticities {
        red: Vec2(0.713, 0.293),
        green: Vec2(0.165, 0.83),
        blue: Vec2(0.128, 0.044),
        white: Vec2(0.32168, 0.33767),
    });
    Image::new(attributes, layer).write().to_file(&path).unwrap();
    // 0.2 + 0.3 of ACEScg green, whose column of the matrix is -0.622, 1.141, -0.129.
    let [r, g, b] = at(&path, &Wanted { view: View::Raw, ..sized(64) }, 1, 1).await;
    for (found, expect) in [(r, 0.2 - 0.3 * 0.6217), (g, 0.2 + 0.3 * 1.1408), (b, 0.2 - 0.3 * 0.1289)] {
        assert!((f32::from(found) - expect * 255.0).abs() <= 1.0, "{found}, not {}", expect * 255.0);
    }
}

#[tokio::test]
async fn a_smaller_level_of_a_tiled_file_is_read_where_it_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mip.exr");
    let size = Vec2(64, 64);
    // Every level is of another value, so that what is shown tells which was read.
    let levels = |_: &str| {
        let level_data = (0..7_u32).map(|level| {
            let side = 64_usize >> level;
            FlatSamples::F32(vec![0.1 * (level + 1) as f32; side * side])
        });
        Levels::Mip { rounding_mode: RoundingMode::Down, level_data: level_data.collect() }
    };
    let channels = ["R", "G", "B"].map(|name| AnyChannel::new(name, levels(name)));
    let encoding = Encoding {
        compression: Compression::ZIP16,
        blocks: Blocks::Tiles(Vec2(16, 16)),
        line_order: LineOrder::Increasing,
    };
    let layer = Layer::new(
        size,
        LayerAttributes::default(),
        encoding,
        AnyChannels::sort(channels.into_iter().collect()),
    );
    Image::from_layer(layer).write().to_file(&path).unwrap();
    for (wanted, expect) in [(2048, 0.1), (64, 0.1), (33, 0.1), (32, 0.2), (16, 0.3)] {
        let shown = pixels(&path, &Wanted { view: View::Raw, ..sized(wanted) }).await;
        let middle = shown.get_pixel(shown.width() / 2, shown.height() / 2).0;
        let expect: f32 = expect;
        assert_eq!(middle, [(expect * 255.0).round() as u8; 3], "{wanted}");
    }
}

#[tokio::test]
async fn every_compression_keeps_its_values() {
    let dir = tempfile::tempdir().unwrap();
    for compression in [
        Compression::Uncompressed,
        Compression::RLE,
        Compression::ZIP1,
        Compression::ZIP16,
        Compression::PIZ,
        Compression::PXR24,
        Compression::B44,
        Compression::B44A,
    ] {
        let path = dir.path().join(format!("{compression:?}.exr"));
        let half = || FlatSamples::F16(vec![f16::from_f32(0.5); 40 * 40]);
        let layer = Layer::new(
            (40, 40),
            LayerAttributes::default(),
            Encoding { compression, blocks: Blocks::ScanLines, line_order: LineOrder::Increasing },
            flat(vec![("R", half()), ("G", half()), ("B", half())]),
        );
        Image::from_layer(layer).write().to_file(&path).unwrap();
        let shown = pixels(&path, &Wanted { view: View::Raw, ..sized(20) }).await;
        assert!(
            shown.pixels().all(|pixel| pixel.0[0].abs_diff(128) <= 1),
            "{compression:?}: {:?}",
            shown.get_pixel(0, 0)
        );
    }
}

/// A file of `size` with light that grows from left to right, in blocks of 16 lines.
fn ramp(path: &Path, size: (usize, usize)) {
    let samples = (0..size.0 * size.1).map(|index| f16::from_f32((index % size.0) as f32 / size.0 as f32));
    let encoding = Encoding {
        compression: Compression::ZIP16,
        blocks: Blocks::ScanLines,
        line_order: LineOrder::Increasing,
    };
    let channels = flat(vec![("Y", FlatSamples::F16(samples.collect()))]);
    let layer = Layer::new(size, LayerAttributes::default(), encoding, channels);
    Image::from_layer(layer).write().to_file(path).unwrap();
}

/// Has the blocks that `which` names point at nothing, so that reading one of them fails.
fn break_blocks(path: &Path, blocks: usize, which: impl Fn(usize) -> bool) {
    let mut bytes = std::fs::read(path).unwrap();
    // The table of offsets ends where its first entry points at.
    let table = (0..bytes.len() - 8)
        .find(|at| {
            let first = u64::from_le_bytes(bytes[*at..at + 8].try_into().unwrap());
            first == (at + blocks * 8) as u64
        })
        .unwrap();
    for block in (0..blocks).filter(|block| which(*block)) {
        bytes[table + block * 8..][..8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn what_lies_outside_of_a_region_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.exr");
    ramp(&path, (64, 160));
    break_blocks(&path, 10, |block| block != 3);
    refusal(&path, &sized(64)).await;
    let region = Some(Region { x: 32, y: 50, width: 16, height: 10 });
    let piece = pixels(&path, &Wanted { region, view: View::Raw, ..sized(64) }).await;
    assert_eq!((piece.dimensions(), piece.get_pixel(0, 0).0), ((16, 10), [128; 3]));
    let told = Pictures::new().pixel(&path, Wanted::default(), (16, 63)).await.unwrap();
    assert_eq!(told.samples[0].value, Some(0.25));
}

#[tokio::test]
async fn of_a_very_large_file_a_small_picture_reads_only_some_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.exr");
    // 263 blocks for 64 rows: each row needs the one block that its middle is in.
    ramp(&path, (4200, 4200));
    let middle_of_a_row = |block: usize| {
        let pitch = 4200.0 / 64.0;
        (0..64).any(|row| ((f64::from(row) + 0.5) * pitch / 16.0) as usize == block)
    };
    break_blocks(&path, 263, |block| !middle_of_a_row(block));
    let shown = pixels(&path, &Wanted { view: View::Raw, ..sized(64) }).await;
    assert_eq!(shown.dimensions(), (64, 64));
    for (x, y) in [(0, 0), (31, 20), (63, 63)] {
        let expect = (f64::from(x) + 0.5) / 64.0 * 255.0;
        assert!(
            (f64::from(shown.get_pixel(x, y).0[0]) - expect).abs() < 2.0,
            "{x},{y}: {:?}",
            shown.get_pixel(x, y)
        );
    }
    refusal(&path, &sized(1024)).await;
}
