//! `farmhand plugin replay`: logs once more through a plugin's reader and judge, so that a change can be tried on
//! yesterday's failures before it goes live. Nothing is run and nothing is changed. What becomes of many attempts is in
//! `plugin::past`.

use super::cleanup;
use super::context::Context;
use super::error::CliError;
use super::human;
use super::local::runtime;
use super::output::{Cell, Table, Tone};
use super::plugin::load;
use super::plugin::past::{self, Past, Versions};
use crate::config::Config;
use crate::farm::Manifest;
use crate::trial::{
    Change, Comparison, Done, Feed, Input, ProcessEnd, Recorded, Seen, Trial, compare, lines_of,
    run as try_out, text,
};
use clap::Args;
use farmhand_model::dcc::{Decision, JobContext, Level, Outcome, ReaderEvent, TaskContext, Verdict};
use farmhand_model::{AttemptId, EndedBy, FrameSet, JobId, Seconds, Timestamp};
use farmhand_runner::AttemptDir;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Frames that a reader is told about when nobody says which ones the log is of.
const ANY_FRAMES: std::ops::RangeInclusive<i32> = -100_000..=1_000_000;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(super) struct ReplayArgs {
    /// A plugin's name; or a component, a script, or a script's folder
    plugin: PathBuf,
    /// A renderer's output
    #[arg(long, value_name = "FILE", group = "what")]
    log: Option<PathBuf>,
    /// The log of this attempt, from the data directory, and what is different from what was decided then
    #[arg(long, value_name = "ATTEMPT", group = "what")]
    attempt: Option<AttemptId>,
    /// What is different from then for every attempt of this job
    #[arg(long, value_name = "JOB", group = "what")]
    job: Option<JobId>,
    /// What is different from then for every attempt of the plugin since this date, or of the last days: 2d
    #[arg(long, value_name = "DATE|AGE", value_parser = since, group = "what")]
    since: Option<Timestamp>,
    /// The task's frames; by default those of the attempt, or those that the log speaks of
    #[arg(short, long, value_name = "SET", allow_hyphen_values = true, conflicts_with_all = ["job", "since"])]
    frames: Option<FrameSet>,
    /// How the process ended; by default as the attempt's did, or with 0
    #[arg(long, value_name = "CODE", allow_hyphen_values = true, conflicts_with_all = ["job", "since"])]
    exit_code: Option<i32>,
    /// The level that it was rendered at, by its name; by default the attempt's, or the first
    #[arg(long, value_name = "LEVEL", conflicts_with_all = ["job", "since"])]
    level: Option<String>,
    /// With --job and --since: show also what is the same, and every difference line by line
    #[arg(short, long)]
    verbose: bool,
}

impl ReplayArgs {
    /// Whether a person says how it was, so that there is nothing to compare with.
    fn supposes(&self) -> bool {
        self.frames.is_some() || self.exit_code.is_some() || self.level.is_some()
    }
}

/// A date, a date with a time of day, or an age.
fn since(text: &str) -> Result<Timestamp, String> {
    let local = |time: jiff::civil::DateTime| time.to_zoned(jiff::tz::TimeZone::system()).ok();
    if let Some(zoned) = text.parse::<jiff::civil::DateTime>().ok().and_then(local) {
        return Ok(Timestamp(zoned.timestamp().as_millisecond()));
    }
    match cleanup::seconds(text).ok().and_then(|seconds| i64::try_from(seconds).ok()) {
        Some(seconds) => Ok(human::now().plus_millis(seconds.saturating_mul(-1000))),
        None => {
            Err("write a date, such as 2026-05-01 or 2026-05-01T18:30, or an age, such as 12h or 2d"
                .to_owned())
        }
    }
}

/// What a plugin made of one log.
struct Replayed {
    plugin: String,
    lines: usize,
    trial: Trial,
    /// Against what was decided then, where that is known.
    then: Option<Comparison>,
}

pub(super) fn run(context: &mut Context, args: &ReplayArgs) -> Result<(), CliError> {
    let plugin = context.absolute(&args.plugin);
    // A name is not looked for in the working directory.
    let plugin = if load::is_file(&plugin) { plugin } else { args.plugin.clone() };
    if let Some(past) = args.job.map(Past::Job).or(args.since.map(Past::Since)) {
        return past::run(context, &plugin, past, args.verbose);
    }
    let config = context.config()?;
    let replayed = runtime()?.block_on(replay_one(context, &config, args, &plugin))?;
    if context.out.json { context.out.json(&as_json(&replayed)?) } else { print(context, &replayed) }
}

async fn replay_one(
    context: &Context,
    config: &Config,
    args: &ReplayArgs,
    plugin: &Path,
) -> Result<Replayed, CliError> {
    let (mut input, recorded) = match (args.attempt, &args.log) {
        (Some(attempt), _) => of_attempt(config, attempt).await?,
        (None, Some(log)) => (of_file(&context.absolute(log)).await?, None),
        (None, None) => {
            return Err(CliError::Usage("name a log with --log, or an attempt with --attempt".to_owned()));
        }
    };
    if let Some(frames) = &args.frames {
        input.task.frames = frames.clone();
        input.done = Done::Told;
    }
    if let Some(code) = args.exit_code {
        (input.end.exit_code, input.end.signal) = (Some(code), None);
    }
    let host = load::start_plugins(config).await?;
    let plugin = load::load(&host, plugin).await?;
    if let Some(name) = &args.level {
        input.task.level = level(&plugin.descriptor().levels, name)?;
    }
    // The daemon hands over batches of lines; one at a time tells which line an event comes from.
    let trial = try_out(&plugin, &input, Feed::Lines(1)).await;
    trial.told().map_err(|error| CliError::failed(error.to_string()))?;
    let then =
        match recorded.filter(|recorded| !args.supposes() && recorded.stamp.name == plugin.stamp().name) {
            Some(recorded) => {
                let version = Versions::new(&host).of(&recorded.stamp).await;
                Some(compare(&plugin, &recorded, version.as_deref(), human::now()).await)
            }
            None => None,
        };
    let stamp = plugin.stamp();
    let plugin = format!("{} {} ({})", stamp.name, stamp.version, stamp.digest.short());
    Ok(Replayed { plugin, lines: input.log.len(), trial, then })
}

/// The index of the level with this name.
fn level(levels: &[Level], name: &str) -> Result<u32, CliError> {
    let found = levels.iter().position(|level| level.name == name);
    found.and_then(|index| u32::try_from(index).ok()).ok_or_else(|| {
        let names: Vec<&str> = levels.iter().map(|level| level.name.as_str()).collect();
        CliError::Usage(format!("there is no level `{name}`; this plugin has {}", names.join(", ")))
    })
}

/// What an attempt was given; and what was decided of it, where it has ended and the database is here.
async fn of_attempt(config: &Config, attempt: AttemptId) -> Result<(Input, Option<Recorded>), CliError> {
    let path = config.data_dir.join("attempts").join(attempt.to_string());
    let record = past::archive(config).ok().and_then(|archive| archive.attempt(attempt).ok().flatten());
    if let Some(record) = record
        && let Ok(recorded) = Recorded::read(&path, &record).await
    {
        return Ok((recorded.input.clone(), Some(recorded)));
    }
    let manifest = Manifest::read(&path)
        .map_err(|error| CliError::failed(format!("attempt {attempt} cannot be read: {error}")))?
        .ok_or_else(|| CliError::Failed {
            message: format!(
                "attempt {attempt} is not kept here: there is no {}",
                path.join("attempt.json").display()
            ),
            help: Some(
                "run this on the machine that rendered it, with the daemon's own data directory".to_owned(),
            ),
        })?;
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
    let log = lines(&dir.log()).await?;
    Ok((Input { task: manifest.task, log, end, done: Done::Told, host_faults: Vec::new() }, None))
}

async fn lines(log: &Path) -> Result<Vec<String>, CliError> {
    let io = |source| CliError::Io { context: format!("cannot read {}", log.display()), source };
    lines_of(log).await.map_err(io)
}

/// A log without an attempt: a task of nothing but its frames.
async fn of_file(log: &Path) -> Result<Input, CliError> {
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
        memory_bytes: 0,
        gpus: Vec::new(),
        tools: Vec::new(),
        scratch: dir.clone(),
        staging: dir,
    };
    let log = lines(log).await?;
    Ok(Input { task, log, end: ProcessEnd::good(), done: Done::ToldWithTask, host_faults: Vec::new() })
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
        ReaderEvent::Fault(fault) => ("fault", text::fault(fault), Tone::Bad),
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
    let (events, verdict) = told(replayed)?;
    out.table(&event_table(events))?;
    out.line("")?;
    let outcome = &replayed.trial.outcome;
    let mut facts = Table::facts();
    facts.fact("plugin", &replayed.plugin);
    facts.fact("read", human::count(replayed.lines as u64, "line"));
    facts.fact("ended", ended(outcome));
    facts.fact("done", frames(&outcome.frames_done));
    facts.fact("missing", frames(&outcome.frames_missing));
    facts.fact("decision", decision(verdict.decision));
    facts.fact("reason", &verdict.reason);
    let Some(then) = &replayed.then else { return out.table(&facts) };
    let stamp = &then.plugin;
    facts.fact(
        "then",
        format!(
            "{}: {}, by {} ({})",
            then.then.decision,
            then.then.reason,
            stamp.version,
            stamp.digest.short()
        ),
    );
    let names: Vec<&str> = then.changes.iter().map(Change::name).collect();
    facts.fact("changed", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") });
    out.table(&facts)?;
    if then.changes.is_empty() {
        return Ok(());
    }
    out.line("")?;
    past::print_changes(out, "", &then.changes)
}

/// A replay whose reader or judge failed has ended as an error before.
fn told(replayed: &Replayed) -> Result<(&[Seen], &Verdict), CliError> {
    replayed.trial.told().map_err(|error| CliError::failed(error.to_string()))
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

fn as_json(replayed: &Replayed) -> Result<serde_json::Value, CliError> {
    let (events, verdict) = told(replayed)?;
    let events: Vec<_> = events.iter().map(event_json).collect();
    Ok(json!({
        "plugin": replayed.plugin,
        "lines": replayed.lines,
        "events": events,
        "outcome": replayed.trial.outcome,
        "verdict": verdict,
        "then": replayed.then,
    }))
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
    use farmhand_model::dcc::{Cause, Fault, FrameShape, ImageOutput, Severity};

    #[test]
    fn a_time_is_a_date_or_an_age() {
        let at = |text: &str| since(text).unwrap();
        let day = 24 * 3_600_000;
        let midnight = at("2026-05-01");
        assert_eq!(at("2026-05-01T12:30").since(midnight), Seconds(12.5 * 3600.0));
        // Summer time may begin between them.
        assert!((at("2026-05-03").0 - midnight.0 - 2 * day).abs() <= 3_600_000);
        let then = at("2d");
        let ago = human::now().since(then).0;
        assert!((2.0 * 86_400.0..2.0 * 86_400.0 + 60.0).contains(&ago), "{ago}");
        for wrong in ["", "yesterday", "2", "2026-13-01", "01.05.2026"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }

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
            usage: Default::default(),
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
