//! Jobs that were submitted on a system that spells paths otherwise.

use crate::harness::{Daemon, farmhand, prebuilt};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A daemon whose `show` directory is `P:\shows\demo` and `//files/shows/demo` elsewhere.
fn start(dir: &Path, more: &str) -> Daemon {
    fs::create_dir_all(dir.join("data/plugins")).expect("writable");
    fs::create_dir_all(dir.join("show")).expect("writable");
    fs::write(dir.join("show/shot.noop"), "").expect("writable");
    fs::copy(prebuilt("noop"), dir.join("data/plugins/noop.wasm")).expect("writable");
    let show = dir.join("show");
    let config = dir.join("farmhand.toml");
    let map = format!("map = [{{ windows = ['P:\\shows\\demo', '//files/shows/demo'], linux = {show:?} }}]");
    fs::write(&config, format!("[paths]\n{map}\n{more}")).expect("writable");
    Daemon::start(dir, &["--config", config.to_str().expect("text")])
}

#[test]
fn a_scene_and_an_output_from_windows_are_rendered_here() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let daemon = start(&dir, "");
    let check = |scene: &str, output: &str| {
        let id = daemon.client.submit(&json!({"scene": scene, "output": output, "frames": "1-2"}));
        let job = daemon.client.wait_for_end(id);
        assert_eq!(job["status"], "done", "{job}");
        let paths = [&job["spec"]["scene"], &job["spec"]["output"]];
        assert_eq!(
            paths.map(|path| path.as_str().map(Path::new)),
            [Some(dir.join("show/shot.noop").as_path()), Some(dir.join("show/out/shot_####").as_path()),]
        );
    };
    check("P:\\shows\\demo\\shot.noop", "P:\\shows\\demo\\out\\shot_####");
    check("p:/SHOWS/Demo/shot.noop", "\\\\FILES\\shows\\demo\\out\\shot_####");
    let show = dir.join("show");
    check(&format!("{}/shot.noop", show.display()), &format!("{}/out/shot_####", show.display()));
}

#[test]
fn what_no_rule_knows_is_refused_as_it_was_written_and_roots_hold_for_what_was_mapped() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let daemon = start(&dir, &format!("roots = [{:?}]\n", dir.join("elsewhere")));
    let refused = |scene: &str| -> Value {
        let (status, problem) = daemon.client.post("/api/v1/jobs", &json!({"scene": scene, "frames": "1"}));
        assert_eq!(status, 422, "{problem}");
        problem
    };
    let unknown = refused("P:/shows/demolition/shot.noop");
    assert!(unknown.to_string().contains("P:/shows/demolition/shot.noop"), "{unknown}");
    let outside = refused("P:/shows/demo/shot.noop");
    assert!(outside.to_string().contains("outside the directories that jobs may use"), "{outside}");
}

#[test]
fn rules_that_contradict_each_other_keep_the_daemon_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("farmhand.toml");
    let map = "map = [{ windows = \"P:/\", linux = \"/a\" }, { windows = \"p:/\", linux = \"/b\" }]";
    fs::write(&config, format!("[paths]\n{map}\n")).unwrap();

    let output = farmhand().args(["config", "check", "--config"]).arg(&config).output().unwrap();

    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let expect = "farmhand.toml:2:7: paths.map: entries 1 and 2 contradict each other: on Linux `P:` would be both \
                  `/a` and `/b`";
    assert!(said.contains(expect), "{said}");
}
