//! Pictures of verified frames for the page: the file itself where a browser can show it, a small copy otherwise; which
//! layers and passes a file has; and the numbers of a pixel.
//!
//! Files that renders write are hostile until shown otherwise: nothing of what they claim is believed before a bound was
//! put on it. Which files may be shown is decided by who calls: only paths that the farm recorded as verified frames come
//! here.

mod cache;
mod canvas;
mod draw;
mod exr;
mod file;
mod light;
mod passes;
mod pool;
mod primaries;
mod raster;
mod show;
#[cfg(test)]
mod tests;
mod wanted;

use axum::body::Bytes;
use cache::Cache;
use file::Stamp;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use pool::Pool;
use serde::Serialize;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

pub(super) use light::View;
pub(super) use passes::PassKind;
pub(super) use show::Over;
pub(super) use wanted::{Region, Wanted};

/// The longest side that can be asked for, in pixels.
pub(super) const LARGEST: u32 = 2048;

/// What the cache may hold. A thumbnail takes about 12 kB, so this is a few thousand frames.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// How often a file may be written anew while it is read before that is an error.
const TRIES: usize = 3;

/// A picture that a browser can show.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) bytes: Bytes,
    pub(super) mime: &'static str,
}

/// The layers and passes of a file.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct LayersView {
    /// What the file is, such as `OpenEXR`.
    pub(super) format: String,
    /// What was framed.
    pub(super) display: WindowView,
    /// What there are pixels of: less than what was framed, or more.
    pub(super) data: WindowView,
    /// Whether it holds light of a scene. Otherwise it was made for a screen, and no view transform is put on it.
    pub(super) is_scene: bool,
    /// What can be chosen as `pass`; the first one is shown where none is.
    pub(super) passes: Vec<PassView>,
}

/// One pass of a file.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct PassView {
    /// Its name.
    pub(super) name: String,
    /// What it shows, and so how it is shown.
    pub(super) kind: PassKind,
    /// Its channels, each of which can be chosen as `channel`.
    pub(super) channels: Vec<String>,
    /// `half`, `float`, `uint`, `8 bit` or `16 bit`.
    pub(super) samples: String,
}

/// A rectangle in the pixels of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct WindowView {
    /// Of its left edge.
    pub(super) x: i32,
    /// Of its upper edge.
    pub(super) y: i32,
    /// In pixels.
    pub(super) width: u32,
    /// In pixels.
    pub(super) height: u32,
}

/// The numbers of one pixel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct PixelView {
    /// As it was asked for.
    pub(super) x: i32,
    /// As it was asked for.
    pub(super) y: i32,
    /// One for each channel of the pass; none where the file has no such pixel. Files made for a screen are told as
    /// linear light.
    pub(super) samples: Vec<SampleView>,
}

/// One number of a pixel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct SampleView {
    /// Whose.
    pub(super) channel: String,
    /// Absent where it is infinite or no number.
    pub(super) value: Option<f32>,
    /// `inf`, `-inf` or `nan` where it is that.
    pub(super) special: Option<&'static str>,
}

impl SampleView {
    fn new(channel: String, value: f32) -> Self {
        let special = match value {
            value if value.is_nan() => Some("nan"),
            f32::INFINITY => Some("inf"),
            f32::NEG_INFINITY => Some("-inf"),
            _ => None,
        };
        Self { channel, value: special.is_none().then_some(value), special }
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum PictureError {
    /// The file that was verified is not there any more.
    #[error("{} was verified, but is no longer there: {reason}", path.display())]
    Gone { path: PathBuf, reason: String },
    /// Not a format that is shown, or damaged, or too much.
    #[error("{} cannot be shown: {reason}", path.display())]
    NotShown { path: PathBuf, reason: String },
    /// It became another file since it was looked at.
    #[error("the file is being written anew; ask again")]
    Changed,
    /// Ours.
    #[error("{0}")]
    Internal(String),
}

/// Tells two states of a file apart, so that a frame that was rendered again is shown anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    path: PathBuf,
    stamp: Stamp,
    wanted: Wanted,
}

impl Key {
    /// As an entity tag. Another version of farmhand may draw the same file differently.
    pub(super) fn etag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (self, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        format!("\"{:x}-{:x}\"", self.stamp.modified, hasher.finish())
    }
}

type Making = Shared<BoxFuture<'static, Result<Picture, PictureError>>>;

/// Makes pictures and keeps those that were made last.
pub(super) struct Pictures {
    shelf: Mutex<Shelf>,
    pool: Arc<Pool>,
}

struct Shelf {
    cache: Cache,
    /// Those that are being made: however many pages ask for one, it is made once, and given up when all of them have
    /// gone.
    making: HashMap<Key, WeakShared<BoxFuture<'static, Result<Picture, PictureError>>>>,
}

impl Pictures {
    pub(super) fn new() -> Self {
        let shelf = Shelf { cache: Cache::new(CACHE_BYTES), making: HashMap::new() };
        Self { shelf: Mutex::new(shelf), pool: Arc::new(Pool::new()) }
    }

    /// What would be shown, without making it.
    pub(super) async fn look(&self, path: &Path, wanted: Wanted) -> Result<Key, PictureError> {
        let path = path.to_owned();
        // A directory on a slow server must not keep the others waiting, so this is no work of the pool.
        tokio::task::spawn_blocking(move || Ok(Key { stamp: file::stamp(&path)?, path, wanted }))
            .await
            .map_err(|error| PictureError::Internal(error.to_string()))?
    }

    /// The picture of a file as it is now, from the cache or made.
    pub(super) async fn show(&self, path: &Path, wanted: &Wanted) -> Result<(Key, Picture), PictureError> {
        for _ in 0..TRIES {
            let key = self.look(path, wanted.clone()).await?;
            match self.make(&key).await {
                Err(PictureError::Changed) => {}
                made => return made.map(|picture| (key, picture)),
            }
        }
        Err(PictureError::Changed)
    }

    /// The picture that a key stands for.
    pub(super) async fn make(&self, key: &Key) -> Result<Picture, PictureError> {
        let making = match self.start(key) {
            Ok(picture) => return Ok(picture),
            Err(making) => making,
        };
        let made = making.await;
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.making.remove(key);
        if let Ok(picture) = &made {
            shelf.cache.put(key.clone(), picture.clone());
        }
        made
    }

    /// The picture where it is there, else the making of it that others may wait for too.
    fn start(&self, key: &Key) -> Result<Picture, Making> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = shelf.cache.get(key) {
            return Ok(picture);
        }
        if let Some(making) = shelf.making.get(key).and_then(WeakShared::upgrade) {
            return Err(making);
        }
        shelf.making.retain(|_, making| making.upgrade().is_some());
        let (pool, wish) = (Arc::clone(&self.pool), key.clone());
        let making = async move {
            pool.run(move |waits| draw::picture(&wish.path, wish.stamp, &wish.wanted, waits)).await
        };
        let making = making.boxed().shared();
        if let Some(weak) = making.downgrade() {
            shelf.making.insert(key.clone(), weak);
        }
        Err(making)
    }

    /// What a file is made of.
    pub(super) async fn layers(&self, path: &Path) -> Result<LayersView, PictureError> {
        let path = path.to_owned();
        self.pool.run(move |wish| draw::layers(&path, wish)).await
    }

    /// The numbers of a pixel.
    pub(super) async fn pixel(
        &self,
        path: &Path,
        wanted: Wanted,
        at: (i32, i32),
    ) -> Result<PixelView, PictureError> {
        let path = path.to_owned();
        self.pool.run(move |wish| draw::pixel(&path, &wanted, at, wish)).await
    }
}

/// What many readers share.
pub(super) type SharedPictures = Arc<Pictures>;
