//! How a job's images are named: in the staging directory while Blender writes them, and at the place where they go
//! once they are verified.

use crate::options::{Format, Options};
use farmhand_sdk::prelude::*;

/// A job's output, taken apart. Extensions are kept apart from the rest since Blender adds them itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Names {
    stage: Template,
    place: Template,
    extension: Option<String>,
    layer: Option<String>,
}

/// What an output says without looking at the job's options.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<'a> {
    /// Directory and name without the extension.
    pub stem: &'a str,
    /// The extension, where it stands for a format.
    pub extension: Option<&'a str>,
}

/// Takes an extension off that stands for a format; `shot.v2` has none.
#[must_use]
pub fn parse(output: &str) -> Parsed<'_> {
    match path::stem_and_extension(output).1 {
        Some(extension) if Format::from_extension(extension).is_some() => {
            Parsed { stem: &output[..output.len() - extension.len() - 1], extension: Some(extension) }
        }
        _ => Parsed { stem: output, extension: None },
    }
}

/// The format that a job's images have, where the job says so.
#[must_use]
pub fn format(options: &Options, output: Option<&str>) -> Option<Format> {
    let by_extension = || Format::from_extension(parse(output?).extension?);
    options.format.or_else(by_extension)
}

impl Names {
    /// The names of a task's images; `None` where the scene's own setting counts.
    ///
    /// # Errors
    /// The output is no template: `validate` lets no such job through.
    pub fn of(task: &Task) -> Result<Option<Self>, TemplateProblem> {
        task.job
            .output
            .as_deref()
            .map(|output| Self::new(output, &task.staging, task.layer.as_deref()))
            .transpose()
    }

    /// The names for an output.
    ///
    /// # Errors
    /// The output is no template.
    pub fn new(output: &str, staging: &str, layer: Option<&str>) -> Result<Self, TemplateProblem> {
        let Parsed { stem, extension } = parse(output);
        let place = Template::parse(stem)?;
        let (_, name) = path::split(stem);
        let mut staged = Template::parse(name)?.hashes(layer);
        if !Template::parse(name)?.has_frame() {
            staged.push_str("_####");
        }
        Ok(Self {
            stage: Template::parse(&path::join(staging, &staged))?,
            place,
            extension: extension.map(str::to_owned),
            layer: layer.map(str::to_owned),
        })
    }

    /// What Blender is told to write, with `####` for the frame and without the extension.
    #[must_use]
    pub fn stage_pattern(&self) -> String {
        self.stage.hashes(self.layer.as_deref())
    }

    /// The movie's files: where Blender writes it, and its place.
    #[must_use]
    pub fn movie(&self, extension: &str) -> (String, String) {
        let stem = self.place.hashes(self.layer.as_deref());
        let directory = self.stage_pattern();
        let (staging, _) = path::split(&directory);
        let name = format!("{}.{extension}", path::split(&stem).1);
        (path::join(staging, &name), format!("{stem}.{extension}"))
    }

    /// The image of one frame, where the format is known before.
    #[must_use]
    pub fn image(&self, frame: i32, format: Format) -> Image {
        let layer = self.layer.as_deref();
        let written = format.extensions()[0];
        let kept = self.extension.as_deref().unwrap_or(written);
        Image {
            frame,
            path: format!("{}.{written}", self.stage.name(frame, layer)),
            place: Some(format!("{}.{kept}", self.place.name(frame, layer))),
        }
    }

    /// The image that Blender says it wrote; `None` where it is not one of these names. What follows the name is
    /// kept: a view's suffix and the extension, unless the output has an extension of its own.
    #[must_use]
    pub fn written(&self, path: &str) -> Option<Image> {
        let layer = self.layer.as_deref();
        let (frame, rest) = self.stage.frame_of(path, layer)?;
        let rest = match (&self.extension, rest.rsplit_once('.')) {
            (Some(kept), Some((view, _))) => format!("{view}.{kept}"),
            _ => rest.to_owned(),
        };
        let place = format!("{}{rest}", self.place.name(frame, layer));
        Some(Image { frame, path: path.to_owned(), place: Some(place) })
    }
}

/// An output that is no template.
pub type TemplateProblem = farmhand_sdk::TemplateError;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(output: &str) -> Names {
        Names::new(output, "/out/.stage/7", Some("fg")).unwrap()
    }

    #[test]
    fn a_name_is_the_same_in_staging_and_in_place() {
        let image = names("/out/{layer}/s_{layer}_###.png").image(7, Format::Png);
        assert_eq!(image.path, "/out/.stage/7/s_fg_007.png");
        assert_eq!(image.place.as_deref(), Some("/out/fg/s_fg_007.png"));
    }

    #[test]
    fn an_output_without_a_token_names_one_image_exactly() {
        let names = names("/out/still.jpeg");
        assert_eq!(names.stage_pattern(), "/out/.stage/7/still_####");
        let image = names.image(12, Format::Jpeg);
        assert_eq!(image.path, "/out/.stage/7/still_0012.jpg");
        assert_eq!(image.place.as_deref(), Some("/out/still.jpeg"));
        assert_eq!(names.written("/out/.stage/7/still_0012.jpg"), Some(image));
    }

    #[test]
    fn what_blender_wrote_finds_its_place() {
        let names = names("/out/a_####");
        for (written, frame, place) in [
            ("/out/.stage/7/a_0001.exr", 1, "/out/a_0001.exr"),
            ("/out/.stage/7/a_-0005.exr", -5, "/out/a_-0005.exr"),
            ("/out/.stage/7/a_0001_L.exr", 1, "/out/a_0001_L.exr"),
        ] {
            let image = names.written(written).unwrap();
            assert_eq!((image.frame, image.place.as_deref()), (frame, Some(place)));
        }
        assert_eq!(names.written("/elsewhere/a_0001.exr"), None);
        assert_eq!(names.written("/out/.stage/7/b_0001.exr"), None);
    }

    #[test]
    fn a_version_is_no_extension() {
        assert_eq!(parse("/out/shot.v2").extension, None);
        assert_eq!(parse("/out/shot.v2_####.PNG").extension, Some("PNG"));
        assert_eq!(parse("/out/shot_####").extension, None);
    }

    #[test]
    fn a_movie_keeps_its_name() {
        let (path, place) = names("/out/{layer}.mp4").movie("mp4");
        assert_eq!((path.as_str(), place.as_str()), ("/out/.stage/7/fg.mp4", "/out/fg.mp4"));
    }
}
