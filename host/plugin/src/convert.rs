//! Between the generated bindings and `farmhand_model::dcc`, and the place where a guest's answer is believed or
//! refused.
//!
//! Refused is what cannot be acted on: a progress that is no number, a tool that the task does not have, a frame
//! that it does not render. The error says all of it, for the plugin's author.

use crate::bindings::{context, hooks, needs, types};
use crate::descriptor::Raw;
use crate::error::PluginErrorKind;
use crate::logring::{printable_line, printable_text, visible};
use farmhand_model::dcc::{
    Cause, Command, Decision, Fact, Fault, FrameShape, Gpu, ImageOutput, Level, MovieOutput, Output,
    PathRule, PreparedJob, Problem, ReaderEvent, Severity, TaskContext, TextFile, Tool, ToolSpec, Verdict,
    Verify,
};
use farmhand_model::hooks::{Hook, HookAction, HookScript, Moment, OnFailure};
use farmhand_model::{Bytes, EndedBy, FrameSet, GpuNeed, Needs, Run, Seconds};
use std::path::{Component, Path, PathBuf};

/// Why an answer is not believed.
pub(crate) type Refused = Vec<String>;

/// What a guest's own error becomes.
pub(crate) fn guest_error(error: types::PluginError) -> PluginErrorKind {
    PluginErrorKind::Guest {
        message: printable_line(&error.message),
        traceback: error.traceback.map(|text| printable_text(&text)),
    }
}

// Host to guest.

pub(crate) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

pub(crate) fn runs(frames: &FrameSet) -> Vec<types::FrameRun> {
    frames
        .runs()
        .iter()
        .map(|run| types::FrameRun { first: run.first, last: run.last, step: run.step })
        .collect()
}

pub(crate) fn gpu(gpu: &Gpu) -> context::Gpu {
    let Gpu { index, uuid, name, memory_bytes } = gpu;
    context::Gpu { index: *index, uuid: uuid.clone(), name: name.clone(), memory_bytes: *memory_bytes }
}

pub(crate) fn tool(tool: &Tool) -> context::Tool {
    context::Tool { id: tool.id.clone(), path: path(&tool.path), version: tool.version.clone() }
}

pub(crate) fn path_rule(rule: &PathRule) -> context::PathRule {
    context::PathRule { spelled: rule.spelled.clone(), here: rule.here.clone() }
}

pub(crate) fn hook_script(script: &HookScript) -> context::HookScript {
    context::HookScript {
        name: script.name.clone(),
        path: path(&script.path),
        moment: match script.moment {
            Moment::BeforeJob => types::Moment::BeforeJob,
            Moment::AfterJob => types::Moment::AfterJob,
            Moment::BeforeTask => types::Moment::BeforeTask,
            Moment::AfterTask => types::Moment::AfterTask,
            Moment::BeforeFrame => types::Moment::BeforeFrame,
            Moment::AfterFrame => types::Moment::AfterFrame,
        },
        on_failure: match script.on_failure {
            OnFailure::Fail => types::OnFailure::Fail,
            OnFailure::Warn => types::OnFailure::Warn,
            OnFailure::Hold => types::OnFailure::Hold,
        },
    }
}

/// The contract has four words for six ways: an attempt that a person or the daemon's stop ended says as little
/// about the scene as one that was lost, and is not judged in the usual course of things.
pub(crate) fn ended_by(ended_by: EndedBy) -> context::EndedBy {
    match ended_by {
        EndedBy::Itself => context::EndedBy::Itself,
        EndedBy::TimeLimit => context::EndedBy::TimeLimit,
        EndedBy::Stall => context::EndedBy::Stall,
        EndedBy::Lost | EndedBy::Cancel | EndedBy::DaemonStop => context::EndedBy::Lost,
    }
}

pub(crate) fn to_fault(fault: &Fault) -> types::Fault {
    types::Fault {
        severity: match fault.severity {
            Severity::Transient => types::Severity::Transient,
            Severity::FrameFatal => types::Severity::FrameFatal,
            Severity::WorkerFatal => types::Severity::WorkerFatal,
        },
        cause: match fault.cause {
            Cause::Licence => types::Cause::Licence,
            Cause::Memory => types::Cause::Memory,
            Cause::MissingFile => types::Cause::MissingFile,
            Cause::Script => types::Cause::Script,
            Cause::Crash => types::Cause::Crash,
            Cause::Timeout => types::Cause::Timeout,
            Cause::Disk => types::Cause::Disk,
            Cause::Gpu => types::Cause::Gpu,
            Cause::Scene => types::Cause::Scene,
            Cause::Plugin => types::Cause::Plugin,
            Cause::Other => types::Cause::Other,
        },
        message: fault.message.clone(),
        frame: fault.frame,
        about: fault.about.clone(),
    }
}

pub(crate) fn to_fact(fact: &Fact) -> types::Fact {
    types::Fact { name: fact.name.clone(), value: fact.value.clone() }
}

// Guest to host.

/// A descriptor with its texts still unchecked: `descriptor` checks them.
pub(crate) fn descriptor(descriptor: types::Descriptor) -> Raw {
    let tool = |tool: types::ToolSpec| ToolSpec {
        id: tool.id,
        names: tool.names,
        globs: tool.globs,
        version_args: tool.version_args,
    };
    let level = |level: types::Level| Level {
        name: level.name,
        summary: printable_line(&level.summary),
        tools: level.tools,
        frames: match level.frames {
            types::FrameShape::Any => FrameShape::Any,
            types::FrameShape::Stepped => FrameShape::Stepped,
            types::FrameShape::Single => FrameShape::Single,
        },
    };
    Raw {
        name: descriptor.name,
        version: descriptor.version,
        summary: printable_line(&descriptor.summary),
        extensions: descriptor.extensions,
        supports: descriptor.supports,
        tools: descriptor.tools.into_iter().map(tool).collect(),
        levels: descriptor.levels.into_iter().map(level).collect(),
        options_schema: descriptor.options_schema,
    }
}

/// A prepared job; its options are an object, but not yet checked against the schema.
///
/// It has frames where the job was submitted with some; where it was not, the scene may not tell them either.
pub(crate) fn prepared_job(job: types::PreparedJob, asked: &FrameSet) -> Result<PreparedJob, Refused> {
    let mut refused = Vec::new();
    let mut layers = job.layers.clone();
    layers.sort();
    layers.dedup();
    if layers.len() < job.layers.len() || job.layers.iter().any(String::is_empty) {
        refused.push(format!("layers are empty or twice there: {:?}", job.layers));
    }
    if job.output.as_deref() == Some("") {
        refused.push("the output is empty; leave it out where the scene decides".into());
    }
    if let Some(layer) = job.layers.iter().chain(&job.output).find(|text| !is_plain(text)) {
        refused.push(format!("`{}` is no name of a layer or a file", visible(layer)));
    }
    for (what, texts) in [("layers", &job.layers), ("licences", &job.licences), ("notes", &job.notes)] {
        if texts.len() > ENTRIES {
            refused.push(format!("there are {} {what}, and {ENTRIES} is the most", texts.len()));
        }
    }
    if job.options.len() > OPTIONS {
        refused.push(format!("the options are {} bytes long, and {OPTIONS} is the most", job.options.len()));
    }
    let options = match serde_json::from_str(&job.options) {
        Ok(serde_json::Value::Object(options)) => options,
        Ok(_) => {
            refused.push("options are JSON, but no object".into());
            serde_json::Map::new()
        }
        Err(error) => {
            refused.push(format!("options are no JSON: {error}"));
            serde_json::Map::new()
        }
    };
    let frames = frames_asked_for(&job.frames).unwrap_or_else(|problem| {
        refused.push(problem);
        asked.clone()
    });
    if !asked.is_empty() && frames.is_empty() {
        refused.push("the job's frames are gone".into());
    } else if !asked.is_empty() && frames != *asked {
        refused.push(format!("the job's frames were {asked}, and are {frames} now; leave them as they are"));
    }
    let prepared = PreparedJob {
        layers: job.layers,
        frames,
        output: job.output,
        options,
        whole: job.whole,
        licences: job.licences.iter().map(|licence| printable_line(licence)).collect(),
        notes: job.notes.iter().map(|note| printable_line(note)).collect(),
    };
    believed(prepared, refused)
}

/// More layers, licences, notes or problems of one job than this are a mistake.
const ENTRIES: usize = 1000;
/// A job's options, in bytes: they travel with the job.
const OPTIONS: usize = 1 << 20;

/// The frames of a prepared job: no more than any job may have.
fn frames_asked_for(runs: &[types::FrameRun]) -> Result<FrameSet, String> {
    if let Some(run) = runs.iter().find(|run| run.step == 0 || run.first > run.last) {
        return Err(format!("{}-{}x{} is no run of frames", run.first, run.last, run.step));
    }
    let runs = runs.iter().map(|run| Run { first: run.first, last: run.last, step: run.step });
    FrameSet::from_runs(runs).map_err(|error| error.to_string())
}

pub(crate) fn problems(problems: Vec<types::Problem>) -> Result<Vec<Problem>, Refused> {
    if problems.is_empty() {
        return Err(vec!["the job was refused without a problem being named".into()]);
    }
    let problem = |problem: types::Problem| Problem {
        field: printable_line(&problem.field),
        message: printable_line(&problem.message),
    };
    Ok(problems.into_iter().take(ENTRIES).map(problem).collect())
}

pub(crate) fn command(command: types::Command, task: &TaskContext) -> Result<Command, Refused> {
    let mut refused = Vec::new();
    if !task.tools.iter().any(|tool| tool.id == command.tool) {
        let known: Vec<_> = task.tools.iter().map(|tool| tool.id.as_str()).collect();
        let known = known.join(", ");
        refused.push(format!("the command names the tool `{}`; this task has {known}", command.tool));
    }
    let texts = command.args.iter().chain(command.env.iter().map(|var| &var.value)).chain(&command.cwd);
    if texts.into_iter().any(|text| text.contains('\0')) {
        refused.push("an argument, a variable or the working directory contains a NUL byte".into());
    }
    for var in &command.env {
        if !is_variable(&var.name) {
            refused.push(format!("`{}` is no name of an environment variable", var.name.escape_debug()));
        }
    }
    if let Some(cwd) = &command.cwd
        && let Err(problem) = file_path(cwd)
    {
        refused.push(problem);
    }
    if command.files.len() > FILES {
        refused.push(format!("the command has {} files, and {FILES} is the most", command.files.len()));
    }
    let mut files = Vec::new();
    for file in command.files.into_iter().take(FILES) {
        match new_file(task, &file.path) {
            Some(path) => {
                let types::TextFile { contents, remove_on_success, .. } = file;
                files.push(TextFile { path, contents, remove_on_success });
            }
            None => refused.push(format!(
                "the file `{}` is neither inside the scratch directory nor in that of the scene",
                file.path
            )),
        }
    }
    let mut outputs = Vec::new();
    for output in command.outputs {
        match self::output(output, task) {
            Ok(output) => outputs.push(output),
            Err(problem) => refused.push(problem),
        }
    }
    let command = Command {
        tool: command.tool,
        args: command.args,
        env: command.env.into_iter().map(|var| (var.name, var.value)).collect(),
        cwd: command.cwd.map(PathBuf::from),
        files,
        outputs,
        verify: match command.verify {
            types::VerifyRule::Images => Verify::Images,
            types::VerifyRule::ExitCode => Verify::ExitCode,
        },
    };
    believed(command, refused)
}

/// Files that one command may have written before it starts.
const FILES: usize = 1000;

/// Where a plugin may have a file written: in the scratch directory, or in the scene's and below.
fn new_file(task: &TaskContext, path: &str) -> Option<PathBuf> {
    let beside = || task.job.scene.parent().filter(|_| Path::new(path).is_absolute());
    inside(&task.scratch, path).or_else(|| inside(beside()?, path))
}

/// The path, joined to the directory, where no part of it leads out again. The host writes these files before the
/// program starts, into a directory that nobody else has touched, so there are no links to follow.
fn inside(dir: &Path, path: &str) -> Option<PathBuf> {
    if file_path(path).is_err() {
        return None;
    }
    let joined = dir.join(path);
    let rest = joined.strip_prefix(dir).ok()?;
    let plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && rest.file_name().is_some()).then_some(joined)
}

fn output(output: types::Output, task: &TaskContext) -> Result<Output, String> {
    match output {
        types::Output::Image(image) if !task.frames.contains(image.frame) => {
            Err(format!("an output shows frame {}, which this task does not render", image.frame))
        }
        types::Output::Image(image) => Ok(Output::Image(self::image(&image)?)),
        types::Output::Movie(movie) => Ok(Output::Movie(MovieOutput {
            path: file_path(&movie.path)?,
            place: movie.place.as_deref().map(file_path).transpose()?,
            frames: frames_of(&movie.frames, &task.frames)?,
        })),
    }
}

fn image(image: &types::Image) -> Result<ImageOutput, String> {
    let place = image.place.as_deref().map(file_path).transpose()?;
    Ok(ImageOutput { frame: image.frame, path: file_path(&image.path)?, place })
}

fn file_path(path: &str) -> Result<PathBuf, String> {
    match is_plain(path) && !path.is_empty() {
        true => Ok(PathBuf::from(path)),
        false => Err(format!("`{}` is no path of a file", visible(path))),
    }
}

/// Whether a name or a path can stand on a page and in a terminal as it is, and is no longer than any system's.
fn is_plain(text: &str) -> bool {
    const BYTES: usize = 4096;
    text.len() <= BYTES && visible(text) == text
}

/// The frames of the runs, all of which must be among `known`. Bounded by `known`, however far the runs reach.
fn frames_of(runs: &[types::FrameRun], known: &FrameSet) -> Result<FrameSet, String> {
    let mut frames = FrameSet::new();
    for run in runs {
        let types::FrameRun { first, last, step } = *run;
        if step == 0 || first > last {
            return Err(format!("{first}-{last}x{step} is no run of frames"));
        }
        let span = i64::from(last) - i64::from(first);
        let on_step = |frame: &i32| (i64::from(*frame) - i64::from(first)) % i64::from(step) == 0;
        let here = known.intersection(&FrameSet::range(first, last));
        let here = if step == 1 { here } else { here.iter().filter(on_step).collect() };
        if here.len() != (span / i64::from(step)) as u64 + 1 {
            return Err(format!("{first}-{last}x{step} has frames that this task does not render"));
        }
        frames.extend(&here);
    }
    Ok(frames)
}

pub(crate) fn events(events: Vec<types::Event>) -> Result<Vec<ReaderEvent>, Refused> {
    let mut refused = Vec::new();
    let mut believed = Vec::with_capacity(events.len());
    for event in events {
        match self::event(event) {
            Ok(event) => believed.push(event),
            Err(problem) => refused.push(problem),
        }
    }
    self::believed(believed, refused)
}

fn event(event: types::Event) -> Result<ReaderEvent, String> {
    Ok(match event {
        types::Event::FrameStarted(frame) => ReaderEvent::FrameStarted(frame),
        types::Event::Progress(part) if part.is_finite() => ReaderEvent::Progress(part.clamp(0.0, 1.0)),
        types::Event::Progress(part) => return Err(format!("a progress of {part} is none")),
        types::Event::FrameDone(image) => ReaderEvent::FrameDone(self::image(&image)?),
        types::Event::FrameSkipped(image) => ReaderEvent::FrameSkipped(self::image(&image)?),
        types::Event::Warning(text) => ReaderEvent::Warning(printable_line(&text)),
        types::Event::Fault(fault) => ReaderEvent::Fault(from_fault(&fault)),
        types::Event::MemoryBytes(bytes) => ReaderEvent::MemoryBytes(bytes),
        types::Event::Fact(fact) if fact.name.is_empty() => return Err("a fact has no name".into()),
        types::Event::Fact(fact) => {
            ReaderEvent::Fact(Fact { name: printable_line(&fact.name), value: printable_line(&fact.value) })
        }
    })
}

fn from_fault(fault: &types::Fault) -> Fault {
    Fault {
        severity: match fault.severity {
            types::Severity::Transient => Severity::Transient,
            types::Severity::FrameFatal => Severity::FrameFatal,
            types::Severity::WorkerFatal => Severity::WorkerFatal,
        },
        cause: match fault.cause {
            types::Cause::Licence => Cause::Licence,
            types::Cause::Memory => Cause::Memory,
            types::Cause::MissingFile => Cause::MissingFile,
            types::Cause::Script => Cause::Script,
            types::Cause::Crash => Cause::Crash,
            types::Cause::Timeout => Cause::Timeout,
            types::Cause::Disk => Cause::Disk,
            types::Cause::Gpu => Cause::Gpu,
            types::Cause::Scene => Cause::Scene,
            types::Cause::Plugin => Cause::Plugin,
            types::Cause::Other => Cause::Other,
        },
        message: printable_line(&fault.message),
        frame: fault.frame,
        about: fault.about.as_deref().map(printable_line),
    }
}

pub(crate) fn verdict(verdict: &types::Verdict) -> Result<Verdict, Refused> {
    let reason = printable_line(&verdict.reason);
    if reason.trim().is_empty() {
        return Err(vec!["the verdict gives no reason".into()]);
    }
    let decision = match verdict.decision {
        types::Decision::Accept => Decision::Accept,
        types::Decision::Retry(after_ms) => Decision::Retry { after_ms },
        types::Decision::FallBack => Decision::FallBack,
        types::Decision::FailFrames => Decision::FailFrames,
        types::Decision::FailJob => Decision::FailJob,
        types::Decision::QuarantineNode => Decision::QuarantineNode,
        types::Decision::HoldJob => Decision::HoldJob,
    };
    Ok(Verdict { decision, reason })
}

/// What a task needs, where a node could have it.
pub(crate) fn needs(needs: &needs::TaskNeeds) -> Result<Needs, Refused> {
    let gpus = needs.gpus.map(|gpus| GpuNeed {
        count: gpus.count,
        memory_bytes: gpus.memory_bytes,
        required: gpus.required,
    });
    let needs = Needs { memory_bytes: needs.memory_bytes, gpus };
    let mut refused = Vec::new();
    if let Some(problem) = needs.memory_bytes.and_then(amount_problem) {
        refused.push(format!("its tasks need {problem}"));
    }
    if let Some(gpus) = &needs.gpus {
        if gpus.count == 0 {
            refused.push("its tasks need 0 GPUs; leave the GPUs out where they need none".into());
        } else if gpus.count > GpuNeed::MOST {
            let (count, most) = (gpus.count, GpuNeed::MOST);
            refused.push(format!("its tasks need {count} GPUs each, and {most} is the most"));
        }
        if let Some(problem) = gpus.memory_bytes.and_then(amount_problem) {
            refused.push(format!("its tasks need {problem} on each GPU"));
        }
    }
    believed(needs, refused)
}

fn amount_problem(bytes: u64) -> Option<String> {
    match bytes {
        0 => Some("0 bytes of memory; leave the memory out where it is not known".into()),
        bytes if bytes > Bytes::MOST.0 => {
            Some(format!("{} of memory, and {} is the most", Bytes(bytes), Bytes::MOST))
        }
        _ => None,
    }
}

/// Actions that a plugin may return for one moment, over all its hooks.
const ACTIONS: usize = 1000;

pub(crate) fn hooks(hooks: Vec<hooks::Hook>) -> Result<Vec<Hook>, Refused> {
    let mut refused = Vec::new();
    let actions: usize = hooks.iter().map(|hook| hook.actions.len()).sum();
    if actions > ACTIONS {
        return Err(vec![format!("the hooks have {actions} actions, and {ACTIONS} is the most")]);
    }
    let mut believed = Vec::new();
    for hook in hooks {
        if hook.name.trim().is_empty() {
            refused.push("a hook has no name".into());
        }
        let mut actions = Vec::new();
        for action in hook.actions {
            match self::action(action) {
                Ok(action) => actions.push(action),
                Err(problem) => refused.push(format!("hook {}: {problem}", printable_line(&hook.name))),
            }
        }
        believed.push(Hook {
            name: printable_line(&hook.name),
            actions,
            on_failure: match hook.on_failure {
                types::OnFailure::Fail => OnFailure::Fail,
                types::OnFailure::Warn => OnFailure::Warn,
                types::OnFailure::Hold => OnFailure::Hold,
            },
        });
    }
    self::believed(believed, refused)
}

fn action(action: hooks::Action) -> Result<HookAction, String> {
    Ok(match action {
        hooks::Action::Run(program) => {
            let texts = program.args.iter().chain(program.env.iter().map(|var| &var.value));
            if texts.into_iter().any(|text| text.contains('\0')) {
                return Err("an argument or a variable contains a NUL byte".into());
            }
            if let Some(var) = program.env.iter().find(|var| !is_variable(&var.name)) {
                return Err(format!("`{}` is no name of an environment variable", var.name.escape_debug()));
            }
            HookAction::Run {
                tool: program.tool,
                args: program.args,
                env: program.env.into_iter().map(|var| (var.name, var.value)).collect(),
                limit: (program.seconds > 0).then(|| Seconds(f64::from(program.seconds))),
            }
        }
        hooks::Action::Write(file) => {
            HookAction::Write { path: absolute(&file.path)?, contents: file.contents }
        }
        hooks::Action::Copy(pair) => {
            HookAction::Copy { source: absolute(&pair.source)?, target: absolute(&pair.target)? }
        }
        hooks::Action::Move(pair) => {
            HookAction::Move { source: absolute(&pair.source)?, target: absolute(&pair.target)? }
        }
        hooks::Action::MakeDirectory(path) => HookAction::MakeDirectory(absolute(&path)?),
        hooks::Action::Remove(path) => HookAction::Remove(absolute(&path)?),
        hooks::Action::Note(text) => HookAction::Note(printable_line(&text)),
    })
}

fn absolute(path: &str) -> Result<PathBuf, String> {
    let found = file_path(path)?;
    if found.is_absolute() { Ok(found) } else { Err(format!("`{path}` is not absolute")) }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn believed<T>(value: T, refused: Refused) -> Result<T, Refused> {
    match refused.is_empty() {
        true => Ok(value),
        false => Err(refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_inside_the_scratch_directory() {
        let dir = Path::new("/scratch/7");
        for (path, expect) in [
            ("a.py", Some("/scratch/7/a.py")),
            ("py/a.py", Some("/scratch/7/py/a.py")),
            ("./a.py", Some("/scratch/7/./a.py")),
            ("/scratch/7/a.py", Some("/scratch/7/a.py")),
            ("", None),
            (".", None),
            ("/scratch/7", None),
            ("../a.py", None),
            ("py/../../a.py", None),
            ("/scratch/8/a.py", None),
            ("/etc/passwd", None),
            ("a\0b", None),
            ("a\u{1b}[2J.py", None),
        ] {
            assert_eq!(inside(dir, path), expect.map(PathBuf::from), "{path:?}");
        }
    }

    #[test]
    fn a_prepared_jobs_frames_are_runs_and_not_too_many() {
        let check = |runs: &[(i32, i32, u32)], expect: Option<&str>| {
            let runs: Vec<_> =
                runs.iter().map(|&(first, last, step)| types::FrameRun { first, last, step }).collect();
            let frames = frames_asked_for(&runs).ok().map(|frames| frames.to_string());
            assert_eq!(frames.as_deref(), expect);
        };
        check(&[(1, 10, 1), (12, 12, 1)], Some("1-10,12"));
        check(&[(1, 10, 5)], Some("1,6"));
        check(&[], Some(""));
        check(&[(1, 0, 1)], None);
        check(&[(1, 5, 0)], None);
        check(&[(i32::MIN, i32::MAX, 1)], None);
    }

    #[test]
    fn a_movies_frames_are_the_tasks() {
        let known: FrameSet = [1, 2, 3, 5, 7, 9].into_iter().collect();
        for ((first, last, step), expect) in [
            ((1, 3, 1), Some(vec![1, 2, 3])),
            ((5, 9, 2), Some(vec![5, 7, 9])),
            ((3, 9, 2), Some(vec![3, 5, 7, 9])),
            ((9, 9, 1), Some(vec![9])),
            ((5, 9, 1), None),
            ((1, 3, 0), None),
            ((3, 1, 1), None),
            ((i32::MIN, i32::MAX, 2), None),
            ((i32::MIN, i32::MAX, 1), None),
        ] {
            let run = types::FrameRun { first, last, step };
            let frames = frames_of(&[run], &known).ok().map(|frames| frames.iter().collect::<Vec<_>>());
            assert_eq!(frames, expect, "{first}-{last}x{step}");
        }
    }

    #[test]
    fn events_that_say_nothing_are_refused() {
        let no_path = types::Image { frame: 1, path: String::new(), place: None };
        for (event, expect) in [
            (types::Event::Progress(0.5), Some(ReaderEvent::Progress(0.5))),
            (types::Event::Progress(7.0), Some(ReaderEvent::Progress(1.0))),
            (types::Event::Progress(f32::NAN), None),
            (types::Event::Progress(f32::INFINITY), None),
            (types::Event::FrameDone(no_path), None),
            (types::Event::Warning("a\u{1b}[1mb".into()), Some(ReaderEvent::Warning("ab".into()))),
            (types::Event::Fact(types::Fact { name: String::new(), value: "x".into() }), None),
        ] {
            let got = events(vec![event]).ok().and_then(|events| events.into_iter().next());
            assert_eq!(got, expect);
        }
    }
}
