//! What the end of an attempt means for most DCCs. A plugin's `judge` looks at what is special about its DCC first
//! and leaves the rest to [`standard`].

use crate::{Cause, Decision, EndedBy, Fault, Outcome, Severity, Task, Verdict, report};

/// Waits longer with each try, up to five minutes.
#[must_use]
pub fn back_off(first_ms: u32, try_number: u32) -> u32 {
    first_ms.saturating_mul(1 << try_number.saturating_sub(1).min(10)).min(300_000)
}

/// The missing frames at the next level, or failed where this is the last of `levels`.
#[must_use]
pub fn fall_back(task: &Task, levels: usize, reason: &str) -> Verdict {
    if (task.level as usize) + 1 < levels {
        Verdict::new(Decision::FallBack, format!("{reason}; the next level may do better"))
    } else {
        Verdict::new(Decision::FailFrames, format!("{reason}; there is no level left to try"))
    }
}

/// The missing frames once more at this level, and at the next after that.
#[must_use]
pub fn retry_once(task: &Task, levels: usize, reason: &str) -> Verdict {
    if task.try_number <= 1 {
        Verdict::new(Decision::Retry { after_ms: 2_000 }, format!("{reason}; one more try"))
    } else {
        fall_back(task, levels, reason)
    }
}

/// Tries of a level in which the host may give more memory to what ran out of it.
const MEMORY_TRIES: u32 = 3;

/// The missing frames once more at this level, as long as more memory or another GPU may help, and at the next after that.
/// The host leases more for each try, and goes on to the next level by itself where the node has no more.
#[must_use]
pub fn out_of_memory(task: &Task, levels: usize, reason: &str) -> Verdict {
    if task.try_number < MEMORY_TRIES {
        let decision = Decision::Retry { after_ms: back_off(2_000, task.try_number) };
        Verdict::new(decision, format!("{reason}; another try, with more memory where there is more"))
    } else {
        fall_back(task, levels, reason)
    }
}

/// What a fault of the plugin's own making means. After a good end it is the host that refuses a file: the scene's own
/// output lies where farmhand may not write, and it does so at every level. Otherwise another level asks the DCC in
/// another way.
#[must_use]
pub fn own_fault(task: &Task, outcome: &Outcome, levels: usize, reason: &str) -> Verdict {
    match outcome.exit_code {
        Some(0) => Verdict::new(Decision::FailJob, reason),
        _ => fall_back(task, levels, reason),
    }
}

/// Whether a fault makes images doubtful that look whole: a renderer that ran out of GPU memory or misses its
/// licence still writes files, and says that it did.
#[must_use]
pub fn spoils_images(fault: &Fault) -> bool {
    fault.severity >= Severity::FrameFatal
        && matches!(
            fault.cause,
            Cause::Licence | Cause::Memory | Cause::MissingFile | Cause::Script | Cause::Gpu | Cause::Scene
        )
}

/// What the end of an attempt means when all that is known is how its process ended, which frames were verified, and
/// which faults were seen. `levels` is how many the plugin has.
#[must_use]
pub fn standard(task: &Task, outcome: &Outcome, levels: usize) -> Verdict {
    if let Some(reason) = outcome.fact(report::HOLD) {
        return Verdict::new(Decision::HoldJob, reason);
    }
    let spoiled = outcome.faults.iter().any(spoils_images);
    if outcome.frames_missing.is_empty() && !spoiled {
        return accept(outcome);
    }
    match outcome.ended_by {
        EndedBy::Lost => {
            return Verdict::new(
                Decision::Retry { after_ms: 0 },
                "the host lost the process, which says nothing about the frames",
            );
        }
        EndedBy::TimeLimit => return retry_once(task, levels, "it ran over its time limit"),
        EndedBy::Stall => {
            return retry_once(
                task,
                levels,
                "it was stuck: no output, no CPU use and no new file for too long",
            );
        }
        EndedBy::Itself => {}
    }
    if let Some(fault) = weightiest(&outcome.faults) {
        return for_fault(task, fault, levels);
    }
    for_end(task, outcome, levels)
}

fn accept(outcome: &Outcome) -> Verdict {
    let frames = outcome.frames_done.len();
    let all = if frames == 1 {
        "the frame is verified".to_owned()
    } else {
        format!("all {frames} frames are verified")
    };
    let reason = match (outcome.exit_code, outcome.signal) {
        (Some(0), _) | (None, None) => all,
        (Some(code), _) => format!("{all}; exit code {code} came after the last image"),
        (None, Some(signal)) => format!("{all}; signal {signal} came after the last image"),
    };
    Verdict::new(Decision::Accept, reason)
}

/// The fault that decides: one that no other node or try will change first, then one of this node, then those that
/// pass. Of equals the first, since what goes wrong first tends to cause the rest.
fn weightiest(faults: &[Fault]) -> Option<&Fault> {
    fn weight(fault: &Fault) -> u8 {
        match (fault.severity, fault.cause) {
            (Severity::FrameFatal, Cause::Script | Cause::Scene) => 0,
            (Severity::FrameFatal, Cause::MissingFile) => 1,
            (Severity::WorkerFatal, Cause::Memory | Cause::Gpu) => 2,
            (Severity::WorkerFatal, _) => 3,
            (Severity::FrameFatal, _) => 4,
            (Severity::Transient, _) => 5,
        }
    }
    faults.iter().min_by_key(|fault| weight(fault))
}

fn for_fault(task: &Task, fault: &Fault, levels: usize) -> Verdict {
    let message = fault.message.as_str();
    match (fault.severity, fault.cause) {
        // A script of one frame, such as a hook: the others may well be rendered.
        (Severity::FrameFatal, Cause::Script) if fault.frame.is_some() => {
            Verdict::new(Decision::FailFrames, message)
        }
        (Severity::FrameFatal, Cause::Script | Cause::Scene) => Verdict::new(Decision::FailJob, message),
        // Nobody may write there: the next frame would fail in the same way.
        (Severity::FrameFatal, Cause::Disk) => Verdict::new(Decision::FailJob, message),
        (Severity::FrameFatal, Cause::MissingFile) => match fault.frame {
            None => Verdict::new(Decision::FailJob, message),
            Some(_) => Verdict::new(Decision::FailFrames, message),
        },
        (Severity::FrameFatal | Severity::WorkerFatal, Cause::Memory) => out_of_memory(task, levels, message),
        (Severity::FrameFatal | Severity::WorkerFatal, Cause::Gpu) => fall_back(task, levels, message),
        (Severity::FrameFatal, _) => retry_once(task, levels, message),
        (Severity::WorkerFatal, _) => Verdict::new(Decision::QuarantineNode, message),
        (Severity::Transient, cause) => {
            let first_ms = if cause == Cause::Licence { 30_000 } else { 5_000 };
            Verdict::new(Decision::Retry { after_ms: back_off(first_ms, task.try_number) }, message)
        }
    }
}

/// No fault was seen: only the way it ended is left.
fn for_end(task: &Task, outcome: &Outcome, levels: usize) -> Verdict {
    if let Some(signal) = signal_of(outcome) {
        return match signal {
            9 => Verdict::new(
                Decision::Retry { after_ms: back_off(10_000, task.try_number) },
                "it was killed (signal 9) without a word, most likely because the machine ran out of memory",
            ),
            2 | 15 => Verdict::new(
                Decision::Retry { after_ms: 2_000 },
                format!("somebody ended the process (signal {signal})"),
            ),
            _ => retry_once(task, levels, &format!("it crashed (signal {signal})")),
        };
    }
    match outcome.exit_code {
        Some(0) => {
            fall_back(task, levels, &format!("it ended well but left no good image of {}", missing(outcome)))
        }
        Some(127) => Verdict::new(
            Decision::QuarantineNode,
            "the program could not start here (exit code 127): a shared library is missing",
        ),
        Some(code) => fall_back(
            task,
            levels,
            &format!("it ended with exit code {code} and left no image of {}", missing(outcome)),
        ),
        None => retry_once(task, levels, "it ended and nobody knows how"),
    }
}

/// The signal that ended it; a wrapper script reports its child's as 128 + n, Windows a crash as a status code.
#[must_use]
pub fn signal_of(outcome: &Outcome) -> Option<i32> {
    match (outcome.signal, outcome.exit_code) {
        (Some(signal), _) => Some(signal),
        (None, Some(code @ 129..=159)) => Some(code - 128),
        // 0xC0000005 and its kind: access violation, stack overflow, illegal instruction.
        (None, Some(code)) if (code as u32) >= 0xC000_0000 && (code as u32) < 0xC001_0000 => Some(11),
        _ => None,
    }
}

fn missing(outcome: &Outcome) -> String {
    match outcome.frames_missing.len() {
        1 => format!("frame {}", outcome.frames_missing),
        _ => format!("frames {}", outcome.frames_missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FrameRuns;

    fn fault(severity: Severity, cause: Cause, frame: Option<i32>) -> Fault {
        Fault { severity, cause, message: "it broke".into(), frame, about: None }
    }

    fn outcome(missing: bool) -> Outcome {
        let (frames_done, frames_missing) = if missing {
            (FrameRuns::range(1, 3), FrameRuns::range(4, 5))
        } else {
            (FrameRuns::range(1, 5), FrameRuns::default())
        };
        Outcome { exit_code: Some(1), frames_done, frames_missing, ..Outcome::default() }
    }

    fn decide(level: u32, try_number: u32, outcome: &Outcome) -> Decision {
        standard(&Task { level, try_number, ..Task::default() }, outcome, 2).decision
    }

    #[test]
    fn verified_frames_count_whatever_the_exit_code_says() {
        let verdict = standard(&Task::default(), &outcome(false), 2);
        assert_eq!(verdict.decision, Decision::Accept);
        assert_eq!(verdict.reason, "all 5 frames are verified; exit code 1 came after the last image");
    }

    #[test]
    fn whole_images_are_not_believed_after_a_fault_that_spoils_them() {
        for (cause, expected) in [
            (Cause::Memory, Decision::Retry { after_ms: 2_000 }),
            (Cause::Licence, Decision::QuarantineNode),
            (Cause::Crash, Decision::Accept),
            (Cause::Disk, Decision::Accept),
        ] {
            let spoiled =
                Outcome { faults: vec![fault(Severity::WorkerFatal, cause, None)], ..outcome(false) };
            assert_eq!(decide(0, 1, &spoiled), expected, "{cause:?}");
        }
    }

    #[test]
    fn the_fault_decides() {
        use Severity::{FrameFatal, Transient, WorkerFatal};
        for (seen, level, try_number, expected) in [
            (fault(FrameFatal, Cause::Script, None), 0, 1, Decision::FailJob),
            (fault(FrameFatal, Cause::Script, Some(4)), 0, 1, Decision::FailFrames),
            (fault(FrameFatal, Cause::MissingFile, None), 0, 1, Decision::FailJob),
            (fault(FrameFatal, Cause::MissingFile, Some(4)), 0, 1, Decision::FailFrames),
            (fault(FrameFatal, Cause::Disk, Some(4)), 0, 1, Decision::FailJob),
            (fault(WorkerFatal, Cause::Memory, None), 0, 1, Decision::Retry { after_ms: 2_000 }),
            (fault(FrameFatal, Cause::Memory, Some(4)), 1, 2, Decision::Retry { after_ms: 4_000 }),
            (fault(WorkerFatal, Cause::Memory, None), 0, 3, Decision::FallBack),
            (fault(WorkerFatal, Cause::Memory, None), 1, 3, Decision::FailFrames),
            (fault(WorkerFatal, Cause::Gpu, None), 0, 1, Decision::FallBack),
            (fault(WorkerFatal, Cause::Gpu, None), 1, 1, Decision::FailFrames),
            (fault(WorkerFatal, Cause::Disk, None), 0, 1, Decision::QuarantineNode),
            (fault(FrameFatal, Cause::Crash, Some(4)), 0, 1, Decision::Retry { after_ms: 2_000 }),
            (fault(FrameFatal, Cause::Crash, Some(4)), 0, 2, Decision::FallBack),
            (fault(Transient, Cause::Licence, None), 0, 2, Decision::Retry { after_ms: 60_000 }),
        ] {
            let outcome = Outcome { faults: vec![seen.clone()], ..outcome(true) };
            assert_eq!(decide(level, try_number, &outcome), expected, "{seen:?}");
        }
    }

    #[test]
    fn without_a_fault_the_way_it_ended_decides() {
        let ended = |exit_code, signal, ended_by| Outcome { exit_code, signal, ended_by, ..outcome(true) };
        for (end, level, try_number, expected) in [
            (ended(Some(0), None, EndedBy::Itself), 0, 1, Decision::FallBack),
            (ended(Some(0), None, EndedBy::Itself), 1, 1, Decision::FailFrames),
            (ended(Some(127), None, EndedBy::Itself), 0, 1, Decision::QuarantineNode),
            (ended(None, Some(9), EndedBy::Itself), 0, 1, Decision::Retry { after_ms: 10_000 }),
            (ended(Some(137), None, EndedBy::Itself), 0, 2, Decision::Retry { after_ms: 20_000 }),
            (ended(None, Some(11), EndedBy::Itself), 0, 1, Decision::Retry { after_ms: 2_000 }),
            (ended(Some(-1_073_741_819), None, EndedBy::Itself), 0, 2, Decision::FallBack),
            (ended(None, Some(9), EndedBy::Stall), 0, 2, Decision::FallBack),
            (ended(None, Some(9), EndedBy::TimeLimit), 1, 2, Decision::FailFrames),
            (ended(None, None, EndedBy::Lost), 1, 9, Decision::Retry { after_ms: 0 }),
        ] {
            assert_eq!(decide(level, try_number, &end), expected, "{end:?}");
        }
    }

    #[test]
    fn the_wait_grows_and_stops_growing() {
        assert_eq!(back_off(5_000, 1), 5_000);
        assert_eq!(back_off(5_000, 3), 20_000);
        assert_eq!(back_off(5_000, 30), 300_000);
    }
}
