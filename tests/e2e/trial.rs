//! Plugins tried outside of the farm, and the gate that replays before a new version goes live.

use crate::harness::{Daemon, StandIns, farmhand, prebuilt};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

/// What a full disk says in the rules of the Nuke plugin, and a text of the same length that no renderer prints.
const RULE: (&str, &str) = ("No space left on device", "No spice left on device");

/// The prebuilt plugin with one rule that never matches.
fn changed_nuke(dir: &Path) -> PathBuf {
    let mut bytes = fs::read(prebuilt("nuke")).unwrap();
    let (rule, other) = (RULE.0.as_bytes(), RULE.1.as_bytes());
    let places: Vec<usize> =
        (0..bytes.len() - rule.len()).filter(|at| bytes[*at..].starts_with(rule)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + other.len()].copy_from_slice(other);
    }
    let path = dir.join("nuke.wasm");
    fs::write(&path, bytes).unwrap();
    path
}

/// Runs `farmhand plugin …` on a data directory.
fn plugin(data: &Path, arguments: &[&str]) -> Output {
    farmhand().env("FARMHAND_DATA_DIR", data).arg("plugin").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", stdout(output), String::from_utf8_lossy(&output.stderr))
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap_or_else(|_| panic!("{}", told(output)))
}

fn slot(daemon: &Daemon) -> Value {
    let plugins = daemon.client.read("/api/v1/plugins");
    plugins.as_array().unwrap().iter().find(|plugin| plugin["name"] == "nuke").cloned().unwrap()
}

/// A farm where one Nuke job has met a full disk, once, and another one nothing.
fn farm(config: &str) -> (StandIns, u64) {
    let farm = StandIns::new(config, &["--slots", "1"]);
    let faults = json!([{"fault": "disk-full", "frames": "2", "times": 1}]);
    let job = |scene: PathBuf, out: &str| {
        json!({
            "scene": scene,
            "layers": ["Beauty"],
            "frames": "1-3",
            "chunk": "whole",
            "levels": ["execute"],
            "output": farm.path(&format!("{out}/beauty.####.exr")),
        })
    };
    let good = farm.daemon.client.submit(&job(farm.scene("comp.nk", &json!([])), "good"));
    assert_eq!(farm.daemon.client.wait_for_end(good)["status"], "done");
    let bad = farm.daemon.client.submit(&job(farm.scene("comp.nk", &faults), "bad"));
    farm.daemon.client.wait_for("the full disk is judged", || {
        farm.daemon.client.attempts(bad).into_iter().find(|attempt| attempt["state"] == "ended")
    });
    (farm, bad)
}

#[test]
fn a_changed_rule_is_reported_for_the_attempts_that_it_changes_and_no_other() {
    let (farm, bad) = farm("");
    let data = farm.daemon.data_dir();
    let dir = tempfile::tempdir().unwrap();
    let file = changed_nuke(dir.path());
    let file = file.to_str().unwrap();

    let same = json_of(&plugin(data, &["replay", "nuke", "--since", "1d", "--json"]));
    let changes = |report: &Value| -> Vec<Value> {
        let attempts = report["attempts"].as_array().unwrap();
        attempts.iter().filter(|one| one["changes"] != json!([])).cloned().collect()
    };
    assert_eq!(changes(&same), Vec::<Value>::new(), "{same}");
    assert!(same["attempts"].as_array().unwrap().len() >= 2, "{same}");

    let report = json_of(&plugin(data, &["replay", file, "--since", "1d", "--json"]));
    let changed = changes(&report);
    assert_eq!(changed.len(), 1, "{report}");
    assert_eq!(
        (&changed[0]["job"], &changed[0]["then"]["decision"]),
        (&json!(bad), &json!("quarantine-node"))
    );
    assert_ne!(changed[0]["now"]["decision"], "quarantine-node", "{report}");
    // The version that decided serves here, so that events can be compared.
    assert_eq!(changed[0]["events_compared"], true, "{report}");
    let what: Vec<_> =
        changed[0]["changes"].as_array().unwrap().iter().map(|one| one["what"].clone()).collect();
    assert_eq!(what, ["events", "faults", "verdict"], "{report}");

    let table = plugin(data, &["replay", file, "--job", &bad.to_string()]);
    assert!(stdout(&table).contains("events, faults, verdict"), "{}", told(&table));
    assert!(table.status.success());
    let attempt = changed[0]["attempt"].to_string();
    let one = stdout(&plugin(data, &["replay", file, "--attempt", &attempt]));
    assert!(one.contains("then") && one.contains("- quarantine-node: the disk is full"), "{one}");
    assert_eq!(slot(&farm.daemon)["source"], "built-in", "nothing is changed");

    // Once the changed one serves, the one that decided is asked from the bytes that are kept of it.
    fs::copy(file, farm.daemon.plugins_dir().join("nuke.wasm")).unwrap();
    farm.daemon
        .client
        .wait_for("it serves", || Some(slot(&farm.daemon)).filter(|slot| slot["source"] == "nuke.wasm"));
    let report = json_of(&plugin(data, &["replay", "nuke", "--job", &bad.to_string(), "--json"]));
    let one =
        report["attempts"].as_array().unwrap().iter().find(|one| one["attempt"] == changed[0]["attempt"]);
    let one = one.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(
        (&one["events_compared"], &one["changes"]),
        (&json!(true), &changed[0]["changes"]),
        "{report}"
    );
}

#[test]
fn a_version_that_changes_past_verdicts_does_not_go_live_by_itself() {
    let (mut farm, _) = farm("[plugins.nuke]\ngate = \"replay\"\n");
    let before = slot(&farm.daemon);
    let dir = tempfile::tempdir().unwrap();

    let file = farm.daemon.plugins_dir().join("nuke.wasm");
    fs::copy(changed_nuke(dir.path()), &file).unwrap();
    let refused = farm.daemon.client.wait_for("the gate refuses it", || {
        Some(slot(&farm.daemon)).filter(|slot| slot["state"] == "degraded")
    });
    let failure = refused["failure"].as_str().unwrap();
    assert!(failure.contains("changes 1 of ") && failure.contains("past verdicts: attempt "), "{failure}");
    assert!(
        failure.contains("quarantine-node -> ") && failure.contains("farmhand plugin confirm nuke "),
        "{failure}"
    );
    assert_eq!(refused["serving"]["digest"], before["serving"]["digest"], "the old one serves");

    farm.daemon.terminate();
    farm.daemon.restart();
    // It is examined in the background again, and meanwhile the one that served before does.
    assert_eq!(slot(&farm.daemon)["serving"]["digest"], before["serving"]["digest"]);
    let again = farm.daemon.client.wait_for("a restart is no way around it", || {
        Some(slot(&farm.daemon)).filter(|slot| slot["state"] == "degraded")
    });
    assert_eq!(again["serving"]["digest"], before["serving"]["digest"], "{again}");
    let held = again["standing"]["held"]["digest"].as_str().unwrap().to_owned();
    assert!(again["failure"].as_str().unwrap().contains(&format!("confirm nuke {held}")), "{again}");

    let digest = failure.split("confirm nuke ").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    let confirmed = plugin(farm.daemon.data_dir(), &["confirm", "nuke", &digest[..12]]);
    assert!(confirmed.status.success(), "{}", told(&confirmed));
    farm.daemon.client.wait_for("what was confirmed goes live", || {
        Some(slot(&farm.daemon)).filter(|slot| slot["serving"]["digest"] == digest)
    });

    // One custom section more at the end changes no answer, so that it decides as it was decided then.
    let mut bytes = fs::read(prebuilt("nuke")).unwrap();
    bytes.extend([0, 3, 1, b'x', 0]);
    fs::write(&file, bytes).unwrap();
    farm.daemon.client.wait_for("a version that decides as before goes live", || {
        let is_new = |slot: &Value| {
            let serving = &slot["serving"]["digest"];
            slot["state"] == "serving" && *serving != digest && *serving != before["serving"]["digest"]
        };
        Some(slot(&farm.daemon)).filter(is_new)
    });

    // Once confirmed, it is not asked about a second time.
    fs::copy(changed_nuke(dir.path()), &file).unwrap();
    farm.daemon.client.wait_for("a confirmed version goes live at once", || {
        Some(slot(&farm.daemon)).filter(|slot| slot["serving"]["digest"] == held.as_str())
    });
}

#[test]
fn scenarios_are_run_and_updated() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let file = dir.path().join("noop.wasm");
    fs::copy(prebuilt("noop"), &file).unwrap();
    let path = file.to_str().unwrap();
    let scenario = dir.path().join("noop.slow.scenario.toml");
    let job = "# a slow disk\nframes = \"1-3\"\nexit_code = 1\nlog = '''\nframe 1\ntransient the disk is slow\n'''\n";
    fs::write(&scenario, job).unwrap();

    let none = plugin(&data, &["test", path, "nothing"]);
    assert_eq!(none.status.code(), Some(2), "{}", told(&none));
    let unsaid = plugin(&data, &["test", path]);
    assert_eq!(unsaid.status.code(), Some(1), "{}", told(&unsaid));
    assert!(stdout(&unsaid).contains("nothing is expected of it yet"), "{}", told(&unsaid));
    assert_eq!(fs::read_to_string(&scenario).unwrap(), job, "without --update nothing is written");

    let updated = plugin(&data, &["test", path, "--update"]);
    assert!(updated.status.success(), "{}", told(&updated));
    let text = fs::read_to_string(&scenario).unwrap();
    assert!(text.starts_with(job) && text.contains("verdict retry 5000: the disk is slow"), "{text}");

    let passed = plugin(&data, &["test", path, "--json"]);
    let report = json_of(&passed);
    assert!(passed.status.success() && report["passed"] == true, "{report}");
    let calls = report["scenarios"][0]["calls"].as_array().unwrap();
    assert!(calls.iter().any(|call| call["function"] == "judge" && call["memory_bytes"].as_u64() > Some(0)));

    fs::write(&scenario, text.replace("retry 5000", "accept")).unwrap();
    let failed = plugin(&data, &["test", path]);
    assert_eq!(failed.status.code(), Some(1));
    let shown = stdout(&failed);
    assert!(shown.contains("- verdict accept: ") && shown.contains("+ verdict retry 5000: "), "{shown}");
}

#[test]
fn a_job_is_prepared_refused_and_turned_into_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let path = prebuilt("noop");
    let path = path.to_str().unwrap();
    let scenarios = dir.path().join("scenarios");
    fs::create_dir(&scenarios).unwrap();
    let command = json!({
        "frames": "1-3", "level": "second",
        "options": {"program": "sh", "script": "echo {frames} > {scratch}/it"},
        "command": ["sh -c 'echo 1-3 > {scratch}/it'", "done by its exit code"],
        "prepared": ["frames 1-3", "option program = \"sh\"",
            "option script = \"echo {frames} > {scratch}/it\""],
        "hooks": "none",
    });
    fs::write(scenarios.join("command.json"), command.to_string()).unwrap();
    let refused = "frames = \"1\"\noptions = { program = \"sh\" }\n\
                   problems = \"/options/script: program `sh` needs a script\"\n";
    fs::write(scenarios.join("refused.toml"), refused).unwrap();
    let run = plugin(&data, &["test", path, "--scenarios", scenarios.to_str().unwrap()]);
    assert!(run.status.success(), "{}", told(&run));
    assert!(stdout(&run).ends_with("2 scenarios: 2 passed\n"), "{}", told(&run));

    fs::write(scenarios.join("wrong.toml"), "frames = \"1\"\nexpekt = \"x\"\n").unwrap();
    let wrong = plugin(&data, &["test", path, "--scenarios", scenarios.to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        told(&wrong).contains("wrong.toml:2: unknown field `expekt`, expected one of"),
        "{}",
        told(&wrong)
    );
}

#[test]
fn a_scenario_runs_under_production_limits_and_a_failed_call_is_never_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("farmhand.toml");
    fs::write(&config, "[plugins.fixture]\ncall_ms = 100\n").unwrap();
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/tests/fixtures/guest.wasm");
    let scenario = dir.path().join("endless.toml");
    let text = "frames = \"1\"\noptions = { mode = \"loop\" }\ncommand = \"tool\"\n";
    fs::write(&scenario, text).unwrap();
    let (config, scenarios) = (config.to_str().unwrap(), dir.path().join("scenarios"));
    fs::create_dir(&scenarios).unwrap();
    fs::rename(&scenario, scenarios.join("endless.toml")).unwrap();
    let arguments = ["--scenarios", scenarios.to_str().unwrap(), "--config", config, "--update"];
    let all: Vec<&str> = ["test", guest.to_str().unwrap()].into_iter().chain(arguments).collect();
    let run = plugin(&dir.path().join("data"), &all);
    assert_eq!(run.status.code(), Some(1), "{}", told(&run));
    assert!(stdout(&run).contains("ran longer than 100ms"), "{}", told(&run));
    assert_eq!(fs::read_to_string(scenarios.join("endless.toml")).unwrap(), text);
}

#[test]
fn what_a_plugin_is_and_may_do_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("farmhand.toml");
    let text = "[plugins.noop]\nread = [\"nowhere\"]\nenv = [\"PATH\"]\nmemory_mb = 32\nconfig = { queue = \"a\" }\n";
    fs::write(&config, text).unwrap();
    let with_config = |arguments: &[&str]| {
        let config = config.to_str().unwrap();
        let all: Vec<&str> = arguments.iter().copied().chain(["--config", config]).collect();
        plugin(&dir.path().join("data"), &all)
    };
    let path = prebuilt("noop");
    let checked = json_of(&with_config(&["check", path.to_str().unwrap(), "--json"]));
    assert_eq!(
        (&checked["form"], &checked["plugin"]["name"]),
        (&json!("component"), &json!("noop")),
        "{checked}"
    );
    let granted = &checked["granted"];
    assert_eq!(
        (&granted["memory_bytes"], &granted["env"]),
        (&json!(32 << 20), &json!(["PATH"])),
        "{checked}"
    );
    assert_eq!(granted["config"], json!({"queue": "a"}));
    assert!(
        checked["exports"].as_array().unwrap().iter().any(|name| name.as_str().unwrap().contains("/dcc@"))
    );
    let warnings = checked["warnings"].to_string();
    assert!(warnings.contains("nowhere"), "{warnings}");

    let text = stdout(&with_config(&["check", path.to_str().unwrap()]));
    assert!(text.contains("level     first (true, sh)") && text.contains("32 MiB of memory"), "{text}");
    let broken = dir.path().join("broken.wasm");
    fs::write(&broken, "no component").unwrap();
    let refused = with_config(&["check", broken.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(told(&refused).contains("is no WebAssembly"), "{}", told(&refused));
}
