//! Reports of what real Blender rendered, as each format has them.

use crate::harness::{Daemon, Scene, StandIns, farmhand, gate_script, job_of};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

fn report_command(daemon: &Daemon, dir: &Path, arguments: &[&str]) -> Output {
    farmhand().args(["--server", &daemon.url, "report"]).args(arguments).current_dir(dir).output().unwrap()
}

/// What the command prints where it does well.
fn printed(daemon: &Daemon, dir: &Path, arguments: &[&str]) -> String {
    let output = report_command(daemon, dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Each of these is in the text, after the one before it.
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("{part:?} is not, or not in its place, in:\n{text}")
        };
        rest = after;
    }
}

fn submit_batch(daemon: &Daemon, batch: &Value) -> u64 {
    let (status, body) = daemon.client.post("/api/v1/batches", batch);
    assert_eq!(status, 201, "{body}");
    body["id"].as_u64().unwrap()
}

fn named<'a>(report: &'a Value, name: &str) -> &'a Value {
    let jobs = report["jobs"].as_array().unwrap();
    jobs.iter().find(|job| job["name"] == name).unwrap_or_else(|| panic!("{name} is not in {report}"))
}

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
    let id = id.to_string();
    let run = |arguments: &[&str]| printed(&daemon, dir.path(), &[&[id.as_str()], arguments].concat());

    assert!(run(&[]).contains("### [OK] shot"));
    let report: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(report["summary"]["frames"]["done"], 2);
    assert!(run(&["-o", "report.html"]).contains("report.html"));
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("data:image/"));
    assert_eq!(report_command(&daemon, dir.path(), &["shot"]).status.code(), Some(2));
    let missing = report_command(&daemon, dir.path(), &["b7"]);
    assert!(!missing.status.success());
    let said = String::from_utf8_lossy(&missing.stderr);
    assert!(said.contains("batch 7"), "{said}");
}

/// Three jobs: one done by Blender, one that was complete before, and one of Nuke's stand-in that crashes once, is tried
/// again, falls back, and never brings frame 2.
fn mixed_batch(farm: &StandIns) -> Value {
    let dir = farm.path("");
    let scene = Scene::default().make(&dir, "good.blend");
    let job = |name: &str, frames: &str| {
        let mut job = job_of(&scene, frames, &dir.join(format!("out/{name}_####")));
        (job["name"], job["chunk"]) = (json!(name), json!("whole"));
        job
    };
    let there = job("there", "1-2");
    let before = submit_batch(&farm.daemon, &json!({"name": "sunday", "jobs": [there]}));
    farm.daemon.client.wait_for("the batch before has ended", || {
        (farm.daemon.client.read(&format!("/api/v1/batches/{before}"))["status"] == "completed").then_some(())
    });
    let faults = json!([
        {"fault": "crash", "frames": "3", "times": 1},
        {"fault": "truncated-image", "frames": "2"},
    ]);
    let comp = json!({
        "name": "comp", "scene": farm.scene("comp.nk", &faults), "layers": ["Beauty"], "frames": "1-3,7",
        "output": farm.path("out/beauty.####.exr"), "chunk": "whole", "limits": {"retries": 1},
        "levels": ["script", "execute"],
    });
    json!({
        "name": "monday night", "user": "ada", "workers": 1,
        "jobs": [job("good", "1-3"), there, comp],
        "report": {"dir": farm.path("reports"), "formats": ["md", "html", "json"]},
    })
}

#[test]
fn a_batch_with_a_failure_a_retry_and_a_fallback_is_told_in_every_format_and_writes_it_by_itself() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let id = submit_batch(&farm.daemon, &mixed_batch(&farm));
    let read = || farm.daemon.client.read(&format!("/api/v1/batches/{id}"));
    for entry in read()["entries"].as_array().unwrap() {
        farm.daemon.client.wait_for_end(entry["job"].as_u64().unwrap());
    }
    let ended = farm.daemon.client.wait_for("the batch ends", || {
        let batch = read();
        batch["finished"].is_string().then_some(batch)
    });
    assert_eq!(ended["status"], "partial", "{ended}");
    let of_batch = format!("b{id}");
    let print = |format: &str| printed(&farm.daemon, &farm.path(""), &[&of_batch, "--format", format]);

    let report: Value = serde_json::from_str(&print("json")).unwrap();
    let summary = &report["summary"];
    let states = ["total", "completed", "failed", "skipped"].map(|state| summary["jobs"][state].as_u64());
    assert_eq!(states, [Some(3), Some(1), Some(1), Some(1)], "{summary}");
    assert_eq!(
        (&summary["frames"]["total"], &summary["frames"]["failed"]),
        (&json!(9), &json!(1)),
        "{summary}"
    );
    let good = named(&report, "good");
    assert_eq!((&good["state"], &good["times"]["frames"]), (&json!("completed"), &json!(3)), "{good}");
    let seconds: Vec<f64> = good["times"]["chart"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["seconds"].as_f64().unwrap())
        .collect();
    let slowest = &good["times"]["slowest"][0];
    assert_eq!(slowest["seconds"].as_f64().unwrap(), seconds.iter().copied().fold(0.0, f64::max), "{good}");
    assert!((good["times"]["total"].as_f64().unwrap() - seconds.iter().sum::<f64>()).abs() < 0.01, "{good}");
    assert!(good["peak_memory_bytes"].as_u64().unwrap() > 10_000_000, "{good}");
    let there = named(&report, "there");
    assert!(there["skipped"].as_str().unwrap().contains("has rendered it"), "{there}");
    assert_eq!((&there["state"], &there["frames"]["skipped"]), (&json!("skipped"), &json!(2)), "{there}");
    assert_eq!((&there["times"], &there["attempts"]), (&Value::Null, &json!(0)), "{there}");
    let comp = named(&report, "comp");
    assert_eq!(
        (&comp["state"], &comp["failed_frames"][0]["frames"]),
        (&json!("failed"), &json!("2")),
        "{comp}"
    );
    // Two tries at each of the two levels: one of them at each is a retry.
    let retries = comp["retries"].as_array().unwrap();
    let levels: Vec<_> = retries.iter().map(|retry| retry["level"].as_str().unwrap()).collect();
    assert_eq!(
        (levels.as_slice(), &comp["retry_count"]),
        (["script", "execute"].as_slice(), &json!(2)),
        "{comp}"
    );
    assert!(
        retries.iter().all(|retry| retry["reason"].as_str().is_some_and(|why| !why.is_empty())),
        "{comp}"
    );
    let fallback = &comp["fallbacks"][0];
    assert_eq!((&fallback["from"], &fallback["to"]), (&json!("script"), &json!("execute")), "{comp}");
    assert!(fallback["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{comp}");
    let faults = report["faults"].as_array().unwrap();
    assert!(
        faults.iter().any(|fault| fault["message"].as_str().unwrap().contains("not a whole")),
        "{report}"
    );

    let markdown = print("md");
    let duration = markdown.lines().find(|line| line.starts_with("**Duration:** ")).expect("a duration");
    assert!(duration.contains(" seconds"), "as the seed has it: {duration}");
    let config = |name: &str| format!("- **Config:** `{}`", farm.path(name).display());
    let output = |name: &str| format!("- **Output:** `{}`", farm.path(name).display());
    in_order(
        &markdown,
        &[
            "# Batch Processing Report\n\n",
            "**Generated:** ",
            "**Duration:** ",
            "## Summary\n\n| Metric | Count |\n|--------|-------|\n| Total Jobs | 3 |\n| Completed | 1 |\n\
             | Failed | 1 |\n| Skipped | 1 |\n",
            "| Frames | 9 |",
            "| Frames failed | 1 |",
            "| Retries | ",
            "| Fallbacks | ",
            "| Peak memory | ",
            "## Job Details\n\n",
            "### [OK] good\n\n- **Status:** completed\n",
            &config("good.blend"),
            &output("out/good_####.png"),
            "- **Frames:** 3 of 3 (`1-3`)",
            "- **Frame times:** ",
            "slowest: frame ",
            "- **Peak memory:** ",
            "- **Command:** `",
            "### [SKIP] there\n\n- **Status:** skipped\n",
            "- **Skipped:** ",
            "### [FAIL] comp\n\n- **Status:** failed\n",
            "- **Error:** `",
            "- **Failed frames of Beauty:** `2`",
            "- **Command:** `",
            "- **Retries:** ",
            "- **Fallbacks:** ",
            "script to execute, frames ",
            "- **Faults:**\n",
        ],
    );

    let page = print("html");
    assert_eq!(page.matches("<details id=\"job-").count(), 3);
    assert!(page.contains("class=\"chart\"") && page.contains("src=\"data:image/"));
    assert!(page.contains("<strong>Partly failed</strong>"), "one is complete");

    let written = |extension: &str| {
        let file = farm.path(&format!("reports/monday_night.{extension}"));
        farm.daemon
            .client
            .wait_for(&format!("{} is written", file.display()), || std::fs::read_to_string(&file).ok())
    };
    in_order(&written("md"), &["# Batch Processing Report", "| Total Jobs | 3 |", "### [FAIL] comp"]);
    assert!(written("html").contains("src=\"data:image/"));
    let by_itself: Value = serde_json::from_str(&written("json")).unwrap();
    for part in ["subject", "summary", "jobs", "faults", "plugins"] {
        assert_eq!(by_itself[part], report[part], "{part}");
    }
    let mut names: Vec<_> =
        std::fs::read_dir(farm.path("reports")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["monday_night.html", "monday_night.json", "monday_night.md"], "nothing else is left");
}

#[test]
fn a_batch_that_goes_on_is_told_as_far_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let gate = gate_script(dir.path(), 2);
    let mut runs = job_of(&scene, "1-3", &dir.path().join("runs/shot_####"));
    (runs["name"], runs["chunk"], runs["options"]["python"]) =
        (json!("runs"), json!("whole"), json!(gate.script));
    let mut waits = job_of(&scene, "1-3", &dir.path().join("waits/shot_####"));
    (waits["name"], waits["after"]) = (json!("waits"), json!(["runs"]));
    let id = submit_batch(&daemon, &json!({"name": "tuesday", "jobs": [runs, waits]}));
    daemon.client.wait_for("the render waits at the gate", || gate.waiting());
    daemon.client.wait_for("its first frame is there", || {
        (daemon.client.read(&format!("/api/v1/batches/{id}"))["frames"]["done"] == 1).then_some(())
    });

    let markdown = printed(&daemon, dir.path(), &["batch", &id.to_string()]);
    in_order(
        &markdown,
        &[
            "| Total Jobs | 2 |\n| Completed | 0 |\n| Failed | 0 |\n| Skipped | 0 |\n| Pending | 1 |\n| Running | 1 |",
            "### [RUN] runs\n\n- **Status:** running\n",
            "- **Frames:** 1 of 3 (`1-3`)",
            "### [WAIT] waits\n\n- **Status:** pending\n",
            "- **Frames:** 0 of 3 (`1-3`)",
        ],
    );
    gate.open();
}
