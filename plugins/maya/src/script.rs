//! The scripts for mayapy: the SDK's prelude, what both scripts share, and the level's own part, with the job handed in
//! as one JSON text. Nothing of a job becomes code by itself.

use crate::names::{self, Names};
use crate::options::{GpuSelection, LayerMode, Level, Options};
use crate::renderer::Renderer;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

/// The script's name in the scratch directory.
pub const FILE: &str = "farmhand_render.py";

const SHARED: &str = include_str!("maya.py");
const RENDER: &str = include_str!("render.py");
const MINIMAL: &str = include_str!("minimal.py");

/// The whole script of a task.
#[must_use]
pub fn text(task: &Task, options: &Options, names: &Names, level: Level) -> String {
    let (job, own) = match level {
        Level::Minimal => (minimal(task, options, names), MINIMAL),
        Level::Script | Level::Render => (render(task, options, names), RENDER),
    };
    // A JSON text as a JSON string is a Python string literal too.
    let literal = Value::String(job.to_string()).to_string();
    format!("{}\n{}", header(task, level), report::PRELUDE) + &SHARED.replace("@JOB@", &literal) + own
}

fn header(task: &Task, level: Level) -> String {
    let what = match level {
        Level::Minimal => "minimal",
        Level::Script | Level::Render => "script",
    };
    let layer = task.layer.as_deref().map(|layer| format!(", layer {}", one_line(layer))).unwrap_or_default();
    format!(
        "# farmhand, attempt {}, level {what}: frames {}{layer} of\n# {}\n",
        task.attempt,
        task.frames,
        one_line(&task.job.scene)
    )
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c }).collect()
}

/// What both scripts ask for.
fn shared(task: &Task, options: &Options, names: &Names) -> Value {
    let frames: Vec<Value> =
        task.frames.runs().iter().map(|run| json!([run.first, run.last, run.step])).collect();
    let path_map: Vec<Value> =
        task.job.path_map.iter().map(|rule| json!([rule.spelled, rule.here])).collect();
    json!({
        "scene": task.job.scene,
        "project": options.project,
        "images": options.images,
        "frames": frames,
        "layer": task.layer,
        "layers": options.layers_together,
        "renderer": options.renderer.map(Renderer::name),
        "staging": task.staging,
        "stem": names.stem(),
        "padding": names.digits().map(|digits| json!(digits)).unwrap_or(json!(options.padding)),
        "main_image": names.stem().is_some() && options.layer_mode == LayerMode::Separate,
        "path_map": path_map,
    })
}

fn render(task: &Task, options: &Options, names: &Names) -> Value {
    let threads = task.threads.max(1);
    let settings: serde_json::Map<String, Value> = Renderer::ALL
        .into_iter()
        .filter(|renderer| options.renderer.is_none_or(|own| own == *renderer))
        .map(|renderer| (renderer.name().to_owned(), json!(renderer.settings(options, threads))))
        .collect();
    let by_flags = options.gpu_selection == GpuSelection::Flags;
    // The process sees only the GPUs that it was given, counted from 0.
    let gpus: Vec<usize> = (0..task.gpus.len()).filter(|_| by_flags).collect();
    let format = names::format(options, task.job.output.as_deref());
    let own = json!({
        "camera": options.camera,
        "resolution": options.resolution.map(|(width, height)| [width, height]),
        "percent": options.percent,
        "format_settings": format.map(|format| json!(format.settings())),
        "attributes": options.attributes,
        "pre_render": { "mel": options.pre_render_mel, "python": options.pre_render_python },
        "post_render": { "mel": options.post_render_mel, "python": options.post_render_python },
        "settings": settings,
        "threads": threads,
        "device": options.device.name(),
        "gpu_indexes": gpus,
        "leased_gpus": task.gpus.len(),
        "hooks": report::frame_hooks(&task.job),
        "scene_copy": options.scene_copy.name(),
    });
    merged(shared(task, options, names), own)
}

fn minimal(task: &Task, options: &Options, names: &Names) -> Value {
    let mut basics: Vec<(String, Value)> = [
        ("defaultRenderGlobals.animation", json!(true)),
        ("defaultRenderGlobals.outFormatControl", json!(0)),
        ("defaultRenderGlobals.putFrameBeforeExt", json!(true)),
        ("defaultRenderGlobals.periodInExt", json!(1)),
        ("defaultRenderGlobals.byFrameStep", json!(1)),
        ("defaultRenderGlobals.skipExistingFrames", json!(false)),
        ("rmanGlobals.imageOutputDir", json!(task.staging.replace('\\', "/"))),
        ("vraySettings.animType", json!(2)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(digits) = names.digits() {
        basics.push(("defaultRenderGlobals.extensionPadding".into(), json!(digits)));
        basics.push(("vraySettings.fileNamePadding".into(), json!(digits)));
    }
    if let Some((width, height)) = options.resolution {
        for owner in ["defaultResolution", "vraySettings"] {
            basics.push((format!("{owner}.width"), json!(width)));
            basics.push((format!("{owner}.height"), json!(height)));
        }
        let ratio = f64::from(width) / f64::from(height);
        basics.push(("defaultResolution.deviceAspectRatio".into(), json!(ratio)));
    }
    if let Some(format) = names::format(options, task.job.output.as_deref()) {
        basics.extend(format.settings().map(|(name, value)| (name.to_owned(), value)));
    }
    if let Some(stem) = names.stem() {
        let (layer, vray_layer) = match options.layer_mode {
            LayerMode::Separate => ("", ""),
            LayerMode::Together => ("<RenderLayer>/", "<Layer>/"),
        };
        basics.push(("defaultRenderGlobals.imageFilePrefix".into(), json!(format!("{layer}{stem}"))));
        basics.push(("vraySettings.fileNamePrefix".into(), json!(format!("{vray_layer}{stem}"))));
        basics.push(("redshiftOptions.imageFilePrefix".into(), json!(format!("{layer}{stem}"))));
        let digits = names.digits().unwrap_or(names::PADDING);
        let name =
            format!("{}{stem}.<f{digits}>.<ext>", layer.to_lowercase().replace("renderlayer", "layer"));
        basics.push(("rmanGlobals.imageFileFormat".into(), json!(name)));
    }
    let own = json!({
        "format": names::format(options, task.job.output.as_deref()).map(|format| format.name()),
        "renderer_in_maya": options.renderer.map(Renderer::in_maya),
        "basics": basics,
    });
    merged(shared(task, options, names), own)
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}
