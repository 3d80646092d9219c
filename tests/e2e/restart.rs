//! The daemon killed, stopped and started again, while real renders run.

use crate::harness::{Daemon, Scene, gate_script, images};
use std::time::{Duration, Instant};

fn alive(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

/// A render of frames 1 to 3 whose daemon was killed in its middle, and that came to its end by itself.
struct EndedAlone {
    daemon: Daemon,
    dir: tempfile::TempDir,
    job: u64,
    attempt: u64,
}

impl EndedAlone {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scene = Scene::default().make(dir.path(), "shot.blend");
        let mut daemon = Daemon::start(dir.path(), &["--slots", "1"]);
        let gate = gate_script(dir.path(), 2);
        let (job, blender) = gate.render(&daemon, &scene, "1-3");
        let attempt = daemon.client.attempts(job)[0]["id"].as_u64().unwrap();

        daemon.kill();
        gate.open();
        let exit_file = daemon.attempt_dir(attempt).join("exit.json");
        let deadline = Instant::now() + Duration::from_secs(120);
        while !exit_file.exists() {
            assert!(
                Instant::now() < deadline,
                "the shim writes how it ended (blender alive: {})",
                alive(blender)
            );
            std::thread::yield_now();
        }
        Self { daemon, dir, job, attempt }
    }

    /// The next daemon takes it up; the job's attempts once it is done.
    fn taken_up(&mut self) -> Vec<serde_json::Value> {
        self.daemon.restart();
        let ended = self.daemon.client.wait_for_end(self.job);
        assert_eq!(ended["status"], "done", "{ended}");
        self.daemon.client.attempts(self.job)
    }
}

#[test]
fn a_render_outlives_a_killed_daemon_and_is_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let mut daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let gate = gate_script(dir.path(), 3);
    let (id, blender) = gate.render(&daemon, &scene, "1-5");

    daemon.kill();
    assert!(alive(blender), "the render goes on without its daemon");
    daemon.restart();
    gate.open();
    let ended = daemon.client.wait_for_end(id);

    assert_eq!(ended["status"], "done", "{ended}");
    let attempts = daemon.client.attempts(id);
    assert_eq!(attempts.len(), 1, "the very attempt was adopted: {attempts:?}");
    assert_eq!(attempts[0]["frames_done"], "1-5");
    assert_eq!(attempts[0]["outcome"]["exit_code"], 0, "its exit code was kept");
    assert_eq!(images(&dir.path().join("out")).len(), 5);
}

#[test]
fn a_render_that_ends_while_there_is_no_daemon_is_settled_by_the_next() {
    assert_eq!(EndedAlone::new().taken_up().len(), 1);
}

#[test]
fn an_image_that_was_moved_when_the_daemon_died_is_found_in_place() {
    let mut render = EndedAlone::new();
    let out = render.dir.path().join("out");
    // As a daemon does it that is killed before it has written down that frame 3 is done.
    let staged = out.join(format!(".farmhand/{}/shot_0003.png", render.attempt));
    std::fs::rename(staged, out.join("shot_0003.png")).unwrap();
    let attempts = render.taken_up();

    assert_eq!(attempts.len(), 1, "nothing is rendered again: {attempts:?}");
    assert_eq!(attempts[0]["faults"], serde_json::json!([]), "{attempts:?}");
}

#[test]
fn a_stopped_service_keeps_its_renders_and_stops_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let mut daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let gate = gate_script(dir.path(), 1);
    let (id, blender) = gate.render(&daemon, &scene, "1-2");

    let status = daemon.terminate();
    assert!(status.success(), "{status}");
    assert!(alive(blender), "`keep` is the service's default");
    daemon.restart();
    gate.open();

    assert_eq!(daemon.client.wait_for_end(id)["status"], "done");
}

#[test]
fn a_daemon_told_to_kill_takes_its_renders_along_and_gives_the_frames_back() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let mut daemon = Daemon::start(dir.path(), &["--slots", "1", "--on-stop", "kill"]);
    let gate = gate_script(dir.path(), 1);
    let (id, blender) = gate.render(&daemon, &scene, "1-2");

    daemon.terminate();
    assert!(!alive(blender), "nothing is orphaned");
    gate.open();
    daemon.restart();

    assert_eq!(daemon.client.wait_for_end(id)["status"], "done");
}

#[test]
fn two_daemons_never_share_a_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path(), &[]);

    let second = crate::harness::farmhand()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(daemon.data_dir())
        .output()
        .unwrap();

    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another farmhand uses the data directory"), "{said}");
}
