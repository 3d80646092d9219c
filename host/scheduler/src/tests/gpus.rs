//! The breaker of a plugin's use of one GPU.

use crate::test_env::{TestEnv, fault, job, profile};
use farmhand_model::dcc::{Cause, Decision, Fault, FrameShape, Severity};
use farmhand_model::why::WaitReason;
use farmhand_model::{EndedBy, JobId, JobSpec};

fn env(slots: u32, gpus: &[u32]) -> (TestEnv, JobId) {
    let mut env = TestEnv::bare(slots);
    env.gpus(gpus);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let shot = env.submit(JobSpec { frames: "1-100".parse().unwrap(), ..job("1") });
    (env, shot)
}

fn broken(about: Option<&str>) -> Vec<Fault> {
    vec![Fault { about: about.map(str::to_owned), ..fault(Severity::WorkerFatal, Cause::Gpu, None) }]
}

fn quarantine(env: &mut TestEnv, attempt: u64, about: &str) {
    env.end(attempt, EndedBy::Itself, Decision::QuarantineNode, broken(Some(about)));
}

fn avoided(env: &TestEnv) -> Vec<Vec<u32>> {
    env.orders().iter().map(|order| order.avoid_gpus.clone()).collect()
}

/// What is open after the first attempt said that.
fn check(gpus: &[u32], faults: Vec<Fault>, expect: &[Option<&str>]) {
    let (mut env, _) = env(1, gpus);
    env.end(1, EndedBy::Itself, Decision::QuarantineNode, faults);
    let open = env.scheduler.breakers();
    let open: Vec<_> = open.iter().map(|breaker| breaker.gpu.as_deref()).collect();
    assert_eq!(open, expect);
    assert_eq!(env.started().len(), usize::from(expect != [None]));
}

#[test]
fn only_a_gpu_of_this_node_that_is_not_the_last_opens_alone() {
    check(&[0, 1], broken(Some("1")), &[Some("1")]);
    check(&[0, 1], broken(Some("gpu-B")), &[Some("1")]);
    check(&[2, 5], broken(Some("5")), &[Some("5")]);
    check(&[0], broken(Some("0")), &[None]);
    check(&[], broken(Some("0")), &[None]);
    check(&[0, 1], broken(Some("7")), &[None]);
    check(&[0, 1], broken(None), &[None]);
    let memory = fault(Severity::WorkerFatal, Cause::Memory, None);
    check(&[0, 1], vec![Fault { about: Some("1".to_owned()), ..memory }], &[None]);
}

#[test]
fn attempts_stay_off_the_gpu_until_one_tries_it_again() {
    let (mut env, _) = env(2, &[0, 1]);
    assert_eq!(avoided(&env), [vec![], vec![]] as [Vec<u32>; 2]);
    quarantine(&mut env, 1, "1");
    assert_eq!(env.consequence(), "frames 1,2: back to the queue, the plugin's tasks stay off GPU 1 here");
    assert_eq!(avoided(&env), [[1]]);
    let view = env.scheduler.breakers()[0].clone();
    assert_eq!((view.gpu.as_deref(), view.reason.as_str()), (Some("1"), "said the plugin"));
    env.pass(view.until.since(env.now).0);
    env.finish(2);
    assert_eq!(avoided(&env), [[0_u32; 0]], "it is the trial");
    env.finish(3);
    assert_eq!(avoided(&env), [[1]], "and the only one");
    env.settle(4, "5");
    assert_eq!(env.scheduler.breakers().len(), 1, "its end decides, not its first frame");
    env.finish(4);
    assert!(env.scheduler.breakers().is_empty());
    assert_eq!(avoided(&env), [[0_u32; 0]]);
}

#[test]
fn the_last_gpu_takes_the_plugin_with_it() {
    let (mut env, shot) = env(1, &[0, 1]);
    quarantine(&mut env, 1, "0");
    quarantine(&mut env, 2, "1");
    env.check_started(&[]);
    let open: Vec<_> = env.scheduler.breakers().into_iter().map(|breaker| breaker.gpu).collect();
    assert_eq!(open, [None, Some("0".to_owned())]);
    assert!(matches!(env.why(shot), WaitReason::Breaker { cause: Cause::Gpu, .. }));
}

#[test]
fn a_task_that_was_kept_off_a_gpu_and_still_names_it_blames_the_plugin() {
    // Inside the process another GPU may have that number: without this it would go on for ever.
    let (mut env, _) = env(1, &[0, 1]);
    quarantine(&mut env, 1, "0");
    assert_eq!(avoided(&env), [[0]]);
    quarantine(&mut env, 2, "0");
    env.check_started(&[]);
}

#[test]
fn a_gpu_that_is_gone_has_no_breaker() {
    let (mut env, _) = env(1, &[0, 1, 2]);
    quarantine(&mut env, 1, "2");
    quarantine(&mut env, 2, "1");
    env.gpus(&[0, 1]);
    let open: Vec<_> = env.scheduler.breakers().into_iter().map(|breaker| breaker.gpu).collect();
    assert_eq!(open, [Some("1".to_owned())]);
    env.gpus(&[1]);
    assert!(env.scheduler.breakers().is_empty(), "there is no other one left");
}
