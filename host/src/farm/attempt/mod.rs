//! One attempt, from the scheduler's order to the verdict: build the command, run it in a shim, read its output,
//! verify and place its images, and ask the plugin what the end means.
//!
//! An attempt decides nothing: it tells the driver what happened, as events. It can be abandoned at any instant (the
//! daemon stops, or dies) and taken up again by the next daemon from the files in its directory; every event it
//! repeats is dropped by the scheduler.

mod cuda;
mod ending;
mod hooking;
mod manifest;
mod marking;
mod prepare;
mod reading;
mod settling;

pub(crate) use cuda::{had_gpus, render_env};
pub(crate) use ending::{READER_FAILED, is_the_hosts, is_the_plugins};
pub(crate) use manifest::Manifest;
pub(super) use prepare::job_context;
pub(crate) use prepare::own_variables;
pub(crate) use prepare::{fixed_directory, program_of};
pub(crate) use reading::KEPT;

use super::driver::DriverHandle;
use super::parts::Parts;
use ending::End;
use farmhand_model::dcc::{Outcome, Verdict};
use farmhand_model::{AttemptId, AttemptRecord, EndedBy, PluginStamp};
use farmhand_plugin::LoadedPlugin;
use farmhand_runner::{AttemptDir, RunningAttempt};
use farmhand_scheduler::{Event, StartOrder};
use prepare::Prepared;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The driver's hold on a running attempt.
pub(super) struct AttemptHandle {
    kill: watch::Sender<Option<EndedBy>>,
    task: JoinHandle<()>,
}

impl AttemptHandle {
    /// Asks for the end of its process tree; the first reason stands.
    pub(super) fn kill(&self, why: EndedBy) {
        self.kill.send_if_modified(|reason| {
            let first = reason.is_none();
            if first {
                *reason = Some(why);
            }
            first
        });
    }

    /// Lets go of it: its process goes on in its shim, and what was not yet told is read again by the next daemon.
    pub(super) async fn abandon(self) {
        self.task.abort();
        // Aborting is the expected end here.
        let _ = self.task.await;
    }
}

/// What every step of an attempt needs.
pub(super) struct Attempt {
    pub(super) id: AttemptId,
    pub(super) parts: Arc<Parts>,
    pub(super) driver: DriverHandle,
    pub(super) kill: watch::Receiver<Option<EndedBy>>,
    /// An earlier daemon began it.
    pub(super) taken_up: bool,
}

impl Attempt {
    fn dir(&self) -> PathBuf {
        self.parts.attempt_dir(self.id)
    }

    fn killed(&self) -> Option<EndedBy> {
        *self.kill.borrow()
    }

    async fn finish(&self, outcome: Outcome, verdict: Verdict) {
        let outcome = Box::new(outcome);
        self.driver.tell(Event::Ended { attempt: self.id, outcome, verdict }).await;
    }
}

/// Starts a new attempt.
pub(super) fn start(parts: Arc<Parts>, driver: DriverHandle, order: Box<StartOrder>) -> AttemptHandle {
    spawn(parts, driver, order.attempt.id, false, |attempt| async move {
        let end = match prepare::prepare(&attempt, &order).await {
            Ok(Prepared::Ready(ready)) => match ready.launch(&attempt).await {
                Ok((running, manifest, plugin)) => {
                    reading::follow(&attempt, running, &manifest, plugin).await
                }
                Err(refused) => refused,
            },
            Ok(Prepared::NothingLeft(end)) => *end,
            Err(refused) => refused,
        };
        attempt.finish(end.outcome, end.verdict).await;
    })
}

/// Takes up an attempt that an earlier daemon started: its process may still run, have ended, or be lost.
pub(super) fn adopt(parts: Arc<Parts>, driver: DriverHandle, record: AttemptRecord) -> AttemptHandle {
    spawn(parts, driver, record.id, true, move |attempt| async move {
        let end = match taken_up(&attempt).await {
            Ok((running, manifest, plugin)) => {
                attempt.driver.tell(Event::Running { attempt: attempt.id }).await;
                reading::follow(&attempt, running, &manifest, plugin).await
            }
            Err(reason) => End::lost(&record.frames, reason),
        };
        attempt.finish(end.outcome, end.verdict).await;
    })
}

async fn taken_up(attempt: &Attempt) -> Result<reading::Followed, String> {
    let path = attempt.dir();
    let manifest = Manifest::read(&path)
        .map_err(|error| format!("what it was given cannot be read: {error}"))?
        .ok_or("the daemon ended before its process was started")?;
    let dir = AttemptDir::open(path);
    let running = RunningAttempt::adopt(dir).map_err(|error| error.to_string())?;
    let plugin = began_by(attempt, &manifest.plugin).await?;
    Ok((running, manifest, plugin))
}

/// The very version that began it, whatever was saved since. Only where its bytes are gone, the one that serves.
async fn began_by(attempt: &Attempt, stamp: &PluginStamp) -> Result<Arc<LoadedPlugin>, String> {
    let plugins = &attempt.parts.plugins;
    let lost = match plugins.version(&stamp.digest.0).await {
        Ok(plugin) => return Ok(plugin),
        Err(lost) => lost,
    };
    // A script may still be waiting for its runner to be compiled.
    plugins.all_looked_at().await;
    let serving = plugins.get(&stamp.name).map_err(|error| format!("{lost}; {error}"))?;
    tracing::warn!(
        attempt = %attempt.id, plugin = %stamp.name, began = stamp.digest.short(),
        serves = serving.stamp().digest.short(),
        "goes on with the version that serves now: {lost}"
    );
    Ok(serving)
}

fn spawn<F>(
    parts: Arc<Parts>,
    driver: DriverHandle,
    id: AttemptId,
    taken_up: bool,
    work: impl FnOnce(Attempt) -> F + Send + 'static,
) -> AttemptHandle
where
    F: Future<Output = ()> + Send + 'static,
{
    let (kill, killed) = watch::channel(None);
    let attempt = Attempt { id, parts, driver, kill: killed, taken_up };
    AttemptHandle { kill, task: tokio::spawn(work(attempt)) }
}
