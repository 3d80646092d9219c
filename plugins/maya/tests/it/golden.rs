//! Commands as text that a TD can read: `tests/golden/*.txt`. `FARMHAND_ACCEPT=1` writes them anew; read the difference
//! before you commit it.

use crate::tasks::{MINIMAL, RENDER, SCRIPT, gpus, hook, task};
use farmhand_maya::Maya;
use farmhand_sdk::prelude::*;
use farmhand_sdk::testing::check_golden;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// A command as text. A generated script is shown by the job that it holds: the rest of it is the same for all.
fn written(task: &Task) -> String {
    let command = match Maya::build_command(task) {
        Ok(command) => command,
        Err(error) => return format!("refused: {}\n", error.message),
    };
    let mut text = format!("{}\n", command.tool);
    let mut args = command.args.iter().peekable();
    while let Some(arg) = args.next() {
        let is_value =
            |next: &&String| !next.starts_with('-') || next[1..].starts_with(|c: char| c.is_ascii_digit());
        match args.next_if(|next| arg.starts_with('-') && is_value(next)) {
            Some(value) => writeln!(text, "    {arg} {value}"),
            None => writeln!(text, "    {arg}"),
        }
        .unwrap();
    }
    for (name, value) in &command.env {
        writeln!(text, "env {name}={value}").unwrap();
    }
    for file in &command.files {
        writeln!(text, "file {}", file.path).unwrap();
        for line in shown(&file.contents).lines() {
            writeln!(text, "    {line}").unwrap();
        }
    }
    for output in &command.outputs {
        let Output::Image(image) = output else { panic!("Maya writes images") };
        writeln!(
            text,
            "image {} {} -> {}",
            image.frame,
            image.path,
            image.place.as_deref().unwrap_or("stays")
        )
        .unwrap();
    }
    text
}

fn shown(contents: &str) -> String {
    let Some((_, json)) = contents.split_once("json.loads(\"") else { return contents.to_owned() };
    let literal: String =
        serde_json::Deserializer::from_str(&format!("\"{json}")).into_iter().next().unwrap().unwrap();
    let job: serde_json::Map<String, Value> = serde_json::from_str(&literal).unwrap();
    let mut text: String = contents.lines().take(2).map(|line| format!("{line}\n")).collect();
    for (name, value) in &job {
        match value.as_array().filter(|pairs| name != "frames" && pairs.iter().all(Value::is_array)) {
            Some(pairs) if !pairs.is_empty() => {
                writeln!(text, "{name} =").unwrap();
                pairs.iter().for_each(|pair| writeln!(text, "    {pair}").unwrap());
            }
            _ => writeln!(text, "{name} = {value}").unwrap(),
        }
    }
    text
}

/// Command lines by the names of their files.
#[derive(Default)]
struct Texts(Vec<(String, String)>);

impl Texts {
    fn add(&mut self, name: &str, text: &str) {
        self.0.push((name.to_owned(), text.to_owned()));
    }
}

#[test]
fn every_command_line_is_as_it_was() {
    let mut texts = Texts::default();
    each_renderer_at_each_level(&mut texts);
    everything_that_a_job_can_ask_for(&mut texts);
    gpus_by_flags_and_by_variable(&mut texts);
    layers_and_the_scenes_own_output(&mut texts);
    the_script_takes_any_frames_and_hooks(&mut texts);
    what_a_level_cannot_do_is_refused(&mut texts);
    windows_paths_have_forward_slashes(&mut texts);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    if let Err(differences) = check_golden(&dir, &texts.0) {
        panic!("{differences}");
    }
}

const RENDERERS: [&str; 6] = ["software", "hardware2", "arnold", "vray", "redshift", "renderman"];

fn with_version(mut task: Task, version: &str) -> Task {
    let path = format!("/usr/autodesk/maya{version}/bin");
    let tool = |id: &str, name: &str| Tool {
        id: id.into(),
        path: format!("{path}/{name}"),
        version: Some(version.into()),
    };
    task.tools = vec![tool("mayapy", "mayapy"), tool("render", "Render")];
    task
}

/// Nothing on the command lines depends on the version, from the oldest to the newest that is supported.
fn each_renderer_at_each_level(texts: &mut Texts) {
    for renderer in RENDERERS {
        for (level, name) in [(SCRIPT, "script"), (RENDER, "render"), (MINIMAL, "minimal")] {
            let plain = task(level, json!({ "renderer": renderer }));
            let versions: Vec<String> = ["2022", "2023", "2024", "2025", "2026", "2027"]
                .map(|version| written(&with_version(plain.clone(), version)))
                .into();
            assert!(versions.iter().all(|text| *text == versions[0]), "{renderer}, {name}");
            texts.add(&format!("{name}-{renderer}"), &versions[0]);
        }
    }
}

fn everything_that_a_job_can_ask_for(texts: &mut Texts) {
    for renderer in RENDERERS {
        let mut asked = task(
            RENDER,
            json!({
                "renderer": renderer, "camera": "shotCam", "resolution": [1280, 720], "percent": 50,
                "layer_system": "render-setup", "include_all_lights": true, "verbosity": "debug",
                "attributes": { "keyShape.intensity": 2.5, "hero.visibility": true, "note.text": "a \"b\" \\c" },
                "pre_render_mel": "print \"before\\n\";", "pre_render_python": "import studio\nstudio.go('x')",
                "post_render_mel": "print \"after\\n\";", "abort_on_licence_fail": false, "strict": false,
            }),
        );
        asked.layer = Some("chars".into());
        asked.job.output = Some("/show/out/{layer}/sc010_######.png".into());
        asked.job.path_map = vec![
            PathRule { spelled: "//nas/show".into(), here: "/show".into() },
            PathRule { spelled: "P:/".into(), here: "/proj/".into() },
        ];
        asked.gpus = gpus(&[1, 2]);
        texts.add(&format!("render-{renderer}-everything"), &written(&asked));
    }
}

fn gpus_by_flags_and_by_variable(texts: &mut Texts) {
    for (name, renderer, extra) in [
        ("flags-redshift", "redshift", json!({ "gpu_selection": "flags" })),
        ("flags-arnold", "arnold", json!({ "gpu_selection": "flags", "device": "gpu" })),
        ("variable-arnold", "arnold", json!({ "device": "gpu" })),
        ("variable-vray", "vray", json!({ "device": "gpu" })),
        ("cpu-arnold", "arnold", json!({ "device": "cpu" })),
    ] {
        let mut options = extra;
        options["renderer"] = renderer.into();
        let leased = |level| Task { gpus: gpus(&[1, 2]), ..task(level, options.clone()) };
        texts.add(
            &format!("gpu-{name}"),
            &format!("{}\n{}", written(&leased(RENDER)), written(&leased(SCRIPT))),
        );
    }
}

fn layers_and_the_scenes_own_output(texts: &mut Texts) {
    let layer = |level, options: Value, layer: &str| {
        let mut task = task(level, options);
        task.job.output = Some("/show/out/{layer}/sc010.####.exr".into());
        Task { layer: Some(layer.into()), ..task }
    };
    let legacy = json!({ "renderer": "arnold", "layer_system": "legacy" });
    texts.add("layer-legacy", &written(&layer(RENDER, legacy, "chars")));
    let setup = json!({ "renderer": "arnold", "layer_system": "render-setup" });
    texts.add("layer-render-setup", &written(&layer(RENDER, setup.clone(), "chars")));
    texts.add("layer-master", &written(&layer(RENDER, setup.clone(), "defaultRenderLayer")));
    texts.add("layer-script", &written(&layer(SCRIPT, setup, "chars")));
    let together =
        json!({ "renderer": "vray", "layer_mode": "together", "layers_together": ["chars", "env"] });
    texts.add(
        "layers-together",
        &format!("{}\n{}", written(&task(RENDER, together.clone())), written(&task(SCRIPT, together))),
    );
    let own = |level, options| {
        let mut task = task(level, options);
        task.job.output = None;
        task
    };
    texts.add("own-output", &written(&own(RENDER, json!({}))));
    texts.add("own-output-script", &written(&own(SCRIPT, json!({ "layer_mode": "together" }))));
}

fn the_script_takes_any_frames_and_hooks(texts: &mut Texts) {
    let mut asked = task(SCRIPT, json!({ "renderer": "arnold" }));
    asked.frames = FrameRuns::new(vec![
        FrameRun { first: -5, last: -5, step: 1 },
        FrameRun { first: 1, last: 9, step: 4 },
    ]);
    asked.job.hook_scripts = vec![
        hook("publish", Moment::AfterFrame, OnFailure::Fail),
        hook("mount", Moment::BeforeJob, OnFailure::Fail),
    ];
    texts.add("script-any-frames", &written(&asked));
}

fn what_a_level_cannot_do_is_refused(texts: &mut Texts) {
    let hooked = |level, on_failure| {
        let mut task = task(level, json!({}));
        task.job.hook_scripts = vec![hook("publish", Moment::AfterFrame, on_failure)];
        task
    };
    let several = Task { frames: [1, 2, 5].into_iter().collect(), ..task(RENDER, json!({})) };
    let cases = [
        ("a hook at level render", hooked(RENDER, OnFailure::Hold)),
        ("a hook at level minimal", hooked(MINIMAL, OnFailure::Fail)),
        ("attributes at level minimal", task(MINIMAL, json!({ "attributes": { "a.b": 1 } }))),
        ("a script after at level minimal", task(MINIMAL, json!({ "post_render_mel": "x" }))),
        ("a camera at level minimal", task(MINIMAL, json!({ "camera": "shotCam" }))),
        ("scattered frames at level render", several),
        ("a sign that is MEL", task(RENDER, json!({ "camera": "a\"b" }))),
    ];
    let text: String = cases.iter().map(|(name, task)| format!("{name}\n{}\n", written(task))).collect();
    texts.add("refused", &text);
    // A hook that may be left out is.
    assert!(Maya::build_command(&hooked(RENDER, OnFailure::Warn)).is_ok());
}

fn windows_paths_have_forward_slashes(texts: &mut Texts) {
    let mut asked = task(RENDER, json!({ "renderer": "arnold", "project": "P:\\show\\" }));
    asked.job.scene = "P:\\show\\scenes\\sc010.ma".into();
    asked.job.output = Some("P:\\show\\out\\sc010.####.exr".into());
    asked.staging = "P:\\show\\out\\.farmhand\\7".into();
    asked.scratch = "C:\\farm\\attempts\\7\\scratch".into();
    texts.add("windows", &written(&asked));
}
