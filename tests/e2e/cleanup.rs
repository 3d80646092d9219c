//! Clean-up by the real binary: with a daemon, which does it, and without one, where the command does.

use crate::harness::{Daemon, farmhand, prebuilt};
use serde_json::{Value, json};
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

const SCRIPT: &str = "py/shot/render_Write1_f001_1719428123.py";
const HEADER: &str = "\"\"\"\nfarmhand Nuke render script\n\"\"\"\n";

/// A show with a farm that has one job behind it and one in the middle.
struct Show {
    dir: tempfile::TempDir,
    daemon: Daemon,
    ended: u64,
    running: u64,
}

impl Show {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let daemon = Daemon::start(dir.path(), &["--slots", "2"]);
        fs::copy(prebuilt("noop"), daemon.plugins_dir().join("noop.wasm")).expect("writable");
        daemon.client.wait_for("the plugin serves", || {
            let plugins = daemon.client.read("/api/v1/plugins");
            plugins.as_array()?.iter().any(|slot| slot["name"] == "noop").then_some(())
        });
        let mut show = Self { dir, daemon, ended: 0, running: 0 };
        show.file("show/shot.noop", 9, "");
        show.ended = show.submit(&json!({}));
        assert_eq!(show.daemon.client.wait_for_end(show.ended)["status"], "done");
        let script = format!("while [ ! -e {} ]; do sleep 0.02; done", show.path("gate").display());
        show.running = show.submit(&json!({"program": "sh", "script": script}));
        show.daemon.client.wait_for("the second one runs", || {
            show.daemon
                .client
                .attempts(show.running)
                .first()
                .filter(|attempt| attempt["state"] == "running")
                .cloned()
        });
        show
    }

    fn submit(&self, options: &Value) -> u64 {
        let output = self.path("show/out/shot_####");
        self.daemon.client.submit(&json!({
            "scene": self.path("show/shot.noop"), "frames": "1-3", "output": output, "options": options,
            "chunk": "whole",
        }))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().canonicalize().expect("it is there").join(path)
    }

    /// A file that was changed last so many days ago.
    fn file(&self, path: &str, days: u64, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
        fs::write(&path, text).expect("writable");
        let time = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 3600));
        for aged in [path.as_path(), path.parent().expect("it has one")] {
            File::open(aged).expect("it is there").set_times(time).expect("writable");
        }
    }

    /// What other days have left behind.
    fn leave_behind(&self) {
        self.file(&format!("show/{SCRIPT}"), 9, HEADER);
        self.file("show/py/shot/render_Write1_f002_1719428123.py", 9, "# a TD's own\n");
        self.file(&format!("elsewhere/{SCRIPT}"), 9, HEADER);
        self.file("show/out/.farmhand/4242/0001.png", 9, "half an image");
    }

    fn attempt_of(&self, job: u64) -> PathBuf {
        self.daemon.attempt_dir(self.daemon.client.attempts(job)[0]["id"].as_u64().expect("a number"))
    }

    fn cleanup(&self, arguments: &[&str]) -> Output {
        farmhand()
            .arg("cleanup")
            .args(arguments)
            .current_dir(self.dir.path())
            .env("FARMHAND_DATA_DIR", self.daemon.data_dir())
            .env("FARMHAND_SERVER_LISTEN", "127.0.0.1:0")
            .output()
            .expect("the binary starts")
    }

    fn report(&self, arguments: &[&str]) -> Value {
        let output = self.cleanup(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn open_the_gate(&self) {
        fs::write(self.path("gate"), "").expect("writable");
        assert_eq!(
            self.daemon.client.wait_for_end(self.running)["status"],
            "done",
            "nothing of it was touched"
        );
    }
}

/// Kinds of which there was something, with how much.
fn counts(report: &Value) -> Vec<(&str, u64)> {
    let rows = report["rows"].as_array().expect("rows").iter();
    rows.map(|row| (row["kind"].as_str().expect("a kind"), row["count"].as_u64().expect("a count")))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Everything below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).expect("readable").flatten() {
            if entry.file_type().expect("readable").is_dir() {
                left.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
fn a_dry_run_tells_what_the_daemon_then_removes_and_what_lives_stays() {
    let show = Show::start();
    show.leave_behind();
    let (ended, running) = (show.attempt_of(show.ended), show.attempt_of(show.running));
    let elsewhere = show.path("elsewhere").display().to_string();
    let arguments = ["--older-than", "0s", "--root", &elsewhere];
    let before =
        (files(&show.path("show")), files(&show.path("elsewhere")), files(&show.daemon.attempt_dir(1)));

    let planned = show.report(&[&arguments[..], &["--dry-run"]].concat());

    assert_eq!(counts(&planned), [("scripts", 2), ("staging", 1), ("logs", 1), ("history", 1)], "{planned}");
    let after =
        (files(&show.path("show")), files(&show.path("elsewhere")), files(&show.daemon.attempt_dir(1)));
    assert_eq!(after, before);
    assert_eq!(show.daemon.client.get(&format!("/api/v1/jobs/{}", show.ended)).0, 200);

    let done = show.report(&arguments);

    assert_eq!(counts(&done), counts(&planned));
    assert_eq!((&done["dry_run"], &done["problems"]), (&json!(false), &json!([])));
    assert_eq!(show.daemon.client.get(&format!("/api/v1/jobs/{}", show.ended)).0, 404);
    assert!(!ended.exists() && running.exists());
    assert!(!show.path("elsewhere/py/shot").exists() && !show.path("show/out/.farmhand/4242").exists());
    assert!(show.path("show/py/shot/render_Write1_f002_1719428123.py").exists(), "a TD's own stays");
    let staging = running.file_name().unwrap().to_owned();
    assert!(show.path("show/out/.farmhand").join(staging).exists());

    assert_eq!(counts(&show.report(&arguments)), []);
    show.open_the_gate();
}

#[test]
fn without_a_time_the_configuration_says_what_is_old_and_the_table_says_what_went() {
    let show = Show::start();
    show.leave_behind();

    let output = show.cleanup(&["-v"]);

    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let script = show.path(&format!("show/{SCRIPT}"));
    let expect = format!(
        "WHAT               COUNT  SIZE\n\
         generated scripts      1  36 B\n\
         temporary scenes       0   0 B\n\
         staging                1  13 B\n\
         logs of attempts       0   0 B\n\
         ended jobs             0   0 B\n\
         49 B are free\n\
         {}\n\
         {}\n",
        script.display(),
        show.path("show/out/.farmhand/4242").display()
    );
    assert_eq!(text, expect);
    assert!(!script.exists() && show.path(&format!("elsewhere/{SCRIPT}")).exists());
    show.open_the_gate();
}

#[test]
fn without_a_daemon_the_command_does_it_and_leaves_alone_what_runs_on() {
    let mut show = Show::start();
    show.leave_behind();
    let (ended, running) = (show.attempt_of(show.ended), show.attempt_of(show.running));
    assert!(show.daemon.terminate().success());

    let planned = show.report(&["--older-than", "0s", "--dry-run"]);
    assert_eq!(counts(&planned), [("scripts", 1), ("staging", 1), ("logs", 1), ("history", 1)], "{planned}");
    assert!(ended.exists());
    let logs = show.report(&["--older-than", "0s", "--only", "logs"]);
    assert_eq!(counts(&logs), [("logs", 1)], "{logs}");
    assert!(!ended.exists() && running.exists());
    let done = show.report(&["--older-than", "0s"]);
    assert_eq!(counts(&done), [("scripts", 1), ("staging", 1), ("history", 1)], "{done}");

    show.daemon.restart();
    assert_eq!(show.daemon.client.get(&format!("/api/v1/jobs/{}", show.ended)).0, 404);
    show.open_the_gate();
}

#[test]
fn what_cannot_be_cleaned_up_is_said_with_its_exit_code() {
    let mut show = Show::start();
    let check = |arguments: &[&str], code: i32, expect: &str| {
        let output = show.cleanup(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(expect), "{said}");
    };
    check(&["--root", "nowhere"], 2, "there is no such directory");
    check(&["--older-than", "7"], 2, "90s, 30m, 12h, 7d or 2w");
    check(&["--server", "http://127.0.0.1:9"], 3, "no farmhand answers");
    let (status, problem) = show
        .daemon
        .client
        .post("/api/v1/cleanup?dry_run=1", &json!({"roots": ["relative"], "older_than_seconds": 0}));
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/roots/0")), "{problem}");
    let (status, problem) = show.daemon.client.post("/api/v1/cleanup", &json!({"older_then_seconds": 0}));
    assert_eq!(status, 422, "{problem}");
    show.open_the_gate();

    show.daemon.terminate();
    let lock = File::options().write(true).open(show.daemon.data_dir().join("daemon.lock")).unwrap();
    lock.try_lock().unwrap();
    let output = show.cleanup(&["--older-than", "0s"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another farmhand uses the data directory"), "{said}");
}
