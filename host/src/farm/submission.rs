//! What `POST /jobs` and `farmhand submit` take: a job as a person writes it, before anything has checked it.

use farmhand_model::hooks::HookRequest;
use farmhand_model::job::{Chunking, FrameOrder, JobLimits};
use farmhand_model::{FrameSet, JobId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A job as a person writes it. Only `scene` is needed, and `frames` where the scene's own range cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Absolute path of the scene.
    pub scene: String,
    /// Frames of each layer, such as `1-100x5,200`. Default: the scene's own range, for scenes that tell it without
    /// their DCC (`.blend`, `.ma`, `.nk`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<FrameSet>,
    /// Default: the scene's file name without its extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who submits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A plugin's name, with a requirement on its version after an `@`: `blender`, `maya@^2.1`. Default: the plugin
    /// for the scene's extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Which versions of the DCC are welcome, as a semver requirement. Default: the newest found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dcc_version: Option<String>,
    /// Layers, each rendered on its own. Default: what the scene has enabled, together.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Where the images go, as the DCC understands it. Default: the scene's own setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The plugin's options; see its schema in `GET /plugins`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub options: serde_json::Map<String, serde_json::Value>,
    /// 0 to 100; higher goes first. Default 50.
    #[serde(default = "default_priority")]
    #[schema(minimum = 0, maximum = 100)]
    pub priority: u8,
    /// Jobs that must be done before this one starts.
    #[serde(default)]
    pub after: Vec<JobId>,
    /// In which order the frames are given out.
    #[serde(default)]
    pub order: FrameOrder,
    /// How many frames one process gets.
    #[serde(default)]
    pub chunk: Chunking,
    /// CPU threads of each task. Default: the node's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Images that are there and whole are not rendered again.
    #[serde(default)]
    pub skip_existing: bool,
    /// Limits.
    #[serde(default)]
    pub limits: JobLimits,
    /// Levels that may be used, by name: `["render"]`. Default: all of the plugin's, in its order.
    #[serde(default)]
    pub levels: Vec<String>,
    /// The level to start at; those before it are left out. Default: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_level: Option<String>,
    /// The studio's own scripts to run, by their names in the hooks directory.
    #[serde(default)]
    pub hooks: Vec<HookRequest>,
    /// Submit it paused.
    #[serde(default)]
    pub paused: bool,
}

fn default_priority() -> u8 {
    50
}
