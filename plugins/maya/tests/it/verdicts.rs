//! How an attempt ended, and what that means.

use crate::tasks::{MINIMAL, RENDER, SCRIPT, task};
use farmhand_maya::Maya;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

fn ended(exit_code: i32, done: bool) -> Outcome {
    let (frames_done, frames_missing) = if done {
        (FrameRuns::range(1, 4), FrameRuns::default())
    } else {
        (FrameRuns::range(1, 2), FrameRuns::range(3, 4))
    };
    Outcome { exit_code: Some(exit_code), frames_done, frames_missing, ..Outcome::default() }
}

fn with(outcome: Outcome, severity: Severity, cause: Cause, frame: Option<i32>) -> Outcome {
    let fault = Fault { severity, cause, message: "it broke".into(), frame, about: None };
    Outcome { faults: [outcome.faults, vec![fault]].concat(), ..outcome }
}

fn fact(mut outcome: Outcome, name: &str, value: &str) -> Outcome {
    outcome.facts.push(Fact { name: name.into(), value: value.into() });
    outcome
}

fn judge(level: u32, try_number: u32, options: Value, outcome: &Outcome) -> Verdict {
    Maya::judge(&Task { try_number, ..task(level, options) }, outcome).unwrap()
}

#[test]
fn exit_codes() {
    let retry = |after_ms| Decision::Retry { after_ms };
    for (code, level, try_number, options, expected) in [
        (0, SCRIPT, 1, json!({}), Decision::FallBack),
        (0, MINIMAL, 1, json!({}), Decision::FailFrames),
        (1, RENDER, 1, json!({}), Decision::FallBack),
        (206, RENDER, 1, json!({}), Decision::FallBack),
        (210, RENDER, 1, json!({}), retry(2_000)),
        (210, RENDER, 2, json!({}), Decision::FallBack),
        (211, RENDER, 1, json!({}), retry(5_000)),
        (211, RENDER, 2, json!({}), Decision::FailJob),
        (211, RENDER, 1, json!({ "ignore_211": true }), Decision::FallBack),
        (255, RENDER, 1, json!({}), Decision::FallBack),
        (139, RENDER, 1, json!({}), retry(2_000)),
        (-1_073_741_819, RENDER, 1, json!({}), retry(2_000)),
        (-1_073_741_818, RENDER, 2, json!({}), Decision::FallBack),
        (0x8000_0003_u32 as i32, RENDER, 2, json!({}), retry(60_000)),
    ] {
        let verdict = judge(level, try_number, options, &ended(code, false));
        assert_eq!(
            verdict.decision, expected,
            "{code} at level {level}, try {try_number}: {}",
            verdict.reason
        );
        assert!(!verdict.reason.is_empty() && !verdict.reason.ends_with('.'), "{}", verdict.reason);
    }
    let silent = fact(ended(255, false), "silent", "yes");
    assert_eq!(judge(RENDER, 1, json!({}), &silent).decision, Decision::QuarantineNode);
    let crashed = fact(ended(1, false), "maya-status", "-1073741819");
    assert_eq!(judge(RENDER, 1, json!({}), &crashed).decision, Decision::Retry { after_ms: 2_000 });
    // A wrapper may cut its child's code to a byte; the log has it whole.
    let wrapped = fact(ended(1, false), "maya-status", "211");
    assert_eq!(judge(RENDER, 2, json!({}), &wrapped).decision, Decision::FailJob);
}

#[test]
fn good_images_are_not_lost_to_a_bad_code() {
    for (code, options, part) in [
        (0, json!({}), "all 4 frames are verified"),
        (1, json!({}), "exit code 1"),
        (211, json!({}), "look at the images"),
        (211, json!({ "ignore_211": true }), "exit code 211 came after the last image"),
    ] {
        let verdict = judge(RENDER, 1, options, &ended(code, true));
        assert_eq!(verdict.decision, Decision::Accept);
        assert!(verdict.reason.contains(part), "{}", verdict.reason);
    }
}

#[test]
fn faults() {
    use Cause::{Crash, Disk, Gpu, Licence, Memory, MissingFile, Other, Plugin, Scene, Script};
    use Severity::{FrameFatal, Transient, WorkerFatal};
    let retry = |after_ms| Decision::Retry { after_ms };
    for (severity, cause, frame, try_number, expected) in [
        (Transient, Licence, Some(3), 1, retry(30_000)),
        (Transient, Licence, None, 3, retry(120_000)),
        (WorkerFatal, Memory, Some(3), 1, Decision::Retry { after_ms: 2_000 }),
        (WorkerFatal, Memory, Some(3), 3, Decision::FallBack),
        (WorkerFatal, Gpu, None, 1, Decision::QuarantineNode),
        (Transient, Gpu, Some(3), 1, retry(5_000)),
        (WorkerFatal, Other, None, 1, Decision::QuarantineNode),
        (WorkerFatal, Disk, None, 1, Decision::QuarantineNode),
        (Transient, Disk, Some(3), 1, retry(5_000)),
        (FrameFatal, MissingFile, None, 1, retry(5_000)),
        (FrameFatal, MissingFile, None, 2, Decision::FailJob),
        (FrameFatal, MissingFile, Some(3), 2, Decision::FailFrames),
        (FrameFatal, Script, None, 1, Decision::FailJob),
        (FrameFatal, Script, Some(3), 1, Decision::FailFrames),
        (FrameFatal, Scene, None, 1, Decision::FailJob),
        (FrameFatal, Plugin, None, 1, Decision::FallBack),
        (FrameFatal, Crash, Some(3), 1, retry(2_000)),
        (FrameFatal, Other, Some(3), 1, retry(2_000)),
        (FrameFatal, Other, Some(3), 2, Decision::FallBack),
    ] {
        let outcome = with(ended(1, false), severity, cause, frame);
        let verdict = judge(SCRIPT, try_number, json!({}), &outcome);
        assert_eq!(verdict.decision, expected, "{severity:?} {cause:?} {frame:?}, try {try_number}");
    }
}

#[test]
fn a_licence_explains_what_comes_after_it() {
    let outcome = with(ended(0, false), Severity::Transient, Cause::Licence, Some(3));
    let outcome = with(outcome, Severity::FrameFatal, Cause::Other, Some(4));
    assert_eq!(judge(RENDER, 1, json!({}), &outcome).decision, Decision::Retry { after_ms: 30_000 });
}

#[test]
fn a_hang_is_judged_by_what_came_before_it() {
    let hung = Outcome { ended_by: EndedBy::Stall, exit_code: None, signal: Some(9), ..ended(0, false) };
    assert_eq!(judge(SCRIPT, 1, json!({}), &hung).decision, Decision::Retry { after_ms: 2_000 });
    assert_eq!(judge(SCRIPT, 2, json!({}), &hung).decision, Decision::FallBack);
    let corrupt = with(hung.clone(), Severity::WorkerFatal, Cause::Crash, None);
    assert_eq!(judge(SCRIPT, 1, json!({}), &corrupt).decision, Decision::QuarantineNode);
    let lost = with(Outcome { ended_by: EndedBy::Lost, ..hung }, Severity::Transient, Cause::Licence, None);
    assert_eq!(judge(SCRIPT, 1, json!({}), &lost).decision, Decision::Retry { after_ms: 0 });
}

#[test]
fn a_hook_may_hold_the_job() {
    let held = fact(ended(1, false), report::HOLD, "look at frame 3");
    let verdict = judge(SCRIPT, 1, json!({}), &held);
    assert_eq!((verdict.decision, verdict.reason.as_str()), (Decision::HoldJob, "look at frame 3"));
}
