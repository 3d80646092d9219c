//! A case as a file: read, and written again where a person asks for it.

use super::told;
use crate::{EndedBy, Event, FrameRun, FrameRuns, Gpu, Job, Outcome, Plugin, Reader, Task};
use serde::Deserialize;
use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

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
    /// The version of the DCC that can be asked for the same on a machine that has it, such as `3.4`.
    pub ask_again: Option<String>,
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
    /// UUIDs of the GPUs leased.
    #[serde(default)]
    gpus: Vec<String>,
    #[serde(default)]
    options: serde_json::Map<String, serde_json::Value>,
    #[serde(default = "scratch")]
    scratch: String,
    #[serde(default = "staging")]
    staging: String,
    ask_again: Option<String>,
    log: Spanned<String>,
    /// Absent in a case that is new: accepting writes it.
    expect: Option<Spanned<String>>,
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

fn scratch() -> String {
    "/farm/attempts/7/scratch".into()
}

fn staging() -> String {
    "/show/out/.staging/7".into()
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
            gpus: file.gpus.into_iter().map(|uuid| Gpu { uuid, ..Gpu::default() }).collect(),
            scratch: file.scratch,
            staging: file.staging,
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
        let log = file.log.as_ref().split_terminator('\n').map(str::to_owned).collect();
        let expect = file.expect.map(|expect| expect.as_ref().trim().to_owned()).unwrap_or_default();
        Ok(Self { path: path.to_owned(), task, log, outcome, expect, ask_again: file.ask_again })
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

    /// What people call it: its file's name without the extension.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default()
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

    /// Compares what was told with what is expected.
    ///
    /// # Errors
    /// Both texts, where they differ.
    pub fn compare(&self, told: &str) -> Result<(), String> {
        if told == self.expect {
            return Ok(());
        }
        Err(format!("{}\n--- expected\n{}\n+++ seen\n{told}\n", self.path.display(), self.expect))
    }

    /// The same; but where the environment asks for it, what was told is written down as what is expected.
    ///
    /// # Errors
    /// Both texts, where they differ, or the file cannot be written.
    pub fn settle(&self, told: &str) -> Result<(), String> {
        let compared = self.compare(told);
        if compared.is_ok() || !super::accepting() {
            return compared;
        }
        self.rewrite("expect", &format!("{told}\n"), |file| file.expect.as_ref().map(Spanned::span))
    }

    /// Puts another log in the place of the recorded one; whatever was printed reads back exactly.
    ///
    /// # Errors
    /// The file cannot be written any more, or is no case any more.
    pub fn record(&self, log: &str) -> Result<(), String> {
        self.rewrite("log", log, |file| Some(file.log.span()))
    }

    /// Replaces one value and leaves the rest of the file as people wrote it.
    fn rewrite(
        &self,
        key: &str,
        text: &str,
        place: impl Fn(&File) -> Option<Range<usize>>,
    ) -> Result<(), String> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", self.path.display());
        let source = fs::read_to_string(&self.path).map_err(|error| named(&error))?;
        let file: File = toml::from_str(&source).map_err(|error| named(&error))?;
        let value = quoted(text);
        let written = match place(&file) {
            Some(Range { start, end }) => format!("{}{value}{}", &source[..start], &source[end..]),
            None => format!("{}\n{key} = {value}\n", source.trim_end()),
        };
        fs::write(&self.path, written).map_err(|error| named(&error))
    }
}

/// As a TOML string that reads back exactly. People read these, so it is the text as it stands wherever a literal
/// string can hold it; carriage returns, escape sequences and `'''` need escapes.
fn quoted(text: &str) -> String {
    let stands = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    if text.chars().all(stands) && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    let mut quoted = String::from("\"\"\"\n");
    for c in text.chars() {
        match c {
            '\\' | '"' => quoted.extend(['\\', c]),
            c if stands(c) => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
        }
    }
    quoted + "\"\"\""
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

    fn case(dir: &Path, rest: &str) -> Case {
        let path = dir.join("a.toml");
        fs::write(&path, format!("about = 'x'  # kept\nframes = '1'\nlog = '''\nold\n'''\n{rest}")).unwrap();
        Case::read(&path).unwrap()
    }

    #[test]
    fn a_recorded_log_reads_back_exactly() {
        let dir = tempfile::tempdir().unwrap();
        for log in [
            "",
            "\n",
            "\n\ntwo empty lines first\n",
            "one\ntwo\n",
            "no end",
            "it said '''quoted''' and \"\"\"quoted\"\"\"\n",
            "ends with '",
            "Fra:1\rFra:2\r\nC:\\temp\\new\ttab\n",
            "\u{1b}[31mred\u{1b}[0m \u{0}\u{7f} Größe \u{2028}\n",
            "expect = '''\nverdict accept\n'''\n",
        ] {
            let case = case(dir.path(), "expect = '''\nkept\n'''\n");
            case.record(log).unwrap();
            let text = fs::read_to_string(&case.path).unwrap();
            let file: File = toml::from_str(&text).unwrap();
            assert_eq!(file.log.as_ref(), log, "{text}");
            assert!(text.starts_with("about = 'x'  # kept\n"), "{text}");
            let again = Case::read(&case.path).unwrap();
            assert_eq!(again.expect, "kept");
            assert_eq!(again.log.join("\n"), log.strip_suffix('\n').unwrap_or(log), "{log:?}");
        }
    }

    #[test]
    fn an_expectation_is_written_where_there_is_none_and_replaced_where_there_is_one() {
        let dir = tempfile::tempdir().unwrap();
        for rest in ["", "expect = 'old'\n", "expect = '''\nold\n'''\nexit_code = 1\n"] {
            let case = case(dir.path(), rest);
            let place = |file: &File| file.expect.as_ref().map(Spanned::span);
            case.rewrite("expect", "verdict accept: '''fine'''\n", place).unwrap();
            let again = Case::read(&case.path).unwrap();
            assert_eq!(again.expect, "verdict accept: '''fine'''", "{rest}");
            assert_eq!((again.log, again.outcome), (case.log, case.outcome), "{rest}");
        }
    }
}
