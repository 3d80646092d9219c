//! Who gets what: memory, GPUs whole and shared, licences, budgets; and that adopted attempts keep theirs. Each reason for
//! which a job waits for one of them is here with what it names.

use crate::test_env::{TestEnv, gpu, gpu_job, job, job_with, profile};
use crate::{Event, NodeCapacity, Policy};
use farmhand_model::dcc::FrameShape;
use farmhand_model::why::{GpuInTheWay, GpuObstacle, Holder, Resource, WaitReason};
use farmhand_model::{
    AttemptId, Budget, Closed, GpuNeed, GpuStanding, GpuStatus, JobId, JobSpec, Limit, LimitPer, Needs,
    Timestamp,
};

const GIB: u64 = 1 << 30;

/// Four slots, eight threads, two a task, 16 GiB, and `nuke` twice by task and `arnold` once by node.
fn env() -> TestEnv {
    let limit = |name: &str, max, per| (name.to_owned(), Limit { max, per });
    let mut env = TestEnv::of(NodeCapacity {
        slots: 4,
        threads: 8,
        threads_per_task: 2,
        memory_bytes: 16 * GIB,
        limits: [limit("nuke", 2, LimitPer::Task), limit("arnold", 1, LimitPer::Node)].into(),
    });
    serve(&mut env);
    env
}

fn serve(env: &mut TestEnv) {
    env.plugin(profile(&[("render", FrameShape::Any), ("safe", FrameShape::Any)]));
}

fn memory_job(gib: u64) -> JobSpec {
    job_with("1", Needs { memory_bytes: Some(gib * GIB), gpus: None })
}

fn share_job(gib: u64) -> JobSpec {
    let gpus = Some(GpuNeed { count: 1, memory_bytes: Some(gib * GIB), required: true });
    job_with("1", Needs { memory_bytes: None, gpus })
}

/// It takes a GPU where there is one.
fn easy_job(bytes: Option<u64>) -> JobSpec {
    let gpus = Some(GpuNeed { count: 1, memory_bytes: bytes, required: false });
    job_with("1", Needs { memory_bytes: None, gpus })
}

fn licence_job(name: &str) -> JobSpec {
    JobSpec { licences: vec![name.to_owned()], ..job("1") }
}

fn standing(index: u32, standing: GpuStanding) -> GpuStatus {
    GpuStatus { standing, ..gpu(index, 24) }
}

fn in_use() -> GpuStanding {
    GpuStanding::InUse { by: "maya.bin (pid 4711) of anna holds 3.2 GB".to_owned(), until: None }
}

fn gpus(env: &mut TestEnv, gpus: &[GpuStatus]) {
    env.send(Event::Gpus(gpus.to_vec()));
}

fn budget(env: &mut TestEnv, threads: u32, gib: u64, closed: Option<Closed>) {
    env.send(Event::Budget(Budget { threads, memory_bytes: gib * GIB, closed }));
}

fn holder(attempt: u64, job: JobId) -> Holder {
    Holder { attempt: AttemptId(attempt), job }
}

/// What is in the way on each GPU.
fn obstacles(env: &TestEnv, job: JobId) -> Vec<GpuObstacle> {
    match env.why(job) {
        WaitReason::Gpus { gpus, .. } => gpus.into_iter().map(|gpu| gpu.obstacle).collect(),
        other => panic!("job {job} does not wait for GPUs: {other:?}"),
    }
}

fn leased(holders: &[Holder]) -> GpuObstacle {
    GpuObstacle::Leased { holders: holders.to_vec() }
}

/// The issue's own case: GPU 0 in use by somebody else, four GPU jobs and two CPU jobs at once, and a daemon that dies in
/// the middle.
#[test]
fn gpu_jobs_go_one_by_one_on_the_free_gpu_with_cpu_jobs_beside_them() {
    let mut env = env();
    let statuses = [standing(0, in_use()), standing(1, GpuStanding::Free)];
    gpus(&mut env, &statuses);
    let on_gpu: Vec<JobId> = (0..4).map(|_| env.submit(gpu_job("1", 1))).collect();
    let on_cpu: Vec<JobId> = (0..2).map(|_| env.submit(job("1"))).collect();
    let taken: Vec<(JobId, Vec<u32>)> = env
        .scheduler
        .leases()
        .into_iter()
        .map(|lease| (lease.job, lease.lease.gpus.iter().map(|gpu| gpu.gpu.index).collect()))
        .collect();
    assert_eq!(taken, [(on_gpu[0], vec![1]), (on_cpu[0], vec![]), (on_cpu[1], vec![])]);
    let check = |env: &TestEnv, left: &[JobId], holder: Holder| {
        for job in left {
            let expect = [GpuObstacle::Standing(in_use()), leased(&[holder])];
            assert_eq!(obstacles(env, *job), expect, "job {job}");
        }
    };
    check(&env, &on_gpu[1..], holder(1, on_gpu[0]));
    env.finish(1);
    assert_eq!(env.leased(), [[1]]);
    check(&env, &on_gpu[2..], holder(4, on_gpu[1]));

    env.restart();
    gpus(&mut env, &statuses);
    serve(&mut env);
    env.check_started(&[]);
    check(&env, &on_gpu[2..], holder(4, on_gpu[1]));
    env.finish(4);
    assert_eq!(env.leased(), [[1]]);
    check(&env, &on_gpu[3..], holder(5, on_gpu[2]));
    env.finish(5);
    assert_eq!(env.leased(), [[1]]);
    env.finish(6);
    gpus(&mut env, &[standing(0, GpuStanding::Free), standing(1, GpuStanding::Free)]);
    env.submit(gpu_job("1", 1));
    assert_eq!(env.leased(), [[0]], "it is idle again");
}

#[test]
fn a_whole_gpu_is_the_smallest_that_is_enough() {
    let mut env = env();
    gpus(&mut env, &[gpu(0, 48), gpu(1, 24), gpu(2, 24)]);
    env.submit(gpu_job("1", 1));
    assert_eq!(env.leased(), [[1]]);
    env.submit(gpu_job("1", 2));
    assert_eq!(env.leased(), [[0, 2]]);
}

#[test]
fn shares_are_packed_so_that_whole_gpus_stay_free() {
    let mut env = env();
    gpus(&mut env, &[gpu(0, 48), gpu(1, 24)]);
    let first = env.submit(share_job(10));
    assert_eq!(env.leased(), [[1]], "the smallest");
    env.submit(share_job(16));
    assert_eq!(env.leased(), [[0]], "there is no room on the other");
    env.submit(share_job(4));
    assert_eq!(env.leased(), [[1]], "where least is left");
    let whole = env.submit(gpu_job("1", 1));
    let second = JobId(first.0 + 1);
    let third = JobId(first.0 + 2);
    assert_eq!(
        obstacles(&env, whole),
        [leased(&[holder(2, second)]), leased(&[holder(1, first), holder(3, third)])]
    );
    env.finish(2);
    assert_eq!(env.leased(), [[0]]);
    let lease = &env.orders()[0].attempt.lease.gpus[0];
    assert_eq!((lease.share_bytes, lease.gpu.uuid.as_str()), (None, "GPU-a"));
    let late = env.submit(share_job(11));
    assert_eq!(
        obstacles(&env, late),
        [leased(&[holder(4, whole)]), leased(&[holder(1, first), holder(3, third)])]
    );
    env.finish(3);
    assert_eq!(env.leased(), [[1]]);
    assert_eq!(env.orders()[0].attempt.lease.gpus[0].share_bytes, Some(11 * GIB));
}

#[test]
fn what_others_hold_of_a_gpu_is_not_shared_out() {
    let mut env = env();
    let desktop = |gib| GpuStatus { foreign_bytes: gib * GIB, ..gpu(0, 24) };
    gpus(&mut env, &[desktop(5)]);
    let shot = env.submit(share_job(20));
    assert_eq!(obstacles(&env, shot), [GpuObstacle::TooSmall { bytes: 19 * GIB }]);
    gpus(&mut env, &[desktop(4)]);
    assert_eq!(env.leased(), [[0]]);
    gpus(&mut env, &[desktop(10)]);
    let next = env.submit(share_job(1));
    let WaitReason::Gpus { .. } = env.why(next) else { panic!("{:?}", env.why(next)) };
    env.check_started(&[]);
}

#[test]
fn a_job_that_does_not_insist_goes_without_a_gpu_that_it_could_not_get_soon() {
    let lost = || GpuStanding::Lost { reason: "it has fallen off the bus".to_owned() };
    let check = |statuses: &[GpuStatus], bytes: Option<u64>, expect: &[u32]| {
        let mut env = env();
        gpus(&mut env, statuses);
        env.submit(easy_job(bytes));
        assert_eq!(env.leased(), [expect], "{statuses:?}");
    };
    check(&[], None, &[]);
    check(&[standing(0, GpuStanding::Reserved)], None, &[]);
    check(&[standing(0, in_use())], None, &[]);
    check(&[standing(0, lost())], None, &[]);
    check(&[gpu(0, 24)], Some(25 * GIB), &[]);
    check(&[standing(0, in_use()), gpu(1, 24)], None, &[1]);
    check(&[standing(0, in_use()), gpu(1, 24)], Some(20 * GIB), &[1]);

    let mut env = env();
    gpus(&mut env, &[standing(0, in_use()), gpu(1, 24)]);
    let first = env.submit(gpu_job("1", 1));
    let easy = env.submit(easy_job(None));
    let held = [GpuObstacle::Standing(in_use()), leased(&[holder(1, first)])];
    assert_eq!(obstacles(&env, easy), held, "a render's GPU is waited for");
    gpus(&mut env, &[standing(0, in_use()), standing(1, lost())]);
    assert_eq!(env.leased(), [[0_u32; 0]], "it was lost with a render on it");
}

#[test]
fn what_a_job_insists_on_and_the_node_never_has_is_said() {
    let mut env = env();
    let shot = env.submit(gpu_job("1", 2));
    let need = GpuNeed { count: 2, memory_bytes: None, required: true };
    assert_eq!(env.why(shot), WaitReason::Gpus { need, gpus: vec![] }, "this node has none");
    gpus(&mut env, &[gpu(0, 24), standing(1, GpuStanding::Reserved)]);
    assert_eq!(env.why(shot), WaitReason::TooBig { what: Resource::Gpus, needed: 2, most: 1 });
    let large = env.submit(share_job(30));
    let too_big = WaitReason::TooBig { what: Resource::GpuMemory, needed: 30 * GIB, most: 24 * GIB };
    assert_eq!(env.why(large), too_big);
    let huge = env.submit(memory_job(17));
    let too_big = WaitReason::TooBig { what: Resource::Memory, needed: 17 * GIB, most: 16 * GIB };
    assert_eq!(env.why(huge), too_big);
    env.submit(gpu_job("1", 1));
    assert_eq!(env.leased(), [[0]], "they keep nobody waiting");
    gpus(&mut env, &[standing(0, GpuStanding::Reserved), standing(1, GpuStanding::Reserved)]);
    let reserved = GpuObstacle::Standing(GpuStanding::Reserved);
    assert_eq!(obstacles(&env, shot), [reserved.clone(), reserved]);
}

#[test]
fn a_gpu_that_frames_ran_out_of_memory_on_is_not_theirs_again() {
    let mut env = env();
    gpus(&mut env, &[gpu(0, 24), gpu(1, 24)]);
    let shot = env.submit(JobSpec { frames: "1-2".parse().unwrap(), ..gpu_job("1", 1) });
    env.retry(1);
    let record = env.scheduler.record(shot).unwrap();
    assert_eq!(record.requeued.len(), 1);
    env.scheduler.jobs.get_mut(&shot).unwrap().layers[0].groups[0].boost.not_gpus = vec!["GPU-a".to_owned()];
    env.submit(gpu_job("1", 1));
    env.submit(gpu_job("1", 1));
    env.pass(60.0);
    let holders = env.scheduler.leases();
    assert_eq!(obstacles(&env, shot), [GpuObstacle::RanOut, leased(&[holder(3, holders[1].job)])]);
    env.finish(2);
    env.check_started(&[]);
    env.finish(3);
    assert_eq!(env.leased(), [[1]]);
}

#[test]
fn several_gpus_are_kept_for_the_first_that_needs_them_together() {
    let mut env = env();
    gpus(&mut env, &[gpu(0, 24), gpu(1, 24)]);
    let first = env.submit(gpu_job("1", 1));
    let both = env.submit(gpu_job("1", 2));
    let one = env.submit(gpu_job("1", 1));
    let share = env.submit(share_job(1));
    assert_eq!(obstacles(&env, both), [leased(&[holder(1, first)]), GpuObstacle::Free]);
    let behind = [leased(&[holder(1, first)]), GpuObstacle::Claimed { job: both }];
    assert_eq!(obstacles(&env, one), behind);
    assert_eq!(obstacles(&env, share), behind);
    env.submit(job("1"));
    env.check_started(&[(2, "1")]);
    env.finish(1);
    assert_eq!(env.leased(), [[0, 1]]);
    env.finish(3);
    assert_eq!(env.leased(), [[0], [1]]);
}

#[test]
fn nothing_is_kept_for_a_job_that_waits_for_somebody_else_than_renders() {
    let mut env = env();
    gpus(&mut env, &[standing(0, in_use()), gpu(1, 24)]);
    let both = env.submit(gpu_job("1", 2));
    assert_eq!(obstacles(&env, both), [GpuObstacle::Standing(in_use()), GpuObstacle::Free]);
    env.submit(gpu_job("1", 1));
    assert_eq!(env.leased(), [[1]]);
}

#[test]
fn the_first_that_lacks_memory_holds_up_those_behind_it() {
    let mut env = env();
    let first = env.submit(memory_job(10));
    let second = env.submit(memory_job(8));
    let small = env.submit(job("1"));
    let reason = WaitReason::Memory { needed: 8 * GIB, free: 6 * GIB, holders: vec![holder(1, first)] };
    assert_eq!(env.why(second), reason);
    assert_eq!(env.why(small), WaitReason::Behind { job: second });
    env.finish(1);
    env.check_started(&[(2, "1"), (3, "1")]);
    let leases: Vec<u64> = env.scheduler.leases().iter().map(|lease| lease.lease.memory_bytes).collect();
    assert_eq!(leases, [8 * GIB, Policy::default().unknown_memory_bytes]);
}

#[test]
fn what_more_than_the_budget_was_asked_for_waits_and_keeps_nobody_waiting() {
    let mut env = env();
    budget(&mut env, 8, 4, None);
    let large = env.submit(memory_job(6));
    let reason = |free, holders| WaitReason::Memory { needed: 6 * GIB, free, holders };
    assert_eq!(env.why(large), reason(4 * GIB, vec![]));
    let small = env.submit(job("1"));
    env.check_started(&[(1, "1")]);
    assert_eq!(env.why(large), reason(3 * GIB, vec![holder(1, small)]));
    budget(&mut env, 8, 16, None);
    env.check_started(&[(2, "1")]);
}

#[test]
fn what_was_learned_is_no_more_than_the_budget_gives() {
    let mut env = env();
    budget(&mut env, 8, 4, None);
    let shot = env.submit(JobSpec { frames: "1-4".parse().unwrap(), ..memory_job(2) });
    env.scheduler.jobs.get_mut(&shot).unwrap().costs.peak_memory_bytes = Some(8 * GIB);
    env.finish(1);
    env.finish(2);
    env.check_started(&[]);
    let again = env.submit(job("1"));
    env.scheduler.jobs.get_mut(&again).unwrap().costs.peak_memory_bytes = Some(8 * GIB);
    env.retry(3);
    env.pass(60.0);
    assert_eq!(env.orders()[0].attempt.lease.memory_bytes, 4 * GIB, "it has all of it");
}

#[test]
fn a_budget_holds_back_new_tasks_and_ends_none() {
    let mut env = env();
    env.submit(job("1"));
    env.submit(job("1"));
    budget(&mut env, 3, 16, None);
    assert_eq!(env.kills(), []);
    let third = env.submit(job("1"));
    let holders = vec![holder(1, JobId(1)), holder(2, JobId(2))];
    assert_eq!(env.why(third), WaitReason::Threads { needed: 2, free: 0, holders });
    env.finish(1);
    env.check_started(&[]);
    budget(&mut env, 4, 16, None);
    env.check_started(&[(3, "1")]);
    assert_eq!(env.scheduler.budget().threads, 4);
}

#[test]
fn a_task_that_wants_all_threads_gets_all_that_renders_may_have() {
    let mut env = env();
    budget(&mut env, 6, 16, None);
    env.submit(JobSpec { threads: Some(64), ..job("1") });
    assert_eq!(env.orders()[0].attempt.lease.threads, 6);
    env.finish(1);
    budget(&mut env, 0, 16, None);
    let shot = env.submit(job("1"));
    assert_eq!(env.why(shot), WaitReason::Threads { needed: 1, free: 0, holders: vec![] });
}

#[test]
fn a_closed_node_starts_nothing() {
    let mut env = env();
    let closed = Closed::Schedule { until: Timestamp(2_000_000) };
    budget(&mut env, 8, 16, Some(closed.clone()));
    let shot = env.submit(job("1"));
    env.check_started(&[]);
    assert_eq!(env.why(shot), WaitReason::Closed(closed.clone()));
    assert_eq!(env.scheduler.budget().closed, Some(closed));
    budget(&mut env, 8, 16, None);
    env.check_started(&[(1, "1")]);
}

#[test]
fn a_counter_by_task_is_kept_for_the_first_in_line() {
    let mut env = env();
    gpus(&mut env, &[gpu(0, 24)]);
    let first = env.submit(licence_job("nuke"));
    let second = env.submit(licence_job("nuke"));
    let third = env.submit(licence_job("nuke"));
    let holders = vec![holder(1, first), holder(2, second)];
    assert_eq!(env.why(third), WaitReason::Limit { name: "nuke".to_owned(), max: 2, holders });
    let view = env.scheduler.limits();
    let used: Vec<_> = view.iter().map(|view| (view.name.as_str(), view.used, view.holders.len())).collect();
    assert_eq!(used, [("arnold", 0, 0), ("nuke", 2, 2)]);
    env.submit(licence_job("houdini"));
    env.check_started(&[(3, "1")]);
    env.finish(1);
    env.check_started(&[(4, "1")]);
}

#[test]
fn a_job_that_waits_for_a_gpu_keeps_its_licence_too() {
    let mut env = env();
    gpus(&mut env, &[gpu(0, 24)]);
    let first = env.submit(JobSpec { licences: vec!["nuke".to_owned()], ..gpu_job("1", 1) });
    let second = env.submit(JobSpec { licences: vec!["nuke".to_owned()], ..gpu_job("1", 1) });
    let third = env.submit(licence_job("nuke"));
    assert_eq!(obstacles(&env, second), [leased(&[holder(1, first)])]);
    assert_eq!(env.why(third), WaitReason::Behind { job: second }, "one is left, and it is kept");
    env.finish(1);
    env.check_started(&[(2, "1"), (3, "1")]);
}

#[test]
fn a_counter_by_node_is_one_however_many_tasks_run() {
    let mut env = env();
    for _ in 0..3 {
        env.submit(licence_job("arnold"));
    }
    env.check_started(&[(3, "1")]);
    let view = env.scheduler.limits();
    assert_eq!((view[0].used, view[0].holders.len()), (1, 3));
}

#[test]
fn adopted_attempts_keep_what_they_hold_whether_it_fits_or_not() {
    let mut env = env();
    gpus(&mut env, &[gpu(0, 24), gpu(1, 24)]);
    let shot = env.submit(JobSpec { threads: Some(6), ..gpu_job("1", 2) });
    let before = env.scheduler.leases();
    // The next daemon has less: GPU 1 is gone, and half of the threads.
    env.capacity.threads = 4;
    env.restart();
    gpus(&mut env, &[gpu(0, 24)]);
    serve(&mut env);
    assert_eq!(env.scheduler.leases(), before);
    let next = env.submit(job("1"));
    let on_gpu = env.submit(gpu_job("1", 1));
    let holders = vec![holder(1, shot)];
    assert_eq!(env.why(next), WaitReason::Threads { needed: 2, free: 0, holders: holders.clone() });
    assert_eq!(env.why(on_gpu), WaitReason::Behind { job: next });
    env.send(Event::Pause(next));
    assert_eq!(obstacles(&env, on_gpu), [GpuObstacle::Leased { holders }]);
    env.finish(1);
    assert_eq!(env.leased(), [[0]]);
}

#[test]
fn gpus_in_the_way_are_named_in_their_order() {
    let mut env = env();
    gpus(&mut env, &[standing(3, GpuStanding::Reserved), gpu(1, 8), gpu(0, 24)]);
    let first = env.submit(share_job(20));
    assert_eq!(env.leased(), [[0]]);
    let second = env.submit(share_job(20));
    let need = GpuNeed { count: 1, memory_bytes: Some(20 * GIB), required: true };
    let gpu = |index, uuid: &str, obstacle| GpuInTheWay { index, uuid: uuid.to_owned(), obstacle };
    let expect = vec![
        gpu(0, "GPU-a", leased(&[holder(1, first)])),
        gpu(1, "GPU-b", GpuObstacle::TooSmall { bytes: 8 * GIB }),
        gpu(3, "GPU-d", GpuObstacle::Standing(GpuStanding::Reserved)),
    ];
    assert_eq!(env.why(second), WaitReason::Gpus { need, gpus: expect });
}
