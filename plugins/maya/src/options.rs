//! What a job may ask of Maya. The schema in `describe` says the same to people; a test holds them together.

use crate::renderer::Renderer;
use farmhand_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How a task is rendered, by the index of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `mayapy` with a generated script.
    Script,
    /// `Render`.
    Render,
    /// `mayapy` with a script that does nothing but render.
    Minimal,
}

/// How many levels there are.
pub const LEVELS: usize = 3;

impl Level {
    /// The level that a task asks for.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        match task.level {
            0 => Level::Script,
            1 => Level::Render,
            _ => Level::Minimal,
        }
    }
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// OpenEXR.
    Exr,
    /// PNG.
    Png,
    /// JPEG.
    Jpg,
    /// TIFF.
    Tif,
}

impl Format {
    /// As jobs name it, and the extension that Maya writes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Exr => "exr",
            Format::Png => "png",
            Format::Jpg => "jpg",
            Format::Tif => "tif",
        }
    }

    /// What makes each renderer write it; none of them minds the others' settings.
    #[must_use]
    pub fn settings(self) -> [(&'static str, Value); 6] {
        let (maya, redshift, arnold) = match self {
            Format::Exr => (51, 1, "exr"),
            Format::Png => (32, 2, "png"),
            Format::Jpg => (8, 4, "jpeg"),
            Format::Tif => (3, 5, "tif"),
        };
        [
            ("defaultRenderGlobals.imageFormat", json!(maya)),
            // Read only where the number is one of a plug-in's formats.
            ("defaultRenderGlobals.imfPluginKey", json!(self.name())),
            ("defaultArnoldDriver.aiTranslator", json!(arnold)),
            ("vraySettings.imageFormatStr", json!(self.name())),
            ("redshiftOptions.imageFormat", json!(redshift)),
            ("rmanGlobals.ext", json!(self.name())),
        ]
    }

    /// The format that an extension stands for.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "exr" => Some(Format::Exr),
            "png" => Some(Format::Png),
            "jpg" | "jpeg" => Some(Format::Jpg),
            "tif" | "tiff" => Some(Format::Tif),
            _ => None,
        }
    }
}

/// How a job's layers are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerMode {
    /// Each is rendered on its own.
    #[default]
    Separate,
    /// One process renders all of them, frame by frame.
    Together,
}

/// Which of Maya's two kinds of layers a scene has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerSystem {
    /// Since 2016.5.
    RenderSetup,
    /// Before, and where somebody switched back.
    Legacy,
}

/// What to compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// As the scene says.
    #[default]
    Scene,
    /// The CPU.
    Cpu,
    /// The GPUs leased.
    Gpu,
}

impl Device {
    /// As jobs name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Device::Scene => "scene",
            Device::Cpu => "cpu",
            Device::Gpu => "gpu",
        }
    }
}

/// How a renderer is kept to the GPUs leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GpuSelection {
    /// By `CUDA_VISIBLE_DEVICES`, with their UUIDs.
    #[default]
    VisibleDevices,
    /// By the renderer's own flags too.
    Flags,
}

/// How much the renderer prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verbosity {
    /// As much as progress needs.
    #[default]
    Info,
    /// Everything.
    Debug,
}

/// When a copy of the scene as it is rendered is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SceneCopy {
    /// Where the job changes the scene.
    #[default]
    Changed,
    /// By every attempt.
    Always,
    /// Not at all.
    Never,
}

impl SceneCopy {
    /// As the script names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SceneCopy::Changed => "changed",
            SceneCopy::Always => "always",
            SceneCopy::Never => "never",
        }
    }
}

/// A job's options.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which renderer; absent: the scene's own.
    pub renderer: Option<Renderer>,
    /// Which camera; absent: the scene's renderable one.
    pub camera: Option<String>,
    /// The project directory.
    pub project: Option<String>,
    /// Where the scene's own output goes.
    pub images: Option<String>,
    /// Width and height.
    pub resolution: Option<(u32, u32)>,
    /// Of the resolution.
    pub percent: Option<u32>,
    /// File format.
    pub format: Option<Format>,
    /// Digits of the frame number.
    pub padding: Option<u32>,
    /// How layers are shared out.
    pub layer_mode: LayerMode,
    /// Layers that one process renders together.
    pub layers_together: Vec<String>,
    /// Which kind of layers the scene has.
    pub layer_system: Option<LayerSystem>,
    /// The studio's light setting of render setup.
    pub include_all_lights: Option<bool>,
    /// Attributes to set after the scene is open.
    pub attributes: Map<String, Value>,
    /// MEL to run before the first frame.
    pub pre_render_mel: Option<String>,
    /// Python to run before the first frame.
    pub pre_render_python: Option<String>,
    /// MEL to run after the last frame.
    pub post_render_mel: Option<String>,
    /// Python to run after the last frame.
    pub post_render_python: Option<String>,
    /// What to compute on.
    pub device: Device,
    /// How a renderer is kept to its GPUs.
    pub gpu_selection: GpuSelection,
    /// Whether a missing licence ends the render.
    pub abort_on_licence_fail: bool,
    /// Whether Maya's less certain errors fail a frame.
    pub strict: bool,
    /// Whether exit code 211 says nothing about the scene.
    pub ignore_211: bool,
    /// When a copy of the scene is kept.
    pub scene_copy: SceneCopy,
    /// How much is printed.
    pub verbosity: Verbosity,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            renderer: None,
            camera: None,
            project: None,
            images: None,
            resolution: None,
            percent: None,
            format: None,
            padding: None,
            layer_mode: LayerMode::Separate,
            layers_together: Vec::new(),
            layer_system: None,
            include_all_lights: None,
            attributes: Map::new(),
            pre_render_mel: None,
            pre_render_python: None,
            post_render_mel: None,
            post_render_python: None,
            device: Device::Scene,
            gpu_selection: GpuSelection::VisibleDevices,
            abort_on_licence_fail: true,
            strict: true,
            ignore_211: false,
            scene_copy: SceneCopy::Changed,
            verbosity: Verbosity::Info,
        }
    }
}

impl Options {
    /// Whether the job changes the scene in a way that only a script can.
    #[must_use]
    pub fn changes_scene(&self) -> bool {
        !self.attributes.is_empty() || self.pre_render_mel.is_some() || self.pre_render_python.is_some()
    }

    /// Whether the job runs something after the last frame.
    #[must_use]
    pub fn runs_after(&self) -> bool {
        self.post_render_mel.is_some() || self.post_render_python.is_some()
    }
}
