//! A task as a process: which program, with which script or flags, and the images that are known before.

use crate::describe::{MAYAPY, RENDER};
use crate::environment;
use crate::flags;
use crate::names::{self, Names};
use crate::options::{Level, Options};
use crate::script;
use farmhand_sdk::prelude::*;

/// What to run for a task.
///
/// # Errors
/// The level cannot do what the job asks for, or the job is not what `validate` made of it.
pub fn build(task: &Task) -> Result<Command, PluginError> {
    let options: Options = task.job.kept_options()?;
    let names = Names::of(task, &options)?;
    if task.frames.is_empty() {
        return Err(PluginError::new("a task without frames"));
    }
    let level = Level::of(task);
    refuse(task, &options, level)?;
    let command = match level {
        Level::Render => flags::build(Command::new(RENDER), task, &options, &names)?,
        Level::Script | Level::Minimal => Command::new(MAYAPY)
            .arg(path::join(&task.scratch, script::FILE))
            .file(script::FILE, script::text(task, &options, &names, level)),
    };
    let command = environment::around(command, task, &options);
    Ok(command.outputs(outputs(task, &options, &names, level)))
}

/// What a level cannot do must not be left out silently: the images would be others than those asked for.
fn refuse(task: &Task, options: &Options, level: Level) -> Result<(), PluginError> {
    if level == Level::Script {
        return Ok(());
    }
    let name = if level == Level::Render { "render" } else { "minimal" };
    let must_run = task.job.frame_hooks().find(|hook| hook.on_failure != OnFailure::Warn);
    if let Some(hook) = must_run {
        return Err(PluginError::new(format!(
            "level {name} cannot run hooks around frames, and the hook {} must not be left out; only level script \
             can render this job",
            hook.name
        )));
    }
    if level == Level::Minimal {
        let asked = [
            (options.changes_scene(), "changes the scene"),
            (options.runs_after(), "runs a script after the render"),
            (options.camera.is_some(), "chooses a camera"),
            (options.percent.is_some(), "scales the resolution"),
        ];
        if let Some((_, what)) = asked.iter().find(|(asked, _)| *asked) {
            return Err(PluginError::new(format!(
                "level minimal renders a scene as it is, and this job {what}; levels script and render can do that"
            )));
        }
    }
    Ok(())
}

/// What is known before. A script gives a frame's image its expected name whatever the renderer called it. `Render` may
/// put it below a directory of the layer, and a promise that is not kept would leave the frame undone; only where
/// existing images are left alone the promise is needed, and a name without layers is as good as certain.
fn outputs(task: &Task, options: &Options, names: &Names, level: Level) -> Vec<Output> {
    if level == Level::Render && (!task.job.skip_existing || task.layer.is_some()) {
        return Vec::new();
    }
    let format = names::format(options, task.job.output.as_deref());
    task.frames.iter().filter_map(|frame| names.expected(frame, format)).map(Output::Image).collect()
}
