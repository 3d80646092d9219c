//! The real binary as the benchmarks drive it: started in a directory of its own, talked to over HTTP.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Farm {
    child: Child,
    dir: PathBuf,
    arguments: Vec<String>,
    base: String,
    agent: ureq::Agent,
}

impl Farm {
    pub fn start(dir: &Path, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let (child, base) = spawn(dir, &arguments);
        Self { child, dir: dir.to_owned(), arguments, base, agent: ureq::Agent::new_with_defaults() }
    }

    /// With the plugin whose tasks do nothing.
    pub fn with_noop(dir: &Path, arguments: &[&str]) -> Self {
        let plugins = dir.join("plugins");
        std::fs::create_dir_all(&plugins).expect("writable");
        std::fs::copy(prebuilt("noop"), plugins.join("noop.wasm")).expect("prebuilt");
        std::fs::write(dir.join("nothing.noop"), "").expect("writable");
        // A machine compiles the runners of scripts once, for seconds on each core: no part of what is measured here.
        let config = dir.join("farmhand.toml");
        std::fs::write(&config, "[plugins]\nrunners = \"no-runners\"\n").expect("writable");
        let config = config.to_str().expect("UTF-8");
        Self::start(dir, &[&["--config", config], arguments].concat())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn get(&self, path: &str) -> Value {
        let mut response = self.agent.get(format!("{}{path}", self.base)).call().expect("an answer");
        response.body_mut().read_json().expect("JSON")
    }

    pub fn submit(&self, job: &Value) -> u64 {
        let mut response =
            self.agent.post(format!("{}/api/v1/jobs", self.base)).send_json(job).expect("accepted");
        let body: Value = response.body_mut().read_json().expect("JSON");
        body["id"].as_u64().expect("an id")
    }

    /// A job of the plugin whose tasks do nothing, a frame a task.
    pub fn noop_job(&self, frames: &str, options: &Value) -> Value {
        json!({"scene": self.dir.join("nothing.noop"), "frames": frames, "chunk": {"fixed": 1}, "options": options})
    }

    /// Waits, by the event stream, until the condition on the job holds.
    pub fn wait(&self, job: u64, met: impl Fn(&Value) -> bool) {
        let response = self.agent.get(format!("{}/api/v1/events", self.base)).call().expect("a stream");
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        if met(&self.get(&format!("/api/v1/jobs/{job}"))) {
            return;
        }
        for line in lines.map_while(Result::ok) {
            let Some(data) = line.strip_prefix("data:") else { continue };
            let Ok(event) = serde_json::from_str::<Value>(data) else { continue };
            let news = if line.contains("missed") {
                self.get(&format!("/api/v1/jobs/{job}"))
            } else {
                event["job"].clone()
            };
            if news["id"] == job && met(&news) {
                return;
            }
        }
        panic!("the daemon went away");
    }

    pub fn wait_for_end(&self, job: u64) {
        self.wait(job, |job| job["status"] == "done" || job["status"] == "failed");
        let job = self.get(&format!("/api/v1/jobs/{job}"));
        assert_eq!(job["status"], "done", "{job}");
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub fn restart(&mut self) -> Duration {
        let started = Instant::now();
        let (child, base) = spawn(&self.dir, &self.arguments);
        self.child = child;
        self.base = base;
        started.elapsed()
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn spawn(dir: &Path, arguments: &[String]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_farmhand"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.join("data"))
        .arg("--plugins-dir")
        .arg(dir.join("plugins"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let base = loop {
        let line = lines.next().expect("it gets ready").expect("readable");
        if let Some((_, url)) = line.split_once("is ready at ") {
            break url.trim().to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    (child, base)
}

/// The prebuilt component of a plugin.
/// The project's own directory.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn prebuilt(name: &str) -> PathBuf {
    root().join(format!("plugins/prebuilt/{name}.wasm"))
}

/// Resident memory of a process in MiB.
pub fn resident_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(f64::NAN);
    kib / 1024.0
}

/// CPU seconds that the whole machine has spent since it started: of everybody, so the machine must be quiet.
pub fn machine_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user + nice + system, in hundredths of a second on every Linux that farmhand runs on.
    ticks.iter().take(3).sum::<f64>() / 100.0
}
