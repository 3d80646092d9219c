//! What becomes of the frames that an attempt left undone.

use crate::test_env::{TestEnv, fault, job, profile, set};
use crate::{Event, PluginProfile, PluginState};
use farmhand_model::dcc::{Cause, Decision, Fault, FrameShape, Severity};
use farmhand_model::job::JobLimits;
use farmhand_model::{Chunking, EndedBy, FrameState, JobId, JobSpec, JobStatus};

/// A job of one chunk on one slot, and what its first attempt does before it ends.
struct Case {
    begun: &'static str,
    settled: &'static str,
    ended_by: EndedBy,
    decision: Decision,
    faults: Vec<Fault>,
}

/// The plugin saved again, without a new version number.
fn swapped() -> PluginState {
    let state = profile(&[("render", FrameShape::Any), ("safe", FrameShape::Any)]);
    let PluginState::Ready(old) = state else { panic!("it serves") };
    PluginState::Ready(PluginProfile { generation: old.generation + 1, ..old })
}

fn retry() -> Decision {
    Decision::Retry { after_ms: 0 }
}

fn case(begun: &'static str, settled: &'static str, decision: Decision, faults: Vec<Fault>) -> Case {
    Case { begun, settled, ended_by: EndedBy::Itself, decision, faults }
}

fn end_first(case: Case) -> (TestEnv, JobId) {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&[("render", FrameShape::Any), ("safe", FrameShape::Any)]));
    let shot = env.submit(JobSpec { chunk: Chunking::Fixed(10), ..job("1-10") });
    env.running(1);
    for frame in set(case.begun).iter() {
        env.begin(1, frame);
    }
    env.settle(1, case.settled);
    env.end(1, case.ended_by, case.decision, case.faults);
    (env, shot)
}

/// What goes back with a wait, what starts again at once, and what has failed.
fn check(case: Case, waits: &str, restarts: &str, failed: &str) {
    let (env, shot) = end_first(case);
    let record = env.scheduler.record(shot).unwrap();
    let waiting: Vec<_> = record.requeued.iter().filter(|group| group.not_before.is_some()).collect();
    let text: Vec<_> = waiting.iter().map(|group| group.frames.to_string()).collect();
    assert_eq!(text.join(" "), waits, "{}", env.consequence());
    assert!(waiting.iter().all(|group| group.tries == 1));
    let started: Vec<_> = env.started().into_iter().map(|(_, frames)| frames).collect();
    assert_eq!(started.join(" "), restarts, "{}", env.consequence());
    assert_eq!(env.frames(shot, FrameState::Failed), failed, "{}", env.consequence());
}

fn transient(frame: Option<i32>) -> Fault {
    fault(Severity::Transient, Cause::Crash, frame)
}

fn fatal(frame: Option<i32>) -> Fault {
    fault(Severity::FrameFatal, Cause::MissingFile, frame)
}

#[test]
fn only_the_frame_that_did_it_is_burnt() {
    // The one that was being rendered, the one a fault names, and all where nothing tells.
    check(case("1-4", "1-3", retry(), vec![]), "4", "5-10", "");
    check(case("", "1-3", retry(), vec![transient(Some(4))]), "4", "5-10", "");
    check(case("", "", retry(), vec![transient(None)]), "1-10", "", "");
    check(case("", "", Decision::Accept, vec![]), "1-10", "", "");
    // Progress without a culprit costs nobody a try.
    check(case("", "1-3", Decision::Accept, vec![]), "", "4-10", "");
    check(case("1-3", "1-3", retry(), vec![transient(None)]), "", "4-10", "");
}

#[test]
fn frame_fatal_frames_fail_and_the_job_goes_on() {
    check(case("1-4", "1-3", Decision::FailFrames, vec![fatal(Some(4))]), "", "5-10", "4");
    check(case("1-4", "1-3", Decision::FailFrames, vec![]), "", "", "4-10");
    check(case("1-4", "1-3", Decision::Accept, vec![fatal(Some(4))]), "", "5-10", "4");
    check(case("1-4", "1-3", Decision::Accept, vec![fatal(Some(7))]), "4", "5,6,8-10", "7");
    // A plugin that wants them tried again is heard: it has seen the fault.
    check(case("1-4", "1-3", retry(), vec![fatal(Some(7))]), "4,7", "5,6,8-10", "");
    // A fault about a frame that is done is no reason to fail it.
    check(case("1-4", "1-4", Decision::Accept, vec![fatal(Some(4))]), "", "5-10", "");
}

#[test]
fn falling_back_keeps_what_is_done_and_ends_at_the_last_level() {
    let (mut env, shot) = end_first(case("1-4", "1-3", Decision::FallBack, vec![]));
    env.check_started(&[(2, "4-10")]);
    let order = env.orders()[0];
    assert_eq!(
        (order.attempt.level, order.attempt.level_name.as_str(), order.attempt.try_number),
        (1, "safe", 1)
    );
    env.end(2, EndedBy::Itself, Decision::FallBack, vec![]);
    assert_eq!(env.status(shot), JobStatus::Failed);
    assert_eq!(env.frames(shot, FrameState::Failed), "4-10");
    assert!(env.consequence().contains("no further level"), "{}", env.consequence());
}

#[test]
fn at_the_last_level_only_the_frames_that_did_it_fail() {
    let (mut env, shot) = end_first(case("", "", Decision::FallBack, vec![]));
    assert_eq!(env.consequence(), "frames 1-10: on to level safe");
    env.begin(2, 1);
    env.settle(2, "1");
    env.begin(2, 2);
    env.end(2, EndedBy::Itself, Decision::FallBack, vec![]);
    assert_eq!(env.frames(shot, FrameState::Failed), "2");
    env.check_started(&[(3, "3-10")]);
    assert_eq!(env.orders()[0].attempt.level, 1);
}

#[test]
fn a_plugin_with_fewer_levels_ends_with_its_last() {
    let (mut env, _) = end_first(case("", "", Decision::FallBack, vec![]));
    env.end(2, EndedBy::DaemonStop, Decision::Accept, vec![]);
    env.check_started(&[(3, "1-10")]);
    env.send(Event::Pause(JobId(1)));
    env.end(3, EndedBy::DaemonStop, Decision::Accept, vec![]);
    env.plugin(profile(&[("only", FrameShape::Any)]));
    env.send(Event::Resume(JobId(1)));
    assert_eq!(env.orders()[0].attempt.level_name, "only");
}

#[test]
fn tries_are_bounded_whatever_the_plugin_says() {
    for decision in [retry(), Decision::Accept] {
        let mut env = TestEnv::bare(1);
        env.plugin(profile(&[("render", FrameShape::Any)]));
        let shot = env.submit(JobSpec { chunk: Chunking::Fixed(10), ..job("1-3") });
        let mut attempts = 0;
        while env.status(shot) != JobStatus::Failed {
            if let Some((attempt, _)) = env.started().first().cloned() {
                attempts += 1;
                env.end(attempt, EndedBy::Itself, decision, vec![]);
            } else {
                let wakeup = env.scheduler.next_wakeup().unwrap();
                env.now = wakeup;
                env.send(Event::Tick);
            }
        }
        assert_eq!(attempts, 4, "the first and three retries");
    }
}

#[test]
fn back_off_grows_and_the_last_try_fails_with_its_number() {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let limits = JobLimits { retries: Some(1), ..JobLimits::default() };
    let shot = env.submit(JobSpec { limits, ..job("1") });
    env.retry(1);
    let until = env.scheduler.next_wakeup().unwrap();
    let wait = until.since(env.now).0;
    assert!((5.0..7.0).contains(&wait), "{wait}");
    env.pass(wait - 0.001);
    env.check_started(&[]);
    env.pass(0.001);
    env.check_started(&[(2, "1")]);
    assert_eq!(env.orders()[0].attempt.try_number, 2);
    env.retry(2);
    assert_eq!(env.status(shot), JobStatus::Failed);
    assert_eq!(env.consequence(), "frame 1: failed, said the plugin (try 2 of 2)");
}

#[test]
fn a_plugin_may_ask_for_another_wait() {
    let (env, _) = end_first(case("", "", Decision::Retry { after_ms: 60_000 }, vec![]));
    let wait = env.scheduler.next_wakeup().unwrap().since(env.now).0;
    assert!((60.0..65.0).contains(&wait), "{wait}");
}

#[test]
fn two_failures_in_a_row_hold_the_whole_job() {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let shot = env.submit(job("1-10"));
    env.begin(1, 1);
    env.retry(1);
    env.check_started(&[(2, "2,3")]);
    env.begin(2, 2);
    env.retry(2);
    env.check_started(&[]);
    let other = env.submit(job("1"));
    assert_eq!(env.orders()[0].attempt.job, other);
    env.finish(3);
    env.pass(10.0);
    assert_eq!(env.orders()[0].attempt.job, shot);
}

#[test]
fn a_missing_licence_costs_no_try() {
    for _ in 0..2 {
        let licence = || vec![fault(Severity::Transient, Cause::Licence, None)];
        let (mut env, shot) = end_first(case("", "", retry(), licence()));
        for attempt in 2..12 {
            env.check_started(&[]);
            env.pass(30.0);
            env.check_started(&[(attempt, "1-10")]);
            assert_eq!(env.orders()[0].attempt.try_number, 1);
            env.end(attempt, EndedBy::Itself, retry(), licence());
        }
        assert_eq!(env.frames(shot, FrameState::Pending), "1-10");
    }
}

#[test]
fn a_failed_job_ends_what_runs_and_fails_the_rest() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-10"));
    env.settle(2, "3");
    env.end(1, EndedBy::Itself, Decision::FailJob, vec![]);
    assert_eq!(env.kills(), [(2, EndedBy::Cancel)]);
    assert_eq!(env.status(shot), JobStatus::Running);
    env.end(2, EndedBy::Cancel, Decision::Accept, vec![]);
    assert_eq!(env.status(shot), JobStatus::Failed);
    assert_eq!(env.frames(shot, FrameState::Done), "3");
    assert_eq!(env.frames(shot, FrameState::Failed), "1,2,4-10");
    assert_eq!(env.scheduler.record(shot).unwrap().failure.as_deref(), Some("said the plugin"));
}

#[test]
fn a_job_fails_when_too_many_of_its_frames_did() {
    let mut env = TestEnv::new();
    let limits = JobLimits { max_failed_frames: Some(2), ..JobLimits::default() };
    let shot = env.submit(JobSpec { limits, ..job("1-10") });
    env.end(1, EndedBy::Itself, Decision::FailFrames, vec![]);
    assert_eq!(env.status(shot), JobStatus::Running);
    env.end(2, EndedBy::Itself, Decision::FailFrames, vec![]);
    assert_eq!(env.kills(), [(3, EndedBy::Cancel)]);
    env.end(3, EndedBy::Cancel, Decision::Accept, vec![]);
    assert_eq!(env.status(shot), JobStatus::Failed);
}

#[test]
fn what_is_lost_goes_back_but_not_for_ever() {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let shot = env.submit(job("1,2"));
    for attempt in 1..=3 {
        env.end(attempt, EndedBy::Lost, Decision::Accept, vec![]);
        env.check_started(&[(attempt + 1, "1,2")]);
        assert_eq!(env.orders()[0].attempt.try_number, 1);
    }
    env.end(4, EndedBy::Lost, Decision::Accept, vec![]);
    env.check_started(&[]);
    assert_eq!(env.scheduler.record(shot).unwrap().requeued[0].tries, 1);
    env.pass(10.0);
    env.settle(5, "1");
    env.end(5, EndedBy::Lost, Decision::Accept, vec![]);
    assert_eq!(env.scheduler.record(shot).unwrap().losses, 0, "a verified frame is progress");
}

#[test]
fn a_quarantine_opens_the_breaker_and_a_swap_closes_it() {
    let gpu = || vec![fault(Severity::WorkerFatal, Cause::Gpu, None)];
    let (mut env, shot) = end_first(case("", "", Decision::QuarantineNode, gpu()));
    env.check_started(&[]);
    assert_eq!(env.scheduler.breakers().len(), 1);
    assert!(env.scheduler.record(shot).unwrap().requeued.is_empty(), "no try is burnt");
    assert_eq!(env.scheduler.next_wakeup(), Some(env.now.plus_millis(60_000)));
    env.pass(60.0);
    env.check_started(&[(2, "1-10")]);
    env.end(2, EndedBy::Itself, Decision::QuarantineNode, gpu());
    env.pass(60.0);
    env.check_started(&[]);
    env.plugin(profile(&[("render", FrameShape::Any), ("safe", FrameShape::Any)]));
    assert!(env.effects.is_empty(), "the same again is no swap");
    env.plugin(swapped());
    env.check_started(&[(3, "1-10")]);
    assert!(env.scheduler.breakers().is_empty());
}

#[test]
fn a_half_open_breaker_lets_one_task_through_until_its_first_frame() {
    let mut env = TestEnv::new();
    env.submit(JobSpec { chunk: Chunking::Fixed(1), ..job("1-10") });
    env.end(1, EndedBy::Itself, Decision::QuarantineNode, vec![]);
    env.finish(2);
    env.check_started(&[]);
    env.pass(60.0);
    assert_eq!(env.started().len(), 1);
    let trial = env.started()[0].0;
    env.settle(trial, "1");
    assert_eq!(env.started().len(), 1, "the other slot is used again");
}

#[test]
fn what_an_old_version_says_does_not_hurt_a_new_one() {
    let mut env = TestEnv::new();
    env.submit(job("1-10"));
    env.plugin(swapped());
    env.end(1, EndedBy::Itself, Decision::QuarantineNode, vec![]);
    assert!(env.scheduler.breakers().is_empty());
    env.check_started(&[(3, "1,2")]);
}

#[test]
fn nothing_starts_without_a_plugin() {
    let mut env = TestEnv::new();
    env.submit(job("1-10"));
    env.plugin(PluginState::Unavailable { reason: "removed".to_owned() });
    env.finish(1);
    env.check_started(&[]);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    env.check_started(&[(3, "5,6")]);
}
