//! Everything before an attempt's process starts: programs, directories, the plugin's command, what it may not do,
//! and the images that are there already.

use super::Attempt;
use super::cuda::render_env;
use super::ending::End;
use super::hooking;
use super::manifest::Manifest;
use super::reading::Followed;
use super::settling::{Claim, Settler, is_whole};
use crate::farm::parts::Parts;
use crate::farm::submit::hook_scripts;
use farmhand_model::dcc::{Cause, Command, ImageOutput, JobContext, Output, TaskContext, TextFile};
use farmhand_model::path_map::Os;
use farmhand_model::{FrameSet, JobId, JobSpec, Seconds};
use farmhand_plugin::LoadedPlugin;
use farmhand_runner::{AttemptDir, EnvSpec, Roots, ShimSpec, Staging, StagingError};
use farmhand_scheduler::{Event, StartOrder};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of one command, in bytes: below what every system takes.
const MAX_ARGUMENT_BYTES: usize = 1 << 20;

/// What `prepare` came to.
pub(super) enum Prepared {
    /// A process can be started.
    Ready(Box<Ready>),
    /// All images were there.
    NothingLeft(Box<End>),
}

/// A process that can be started.
pub(super) struct Ready {
    dir: AttemptDir,
    manifest: Manifest,
    plugin: Arc<LoadedPlugin>,
    time_limit: Option<Seconds>,
    memory_max: Option<u64>,
}

pub(super) async fn prepare(attempt: &Attempt, order: &StartOrder) -> Result<Prepared, End> {
    let frames = &order.attempt.frames;
    let plugin = attempt.parts.plugin_of(&order.job).await;
    let plugin = plugin.map_err(|error| End::plugin_failed(frames, error))?;
    let level = plugin.descriptor().levels.get(order.attempt.level as usize).ok_or_else(|| {
        End::plugin_failed(frames, format!("the plugin no longer has level {}", order.attempt.level + 1))
    })?;
    let tools = attempt
        .parts
        .level_tools(&plugin, level, order.job.dcc_version.as_ref())
        .await
        .map_err(|message| tool_missing(&plugin, order, message))?;

    let dir = AttemptDir::create(attempt.dir())
        .map_err(|error| End::node_unfit(frames, Cause::Disk, error.to_string()))?;
    let staging = match order.job.output.as_deref().map(fixed_directory) {
        Some(output) => Staging::create(&output, attempt.id)
            .map_err(|error| unfit_output(frames, &error))?
            .path()
            .to_owned(),
        None => {
            let staging = dir.path().join("staging");
            std::fs::create_dir(&staging).map_err(|error| {
                End::node_unfit(frames, Cause::Disk, format!("cannot make {}: {error}", staging.display()))
            })?;
            staging
        }
    };
    let job = job_context(&attempt.parts, order.attempt.job, &order.job)
        .map_err(|error| End::job_unfit(frames, Cause::Script, error))?;
    let mut task = TaskContext {
        job: Arc::new(job),
        attempt: attempt.id,
        frames: frames.clone(),
        layer: order.attempt.layer.clone(),
        level: order.attempt.level,
        try_number: order.attempt.try_number,
        threads: order.attempt.lease.threads,
        memory_bytes: order.attempt.lease.memory_bytes,
        gpus: order.attempt.lease.gpus.iter().map(|lease| lease.gpu.clone()).collect(),
        tools,
        scratch: dir.scratch(),
        staging,
    };
    let mut command = build(&plugin, &task, frames).await?;
    if order.job.skip_existing {
        let there = existing(&command, &attempt.parts.roots).await;
        if !there.is_empty() {
            let manifest = manifest(&plugin, task.clone(), command, attempt, order)
                .map_err(|error| End::plugin_failed(frames, error))?;
            let skipped = settle_existing(attempt, &manifest, there).await;
            if frames.is_subset(&skipped) {
                return Ok(Prepared::NothingLeft(Box::new(End::all_skipped(frames))));
            }
            task = manifest.task;
            task.frames.subtract(&skipped);
            command = build(&plugin, &task, &task.frames).await?;
        }
    }
    let files = std::mem::take(&mut command.files);
    let mut manifest = manifest(&plugin, task, command, attempt, order)
        .map_err(|error| End::plugin_failed(frames, error))?;
    for file in files {
        write_file(&manifest.task.scratch, &file, &attempt.parts.roots)
            .map_err(|error| End::plugin_failed(frames, error))?;
        if file.remove_on_success {
            manifest.remove_on_success.push(file.path);
        }
    }
    hooking::before_task(attempt, &plugin, &manifest).await?;
    attempt.driver.tell(Event::Built { attempt: attempt.id, stamp: plugin.stamp().clone() }).await;
    Ok(Prepared::Ready(Box::new(Ready {
        dir,
        manifest,
        plugin,
        time_limit: order.time_limit,
        memory_max: attempt.parts.settings.process.memory_max(order.attempt.lease.memory_bytes),
    })))
}

impl Ready {
    /// Writes down what the next daemon needs, then starts the process.
    pub(super) async fn launch(self, attempt: &Attempt) -> Result<Followed, End> {
        let frames = self.manifest.task.frames.clone();
        if let Some(by) = attempt.killed() {
            return Err(End::killed_early(by, &frames));
        }
        self.manifest.write(self.dir.path()).map_err(|error| {
            End::node_unfit(&frames, Cause::Disk, format!("cannot write its files: {error}"))
        })?;
        let process = &attempt.parts.settings.process;
        let spec = ShimSpec {
            env: EnvSpec::Inherit { remove: own_variables(), set: self.manifest.env.clone() },
            cwd: Some(self.manifest.cwd.clone()),
            log: process.log,
            time_limit: self.time_limit,
            grace: process.grace,
            nice: process.nice,
            io: process.io,
            cgroup: attempt
                .parts
                .cgroups
                .as_ref()
                .map(|cgroups| cgroups.of_attempt(attempt.id, self.memory_max)),
            ..ShimSpec::new(&self.manifest.program, &self.manifest.args)
        };
        let started = async {
            self.dir.write_command(&spec).map_err(|error| error.to_string())?;
            attempt.parts.shims.start(&self.dir).await.map_err(|error| error.to_string())
        };
        let running = started.await.map_err(|error| {
            End::try_again(&frames, Cause::Other, format!("cannot start its shim: {error}"))
        })?;
        attempt.driver.tell(Event::Running { attempt: attempt.id }).await;
        Ok((running, self.manifest, self.plugin))
    }
}

/// The daemon's own settings are none of a render's business.
pub(crate) fn own_variables() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("FARMHAND_"))
        .collect()
}

/// The job as its plugin sees it.
///
/// # Errors
/// A studio's script that it asks for is not there.
pub(in crate::farm) fn job_context(parts: &Parts, id: JobId, spec: &JobSpec) -> Result<JobContext, String> {
    Ok(JobContext {
        id,
        name: spec.name.clone(),
        scene: spec.scene.clone(),
        output: spec.output.clone(),
        layers: spec.layers.clone(),
        frames: spec.frames.clone(),
        options: spec.options.clone(),
        skip_existing: spec.skip_existing,
        hook_scripts: hook_scripts(&parts.settings.hooks, &spec.hooks).map_err(|(_, error)| error)?,
        path_map: parts.settings.path_map.here(Os::of_this_build()),
    })
}

/// The next level that the job may use may need other programs.
fn tool_missing(plugin: &LoadedPlugin, order: &StartOrder, message: String) -> End {
    let frames = &order.attempt.frames;
    let names: Vec<&String> = plugin.descriptor().levels.iter().map(|level| &level.name).collect();
    // Where the plugin has none of them any more, the job may use all, as the scheduler has it.
    let is_limited = names.iter().any(|name| order.job.levels.contains(name));
    let is_allowed = |name: &&&String| !is_limited || order.job.levels.contains(name);
    if names.iter().skip(order.attempt.level as usize + 1).any(|name| is_allowed(&name)) {
        End::level_unfit(frames, Cause::MissingFile, message)
    } else {
        End::node_unfit(frames, Cause::MissingFile, message)
    }
}

async fn build(plugin: &LoadedPlugin, task: &TaskContext, frames: &FrameSet) -> Result<Command, End> {
    plugin.build_command(task).await.map_err(|error| End::plugin_failed(frames, error.to_string()))
}

/// What a command runs, which is one of its level's tools.
pub(crate) fn program_of<'a>(task: &'a TaskContext, command: &Command) -> Result<&'a Path, String> {
    let tool = task.tools.iter().find(|tool| tool.id == command.tool);
    tool.map(|tool| tool.path.as_path()).ok_or_else(|| {
        format!("the plugin's command runs `{}`, which is none of its level's tools", command.tool)
    })
}

/// Checks everything that a broken or hostile plugin could get wrong in a command.
fn manifest(
    plugin: &LoadedPlugin,
    task: TaskContext,
    command: Command,
    attempt: &Attempt,
    order: &StartOrder,
) -> Result<Manifest, String> {
    let program = program_of(&task, &command)?.to_owned();
    let bytes: usize = command.args.iter().map(|argument| argument.len() + 1).sum();
    if bytes > MAX_ARGUMENT_BYTES {
        return Err(format!("the plugin's command line has {bytes} bytes; {MAX_ARGUMENT_BYTES} are allowed"));
    }
    if let Some(argument) = command.args.iter().find(|argument| argument.contains('\0')) {
        return Err(format!("the plugin's argument {argument:?} has a NUL byte"));
    }
    check_outputs(&command.outputs, &task.staging, &attempt.parts.roots)?;
    let need = order.job.gpu_need(&order.attempt.level_name);
    Ok(Manifest {
        plugin: plugin.stamp().clone(),
        program,
        args: command.args,
        env: render_env(command.env, &task.gpus, attempt.parts.gpus.any())?,
        cwd: command.cwd.unwrap_or_else(|| task.scratch.clone()),
        outputs: command.outputs,
        verify: command.verify,
        remove_on_success: Vec::new(),
        insists_on_gpus: need.is_some_and(|need| need.required) && !order.attempt.lease.gpus.is_empty(),
        started: attempt.parts.clock.now(),
        dcc_version: order.job.dcc_version.clone(),
        task,
    })
}

/// Images lie in the attempt's own staging directory or inside the roots, and go to a place inside the roots.
fn check_outputs(outputs: &[Output], staging: &Path, roots: &Roots) -> Result<(), String> {
    if outputs.is_empty() {
        return Ok(());
    }
    let own = own_roots(staging)?;
    for output in outputs {
        let (path, place) = match output {
            Output::Image(image) => (&image.path, &image.place),
            Output::Movie(movie) => (&movie.path, &movie.place),
        };
        if own.confine(path).is_err() {
            roots.confine(path).map_err(|error| error.to_string())?;
        }
        if let Some(place) = place {
            roots.confine(place).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// In the scratch directory, which is the attempt's own; elsewhere only inside the roots, and never over a file that
/// is there.
fn write_file(scratch: &Path, file: &TextFile, roots: &Roots) -> Result<(), String> {
    let own = own_roots(scratch)?.confine(&file.path);
    let is_own = own.is_ok();
    let path = own
        .or_else(|_| roots.confine(&file.path))
        .map_err(|error| format!("the plugin writes where it may not: {error}"))?;
    let write = || -> io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(is_own).truncate(is_own).create_new(!is_own);
        options.open(&path)?.write_all(file.contents.as_bytes())
    };
    write().map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// The images that are there and whole, of those whose place is known before the DCC runs. A frame with several
/// images needs them all.
async fn existing(command: &Command, roots: &Roots) -> Vec<ImageOutput> {
    let mut there = Vec::new();
    let mut incomplete = FrameSet::new();
    for output in &command.outputs {
        let Output::Image(image) = output else { continue };
        let place: &PathBuf = image.place.as_ref().unwrap_or(&image.path);
        let whole = match roots.confine(place) {
            Ok(place) => is_whole(place).await,
            Err(_) => false,
        };
        if whole {
            there.push(image.clone());
        } else {
            incomplete.insert(image.frame);
        }
    }
    there.retain(|image| !incomplete.contains(image.frame));
    there
}

async fn settle_existing(attempt: &Attempt, manifest: &Manifest, there: Vec<ImageOutput>) -> FrameSet {
    let settler = Settler::start(attempt, manifest);
    for image in there {
        settler.claim(Claim::Existing(image)).await;
    }
    settler.finish().await.frames
}

/// A directory of the attempt's own as the only root.
fn own_roots(dir: &Path) -> Result<Roots, String> {
    Roots::new([dir.to_owned()]).map_err(|error| error.to_string())
}

/// The directory of an output, as far as it is the same for all frames and layers.
pub(crate) fn fixed_directory(output: &str) -> PathBuf {
    let varies = |path: &Path| path.to_string_lossy().contains(['{', '#', '%', '<']);
    let mut directory = Path::new(output).parent().unwrap_or(Path::new("/"));
    while let Some(parent) = directory.parent().filter(|_| varies(directory)) {
        directory = parent;
    }
    directory.to_owned()
}

fn unfit_output(frames: &FrameSet, error: &StagingError) -> End {
    if error.source.kind() == io::ErrorKind::StorageFull {
        End::node_unfit(frames, Cause::Disk, error.to_string())
    } else {
        End::job_unfit(frames, Cause::Disk, error.to_string())
    }
}
