//! The environment of a render: no dialogs, preferences of its own, the licence's absence as an error, and the GPUs
//! that were leased and no others.

use crate::options::{Device, LayerSystem, Options};
use crate::renderer::Renderer;
use farmhand_sdk::prelude::*;
use serde_json::json;

/// Arnold's path mapping, in the scratch directory.
const ARNOLD_PATHMAP: &str = "arnold_pathmap.json";

/// Adds what the task's process must have around it.
#[must_use]
pub fn around(command: Command, task: &Task, options: &Options) -> Command {
    let mut command = command
        // A crash reporter waits for a person.
        .env("MAYA_DISABLE_CIP", "1")
        .env("MAYA_DISABLE_CER", "1")
        .env("MAYA_DISABLE_CLIC_IPM", "1")
        .env("MAYA_DEBUG_ENABLE_CRASH_REPORTING", "0")
        // Tasks that run beside each other must not share preferences, and Maya does not start without them.
        .env("MAYA_APP_DIR", path::join(&task.scratch, "maya"))
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHONUNBUFFERED", "1");
    if let Some(system) = options.layer_system {
        let legacy = system == LayerSystem::Legacy;
        command = command.env("MAYA_ENABLE_LEGACY_RENDER_LAYERS", flag(legacy));
    }
    if let Some(all) = options.include_all_lights {
        command = command.env("MAYA_RENDER_SETUP_INCLUDE_ALL_LIGHTS", flag(all));
    }
    let may_be = |renderer| options.renderer.is_none_or(|own| own == renderer);
    if may_be(Renderer::Arnold) {
        command = command
            .env("ARNOLD_FORCE_ABORT_ON_LICENSE_FAIL", flag(options.abort_on_licence_fail))
            .env("ARNOLD_CER_ENABLED", "off")
            .env("ARNOLD_ADP_DISABLE", "1")
            // Two tasks would write the same .tx beside the texture.
            .env("ARNOLD_AUTO_GENERATE_TX", "never");
        if !task.job.path_map.is_empty() {
            command = command
                .env("ARNOLD_PATHMAP", path::join(&task.scratch, ARNOLD_PATHMAP))
                .file(ARNOLD_PATHMAP, arnold_pathmap(&task.job.path_map));
        }
    }
    if may_be(Renderer::Redshift) {
        // It would hang instead.
        command = command.env("REDSHIFT_FORCEQUITONINTERNALERROR", "1");
    }
    gpus(command, task, options)
}

/// The leased GPUs by UUID, which does not depend on the order in which CUDA counts. The process numbers those that it
/// sees from 0, whichever they are, and so do the renderer's own flags.
fn gpus(command: Command, task: &Task, options: &Options) -> Command {
    if options.device == Device::Cpu {
        return command.env("CUDA_VISIBLE_DEVICES", "");
    }
    if task.gpus.is_empty() {
        return command;
    }
    let named =
        |gpu: &farmhand_sdk::Gpu| if gpu.uuid.is_empty() { gpu.index.to_string() } else { gpu.uuid.clone() };
    let visible: Vec<String> = task.gpus.iter().map(named).collect();
    command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID").env("CUDA_VISIBLE_DEVICES", visible.join(","))
}

fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

/// Arnold reads the rules of the system that it runs on, and takes what stands on the left for a regular expression.
fn arnold_pathmap(rules: &[PathRule]) -> String {
    let escaped = |text: &str| {
        let mut out = String::new();
        for c in text.chars() {
            if "\\^$.|?*+()[]{}".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        out
    };
    let rules: serde_json::Map<_, _> =
        rules.iter().map(|rule| (escaped(&rule.spelled), json!(rule.here.replace('\\', "/")))).collect();
    let all = json!({ "windows": rules, "linux": rules, "mac": rules });
    format!("{all:#}\n")
}
