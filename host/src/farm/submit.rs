//! From a submission to a job: everything that can be wrong with it is found here, all of it at once, before
//! anything is kept.

use super::parts::Parts;
use super::{FarmError, Submission};
use crate::scene;
use farmhand_model::dcc::{JobContext, Problem};
use farmhand_model::job::{Chunking, JobCosts, PluginChoice};
use farmhand_model::view::FrameCounts;
use farmhand_model::{FrameSet, JobId, JobRecord, JobSpec, JobStatus};
use farmhand_plugin::LoadedPlugin;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The job that a submission makes, with `id` yet to be given.
pub(super) async fn prepare(parts: &Parts, submission: Submission) -> Result<JobRecord, FarmError> {
    let mut problems = Problems::default();
    let scene = check_scene(parts, &submission.scene, &mut problems);
    let choice = submission.plugin.as_deref().and_then(|text| parse_choice(text, &mut problems));
    let dcc_version = submission.dcc_version.as_deref().and_then(|text| {
        let parsed = text.parse::<semver::VersionReq>();
        parsed.map_err(|error| problems.add("/dcc_version", requirement_hint(text, &error))).ok()
    });
    check_numbers(&submission, &mut problems);
    let frames = frames(&submission, scene.as_deref(), &mut problems).await;

    let (Some(scene), Some(frames)) = (scene, frames) else { return Err(problems.into()) };
    let plugin = match select(parts, &scene, choice.as_ref()) {
        Ok(plugin) => plugin,
        Err(error) => {
            problems.add("/plugin", error);
            return Err(problems.into());
        }
    };
    problems.list.extend(plugin.check_options(&submission.options));
    check_tools(parts, &plugin, dcc_version.as_ref(), &mut problems).await;
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
        frames: frames.clone(),
        options: submission.options,
        skip_existing: submission.skip_existing,
    };
    let prepared = match plugin.validate(&context).await {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(found)) => return Err(FarmError::Invalid(found)),
        Err(error) => {
            problems.add("/plugin", format!("the plugin could not check the job: {error}"));
            return Err(problems.into());
        }
    };
    check_prepared(parts, &prepared.layers, prepared.output.as_deref(), &mut problems);
    if !problems.list.is_empty() {
        return Err(problems.into());
    }

    let layer_count = prepared.layers.len().max(1);
    let chunk = if prepared.whole { Chunking::Whole } else { submission.chunk };
    let total = frames.len() * layer_count as u64;
    Ok(JobRecord {
        id: JobId(0),
        spec: JobSpec {
            name,
            user: submission.user,
            scene,
            plugin: choice
                .unwrap_or_else(|| PluginChoice { name: plugin.descriptor().name.clone(), version: None }),
            dcc_version,
            frames,
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
    })
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
    let path = Path::new(scene);
    if !path.is_absolute() {
        problems
            .add("/scene", format!("`{scene}` is not absolute; the daemon does not share your directory"));
        return None;
    }
    let path = match parts.roots.confine(path) {
        Ok(path) => path,
        Err(error) => {
            problems.add("/scene", error.to_string());
            return None;
        }
    };
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => Some(path),
        Ok(_) => {
            problems.add("/scene", format!("`{scene}` is not a file"));
            None
        }
        Err(error) => {
            problems.add("/scene", format!("`{scene}` cannot be read on this node: {error}"));
            None
        }
    }
}

fn parse_choice(text: &str, problems: &mut Problems) -> Option<PluginChoice> {
    let (name, requirement) = match text.split_once('@') {
        Some((name, requirement)) => (name, Some(requirement)),
        None => (text, None),
    };
    let version = match requirement.map(str::parse::<semver::VersionReq>) {
        None => None,
        Some(Ok(version)) => Some(version),
        Some(Err(error)) => {
            problems.add("/plugin", requirement_hint(requirement.unwrap_or_default(), &error));
            return None;
        }
    };
    Some(PluginChoice { name: name.trim().to_owned(), version })
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

async fn frames(submission: &Submission, scene: Option<&Path>, problems: &mut Problems) -> Option<FrameSet> {
    match &submission.frames {
        Some(frames) if frames.is_empty() => {
            problems.add("/frames", "no frames; write a set such as `1-100` or `1,5,10-20`");
            None
        }
        Some(frames) => Some(frames.clone()),
        None => match range_of(scene?.to_owned()).await {
            Ok(Some(frames)) => Some(frames),
            Ok(None) => {
                problems.add(
                    "/frames",
                    "missing, and a scene of this kind does not tell its range; write `1-100`",
                );
                None
            }
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

fn select(parts: &Parts, scene: &Path, choice: Option<&PluginChoice>) -> Result<Arc<LoadedPlugin>, String> {
    let choice = choice.map(|choice| (choice.name.as_str(), choice.version.as_ref()));
    parts.plugins.select(scene, choice).map_err(|error| error.to_string())
}

/// The first level's programs must be there; without them the job would wait for a person who does not know.
async fn check_tools(
    parts: &Parts,
    plugin: &LoadedPlugin,
    wanted: Option<&semver::VersionReq>,
    problems: &mut Problems,
) {
    // Without a version asked for, a missing program is the node's trouble, shown by `why` until it is installed.
    let Some(wanted) = wanted else { return };
    let descriptor = plugin.descriptor();
    let first: &[String] = descriptor.levels.first().map_or(&[], |level| &level.tools);
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

fn stem(scene: &Path) -> String {
    scene.file_stem().map_or_else(|| scene.display().to_string(), |stem| stem.to_string_lossy().into_owned())
}
