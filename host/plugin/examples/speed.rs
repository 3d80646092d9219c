//! Measures what plugins cost: calls, instances, loads, and the time from a save to the new version serving.
//!
//! `cargo run --release -p farmhand-plugin --example speed -- PLUGIN [--runners DIR] [--json]`. Without a plugin it
//! measures the tests' fixture. A script is a plugin too; its runner is looked for in DIR. Save-to-live is measured with
//! a copy of the plugin whose bytes change with each save and whose behaviour does not.

#![expect(clippy::print_stdout, reason = "it is a program for people")]

use farmhand_model::dcc::{Descriptor, JobContext, Outcome, TaskContext, Tool};
use farmhand_model::{AttemptId, EndedBy, FrameSet, JobId, Seconds};
use farmhand_plugin::{CallObserver, CallReport, Language, PluginHost, PluginSettings, SwapEvent};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CALLS: usize = 2000;
/// A fresh instance of CPython takes a hundred times as long as one of a Rust plugin.
const SCRIPT_CALLS: usize = 200;
const SAVES: u32 = 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let root = tempfile::tempdir()?;
    let plugins = root.path().join("plugins");
    let mut settings = PluginSettings::new(root.path().join("code"));
    settings.dir = Some(plugins.clone());
    settings.runners = arguments.runners;
    let host = PluginHost::start(settings, vec![]).await?;

    let path = &arguments.plugin;
    let mut rows = Vec::new();
    let (cold, loaded) = timed(host.load_file(path)).await;
    let meter = Arc::new(Meter::default());
    let plugin = loaded?.observed(meter.clone());
    let descriptor = plugin.descriptor();
    let mut cached = Vec::new();
    for _ in 0..20 {
        cached.push(timed(host.load_file(path)).await.0);
    }
    rows.push(Row::new("load, compiled", vec![cold]));
    rows.push(Row::new("load, from the cache", cached));

    let (task, outcome) = (task(descriptor), outcome());
    let lines: Vec<String> = (0..64).map(|line| format!("frame {line} {line}%")).collect();
    let (mut build, mut judge, mut open, mut read) = (vec![], vec![], vec![], vec![]);
    let mut reader = plugin.reader(&task).await?;
    let calls = if plugin.language().is_some() { SCRIPT_CALLS } else { CALLS };
    for _ in 0..calls {
        let (elapsed, command) = timed(plugin.build_command(&task)).await;
        command?;
        build.push(elapsed);
        judge.push(timed(plugin.judge(&task, &outcome)).await.0);
        open.push(timed(plugin.reader(&task)).await.0);
    }
    for _ in 0..CALLS {
        let (elapsed, events) = timed(reader.read(&lines)).await;
        events?;
        read.push(elapsed);
    }
    rows.push(Row::new("instantiate", meter.instances()));
    rows.push(Row::new("build-command, fresh instance", build));
    rows.push(Row::new("judge, fresh instance", judge));
    rows.push(Row::new("reader, fresh instance", open));
    rows.push(Row::new("64 lines read, same instance", read));
    rows.push(Row::new("save to live", saves(&host, path, &plugins).await?));

    if arguments.json {
        let inspected = host.inspect(path)?;
        let rows = serde_json::Value::from_iter(rows.iter().map(Row::json));
        let all = serde_json::json!({ "plugin": descriptor.name, "bytes": inspected.bytes, "memory": meter.memory(), "rows": rows });
        println!("{all}");
        return Ok(());
    }
    println!(
        "{} {}: {}, memory {} KiB",
        descriptor.name,
        descriptor.version,
        descriptor.summary,
        meter.memory() >> 10
    );
    rows.iter().for_each(Row::print);
    Ok(())
}

struct Arguments {
    plugin: PathBuf,
    runners: Vec<PathBuf>,
    json: bool,
}

impl Arguments {
    fn parse() -> Self {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/guest.wasm");
        let mut parsed = Self { plugin: fixture, runners: Vec::new(), json: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => parsed.json = true,
                "--runners" => parsed.runners.extend(arguments.next().map(PathBuf::from)),
                _ => parsed.plugin = argument.into(),
            }
        }
        parsed
    }
}

/// Keeps what observers are told.
#[derive(Debug, Default)]
struct Meter {
    instances: Mutex<Vec<Duration>>,
    memory: AtomicUsize,
}

impl Meter {
    fn instances(&self) -> Vec<Duration> {
        self.instances.lock().map(|times| times.clone()).unwrap_or_default()
    }

    fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }
}

impl CallObserver for Meter {
    fn called(&self, report: &CallReport<'_>) {
        if let (Some(time), Ok(mut times)) = (report.instantiate, self.instances.lock()) {
            times.push(time);
        }
        self.memory.fetch_max(report.memory, Ordering::Relaxed);
    }
}

/// Saves one new version after the other and waits for each to serve.
async fn saves(host: &PluginHost, plugin: &Path, dir: &Path) -> Result<Vec<Duration>, Box<dyn Error>> {
    // Of a folder its main file is saved, and the other files lie there before.
    let (target, source) = match plugin.is_dir() {
        false => {
            let name = plugin.file_name().ok_or("the plugin has no name")?;
            (dir.join(name), plugin.to_path_buf())
        }
        true => {
            let main = ["plugin.py", "plugin.js"]
                .map(|name| plugin.join(name))
                .into_iter()
                .find(|main| main.is_file());
            let main = main.ok_or("the folder has no main file")?;
            std::fs::create_dir_all(dir.join("saved"))?;
            for file in std::fs::read_dir(plugin)?.flatten().filter(|file| file.path().is_file()) {
                std::fs::copy(file.path(), dir.join("saved").join(file.file_name()))?;
            }
            (dir.join("saved").join(main.file_name().ok_or("no name")?), main)
        }
    };
    let original = std::fs::read(source)?;
    let mut events = host.subscribe();
    let mut serving = None;
    let mut times = Vec::new();
    for number in 1..=SAVES {
        let bytes = changed(&original, &target, number);
        let started = std::time::Instant::now();
        std::fs::write(&target, bytes)?;
        loop {
            match events.recv().await? {
                SwapEvent::Changed(view) if view.failure.is_some() => {
                    return Err(view.failure.unwrap_or_default().into());
                }
                SwapEvent::Changed(view) if view.serving != serving => {
                    serving = view.serving;
                    break;
                }
                _ => {}
            }
        }
        times.push(started.elapsed());
    }
    // The first one finds the directory empty.
    Ok(times.split_off(1))
}

/// Other bytes that mean the same: a comment, or a custom section.
fn changed(original: &[u8], file: &Path, number: u32) -> Vec<u8> {
    let mut bytes = original.to_vec();
    match Language::of_file(file) {
        Some(Language::Python) => bytes.extend(format!("\n# {number}\n").bytes()),
        Some(Language::JavaScript) => bytes.extend(format!("\n// {number}\n").bytes()),
        None => bytes.extend([0, 6, 1, b'n', 0, 0, 0, number as u8]),
    }
    bytes
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let started = std::time::Instant::now();
    let value = work.await;
    (started.elapsed(), value)
}

struct Row {
    name: &'static str,
    times: Vec<Duration>,
}

impl Row {
    fn new(name: &'static str, mut times: Vec<Duration>) -> Self {
        times.sort();
        Self { name, times }
    }

    /// The time that this part of the calls stays below, in microseconds.
    fn quantile(&self, part: f64) -> f64 {
        let index = (self.times.len() as f64 * part) as usize;
        self.times.get(index.min(self.times.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    fn print(&self) {
        let (median, p99) = (self.quantile(0.5), self.quantile(0.99));
        println!("{:32} median {median:10.1} µs   p99 {p99:10.1} µs", self.name);
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name, "median_us": self.quantile(0.5), "p99_us": self.quantile(0.99), "n": self.times.len(),
        })
    }
}

fn frames() -> FrameSet {
    FrameSet::range(1, 48)
}

fn task(descriptor: &Descriptor) -> TaskContext {
    let job = JobContext {
        id: JobId(1),
        name: "speed".into(),
        scene: "/show/shot.blend".into(),
        output: Some("/show/out/shot_####.png".into()),
        layers: vec![],
        frames: frames(),
        options: serde_json::Map::new(),
        skip_existing: false,
        hook_scripts: Vec::new(),
        path_map: Vec::new(),
    };
    let tool =
        |id: &str| Tool { id: id.into(), path: "/opt/dcc/bin/tool".into(), version: Some("4.3.2".into()) };
    TaskContext {
        job: Arc::new(job),
        attempt: AttemptId(1),
        frames: frames(),
        layer: None,
        level: 0,
        try_number: 1,
        threads: 2,
        gpus: vec![],
        tools: descriptor.tools.iter().map(|spec| tool(&spec.id)).collect(),
        scratch: "/scratch/1".into(),
        staging: "/show/out/.staging-1".into(),
    }
}

fn outcome() -> Outcome {
    Outcome {
        exit_code: Some(0),
        signal: None,
        ended_by: EndedBy::Itself,
        seconds: Seconds(60.0),
        frames_done: frames(),
        frames_missing: FrameSet::new(),
        faults: vec![],
        facts: vec![],
    }
}
