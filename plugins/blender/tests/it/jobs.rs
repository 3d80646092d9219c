//! Jobs as people submit them: what is wrong with them, and what becomes of their output.

use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

fn job(output: Option<&str>, options: Value) -> Job {
    let Value::Object(raw_options) = options else { panic!("an object") };
    Job {
        scene: "/show/shot/sc010.v2.blend".into(),
        output: output.map(str::to_owned),
        frames: FrameRuns::range(1, 10),
        raw_options,
        ..Job::default()
    }
}

#[test]
fn an_output_becomes_explicit_and_absolute() {
    for (given, options, expected) in [
        ("/out/shot_", json!({}), "/out/shot_####"),
        ("/out/shot_##", json!({}), "/out/shot_##"),
        ("/out/shot_####.exr", json!({}), "/out/shot_####.exr"),
        ("/out/shot.png", json!({}), "/out/shot####.png"),
        ("/out/take2.png", json!({}), "/out/take2_####.png"),
        ("/out/shot_####", json!({ "format": "JPEG" }), "/out/shot_####.jpg"),
        ("/out/shot_{frame:3}.jpeg", json!({ "format": "JPEG" }), "/out/shot_###.jpeg"),
        ("/out/shot.v2", json!({ "format": "PNG" }), "/out/shot.v2_####.png"),
        ("/out/", json!({}), "/out/sc010.v2_####"),
        ("/out/", json!({ "format": "PNG" }), "/out/sc010.v2_####.png"),
        ("//renders/a_####", json!({}), "/show/shot/renders/a_####"),
        ("renders/a_####", json!({}), "/show/shot/renders/a_####"),
        ("./a_####", json!({}), "/show/shot/a_####"),
        ("C:\\out\\a_####.png", json!({}), "C:\\out\\a_####.png"),
        ("/out/movie", json!({ "format": "FFMPEG" }), "/out/movie.mp4"),
        ("/out/movie.MKV", json!({}), "/out/movie.MKV"),
        ("/out/", json!({ "format": "FFMPEG" }), "/out/sc010.v2.mp4"),
    ] {
        let prepared = Blender::validate(&job(Some(given), options)).unwrap();
        assert_eq!(prepared.output.as_deref(), Some(expected), "{given}");
        assert_eq!(
            prepared.whole,
            expected.to_lowercase().ends_with("mp4") || expected.ends_with("MKV"),
            "{given}"
        );
    }
}

#[test]
fn an_explicit_output_stays_as_it_is() {
    for given in ["/out/shot_", "/out/shot.png", "/out/", "//a", "/out/m.mp4"] {
        let first = Blender::validate(&job(Some(given), json!({}))).unwrap().output;
        let second = Blender::validate(&job(first.as_deref(), json!({}))).unwrap().output;
        assert_eq!(first, second, "{given}");
    }
}

#[test]
fn one_frame_may_have_an_exact_name() {
    let one = |output| Job { frames: FrameRuns::range(7, 7), ..job(Some(output), json!({})) };
    assert_eq!(Blender::validate(&one("/out/still.png")).unwrap().output.as_deref(), Some("/out/still.png"));
    assert_eq!(Blender::validate(&one("/out/still")).unwrap().output.as_deref(), Some("/out/still####"));
}

fn check(job: &Job, field: &str, part: &str) {
    let problems = Blender::validate(job).expect_err(field);
    let found = problems.iter().any(|problem| problem.field == field && problem.message.contains(part));
    assert!(found, "{field} with `{part}` in {problems:?}");
}

#[test]
fn every_mistake_has_its_place_and_its_remedy() {
    let layers =
        |job: Job, layers: &[&str]| Job { layers: layers.iter().map(|one| (*one).into()).collect(), ..job };
    let plain = || job(Some("/out/a_####"), json!({}));
    check(&job(None, json!({ "sample": 4 })), "/options/sample", "`samples`");
    check(&job(None, json!({ "resolution": [64] })), "/options/resolution", "length");
    check(&job(Some("  "), json!({})), "/output", "empty");
    check(&job(Some("~/out/a_####"), json!({})), "/output", "whole path");
    check(&job(Some("/out/{shot}_####"), json!({})), "/output", "column 6");
    check(&job(Some("/out/a_####.png"), json!({ "format": "JPEG" })), "/options/format", "`.jpg` or `.jpeg`");
    check(&layers(plain(), &["fg", "bg"]), "/output", "`/out/{layer}_a_####`");
    check(&layers(job(None, json!({})), &["fg", "bg"]), "/output", "{layer}");
    check(&layers(plain(), &["fg", "fg"]), "/layers/1", "twice");
    check(&layers(plain(), &["a/b", "a:b"]), "/layers/1", "two jobs");
    check(&layers(plain(), &[""]), "/layers/0", "empty");
    check(&job(None, json!({ "device": "CPU", "allow_cpu": false })), "/options/allow_cpu", "drop one");
    check(&job(None, json!({ "format": "FFMPEG" })), "/output", "/out/shot.mp4");
    check(&job(Some("/out/a_####.mp4"), json!({})), "/output", "token");
    let stepped = FrameRuns::new(vec![FrameRun { first: 1, last: 9, step: 2 }]);
    check(&Job { frames: stepped, ..job(Some("/out/a.mp4"), json!({})) }, "/frames", "1-9x2");
    check(&Job { skip_existing: true, ..job(None, json!({})) }, "/output", "needs an output");
    check(&Job { skip_existing: true, ..plain() }, "/options/format", "extension");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut job = job(Some("/out/a.png"), json!({ "format": "JPEG", "device": "CPU", "allow_cpu": false }));
    job.layers = vec!["fg".into(), "bg".into()];
    let fields: Vec<_> =
        Blender::validate(&job).unwrap_err().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["/options/allow_cpu", "/output", "/options/format"]);
}

#[test]
fn a_script_is_looked_for_beside_the_scene() {
    let prepared = Blender::validate(&job(None, json!({ "python": "//fix.py" }))).unwrap();
    assert_eq!(prepared.options["python"], "/show/shot/fix.py");
    assert_eq!(prepared.notes, ["The images go where the scene's own output setting says."]);
}

#[test]
fn a_task_needs_the_gpu_of_its_device() {
    let (must, may, none) = (Needs::gpus(1), Needs::gpus(1).or_none(), Needs::default());
    for (options, expected) in [
        (json!({}), [&may, &none, &none]),
        (json!({ "allow_cpu": false }), [&may, &may, &may]),
        (json!({ "device": "OPTIX" }), [&may, &none, &none]),
        (json!({ "device": "CUDA", "engine": "CYCLES", "allow_cpu": false }), [&must, &must, &must]),
        (json!({ "device": "CPU" }), [&none, &none, &none]),
        (json!({ "device": "HIP", "allow_cpu": false }), [&none, &none, &none]),
        (json!({ "engine": "BLENDER_EEVEE" }), [&none, &none, &none]),
        (json!({ "engine": "BLENDER_WORKBENCH", "device": "OPTIX" }), [&none, &none, &none]),
    ] {
        let job = job(None, options.clone());
        for (level, expected) in (0..).zip(expected) {
            assert_eq!(Blender::needs(&job, level).unwrap(), *expected, "{options} at level {level}");
        }
    }
}
