//! From a submission to a job: everything that can be wrong with it is found here, all of it at once, before
//! anything is kept.

use super::parts::Parts;
use super::settings::HookSettings;
use super::{DigestChoice, FarmError, PinnedPlugin, PluginRequest, Submission};
use super::{licensing, needing};
use crate::scene;
use farmhand_model::dcc::{Descriptor, JobContext, Problem};
use farmhand_model::hooks::{HookPhase, HookRequest, HookScript, Moment};
use farmhand_model::job::{Chunking, JobCosts, JobHooks, PluginChoice, TimeSpent};
use farmhand_model::path_map::Os;
use farmhand_model::view::FrameCounts;
use farmhand_model::{Bytes, FrameSet, GpuNeed, JobId, JobRecord, JobSpec, JobStatus, Needs};
use farmhand_plugin::LoadedPlugin;
use semver::VersionReq;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The job that a submission makes, with `id` yet to be given, and the plugin that prepared it.
pub(super) async fn prepare(
    parts: &Parts,
    mut submission: Submission,
) -> Result<(JobRecord, Arc<LoadedPlugin>), FarmError> {
    let mut problems = Problems::default();
    let (path_map, os) = (&parts.settings.path_map, Os::of_this_build());
    submission.scene = path_map.map(&submission.scene, os);
    submission.output = submission.output.map(|output| path_map.map(&output, os));
    let scene = check_scene(parts, &submission.scene, &mut problems);
    let wanted = submission.plugin.as_ref().map(|request| parse_request(request, &mut problems));
    let dcc_version = submission.dcc_version.as_deref().and_then(|text| {
        let parsed = text.parse::<VersionReq>();
        parsed.map_err(|error| problems.add("/dcc_version", requirement_hint(text, &error))).ok()
    });
    check_numbers(&submission, &mut problems);
    check_after(parts, &submission.after, &mut problems).await?;
    let frames = frames(&submission, scene.as_deref(), &mut problems).await;
    let hook_scripts = hook_scripts(&parts.settings.hooks, &submission.hooks)
        .map_err(|(index, error)| problems.add(&format!("/hooks/{index}/name"), error));

    problems.list.extend(super::outbox::check_wishes(parts, &submission.notify, "/notify"));

    let (Some(scene), Some(frames), Ok(hook_scripts)) = (scene, frames, hook_scripts) else {
        return Err(problems.into());
    };
    let (plugin, choice) = match select(parts, &scene, wanted).await {
        Ok(selected) => selected,
        Err((field, error)) => {
            problems.add(field, error);
            return Err(problems.into());
        }
    };
    path_map.map_options(&plugin.descriptor().options_schema, &mut submission.options, os);
    problems.list.extend(plugin.check_options(&submission.options));
    let levels = levels(&submission, plugin.descriptor(), &mut problems);
    check_tools(parts, &plugin, dcc_version.as_ref(), &levels, &mut problems).await;
    if !problems.list.is_empty() {
        return Err(problems.into());
    }

    let name = submission.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| stem(&scene));
    let context = JobContext {
        id: JobId(0),
        name: name.clone(),
        scene: scene.clone(),
        output: submission.output,
        layers: submission.layers,
        frames,
        options: submission.options,
        skip_existing: submission.skip_existing,
        hook_scripts,
        path_map: path_map.here(os),
    };
    let mut prepared = match plugin.validate(&context).await {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(found)) => return Err(FarmError::Invalid(found)),
        Err(error) => {
            problems.add("/plugin", format!("the plugin could not check the job: {error}"));
            return Err(problems.into());
        }
    };
    if prepared.frames.is_empty() {
        problems
            .add("/frames", "missing, and this scene does not tell its range; write a set such as `1-100`");
    }
    check_prepared(parts, &prepared.layers, prepared.output.as_deref(), &mut problems);
    let limits = parts.settings.capacity.limits.keys();
    let licences = licensing::licences(&prepared.licences, &submission.licences, limits);
    let licences = licences.unwrap_or_else(|found| {
        problems.list.extend(found);
        Vec::new()
    });
    if !problems.list.is_empty() {
        return Err(problems.into());
    }

    let kept = JobContext {
        layers: prepared.layers.clone(),
        frames: prepared.frames.clone(),
        output: prepared.output.clone(),
        options: prepared.options.clone(),
        ..context
    };
    let said = needing::of_plugin(&plugin, &kept, &levels).await.map_err(|error| {
        problems.add("/plugin", format!("the plugin could not say what the job needs: {error}"));
        FarmError::from(std::mem::take(&mut problems))
    })?;
    let mut needs = needing::resolve(said.clone(), submission.memory, submission.gpus.as_ref());
    let (capacity, gpus) = (&parts.settings.capacity, parts.gpus.known());
    prepared.notes.extend(needing::notes(&said, &needs, plugin.descriptor(), capacity, &gpus));
    needs.retain(|level| level.needs != Needs::default());

    let layer_count = prepared.layers.len().max(1);
    let chunk = if prepared.whole { Chunking::Whole } else { submission.chunk };
    let total = prepared.frames.len() * layer_count as u64;
    let has_hooks = |moment| {
        let due = plugin.has_hooks() || submission.hooks.iter().any(|hook| hook.at == moment);
        if due { HookPhase::Due } else { HookPhase::Over }
    };
    let after = has_hooks(Moment::AfterJob);
    let hooks = JobHooks {
        before: has_hooks(Moment::BeforeJob),
        after,
        has_after: after == HookPhase::Due,
        runs: Vec::new(),
    };
    let record = JobRecord {
        id: JobId(0),
        spec: JobSpec {
            name,
            user: submission.user,
            scene,
            plugin: choice,
            dcc_version,
            frames: prepared.frames,
            layers: prepared.layers,
            output: prepared.output,
            options: prepared.options,
            priority: submission.priority,
            after: submission.after.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            order: submission.order,
            chunk,
            threads: submission.threads,
            skip_existing: submission.skip_existing,
            limits: submission.limits,
            levels,
            hooks: submission.hooks,
            licences,
            needs,
            notify: submission.notify,
            batch: None,
        },
        status: if submission.paused { JobStatus::Paused } else { JobStatus::Waiting },
        submitted: parts.clock.now(),
        started: None,
        finished: None,
        failure: None,
        notes: prepared.notes,
        requeued: Vec::new(),
        failed: vec![FrameSet::new(); layer_count],
        counts: FrameCounts { total, pending: total, ..FrameCounts::default() },
        costs: JobCosts::default(),
        losses: 0,
        held: None,
        hooks,
        fallbacks: Vec::new(),
        idle_since: None,
        time: TimeSpent::default(),
    };
    Ok((record, plugin))
}

/// Where the scripts are that a job asks for.
///
/// # Errors
/// The first that is not there, by its index, with what to do.
pub(super) fn hook_scripts(
    settings: &HookSettings,
    requests: &[HookRequest],
) -> Result<Vec<HookScript>, (usize, String)> {
    requests
        .iter()
        .enumerate()
        .map(|(index, hook)| hook_script(settings, hook).map_err(|error| (index, error)))
        .collect()
}

fn hook_script(settings: &HookSettings, hook: &HookRequest) -> Result<HookScript, String> {
    let HookRequest { name, at, on_failure } = hook;
    let path = hook_file(settings, name)?;
    if at.is_of_frame() && path.extension().is_none_or(|extension| extension != "py") {
        return Err(format!("`{name}` runs inside the DCC {at}, so it must be a Python file: NAME.py"));
    }
    let path = if at.is_of_frame() { path } else { executable(name, path)? };
    Ok(HookScript { name: name.clone(), path, moment: *at, on_failure: *on_failure })
}

/// One of the studio's own programs, by its name in the hooks directory.
///
/// # Errors
/// There is none of that name, or it cannot be run; with what to do about it.
pub(super) fn hook_program(settings: &HookSettings, name: &str) -> Result<PathBuf, String> {
    executable(name, hook_file(settings, name)?)
}

fn executable(name: &str, path: PathBuf) -> Result<PathBuf, String> {
    if is_executable(&path) {
        return Ok(path);
    }
    Err(format!("`{name}` is not executable; run: chmod +x {}", path.display()))
}

fn hook_file(settings: &HookSettings, name: &str) -> Result<PathBuf, String> {
    let dir = settings.dir.as_ref().ok_or_else(|| {
        format!(
            "`{name}` cannot be found: no directory of hooks is configured; set `hooks.dir` in farmhand.toml"
        )
    })?;
    let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
    if !is_plain {
        return Err(format!("`{name}` is no file name; hooks are named as they are in {}", dir.display()));
    }
    let path = dir.join(name);
    if !path.is_file() {
        return Err(format!("there is no `{name}` in {}; there are: {}", dir.display(), names_in(dir)));
    }
    Ok(path)
}

fn names_in(dir: &Path) -> String {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> bool {
    true
}

/// The levels that the job may use, in the plugin's order; none where it may use all.
fn levels(submission: &Submission, descriptor: &Descriptor, problems: &mut Problems) -> Vec<String> {
    let names: Vec<&str> = descriptor.levels.iter().map(|level| level.name.as_str()).collect();
    let unknown =
        |name: &str| format!("{} has no level `{name}`; it has {}", descriptor.name, names.join(", "));
    for (index, level) in submission.levels.iter().enumerate() {
        if !names.contains(&level.as_str()) {
            problems.add(&format!("/levels/{index}"), unknown(level));
        }
    }
    let mut allowed: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| submission.levels.is_empty() || submission.levels.iter().any(|level| level == name))
        .collect();
    if let Some(start) = &submission.start_level {
        match allowed.iter().position(|name| name == start) {
            Some(first) => drop(allowed.drain(..first)),
            None if names.contains(&start.as_str()) => {
                problems.add("/start_level", format!("`{start}` is not among the job's `levels`"));
            }
            None => problems.add("/start_level", unknown(start)),
        }
    }
    if allowed.len() == names.len() { Vec::new() } else { allowed.into_iter().map(str::to_owned).collect() }
}

#[derive(Default)]
struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.list.push(Problem { field: field.to_owned(), message: message.into() });
    }
}

impl From<Problems> for FarmError {
    fn from(problems: Problems) -> Self {
        FarmError::Invalid(problems.list)
    }
}

fn check_scene(parts: &Parts, scene: &str, problems: &mut Problems) -> Option<PathBuf> {
    scene_file(parts, scene).map_err(|problem| problems.add("/scene", problem)).ok()
}

/// Where a scene really is.
///
/// # Errors
/// Why it cannot be one, in a sentence.
pub(super) fn scene_file(parts: &Parts, scene: &str) -> Result<PathBuf, String> {
    let path = Path::new(scene);
    if !path.is_absolute() {
        return Err(format!("`{scene}` is not absolute; the daemon does not share your directory"));
    }
    let path = parts.roots.confine(path).map_err(|error| error.to_string())?;
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => Ok(path),
        Ok(_) => Err(format!("`{scene}` is not a file")),
        Err(error) => Err(format!("`{scene}` cannot be read on this node: {error}")),
    }
}

/// What a submission says of its plugin; absent what it leaves open.
#[derive(Default)]
struct Wanted {
    name: Option<String>,
    version: Option<VersionReq>,
    digest: Option<DigestChoice>,
}

fn parse_request(request: &PluginRequest, problems: &mut Problems) -> Wanted {
    let (text, digest, field) = match request {
        PluginRequest::Named(text) => (Some(text), None, "/plugin"),
        PluginRequest::Pinned(PinnedPlugin { name, digest }) => {
            (name.as_ref(), Some(digest.clone()), "/plugin/name")
        }
    };
    let Some(text) = text else { return Wanted { digest, ..Wanted::default() } };
    let (name, requirement) = match text.split_once('@') {
        Some((name, requirement)) => (name, Some(requirement)),
        None => (text.as_str(), None),
    };
    let version = requirement.and_then(|requirement| {
        let parsed = requirement.parse::<VersionReq>();
        parsed.map_err(|error| problems.add(field, requirement_hint(requirement, &error))).ok()
    });
    Wanted { name: Some(name.trim().to_owned()), version, digest }
}

fn requirement_hint(text: &str, error: &semver::Error) -> String {
    format!(
        "`{text}` is no version requirement ({error}); write one such as `3.4`, `>=2022, <2027` or `^4.2`"
    )
}

fn check_numbers(submission: &Submission, problems: &mut Problems) {
    if submission.priority > 100 {
        problems.add("/priority", format!("{} is not from 0 to 100", submission.priority));
    }
    if submission.threads == Some(0) {
        problems.add("/threads", "0 threads render nothing; leave it out for the node's default");
    }
    if submission.memory == Some(Bytes(0)) {
        problems.add("/memory", "0 bytes hold nothing; leave it out where it is not known");
    }
    if let Some(gpus) = &submission.gpus {
        if gpus.count > GpuNeed::MOST {
            problems
                .add("/gpus", format!("{} GPUs for each task; {} is the most", gpus.count, GpuNeed::MOST));
        }
        if gpus.memory == Some(Bytes(0)) {
            problems.add("/gpus/memory", "0 bytes hold nothing; leave it out for whole GPUs");
        }
    }
    if submission.chunk == Chunking::Fixed(0) {
        problems.add("/chunk/fixed", "a chunk has at least 1 frame");
    }
    if submission.limits.max_tasks == Some(0) {
        problems.add("/limits/max_tasks", "0 tasks at once would never render; pause the job instead");
    }
    let mut seen = BTreeSet::new();
    for (index, layer) in submission.layers.iter().enumerate() {
        if layer.trim().is_empty() {
            problems.add(&format!("/layers/{index}"), "a layer needs a name");
        } else if !seen.insert(layer) {
            problems.add(&format!("/layers/{index}"), format!("layer `{layer}` is named twice"));
        }
    }
}

/// Jobs that it comes after must be known.
async fn check_after(parts: &Parts, after: &[JobId], problems: &mut Problems) -> Result<(), FarmError> {
    for (index, id) in after.iter().enumerate() {
        let known = parts.store.job(*id).await.map_err(|error| FarmError::Internal(error.to_string()))?;
        if known.is_none() {
            problems.add(&format!("/after/{index}"), format!("there is no job {id}"));
        }
    }
    Ok(())
}

async fn frames(submission: &Submission, scene: Option<&Path>, problems: &mut Problems) -> Option<FrameSet> {
    match &submission.frames {
        Some(frames) if frames.is_empty() => {
            problems.add("/frames", "no frames; write a set such as `1-100` or `1,5,10-20`");
            None
        }
        Some(frames) => Some(frames.clone()),
        None => match range_of(scene?.to_owned()).await {
            Ok(Some(frames)) => Some(frames),
            // Its plugin may know.
            Ok(None) => Some(FrameSet::new()),
            Err(error) => {
                problems.add("/frames", error);
                None
            }
        },
    }
}

/// A compressed scene is read whole, which takes its time.
async fn range_of(scene: PathBuf) -> Result<Option<FrameSet>, String> {
    let read = tokio::task::spawn_blocking(move || scene::frame_range(&scene)).await;
    read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// The version that prepares the job, and which one renders it.
///
/// # Errors
/// Why there is none, and the field that says so.
async fn select(
    parts: &Parts,
    scene: &Path,
    wanted: Option<Wanted>,
) -> Result<(Arc<LoadedPlugin>, PluginChoice), (&'static str, String)> {
    const DIGEST: &str = "/plugin/digest";
    let Wanted { name, version, digest } = wanted.unwrap_or_default();
    let plugin = match &digest {
        Some(DigestChoice::Digest(digest)) => {
            parts.plugins.version(digest).await.map_err(|error| (DIGEST, error.to_string()))?
        }
        Some(DigestChoice::Serving) | None => {
            let choice = name.as_deref().map(|name| (name, version.as_ref()));
            parts.plugins.select(scene, choice).map_err(|error| ("/plugin", error.to_string()))?
        }
    };
    let stamp = plugin.stamp();
    if let Some(name) = name.filter(|name| *name != stamp.name) {
        let is = format!("version {} is one of {}, not of {name}", stamp.digest.short(), stamp.name);
        return Err((DIGEST, is));
    }
    if let Some(version) = version.as_ref().filter(|wanted| !wanted.matches(&plugin.descriptor().version)) {
        let (digest, is) = (stamp.digest.short(), &stamp.version);
        return Err((DIGEST, format!("{digest} is version {is}, and {version} is asked for")));
    }
    let digest = digest.map(|_| stamp.digest.clone());
    let choice = PluginChoice { name: stamp.name.clone(), version, digest };
    Ok((plugin, choice))
}

/// The programs of the first level that is used must be there; without them the job would wait for a person who does not know.
async fn check_tools(
    parts: &Parts,
    plugin: &LoadedPlugin,
    wanted: Option<&VersionReq>,
    levels: &[String],
    problems: &mut Problems,
) {
    // Without a version asked for, a missing program is the node's trouble, shown by `why` until it is installed.
    let Some(wanted) = wanted else { return };
    let descriptor = plugin.descriptor();
    let first = descriptor.levels.iter().find(|level| levels.first().is_none_or(|name| *name == level.name));
    let first: &[String] = first.map_or(&[], |level| &level.tools);
    for tool in descriptor.tools.iter().filter(|tool| first.contains(&tool.id)) {
        if let Err(problem) = parts.tools.find(tool, wanted).await {
            problems.add("/dcc_version", problem.to_string());
        }
    }
}

fn check_prepared(parts: &Parts, layers: &[String], output: Option<&str>, problems: &mut Problems) {
    let Some(output) = output else { return };
    if layers.len() > 1 && !output.contains("{layer}") {
        problems.add("/output", "two layers would write the same files; put `{layer}` into it");
    }
    if let Some(Err(error)) = Path::new(output).parent().map(|directory| parts.roots.confine(directory)) {
        problems.add("/output", error.to_string());
    }
}

pub(super) fn stem(scene: &Path) -> String {
    scene.file_stem().map_or_else(|| scene.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}
