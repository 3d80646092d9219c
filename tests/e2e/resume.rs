//! Batches that are submitted again, with real Blender: what is complete is skipped, what failed is retried, what was cut
//! off goes on, and no frame is rendered twice. A handler in the scene's render writes a line for each image that Blender
//! has written, so that frames are counted where they are made and not where they are told.

use crate::harness::{Daemon, Gate, Scene, farmhand, gate_script, images};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A sequence of two shots, and what has been rendered of it.
struct Sequence {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl Sequence {
    /// With more fields for all jobs of its batch.
    fn new(defaults: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Scene::default().make(dir.path(), "sh010.blend");
        fs::copy(dir.path().join("sh010.blend"), dir.path().join("sh020.blend")).unwrap();
        let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
        let sequence = Self { dir, daemon };
        sequence.write_batch(defaults);
        sequence
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write_batch(&self, defaults: &Value) {
        let count = self.path("rendered");
        let script = format!(
            "import bpy\ndef count(scene, *_):\n    with open({count:?}, \"a\") as file:\n        file.write(f\"{{bpy.path.display_name_from_filepath(bpy.data.filepath)}} {{scene.frame_current}}\\n\")\nbpy.app.handlers.render_write.append(count)\n"
        );
        fs::write(self.path("count.py"), script).unwrap();
        let mut all = json!({"frames": "1-3", "options": {"format": "PNG", "python": self.path("count.py")}});
        for (name, value) in defaults.as_object().unwrap() {
            all[name] = value.clone();
        }
        let shot = |name: &str| json!({"name": name, "scene": format!("{name}.blend"), "output": format!("out/{name}/{name}_####")});
        let batch = json!({"name": "seq", "defaults": all, "jobs": [shot("sh010"), shot("sh020")]});
        fs::write(self.path("seq.json"), batch.to_string()).unwrap();
    }

    fn submit(&self, daemon: &Daemon, flags: &[&str]) -> Output {
        let mut command = farmhand();
        command.arg("--server").arg(&daemon.url).arg("submit").arg(self.path("seq.json")).args(flags);
        command.output().unwrap()
    }

    fn submit_and_wait(&self, flags: &[&str]) -> String {
        let output = self.submit(&self.daemon, &[flags, &["--wait"]].concat());
        let text = [&output.stderr[..], &output.stdout[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{text}");
        text
    }

    /// The first shot comes to stand before its third frame: the gate, and the Blender that waits at it.
    fn submit_and_stop_at_the_third_frame(&self) -> (Gate, u32) {
        let gate = gate_script(self.dir.path(), 3);
        let count = fs::read_to_string(self.path("count.py")).unwrap();
        let both = format!("{count}\n{}", fs::read_to_string(&gate.script).unwrap());
        fs::write(self.path("count.py"), both).unwrap();
        assert!(self.submit(&self.daemon, &[]).status.success());
        let blender = self.daemon.client.wait_for("the render waits at the gate", || gate.waiting());
        self.daemon.client.wait_for_job(1, "two frames are done", |job| job["frames"]["done"] == 2);
        (gate, blender)
    }

    /// Frames that Blender has rendered, in order, a line each; one that was rendered twice is there twice.
    fn rendered(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("rendered")).unwrap_or_default();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    fn standings(&self, daemon: &Daemon, batch: u64) -> Vec<(String, String)> {
        let batch = daemon.client.read(&format!("/api/v1/batches/{batch}"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = batch["entries"].as_array().unwrap();
        entries.iter().map(|entry| (text(&entry["standing"]), text(&entry["state"]))).collect()
    }
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

const ONCE: [&str; 6] = ["sh010 1", "sh010 2", "sh010 3", "sh020 1", "sh020 2", "sh020 3"];

#[test]
fn the_same_batch_again_renders_only_what_is_not_there() {
    let sequence = Sequence::new(&json!({}));
    sequence.submit_and_wait(&[]);
    assert_eq!(sequence.rendered(), ONCE);

    let told = sequence.submit_and_wait(&[]);
    assert!(
        told.contains("sh010: skipped: job 1 has rendered it, and the images of its 3 frames are in place"),
        "{told}"
    );
    assert!(told.contains("is completed: 2 skipped"), "{told}");
    assert_eq!(sequence.rendered(), ONCE, "nothing was rendered again");
    assert_eq!(sequence.standings(&sequence.daemon, 2), pairs(&[("complete", "skipped"); 2]));

    // One image is gone: that frame, and nothing else.
    fs::remove_file(sequence.path("out/sh020/sh020_0002.png")).unwrap();
    let told = sequence.submit_and_wait(&[]);
    assert!(
        told.contains("sh020: retried: job 2 has rendered it, but 2: no image, or not the one that it made"),
        "{told}"
    );
    let mut expect = ONCE.to_vec();
    expect.push("sh020 2");
    expect.sort_unstable();
    assert_eq!(sequence.rendered(), expect);
    assert_eq!(images(&sequence.path("out/sh020")).len(), 3);

    // Another scene under the same name is another job: its content decides.
    let other = Scene { samples: 2, ..Scene::default() };
    other.make(sequence.dir.path(), "sh010.blend");
    let told = sequence.submit_and_wait(&[]);
    assert!(told.contains("1 new, 1 skipped"), "{told}");
    expect.extend(["sh010 1", "sh010 2", "sh010 3"]);
    expect.sort_unstable();
    assert_eq!(sequence.rendered(), expect);

    let told = sequence.submit_and_wait(&["--fresh"]);
    assert!(told.contains("2 jobs: 2 new"), "{told}");
    expect.extend(ONCE);
    expect.sort_unstable();
    assert_eq!(sequence.rendered(), expect);
}

#[test]
fn after_a_kill_of_everything_no_frame_is_rendered_twice() {
    let mut sequence = Sequence::new(&json!({"chunk": "whole"}));
    let (gate, blender) = sequence.submit_and_stop_at_the_third_frame();

    sequence.daemon.kill();
    kill_tree(blender);
    gate.open();
    sequence.daemon.restart();
    let told = sequence.submit_and_wait(&[]);
    assert!(told.contains("2 jobs: 2 continued"), "{told}");
    assert_eq!(sequence.rendered(), ONCE);
    let batch = sequence.daemon.client.read("/api/v1/batches/2");
    assert_eq!((&batch["status"], &batch["frames"]["done"]), (&json!("completed"), &json!(6)), "{batch}");
    assert_eq!(images(&sequence.path("out/sh010")).len(), 3);
}

/// Ends a render with the process that owns it, as a power cut would.
fn kill_tree(blender: u32) {
    let status = fs::read_to_string(format!("/proc/{blender}/status")).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().to_owned();
    assert_ne!(parent, "1");
    let killed =
        std::process::Command::new("kill").args(["-KILL", &parent, &blender.to_string()]).status().unwrap();
    assert!(killed.success());
    while is_alive(Path::new(&format!("/proc/{blender}"))) {
        std::thread::yield_now();
    }
}

/// A process that has ended and that nobody has waited for yet is still listed.
fn is_alive(process: &Path) -> bool {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[test]
fn another_data_directory_skips_what_is_there() {
    let sequence = Sequence::new(&json!({"skip_existing": true}));
    sequence.submit_and_wait(&[]);
    fs::remove_file(sequence.path("out/sh020/sh020_0003.png")).unwrap();

    let other = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(other.path(), &["--slots", "1"]);
    let output = sequence.submit(&daemon, &["--wait"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("1 completed, 1 skipped"), "{told}");
    assert_eq!(sequence.standings(&daemon, 1), pairs(&[("new", "skipped"), ("new", "completed")]));
    let mut expect = ONCE.to_vec();
    expect.push("sh020 3");
    assert_eq!(sequence.rendered(), expect, "only what was gone");
}

#[test]
fn what_failed_is_retried() {
    let sequence = Sequence::new(&json!({}));
    // Blender ends at once while this file is there.
    let broken = sequence.path("broken");
    let count = fs::read_to_string(sequence.path("count.py")).unwrap();
    let check = format!(
        "import os\nif os.path.exists({broken:?}) and 'sh020' in bpy.data.filepath:\n    raise RuntimeError('no rig')\n"
    );
    fs::write(sequence.path("count.py"), format!("{count}{check}")).unwrap();
    fs::write(&broken, "").unwrap();
    let output = sequence.submit(&sequence.daemon, &["--wait"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(sequence.rendered(), &ONCE[..3]);

    fs::remove_file(&broken).unwrap();
    let told = sequence.submit_and_wait(&[]);
    assert!(
        told.contains("sh010: skipped: ")
            && told.contains("sh020: retried: job 2 failed with 3 frames undone"),
        "{told}"
    );
    assert_eq!(sequence.rendered(), ONCE);
    assert_eq!(
        sequence.standings(&sequence.daemon, 2),
        pairs(&[("complete", "skipped"), ("retried", "completed")])
    );
}

#[test]
fn what_was_cancelled_is_rendered_when_it_is_submitted_again() {
    let sequence = Sequence::new(&json!({"chunk": "whole"}));
    let (gate, _) = sequence.submit_and_stop_at_the_third_frame();
    let client = &sequence.daemon.client;
    assert_eq!(client.post("/api/v1/batches/1/cancel", &json!({})).0, 200);
    for job in [1, 2] {
        assert_eq!(client.wait_for_end(job)["status"], "cancelled");
    }
    assert_eq!(sequence.rendered(), &ONCE[..2]);

    gate.open();
    let told = sequence.submit_and_wait(&[]);
    assert!(told.contains("sh010: retried: job 1 was cancelled with 1 frame to render"), "{told}");
    assert!(told.contains("sh020: retried: job 2 was cancelled with 3 frames to render"), "{told}");
    assert_eq!(sequence.rendered(), ONCE, "and nothing twice");
    assert_eq!(sequence.standings(&sequence.daemon, 2), pairs(&[("retried", "completed"); 2]));
}
