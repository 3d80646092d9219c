//! A batch of 2,000 jobs of 500 frames, rendered to its end: neither the daemon nor the command line takes more memory than
//! is promised here, and the batch costs what its jobs cost, whatever number of frames they have.

use crate::harness::{Daemon, farmhand, prebuilt};
use serde_json::json;
use std::fs;
use std::process::Stdio;

/// Jobs of the batch, and frames of each.
const JOBS: usize = 2_000;
const FRAMES: u32 = 500;
/// Most resident memory of the daemon, with the plugins that it brings.
const DAEMON_MIB: u64 = 256;
/// Most resident memory of the command that submits the batch and waits for it.
const COMMAND_MIB: u64 = 96;

/// The most that a process has had resident, in MiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024
}

#[test]
fn two_thousand_jobs_of_five_hundred_frames_need_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("data/plugins")).unwrap();
    fs::copy(prebuilt("noop"), dir.path().join("data/plugins/noop.wasm")).unwrap();
    fs::write(dir.path().join("shot.noop"), "a scene").unwrap();
    let daemon = Daemon::start(dir.path(), &["--slots", "2"]);
    let before = peak(daemon.id());
    let shots: Vec<String> = (0..JOBS).map(|shot| format!("sh{shot:04}")).collect();
    let gate = dir.path().join("gate");
    let script = format!("until [ -e {} ]; do sleep 0.1; done # ${{shot}}", gate.display());
    let batch = json!({
        "name": "large", "variables": {"shots": shots}, "workers": 2,
        "jobs": [{
            "matrix": {"shot": "${shots}"}, "name": "${shot}", "scene": "shot.noop",
            "frames": format!("1-{FRAMES}"), "chunk": "whole", "options": {"program": "sh", "script": script},
        }],
    });
    fs::write(dir.path().join("large.json"), batch.to_string()).unwrap();
    let began = std::time::Instant::now();
    let mut command = farmhand();
    command.arg("--server").arg(&daemon.url).arg("submit").arg(dir.path().join("large.json")).arg("--wait");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // All of it waits: now the command has done all that it does, and the daemon has all of it at once.
    daemon.client.wait_for("the batch is there and runs", || {
        let (status, batch) = daemon.client.get("/api/v1/batches/1?state=running");
        (status == 200 && batch["jobs"]["running"] == 2).then_some(())
    });
    let submitted = began.elapsed();
    let list = daemon.client.read("/api/v1/batches");
    assert_eq!(list["items"][0]["frames"]["total"], JOBS * FRAMES as usize, "{list}");
    let waiting = (peak(daemon.id()), peak(child.id()));
    fs::write(&gate, "").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("is completed: 2000 completed"), "{said}");
    let after = peak(daemon.id());
    println!(
        "submitted in {submitted:?}, rendered in {:?}; the daemon took {before} MiB before, {} MiB with all waiting, \
         {after} MiB in all; the command {} MiB",
        began.elapsed(),
        waiting.0,
        waiting.1
    );
    assert!(after <= DAEMON_MIB, "the daemon took {after} MiB");
    assert!(waiting.1 <= COMMAND_MIB, "the command took {} MiB", waiting.1);
}
