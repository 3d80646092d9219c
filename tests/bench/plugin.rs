//! Calls of plugins, as the daemon makes them: a fresh instance for each, one instance for a process's reader. The same
//! small plugin in three languages, and the one for Blender.

use crate::farm::{Farm, root};
use crate::report::{quantiles, table, time};
use crate::row;
use crate::subject::{Meter, Subject, job_context};
use farmhand_model::dcc::{Outcome, TaskContext, Tool};
use farmhand_model::{AttemptId, EndedBy, FrameSet, Seconds};
use farmhand_plugin::{LoadedPlugin, PluginHost, PluginSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CALLS: usize = 2000;
/// A fresh instance of CPython takes a hundred times as long as one of a Rust plugin.
const SCRIPT_CALLS: usize = 300;
const SAVES: u32 = 20;
/// How long the API is asked before the compiler of runners starts, to compare.
const QUIET: Duration = Duration::from_secs(3);

pub fn calls() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let measured: Vec<Vec<String>> =
        Subject::all().iter().map(|subject| runtime.block_on(measure(subject))).collect();
    let names = [
        "size of the plugin",
        "memory of one instance",
        "load, compiled for the first time",
        "load, from the code cache",
        "instantiate",
        "build-command, fresh instance",
        "judge, fresh instance",
        "reader, fresh instance",
        "a batch of 64 lines, the reader's own instance",
        "from save to live, in a running daemon",
    ];
    let rows: Vec<Vec<String>> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            [(*name).to_owned()].into_iter().chain(measured.iter().map(|cells| cells[at].clone())).collect()
        })
        .collect();
    let columns: Vec<&str> =
        ["what"].into_iter().chain(Subject::all().iter().map(|subject| subject.title)).collect();
    table("Calls of plugins: median, and 99th percentile", &columns, &rows);
    cold_compile();
}

async fn measure(subject: &Subject) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a directory");
    let mut settings = PluginSettings::new(dir.path().join("cache"));
    settings.runners = vec![runners()];
    let host = PluginHost::start(settings.clone(), vec![]).await.expect("it starts");
    let started = Instant::now();
    host.load_file(&subject.path).await.expect("it loads");
    let cold = started.elapsed();
    drop(host);

    // A host that knows neither the runner nor the plugin, and finds both compiled.
    let host = PluginHost::start(settings, vec![]).await.expect("it starts");
    let started = Instant::now();
    let plugin = host.load_file(&subject.path).await.expect("it loads");
    let cached = started.elapsed();

    let meter = Arc::new(Meter::default());
    let plugin = plugin.observed(meter.clone());
    let samples = sample(&plugin, subject).await;
    let bytes = std::fs::metadata(&subject.path).expect("it is there").len();
    let mut cells =
        vec![size(bytes), size(meter.memory() as u64), time(cold), time(cached), both(meter.instances())];
    cells.extend(samples.into_iter().map(both));
    cells.push(both(saves(subject)));
    cells
}

async fn sample(plugin: &LoadedPlugin, subject: &Subject) -> Vec<Vec<Duration>> {
    let (task, outcome) = (task(subject), outcome());
    let batch: Vec<String> = (0..64).map(subject.line).collect();
    let (mut build, mut judge, mut open, mut read) = (vec![], vec![], vec![], vec![]);
    let calls = if plugin.language().is_some() { SCRIPT_CALLS } else { CALLS };
    for _ in 0..calls {
        let started = Instant::now();
        plugin.build_command(&task).await.expect("a command");
        build.push(started.elapsed());
        let started = Instant::now();
        plugin.judge(&task, &outcome).await.expect("a verdict");
        judge.push(started.elapsed());
        let started = Instant::now();
        plugin.reader(&task).await.expect("a reader");
        open.push(started.elapsed());
    }
    let mut reader = plugin.reader(&task).await.expect("a reader");
    for _ in 0..CALLS {
        let started = Instant::now();
        reader.read(&batch).await.expect("events");
        read.push(started.elapsed());
    }
    vec![build, judge, open, read]
}

fn both(samples: Vec<Duration>) -> String {
    let (median, late) = quantiles(samples);
    format!("{}, {}", time(median), time(late))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{} KiB", bytes >> 10),
    }
}

fn runners() -> std::path::PathBuf {
    let runners = Path::new(env!("CARGO_BIN_EXE_farmhand")).with_file_name("../runners");
    assert!(runners.join("python.wasm").is_file(), "run scripts/build-runners first");
    runners
}

fn outcome() -> Outcome {
    Outcome {
        exit_code: Some(0),
        signal: None,
        ended_by: EndedBy::Itself,
        seconds: Seconds(60.0),
        frames_done: FrameSet::range(1, 24),
        frames_missing: FrameSet::new(),
        faults: Vec::new(),
        facts: Vec::new(),
        usage: Default::default(),
    }
}

fn task(subject: &Subject) -> TaskContext {
    TaskContext {
        job: Arc::new(job_context(subject)),
        attempt: AttemptId(1),
        frames: FrameSet::range(1, 24),
        layer: None,
        level: 0,
        try_number: 1,
        threads: 1,
        memory_bytes: 0,
        gpus: Vec::new(),
        tools: vec![Tool {
            id: subject.tool.to_owned(),
            path: "/usr/bin/renderer".into(),
            version: Some("3.4.1".to_owned()),
        }],
        scratch: "/scratch/1".into(),
        staging: "/renders/x/.farmhand/1".into(),
    }
}

/// The digest that a slot serves, as the daemon says it.
fn serving(farm: &Farm, name: &str) -> Option<String> {
    let plugins = farm.get("/api/v1/plugins");
    let slots = plugins.as_array().cloned().unwrap_or_default();
    let slot = slots.into_iter().find(|slot| slot["name"] == name)?;
    slot["serving"]["digest"].as_str().map(str::to_owned)
}

/// From the write of a new version to the moment when the daemon says that it serves.
fn saves(subject: &Subject) -> Vec<Duration> {
    let dir = tempfile::tempdir().expect("a directory");
    let plugins = dir.path().join("plugins");
    std::fs::create_dir_all(&plugins).expect("writable");
    let file = plugins.join(subject.file_name());
    std::fs::copy(&subject.path, &file).expect("readable");
    let farm = Farm::start(dir.path(), &["--slots", "1"]);
    let mut live = wait_for(&farm, subject, None);
    let mut times = Vec::new();
    for number in 0..SAVES {
        let bytes = subject.changed(number);
        let started = Instant::now();
        std::fs::write(&file, bytes).expect("writable");
        live = wait_for(&farm, subject, Some(&live));
        times.push(started.elapsed());
    }
    times
}

/// Waits until the slot serves another version than this one.
fn wait_for(farm: &Farm, subject: &Subject, before: Option<&str>) -> String {
    loop {
        match serving(farm, subject.name) {
            Some(digest) if before != Some(digest.as_str()) => return digest,
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// What the API's callers notice while the Python runner is compiled for the first time.
fn cold_compile() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(dir.path().join("plugins")).expect("writable");
    let farm = Farm::start(dir.path(), &["--slots", "1"]);
    let ask = || {
        let started = Instant::now();
        farm.get("/api/v1/plugins");
        started.elapsed()
    };
    let mut before = Vec::new();
    let quiet = Instant::now();
    while quiet.elapsed() < QUIET {
        before.push(ask());
    }
    let script = root().join("plugins/examples/python/plugin.py");
    let compiled = Instant::now();
    std::fs::copy(script, dir.path().join("plugins/glow.py")).expect("an example");
    let mut during = Vec::new();
    while serving(&farm, "glow").is_none() {
        during.push(ask());
    }
    let rows = vec![
        row!["an answer of the API, before", both(before)],
        row!["an answer of the API, meanwhile", both(during)],
        row!["the first Python script ever is live after", time(compiled.elapsed())],
    ];
    table(
        "The Python runner's one compilation, in the background",
        &["what", "median, 99th percentile"],
        &rows,
    );
}
