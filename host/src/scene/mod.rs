//! What a scene file says of its own frames, read without starting its DCC: the range that a job gets when nobody
//! names one.
//!
//! Only file formats that can be read as such live here; what a DCC alone can tell is its plugin's job.

mod blend;
mod dna;

use farmhand_model::FrameSet;
use std::path::{Path, PathBuf};

/// Why a scene's own frames could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} does not tell its frame range: {source}; name the frames, such as 1-100", .path.display())]
pub struct SceneError {
    /// The scene.
    pub path: PathBuf,
    /// What is wrong with it.
    pub source: BlendError,
}

/// What is wrong with a .blend file.
#[derive(Debug, thiserror::Error)]
pub enum BlendError {
    /// It could not be opened or read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is something else under this name.
    #[error("this is no .blend file")]
    NotBlend,
    /// A newer layout than any that is known.
    #[error("its file header `{0}` is of an unknown kind")]
    UnknownHeader(String),
    /// It is damaged or was cut off.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

/// The frames that the scene would render by itself; `None` where this kind of file does not tell.
///
/// Reads the whole file where it is compressed (hundreds of megabytes a second): not for an async thread.
pub fn frame_range(scene: &Path) -> Result<Option<FrameSet>, SceneError> {
    let is_blend = scene.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("blend"));
    if !is_blend {
        return Ok(None);
    }
    let range =
        blend::scene_range(scene).map_err(|source| SceneError { path: scene.to_path_buf(), source })?;
    Ok(Some((range.first..=range.last).step_by(range.step as usize).collect()))
}
