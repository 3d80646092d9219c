//! What the plugin says of itself: programs, levels, and the schema of its options, from which the page draws its
//! form and `docs/maya.md` its table.

use crate::options::LEVELS;
use crate::renderer::Renderer;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

/// The id of Maya's Python.
pub const MAYAPY: &str = "mayapy";
/// The id of the command-line renderer.
pub const RENDER: &str = "render";

/// The plugin's descriptor.
#[must_use]
pub fn descriptor() -> Descriptor {
    let levels: [Level; LEVELS] = [
        Level::new(
            "script",
            "mayapy with a script of its own for each task: scene changes, hooks, any set of frames.",
            &[MAYAPY],
            FrameShape::Any,
        ),
        Level::new(
            "render",
            "Autodesk's Render, with the renderer's own flags.",
            &[RENDER],
            FrameShape::Stepped,
        ),
        Level::new(
            "minimal",
            "mayapy with a script that opens the scene and renders, and does nothing else.",
            &[MAYAPY],
            FrameShape::Any,
        ),
    ];
    Descriptor {
        name: "maya".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        summary: "Renders .ma and .mb scenes with Maya: Software, Hardware 2.0, Arnold, V-Ray, Redshift, RenderMan."
            .into(),
        extensions: vec!["ma".into(), "mb".into()],
        supports: ">=2022, <2028".into(),
        tools: vec![tool(MAYAPY, "mayapy"), tool(RENDER, "Render")],
        levels: levels.into(),
        options_schema: schema(),
    }
}

/// Asking Maya for its version may take a licence and takes its time: it is read from the path.
fn tool(id: &str, program: &str) -> ToolSpec {
    let globs = [
        format!("/usr/autodesk/maya20*/bin/{program}"),
        format!("/usr/autodesk/mayaIO20*/bin/{program}"),
        format!("/opt/autodesk/maya20*/bin/{program}"),
        format!("/Applications/Autodesk/maya20*/Maya.app/Contents/bin/{program}"),
        format!("C:/Program Files/Autodesk/Maya20*/bin/{program}.exe"),
    ];
    ToolSpec::named(id, &[program]).globs(&globs.each_ref().map(String::as_str))
}

fn schema() -> Value {
    let renderers = Renderer::ALL.map(Renderer::name);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "renderer": {
                "title": "Renderer",
                "description": "Without it, the scene's own, which is read from a Maya ASCII scene.",
                "enum": renderers,
            },
            "camera": {
                "title": "Camera",
                "description": "Which camera, by the name of its transform or its shape. Without it, the scene's \
                                renderable one.",
                "type": "string", "minLength": 1,
            },
            "project": {
                "title": "Project",
                "description": "The project directory, which is where relative paths start. Without it, the nearest \
                                directory above the scene that holds a workspace.mel.",
                "type": "string", "minLength": 1, "format": "path",
            },
            "images": {
                "title": "Images directory",
                "description": "Where images go when the job names no output: absolute, or inside the project. \
                                Without it, the project's images directory.",
                "type": "string", "minLength": 1, "format": "path",
            },
            "resolution": {
                "title": "Resolution",
                "description": "Width and height in pixels. Without it, the scene's own.",
                "type": "array", "items": { "type": "integer", "minimum": 2, "maximum": 65536 },
                "minItems": 2, "maxItems": 2,
            },
            "percent": {
                "title": "Percent",
                "description": "Scales the resolution: 50 for a quick look.",
                "type": "integer", "minimum": 1, "maximum": 400,
            },
            "format": {
                "title": "Format",
                "description": "File format. Without it, what the output's extension says, or the scene's own.",
                "enum": ["exr", "png", "jpg", "tif"],
            },
            "padding": {
                "title": "Padding",
                "description": "Digits of the frame number where the output does not say it with `####`.",
                "type": "integer", "minimum": 1, "maximum": 10,
            },
            "layer_mode": {
                "title": "Layers",
                "description": "Whether each layer is a task of its own (`separate`), or one process renders all of \
                                them frame by frame (`together`), which loads the scene once.",
                "enum": ["separate", "together"], "default": "separate",
            },
            "layers_together": {
                "title": "Layers rendered together",
                "description": "Filled in from the job's layers where the mode is `together`; empty means all \
                                renderable ones.",
                "type": "array", "items": { "type": "string", "minLength": 1 }, "default": [],
            },
            "layer_system": {
                "title": "Layer system",
                "description": "Which of Maya's two kinds of layers the scene has. It is read from a Maya ASCII \
                                scene; a binary one is taken to use render setup.",
                "enum": ["render-setup", "legacy"],
            },
            "include_all_lights": {
                "title": "Include all lights",
                "description": "The setting of render setup that the artist works with. Without it, the node's own.",
                "type": "boolean",
            },
            "attributes": {
                "title": "Attributes",
                "description": "Attributes to set once the scene is open, such as `{\"key.intensity\": 2}`: a number, \
                                true or false, a text, or a list of numbers.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [
                        { "type": "number" },
                        { "type": "boolean" },
                        { "type": "string" },
                        { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 16 },
                    ],
                },
                "default": {},
            },
            "pre_render_mel": {
                "title": "MEL before",
                "description": "MEL that runs after the attributes are set and before the first frame. Where it \
                                fails, so does the job.",
                "type": "string", "minLength": 1, "contentMediaType": "text/x-mel",
            },
            "pre_render_python": {
                "title": "Python before",
                "description": "Python that runs after that MEL.",
                "type": "string", "minLength": 1, "contentMediaType": "text/x-python",
            },
            "post_render_mel": {
                "title": "MEL after",
                "description": "MEL that runs after the last frame.",
                "type": "string", "minLength": 1, "contentMediaType": "text/x-mel",
            },
            "post_render_python": {
                "title": "Python after",
                "description": "Python that runs after that MEL.",
                "type": "string", "minLength": 1, "contentMediaType": "text/x-python",
            },
            "device": {
                "title": "Device",
                "description": "What Arnold and V-Ray compute on; `gpu` needs an NVIDIA GPU for each task, and with \
                                `scene` a task is given none. Redshift always needs one, Hardware 2.0 uses the display's, \
                                Software and RenderMan the CPU.",
                "enum": ["scene", "cpu", "gpu"], "default": "scene",
            },
            "gpu_selection": {
                "title": "GPU selection",
                "description": "How the renderer is kept to the GPUs that the task has leased: `visible-devices` \
                                shows it no others, `flags` names them on its own flags besides (Redshift: any; Arnold: \
                                one).",
                "enum": ["visible-devices", "flags"], "default": "visible-devices",
            },
            "abort_on_licence_fail": {
                "title": "Abort without a licence",
                "description": "Whether Arnold stops where it gets no licence. Otherwise it renders with watermarks, \
                                which farmhand does not take for images.",
                "type": "boolean", "default": true,
            },
            "strict": {
                "title": "Strict error checking",
                "description": "Whether errors after which Maya goes on fail the frame. Otherwise they are warnings.",
                "type": "boolean", "default": true,
            },
            "ignore_211": {
                "title": "Ignore exit code 211",
                "description": "Whether Maya's exit code 211 (the scene was not read properly) says nothing about \
                                the scene: some scenes give it although all is well.",
                "type": "boolean", "default": false,
            },
            "scene_copy": {
                "title": "Scene copy",
                "description": "When the scene is saved as it is rendered, in `.farmhand/scenes` beside it, for \
                                debugging. The newest five are kept.",
                "enum": ["changed", "always", "never"], "default": "changed",
            },
            "verbosity": {
                "title": "Verbosity",
                "description": "How much the renderer prints.",
                "enum": ["info", "debug"], "default": "info",
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
