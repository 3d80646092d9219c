//! Jobs as people submit them: what is wrong with them, and what is made explicit.

use crate::{comp, job};
use farmhand_nuke::Nuke;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

fn asked(layers: &[&str], output: Option<&str>, options: Value) -> Job {
    Job {
        layers: layers.iter().map(|layer| (*layer).to_owned()).collect(),
        output: output.map(str::to_owned),
        ..job(options)
    }
}

/// A scene of its own, for what the usual one does not have.
fn scene(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.nk");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn without_layers_every_enabled_write_is_rendered_by_its_order() {
    let output = Some("/out/{layer}.####.exr");
    let (_dir, path) = scene(
        "Root {\n first_frame 5\n last_frame 9\n}\nWrite {\n file_type exr\n render_order 3\n name C\n}\nWrite {\n \
         render_order 1\n name A\n}\nWrite {\n disable true\n name Off\n}\nWrite {\n render_order 2\n name B\n}\n",
    );
    let submitted = Job { scene: path, frames: FrameRuns::default(), ..asked(&[], output, json!({})) };
    let prepared = Nuke::validate(&submitted).unwrap();
    assert_eq!(prepared.layers, ["A", "B", "C"]);
    assert_eq!(prepared.frames.to_string(), "5-9");
    assert_eq!(prepared.licences, ["nuke_r"]);
    assert!(prepared.notes.iter().any(|note| note.contains("comes after")), "{:?}", prepared.notes);
}

#[test]
fn an_output_becomes_explicit_and_absolute() {
    let directory = path::split(&comp()).0.to_owned();
    for (layer, given, expected) in [
        ("Beauty", "/out/a.####.exr", "/out/a.####.exr"),
        ("Beauty", "/out/a.%04d.exr", "/out/a.####.exr"),
        ("Beauty", "\\\\nas\\out\\a.{frame:3}.exr", "//nas/out/a.{frame:3}.exr"),
        ("Beauty", "/out/a.####", "/out/a.####.exr"),
        ("Beauty", "/out/", "/out/comp_{layer}_{view}.####.exr"),
        ("Beauty", "out/a.####.exr", &format!("{directory}/out/a.####.exr")),
        ("Slapcomp", "/out/a.####.tif", "/out/a.####.tif"),
        ("Stereo", "/out/%V/a_%v.####.dpx", "/out/{view}/a_{v}.####.dpx"),
    ] {
        let options =
            if layer == "Slapcomp" { json!({ "argv": ["x"], "views": ["left"] }) } else { json!({}) };
        let prepared = Nuke::validate(&asked(&[layer], Some(given), options.clone())).unwrap();
        assert_eq!(prepared.output.as_deref(), Some(expected), "{given}");
        let again = Nuke::validate(&asked(&[layer], Some(expected), options)).unwrap();
        assert_eq!(again.output, prepared.output, "{given}");
    }
}

#[test]
fn without_an_output_the_only_write_says_it_where_it_does_so_in_plain_words() {
    let output =
        |layers: &[&str], options: Value| Nuke::validate(&asked(layers, None, options)).unwrap().output;
    assert_eq!(output(&["Beauty"], json!({})).as_deref(), Some("/show/sc010/renders/beauty.####.exr"));
    let proxy = output(&["Beauty"], json!({ "size": "proxy" }));
    assert_eq!(proxy.as_deref(), Some("/show/sc010/renders/proxy/beauty.####.exr"));
    assert_eq!(
        output(&["Slapcomp"], json!({ "argv": ["/o/x"], "views": ["left"] })).as_deref(),
        Some("/o/x.####.tif")
    );
    assert_eq!(output(&["Matte"], json!({})), None, "only Nuke can compute it");
    assert_eq!(output(&["Beauty", "Matte"], json!({})), None, "each writes where it says");
    let mut mapped = asked(&["Beauty"], None, json!({}));
    mapped.path_map = vec![PathRule { spelled: "/show".into(), here: "/mnt/show".into() }];
    let prepared = Nuke::validate(&mapped).unwrap();
    assert_eq!(prepared.output.as_deref(), Some("/mnt/show/sc010/renders/beauty.####.exr"));
}

#[test]
fn views_are_named_where_each_has_an_image_of_its_own() {
    let views =
        |layer, options| Nuke::validate(&asked(&[layer], None, options)).unwrap().options.remove("views");
    assert_eq!(views("Stereo", json!({})), Some(json!(["left", "right"])));
    assert_eq!(views("Stereo", json!({ "views": ["right"] })), Some(json!(["right"])));
    assert_eq!(views("Beauty", json!({})), None, "one OpenEXR file holds both");
}

#[test]
fn a_write_that_is_redirected_is_noted() {
    let noted = |output, options| {
        let prepared = Nuke::validate(&asked(&["Beauty"], output, options)).unwrap();
        prepared.notes.iter().any(|note| note.contains("redirect"))
    };
    assert!(noted(Some("/out/a.####.exr"), json!({})));
    assert!(!noted(Some("/show/sc010/renders/beauty.%04d.exr"), json!({})));
    assert!(!noted(Some("/out/a.####.exr"), json!({ "argv": ["{staging}/a"] })));
    assert!(!noted(None, json!({})));
}

#[test]
fn an_interactive_licence_is_named() {
    let prepared = Nuke::validate(&asked(&["Beauty"], None, json!({ "licence": "interactive" }))).unwrap();
    assert_eq!(prepared.licences, ["nuke_i"]);
}

fn check(job: &Job, field: &str, part: &str) {
    let problems = Nuke::validate(job).expect_err(field);
    let found = problems.iter().any(|problem| problem.field == field && problem.message.contains(part));
    assert!(found, "{field} with `{part}` in {problems:?}");
}

#[test]
fn every_mistake_has_its_place_and_its_remedy() {
    let plain = |layers: &[&str]| asked(layers, None, json!({}));
    let to = |output| asked(&["Beauty"], Some(output), json!({}));
    // Write nodes.
    check(&plain(&["Beauty", "Beuty"]), "/layers/1", "no Write node `Beuty`; it has `Beauty`, `Matte`");
    check(&plain(&["Beuty"]), "/layers/0", "`Old` (disabled), `Precomp` (reading)");
    check(&plain(&["Blur1"]), "/layers/0", "is a Blur node");
    check(&plain(&["Old"]), "/layers/0", "disabled; enable it");
    check(&plain(&["Precomp"]), "/layers/0", "`reading` is on");
    check(&plain(&["Beauty", "Beauty"]), "/layers/1", "twice");
    // Values.
    check(&plain(&["Slapcomp"]), "/options/argv", "needs `[argv 0]`, and there are 0 values; give 1");
    check(
        &asked(&["Beauty"], None, json!({ "argv": ["a", "2k"] })),
        "/options/argv/1",
        "begins with a digit",
    );
    check(
        &asked(&["Slapcomp"], None, json!({ "argv": ["{staging}/a"] })),
        "/options/argv/0",
        "needs an output",
    );
    check(
        &asked(&["Beauty"], None, json!({ "views": ["left", "middle"] })),
        "/options/views/1",
        "`left`, `right`",
    );
    check(&asked(&["Beauty"], None, json!({ "views": ["left", "left"] })), "/options/views/1", "twice");
    check(&asked(&["Beauty"], None, json!({ "thread": 4 })), "/options/thread", "unknown field");
    // The output.
    check(&to("/out/a.exr"), "/output", "such as `/out/a.####.exr`");
    check(&to(" "), "/output", "empty");
    check(&to("~/a.####.exr"), "/output", "whole path");
    check(&to("/out/[value root.name].####.exr"), "/output", "TCL");
    check(&to("/out/{shot}.####.exr"), "/output", "column 6");
    check(&to("/out/a.####.png"), "/output", "`Beauty` writes exr");
    check(&to("/out/a.mov"), "/output", "make the movie of them afterwards");
    check(&asked(&["Stereo"], Some("/out/a.####.dpx"), json!({})), "/output", "such as `/out/a_%V.####.dpx`");
    check(
        &asked(&["Beauty", "Matte"], Some("/o/a.####.exr"), json!({})),
        "/output",
        "`/o/a_{layer}.####.exr`",
    );
    check(
        &asked(&["Beauty", "Stereo"], Some("/o/{layer}.####"), json!({})),
        "/output",
        "`Beauty` writes exr",
    );
    check(&Job { skip_existing: true, ..plain(&["Matte"]) }, "/output", "needs an output");
    // The scene.
    check(&Job { scene: "/not/there.nk".into(), ..plain(&[]) }, "/scene", "cannot be read");
}

#[test]
fn mistakes_in_the_script_itself_have_their_place_too() {
    let of = |text: &str, layers: &[&str]| {
        let (dir, path) = scene(text);
        (dir, Job { scene: path, ..asked(layers, None, json!({})) })
    };
    let write = |name: &str, file: &str| format!("Write {{\n file {file}\n name {name}\n}}\n");
    let (_a, job) = of("no script at all", &[]);
    check(&job, "/scene", "no Nuke script");
    let (_b, job) = of("Root {\n first_frame 1\n last_frame 2\n}\n", &[]);
    check(&job, "/layers", "it has none at all");
    let (_c, job) = of("Write {\n disable true\n file /a.####.exr\n name Off\n}\n", &[]);
    check(&job, "/layers", "`Off` (disabled)");
    let (_d, job) = of(&(write("A", "/o/a.####.exr") + &write("B", "/o/a.%04d.exr")), &[]);
    check(&job, "/layers", "`A` and `B` both write `/o/a.####.exr`");
    let (_e, job) = of(&(write("A", "/o/a.####.exr") + &write("B", "/o/a.%04d.exr")), &["B", "A"]);
    check(&job, "/layers/1", "both write");
    let (_f, job) = of(&write("A", "/o/a.exr"), &[]);
    check(&job, "/output", "such as `/o/a.####.exr`");
    let (_g, job) = of("Write {\n name A\n}\n", &[]);
    check(&job, "/output", "has no file");
    let (_h, job) = of(&write("A", "/o/a.mov"), &[]);
    check(&job, "/layers", "frame by frame");
    let (_i, job) = of(&write("A", "/o/a.####.exr"), &[]);
    check(&Job { frames: FrameRuns::default(), ..job }, "/frames", "such as `1001-1100`");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let job = asked(&["Nope", "Old"], Some("/o/a.exr"), json!({ "argv": ["1"], "views": ["up"] }));
    let fields: Vec<String> =
        Nuke::validate(&job).unwrap_err().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["/layers/0", "/layers/1", "/options/argv/0", "/output", "/options/views/0"]);
}

#[test]
fn directories_are_made_before_the_job_and_the_empty_one_goes_after() {
    let beside = format!("{}/py/comp", path::split(&comp()).0);
    let made = |job: &Job| -> Vec<Action> {
        Nuke::before_job(job).unwrap().into_iter().flat_map(|hook| hook.actions).collect()
    };
    let job = asked(&["Beauty"], Some("/out/{layer}/a.####.exr"), json!({}));
    let directory = |path: &str| Action::MakeDirectory(path.into());
    assert_eq!(made(&job), [directory(&beside), directory("/out/Beauty"), directory("/show/sc010/renders")]);
    let none = json!({ "make_directories": false, "script_place": "scratch" });
    assert_eq!(made(&asked(&["Beauty"], None, none.clone())), []);
    let after = |job: &Job, complete| {
        let end = JobEnd { complete, ..JobEnd::default() };
        Nuke::after_job(job, &end).unwrap().into_iter().flat_map(|hook| hook.actions).collect::<Vec<_>>()
    };
    assert_eq!(after(&job, true), [Action::Remove(beside)]);
    assert_eq!(after(&job, false), []);
    assert_eq!(after(&asked(&["Beauty"], None, none), true), []);
}

#[test]
fn a_task_needs_a_gpu_where_it_would_use_one() {
    for (options, expected) in
        [(json!({}), [false, false, false]), (json!({ "gpu": true }), [true, true, false])]
    {
        for (level, expected) in (0..).zip(expected) {
            let needs = if expected { Needs::gpus(1).or_none() } else { Needs::default() };
            assert_eq!(
                Nuke::needs(&job(options.clone()), level).unwrap(),
                needs,
                "{options} at level {level}"
            );
        }
    }
}
