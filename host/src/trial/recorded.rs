//! An attempt of this farm as it was decided then: what its plugin was given and what it ran, from its directory, and
//! how it ended, from the store.

use super::run::{Done, Input, ProcessEnd, lines_of};
use super::{text, without_times};
use crate::farm::{Manifest, command_view, had_gpus, is_the_hosts, is_the_plugins};
use farmhand_model::dcc::{Fault, Verdict};
use farmhand_model::{AttemptId, AttemptRecord, AttemptState, JobId, PluginStamp, Timestamp};
use farmhand_runner::AttemptDir;
use std::path::Path;

/// Why an attempt cannot be tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It runs.
    #[error("it has not ended")]
    Runs,
    /// There was nothing to read or to judge.
    #[error("no process was started for it")]
    NoProcess,
    /// Its directory was cleaned up.
    #[error("its log is gone")]
    NoLog,
    /// What is kept of it cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// What a plugin was given and what was decided, of one ended attempt.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its job.
    pub job: JobId,
    /// The name of its level.
    pub level: String,
    /// Who decided.
    pub stamp: PluginStamp,
    /// What its plugin was given.
    pub input: Input,
    /// What it ran, as text; moments as `{time}`.
    pub command: String,
    /// Everything that went wrong.
    pub faults: Vec<Fault>,
    /// What was decided.
    pub verdict: Verdict,
    /// Whether the plugin decided it, and not the host or a hook.
    pub is_the_plugins: bool,
    /// Whether it ran on a node with GPUs.
    pub(super) node_has_gpus: bool,
    /// When it started.
    pub started: Timestamp,
}

impl Recorded {
    /// Reads what is kept of an ended attempt; `dir` is its directory.
    ///
    /// # Errors
    /// Not enough is kept of it.
    pub async fn read(dir: &Path, record: &AttemptRecord) -> Result<Self, Unusable> {
        let AttemptState::Ended { outcome, verdict, .. } = &record.state else { return Err(Unusable::Runs) };
        let unreadable = |error: std::io::Error| Unusable::Unreadable(error.to_string());
        let Some(manifest) = Manifest::read(dir).map_err(unreadable)? else {
            // A directory that is cleaned up goes with its manifest.
            return Err(if dir.is_dir() || record.plugin.is_none() {
                Unusable::NoProcess
            } else {
                Unusable::NoLog
            });
        };
        let log = AttemptDir::open(dir).log();
        if !log.exists() {
            return Err(Unusable::NoLog);
        }
        let end = ProcessEnd {
            exit_code: outcome.exit_code,
            signal: outcome.signal,
            ended_by: outcome.ended_by,
            seconds: outcome.seconds,
        };
        Ok(Self {
            attempt: record.id,
            job: record.job,
            level: record.level_name.clone(),
            stamp: manifest.plugin.clone(),
            command: command_text(&manifest),
            faults: outcome.faults.clone(),
            verdict: verdict.clone(),
            is_the_plugins: is_the_plugins(outcome.ended_by, verdict),
            node_has_gpus: had_gpus(&manifest.env),
            started: manifest.started,
            input: Input {
                log: lines_of(&log).await.map_err(unreadable)?,
                end,
                done: Done::Verified(outcome.frames_done.clone()),
                host_faults: outcome.faults.iter().filter(|fault| is_the_hosts(fault)).cloned().collect(),
                task: manifest.task,
            },
        })
    }
}

/// What was run, as [`super::compare()`] writes what would be run.
fn command_text(manifest: &Manifest) -> String {
    let cwd = manifest.cwd.display().to_string();
    let view =
        command_view(manifest.program.display().to_string(), manifest.args.clone(), &manifest.env, cwd);
    let cwd = Path::new(&view.cwd);
    let text = text::run(&view.program, &view.args, &view.env, Some(cwd), &manifest.outputs, manifest.verify);
    without_times(&text, &[manifest.started])
}
