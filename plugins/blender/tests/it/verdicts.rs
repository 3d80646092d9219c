//! How an attempt ended, and what that means.

use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

fn task(level: u32, try_number: u32, options: &Value) -> Task {
    let job = Job { raw_options: options.as_object().unwrap().clone(), ..Job::default() };
    Task { job, level, try_number, frames: FrameRuns::range(1, 4), staging: "/st".into(), ..Task::default() }
}

fn ended(exit_code: i32) -> Outcome {
    Outcome {
        exit_code: Some(exit_code),
        frames_done: FrameRuns::range(1, 2),
        frames_missing: FrameRuns::range(3, 4),
        ..Outcome::default()
    }
}

fn with(outcome: Outcome, severity: Severity, cause: Cause) -> Outcome {
    Outcome {
        faults: vec![Fault { severity, cause, message: "it broke".into(), frame: None, about: None }],
        ..outcome
    }
}

fn fact(mut outcome: Outcome, name: &str, value: &str) -> Outcome {
    outcome.facts.push(Fact { name: name.into(), value: value.into() });
    outcome
}

fn judge(task: &Task, outcome: &Outcome) -> Verdict {
    Blender::judge(task, outcome).unwrap()
}

#[test]
fn exit_code_1_with_good_images_is_not_lost_work() {
    let done =
        Outcome { frames_done: FrameRuns::range(1, 4), frames_missing: FrameRuns::default(), ..ended(1) };
    let verdict = judge(&task(0, 1, &json!({})), &done);
    assert_eq!(verdict.decision, Decision::Accept);
    assert!(verdict.reason.contains("exit code 1"), "{}", verdict.reason);
}

#[test]
fn exit_code_0_without_images_falls_back_and_fails_at_last() {
    assert_eq!(judge(&task(0, 1, &json!({})), &ended(0)).decision, Decision::FallBack);
    assert_eq!(judge(&task(2, 1, &json!({})), &ended(0)).decision, Decision::FailFrames);
    let elsewhere = fact(ended(0), "side-output", "/elsewhere/a_0001.png");
    let reason = judge(&task(0, 1, &json!({})), &elsewhere).reason;
    assert!(reason.contains("/elsewhere/a_0001.png"), "{reason}");
}

#[test]
fn the_gpu_gives_way_to_the_cpu_unless_the_job_forbids_it() {
    let missing = || fact(with(ended(64), Severity::WorkerFatal, Cause::Gpu), "device", "none");
    let verdict = judge(&task(0, 1, &json!({})), &missing());
    assert_eq!(
        (verdict.decision, verdict.reason.as_str()),
        (Decision::FallBack, "it broke; level `safe` renders on the CPU")
    );
    assert_eq!(judge(&task(0, 1, &json!({ "allow_cpu": false })), &missing()).decision, Decision::FailJob);
    let eevee = fact(with(ended(1), Severity::WorkerFatal, Cause::Gpu), "engine", "BLENDER_EEVEE");
    assert_eq!(
        judge(&task(0, 1, &json!({})), &eevee).decision,
        Decision::FailJob,
        "no level gives EEVEE a display"
    );
}

#[test]
fn a_hiccup_of_the_gpu_is_tried_again_once() {
    let hiccup = with(ended(1), Severity::Transient, Cause::Gpu);
    assert_eq!(judge(&task(0, 1, &json!({})), &hiccup).decision, Decision::Retry { after_ms: 5_000 });
    assert_eq!(judge(&task(0, 2, &json!({})), &hiccup).decision, Decision::FallBack);
}

#[test]
fn the_rest_of_the_ladder() {
    for (outcome, level, try_number, expected) in [
        (with(ended(0), Severity::WorkerFatal, Cause::Memory), 0, 1, Decision::Retry { after_ms: 2_000 }),
        (with(ended(0), Severity::WorkerFatal, Cause::Memory), 0, 3, Decision::FallBack),
        (with(ended(0), Severity::WorkerFatal, Cause::Memory), 2, 3, Decision::FailFrames),
        (with(ended(65), Severity::FrameFatal, Cause::Script), 0, 1, Decision::FailJob),
        (with(ended(1), Severity::FrameFatal, Cause::MissingFile), 0, 1, Decision::FailJob),
        (with(ended(1), Severity::FrameFatal, Cause::Scene), 0, 1, Decision::FailJob),
        (with(ended(1), Severity::FrameFatal, Cause::Disk), 0, 1, Decision::FailJob),
        (with(ended(1), Severity::WorkerFatal, Cause::Disk), 0, 1, Decision::QuarantineNode),
        (with(ended(1), Severity::FrameFatal, Cause::Plugin), 0, 1, Decision::FallBack),
        (with(ended(0), Severity::FrameFatal, Cause::Plugin), 0, 1, Decision::FailJob),
        (with(ended(0), Severity::Transient, Cause::Other), 0, 1, Decision::Retry { after_ms: 5_000 }),
        (with(ended(11), Severity::FrameFatal, Cause::Crash), 0, 1, Decision::Retry { after_ms: 2_000 }),
        (with(ended(11), Severity::FrameFatal, Cause::Crash), 0, 2, Decision::FallBack),
        (ended(64), 0, 1, Decision::FailJob),
        (ended(65), 0, 1, Decision::FailJob),
        (
            Outcome { exit_code: None, signal: Some(9), ..ended(0) },
            0,
            1,
            Decision::Retry { after_ms: 10_000 },
        ),
        (
            Outcome { exit_code: None, signal: Some(11), ..ended(0) },
            0,
            1,
            Decision::Retry { after_ms: 2_000 },
        ),
        (
            Outcome { ended_by: EndedBy::Stall, signal: Some(9), exit_code: None, ..ended(0) },
            0,
            2,
            Decision::FallBack,
        ),
        (
            Outcome { ended_by: EndedBy::TimeLimit, signal: Some(9), exit_code: None, ..ended(0) },
            2,
            2,
            Decision::FailFrames,
        ),
        (
            Outcome { ended_by: EndedBy::Lost, exit_code: None, ..ended(0) },
            0,
            1,
            Decision::Retry { after_ms: 0 },
        ),
    ] {
        let verdict = judge(&task(level, try_number, &json!({})), &outcome);
        assert_eq!(verdict.decision, expected, "level {level}, try {try_number}: {outcome:?}");
        assert!(!verdict.reason.is_empty() && !verdict.reason.ends_with('.'), "{}", verdict.reason);
    }
}

#[test]
fn a_missing_denoiser_leads_to_the_safe_level() {
    let outcome = fact(with(ended(1), Severity::WorkerFatal, Cause::Other), "denoiser", "missing");
    let verdict = judge(&task(0, 1, &json!({})), &outcome);
    assert_eq!(verdict.decision, Decision::FallBack);
    assert!(verdict.reason.contains("`safe`"), "{}", verdict.reason);
}
