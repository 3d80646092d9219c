//! How an attempt ended, and what that means; what is recorded with its log is under `tests/corpus/nuke`.

use crate::{job, task};
use farmhand_nuke::Nuke;
use farmhand_sdk::prelude::*;
use serde_json::json;

fn ended(exit_code: i32) -> Outcome {
    Outcome { exit_code: Some(exit_code), frames_missing: FrameRuns::range(1001, 1002), ..Outcome::default() }
}

fn with(outcome: Outcome, severity: Severity, cause: Cause, frame: Option<i32>) -> Outcome {
    let fault = Fault { severity, cause, message: "it broke".into(), frame, about: None };
    Outcome { faults: vec![fault], ..outcome }
}

fn decide(level: u32, try_number: u32, outcome: &Outcome) -> Verdict {
    Nuke::judge(&Task { try_number, ..task(job(json!({})), level) }, outcome).unwrap()
}

#[test]
fn the_ladder() {
    use Severity::{FrameFatal, Transient, WorkerFatal};
    for (outcome, level, try_number, expected) in [
        (ended(100), 0, 1, Decision::Retry { after_ms: 30_000 }),
        (ended(100), 0, 3, Decision::Retry { after_ms: 120_000 }),
        (with(ended(100), Transient, Cause::Licence, None), 0, 2, Decision::Retry { after_ms: 60_000 }),
        (with(ended(100), WorkerFatal, Cause::Licence, None), 0, 1, Decision::QuarantineNode),
        (with(ended(100), FrameFatal, Cause::Licence, None), 0, 1, Decision::HoldJob),
        (ended(0), 0, 1, Decision::FallBack),
        (ended(0), 2, 1, Decision::FailFrames),
        (ended(1), 1, 1, Decision::FallBack),
        (with(ended(1), FrameFatal, Cause::Plugin, None), 0, 1, Decision::FallBack),
        (with(ended(0), FrameFatal, Cause::Plugin, Some(1001)), 1, 1, Decision::FailJob),
        (with(ended(1), FrameFatal, Cause::Scene, None), 0, 1, Decision::FailJob),
        (with(ended(1), FrameFatal, Cause::Script, None), 0, 1, Decision::FailJob),
        (with(ended(1), FrameFatal, Cause::Script, Some(1001)), 0, 1, Decision::FailFrames),
        (with(ended(1), FrameFatal, Cause::MissingFile, Some(1001)), 0, 1, Decision::FailFrames),
        (with(ended(1), WorkerFatal, Cause::Memory, None), 0, 1, Decision::Retry { after_ms: 2_000 }),
        (with(ended(1), WorkerFatal, Cause::Memory, None), 0, 3, Decision::FallBack),
        (with(ended(1), WorkerFatal, Cause::Memory, None), 2, 3, Decision::FailFrames),
        (with(ended(1), WorkerFatal, Cause::Gpu, None), 1, 1, Decision::FallBack),
        (with(ended(1), FrameFatal, Cause::Other, Some(1001)), 1, 1, Decision::FallBack),
        (with(ended(1), FrameFatal, Cause::Crash, Some(1001)), 0, 1, Decision::FallBack),
        (with(ended(1), FrameFatal, Cause::Crash, Some(1001)), 2, 1, Decision::FailFrames),
        (
            with(ended(1), Transient, Cause::MissingFile, Some(1001)),
            0,
            1,
            Decision::Retry { after_ms: 5_000 },
        ),
        (
            Outcome { ended_by: EndedBy::Stall, exit_code: None, signal: Some(9), ..ended(0) },
            0,
            2,
            Decision::FallBack,
        ),
        (
            Outcome { ended_by: EndedBy::Lost, exit_code: None, ..ended(0) },
            0,
            1,
            Decision::Retry { after_ms: 0 },
        ),
    ] {
        let verdict = decide(level, try_number, &outcome);
        assert_eq!(verdict.decision, expected, "level {level}, try {try_number}: {outcome:?}");
        assert!(!verdict.reason.is_empty() && !verdict.reason.ends_with('.'), "{}", verdict.reason);
    }
}

#[test]
fn good_images_count_whatever_the_exit_code_says() {
    let done = Outcome {
        frames_done: FrameRuns::range(1001, 1002),
        frames_missing: FrameRuns::default(),
        ..ended(100)
    };
    assert_eq!(decide(1, 1, &done).decision, Decision::Accept);
}

#[test]
fn a_hook_may_hold_the_job() {
    let hold = Fact { name: report::HOLD.into(), value: "look at it".into() };
    let outcome = Outcome { facts: vec![hold], ..with(ended(1), Severity::FrameFatal, Cause::Plugin, None) };
    assert_eq!(decide(0, 1, &outcome), Verdict::new(Decision::HoldJob, "look at it"));
}
