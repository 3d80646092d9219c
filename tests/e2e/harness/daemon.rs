//! A daemon of a test's own: started from the real binary, killed with the test.

use super::Client;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The binary under test, without the environment of whoever runs the tests, and with all of the machine, whether or
/// not somebody's desktop runs on it.
pub fn farmhand() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farmhand"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FARMHAND_") {
            command.env_remove(name);
        }
    }
    command.env("FARMHAND_INTERACTIVE_WORKSTATION", "off");
    command
}

/// A running daemon and its directories.
pub struct Daemon {
    child: Child,
    data: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    pub url: String,
    pub client: Client,
}

impl Daemon {
    /// Starts one with its data under `dir`.
    pub fn start(dir: &Path, arguments: &[&str]) -> Self {
        Self::start_in(dir, arguments, &[])
    }

    /// Starts one with these variables besides.
    pub fn start_in(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let data = dir.join("data");
        seed_cache(&data.join("cache"));
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment: Vec<_> = environment.iter().map(owned).collect();
        let (child, url) = spawn(&data, &arguments, &environment);
        keep_cache(&data.join("cache"));
        let client = Client::new(&url);
        Self { child, data, arguments, environment, url, client }
    }

    /// Keeps what it has compiled for the daemons of later tests.
    pub fn keep_cache(&self) {
        copy_cache(&self.data.join("cache"), &shared_cache());
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// Where plugins are dropped.
    pub fn plugins_dir(&self) -> PathBuf {
        self.data.join("plugins")
    }

    /// The directory of an attempt.
    pub fn attempt_dir(&self, attempt: u64) -> PathBuf {
        self.data.join("attempts").join(attempt.to_string())
    }

    /// Ends it as a crash would: no signal that it could handle.
    pub fn kill(&mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop and waits for its end.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success());
        self.child.wait().expect("it ends")
    }

    /// Starts it again on the same data.
    pub fn restart(&mut self) {
        let (child, url) = spawn(&self.data, &self.arguments, &self.environment);
        self.child = child;
        self.client = Client::new(&url);
        self.url = url;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // What the test left running goes with it: the renders first, while their shims can still be found.
        let attempts = self.data.join("attempts");
        let _ = Command::new("pkill").args(["-KILL", "-f", &attempts.display().to_string()]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where compiled plugins wait for the next test's daemon: compiling the built-in ones anew for each of them would take
/// longer than everything else that they do.
fn shared_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-cache")
}

/// Fills a new daemon's cache with what other tests compiled.
pub fn seed_cache(cache: &Path) {
    copy_cache(&shared_cache(), cache);
}

/// Keeps for other tests what a daemon compiled.
pub fn keep_cache(cache: &Path) {
    copy_cache(cache, &shared_cache());
}

/// Copies what is not there yet, whole or not at all: other tests do the same at the same time.
fn copy_cache(from: &Path, to: &Path) {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to).expect("writable");
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_cache(&source, &target);
        } else if source.extension().is_some_and(|extension| extension == "cwasm" || extension == "sum")
            && !target.exists()
        {
            let part = target.with_extension(format!("part-{}", std::process::id()));
            std::fs::copy(&source, &part).and_then(|_| std::fs::rename(&part, &target)).expect("writable");
        }
    }
}

fn spawn(data: &Path, arguments: &[String], environment: &[(String, String)]) -> (Child, String) {
    let mut child = farmhand()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .args(["--plugins-dir"])
        .arg(data.join("plugins"))
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let url = loop {
        let line = lines.next().expect("it says that it is ready before it ends").expect("readable");
        if let Some((_, url)) = line.split_once("is ready at ") {
            break url.trim().to_owned();
        }
    };
    // Whatever else it prints must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (child, url)
}

/// The JSON of a job that renders `frames` of a scene, to be changed by the test.
pub fn job_of(scene: &Path, frames: &str, output: &Path) -> Value {
    serde_json::json!({
        "scene": scene,
        "frames": frames,
        "output": output,
        "options": {"format": "PNG"},
    })
}
