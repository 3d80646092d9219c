//! Inner records as the shapes that the API serves.

use super::secrets;
use farmhand_model::view::{AttemptView, CommandView, FrameDoneView, FrameRuns, FramesView};
use farmhand_model::{AttemptRecord, AttemptState, FrameRecord, FrameState, JobRecord, Seconds, Usage};
use farmhand_store::SettledFrames;

/// An attempt, with what it takes while it runs, and with its command where that is asked for.
pub(super) fn attempt(record: &AttemptRecord, live: Usage, command: Option<CommandView>) -> AttemptView {
    let (state, ended, outcome, verdict, consequence) = match &record.state {
        AttemptState::Starting => ("starting", None, None, None, None),
        AttemptState::Running { .. } => ("running", None, None, None, None),
        AttemptState::Ended { at, outcome, verdict, consequence } => (
            "ended",
            Some(*at),
            Some(outcome.clone()),
            Some(verdict.clone()),
            (!consequence.is_empty()).then(|| consequence.clone()),
        ),
    };
    AttemptView {
        id: record.id,
        job: record.job,
        layer: record.layer.clone(),
        frames: record.frames.clone(),
        frames_done: record.frames_done.clone(),
        level: record.level,
        level_name: record.level_name.clone(),
        try_number: record.try_number,
        lease: record.lease.clone(),
        steps: record.steps,
        usage: outcome.as_ref().map_or(live, |outcome| outcome.usage),
        plugin: record.plugin.clone(),
        state: state.to_owned(),
        started: record.started,
        ended,
        outcome,
        verdict,
        consequence,
        faults: record.faults.clone(),
        facts: record.facts.clone(),
        command,
    }
}

pub(super) fn frame_done(record: &FrameRecord, layer: Option<String>) -> FrameDoneView {
    FrameDoneView {
        job: record.job,
        layer,
        frame: record.frame,
        attempt: record.attempt,
        path: record.path.clone(),
        bytes: record.bytes,
        seconds: record.seconds.map(Seconds),
        at: record.at,
    }
}

/// A command for people: what looks like a secret is hidden.
pub(crate) fn command(
    program: String,
    args: Vec<String>,
    env: &[(String, String)],
    cwd: String,
) -> CommandView {
    let env = env.iter().map(|(name, value)| (name.clone(), secrets::value(name, value))).collect();
    CommandView { program, args: secrets::arguments(args), env, cwd }
}

/// The frames of a job that the scheduler no longer holds: what is settled, what failed, and what was never begun.
pub(super) fn frames_of_record(record: &JobRecord, settled: SettledFrames) -> FramesView {
    let mut runs = Vec::new();
    for (index, (done, skipped)) in settled.done.into_iter().zip(settled.skipped).enumerate() {
        let failed = record.failed.get(index).cloned().unwrap_or_default();
        let pending = record.spec.frames.difference(&done).difference(&skipped).difference(&failed);
        let layer = record.layer_name(index as u32).map(str::to_owned);
        for (state, frames) in [
            (FrameState::Pending, pending),
            (FrameState::Done, done),
            (FrameState::Skipped, skipped),
            (FrameState::Failed, failed),
        ] {
            if !frames.is_empty() {
                runs.push(FrameRuns { layer: layer.clone(), state, frames });
            }
        }
    }
    FramesView { job: record.id, counts: record.counts, runs }
}
