//! A task as a command line. Nuke reads `<switches> <script> <argv> <ranges>`: `-F` is a switch and stands before the
//! script's name, and what begins with a digit after it is a range.

use crate::describe::TOOL;
use crate::names::{self, Names};
use crate::options::{Level, Licence, Options, Size};
use crate::scene;
use crate::script;
use farmhand_sdk::prelude::*;

/// All arguments together stay below what Windows takes (32,767 characters), with room for the rest of the line.
const LONGEST_FRAME_LIST: usize = 24_000;

/// What to run for a task. `now` is the time in seconds since 1970, which names the generated script.
///
/// # Errors
/// The level cannot do what the job asks for, or the job is not what `validate` made of it.
pub fn build(task: &Task, now: u64) -> Result<Command, PluginError> {
    let options: Options = task.job.kept_options()?;
    let write = task.layer.as_deref().ok_or_else(|| {
        PluginError::new(
            "a task without a Write node; every job that this plugin has checked names its Write nodes",
        )
    })?;
    let level = Level::of(task);
    let command = match level {
        Level::Script => {
            let file = script::file(task, &options, write, now)?;
            Command::new(TOOL)
                .args(switches(task, &options, level))
                .args(["-t".to_owned(), script::full_path(task, &file)])
                .outputs(staged(task, &options)?)
                .file(file.path, file.contents)
        }
        Level::Execute | Level::Safe => {
            refuse_frame_hooks(task, level)?;
            Command::new(TOOL)
                .args(switches(task, &options, level))
                .args(["-x", "-X", write])
                .args(limits(task, &options))
                .args(views(&options))
                .args(frames(task, level)?)
                .arg(names::slashes(&task.job.scene))
                .args(argv(task, &options))
                .outputs(in_place(task, &options, write)?)
        }
    };
    Ok(environment(command, task, &options, level))
}

/// The values for `[argv n]`, with the staging directory filled in.
pub(crate) fn argv(task: &Task, options: &Options) -> Vec<String> {
    let staging = names::slashes(&task.staging);
    options.argv.iter().map(|value| value.replace("{staging}", &staging)).collect()
}

/// Switches in the order in which farms give them, up to the one that says what to do.
fn switches(task: &Task, options: &Options, level: Level) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
    if let Some(verbosity) = options.verbosity {
        add(&["-V", &verbosity.to_string()]);
    }
    if level == Level::Safe {
        add(&["--nocrashprompt"]);
    }
    if options.nukex {
        add(&["--nukex"]);
    }
    if level == Level::Execute && options.continue_on_error {
        add(&["--cont"]);
    }
    if level != Level::Script && options.render_order {
        add(&["--sro"]);
    }
    // The generated script sets the size itself: opening the Nuke script would undo the switch.
    match options.size.filter(|_| level != Level::Script) {
        Some(Size::Full) => add(&["-f"]),
        Some(Size::Proxy) => add(&["-p"]),
        None => {}
    }
    match gpus(task, options, level) {
        0 => {}
        // The process sees only the cards that it was given, counted from 0.
        1 => add(&["--gpu", "0"]),
        _ => add(&["--multigpu"]),
    }
    if options.licence == Licence::Interactive {
        add(&["-i"]);
    }
    if let Some(pairs) = remap(&task.job.path_map) {
        add(&["--remap", &pairs]);
    }
    if level == Level::Script {
        args.extend(limits(task, options));
    }
    args
}

/// How many GPUs the process may use.
fn gpus(task: &Task, options: &Options, level: Level) -> usize {
    if options.gpu && level != Level::Safe { task.gpus.len() } else { 0 }
}

fn limits(task: &Task, options: &Options) -> Vec<String> {
    let mut args = vec!["-m".to_owned(), task.threads.max(1).to_string()];
    args.extend(options.cache_memory.iter().flat_map(|limit| ["-c".to_owned(), limit.clone()]));
    args
}

fn views(options: &Options) -> Vec<String> {
    if options.views.is_empty() { Vec::new() } else { vec!["--view".to_owned(), options.views.join(",")] }
}

/// One `-F` for each run.
fn frames(task: &Task, level: Level) -> Result<Vec<String>, PluginError> {
    if task.frames.is_empty() {
        return Err(PluginError::new("a task without frames"));
    }
    if task.frames.first() < Some(0) {
        return Err(PluginError::new(format!(
            "Nuke's -F has no documented way to say a negative frame, so level `{}` cannot render {}; the level \
             `script` can",
            level.name(),
            task.frames
        )));
    }
    let style = FrameStyle { between: " ", range: "-", step: Some("x") };
    let list = task.frames.written(style);
    let args: Vec<String> = list.split(' ').flat_map(|run| ["-F".to_owned(), run.to_owned()]).collect();
    if args.iter().map(|arg| arg.len() + 1).sum::<usize>() > LONGEST_FRAME_LIST {
        return Err(PluginError::new(format!(
            "{} scattered frames do not fit on one command line; set the job's chunk size below 2000",
            task.frames.len()
        )));
    }
    Ok(args)
}

/// Pairs for `--remap`. A path with a comma in it cannot be said there.
fn remap(rules: &[PathRule]) -> Option<String> {
    let mut pairs = Vec::new();
    for PathRule { spelled, here } in rules {
        if spelled.contains(',') || here.contains(',') {
            farmhand_sdk::warn!(
                "the path rule {spelled} -> {here} has a comma, which Nuke's --remap cannot take"
            );
            continue;
        }
        pairs.extend([names::slashes(spelled), names::slashes(here)]);
    }
    (!pairs.is_empty()).then(|| pairs.join(","))
}

/// Frame hooks run inside Nuke, by the generated script only.
fn refuse_frame_hooks(task: &Task, level: Level) -> Result<(), PluginError> {
    let needed: Vec<&str> = task
        .job
        .frame_hooks()
        .filter(|hook| hook.on_failure != OnFailure::Warn)
        .map(|hook| hook.name.as_str())
        .collect();
    if needed.is_empty() {
        return Ok(());
    }
    Err(PluginError::new(format!(
        "level `{}` cannot run the job's frame hooks ({}); only the level `script` runs them: see why it failed, or \
         let them fail with `warn`",
        level.name(),
        needed.join(", ")
    )))
}

/// The images that level 1 writes; none where only the Write node knows.
fn staged(task: &Task, options: &Options) -> Result<Vec<Output>, PluginError> {
    let Some(output) = task.job.output.as_deref() else { return Ok(Vec::new()) };
    let names = Names::new(output);
    let mut outputs = Vec::new();
    for frame in task.frames.iter() {
        for image in names::staged(task, &names, &options.views, frame)? {
            outputs.push(Output::Image(Image { frame, path: image.path, place: Some(image.place) }));
        }
    }
    Ok(outputs)
}

/// The images that Nuke writes by itself, where the script says them in plain words; the reader tells of the others.
fn in_place(task: &Task, options: &Options, write: &str) -> Result<Vec<Output>, PluginError> {
    let Some(output) = task.job.output.as_deref().map(Names::new) else { return Ok(Vec::new()) };
    let Ok(script) = scene::read(&task.job.scene) else { return Ok(Vec::new()) };
    let Some(write) = script.writes.iter().find(|one| one.name == write) else { return Ok(Vec::new()) };
    let proxy = options.is_proxy(&script);
    let own = names::own(write, proxy, &argv(task, options), &task.job);
    let Some(own) = own.filter(|own| own.has_view() == output.has_view() && own.template(None).is_ok())
    else {
        return Ok(Vec::new());
    };
    let mut outputs = Vec::new();
    for frame in task.frames.iter() {
        for view in output.views(&options.views) {
            let path = own.name(frame, None, view.as_deref())?;
            let place = output.name(frame, task.layer.as_deref(), view.as_deref())?;
            outputs.push(Output::Image(moved(frame, path, place)));
        }
    }
    Ok(outputs)
}

/// An image that goes to its place; it stays where it is already there.
pub(crate) fn moved(frame: i32, path: String, place: String) -> Image {
    let place = (place != path).then_some(place);
    Image { frame, path, place }
}

fn environment(command: Command, task: &Task, options: &Options, level: Level) -> Command {
    // A cache directory that is missing or shared makes every frame fail; this one is there, and nobody else's.
    let command = command
        .env("NUKE_TEMP_DIR", &task.scratch)
        .env("NUKE_DISK_CACHE", &task.scratch)
        .env("NUKE_CRASH_HANDLING", "0")
        .env("NUKE_NO_CRASH_PROMPT", "1");
    if level == Level::Safe {
        return command.env("CUDA_VISIBLE_DEVICES", "");
    }
    if gpus(task, options, level) == 0 {
        return command;
    }
    let name =
        |gpu: &farmhand_sdk::Gpu| if gpu.uuid.is_empty() { gpu.index.to_string() } else { gpu.uuid.clone() };
    let visible: Vec<String> = task.gpus.iter().map(name).collect();
    command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID").env("CUDA_VISIBLE_DEVICES", visible.join(","))
}
