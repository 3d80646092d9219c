//! Recorded logs as test cases: what a renderer printed and how it ended on one side, what the plugin makes of it on
//! the other. A case is one TOML file that a TD can read and write:
//!
//! ```toml
//! about = "dcc-facts 1.7: no licence, and the exit code is 0 all the same"
//! level = 0                     # index into the descriptor's levels; 0 where it is left out
//! try = 1                       # 1 where it is left out
//! frames = "1-3"
//! exit_code = 0                 # or `signal = 11`, or `ended_by = "stall"` (time-limit, lost)
//! done = "1"                    # frames whose images the host verified; none where it is left out
//! scene = "/show/shot.ma"       # these four where they matter
//! output = "/show/out/shot.####.exr"
//! layer = "beauty"
//! options = { renderer = "arnold" }
//! log = '''
//! what it printed
//! '''
//! expect = '''
//! transient licence (maya): no licence for Maya was to be had
//! verdict retry 30000: …
//! '''
//! ```
//!
//! [`check_all`] runs a directory of them against a plugin and shows every difference. With `FARMHAND_ACCEPT=1` in the
//! environment it writes what it saw into the files instead, so that the version control's diff shows which past
//! verdicts a change of a rule changes.

use crate::{
    Cause, Decision, EndedBy, Event, FrameRun, FrameRuns, Job, Outcome, Plugin, Reader, Severity, Task,
    Verdict,
};
use serde::Deserialize;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// One recorded log with what is expected of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its file.
    pub path: PathBuf,
    /// The task that was rendered.
    pub task: Task,
    /// What was printed.
    pub log: Vec<String>,
    /// How it ended; faults and facts are the reader's to find.
    pub outcome: Outcome,
    /// What the plugin should make of it.
    pub expect: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for people")]
    about: String,
    #[serde(default)]
    level: u32,
    #[serde(default = "one", rename = "try")]
    try_number: u32,
    frames: String,
    exit_code: Option<i32>,
    signal: Option<i32>,
    #[serde(default)]
    ended_by: Ended,
    #[serde(default)]
    done: String,
    scene: Option<String>,
    output: Option<String>,
    layer: Option<String>,
    #[serde(default)]
    options: serde_json::Map<String, serde_json::Value>,
    log: String,
    #[serde(default)]
    expect: String,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Ended {
    #[default]
    Itself,
    TimeLimit,
    Stall,
    Lost,
}

fn one() -> u32 {
    1
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// The file is not there, or no case; the text names it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        let file: File = toml::from_str(&text).map_err(|error| named(&error))?;
        let frames = runs(&file.frames).map_err(|error| named(&error))?;
        let done = runs(&file.done).map_err(|error| named(&error))?;
        let missing = frames.iter().filter(|frame| !done.contains(*frame)).collect();
        let job = Job {
            id: 1,
            name: "case".into(),
            scene: file.scene.unwrap_or_else(|| "/show/shot/scene".into()),
            output: file.output,
            layers: file.layer.iter().cloned().collect(),
            frames: frames.clone(),
            raw_options: file.options,
            ..Job::default()
        };
        let task = Task {
            job,
            attempt: 7,
            frames,
            layer: file.layer,
            level: file.level,
            try_number: file.try_number,
            threads: 4,
            scratch: "/farm/attempts/7/scratch".into(),
            staging: "/show/out/.staging/7".into(),
            ..Task::default()
        };
        let outcome = Outcome {
            exit_code: file.exit_code,
            signal: file.signal,
            ended_by: match file.ended_by {
                Ended::Itself => EndedBy::Itself,
                Ended::TimeLimit => EndedBy::TimeLimit,
                Ended::Stall => EndedBy::Stall,
                Ended::Lost => EndedBy::Lost,
            },
            seconds: 60.0,
            frames_done: done,
            frames_missing: missing,
            ..Outcome::default()
        };
        let log = file.log.trim_start_matches('\n').lines().map(str::to_owned).collect();
        Ok(Self { path: path.to_owned(), task, log, outcome, expect: file.expect.trim().to_owned() })
    }

    /// All cases of a directory, by name.
    ///
    /// # Errors
    /// The directory cannot be read, or one of them is no case.
    pub fn read_all(dir: &Path) -> Result<Vec<Self>, String> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", dir.display());
        let mut paths = Vec::new();
        for entry in fs::read_dir(dir).map_err(|error| named(&error))? {
            let path = entry.map_err(|error| named(&error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// What a plugin makes of it, as `expect` spells it.
    ///
    /// # Errors
    /// The plugin's own.
    pub fn told<P: Plugin>(&self) -> Result<String, String> {
        let mut reader = P::reader(&self.task);
        let mut events = reader.read(&self.log).map_err(|error| error.message)?;
        reader.finish(&mut events);
        let outcome = self.outcome_with(&events);
        let verdict = P::judge(&self.task, &outcome).map_err(|error| error.message)?;
        Ok(told(&events, &verdict))
    }

    /// The outcome with what the reader saw.
    #[must_use]
    pub fn outcome_with(&self, events: &[Event]) -> Outcome {
        let mut outcome = self.outcome.clone();
        for event in events {
            match event {
                Event::Fault(fault) => outcome.faults.push(fault.clone()),
                Event::Fact(fact) => outcome.facts.push(fact.clone()),
                _ => {}
            }
        }
        outcome
    }

    /// Compares what was told with what is expected; where the environment asks for it, writes it down instead.
    ///
    /// # Errors
    /// Both texts, where they differ.
    pub fn settle(&self, told: &str) -> Result<(), String> {
        if told == self.expect {
            return Ok(());
        }
        if std::env::var_os("FARMHAND_ACCEPT").is_none() {
            return Err(format!(
                "{}\n--- expected\n{}\n+++ seen\n{told}\n",
                self.path.display(),
                self.expect
            ));
        }
        let text = fs::read_to_string(&self.path).map_err(|error| error.to_string())?;
        let kept = text.split("\nexpect = '''").next().unwrap_or(&text).trim_end();
        fs::write(&self.path, format!("{kept}\nexpect = '''\n{told}\n'''\n"))
            .map_err(|error| error.to_string())
    }
}

/// Runs every case of a directory against a plugin.
///
/// # Errors
/// All that differ, one after the other; or there are none.
pub fn check_all<P: Plugin>(dir: &Path) -> Result<usize, String> {
    let cases = Case::read_all(dir)?;
    if cases.is_empty() {
        return Err(format!("no cases in {}", dir.display()));
    }
    let differences: Vec<String> =
        cases.iter().filter_map(|case| case.told::<P>().and_then(|told| case.settle(&told)).err()).collect();
    if differences.is_empty() { Ok(cases.len()) } else { Err(differences.join("\n")) }
}

/// What a reader saw and the plugin decided, a line each. Progress is left out: it changes nothing.
#[must_use]
pub fn told(events: &[Event], verdict: &Verdict) -> String {
    let mut text = String::new();
    let mut line = |one: String| {
        let _ = writeln!(text, "{one}");
    };
    for event in events {
        match event {
            Event::Progress(_) => {}
            Event::FrameStarted(frame) => line(format!("frame {frame} started")),
            Event::FrameDone(image) | Event::FrameSkipped(image) => {
                let what = if matches!(event, Event::FrameDone(_)) { "done" } else { "skipped" };
                let place = image.place.as_ref().map(|place| format!(" -> {place}")).unwrap_or_default();
                line(format!("frame {} {what}: {}{place}", image.frame, image.path));
            }
            Event::Warning(message) => line(format!("warning: {message}")),
            Event::Fault(fault) => {
                let frame = fault.frame.map(|frame| format!(" of frame {frame}")).unwrap_or_default();
                let about = fault.about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
                line(format!(
                    "{} {}{frame}{about}: {}",
                    severity(fault.severity),
                    cause(fault.cause),
                    fault.message
                ));
            }
            Event::MemoryBytes(bytes) => line(format!("memory {bytes}")),
            Event::Fact(fact) => line(format!("fact {} = {}", fact.name, fact.value)),
        }
    }
    let decision = match verdict.decision {
        Decision::Accept => "accept".to_owned(),
        Decision::Retry { after_ms } => format!("retry {after_ms}"),
        Decision::FallBack => "fall-back".to_owned(),
        Decision::FailFrames => "fail-frames".to_owned(),
        Decision::FailJob => "fail-job".to_owned(),
        Decision::QuarantineNode => "quarantine-node".to_owned(),
        Decision::HoldJob => "hold-job".to_owned(),
    };
    line(format!("verdict {decision}: {}", verdict.reason));
    text.trim_end().to_owned()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Transient => "transient",
        Severity::FrameFatal => "frame-fatal",
        Severity::WorkerFatal => "worker-fatal",
    }
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Licence => "licence",
        Cause::Memory => "memory",
        Cause::MissingFile => "missing-file",
        Cause::Script => "script",
        Cause::Crash => "crash",
        Cause::Timeout => "timeout",
        Cause::Disk => "disk",
        Cause::Gpu => "gpu",
        Cause::Scene => "scene",
        Cause::Plugin => "plugin",
        Cause::Other => "other",
    }
}

/// `1-3,7`: as much of the frame sets' syntax as a case needs.
fn runs(text: &str) -> Result<FrameRuns, String> {
    let number = |text: &str| text.trim().parse::<i32>().map_err(|error| format!("frame `{text}`: {error}"));
    let mut runs = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        // A sign is no range: -5 is a frame.
        let (first, last) = match part.trim().get(1..).and_then(|rest| rest.find('-')) {
            Some(at) => part.trim().split_at(at + 1),
            None => (part, ""),
        };
        let first = number(first)?;
        let last = if last.is_empty() { first } else { number(&last[1..])? };
        runs.push(FrameRun { first, last, step: 1 });
    }
    Ok(FrameRuns::new(runs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, Descriptor, PluginError};

    struct Sleeper;
    struct Lines;

    impl Plugin for Sleeper {
        type Reader = Lines;
        fn describe() -> Descriptor {
            Descriptor { levels: Vec::new(), ..crate::testing::tests::descriptor() }
        }
        fn build_command(_task: &Task) -> Result<Command, PluginError> {
            Ok(Command::new("sleep"))
        }
        fn reader(_task: &Task) -> Lines {
            Lines
        }
    }

    impl Reader for Lines {
        fn line(&mut self, line: &str, events: &mut Vec<Event>) {
            if line.contains("licence") {
                events.push(Event::fault(Severity::Transient, Cause::Licence, line));
            }
        }
    }

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "sleeper".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            extensions: Vec::new(),
            supports: "*".into(),
            tools: Vec::new(),
            levels: Vec::new(),
            options_schema: serde_json::json!({}),
        }
    }

    #[test]
    fn a_case_shows_what_differs() {
        let dir = tempfile::tempdir().unwrap();
        let write = |expect: &str| {
            let text = format!(
                "about = 'x'\nframes = '-2-1,5'\nexit_code = 1\ndone = '0'\nlog = '''\nno licence\n'''\nexpect = \
                 '''\n{expect}\n'''\n"
            );
            fs::write(dir.path().join("a.toml"), text).unwrap();
        };
        write("transient licence: no licence\nverdict retry 30000: no licence");
        assert_eq!(check_all::<Sleeper>(dir.path()), Ok(1));
        write("verdict accept: fine");
        let difference = check_all::<Sleeper>(dir.path()).unwrap_err();
        assert!(
            difference.contains("verdict accept: fine") && difference.contains("verdict retry"),
            "{difference}"
        );
        let case = Case::read(&dir.path().join("a.toml")).unwrap();
        assert_eq!(case.outcome.frames_missing.to_string(), "-2,-1,1,5");
    }
}
