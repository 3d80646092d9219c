//! The hooks around a task, and what their failure means for it.

use super::Attempt;
use super::cuda::gpu_variables;
use super::ending::{End, verdict};
use super::manifest::Manifest;
use crate::farm::hooks::{HookSite, Outcome as HooksOutcome};
use farmhand_model::dcc::{Cause, Decision, Fact, Outcome, TaskContext, Verdict};
use farmhand_model::hooks::{HooksResult, Moment};
use farmhand_model::{EndedBy, FrameSet};
use farmhand_plugin::LoadedPlugin;
use farmhand_scheduler::Event;
use std::sync::Arc;

/// Why a job is held whose hooks were cut short.
pub(super) const STOPPED: &str =
    "the daemon was stopped while its after-task hooks ran; see to what they left, then resume";

/// Before a task's process starts. A hook that fails costs the task a try.
pub(super) async fn before_task(
    attempt: &Attempt,
    plugin: &Arc<LoadedPlugin>,
    manifest: &Manifest,
) -> Result<(), End> {
    let task = &manifest.task;
    let site = site(attempt, plugin, manifest, Moment::BeforeTask);
    if !has_any(&site) {
        return Ok(());
    }
    let context = told(task, Moment::BeforeTask, None);
    let outcome = site.run(plugin.before_task(task).await, &context, &attempt.kill).await;
    let result = tell(attempt, outcome).await;
    // What a kill did to them says nothing about the task.
    if let Some(by) = attempt.killed() {
        return Err(End::killed_early(by, &task.frames));
    }
    match result {
        HooksResult::GoOn => Ok(()),
        HooksResult::Fail(reason) => Err(End::try_again(&task.frames, Cause::Script, reason)),
        HooksResult::Hold(reason) => Err(End::held(&task.frames, reason)),
    }
}

/// After its process has ended and its images are in place: its frames are done, so a hook that fails fails the job.
pub(super) async fn after_task(
    attempt: &Attempt,
    plugin: &Arc<LoadedPlugin>,
    manifest: &Manifest,
    outcome: &Outcome,
    judged: Verdict,
) -> Verdict {
    let task = &manifest.task;
    let site = site(attempt, plugin, manifest, Moment::AfterTask);
    if !has_any(&site) {
        return judged;
    }
    let context = told(task, Moment::AfterTask, Some(outcome));
    let hooks = site.run(plugin.after_task(task, outcome).await, &context, &attempt.kill).await;
    let result = tell(attempt, hooks).await;
    match attempt.killed() {
        Some(EndedBy::DaemonStop) => {
            return verdict(Decision::HoldJob, STOPPED.to_owned());
        }
        Some(_) => return judged,
        None => {}
    }
    match result {
        HooksResult::GoOn => judged,
        HooksResult::Fail(reason) => verdict(Decision::FailJob, reason),
        HooksResult::Hold(reason) => verdict(Decision::HoldJob, reason),
    }
}

fn site(attempt: &Attempt, plugin: &Arc<LoadedPlugin>, manifest: &Manifest, moment: Moment) -> HookSite {
    let task = &manifest.task;
    HookSite {
        parts: Arc::clone(&attempt.parts),
        plugin: Arc::clone(plugin),
        job: Arc::clone(&task.job),
        dcc_version: manifest.dcc_version.clone(),
        moment,
        attempt: Some(attempt.id),
        dir: attempt.dir().join("hooks").join(moment.name()),
        gpu_env: gpu_variables(&manifest.env),
        own: vec![task.scratch.clone(), task.staging.clone()],
    }
}

fn has_any(site: &HookSite) -> bool {
    site.plugin.has_hooks() || site.scripts().next().is_some()
}

/// What a studio's script reads.
fn told(task: &TaskContext, moment: Moment, outcome: Option<&Outcome>) -> serde_json::Value {
    let job = &task.job;
    let done = outcome.map(|outcome| &outcome.frames_done);
    let missing: Option<&FrameSet> = outcome.map(|outcome| &outcome.frames_missing);
    serde_json::json!({
        "moment": moment,
        "job": { "id": job.id, "name": job.name, "scene": job.scene, "output": job.output, "layers": job.layers,
                 "frames": job.frames, "options": job.options },
        "task": { "attempt": task.attempt, "layer": task.layer, "frames": task.frames, "level": task.level,
                  "try": task.try_number },
        "frames_done": done,
        "frames_missing": missing,
        "exit_code": outcome.and_then(|outcome| outcome.exit_code),
    })
}

/// What ran is worth keeping with the attempt: as facts, and as a warning where it failed without consequence.
async fn tell(attempt: &Attempt, outcome: HooksOutcome) -> HooksResult {
    for run in &outcome.runs {
        let took = format!("{:.1} s", run.seconds.0);
        let value = match &run.error {
            None => took,
            Some(error) => format!("{took}, failed: {error}"),
        };
        let fact = Fact { name: format!("hook {} {}", run.moment, run.name), value };
        attempt.driver.tell(Event::Fact { attempt: attempt.id, fact }).await;
    }
    outcome.result
}
