//! The output made explicit: absolute, with a frame token, with its extension, and no two layers in one file.

use super::{Check, known_format, listed};
use crate::names;
use crate::options::{Format, LayerMode};
use crate::project::Project;
use farmhand_sdk::prelude::*;

/// Formats that people name and that this plugin does not write.
const OTHERS: [&str; 21] = [
    "iff", "tga", "bmp", "dpx", "hdr", "sgi", "rla", "rgb", "pic", "psd", "dds", "gif", "cin", "als", "jp2",
    "webp", "mov", "mp4", "avi", "mkv", "qt",
];

impl Check<'_> {
    /// The output made explicit; `None` where the scene's own names count, or with a problem.
    pub(super) fn output(
        &mut self,
        layers: &[String],
        frames: &FrameRuns,
        project: Option<&Project>,
    ) -> Option<String> {
        let Some(given) = self.job.output.clone() else { return self.own_output(layers, project?) };
        let output = self.absolute(&given, layers, project?)?;
        let (stem, extension) = names::parse(&output);
        let template = match Template::parse(stem) {
            Ok(template) => template,
            Err(error) => {
                self.problem("/output", error.to_string());
                return None;
            }
        };
        if let Some(other) = path::stem_and_extension(&output).1.map(str::to_ascii_lowercase)
            && OTHERS.contains(&other.as_str())
        {
            self.problem(
                "/output",
                format!("`.{other}` files are not written; end the output in .exr, .png, .jpg or .tif"),
            );
        }
        if !template.has_frame() && frames.len() > 1 {
            self.problem(
                "/output",
                format!(
                    "all {} frames would be written to one file; put `####` into the output, such as `{}`",
                    frames.len(),
                    with_frame(&output)
                ),
            );
        }
        let together = self.options.layer_mode == LayerMode::Together;
        if layers.len() > 1 && !together && !template.has_layer() {
            self.problem(
                "/output",
                format!(
                    "the layers {} would be written to the same files; put `{{layer}}` into the output, such as `{}`",
                    listed(layers.iter().map(String::as_str)),
                    with_layer(&output)
                ),
            );
        }
        self.format_and_padding(&template, extension);
        let format = known_format(&self.options, Some(&output), self.scene.as_ref());
        if self.job.skip_existing {
            self.skip_existing(together, format);
        }
        Some(match (extension, format) {
            (Some(extension), _) => format!("{template}.{extension}"),
            (None, Some(format)) => format!("{template}.{}", format.name()),
            (None, None) => template.to_string(),
        })
    }

    /// An absolute output with a name: a relative one starts at the project's images, a directory gets the scene's
    /// name.
    fn absolute(&mut self, given: &str, layers: &[String], project: &Project) -> Option<String> {
        if let Some(problem) = self.job.output_problem("the scene's own setting") {
            self.problems.push(problem);
            return None;
        }
        if given.contains(['<', '>']) {
            self.problem(
                "/output",
                "Maya's tokens mean nothing here; write `{layer}` for the layer and `####` for the frame",
            );
            return None;
        }
        let mut output = path::join(&project.images, given.strip_prefix("./").unwrap_or(given));
        if output.ends_with(['/', '\\']) {
            let stem = plain(path::stem_and_extension(&self.job.scene).0);
            let layer = if layers.len() > 1 && self.options.layer_mode == LayerMode::Separate {
                ".{layer}"
            } else {
                ""
            };
            output.push_str(&format!("{stem}{layer}.{}", self.hashes()));
        }
        Some(output)
    }

    fn hashes(&self) -> String {
        let scenes =
            self.scene.as_ref().and_then(|scene| scene.padding).filter(|digits| (2..=10).contains(digits));
        let digits = self.options.padding.or(scenes).unwrap_or(names::PADDING as u32);
        "#".repeat(digits as usize)
    }

    fn format_and_padding(&mut self, template: &Template, extension: Option<&str>) {
        if let (Some(extension), Some(format)) = (extension, self.options.format)
            && Format::from_extension(extension) != Some(format)
        {
            self.problem(
                "/options/format",
                format!(
                    "the output ends in `.{extension}`, and {} files do not; change one of the two",
                    format.name()
                ),
            );
        }
        let name = template.hashes(None);
        let digits = path::split(&name).1.bytes().filter(|byte| *byte == b'#').count();
        if let Some(padding) = self.options.padding
            && template.has_frame()
            && padding as usize != digits
        {
            self.problem(
                "/options/padding",
                format!("the output has {digits} digits for the frame; leave this option out"),
            );
        }
    }

    fn skip_existing(&mut self, together: bool, format: Option<Format>) {
        if together {
            self.problem(
                "/skip_existing",
                "the images of layers rendered together are not known before; name the layers and set layer_mode to \
                 separate",
            );
        } else if format.is_none() {
            self.problem(
                "/options/format",
                "skipping what exists needs the format: name it here, or end the output in an extension",
            );
        }
    }

    /// The scene's own output, made explicit where its name is known and holds nothing that only Maya can fill in.
    fn own_output(&mut self, layers: &[String], project: &Project) -> Option<String> {
        let together = self.options.layer_mode == LayerMode::Together;
        let explicit = self.scene.as_ref().filter(|_| !together).and_then(|scene| {
            let prefix = scene.prefix.as_deref().unwrap_or("<Scene>");
            translated(prefix, path::stem_and_extension(&self.job.scene).0, !layers.is_empty())
        });
        match explicit {
            Some(name) => {
                // Maya does the same where several layers would share a name.
                let layer = if layers.len() > 1 && !name.contains("{layer}") { "{layer}/" } else { "" };
                let mut output = path::join(&project.images, &format!("{layer}{name}.{}", self.hashes()));
                if let Some(format) = known_format(&self.options, None, self.scene.as_ref()) {
                    output.push_str(&format!(".{}", format.name()));
                }
                if self.job.skip_existing {
                    self.skip_existing(false, names::format(&self.options, Some(&output)));
                }
                self.notes.push(format!("The images go where the scene's own settings say: {output}"));
                Some(output)
            }
            None if layers.len() > 1 && !together => {
                self.problem(
                    "/output",
                    "the scene's own output does not tell the layers apart, as far as can be seen; give one with \
                     `{layer}` in it, such as `{layer}/shot.####.exr`",
                );
                None
            }
            None => {
                if self.job.skip_existing {
                    self.problem(
                        "/output",
                        "skipping what exists needs an output; the scene's own is known only to Maya",
                    );
                }
                self.notes.push(format!(
                    "The images go where the scene's own settings say, below {}.",
                    project.images
                ));
                None
            }
        }
    }
}

/// A file name prefix as an output; `None` where it has tokens that only Maya can fill in.
fn translated(prefix: &str, scene: &str, has_layers: bool) -> Option<String> {
    if prefix.contains(['#', '{', '}']) {
        return None;
    }
    let layer = if has_layers { "{layer}" } else { "masterLayer" };
    let mut out = String::new();
    let mut rest = prefix;
    while let Some(at) = rest.find(['<', '%']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = if rest.starts_with('<') {
            rest.find('>')? + 1
        } else {
            rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at)
        };
        match rest[..end].to_ascii_lowercase().as_str() {
            "<scene>" | "%s" => out.push_str(&plain(scene)),
            "<renderlayer>" | "<layer>" | "%l" => out.push_str(layer),
            _ => return None,
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    (!out.ends_with(['/', '\\']) && !out.is_empty()).then_some(out)
}

/// A scene's name, in which `#` and braces are not meant as tokens.
fn plain(name: &str) -> String {
    name.chars().map(|c| if "#{}".contains(c) { '_' } else { c }).collect()
}

fn with_layer(output: &str) -> String {
    let (directory, name) = path::split(output);
    path::join(directory, &format!("{{layer}}/{name}"))
}

fn with_frame(output: &str) -> String {
    let (stem, extension) = names::parse(output);
    match extension {
        Some(extension) => format!("{stem}.####.{extension}"),
        None => format!("{stem}.####"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_become_outputs_where_they_can() {
        for (prefix, layers, expected) in [
            ("<Scene>", false, Some("sc010")),
            ("<Scene>/<RenderLayer>/<renderlayer>", true, Some("sc010/{layer}/{layer}")),
            ("%s/%l/a", false, Some("sc010/masterLayer/a")),
            ("<Scene>_<Camera>", false, None),
            ("<RenderPass>/x", false, None),
            ("a/", false, None),
            ("a<b", false, None),
            ("a%", false, None),
            ("a#", false, None),
        ] {
            assert_eq!(translated(prefix, "sc010", layers).as_deref(), expected, "{prefix}");
        }
    }
}
