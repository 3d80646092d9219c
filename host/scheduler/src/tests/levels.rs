//! Which levels a job may use, and what is remembered of frames that left one.

use crate::Event;
use crate::test_env::{TestEnv, fault, job, profile};
use farmhand_model::dcc::{Cause, Decision, FrameShape, Severity};
use farmhand_model::fallback::Fallback;
use farmhand_model::job::{JobLimits, Requeued};
use farmhand_model::{AttemptId, EndedBy, FrameState, JobId, JobSpec, JobStatus};

const SHAPES: [(&str, FrameShape); 3] =
    [("script", FrameShape::Any), ("render", FrameShape::Stepped), ("minimal", FrameShape::Single)];

fn env(levels: &[&str], frames: &str) -> (TestEnv, JobId) {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&SHAPES));
    let levels = levels.iter().map(|&level| level.to_owned()).collect();
    let shot = env.submit(JobSpec { levels, ..job(frames) });
    (env, shot)
}

/// The levels that one frame goes through which fails at each.
fn check(levels: &[&str], expect: &[&str]) {
    let (mut env, shot) = env(levels, "1");
    let mut through = Vec::new();
    while env.status(shot) != JobStatus::Failed {
        let order = env.orders()[0].attempt.clone();
        through.push(order.level_name);
        env.end(order.id.0, EndedBy::Itself, Decision::FallBack, vec![]);
    }
    assert_eq!(through, expect);
    assert!(env.consequence().contains("no further level"), "{}", env.consequence());
}

#[test]
fn a_job_goes_through_the_levels_that_it_may_use_in_the_plugins_order() {
    check(&[], &["script", "render", "minimal"]);
    check(&["render"], &["render"]);
    check(&["render", "minimal"], &["render", "minimal"]);
    check(&["minimal", "script"], &["script", "minimal"]);
    check(&["minimal", "gone"], &["minimal"]);
    check(&["gone"], &["script", "render", "minimal"]);
}

#[test]
fn frames_that_have_used_up_their_tries_go_on_to_the_next_level_and_fail_after_the_last() {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&SHAPES));
    let limits = JobLimits { retries: Some(0), ..JobLimits::default() };
    let shot = env.submit(JobSpec { levels: vec!["render".into(), "minimal".into()], limits, ..job("1") });
    let mut through = Vec::new();
    while env.status(shot) != JobStatus::Failed {
        let order = env.orders()[0].attempt.clone();
        through.push(order.level_name);
        env.end(order.id.0, EndedBy::Itself, Decision::Retry { after_ms: 0 }, vec![]);
    }
    assert_eq!(through, ["render", "minimal"]);
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!(record.fallbacks[0].to, "minimal", "it is remembered as a fallback: {record:?}");
}

#[test]
fn frames_that_go_back_at_the_first_allowed_level_are_fresh_again() {
    let (mut env, shot) = env(&["render", "minimal"], "1-10");
    env.settle(1, "1");
    env.end(1, EndedBy::Itself, Decision::Accept, vec![]);
    env.check_started(&[(2, "2,3")]);
    assert_eq!(env.orders()[0].attempt.level_name, "render");
    assert_eq!(env.scheduler.record(shot).unwrap().requeued, [], "nothing tells them from the others");
}

#[test]
fn a_swap_that_drops_the_levels_of_a_job_lets_it_use_all() {
    let (mut env, shot) = env(&["minimal"], "1-3");
    env.send(Event::Pause(shot));
    env.end(1, EndedBy::Itself, Decision::Accept, vec![]);
    env.plugin(profile(&SHAPES[..2]));
    env.send(Event::Resume(shot));
    assert_eq!(env.orders()[0].attempt.level_name, "script");
}

#[test]
fn fallbacks_are_kept_with_their_cause_over_restarts_and_retries() {
    let (mut env, shot) = env(&["script", "minimal"], "1-4");
    let crash = || vec![fault(Severity::Transient, Cause::Crash, None)];
    env.settle(1, "1");
    env.end(1, EndedBy::Itself, Decision::FallBack, crash());
    assert_eq!(env.consequence(), "frame 2: on to level minimal");
    env.end(2, EndedBy::Itself, Decision::FailFrames, vec![]);
    env.end(3, EndedBy::Itself, Decision::FallBack, crash());
    let expect = [Fallback {
        layer: 0,
        frames: "2-4".parse().unwrap(),
        from: "script".to_owned(),
        to: "minimal".to_owned(),
        cause: Cause::Crash,
        reason: "said the plugin".to_owned(),
        attempt: AttemptId(1),
    }];
    assert_eq!(env.scheduler.record(shot).unwrap().fallbacks, expect);
    env.restart();
    assert_eq!(env.scheduler.record(shot).unwrap().fallbacks, expect);
    env.plugin(profile(&SHAPES));
    env.send(Event::Retry { job: shot, frames: None });
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!(record.fallbacks, expect, "it is history");
    assert_eq!(env.frames(shot, FrameState::Failed), "");
    let minimal: Vec<&Requeued> = record.requeued.iter().filter(|group| group.level == 2).collect();
    assert_eq!(minimal.len(), 1, "those that fell back stay where they are");
}

#[test]
fn a_fallback_without_a_fault_is_of_no_special_cause() {
    let (mut env, shot) = env(&[], "1");
    env.end(1, EndedBy::Itself, Decision::FallBack, vec![]);
    assert_eq!(env.scheduler.record(shot).unwrap().fallbacks[0].cause, Cause::Other);
}
