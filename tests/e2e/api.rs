//! The API's promises, over real HTTP: errors that name the field, keys that make submission safe to repeat, limits.

use crate::harness::{Daemon, Scene, job_of};
use serde_json::json;

#[test]
fn every_mistake_in_a_submission_is_named_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &[]);
    let mut job = job_of(&scene, "1", &dir.path().join("out/shot_####"));
    job["priority"] = json!(101);
    job["threads"] = json!(0);
    job["memory"] = json!(0);
    job["gpus"] = json!({"count": 65, "memory": 0});
    job["options"] = json!({"samples": "many", "sampels": 3});

    let (status, problem) = daemon.client.post("/api/v1/jobs", &job);

    assert_eq!(status, 422, "{problem}");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
    for expected in ["/priority", "/threads", "/memory", "/gpus", "/gpus/memory", "/options/samples"] {
        assert!(pointers.contains(&expected), "{expected} in {problem}");
    }
    assert!(problem.to_string().contains("sampels"), "{problem}");
}

#[test]
fn a_frame_set_error_names_the_column_and_a_key_error_the_near_miss() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path(), &[]);

    let (status, problem) =
        daemon.client.post("/api/v1/jobs", &json!({"scene": "/x.blend", "frames": "1,5,20-10"}));
    assert_eq!(status, 422, "{problem}");
    assert!(problem.to_string().contains("column 5") && problem.to_string().contains("10-20"), "{problem}");

    let (status, problem) = daemon.client.post("/api/v1/jobs", &json!({"scene": "/x.blend", "framse": "1"}));
    assert_eq!(status, 422, "{problem}");
    assert!(problem.to_string().contains("`frames`"), "{problem}");
}

#[test]
fn what_a_job_needs_is_decided_when_it_is_submitted() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &[]);
    let asked = |change: serde_json::Value| {
        let mut job = job_of(&scene, "1", &dir.path().join("out/shot_####"));
        job["options"] = json!({"engine": "CYCLES", "device": "CUDA"});
        for (key, value) in change.as_object().unwrap() {
            job[key] = value.clone();
        }
        daemon.client.post("/api/v1/jobs?dry_run=true", &job)
    };
    let gpus = |count, memory: Option<u64>, required| json!({"count": count, "memory_bytes": memory, "required": required});
    let none = json!(null);
    // By level, each with its memory: what the plugin says, and what the person says before it.
    for (change, memory, render, safe) in [
        (json!({}), &none, &gpus(1, None, false), &none),
        (json!({"options": {"engine": "BLENDER_WORKBENCH"}}), &none, &none, &none),
        (json!({"memory": "12 GB"}), &json!(12_000_000_000u64), &gpus(1, None, false), &none),
        (json!({"memory": 4096, "gpus": 2}), &json!(4096), &gpus(2, None, true), &none),
        (
            json!({"gpus": {"memory": "8 GiB", "required": false}}),
            &none,
            &gpus(1, Some(8 << 30), false),
            &none,
        ),
        (json!({"gpus": 0}), &none, &none, &none),
        (json!({"options": {"device": "CPU"}, "gpus": 1}), &none, &gpus(1, None, true), &gpus(1, None, true)),
    ] {
        let (status, plan) = asked(change.clone());
        assert_eq!(status, 200, "{plan}");
        let needs = |level: usize| plan["levels"][level]["needs"].clone();
        assert_eq!(needs(0), json!({"memory_bytes": memory, "gpus": render}), "{change}: {plan}");
        assert_eq!(needs(1), json!({"memory_bytes": memory, "gpus": safe}), "{change}: {plan}");
    }
    // More than this node has is a note, and no mistake.
    let (status, plan) = asked(json!({"gpus": 64}));
    assert_eq!(status, 200, "{plan}");
    assert!(
        plan["notes"].to_string().contains("at level render a task needs 64 GPUs, and this node has"),
        "{plan}"
    );
    for (change, pointer, words) in [
        (json!({"memory": "12"}), "/memory", "write `12 GB` or `12 GiB`"),
        (json!({"gpus": {"memory": "1 XB"}}), "/gpus/memory", "is no unit of memory"),
        (json!({"gpus": "two"}), "/gpus", "a number of GPUs, or an object"),
        (json!({"licences": ["nuke"]}), "/licences/0", "knows a licence `nuke`"),
    ] {
        let (status, problem) = asked(change);
        let error = &problem["errors"][0];
        assert_eq!((status, &error["pointer"]), (422, &json!(pointer)), "{problem}");
        assert!(error["message"].as_str().unwrap().contains(words), "{problem}");
    }
}

#[test]
fn the_same_key_makes_one_job_and_another_request_under_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let mut daemon = Daemon::start(dir.path(), &[]);
    let mut job = job_of(&scene, "1", &dir.path().join("out/shot_####"));
    job["paused"] = json!(true);
    let key = [("Idempotency-Key", "shot-1")];

    let (status, first) = daemon.client.post_with("/api/v1/jobs", &job, &key);
    assert_eq!(status, 201, "{first}");
    daemon.kill();
    daemon.restart();
    let (status, again) = daemon.client.post_with("/api/v1/jobs", &job, &key);
    assert_eq!((status, &again["id"]), (200, &first["id"]), "over a crash too: {again}");
    job["priority"] = json!(60);
    let (status, problem) = daemon.client.post_with("/api/v1/jobs", &job, &key);
    assert_eq!(status, 422, "{problem}");
}

#[test]
fn a_job_of_ten_million_frames_is_accepted_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &[]);
    let mut job = job_of(&scene, "1-10000000", &dir.path().join("out/shot_########"));
    job["paused"] = json!(true);

    let id = daemon.client.submit(&job);

    let frames = daemon.client.read(&format!("/api/v1/jobs/{id}/frames"));
    assert_eq!(frames["counts"]["pending"], 10_000_000);
    assert_eq!(frames["runs"], json!([{"layer": null, "state": "pending", "frames": "1-10000000"}]));
}
