//! A task as a command line and a prelude. Blender executes its arguments from left to right, so their order is
//! part of their meaning: loading the file overwrites what was set before, and a frame is rendered the moment its
//! argument is reached.

use crate::describe::TOOL;
use crate::names::{self, Names};
use crate::options::{Format, Level, Options, container};
use farmhand_sdk::prelude::*;
use serde_json::json;

/// Exit code of a Blender whose prelude failed or refused the job.
pub const PRELUDE_EXIT: i32 = 64;
/// Exit code of a Blender whose job's own script raised.
pub const SCRIPT_EXIT: i32 = 65;
/// The prelude's file name in the scratch directory; tracebacks are told by it.
pub const PRELUDE_FILE: &str = "farmhand_prelude.py";

/// All arguments together stay below what Windows takes (32,767 characters), with room for the rest of the line.
const LONGEST_FRAME_LIST: usize = 24_000;

/// What to run for a task.
///
/// # Errors
/// The frames do not fit on a command line, or the job is not what `validate` made of it.
pub fn build(task: &Task) -> Result<Command, PluginError> {
    let options: Options = task.job.kept_options()?;
    let level = Level::of(task);
    let names = Names::of(task)?;
    let format = names::format(&options, task.job.output.as_deref());
    let movie = match (&names, format) {
        (Some(names), Some(Format::Ffmpeg)) => Some(movie_of(task, names)),
        _ => None,
    };

    let command = Command::new(TOOL)
        .args(["-b", if options.autoexec { "-y" } else { "-Y" }, "-noaudio"])
        .args(["-t".to_owned(), task.threads.to_string()])
        .args((level == Level::Minimal).then_some("--factory-startup"))
        .arg(&task.job.scene)
        .args(before_the_prelude(&options))
        .args(["--python-exit-code".to_owned(), PRELUDE_EXIT.to_string()])
        .args(["-P".to_owned(), path::join(&task.scratch, PRELUDE_FILE)])
        .args(frames(&task.frames)?)
        .file(PRELUDE_FILE, prelude(task, &options, names.as_ref(), movie.as_ref()))
        .outputs(outputs(task, names.as_ref(), format, movie.as_ref()));
    Ok(environment(command, level, &task.scratch))
}

/// Scene, add-ons and the job's own scripts: the prelude comes after them and has the last word on the output.
fn before_the_prelude(options: &Options) -> Vec<String> {
    let mut args = Vec::new();
    if let Some(scene) = &options.scene {
        args.extend(["-S".to_owned(), scene.clone()]);
    }
    if !options.addons.is_empty() {
        args.extend(["--addons".to_owned(), options.addons.join(",")]);
    }
    if options.python.is_some() || options.python_expr.is_some() {
        // Without it, a script that raises changes nothing: the frame is rendered, and the exit code is 0.
        args.extend(["--python-exit-code".to_owned(), SCRIPT_EXIT.to_string()]);
    }
    if let Some(script) = &options.python {
        args.extend(["-P".to_owned(), script.clone()]);
    }
    if let Some(expression) = &options.python_expr {
        args.extend(["--python-expr".to_owned(), expression.clone()]);
    }
    args
}

/// One run as `-s -e -j -a`, anything else as `-f` with a list.
fn frames(frames: &FrameRuns) -> Result<Vec<String>, PluginError> {
    if let Some(run) = frames.only_run() {
        let (first, last, step) = (run.first.to_string(), run.last.to_string(), run.step.to_string());
        return Ok(["-s", &first, "-e", &last, "-j", &step, "-a"].map(str::to_owned).into());
    }
    let list = frame_list(frames);
    if list.is_empty() {
        return Err(PluginError::new("a task without frames"));
    }
    if list.len() > LONGEST_FRAME_LIST {
        return Err(PluginError::new(format!(
            "{} scattered frames do not fit on one command line; set the job's chunk size below 4000",
            frames.len()
        )));
    }
    Ok(vec!["-f".into(), list])
}

/// `-6..-4,1,3`: Blender has no steps in lists. A negative frame counts back from one past the last frame, which
/// the prelude has set to 0, so -5 is written -6.
fn frame_list(frames: &FrameRuns) -> String {
    let written = |frame: i32| if frame < 0 { (i64::from(frame) - 1).to_string() } else { frame.to_string() };
    let mut entries = Vec::new();
    for run in frames.runs() {
        if run.step == 1 && run.len() > 1 {
            entries.push(format!("{}..{}", written(run.first), written(run.last)));
        } else {
            entries.extend(run.iter().map(written));
        }
    }
    entries.join(",")
}

fn movie_of(task: &Task, names: &Names) -> Movie {
    let extension =
        task.job.output.as_deref().and_then(|output| names::parse(output).extension).unwrap_or("mp4");
    let (path, place) = names.movie(extension);
    Movie { path, place: Some(place), frames: task.frames.clone() }
}

/// What is known before: nothing where the scene's own output or format counts.
fn outputs(task: &Task, names: Option<&Names>, format: Option<Format>, movie: Option<&Movie>) -> Vec<Output> {
    match (movie, names, format) {
        (Some(movie), ..) => vec![Output::Movie(movie.clone())],
        (None, Some(names), Some(format)) => {
            task.frames.iter().map(|frame| Output::Image(names.image(frame, format))).collect()
        }
        _ => Vec::new(),
    }
}

fn prelude(task: &Task, options: &Options, names: Option<&Names>, movie: Option<&Movie>) -> String {
    let level = Level::of(task);
    let is_first = level == Level::Render;
    let extension = task.job.output.as_deref().and_then(|output| names::parse(output).extension);
    let by_extension = extension.and_then(Format::from_extension).filter(|_| options.format.is_none());
    let job = json!({
        "scene": options.scene,
        "engine": options.engine.map(|engine| engine.names()),
        "camera": options.camera,
        "layer": task.layer,
        "resolution": options.resolution.map(|(width, height)| [width, height]),
        "percentage": options.percentage,
        "samples": options.samples,
        "persistent_data": options.persistent_data && is_first,
        "denoise": if is_first { options.denoise } else { Some(false) },
        "device": options.device_at(level).name(),
        "allow_cpu": options.allow_cpu,
        "leased_gpus": task.gpus.len(),
        "format": options.format.or(by_extension.filter(|format| *format == Format::Ffmpeg)).map(Format::name),
        // The output's extension asks for a format; the scene's own stays where it has that extension too, so that
        // a multi-layer EXR remains one.
        "format_unless": by_extension.map(|format| [format.name(), format.extensions()[0]]),
        "movie": movie.and_then(|movie| {
            let (container, codec) = container(path::stem_and_extension(&movie.path).1?)?;
            Some(json!({ "path": movie.path, "container": container, "codec": codec }))
        }),
        "staging": task.staging,
        "stage_pattern": names.map(Names::stage_pattern),
        "missing_libraries": options.missing_libraries.word(),
        "missing_images": options.missing_images.word(),
        "relative_frames": task.frames.first().is_some_and(|frame| frame < 0),
        "hooks": report::frame_hooks(&task.job),
        "refused_exit": PRELUDE_EXIT,
    });
    // A JSON text as a JSON string is a Python string literal too.
    let literal = serde_json::Value::String(job.to_string()).to_string();
    let own = include_str!("prelude.py").replace("@JOB@", &literal);
    format!("{}{own}", report::PRELUDE)
}

fn environment(command: Command, level: Level, scratch: &str) -> Command {
    // What leaks in from a shell or a virtual environment breaks Blender's own Python.
    let command = command.env("PYTHONPATH", "").env("PYTHONHOME", "");
    if level < Level::Minimal {
        return command;
    }
    // Factory settings still run the user's start-up scripts; an empty directory has none.
    ["RESOURCES", "CONFIG", "SCRIPTS", "EXTENSIONS", "DATAFILES"]
        .into_iter()
        .fold(command, |command, kind| command.env(format!("BLENDER_USER_{kind}"), scratch))
}
