//! What a job may ask of Blender. The schema in `describe` says the same to people; a test holds them together.

use farmhand_sdk::prelude::*;
use serde::Deserialize;

/// How a task is rendered, by the index of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As the job and the scene ask.
    Render,
    /// On the CPU, without denoiser and persistent data.
    Safe,
    /// The same with factory settings and without the user's add-ons.
    Minimal,
}

/// How many levels there are.
pub const LEVELS: usize = 3;

impl Level {
    /// The level that a task asks for.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        task.level.into()
    }
}

impl From<u32> for Level {
    fn from(index: u32) -> Self {
        match index {
            0 => Level::Render,
            1 => Level::Safe,
            _ => Level::Minimal,
        }
    }
}

/// A render engine, as jobs name it; Blender's own name depends on its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Engine {
    /// The path tracer.
    #[serde(rename = "CYCLES")]
    Cycles,
    /// The rasteriser.
    #[serde(rename = "BLENDER_EEVEE")]
    Eevee,
    /// The name that the rasteriser had in 4.2 to 4.5.
    #[serde(rename = "BLENDER_EEVEE_NEXT")]
    EeveeNext,
    /// The viewport's engine.
    #[serde(rename = "BLENDER_WORKBENCH")]
    Workbench,
}

impl Engine {
    /// Blender's names for it, the likeliest first.
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Engine::Cycles => &["CYCLES"],
            Engine::Eevee => &["BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"],
            Engine::EeveeNext => &["BLENDER_EEVEE_NEXT", "BLENDER_EEVEE"],
            Engine::Workbench => &["BLENDER_WORKBENCH"],
        }
    }
}

/// What Cycles computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Device {
    /// As the scene says: the CPU, or the best back-end that the leased GPU has.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// NVIDIA.
    Cuda,
    /// NVIDIA, with ray-tracing hardware.
    Optix,
    /// AMD.
    Hip,
    /// Intel.
    OneApi,
    /// Apple.
    Metal,
}

impl Device {
    /// Blender's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Device::Auto => "AUTO",
            Device::Cpu => "CPU",
            Device::Cuda => "CUDA",
            Device::Optix => "OPTIX",
            Device::Hip => "HIP",
            Device::OneApi => "ONEAPI",
            Device::Metal => "METAL",
        }
    }
}

/// A file format, by Blender's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    /// `.png`
    Png,
    /// `.jpg`
    Jpeg,
    /// `.exr`
    OpenExr,
    /// `.exr` with all passes and layers in one file.
    OpenExrMultilayer,
    /// `.tif`
    Tiff,
    /// `.tga`
    Targa,
    /// `.bmp`
    Bmp,
    /// `.webp`, since 3.2.
    Webp,
    /// `.hdr`
    Hdr,
    /// `.dpx`
    Dpx,
    /// `.jp2`
    Jpeg2000,
    /// A movie; the output's extension chooses the container.
    Ffmpeg,
}

/// Extensions of movies, each with Blender's name of the container and the codec that goes with it.
const MOVIES: [(&str, &str, &str); 8] = [
    ("mp4", "MPEG4", "H264"),
    ("mov", "QUICKTIME", "H264"),
    ("mkv", "MKV", "H264"),
    ("avi", "AVI", "MPEG4"),
    ("webm", "WEBM", "WEBM"),
    ("ogv", "OGG", "THEORA"),
    ("mpg", "MPEG2", "MPEG2"),
    ("dvd", "MPEG2", "MPEG2"),
];

impl Format {
    /// Blender's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::OpenExr => "OPEN_EXR",
            Format::OpenExrMultilayer => "OPEN_EXR_MULTILAYER",
            Format::Tiff => "TIFF",
            Format::Targa => "TARGA",
            Format::Bmp => "BMP",
            Format::Webp => "WEBP",
            Format::Hdr => "HDR",
            Format::Dpx => "DPX",
            Format::Jpeg2000 => "JPEG2000",
            Format::Ffmpeg => "FFMPEG",
        }
    }

    /// Extensions that its files have; the first is the one that Blender adds.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Format::Png => &["png"],
            Format::Jpeg => &["jpg", "jpeg"],
            Format::OpenExr | Format::OpenExrMultilayer => &["exr"],
            Format::Tiff => &["tif", "tiff"],
            Format::Targa => &["tga"],
            Format::Bmp => &["bmp"],
            Format::Webp => &["webp"],
            Format::Hdr => &["hdr"],
            Format::Dpx => &["dpx"],
            Format::Jpeg2000 => &["jp2"],
            Format::Ffmpeg => &["mp4", "mov", "mkv", "avi", "webm", "ogv", "mpg", "dvd"],
        }
    }

    /// The format that an extension stands for, where it stands for one.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        const ALL: [Format; 11] = [
            Format::Png,
            Format::Jpeg,
            Format::OpenExr,
            Format::Tiff,
            Format::Targa,
            Format::Bmp,
            Format::Webp,
            Format::Hdr,
            Format::Dpx,
            Format::Jpeg2000,
            Format::Ffmpeg,
        ];
        let extension = extension.to_ascii_lowercase();
        ALL.into_iter().find(|format| format.extensions().contains(&extension.as_str()))
    }
}

/// Blender's container and codec for a movie's extension.
#[must_use]
pub fn container(extension: &str) -> Option<(&'static str, &'static str)> {
    let extension = extension.to_ascii_lowercase();
    MOVIES.iter().find(|(own, ..)| *own == extension).map(|(_, container, codec)| (*container, *codec))
}

/// What happens when something that the scene refers to is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenMissing {
    /// The job fails, before anyone believes its images.
    Fail,
    /// It is shown as a warning.
    Warn,
}

impl WhenMissing {
    /// As jobs and the prelude write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            WhenMissing::Fail => "fail",
            WhenMissing::Warn => "warn",
        }
    }
}

/// A job's options.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which scene of the file.
    pub scene: Option<String>,
    /// Which camera.
    pub camera: Option<String>,
    /// Which engine.
    pub engine: Option<Engine>,
    /// Samples a pixel.
    pub samples: Option<u32>,
    /// Width and height.
    pub resolution: Option<(u32, u32)>,
    /// Of the resolution.
    pub percentage: Option<u32>,
    /// File format.
    pub format: Option<Format>,
    /// What Cycles computes on.
    pub device: Device,
    /// Whether the CPU may stand in for the device.
    pub allow_cpu: bool,
    /// Denoising on or off.
    pub denoise: Option<bool>,
    /// Keeps Cycles' data from frame to frame.
    pub persistent_data: bool,
    /// Add-ons to switch on.
    pub addons: Vec<String>,
    /// A script to run before.
    pub python: Option<String>,
    /// An expression to run before.
    pub python_expr: Option<String>,
    /// Whether the file's own scripts and drivers may run.
    pub autoexec: bool,
    /// When a linked library is missing.
    pub missing_libraries: WhenMissing,
    /// When an image is missing.
    pub missing_images: WhenMissing,
}

impl Options {
    /// The device at a level: below the first the CPU, unless the job forbids it.
    #[must_use]
    pub fn device_at(&self, level: Level) -> Device {
        if level > Level::Render && self.allow_cpu { Device::Cpu } else { self.device }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scene: None,
            camera: None,
            engine: None,
            samples: None,
            resolution: None,
            percentage: None,
            format: None,
            device: Device::Auto,
            allow_cpu: true,
            denoise: None,
            persistent_data: true,
            addons: Vec::new(),
            python: None,
            python_expr: None,
            autoexec: false,
            missing_libraries: WhenMissing::Fail,
            missing_images: WhenMissing::Warn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_leads_to_its_format_and_back() {
        for extension in ["png", "JPG", "jpeg", "exr", "tif", "tiff", "webp", "mp4", "webm"] {
            let format = Format::from_extension(extension).unwrap();
            assert!(format.extensions().contains(&extension.to_ascii_lowercase().as_str()), "{extension}");
        }
        assert_eq!(Format::from_extension("v2"), None);
    }

    #[test]
    fn every_movie_extension_has_a_container() {
        for extension in Format::Ffmpeg.extensions() {
            assert!(container(extension).is_some(), "{extension}");
        }
    }
}
