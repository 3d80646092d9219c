//! The lines by what jobs need: how many are looked at, and that a job stands in as many as its next tasks need.

use crate::pass::Pass;
use crate::test_env::{TestEnv, gpu_job, job, job_with, profile};
use farmhand_model::dcc::{Decision, FrameShape};
use farmhand_model::why::WaitReason;
use farmhand_model::{AttemptId, Chunking, EndedBy, GpuNeed, JobSpec, LevelNeeds, Needs};

/// How many jobs a turn looks at.
fn turns(env: &TestEnv) -> usize {
    let mut pass = Pass::new(&env.scheduler, env.now);
    let mut turns = 0;
    while let Some(head) = pass.next_before(&env.scheduler, env.now, None) {
        pass.take_turn(&env.scheduler, env.now, &head);
        turns += 1;
    }
    turns
}

#[test]
fn ten_thousand_jobs_that_wait_for_a_gpu_are_looked_at_once() {
    let mut env = TestEnv::bare(8);
    env.gpus(&[0]);
    for priority in 0..100 {
        env.submit_many(100, &JobSpec { priority, ..gpu_job("1-3", 1) });
    }
    let on_cpu = env.submit(job("1"));
    env.plugin(profile(&[("render", FrameShape::Any)]));
    assert_eq!(env.scheduler.live_jobs().len(), 10_001);
    assert_eq!(env.scheduler.leases().len(), 2);
    assert!(env.scheduler.leases().iter().any(|lease| lease.job == on_cpu));
    assert_eq!(turns(&env), 1);
    let share = GpuNeed { count: 1, memory_bytes: Some(1), required: true };
    env.submit(job_with("1", Needs { memory_bytes: None, gpus: Some(share) }));
    assert_eq!(turns(&env), 2);
}

#[test]
fn frames_that_need_less_after_a_failure_do_not_wait_with_those_that_need_more() {
    let mut env = TestEnv::new();
    env.gpus(&[0]);
    let gpus = Some(GpuNeed { count: 1, memory_bytes: None, required: true });
    let needs = vec![LevelNeeds { level: "render".to_owned(), needs: Needs { memory_bytes: None, gpus } }];
    let shot = env.submit(JobSpec { needs, chunk: Chunking::Fixed(1), ..job("1-3") });
    env.check_started(&[(1, "1")]);
    env.end(1, EndedBy::Itself, Decision::FallBack, Vec::new());
    env.check_started(&[(2, "1"), (3, "2")]);
    let safe = |attempt: u64| env.scheduler.attempt(AttemptId(attempt)).unwrap();
    assert_eq!((safe(2).level_name.as_str(), safe(2).lease.gpus.len()), ("safe", 0));
    assert_eq!((safe(3).level_name.as_str(), safe(3).lease.gpus.len()), ("render", 1));
    env.finish(2);
    env.check_started(&[]);
    env.finish(3);
    env.check_started(&[(4, "3")]);
    assert_eq!(env.scheduler.jobs[&shot].lines.len(), 0);
}

#[test]
fn frames_whose_wait_is_over_start_where_the_others_cannot() {
    let mut env = TestEnv::new();
    env.gpus(&[0]);
    let shot = env.submit(JobSpec { chunk: Chunking::Fixed(1), ..gpu_job("1-3", 1) });
    env.end(1, EndedBy::Itself, Decision::FallBack, Vec::new());
    env.check_started(&[(2, "1"), (3, "2")]);
    let other = env.submit(JobSpec { priority: 60, ..gpu_job("1-9", 1) });
    env.finish(3);
    assert_eq!(env.scheduler.attempt(AttemptId(4)).unwrap().job, other);
    env.end(2, EndedBy::Itself, Decision::Retry { after_ms: 5000 }, Vec::new());
    env.check_started(&[]);
    assert!(matches!(env.why(shot), WaitReason::Gpus { .. }), "the fresh ones could start but for the GPU");
    let until = env.scheduler.next_wakeup().unwrap();
    env.pass(until.since(env.now).0);
    env.check_started(&[(5, "1")]);
}

#[test]
fn a_job_with_one_gpu_to_render_on_has_one_lane() {
    let check = |gpus: &[u32], spec: JobSpec, expect: &str| {
        let mut env = TestEnv::bare(2);
        env.gpus(gpus);
        env.plugin(profile(&[("render", FrameShape::Any)]));
        env.submit(JobSpec { chunk: Chunking::Auto, ..spec });
        assert_eq!(env.started()[0].1, expect);
    };
    // Unknown costs: fair shares where two probes would use up a share.
    check(&[0, 1], gpu_job("1-7", 1), "1-4");
    check(&[0], gpu_job("1-7", 1), "1-7");
    check(&[0, 1], gpu_job("1-7", 2), "1-7");
    check(&[], job("1-7"), "1-4");
}
