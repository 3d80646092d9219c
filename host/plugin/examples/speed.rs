//! Measures what plugins cost: calls, instances, loads, and the time from a save to the new version serving.
//!
//! `cargo run --release -p farmhand-plugin --example speed -- COMPONENT [--json]`. Without a component it measures
//! the tests' fixture; save-to-live is measured with the fixture always, since its version can be patched.

#![expect(clippy::print_stdout, reason = "it is a program for people")]

use farmhand_model::dcc::{JobContext, Outcome, TaskContext, Tool};
use farmhand_model::{AttemptId, EndedBy, FrameSet, JobId, Seconds};
use farmhand_plugin::{PluginHost, PluginSettings};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const CALLS: usize = 2000;
const SAVES: u32 = 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/guest.wasm");
    let component = arguments.iter().find(|argument| !argument.starts_with("--"));
    let component = component.map_or_else(|| fixture.clone(), PathBuf::from);
    let root = tempfile::tempdir()?;
    let mut settings = PluginSettings::new(root.path().join("code"));
    settings.dir = Some(root.path().join("plugins"));
    let host = PluginHost::start(settings, vec![]).await?;

    let mut rows = Vec::new();
    let (cold, _) = timed(host.load_file(&component)).await;
    let mut cached = Vec::new();
    for _ in 0..20 {
        cached.push(timed(host.load_file(&component)).await.0);
    }
    rows.push(Row::new("load, compiled", vec![cold]));
    rows.push(Row::new("load, from the cache", cached));

    let plugin = host.load_file(&component).await?;
    let (task, outcome) = (task(), outcome());
    let lines: Vec<String> =
        (0..64).map(|line| format!("Fra:{line} Mem:100.00M | Rendering 1/64 samples")).collect();
    let (mut build, mut judge, mut open, mut read) = (vec![], vec![], vec![], vec![]);
    let mut reader = plugin.reader(&task).await?;
    for _ in 0..CALLS {
        build.push(timed(plugin.build_command(&task)).await.0);
        judge.push(timed(plugin.judge(&task, &outcome)).await.0);
        open.push(timed(plugin.reader(&task)).await.0);
        let (elapsed, events) = timed(reader.read(&lines)).await;
        events?;
        read.push(elapsed);
    }
    rows.push(Row::new("build-command, fresh instance", build));
    rows.push(Row::new("judge, fresh instance", judge));
    rows.push(Row::new("reader, fresh instance", open));
    rows.push(Row::new("64 lines read, same instance", read));
    rows.push(Row::new("save to live", saves(&host, &fixture, &root.path().join("plugins")).await?));

    match arguments.iter().any(|argument| argument == "--json") {
        true => println!("{}", serde_json::Value::from_iter(rows.iter().map(Row::json))),
        false => rows.iter().for_each(Row::print),
    }
    Ok(())
}

/// Saves one new version after the other and waits for each to serve.
async fn saves(host: &PluginHost, fixture: &Path, dir: &Path) -> Result<Vec<Duration>, Box<dyn Error>> {
    let original = std::fs::read(fixture)?;
    let mark = b"version=1.0.0";
    let at =
        original.windows(mark.len()).position(|window| window == mark).ok_or("the fixture has no version")?;
    let mut events = host.subscribe();
    let mut times = Vec::new();
    for number in 1..=SAVES {
        let version = format!("1.{:1}.0", number % 10);
        let mut bytes = original.clone();
        bytes[at + 8..at + 13].copy_from_slice(version.as_bytes());
        let started = std::time::Instant::now();
        std::fs::write(dir.join("fixture.wasm"), bytes)?;
        while host.get("fixture").map_or(true, |plugin| plugin.stamp().version != version) {
            events.recv().await?;
        }
        times.push(started.elapsed());
    }
    Ok(times)
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

fn task() -> TaskContext {
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
        tools: vec![tool("tool"), tool("blender")],
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
