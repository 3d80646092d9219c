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
    job["options"] = json!({"samples": "many", "sampels": 3});

    let (status, problem) = daemon.client.post("/api/v1/jobs", &job);

    assert_eq!(status, 422, "{problem}");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
    for expected in ["/priority", "/threads", "/options/samples"] {
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
