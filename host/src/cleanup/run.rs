//! A whole clean-up: files on a thread that may block, then the history in the database.

use super::limits::{CleanupPolicy, Cutoffs};
use super::report::{CleanupKind, CleanupReport, CleanupRequest, LiveAttempts};
use super::sweep::Sweep;
use farmhand_model::Timestamp;
use farmhand_store::{Store, StoreError};
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;

/// What a clean-up stands on: the daemon that does it, or a command that has the data directory to itself.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The database.
    pub store: &'a Store,
    /// Where attempts have their directories.
    pub data_dir: &'a Path,
    /// What holds where a request says nothing of time.
    pub policy: CleanupPolicy,
    /// Held while jobs are forgotten: whoever brings an ended job back, or names one that another is to come after,
    /// holds it too.
    pub jobs: &'a Mutex<()>,
}

/// Cleans up what a request names, besides what jobs are known to have left.
///
/// The room of forgotten jobs is free after the store's next maintenance, which is the caller's to do, since it may
/// take longer than anybody waits.
///
/// # Errors
///
/// Where the database cannot be read or written. What goes wrong with single files is in the report.
pub async fn run(
    ground: Ground<'_>,
    request: &CleanupRequest,
    dry_run: bool,
    now: Timestamp,
) -> Result<CleanupReport, StoreError> {
    // An attempt that starts after this look makes nothing that is older than `now`.
    let live = LiveAttempts::of(&ground.store.live().await?);
    let cutoffs = Cutoffs::new(request, ground.policy, now);
    let places = ground.store.places().await?;
    let data_dir = ground.data_dir.to_owned();
    let roots = request.roots.clone();
    let of_files = cutoffs.clone();
    let swept = tokio::task::spawn_blocking(move || {
        let mut sweep = Sweep::new(&of_files, CleanupReport::new(dry_run, live));
        sweep.places(&places);
        for root in roots {
            sweep.root(&root, &data_dir);
        }
        sweep.attempts(&data_dir);
        sweep.hooks(&data_dir);
        sweep.report
    });
    let mut report = match swept.await {
        Ok(report) => report,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    if let Some(before) = cutoffs.of(CleanupKind::History) {
        let history = ground.store.forgettable(before).await?;
        let jobs = if dry_run {
            history.jobs
        } else {
            let _alone = ground.jobs.lock().await;
            ground.store.forget(before).await?.len() as u64
        };
        report.add(CleanupKind::History, jobs, history.bytes, None);
    }
    Ok(report)
}

/// Goes on with a report, in directories that somebody names on this machine, with this process's rights. Blocks on
/// the disk.
#[must_use]
pub fn sweep_roots(
    report: CleanupReport,
    roots: &[PathBuf],
    cutoffs: &Cutoffs,
    data_dir: &Path,
) -> CleanupReport {
    let mut sweep = Sweep::new(cutoffs, report);
    roots.iter().for_each(|root| sweep.root(root, data_dir));
    sweep.report
}
