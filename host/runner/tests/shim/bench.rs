//! What the tests share: a state directory, a pool of real shims, and ways to wait for things in the world.

use farmhand_model::Seconds;
use farmhand_runner::{AttemptDir, ExitReport, RunningAttempt, ShimPool, ShimSpec};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const SHIM: &str = env!("CARGO_BIN_EXE_farmhand-shim");

/// A state directory with a pool of shims.
pub struct Bench {
    pub root: TempDir,
    pub pool: ShimPool,
}

impl Bench {
    pub fn new() -> Self {
        Self::with_shim(SHIM, &[])
    }

    /// Shims started in another way.
    pub fn with_shim(program: &str, args: &[&str]) -> Self {
        let args = args.iter().map(OsString::from).collect();
        Self { root: TempDir::new().expect("a directory"), pool: ShimPool::new(program.into(), args) }
    }

    /// An attempt whose command is written.
    pub fn attempt(&self, name: &str, spec: &ShimSpec) -> AttemptDir {
        let dir = AttemptDir::create(self.root.path().join(name)).expect("a new directory");
        dir.write_command(spec).expect("a command");
        dir
    }

    pub async fn start(&self, name: &str, spec: &ShimSpec) -> RunningAttempt {
        self.pool.start(&self.attempt(name, spec)).await.expect("a shim")
    }

    pub async fn run(&self, name: &str, spec: &ShimSpec) -> ExitReport {
        self.start(name, spec).await.wait().await
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

/// A shell script as the program; every deadline is short, so that a test that meets one is quick.
pub fn shell(script: &str) -> ShimSpec {
    ShimSpec { grace: Seconds(0.3), linger: Seconds(0.2), ..ShimSpec::new("/bin/sh", ["-c", script]) }
}

/// Waits for something in the world; far longer than it can take, so that only a broken program meets the end.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "this never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The number that a process wrote into a file.
pub fn pid_in(path: &Path) -> u32 {
    eventually("a process id in a file", || {
        std::fs::read_to_string(path).ok()?.strip_suffix('\n')?.trim().parse().ok()
    })
}

/// Whether a process is there and has not ended.
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().next());
    state.is_some_and(|state| !matches!(state, "Z" | "X"))
}
