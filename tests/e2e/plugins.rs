//! Plugins saved under a running daemon.

use crate::harness::{Daemon, prebuilt};
use serde_json::{Value, json};

fn slot(daemon: &Daemon, name: &str) -> Option<Value> {
    let plugins = daemon.client.read("/api/v1/plugins");
    plugins.as_array().expect("a list").iter().find(|plugin| plugin["name"] == name).cloned()
}

fn noop_job(daemon: &Daemon, frames: &str) -> Value {
    let scene = daemon.data_dir().join("nothing.noop");
    std::fs::write(&scene, "").expect("writable");
    json!({"scene": scene, "frames": frames})
}

#[test]
fn a_saved_plugin_is_live_and_a_broken_save_leaves_the_last_good_one_serving() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path(), &[]);
    let file = daemon.plugins_dir().join("noop.wasm");
    let (status, problem) = daemon.client.post("/api/v1/jobs", &noop_job(&daemon, "1"));
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/plugin")), "{problem}");

    std::fs::copy(prebuilt("noop"), &file).unwrap();
    let loaded = daemon.client.wait_for("the plugin is live", || slot(&daemon, "noop"));
    assert_eq!(loaded["state"], "serving", "{loaded}");
    let id = daemon.client.submit(&noop_job(&daemon, "1-3"));
    assert_eq!(daemon.client.wait_for_end(id)["status"], "done");

    std::fs::write(&file, "this is no component").unwrap();
    let degraded = daemon.client.wait_for("the broken save is shown", || {
        slot(&daemon, "noop").filter(|slot| slot["state"] == "degraded")
    });
    assert_eq!(degraded["serving"]["digest"], loaded["serving"]["digest"]);
    assert!(degraded["failure"].as_str().is_some_and(|failure| !failure.is_empty()), "{degraded}");
    let id = daemon.client.submit(&noop_job(&daemon, "1-3"));
    assert_eq!(daemon.client.wait_for_end(id)["status"], "done", "the last good one serves");

    std::fs::copy(prebuilt("noop"), &file).unwrap();
    daemon.client.wait_for("the repaired save is live", || {
        slot(&daemon, "noop").filter(|slot| slot["state"] == "serving")
    });
}

#[test]
fn the_built_in_plugin_serves_without_a_plugins_directory() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path(), &[]);

    let blender = slot(&daemon, "blender").expect("built in");

    assert_eq!(blender["state"], "serving", "{blender}");
    assert_eq!(blender["extensions"], json!(["blend"]));
    assert!(blender["options_schema"]["properties"]["samples"].is_object(), "{blender}");
}
