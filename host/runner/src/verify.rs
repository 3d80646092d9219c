//! Whether a file is a whole image or movie. This is what makes a frame done, so every doubt is an error.
//!
//! | format                       | rule                                                                          |
//! | ---------------------------- | ----------------------------------------------------------------------------- |
//! | PNG, JPEG, TIFF, OpenEXR     | decodes to its end, every page, part, level and tile                          |
//! | BMP, TGA, HDR, WebP          | decodes to its end                                                            |
//! | DPX, Cineon, IRIS, JPEG 2000 | the header's sizes and tables fit the file, and its end is there              |
//! | MP4, Matroska, AVI, Ogg      | the container closes where the file does, with its index                      |
//! | anything else                | not empty, and not growing                                                    |
//!
//! The content says which format it is; the name decides only where the content says nothing. An image that is too
//! large to decode in bounded memory, or uses a feature that the decoder lacks (deep OpenEXR, rare compressions), is
//! checked by its structure instead, and the result says so.

mod container;
mod declared;
mod exr;
mod exr_structure;
mod fields;
mod jpeg;
mod png;
mod raster;
mod tiff;

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// An image larger than this when decoded is checked by its structure. Formats that decode by rows, strips or blocks
/// never come near it.
const MAX_DECODED: u64 = 1 << 30;

/// How much older than the attempt a file may seem: times on file systems are kept in steps of up to two seconds, and
/// a file server has a clock of its own. Nothing depends on it alone, since an attempt's staging directory is empty
/// when it starts.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// Without any structure to check, a file that was written to within this time is looked at again after it.
const SETTLING: Duration = Duration::from_millis(500);

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names of file formats")]
pub enum Format {
    Png,
    Jpeg,
    Tiff,
    OpenExr,
    Bmp,
    Tga,
    Hdr,
    WebP,
    Dpx,
    Cineon,
    Iris,
    Jpeg2000,
    Mp4,
    Matroska,
    Avi,
    Ogg,
    /// Nothing that is known here.
    Other,
}

/// How a file was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Every pixel was decoded.
    Decoded,
    /// Everything that the file says of its own structure holds, up to its end.
    Structure,
    /// It is not empty and does not grow.
    Settled,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it is.
    pub format: Format,
    /// How that is known.
    pub check: Check,
    /// In pixels; of an OpenEXR file its display window; absent where it is not read.
    pub size: Option<(u32, u32)>,
    /// Of the file.
    pub bytes: u64,
}

/// Why a file is not a whole image or movie.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct VerifyError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Not there.
    #[error("the file is not there")]
    Missing,
    /// A directory, a device, a pipe.
    #[error("this is not a regular file")]
    NotAFile,
    /// Zero bytes.
    #[error("the file is empty: the disk may be full")]
    Empty,
    /// From before the attempt.
    #[error("the file is {} s older than the attempt, so this attempt did not write it", .0.as_secs())]
    Stale(Duration),
    /// Written to while it was read.
    #[error("the file is still being written")]
    Changing,
    /// Not what its name says.
    #[error("the file does not begin like a {0:?} file")]
    NotThat(Format),
    /// A movie where an image should be.
    #[error(
        "this is a {0:?} movie and not an image: the scene's output format renders all frames into one file"
    )]
    IsMovie(Format),
    /// An image where a movie should be.
    #[error("this is a {0:?} image and not a movie")]
    IsImage(Format),
    /// Cut off or damaged.
    #[error("not a whole {format:?} file: {reason}")]
    Broken {
        /// What it began as.
        format: Format,
        /// What the decoder said.
        reason: String,
    },
    /// The file system said no.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
}

/// Checks an image that an attempt wrote. Reads the whole file and computes, so it belongs on a thread that may
/// block; memory is bounded, and what a decoder panics over is an error like any other.
pub fn verify_image(path: &Path, not_before: SystemTime) -> Result<Verified, VerifyError> {
    verify(path, not_before, Kind::Image)
}

/// Checks a movie that an attempt wrote. Quick, since only its container is looked at.
pub fn verify_movie(path: &Path, not_before: SystemTime) -> Result<Verified, VerifyError> {
    verify(path, not_before, Kind::Movie)
}

/// What a file is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Movie,
}

impl Format {
    /// `None` for what is not known: it may be either.
    fn kind(self) -> Option<Kind> {
        match self {
            Self::Mp4 | Self::Matroska | Self::Avi | Self::Ogg => Some(Kind::Movie),
            Self::Other => None,
            _ => Some(Kind::Image),
        }
    }
}

/// What a decoder found.
struct Found {
    check: Check,
    size: Option<(u32, u32)>,
}

impl Found {
    fn decoded(width: u32, height: u32) -> Self {
        Self { check: Check::Decoded, size: Some((width, height)) }
    }

    fn structure(width: u32, height: u32) -> Self {
        Self { check: Check::Structure, size: Some((width, height)) }
    }
}

/// Why a decoder was not content, in its own words.
type Checked = Result<Found, String>;

fn verify(path: &Path, not_before: SystemTime, kind: Kind) -> Result<Verified, VerifyError> {
    examine(path, not_before, kind).map_err(|problem| VerifyError { path: path.to_owned(), problem })
}

fn examine(path: &Path, not_before: SystemTime, kind: Kind) -> Result<Verified, Problem> {
    let before = look(path)?;
    let written = before.modified().map_err(Problem::Io)?;
    if let Ok(age) = not_before.duration_since(written)
        && age > CLOCK_SLACK
    {
        return Err(Problem::Stale(age));
    }
    let mut file = File::open(path).map_err(Problem::Io)?;
    let mut head = Vec::new();
    (&mut file).take(64).read_to_end(&mut head).map_err(Problem::Io)?;
    let format = recognise(&head, path)?;
    match (format.kind(), kind) {
        (Some(Kind::Movie), Kind::Image) => return Err(Problem::IsMovie(format)),
        (Some(Kind::Image), Kind::Movie) => return Err(Problem::IsImage(format)),
        _ => {}
    }
    let bytes = before.len();
    let found = catch_unwind(AssertUnwindSafe(|| check(format, file, bytes)))
        .unwrap_or_else(|_| Err("its decoder panicked".to_owned()))
        .map_err(|reason| Problem::Broken { format, reason })?;
    if found.check == Check::Settled && is_fresh(&before) {
        std::thread::sleep(SETTLING);
    }
    let after = look(path)?;
    if (after.len(), after.modified().ok()) != (before.len(), before.modified().ok()) {
        return Err(Problem::Changing);
    }
    Ok(Verified { format, check: found.check, size: found.size, bytes })
}

fn look(path: &Path) -> Result<Metadata, Problem> {
    let about = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Io(error),
    })?;
    match about.len() {
        _ if !about.is_file() => Err(Problem::NotAFile),
        0 => Err(Problem::Empty),
        _ => Ok(about),
    }
}

fn is_fresh(about: &Metadata) -> bool {
    let age = about.modified().ok().and_then(|time| time.elapsed().ok());
    age.is_none_or(|age| age < SETTLING)
}

fn check(format: Format, file: File, bytes: u64) -> Checked {
    match format {
        Format::Png => png::check(file),
        Format::Jpeg => jpeg::check(file, bytes),
        Format::Tiff => tiff::check(file, bytes),
        Format::OpenExr => exr::check(file, bytes),
        Format::Bmp => raster::check(file, image::ImageFormat::Bmp),
        Format::Tga => raster::check(file, image::ImageFormat::Tga),
        Format::Hdr => raster::check(file, image::ImageFormat::Hdr),
        Format::WebP => raster::webp(file, bytes),
        Format::Dpx => declared::dpx(file, bytes),
        Format::Cineon => declared::cineon(file, bytes),
        Format::Iris => declared::iris(file, bytes),
        Format::Jpeg2000 => declared::jpeg_2000(file, bytes),
        Format::Mp4 => container::mp4(file, bytes),
        Format::Matroska => container::matroska(file, bytes),
        Format::Avi => container::avi(file, bytes),
        Format::Ogg => container::ogg(file, bytes),
        Format::Other => Ok(Found { check: Check::Settled, size: None }),
    }
}

/// By the first bytes, and by the name where these say nothing. A name that promises a format whose files all begin
/// alike is held to it.
fn recognise(head: &[u8], path: &Path) -> Result<Format, Problem> {
    if let Some(format) = by_content(head) {
        return Ok(format);
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let promised = match extension.to_ascii_lowercase().as_str() {
        // A TGA file begins with nothing in particular.
        "tga" => return Ok(Format::Tga),
        "png" => Format::Png,
        "jpg" | "jpeg" => Format::Jpeg,
        "tif" | "tiff" => Format::Tiff,
        "exr" => Format::OpenExr,
        "bmp" => Format::Bmp,
        "hdr" => Format::Hdr,
        "webp" => Format::WebP,
        "dpx" => Format::Dpx,
        "cin" => Format::Cineon,
        "rgb" | "rgba" | "sgi" | "bw" => Format::Iris,
        "jp2" | "j2k" | "j2c" => Format::Jpeg2000,
        "mp4" | "m4v" | "mov" => Format::Mp4,
        "mkv" | "webm" => Format::Matroska,
        "avi" => Format::Avi,
        "ogg" | "ogv" => Format::Ogg,
        _ => return Ok(Format::Other),
    };
    Err(Problem::NotThat(promised))
}

fn by_content(head: &[u8]) -> Option<Format> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    Some(match head {
        _ if starts(b"\x89PNG\r\n\x1a\n") => Format::Png,
        _ if starts(b"\xff\xd8\xff") => Format::Jpeg,
        _ if starts(b"II*\0") || starts(b"MM\0*") || starts(b"II+\0") || starts(b"MM\0+") => Format::Tiff,
        _ if starts(b"\x76\x2f\x31\x01") => Format::OpenExr,
        _ if starts(b"#?RADIANCE") || starts(b"#?RGBE") => Format::Hdr,
        _ if starts(b"RIFF") && at(8, b"WEBP") => Format::WebP,
        _ if starts(b"RIFF") && at(8, b"AVI ") => Format::Avi,
        _ if starts(b"SDPX") || starts(b"XPDS") => Format::Dpx,
        _ if starts(b"\x80\x2a\x5f\xd7") || starts(b"\xd7\x5f\x2a\x80") => Format::Cineon,
        _ if starts(b"\0\0\0\x0cjP  ") || starts(b"\xff\x4f\xff\x51") => Format::Jpeg2000,
        _ if at(4, b"ftyp") || at(4, b"moov") || at(4, b"mdat") || at(4, b"wide") => Format::Mp4,
        _ if starts(b"\x1a\x45\xdf\xa3") => Format::Matroska,
        _ if starts(b"OggS") => Format::Ogg,
        // Two bytes are little to go by, so the next ones must make sense too.
        _ if starts(b"BM") && at(6, b"\0\0\0\0") => Format::Bmp,
        [0x01, 0xda, 0 | 1, 1 | 2, 0, 1..=3, ..] => Format::Iris,
        _ => return None,
    })
}
