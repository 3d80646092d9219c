//! What attempts take: told while they run, known to the next daemon, kept with how they ended.

use crate::harness::{Daemon, Scene, farmhand, gate_script};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

/// More than Blender needs for such a scene by itself.
const HELD: u64 = 400 << 20;

fn peak(attempt: &Value) -> u64 {
    attempt["usage"]["peak_memory_bytes"].as_u64().unwrap_or(0)
}

#[test]
fn what_a_render_takes_is_told_while_it_runs_and_kept_over_a_killed_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::default().make(dir.path(), "shot.blend");
    let mut daemon = Daemon::start(dir.path(), &["--slots", "1"]);
    let gate = gate_script(dir.path(), 2);
    let script = std::fs::read_to_string(&gate.script).unwrap();
    let hold = format!("import bpy\nbpy.app.driver_namespace['hold'] = b'x' * {HELD}\n");
    std::fs::write(&gate.script, hold + &script).unwrap();
    let events = daemon.client.events();
    let (id, blender) = gate.render(&daemon, &scene, "1-3");

    let told = loop {
        let event = events.recv_timeout(Duration::from_secs(180)).expect("its usage is told of");
        if event["type"] == "usage" && event["memory_bytes"].as_u64() >= Some(HELD) {
            break event;
        }
    };
    assert_eq!((told["job"].as_u64(), peak(&told) >= HELD), (Some(id), true), "{told}");
    let running = daemon.client.attempts(id).remove(0);
    assert!(running["state"] == "running" && peak(&running) >= HELD, "{running}");
    let io = Command::new("ionice").args(["-p", &blender.to_string()]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&io.stdout), "best-effort: prio 7\n");

    daemon.kill();
    daemon.restart();
    let adopted = daemon.client.attempts(id).remove(0);
    assert!(adopted["state"] == "running" && peak(&adopted) >= HELD, "{adopted}");
    gate.open();
    let ended = daemon.client.wait_for_end(id);
    assert_eq!(ended["status"], "done", "{ended}");

    let attempt = daemon.client.attempts(id).remove(0);
    assert_eq!(attempt["usage"], attempt["outcome"]["usage"], "{attempt}");
    assert!(peak(&attempt) >= HELD && peak(&attempt) < 4 * HELD, "{attempt}");
    assert!(attempt["usage"]["cpu_seconds"].as_f64() > Some(0.0), "{attempt}");
    assert!(attempt["usage"]["written_bytes"].is_u64(), "{attempt}");
    let cpu = "farmhand_attempts_ended_cpu_seconds_total{plugin=\"blender\"}";
    let metrics = daemon.client.text("/metrics");
    assert!(metrics.lines().any(|line| line.starts_with(cpu) && !line.ends_with(" 0.0")), "{metrics}");
    let shown = farmhand().args(["job", &id.to_string(), "--server", &daemon.url]).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("PEAK MEMORY"), "{shown:?}");
}
