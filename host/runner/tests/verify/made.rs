//! Files of every format, by real encoders where there are some and by hand where there are none.

use exr::prelude::{
    AnyChannel, AnyChannels, Blocks, Compression, Encoding, FlatSamples, Image, Layer, LayerAttributes,
    LineOrder, SmallVec, Text, WritableImage,
};
use farmhand_runner::{Check, Format};
use image::{DynamicImage, ImageFormat, Rgb32FImage, RgbImage, RgbaImage};
use std::io::Cursor;

pub struct Made {
    pub name: &'static str,
    pub format: Format,
    pub check: Check,
    pub size: Option<(u32, u32)>,
    pub content: Vec<u8>,
    /// Whether zeroes in the place of pixels can be told from pixels. In TIFF they may also be the end of the pages.
    pub detects_zeroes: bool,
}

const WIDTH: u32 = 67;
const HEIGHT: u32 = 41;

/// Something with edges, gradients and noise, so that no encoder finds it trivial.
fn pixel(x: u32, y: u32) -> [u8; 4] {
    let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 13;
    [
        (x * 3) as u8,
        (y * 5) as u8,
        if (x / 8 + y / 8).is_multiple_of(2) { 200 } else { noise as u8 },
        255 - x as u8,
    ]
}

fn rgb() -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let [r, g, b, _] = pixel(x, y);
        image::Rgb([r, g, b])
    })
}

fn rgba() -> RgbaImage {
    RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| image::Rgba(pixel(x, y)))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    image.write_to(&mut content, format).expect("an encoder");
    content.into_inner()
}

pub fn images() -> Vec<Made> {
    let made = |name, format, content| Made {
        name,
        format,
        check: Check::Decoded,
        size: Some((WIDTH, HEIGHT)),
        content,
        detects_zeroes: true,
    };
    let raw = |made: Made| Made { detects_zeroes: false, ..made };
    let by_header = |made: Made| Made { check: Check::Structure, detects_zeroes: false, ..made };
    let (rgb, rgba) = (DynamicImage::from(rgb()), DynamicImage::from(rgba()));
    let float = DynamicImage::from(Rgb32FImage::from(rgb.to_rgb32f()));
    vec![
        made("rgba.png", Format::Png, encoded(&rgba, ImageFormat::Png)),
        made("deep.png", Format::Png, encoded(&rgb.to_rgb16().into(), ImageFormat::Png)),
        made("rgb.jpg", Format::Jpeg, encoded(&rgb, ImageFormat::Jpeg)),
        made("grey.jpg", Format::Jpeg, encoded(&rgb.to_luma8().into(), ImageFormat::Jpeg)),
        raw(made("pages.tif", Format::Tiff, tiff(tiff::encoder::Compression::Deflate(Default::default())))),
        raw(made("lzw.tif", Format::Tiff, tiff(tiff::encoder::Compression::Lzw))),
        raw(made("raw.tif", Format::Tiff, tiff(tiff::encoder::Compression::Uncompressed))),
        raw(made("packbits.tif", Format::Tiff, tiff(tiff::encoder::Compression::Packbits))),
        made("raw.exr", Format::OpenExr, exr(Compression::Uncompressed, Blocks::ScanLines)),
        made("rle.exr", Format::OpenExr, exr(Compression::RLE, Blocks::ScanLines)),
        made("zip.exr", Format::OpenExr, exr(Compression::ZIP16, Blocks::ScanLines)),
        made("piz.exr", Format::OpenExr, exr(Compression::PIZ, Blocks::ScanLines)),
        made("pxr24.exr", Format::OpenExr, exr(Compression::PXR24, Blocks::ScanLines)),
        made("b44.exr", Format::OpenExr, exr(Compression::B44, Blocks::ScanLines)),
        made("tiles.exr", Format::OpenExr, exr(Compression::ZIP1, Blocks::Tiles((16, 16).into()))),
        raw(made("rgb.bmp", Format::Bmp, encoded(&rgb, ImageFormat::Bmp))),
        raw(made("rgba.tga", Format::Tga, encoded(&rgba, ImageFormat::Tga))),
        raw(made("float.hdr", Format::Hdr, encoded(&float, ImageFormat::Hdr))),
        made("rgba.webp", Format::WebP, encoded(&rgba, ImageFormat::WebP)),
        by_header(made("ten-bit.dpx", Format::Dpx, dpx())),
        by_header(made("ten-bit.cin", Format::Cineon, cineon())),
        by_header(made("raw.rgb", Format::Iris, iris_raw())),
        by_header(made("rle.rgb", Format::Iris, iris_rle())),
        by_header(made("boxed.jp2", Format::Jpeg2000, jpeg_2000(true))),
        by_header(made("stream.j2c", Format::Jpeg2000, jpeg_2000(false))),
        by_header(made("deep.exr", Format::OpenExr, exr_deep())),
    ]
}

/// Two pages in many strips.
fn tiff(compression: tiff::encoder::Compression) -> Vec<u8> {
    use tiff::encoder::{TiffEncoder, colortype::RGB8};
    let mut content = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut content).expect("an encoder").with_compression(compression);
    for _ in 0..2 {
        let mut page = encoder.new_image::<RGB8>(WIDTH, HEIGHT).expect("a page");
        page.rows_per_strip(8).expect("strips");
        page.write_data(&rgb()).expect("pixels");
    }
    content.into_inner()
}

/// Two layers, one of them in whole numbers and in floating point, the other in half floats.
fn exr(compression: Compression, blocks: Blocks) -> Vec<u8> {
    use exr::prelude::f16;
    let size = (WIDTH as usize, HEIGHT as usize);
    let points = || (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| pixel(x, y)));
    let encoding = Encoding { compression, blocks, line_order: LineOrder::Increasing };
    let layer = |name: &str, channels: Vec<AnyChannel<FlatSamples>>| {
        let attributes = LayerAttributes::named(Text::from(name));
        Layer::new(size, attributes, encoding, AnyChannels::sort(SmallVec::from_vec(channels)))
    };
    let halves = |index: usize| {
        FlatSamples::F16(points().map(|p| f16::from_f32(f32::from(p[index]) / 255.0)).collect())
    };
    let beauty = layer("beauty", vec![AnyChannel::new("R", halves(0)), AnyChannel::new("G", halves(1))]);
    let depth = FlatSamples::F32(points().map(|p| f32::from(p[2]) * 1.7).collect());
    let ids = FlatSamples::U32(points().map(|p| u32::from(p[3])).collect());
    let depth = layer("depth", vec![AnyChannel::new("Z", depth), AnyChannel::new("id", ids)]);
    let mut content = Cursor::new(Vec::new());
    let image =
        Image::empty(exr::prelude::ImageAttributes::with_size(size)).with_layer(beauty).with_layer(depth);
    image.write().non_parallel().to_buffered(&mut content).expect("an encoder");
    content.into_inner()
}

/// A deep scan-line part, which the decoder does not know: two lines, each with a table and a few samples.
fn exr_deep() -> Vec<u8> {
    let mut content = vec![0x76, 0x2f, 0x31, 0x01];
    content.extend(0x0802_u32.to_le_bytes());
    let mut attribute = |name: &str, kind: &str, value: &[u8]| {
        for text in [name, kind] {
            content.extend(text.as_bytes());
            content.push(0);
        }
        content.extend((value.len() as u32).to_le_bytes());
        content.extend(value);
    };
    let window = |lines: u32| -> Vec<u8> {
        [0, 0, WIDTH - 1, lines - 1].into_iter().flat_map(u32::to_le_bytes).collect()
    };
    attribute("channels", "chlist", b"Z\0\x02\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0");
    attribute("chunkCount", "int", &2_u32.to_le_bytes());
    attribute("compression", "compression", &[0]);
    attribute("dataWindow", "box2i", &window(2));
    attribute("displayWindow", "box2i", &window(HEIGHT));
    attribute("lineOrder", "lineOrder", &[0]);
    attribute("pixelAspectRatio", "float", &1.0_f32.to_le_bytes());
    attribute("screenWindowCenter", "v2f", &[0; 8]);
    attribute("screenWindowWidth", "float", &1.0_f32.to_le_bytes());
    attribute("type", "string", b"deepscanline");
    attribute("version", "int", &1_u32.to_le_bytes());
    content.push(0);
    let first = content.len() as u64 + 16;
    let chunk = |line: u32| {
        let mut chunk = line.to_le_bytes().to_vec();
        for length in [8_u64, 40, 40] {
            chunk.extend(length.to_le_bytes());
        }
        chunk.extend([7; 48]);
        chunk
    };
    for line in 0..2 {
        content.extend((first + line * chunk(0).len() as u64).to_le_bytes());
    }
    content.extend(chunk(0));
    content.extend(chunk(1));
    content
}

fn put(content: &mut [u8], at: usize, value: &[u8]) {
    content[at..at + value.len()].copy_from_slice(value);
}

/// Three ten-bit samples in four bytes, big-endian.
fn dpx() -> Vec<u8> {
    let length = 2048 + (WIDTH * HEIGHT * 4) as usize;
    let mut content = vec![7; length];
    content[..2048].fill(0);
    put(&mut content, 0, b"SDPX");
    put(&mut content, 4, &2048_u32.to_be_bytes());
    put(&mut content, 16, &(length as u32).to_be_bytes());
    put(&mut content, 772, &WIDTH.to_be_bytes());
    put(&mut content, 776, &HEIGHT.to_be_bytes());
    put(&mut content, 800, &[50, 0, 0, 10]);
    content
}

fn cineon() -> Vec<u8> {
    let length = 1024 + (WIDTH * HEIGHT * 4) as usize;
    let mut content = vec![7; length];
    content[..1024].fill(0);
    put(&mut content, 0, b"\x80\x2a\x5f\xd7");
    put(&mut content, 4, &1024_u32.to_be_bytes());
    put(&mut content, 20, &(length as u32).to_be_bytes());
    put(&mut content, 193, &[3, 0, 0, 0, 0, 10]);
    put(&mut content, 200, &WIDTH.to_be_bytes());
    put(&mut content, 204, &HEIGHT.to_be_bytes());
    content
}

fn iris_header(compressed: u8) -> Vec<u8> {
    let mut content = vec![0; 512];
    put(&mut content, 0, &[0x01, 0xda, compressed, 1, 0, 3]);
    for (at, value) in [(6, WIDTH), (8, HEIGHT), (10, 3)] {
        put(&mut content, at, &(value as u16).to_be_bytes());
    }
    content
}

fn iris_raw() -> Vec<u8> {
    let mut content = iris_header(0);
    content.extend(vec![7; (WIDTH * HEIGHT * 3) as usize]);
    content
}

fn iris_rle() -> Vec<u8> {
    let mut content = iris_header(1);
    let rows = HEIGHT * 3;
    let first = 512 + rows * 8;
    content.extend((0..rows).flat_map(|row| (first + row * 3).to_be_bytes()));
    content.extend((0..rows).flat_map(|_| 3_u32.to_be_bytes()));
    content.extend((0..rows).flat_map(|_| [WIDTH as u8, 7, 0]));
    content
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut result = (content.len() as u32 + 8).to_be_bytes().to_vec();
    result.extend(kind);
    result.extend(content);
    result
}

fn jpeg_2000(in_boxes: bool) -> Vec<u8> {
    let mut stream = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
    stream.extend([WIDTH, HEIGHT, 0, 0].into_iter().flat_map(u32::to_be_bytes));
    stream.extend([7; 300]);
    stream.extend([0xff, 0xd9]);
    if !in_boxes {
        return stream;
    }
    let mut content = boxed(b"jP  ", &[0x0d, 0x0a, 0x87, 0x0a]);
    content.extend(boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "));
    content.extend(boxed(b"jp2c", &stream));
    content
}

pub fn movies() -> Vec<Made> {
    let made = |name, format, content| Made {
        name,
        format,
        check: Check::Structure,
        size: None,
        content,
        detects_zeroes: false,
    };
    vec![
        made(
            "index-last.mp4",
            Format::Mp4,
            [boxed(b"ftyp", b"isom"), boxed(b"mdat", &[7; 200]), boxed(b"moov", &[7; 90])].concat(),
        ),
        made(
            "index-first.mov",
            Format::Mp4,
            [boxed(b"ftyp", b"qt  "), boxed(b"moov", &[7; 90]), boxed(b"mdat", &[7; 200])].concat(),
        ),
        made("whole.mkv", Format::Matroska, matroska()),
        made("whole.avi", Format::Avi, avi()),
        made("whole.ogv", Format::Ogg, ogg()),
    ]
}

fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut result = id.to_vec();
    // A size of eight bytes, as encoders write that fill it in at the end.
    result.push(1);
    result.extend(&(content.len() as u64).to_be_bytes()[1..]);
    result.extend(content);
    result
}

fn matroska() -> Vec<u8> {
    let header = element(b"\x1a\x45\xdf\xa3", b"\x42\x82\x84webm");
    let cluster = element(b"\x1f\x43\xb6\x75", &[7; 200]);
    let index = element(b"\x1c\x53\xbb\x6b", &[7; 40]);
    [header, element(b"\x18\x53\x80\x67", &[cluster, index].concat())].concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut result = kind.to_vec();
    result.extend((content.len() as u32).to_le_bytes());
    result.extend(content);
    result
}

fn avi() -> Vec<u8> {
    let header = chunk(b"LIST", b"hdrlavih");
    let pictures = chunk(b"LIST", &[b"movi".as_slice(), &[7; 200]].concat());
    let index = chunk(b"idx1", &[7; 32]);
    chunk(b"RIFF", &[b"AVI ".to_vec(), header, pictures, index].concat())
}

fn ogg() -> Vec<u8> {
    let page = |kind: u8, stream: u8| {
        let mut page = b"OggS\0".to_vec();
        page.push(kind);
        page.extend([0; 8]);
        page.extend([stream, 0, 0, 0]);
        page.extend([0; 8]);
        page.extend([2, 255, 10]);
        page.extend([7; 265]);
        page
    };
    [page(2, 1), page(2, 2), page(0, 1), page(4, 2), page(4, 1)].concat()
}
