//! A log once more through a plugin's reader and judge, as the daemon would: nothing is run, nothing is written, and
//! the images that a log tells of are not looked at.

use super::KEPT;
use farmhand_model::dcc::{Cause, Fact, Fault, Outcome, ReaderEvent, Severity, TaskContext, Verdict};
use farmhand_model::{EndedBy, FrameSet, Seconds, Usage};
use farmhand_plugin::{LoadedPlugin, PluginError};
use farmhand_runner::{LogFiles, LogTail};
use std::io;
use std::path::Path;

/// Lines that the daemon hands to a reader at once.
const BATCH: usize = 64;

/// How lines are handed to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// As many at once as the daemon does.
    Batches,
    /// This many.
    Lines(usize),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessEnd {
    /// The exit code, where it ended with one.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// How long it ran.
    pub seconds: Seconds,
}

impl ProcessEnd {
    /// By itself, with exit code 0.
    #[must_use]
    pub fn good() -> Self {
        Self { exit_code: Some(0), signal: None, ended_by: EndedBy::Itself, seconds: Seconds(0.0) }
    }
}

/// What is known of the frames that were rendered.
#[derive(Debug, Clone, PartialEq)]
pub enum Done {
    /// These were verified: the log is not believed where the truth is known.
    Verified(FrameSet),
    /// Nobody has looked: those that the log says are done.
    Told,
    /// The same, and the task's own frames are those that the log speaks of.
    ToldWithTask,
}

/// What is fed to a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// What the process had been given.
    pub task: TaskContext,
    /// What it printed.
    pub log: Vec<String>,
    /// How it ended.
    pub end: ProcessEnd,
    /// Which frames came of it.
    pub done: Done,
    /// What the host itself had found wrong with it, which the plugin is told besides what its reader says.
    pub host_faults: Vec<Fault>,
}

/// One event with the line of the log that it comes from, counted from 1; with [`Feed::Batches`] the last of its batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The line.
    pub line: usize,
    /// The event.
    pub event: ReaderEvent,
}

/// What a plugin made of a log.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What its reader saw.
    pub events: Vec<Seen>,
    /// Why it broke off, where it did.
    pub broke_off: Option<PluginError>,
    /// What its judge was told.
    pub outcome: Outcome,
    /// What it decided.
    pub verdict: Result<Verdict, PluginError>,
}

impl Trial {
    /// Events and verdict, or the first error.
    ///
    /// # Errors
    /// The reader or the judge failed.
    pub fn told(&self) -> Result<(&[Seen], &Verdict), &PluginError> {
        match (&self.broke_off, &self.verdict) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(verdict)) => Ok((&self.events, verdict)),
        }
    }
}

/// Feeds a log to a plugin. A reader that fails has a fault in its place, as in the daemon, and the judge is asked all
/// the same.
pub async fn run(plugin: &LoadedPlugin, input: &Input, feed: Feed) -> Trial {
    let (events, broke_off) = read(plugin, &input.task, &input.log, feed).await;
    let told = Told::of(&events);
    let mut task = input.task.clone();
    let frames_done = match &input.done {
        Done::Verified(frames) => frames.clone(),
        Done::Told => told.done.intersection(&task.frames),
        Done::ToldWithTask => {
            task.frames = told.started.union(&told.done);
            told.done.clone()
        }
    };
    let mut faults = told.faults;
    faults.extend(broke_off.as_ref().map(reader_failed));
    faults.extend(input.host_faults.iter().cloned());
    let outcome = Outcome {
        exit_code: input.end.exit_code,
        signal: input.end.signal,
        ended_by: input.end.ended_by,
        seconds: input.end.seconds,
        frames_missing: task.frames.difference(&frames_done),
        frames_done,
        faults,
        facts: told.facts,
        usage: Usage::default(),
    };
    let verdict = plugin.judge(&task, &outcome).await;
    Trial { events, broke_off, outcome, verdict }
}

async fn read(
    plugin: &LoadedPlugin,
    task: &TaskContext,
    log: &[String],
    feed: Feed,
) -> (Vec<Seen>, Option<PluginError>) {
    let mut events = Vec::new();
    let mut reader = match plugin.reader(task).await {
        Ok(reader) => reader,
        Err(error) => return (events, Some(error)),
    };
    let at_once = match feed {
        Feed::Batches => BATCH,
        Feed::Lines(lines) => lines.max(1),
    };
    let mut line = 0;
    for lines in log.chunks(at_once) {
        line += lines.len();
        match reader.read(lines).await {
            Ok(read) => events.extend(read.into_iter().map(|event| Seen { line, event })),
            Err(error) => return (events, Some(error)),
        }
    }
    match reader.finish().await {
        Ok(rest) => events.extend(rest.into_iter().map(|event| Seen { line, event })),
        Err(error) => return (events, Some(error)),
    }
    (events, None)
}

/// The fault that stands for a reader that failed.
fn reader_failed(error: &PluginError) -> Fault {
    Fault {
        severity: Severity::Transient,
        cause: Cause::Plugin,
        message: format!("{}, so the rest of the output was not read: {error}", super::READER_FAILED),
        frame: None,
        about: None,
    }
}

/// What a log tells, as far as an outcome holds it.
#[derive(Default)]
struct Told {
    started: FrameSet,
    done: FrameSet,
    faults: Vec<Fault>,
    facts: Vec<Fact>,
}

impl Told {
    fn of(events: &[Seen]) -> Self {
        let mut told = Self::default();
        for seen in events {
            match &seen.event {
                ReaderEvent::FrameStarted(frame) => {
                    told.started.insert(*frame);
                }
                ReaderEvent::FrameDone(image) | ReaderEvent::FrameSkipped(image) => {
                    told.done.insert(image.frame);
                }
                ReaderEvent::Fault(fault) if told.faults.len() < KEPT => told.faults.push(fault.clone()),
                ReaderEvent::Fact(fact) if told.facts.len() < KEPT && !told.facts.contains(fact) => {
                    told.facts.push(fact.clone());
                }
                _ => {}
            }
        }
        told
    }
}

/// All lines of a log, cut as the daemon cuts them.
///
/// # Errors
/// It is not there, or cannot be read.
pub async fn lines_of(log: &Path) -> io::Result<Vec<String>> {
    // The tail of a log waits for one that is not there yet; here that is an error.
    LogFiles::open(log)?;
    let mut tail = LogTail::new(log, 0);
    tail.handle().finish();
    let mut lines = Vec::new();
    while let Some(batch) = tail.next().await {
        lines.extend(batch.lines);
        // A long log is read from the disk's cache without ever waiting, and the daemon has other things to do.
        tokio::task::yield_now().await;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::ImageOutput;

    #[test]
    fn a_log_tells_of_frames_and_of_each_fact_once() {
        let image = ImageOutput { frame: 1, path: "/out/1.png".into(), place: None };
        let fact = Fact { name: "device".to_owned(), value: "CPU".to_owned() };
        let fault = Fault {
            severity: Severity::Transient,
            cause: Cause::Other,
            message: "x".to_owned(),
            frame: None,
            about: None,
        };
        let mut events = vec![
            ReaderEvent::FrameStarted(1),
            ReaderEvent::FrameDone(image),
            ReaderEvent::FrameStarted(2),
            ReaderEvent::Fact(fact.clone()),
            ReaderEvent::Fact(fact),
        ];
        events.extend(std::iter::repeat_n(ReaderEvent::Fault(fault), KEPT + 1));
        let events: Vec<Seen> = events.into_iter().map(|event| Seen { line: 1, event }).collect();
        let told = Told::of(&events);
        assert_eq!((told.started.to_string(), told.done.to_string()), ("1,2".to_owned(), "1".to_owned()));
        // As many as the daemon keeps.
        assert_eq!((told.facts.len(), told.faults.len()), (1, KEPT));
    }
}
