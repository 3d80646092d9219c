//! What a .blend says of itself, read without starting Blender: the frames that a job gets when nobody names any, and
//! the layers and scenes that a form offers.
//!
//! Scenes in text are their plugins' to read, which see a scene in parts; a .blend may be compressed whole, which no
//! plugin could undo within its limits. Whatever stands in a file, reading it ends, and costs a bounded amount of memory.

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

/// What a scene file tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its scenes: several only in a .blend.
    pub scenes: Vec<Inside>,
    /// Which of them its DCC would render.
    pub current: usize,
    /// Why frames are missing, where some are.
    pub unread_frames: Option<String>,
    /// Why layers are missing, or may be.
    pub unread_layers: Option<String>,
}

/// One scene of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inside {
    /// Its name; absent where a file is one scene.
    pub name: Option<String>,
    /// The frames that it would render by itself.
    pub frames: Option<FrameSet>,
    /// Its layers, in their order.
    pub layers: Vec<Layer>,
}

/// A view layer of Blender, or whatever else its plugin calls a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// As a job names it.
    pub name: String,
    /// Whether the scene renders it by itself.
    pub enabled: bool,
}

fn is_blend(scene: &Path) -> bool {
    scene.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("blend"))
}

/// The frames that the scene would render by itself; `None` where this kind of file does not tell, or its plugin reads
/// it.
///
/// Reads the whole file where it is compressed (hundreds of megabytes a second): not for an async thread.
pub fn frame_range(scene: &Path) -> Result<Option<FrameSet>, SceneError> {
    if !is_blend(scene) {
        return Ok(None);
    }
    let told = blend::read(scene).map_err(|source| SceneError { path: scene.to_path_buf(), source })?;
    Ok(told.scenes.into_iter().nth(told.current).and_then(|scene| scene.frames))
}

/// All that the scene tells; `None` where its plugin is to be asked.
///
/// # Errors
/// It should be readable, and is not: in one sentence.
pub fn inspect(scene: &Path) -> Result<Option<Told>, String> {
    if !is_blend(scene) {
        return Ok(None);
    }
    blend::read(scene).map(Some).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_the_extension() {
        for (name, expect) in
            [("a.blend", true), ("a.BLEND", true), ("a.ma", false), ("a.blend1", false), ("blend", false)]
        {
            assert_eq!(is_blend(Path::new(name)), expect, "{name}");
        }
    }
}
