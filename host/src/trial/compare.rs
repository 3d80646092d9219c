//! What another version of a plugin makes of an attempt, against what was decided then.

use super::run::{self, Feed, Trial};
use super::{READER_FAILED, Recorded, diff, text, without_times};
use crate::farm::{command_view, program_of, render_env};
use farmhand_model::dcc::{Command, Fault, Verdict};
use farmhand_model::{AttemptId, FrameSet, JobId, PluginStamp, Timestamp};
use farmhand_plugin::LoadedPlugin;
use serde::Serialize;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes of a written file that are compared; what a plugin writes is far smaller.
const FILE: u64 = 4 << 20;

/// A decision with its reason, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// As scenarios spell it: `retry 30000`.
    pub decision: String,
    /// Why, in one sentence.
    pub reason: String,
}

/// One thing that is different; differences as lines with `-` and `+`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what", content = "difference")]
pub enum Change {
    /// What is run.
    Command(String),
    /// What is read out of the log.
    Events(String),
    /// What counts as wrong with it.
    Faults(String),
    /// What is decided.
    Verdict(String),
    /// Why, where the decision is the same.
    Reason(String),
}

impl Change {
    /// One word for a table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Change::Command(_) => "command",
            Change::Events(_) => "events",
            Change::Faults(_) => "faults",
            Change::Verdict(_) => "verdict",
            Change::Reason(_) => "reason",
        }
    }

    /// The lines.
    #[must_use]
    pub fn difference(&self) -> &str {
        match self {
            Change::Command(text)
            | Change::Events(text)
            | Change::Faults(text)
            | Change::Verdict(text)
            | Change::Reason(text) => text,
        }
    }

    /// Whether frames fare differently because of it: what the replay gate looks at.
    #[must_use]
    pub fn decides(&self) -> bool {
        matches!(self, Change::Faults(_) | Change::Verdict(_))
    }
}

/// What became of one attempt, then and now.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its job.
    pub job: JobId,
    /// Its layer.
    pub layer: Option<String>,
    /// Its frames.
    pub frames: FrameSet,
    /// The name of its level.
    pub level: String,
    /// Who decided then.
    pub plugin: PluginStamp,
    /// What was decided then.
    pub then: Decided,
    /// What would be decided now; the same where no plugin was asked.
    pub now: Decided,
    /// Whether events were compared, which needs the very version that decided then.
    pub events_compared: bool,
    /// What is different; nothing where this is empty.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// `attempt 12: retry -> fail-frames`, as one line of a list.
    #[must_use]
    pub fn summary(&self) -> String {
        let names: Vec<&str> = self.changes.iter().map(Change::name).collect();
        let changed = if self.then.decision == self.now.decision {
            names.join(", ")
        } else {
            format!("{} -> {}", self.then.decision, self.now.decision)
        };
        format!("attempt {}: {changed}", self.attempt)
    }
}

/// What a version says of an attempt.
struct Answers {
    /// What it would run, without the files.
    command: String,
    /// The files that it would write: path and contents.
    files: Vec<(PathBuf, String)>,
    events: String,
    faults: String,
    decided: Decided,
}

/// What another version makes of an attempt. `then` is the version that decided it, where its bytes are kept: only with
/// it can events be compared, which are not recorded, and what is different for other reasons than the plugin (a scene
/// that has been saved since, a file that is gone) be told from what the plugin changes.
pub async fn compare(
    plugin: &LoadedPlugin,
    recorded: &Recorded,
    then: Option<&LoadedPlugin>,
    now: Timestamp,
) -> Comparison {
    let moments = [recorded.started, now];
    let seen = ask(plugin, recorded, &moments).await;
    let then = match then {
        Some(then) => Some(ask(then, recorded, &moments).await),
        None => None,
    };
    // What the old version says today counts as what was decided, where the new one says the same.
    let changed = |recorded: &str, of: fn(&Answers) -> &str| {
        let same = then.as_ref().is_some_and(|then| of(then) == of(&seen));
        if same { String::new() } else { diff(recorded, of(&seen)) }
    };
    let command = match &then {
        Some(then) => {
            let all = |answers: &Answers| with_files(&answers.command, &answers.files, &moments);
            diff(&all(then), &all(&seen))
        }
        None => against_disk(&recorded.command, &seen, &moments),
    };
    let events = then.as_ref().map(|then| diff(&then.events, &seen.events));
    let faults = changed(&faults_text(&recorded.faults, &moments), |answers| &answers.faults);
    let decided = decided(&recorded.verdict);
    let (mut decision, mut reason) = (String::new(), String::new());
    if recorded.is_the_plugins {
        decision = changed(&decided.decision, |answers| &answers.decided.decision);
        reason = changed(&without_times(&decided.reason, &moments), |answers| &answers.decided.reason);
    }
    let now = if decision.is_empty() { decided.clone() } else { seen.decided.clone() };
    if !decision.is_empty() {
        // The decision is what differs; its reason is what people ask for next.
        let line = |of: &Decided| format!("{}: {}", of.decision, of.reason);
        decision = diff(&line(&decided), &line(&now));
        reason.clear();
    }
    let changes = [
        Change::Command(command),
        Change::Events(events.clone().unwrap_or_default()),
        Change::Faults(faults),
        Change::Verdict(decision),
        Change::Reason(reason),
    ];
    Comparison {
        attempt: recorded.attempt,
        job: recorded.job,
        layer: recorded.input.task.layer.clone(),
        frames: recorded.input.task.frames.clone(),
        level: recorded.level.clone(),
        plugin: recorded.stamp.clone(),
        then: decided,
        now,
        events_compared: events.is_some(),
        changes: changes.into_iter().filter(|change| !change.difference().is_empty()).collect(),
    }
}

async fn ask(plugin: &LoadedPlugin, recorded: &Recorded, moments: &[Timestamp]) -> Answers {
    let task = &recorded.input.task;
    let trial = run::run(plugin, &recorded.input, Feed::Batches).await;
    let (command, files) = match plugin.build_command(task).await {
        Ok(command) => built(recorded, command, moments),
        Err(error) => (format!("error: {}", error.kind()), Vec::new()),
    };
    let events: Vec<String> = trial.events.iter().filter_map(|seen| text::event(&seen.event)).collect();
    Answers {
        command,
        files,
        events: without_times(&events.join("\n"), moments),
        faults: faults_text(&trial.outcome.faults, moments),
        decided: verdict_of(&trial, moments),
    }
}

fn built(recorded: &Recorded, command: Command, moments: &[Timestamp]) -> (String, Vec<(PathBuf, String)>) {
    let task = &recorded.input.task;
    let program = match program_of(task, &command) {
        Ok(program) => program.display().to_string(),
        Err(error) => return (format!("error: {error}"), Vec::new()),
    };
    let cwd = command.cwd.unwrap_or_else(|| task.scratch.clone()).display().to_string();
    let env = match render_env(command.env, &task.gpus, recorded.node_has_gpus) {
        Ok(env) => env,
        Err(error) => return (format!("error: {error}"), Vec::new()),
    };
    let view = command_view(program, command.args, &env, cwd);
    let cwd = Path::new(&view.cwd);
    let text = text::run(&view.program, &view.args, &view.env, Some(cwd), &command.outputs, command.verify);
    let files = command.files.into_iter().map(|file| (file.path, without_times(&file.contents, moments)));
    (without_times(&text, moments), files.collect())
}

/// What was run against what would be run, with those files that are still there from then.
fn against_disk(recorded: &str, seen: &Answers, moments: &[Timestamp]) -> String {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (path, contents) in &seen.files {
        if let Some(there) = file_of_then(path, moments) {
            old.push((path.clone(), without_times(&there, moments)));
            new.push((path.clone(), contents.clone()));
        }
    }
    diff(&with_files(recorded, &old, moments), &with_files(&seen.command, &new, moments))
}

/// The text of this file, or of the one whose name differs in a moment only.
fn file_of_then(path: &Path, moments: &[Timestamp]) -> Option<String> {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        without_times(&name, moments)
    };
    let wanted = name(path);
    let entries = std::fs::read_dir(path.parent()?).ok()?;
    let mut there = entries.flatten().map(|entry| entry.path()).filter(|path| name(path) == wanted);
    let mut text = String::new();
    let file = std::fs::File::open(there.next()?).ok()?;
    file.take(FILE).read_to_string(&mut text).ok()?;
    Some(text)
}

fn with_files(command: &str, files: &[(PathBuf, String)], moments: &[Timestamp]) -> String {
    let mut text = command.to_owned();
    for (path, contents) in files {
        text.push_str(&format!("writes {}\n", without_times(&path.display().to_string(), moments)));
        contents.lines().for_each(|line| text.push_str(&format!("  | {line}\n")));
    }
    text
}

fn faults_text(faults: &[Fault], moments: &[Timestamp]) -> String {
    let line = |fault: &Fault| match fault.message.starts_with(READER_FAILED) {
        // What follows tells of the very version, and how long it ran.
        true => format!("{} {}: {READER_FAILED}", fault.severity, fault.cause),
        false => text::fault(fault),
    };
    let lines: Vec<String> = faults.iter().map(line).collect();
    without_times(&lines.join("\n"), moments)
}

fn decided(verdict: &Verdict) -> Decided {
    Decided { decision: text::decision(verdict.decision), reason: verdict.reason.clone() }
}

fn verdict_of(trial: &Trial, moments: &[Timestamp]) -> Decided {
    match &trial.verdict {
        Ok(verdict) => {
            let Decided { decision, reason } = decided(verdict);
            Decided { decision, reason: without_times(&reason, moments) }
        }
        Err(error) => Decided { decision: "error".to_owned(), reason: error.kind().to_string() },
    }
}
