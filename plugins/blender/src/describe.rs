//! What the plugin says of itself: programs, levels, and the schema of its options, from which the page draws its
//! form.

use crate::options::LEVELS;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

/// The id of the one tool.
pub const TOOL: &str = "blender";

/// The plugin's descriptor.
#[must_use]
pub fn descriptor() -> Descriptor {
    let levels: [Level; LEVELS] = [
        Level::new("render", "As the job and the scene ask.", &[TOOL], FrameShape::Any),
        Level::new(
            "safe",
            "On the CPU (unless the job forbids it), without denoiser and persistent data.",
            &[TOOL],
            FrameShape::Any,
        ),
        Level::new(
            "minimal",
            "As `safe`, with factory settings and without the user's add-ons.",
            &[TOOL],
            FrameShape::Any,
        ),
    ];
    Descriptor {
        name: "blender".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        summary: "Renders .blend files with Blender: Cycles, EEVEE and Workbench.".into(),
        extensions: vec!["blend".into()],
        supports: ">=2.80".into(),
        tools: vec![
            ToolSpec::named(TOOL, &["blender"])
                .globs(&[
                    "/usr/bin/blender",
                    "/usr/local/bin/blender",
                    "/usr/local/Blender/blender",
                    "/usr/local/blender*/blender",
                    "/opt/blender*/blender",
                    "/opt/blender/*/blender",
                    "/snap/bin/blender",
                    "/Applications/Blender*.app/Contents/MacOS/Blender",
                    "C:/Program Files/Blender Foundation/Blender*/blender.exe",
                ])
                .version_args(&["--version"]),
        ],
        levels: levels.into(),
        options_schema: schema(),
    }
}

fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "scene": {
                "title": "Scene",
                "description": "Which scene of the file. Without it, the one that the file was saved with.",
                "type": "string", "minLength": 1,
            },
            "camera": {
                "title": "Camera",
                "description": "Which camera; cameras bound to timeline markers are ignored then. Without it, the \
                                scene's own.",
                "type": "string", "minLength": 1,
            },
            "engine": {
                "title": "Engine",
                "description": "Without it, the scene's own. EEVEE goes by either name in every version.",
                "enum": ["CYCLES", "BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH"],
            },
            "samples": {
                "title": "Samples",
                "description": "Samples a pixel, in Cycles and EEVEE. Without it, the scene's own.",
                "type": "integer", "minimum": 1, "maximum": 16_777_216,
            },
            "resolution": {
                "title": "Resolution",
                "description": "Width and height in pixels; sets the percentage to 100 unless that is given too.",
                "type": "array", "items": { "type": "integer", "minimum": 4, "maximum": 65536 },
                "minItems": 2, "maxItems": 2,
            },
            "percentage": {
                "title": "Percentage",
                "description": "Scales the resolution: 50 for a quick look.",
                "type": "integer", "minimum": 1, "maximum": 32767,
            },
            "format": {
                "title": "Format",
                "description": "File format. Without it, what the output's extension says, or the scene's own. \
                                FFMPEG makes one movie in one process; images are safer.",
                "enum": ["PNG", "JPEG", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "TIFF", "TARGA", "BMP", "WEBP", "HDR",
                         "DPX", "JPEG2000", "FFMPEG"],
            },
            "device": {
                "title": "Device",
                "description": "What Cycles computes on. AUTO is what the scene says: the CPU, or the GPU that the \
                                task is given. CUDA and OPTIX need an NVIDIA GPU, one for each task.",
                "enum": ["AUTO", "CPU", "CUDA", "OPTIX", "HIP", "ONEAPI", "METAL"],
                "default": "AUTO",
            },
            "allow_cpu": {
                "title": "Allow the CPU",
                "description": "Whether the CPU may stand in where this node has no GPU for renders, or the GPU \
                                fails. Without it, a task waits for its GPU, and the job fails where that cannot do it.",
                "type": "boolean", "default": true,
            },
            "denoise": {
                "title": "Denoise",
                "description": "Cycles' denoiser on or off. Without it, the scene's own setting; off at the levels \
                                `safe` and `minimal`.",
                "type": "boolean",
            },
            "persistent_data": {
                "title": "Persistent data",
                "description": "Keeps Cycles' data in memory from frame to frame: faster, and needs more memory. \
                                Off at the levels `safe` and `minimal`.",
                "type": "boolean", "default": true,
            },
            "addons": {
                "title": "Add-ons",
                "description": "Modules of add-ons to switch on for this render.",
                "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9_.]+$" }, "default": [],
            },
            "python": {
                "title": "Python script",
                "description": "A script on the node that runs after the file is loaded and before farmhand's own \
                                settings. The job fails where it raises.",
                "type": "string", "format": "path", "minLength": 1,
            },
            "python_expr": {
                "title": "Python expression",
                "description": "A line of Python that runs after the script.",
                "type": "string", "minLength": 1,
            },
            "autoexec": {
                "title": "Run the file's scripts",
                "description": "Lets drivers and scripts inside the file run. They are code: only for files that \
                                you trust.",
                "type": "boolean", "default": false,
            },
            "missing_libraries": {
                "title": "Missing libraries",
                "description": "When a linked .blend is not there, its objects are missing from the image: fail, or \
                                only warn.",
                "enum": ["fail", "warn"], "default": "fail",
            },
            "missing_images": {
                "title": "Missing images",
                "description": "When a texture is not there, Blender paints it pink: fail, or only warn.",
                "enum": ["fail", "warn"], "default": "warn",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn schema_and_type_say_the_same() {
        let sample = |name: &str| (name == "resolution").then(|| json!([64, 48]));
        farmhand_sdk::testing::check_options::<Options>(&schema(), sample).unwrap();
    }
}
