//! The three severities of faults, each from the fault to what becomes of the frames, the job and the node.

use crate::test_env::{TestEnv, fault, job, profile};
use farmhand_model::dcc::{Cause, Decision, FrameShape, Severity};
use farmhand_model::job::JobLimits;
use farmhand_model::why::WaitReason;
use farmhand_model::{Chunking, EndedBy, FrameState, JobId, JobSpec, JobStatus};

fn env(slots: u32, spec: JobSpec) -> (TestEnv, JobId) {
    let mut env = TestEnv::bare(slots);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let shot = env.submit(spec);
    (env, shot)
}

#[test]
fn transient_faults_are_retried_with_jitter_within_the_budget() {
    let limits = JobLimits { retries: Some(2), ..JobLimits::default() };
    let (mut env, shot) = env(1, JobSpec { limits, ..job("1") });
    for (attempt, least) in [(1, 5.0), (2, 10.0)] {
        let crash = vec![fault(Severity::Transient, Cause::Crash, Some(1))];
        env.end(attempt, EndedBy::Itself, Decision::Retry { after_ms: 0 }, crash);
        let WaitReason::BackOff { until, .. } = env.why(shot) else { panic!("{:?}", env.why(shot)) };
        let wait = until.since(env.now).0;
        assert!((least..least * 1.4).contains(&wait), "{wait}");
        env.pass(wait);
        assert_eq!(env.orders()[0].attempt.try_number, attempt as u32 + 1);
    }
    env.end(3, EndedBy::Itself, Decision::Retry { after_ms: 0 }, vec![]);
    assert_eq!((env.status(shot), env.frames(shot, FrameState::Failed)), (JobStatus::Failed, "1".to_owned()));
    assert_eq!(env.consequence(), "frame 1: failed, said the plugin (try 3 of 3)");
}

#[test]
fn frame_fatal_faults_skip_the_frame_and_report_it() {
    let (mut env, shot) = env(1, JobSpec { chunk: Chunking::Fixed(10), ..job("1-10") });
    env.settle(1, "1-3");
    let missing = vec![fault(Severity::FrameFatal, Cause::MissingFile, Some(4))];
    env.end(1, EndedBy::Itself, Decision::FailFrames, missing);
    assert_eq!(
        env.consequence(),
        "frame 4: failed, said the plugin; frames 5-10: back to the queue as before"
    );
    env.check_started(&[(2, "5-10")]);
    assert_eq!(env.orders()[0].attempt.try_number, 1);
    env.finish(2);
    let summary = env.scheduler.summary(shot, env.now).unwrap();
    assert_eq!((summary.status, summary.frames.done, summary.frames.failed), (JobStatus::Failed, 9, 1));
}

#[test]
fn worker_fatal_faults_open_the_breaker_and_one_task_closes_it() {
    let (mut env, shot) = env(2, JobSpec { chunk: Chunking::Fixed(1), ..job("1-10") });
    let broken = || vec![fault(Severity::WorkerFatal, Cause::Disk, None)];
    // Without being told to, at the third in a row.
    for attempt in 1..=3 {
        assert!(env.scheduler.breakers().is_empty());
        env.end(attempt, EndedBy::Itself, Decision::Accept, broken());
        if env.started().is_empty() {
            env.pass(8.0);
        }
    }
    let view = &env.scheduler.breakers()[0];
    assert_eq!((view.plugin.as_str(), &view.gpu, view.reason.as_str()), ("blender", &None, "Disk"));
    let until = view.until;
    env.end(4, EndedBy::Itself, Decision::Accept, broken());
    env.pass(until.since(env.now).0 - 1.0);
    env.check_started(&[]);
    let WaitReason::Breaker { reason, until: shown, .. } = env.why(shot) else {
        panic!("{:?}", env.why(shot))
    };
    assert_eq!((reason.as_str(), shown), ("Disk", until));
    env.pass(1.0);
    assert_eq!(env.started().len(), 1, "half open: one task goes through");
    let (trial, frames) = env.started()[0].clone();
    env.settle(trial, &frames);
    assert_eq!(env.started().len(), 1, "closed: the other slot is used again");
    assert!(env.scheduler.breakers().is_empty());
}
