//! The studio's own hook scripts around jobs and tasks.

use crate::harness::{Daemon, Scene, images, job_of, prebuilt};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A studio: a directory of hooks, a daemon that knows it, and a scene that needs no renderer.
struct Studio {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl Studio {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("hooks")).unwrap();
        fs::create_dir_all(dir.path().join("data/plugins")).unwrap();
        fs::write(dir.path().join("shot.noop"), "").unwrap();
        fs::write(dir.path().join("farmhand.toml"), "[hooks]\ndir = \"hooks\"\n").unwrap();
        fs::copy(prebuilt("noop"), dir.path().join("data/plugins/noop.wasm")).unwrap();
        let config = dir.path().join("farmhand.toml");
        let mut all = vec!["--config", config.to_str().unwrap(), "--slots", "1"];
        all.extend(arguments);
        let daemon = Daemon::start(dir.path(), &all);
        Self { dir, daemon }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A hook script in sh; `$HOOKS` is where the test looks.
    fn hook(&self, name: &str, text: &str) {
        let path = self.path("hooks").join(name);
        let dir = self.dir.path().display();
        fs::write(&path, format!("#!/bin/sh\nset -eu\nHOOKS={dir}\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn job(&self, hooks: &Value) -> Value {
        json!({"scene": self.path("shot.noop"), "frames": "1-2", "chunk": "whole", "hooks": hooks})
    }

    fn submit(&self, hooks: &Value) -> u64 {
        self.daemon.client.submit(&self.job(hooks))
    }

    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

#[test]
fn scripts_run_at_their_moments_and_are_told_what_for() {
    let studio = Studio::new();
    studio.hook(
        "note.sh",
        r#"python3 -c '
import json, os, sys
told = json.load(open(sys.argv[1]))
assert told["moment"] == os.environ["FARMHAND_HOOK"]
task = told.get("task", {}).get("frames", "-")
print(told["moment"], os.environ["FARMHAND_JOB"] == str(told["job"]["id"]), task, told.get("frames_done"), told.get("end", {}) and told["end"]["complete"])
' "$1" >> "$HOOKS/seen""#,
    );
    let at = |moment: &str| json!({"name": "note.sh", "at": moment});
    let id = studio.submit(&json!([at("after-job"), at("after-task"), at("before-job"), at("before-task")]));
    let job = studio.daemon.client.wait_for_end(id);

    assert_eq!(job["status"], "done", "{job}");
    assert_eq!(
        studio.lines("seen"),
        [
            "before-job True - None None",
            "before-task True 1,2 None {}",
            "after-task True 1,2 1,2 {}",
            "after-job True - None True",
        ]
    );
    let moments: Vec<_> = job["hooks"].as_array().unwrap().iter().map(|run| run["moment"].clone()).collect();
    assert_eq!(moments, ["before-job", "after-job"], "{job}");
    let attempt = &studio.daemon.client.attempts(id)[0];
    let facts: Vec<_> =
        attempt["facts"].as_array().unwrap().iter().map(|fact| fact["name"].clone()).collect();
    assert_eq!(facts, ["hook before-task note.sh", "hook after-task note.sh"], "{attempt}");
}

#[test]
fn a_hook_that_fails_does_what_its_policy_says() {
    let studio = Studio::new();
    studio.hook("bad.sh", "echo the asset server is down >&2; exit 3");
    let run = |at: &str, on_failure: &str| {
        let hooks = json!([{"name": "bad.sh", "at": at, "on_failure": on_failure}]);
        let mut job = studio.job(&hooks);
        job["limits"] = json!({"retries": 0});
        studio.daemon.client.submit(&job)
    };
    let said = "hook bad.sh: it ended with exit code 3: the asset server is down";

    let job = studio.daemon.client.wait_for_end(run("before-job", "fail"));
    assert_eq!((&job["status"], &job["failure"]), (&json!("failed"), &json!(format!("before-job {said}"))));
    assert_eq!(job["attempts"], 0, "nothing was rendered: {job}");

    let job = studio.daemon.client.wait_for_end(run("before-job", "warn"));
    assert_eq!(job["status"], "done", "{job}");
    assert_eq!(job["notes"], json!([format!("before-job {said}")]));

    let job = studio.daemon.client.wait_for_end(run("before-task", "fail"));
    assert_eq!((&job["status"], &job["frames"]["failed"]), (&json!("failed"), &json!(2)), "{job}");

    let job = studio.daemon.client.wait_for_end(run("after-task", "fail"));
    assert_eq!((&job["status"], &job["frames"]["done"]), (&json!("failed"), &json!(2)), "{job}");
    assert_eq!(job["failure"], json!(format!("after-task {said}")));

    let job = studio.daemon.client.wait_for_end(run("after-job", "fail"));
    assert_eq!((&job["status"], &job["frames"]["done"]), (&json!("failed"), &json!(2)), "{job}");
}

#[test]
fn a_hook_holds_the_job_until_a_person_lets_it_go_on() {
    let studio = Studio::new();
    studio.hook("check.sh", r#"test -e "$HOOKS/approved" || { echo not approved yet; exit 1; }"#);
    for at in ["before-job", "before-task", "after-job"] {
        let id = studio.submit(&json!([{"name": "check.sh", "at": at, "on_failure": "hold"}]));
        let held = studio.daemon.client.wait_for_job(id, "is held", |job| job["status"] == "paused");
        let why = &held["why"];
        assert!(why["text"].as_str().unwrap().contains("not approved yet"), "{at}: {why}");
        assert!(why["remedy"].as_str().unwrap().contains("farmhand resume"), "{at}: {why}");
        assert_eq!(held["why"]["reason"]["kind"], "held", "{held}");

        fs::write(studio.path("approved"), "").unwrap();
        let (status, _) = studio.daemon.client.act(id, "resume");
        assert_eq!(status, 200);
        let ended = studio.daemon.client.wait_for_end(id);
        assert_eq!(ended["status"], "done", "{at}: {ended}");
        fs::remove_file(studio.path("approved")).unwrap();
    }
}

#[test]
fn a_hook_that_cannot_run_is_refused_with_its_field() {
    let studio = Studio::new();
    studio.hook("ok.sh", "true");
    fs::write(studio.path("hooks/plain.sh"), "true").unwrap();
    fs::write(studio.path("hooks/frame.py"), "").unwrap();
    for (hook, expect) in [
        (json!({"name": "none.sh", "at": "before-job"}), "there are: frame.py, ok.sh, plain.sh"),
        (json!({"name": "../shot.noop", "at": "before-job"}), "is no file name"),
        (json!({"name": "plain.sh", "at": "before-job"}), "chmod +x"),
        (json!({"name": "ok.sh", "at": "after-frame"}), "must be a Python file"),
        (json!({"name": "frame.py", "at": "after-frame"}), "cannot run `frame.py` after-frame"),
    ] {
        let (status, problem) = studio.daemon.client.post("/api/v1/jobs", &studio.job(&json!([hook])));
        let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
        assert!(status == 422 && pointer.starts_with("/hooks/0/"), "{problem}");
        let said = problem["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(said.contains(expect), "{problem}");
    }
}

#[test]
fn a_hook_that_outlived_its_daemon_is_ended_and_runs_again() {
    let mut studio = Studio::new();
    let (said, gate) = (studio.path("said"), studio.path("gate"));
    for fifo in [&said, &gate] {
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    }
    studio.hook("slow.sh", r#"echo began >> "$HOOKS/seen"; echo here > "$HOOKS/said"; cat "$HOOKS/gate" >/dev/null; echo over >> "$HOOKS/seen""#);
    let id = studio.submit(&json!([{"name": "slow.sh", "at": "before-job"}]));
    read(&said);
    let why = studio.daemon.client.read(&format!("/api/v1/jobs/{id}/why"));
    assert_eq!(why["reason"], json!({"kind": "hooks", "moment": "before-job"}), "{why}");

    studio.daemon.kill();
    studio.daemon.restart();
    read(&said);
    fs::write(&gate, "go").unwrap();

    let job = studio.daemon.client.wait_for_end(id);
    assert_eq!(job["status"], "done", "{job}");
    assert_eq!(studio.lines("seen"), ["began", "began", "over"], "the first run never came to its end");
}

#[test]
fn a_daemon_that_takes_its_renders_along_leaves_a_cut_off_hook_to_a_person() {
    let mut studio = Studio::with(&["--on-stop", "kill"]);
    let said = studio.path("said");
    assert!(Command::new("mkfifo").arg(&said).status().unwrap().success());
    studio.hook("slow.sh", r#"echo here > "$HOOKS/said"; sleep 100000"#);
    let before = studio.submit(&json!([{"name": "slow.sh", "at": "before-task"}]));
    read(&said);
    let stop = std::thread::spawn({
        let fifo = said.clone();
        // The task goes back to the queue untouched, and its hook runs again under the next daemon.
        move || read(&fifo)
    });
    assert!(studio.daemon.terminate().success());
    studio.daemon.restart();
    stop.join().unwrap();
    let attempts = studio.daemon.client.attempts(before);
    assert_eq!(attempts.last().unwrap()["try_number"], 1, "no try was burnt: {attempts:?}");
    assert_eq!(studio.daemon.client.act(before, "cancel").0, 200);
    studio.daemon.client.wait_for_end(before);

    let after = studio.submit(&json!([{"name": "slow.sh", "at": "after-task"}]));
    read(&said);
    assert!(studio.daemon.terminate().success());
    studio.daemon.restart();
    let job = studio.daemon.client.read(&format!("/api/v1/jobs/{after}"));
    assert_eq!((&job["status"], &job["frames"]["done"]), (&json!("paused"), &json!(2)), "{job}");
    assert!(job["why"]["text"].as_str().unwrap().contains("after-task hooks"), "{job}");
}

#[test]
fn a_log_that_is_still_to_come_is_followed_from_its_first_line() {
    let studio = Studio::new();
    let [said, gate] = ["said", "gate"].map(|name| studio.path(name));
    for fifo in [&said, &gate] {
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    }
    studio.hook("slow.sh", r#"echo here > "$HOOKS/said"; cat "$HOOKS/gate" >/dev/null"#);
    let mut job = studio.job(&json!([{"name": "slow.sh", "at": "before-task"}]));
    job["options"] = json!({"program": "sh", "script": "echo one; echo two"});
    let id = studio.daemon.client.submit(&job);
    read(&said);
    let client = &studio.daemon.client;
    let log = format!("/api/v1/attempts/{}/log", client.attempts(id)[0]["id"]);
    let window = client.read(&format!("{log}/lines"));
    assert_eq!((&window["live"], &window["lines"]), (&json!(true), &json!(0)), "{window}");
    assert_eq!(client.read(&format!("{log}/marks"))["errors"], 0);

    let followed = std::thread::scope(|scope| {
        let follows = scope.spawn(|| client.text(&format!("{log}?follow=1")));
        fs::write(&gate, "go").unwrap();
        follows.join().unwrap()
    });

    assert_eq!(client.wait_for_end(id)["status"], "done");
    assert_eq!(followed, "one\ntwo\n");
}

#[test]
fn cancelling_a_job_ends_its_hook() {
    let studio = Studio::new();
    let said = studio.path("said");
    assert!(Command::new("mkfifo").arg(&said).status().unwrap().success());
    // The pipe stays open for as long as the hook lives, so its end is seen as the pipe's end.
    studio.hook("slow.sh", r#"exec 3> "$HOOKS/said"; echo here >&3; sleep 100000"#);
    let id = studio.submit(&json!([{"name": "slow.sh", "at": "before-job"}]));
    let mut pipe = fs::File::open(&said).unwrap();
    let mut word = [0; 5];
    std::io::Read::read_exact(&mut pipe, &mut word).unwrap();
    assert_eq!(studio.daemon.client.act(id, "cancel").0, 200);
    assert_eq!(studio.daemon.client.wait_for_end(id)["status"], "cancelled");
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut pipe, &mut rest).unwrap();
    assert!(rest.is_empty());
}

#[test]
fn frame_hooks_run_inside_blender_and_fail_or_hold_what_they_refuse() {
    let studio = Studio::new();
    let scene = Scene::default().make(studio.dir.path(), "shot.blend");
    let seen = studio.path("seen");
    let hook = format!(
        "import bpy\n\
         def before_frame(context):\n    open({seen:?}, 'a').write('before %d\\n' % context['frame'])\n\
         def after_frame(context):\n    open({seen:?}, 'a').write('after %d\\n' % context['frame'])\n    \
         if context['frame'] == 3: raise ValueError('too dark: ' + context['paths'][0])\n"
    );
    fs::write(studio.path("hooks/check.py"), hook).unwrap();
    let mut job = job_of(&scene, "1-4", &studio.path("out/shot_####"));
    job["chunk"] = json!("whole");
    job["hooks"] = json!([
        {"name": "check.py", "at": "before-frame"},
        {"name": "check.py", "at": "after-frame"},
    ]);
    let id = studio.daemon.client.submit(&job);
    let ended = studio.daemon.client.wait_for_end(id);
    let attempts = studio.daemon.client.attempts(id);
    assert_eq!(
        (&ended["frames"]["done"], &ended["frames"]["failed"]),
        (&json!(3), &json!(1)),
        "{ended} {attempts:?}"
    );
    assert!(attempts[0]["verdict"]["reason"].as_str().unwrap().contains("too dark: "), "{attempts:?}");
    assert_eq!(images(&studio.path("out")), ["shot_0001.png", "shot_0002.png", "shot_0004.png"]);
    let expect: Vec<_> =
        (1..=4).flat_map(|frame| [format!("before {frame}"), format!("after {frame}")]).collect();
    assert_eq!(studio.lines("seen"), expect);

    job["output"] = json!(studio.path("held/shot_####"));
    job["hooks"][1]["on_failure"] = json!("hold");
    let id = studio.daemon.client.submit(&job);
    let held = studio.daemon.client.wait_for_job(id, "is held", |job| job["status"] == "paused");
    assert!(held["why"]["text"].as_str().unwrap().contains("too dark"), "{held}");
    assert_eq!(
        images(&studio.path("held")),
        ["shot_0001.png", "shot_0002.png"],
        "frame 3 is to be looked at: {held}"
    );
}

/// Waits for somebody to write into a pipe.
fn read(fifo: &Path) {
    assert_eq!(fs::read_to_string(fifo).unwrap(), "here\n");
}
