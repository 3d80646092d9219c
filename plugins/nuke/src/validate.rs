//! Whether a job makes sense, looked up in its script, and what it leaves open made explicit: Write nodes, frames,
//! output and views.

use crate::names::{self, Names};
use crate::options::Options;
use crate::scene::{self, Script, Write};
use farmhand_sdk::prelude::*;
use serde_json::json;

/// The job as it will be kept.
///
/// # Errors
/// Everything that is wrong with it.
pub fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
    let options: Options = job.options().map_err(|problem| vec![problem])?;
    let script = scene::read(&job.scene).map_err(|error| {
        vec![Problem::new("/scene", format!("the script cannot be read: {}", error.message))]
    })?;
    if script.classes.is_empty() && script.frames.is_none() {
        return Err(vec![Problem::new(
            "/scene",
            "this is no Nuke script: no node could be found in it; save it as `.nk` from Nuke",
        )]);
    }
    let mut check =
        Check { job, options: &options, script: &script, problems: Vec::new(), notes: Vec::new() };
    let writes = check.writes();
    check.same_names(&writes);
    check.argv(&writes);
    let mut prepared = job.prepared();
    prepared.layers = writes.iter().map(|write| write.name.clone()).collect();
    prepared.frames = check.frames();
    prepared.output = check.output(&writes, prepared.frames.len());
    let views = check.views(&writes, prepared.output.as_deref());
    if !views.is_empty() {
        prepared.options.insert("views".into(), json!(views));
    }
    prepared.licences = vec![options.licence.feature().to_owned()];
    check.what_else_to_know(&writes, &prepared);
    let Check { problems, notes, .. } = check;
    prepared.notes = notes;
    if problems.is_empty() { Ok(prepared) } else { Err(problems) }
}

struct Check<'a> {
    job: &'a Job,
    options: &'a Options,
    script: &'a Script,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl<'a> Check<'a> {
    fn problem(&mut self, field: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(field, message));
    }

    fn is_proxy(&self) -> bool {
        self.options.is_proxy(self.script)
    }

    /// The Write nodes to render, in their render order: those asked for, or all that are enabled.
    fn writes(&mut self) -> Vec<&'a Write> {
        let script = self.script;
        let mut writes: Vec<&Write> = if self.job.layers.is_empty() {
            script.writes.iter().filter(|write| write.is_active()).collect()
        } else {
            let layers = self.job.layers.iter().enumerate();
            layers.filter_map(|(index, layer)| self.write(index, layer)).collect()
        };
        if self.job.layers.is_empty() && writes.is_empty() {
            let there = if script.writes.is_empty() { "none at all".to_owned() } else { listed(script) };
            self.problem(
                "/layers",
                format!(
                    "the script has no enabled Write node (it has {there}); enable one and save the script"
                ),
            );
        }
        writes.sort_by(|one, other| one.render_order.total_cmp(&other.render_order));
        writes
    }

    fn write(&mut self, index: usize, layer: &str) -> Option<&'a Write> {
        let field = format!("/layers/{index}");
        let script = self.script;
        let Some(write) = script.writes.iter().find(|write| write.name == layer) else {
            let mut message = match script.classes.get(layer) {
                Some(class) => format!("`{layer}` is a {class} node, and no Write node"),
                None => format!("the script has no Write node `{layer}`"),
            };
            message.push_str(&if script.writes.is_empty() {
                "; it has none at all".to_owned()
            } else {
                format!("; it has {}", listed(script))
            });
            self.problem(&field, message);
            return None;
        };
        if write.disabled {
            self.problem(
                &field,
                format!("Write node `{layer}` is disabled; enable it in the script, or leave it out"),
            );
        } else if write.reading {
            self.problem(
                &field,
                format!(
                    "Write node `{layer}` reads its file (`reading` is on); switch that off, or leave it out"
                ),
            );
        } else if self.job.layers[..index].iter().any(|one| one == layer) {
            self.problem(&field, format!("Write node `{layer}` is listed twice"));
        }
        Some(write)
    }

    fn same_names(&mut self, writes: &[&Write]) {
        for (index, write) in writes.iter().enumerate() {
            let safe = path::safe_name(&write.name);
            let twin = writes[..index].iter().find(|one| path::safe_name(&one.name) == safe);
            if let Some(twin) = twin.filter(|twin| twin.name != write.name) {
                let message = format!(
                    "`{}` and `{}` become the same file name `{safe}`; make two jobs",
                    twin.name, write.name
                );
                self.problem(&self.field_of(write), message);
            }
        }
    }

    /// Where a job names this Write node; `/layers` where it names none.
    fn field_of(&self, write: &Write) -> String {
        let index = self.job.layers.iter().position(|layer| *layer == write.name);
        index.map_or_else(|| "/layers".to_owned(), |index| format!("/layers/{index}"))
    }

    fn argv(&mut self, writes: &[&Write]) {
        for (index, value) in self.options.argv.iter().enumerate() {
            if value.starts_with(|c: char| c.is_ascii_digit()) {
                let message = format!(
                    "`{value}` begins with a digit, and Nuke would take it for frames; begin it with a letter or `./`"
                );
                self.problem(&format!("/options/argv/{index}"), message);
            }
            if value.contains("{staging}") && self.job.output.is_none() {
                let message = "`{staging}` needs an output: that is where the images go from there";
                self.problem(&format!("/options/argv/{index}"), message);
            }
        }
        let given = self.options.argv.len();
        for write in writes {
            let needed = names::argv_needed(names::own_text(write, self.is_proxy()));
            if needed > given {
                self.problem(
                    "/options/argv",
                    format!(
                        "the file of `{}` needs `[argv {}]`, and there {}; give {needed}",
                        write.name,
                        needed - 1,
                        if given == 1 { "is 1 value".to_owned() } else { format!("are {given} values") },
                    ),
                );
            }
        }
    }

    fn frames(&mut self) -> FrameRuns {
        if !self.job.frames.is_empty() {
            return self.job.frames.clone();
        }
        match self.script.frames {
            Some((first, last)) if first <= last => {
                self.notes.push(format!("The frames are the script's own, {first} to {last}."));
                FrameRuns::range(first, last)
            }
            _ => {
                self.problem("/frames", "the script does not say its frames; give some, such as `1001-1100`");
                FrameRuns::default()
            }
        }
    }

    /// The output made explicit: the job's, or that of the only Write node where the script says it in plain words.
    fn output(&mut self, writes: &[&Write], frames: u64) -> Option<String> {
        let Some(given) = self.job.output.as_deref() else { return self.own_output(writes, frames) };
        if let Some(problem) = self.job.output_problem("what the Write node says") {
            self.problems.push(problem);
            return None;
        }
        if given.contains(['[', ']', '$']) {
            self.problem(
                "/output",
                "an output computes no TCL (`[`, `]` and `$`); write the name out, or leave the output out to use what \
                 the Write node says",
            );
            return None;
        }
        let mut output = self.beside_scene(given);
        if output.ends_with('/') {
            let (stem, _) = path::stem_and_extension(&self.job.scene);
            let view = if self.several_views() { "_%V" } else { "" };
            // What looks like a token in a script's name is not meant as one.
            let stem: String = stem.chars().map(|c| if "#{}%".contains(c) { '_' } else { c }).collect();
            output.push_str(&format!("{stem}_{{layer}}{view}.####"));
        }
        let output = self.with_extension(output, writes)?;
        let names = Names::new(&output);
        let template = match names.template(None) {
            Ok(template) => template,
            Err(error) => {
                let message = format!("{error}; a view is `%V` or `%v`");
                self.problem("/output", message);
                return None;
            }
        };
        if !template.has_frame() && frames > 1 {
            self.problem(
                "/output",
                format!(
                    "all {frames} frames would overwrite each other; put a frame number into the output, such as `{}`",
                    with_token(&output, ".####")
                ),
            );
        }
        if writes.len() > 1 && !template.has_layer() {
            self.problem(
                "/output",
                format!(
                    "{} Write nodes would overwrite each other; put `{{layer}}` into the output, such as `{}`",
                    writes.len(),
                    with_token(&output, "_{layer}")
                ),
            );
        }
        Some(names.text().to_owned())
    }

    /// The output with the extension that the Write nodes' files have, or a problem where it has another.
    fn with_extension(&mut self, output: String, writes: &[&Write]) -> Option<String> {
        let format_of = |write: &Write| {
            let by_name = || names::extension(names::own_text(write, self.is_proxy()));
            write.file_type.clone().or_else(by_name)
        };
        let formats: Vec<(String, &str)> =
            writes.iter().filter_map(|write| Some((format_of(write)?, write.name.as_str()))).collect();
        let given = names::extension(&output);
        if let Some(movie) = given.as_deref().filter(|given| names::is_movie(given)) {
            self.problem("/output", movie_refused(movie));
            return None;
        }
        let wanted = given.as_ref().or_else(|| formats.first().map(|(format, _)| format));
        let Some(wanted) = wanted.cloned() else {
            self.problem(
                "/output",
                "the output has no extension, and the Write node names no format; add one, such as `.exr`",
            );
            return None;
        };
        for (format, write) in &formats {
            if !names::same_format(format, &wanted) {
                self.problem(
                    "/output",
                    format!(
                        "`{write}` writes {format}, and the output would end in `.{wanted}`; change one of the two, or \
                         make a job of its own for it"
                    ),
                );
            }
        }
        Some(if given.is_some() { output } else { format!("{output}.{wanted}") })
    }

    fn own_output(&mut self, writes: &[&Write], frames: u64) -> Option<String> {
        let (options, proxy, job) = (self.options, self.is_proxy(), self.job);
        let mut known: Vec<(&str, Names)> = Vec::new();
        for write in writes {
            let text = names::own_text(write, proxy);
            if text.trim().is_empty() {
                self.problem(
                    "/output",
                    format!("`{}` has no file in the script, so the job needs an output", write.name),
                );
                continue;
            }
            if let Some(movie) = names::extension(text).filter(|one| names::is_movie(one)) {
                self.problem(&self.field_of(write), format!("`{}`: {}", write.name, movie_refused(&movie)));
                continue;
            }
            // What the script computes, or a template that is beyond farmhand, is known only to Nuke.
            let Some(own) = names::own(write, proxy, &options.argv, job) else { continue };
            let Ok(template) = own.template(None) else { continue };
            if !template.has_frame() && frames > 1 {
                self.problem(
                    "/output",
                    format!(
                        "`{}` writes all {frames} frames to `{}`; give an output with a frame number, such as `{}`, \
                         or put one into the Write node's file",
                        write.name,
                        own.text(),
                        with_token(own.text(), ".####")
                    ),
                );
            }
            if let Some((other, _)) = known.iter().find(|(_, names)| *names == own) {
                let message = format!(
                    "`{other}` and `{}` both write `{}`; give an output with `{{layer}}` in it, or change one of them",
                    write.name,
                    own.text()
                );
                self.problem(&self.field_of(write), message);
            }
            known.push((&write.name, own));
        }
        let only = known.pop().filter(|_| writes.len() == 1);
        if only.is_none() && self.job.skip_existing {
            self.problem(
                "/output",
                "skipping what exists needs an output: where these Write nodes write is known only to Nuke",
            );
        }
        self.notes.push("The images go where the Write nodes say.".into());
        only.map(|(_, names)| names.text().to_owned())
    }

    /// Views of the job, checked; where each view has an image of its own, all that will be rendered.
    fn views(&mut self, writes: &[&Write], output: Option<&str>) -> Vec<String> {
        let there = &self.script.views;
        for (index, view) in self.options.views.iter().enumerate() {
            if !there.contains(view) {
                let message = format!("the script has no view `{view}`; it has `{}`", there.join("`, `"));
                self.problem(&format!("/options/views/{index}"), message);
            } else if self.options.views[..index].contains(view) {
                self.problem(&format!("/options/views/{index}"), format!("view `{view}` is listed twice"));
            }
        }
        let all = match (self.options.views.as_slice(), writes) {
            ([], [first, rest @ ..])
                if !first.views.is_empty() && rest.iter().all(|one| one.views == first.views) =>
            {
                first.views.clone()
            }
            ([], _) => there.clone(),
            (given, _) => given.to_vec(),
        };
        let Some(output) = output else { return self.options.views.clone() };
        if Names::new(output).has_view() {
            return all;
        }
        // An OpenEXR file holds all views.
        if all.len() > 1 && names::extension(output).is_none_or(|extension| extension != "exr") {
            self.problem(
                "/output",
                format!(
                    "{} views would overwrite each other; put `%V` into the output, such as `{}`, or name one view",
                    all.len(),
                    with_token(output, "_%V")
                ),
            );
        }
        self.options.views.clone()
    }

    fn what_else_to_know(&mut self, writes: &[&Write], prepared: &PreparedJob) {
        if !self.script.complete {
            self.notes.push("Only the first 64 MiB of the script were looked at.".into());
        }
        for write in writes {
            if let Some((first, last)) = write.limit
                && (prepared.frames.first() < Some(first) || prepared.frames.last() > Some(last))
            {
                self.notes.push(format!(
                    "`{}` is limited to frames {first} to {last} in the script; Nuke writes no others.",
                    write.name
                ));
            }
            if names::own_text(write, self.is_proxy()).contains('\\') {
                self.notes.push(format!(
                    "The file of `{}` has backslashes, which the level `script` corrects and the others cannot.",
                    write.name
                ));
            }
        }
        if let [first, .., last] = writes
            && first.render_order < last.render_order
        {
            self.notes.push(format!(
                "`{}` comes after `{}` by its render order, and farmhand renders both at once: if it reads what that \
                 one writes, submit it as a job that comes after.",
                last.name, first.name
            ));
        }
        let stays = |write: &&Write| {
            let own = names::own(write, self.is_proxy(), &self.options.argv, self.job);
            own.is_some_and(|own| prepared.output.as_deref() == Some(own.text()))
        };
        let is_staged = self.options.argv.iter().any(|value| value.contains("{staging}"));
        if self.job.output.is_some() && !is_staged && !writes.iter().all(stays) {
            self.notes.push(
                "Only the level `script` can redirect a Write node: the others write where it says, and the images \
                 are moved to the output from there."
                    .into(),
            );
        }
    }

    fn several_views(&self) -> bool {
        match self.options.views.len() {
            0 => self.script.views.len() > 1,
            views => views > 1,
        }
    }

    /// An absolute path with forward slashes: relative ones start at the script's directory.
    fn beside_scene(&self, given: &str) -> String {
        let given = names::corrected(given);
        if path::is_absolute(&given) {
            return given;
        }
        let directory = names::slashes(path::split(&self.job.scene).0);
        path::join(&directory, given.strip_prefix("./").unwrap_or(&given))
    }
}

/// The Write nodes of a script, with why some of them are not rendered.
fn listed(script: &Script) -> String {
    let one = |write: &Write| match (write.disabled, write.reading) {
        (true, _) => format!("`{}` (disabled)", write.name),
        (_, true) => format!("`{}` (reading)", write.name),
        _ => format!("`{}`", write.name),
    };
    script.writes.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn movie_refused(extension: &str) -> String {
    format!(
        "a `.{extension}` holds all frames in one file, and farmhand renders and verifies frame by frame; write images, \
         and make the movie of them afterwards"
    )
}

/// The output with a token before its extension.
fn with_token(output: &str, token: &str) -> String {
    let (directory, name) = path::split(output);
    let (stem, extension) = path::stem_and_extension(name);
    let extension = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
    let (stem, frame) = match stem.find(".#") {
        Some(at) => stem.split_at(at),
        None => (stem, ""),
    };
    path::join(directory, &format!("{stem}{token}{frame}{extension}"))
}
