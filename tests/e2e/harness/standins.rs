//! Maya and Nuke as stand-ins (`tests/standins`): installed into a directory of the test, with a daemon that finds them.

use super::Daemon;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A studio with stand-ins for Maya 2024 and Nuke 15.1, and a daemon.
pub struct StandIns {
    dir: tempfile::TempDir,
    pub daemon: Daemon,
}

impl StandIns {
    /// With more lines for its farmhand.toml.
    pub fn new(config: &str, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tools = dir.path().join("tools");
        let installed =
            Command::new(source().join("install")).arg(&tools).args(["maya2024", "Nuke15.1v1"]).status();
        assert!(installed.unwrap().success());
        let tool = |path: &str| tools.join(path).display().to_string();
        let text = format!(
            "[tools]\nmayapy = {:?}\nrender = {:?}\nnuke = {:?}\n{config}",
            tool("maya2024/bin/mayapy"),
            tool("maya2024/bin/Render"),
            tool("Nuke15.1v1/Nuke15.1"),
        );
        fs::write(dir.path().join("farmhand.toml"), text).unwrap();
        let file = dir.path().join("farmhand.toml").display().to_string();
        let mut all = vec!["--config", &file];
        all.extend(arguments);
        let daemon = Daemon::start(dir.path(), &all);
        Self { dir, daemon }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A copy of a sample scene, with these faults to strike while it renders.
    pub fn scene(&self, name: &str, faults: &Value) -> PathBuf {
        let comment = if name.ends_with(".nk") { "#" } else { "//" };
        let told = json!({"faults": faults, "state": "state", "record": "record"});
        let text = fs::read_to_string(source().join("scenes").join(name)).unwrap();
        let shot = self.path("shot");
        fs::create_dir_all(shot.join("images")).unwrap();
        fs::write(shot.join("workspace.mel"), "workspace -fr \"images\" \"images\";\n").unwrap();
        let path = shot.join(name);
        fs::write(&path, format!("{text}\n{comment} standin: {told}\n")).unwrap();
        path
    }

    /// What the stand-ins wrote down: a line for each process and each frame.
    pub fn record(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("shot/record")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The frames that were rendered, in order, by layer and frame; a frame that was rendered twice is there twice.
    pub fn rendered(&self) -> Vec<(String, i64)> {
        let frames = self.record().into_iter().filter(|line| line["kind"] == "frame");
        let mut frames: Vec<_> = frames
            .map(|line| {
                (
                    line["layer"].as_str().unwrap_or_default().to_owned(),
                    line["frame"].as_f64().unwrap() as i64,
                )
            })
            .collect();
        frames.sort();
        frames
    }

    /// Level and decision of each attempt, oldest first.
    pub fn decisions(&self, job: u64) -> Vec<String> {
        let attempts = self.daemon.client.attempts(job);
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        attempts
            .iter()
            .map(|one| format!("{} {}", word(&one["level_name"]), word(&one["verdict"]["decision"]["kind"])))
            .collect()
    }
}

/// Where the stand-ins are in the checkout.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/standins")
}
