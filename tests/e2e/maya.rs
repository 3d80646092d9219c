//! Maya's stand-ins through the daemon: renderers and levels, layers, hooks, and failures that mean something.

use crate::harness::{StandIns, images};
use serde_json::{Value, json};
use std::fs;

const RENDERERS: [&str; 6] = ["software", "hardware2", "arnold", "vray", "redshift", "renderman"];

fn shot(farm: &StandIns, scene: &str, faults: &Value) -> Value {
    json!({
        "scene": farm.scene(scene, faults),
        "frames": "1-3,7",
        "chunk": "whole",
        "output": farm.path("out/shot.####.png"),
        "limits": {"retries": 0},
        // Redshift's stand-in needs no GPU, and this machine may have none.
        "gpus": 0,
    })
}

#[test]
fn every_renderer_renders_at_every_level() {
    let farm = StandIns::new("", &["--slots", "2"]);
    let mut jobs = Vec::new();
    for renderer in RENDERERS {
        for level in ["script", "render", "minimal"] {
            let mut job = shot(&farm, &format!("{renderer}.ma"), &json!([]));
            job["levels"] = json!([level]);
            job["output"] = json!(farm.path(&format!("out/{renderer}-{level}/shot.####.exr")));
            jobs.push((renderer, level, farm.daemon.client.submit(&job)));
        }
    }
    for (renderer, level, id) in jobs {
        let job = farm.daemon.client.wait_for_end(id);
        let attempts = farm.daemon.client.attempts(id);
        assert_eq!(job["status"], "done", "{renderer} at {level}: {job} {attempts:?}");
        let names = images(&farm.path(&format!("out/{renderer}-{level}")));
        let expect = ["shot.0001.exr", "shot.0002.exr", "shot.0003.exr", "shot.0007.exr"];
        assert_eq!(names, expect, "{renderer} at {level}: {attempts:?}");
        // `Render` takes runs, the scripts take any frames.
        let processes = if level == "render" { 2 } else { 1 };
        assert_eq!(attempts.len(), processes, "{renderer} at {level}: {attempts:?}");
    }
}

#[test]
fn each_level_renders_what_the_one_before_it_left() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let faults = json!([
        {"fault": "crash", "tool": "mayapy", "frames": "2", "times": 1},
        {"fault": "210", "tool": "Render", "frames": "2"},
    ]);
    let job = shot(&farm, "software.ma", &faults);
    let id = farm.daemon.client.submit(&job);
    let job = farm.daemon.client.wait_for_end(id);
    let decisions = farm.decisions(id);
    assert!(decisions.iter().any(|one| one == "minimal accept"), "{decisions:?} {job}");
    assert_eq!(job["status"], "done", "{decisions:?} {job} {:?}", farm.daemon.client.attempts(id));
    let levels: Vec<_> = job["fallbacks"].as_array().unwrap().iter().map(|one| one["to"].clone()).collect();
    assert!(levels.contains(&json!("render")) && levels.contains(&json!("minimal")), "{job}");
    let rendered = farm.rendered();
    let twice: Vec<_> = rendered.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "rendered twice: {twice:?} of {rendered:?}");
    assert_eq!(images(&farm.path("out")).len(), 4);
}

#[test]
fn exit_code_211_after_good_images_is_no_lost_work() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let mut job = shot(&farm, "software.ma", &json!([{"fault": "211-with-images"}]));
    job["levels"] = json!(["render"]);
    let id = farm.daemon.client.submit(&job);
    let job = farm.daemon.client.wait_for_end(id);
    assert_eq!(job["status"], "done", "{job} {:?}", farm.daemon.client.attempts(id));
    assert_eq!(farm.daemon.client.attempts(id)[0]["outcome"]["exit_code"], 211);
}

#[test]
fn arnold_without_a_licence_is_neither_done_nor_failed() {
    // With and without an image, and in both cases with exit code 0.
    for fault in ["licence", "watermark"] {
        for level in ["script", "render"] {
            let farm = StandIns::new("", &["--slots", "1"]);
            let mut job = shot(&farm, "arnold.ma", &json!([{"fault": fault}]));
            job["start_level"] = json!(level);
            let id = farm.daemon.client.submit(&job);
            let job = farm
                .daemon
                .client
                .wait_for_job(id, "waits for the licence", |job| job["why"]["reason"]["kind"] == "licence");
            assert_eq!(job["why"]["reason"]["licence"], "arnold", "{fault} at {level}: {job}");
            assert_eq!(
                (&job["frames"]["done"], &job["frames"]["failed"]),
                (&json!(0), &json!(0)),
                "{fault} at {level}: {job}"
            );
            assert!(images(&farm.path("out")).is_empty(), "{fault} at {level}");
            let attempt = &farm.daemon.client.attempts(id)[0];
            assert_eq!(attempt["level_name"], level);
        }
    }
}

#[test]
fn layers_are_rendered_each_on_its_own_or_together() {
    for scene in ["legacy-layers.ma", "render-setup.ma"] {
        let farm = StandIns::new("", &["--slots", "1"]);
        let mut job = shot(&farm, scene, &json!([]));
        job["frames"] = json!("1-2");
        job["output"] = json!(farm.path("own/{layer}/shot.####.png"));
        let own = farm.daemon.client.submit(&job);
        job["options"] = json!({"layer_mode": "together"});
        job["output"] = json!(farm.path("together/{layer}/shot.####.png"));
        let together = farm.daemon.client.submit(&job);

        let ended = farm.daemon.client.wait_for_end(own);
        assert_eq!(ended["status"], "done", "{scene}: {ended} {:?}", farm.daemon.client.attempts(own));
        let layers: Vec<String> = ended["spec"]["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        assert!(layers.len() > 1, "{scene}: {layers:?}");
        assert_eq!(farm.daemon.client.attempts(own).len(), layers.len());
        let ended = farm.daemon.client.wait_for_end(together);
        assert_eq!(ended["status"], "done", "{scene}: {ended} {:?}", farm.daemon.client.attempts(together));
        assert_eq!(farm.daemon.client.attempts(together).len(), 1);
        for layer in &layers {
            for how in ["own", "together"] {
                let names = images(&farm.path(how).join(layer));
                assert_eq!(names, ["shot.0001.png", "shot.0002.png"], "{scene}, {layer} {how}");
            }
        }
    }
}

#[test]
fn frame_hooks_run_inside_maya_and_can_hold_the_job() {
    let hooks = tempfile::tempdir().unwrap();
    let farm = StandIns::new(
        &format!("[hooks]\ndir = {:?}\n", hooks.path().display().to_string()),
        &["--slots", "1"],
    );
    let seen = farm.path("seen");
    let text = format!(
        "import maya.cmds as cmds\n\
         def before_frame(context):\n    open({seen:?}, 'a').write('before %d\\n' % context['frame'])\n\
         def after_frame(context):\n    open({seen:?}, 'a').write('after %d\\n' % context['frame'])\n    \
         if context['frame'] == 3: raise ValueError('the shadow is missing')\n"
    );
    fs::write(hooks.path().join("check.py"), text).unwrap();
    let mut job = shot(&farm, "software.ma", &json!([]));
    job["frames"] = json!("1-3,7");
    job["hooks"] = json!([
        {"name": "check.py", "at": "before-frame", "on_failure": "warn"},
        {"name": "check.py", "at": "after-frame", "on_failure": "hold"},
    ]);
    let id = farm.daemon.client.submit(&job);
    let held = farm.daemon.client.wait_for_job(id, "is held", |job| job["status"] == "paused");
    let why = held["why"]["text"].as_str().unwrap();
    assert!(why.contains("check.py") && why.contains("the shadow is missing"), "{why}");
    assert_eq!(
        fs::read_to_string(&seen).unwrap(),
        "before 1\nafter 1\nbefore 2\nafter 2\nbefore 3\nafter 3\n",
        "frame 7 was not begun"
    );
    assert_eq!(held["frames"]["done"], 2, "frame 3 is to be looked at: {held}");
}

#[test]
fn a_hung_maya_and_the_dialog_that_it_opened_are_ended() {
    for fault in ["hang", "dialog"] {
        let farm = StandIns::new("", &["--slots", "1"]);
        let mut strike = json!({"fault": fault, "tool": "mayapy", "frames": "2", "times": 1});
        if fault == "dialog" {
            // farmhand forbids the dialog; this Maya opens it all the same.
            strike["variant"] = json!("anyway");
        }
        let mut job = shot(&farm, "software.ma", &json!([strike]));
        job["limits"] = json!({"stall_seconds": 1, "retries": 1});
        let id = farm.daemon.client.submit(&job);
        let job = farm.daemon.client.wait_for_end(id);
        assert_eq!(job["status"], "done", "{fault}: {job} {:?}", farm.daemon.client.attempts(id));
        let first = &farm.daemon.client.attempts(id)[0];
        assert_eq!(first["outcome"]["ended_by"], "stall", "{fault}: {first}");
    }
}

#[test]
fn changed_scenes_are_kept_and_the_oldest_go() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let mut job = shot(&farm, "software.ma", &json!([]));
    job["options"] = json!({"attributes": {"defaultResolution.width": 32}});
    let scenes = farm.path("shot/.farmhand/scenes");
    fs::create_dir_all(&scenes).unwrap();
    let neighbour = "render_software_b_20200101-000000_masterLayer_1.ma";
    fs::write(scenes.join(neighbour), "").unwrap();
    job["chunk"] = json!({"fixed": 1});
    job["frames"] = json!("1-7");
    job["levels"] = json!(["script"]);
    let id = farm.daemon.client.submit(&job);
    let job = farm.daemon.client.wait_for_end(id);
    assert_eq!(job["status"], "done", "{job} {:?}", farm.daemon.client.attempts(id));
    let mut kept = images(&scenes);
    let others = kept.extract_if(.., |name| name == neighbour).count();
    assert_eq!((kept.len(), others), (5, 1), "five of its own, and another scene's: {kept:?}");
    assert!(
        kept.iter().all(|name| name.starts_with("render_software_") && name.ends_with(".ma")),
        "{kept:?}"
    );
}

#[test]
fn what_cannot_be_rendered_is_refused_with_its_field() {
    let farm = StandIns::new("", &[]);
    let refused = |scene: &str, change: &dyn Fn(&mut Value)| {
        let mut job = shot(&farm, scene, &json!([]));
        change(&mut job);
        let (status, problem) = farm.daemon.client.post("/api/v1/jobs", &job);
        assert_eq!(status, 422, "{problem}");
        let error = &problem["errors"][0];
        let word = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("pointer"), word("message"))
    };
    let check = |said: String, words: &[&str]| {
        assert!(words.iter().all(|word| said.contains(word)), "{said}: not all of {words:?}");
    };
    check(refused("legacy-layers.ma", &|job| job["layers"] = json!(["beuty"])), &["/layers/0", "beuty"]);
    check(
        refused("software.ma", &|job| job["options"] = json!({"renderer": "turtle"})),
        &["/options/renderer"],
    );
    check(
        refused("software.ma", &|job| job["output"] = json!(farm.path("out/shot.png"))),
        &["/output", "####"],
    );
    check(
        refused("software.ma", &|job| job["options"] = json!({"project": farm.path("nowhere")})),
        &["/options/project", "nowhere"],
    );
    check(refused("software.ma", &|job| job["dcc_version"] = json!("^2026")), &["/dcc_version", "2024"]);
    check(
        refused("legacy-layers.ma", &|job| job["output"] = json!(farm.path("out/shot.####.png"))),
        &["/output", "{layer}"],
    );
    check(refused("mixed-layers.ma", &|_| {}), &["legacy"]);
}

#[test]
fn whatever_strikes_once_the_job_is_done_and_nothing_of_it_twice() {
    // Each strikes frame 2 at level `script`, once; farmhand finds another way by itself.
    let faults = [
        ("software.ma", json!({"fault": "crash"})),
        ("software.ma", json!({"fault": "crash", "variant": "fatal-error"})),
        ("software.ma", json!({"fault": "memory"})),
        ("software.ma", json!({"fault": "exit-0-without-image"})),
        ("software.ma", json!({"fault": "truncated-image"})),
        ("software.ma", json!({"fault": "wrong-name"})),
        ("software.ma", json!({"fault": "210"})),
        ("arnold.ma", json!({"fault": "crash", "variant": "abort"})),
        ("arnold.ma", json!({"fault": "missing-texture", "variant": "unreadable"})),
        ("redshift.ma", json!({"fault": "memory", "variant": "gpu"})),
    ];
    let check = |scene: &str, mut fault: Value| {
        let farm = StandIns::new("", &["--slots", "1"]);
        fault["tool"] = json!("mayapy");
        fault["frames"] = json!("2");
        fault["times"] = json!(1);
        let mut job = shot(&farm, scene, &json!([fault]));
        job["limits"] = json!({"retries": 1});
        let id = farm.daemon.client.submit(&job);
        let job = farm.daemon.client.wait_for_end(id);
        let told = || format!("{fault} {job} {:?}", farm.daemon.client.attempts(id));
        assert_eq!(job["status"], "done", "{}", told());
        assert_eq!(images(&farm.path("out")).len(), 4, "{}", told());
        let rendered = farm.rendered();
        let again: Vec<_> =
            rendered.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].1).collect();
        // A frame whose image was bad has to be rendered again, and no other one.
        assert!(again.iter().all(|frame| *frame == 2), "rendered twice: {again:?} {}", told());
    };
    // They mostly wait before they try again.
    std::thread::scope(|scope| {
        for (scene, fault) in faults {
            scope.spawn(move || check(scene, fault));
        }
    });
}

#[test]
fn a_texture_that_is_not_there_fails_its_frames_by_name_and_no_others() {
    let farm = StandIns::new("", &["--slots", "1"]);
    let fault = json!([{"fault": "missing-texture", "frames": "2", "path": "/show/tex/wood.tx"}]);
    let mut job = shot(&farm, "arnold.ma", &fault);
    job["levels"] = json!(["script"]);
    let id = farm.daemon.client.submit(&job);
    let job = farm.daemon.client.wait_for_end(id);
    let attempts = farm.daemon.client.attempts(id);
    assert_eq!(
        (&job["status"], &job["frames"]["failed"]),
        (&json!("failed"), &json!(1)),
        "{job} {attempts:?}"
    );
    assert_eq!(images(&farm.path("out")), ["shot.0001.png", "shot.0003.png", "shot.0007.png"]);
    let faults: Vec<_> = attempts.iter().flat_map(|attempt| attempt["faults"].as_array().unwrap()).collect();
    assert!(faults.iter().any(|fault| fault["cause"] == "missing-file" && fault["frame"] == 2), "{faults:?}");
}
