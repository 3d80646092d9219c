//! What the plugin says of itself: programs, levels, and the schema of its options, from which the page draws its
//! form.

use crate::options::{LEVELS, Level as Way};
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

/// The id of the one tool.
pub const TOOL: &str = "nuke";

/// Foundry's installers name the program after its version; `nuke` is what most studios call their link to it.
const NAMES: [&str; 13] = [
    "nuke", "Nuke", "Nuke17.0", "Nuke16.1", "Nuke16.0", "Nuke15.2", "Nuke15.1", "Nuke15.0", "Nuke14.1",
    "Nuke14.0", "Nuke13.2", "Nuke13.1", "Nuke13.0",
];

/// The plugin's descriptor.
#[must_use]
pub fn descriptor() -> Descriptor {
    let level = |way: Way, summary, frames| Level::new(way.name(), summary, &[TOOL], frames);
    let levels: [Level; LEVELS] = [
        level(
            Way::Script,
            "A generated Python script, run by `nuke -t`: checks the Write node, renders into the attempt's own \
             directory, runs the frame hooks, and verifies each image.",
            FrameShape::Any,
        ),
        level(
            Way::Execute,
            "Nuke's own `nuke -x -X Write -F frames`, which writes where the Write node says.",
            FrameShape::Any,
        ),
        level(
            Way::Safe,
            "As `execute`, one frame a process, on the CPU, ending at the first error, without the crash prompt.",
            FrameShape::Single,
        ),
    ];
    Descriptor {
        name: "nuke".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        summary: "Renders the Write nodes of Nuke scripts.".into(),
        // `.nknc` is encrypted, and only Nuke Non-commercial opens it, which renders for nobody else.
        extensions: vec!["nk".into()],
        // The generated script is for Python 3.7, which came with 13.
        supports: ">=13".into(),
        tools: vec![
            ToolSpec::named(TOOL, &NAMES)
                .globs(&[
                    "/usr/local/Nuke[0-9]*v*/Nuke[0-9]*.[0-9]",
                    "/opt/Nuke[0-9]*v*/Nuke[0-9]*.[0-9]",
                    "/opt/foundry/Nuke[0-9]*v*/Nuke[0-9]*.[0-9]",
                    "~/Nuke[0-9]*v*/Nuke[0-9]*.[0-9]",
                    "/Applications/Nuke[0-9]*v*/Nuke[0-9]*v*.app/Contents/MacOS/Nuke[0-9]*.[0-9]*",
                    "C:/Program Files/Nuke[0-9]*v*/Nuke[0-9]*.[0-9].exe",
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
            "views": {
                "title": "Views",
                "description": "Which of the script's views to render. Without it, all of them.",
                "type": "array", "items": { "type": "string", "minLength": 1 }, "default": [],
            },
            "size": {
                "title": "Size",
                "description": "Full size or proxy. Without it, as the script was saved.",
                "enum": ["full", "proxy"],
            },
            "argv": {
                "title": "Values for [argv]",
                "description": "What `[argv 0]`, `[argv 1]` and so on become in the script's file names. Nuke takes \
                                a value that begins with a digit for a frame range, so none may. `{staging}` in a \
                                value is the attempt's own directory.",
                "type": "array", "items": { "type": "string", "minLength": 1 }, "default": [],
            },
            "continue_on_error": {
                "title": "Go on after an error",
                "description": "A frame that fails does not end its process: the next frame is rendered. At the level \
                                `safe` a process renders one frame.",
                "type": "boolean", "default": true,
            },
            "render_order": {
                "title": "Obey the render order",
                "description": "Gives Nuke `--sro`, for Read nodes that read what another Write node wrote. Each Write \
                                node is a task of its own all the same: one that needs another's images belongs into a \
                                job that comes after.",
                "type": "boolean", "default": false,
            },
            "nukex": {
                "title": "NukeX",
                "description": "Starts Nuke as NukeX, which scripts with NukeX nodes need.",
                "type": "boolean", "default": false,
            },
            "licence": {
                "title": "Licence",
                "description": "Takes a render licence (`nuke_r`) or an interactive one (`nuke_i`).",
                "enum": ["render", "interactive"], "default": "render",
            },
            "gpu": {
                "title": "Use the GPU",
                "description": "Renders on an NVIDIA GPU, one for each task, and on the CPU where this node has none \
                                for renders. The level `safe` uses none.",
                "type": "boolean", "default": false,
            },
            "cache_memory": {
                "title": "Cache memory",
                "description": "How much memory Nuke's cache may take, such as `8G`; it cannot raise what Nuke's \
                                preferences say.",
                "type": "string", "pattern": "^[1-9][0-9]*[kMG]?$",
            },
            "verbosity": {
                "title": "Verbosity",
                "description": "How much Nuke prints; 2 names each plug-in that it loads.",
                "enum": [0, 1, 2],
            },
            "script_place": {
                "title": "Generated scripts",
                "description": "Where the generated scripts lie: in `py/` beside the Nuke script, or in the attempt's \
                                own directory, for scripts in a place where nobody may write.",
                "enum": ["beside", "scratch"], "default": "beside",
            },
            "make_directories": {
                "title": "Make directories",
                "description": "Makes the directories that the images go to.",
                "type": "boolean", "default": true,
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
        let sample = |name: &str| (name == "cache_memory").then(|| json!("8G"));
        farmhand_sdk::testing::check_options::<Options>(&schema(), sample).unwrap();
    }

    #[test]
    fn levels_are_named_in_their_order() {
        for (index, level) in descriptor().levels.iter().enumerate() {
            let task = Task { level: index as u32, ..Task::default() };
            assert_eq!(Way::of(&task).name(), level.name);
        }
    }
}
