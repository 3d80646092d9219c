//! Jobs as people submit them: what is wrong with them, and what becomes of them.

use crate::tasks::{hook, options, run};
use farmhand_maya::Maya;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

const PLAIN: &str = r#"//Maya ASCII 2024 scene
createNode camera -n "shotCamShape" -p "shotCam";
createNode camera -s -n "topShape" -p "top";
	setAttr ".rnd" no;
createNode renderLayer -n "defaultRenderLayer";
select -ne :defaultRenderGlobals;
	setAttr ".ren" -type "string" "arnold";
	setAttr ".imfkey" -type "string" "exr";
	setAttr ".fs" 1;
	setAttr ".ef" 9;
	setAttr ".bfs" 3;
"#;

const LAYERS: &str = r#"createNode camera -n "shotCamShape" -p "shotCam";
createNode renderLayer -n "defaultRenderLayer";
	setAttr ".rndr" no;
createNode renderSetupLayer -n "chars";
createNode renderLayer -n "rs_chars";
createNode renderSetupLayer -n "env";
createNode renderLayer -n "rs_env";
createNode renderSetupLayer -n "off";
createNode renderLayer -n "rs_off";
	setAttr ".rndr" no;
select -ne :defaultRenderGlobals;
	setAttr ".ren" -type "string" "redshift";
"#;

/// A project with a scene in it, for as long as the test runs.
struct Show {
    dir: tempfile::TempDir,
    scene: String,
}

impl Show {
    fn new(scene: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("scenes")).unwrap();
        std::fs::write(dir.path().join("workspace.mel"), "workspace -fr \"images\" \"renders\";\n").unwrap();
        let path = dir.path().join("scenes/sc010.ma");
        std::fs::write(&path, scene).unwrap();
        let scene = path.to_str().unwrap().to_owned();
        Self { dir, scene }
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }

    fn job(&self, output: Option<&str>, raw_options: Value) -> Job {
        Job {
            scene: self.scene.clone(),
            output: output.map(str::to_owned),
            frames: run(1, 10, 1),
            raw_options: options(raw_options),
            ..Job::default()
        }
    }
}

fn check(job: &Job, field: &str, part: &str) {
    let problems = Maya::validate(job).expect_err(field);
    let found = problems.iter().any(|problem| problem.field == field && problem.message.contains(part));
    assert!(found, "{field} with `{part}` in {problems:?}");
}

fn layers(job: Job, layers: &[&str]) -> Job {
    Job { layers: layers.iter().map(|layer| (*layer).to_owned()).collect(), ..job }
}

const OUT: Option<&str> = Some("/out/a.####.exr");

#[test]
fn a_plain_scene_says_what_the_job_does_not() {
    let show = Show::new(PLAIN);
    let prepared =
        Maya::validate(&Job { frames: FrameRuns::default(), ..show.job(None, json!({})) }).unwrap();
    let root = show.root().to_str().unwrap();
    assert_eq!(prepared.frames, run(1, 7, 3));
    assert_eq!(prepared.output, Some(format!("{root}/renders/sc010.####.exr")));
    assert_eq!(prepared.options["renderer"], "arnold");
    assert_eq!(prepared.options["project"], root);
    assert_eq!(prepared.licences, ["maya", "arnold"]);
    assert!(prepared.layers.is_empty() && !prepared.whole);
    let again = Job {
        layers: prepared.layers.clone(),
        output: prepared.output.clone(),
        frames: prepared.frames.clone(),
        raw_options: prepared.options.clone(),
        ..show.job(None, json!({}))
    };
    let again = Maya::validate(&again).unwrap();
    assert_eq!(
        (again.output, again.options),
        (prepared.output, prepared.options),
        "what is explicit stays so"
    );
}

#[test]
fn all_renderable_layers_each_on_its_own_or_together() {
    let show = Show::new(LAYERS);
    let each = Maya::validate(&show.job(Some("/out/{layer}/a.####.exr"), json!({}))).unwrap();
    assert_eq!(each.layers, ["chars", "env"]);
    assert_eq!(each.options["layer_system"], "render-setup");
    let own = Maya::validate(&show.job(None, json!({}))).unwrap();
    assert!(own.output.unwrap().ends_with("/renders/{layer}/sc010.####"));
    let together = Maya::validate(&show.job(OUT, json!({ "layer_mode": "together" }))).unwrap();
    assert!(together.layers.is_empty());
    assert_eq!(together.options["layers_together"], json!(["chars", "env"]));
    let named = layers(show.job(OUT, json!({})), &["rs_off"]);
    assert_eq!(Maya::validate(&named).unwrap().layers, ["off"]);
    let master = layers(show.job(OUT, json!({})), &["masterLayer"]);
    assert_eq!(Maya::validate(&master).unwrap().layers, ["defaultRenderLayer"]);
}

#[test]
fn a_binary_scene_is_left_to_maya() {
    let show = Show::new(PLAIN);
    let job = Job { scene: "/show/scenes/a.mb".into(), ..show.job(OUT, json!({})) };
    let prepared = Maya::validate(&job).unwrap();
    assert_eq!(prepared.options["layer_mode"], "together");
    assert_eq!(prepared.licences, ["maya"]);
    assert!(prepared.notes[0].contains("cannot be looked into"));
    check(&Job { frames: FrameRuns::default(), ..job.clone() }, "/frames", "known only to Maya");
    check(&layers(Job { output: None, ..job }, &["a", "b"]), "/output", "{layer}");
}

#[test]
fn outputs_become_explicit() {
    let show = Show::new(PLAIN);
    let root = show.root().to_str().unwrap();
    for (given, raw_options, expected) in [
        ("/out/a.####.png", json!({}), "/out/a.####.png".to_owned()),
        ("/out/a_####", json!({}), "/out/a_####.exr".to_owned()),
        ("/out/a_{frame:6}", json!({ "format": "jpg" }), "/out/a_######.jpg".to_owned()),
        ("/out/", json!({}), "/out/sc010.####.exr".to_owned()),
        ("/out/", json!({ "padding": 6, "format": "png" }), "/out/sc010.######.png".to_owned()),
        ("a.####.exr", json!({}), format!("{root}/renders/a.####.exr")),
        ("C:\\out\\a.####.exr", json!({}), "C:\\out\\a.####.exr".to_owned()),
    ] {
        let prepared = Maya::validate(&show.job(Some(given), raw_options)).unwrap();
        assert_eq!(prepared.output, Some(expected), "{given}");
    }
    let still = Job { frames: run(7, 7, 1), ..show.job(Some("/out/still.exr"), json!({})) };
    assert_eq!(Maya::validate(&still).unwrap().output.as_deref(), Some("/out/still.exr"));
}

#[test]
fn every_mistake_has_its_place_and_its_remedy() {
    let show = Show::new(PLAIN);
    let job = |output, raw_options| show.job(output, raw_options);
    check(&job(OUT, json!({ "renderer": "mentalRay" })), "/options/renderer", "ended with Maya 2016");
    check(&job(OUT, json!({ "renderer": "octanerender" })), "/options/renderer", "Octane");
    check(&job(OUT, json!({ "renderer": "indigo" })), "/options/renderer", "`indigo` is no renderer");
    check(&job(OUT, json!({ "renderer": "sw" })), "/options/renderer", "is called `software`");
    check(&job(OUT, json!({ "sample": 4 })), "/options/sample", "unknown field");
    check(&job(OUT, json!({ "camera": "cam2" })), "/options/camera", "it has: shotCam, top");
    check(&job(OUT, json!({ "device": "gpu", "renderer": "software" })), "/options/device", "CPU");
    check(&job(OUT, json!({ "device": "cpu", "renderer": "redshift" })), "/options/device", "GPU");
    check(
        &job(OUT, json!({ "gpu_selection": "flags", "renderer": "vray" })),
        "/options/gpu_selection",
        "Arnold",
    );
    check(
        &job(OUT, json!({ "attributes": { "hero": 1 } })),
        "/options/attributes/hero",
        "`keyShape.intensity`",
    );
    check(&job(OUT, json!({ "project": "/nothing/here" })), "/options/project", "no directory");
    check(&job(OUT, json!({ "project": show.scene })), "/options/project", "is a file");
    check(&layers(job(OUT, json!({})), &["chars"]), "/layers/0", "it has: defaultRenderLayer");
    check(&layers(job(OUT, json!({})), &["a", "a"]), "/layers/1", "twice");
    check(&layers(job(OUT, json!({})), &["a/b", "a:b"]), "/layers/1", "two jobs");
    check(&job(Some("/out/a.exr"), json!({})), "/output", "`/out/a.####.exr`");
    check(&job(Some("  "), json!({})), "/output", "empty");
    check(&job(Some("~/a.####"), json!({})), "/output", "whole path");
    check(&job(Some("/out/<Scene>.####"), json!({})), "/output", "`{layer}`");
    check(&job(Some("/out/{shot}.####"), json!({})), "/output", "column 6");
    check(&job(Some("/out/a.####.iff"), json!({})), "/output", "`.iff` files");
    check(&job(OUT, json!({ "format": "png" })), "/options/format", "change one");
    check(&job(OUT, json!({ "padding": 6 })), "/options/padding", "4 digits");
    let skip = Job { skip_existing: true, ..job(OUT, json!({ "layer_mode": "together" })) };
    check(&skip, "/skip_existing", "together");
    let missing = Job { scene: format!("{}/none.ma", show.root().display()), ..job(OUT, json!({})) };
    check(&missing, "/scene", "cannot be read");
}

#[test]
fn scenes_that_cannot_be_rendered_as_they_are() {
    let problem = |scene: &str, output: Option<&str>, field: &str, part: &str| {
        check(&Show::new(scene).job(output, json!({})), field, part);
    };
    problem(&PLAIN.replace("\"arnold\"", "\"mentalRay\""), OUT, "/options/renderer", "mental ray ended");
    problem(&PLAIN.replace("\".rnd\" no", "\".rnd\" yes"), OUT, "/options/camera", "shotCam, top");
    problem(
        &PLAIN.replace("shotCamShape\"", "x\" -s").replace("createNode camera -n", "createNode x -n"),
        OUT,
        "/options/camera",
        "no renderable camera",
    );
    problem(LAYERS, OUT, "/output", "`/out/{layer}/a.####.exr`");
    problem(
        &format!("{LAYERS}createNode renderLayer -n \"old\";"),
        OUT,
        "/layers",
        "legacy render layers (old)",
    );
    problem(
        &LAYERS.replace(
            "defaultRenderGlobals;",
            "defaultRenderGlobals;\n\tsetAttr \".ifp\" -type \"string\" \"<Camera>\";",
        ),
        None,
        "/output",
        "tell the layers apart",
    );
    let dark = "createNode renderLayer -n \"defaultRenderLayer\";\n\tsetAttr \".rndr\" no;\n";
    let show = Show::new(LAYERS);
    check(&show.job(OUT, json!({ "layer_system": "legacy" })), "/options/layer_system", "are render-setup");
    problem(dark, OUT, "/layers", "no renderable layer");
    let half = PLAIN.replace("\".bfs\" 3", "\".bfs\" 0.5");
    let job = Job { frames: FrameRuns::default(), ..Show::new(&half).job(OUT, json!({})) };
    assert_eq!(job.frames.len(), 0);
    let show = Show::new(&half);
    check(&Job { frames: FrameRuns::default(), ..show.job(OUT, json!({})) }, "/frames", "whole frames");
    let show = Show::new("createNode camera -n \"cShape\" -p \"c\";\n");
    check(&Job { frames: FrameRuns::default(), ..show.job(OUT, json!({})) }, "/frames", "says no range");
}

#[test]
fn cameras_are_told_apart_by_the_scenes_own_names() {
    let two = PLAIN
        .replace("\".rnd\" no", "\".rnd\" yes")
        .replace("\".fs\" 1;", "\".fs\" 1;\n\tsetAttr \".ifp\" -type \"string\" \"<Scene>/<Camera>\";");
    let show = Show::new(&two);
    let prepared = Maya::validate(&show.job(None, json!({}))).unwrap();
    assert_eq!(prepared.output, None);
    assert!(prepared.options["images"].as_str().unwrap().ends_with("/renders"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let show = Show::new(PLAIN);
    let job = layers(show.job(Some("/out/a.png"), json!({ "format": "exr", "camera": "x" })), &["fg"]);
    let fields: Vec<_> = Maya::validate(&job).unwrap_err().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["/layers/0", "/options/camera", "/output", "/options/format"]);
}

#[test]
fn limits_of_the_lower_levels_are_said_before() {
    let show = Show::new(PLAIN);
    let mut job = show.job(OUT, json!({ "attributes": { "a.b": 1 } }));
    job.hook_scripts = vec![hook("publish", Moment::AfterFrame, OnFailure::Fail)];
    let notes = Maya::validate(&job).unwrap().notes.join("\n");
    assert!(notes.contains("level script only") && notes.contains("Level minimal"), "{notes}");
}

#[test]
fn a_task_needs_the_gpu_of_its_renderer_at_every_level() {
    let (must, may, none) = (Needs::gpus(1), Needs::gpus(1).or_none(), Needs::default());
    for (options, expected) in [
        (json!({ "renderer": "redshift" }), &must),
        (json!({ "renderer": "arnold" }), &none),
        (json!({ "renderer": "arnold", "device": "cpu" }), &none),
        (json!({ "renderer": "arnold", "device": "gpu" }), &must),
        (json!({ "renderer": "vray", "device": "gpu" }), &must),
        (json!({ "renderer": "vray" }), &none),
        (json!({ "renderer": "hardware2" }), &none),
        (json!({ "renderer": "software" }), &none),
        (json!({ "renderer": "renderman" }), &none),
        // A binary scene keeps its renderer to itself.
        (json!({}), &may),
        (json!({ "device": "gpu" }), &must),
        (json!({ "device": "cpu" }), &none),
    ] {
        let job = Job { raw_options: options.as_object().unwrap().clone(), ..Job::default() };
        for level in 0..3 {
            assert_eq!(Maya::needs(&job, level).unwrap(), *expected, "{options}");
        }
    }
}
