//! What tasks need: an optional export, what it answers, and what of it no node could give.

use crate::support::{Bench, assert_fine, job, task};
use farmhand_model::{GpuNeed, Needs};
use farmhand_plugin::{CallObserver, CallReport, PluginErrorKind};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn needs_are_those_of_the_job_at_the_level() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    let gpus = |count, memory_bytes, required| Some(GpuNeed { count, memory_bytes, required });
    for (mode, level, memory_bytes, gpus) in [
        ("", 0, None, None),
        ("needs-memory", 0, Some(8_000_000_000), None),
        ("needs-gpus", 0, None, gpus(1, None, false)),
        ("needs-gpus", 2, None, gpus(3, None, false)),
        ("needs-gpus", 63, None, gpus(64, None, false)),
        ("needs-share", 0, None, gpus(1, Some(5), true)),
    ] {
        let needs = plugin.needs(&job(mode), level).await.unwrap();
        assert_eq!(needs, Needs { memory_bytes, gpus }, "{mode}");
    }
}

#[tokio::test]
async fn needs_that_no_node_could_meet_are_refused() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    for (mode, level, expect) in [
        ("needs-no-memory", 0, &["its tasks need 0 bytes of memory; leave the memory out"][..]),
        ("needs-all-memory", 0, &["of memory, and 1000000 GB is the most"]),
        ("needs-no-gpus", 0, &["its tasks need 0 GPUs; leave the GPUs out"]),
        ("needs-many-gpus", 0, &["its tasks need 4294967295 GPUs each, and 64 is the most"]),
        ("needs-gpus", 64, &["its tasks need 65 GPUs each"]),
        (
            "needs-no-share",
            0,
            &[
                "0 bytes of memory",
                "0 bytes of memory; leave the memory out where it is not known on each GPU",
            ],
        ),
    ] {
        let error = plugin.needs(&job(mode), level).await.unwrap_err();
        let PluginErrorKind::Invalid { problems } = error.kind() else { panic!("{mode}: {error}") };
        assert_eq!(problems.len(), expect.len(), "{problems:?}");
        for (problem, expect) in problems.iter().zip(expect) {
            assert!(problem.contains(expect), "{mode}: {problem}");
        }
    }
    assert_fine(&plugin).await;
}

#[tokio::test]
async fn a_call_for_needs_is_bounded_like_every_other() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    for mode in ["loop", "alloc", "panic"] {
        let error = plugin.needs(&job(mode), 0).await.unwrap_err();
        let bounded = matches!(
            error.kind(),
            PluginErrorKind::Timeout { .. } | PluginErrorKind::Memory { .. } | PluginErrorKind::Trap { .. }
        );
        assert!(bounded, "{mode}: {error}");
    }
    assert_fine(&plugin).await;
}

#[derive(Debug, Default)]
struct Calls(Mutex<Vec<&'static str>>);

impl CallObserver for Calls {
    fn called(&self, report: &CallReport<'_>) {
        self.0.lock().unwrap().push(report.function);
    }
}

#[tokio::test]
async fn calls_for_needs_are_observed_and_tasks_know_their_memory() {
    let bench = Bench::plain().await;
    let calls = Arc::new(Calls::default());
    let plugin = bench.fixture().await.observed(Arc::clone(&calls) as _);
    plugin.needs(&job(""), 0).await.unwrap();
    assert_eq!(*calls.0.lock().unwrap(), ["needs"]);
    let command = plugin.build_command(&task("")).await.unwrap();
    assert_eq!(command.env, [("THREADS".to_owned(), "4 8000000000".to_owned())]);
}
