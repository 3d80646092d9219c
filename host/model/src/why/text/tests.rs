//! Every reason with its text and its remedy. The table is a `match` as well: a variant without a row does not compile.

use super::*;
use crate::BatchId;
use crate::Timestamp;
use crate::batch::BatchRef;
use crate::dcc::Cause;
use crate::hooks::Moment;
use crate::node::GpuStanding;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

const UNTIL: Timestamp = Timestamp(1_795_330_800_000);
const AT: &str = "2026-11-22T07:00:00.000Z";

/// `PATTERN => [ (value, expectations...) ... ]`: each value fits its pattern, all patterns cover the type, and each
/// value comes back from JSON as it went in.
macro_rules! table {
    ($type:ty, $check:ident, $($pattern:pat => [$(($value:expr, $($expect:expr),+)),+ $(,)?]),+ $(,)?) => {{
        let covered = |value: &$type| match value { $($pattern => {}),+ };
        $($(
            let value: $type = $value;
            covered(&value);
            assert!(matches!(value, $pattern), "{value:?}");
            comes_back(&value);
            $check(&value, $($expect),+);
        )+)+
    }};
}

fn comes_back<T: serde::Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
}

fn holder(job: u64, attempt: u64) -> Holder {
    Holder { attempt: AttemptId(attempt), job: JobId(job) }
}

fn reads(reason: &WaitReason, text: &str, remedy: &str) {
    assert_eq!(reason.to_string(), text);
    assert_eq!(reason.remedy().unwrap_or_default(), remedy, "of: {text}");
}

#[test]
fn every_reason_says_what_is_needed_who_has_it_and_what_would_make_it_run() {
    let until = UNTIL;
    let job = JobId;
    let text = |text: &str| text.to_owned();
    let one = GpuNeed { count: 1, memory_bytes: Some(12_000_000_000), required: true };
    let gpu = |index, obstacle| GpuInTheWay { index, uuid: format!("GPU-{index}"), obstacle };
    let ends = "it starts when one of them ends; with `threads` it would need fewer";
    table!(WaitReason, reads,
        WaitReason::Paused => [(WaitReason::Paused, "paused", "`farmhand resume` lets it go on")],
        WaitReason::Held { .. } => [(
            WaitReason::Held { reason: text("the disk is full") },
            "held for a person: the disk is full",
            "put that right; `farmhand resume` lets it go on"
        )],
        WaitReason::Hooks { .. } => [(
            WaitReason::Hooks { moment: Moment::BeforeJob },
            "runs its before-job hooks",
            "it goes on when they have ended"
        )],
        WaitReason::Licence { .. } => [(
            WaitReason::Licence { licence: text("nuke_r"), until, reason: text("none was to be had") },
            &format!("waits for the licence `nuke_r` until {AT}: none was to be had"),
            "it is tried again then; a free licence is all it needs"
        )],
        WaitReason::After { .. } => [
            (
                WaitReason::After { jobs: vec![job(3)] },
                "waits for job 3 to be done",
                "it starts when that one is done"
            ),
            (
                WaitReason::After { jobs: [3, 4, 5, 6, 7, 8].map(job).to_vec() },
                "waits for jobs 3, 4, 5, 6 and 2 more to be done",
                "it starts when all of them are done"
            ),
        ],
        WaitReason::AfterFailed { .. } => [(
            WaitReason::AfterFailed { job: job(3) },
            "comes after job 3, which ended without being done",
            "have it done with `farmhand retry 3`, or cancel this one"
        )],
        WaitReason::AllRunning { .. } => [
            (
                WaitReason::AllRunning { attempts: vec![AttemptId(8)] },
                "all its frames are being rendered (attempt 8)",
                ""
            ),
            (
                WaitReason::AllRunning { attempts: [8, 9].map(AttemptId).to_vec() },
                "all its frames are being rendered (attempts 8, 9)",
                ""
            ),
        ],
        WaitReason::MaxTasks { .. } => [(
            WaitReason::MaxTasks { limit: 1 },
            "has its limit of 1 task at once",
            "raise the job's `limits.max_tasks` to run more of it at once"
        )],
        WaitReason::Workers { .. } => [(
            WaitReason::Workers { batch: BatchRef { id: BatchId(7), name: text("seq010") }, workers: 3 },
            "its batch 7 (seq010) has its limit of 3 tasks at once",
            "it starts when a task of the batch ends; `workers` allows it more"
        )],
        WaitReason::BackOff { .. } => [(
            WaitReason::BackOff { until, reason: text("the texture server did not answer") },
            &format!("tries again at {AT}: the texture server did not answer"),
            "it starts by itself then; put right meanwhile what it says"
        )],
        WaitReason::NoSlot { .. } => [
            (
                WaitReason::NoSlot { slots: 2, holders: vec![job(4), job(5)] },
                "all 2 slots are taken by jobs 4, 5",
                "it starts when a task ends; `node.slots` allows more at once, a higher priority goes first"
            ),
            (
                WaitReason::NoSlot { slots: 1, holders: vec![job(4)] },
                "the one slot is taken by job 4",
                "it starts when a task ends; `node.slots` allows more at once, a higher priority goes first"
            ),
        ],
        WaitReason::Behind { .. } => [(
            WaitReason::Behind { job: job(4) },
            "job 4 goes first",
            "give this one a higher priority to have it go first"
        )],
        WaitReason::Threads { .. } => [
            (
                WaitReason::Threads { needed: 8, free: 2, holders: vec![holder(4, 31)] },
                "needs 8 threads, 2 free; others are held by job 4 (attempt 31)",
                ends
            ),
            (
                WaitReason::Threads { needed: 1, free: 0, holders: Vec::new() },
                "needs 1 thread, 0 free",
                "it starts when this machine has that much to spare; `farmhand node` shows who uses what"
            ),
        ],
        WaitReason::Memory { .. } => [
            (
                WaitReason::Memory {
                    needed: 12_000_000_000,
                    free: 3_500_000_000,
                    holders: vec![holder(4, 31), holder(5, 32)],
                },
                "needs 12 GB of memory, 3.5 GB free; the rest is held by job 4 (attempt 31), job 5 (attempt 32)",
                "it starts when one of them ends"
            ),
            (
                WaitReason::Memory { needed: 12_000_000_000, free: 3_500_000_000, holders: Vec::new() },
                "needs 12 GB of memory, 3.5 GB free",
                "it starts when this machine has that much to spare; `farmhand node` shows who uses what"
            ),
        ],
        WaitReason::Gpus { .. } => [
            (
                WaitReason::Gpus {
                    need: one.clone(),
                    gpus: vec![
                        gpu(0, GpuObstacle::Standing(GpuStanding::Reserved)),
                        gpu(1, GpuObstacle::Leased { holders: vec![holder(7, 31)] }),
                    ],
                },
                "needs 1 GPU with 12 GB free: GPU 0 is reserved for interactive use, GPU 1 renders job 7 (attempt 31)",
                "it starts when `interactive.gpus` reserves less or a render ends"
            ),
            (
                WaitReason::Gpus {
                    need: GpuNeed { count: 2, memory_bytes: None, required: true },
                    gpus: vec![
                        gpu(0, GpuObstacle::Free),
                        gpu(1, GpuObstacle::Leased { holders: vec![holder(7, 31)] }),
                    ],
                },
                "needs 2 GPUs: GPU 0 is free, GPU 1 renders job 7 (attempt 31)",
                "it starts when 2 of them are free at once; for that: a render ends"
            ),
            (
                WaitReason::Gpus { need: one.clone(), gpus: vec![gpu(0, GpuObstacle::RanOut)] },
                "needs 1 GPU with 12 GB free: GPU 0 ran out of memory for these frames",
                "ask for less with `gpus`, or submit it for the CPU"
            ),
            (
                WaitReason::Gpus { need: one, gpus: Vec::new() },
                "needs 1 GPU with 12 GB free: this node has none",
                "submit it for the CPU; `farmhand doctor` says what is wrong with this machine's GPUs"
            ),
        ],
        WaitReason::Limit { .. } => [
            (
                WaitReason::Limit { name: text("nuke_render"), max: 4, holders: vec![holder(4, 31)] },
                "needs one of 4 `nuke_render`, all held by job 4 (attempt 31)",
                "it starts when one of them ends; how many there are is said in `limits.nuke_render`"
            ),
            (
                WaitReason::Limit { name: text("nuke_render"), max: 1, holders: vec![holder(4, 31)] },
                "needs the one `nuke_render`, held by job 4 (attempt 31)",
                "it starts when one of them ends; how many there are is said in `limits.nuke_render`"
            ),
            (
                WaitReason::Limit { name: text("nuke_render"), max: 0, holders: Vec::new() },
                "needs one of 0 `nuke_render`, and none is left",
                "how many there are is said in `limits.nuke_render`"
            ),
        ],
        WaitReason::TooBig { .. } => [
            (
                WaitReason::TooBig { what: Resource::Memory, needed: 64_000_000_000, most: 32_000_000_000 },
                "needs 64 GB of memory, and renders never have more than 32 GB here",
                "ask for less with `memory`, or give renders more with `node.memory`"
            ),
            (
                WaitReason::TooBig { what: Resource::Gpus, needed: 1, most: 0 },
                "needs 1 GPU, and renders never have one here",
                "ask for less with `gpus`, or reserve less of this machine with `interactive.gpus`"
            ),
            (
                WaitReason::TooBig { what: Resource::Gpus, needed: 4, most: 2 },
                "needs 4 GPUs, and renders never have more than 2 here",
                "ask for less with `gpus`, or reserve less of this machine with `interactive.gpus`"
            ),
            (
                WaitReason::TooBig { what: Resource::GpuMemory, needed: 24_000_000_000, most: 12_000_000_000 },
                "needs 24 GB on a GPU, and renders never have more than 12 GB on one here",
                "ask for less with `gpus`, or reserve less of this machine with `interactive.gpus`"
            ),
        ],
        WaitReason::Closed(_) => [
            (
                WaitReason::Closed(Closed::Schedule { until }),
                &format!("this machine renders again from {AT}, by its schedule"),
                "`interactive.schedule` says when renders may start"
            ),
            (
                WaitReason::Closed(Closed::Activity { what: text("keyboard or mouse on seat0"), until }),
                &format!(
                    "somebody works at this machine (keyboard or mouse on seat0); it renders from {AT} if that ends"
                ),
                "with `interactive.pause_on_activity = false` it would start now"
            ),
        ],
        WaitReason::Breaker { .. } => [(
            WaitReason::Breaker {
                plugin: text("maya"),
                cause: Cause::Licence,
                reason: text("3 attempts in a row got no licence"),
                until,
            },
            &format!("maya takes no tasks on this node until {AT}: 3 attempts in a row got no licence"),
            "put right what it says; one task is let through then to see"
        )],
        WaitReason::NoPlugin { .. } => [(
            WaitReason::NoPlugin { plugin: text("maya"), reason: text("plugin maya is not loaded") },
            "plugin maya is not loaded",
            "`farmhand plugin list` says what serves, and what is wrong"
        )],
        WaitReason::NoTool { .. } => [(
            WaitReason::NoTool { reason: text("nuke was not found; install it") },
            "nuke was not found; install it",
            ""
        )],
        WaitReason::Stopping => [(WaitReason::Stopping, "the daemon is stopping", "the next daemon starts it")],
        WaitReason::Next => [(WaitReason::Next, "starts next", "")],
        WaitReason::Ended => [(WaitReason::Ended, "has ended", "")],
    );
}

#[test]
fn every_obstacle_on_a_gpu_reads_after_its_name() {
    fn stands(obstacle: &GpuObstacle, text: &str, when: &str) {
        let gpu = GpuInTheWay { index: 1, uuid: "GPU-1".to_owned(), obstacle: obstacle.clone() };
        comes_back(&gpu);
        assert_eq!(gpu.to_string(), format!("GPU 1 {text}"));
        let need = GpuNeed { count: 1, memory_bytes: None, required: true };
        assert_eq!(gpu_remedy(&need, &[gpu]), when, "{text}");
    }
    let text = |text: &str| text.to_owned();
    let less = "ask for less with `gpus`, or submit it for the CPU";
    let in_use = |until| GpuStanding::InUse { by: text("maya.bin (pid 4711) of anna holds 3.2 GB"), until };
    table!(GpuObstacle, stands,
        GpuObstacle::Standing(GpuStanding::Free) =>
            [(GpuObstacle::Standing(GpuStanding::Free), "is free for renders", less)],
        GpuObstacle::Standing(GpuStanding::Reserved) => [(
            GpuObstacle::Standing(GpuStanding::Reserved),
            "is reserved for interactive use",
            "it starts when `interactive.gpus` reserves less"
        )],
        GpuObstacle::Standing(GpuStanding::InUse { .. }) => [
            (
                GpuObstacle::Standing(in_use(None)),
                "is in use: maya.bin (pid 4711) of anna holds 3.2 GB",
                "it starts when GPU 1 has been left alone for a while"
            ),
            (
                GpuObstacle::Standing(in_use(Some(UNTIL))),
                &format!(
                    "was in use a moment ago (maya.bin (pid 4711) of anna holds 3.2 GB) and counts as idle from {AT}"
                ),
                "it starts when GPU 1 stays idle"
            ),
        ],
        GpuObstacle::Standing(GpuStanding::Lost { .. }) => [(
            GpuObstacle::Standing(GpuStanding::Lost { reason: text("GPU is lost") }),
            "does not answer: GPU is lost",
            "it starts when GPU 1 answers again"
        )],
        GpuObstacle::Leased { .. } => [(
            GpuObstacle::Leased { holders: (1..=6).map(|n| holder(n, n + 10)).collect() },
            "renders job 1 (attempt 11), job 2 (attempt 12), job 3 (attempt 13), job 4 (attempt 14) and 2 more",
            "it starts when a render ends"
        )],
        GpuObstacle::TooSmall { .. } =>
            [(GpuObstacle::TooSmall { bytes: 8_000_000_000 }, "has only 8 GB for renders", less)],
        GpuObstacle::Breaker { .. } => [(
            GpuObstacle::Breaker { reason: text("illegal address"), until: UNTIL },
            &format!("is left alone until {AT}, since it failed: illegal address"),
            "it starts when the wait for GPU 1 is over"
        )],
        GpuObstacle::RanOut => [(GpuObstacle::RanOut, "ran out of memory for these frames", less)],
        GpuObstacle::Claimed { .. } => [(
            GpuObstacle::Claimed { job: JobId(5) },
            "is kept for job 5, which waits for more",
            "it starts when job 5 has had its turn"
        )],
        GpuObstacle::Free => [(GpuObstacle::Free, "is free", less)],
    );
}
