//! What a plugin answers, as text that a person reads and a scenario compares. Events, faults and verdicts read exactly
//! as in the cases of `tests/corpus`; nothing else in farmhand spells them.

use crate::shell::{command_line, quoted};
use farmhand_model::dcc::{
    Command, Decision, Fault, ImageOutput, MovieOutput, Output, PreparedJob, Problem, ReaderEvent, TextFile,
    Verdict, Verify,
};
use farmhand_model::hooks::{Hook, HookAction, Moment, OnFailure};
use std::fmt::{Display, Write};
use std::path::Path;

/// What a reader saw and the plugin decided, a line each. Progress is left out: it changes nothing.
#[must_use]
pub fn told<'a>(events: impl IntoIterator<Item = &'a ReaderEvent>, verdict: &Verdict) -> String {
    let mut lines: Vec<String> = events.into_iter().filter_map(event).collect();
    lines.push(self::verdict(verdict));
    lines.join("\n").trim_end().to_owned()
}

/// One event; nothing for progress.
#[must_use]
pub fn event(event: &ReaderEvent) -> Option<String> {
    Some(match event {
        ReaderEvent::Progress(_) => return None,
        ReaderEvent::FrameStarted(frame) => format!("frame {frame} started"),
        ReaderEvent::FrameDone(one) => format!("frame {} done: {}", one.frame, image(one)),
        ReaderEvent::FrameSkipped(one) => format!("frame {} skipped: {}", one.frame, image(one)),
        ReaderEvent::Warning(message) => format!("warning: {message}"),
        ReaderEvent::Fault(one) => fault(one),
        ReaderEvent::MemoryBytes(bytes) => format!("memory {bytes}"),
        ReaderEvent::Fact(fact) => format!("fact {} = {}", fact.name, fact.value),
    })
}

/// A fault.
#[must_use]
pub fn fault(fault: &Fault) -> String {
    let frame = fault.frame.map(|frame| format!(" of frame {frame}")).unwrap_or_default();
    let about = fault.about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
    format!("{} {}{frame}{about}: {}", fault.severity, fault.cause, fault.message)
}

/// A decision: its name, and the milliseconds of a retry.
#[must_use]
pub fn decision(decision: Decision) -> String {
    match decision {
        Decision::Retry { after_ms } => format!("retry {after_ms}"),
        other => other.name().to_owned(),
    }
}

/// A decision with its reason.
#[must_use]
pub fn verdict(verdict: &Verdict) -> String {
    format!("verdict {}: {}", decision(verdict.decision), verdict.reason)
}

/// What is wrong with a job, a line each.
#[must_use]
pub fn problems(problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect();
    lines.join("\n")
}

/// A job as it will be kept.
#[must_use]
pub fn prepared(job: &PreparedJob) -> String {
    let mut text = String::new();
    line(&mut text, format_args!("frames {}", job.frames));
    if !job.layers.is_empty() {
        line(&mut text, format_args!("layers {}", job.layers.join(", ")));
    }
    if let Some(output) = &job.output {
        line(&mut text, format_args!("output {output}"));
    }
    for (name, value) in &job.options {
        line(&mut text, format_args!("option {name} = {value}"));
    }
    if job.whole {
        line(&mut text, "one process renders a whole layer");
    }
    for licence in &job.licences {
        line(&mut text, format_args!("licence {licence}"));
    }
    for note in &job.notes {
        line(&mut text, format_args!("note: {note}"));
    }
    ended(&text)
}

/// What runs: the command line, what is added to the environment, the files that are written before, and what should
/// exist afterwards. `program` stands for the tool: its id where the text must not depend on a machine.
#[must_use]
pub fn command(program: &str, command: &Command) -> String {
    let Command { args, env, cwd, files, outputs, verify, tool: _ } = command;
    let mut text = run(program, args, env, cwd.as_deref(), outputs, *verify);
    for file in files {
        write_file(&mut text, file);
    }
    ended(&text)
}

/// The same without files.
pub(super) fn run(
    program: &str,
    args: &[String],
    env: &[(String, String)],
    cwd: Option<&Path>,
    outputs: &[Output],
    verify: Verify,
) -> String {
    let mut text = String::new();
    line(&mut text, command_line(program, args));
    if let Some(cwd) = cwd {
        line(&mut text, format_args!("in {}", cwd.display()));
    }
    for (name, value) in env {
        line(&mut text, format_args!("with {name}={}", quoted(value)));
    }
    for output in outputs {
        match output {
            Output::Image(one) => line(&mut text, format_args!("makes frame {}: {}", one.frame, image(one))),
            Output::Movie(MovieOutput { path, place, frames }) => {
                line(&mut text, format_args!("makes frames {frames}: {}", moved(path, place.as_deref())));
            }
        }
    }
    if verify == Verify::ExitCode {
        line(&mut text, "done by its exit code");
    }
    text
}

fn write_file(text: &mut String, file: &TextFile) {
    let goes = if file.remove_on_success { ", removed on success" } else { "" };
    line(text, format_args!("writes {}{goes}:", file.path.display()));
    for one in file.contents.lines() {
        line(text, format_args!("  | {one}").to_string().trim_end());
    }
}

/// The hooks of one moment.
#[must_use]
pub fn hooks(moment: Moment, hooks: &[Hook]) -> String {
    let mut text = String::new();
    for hook in hooks {
        let or = match hook.on_failure {
            OnFailure::Fail => "fails",
            OnFailure::Warn => "is warned of",
            OnFailure::Hold => "waits for a person",
        };
        line(&mut text, format_args!("{moment} {}, or the job {or}:", hook.name));
        for one in &hook.actions {
            line(&mut text, format_args!("  {}", action(one)));
        }
    }
    ended(&text)
}

fn action(action: &HookAction) -> String {
    match action {
        HookAction::Run { tool, args, env, limit } => {
            let env: String =
                env.iter().map(|(name, value)| format!(" with {name}={}", quoted(value))).collect();
            let limit = limit.map(|limit| format!(" within {} s", limit.0)).unwrap_or_default();
            format!("run {}{env}{limit}", command_line(tool, args))
        }
        HookAction::Write { path, contents } => format!("write {}: {contents:?}", path.display()),
        HookAction::Copy { source, target } => format!("copy {} to {}", source.display(), target.display()),
        HookAction::Move { source, target } => format!("move {} to {}", source.display(), target.display()),
        HookAction::MakeDirectory(path) => format!("make directory {}", path.display()),
        HookAction::Remove(path) => format!("remove {}", path.display()),
        HookAction::Note(text) => format!("note: {text}"),
    }
}

fn image(image: &ImageOutput) -> String {
    moved(&image.path, image.place.as_deref())
}

fn moved(path: &Path, place: Option<&Path>) -> String {
    match place {
        Some(place) => format!("{} -> {}", path.display(), place.display()),
        None => path.display().to_string(),
    }
}

fn line(text: &mut String, one: impl Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{one}");
}

fn ended(text: &str) -> String {
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::Verify;

    #[test]
    fn a_command_reads_as_it_would_be_typed() {
        let image = ImageOutput { frame: 1, path: "/st/a.1.exr".into(), place: Some("/out/a.1.exr".into()) };
        let all = Command {
            tool: "lumen".to_owned(),
            args: ["-b", "my scene.lum"].map(str::to_owned).to_vec(),
            env: vec![("LUMEN_MODE".to_owned(), "batch run".to_owned())],
            cwd: Some("/show".into()),
            files: vec![TextFile {
                path: "/scratch/go.py".into(),
                contents: "import lumen\n\nlumen.go()\n".to_owned(),
                remove_on_success: true,
            }],
            outputs: vec![Output::Image(image)],
            verify: Verify::ExitCode,
        };
        let expect = "\
lumen -b 'my scene.lum'
in /show
with LUMEN_MODE='batch run'
makes frame 1: /st/a.1.exr -> /out/a.1.exr
done by its exit code
writes /scratch/go.py, removed on success:
  | import lumen
  |
  | lumen.go()";
        assert_eq!(command("lumen", &all), expect);
    }

    #[test]
    fn a_job_and_its_hooks_read_line_by_line() {
        let job = PreparedJob {
            layers: vec!["fg".to_owned(), "bg".to_owned()],
            frames: "1-3".parse().unwrap(),
            output: Some("/out/a.####.exr".to_owned()),
            options: serde_json::Map::from_iter([("samples".to_owned(), 4.into())]),
            whole: true,
            licences: vec!["lumen".to_owned()],
            notes: vec!["no camera named".to_owned()],
        };
        let expect = "\
frames 1-3
layers fg, bg
output /out/a.####.exr
option samples = 4
one process renders a whole layer
licence lumen
note: no camera named";
        assert_eq!(prepared(&job), expect);
        let actions = vec![
            HookAction::MakeDirectory("/out".into()),
            HookAction::Run {
                tool: "lumen".to_owned(),
                args: vec!["a b".to_owned()],
                env: vec![],
                limit: None,
            },
        ];
        let hook = Hook { name: "tidy".to_owned(), actions, on_failure: OnFailure::Hold };
        let expect =
            "before-job tidy, or the job waits for a person:\n  make directory /out\n  run lumen 'a b'";
        assert_eq!(hooks(Moment::BeforeJob, &[hook]), expect);
    }
}
