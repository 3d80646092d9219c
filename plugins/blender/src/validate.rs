//! Whether a job makes sense, and its output made explicit: absolute, with a frame token, with its extension.

use crate::names::{self, Parsed};
use crate::options::{Device, Engine, Format, Options};
use farmhand_sdk::prelude::*;
use serde_json::Value;

/// The job as it will be kept.
///
/// # Errors
/// Everything that is wrong with it.
pub fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
    let options: Options = job.options().map_err(|problem| vec![problem])?;
    let mut check = Check { job, options: &options, problems: Vec::new(), notes: Vec::new() };
    let mut prepared = job.prepared();
    let format = names::format(&options, job.output.as_deref());
    let is_movie = format == Some(Format::Ffmpeg);

    check.layers();
    check.device();
    prepared.output = check.output(is_movie);
    if is_movie {
        // One file holds all frames: none can be left out of it.
        check.problems.extend(job.without_frame_hooks());
        check.movie();
    }
    if job.skip_existing {
        check.skip_existing(format);
    }
    if let Some(script) = &options.python {
        prepared.options.insert("python".into(), Value::String(check.beside_scene(script)));
    }
    prepared.whole = is_movie;
    let Check { problems, notes, .. } = check;
    prepared.notes = notes;
    if problems.is_empty() { Ok(prepared) } else { Err(problems) }
}

struct Check<'a> {
    job: &'a Job,
    options: &'a Options,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl Check<'_> {
    fn problem(&mut self, field: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(field, message));
    }

    fn layers(&mut self) {
        for (index, layer) in self.job.layers.iter().enumerate() {
            let safe = path::safe_name(layer);
            if layer.is_empty() {
                self.problem(&format!("/layers/{index}"), "a view layer's name is empty");
            } else if let Some(other) =
                self.job.layers[..index].iter().find(|one| path::safe_name(one) == safe)
            {
                let message = if other == layer {
                    format!("view layer `{layer}` is listed twice")
                } else {
                    format!(
                        "`{layer}` and `{other}` become the same file name `{safe}`; render them as two jobs"
                    )
                };
                self.problem(&format!("/layers/{index}"), message);
            }
        }
    }

    fn device(&mut self) {
        let Options { device, allow_cpu, engine, .. } = *self.options;
        if device == Device::Cpu && !allow_cpu {
            self.problem(
                "/options/allow_cpu",
                "the device is CPU, so the CPU must be allowed; drop one of the two",
            );
        }
        let other_engine = engine.is_some_and(|engine| engine != Engine::Cycles);
        if other_engine && device != Device::Auto {
            self.notes
                .push("The device option is for Cycles; this engine uses the node's display GPU.".into());
        }
    }

    /// The output made explicit, or a problem.
    fn output(&mut self, is_movie: bool) -> Option<String> {
        let Some(given) = self.job.output.as_deref() else {
            if is_movie {
                self.problem(
                    "/output",
                    "a movie needs an output with a movie's extension, such as `/out/shot.mp4`",
                );
            } else if self.job.layers.len() > 1 {
                self.problem(
                    "/output",
                    "several view layers cannot share the scene's own output; give one with `{layer}` in it, such \
                     as `//renders/{layer}_####`",
                );
            } else {
                self.notes.push("The images go where the scene's own output setting says.".into());
            }
            return None;
        };
        if let Some(problem) = self.job.output_problem("the scene's own setting") {
            self.problems.push(problem);
            return None;
        }
        let mut output = self.beside_scene(given);
        if output.ends_with(['/', '\\']) {
            let (stem, _) = path::stem_and_extension(&self.job.scene);
            let layer = if self.job.layers.len() > 1 { "_{layer}" } else { "" };
            // `#` and braces in a scene's name are not meant as tokens.
            let stem: String = stem.chars().map(|c| if "#{}".contains(c) { '_' } else { c }).collect();
            let frame = if is_movie { "" } else { "_####" };
            output.push_str(&format!("{stem}{layer}{frame}"));
        }
        let Parsed { stem, extension } = names::parse(&output);
        let template = match Template::parse(stem) {
            Ok(template) => template,
            Err(error) => {
                self.problem("/output", error.to_string());
                return None;
            }
        };
        if self.job.layers.len() > 1 && !template.has_layer() {
            self.problem(
                "/output",
                format!(
                    "{} view layers would overwrite each other; put `{{layer}}` into the output, such as `{}`",
                    self.job.layers.len(),
                    with_layer(&output)
                ),
            );
        }
        self.extension(extension);
        if is_movie {
            if template.has_frame() {
                self.problem(
                    "/output",
                    "a movie is one file for all frames; take the frame token out of the output",
                );
            }
            return Some(if extension.is_some() { output } else { format!("{output}.mp4") });
        }
        let extension = extension.or_else(|| self.options.format.map(|format| format.extensions()[0]));
        let one_exact_name = self.job.frames.len() == 1 && extension.is_some();
        let mut explicit = template.to_string();
        if !template.has_frame() && !one_exact_name {
            let gap = if explicit.ends_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
            explicit.push_str(&format!("{gap}####"));
        }
        Some(match extension {
            Some(extension) => format!("{explicit}.{extension}"),
            None => explicit,
        })
    }

    fn extension(&mut self, extension: Option<&str>) {
        if let (Some(extension), Some(format)) = (extension, self.options.format)
            && !format.extensions().contains(&extension.to_ascii_lowercase().as_str())
        {
            self.problem(
                "/options/format",
                format!(
                    "the output ends in `.{extension}`, and {} files end in `.{}`; change one of the two",
                    format.name(),
                    format.extensions().join("` or `.")
                ),
            );
        }
    }

    fn movie(&mut self) {
        let frames = &self.job.frames;
        if frames.only_run().is_none_or(|run| run.step != 1 && run.len() > 1) {
            self.problem(
                "/frames",
                format!(
                    "a movie holds one run of frames without gaps, and `{frames}` has gaps; give one run such as \
                     `1-100`, or render images"
                ),
            );
        }
        self.notes.push("A movie is rendered by one process from its first to its last frame.".into());
    }

    fn skip_existing(&mut self, format: Option<Format>) {
        if self.job.output.is_none() {
            self.problem(
                "/output",
                "skipping what exists needs an output; the scene's own is known only to Blender",
            );
        } else if format.is_none() {
            self.problem(
                "/options/format",
                "skipping what exists needs the format: name it here, or end the output in an extension",
            );
        }
    }

    /// An absolute path: `//` and relative paths start at the scene's directory.
    fn beside_scene(&self, given: &str) -> String {
        let relative = match given.strip_prefix("//") {
            Some(relative) => relative,
            None if path::is_absolute(given) => return given.to_owned(),
            None => given.strip_prefix("./").unwrap_or(given),
        };
        path::join(path::split(&self.job.scene).0, relative)
    }
}

fn with_layer(output: &str) -> String {
    let (directory, name) = path::split(output);
    path::join(directory, &format!("{{layer}}_{name}"))
}
