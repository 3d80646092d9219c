//! The main job: real Blender, from submission to verified frames in place.

use crate::harness::{Client, Daemon, Scene, farmhand, gate_script, images, job_of};
use serde_json::json;
use std::process::{Command, Stdio};

fn frames_by_state(client: &Client, id: u64) -> Vec<(String, String)> {
    let view = client.read(&format!("/api/v1/jobs/{id}/frames"));
    view["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| {
            (
                run["state"].as_str().unwrap_or_default().to_owned(),
                run["frames"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_job_is_rendered_verified_and_put_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "2"]);
    let output = dir.path().join("out/shot_####");

    let id = daemon.client.submit(&job_of(&scene, "1-8", &output));
    let job = daemon.client.wait_for_end(id);

    assert_eq!(job["status"], "done", "{job}");
    let expected: Vec<String> = (1..=8).map(|frame| format!("shot_{frame:04}.png")).collect();
    assert_eq!(images(&dir.path().join("out")), expected);
    for name in expected {
        let image = image::open(dir.path().join("out").join(name)).expect("whole");
        assert_eq!((image.width(), image.height()), (64, 36));
    }
    assert_eq!(frames_by_state(&daemon.client, id), [("done".into(), "1-8".into())]);

    let attempts = daemon.client.attempts(id);
    assert!(attempts.len() >= 2, "two slots share eight frames: {attempts:?}");
    for attempt in &attempts {
        assert_eq!(attempt["verdict"]["decision"]["kind"], "accept");
        assert_eq!(attempt["plugin"]["name"], "blender");
        let device = attempt["facts"].as_array().unwrap().iter().find(|fact| fact["name"] == "device");
        assert_eq!(device.expect("the device that was used")["value"], "CPU");
    }
    let one = daemon.client.read(&format!("/api/v1/attempts/{}", attempts[0]["id"]));
    let args = one["command"]["args"].as_array().expect("the exact command");
    assert!(args.iter().any(|argument| argument == "-b"), "{args:?}");
    let log = daemon.client.text(&format!("/api/v1/attempts/{}/log", attempts[0]["id"]));
    assert!(log.contains("Saved:"), "{log}");
}

#[test]
fn frames_that_are_not_contiguous_and_negative_ones_render() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);

    let mut job = job_of(&scene, "-2-0,3,7", &dir.path().join("out/shot_####"));
    job["chunk"] = json!("whole");
    let id = daemon.client.submit(&job);
    let job = daemon.client.wait_for_end(id);

    assert_eq!(job["status"], "done", "{job} {:?}", daemon.client.attempts(id));
    assert_eq!(daemon.client.attempts(id).len(), 1, "one process takes them all");
    assert_eq!(images(&dir.path().join("out")).len(), 5);
}

#[test]
fn a_job_without_output_follows_the_scenes_own_setting() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &[]);

    let id = daemon.client.submit(&json!({"scene": scene, "frames": "1-2"}));
    assert_eq!(daemon.client.wait_for_end(id)["status"], "done");

    assert_eq!(images(&dir.path().join("own")), ["own_0001.png", "own_0002.png"]);
}

#[test]
fn whole_images_are_skipped_and_broken_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &[]);
    let mut job = job_of(&scene, "1-4", &dir.path().join("out/shot_####"));
    let id = daemon.client.submit(&job);
    assert_eq!(daemon.client.wait_for_end(id)["status"], "done");
    let broken = dir.path().join("out/shot_0002.png");
    let bytes = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() - 20]).unwrap();
    std::fs::remove_file(dir.path().join("out/shot_0003.png")).unwrap();

    job["skip_existing"] = json!(true);
    let again = daemon.client.submit(&job);
    assert_eq!(daemon.client.wait_for_end(again)["status"], "done");

    let mut states = frames_by_state(&daemon.client, again);
    states.sort();
    assert_eq!(states, [("done".into(), "2,3".into()), ("skipped".into(), "1,4".into())]);
    image::open(broken).expect("rendered again");
}

#[test]
fn a_job_waits_for_the_one_it_comes_after_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "2"]);
    let gate = gate_script(dir.path(), 1);
    let mut first = job_of(&scene, "1", &dir.path().join("first/shot_####"));
    first["options"]["python"] = json!(gate.script);
    let first = daemon.client.submit(&first);
    let mut second = job_of(&scene, "1", &dir.path().join("second/shot_####"));
    second["after"] = json!([first]);
    let second = daemon.client.submit(&second);
    daemon.client.wait_for("the first render waits at the gate", || gate.waiting());

    let why = daemon.client.read(&format!("/api/v1/jobs/{second}/why"));
    assert_eq!(why["reason"]["kind"], "after", "{why}");
    assert_eq!(why["reason"]["jobs"], json!([first]));
    gate.open();

    assert_eq!(daemon.client.wait_for_end(second)["status"], "done");
    let ended = |id: u64| daemon.client.attempts(id)[0].clone();
    assert!(ended(first)["ended"].as_str() <= ended(second)["started"].as_str());
}

#[test]
fn pause_resume_priority_and_cancel_do_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let gate = gate_script(dir.path(), 1);
    let mut running = job_of(&scene, "1-2", &dir.path().join("a/shot_####"));
    running["options"]["python"] = json!(gate.script);
    running["chunk"] = json!("whole");
    let running = daemon.client.submit(&running);
    daemon.client.wait_for("the render waits at the gate", || gate.waiting());
    let paused = daemon.client.submit(&job_of(&scene, "1", &dir.path().join("b/shot_####")));
    let waiting = daemon.client.submit(&job_of(&scene, "1", &dir.path().join("c/shot_####")));

    let (status, job) = daemon.client.act(paused, "pause");
    assert_eq!((status, &job["status"]), (200, &json!("paused")));
    let (status, _) = daemon.client.act(running, "cancel");
    assert_eq!(status, 200);

    assert_eq!(daemon.client.wait_for_end(running)["status"], "cancelled");
    assert_eq!(images(&dir.path().join("a")), Vec::<String>::new());
    assert_eq!(daemon.client.wait_for_end(waiting)["status"], "done");
    assert_eq!(daemon.client.read(&format!("/api/v1/jobs/{paused}"))["status"], "paused");
    daemon.client.act(paused, "resume");
    assert_eq!(daemon.client.wait_for_end(paused)["status"], "done");

    let (status, job) = daemon.client.act(running, "retry");
    assert_eq!(status, 200, "{job}");
    gate.open();
    assert_eq!(daemon.client.wait_for_end(running)["status"], "done");
}

#[test]
fn the_one_shot_command_renders_without_a_daemon() {
    let dir = tempfile::tempdir().unwrap();
    Scene::default().make(dir.path(), "shot.blend");
    let output = farmhand()
        .args([
            "render",
            "shot.blend",
            "--frames",
            "1-2",
            "--output",
            "out/shot_####",
            "--option",
            "format=PNG",
        ])
        .current_dir(dir.path())
        .env("FARMHAND_DATA_DIR", dir.path().join("data"))
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(images(&dir.path().join("out")), ["shot_0001.png", "shot_0002.png"]);
}

#[test]
fn the_one_shot_command_needs_nothing_but_the_scene() {
    let dir = tempfile::tempdir().unwrap();
    Scene::default().make(dir.path(), "shot.blend");
    let output = farmhand()
        .args(["render", "shot.blend"])
        .current_dir(dir.path())
        .env("FARMHAND_DATA_DIR", dir.path().join("data"))
        .output()
        .unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let own: Vec<String> = (1..=8).map(|frame| format!("own_{frame:04}.png")).collect();
    assert_eq!(images(&dir.path().join("own")), own, "the scene's own range and output");
}

#[test]
fn the_one_shot_command_fails_when_a_frame_does() {
    let dir = tempfile::tempdir().unwrap();
    Scene { camera: false, ..Scene::default() }.make(dir.path(), "shot.blend");
    let output = farmhand()
        .args(["render", "shot.blend", "--frames", "1", "--output", "out/shot_####"])
        .current_dir(dir.path())
        .env("FARMHAND_DATA_DIR", dir.path().join("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap();

    assert!(!output.status.success());
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("camera"), "the cause is shown: {said}");
}

#[test]
fn a_movie_is_rendered_by_one_process_and_checked_by_its_own_rule() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "2"]);
    let mut job = job_of(&scene, "1-6", &dir.path().join("out/shot"));
    job["options"] = json!({"format": "FFMPEG"});

    let id = daemon.client.submit(&job);
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "done", "{ended} {:?}", daemon.client.attempts(id));
    assert_eq!(daemon.client.attempts(id).len(), 1);
    let movies = images(&dir.path().join("out"));
    assert_eq!(movies.len(), 1, "{movies:?}");
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
        .arg(dir.path().join("out").join(&movies[0]))
        .output()
        .expect("ffprobe; `scripts/setup test`");
    assert_eq!(String::from_utf8_lossy(&probe.stdout).trim(), "6");
}
