//! How images are named: below the staging directory while Maya writes them, and at the place where they go once they
//! are verified. Maya puts directories for layers, cameras and passes of its own in between; those of the task's layer
//! are taken out again, the others stay.

use crate::options::{Format, LayerMode, Options};
use crate::scene::MASTER;
use farmhand_sdk::prelude::*;

/// Digits of a frame number where nobody says otherwise.
pub const PADDING: usize = 4;

/// A job's output, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Names {
    staging: String,
    layer: Option<String>,
    mode: LayerMode,
    /// Layers that share a process, where they are known.
    layers: Vec<String>,
    to: To,
}

/// Where images go.
#[derive(Debug, Clone, PartialEq)]
enum To {
    /// By the job's output, without its extension.
    Template { place: Template, extension: Option<String>, stem: String, digits: usize },
    /// The scene's own names, in this directory.
    Directory(String),
}

/// What an output says: its template's text, and its extension where that stands for a format.
#[must_use]
pub fn parse(output: &str) -> (&str, Option<&str>) {
    match path::stem_and_extension(output).1 {
        Some(extension) if Format::from_extension(extension).is_some() => {
            (&output[..output.len() - extension.len() - 1], Some(extension))
        }
        _ => (output, None),
    }
}

/// The format of a job's images, where the job says so.
#[must_use]
pub fn format(options: &Options, output: Option<&str>) -> Option<Format> {
    options.format.or_else(|| Format::from_extension(parse(output?).1?))
}

impl Names {
    /// The names of a task's images.
    ///
    /// # Errors
    /// The job is not what `validate` made of it.
    pub fn of(task: &Task, options: &Options) -> Result<Self, PluginError> {
        let to = match &task.job.output {
            Some(output) => template(output, task.layer.as_deref())?,
            None => {
                let images = options.images.as_deref().unwrap_or("images");
                To::Directory(path::join(options.project.as_deref().unwrap_or_default(), images))
            }
        };
        Ok(Self {
            staging: task.staging.clone(),
            layer: task.layer.clone(),
            mode: options.layer_mode,
            layers: options.layers_together.clone(),
            to,
        })
    }

    /// Another directory for the scene's own names: Maya knows its project better than the job.
    pub fn own_output(&mut self, directory: &str) {
        if matches!(self.to, To::Directory(_)) {
            self.to = To::Directory(directory.to_owned());
        }
    }

    /// What Maya is told to name its images, before the frame number; `None` for the scene's own.
    #[must_use]
    pub fn stem(&self) -> Option<&str> {
        match &self.to {
            To::Template { stem, .. } => Some(stem),
            To::Directory(_) => None,
        }
    }

    /// Digits of the frame number.
    #[must_use]
    pub fn digits(&self) -> Option<usize> {
        match &self.to {
            To::Template { digits, .. } => Some(*digits),
            To::Directory(_) => None,
        }
    }

    /// The one image of a frame that is known before: not where several layers share a process, or where the scene's
    /// own names count.
    #[must_use]
    pub fn expected(&self, frame: i32, format: Option<Format>) -> Option<Image> {
        let (To::Template { stem, digits, .. }, Some(format)) = (&self.to, format) else { return None };
        if self.mode == LayerMode::Together {
            return None;
        }
        let name = format!("{stem}.{}.{}", padded(frame, *digits), format.name());
        Some(self.image(frame, &path::join(&self.staging, &name)))
    }

    /// Whether an image is its frame's own, and no pass and no single layer of several.
    #[must_use]
    pub fn is_main(&self, image: &Image) -> bool {
        let relative = relative_to(&self.staging, &image.path);
        relative.is_some_and(|relative| self.is_named_alone(self.without_layer(&relative)))
    }

    /// Whether an image is its frame's own or that of one layer, and no pass.
    #[must_use]
    pub fn is_layers_main(&self, image: &Image) -> bool {
        let Some(relative) = relative_to(&self.staging, &image.path) else { return false };
        let below = relative.split_once('/').map_or(relative.as_str(), |(_, rest)| rest);
        self.is_named_alone(below) || self.is_named_alone(&relative)
    }

    fn is_named_alone(&self, name: &str) -> bool {
        match &self.to {
            To::Template { stem, .. } => main_extension(name, stem).is_some(),
            To::Directory(_) => !name.contains('/'),
        }
    }

    /// The image at a path, with its place.
    #[must_use]
    pub fn image(&self, frame: i32, written: &str) -> Image {
        Image { frame, path: written.to_owned(), place: self.place(frame, written) }
    }

    fn place(&self, frame: i32, written: &str) -> Option<String> {
        let relative = relative_to(&self.staging, written)?;
        match &self.to {
            To::Directory(directory) => Some(path::join(directory, &relative)),
            To::Template { place, extension, stem, .. } => {
                let (layer, below) = self.layer_of(&relative, place.has_layer());
                let (directory, name) = path::split(below);
                let named = place.name(frame, layer);
                let (parent, leaf) = path::split(&named);
                let leaf = match main_extension(name, stem) {
                    Some(written) => {
                        let same =
                            |kept: &str| Format::from_extension(kept) == Format::from_extension(written);
                        let kept = extension.as_deref().filter(|kept| same(kept)).unwrap_or(written);
                        format!("{leaf}.{kept}")
                    }
                    None => name.to_owned(),
                };
                Some(path::join(parent, &path::join(directory, &leaf)))
            }
        }
    }

    /// The layer that an image shows, and its path without that layer's directory. Layers that share a process are told
    /// by their directories; the one that every scene has may have none.
    fn layer_of<'a>(&'a self, relative: &'a str, by_name: bool) -> (Option<&'a str>, &'a str) {
        if self.mode == LayerMode::Separate || !by_name {
            return (self.layer.as_deref(), self.without_layer(relative));
        }
        let Some((first, rest)) = relative.split_once('/') else { return (Some(MASTER), relative) };
        let bare = first.strip_prefix("rs_").unwrap_or(first);
        match self.layers.iter().find(|layer| **layer == bare || **layer == first) {
            Some(layer) => (Some(layer), rest),
            None if bare == "masterLayer" || bare == MASTER => (Some(MASTER), rest),
            None if self.layers.is_empty() => (Some(bare), rest),
            None => (Some(MASTER), relative),
        }
    }

    /// The path below the staging directory without the directory of the task's own layer.
    fn without_layer<'a>(&self, relative: &'a str) -> &'a str {
        let Some((first, rest)) = relative.split_once('/') else { return relative };
        let bare = first.trim_start_matches("rs_");
        let own = match self.layer.as_deref() {
            // Where layers share a process, the one that every scene has is the one without a directory.
            Some(MASTER) | None => bare == MASTER || bare == "masterLayer",
            Some(layer) => bare == layer.trim_start_matches("rs_"),
        };
        if own { rest } else { relative }
    }
}

fn template(output: &str, layer: Option<&str>) -> Result<To, PluginError> {
    let (stem, extension) = parse(output);
    let place = Template::parse(stem)?;
    // With the frame left open, its digits can be counted and its separator taken off.
    let leaf = place.hashes(layer);
    let leaf = path::split(&leaf).1;
    let digits = if place.has_frame() { leaf.bytes().filter(|byte| *byte == b'#').count() } else { PADDING };
    let stem: String = leaf.chars().filter(|c| *c != '#').collect();
    let stem = stem.trim_end_matches(['.', '_', '-', ' ']).trim_start_matches('.');
    let stem = if stem.is_empty() { "image".to_owned() } else { path::safe_name(stem) };
    Ok(To::Template { place, extension: extension.map(str::to_owned), stem, digits: digits.max(1) })
}

/// The extension of the file that is the frame's own image: `stem.0001.exr`, and no pass beside it.
fn main_extension<'a>(name: &'a str, stem: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(stem)?.strip_prefix('.')?;
    let (number, extension) = rest.split_once('.')?;
    (number.parse::<i32>().is_ok() && !extension.contains('.')).then_some(extension)
}

/// The frame that a path names: the last number between dots before the extension.
#[must_use]
pub fn frame_of(path: &str) -> Option<i32> {
    let name = path::split(path).1;
    let (rest, _extension) = name.rsplit_once('.')?;
    let number = rest.rsplit(['.', '_']).next()?;
    // A minus sign that stands for the frame's sign stands after the dot.
    number.parse().ok()
}

/// A frame number with at least so many digits; the sign comes on top.
#[must_use]
pub fn padded(frame: i32, digits: usize) -> String {
    let sign = if frame < 0 { "-" } else { "" };
    format!("{sign}{:0digits$}", frame.unsigned_abs())
}

/// The path below a directory, with forward slashes; `None` where it is elsewhere.
fn relative_to(directory: &str, path: &str) -> Option<String> {
    let (directory, path) = (directory.replace('\\', "/"), path.replace('\\', "/"));
    let rest = path.strip_prefix(directory.trim_end_matches('/'))?.strip_prefix('/')?;
    (!rest.is_empty() && !rest.split('/').any(|part| part == "..")).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(output: Option<&str>, layer: Option<&str>, mode: LayerMode) -> Names {
        let job = Job { output: output.map(str::to_owned), ..Job::default() };
        let task = Task { job, layer: layer.map(str::to_owned), staging: "/st/7".into(), ..Task::default() };
        let options = Options {
            project: Some("/show".into()),
            images: Some("images".into()),
            layer_mode: mode,
            ..Options::default()
        };
        Names::of(&task, &options).unwrap()
    }

    #[test]
    fn what_maya_wrote_finds_its_place() {
        use LayerMode::{Separate, Together};
        let out = Some("/out/{layer}/shot_####.exr");
        for (output, layer, mode, written, place) in [
            (out, Some("fg"), Separate, "shot.0007.exr", "/out/fg/shot_0007.exr"),
            (out, Some("fg"), Separate, "rs_fg/shot.0007.exr", "/out/fg/shot_0007.exr"),
            (out, Some("fg"), Separate, "fg/diffuse/shot.0007.exr", "/out/fg/diffuse/shot_0007.exr"),
            (out, Some("fg"), Separate, "shot.diffuse.0007.exr", "/out/fg/shot.diffuse.0007.exr"),
            (out, Some("fg"), Separate, "shot.0007.png", "/out/fg/shot_0007.png"),
            (
                out,
                Some(MASTER),
                Separate,
                "masterLayer/shot.0007.exr",
                "/out/defaultRenderLayer/shot_0007.exr",
            ),
            (Some("/out/s.####.jpeg"), None, Separate, "s.0007.jpg", "/out/s.0007.jpeg"),
            (Some("/out/s.####"), None, Together, "fg/s.0007.tif", "/out/fg/s.0007.tif"),
            (Some("/out/s.####"), None, Together, "masterLayer/s.0007.tif", "/out/s.0007.tif"),
            (Some("/out/####"), None, Separate, "image.0007.tif", "/out/0007.tif"),
            (None, None, Separate, "a/b.0007.tif", "/show/images/a/b.0007.tif"),
        ] {
            let image = names(output, layer, mode).image(7, &format!("/st/7/{written}"));
            assert_eq!(image.place.as_deref(), Some(place), "{written}");
        }
        assert_eq!(names(out, None, Separate).image(7, "/elsewhere/a.0007.exr").place, None);
        assert_eq!(names(out, None, Separate).image(7, "/st/7/../a.0007.exr").place, None);
    }

    #[test]
    fn layers_that_share_a_process_find_their_places() {
        let named = |layers: &[&str], written: &str| {
            let mut names = names(Some("/out/{layer}/s.####.exr"), None, LayerMode::Together);
            names.layers = layers.iter().map(|layer| (*layer).to_owned()).collect();
            names.image(7, &format!("/st/7/{written}")).place.unwrap()
        };
        for (layers, written, place) in [
            (&["fg", "bg"][..], "fg/s.0007.exr", "/out/fg/s.0007.exr"),
            (&["fg", "bg"], "rs_bg/diffuse/s.0007.exr", "/out/bg/diffuse/s.0007.exr"),
            (&["fg", "bg"], "masterLayer/s.0007.exr", "/out/defaultRenderLayer/s.0007.exr"),
            (&["fg", "bg"], "diffuse/s.0007.exr", "/out/defaultRenderLayer/diffuse/s.0007.exr"),
            (&[], "rs_fg/s.0007.exr", "/out/fg/s.0007.exr"),
            (&[], "s.0007.exr", "/out/defaultRenderLayer/s.0007.exr"),
        ] {
            assert_eq!(named(layers, written), place, "{written}");
        }
    }

    #[test]
    fn the_expected_image_is_one_that_finds_its_place() {
        let names = names(Some("/out/shot_###.exr"), None, LayerMode::Separate);
        assert_eq!((names.stem(), names.digits()), (Some("shot"), Some(3)));
        let image = names.expected(-7, Some(Format::Exr)).unwrap();
        assert_eq!(image.path, "/st/7/shot.-007.exr");
        assert_eq!(image.place.as_deref(), Some("/out/shot_-007.exr"));
        assert_eq!(names.expected(7, None), None);
    }

    #[test]
    fn the_frame_is_the_last_number_before_the_extension() {
        for (path, frame) in [
            ("C:/images/test.0005.png", Some(5)),
            ("/a/shot.v2.beauty.-0012.exr", Some(-12)),
            ("/a/shot_0012.exr", Some(12)),
            ("/a/shot.exr", None),
            ("/a.0001.x/shot", None),
        ] {
            assert_eq!(frame_of(path), frame, "{path}");
        }
    }
}
