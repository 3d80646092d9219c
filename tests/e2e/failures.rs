//! What goes wrong in real renders, and what farmhand makes of it.

use crate::harness::{Daemon, Scene, gate_script, images, job_of};
use serde_json::json;
use std::process::Command;

fn kinds(attempts: &[serde_json::Value]) -> Vec<(String, String)> {
    attempts
        .iter()
        .map(|attempt| {
            (
                attempt["level_name"].as_str().unwrap_or_default().to_owned(),
                attempt["verdict"]["decision"]["kind"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_denoiser_that_is_not_built_in_falls_back_to_the_safe_level() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene { denoise: true, ..Scene::default() }.make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let mut job = job_of(&scene, "1-2", &dir.path().join("out/shot_####"));
    job["chunk"] = json!("whole");

    let id = daemon.client.submit(&job);
    let ended = daemon.client.wait_for_end(id);

    let attempts = daemon.client.attempts(id);
    assert_eq!(ended["status"], "done", "{ended} {attempts:?}");
    assert_eq!(
        kinds(&attempts),
        [("render".into(), "fall-back".into()), ("safe".into(), "accept".into())],
        "{attempts:?}"
    );
    let reason = attempts[0]["verdict"]["reason"].as_str().unwrap();
    assert!(reason.to_lowercase().contains("denois"), "{reason}");
    assert_eq!(images(&dir.path().join("out")).len(), 2);
}

#[test]
fn a_scene_that_is_not_there_is_refused_with_its_field() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path(), &[]);
    let job = job_of(&dir.path().join("nowhere.blend"), "1", &dir.path().join("out/shot_####"));

    let (status, problem) = daemon.client.post("/api/v1/jobs", &job);

    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], "/scene", "{problem}");
}

#[test]
fn a_scene_that_goes_away_after_submission_fails_the_job_with_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &[]);
    let mut job = job_of(&scene, "1-2", &dir.path().join("out/shot_####"));
    job["paused"] = json!(true);
    let id = daemon.client.submit(&job);
    std::fs::remove_file(&scene).unwrap();

    daemon.client.act(id, "resume");
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["frames"]["failed"], 2);
    let attempts = daemon.client.attempts(id);
    let told = |attempt: &serde_json::Value| attempt["faults"].to_string().contains("missing-file");
    assert!(attempts.iter().any(told), "{attempts:?}");
}

#[test]
fn a_script_that_raises_fails_the_job_and_shows_the_traceback() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let script = dir.path().join("raises.py");
    std::fs::write(&script, "import bpy\nraise RuntimeError('no such rig: bert')\n").unwrap();
    let daemon = Daemon::start(dir.path(), &[]);
    let mut job = job_of(&scene, "1-2", &dir.path().join("out/shot_####"));
    job["options"]["python"] = json!(script);

    let id = daemon.client.submit(&job);
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "failed");
    let attempts = daemon.client.attempts(id);
    let text = attempts[0]["faults"].to_string();
    assert!(text.contains("no such rig: bert") && text.contains("script"), "{text}");
    assert_eq!(images(&dir.path().join("out")), Vec::<String>::new());
}

#[test]
fn an_output_directory_that_cannot_be_made_fails_the_job_with_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &[]);
    // A file in the way: unlike a directory's permission bits, it stops root too.
    std::fs::write(dir.path().join("in-the-way"), "").unwrap();

    let id = daemon.client.submit(&job_of(&scene, "1", &dir.path().join("in-the-way/shot_####")));
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "failed", "{ended}");
    let attempt = &daemon.client.attempts(id)[0];
    assert_eq!(attempt["outcome"]["faults"][0]["cause"], "disk", "{attempt}");
    assert!(attempt["verdict"]["reason"].as_str().unwrap().contains("in-the-way"), "{attempt}");
}

#[test]
fn a_blender_killed_in_mid_chunk_costs_only_what_it_had_not_finished() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let gate = gate_script(dir.path(), 4);
    let (id, blender) = gate.render(&daemon, &scene, "1-6");
    daemon.client.wait_for_job(id, "three frames are done", |job| job["frames"]["done"] == 3);

    assert!(Command::new("kill").args(["-KILL", &blender.to_string()]).status().unwrap().success());
    gate.open();
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "done", "{ended}");
    let attempts = daemon.client.attempts(id);
    assert_eq!(attempts[0]["outcome"]["signal"], 9, "{attempts:?}");
    assert_eq!(attempts[0]["frames_done"], "1-3");
    assert_eq!(attempts[1]["frames"], "4-6", "finished frames are not rendered again");
    assert_eq!(images(&dir.path().join("out")).len(), 6);
}

#[test]
fn a_render_over_its_time_limit_is_ended_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let gate = gate_script(dir.path(), 1);
    let mut job = job_of(&scene, "1", &dir.path().join("out/shot_####"));
    job["options"]["python"] = json!(gate.script);
    job["limits"] = json!({"attempt_seconds": 3, "retries": 0});

    let id = daemon.client.submit(&job);
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "failed", "{ended}");
    let attempts = daemon.client.attempts(id);
    assert!(attempts.iter().all(|attempt| attempt["outcome"]["ended_by"] == "time-limit"), "{attempts:?}");
}

#[test]
fn a_render_that_shows_no_sign_of_life_is_ended_as_stalled() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let script = dir.path().join("hang.py");
    // Asleep in one system call: no output, no CPU, no file.
    std::fs::write(&script, "import time\ntime.sleep(100000)\n").unwrap();
    let mut job = job_of(&scene, "1", &dir.path().join("out/shot_####"));
    job["options"]["python"] = json!(script);
    job["limits"] = json!({"stall_seconds": 5, "retries": 0});

    let id = daemon.client.submit(&job);
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "failed", "{ended}");
    let attempts = daemon.client.attempts(id);
    assert!(attempts.iter().all(|attempt| attempt["outcome"]["ended_by"] == "stall"), "{attempts:?}");
}
