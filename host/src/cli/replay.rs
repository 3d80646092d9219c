//! `farmhand plugin replay`: a log once more through a plugin's reader and judge, so that a change can be tried on
//! yesterday's failures before it goes live. Nothing is run and nothing is changed.

use super::context::Context;
use super::error::CliError;
use super::human;
use super::local::runtime;
use super::output::{Cell, Table, Tone};
use super::plugin::start_plugins;
use crate::config::Config;
use clap::Args;
use farmhand_model::dcc::{
    Decision, Fact, Fault, JobContext, Level, Outcome, ReaderEvent, TaskContext, Verdict,
};
use farmhand_model::{AttemptId, EndedBy, FrameSet, JobId, Seconds};
use farmhand_plugin::LoadedPlugin;
use farmhand_runner::{AttemptDir, LogFiles};
use serde::Deserialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Log read at once.
const BLOCK: usize = 1 << 20;
/// Frames that a reader is told about when nobody says which ones the log is of.
const ANY_FRAMES: std::ops::RangeInclusive<i32> = -100_000..=1_000_000;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// A plugin's name, or a component file
    plugin: String,
    /// A renderer's output
    #[arg(long, value_name = "FILE", required_unless_present = "attempt", conflicts_with = "attempt")]
    log: Option<PathBuf>,
    /// The log of this attempt, from the data directory
    #[arg(long, value_name = "ATTEMPT")]
    attempt: Option<AttemptId>,
    /// The task's frames; by default those of the attempt, or those that the log speaks of
    #[arg(short, long, value_name = "SET", allow_hyphen_values = true)]
    frames: Option<FrameSet>,
    /// How the process ended; by default as the attempt's did, or with 0
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    exit_code: Option<i32>,
    /// The level that it was rendered at, by its name; by default the attempt's, or the first
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
}

/// What is fed to the plugin.
struct Input {
    task: TaskContext,
    log: PathBuf,
    end: ProcessEnd,
    /// Whether the frames are known, or are to be learned from the log.
    frames_known: bool,
}

struct ProcessEnd {
    exit_code: Option<i32>,
    signal: Option<i32>,
    ended_by: EndedBy,
    seconds: Seconds,
}

/// One event with the line of the log that it comes from, counted from 1.
struct Seen {
    line: usize,
    event: ReaderEvent,
}

struct Replayed {
    plugin: String,
    lines: usize,
    events: Vec<Seen>,
    outcome: Outcome,
    verdict: Verdict,
}

pub(super) fn run(context: &mut Context, args: &ReplayArgs) -> Result<(), CliError> {
    let config = context.config()?;
    let mut input = input(context, &config, args)?;
    let replayed = runtime()?.block_on(async {
        let host = start_plugins(&config).await?;
        let path = Path::new(&args.plugin);
        let plugin = if path.is_file() {
            host.load_file(path).await.map_err(|error| CliError::failed(error.to_string()))?
        } else {
            host.get(&args.plugin).map_err(|error| CliError::failed(error.to_string()))?
        };
        if let Some(name) = &args.level {
            input.task.level = level(&plugin.descriptor().levels, name)?;
        }
        replay(&plugin, input).await
    })?;
    if context.out.json { context.out.json(&as_json(&replayed)) } else { print(context, &replayed) }
}

/// The index of the level with this name.
fn level(levels: &[Level], name: &str) -> Result<u32, CliError> {
    let found = levels.iter().position(|level| level.name == name);
    found.and_then(|index| u32::try_from(index).ok()).ok_or_else(|| {
        let names: Vec<&str> = levels.iter().map(|level| level.name.as_str()).collect();
        CliError::Usage(format!("there is no level `{name}`; this plugin has {}", names.join(", ")))
    })
}

/// What the daemon keeps beside an attempt's log; only what is needed here.
#[derive(Deserialize)]
struct Recorded {
    task: TaskContext,
}

fn input(context: &Context, config: &Config, args: &ReplayArgs) -> Result<Input, CliError> {
    let mut input = match (args.attempt, &args.log) {
        (Some(attempt), _) => of_attempt(config, attempt)?,
        (None, Some(log)) => of_file(&context.absolute(log), args.frames.is_some()),
        (None, None) => {
            return Err(CliError::Usage("name a log with --log, or an attempt with --attempt".to_owned()));
        }
    };
    if let Some(frames) = &args.frames {
        input.task.frames = frames.clone();
        input.frames_known = true;
    }
    if let Some(code) = args.exit_code {
        (input.end.exit_code, input.end.signal) = (Some(code), None);
    }
    Ok(input)
}

fn of_attempt(config: &Config, attempt: AttemptId) -> Result<Input, CliError> {
    let path = config.data_dir.join("attempts").join(attempt.to_string());
    let manifest = path.join("attempt.json");
    let bytes = std::fs::read(&manifest).map_err(|error| CliError::Failed {
        message: format!("attempt {attempt} is not kept here: {}: {error}", manifest.display()),
        help: Some(
            "run this on the machine that rendered it, with the daemon's own data directory".to_owned(),
        ),
    })?;
    let recorded: Recorded = serde_json::from_slice(&bytes)
        .map_err(|error| CliError::failed(format!("{} cannot be read: {error}", manifest.display())))?;
    let dir = AttemptDir::open(path);
    let end = match dir.report() {
        Some(report) => ProcessEnd {
            exit_code: report.exit_code(),
            signal: report.signal(),
            ended_by: report.ended_by(),
            seconds: report.seconds(),
        },
        None => ProcessEnd::good(),
    };
    Ok(Input { task: recorded.task, log: dir.log(), end, frames_known: true })
}

impl ProcessEnd {
    fn good() -> Self {
        Self { exit_code: Some(0), signal: None, ended_by: EndedBy::Itself, seconds: Seconds(0.0) }
    }
}

/// A log without an attempt: a task of nothing but its frames.
fn of_file(log: &Path, frames_known: bool) -> Input {
    let dir = log.parent().unwrap_or(Path::new("/")).to_path_buf();
    let frames = FrameSet::range(*ANY_FRAMES.start(), *ANY_FRAMES.end());
    let job = JobContext {
        id: JobId(0),
        name: "replay".to_owned(),
        scene: dir.join("scene"),
        output: None,
        layers: Vec::new(),
        frames: frames.clone(),
        options: serde_json::Map::new(),
        skip_existing: false,
        hook_scripts: Vec::new(),
        path_map: Vec::new(),
    };
    let task = TaskContext {
        job: Arc::new(job),
        attempt: AttemptId(0),
        frames,
        layer: None,
        level: 0,
        try_number: 1,
        threads: 1,
        gpus: Vec::new(),
        tools: Vec::new(),
        scratch: dir.clone(),
        staging: dir,
    };
    Input { task, log: log.to_path_buf(), end: ProcessEnd::good(), frames_known }
}

async fn replay(plugin: &LoadedPlugin, input: Input) -> Result<Replayed, CliError> {
    let failed = |error: farmhand_plugin::PluginError| CliError::failed(error.to_string());
    let mut task = input.task;
    let lines = lines_of(&input.log)?;
    let mut events = Vec::new();
    let mut reader = plugin.reader(&task).await.map_err(failed)?;
    // The daemon hands over batches of lines; one at a time tells which line an event comes from.
    for (index, line) in lines.chunks(1).enumerate() {
        let read = reader.read(line).await.map_err(failed)?;
        events.extend(read.into_iter().map(|event| Seen { line: index + 1, event }));
    }
    let rest = reader.finish().await.map_err(failed)?;
    events.extend(rest.into_iter().map(|event| Seen { line: lines.len(), event }));
    let seen = Frames::of(&events);
    if !input.frames_known {
        task.frames = seen.started.union(&seen.done);
    }
    let outcome = Outcome {
        exit_code: input.end.exit_code,
        signal: input.end.signal,
        ended_by: input.end.ended_by,
        seconds: input.end.seconds,
        frames_done: seen.done.intersection(&task.frames),
        frames_missing: task.frames.difference(&seen.done),
        faults: events.iter().filter_map(|seen| fault(&seen.event)).cloned().collect(),
        facts: events.iter().filter_map(|seen| fact(&seen.event)).cloned().collect(),
    };
    let verdict = plugin.judge(&task, &outcome).await.map_err(failed)?;
    let stamp = plugin.stamp();
    let plugin = format!("{} {} ({})", stamp.name, stamp.version, stamp.digest.short());
    Ok(Replayed { plugin, lines: lines.len(), events, outcome, verdict })
}

fn lines_of(log: &Path) -> Result<Vec<String>, CliError> {
    let io = |source| CliError::Io { context: format!("cannot read {}", log.display()), source };
    let files = LogFiles::open(log).map_err(io)?;
    let (mut bytes, mut offset) = (Vec::new(), 0);
    while offset < files.end() {
        let piece = files.read(offset, BLOCK).map_err(io)?;
        if piece.bytes.is_empty() {
            break;
        }
        offset = piece.start + piece.bytes.len() as u64;
        bytes.extend(piece.bytes);
    }
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

/// Frames that a log speaks of. Whether their images are any good is the daemon's to verify; here the log is believed.
#[derive(Default)]
struct Frames {
    started: FrameSet,
    done: FrameSet,
}

impl Frames {
    fn of(events: &[Seen]) -> Self {
        let mut frames = Self::default();
        for seen in events {
            match &seen.event {
                ReaderEvent::FrameStarted(frame) => frames.started.insert(*frame),
                ReaderEvent::FrameDone(image) | ReaderEvent::FrameSkipped(image) => {
                    frames.done.insert(image.frame)
                }
                _ => false,
            };
        }
        frames
    }
}

fn fault(event: &ReaderEvent) -> Option<&Fault> {
    match event {
        ReaderEvent::Fault(fault) => Some(fault),
        _ => None,
    }
}

fn fact(event: &ReaderEvent) -> Option<&Fact> {
    match event {
        ReaderEvent::Fact(fact) => Some(fact),
        _ => None,
    }
}

/// What an event is, and what it says.
fn described(event: &ReaderEvent) -> (&'static str, String, Tone) {
    match event {
        ReaderEvent::FrameStarted(frame) => ("frame-started", frame.to_string(), Tone::Plain),
        ReaderEvent::Progress(fraction) => ("progress", format!("{:.0} %", fraction * 100.0), Tone::Dim),
        ReaderEvent::FrameDone(image) => {
            ("frame-done", format!("{} {}", image.frame, image.path.display()), Tone::Good)
        }
        ReaderEvent::FrameSkipped(image) => {
            ("frame-skipped", format!("{} {}", image.frame, image.path.display()), Tone::Dim)
        }
        ReaderEvent::Warning(text) => ("warning", text.clone(), Tone::Warn),
        ReaderEvent::Fault(fault) => {
            let frame = fault.frame.map(|frame| format!(" of frame {frame}")).unwrap_or_default();
            let about = fault.about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
            // As the expectations of the cases in `tests/corpus` have it.
            (
                "fault",
                format!("{} {}{frame}{about}: {}", fault.severity, fault.cause, fault.message),
                Tone::Bad,
            )
        }
        ReaderEvent::MemoryBytes(size) => ("memory", human::bytes(*size), Tone::Dim),
        ReaderEvent::Fact(fact) => ("fact", format!("{} = {}", fact.name, fact.value), Tone::Plain),
    }
}

fn event_table(events: &[Seen]) -> Table {
    let mut table = Table::new(&["#LINE", "EVENT", "WHAT"]);
    for seen in events {
        let (name, text, tone) = described(&seen.event);
        table.row([Cell::from(seen.line), Cell::toned(name, tone), Cell::from(text)]);
    }
    table
}

fn print(context: &mut Context, replayed: &Replayed) -> Result<(), CliError> {
    let out = &mut context.out;
    out.table(&event_table(&replayed.events))?;
    out.line("")?;
    let outcome = &replayed.outcome;
    let mut facts = Table::facts();
    facts.fact("plugin", &replayed.plugin);
    facts.fact("read", human::count(replayed.lines as u64, "line"));
    facts.fact("ended", ended(outcome));
    facts.fact("done", frames(&outcome.frames_done));
    facts.fact("missing", frames(&outcome.frames_missing));
    facts.fact("decision", decision(replayed.verdict.decision));
    facts.fact("reason", &replayed.verdict.reason);
    out.table(&facts)
}

fn frames(frames: &FrameSet) -> String {
    if frames.is_empty() { "-".to_owned() } else { frames.to_string() }
}

fn ended(outcome: &Outcome) -> String {
    let how = match (outcome.exit_code, outcome.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".to_owned(),
    };
    match outcome.ended_by {
        EndedBy::Itself => how,
        by => format!("{how}, by {by}"),
    }
}

fn decision(decision: Decision) -> String {
    match decision {
        Decision::Retry { after_ms } => {
            format!("retry after {}", human::span(Seconds(f64::from(after_ms) / 1000.0)))
        }
        other => other.name().to_owned(),
    }
}

fn as_json(replayed: &Replayed) -> serde_json::Value {
    let events: Vec<_> = replayed.events.iter().map(event_json).collect();
    json!({
        "plugin": replayed.plugin,
        "lines": replayed.lines,
        "events": events,
        "outcome": replayed.outcome,
        "verdict": replayed.verdict,
    })
}

fn event_json(seen: &Seen) -> serde_json::Value {
    let (name, _, _) = described(&seen.event);
    let value = match &seen.event {
        ReaderEvent::FrameStarted(frame) => json!(frame),
        ReaderEvent::Progress(fraction) => json!(fraction),
        ReaderEvent::FrameDone(image) | ReaderEvent::FrameSkipped(image) => json!(image),
        ReaderEvent::Warning(text) => json!(text),
        ReaderEvent::Fault(fault) => json!(fault),
        ReaderEvent::MemoryBytes(size) => json!(size),
        ReaderEvent::Fact(fact) => json!(fact),
    };
    json!({"line": seen.line, "event": name, "value": value})
}

#[cfg(test)]
mod tests {
    use super::super::output::Style;
    use super::*;
    use farmhand_model::dcc::{Cause, FrameShape, ImageOutput, Severity};

    #[test]
    fn events_are_shown_and_counted() {
        let done = ImageOutput { frame: 1, path: "/out/1.png".into(), place: None };
        let fault = Fault {
            severity: Severity::FrameFatal,
            cause: Cause::MissingFile,
            message: "no texture".to_owned(),
            frame: Some(2),
            about: Some("wood.png".to_owned()),
        };
        let events = [
            Seen { line: 64, event: ReaderEvent::FrameStarted(1) },
            Seen { line: 64, event: ReaderEvent::Progress(0.5) },
            Seen { line: 64, event: ReaderEvent::FrameDone(done) },
            Seen { line: 70, event: ReaderEvent::FrameStarted(2) },
            Seen { line: 70, event: ReaderEvent::Fault(fault) },
        ];
        let expect = "\
LINE  EVENT          WHAT
  64  frame-started  1
  64  progress       50 %
  64  frame-done     1 /out/1.png
  70  frame-started  2
  70  fault          frame-fatal missing-file of frame 2 (wood.png): no texture
";
        assert_eq!(event_table(&events).render(Style::Plain), expect);
        let frames = Frames::of(&events);
        assert_eq!((frames.started.to_string(), frames.done.to_string()), ("1,2".to_owned(), "1".to_owned()));
        assert_eq!(event_json(&events[1]), json!({"line": 64, "event": "progress", "value": 0.5}));
    }

    #[test]
    fn a_level_goes_by_its_name() {
        let level_of = |name: &str| Level {
            name: name.to_owned(),
            summary: String::new(),
            tools: Vec::new(),
            frames: FrameShape::Any,
        };
        let levels = [level_of("script"), level_of("render")];
        assert_eq!(level(&levels, "render").unwrap(), 1);
        let error = level(&levels, "rendr").unwrap_err().to_string();
        assert!(error.contains("`rendr`") && error.contains("script, render"), "{error}");
    }

    #[test]
    fn the_end_and_the_decision_are_told_in_words() {
        for (told, expect) in [
            (decision(Decision::Retry { after_ms: 30_000 }), "retry after 30 s"),
            (decision(Decision::FallBack), "fall-back"),
            (decision(Decision::QuarantineNode), "quarantine-node"),
            (frames(&FrameSet::new()), "-"),
        ] {
            assert_eq!(told, expect);
        }
        let outcome = |exit_code, signal, ended_by| Outcome {
            exit_code,
            signal,
            ended_by,
            seconds: Seconds(1.0),
            frames_done: FrameSet::new(),
            frames_missing: FrameSet::new(),
            faults: Vec::new(),
            facts: Vec::new(),
        };
        for (outcome, expect) in [
            (outcome(Some(211), None, EndedBy::Itself), "exit code 211"),
            (outcome(None, Some(11), EndedBy::Itself), "signal 11"),
            (outcome(None, Some(9), EndedBy::TimeLimit), "signal 9, by time-limit"),
            (outcome(None, None, EndedBy::Lost), "unknown, by lost"),
        ] {
            assert_eq!(ended(&outcome), expect);
        }
    }
}
