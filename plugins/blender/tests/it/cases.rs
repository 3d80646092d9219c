//! The attempts that are recorded: what is asked for, and how Blender ended. Their logs and what is expected of them
//! lie beside each other in `tests/logs`.

use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

/// Stands in recorded logs for the directory that they were made in.
pub const FARM: &str = "/farm";

/// One recorded attempt.
pub struct Case {
    /// The log's file name without extension.
    pub name: &'static str,
    /// The scene, in the farm's directory.
    pub scene: &'static str,
    /// The output, in the farm's directory.
    pub output: Option<&'static str>,
    pub layer: Option<&'static str>,
    pub options: Value,
    pub frames: Vec<i32>,
    pub level: u32,
    /// How Blender ended.
    pub exit: i32,
}

fn case(name: &'static str, scene: &'static str, options: Value, exit: i32) -> Case {
    Case {
        name,
        scene,
        output: Some("out/shot_####.png"),
        layer: None,
        options,
        frames: vec![1],
        level: 0,
        exit,
    }
}

/// What Blender 3.4.1 (Debian's, without OpenImageDenoise) is asked for; `tests/it/real.rs` asks it again.
pub fn blender_3_4() -> Vec<Case> {
    vec![
        Case { frames: vec![1, 2, 3], ..case("success", "cube.blend", json!({}), 0) },
        Case { frames: vec![-5, -4, 3, 7], ..case("scattered-negative", "cube.blend", json!({}), 0) },
        Case { frames: vec![-3, -2, -1], ..case("run-negative", "cube.blend", json!({}), 0) },
        Case { output: None, ..case("own-output", "own-output.blend", json!({}), 0) },
        Case { output: None, ..case("no-output-set", "cube.blend", json!({}), 0) },
        Case {
            layer: Some("fg"),
            output: Some("out/{layer}/shot_####"),
            ..case("layer", "cube.blend", json!({}), 0)
        },
        Case { level: 2, ..case("minimal", "cube.blend", json!({}), 0) },
        Case { level: 1, ..case("denoiser-safe", "denoise.blend", json!({}), 0) },
        case("denoiser-missing", "denoise.blend", json!({}), 1),
        case("scene-missing", "nothing-here.blend", json!({}), 1),
        case("scene-damaged", "damaged.blend", json!({}), 1),
        case("scene-foreign", "foreign.blend", json!({}), 1),
        case("camera-missing", "no-camera.blend", json!({}), 1),
        case("unknown-scene", "cube.blend", json!({ "scene": "Shot 2" }), 64),
        case("unknown-camera", "cube.blend", json!({ "camera": "Kamera" }), 64),
        Case {
            layer: Some("bg"),
            output: Some("out/{layer}_####"),
            ..case("unknown-layer", "cube.blend", json!({}), 64)
        },
        case("gpu-missing", "cube.blend", json!({ "device": "OPTIX" }), 64),
        case("gpu-missing-forbidden", "cube.blend", json!({ "device": "OPTIX", "allow_cpu": false }), 64),
        case("gpu-scene", "gpu.blend", json!({}), 0),
        case("script-raises", "cube.blend", json!({ "python": format!("{FARM}/raises.py") }), 65),
        case("expression-raises", "cube.blend", json!({ "python_expr": "1/0" }), 65),
        Case { frames: vec![1, 2], ..case("handler-raises", "side.blend", json!({ "autoexec": true }), 0) },
        case("library-missing", "linked.blend", json!({}), 64),
        case("library-missing-warn", "linked.blend", json!({ "missing_libraries": "warn" }), 0),
        case("image-missing", "textured.blend", json!({}), 0),
        case("image-missing-fail", "textured.blend", json!({ "missing_images": "fail" }), 64),
        case("stereo", "stereo.blend", json!({}), 64),
        case("movie-scene", "movie.blend", json!({}), 64),
        Case {
            frames: vec![1, 2, 3],
            output: Some("out/shot.mp4"),
            ..case("movie", "cube.blend", json!({ "format": "FFMPEG" }), 0)
        },
        Case {
            output: Some("out/shot_####.exr"),
            ..case("exr", "cube.blend", json!({ "samples": 3, "resolution": [32, 24] }), 0)
        },
        case("staging-gone", "unplug.blend", json!({ "autoexec": true }), 1),
    ]
}

/// What cannot be asked again on every machine: a full disk, other Blenders (as Python modules, which have no
/// command line of their own), a machine without any display.
pub fn elsewhere() -> Vec<Case> {
    vec![
        Case { output: Some("out/shot_####.exr"), ..case("disk-full-exr", "cube.blend", json!({}), 0) },
        case("disk-full-png", "cube.blend", json!({}), 0),
        Case { frames: vec![1, 2], ..case("4.2-success", "cube.blend", json!({}), 0) },
        Case { frames: vec![1, 2], ..case("5.0-success", "cube.blend", json!({}), 0) },
        case("4.2-library-missing", "linked.blend", json!({ "missing_libraries": "warn" }), 0),
        case("5.0-library-missing", "linked.blend", json!({ "missing_libraries": "warn" }), 0),
        case("5.0-camera-missing", "no-camera.blend", json!({}), 1),
        case("5.0-scene-missing", "nothing-here.blend", json!({}), 1),
    ]
}

impl Case {
    /// The task, in a farm's directory.
    pub fn task(&self, farm: &str) -> Task {
        let options = self.options.to_string().replace(FARM, farm);
        let frames: FrameRuns = self.frames.iter().copied().collect();
        let job = Job {
            id: 1,
            name: self.name.into(),
            scene: format!("{farm}/{}", self.scene),
            output: self.output.map(|output| format!("{farm}/{output}")),
            layers: self.layer.map(str::to_owned).into_iter().collect(),
            frames: frames.clone(),
            raw_options: serde_json::from_str(&options).unwrap(),
            skip_existing: false,
        };
        Task {
            job,
            attempt: 1,
            frames,
            layer: self.layer.map(str::to_owned),
            level: self.level,
            try_number: 1,
            threads: 1,
            scratch: format!("{farm}/scratch/{}", self.name),
            staging: format!("{farm}/staging/{}", self.name),
            ..Task::default()
        }
    }
}
