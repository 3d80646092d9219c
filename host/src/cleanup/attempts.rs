//! The directories of attempts that have ended: logs, generated scripts, what the shim was told and how it ended.

use super::names::attempt_of;
use super::report::CleanupKind;
use super::sweep::{Entry, Sweep};
use farmhand_runner::{AttemptDir, DirState};
use std::path::Path;

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

    fn attempt(&mut self, dir: &Path) {
        let Some(size) = self.measure(dir) else { return };
        if !self.is_old(CleanupKind::Logs, size.newest) {
            return;
        }
        match AttemptDir::open(dir).state() {
            // The database does not know of it, and yet somebody runs it: after a restored backup, say.
            Ok(DirState::Held) => return,
            Ok(DirState::Settled(_) | DirState::Lost) => {}
            Err(error) => return self.report.problem(error.to_string()),
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
