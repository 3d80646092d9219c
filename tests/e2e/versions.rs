//! Versions of a plugin under a running daemon and over its restarts: rolled back, pinned, confirmed, and kept for the
//! attempts that they began.
//!
//! The plugin is the fixture of `host/plugin/tests`, which behaves as it is told and whose reader tells its version as a
//! fact. Its one tool is a script here that waits for the test.

use crate::harness::{Daemon, farmhand};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The fixture in this version.
fn fixture(version: &str) -> Vec<u8> {
    const LENGTH: usize = 160;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/tests/fixtures/guest.wasm");
    let mut bytes = fs::read(path).unwrap();
    let start = b"FIXTURE{mode=";
    let at = bytes.windows(start.len()).position(|window| window == start).unwrap();
    let spec = format!("FIXTURE{{mode=normal;name=fixture;version={version};ext=fix}}");
    bytes[at..at + LENGTH].copy_from_slice(format!("{spec:LENGTH$}").as_bytes());
    bytes
}

/// A daemon with the fixture as a plugin, and its tool.
struct Farm {
    daemon: Daemon,
    dir: tempfile::TempDir,
}

impl Farm {
    fn new(version: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // A program's version may be in its path.
        let tool = dir.path().join("tool-1.0/tool");
        fs::create_dir(dir.path().join("tool-1.0")).unwrap();
        // Waits until the test lets it go on, and ends when the test has gone.
        let script = format!(
            "#!/bin/sh\nwhile [ -d {0} ] && [ ! -e {0}/go ]; do sleep 0.05; done\n",
            dir.path().display()
        );
        fs::write(&tool, script).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let config = dir.path().join("farmhand.toml");
        fs::write(&config, format!("[tools]\ntool = {tool:?}\n[plugins]\nrollback_after = 2\n")).unwrap();
        fs::create_dir_all(dir.path().join("data/plugins")).unwrap();
        fs::write(dir.path().join("data/plugins/fixture.wasm"), fixture(version)).unwrap();
        let daemon = Daemon::start(dir.path(), &["--slots", "1", "--config", config.to_str().unwrap()]);
        Self { daemon, dir }
    }

    fn save(&self, version: &str) {
        fs::write(self.daemon.plugins_dir().join("fixture.wasm"), fixture(version)).unwrap();
    }

    fn go(&self) {
        fs::write(self.dir.path().join("go"), "").unwrap();
    }

    fn scene(&self) -> PathBuf {
        let scene = self.dir.path().join("shot.fix");
        fs::write(&scene, "").unwrap();
        scene
    }

    fn job(&self) -> Value {
        json!({"scene": self.scene(), "frames": "1", "limits": {"retries": 0}})
    }

    fn slot(&self) -> Value {
        let plugins = self.daemon.client.read("/api/v1/plugins");
        let mut plugins = plugins.as_array().unwrap().iter();
        plugins.find(|plugin| plugin["name"] == "fixture").cloned().unwrap_or_default()
    }

    fn until_serving(&self, version: &str) -> Value {
        self.daemon.client.wait_for(&format!("{version} serves"), || {
            Some(self.slot()).filter(|slot| slot["serving"]["version"] == version)
        })
    }

    /// Waits until an attempt of the job runs.
    fn until_running(&self, job: u64) {
        self.daemon.client.wait_for("it runs", || {
            self.daemon.client.attempts(job).into_iter().find(|attempt| attempt["state"] == "running")
        });
    }

    /// `farmhand plugin …` against this daemon.
    fn plugin(&self, arguments: &[&str]) -> Output {
        let mut command = farmhand();
        command.args(["plugin", "--server", &self.daemon.url]).args(arguments).env("USER", "tess");
        command.output().unwrap()
    }

    /// The same, which must succeed.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.plugin(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The history, the oldest first, as `VERSION KIND`.
    fn history(&self) -> Vec<String> {
        let versions: Value = serde_json::from_str(&self.told(&["history", "fixture", "--json"])).unwrap();
        let lines = versions["history"].as_array().unwrap().iter().rev();
        let text = |line: &Value| {
            let entry = &line["entry"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {}", text(&entry["version"]), text(&entry["reason"]["kind"]))
        };
        lines.map(text).collect()
    }
}

/// The version whose reader read an attempt's output to its end.
fn read_by(attempt: &Value) -> String {
    let facts = attempt["facts"].as_array().unwrap();
    let version = facts.iter().find(|fact| fact["name"] == "version");
    version.and_then(|fact| fact["value"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn an_attempt_is_read_and_judged_by_the_bytes_that_began_it_over_a_restart() {
    let mut farm = Farm::new("1.0.0");
    let job = farm.daemon.client.submit(&farm.job());
    farm.until_running(job);
    let began = farm.daemon.client.attempts(job)[0]["plugin"]["digest"].clone();

    farm.daemon.kill();
    farm.save("2.0.0");
    farm.daemon.restart();
    farm.until_serving("2.0.0");
    farm.go();
    farm.daemon.client.wait_for_end(job);

    let attempts = farm.daemon.client.attempts(job);
    assert_eq!((read_by(&attempts[0]).as_str(), &attempts[0]["plugin"]["digest"]), ("1.0.0", &began));
    assert_eq!(farm.history(), ["1.0.0 started", "2.0.0 started"]);

    // Without its bytes the one that serves has to do.
    let job = farm.daemon.client.submit(&farm.job());
    farm.daemon.client.wait_for_end(job);
    assert_eq!(read_by(&farm.daemon.client.attempts(job)[0]), "2.0.0");
}

#[test]
fn an_attempt_whose_version_is_lost_goes_on_with_the_one_that_serves() {
    let mut farm = Farm::new("1.0.0");
    let job = farm.daemon.client.submit(&farm.job());
    farm.until_running(job);
    farm.daemon.kill();
    fs::remove_dir_all(farm.daemon.data_dir().join("plugin-versions")).unwrap();
    farm.save("2.0.0");
    farm.daemon.restart();
    farm.go();
    farm.daemon.client.wait_for_end(job);
    let attempts = farm.daemon.client.attempts(job);
    assert_eq!(read_by(&attempts[0]), "2.0.0");
    assert_ne!(attempts[0]["outcome"]["ended_by"], "lost", "{}", attempts[0]);
}

#[test]
fn decisions_hold_over_restarts_and_the_shell_shows_them() {
    let mut farm = Farm::new("1.0.0");
    let old = farm.slot()["serving"]["digest"].as_str().unwrap().to_owned();
    farm.save("1.1.0");
    farm.until_serving("1.1.0");
    let told = farm.told(&["rollback", "fixture"]);
    assert!(told.contains("fixture serves version 1.0.0") && told.contains("rolled back by tess"), "{told}");
    assert!(farm.told(&["list"]).contains("rolled back"));

    farm.daemon.kill();
    farm.daemon.restart();
    assert_eq!(farm.slot()["serving"]["version"], "1.0.0");
    let newer = farm.slot()["standing"]["rolled_back"]["digest"].as_str().unwrap().to_owned();
    let told = farm.told(&["confirm", "fixture", &newer[..8]]);
    assert!(told.contains("fixture serves version 1.1.0"), "{told}");
    let told = farm.told(&["pin", "fixture", &old[..8]]);
    assert!(
        told.contains("1.0.0") && told.contains("pinned") && told.contains("waits for `unpin`"),
        "{told}"
    );

    farm.daemon.kill();
    farm.save("1.2.0");
    farm.daemon.restart();
    let slot = farm.slot();
    assert_eq!(
        (&slot["serving"]["digest"], &slot["standing"]["pinned"]["by"]),
        (&json!(old), &json!("tess"))
    );
    assert_eq!(slot["standing"]["waiting"]["version"], "1.2.0");
    farm.told(&["unpin", "fixture"]);
    farm.until_serving("1.2.0");
    assert_eq!(
        farm.history(),
        [
            "1.0.0 started",
            "1.1.0 saved",
            "1.0.0 rolled-back",
            "1.1.0 confirmed",
            "1.0.0 pinned",
            "1.2.0 unpinned"
        ]
    );
    let table = farm.told(&["history", "fixture"]);
    assert!(
        table.lines().nth(1).is_some_and(|line| line.contains("serves") && line.contains("unpinned by tess"))
    );

    for (path, body, status, kind) in [
        ("nothing/rollback", json!({}), 404, "no-plugin"),
        ("fixture/rollback", json!({"digest": "ffff"}), 404, "no-version"),
        ("fixture/unpin", json!({}), 409, "conflict"),
        ("fixture/pin", json!({"digest": 7}), 422, "invalid"),
        ("fixture/confirm", json!({}), 422, "invalid"),
    ] {
        let (got, problem) = farm.daemon.client.post(&format!("/api/v1/plugins/{path}"), &body);
        assert_eq!(
            (got, &problem["type"]),
            (status, &json!(format!("/problems/{kind}"))),
            "{path}: {problem}"
        );
    }
    let refused = farm.plugin(&["rollback", "fixture", "ffff"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("farmhand plugin history fixture"));
}

#[test]
fn a_version_that_traps_is_rolled_back_with_a_notice_and_counted() {
    let farm = Farm::new("1.0.0");
    farm.save("1.1.0");
    farm.until_serving("1.1.0");
    let events = farm.daemon.client.events();
    let mut bad = farm.job();
    bad["options"] = json!({"mode": "panic"});
    for _ in 0..2 {
        let (status, problem) = farm.daemon.client.post("/api/v1/jobs", &bad);
        assert_eq!(status, 422, "{problem}");
    }
    let slot = farm.until_serving("1.0.0");
    let failure = slot["failure"].as_str().unwrap();
    assert!(failure.contains("2 calls in a row failed, at last validate: it panicked"), "{failure}");
    let is_error = |event: &Value| event["type"] == "notice" && event["notice"]["severity"] == "error";
    let notice = &events.iter().find(is_error).unwrap()["notice"];
    assert_eq!((&notice["plugin"], &notice["job"]), (&json!("fixture"), &Value::Null));
    assert!(notice["message"].as_str().unwrap().contains("rolled back to version 1.0.0"), "{notice}");
    assert_eq!(farm.history(), ["1.0.0 started", "1.1.0 saved", "1.0.0 rolled-back-by-daemon"]);

    let metrics = farm.daemon.client.text("/metrics");
    for expect in [
        "farmhand_plugin_calls_total{plugin=\"fixture\",function=\"validate\"} 2",
        "farmhand_plugin_failures_total{plugin=\"fixture\",function=\"validate\"} 2",
        "farmhand_plugin_call_seconds_total{plugin=\"fixture\",function=\"validate\"} ",
    ] {
        assert!(metrics.contains(expect), "{expect} is missing");
    }
}

#[test]
fn a_job_can_be_pinned_to_a_version_from_beginning_to_end() {
    let mut farm = Farm::new("1.0.0");
    let mut pinned = farm.job();
    pinned["plugin"] = json!({"digest": "serving"});
    let first = farm.daemon.client.submit(&pinned);
    farm.until_running(first);
    let digest = farm.slot()["serving"]["digest"].as_str().unwrap().to_owned();
    let job = farm.daemon.client.read(&format!("/api/v1/jobs/{first}"));
    assert_eq!(job["spec"]["plugin"], json!({"name": "fixture", "version": null, "digest": digest}));
    pinned["plugin"] = json!({"name": "fixture", "digest": &digest[..10]});
    let second = farm.daemon.client.submit(&pinned);
    let latest = farm.daemon.client.submit(&farm.job());

    farm.daemon.kill();
    farm.save("2.0.0");
    farm.daemon.restart();
    farm.until_serving("2.0.0");
    farm.go();
    for (job, version) in [(first, "1.0.0"), (second, "1.0.0"), (latest, "2.0.0")] {
        farm.daemon.client.wait_for_end(job);
        let attempts = farm.daemon.client.attempts(job);
        assert!(attempts.iter().all(|attempt| read_by(attempt) == version), "job {job}: {attempts:?}");
        let stamps: Vec<&Value> = attempts.iter().map(|attempt| &attempt["plugin"]["version"]).collect();
        assert!(stamps.iter().all(|stamp| **stamp == version), "job {job}: {stamps:?}");
    }

    for (plugin, expect) in [
        (json!({"digest": "ffff"}), "no version is known by the digest `ffff`"),
        (json!({"name": "blender", "digest": &digest[..10]}), "is one of fixture, not of blender"),
        (json!({"name": "fixture@^2", "digest": &digest[..10]}), "is version 1.0.0, and ^2 is asked for"),
        (json!({"name": "fixture", "pin": true}), "unknown"),
    ] {
        let mut wrong = farm.job();
        wrong["plugin"] = plugin;
        let (status, problem) = farm.daemon.client.post("/api/v1/jobs", &wrong);
        assert_eq!(status, 422, "{problem}");
        assert!(problem.to_string().contains(expect), "{problem}");
    }
}
