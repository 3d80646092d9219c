//! Reader and judge over recorded logs: every event and the verdict, compared with the text beside the log.
//! `FARMHAND_BLESS=1` writes that text anew; read the difference before you commit it.

use crate::cases::{self, Case, FARM};
use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

/// What an attempt's log and end came to.
pub struct Replayed {
    pub events: Vec<Event>,
    pub verdict: Verdict,
}

/// Reads a log as a host hands it over, in batches, and believes every image that the reader reports.
pub fn replay(task: &Task, log: &str, exit_code: i32) -> Replayed {
    let mut reader = Blender::reader(task);
    let mut events = Vec::new();
    let lines: Vec<String> = log.lines().map(str::to_owned).collect();
    for batch in lines.chunks(64) {
        events.extend(reader.read(batch).unwrap());
    }
    reader.finish(&mut events);
    let verdict = judge(task, &events, exit_code);
    Replayed { events, verdict }
}

/// The verdict when every image that was reported is whole, and for a movie when Blender ended well.
pub fn judge(task: &Task, events: &[Event], exit_code: i32) -> Verdict {
    let mut done: BTreeSet<i32> = BTreeSet::new();
    let (mut faults, mut facts) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::FrameDone(image) | Event::FrameSkipped(image) => {
                done.insert(image.frame);
            }
            Event::Fault(fault) => faults.push(fault.clone()),
            Event::Fact(fact) => facts.push(fact.clone()),
            _ => {}
        }
    }
    let movie =
        Blender::build_command(task).unwrap().outputs.iter().any(|output| matches!(output, Output::Movie(_)));
    if movie && exit_code == 0 {
        done.extend(task.frames.iter());
    }
    let outcome = Outcome {
        exit_code: Some(exit_code),
        frames_done: task.frames.iter().filter(|frame| done.contains(frame)).collect(),
        frames_missing: task.frames.iter().filter(|frame| !done.contains(frame)).collect(),
        faults,
        facts,
        ..Outcome::default()
    };
    Blender::judge(task, &outcome).unwrap()
}

pub fn logs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/logs")
}

fn written(replayed: &Replayed) -> String {
    let mut text = String::new();
    for event in &replayed.events {
        match event {
            Event::FrameStarted(frame) => writeln!(text, "started {frame}"),
            Event::Progress(part) => writeln!(text, "progress {part:.2}"),
            Event::FrameDone(image) => {
                writeln!(text, "done {} {} -> {}", image.frame, image.path, place(image))
            }
            Event::FrameSkipped(image) => {
                writeln!(text, "skipped {} {} -> {}", image.frame, image.path, place(image))
            }
            Event::Warning(warning) => writeln!(text, "warning {warning}"),
            Event::Fault(Fault { severity, cause, message, frame, about: None }) => {
                let frame = frame.map_or("all".to_owned(), |frame| frame.to_string());
                writeln!(text, "fault {severity:?} {cause:?} frame {frame}: {message}")
            }
            Event::MemoryBytes(bytes) => writeln!(text, "memory {} MiB", bytes >> 20),
            Event::Fact(fact) if fact.name == "peak-memory" => Ok(()),
            Event::Fact(fact) => writeln!(text, "fact {} = {}", fact.name, fact.value),
        }
        .unwrap();
    }
    writeln!(text, "verdict {:?}: {}", replayed.verdict.decision, replayed.verdict.reason).unwrap();
    text
}

fn place(image: &Image) -> &str {
    image.place.as_deref().unwrap_or("stays")
}

fn check(case: &Case) -> Result<(), String> {
    let log = logs().join(format!("{}.log", case.name));
    let text = std::fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let actual = written(&replay(&case.task(FARM), &text, case.exit));
    let path = log.with_extension("events");
    if std::env::var_os("FARMHAND_BLESS").is_some() {
        std::fs::write(&path, actual).map_err(|error| error.to_string())?;
        return Ok(());
    }
    let expected = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if actual == expected { Ok(()) } else { Err(format!("{}:\n{actual}", case.name)) }
}

#[test]
fn every_recorded_log_is_read_as_expected() {
    let failures: Vec<String> =
        cases::blender_3_4().iter().chain(&cases::elsewhere()).filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A log that ends anywhere gives no fault that the whole log does not give.
#[test]
fn a_log_that_is_cut_off_invents_nothing() {
    for case in cases::blender_3_4() {
        let text = std::fs::read_to_string(logs().join(format!("{}.log", case.name))).unwrap();
        let task = case.task(FARM);
        let faults = |text: &str| -> Vec<String> {
            let events = replay(&task, text, case.exit).events.into_iter();
            events
                .filter_map(|event| if let Event::Fault(fault) = event { Some(fault.message) } else { None })
                .collect()
        };
        let whole = faults(&text);
        let lines: Vec<&str> = text.lines().collect();
        for end in 0..lines.len() {
            for fault in faults(&lines[..end].join("\n")) {
                assert!(whole.contains(&fault), "{} cut after line {end}: {fault}", case.name);
            }
        }
    }
}
