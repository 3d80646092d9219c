//! Reports of what real Blender rendered, as each format has them.

use crate::harness::{Daemon, Scene, farmhand, job_of};
use serde_json::{Value, json};

#[test]
fn a_job_has_a_report_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let script = dir.path().join("raises.py");
    std::fs::write(&script, "raise RuntimeError('no <b>rig</b>: bert')\n").unwrap();
    let mut job = job_of(&scene, "1-3", &dir.path().join("out/shot_####"));
    job["name"] = json!("<i>shot</i>");
    let good = daemon.client.submit(&job);
    daemon.client.wait_for_end(good);

    let report = daemon.client.read(&format!("/api/v1/jobs/{good}/report"));
    assert_eq!(report["subject"]["kind"], "job", "{report}");
    let told = &report["jobs"][0];
    assert_eq!(
        (told["state"].as_str(), told["frames"]["done"].as_u64()),
        (Some("completed"), Some(3)),
        "{told}"
    );
    assert_eq!(told["times"]["frames"], 3, "{told}");
    assert_eq!(told["pictures"].as_array().map(Vec::len), Some(3), "{told}");
    assert_eq!(told["plugins"][0]["name"], "blender", "{told}");
    assert!(told["command"]["program"].as_str().unwrap().contains("blender"), "{told}");
    assert!(told["peak_memory_bytes"].as_u64().unwrap() > 10_000_000, "{told}");

    let markdown = daemon.client.text(&format!("/api/v1/jobs/{good}/report?format=md"));
    for part in
        ["# Job Report", "### [OK] &lt;i&gt;shot&lt;/i&gt;", "| Completed | 1 |", "- **Status:** completed"]
    {
        assert!(markdown.contains(part), "{part:?} is not in:\n{markdown}");
    }
    let page = daemon.client.text(&format!("/api/v1/jobs/{good}/report?format=html"));
    assert_eq!(page.matches("<img src=\"data:image/").count(), 3, "thumbnails are inside");
    assert!(page.contains("class=\"chart\"") && page.contains("&lt;i&gt;shot") && !page.contains("<i>shot"));

    let mut broken = job_of(&scene, "1-3", &dir.path().join("broken/shot_####"));
    broken["options"]["python"] = json!(script);
    let bad = daemon.client.submit(&broken);
    assert_eq!(daemon.client.wait_for_end(bad)["status"], "failed");
    let report = daemon.client.read(&format!("/api/v1/jobs/{bad}/report"));
    let told = &report["jobs"][0];
    assert_eq!(
        (told["state"].as_str(), told["frames"]["failed"].as_u64()),
        (Some("failed"), Some(3)),
        "{report}"
    );
    assert!(told["error"].is_string() && report["faults"][0]["message"].is_string(), "{report}");
    let markdown = daemon.client.text(&format!("/api/v1/jobs/{bad}/report?format=md"));
    assert!(
        markdown.contains("### [FAIL] shot") && markdown.contains("- **Failed frames:** `1-3`"),
        "{markdown}"
    );
    let page = daemon.client.text(&format!("/api/v1/jobs/{bad}/report?format=html"));
    assert!(page.contains("&lt;b&gt;rig&lt;/b&gt;: bert") && !page.contains("<b>rig"), "{page}");

    let (status, problem) = daemon.client.get("/api/v1/jobs/99/report");
    assert_eq!((status, problem["type"].as_str().unwrap().ends_with("no-job")), (404, true), "{problem}");
    let (status, _) = daemon.client.get(&format!("/api/v1/jobs/{good}/report?format=pdf"));
    assert_eq!(status, 400);
}

#[test]
fn the_command_prints_a_report_and_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let id = daemon.client.submit(&job_of(&scene, "1-2", &dir.path().join("out/shot_####")));
    daemon.client.wait_for_end(id);
    let run = |arguments: &[&str]| {
        let output = farmhand()
            .args(["--server", &daemon.url, "report", &id.to_string()])
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };

    assert!(run(&[]).contains("### [OK] shot"));
    let report: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(report["summary"]["frames"]["done"], 2);
    assert!(run(&["-o", "report.html"]).contains("report.html"));
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("data:image/"));
    let output = farmhand().args(["--server", &daemon.url, "report", "shot"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
