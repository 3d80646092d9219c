//! Nuke's stand-in through the daemon: levels, views, faults, generated scripts and what stays of them.

use crate::harness::{StandIns, farmhand, images};
use serde_json::{Value, json};

fn beauty(farm: &StandIns, faults: &Value) -> Value {
    json!({
        "scene": farm.scene("comp.nk", faults),
        "layers": ["Beauty"],
        "frames": "1-3,7",
        "chunk": "whole",
        "output": farm.path("out/beauty.####.exr"),
    })
}

#[test]
fn every_write_node_is_rendered_by_a_script_of_its_own_that_goes_away() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let scene = farm.scene("comp.nk", &json!([]));
    let id = farm.daemon.client.submit(&json!({"scene": scene}));
    let job = farm.daemon.client.wait_for_end(id);

    assert_eq!(job["status"], "done", "{job} {:?}", farm.daemon.client.attempts(id));
    assert_eq!(job["spec"]["layers"], json!(["Matte", "Beauty"]), "by render order");
    assert_eq!(job["spec"]["frames"], "1-5", "the script's own");
    let names = images(&farm.path("shot/renders"));
    let expect = ["beauty.0001.exr", "beauty.0005.exr", "matte.0001.png", "matte.0005.png"];
    assert!(names.len() == 10 && expect.iter().all(|name| names.iter().any(|one| one == name)), "{names:?}");
    let runs: Vec<_> = farm.record().into_iter().filter(|line| line["kind"] == "run").collect();
    let scripts = runs.iter().flat_map(|run| run["argv"].as_array().unwrap()).filter_map(Value::as_str);
    let scripts: Vec<_> = scripts.filter(|argument| argument.ends_with(".py")).collect();
    let beside = |script: &&&str| script.contains("/py/comp/render_") && script.contains("_f00");
    assert!(!scripts.is_empty() && scripts.iter().filter(beside).count() == scripts.len(), "{runs:?}");
    assert!(!farm.path("shot/py/comp").exists(), "nothing of the scripts is left");
}

#[test]
fn a_script_that_fails_stays_and_the_next_level_renders_only_what_is_missing() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let faults = json!([{"fault": "crash", "frames": "3", "argv": "-t"}]);
    let mut job = beauty(&farm, &faults);
    job["limits"] = json!({"retries": 1});
    let id = farm.daemon.client.submit(&job);
    let job = farm.daemon.client.wait_for_end(id);

    assert_eq!(job["status"], "done", "{job} {:?}", farm.daemon.client.attempts(id));
    let decisions = farm.decisions(id);
    assert_eq!(decisions.last().unwrap(), "execute accept", "{decisions:?}");
    let fallback = &job["fallbacks"][0];
    assert_eq!((&fallback["from"], &fallback["to"]), (&json!("script"), &json!("execute")), "{job}");
    assert_eq!(fallback["cause"], "crash", "{job}");
    assert!(fallback["frames"].as_str().unwrap().starts_with('3'), "{job}");
    let twice: Vec<_> =
        farm.rendered().windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect();
    assert!(twice.is_empty(), "rendered twice: {twice:?}");
    assert_eq!(images(&farm.path("out")).len(), 4);
    assert!(!images(&farm.path("shot/py/comp")).is_empty(), "the failed script stays to be looked at");
}

#[test]
fn a_missing_licence_costs_no_try_and_holds_every_job_that_needs_it() {
    let farm = StandIns::new("", &["--slots", "2"]);
    let id = farm.daemon.client.submit(&beauty(&farm, &json!([{"fault": "licence"}])));
    let held = farm
        .daemon
        .client
        .wait_for_job(id, "waits for the licence", |job| job["why"]["reason"]["kind"] == "licence");
    assert_eq!(held["why"]["reason"]["licence"], "nuke_r", "{held}");
    let attempt = &farm.daemon.client.attempts(id)[0];
    assert_eq!(
        (&attempt["outcome"]["exit_code"], &attempt["try_number"]),
        (&json!(100), &json!(1)),
        "{attempt}"
    );

    let mut other = beauty(&farm, &json!([]));
    other["output"] = json!(farm.path("other/b.####.exr"));
    let other = farm.daemon.client.submit(&other);
    let why = farm.daemon.client.read(&format!("/api/v1/jobs/{other}/why"));
    assert_eq!(why["reason"]["kind"], "licence", "{why}");
    let interactive = json!({
        "scene": farm.scene("stereo.nk", &json!([])),
        "output": farm.path("views/{view}.####.png"),
        "options": {"licence": "interactive"},
    });
    let interactive = farm.daemon.client.submit(&interactive);
    let job = farm.daemon.client.wait_for_end(interactive);
    assert_eq!(job["status"], "done", "another licence is not held: {job}");
}

#[test]
fn both_views_of_a_frame_are_verified_and_put_in_place() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let job = json!({
        "scene": farm.scene("stereo.nk", &json!([])),
        "output": farm.path("out/%V/shot.####.png"),
    });
    let id = farm.daemon.client.submit(&job);
    let job = farm.daemon.client.wait_for_end(id);
    assert_eq!(job["status"], "done", "{job} {:?}", farm.daemon.client.attempts(id));
    for view in ["left", "right"] {
        assert_eq!(images(&farm.path("out").join(view)), ["shot.0001.png", "shot.0002.png"]);
    }
}

#[test]
fn an_image_that_is_cut_off_or_missing_is_never_done() {
    for fault in ["truncated-image", "exit-0-without-image"] {
        let farm = StandIns::new("", &["--slots", "1"]);
        let mut job = beauty(&farm, &json!([{"fault": fault, "frames": "2"}]));
        job["limits"] = json!({"retries": 0});
        let id = farm.daemon.client.submit(&job);
        let job = farm.daemon.client.wait_for_end(id);
        assert_eq!(
            (&job["status"], &job["frames"]["failed"]),
            (&json!("failed"), &json!(1)),
            "{fault}: {job}"
        );
        assert_eq!(images(&farm.path("out")), ["beauty.0001.exr", "beauty.0003.exr", "beauty.0007.exr"]);
    }
}

#[test]
fn a_broken_node_opens_the_breaker_and_says_why() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let id = farm.daemon.client.submit(&beauty(&farm, &json!([{"fault": "licence", "variant": "badhost"}])));
    let job = farm
        .daemon
        .client
        .wait_for_job(id, "waits for the breaker", |job| job["why"]["reason"]["kind"] == "breaker");
    assert_eq!(job["why"]["reason"]["cause"], "licence", "{job}");
    let node = farm.daemon.client.read("/api/v1/node");
    assert_eq!(node["breakers"][0]["plugin"], "nuke", "{node}");
}

#[test]
fn a_job_renders_at_the_levels_that_it_allows() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let mut job = beauty(&farm, &json!([]));
    job["levels"] = json!(["execute", "safe"]);
    let id = farm.daemon.client.submit(&job);
    assert_eq!(farm.daemon.client.wait_for_end(id)["status"], "done");
    assert_eq!(farm.decisions(id), ["execute accept"]);

    job["levels"] = json!([]);
    job["start_level"] = json!("safe");
    job["output"] = json!(farm.path("safe/beauty.####.exr"));
    let id = farm.daemon.client.submit(&job);
    assert_eq!(farm.daemon.client.wait_for_end(id)["status"], "done");
    assert_eq!(farm.decisions(id), ["safe accept"; 4], "one frame a process");

    job["start_level"] = json!("sfae");
    job["levels"] = json!(["script", "fast"]);
    let (status, problem) = farm.daemon.client.post("/api/v1/jobs", &job);
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!((status, pointers), (422, vec![&json!("/levels/1"), &json!("/start_level")]), "{problem}");
}

#[test]
fn a_dry_run_shows_every_level_and_runs_nothing() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let job = beauty(&farm, &json!([]));
    let (status, plan) = farm.daemon.client.post("/api/v1/jobs?dry_run=true", &job);
    assert_eq!(status, 200, "{plan}");
    let levels = plan["levels"].as_array().unwrap();
    let names: Vec<_> = levels.iter().map(|level| level["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["script", "execute", "safe"]);
    let script = &levels[0]["tasks"][0];
    assert!(script["command"]["args"].as_array().unwrap().contains(&json!("-t")), "{script}");
    let contents = script["files"][0]["contents"].as_str().unwrap();
    assert!(contents.contains("Beauty"), "{contents}");
    assert_eq!(script["outputs"].as_array().unwrap().len(), 4);
    assert_eq!(script["outputs"][0], json!(farm.path("out/beauty.0001.exr")));
    let execute = levels[1]["tasks"][0]["command"]["args"].as_array().unwrap();
    assert!(execute.contains(&json!("-X")) && execute.contains(&json!("Beauty")), "{execute:?}");
    assert_eq!((levels[2]["tasks"].as_array().unwrap().len(), &levels[2]["more_tasks"]), (4, &json!(0)));

    assert!(farm.record().is_empty() && !farm.path("out").exists() && !farm.path("shot/py").exists());
    assert_eq!(farm.daemon.client.read("/api/v1/jobs")["items"], json!([]), "nothing is kept");
}

#[test]
fn what_cannot_be_rendered_is_refused_with_its_field() {
    let farm = StandIns::new("", &[]);
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut job = beauty(&farm, &json!([]));
        change(&mut job);
        let (status, problem) = farm.daemon.client.post("/api/v1/jobs", &job);
        assert_eq!(status, 422, "{problem}");
        let error = &problem["errors"][0];
        let word = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (word("pointer"), word("message"))
    };
    let (field, message) = refused(&|job| job["layers"] = json!(["Buty"]));
    assert!(
        field == "/layers/0" && message.contains("Beauty") && message.contains("Matte"),
        "{field} {message}"
    );
    let (field, message) = refused(&|job| job["layers"] = json!(["Off"]));
    assert!(field == "/layers/0" && message.contains("disabled"), "{field} {message}");
    let (field, message) = refused(&|job| job["output"] = json!(farm.path("out/beauty.exr")));
    assert!(field == "/output" && message.contains("####"), "{field} {message}");
    let (field, _) = refused(&|job| job["options"] = json!({"views": ["left"]}));
    assert_eq!(field, "/options/views/0");
    let (field, message) = refused(&|job| job["dcc_version"] = json!("^16"));
    assert!(field == "/dcc_version" && message.contains("15.1"), "{field} {message}");
}

#[test]
fn the_shell_shows_a_dry_run_that_can_be_copied() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let scene = farm.scene("comp.nk", &json!([]));
    let output = farm.path("out/{layer}.####.png");
    let ran = farmhand()
        .args(["--server", &farm.daemon.url, "render", "--dry-run", "--frames", "1-3,7", "--layer", "Matte"])
        .arg("--output")
        .arg(&output)
        .arg(&scene)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let expect = [
        "nothing is kept and nothing runs".to_owned(),
        "level 1, script".to_owned(),
        "level 3, safe".to_owned(),
        "-X Matte".to_owned(),
        format!("makes {}", farm.path("out/Matte.0007.png").display()),
        "writes ".to_owned(),
    ];
    for words in expect {
        assert!(said.contains(&words), "`{words}` is missing in:\n{said}");
    }
    assert!(farm.record().is_empty(), "nothing ran");
}
