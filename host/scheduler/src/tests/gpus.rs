//! The breaker of a plugin's use of one GPU.

use crate::test_env::{TestEnv, fault, gpu_job, job, profile};
use farmhand_model::dcc::{Cause, Decision, Fault, FrameShape, Severity};
use farmhand_model::why::{GpuInTheWay, GpuObstacle, Holder, WaitReason};
use farmhand_model::{AttemptId, EndedBy, GpuNeed, JobId, JobSpec, Timestamp};

/// A farm with a long job whose tasks need one GPU each.
fn env(slots: u32, gpus: &[u32]) -> (TestEnv, JobId) {
    env_with(slots, gpus, gpu_job("1-100", 1))
}

fn env_with(slots: u32, gpus: &[u32], spec: JobSpec) -> (TestEnv, JobId) {
    let mut env = TestEnv::bare(slots);
    env.gpus(gpus);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let shot = env.submit(spec);
    (env, shot)
}

fn broken(about: Option<&str>) -> Vec<Fault> {
    vec![Fault { about: about.map(str::to_owned), ..fault(Severity::WorkerFatal, Cause::Gpu, None) }]
}

fn quarantine(env: &mut TestEnv, attempt: u64) {
    env.end(attempt, EndedBy::Itself, Decision::QuarantineNode, broken(None));
}

fn open(env: &TestEnv) -> Vec<Option<String>> {
    env.scheduler.breakers().into_iter().map(|breaker| breaker.gpu).collect()
}

/// What is open after the first attempt said that, whose tasks need so many GPUs.
fn check(count: u32, gpus: &[u32], faults: Vec<Fault>, expect: Option<&str>) {
    let spec = if count == 0 { job("1-100") } else { gpu_job("1-100", count) };
    let (mut env, _) = env_with(1, gpus, spec);
    env.end(1, EndedBy::Itself, Decision::QuarantineNode, faults);
    assert_eq!(open(&env), [expect.map(str::to_owned)]);
}

#[test]
fn only_a_gpu_that_the_attempt_held_opens_alone() {
    check(1, &[0, 1], broken(Some("0")), Some("0"));
    check(1, &[2, 5], broken(Some("0")), Some("2"));
    check(1, &[0], broken(None), Some("0"));
    check(2, &[2, 5, 7], broken(Some("1")), Some("5"));
    check(2, &[2, 5, 7], broken(Some("gpu-C")), Some("2"));
    check(2, &[2, 5, 7], broken(Some("5")), Some("5"));
    check(2, &[2, 5, 7], broken(Some("7")), None);
    check(2, &[2, 5, 7], broken(None), None);
    check(0, &[0, 1], broken(Some("1")), None);
    check(0, &[], broken(Some("1")), None);
    let memory = fault(Severity::WorkerFatal, Cause::Memory, None);
    check(1, &[0, 1], vec![Fault { about: Some("0".to_owned()), ..memory }], None);
}

#[test]
fn tasks_stay_off_it_until_one_of_them_tries_it_again() {
    let (mut env, _) = env(2, &[0, 1]);
    assert_eq!(env.leased(), [[0], [1]]);
    quarantine(&mut env, 1);
    assert_eq!(env.consequence(), "frames 1,2: back to the queue, the plugin's tasks stay off GPU 0 here");
    env.check_started(&[]);
    let until = env.scheduler.breakers()[0].until;
    assert_eq!(env.scheduler.next_wakeup(), Some(until), "jobs wait for it");
    env.finish(2);
    assert_eq!(env.leased(), [[1]]);
    env.pass(until.since(env.now).0);
    assert_eq!(env.leased(), [[0]], "it is the trial");
    env.settle(4, "1");
    assert_eq!(open(&env).len(), 1, "its end decides, not its first frame");
    env.finish(3);
    assert_eq!(env.leased(), [[1]], "there is only one trial");
    env.settle(4, "2");
    env.accept(4);
    assert!(env.scheduler.breakers().is_empty());
    assert_eq!(env.leased(), [[0]]);
}

#[test]
fn those_that_insist_on_it_wait_and_those_that_need_none_go_on() {
    let (mut env, shot) = env(1, &[0]);
    quarantine(&mut env, 1);
    env.check_started(&[]);
    let until = env.now.plus_millis(60_000);
    let broken = |until: Timestamp| WaitReason::Gpus {
        need: GpuNeed { count: 1, memory_bytes: None, required: true },
        gpus: vec![GpuInTheWay {
            index: 0,
            uuid: "GPU-a".to_owned(),
            obstacle: GpuObstacle::Breaker { reason: "said the plugin".to_owned(), until },
        }],
    };
    assert_eq!(env.why(shot), broken(until));
    env.submit(job("1"));
    env.check_started(&[(2, "1")]);
    env.finish(2);
    let eager = JobSpec { priority: 60, ..gpu_job("1", 1) };
    let eager = env.submit(eager);
    env.pass(60.0);
    assert_eq!(env.leased(), [[0]], "it is the trial");
    assert!(matches!(env.why(shot), WaitReason::NoSlot { .. }));
    env.finish(3);
    assert_eq!(env.leased(), [[0]], "and it went well");
    assert_eq!(env.why(eager), WaitReason::Ended);
}

#[test]
fn while_a_trial_runs_nobody_else_may_have_it() {
    let (mut env, _) = env(2, &[0]);
    quarantine(&mut env, 1);
    env.pass(60.0);
    assert_eq!(env.leased(), [[0]]);
    let second = env.submit(gpu_job("1", 1));
    let WaitReason::Gpus { gpus, .. } = env.why(second) else { panic!("{:?}", env.why(second)) };
    assert!(matches!(&gpus[0].obstacle, GpuObstacle::Breaker { .. }), "{gpus:?}");
    let holder = Holder { attempt: AttemptId(2), job: JobId(1) };
    env.finish(2);
    assert_eq!(env.leased(), [[0]], "it went well, and the first job goes on");
    let WaitReason::Gpus { gpus, .. } = env.why(second) else { panic!("{:?}", env.why(second)) };
    let holders = vec![Holder { attempt: AttemptId(3), ..holder }];
    assert_eq!(gpus[0].obstacle, GpuObstacle::Leased { holders });
}

#[test]
fn a_gpu_that_is_gone_has_no_breaker() {
    let (mut env, _) = env(3, &[0, 1, 2]);
    quarantine(&mut env, 3);
    quarantine(&mut env, 2);
    assert_eq!(open(&env), ["1", "2"].map(|gpu| Some(gpu.to_owned())));
    env.gpus(&[0, 1]);
    assert_eq!(open(&env), [Some("1".to_owned())]);
    env.gpus(&[0]);
    assert!(env.scheduler.breakers().is_empty());
}
