//! One pass over files: what is found is measured, and goes, or in a dry run is only counted.

use super::limits::{Cutoffs, system_time};
use super::report::{CleanupKind, CleanupReport};
use farmhand_model::AttemptId;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// One entry of a directory; links are links here, wherever they lead.
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) name: OsString,
    pub(super) kind: FileType,
}

impl Entry {
    /// Its name, where it is text: farmhand gives no others.
    pub(super) fn text(&self) -> &str {
        self.name.to_str().unwrap_or_default()
    }
}

/// How large something is, and when anything in it was changed last.
pub(super) struct Size {
    pub(super) bytes: u64,
    pub(super) newest: SystemTime,
}

/// A pass.
pub(super) struct Sweep<'a> {
    cutoffs: &'a Cutoffs,
    /// What a dry run has counted: it may come upon a place twice, by a job and by a root.
    seen: HashSet<String>,
    pub(super) report: CleanupReport,
}

impl<'a> Sweep<'a> {
    /// Goes on with a report; where that is of a dry run, nothing is removed.
    pub(super) fn new(cutoffs: &'a Cutoffs, report: CleanupReport) -> Self {
        let seen = report.rows.iter().flat_map(|row| row.paths.iter().cloned()).collect();
        Self { cutoffs, seen, report }
    }

    pub(super) fn wants(&self, kind: CleanupKind) -> bool {
        self.cutoffs.of(kind).is_some()
    }

    pub(super) fn is_live(&self, attempt: AttemptId) -> bool {
        self.report.live.attempts.contains(&attempt)
    }

    /// Whether something of this kind that was changed last at that time is old enough.
    pub(super) fn is_old(&self, kind: CleanupKind, changed: SystemTime) -> bool {
        let is_free = match kind {
            // Nothing tells whose these are, so all that a live attempt may have made stays.
            CleanupKind::Scripts | CleanupKind::Scenes => self.is_before_all_live(changed),
            CleanupKind::Staging | CleanupKind::Logs | CleanupKind::History => true,
        };
        is_free && self.cutoffs.of(kind).is_some_and(|cutoff| changed < system_time(cutoff))
    }

    /// Whether no live attempt had begun by then.
    pub(super) fn is_before_all_live(&self, changed: SystemTime) -> bool {
        self.report.live.since.is_none_or(|since| changed < system_time(since))
    }

    /// What is in a directory, in the order of the names; nothing where it is not there, and a problem where it cannot
    /// be read.
    pub(super) fn entries(&mut self, dir: &Path) -> Vec<Entry> {
        let listed = fs::read_dir(dir).and_then(|entries| {
            let entry = |entry: io::Result<fs::DirEntry>| {
                let entry = entry?;
                Ok(Entry { path: entry.path(), name: entry.file_name(), kind: entry.file_type()? })
            };
            entries.map(entry).collect::<io::Result<Vec<_>>>()
        });
        match listed {
            Ok(mut entries) => {
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                entries
            }
            Err(error) => {
                self.trouble("read", dir, &error);
                Vec::new()
            }
        }
    }

    /// Removes a file.
    pub(super) fn file(&mut self, kind: CleanupKind, path: &Path, bytes: u64) {
        let removed = if self.report.dry_run { Ok(()) } else { fs::remove_file(path) };
        self.count(kind, path, bytes, removed);
    }

    /// Removes a directory with everything in it; links in it go, and what they lead to stays.
    pub(super) fn tree(&mut self, kind: CleanupKind, path: &Path, bytes: u64) {
        let removed = if self.report.dry_run { Ok(()) } else { fs::remove_dir_all(path) };
        self.count(kind, path, bytes, removed);
    }

    /// Removes a directory where that has become empty.
    pub(super) fn emptied(&self, dir: &Path) {
        if !self.report.dry_run {
            // It refuses to remove what is not empty, which is what it is called for.
            let _ = fs::remove_dir(dir);
        }
    }

    fn count(&mut self, kind: CleanupKind, path: &Path, bytes: u64, removed: io::Result<()>) {
        match removed {
            Ok(()) => {
                let shown = path.display().to_string();
                if !self.report.dry_run || self.seen.insert(shown.clone()) {
                    self.report.add(kind, 1, bytes, Some(&shown));
                }
            }
            Err(error) => self.trouble("remove", path, &error),
        }
    }

    /// What has gone meanwhile is no trouble.
    pub(super) fn trouble(&mut self, doing: &str, path: &Path, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.report.problem_at(doing, path, error);
        }
    }

    /// Of a tree, without following links; `None`, with a problem, where not all of it can be looked at: what cannot
    /// be judged stays.
    pub(super) fn measure(&mut self, path: &Path) -> Option<Size> {
        match measure(path) {
            Ok(size) => Some(size),
            Err((path, error)) => {
                self.trouble("look at", &path, &error);
                None
            }
        }
    }

    /// Of a file that is one, and no link.
    pub(super) fn size(&mut self, path: &Path) -> Option<Size> {
        match fs::symlink_metadata(path).and_then(|found| size_of(&found)) {
            Ok(size) => Some(size),
            Err(error) => {
                self.trouble("look at", path, &error);
                None
            }
        }
    }
}

fn size_of(found: &Metadata) -> io::Result<Size> {
    Ok(Size { bytes: if found.is_file() { found.len() } else { 0 }, newest: found.modified()? })
}

fn measure(path: &Path) -> Result<Size, (PathBuf, io::Error)> {
    let mut all = Size { bytes: 0, newest: SystemTime::UNIX_EPOCH };
    let mut left = vec![path.to_owned()];
    while let Some(path) = left.pop() {
        let at = |error| (path.clone(), error);
        let found = fs::symlink_metadata(&path).map_err(at)?;
        let size = size_of(&found).map_err(at)?;
        all.bytes += size.bytes;
        all.newest = all.newest.max(size.newest);
        if found.is_dir() {
            for entry in fs::read_dir(&path).map_err(at)? {
                left.push(entry.map_err(at)?.path());
            }
        }
    }
    Ok(all)
}
