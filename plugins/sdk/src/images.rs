//! What a task's images are called while they are rendered, and where they belong.
//!
//! A renderer writes into the task's staging directory, which is empty and the attempt's own; once an image is verified
//! the host moves it to its place. So nobody ever sees half of one, and an attempt that was given up overwrites nothing.
//! Which file is a good image is the host's business.

use crate::{FrameRuns, Image, Output, PluginError, Task, Template, path};

/// The names of one task's images; [`Task::images`] makes it from the job's output.
///
/// An output without a frame number gets `.####` before its extension, one that ends in a separator the scene's name as
/// well, and a task of a layer the layer's name where the output has no `{layer}`. Without an output, images go beside
/// the scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    staged: Template,
    placed: Template,
    frames: FrameRuns,
    staging: String,
    /// The directory that staging stands for.
    directory: String,
    /// What a relative path of the renderer's is relative to.
    relative_to: String,
}

impl Task {
    /// What this task's images are called while they are rendered, and where they go afterwards. `extension` is for an
    /// output that names none.
    ///
    /// # Errors
    /// The output is no output name.
    pub fn images<'a>(&self, extension: impl Into<Option<&'a str>>) -> Result<Images, PluginError> {
        let error = |error| PluginError::new(format!("the output is no output name: {error}"));
        let template = named(&self.job.output, &self.job.scene, extension.into());
        let mut placed = Template::parse(&template).map_err(error)?;
        if !placed.has_frame() {
            placed = Template::parse(&before_extension(&template)).map_err(error)?;
        }
        let placed = placed.of_layer(self.layer.as_deref());
        let (directory, staged) = placed.moved_to(&self.staging);
        Ok(Images {
            staged,
            placed,
            frames: self.frames.clone(),
            staging: self.staging.clone(),
            directory,
            relative_to: self.scratch.clone(),
        })
    }
}

/// The output's name as far as it is known: with a name, and with an extension.
fn named(output: &Option<String>, scene: &str, extension: Option<&str>) -> String {
    let mut text = match output {
        Some(output) => output.clone(),
        None => path::join(path::split(scene).0, ""),
    };
    if text.is_empty() || text.ends_with(['/', '\\']) {
        text.push_str(path::stem_and_extension(scene).0);
        // A scene may be `shot.v2`, and what follows its dot is no extension of an image.
        text.push_str(".####");
    }
    if let (None, Some(extension)) = (path::stem_and_extension(&text).1, extension) {
        text.push('.');
        text.push_str(extension);
    }
    text
}

fn before_extension(text: &str) -> String {
    match path::stem_and_extension(text).1 {
        Some(extension) => format!("{}.####.{extension}", &text[..text.len() - extension.len() - 1]),
        None => format!("{text}.####"),
    }
}

impl Images {
    /// The path that the renderer writes to, with the frame left open as `####`.
    #[must_use]
    pub fn pattern(&self) -> String {
        self.staged.hashes(None)
    }

    /// Where the renderer writes this frame.
    #[must_use]
    pub fn path(&self, frame: i32) -> String {
        self.staged.name(frame, None)
    }

    /// This frame's image.
    #[must_use]
    pub fn image(&self, frame: i32) -> Image {
        let place = Some(self.placed.name(frame, None));
        Image { frame, path: self.path(frame), place }
    }

    /// The images of all of the task's frames, for a command's outputs.
    pub fn all(&self) -> impl Iterator<Item = Output> + '_ {
        self.frames.iter().map(|frame| Output::Image(self.image(frame)))
    }

    /// Which of the task's frames a path shows: by the name that was asked for, else by the last number in it, else the
    /// task's only frame.
    #[must_use]
    pub fn frame_of(&self, path: &str) -> Option<i32> {
        if let Some((frame, _)) = self.staged.frame_of(path, None) {
            return Some(frame);
        }
        let (_, name) = path::split(path);
        if let Some(end) = name.rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1) {
            let digits = name[..end].bytes().rev().take_while(u8::is_ascii_digit).count();
            let number: Option<i32> = name[end - digits..end].parse().ok();
            // In `shot-12.png` the `-` stands between words, unless the task renders a frame -12.
            let is_signed = name[..end - digits].ends_with('-');
            let signed = number.filter(|_| is_signed).map(|number| -number);
            let frame = [signed, number].into_iter().flatten().find(|frame| self.frames.contains(*frame));
            if frame.is_some() {
                return frame;
            }
        }
        self.frames.first().filter(|_| self.frames.len() == 1)
    }

    /// The image that the renderer says it wrote at this path, of this frame where the line named one; absent where
    /// nothing tells which frame it shows. What lies in the staging directory has its place where the output goes; what
    /// does not stays where it is.
    #[must_use]
    pub fn at(&self, path: &str, frame: Option<i32>) -> Option<Image> {
        let path = path::join(&self.relative_to, path);
        let frame = frame.or_else(|| self.frame_of(&path))?;
        let inside = path
            .strip_prefix(self.staging.trim_end_matches(['/', '\\']))
            .filter(|_| !self.staging.is_empty())
            .and_then(|rest| rest.strip_prefix(['/', '\\']));
        let place = inside.map(|rest| path::join(&self.directory, rest));
        Some(Image { frame, path, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Job;

    fn images(output: Option<&str>, layer: Option<&str>) -> Images {
        let job =
            Job { scene: "/show/shot.v2.glow".into(), output: output.map(str::to_owned), ..Job::default() };
        let task = Task {
            job,
            frames: FrameRuns::range(-2, 12),
            layer: layer.map(str::to_owned),
            staging: "/out/.farmhand/7".into(),
            scratch: "/scratch/7".into(),
            ..Task::default()
        };
        task.images("png").unwrap()
    }

    #[test]
    fn outputs_have_a_name_and_a_number() {
        let check = |output: Option<&str>, layer: Option<&str>, path: &str, place: &str| {
            let image = images(output, layer).image(3);
            assert_eq!(
                (image.path.as_str(), image.place.as_deref()),
                (path, Some(place)),
                "{output:?} {layer:?}"
            );
        };
        let staged = |name: &str| format!("/out/.farmhand/7/{name}");
        check(Some("/out/a_####.exr"), None, &staged("a_0003.exr"), "/out/a_0003.exr");
        check(Some("/out/a_##"), None, &staged("a_03.png"), "/out/a_03.png");
        check(Some("/out/a.exr"), None, &staged("a.0003.exr"), "/out/a.0003.exr");
        check(Some("/out/"), None, &staged("shot.v2.0003.png"), "/out/shot.v2.0003.png");
        check(None, None, &staged("shot.v2.0003.png"), "/show/shot.v2.0003.png");
        check(Some("/out/a_####.exr"), Some("fg"), &staged("a_fg.0003.exr"), "/out/a_fg.0003.exr");
        check(Some("/out/{layer}/a_####.exr"), Some("fg"), &staged("a_0003.exr"), "/out/fg/a_0003.exr");
    }

    #[test]
    fn the_command_line_leaves_the_frame_open() {
        assert_eq!(images(Some("/out/a.exr"), None).pattern(), "/out/.farmhand/7/a.####.exr");
        assert_eq!(images(Some("/out/a.exr"), None).all().count(), 15);
    }

    #[test]
    fn a_path_tells_its_frame() {
        let images = images(Some("/out/a_####.exr"), None);
        let check = |path: &str, frame: Option<i32>| assert_eq!(images.frame_of(path), frame, "{path}");
        check("/out/.farmhand/7/a_0003.exr", Some(3));
        check("/out/.farmhand/7/a_0003.exr.tmp", Some(3));
        check("beauty-2.png", Some(-2));
        check("beauty-12.png", Some(12));
        check("beauty.400.png", None);
        check("beauty", None);
    }

    #[test]
    fn only_what_was_staged_is_moved() {
        let images = images(Some("/out/a_####.exr"), None);
        let check = |path: &str, frame: Option<i32>, place: Option<&str>| {
            let image = images.at(path, frame).unwrap();
            assert_eq!((image.frame, image.place.as_deref()), (3, place), "{path}");
        };
        check("/out/.farmhand/7/a_0003.exr", None, Some("/out/a_0003.exr"));
        check("/out/.farmhand/7/fg/a.3.exr", None, Some("/out/fg/a.3.exr"));
        check("/out/.farmhand/77/a.3.exr", None, None);
        check("/elsewhere/x.png", Some(3), None);
        assert_eq!(images.at("x.3.png", None).unwrap().path, "/scratch/7/x.3.png");
        assert_eq!(images.at("x.png", None), None);
    }
}
