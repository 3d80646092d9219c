//! What waits for a person, and what waits for a licence.

use crate::Event;
use crate::test_env::{TestEnv, fault, job, profile};
use farmhand_model::dcc::{Cause, Decision, Fault, FrameShape, Severity};
use farmhand_model::job::PluginChoice;
use farmhand_model::why::WaitReason;
use farmhand_model::{EndedBy, FrameState, JobId, JobSpec, JobStatus, Timestamp};

fn env(slots: u32) -> TestEnv {
    let mut env = TestEnv::bare(slots);
    env.plugin(profile(&[("render", FrameShape::Any), ("safe", FrameShape::Any)]));
    env
}

fn hold(env: &mut TestEnv, attempt: u64) {
    env.end(attempt, EndedBy::Itself, Decision::HoldJob, vec![]);
}

#[test]
fn a_held_job_gives_its_frames_back_untouched_and_waits_for_a_person() {
    let mut env = env(2);
    let shot = env.submit(job("1-6"));
    env.settle(1, "1");
    hold(&mut env, 1);
    env.check_started(&[]);
    assert_eq!(env.consequence(), "the job is held for a person; frame 2: back to the queue as before");
    assert_eq!((env.status(shot), env.kills().len()), (JobStatus::Paused, 0), "what runs goes on");
    assert_eq!(env.why(shot), WaitReason::Held { reason: "said the plugin".to_owned() });
    env.finish(2);
    env.check_started(&[]);
    env.restart();
    env.plugin(profile(&[("render", FrameShape::Any)]));
    env.check_started(&[]);
    assert_eq!(env.why(shot), WaitReason::Held { reason: "said the plugin".to_owned() });
    env.send(Event::Resume(shot));
    env.check_started(&[(3, "2,5"), (4, "6")]);
    assert_eq!(env.orders()[0].attempt.try_number, 1, "no try is burnt");
    assert_eq!(env.scheduler.record(shot).unwrap().held, None);
}

#[test]
fn a_job_is_held_also_when_no_frame_is_missing() {
    let mut env = env(1);
    let shot = env.submit(job("1,2"));
    env.settle(1, "1-2");
    hold(&mut env, 1);
    assert_eq!(env.status(shot), JobStatus::Paused);
    env.send(Event::Resume(shot));
    assert_eq!(env.status(shot), JobStatus::Done);
}

#[test]
fn a_held_job_can_be_cancelled_and_can_fail() {
    let mut env = env(2);
    let shot = env.submit(job("1-6"));
    hold(&mut env, 1);
    env.end(2, EndedBy::Itself, Decision::FailJob, vec![]);
    assert_eq!((env.status(shot), env.why(shot)), (JobStatus::Failed, WaitReason::Ended));
    let other = env.submit(job("1-2"));
    hold(&mut env, 3);
    env.send(Event::Cancel(other));
    assert_eq!(env.status(other), JobStatus::Cancelled);
    assert_eq!(env.scheduler.record(other).unwrap().held, None);
}

#[test]
fn a_cancelled_attempt_holds_nothing() {
    let mut env = env(1);
    let shot = env.submit(job("1"));
    env.send(Event::Cancel(shot));
    env.end(1, EndedBy::Cancel, Decision::HoldJob, vec![]);
    assert_eq!(env.status(shot), JobStatus::Cancelled);
}

fn needs(licences: &[&str]) -> JobSpec {
    JobSpec { licences: licences.iter().map(|&name| name.to_owned()).collect(), ..job("1-10") }
}

fn lacks(about: Option<&str>) -> Vec<Fault> {
    vec![Fault { about: about.map(str::to_owned), ..fault(Severity::Transient, Cause::Licence, None) }]
}

fn lose(env: &mut TestEnv, attempt: u64, about: Option<&str>) {
    env.end(attempt, EndedBy::Itself, Decision::Retry { after_ms: 0 }, lacks(about));
}

fn licence(env: &TestEnv, job: JobId) -> Option<(String, Timestamp)> {
    match env.why(job) {
        WaitReason::Licence { licence, until, .. } => Some((licence, until)),
        _ => None,
    }
}

#[test]
fn a_missing_licence_holds_every_job_that_needs_it() {
    let mut env = env(1);
    env.send(Event::Plugin { name: "maya".to_owned(), state: profile(&[("render", FrameShape::Any)]) });
    let shot = env.submit(needs(&["arnold", "maya"]));
    let of_other_plugin = env.submit(JobSpec {
        plugin: PluginChoice { name: "maya".to_owned(), version: None, digest: None },
        ..needs(&["arnold"])
    });
    let with_another = env.submit(needs(&["maya"]));
    lose(&mut env, 1, Some("arnold"));
    let text = env.consequence();
    assert!(text.starts_with("frames 1,2: back to the queue, all that needs the licence `arnold` waits 3"));
    assert_eq!(env.orders()[0].attempt.job, with_another, "it needs another one");
    let late = env.submit(needs(&["arnold"]));
    let until = licence(&env, shot).unwrap().1;
    assert!((30.0..=36.0).contains(&until.since(env.now).0));
    for waits in [shot, of_other_plugin, late] {
        assert_eq!(licence(&env, waits), Some(("arnold".to_owned(), until)));
    }
    env.finish(2);
    env.send(Event::Cancel(with_another));
    env.end(3, EndedBy::Cancel, Decision::Accept, vec![]);
    env.check_started(&[]);
    assert_eq!(env.scheduler.next_wakeup(), Some(until));
    env.pass(until.since(env.now).0);
    assert_eq!((env.orders()[0].attempt.job, env.orders()[0].attempt.try_number), (shot, 1));
    assert_eq!(env.frames(shot, FrameState::Failed), "");
}

#[test]
fn a_fault_that_names_no_licence_of_the_job_holds_all_of_them_or_the_job_alone() {
    for about in [None, Some("a licence server")] {
        let mut env = env(1);
        let both = env.submit(needs(&["arnold", "maya"]));
        let one = env.submit(needs(&["maya"]));
        lose(&mut env, 1, about);
        assert!(licence(&env, both).is_some() && licence(&env, one).is_some());
    }
    let mut env = env(1);
    let shot = env.submit(needs(&[]));
    let other = env.submit(needs(&["maya"]));
    lose(&mut env, 1, Some("maya"));
    assert_eq!(env.orders()[0].attempt.job, other);
    assert!(matches!(env.why(shot), WaitReason::BackOff { .. }));
}

/// How long the licence of a job is held from now.
fn held(env: &TestEnv, job: JobId) -> f64 {
    licence(env, job).unwrap().1.since(env.now).0
}

#[test]
fn a_licence_that_stays_away_is_asked_for_less_often_until_a_frame_is_rendered() {
    let mut env = env(1);
    let shot = env.submit(needs(&["arnold"]));
    let mut attempt = 1;
    for least in [30.0_f64, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0] {
        lose(&mut env, attempt, None);
        let wait = held(&env, shot);
        assert!((least..=(least * 1.2).min(600.0)).contains(&wait), "{least}: {wait}");
        env.pass(wait);
        attempt += 1;
        assert_eq!(env.started().len(), 1);
    }
    env.settle(attempt, "1");
    lose(&mut env, attempt, None);
    assert!(held(&env, shot) <= 36.0, "it was to be had in between");
}

#[test]
fn tasks_that_miss_it_together_count_once() {
    let mut env = env(3);
    let shot = env.submit(needs(&["arnold"]));
    for attempt in 1..=3 {
        lose(&mut env, attempt, None);
        env.pass(1.0);
    }
    assert!(held(&env, shot) <= 36.0, "{}", held(&env, shot));
    env.pass(36.0);
    assert_eq!(env.started().len(), 3, "all may go");
    // One that began before says nothing about now.
    lose(&mut env, 4, None);
    env.settle(5, "3");
    assert!(held(&env, shot) >= 60.0);
    lose(&mut env, 6, None);
    assert!(held(&env, shot) <= 72.0);
}

#[test]
fn a_plugin_may_ask_for_a_longer_wait_and_a_restart_tries_at_once() {
    let mut env = env(1);
    let shot = env.submit(needs(&["arnold"]));
    env.end(1, EndedBy::Itself, Decision::Retry { after_ms: 900_000 }, lacks(None));
    assert_eq!(held(&env, shot), 900.0);
    env.restart();
    env.plugin(profile(&[("render", FrameShape::Any)]));
    env.check_started(&[(2, "1,2")]);
}

#[test]
fn a_frame_fatal_licence_fault_is_no_wait() {
    let mut env = env(1);
    let shot = env.submit(needs(&["arnold"]));
    let fatal = vec![fault(Severity::FrameFatal, Cause::Licence, Some(1))];
    env.end(1, EndedBy::Itself, Decision::Accept, fatal);
    assert_eq!(env.frames(shot, FrameState::Failed), "1");
    assert_eq!(licence(&env, shot), None);
}
