//! What there is to submit, as JSON: the directories and scenes inside the roots, and what a scene tells of itself.

use crate::{FrameSet, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One directory inside the roots, or the roots themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FilesView {
    /// Whether jobs are confined to roots. Where they are not, there is nothing to list, and paths are typed.
    pub confined: bool,
    /// The directory, as it really is; absent for the list of roots.
    pub path: Option<String>,
    /// The root that it is in; absent for the list of roots.
    pub root: Option<String>,
    /// Directories, then scenes that some plugin takes, each in the order of their names.
    pub entries: Vec<FileEntry>,
    /// How many there are in all; `entries` has the first ones.
    pub found: u64,
    /// Names that cannot be chosen: they are no UTF-8, or links that lead outside of the roots or nowhere.
    pub left_out: u64,
    /// Whether the directory has more names than are looked at.
    pub cut: bool,
}

/// One directory or scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FileEntry {
    /// Its name; a root's is its path.
    pub name: String,
    /// Its path.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// A scene's size.
    pub bytes: Option<u64>,
    /// When it last changed; absent where that cannot be read.
    pub modified: Option<Timestamp>,
    /// Plugins that take a scene by its extension.
    pub plugins: Vec<String>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A file that some plugin takes.
    Scene,
}

/// What a scene tells of itself without its DCC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SceneView {
    /// Where it really is.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it last changed.
    pub modified: Option<Timestamp>,
    /// Plugins that take it by its extension.
    pub plugins: Vec<String>,
    /// Its scenes, the one that its DCC would render first; more than one only in a `.blend`.
    pub scenes: Vec<SceneInside>,
    /// What could not be read, and why.
    pub unread: Vec<Unread>,
}

/// One scene of a file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct SceneInside {
    /// Its name; absent where a file is one scene.
    pub name: Option<String>,
    /// The frames that it would render by itself.
    pub frames: Option<FrameSet>,
    /// View layers of Blender, render layers of Maya, Write nodes of Nuke, in their order.
    pub layers: Vec<SceneLayer>,
}

/// A layer, as a job names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SceneLayer {
    /// Its name.
    pub name: String,
    /// Whether the scene renders it by itself.
    pub enabled: bool,
}

/// Something that a scene does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unread {
    /// What is missing, or may be.
    pub what: UnreadPart,
    /// Why, in a sentence.
    pub why: String,
}

/// A part of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnreadPart {
    /// Its frame range.
    Frames,
    /// Its layers.
    Layers,
}
