//! Memory that ran out and GPUs that were not used: what the next attempt is given, with a stand-in for the driver's
//! library, Maya's stand-ins that say what Maya says, and real Blender.

use crate::harness::{Daemon, Scene, StandIns, images, job_of};
use farmhand_nvml_standin::{Gpu, StandIn, State};
use serde_json::{Value, json};
use std::fs;

/// The GPUs that an attempt held, by index.
fn held(attempt: &Value) -> Vec<u64> {
    attempt["gpus"].as_array().unwrap().iter().map(|gpu| gpu["index"].as_u64().unwrap()).collect()
}

#[test]
fn frames_that_run_out_of_gpu_memory_are_rendered_on_another_gpu() {
    let driver = tempfile::tempdir().unwrap();
    let gpus = StandIn::install(driver.path(), &State::with_gpus(2)).unwrap();
    let farm = StandIns::new(&format!("[gpus]\nlibrary = {:?}\n", gpus.library()), &["--slots", "1"]);
    let fault = json!([{
        "fault": "memory", "variant": "gpu", "frames": "2",
        "env": {"CUDA_VISIBLE_DEVICES": Gpu::new(0).uuid},
    }]);
    let id = farm.daemon.client.submit(&json!({
        "scene": farm.scene("redshift.ma", &fault),
        "frames": "1-3",
        "chunk": "whole",
        "output": farm.path("out/shot.####.png"),
        "options": {"renderer": "redshift"},
    }));
    let job = farm.daemon.client.wait_for_end(id);
    let attempts = farm.daemon.client.attempts(id);
    assert_eq!(job["status"], "done", "{job} {attempts:?}");
    assert_eq!(held(&attempts[0]), [0], "{attempts:?}");
    let done = attempts[0]["consequence"].as_str().unwrap();
    assert!(done.contains("frame 2: try 2 of 4 on another GPU than 0"), "{done}");
    assert!(attempts.len() > 1 && attempts[1..].iter().all(|attempt| held(attempt) == [1]), "{attempts:?}");
    assert_eq!(images(&farm.path("out")).len(), 3);
    assert_eq!(farm.rendered().len(), 3, "no frame was rendered twice");
}

#[test]
fn frames_that_run_out_of_host_memory_get_more_of_it() {
    let farm = StandIns::new("[node]\nmemory = \"8 GiB\"\n", &["--slots", "1"]);
    let fault = json!([{"fault": "memory", "frames": "1", "times": 1}]);
    let id = farm.daemon.client.submit(&json!({
        "scene": farm.scene("software.ma", &fault),
        "frames": "1",
        "memory": "1 GiB",
        "output": farm.path("out/shot.####.png"),
    }));
    let job = farm.daemon.client.wait_for_end(id);
    let attempts = farm.daemon.client.attempts(id);
    assert_eq!(job["status"], "done", "{job} {attempts:?}");
    let memory: Vec<_> = attempts.iter().map(|attempt| attempt["memory_bytes"].as_u64().unwrap()).collect();
    assert_eq!(memory, [1 << 30, 2 << 30], "{attempts:?}");
    let done = attempts[0]["consequence"].as_str().unwrap();
    assert!(done.starts_with("frame 1: try 2 of 4 with 2.1 GB of memory"), "{done}");
}

/// A farm that believes in one GPU, and Blender, which sees none and whose scene asks for none.
fn blender_job(more: &Value) -> (Value, Vec<Value>) {
    let dir = tempfile::tempdir().unwrap();
    let gpus = StandIn::install(dir.path(), &State::with_gpus(1)).unwrap();
    let file = dir.path().join("farmhand.toml");
    fs::write(&file, format!("[gpus]\nlibrary = {:?}\n", gpus.library())).unwrap();
    let daemon = Daemon::start(dir.path(), &["--config", file.to_str().unwrap(), "--slots", "1"]);
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let mut job = job_of(&scene, "1-4", &dir.path().join("out/shot_####"));
    job["chunk"] = json!({"fixed": 2});
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    let id = daemon.client.submit(&job);
    let job = daemon.client.wait_for_end(id);
    (job, daemon.client.attempts(id))
}

#[test]
fn a_gpu_that_a_job_insists_on_and_does_not_use_is_a_fault() {
    let (job, attempts) = blender_job(&json!({"gpus": 1}));
    assert_eq!(job["status"], "done", "{job} {attempts:?}");
    for attempt in &attempts {
        assert_eq!(held(attempt), [0], "{attempt}");
        let faults = attempt["outcome"]["faults"].as_array().unwrap();
        assert_eq!(faults.len(), 1, "{attempt}");
        let message = faults[0]["message"].as_str().unwrap();
        let begin = "it renders without the GPUs that its job insists on: it leased GPU 0 (";
        assert!(message.starts_with(begin) && message.contains("`CPU`"), "{message}");
        assert_eq!((&faults[0]["cause"], &faults[0]["about"]), (&json!("gpu"), &json!(Gpu::new(0).uuid)));
        assert_eq!(attempt["verdict"]["decision"]["kind"], "accept", "its images are good: {attempt}");
    }
    assert_eq!(job["costs"]["leaves_gpus"], false);
}

#[test]
fn a_gpu_that_a_job_could_have_and_does_not_use_is_left_to_others() {
    let (job, attempts) = blender_job(&json!({}));
    assert_eq!(job["status"], "done", "{job} {attempts:?}");
    assert_eq!(job["costs"]["leaves_gpus"], true, "{job}");
    let held: Vec<_> = attempts.iter().map(held).collect();
    assert_eq!(held, [vec![0], vec![]], "{attempts:?}");
    assert!(attempts.iter().all(|attempt| attempt["faults"] == json!([])), "{attempts:?}");
    // The time of both is all of the job's.
    let time = |part: &str| job["time"][part].as_f64().unwrap();
    assert!(time("starting") > 0.0 && time("rendering") > 0.0, "{job}");
}
