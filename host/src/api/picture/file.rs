//! Opening a file that somebody else writes to: what it is by its first bytes, and that it is a file at all.

use super::PictureError;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Read, Seek};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Tells two states of a file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    pub(super) modified: u128,
    pub(super) length: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos());
        Self { modified, length: metadata.len() }
    }
}

/// What is at `path`, without opening it. A link that was put in a frame's place after it was verified points anywhere,
/// so it is not followed.
pub(super) fn stamp(path: &Path) -> Result<Stamp, PictureError> {
    let metadata = std::fs::symlink_metadata(path).map_err(|error| gone(path, &error))?;
    if metadata.is_file() {
        Ok(Stamp::of(&metadata))
    } else {
        Err(gone(path, "something else is in its place"))
    }
}

/// The file, and what it is at this moment.
pub(super) fn open(path: &Path) -> Result<(File, Stamp), PictureError> {
    stamp(path)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Between the look and the opening it may have become a link, or a pipe that nobody writes to.
        options.custom_flags((nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK).bits());
    }
    let file = options.open(path).map_err(|error| gone(path, &error))?;
    let metadata = file.metadata().map_err(|error| gone(path, &error))?;
    if metadata.is_file() {
        Ok((file, Stamp::of(&metadata)))
    } else {
        Err(gone(path, "something else is in its place"))
    }
}

fn gone(path: &Path, reason: &(impl ToString + ?Sized)) -> PictureError {
    PictureError::Gone { path: path.to_owned(), reason: reason.to_string() }
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Tiff,
    Exr,
    /// Those that are rare enough to be decoded whole.
    Other(image::ImageFormat),
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::Tiff => "TIFF",
            Format::Exr => "OpenEXR",
            Format::Other(image::ImageFormat::Hdr) => "Radiance HDR",
            Format::Other(image::ImageFormat::Bmp) => "BMP",
            Format::Other(image::ImageFormat::WebP) => "WebP",
            Format::Other(_) => "Targa",
        }
    }

    /// What a file is by its first bytes: names lie. Why it cannot be shown otherwise.
    pub(super) fn of(file: &mut File, path: &Path) -> Result<Self, String> {
        let mut start = Vec::with_capacity(64);
        Read::by_ref(file).take(64).read_to_end(&mut start).map_err(|error| error.to_string())?;
        file.rewind().map_err(|error| error.to_string())?;
        if start.is_empty() {
            return Err("it is empty".to_owned());
        }
        if let Some(format) = known(&start) {
            return Ok(format);
        }
        // Targa alone has nothing to be known by, so there its name has to do.
        let is_targa = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("tga"));
        if is_targa {
            return Ok(Format::Other(image::ImageFormat::Tga));
        }
        Err(match other(&start) {
            Some(what) if what.is_movie => {
                format!(
                    "it is a movie ({}), and the page shows single images; fetch the file to play it",
                    what.name
                )
            }
            Some(what) => format!("{} is not shown: the page shows {SHOWN}", what.name),
            None => format!("it is none of {SHOWN}"),
        })
    }
}

const SHOWN: &str = "PNG, JPEG, TIFF, OpenEXR, Radiance HDR, WebP, BMP and Targa";

fn known(start: &[u8]) -> Option<Format> {
    if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
        return Some(Format::Other(image::ImageFormat::WebP));
    }
    let table: [(&[u8], Format); 9] = [
        (b"\x89PNG\r\n\x1a\n", Format::Png),
        (b"\xff\xd8\xff", Format::Jpeg),
        (b"II*\0", Format::Tiff),
        (b"MM\0*", Format::Tiff),
        (b"II+\0", Format::Tiff),
        (b"MM\0+", Format::Tiff),
        (b"\x76\x2f\x31\x01", Format::Exr),
        (b"#?", Format::Other(image::ImageFormat::Hdr)),
        (b"BM", Format::Other(image::ImageFormat::Bmp)),
    ];
    table.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, format)| *format)
}

struct OtherFormat {
    name: &'static str,
    is_movie: bool,
}

/// What renderers write besides, so that a refusal can say what it is.
fn other(start: &[u8]) -> Option<OtherFormat> {
    let movie = |name| Some(OtherFormat { name, is_movie: true });
    let image = |name| Some(OtherFormat { name, is_movie: false });
    match start {
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => movie("QuickTime"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', ..] => image("AVIF"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', ..] => image("HEIF"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => movie("MP4"),
        [_, _, _, _, b'm', b'o', b'o' | b'd', b'v' | b'a', ..] => movie("QuickTime"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => movie("Matroska or WebM"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => movie("AVI"),
        [b'O', b'g', b'g', b'S', ..] => movie("Ogg"),
        [0, 0, 1, 0xba, ..] => movie("MPEG"),
        [b'F', b'L', b'V', ..] => movie("Flash video"),
        [b'S', b'D', b'P', b'X', ..] | [b'X', b'P', b'D', b'S', ..] => image("DPX"),
        [0x80, 0x2a, 0x5f, 0xd7, ..] | [0xd7, 0x5f, 0x2a, 0x80, ..] => image("Cineon"),
        [0, 0, 0, 12, b'j', b'P', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => image("JPEG 2000"),
        [b'G', b'I', b'F', b'8', ..] => image("GIF"),
        [b'8', b'B', b'P', b'S', ..] => image("Photoshop"),
        [0x01, 0xda, ..] => image("SGI"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_is_called_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let check = |contents: &[u8], name: &str, expect: Result<&str, &str>| {
            let path = dir.path().join(name);
            std::fs::write(&path, contents).unwrap();
            let found = open(&path).map(|(mut file, _)| Format::of(&mut file, &path)).unwrap();
            match (found, expect) {
                (Ok(format), Ok(expect)) => assert_eq!(format.name(), expect, "{name}"),
                (Err(reason), Err(expect)) => assert!(reason.contains(expect), "{name}: {reason}"),
                (found, _) => panic!("{name}: {found:?}"),
            }
        };
        check(b"\0\0\0\x20ftypisom", "f.mp4", Err("a movie (MP4), and the page shows single images"));
        check(b"\0\0\0\x14ftypqt  ", "f.mov", Err("a movie (QuickTime)"));
        check(b"\0\0\0\x08moov", "f.mov", Err("a movie (QuickTime)"));
        check(b"\x1a\x45\xdf\xa3....", "f.mkv", Err("a movie (Matroska"));
        check(b"SDPX....", "f.dpx", Err("DPX is not shown: the page shows PNG"));
        check(b"root:x:0:0", "f.png", Err("none of PNG"));
        check(b"", "f.png", Err("it is empty"));
        check(b"\0\0\x02\0", "f.tga", Ok("Targa"));
        check(b"#?RADIANCE\n", "f.hdr", Ok("Radiance HDR"));
        check(b"RIFF....WEBPVP8L", "f.webp", Ok("WebP"));
        check(b"\x89PNG\r\n\x1a\n", "named.exr", Ok("PNG"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_neither_followed_nor_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("real"), "x").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("real", &link).unwrap();
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in
            [link.as_path(), pipe.as_path(), dir.path(), Path::new("/dev/zero"), &dir.path().join("none")]
        {
            assert!(matches!(open(path), Err(PictureError::Gone { .. })), "{}", path.display());
        }
    }
}
