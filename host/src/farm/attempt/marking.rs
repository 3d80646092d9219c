//! Where in the log an event of the reader comes from. A reader is given up to a batch of lines at once and does not say
//! which of them it means, so within a batch the line is found by its text.

use farmhand_model::dcc::ReaderEvent;
use farmhand_runner::Batch;
use std::collections::BTreeSet;

/// Where the line of this event begins; the batch's last line where none says it.
pub(super) fn place_of(event: &ReaderEvent, batch: &Batch) -> u64 {
    let lines = &batch.lines;
    let found = match event {
        _ if lines.len() <= 1 => None,
        ReaderEvent::FrameStarted(frame) => lines.iter().position(|line| names_frame(line, *frame)),
        ReaderEvent::FrameDone(image) | ReaderEvent::FrameSkipped(image) => {
            let name = image.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let by_name = lines.iter().position(|line| !name.is_empty() && line.contains(name));
            by_name.or_else(|| lines.iter().rposition(|line| names_frame(line, image.frame)))
        }
        ReaderEvent::Fault(fault) => line_of_message(lines, &fault.message),
        _ => None,
    };
    let line = found.unwrap_or(lines.len().saturating_sub(1));
    batch.starts.get(line).copied().unwrap_or(batch.offset)
}

/// Whether a line has this frame's number, zeros before it aside.
fn names_frame(line: &str, frame: i32) -> bool {
    line.split(|c: char| !c.is_ascii_digit() && c != '-')
        .any(|word| word.trim_start_matches('-').len() < 12 && word.parse() == Ok(frame))
}

/// The line that a message repeats, or that has most of its words.
fn line_of_message(lines: &[String], message: &str) -> Option<usize> {
    let message = message.trim();
    let repeats = |line: &String| {
        let line = line.trim();
        line.len() >= 8 && (line.contains(message) || message.contains(line))
    };
    lines.iter().position(repeats).or_else(|| {
        let wanted: BTreeSet<&str> = words(message).collect();
        let shared = |line: &String| words(line).filter(|word| wanted.contains(word)).count();
        let (best, line) = lines.iter().enumerate().map(|(index, line)| (shared(line), index)).max_by_key(
            |(n, index)| {
                // The first one of equals.
                (*n, usize::MAX - index)
            },
        )?;
        (best >= 2).then_some(line)
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::{Cause, Fault, ImageOutput, Severity};

    #[test]
    fn an_event_is_placed_at_the_line_that_says_it() {
        let lines = [
            "Fra:12 Mem:10M | Time:00:00.12",
            "Warning: Path 'wood.exr' not found",
            "Traceback (most recent call last):",
            "RuntimeError: Error: Cannot read file \"/tex/wood.exr\"",
            "Saved: '/out/beauty.0012.exr'",
            "Fra:13 Mem:10M | Time:00:00.01",
            "done",
        ];
        let batch = Batch {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            starts: (0..lines.len() as u64).map(|n| n * 100).collect(),
            offset: 700,
        };
        let check =
            |event: ReaderEvent, line: u64| assert_eq!(place_of(&event, &batch), line * 100, "{event:?}");
        let image = |frame, path: &str| ImageOutput { frame, path: path.into(), place: None };
        let fault = |message: &str| {
            ReaderEvent::Fault(Fault {
                severity: Severity::FrameFatal,
                cause: Cause::Other,
                message: message.to_owned(),
                frame: None,
                about: None,
            })
        };
        check(ReaderEvent::FrameStarted(12), 0);
        check(ReaderEvent::FrameStarted(13), 5);
        check(ReaderEvent::FrameStarted(99), 6);
        check(ReaderEvent::FrameDone(image(12, "/out/beauty.0012.exr")), 4);
        check(ReaderEvent::FrameDone(image(13, "/out/other.exr")), 5);
        check(fault("RuntimeError: Error: Cannot read file \"/tex/wood.exr\""), 3);
        check(
            fault("the script raised: RuntimeError: Error: Cannot read file \"/tex/wood.exr\" in line 3"),
            3,
        );
        check(fault("path wood.exr was not found"), 1);
        check(fault("something else"), 6);
    }

    #[test]
    fn one_line_is_the_line() {
        let batch = Batch { lines: vec!["x".to_owned()], starts: vec![40], offset: 42 };
        assert_eq!(place_of(&ReaderEvent::FrameStarted(1), &batch), 40);
        let none = Batch { lines: Vec::new(), starts: Vec::new(), offset: 42 };
        assert_eq!(place_of(&ReaderEvent::FrameStarted(1), &none), 42);
    }
}
