//! Pictures of whole files, of every format that is shown.

mod exr;
mod hostile;

use super::wanted::Region;
use super::*;
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use std::path::Path;

async fn picture(path: &Path, wanted: &Wanted) -> Result<Picture, PictureError> {
    Pictures::new().show(path, wanted).await.map(|(_, picture)| picture)
}

fn sized(size: u32) -> Wanted {
    Wanted { size: Some(size), ..Wanted::default() }
}

async fn pixels(path: &Path, wanted: &Wanted) -> RgbImage {
    let picture = picture(path, wanted).await.unwrap();
    image::load_from_memory(&picture.bytes).unwrap().to_rgb8()
}

async fn refusal(path: &Path, wanted: &Wanted) -> String {
    match picture(path, wanted).await {
        Err(PictureError::NotShown { reason, .. }) => reason,
        other => panic!("{}: {other:?}", path.display()),
    }
}

#[tokio::test]
async fn small_files_go_out_as_they_are_and_large_ones_shrunk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.0001.png");
    RgbImage::from_pixel(300, 200, Rgb([200, 10, 10])).save(&path).unwrap();
    let original = std::fs::read(&path).unwrap();
    for wanted in [Wanted::default(), sized(300), sized(2048)] {
        let picture = picture(&path, &wanted).await.unwrap();
        assert_eq!((picture.mime, &picture.bytes[..]), ("image/png", &original[..]), "{wanted:?}");
    }
    let shrunk = pixels(&path, &sized(60)).await;
    assert_eq!((shrunk.dimensions(), shrunk.get_pixel(30, 20).0), ((60, 40), [200, 10, 10]));
    let mut brighter = Wanted::default();
    brighter.set_stops(1.0);
    assert_ne!(picture(&path, &brighter).await.unwrap().bytes, original, "exposure is put on it");
}

#[tokio::test]
async fn every_format_keeps_its_values() {
    let dir = tempfile::tempdir().unwrap();
    let check = async |name: &str, image: DynamicImage, format: ImageFormat, expect: [u8; 3]| {
        let path = dir.path().join(name);
        image.save_with_format(&path, format).unwrap();
        // Asked for brighter and darker again by nothing, so that every one of them is decoded and not sent as it is.
        let wanted = Wanted { size: Some(10), ..Wanted::default() };
        let shown = pixels(&path, &wanted).await;
        let found = shown.get_pixel(5, 4).0;
        let near =
            found.iter().zip(expect).all(|(a, b)| a.abs_diff(b) <= u8::from(format == ImageFormat::Jpeg) * 3);
        assert!(
            shown.dimensions() == (10, 5) && near,
            "{name}: {:?} {found:?}, not {expect:?}",
            shown.dimensions()
        );
    };
    let rgb8 = || DynamicImage::ImageRgb8(ImageBuffer::from_pixel(20, 10, Rgb([200, 100, 0])));
    let rgb16 = || DynamicImage::ImageRgb16(ImageBuffer::from_pixel(20, 10, Rgb([51400, 25700, 0])));
    let rgb32 = || DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(20, 10, Rgb([0.18, 1.0, 4.0])));
    let grey = || DynamicImage::ImageLuma8(ImageBuffer::from_pixel(20, 10, Luma([77])));
    let grey16 = || DynamicImage::ImageLuma16(ImageBuffer::from_pixel(20, 10, Luma([0x8080])));
    check("8.png", rgb8(), ImageFormat::Png, [200, 100, 0]).await;
    check("16.png", rgb16(), ImageFormat::Png, [200, 100, 0]).await;
    check("grey.png", grey(), ImageFormat::Png, [77; 3]).await;
    check("grey16.png", grey16(), ImageFormat::Png, [128; 3]).await;
    check("8.jpg", rgb8(), ImageFormat::Jpeg, [200, 100, 0]).await;
    check("8.tif", rgb8(), ImageFormat::Tiff, [200, 100, 0]).await;
    check("16.tif", rgb16(), ImageFormat::Tiff, [200, 100, 0]).await;
    check("float.tif", rgb32(), ImageFormat::Tiff, [118, 255, 255]).await;
    check("grey.tif", grey(), ImageFormat::Tiff, [77; 3]).await;
    check("8.bmp", rgb8(), ImageFormat::Bmp, [200, 100, 0]).await;
    check("8.tga", rgb8(), ImageFormat::Tga, [200, 100, 0]).await;
}

#[tokio::test]
async fn exposure_and_view_change_light_as_they_should() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.tif");
    DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(8, 8, Rgb([0.09, 0.09, 0.09])))
        .save_with_format(&path, ImageFormat::Tiff)
        .unwrap();
    let png = dir.path().join("f.png");
    RgbImage::from_pixel(8, 8, Rgb([118, 118, 118])).save(&png).unwrap();
    let check = async |path: &Path, stops: f32, view: View, expect: u8| {
        let mut wanted = Wanted { size: Some(16), view, ..Wanted::default() };
        wanted.set_stops(stops);
        assert_eq!(pixels(path, &wanted).await.get_pixel(3, 3).0, [expect; 3], "{view:?} {stops}");
    };
    check(&path, 1.0, View::Standard, 118).await;
    check(&path, 1.0, View::Filmic, 128).await;
    check(&path, 1.0, View::Raw, 46).await;
    check(&path, 1.0, View::Rec709, 104).await;
    check(&path, 0.0, View::Standard, 85).await;
    // Made for a screen: exposure works on its light, and no second view transform is put on it.
    check(&png, 0.0, View::Filmic, 118).await;
    check(&png, 1.0, View::Standard, 162).await;
}

#[tokio::test]
async fn transparency_and_single_channels() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.png");
    RgbaImage::from_pixel(8, 8, Rgba([255, 0, 0, 128])).save(&path).unwrap();
    let check = async |over: Over, channel: Option<&str>, expect: [u8; 3]| {
        let wanted =
            Wanted { size: Some(16), over, channel: channel.map(str::to_owned), ..Wanted::default() };
        assert_eq!(pixels(&path, &wanted).await.get_pixel(0, 0).0, expect, "{over:?} {channel:?}");
    };
    check(Over::Black, None, [188, 0, 0]).await;
    check(Over::Grey, None, [202, 84, 84]).await;
    check(Over::Black, Some("A"), [128; 3]).await;
    check(Over::Black, Some("g"), [0; 3]).await;
    let wanted = Wanted { channel: Some("Z".to_owned()), ..sized(16) };
    assert_eq!(refusal(&path, &wanted).await, "`RGBA` has no channel `Z`; it has R, G, B, A");
    let wanted = Wanted { pass: Some("depth".to_owned()), ..sized(16) };
    assert_eq!(refusal(&path, &wanted).await, "it has no pass `depth`; it has RGBA");
}

#[tokio::test]
async fn an_interlaced_png_has_every_pixel_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, path) = (dir.path().join("plain.png"), dir.path().join("adam7.png"));
    let image = RgbImage::from_fn(13, 11, |x, y| Rgb([(x * 19) as u8, (y * 23) as u8, 7]));
    image.save(&plain).unwrap();
    std::fs::write(&path, interlaced(&image)).unwrap();
    for wanted in [sized(64), Wanted { channel: Some("R".to_owned()), ..sized(64) }] {
        let exact = Wanted { view: View::Raw, ..wanted };
        assert_eq!(pixels(&path, &exact).await, pixels(&plain, &exact).await);
    }
}

/// A PNG in seven passes, which the encoder at hand does not write: stored deflate blocks and checksums by hand.
fn interlaced(image: &RgbImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let mut data = Vec::new();
    for (x, across, y, down) in
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]
    {
        for row in (y..height).step_by(down) {
            if x >= width {
                continue;
            }
            data.push(0);
            for column in (x..width).step_by(across) {
                data.extend(image.get_pixel(column, row).0);
            }
        }
    }
    let mut stream = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut stream, &data).unwrap();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], body: &[u8]| {
        file.extend((body.len() as u32).to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(body);
        file.extend(kind);
        file.extend(body);
        file.extend(sum.sum().to_be_bytes());
    };
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 1]);
    chunk(b"IHDR", &header);
    chunk(b"IDAT", &stream.finish().unwrap());
    chunk(b"IEND", &[]);
    file
}

#[tokio::test]
async fn a_region_is_a_piece_of_the_file_and_a_pixel_tells_its_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.tif");
    let image = ImageBuffer::from_fn(40, 30, |x, y| Rgb([x as f32 / 100.0, y as f32 / 100.0, f32::NAN]));
    DynamicImage::ImageRgb32F(image).save_with_format(&path, ImageFormat::Tiff).unwrap();
    let region = Some(Region { x: 20, y: 10, width: 4, height: 2 });
    let piece = pixels(&path, &Wanted { region, view: View::Raw, ..sized(64) }).await;
    assert_eq!((piece.dimensions(), piece.get_pixel(3, 1).0), ((4, 2), [59, 28, 0]));

    let pictures = Pictures::new();
    let told = pictures.pixel(&path, Wanted::default(), (20, 10)).await.unwrap();
    let values: Vec<_> =
        told.samples.iter().map(|one| (one.channel.as_str(), one.value, one.special)).collect();
    assert_eq!(values, [("R", Some(0.2), None), ("G", Some(0.1), None), ("B", None, Some("nan"))]);
    assert_eq!(pictures.pixel(&path, Wanted::default(), (40, 0)).await.unwrap().samples, []);
}

#[tokio::test]
async fn a_file_tells_what_it_is_made_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.png");
    RgbaImage::new(8, 4).save(&path).unwrap();
    let found = serde_json::to_value(Pictures::new().layers(&path).await.unwrap()).unwrap();
    let whole = serde_json::json!({ "x": 0, "y": 0, "width": 8, "height": 4 });
    let expect = serde_json::json!({
        "format": "PNG", "display": whole, "data": whole, "is_scene": false,
        "passes": [{ "name": "RGBA", "kind": "colour", "channels": ["R", "G", "B", "A"], "samples": "8 bit" }],
    });
    assert_eq!(found, expect);
}

#[tokio::test]
async fn what_cannot_be_shown_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let check = async |name: &str, contents: &[u8], expect: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, contents).unwrap();
        let reason = refusal(&path, &sized(64)).await;
        assert!(reason.contains(expect), "{name}: {reason}");
    };
    check("secret.png", b"root:x:0:0", "none of PNG").await;
    check("empty.png", b"", "it is empty").await;
    check("cut.png", b"\x89PNG\r\n\x1a\n and no more", "").await;
    check("cut.exr", b"\x76\x2f\x31\x01 and no more", "").await;
    check("f.mp4", b"\0\0\0\x20ftypisom", "it is a movie").await;
    let mut huge = interlaced(&RgbImage::new(1, 1));
    huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let mut sum = flate2::Crc::new();
    sum.update(&huge[12..29]);
    huge[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    check("huge.png", &huge, "it claims to have 65536 x 65536 pixels").await;
    let gone = picture(&dir.path().join("none.png"), &Wanted::default()).await;
    assert!(matches!(gone, Err(PictureError::Gone { .. })));
}

#[tokio::test]
async fn a_frame_that_was_rendered_again_is_another_picture() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.png");
    let pictures = Pictures::new();
    RgbImage::from_pixel(64, 64, Rgb([255, 255, 255])).save(&path).unwrap();
    let (before, white) = pictures.show(&path, &sized(32)).await.unwrap();
    RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8, y as u8, 0])).save(&path).unwrap();
    let (after, other) = pictures.show(&path, &sized(32)).await.unwrap();
    assert_ne!(before.etag(), after.etag());
    assert_ne!(other.bytes, white.bytes);
    assert_eq!(pictures.make(&before).await.unwrap().bytes, white.bytes, "the cache still has it");
    let stale = Key { wanted: sized(20), ..before };
    assert!(matches!(pictures.make(&stale).await, Err(PictureError::Changed)), "no old tag on a new picture");
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_picture() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.png");
    RgbImage::from_pixel(400, 400, Rgb([9, 9, 9])).save(&path).unwrap();
    let pictures = Pictures::new();
    let key = pictures.look(&path, sized(100)).await.unwrap();
    let asked = futures::future::join_all((0..20).map(|_| pictures.make(&key))).await;
    let first = asked[0].as_ref().unwrap().bytes.as_ptr();
    assert!(asked.iter().all(|made| made.as_ref().unwrap().bytes.as_ptr() == first));
    assert!(pictures.shelf.lock().unwrap().making.is_empty());
}
