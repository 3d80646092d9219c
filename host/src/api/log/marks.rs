//! What of a log is worth a mark beside it: faults, frames, what reads like an error, and the line that decided.

use super::known::Look;
use farmhand_model::dcc::{Fault, Severity};
use farmhand_model::log::{FaultMark, FrameMark, LogMarks, LogPlace};
use farmhand_model::view::AttemptView;
use farmhand_runner::{LineText, Lines, LogMark, Seen, plain};
use regex::bytes::RegexSet;
use std::io;
use std::time::Duration;

/// How long it may take; the search for errors goes on with the next request.
pub(in crate::api) const TIME: Duration = Duration::from_secs(1);
/// Of a fault's message this much is looked for in a log.
const LOOKED_FOR: usize = 200;

/// The marks of a log, with those that its readers left beside it and what the attempt says of itself.
pub(in crate::api) fn read(look: &Look, noted: Vec<LogMark>, attempt: &AttemptView) -> io::Result<LogMarks> {
    with_faults(
        look,
        noted,
        faults_of(attempt),
        attempt.verdict.as_ref().map(|verdict| verdict.reason.as_str()),
    )
}

fn with_faults(
    look: &Look,
    noted: Vec<LogMark>,
    faults: &[Fault],
    reason: Option<&str>,
) -> io::Result<LogMarks> {
    let mut known = look.known()?;
    let index = known.index.clone();
    let holes = index.holes().to_vec();
    known.errors.update(look, &holes)?;
    let mut marks = LogMarks {
        errors: known.errors.count(),
        error_lines: known.errors.lines().to_vec(),
        searched_bytes: known.errors.searched(),
        ..LogMarks::default()
    };
    drop(known);
    let mut noted: Vec<LogMark> = noted.into_iter().filter(|mark| mark.offset < index.scanned()).collect();
    noted.sort_by_key(|mark| mark.offset);
    let offsets: Vec<u64> = noted.iter().map(|mark| mark.offset).collect();
    let lines = index.lines_at(&look.log, &offsets)?;
    for (LogMark { offset, seen }, line) in noted.into_iter().zip(lines) {
        let place = LogPlace { line, offset };
        match seen {
            Seen::FrameStarted(frame) => marks.frames.push(FrameMark { place, frame, done: false }),
            Seen::FrameDone(frame) => marks.frames.push(FrameMark { place, frame, done: true }),
            Seen::Fault(fault) => marks.faults.push(FaultMark { place, index: None, fault }),
        }
    }
    let unplaced: Vec<&Fault> =
        faults.iter().filter(|fault| marks.faults.iter().all(|mark| mark.fault != **fault)).collect();
    marks.faults.extend(by_text(look, &unplaced)?);
    marks.faults.sort_by_key(|mark| mark.place.line);
    let mut taken = vec![false; faults.len()];
    for mark in &mut marks.faults {
        // The same fault may come many times.
        let own = (0..faults.len()).find(|index| !taken[*index] && faults[*index] == mark.fault);
        if let Some(index) = own {
            taken[index] = true;
            mark.index = u32::try_from(index).ok();
        }
    }
    marks.deciding = deciding(faults, reason)
        .and_then(|fault| marks.faults.iter().find(|mark| mark.fault == *fault))
        .map(|mark| mark.place);
    Ok(marks)
}

fn faults_of(attempt: &AttemptView) -> &[Fault] {
    match &attempt.outcome {
        Some(outcome) if attempt.faults.is_empty() => &outcome.faults,
        _ => &attempt.faults,
    }
}

/// The fault that a verdict goes by: one that its reason repeats, else the first of the worst.
fn deciding<'a>(faults: &'a [Fault], reason: Option<&str>) -> Option<&'a Fault> {
    let reason = reason?;
    let repeated = faults.iter().find(|fault| !fault.message.is_empty() && reason.contains(&fault.message));
    repeated.or_else(|| {
        let rank = |fault: &&Fault| match fault.severity {
            Severity::WorkerFatal => 0,
            Severity::FrameFatal => 1,
            Severity::Transient => 2,
        };
        faults.iter().min_by_key(rank)
    })
}

/// Where the messages of faults are said whose line nobody wrote down: those of older attempts, and those that the host
/// found itself. Each one's first line in the log; none where its text is not there, or it was not found in time.
fn by_text(look: &Look, faults: &[&Fault]) -> io::Result<Vec<FaultMark>> {
    let texts = faults.iter().map(|fault| {
        let text = fault.message.lines().next().unwrap_or_default().trim();
        let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= LOOKED_FOR).unwrap_or(text.len());
        regex::escape(&text[..end])
    });
    // A short message is said everywhere.
    let (faults, texts): (Vec<&Fault>, Vec<String>) =
        faults.iter().copied().zip(texts).filter(|(_, text)| text.len() >= 8).unzip();
    let set = match RegexSet::new(&texts) {
        Ok(set) if !faults.is_empty() => set,
        _ => return Ok(Vec::new()),
    };
    let mut found: Vec<Option<LogPlace>> = vec![None; faults.len()];
    let mut lines = Lines::new(look.log.clone(), farmhand_runner::LineStart { number: 1, offset: 0 });
    while let Some(line) = lines.next_line()? {
        if line.start.number.is_multiple_of(512) && look.stop.is_due() {
            break;
        }
        let LineText::Kept { bytes, .. } = line.text else { continue };
        let text = plain(bytes);
        if !set.is_match(&text) {
            continue;
        }
        for fault in set.matches(&text) {
            found[fault].get_or_insert(LogPlace { line: line.start.number, offset: line.start.offset });
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    let placed = faults.into_iter().zip(found);
    Ok(placed
        .filter_map(|(fault, place)| Some(FaultMark { place: place?, index: None, fault: fault.clone() }))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::log::tests::Log;
    use farmhand_model::dcc::Cause;

    fn fault(severity: Severity, message: &str) -> Fault {
        Fault { severity, cause: Cause::Other, message: message.to_owned(), frame: None, about: None }
    }

    #[test]
    fn the_deciding_fault_is_the_one_that_the_reason_repeats_else_the_first_of_the_worst() {
        let faults = [
            fault(Severity::Transient, "slow disk"),
            fault(Severity::FrameFatal, "no wood.exr"),
            fault(Severity::FrameFatal, "no bark.exr"),
        ];
        let check = |reason: Option<&str>, expect: Option<&str>| {
            assert_eq!(deciding(&faults, reason).map(|fault| fault.message.as_str()), expect, "{reason:?}");
        };
        check(None, None);
        check(Some("the texture is missing"), Some("no wood.exr"));
        check(Some("gives up: no bark.exr"), Some("no bark.exr"));
        check(Some("slow disk, tried three times"), Some("slow disk"));
        assert_eq!(deciding(&[], Some("all is well")), None);
    }

    #[test]
    fn marks_stand_at_lines_noted_or_found_by_text() {
        let log =
            Log::new(b"Fra:1 begins\nError: no wood.exr in /tex\nSaved: 1\nno bark.exr anywhere\n", &[]);
        let look = Look::at(log.files(), false, Duration::from_secs(3600));
        let noted_fault = fault(Severity::FrameFatal, "no wood.exr");
        let found_fault = fault(Severity::FrameFatal, "no bark.exr anywhere");
        let unsaid = fault(Severity::Transient, "the image is black");
        let noted = vec![
            LogMark { offset: 41, seen: Seen::FrameDone(1) },
            LogMark { offset: 0, seen: Seen::FrameStarted(1) },
            LogMark { offset: 13, seen: Seen::Fault(noted_fault.clone()) },
            // Of a reader that was ahead of this look.
            LogMark { offset: 9_999, seen: Seen::FrameStarted(2) },
        ];
        let faults = [unsaid, noted_fault, found_fault];
        let marks = with_faults(&look, noted, &faults, Some("no bark.exr anywhere")).unwrap();
        let places: Vec<_> = marks.faults.iter().map(|mark| (mark.place.line, mark.index)).collect();
        assert_eq!(places, [(2, Some(1)), (4, Some(2))]);
        let frames: Vec<_> =
            marks.frames.iter().map(|mark| (mark.place.line, mark.frame, mark.done)).collect();
        assert_eq!(frames, [(1, 1, false), (3, 1, true)]);
        assert_eq!((marks.errors, marks.error_lines.as_slice()), (1, &[2][..]));
        assert_eq!(marks.deciding.map(|place| place.line), Some(4));
    }
}
