//! What people ask for, and what they are refused.

use crate::test_env::{TestEnv, job, profile, set};
use crate::{Event, NodeCapacity, Policy, Refusal, Restored, RestoredJob, Scheduler};
use farmhand_model::dcc::{Decision, FrameShape};
use farmhand_model::job::{JobEdit, JobLimits};
use farmhand_model::{AttemptId, Change, Chunking, EndedBy, FrameSet, FrameState, JobId, JobSpec, JobStatus};

#[test]
fn a_job_is_kept_before_the_attempts_that_start_with_it() {
    let mut env = TestEnv::new();
    env.submit(job("1-10"));
    let changes = env.changes();
    assert!(matches!(changes[0], Change::Job(_)), "{changes:?}");
    assert!(changes[1..].iter().any(|change| matches!(change, Change::Attempt(_))), "{changes:?}");
}

#[test]
fn a_pause_lets_what_runs_go_on() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-10"));
    env.send(Event::Pause(shot));
    assert_eq!((env.status(shot), env.kills().len()), (JobStatus::Paused, 0));
    env.finish(1);
    env.check_started(&[]);
    env.send(Event::Resume(shot));
    env.check_started(&[(3, "5,6")]);
    assert_eq!(env.status(shot), JobStatus::Running);
    env.send(Event::Resume(shot));
    assert!(env.effects.is_empty());
}

#[test]
fn a_paused_job_whose_last_frames_run_still_ends() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1,2"));
    env.send(Event::Pause(shot));
    env.finish(1);
    assert_eq!(env.status(shot), JobStatus::Done);
}

#[test]
fn a_cancelled_job_ends_with_its_last_attempt() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-10"));
    env.send(Event::Cancel(shot));
    assert_eq!(env.kills(), [(1, EndedBy::Cancel), (2, EndedBy::Cancel)]);
    assert_eq!(env.status(shot), JobStatus::Cancelling);
    env.send(Event::Cancel(shot));
    assert!(env.effects.is_empty());
    env.settle(1, "1");
    env.end(1, EndedBy::Cancel, Decision::Accept, vec![]);
    assert_eq!(env.status(shot), JobStatus::Cancelling);
    env.end(2, EndedBy::Cancel, Decision::FailJob, vec![]);
    assert_eq!(env.status(shot), JobStatus::Cancelled);
    assert_eq!(env.frames(shot, FrameState::Done), "1");
    env.send(Event::Retry { job: shot, frames: None });
    env.check_started(&[(3, "2,3"), (4, "4,5")]);
}

#[test]
fn a_cancelled_job_without_attempts_ends_at_once() {
    let mut env = TestEnv::bare(1);
    let shot = env.submit(job("1"));
    env.send(Event::Cancel(shot));
    assert_eq!(env.status(shot), JobStatus::Cancelled);
}

#[test]
fn a_retry_takes_the_failed_frames_or_those_named() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-4"));
    env.end(1, EndedBy::Itself, Decision::FailFrames, vec![]);
    env.finish(2);
    assert_eq!(env.status(shot), JobStatus::Failed);
    env.send(Event::Retry { job: shot, frames: None });
    env.check_started(&[(3, "1,2")]);
    assert_eq!(env.status(shot), JobStatus::Running);
    env.finish(3);
    assert_eq!(env.status(shot), JobStatus::Done);
    env.send(Event::Retry { job: shot, frames: Some(set("2-3")) });
    let unsettled = Change::Unsettled { job: shot, layer: 0, frames: set("2-3") };
    assert!(env.changes().contains(&&unsettled));
    env.check_started(&[(4, "2,3")]);
    env.refused(
        Event::Retry { job: shot, frames: Some(set("1-2")) },
        &Refusal::FramesRunning { job: shot, frames: set("2") },
    );
    env.refused(
        Event::Retry { job: shot, frames: Some(set("4-6")) },
        &Refusal::FramesNotInJob { job: shot, frames: set("5-6"), has: set("1-4") },
    );
    env.refused(Event::Retry { job: shot, frames: None }, &Refusal::NothingToRetry(shot));
    env.refused(Event::Retry { job: shot, frames: Some(FrameSet::new()) }, &Refusal::NoFrames);
}

#[test]
fn a_retry_of_one_layer_leaves_the_others_as_they_are() {
    let mut env = TestEnv::new();
    let layers = vec!["beauty".to_owned(), "shadow".to_owned()];
    let shot = env.submit(JobSpec { layers, chunk: Chunking::Whole, ..job("1-3") });
    env.finish(1);
    env.finish(2);
    assert_eq!(env.status(shot), JobStatus::Done);
    env.send(Event::RetryLayer { job: shot, layer: 1, frames: set("2") });
    let unsettled: Vec<_> =
        env.changes().into_iter().filter(|change| matches!(change, Change::Unsettled { .. })).collect();
    assert_eq!(unsettled, [&Change::Unsettled { job: shot, layer: 1, frames: set("2") }]);
    let started: Vec<_> =
        env.orders().iter().map(|order| (order.layer, order.attempt.frames.to_string())).collect();
    assert_eq!(started, [(1, "2".to_owned())]);
    env.send(Event::RetryLayer { job: shot, layer: 0, frames: set("2") });
    env.refused(
        Event::RetryLayer { job: shot, layer: 1, frames: set("1-2") },
        &Refusal::FramesRunning { job: shot, frames: set("2") },
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut env = TestEnv::new();
    env.refused(Event::Pause(JobId(9)), &Refusal::NoJob(JobId(9)));
    let shot = env.submit(job("1"));
    let submit = |id, spec: JobSpec, env: &TestEnv| {
        let mut record = env.scheduler.record(shot).unwrap();
        record.id = id;
        record.spec = spec;
        Event::Submit { job: Box::new(record), ended: vec![(JobId(70), JobStatus::Done)] }
    };
    let refusals = [
        (submit(shot, job("1"), &env), Refusal::Duplicate(shot)),
        (submit(JobId(5), JobSpec { frames: FrameSet::new(), ..job("1") }, &env), Refusal::NoFrames),
        (submit(JobId(5), JobSpec { priority: 101, ..job("1") }, &env), Refusal::Priority(101)),
        (
            submit(JobId(5), JobSpec { after: vec![JobId(77)], ..job("1") }, &env),
            Refusal::UnknownDependency(JobId(77)),
        ),
    ];
    for (event, refusal) in refusals {
        env.refused(event, &refusal);
    }
    env.send(submit(JobId(5), JobSpec { after: vec![JobId(70)], ..job("1") }, &env));
    env.check_started(&[(2, "1")]);
    let edit = JobEdit { priority: Some(200), limits: None };
    env.refused(Event::Edit { job: shot, edit }, &Refusal::Priority(200));
    env.send(Event::Cancel(shot));
    env.refused(Event::Pause(shot), &Refusal::Ending(shot));
    env.refused(Event::Retry { job: shot, frames: None }, &Refusal::Ending(shot));
    env.end(1, EndedBy::Cancel, Decision::Accept, vec![]);
    env.refused(Event::Resume(shot), &Refusal::Ended { job: shot, status: JobStatus::Cancelled });
}

#[test]
fn an_edit_replaces_the_limits_it_gives() {
    let mut env = TestEnv::new();
    let limits = JobLimits { max_tasks: Some(1), retries: Some(7), ..JobLimits::default() };
    let shot = env.submit(JobSpec { limits, ..job("1-10") });
    env.check_started(&[(1, "1,2")]);
    let limits = JobLimits { max_tasks: Some(2), ..JobLimits::default() };
    env.send(Event::Edit { job: shot, edit: JobEdit { priority: None, limits: Some(limits) } });
    env.check_started(&[(2, "3,4")]);
    let limits = env.scheduler.record(shot).unwrap().spec.limits;
    assert_eq!((limits.max_tasks, limits.retries), (Some(2), Some(7)));
}

#[test]
fn an_ended_job_is_recalled_to_be_retried() {
    let mut env = TestEnv::new();
    let sim = env.submit(job("1-2"));
    let render = env.submit(JobSpec { after: vec![sim], ..job("1") });
    env.end(1, EndedBy::Itself, Decision::FailFrames, vec![]);
    let record = env.scheduler.record(sim).unwrap();
    env.scheduler.retire_ended();
    env.refused(Event::Retry { job: sim, frames: None }, &Refusal::NoJob(sim));
    let recalled = RestoredJob { record, done: vec![FrameSet::new()], skipped: vec![FrameSet::new()] };
    env.send(Event::Recall { job: Box::new(recalled), ended: vec![] });
    env.send(Event::Retry { job: sim, frames: None });
    env.check_started(&[(2, "1,2")]);
    env.finish(2);
    assert_eq!(env.orders()[0].attempt.job, render);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-10"));
    env.running(1);
    env.settle(1, "1");
    env.begin(2, 3);
    env.retry(2);
    let record = env.scheduler.record(shot).unwrap();
    let live: Vec<_> = env.scheduler.live_attempts().cloned().collect();
    assert_eq!(live.len(), 2);
    let restored = Restored {
        jobs: vec![RestoredJob { record, done: vec![set("1")], skipped: vec![FrameSet::new()] }],
        live,
        ended: vec![],
        next_attempt: AttemptId(4),
    };
    let capacity = NodeCapacity::of_threads(1, 4, 2);
    let (scheduler, _) = Scheduler::restore(capacity, Policy::default(), env.now, restored);
    scheduler.sanity_check(env.now);
    env.scheduler = scheduler;
    assert_eq!(env.scheduler.leases().len(), 2, "both go on, though one slot is fewer");
    let first = env.scheduler.attempt(AttemptId(1)).unwrap();
    assert_eq!((&first.frames, &first.frames_done), (&set("1-2"), &set("1")));
    env.settle(1, "1");
    assert!(env.effects.is_empty(), "the runner reads the log again");
    assert_eq!(env.frames(shot, FrameState::Running), "2,4,5");
    assert_eq!(env.frames(shot, FrameState::Pending), "3,6-10");
    env.plugin(profile(&[("render", FrameShape::Any)]));
    env.check_started(&[]);
    env.settle(1, "1-2");
    env.accept(1);
    env.check_started(&[]);
    env.finish(3);
    assert_eq!(env.started()[0].0, 4, "attempts are numbered on");
    let requeued = env.scheduler.record(shot).unwrap().requeued;
    assert_eq!((requeued.len(), requeued[0].frames.to_string()), (1, "3".to_owned()));
    assert!(requeued[0].not_before.is_some());
}

#[test]
fn a_live_attempt_of_a_job_that_is_over_is_ended() {
    let mut env = TestEnv::new();
    env.submit(job("1"));
    let live: Vec<_> = env.scheduler.live_attempts().cloned().collect();
    let restored = Restored { jobs: vec![], live, ended: vec![], next_attempt: AttemptId(2) };
    let capacity = NodeCapacity::of_threads(1, 1, 1);
    let (scheduler, effects) = Scheduler::restore(capacity, Policy::default(), env.now, restored);
    env.scheduler = scheduler;
    env.effects = effects;
    assert_eq!(env.kills(), [(1, EndedBy::Cancel)]);
    assert!(matches!(env.changes()[..], [Change::Attempt(_)]));
    assert!(env.scheduler.leases().is_empty());
}
