//! The command line of `Render`. Every flag becomes a line of MEL that runs after the scene is read, in the order given;
//! which flags there are, and what they mean, depends on the renderer.

use crate::mel;
use crate::names::{self, Names};
use crate::options::{Device, Format, GpuSelection, LayerMode, LayerSystem, Options, Verbosity};
use crate::renderer::{Renderer, vray_engine};
use crate::scene::MASTER;
use farmhand_sdk::prelude::*;
use serde_json::json;

/// MEL that runs before the first frame, in the scratch directory. `Render` pastes a flag's value into MEL, so that the
/// flag names this file and holds no quotes itself.
const BEFORE: &str = "farmhand_before.mel";
/// MEL that runs after the last frame.
const AFTER: &str = "farmhand_after.mel";
/// What Maya runs when it starts.
const SETUP: &str = "userSetup.mel";

/// Adds the command line, and the files that it names.
///
/// # Errors
/// The task's frames are no run with a step, or a value cannot be written on this command line.
pub fn build(
    command: Command,
    task: &Task,
    options: &Options,
    names: &Names,
) -> Result<Command, PluginError> {
    let Some(run) = task.frames.only_run() else {
        return Err(PluginError::new(
            "Render takes one run of frames with a step, and this task has several",
        ));
    };
    let renderer = options.renderer;
    let mut args = Args::default();
    args.pair("-r", renderer.map_or("file", Renderer::flag));
    if renderer == Some(Renderer::Arnold) {
        arnold(&mut args, options);
    }
    args.pair("-proj", forward(options.project.as_deref().unwrap_or_else(|| path::split(&task.job.scene).0)));
    output(&mut args, task, options, names);
    args.pair("-s", run.first.to_string());
    args.pair("-e", run.last.to_string());
    args.pair("-b", run.step.to_string());
    if let Some(camera) = &options.camera {
        args.pair("-cam", camera.as_str());
    }
    if let Some((width, height)) = options.resolution {
        args.pair("-x", width.to_string());
        args.pair("-y", height.to_string());
    }
    if let Some(percent) = options.percent {
        args.pair("-percentRes", percent.to_string());
    }
    if let Some(layers) = layers(task, options) {
        args.pair("-rl", layers);
    }
    resources(&mut args, task, options);

    let before = before(task, options, names);
    let after = code(options.post_render_mel.as_deref(), options.post_render_python.as_deref());
    let command = scripts(command, task, &mut args, &before, &after);
    args.0.push(forward(&task.job.scene));
    if let Some(bad) = args.0.iter().find(|arg| arg.contains(['"', '\n', '`'])) {
        return Err(PluginError::new(format!(
            "`{bad}` has a sign that Render would take for MEL; level script can do it"
        )));
    }
    Ok(command.args(args.0))
}

#[derive(Default)]
struct Args(Vec<String>);

impl Args {
    fn pair(&mut self, flag: &str, value: impl Into<String>) {
        self.0.extend([flag.to_owned(), value.into()]);
    }
}

fn arnold(args: &mut Args, options: &Options) {
    // `-rt` is Arnold's render type: 1 and 2 export a scene for Arnold.
    args.pair("-rt", "0");
    args.pair("-ai:lve", if options.verbosity == Verbosity::Debug { "3" } else { "2" });
    args.pair("-ai:ltc", "1");
    args.pair("-ai:alf", if options.abort_on_licence_fail { "1" } else { "0" });
    if options.strict {
        args.pair("-ai:aerr", "1");
    }
}

fn output(args: &mut Args, task: &Task, options: &Options, names: &Names) {
    let renderer = options.renderer;
    // RenderMan has its own globals for these; they are set before the first frame.
    if renderer != Some(Renderer::Renderman) {
        args.pair("-rd", forward(&task.staging));
        if let Some(stem) = names.stem() {
            args.pair("-im", image_prefix(stem, options));
        }
        if let Some(format) = names::format(options, task.job.output.as_deref()) {
            args.pair("-of", format_name(renderer, format));
        }
        if names.stem().is_some() && renderer != Some(Renderer::Vray) {
            args.pair("-fnc", "name.#.ext");
        }
    }
    if let Some(digits) = names.digits().or(options.padding.map(|digits| digits as usize)) {
        args.pair("-pad", digits.to_string());
    }
}

/// Layers that share a process need a directory each.
fn image_prefix(stem: &str, options: &Options) -> String {
    match (options.layer_mode, options.renderer) {
        (LayerMode::Separate, _) => stem.to_owned(),
        (LayerMode::Together, Some(Renderer::Vray)) => format!("<Layer>/{stem}"),
        (LayerMode::Together, _) => format!("<RenderLayer>/{stem}"),
    }
}

fn format_name(renderer: Option<Renderer>, format: Format) -> &'static str {
    match (renderer, format) {
        (Some(Renderer::Vray), Format::Jpg) => "jpg",
        (_, Format::Jpg) => "jpeg",
        (_, other) => other.name(),
    }
}

/// The names of layers' nodes; absent where the scene's own choice counts.
fn layers(task: &Task, options: &Options) -> Option<String> {
    let node = |layer: &str| match options.layer_system {
        _ if layer == MASTER || layer.starts_with("rs_") => layer.to_owned(),
        Some(LayerSystem::Legacy) => layer.to_owned(),
        _ => format!("rs_{layer}"),
    };
    if let Some(layer) = &task.layer {
        return Some(node(layer));
    }
    if options.layers_together.is_empty() {
        return None;
    }
    let nodes: Vec<String> = options.layers_together.iter().map(|layer| node(layer)).collect();
    Some(nodes.join(","))
}

/// Threads and GPUs, by the renderer's own flags. The process sees only the GPUs that it was given, counted from 0.
fn resources(args: &mut Args, task: &Task, options: &Options) {
    let threads = task.threads.max(1).to_string();
    let by_flags = options.gpu_selection == GpuSelection::Flags && !task.gpus.is_empty();
    match options.renderer {
        Some(Renderer::Software) => args.pair("-n", threads),
        Some(Renderer::Arnold) => {
            args.pair("-ai:threads", threads);
            match options.device {
                Device::Scene => {}
                Device::Cpu => args.pair("-ai:device", "0"),
                Device::Gpu => args.pair("-ai:device", "1"),
            }
            if by_flags && options.device != Device::Cpu {
                args.pair("-ai:manGpuSel", "1");
                args.pair("-ai:gpu", "0");
            }
        }
        Some(Renderer::Vray) => args.pair("-threads", threads),
        Some(Renderer::Redshift) if by_flags => {
            let indexes: Vec<String> = (0..task.gpus.len()).map(|index| index.to_string()).collect();
            args.pair("-gpu", format!("{{{}}}", indexes.join(",")));
        }
        Some(Renderer::Redshift | Renderer::Hardware2 | Renderer::Renderman) | None => {}
    }
}

/// MEL that only a script could say on another level.
fn before(task: &Task, options: &Options, names: &Names) -> Vec<String> {
    let mut lines: Vec<String> =
        options.attributes.iter().map(|(name, value)| mel::set_attribute(name, value)).collect();
    match options.renderer {
        Some(Renderer::Vray) => {
            lines.extend(
                vray_engine(options.device)
                    .map(|engine| mel::set_attribute("vraySettings.productionEngine", &json!(engine))),
            );
        }
        Some(Renderer::Renderman) => {
            lines.push(mel::set_attribute("rmanGlobals.imageOutputDir", &json!(forward(&task.staging))));
            if let Some(stem) = names.stem() {
                let digits = names.digits().unwrap_or(names::PADDING);
                let prefix = match options.layer_mode {
                    LayerMode::Separate => stem.to_owned(),
                    LayerMode::Together => format!("<layer>/{stem}"),
                };
                let name = format!("{prefix}.<f{digits}>.<ext>");
                lines.push(mel::set_attribute("rmanGlobals.imageFileFormat", &json!(name)));
            }
        }
        _ => {}
    }
    lines.extend(code(options.pre_render_mel.as_deref(), options.pre_render_python.as_deref()));
    lines
}

fn code(mel: Option<&str>, python: Option<&str>) -> Vec<String> {
    mel.map(mel::eval).into_iter().chain(python.map(mel::python)).collect()
}

/// Scripts on Maya's script path; the path is only touched where there are any, since it hides the site's own.
fn scripts(command: Command, task: &Task, args: &mut Args, before: &[String], after: &[String]) -> Command {
    let mut command = command;
    for (file, flag, lines) in [(BEFORE, "-preRender", before), (AFTER, "-postRender", after)] {
        if !lines.is_empty() {
            command = command.file(file, lines.join("\n") + "\n");
            args.pair(flag, format!("source {file}"));
        }
    }
    if !task.job.path_map.is_empty() {
        let rules = task.job.path_map.iter().map(|rule| {
            format!("dirmap -m {} {};", mel::string(&rule.spelled), mel::string(&forward(&rule.here)))
        });
        let lines: Vec<String> = std::iter::once("dirmap -en true;".to_owned()).chain(rules).collect();
        command = command.file(SETUP, lines.join("\n") + "\n");
    }
    if command.files.is_empty() { command } else { command.env("MAYA_SCRIPT_PATH", task.scratch.as_str()) }
}

/// With forward slashes, which Maya takes on every system: in MEL a backslash is an escape.
fn forward(path: &str) -> String {
    let path = path.replace('\\', "/");
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() || trimmed.ends_with(':') { path } else { trimmed.to_owned() }
}
