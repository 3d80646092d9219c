//! Why frames left a level: which fault counts, and the bounded record of it.

use farmhand_model::dcc::{Cause, Fault, Outcome, Verdict};
use farmhand_model::fallback::Fallback;
use farmhand_model::{EndedBy, JobRecord};
use std::cmp::Reverse;

/// The fault that an end is about: of those that the verdict quotes, or else of all, the first of the worst ones.
pub(crate) fn weightiest<'a>(outcome: &'a Outcome, verdict: &Verdict) -> Option<&'a Fault> {
    let is_quoted = |fault: &&Fault| !fault.message.is_empty() && verdict.reason.contains(&fault.message);
    let worst =
        |faults: &mut dyn Iterator<Item = &'a Fault>| faults.min_by_key(|fault| Reverse(fault.severity));
    worst(&mut outcome.faults.iter().filter(is_quoted)).or_else(|| worst(&mut outcome.faults.iter()))
}

/// What kind of failure an end was: what its weightiest fault is about, or else how its process ended.
pub(crate) fn cause_of(outcome: &Outcome, verdict: &Verdict) -> Cause {
    match (weightiest(outcome, verdict), outcome.ended_by) {
        (Some(fault), _) => fault.cause,
        (None, EndedBy::TimeLimit | EndedBy::Stall) => Cause::Timeout,
        (None, _) if outcome.signal.is_some() => Cause::Crash,
        (None, _) => Cause::Other,
    }
}

/// Adds to a job's record of fallbacks. What nothing tells apart is one; past the bound, what differs by its reason
/// alone is one too, and the rest is bounded by layers, levels and causes.
pub(crate) fn remember(fallbacks: &mut Vec<Fallback>, new: Fallback) {
    let is_full = fallbacks.len() >= JobRecord::FALLBACKS;
    let is_same = |old: &Fallback| {
        (old.layer, &old.from, &old.to, old.cause) == (new.layer, &new.from, &new.to, new.cause)
    };
    let twin = fallbacks.iter().position(|old| is_same(old) && old.reason == new.reason);
    let twin = twin.or_else(|| fallbacks.iter().position(is_same).filter(|_| is_full));
    match twin {
        Some(index) => fallbacks[index].frames.extend(&new.frames),
        None => fallbacks.push(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_env::{fault, set};
    use farmhand_model::dcc::{Decision, Severity};
    use farmhand_model::{AttemptId, FrameSet, Seconds};

    fn ended(faults: &[(Severity, Cause)]) -> Outcome {
        Outcome {
            exit_code: Some(1),
            signal: None,
            ended_by: EndedBy::Itself,
            seconds: Seconds(1.0),
            frames_done: FrameSet::new(),
            frames_missing: FrameSet::new(),
            faults: faults.iter().map(|(severity, cause)| fault(*severity, *cause, None)).collect(),
            facts: Vec::new(),
            usage: Default::default(),
        }
    }

    fn fall_back(reason: &str) -> Verdict {
        Verdict { decision: Decision::FallBack, reason: reason.to_owned() }
    }

    fn check(faults: &[(Severity, Cause)], reason: &str, expect: Option<Cause>) {
        let found = weightiest(&ended(faults), &fall_back(reason)).map(|fault| fault.cause);
        assert_eq!(found, expect);
    }

    #[test]
    fn without_a_fault_the_way_it_ended_is_the_cause() {
        let check = |signal, ended_by, expect| {
            let outcome = Outcome { signal, ended_by, ..ended(&[]) };
            assert_eq!(cause_of(&outcome, &fall_back("it failed")), expect);
        };
        check(Some(11), EndedBy::Itself, Cause::Crash);
        check(Some(9), EndedBy::Stall, Cause::Timeout);
        check(None, EndedBy::TimeLimit, Cause::Timeout);
        check(None, EndedBy::Itself, Cause::Other);
    }

    #[test]
    fn the_quoted_fault_counts_or_else_the_first_of_the_worst() {
        use Severity::{FrameFatal, Transient, WorkerFatal};
        check(&[], "it failed", None);
        let faults = [
            (Transient, Cause::Disk),
            (WorkerFatal, Cause::Gpu),
            (WorkerFatal, Cause::Crash),
            (FrameFatal, Cause::Script),
        ];
        check(&faults, "it failed", Some(Cause::Gpu));
        // The messages of test faults are their causes.
        check(&faults, "it failed: Disk", Some(Cause::Disk));
        check(&faults, "it failed: Disk, then Script", Some(Cause::Script));
    }

    #[test]
    fn the_record_stays_small_and_keeps_every_frame() {
        let fall_back = |frame: i32, reason: String| Fallback {
            layer: 0,
            frames: set(&frame.to_string()),
            from: "render".to_owned(),
            to: "safe".to_owned(),
            cause: Cause::Crash,
            reason,
            attempt: AttemptId(frame as u64),
        };
        let mut fallbacks = Vec::new();
        for frame in 1..=100 {
            remember(&mut fallbacks, fall_back(frame, "the same".to_owned()));
        }
        assert_eq!((fallbacks.len(), fallbacks[0].frames.to_string()), (1, "1-100".to_owned()));
        assert_eq!(fallbacks[0].attempt, AttemptId(1), "the first one");
        for frame in 101..=300 {
            remember(&mut fallbacks, fall_back(frame, format!("reason {frame}")));
        }
        assert_eq!(fallbacks.len(), JobRecord::FALLBACKS);
        let all = fallbacks.iter().fold(FrameSet::new(), |all, one| all.union(&one.frames));
        assert_eq!(all, set("1-300"));
        let other = Fallback { to: "minimal".to_owned(), ..fall_back(7, "the same".to_owned()) };
        remember(&mut fallbacks, other);
        assert_eq!(fallbacks.len(), JobRecord::FALLBACKS + 1, "other levels are never merged");
    }
}
