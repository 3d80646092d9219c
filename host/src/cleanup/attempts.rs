//! The directories of attempts that have ended, and of jobs' hooks: logs, generated scripts, what the shim was told and
//! how it ended.

use super::names::{attempt_of, is_of_job_hooks};
use super::report::CleanupKind;
use super::sweep::{Entry, Sweep};
use farmhand_runner::{AttemptDir, DirState};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A job's hooks may be between two programs, with nothing that says so. None of them takes longer than this.
const HOOKS_LAST: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the images of a job without an output are. They are not farmhand's to remove.
const IMAGES: &str = "staging";

impl Sweep<'_> {
    /// Looks through the attempts of a data directory.
    pub(super) fn attempts(&mut self, data_dir: &Path) {
        if !self.wants(CleanupKind::Logs) {
            return;
        }
        for entry in self.entries(&data_dir.join("attempts")) {
            let Some(attempt) = attempt_of(entry.text()).filter(|_| entry.kind.is_dir()) else { continue };
            if !self.is_live(attempt) {
                self.attempt(&entry.path);
            }
        }
    }

    /// Looks through the hooks of jobs in a data directory.
    pub(super) fn hooks(&mut self, data_dir: &Path) {
        if !self.wants(CleanupKind::Logs) || !data_dir.join("hooks").is_dir() {
            return;
        }
        let now = SystemTime::now();
        for entry in self.entries(&data_dir.join("hooks")) {
            if !entry.kind.is_dir() || !is_of_job_hooks(entry.text()) {
                continue;
            }
            let Some(size) = self.measure(&entry.path) else { continue };
            let is_over = now.duration_since(size.newest).is_ok_and(|age| age > HOOKS_LAST);
            if is_over && self.is_old(CleanupKind::Logs, size.newest) {
                let runs = self.entries(&entry.path);
                if !runs.iter().any(|run| run.kind.is_dir() && self.is_held(&run.path)) {
                    self.tree(CleanupKind::Logs, &entry.path, size.bytes);
                }
            }
        }
    }

    /// Whether a shim runs it, or may: what cannot be told is not touched.
    fn is_held(&mut self, dir: &Path) -> bool {
        match AttemptDir::open(dir).state() {
            Ok(DirState::Held) => true,
            Ok(DirState::Settled(_) | DirState::Lost) => false,
            Err(error) => {
                self.report.problem(error.to_string());
                true
            }
        }
    }

    fn attempt(&mut self, dir: &Path) {
        let Some(size) = self.measure(dir) else { return };
        // The database may not know of one, and yet somebody runs it: after a restored backup, say.
        if !self.is_old(CleanupKind::Logs, size.newest) || self.is_held(dir) {
            return;
        }
        let images = dir.join(IMAGES);
        if self.entries(&images).is_empty() {
            return self.tree(CleanupKind::Logs, dir, size.bytes);
        }
        let others: Vec<Entry> = self.entries(dir).into_iter().filter(|entry| entry.path != images).collect();
        for entry in others {
            let Some(size) = self.measure(&entry.path) else { continue };
            match entry.kind.is_dir() {
                true => self.tree(CleanupKind::Logs, &entry.path, size.bytes),
                false => self.file(CleanupKind::Logs, &entry.path, size.bytes),
            }
        }
    }
}
