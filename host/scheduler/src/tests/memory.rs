//! Frames that ran out of memory, and what attempts teach of what they take.

use crate::test_env::{TestEnv, fault, job, outcome, profile};
use crate::{Event, NodeCapacity};
use farmhand_model::dcc::{Cause, Decision, Fact, Fault, FrameShape, Gpu, Outcome, Severity};
use farmhand_model::job::JobLimits;
use farmhand_model::{
    AttemptId, Boost, Chunking, EndedBy, GpuLease, GpuNeed, GpuStanding, GpuStatus, JobId, JobSpec,
    JobStatus, Lease, LevelNeeds, Needs, Usage,
};

const GB: u64 = 1_000_000_000;
const RETRY: Decision = Decision::Retry { after_ms: 0 };

/// One slot on a node whose renders may have so much memory, and these GPUs by their size.
struct Node {
    memory: u64,
    gpus: Vec<(u64, GpuStanding)>,
}

/// 64 GB, and two GPUs of 80 GB.
fn node() -> Node {
    Node { memory: 64 * GB, gpus: vec![(80 * GB, GpuStanding::Free); 2] }
}

fn in_use() -> GpuStanding {
    GpuStanding::InUse { by: "maya.bin (pid 7) of anna".to_owned(), until: None }
}

fn gpu(index: u32, memory_bytes: u64) -> Gpu {
    let uuid = format!("GPU-{}", char::from(b'a' + index as u8));
    Gpu { index, uuid, name: "NVIDIA H200".to_owned(), memory_bytes }
}

fn of_memory(bytes: u64) -> Lease {
    Lease { threads: 2, memory_bytes: bytes, ..Lease::default() }
}

/// Shares of the first GPUs of 80 GB, or all of each.
fn of_gpus(shares: &[(u32, Option<u64>)]) -> Lease {
    let lease = |(index, share_bytes): &(u32, Option<u64>)| GpuLease {
        gpu: gpu(*index, 80 * GB),
        share_bytes: *share_bytes,
    };
    Lease { gpus: shares.iter().map(lease).collect(), ..of_memory(GB) }
}

/// Tells a scheduler what it does not remember over a restart.
fn tell(env: &mut TestEnv, node: &Node) {
    let status = |(index, (bytes, standing)): (usize, &(u64, GpuStanding))| GpuStatus {
        standing: standing.clone(),
        ..GpuStatus::free(gpu(index as u32, *bytes))
    };
    let gpus = node.gpus.iter().enumerate().map(status).collect();
    env.send(Event::Gpus(gpus));
    env.plugin(profile(&[("render", FrameShape::Any), ("safe", FrameShape::Any)]));
}

fn env(node: &Node) -> TestEnv {
    let mut env = TestEnv::of(NodeCapacity {
        slots: 1,
        threads: 2,
        threads_per_task: 2,
        memory_bytes: node.memory,
        limits: Default::default(),
    });
    tell(&mut env, node);
    env
}

/// The live attempt holds this instead; the daemon that adopts it takes that as it is.
fn holds(env: &mut TestEnv, node: &Node, lease: Lease) {
    if let Some(live) = env.scheduler.live.values_mut().next() {
        live.record.lease = lease;
    }
    env.restart();
    tell(env, node);
}

fn out_of_memory(severity: Severity, about: Option<&str>) -> Fault {
    Fault { about: about.map(str::to_owned), ..fault(severity, Cause::Memory, None) }
}

fn ran_out(env: &mut TestEnv, attempt: u64, about: Option<&str>, peak: Option<u64>) {
    let usage = Usage { peak_memory_bytes: peak, ..Usage::default() };
    let faults = vec![out_of_memory(Severity::WorkerFatal, about)];
    env.end_as(attempt, Outcome { usage, ..outcome(EndedBy::Itself, faults) }, RETRY);
}

/// What becomes of four frames whose attempt held this and ran out of it, and what they need then.
fn check(node: &Node, lease: Lease, about: Option<&str>, peak: Option<u64>, text: &str, expect: &Boost) {
    let mut env = env(node);
    env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-4") });
    holds(&mut env, node, lease);
    ran_out(&mut env, 1, about, peak);
    assert_eq!(env.consequence(), format!("frames 1-4: {text}"));
    let started = env.orders();
    assert_eq!(started.len(), 1, "there is nothing to wait for");
    assert_eq!(&started[0].attempt.boost, expect);
    assert!(env.scheduler.breakers().is_empty());
}

fn memory(bytes: u64) -> Boost {
    Boost { memory_bytes: Some(bytes), ..Boost::default() }
}

#[test]
fn host_memory_is_doubled_or_follows_what_was_seen_up_to_all_there_is() {
    let check = |leased: u64, peak: Option<u64>, expect: u64| {
        let text = format!("try 2 of 4 with {expect} GB of memory");
        let peak = peak.map(|peak| peak * GB);
        check(&node(), of_memory(leased * GB), None, peak, &text, &memory(expect * GB));
    };
    check(4, None, 8);
    check(4, Some(3), 8);
    check(4, Some(8), 12);
    check(40, None, 64);
    check(4, Some(63), 64);
}

#[test]
fn what_had_all_the_memory_goes_to_the_next_level_at_once() {
    let node = node();
    let mut env = env(&node);
    let shot = env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-4") });
    holds(&mut env, &node, of_memory(64 * GB));
    ran_out(&mut env, 1, None, None);
    assert_eq!(env.consequence(), "frames 1-4: on to level safe");
    let fallback = env.scheduler.record(shot).unwrap().fallbacks[0].clone();
    assert_eq!((fallback.cause, fallback.to.as_str()), (Cause::Memory, "safe"));
    let order = env.orders()[0];
    assert_eq!((order.attempt.level, order.attempt.try_number), (1, 1));
    assert!(order.attempt.boost.is_none());
    // There is no third level: it is tried as anything else, and fails in the end.
    holds(&mut env, &node, of_memory(64 * GB));
    ran_out(&mut env, 2, None, None);
    assert!(env.consequence().starts_with("frames 1-4: try 2 of 4 in 5."), "{}", env.consequence());
}

#[test]
fn a_share_of_a_gpu_grows_up_to_the_whole_of_it() {
    let check = |shares: &[(u32, Option<u64>)], about: &str, expect: u64| {
        let text = format!("try 2 of 4 with {expect} GB of GPU memory");
        let boost = Boost { gpu_memory_bytes: Some(expect * GB), ..Boost::default() };
        check(&node(), of_gpus(shares), Some(about), None, &text, &boost);
    };
    check(&[(1, Some(8 * GB))], "gpu", 16);
    check(&[(1, Some(8 * GB))], "0", 16);
    check(&[(1, Some(50 * GB))], "GPU-b", 80);
    check(&[(0, Some(8 * GB)), (1, Some(10 * GB))], "GPU", 20);
    check(&[(0, Some(8 * GB)), (1, Some(10 * GB))], "0", 16);
}

#[test]
fn after_a_whole_gpu_comes_another_one_that_is_no_smaller() {
    let other = |gpus: Vec<(u64, GpuStanding)>| {
        let boost =
            Boost { gpu_memory_bytes: Some(80 * GB), not_gpus: vec!["GPU-b".to_owned()], ..Boost::default() };
        let text = "try 2 of 4 on another GPU than 1";
        check(&Node { gpus, ..node() }, of_gpus(&[(1, None)]), Some("gpu"), None, text, &boost);
    };
    let down = |gpus: Vec<(u64, GpuStanding)>, held: &[(u32, Option<u64>)], about: &str| {
        let text = "on to level safe";
        check(&Node { gpus, ..node() }, of_gpus(held), Some(about), None, text, &Boost::default());
    };
    let (free, lost) = (GpuStanding::Free, GpuStanding::Lost { reason: "it fell off the bus".to_owned() });
    let two = |bytes: u64, standing: GpuStanding| vec![(bytes, standing), (80 * GB, GpuStanding::Free)];
    other(two(80 * GB, free.clone()));
    other(two(141 * GB, in_use()));
    down(two(80 * GB, GpuStanding::Reserved), &[(1, None)], "gpu");
    down(two(80 * GB, lost), &[(1, None)], "gpu");
    down(two(24 * GB, free.clone()), &[(1, None)], "gpu");
    down(two(80 * GB, free.clone()), &[(0, None), (1, None)], "1");
    // A share that is all of it is a whole one.
    down(vec![(80 * GB, free)], &[(0, Some(80 * GB))], "gpu");
}

#[test]
fn every_gpu_is_tried_once_and_then_the_next_level() {
    let node = Node { gpus: vec![(80 * GB, GpuStanding::Free); 3], ..node() };
    let mut env = env(&node);
    env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-4") });
    for (attempt, gpu, text) in [
        (1, 2, "try 2 of 4 on another GPU than 2"),
        (2, 0, "try 3 of 4 on another GPU than 0, 2"),
        (3, 1, "on to level safe"),
    ] {
        holds(&mut env, &node, of_gpus(&[(gpu, None)]));
        ran_out(&mut env, attempt, Some("gpu"), None);
        assert_eq!(env.consequence(), format!("frames 1-4: {text}"));
    }
}

#[test]
fn what_nobody_counts_waits_and_is_tried_as_it_is() {
    let check = |node: Node, lease: Lease, about: Option<&str>| {
        let mut env = env(&node);
        env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-4") });
        holds(&mut env, &node, lease);
        ran_out(&mut env, 1, about, None);
        assert!(env.consequence().starts_with("frames 1-4: try 2 of 4 in 5."), "{}", env.consequence());
        assert!(env.started().is_empty());
    };
    check(Node { memory: u64::MAX, ..node() }, of_memory(GB), None);
    // It had no GPU, and more memory helps none.
    check(node(), of_memory(GB), Some("0"));
    check(node(), of_memory(0), None);
}

#[test]
fn only_an_end_of_its_own_that_is_to_be_tried_again_gets_more() {
    let check = |ended_by: EndedBy, decision: Decision, faults: Vec<Fault>, gets_more: bool| {
        let node = node();
        let mut env = env(&node);
        env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-4") });
        holds(&mut env, &node, of_memory(4 * GB));
        env.end(1, ended_by, decision, faults);
        assert_eq!(env.consequence().contains("8 GB"), gets_more, "{}", env.consequence());
    };
    let memory = |severity| vec![out_of_memory(severity, None)];
    let (transient, fatal) = (Severity::Transient, Severity::WorkerFatal);
    check(EndedBy::Itself, RETRY, memory(transient), true);
    check(EndedBy::Itself, RETRY, memory(fatal), true);
    check(EndedBy::Itself, Decision::Accept, memory(fatal), true);
    check(EndedBy::Itself, Decision::FallBack, memory(fatal), false);
    check(EndedBy::Itself, Decision::QuarantineNode, memory(fatal), false);
    check(EndedBy::Stall, RETRY, memory(fatal), false);
    check(EndedBy::Lost, RETRY, memory(fatal), false);
    // The weightiest fault decides.
    let with_crash = |severity| vec![out_of_memory(transient, None), fault(severity, Cause::Crash, None)];
    check(EndedBy::Itself, RETRY, with_crash(Severity::FrameFatal), false);
    check(EndedBy::Itself, RETRY, with_crash(Severity::Transient), true);
}

#[test]
fn a_wait_that_the_plugin_asks_for_is_kept() {
    let node = node();
    let mut env = env(&node);
    env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-4") });
    holds(&mut env, &node, of_memory(4 * GB));
    let faults = vec![out_of_memory(Severity::Transient, None)];
    env.end(1, EndedBy::Itself, Decision::Retry { after_ms: 10_000 }, faults);
    assert_eq!(env.consequence(), "frames 1-4: try 2 of 4 with 8 GB of memory in 10.0 s");
    assert!(env.started().is_empty());
    env.pass(12.0);
    assert_eq!(env.orders()[0].attempt.boost, memory(8 * GB));
}

#[test]
fn each_time_costs_a_try_and_the_last_one_ends_at_the_next_level() {
    let node = node();
    let mut env = env(&node);
    let limits = JobLimits { retries: Some(1), ..JobLimits::default() };
    env.submit(JobSpec { chunk: Chunking::Whole, limits, ..job("1-4") });
    for (attempt, text) in [
        (1, "try 2 of 2 with 2 GB of memory"),
        (2, "on to level safe"),
        (3, "try 2 of 2 with 2 GB of memory"),
        (4, "failed, said the plugin (try 2 of 2)"),
    ] {
        holds(&mut env, &node, of_memory(GB));
        ran_out(&mut env, attempt, None, None);
        assert_eq!(env.consequence(), format!("frames 1-4: {text}"));
    }
    assert_eq!(env.status(JobId(1)), JobStatus::Failed);
}

#[test]
fn frames_that_it_never_came_to_get_more_and_lose_no_try() {
    let node = node();
    let mut env = env(&node);
    let shot = env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-10") });
    holds(&mut env, &node, of_memory(4 * GB));
    env.running(1);
    env.begin(1, 1);
    env.settle(1, "1");
    env.begin(1, 2);
    ran_out(&mut env, 1, None, None);
    let text = "frame 2: try 2 of 4 with 8 GB of memory; frames 3-10: back to the queue, to go on with 8 GB of memory";
    assert_eq!(env.consequence(), text);
    env.check_started(&[(2, "2")]);
    let requeued = env.scheduler.record(shot).unwrap().requeued;
    assert_eq!((requeued[0].frames.to_string(), requeued[0].tries), ("3-10".to_owned(), 0));
    assert_eq!(requeued[0].boost, memory(8 * GB));
    assert_eq!(env.orders()[0].attempt.boost, memory(8 * GB));
}

#[test]
fn a_boost_lasts_as_long_as_its_frames_and_its_level() {
    let node = node();
    let mut env = env(&node);
    env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-4") });
    holds(&mut env, &node, of_memory(4 * GB));
    ran_out(&mut env, 1, None, None);
    // Over a restart, an end that says nothing, and a failure of another kind.
    holds(&mut env, &node, of_memory(8 * GB));
    env.end(2, EndedBy::DaemonStop, Decision::Accept, vec![]);
    assert_eq!(env.orders()[0].attempt.boost, memory(8 * GB));
    env.end(3, EndedBy::Itself, RETRY, vec![fault(Severity::Transient, Cause::Crash, None)]);
    env.pass(60.0);
    assert_eq!(env.orders()[0].attempt.boost, memory(8 * GB));
    env.end(4, EndedBy::Itself, Decision::FallBack, vec![]);
    assert!(env.orders()[0].attempt.boost.is_none());
}

#[test]
fn running_out_again_and_again_neither_opens_the_breaker_nor_holds_the_job() {
    let node = node();
    let mut env = env(&node);
    env.submit(JobSpec { chunk: Chunking::Fixed(1), ..job("1-9") });
    for attempt in 1..=6 {
        holds(&mut env, &node, of_memory(GB));
        ran_out(&mut env, attempt, None, None);
        assert!(env.scheduler.breakers().is_empty());
        assert_eq!(env.started().len(), 1, "attempt {attempt}: {}", env.consequence());
    }
}

#[test]
fn peaks_are_learned_from_attempts_that_rendered() {
    let mut env = env(&node());
    let shot = env.submit(JobSpec { chunk: Chunking::Fixed(1), ..job("1-9") });
    let mut check = |attempt: u64, skipped: Option<bool>, peak: u64, expect: Option<u64>| {
        if let Some(skipped) = skipped {
            let frame = env.scheduler.attempt(AttemptId(attempt)).unwrap().frames.first().unwrap();
            let path = format!("{frame}.png");
            let attempt = AttemptId(attempt);
            env.send(Event::FrameSettled { attempt, frame, path, bytes: 1, seconds: None, skipped });
        }
        let usage = Usage { peak_memory_bytes: Some(peak), ..Usage::default() };
        let ended = Outcome { usage, ..outcome(EndedBy::Itself, Vec::new()) };
        env.end_as(attempt, ended, Decision::FailFrames);
        assert_eq!(env.scheduler.costs(shot).unwrap().peak_memory_bytes, expect);
        assert_eq!(env.scheduler.record(shot).unwrap().costs.peak_memory_bytes, expect);
    };
    check(1, None, 7 * GB, None);
    check(2, Some(true), 2 * GB, None);
    check(3, Some(false), 5 * GB, Some(5 * GB));
    check(4, Some(false), 4 * GB, Some(5 * GB));
    check(5, Some(false), 6 * GB, Some(6 * GB));
}

#[test]
fn a_job_that_renders_without_its_gpus_leaves_them() {
    let check = |required: bool, lease: Lease, device: &str, rendered: bool, expect: bool| {
        let node = node();
        let mut env = env(&node);
        let gpus = Some(GpuNeed { count: 1, memory_bytes: None, required });
        let needs =
            vec![LevelNeeds { level: "render".to_owned(), needs: Needs { memory_bytes: None, gpus } }];
        let shot = env.submit(JobSpec { chunk: Chunking::Whole, needs, ..job("1-4") });
        holds(&mut env, &node, lease);
        let fact = Fact { name: "device".to_owned(), value: device.to_owned() };
        let told = Event::Fact { attempt: AttemptId(1), fact };
        env.send(told.clone());
        assert!(!env.scheduler.costs(shot).unwrap().leaves_gpus, "it may still come to nothing");
        if rendered {
            env.settle(1, "1");
        }
        assert_eq!(env.scheduler.costs(shot).unwrap().leaves_gpus, expect);
        // The log of an adopted attempt is read again.
        env.restart();
        tell(&mut env, &node);
        env.send(told);
        assert_eq!(env.scheduler.costs(shot).unwrap().leaves_gpus, expect);
        assert_eq!(env.scheduler.record(shot).unwrap().costs.leaves_gpus, expect);
    };
    let whole = || of_gpus(&[(1, None)]);
    check(false, whole(), "CPU", true, true);
    check(false, whole(), "OPTIX", true, false);
    check(false, whole(), "CPU", false, false);
    check(false, of_memory(GB), "CPU", true, false);
    check(true, whole(), "CPU", true, false);
}

/// Whatever attempt runs ends so; what the next one holds.
fn next_lease(env: &mut TestEnv, attempt: u64, about: Option<&str>) -> Lease {
    ran_out(env, attempt, about, None);
    let started: Vec<Lease> = env.orders().into_iter().map(|order| order.attempt.lease.clone()).collect();
    assert_eq!(started.len(), 1, "{}", env.consequence());
    started[0].clone()
}

fn needing(memory_bytes: Option<u64>, gpus: Option<GpuNeed>) -> JobSpec {
    let needs = vec![LevelNeeds { level: "render".to_owned(), needs: Needs { memory_bytes, gpus } }];
    JobSpec { chunk: Chunking::Whole, needs, ..job("1-4") }
}

fn indexes(lease: &Lease) -> Vec<u32> {
    lease.gpus.iter().map(|leased| leased.gpu.index).collect()
}

#[test]
fn leases_follow_host_memory_up_to_the_whole_node_and_then_the_level_changes() {
    let mut env = env(&Node { memory: 32 << 30, ..node() });
    env.submit(needing(Some(8 << 30), None));
    assert_eq!(next_lease(&mut env, 1, None).memory_bytes, 16 << 30);
    assert_eq!(next_lease(&mut env, 2, None).memory_bytes, 32 << 30);
    // The next level needs nothing that anybody knows of.
    assert_eq!(next_lease(&mut env, 3, None).memory_bytes, 1 << 30);
    assert_eq!(env.consequence(), "frames 1-4: on to level safe");
}

#[test]
fn leases_go_from_gpu_to_gpu_of_one_size_and_then_without() {
    let three = vec![(80 * GB, GpuStanding::Free), (80 * GB, GpuStanding::Free), (141 * GB, in_use())];
    let mut env = env(&Node { gpus: three, ..node() });
    env.submit(needing(None, Some(GpuNeed { count: 1, memory_bytes: None, required: true })));
    assert_eq!(indexes(&env.orders()[0].attempt.lease), [0]);
    // The larger one is somebody else's now, and one of the same size is there.
    assert_eq!(indexes(&next_lease(&mut env, 1, Some("gpu"))), [1]);
    ran_out(&mut env, 2, Some("gpu"), None);
    assert!(env.started().is_empty(), "it waits for the larger one");
    let free = GpuStatus::free;
    env.send(Event::Gpus(vec![free(gpu(0, 80 * GB)), free(gpu(1, 80 * GB)), free(gpu(2, 141 * GB))]));
    assert_eq!(indexes(&env.orders()[0].attempt.lease), [2]);
    assert_eq!(indexes(&next_lease(&mut env, 3, Some("gpu"))), [0_u32; 0]);
    assert_eq!(env.consequence(), "frames 1-4: on to level safe");
}

#[test]
fn leases_of_shares_grow_until_they_are_all_of_a_gpu() {
    let mut env = env(&Node { gpus: vec![(24 << 30, GpuStanding::Free)], ..node() });
    env.submit(needing(None, Some(GpuNeed { count: 1, memory_bytes: Some(8 << 30), required: true })));
    let share = |lease: &Lease| lease.gpus.first().and_then(|leased| leased.share_bytes);
    assert_eq!(share(&env.orders()[0].attempt.lease), Some(8 << 30));
    assert_eq!(share(&next_lease(&mut env, 1, Some("gpu"))), Some(16 << 30));
    assert_eq!(share(&next_lease(&mut env, 2, Some("gpu"))), Some(24 << 30));
    assert_eq!(share(&next_lease(&mut env, 3, Some("gpu"))), None);
    assert_eq!(env.consequence(), "frames 1-4: on to level safe");
}
