//! Each reason for which a job waits.

use crate::test_env::{TestEnv, fault, job, profile, set};
use crate::{Event, PluginState};
use farmhand_model::dcc::{Cause, Decision, FrameShape, Severity};
use farmhand_model::job::{JobLimits, PluginChoice};
use farmhand_model::why::{Holder, WaitReason};
use farmhand_model::{AttemptId, Digest, EndedBy, JobId, JobSpec};

#[test]
fn of_the_job_itself() {
    let mut env = TestEnv::new();
    let limits = JobLimits { max_tasks: Some(1), ..JobLimits::default() };
    let first = env.submit(JobSpec { limits, ..job("1-4") });
    assert_eq!(env.why(first), WaitReason::MaxTasks { limit: 1 });
    let second = env.submit(JobSpec { after: vec![first], ..job("1") });
    assert_eq!(env.why(second), WaitReason::After { jobs: vec![first] });
    env.send(Event::Pause(second));
    assert_eq!(env.why(second), WaitReason::Paused);
    env.send(Event::Resume(second));
    env.begin(1, 1);
    env.retry(1);
    env.finish(2);
    let until = env.scheduler.next_wakeup().unwrap();
    assert_eq!(env.why(first), WaitReason::BackOff { until, reason: "said the plugin".to_owned() });
    env.finish(3);
    env.pass(60.0);
    assert_eq!(env.why(first), WaitReason::AllRunning { attempts: vec![AttemptId(4)] });
    env.send(Event::Cancel(first));
    assert_eq!(env.why(first), WaitReason::AllRunning { attempts: vec![AttemptId(4)] });
    env.end(4, EndedBy::Cancel, Decision::Accept, vec![]);
    assert_eq!(env.why(first), WaitReason::Ended);
    assert_eq!(env.why(second), WaitReason::AfterFailed { job: first });
    assert_eq!(env.scheduler.summary(first, env.now).unwrap().why, None);
}

#[test]
fn of_its_plugin() {
    let mut env = TestEnv::bare(2);
    let shot = env.submit(job("1-4"));
    let no_plugin =
        |reason: &str| WaitReason::NoPlugin { plugin: "blender".to_owned(), reason: reason.to_owned() };
    assert_eq!(env.why(shot), no_plugin("plugin blender is not loaded"));
    env.plugin(PluginState::Unavailable { reason: "it traps".to_owned() });
    assert_eq!(env.why(shot), no_plugin("it traps"));
    env.plugin(PluginState::MissingTool { reason: "no blender on PATH".to_owned() });
    assert_eq!(env.why(shot), WaitReason::NoTool { reason: "no blender on PATH".to_owned() });
    let picky =
        PluginChoice { name: "blender".to_owned(), version: Some(">=2".parse().unwrap()), digest: None };
    let newer = env.submit(JobSpec { plugin: picky, ..job("1") });
    env.plugin(profile(&[("render", FrameShape::Any)]));
    assert_eq!(env.why(newer), no_plugin("version 1.0.0 serves, the job wants >=2"));
    env.end(
        1,
        EndedBy::Itself,
        Decision::QuarantineNode,
        vec![fault(Severity::WorkerFatal, Cause::Gpu, None)],
    );
    let breaker = |until| WaitReason::Breaker {
        plugin: "blender".to_owned(),
        cause: Cause::Gpu,
        reason: "said the plugin".to_owned(),
        until,
    };
    assert_eq!(env.why(shot), breaker(env.now.plus_millis(60_000)));
    env.finish(2);
    env.pass(60.0);
    assert_eq!(env.why(shot), WaitReason::AllRunning { attempts: vec![AttemptId(3)] });
    let behind = env.submit(job("1"));
    assert_eq!(
        env.why(behind),
        breaker(env.now.plus_millis(60_000)),
        "one is let through, and it is not this one"
    );
}

#[test]
fn of_the_node() {
    let mut env = TestEnv::new();
    let first = env.submit(job("1-10"));
    assert_eq!(env.why(first), WaitReason::NoSlot { slots: 2, holders: vec![first] });
    env.send(Event::Stopping { kill: false });
    assert_eq!(env.why(first), WaitReason::Stopping);

    let mut env = TestEnv::new();
    let first = env.submit(JobSpec { threads: Some(3), ..job("1") });
    let wide = env.submit(JobSpec { threads: Some(4), ..job("1") });
    let narrow = env.submit(JobSpec { threads: Some(1), frames: set("1"), ..job("1") });
    let holders = vec![Holder { attempt: AttemptId(1), job: first }];
    assert_eq!(env.why(wide), WaitReason::Threads { needed: 4, free: 1, holders });
    assert_eq!(env.why(narrow), WaitReason::Behind { job: wide });
    let last = env.submit(JobSpec { threads: Some(1), ..job("1") });
    assert_eq!(env.why(last), WaitReason::Behind { job: wide }, "that is the one that it waits for");
}

#[test]
fn of_the_version_that_it_is_pinned_to() {
    let mut env = TestEnv::new();
    let digest = Digest("d".repeat(64));
    let choice = PluginChoice { name: "blender".to_owned(), version: None, digest: Some(digest.clone()) };
    let pinned = env.submit(JobSpec { plugin: choice, ..job("1-4") });
    let no_plugin =
        |reason: &str| WaitReason::NoPlugin { plugin: "blender".to_owned(), reason: reason.to_owned() };
    assert_eq!(env.why(pinned), no_plugin("the version that it is pinned to is being loaded"));
    env.check_started(&[]);
    env.send(Event::PluginVersion {
        digest: digest.clone(),
        state: PluginState::Unavailable { reason: "its bytes are gone".to_owned() },
    });
    assert_eq!(env.why(pinned), no_plugin("its bytes are gone"));
    assert_eq!(env.scheduler.waiting_versions(), std::slice::from_ref(&digest));
    env.send(Event::PluginVersion { digest, state: profile(&[("old way", FrameShape::Single)]) });
    env.check_started(&[(1, "1"), (2, "2")]);
    assert!(env.orders().iter().all(|order| order.attempt.level_name == "old way"), "by its own levels");
    assert!(env.scheduler.waiting_versions().is_empty());
    env.plugin(PluginState::Unavailable { reason: "its file is gone".to_owned() });
    env.finish(1);
    env.check_started(&[(3, "3")]);
}

#[test]
fn of_all_jobs_that_have_not_ended_some_at_a_time() {
    let mut env = TestEnv::new();
    let jobs: Vec<_> = (0..5).map(|_| env.submit(job("1"))).collect();
    env.send(Event::Pause(jobs[3]));
    env.send(Event::Cancel(jobs[2]));
    let of = |after, most| env.scheduler.reasons(after, most, env.now);
    let first = of(JobId(0), 3);
    assert_eq!(first.iter().map(|(job, _)| *job).collect::<Vec<_>>(), [jobs[0], jobs[1], jobs[3]]);
    assert_eq!(first[2].1, Some(WaitReason::Paused));
    assert_eq!(of(jobs[3], 10), [(jobs[4], Some(env.why(jobs[4])))]);
    assert_eq!(of(jobs[4], 10), []);
}
