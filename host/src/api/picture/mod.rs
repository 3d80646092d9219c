//! Pictures of verified frames for the page: the file itself where a browser can show it, a small copy otherwise.
//!
//! Which files may be shown is decided by who calls: only paths that the farm recorded as verified frames come here.

mod cache;
mod decode;
mod exr;

use axum::body::Bytes;
use cache::Cache;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;
use tokio::sync::Semaphore;

/// The longest side that can be asked for, in pixels.
pub(super) const LARGEST: u32 = 2048;

/// The longest side where nothing is asked for.
const USUAL: u32 = 512;

/// A file up to this size is sent as it is where a browser can show it.
const SMALL_FILE: u64 = 2 * 1024 * 1024;

/// What the cache may hold. A copy at the usual size takes about 30 kB, so this is some hundred frames.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Decoded at once: two 4K frames take about as much memory as everything else in the daemon, so never three.
const AT_ONCE: usize = 2;

/// How a picture is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wanted {
    /// Longest side in pixels; absent: the file itself where it is small enough.
    pub(super) size: Option<u32>,
    /// Stops that a linear image is brightened by.
    pub(super) exposure: f32,
}

/// A picture that a browser can show.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) bytes: Bytes,
    pub(super) mime: &'static str,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    /// The file that was verified is not there any more.
    #[error("{} was verified, but is no longer there: {reason}", path.display())]
    Gone { path: PathBuf, reason: String },
    /// Not a format that is shown.
    #[error("{} cannot be shown: {reason}", path.display())]
    NotShown { path: PathBuf, reason: String },
    /// Ours.
    #[error("{0}")]
    Internal(String),
}

/// Tells two states of a file apart, so that a frame that was rendered again is shown anew.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    path: PathBuf,
    modified: u128,
    length: u64,
    wanted: Wanted,
}

impl Key {
    /// As an entity tag.
    pub(super) fn etag(&self) -> String {
        let size = self.wanted.size.unwrap_or(0);
        format!("\"{:x}-{:x}-{size}-{}\"", self.modified, self.length, self.wanted.exposure)
    }
}

/// Makes pictures and keeps those that were made last.
pub(super) struct Pictures {
    cache: Mutex<Cache>,
    at_once: Semaphore,
}

impl Pictures {
    pub(super) fn new() -> Self {
        Self { cache: Mutex::new(Cache::new(CACHE_BYTES)), at_once: Semaphore::new(AT_ONCE) }
    }

    /// What would be shown, without making it.
    pub(super) async fn look(&self, path: &Path, wanted: Wanted) -> Result<Key, PictureError> {
        let path = path.to_owned();
        blocking(move || {
            let metadata = regular_file(&path)?;
            let modified = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .map_or(0, |since| since.as_nanos());
            Ok(Key { path, modified, length: metadata.len(), wanted })
        })
        .await
    }

    /// The picture, from the cache or made now.
    pub(super) async fn make(&self, key: Key) -> Result<Picture, PictureError> {
        if let Some(picture) = self.cached(&key) {
            return Ok(picture);
        }
        let _permit =
            self.at_once.acquire().await.map_err(|error| PictureError::Internal(error.to_string()))?;
        // Somebody else may have made it while this one waited.
        if let Some(picture) = self.cached(&key) {
            return Ok(picture);
        }
        let picture = blocking({
            let key = key.clone();
            move || draw(&key)
        })
        .await?;
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(key, picture.clone());
        Ok(picture)
    }

    fn cached(&self, key: &Key) -> Option<Picture> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(key)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PictureError> + Send + 'static,
) -> Result<T, PictureError> {
    // A decoder that panics over a broken file is an error like any other.
    tokio::task::spawn_blocking(work).await.map_err(|error| PictureError::Internal(error.to_string()))?
}

/// Refuses what is not a file itself: a link that was put in a frame's place after it was verified points anywhere.
fn regular_file(path: &Path) -> Result<Metadata, PictureError> {
    let gone = |reason: String| PictureError::Gone { path: path.to_owned(), reason };
    let metadata = std::fs::symlink_metadata(path).map_err(|error| gone(error.to_string()))?;
    if metadata.is_file() { Ok(metadata) } else { Err(gone("something else is in its place".to_owned())) }
}

fn draw(key: &Key) -> Result<Picture, PictureError> {
    let not_shown = |reason: String| PictureError::NotShown { path: key.path.clone(), reason };
    let gone = |error: io::Error| PictureError::Gone { path: key.path.clone(), reason: error.to_string() };
    regular_file(&key.path)?;
    let mut file = File::open(&key.path).map_err(gone)?;
    let mut start = Vec::with_capacity(16);
    Read::by_ref(&mut file).take(16).read_to_end(&mut start).map_err(gone)?;
    let format = Format::of(&start)
        .ok_or_else(|| not_shown("it is none of PNG, JPEG, TIFF and OpenEXR".to_owned()))?;
    if let Some(mime) = format.mime()
        && key.length <= SMALL_FILE
        && key.wanted.size.is_none_or(|size| decode::fits(&key.path, size))
    {
        let mut bytes = start;
        file.take(SMALL_FILE).read_to_end(&mut bytes).map_err(gone)?;
        return Ok(Picture { bytes: Bytes::from(bytes), mime });
    }
    let size = key.wanted.size.unwrap_or(USUAL);
    let small = match format {
        Format::Exr => exr::shrink(&key.path, size, key.wanted.exposure),
        Format::Png | Format::Jpeg | Format::Tiff => decode::shrink(&key.path, size, key.wanted.exposure),
    };
    let (bytes, mime) = small.and_then(decode::encode).map_err(not_shown)?;
    Ok(Picture { bytes: Bytes::from(bytes), mime })
}

/// What a file is by its first bytes: names lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    Tiff,
    Exr,
}

impl Format {
    fn of(start: &[u8]) -> Option<Self> {
        let table: [(&[u8], Format); 6] = [
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"\xff\xd8\xff", Format::Jpeg),
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            (b"II+\0", Format::Tiff),
            (b"\x76\x2f\x31\x01", Format::Exr),
        ];
        table.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, format)| *format)
    }

    /// Its type, where browsers show it.
    fn mime(self) -> Option<&'static str> {
        match self {
            Format::Png => Some("image/png"),
            Format::Jpeg => Some("image/jpeg"),
            Format::Tiff | Format::Exr => None,
        }
    }
}

/// What many readers share.
pub(super) type SharedPictures = Arc<Pictures>;

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

    async fn picture(path: &Path, size: Option<u32>) -> Result<Picture, PictureError> {
        let pictures = Pictures::new();
        let key = pictures.look(path, Wanted { size, exposure: 0.0 }).await?;
        pictures.make(key).await
    }

    fn size_of(picture: &Picture) -> (u32, u32) {
        let image = image::load_from_memory(&picture.bytes).unwrap();
        (image.width(), image.height())
    }

    #[tokio::test]
    async fn small_files_go_out_as_they_are_and_large_ones_shrunk() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.0001.png");
        RgbImage::from_pixel(300, 100, Rgb([200, 10, 10])).save(&path).unwrap();
        let original = std::fs::read(&path).unwrap();

        for size in [None, Some(300), Some(2048)] {
            let picture = picture(&path, size).await.unwrap();
            assert_eq!((picture.mime, &picture.bytes[..]), ("image/png", &original[..]), "{size:?}");
        }
        let shrunk = picture(&path, Some(60)).await.unwrap();
        assert_eq!((shrunk.mime, size_of(&shrunk)), ("image/jpeg", (60, 20)));
        let colour = image::load_from_memory(&shrunk.bytes).unwrap().to_rgb8().get_pixel(30, 10).0;
        assert!(colour[0] > 180 && colour[1] < 40, "{colour:?}");
    }

    #[tokio::test]
    async fn alpha_is_kept_and_tiff_is_converted() {
        let dir = tempfile::tempdir().unwrap();
        let png = dir.path().join("alpha.png");
        RgbaImage::from_pixel(64, 64, Rgba([0, 255, 0, 100])).save(&png).unwrap();
        let shrunk = picture(&png, Some(16)).await.unwrap();
        assert_eq!(shrunk.mime, "image/png");
        assert_eq!(image::load_from_memory(&shrunk.bytes).unwrap().to_rgba8().get_pixel(3, 3).0[3], 100);

        let tiff = dir.path().join("f.tif");
        DynamicImage::ImageRgb16(image::ImageBuffer::from_pixel(40, 20, Rgb([65535, 0, 0])))
            .save_with_format(&tiff, ImageFormat::Tiff)
            .unwrap();
        let shown = picture(&tiff, None).await.unwrap();
        assert_eq!((shown.mime, size_of(&shown)), ("image/jpeg", (40, 20)));
    }

    #[tokio::test]
    async fn what_cannot_be_shown_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let check = async |name: &str, contents: &[u8], expect: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, contents).unwrap();
            match picture(&path, Some(64)).await {
                Err(PictureError::NotShown { reason, .. }) => assert!(reason.contains(expect), "{reason}"),
                other => panic!("{name}: {other:?}"),
            }
        };
        check("secret.png", b"root:x:0:0", "none of PNG").await;
        check("empty.png", b"", "none of PNG").await;
        check("cut.png", b"\x89PNG\r\n\x1a\n and no more", "").await;
        check("cut.exr", b"\x76\x2f\x31\x01 and no more", "").await;
        assert!(matches!(picture(&dir.path().join("none.png"), None).await, Err(PictureError::Gone { .. })));
        assert!(matches!(picture(dir.path(), None).await, Err(PictureError::Gone { .. })));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_in_a_frames_place_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real.png");
        RgbImage::new(4, 4).save(&real).unwrap();
        let link = dir.path().join("frame.png");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(matches!(picture(&link, None).await, Err(PictureError::Gone { .. })));
    }

    #[tokio::test]
    async fn a_frame_that_was_rendered_again_is_another_picture() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.png");
        let pictures = Pictures::new();
        let wanted = Wanted { size: Some(32), exposure: 0.0 };
        RgbImage::from_pixel(64, 64, Rgb([255, 255, 255])).save(&path).unwrap();
        let before = pictures.look(&path, wanted).await.unwrap();
        let white = pictures.make(before.clone()).await.unwrap();
        RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8, y as u8, 0])).save(&path).unwrap();
        let after = pictures.look(&path, wanted).await.unwrap();
        assert_ne!(before.etag(), after.etag());
        assert_ne!(pictures.make(after).await.unwrap().bytes, white.bytes);
        assert_eq!(pictures.make(before).await.unwrap().bytes, white.bytes, "the cache still has it");
    }
}
