//! Calls of a plugin, as the daemon makes them: a fresh instance for each, one instance for a process's reader.

use crate::farm::{Farm, prebuilt};
use crate::report::{quantiles, table, time};
use crate::row;
use farmhand_model::dcc::{JobContext, Outcome, TaskContext, Tool};
use farmhand_model::{AttemptId, EndedBy, FrameSet, JobId, Seconds};
use farmhand_plugin::{Builtin, LoadedPlugin, PluginHost, PluginSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CALLS: usize = 2000;

pub fn calls() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    let bytes: &'static [u8] = std::fs::read(prebuilt("blender")).expect("prebuilt").leak();
    let mut rows = vec![row!["size of the component", format!("{} KiB", bytes.len() / 1024), ""]];
    runtime.block_on(async {
        let load = || async {
            let started = Instant::now();
            let host = PluginHost::start(
                PluginSettings::new(dir.path().join("cache")),
                vec![Builtin { name: "blender", bytes }],
            )
            .await
            .expect("it starts");
            (host, started.elapsed())
        };
        let (host, cold) = load().await;
        drop(host);
        let (host, cached) = load().await;
        rows.push(row!["load, compiled for the first time", time(cold), ""]);
        rows.push(row!["load, from the code cache", time(cached), ""]);
        let plugin = host.get("blender").expect("it serves");
        measure(&plugin, &mut rows).await;
    });
    rows.push(row!["from save to live, in a running daemon", time(save_to_live()), ""]);
    table("Calls of the Blender plugin", &["what", "median", "99th percentile"], &rows);
}

async fn measure(plugin: &Arc<LoadedPlugin>, rows: &mut Vec<Vec<String>>) {
    let task = task();
    let outcome = Outcome {
        exit_code: Some(0),
        signal: None,
        ended_by: EndedBy::Itself,
        seconds: Seconds(60.0),
        frames_done: task.frames.clone(),
        frames_missing: FrameSet::new(),
        faults: Vec::new(),
        facts: Vec::new(),
    };
    let batch: Vec<String> = (0..64)
        .map(|sample| {
            format!("Fra:12 Mem:245.31M (Peak 512.00M) | Time:00:04.21 | Mem:1.00M, Peak:2.00M | Scene, ViewLayer | Sample {sample}/64")
        })
        .collect();

    let mut build = Vec::with_capacity(CALLS);
    let mut judge = Vec::with_capacity(CALLS);
    let mut instantiate = Vec::with_capacity(CALLS);
    let mut read = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let started = Instant::now();
        plugin.build_command(&task).await.expect("a command");
        build.push(started.elapsed());
        let started = Instant::now();
        plugin.judge(&task, &outcome).await.expect("a verdict");
        judge.push(started.elapsed());
        let started = Instant::now();
        plugin.reader(&task).await.expect("a reader");
        instantiate.push(started.elapsed());
    }
    let mut reader = plugin.reader(&task).await.expect("a reader");
    for _ in 0..CALLS {
        let started = Instant::now();
        reader.read(&batch).await.expect("events");
        read.push(started.elapsed());
    }
    for (name, samples) in [
        ("build-command, fresh instance", build),
        ("judge, fresh instance", judge),
        ("instantiate, with its reader", instantiate),
        ("a batch of 64 lines, the reader's own instance", read),
    ] {
        let (median, late) = quantiles(samples);
        rows.push(row![name, time(median), time(late)]);
    }
}

fn task() -> TaskContext {
    let options = serde_json::json!({"format": "PNG", "samples": 16, "engine": "CYCLES"});
    TaskContext {
        job: Arc::new(JobContext {
            id: JobId(1),
            name: "shot".to_owned(),
            scene: "/shows/x/shot.blend".into(),
            output: Some("/renders/x/shot_####.png".to_owned()),
            layers: Vec::new(),
            frames: FrameSet::range(1, 240),
            options: options.as_object().cloned().unwrap_or_default(),
            skip_existing: false,
            hook_scripts: Vec::new(),
            path_map: Vec::new(),
        }),
        attempt: AttemptId(1),
        frames: FrameSet::range(1, 24),
        layer: None,
        level: 0,
        try_number: 1,
        threads: 1,
        gpus: Vec::new(),
        tools: vec![Tool {
            id: "blender".to_owned(),
            path: "/usr/bin/blender".into(),
            version: Some("3.4.1".to_owned()),
        }],
        scratch: "/scratch/1".into(),
        staging: "/renders/x/.farmhand/1".into(),
    }
}

/// From the write of a new component to the moment when the daemon says that it serves.
fn save_to_live() -> Duration {
    let dir = tempfile::tempdir().expect("a directory");
    let farm = Farm::with_noop(dir.path(), &["--slots", "1"]);
    let digest = |farm: &Farm| {
        let plugins = farm.get("/api/v1/plugins");
        let slots = plugins.as_array().cloned().unwrap_or_default();
        slots.into_iter().find(|slot| slot["name"] == "noop").map(|slot| slot["serving"]["digest"].clone())
    };
    let before = digest(&farm);
    let file = dir.path().join("plugins/noop.wasm");
    let bytes = with_empty_custom_section(&std::fs::read(&file).expect("readable"));
    let started = Instant::now();
    replace(&file, &bytes);
    while digest(&farm) == before {
        std::thread::sleep(Duration::from_millis(2));
    }
    started.elapsed()
}

fn replace(file: &Path, bytes: &[u8]) {
    let temporary = file.with_extension("tmp");
    std::fs::write(&temporary, bytes).expect("writable");
    std::fs::rename(temporary, file).expect("writable");
}

/// The same component with other bytes: a custom section says nothing to anybody.
fn with_empty_custom_section(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    bytes.extend_from_slice(&[0, 2, 1, b'x']);
    bytes
}
