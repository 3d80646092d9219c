//! Batches: so many tasks at once, what a first failure stops, and jobs that are gone on with.

use crate::test_env::{TestEnv, gpu_job, job, set};
use crate::{Again, BatchOrder, Event, PluginState, Refusal, Together};
use farmhand_model::batch::{BatchMember, BatchRef};
use farmhand_model::dcc::Decision;
use farmhand_model::job::PluginChoice;
use farmhand_model::why::WaitReason;
use farmhand_model::{BatchId, Chunking, Digest, EndedBy, FrameSet, FrameState, JobId, JobSpec, JobStatus};

fn member(batch: u64, entry: &str, workers: u32, continue_on_error: bool) -> BatchMember {
    BatchMember {
        batch: BatchRef { id: BatchId(batch), name: "seq".to_owned() },
        entry: entry.to_owned(),
        workers,
        continue_on_error,
        content: Digest(entry.to_owned()),
    }
}

fn of_batch(frames: &str, member: BatchMember) -> JobSpec {
    JobSpec { batch: Some(member), chunk: Chunking::Fixed(1), ..job(frames) }
}

#[test]
fn a_batch_has_so_many_tasks_at_once_and_others_pass_it_by() {
    let mut env = TestEnv::bare(4);
    env.plugin(crate::test_env::profile(&[("render", farmhand_model::dcc::FrameShape::Any)]));
    env.submit(of_batch("1-3", member(1, "a", 2, true)));
    env.check_started(&[(1, "1"), (2, "2")]);
    let second = env.submit(of_batch("1-3", member(1, "b", 2, true)));
    env.check_started(&[]);
    let batch = BatchRef { id: BatchId(1), name: "seq".to_owned() };
    assert_eq!(env.why(second), WaitReason::Workers { batch, workers: 2 });
    env.submit(of_batch("7", member(2, "c", 1, true)));
    env.check_started(&[(3, "7")]);
    env.submit(JobSpec { chunk: Chunking::Fixed(1), ..job("9") });
    env.check_started(&[(4, "9")]);
    env.finish(1);
    env.check_started(&[(5, "3")]);
    env.finish(2);
    env.check_started(&[(6, "1")]);
}

#[test]
fn what_a_full_batch_waits_for_is_kept_for_it_no_longer() {
    let mut env = TestEnv::bare(4);
    env.gpus(&[0, 1]);
    let ready = || crate::test_env::profile(&[("render", farmhand_model::dcc::FrameShape::Any)]);
    env.plugin(ready());
    env.submit(gpu_job("1", 1));
    env.check_started(&[(1, "1")]);
    env.plugin(PluginState::Unavailable { reason: "it is being changed".to_owned() });
    let wants_both = JobSpec { batch: Some(member(1, "a", 1, true)), ..gpu_job("1", 2) };
    env.submit(wants_both);
    env.submit(of_batch("2", member(1, "b", 1, true)));
    env.submit(gpu_job("3", 1));
    env.plugin(ready());
    env.check_started(&[(2, "2"), (3, "3")]);
}

#[test]
fn the_first_failure_stops_those_that_have_not_begun_where_the_batch_wants_that() {
    for continue_on_error in [true, false] {
        let mut env = TestEnv::bare(2);
        env.plugin(crate::test_env::profile(&[("render", farmhand_model::dcc::FrameShape::Any)]));
        let of = |entry: &str| of_batch("1", member(1, entry, 2, continue_on_error));
        let (bad, runs) = (env.submit(of("bad")), env.submit(of("runs")));
        let (waits, other) = (env.submit(of("waits")), env.submit(job("1")));
        env.end(1, EndedBy::Itself, Decision::FailJob, Vec::new());
        assert_eq!((env.status(bad), env.status(runs)), (JobStatus::Failed, JobStatus::Running));
        if continue_on_error {
            assert_eq!(env.status(waits), JobStatus::Running);
            continue;
        }
        assert_eq!((env.status(waits), env.status(other)), (JobStatus::Cancelled, JobStatus::Running));
        let failure = env.scheduler.summary(waits, env.now).unwrap().failure.unwrap();
        assert_eq!(failure, "not begun: job 1 (bad) failed, and its batch 1 stops at the first failure");
    }
}

#[test]
fn what_has_ended_undone_goes_on_and_what_is_live_stays_as_it_is() {
    let mut env = TestEnv::new();
    let failed = env.submit(of_batch("1-3", member(1, "a", 1, true)));
    env.finish(1);
    env.end(2, EndedBy::Itself, Decision::FailFrames, Vec::new());
    env.finish(3);
    assert_eq!(env.status(failed), JobStatus::Failed);
    let paused = env.submit(of_batch("5", member(1, "b", 1, true)));
    env.send(Event::Together { jobs: vec![paused, failed], order: Together::Pause });
    let again = |job, entry: &str, lost: &[&str]| Again {
        job,
        kept: None,
        member: member(2, entry, 1, true),
        lost: lost.iter().map(|text| set(text)).collect(),
    };
    let order =
        BatchOrder { again: vec![again(failed, "a", &["1"]), again(paused, "b", &[])], ..Default::default() };
    env.send(Event::Batch(Box::new(order)));
    assert_eq!(env.status(paused), JobStatus::Paused);
    assert_eq!(env.frames(failed, FrameState::Done), "3");
    let batch = env.scheduler.summary(failed, env.now).unwrap().batch.unwrap();
    assert_eq!(batch.id, BatchId(2));
    env.check_started(&[]);
    env.finish(4);
    env.finish(5);
    env.finish(6);
    assert_eq!(env.status(failed), JobStatus::Done);
}

#[test]
fn a_batch_is_taken_in_whole_or_refused_whole() {
    let mut env = TestEnv::new();
    let there = env.submit(job("1"));
    let record = |id: u64, spec: JobSpec| {
        let mut record = env.scheduler.record(there).unwrap();
        (record.id, record.spec, record.started) = (JobId(id), spec, None);
        record
    };
    let good = || record(10, job("1-2"));
    let check = |bad, expect: Refusal| (BatchOrder { new: vec![good(), bad], ..Default::default() }, expect);
    let picky = PluginChoice { name: "none".to_owned(), version: None, digest: None };
    let later = record(10, JobSpec { after: vec![JobId(11)], ..job("1") });
    let earlier = record(11, JobSpec { plugin: picky, ..job("1") });
    let refused = [
        check(record(11, JobSpec { frames: FrameSet::new(), ..job("1") }), Refusal::NoFrames),
        check(record(11, JobSpec { priority: 101, ..job("1") }), Refusal::Priority(101)),
        check(record(there.0, job("1")), Refusal::Duplicate(there)),
        check(
            record(11, JobSpec { after: vec![JobId(70)], ..job("1") }),
            Refusal::UnknownDependency(JobId(70)),
        ),
    ];
    for (order, expect) in refused {
        env.refused(Event::Batch(Box::new(order)), &expect);
        assert!(!env.scheduler.holds(JobId(10)), "nothing of it was kept");
    }
    let order = BatchOrder { new: vec![later, earlier], replaced: vec![there], ..Default::default() };
    env.send(Event::Batch(Box::new(order)));
    assert_eq!(env.why(JobId(10)), WaitReason::After { jobs: vec![JobId(11)] });
    assert_eq!(env.status(there), JobStatus::Cancelling);
}
