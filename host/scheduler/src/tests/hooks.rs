//! The hooks of a job's own moments.

use crate::test_env::{TestEnv, job, profile};
use crate::{Effect, Event, PluginState, Refusal};
use farmhand_model::dcc::{Decision, FrameShape};
use farmhand_model::hooks::HooksResult::{Fail, GoOn, Hold};
use farmhand_model::hooks::Moment::{AfterJob, BeforeJob};
use farmhand_model::hooks::{HookPhase, JobEnd};
use farmhand_model::why::WaitReason;
use farmhand_model::{Change, EndedBy, FrameState, JobId, JobRecord, JobSpec, JobStatus, Seconds};

fn phases(env: &TestEnv, job: JobId) -> (HookPhase, HookPhase) {
    let hooks = env.scheduler.record(job).unwrap().hooks;
    (hooks.before, hooks.after)
}

fn only_level() -> PluginState {
    profile(&[("render", FrameShape::Any)])
}

#[test]
fn nothing_starts_before_the_hooks_are_over_and_others_have_the_slot() {
    let mut env = TestEnv::bare(1);
    env.plugin(only_level());
    let shot = env.submit_hooked(job("1"), &[BeforeJob]);
    assert_eq!(env.hooks_ordered(), [(shot, BeforeJob)]);
    env.check_started(&[]);
    let is_running =
        |change: &&Change| matches!(change, Change::Job(record) if record.hooks.before == HookPhase::Running);
    assert!(env.changes().iter().any(is_running), "durable before they run");
    assert_eq!(env.why(shot), WaitReason::Hooks { moment: BeforeJob });
    let other = env.submit(job("1"));
    assert_eq!(env.orders()[0].attempt.job, other, "hooks take no slot");
    env.finish(1);
    env.check_started(&[]);
    env.hooks_end(shot, BeforeJob, GoOn);
    env.check_started(&[(2, "1")]);
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!((record.hooks.runs.len(), record.notes), (1, vec!["copied 3 textures".to_owned()]));
    env.finish(2);
    assert_eq!(env.status(shot), JobStatus::Done);
}

#[test]
fn they_run_when_the_first_task_would_start() {
    let mut env = TestEnv::bare(1);
    let first = env.submit(job("1"));
    let shot = env.submit_hooked(JobSpec { after: vec![first], ..job("1") }, &[BeforeJob]);
    env.send(Event::Pause(shot));
    env.plugin(only_level());
    env.finish(1);
    assert_eq!(env.hooks_ordered(), []);
    env.plugin(PluginState::Unavailable { reason: "it traps".to_owned() });
    env.send(Event::Resume(shot));
    assert_eq!(env.hooks_ordered(), []);
    let blocker = env.submit(JobSpec { priority: 90, ..job("1") });
    env.plugin(only_level());
    assert_eq!((env.orders()[0].attempt.job, env.hooks_ordered()), (blocker, vec![]), "no slot is free");
    env.end(2, EndedBy::Itself, Decision::QuarantineNode, vec![]);
    env.send(Event::Cancel(blocker));
    assert_eq!(env.hooks_ordered(), [], "the breaker is open");
    env.pass(60.0);
    assert_eq!(env.hooks_ordered(), [(shot, BeforeJob)]);
}

#[test]
fn at_most_as_many_jobs_as_slots_run_them_at_once() {
    let mut env = TestEnv::bare(2);
    let jobs: Vec<JobId> = (0..3).map(|_| env.submit_hooked(job("1-4"), &[BeforeJob])).collect();
    env.plugin(only_level());
    assert_eq!(env.hooks_ordered(), [(jobs[0], BeforeJob), (jobs[1], BeforeJob)]);
    assert_eq!(env.why(jobs[2]), WaitReason::Behind { job: jobs[0] });
    env.hooks_end(jobs[1], BeforeJob, Hold("a check".to_owned()));
    assert_eq!(env.hooks_ordered(), [(jobs[2], BeforeJob)]);
}

#[test]
fn a_job_fails_with_its_before_hooks_and_a_retry_runs_them_again() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1-4"), &[BeforeJob, AfterJob]);
    env.hooks_end(shot, BeforeJob, Fail("prepare.py: exit code 1".to_owned()));
    assert_eq!(env.hooks_ordered(), [], "nothing was rendered, so nothing comes after");
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!(
        (record.status, record.failure.as_deref()),
        (JobStatus::Failed, Some("prepare.py: exit code 1"))
    );
    assert_eq!(env.frames(shot, FrameState::Failed), "1-4");
    env.send(Event::Retry { job: shot, frames: None });
    assert_eq!(env.hooks_ordered(), [(shot, BeforeJob)]);
    env.hooks_end(shot, BeforeJob, GoOn);
    env.finish(1);
    env.finish(2);
    assert_eq!(env.hooks_ordered(), [(shot, AfterJob)]);
}

#[test]
fn hooks_may_hold_the_job_and_run_again_once_it_goes_on() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1-4"), &[BeforeJob, AfterJob]);
    env.hooks_end(shot, BeforeJob, Hold("no scene yet".to_owned()));
    env.check_started(&[]);
    assert_eq!(env.why(shot), WaitReason::Held { reason: "no scene yet".to_owned() });
    env.send(Event::Resume(shot));
    assert_eq!(env.hooks_ordered(), [(shot, BeforeJob)]);
    env.hooks_end(shot, BeforeJob, GoOn);
    env.finish(1);
    env.finish(2);
    env.hooks_end(shot, AfterJob, Hold("no route to the archive".to_owned()));
    assert_eq!((env.status(shot), phases(&env, shot).1), (JobStatus::Paused, HookPhase::Due));
    env.send(Event::Resume(shot));
    assert_eq!(env.hooks_ordered(), [(shot, AfterJob)]);
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!(env.status(shot), JobStatus::Done);
    assert_eq!(env.scheduler.record(shot).unwrap().hooks.runs.len(), 4);
}

#[test]
fn a_job_ends_only_after_its_after_hooks() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1-4"), &[AfterJob]);
    let render = env.submit(JobSpec { after: vec![shot], ..job("9") });
    env.now = env.now.plus_millis(5000);
    env.finish(1);
    env.end(2, EndedBy::Itself, Decision::FailFrames, vec![]);
    let end = JobEnd { complete: false, frames_done: 2, frames_failed: 2, seconds: Seconds(5.0) };
    let order = Effect::RunHooks { job: shot, moment: AfterJob, end: Some(end) };
    assert!(env.effects.contains(&order), "{:?}", env.effects);
    assert_eq!(
        (env.status(shot), env.why(shot)),
        (JobStatus::Running, WaitReason::Hooks { moment: AfterJob })
    );
    assert_eq!(env.why(render), WaitReason::After { jobs: vec![shot] });
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!(env.status(shot), JobStatus::Failed);
    env.send(Event::Retry { job: shot, frames: None });
    assert_eq!(phases(&env, shot).1, HookPhase::Due);
    env.finish(3);
    let end = JobEnd { complete: true, frames_done: 4, frames_failed: 0, seconds: Seconds(5.0) };
    assert!(env.effects.contains(&Effect::RunHooks { job: shot, moment: AfterJob, end: Some(end) }));
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!((env.status(shot), env.started().len()), (JobStatus::Done, 1));
    env.refused(Event::Retry { job: shot, frames: None }, &Refusal::NothingToRetry(shot));
}

#[test]
fn a_job_whose_after_hooks_fail_has_failed_with_its_frames_done() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[AfterJob]);
    env.finish(1);
    env.hooks_end(shot, AfterJob, Fail("publish.py: exit code 1".to_owned()));
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!(
        (record.status, record.failure.as_deref()),
        (JobStatus::Failed, Some("publish.py: exit code 1"))
    );
    assert_eq!(env.frames(shot, FrameState::Done), "1,2");
    env.send(Event::Retry { job: shot, frames: None });
    assert_eq!(env.hooks_ordered(), [(shot, AfterJob)], "they alone are tried again");
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!(env.status(shot), JobStatus::Done);
}

#[test]
fn a_failed_job_runs_its_after_hooks_also_where_they_hold_it() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[AfterJob]);
    env.send(Event::Pause(shot));
    env.end(1, EndedBy::Itself, Decision::FailJob, vec![]);
    assert_eq!(env.hooks_ordered(), [(shot, AfterJob)], "it has failed, paused or not");
    env.hooks_end(shot, AfterJob, Hold("look".to_owned()));
    assert_eq!(env.why(shot), WaitReason::Held { reason: "look".to_owned() });
    env.send(Event::Resume(shot));
    env.hooks_end(shot, AfterJob, Fail("again".to_owned()));
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!((record.status, record.failure.as_deref()), (JobStatus::Failed, Some("said the plugin")));
    assert!(record.notes.contains(&"again".to_owned()), "the first failure stays");
}

#[test]
fn a_paused_job_runs_its_after_hooks_once_it_goes_on() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[AfterJob]);
    env.send(Event::Pause(shot));
    env.finish(1);
    assert_eq!((env.status(shot), env.hooks_ordered()), (JobStatus::Paused, vec![]));
    env.send(Event::Resume(shot));
    assert_eq!(env.hooks_ordered(), [(shot, AfterJob)]);
    env.send(Event::Pause(shot));
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!(env.status(shot), JobStatus::Done, "what runs goes on to its end");
}

#[test]
fn a_cancel_waits_for_no_hooks_and_two_runs_never_meet() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[BeforeJob, AfterJob]);
    env.send(Event::Cancel(shot));
    assert_eq!(env.status(shot), JobStatus::Cancelled);
    env.send(Event::Retry { job: shot, frames: None });
    assert_eq!(env.hooks_ordered(), [], "those of before still run");
    assert_eq!(env.why(shot), WaitReason::Hooks { moment: BeforeJob });
    env.hooks_end(shot, BeforeJob, Fail("killed".to_owned()));
    assert_eq!(
        env.notices(),
        ["the before-job hooks of job 1 are not waited for any more; dropped their result"]
    );
    assert_eq!(env.hooks_ordered(), [(shot, BeforeJob)]);
    env.hooks_end(shot, BeforeJob, GoOn);
    env.finish(1);
    env.send(Event::Cancel(shot));
    assert_eq!((env.status(shot), phases(&env, shot).1), (JobStatus::Cancelled, HookPhase::Due));
    env.send(Event::Retry { job: shot, frames: None });
    assert_eq!((env.hooks_ordered(), env.why(shot)), (vec![], WaitReason::Hooks { moment: AfterJob }));
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!((env.status(shot), env.hooks_ordered()), (JobStatus::Running, vec![(shot, AfterJob)]));
    env.send(Event::Cancel(shot));
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!(env.status(shot), JobStatus::Cancelled, "its end is nobody's");
    env.hooks_end(JobId(77), AfterJob, GoOn);
    env.hooks_end(shot, BeforeJob, GoOn);
    assert_eq!(env.notices().len(), 1, "nobody asked for that");
}

#[test]
fn frames_that_are_wanted_again_meanwhile_come_before_the_after_hooks() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[AfterJob]);
    env.finish(1);
    env.send(Event::Retry { job: shot, frames: Some("1".parse().unwrap()) });
    env.check_started(&[(2, "1")]);
    env.hooks_end(shot, AfterJob, GoOn);
    assert_eq!((env.status(shot), env.notices().len()), (JobStatus::Running, 1));
    env.finish(2);
    assert_eq!(env.hooks_ordered(), [(shot, AfterJob)]);
}

#[test]
fn a_restart_runs_them_again() {
    let mut env = TestEnv::new();
    let before = env.submit_hooked(job("1,2"), &[BeforeJob]);
    let after = env.submit_hooked(job("1,2"), &[AfterJob]);
    env.finish(1);
    env.restart();
    assert_eq!((env.hooks_ordered(), env.status(after)), (vec![], JobStatus::Running), "no plugin yet");
    assert!(matches!(env.why(after), WaitReason::NoPlugin { .. }));
    env.plugin(only_level());
    let mut ordered = env.hooks_ordered();
    ordered.sort_unstable();
    assert_eq!(ordered, [(before, BeforeJob), (after, AfterJob)]);
    env.hooks_end(after, AfterJob, GoOn);
    assert_eq!(env.status(after), JobStatus::Done);
}

#[test]
fn a_daemon_that_stops_runs_none() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[AfterJob]);
    env.send(Event::Stopping { kill: false });
    let late = env.submit_hooked(job("1,2"), &[BeforeJob]);
    env.finish(1);
    assert_eq!(env.hooks_ordered(), []);
    assert_eq!((env.why(shot), env.why(late)), (WaitReason::Stopping, WaitReason::Stopping));
}

#[test]
fn hooks_that_are_ended_with_the_daemon_fail_no_job() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[BeforeJob]);
    env.send(Event::Stopping { kill: true });
    env.hooks_end(shot, BeforeJob, Fail("it was killed".to_owned()));
    assert_eq!((env.status(shot), phases(&env, shot).0), (JobStatus::Waiting, HookPhase::Due));
    env.restart();
    env.plugin(only_level());
    assert_eq!(env.hooks_ordered(), [(shot, BeforeJob)]);
}

#[test]
fn the_last_runs_and_each_note_once_are_kept() {
    let mut env = TestEnv::new();
    let shot = env.submit_hooked(job("1,2"), &[BeforeJob]);
    for _ in 0..JobRecord::HOOK_RUNS + 5 {
        env.hooks_end(shot, BeforeJob, Hold("wait".to_owned()));
        env.now = env.now.plus_millis(1);
        env.send(Event::Resume(shot));
    }
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!((record.hooks.runs.len(), record.notes.len()), (JobRecord::HOOK_RUNS, 1));
    assert_eq!(record.hooks.runs[0].at, env.now.plus_millis(-100));
}
