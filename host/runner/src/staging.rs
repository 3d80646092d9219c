//! Staging directories: where an attempt's images are until they are verified.
//!
//! `OUTPUT/.farmhand/ATTEMPT/` is on the file system of the output, so putting an image in place is one rename, and
//! it belongs to one attempt alone, so two attempts can never write the same file. It is new and empty at the start:
//! whatever is in it was written by that attempt.

use farmhand_model::AttemptId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const PARENT: &str = ".farmhand";

/// Why there is no staging directory.
#[derive(Debug, thiserror::Error)]
#[error("cannot create {}: {source}; the user that farmhand runs as must be able to write to the output directory",
    path.display())]
pub struct StagingError {
    /// Which directory.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// One attempt's staging directory. Dropping it does nothing: renders outlive the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staging {
    path: PathBuf,
}

impl Staging {
    /// Makes it, with the output directory where that is not there yet.
    pub fn create(output: &Path, attempt: AttemptId) -> Result<Self, StagingError> {
        let staging = Self::open(output, attempt);
        let parent = output.join(PARENT);
        let made = fs::create_dir_all(&parent).and_then(|()| match fs::create_dir(&staging.path) {
            // The clean-up of another attempt may have removed the empty parent in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&parent).and_then(|()| fs::create_dir(&staging.path))
            }
            made => made,
        });
        made.map_err(|source| StagingError { path: staging.path.clone(), source })?;
        Ok(staging)
    }

    /// One that was made before, by this daemon or an earlier one.
    #[must_use]
    pub fn open(output: &Path, attempt: AttemptId) -> Self {
        Self { path: output.join(PARENT).join(attempt.to_string()) }
    }

    /// Where the images go.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For when the attempt has ended: what is returned removes the directory when it is dropped, if it is empty by
    /// then. One that still holds something, such as an image that was refused, stays to be looked at, until
    /// [`sweep_staging`] takes it.
    #[must_use]
    pub fn remove_when_empty(self) -> StagingCleanup {
        StagingCleanup { path: self.path }
    }
}

/// Removes an ended attempt's staging directory, and empty directories in it, when it is dropped.
#[derive(Debug)]
pub struct StagingCleanup {
    path: PathBuf,
}

impl Drop for StagingCleanup {
    fn drop(&mut self) {
        remove_empty(&self.path);
        if let Some(parent) = self.path.parent() {
            // Fails where another attempt is at work, as it should.
            let _ = fs::remove_dir(parent);
        }
    }
}

/// Removes empty directories from the bottom up. `remove_dir` refuses all others, so nothing can be lost here.
fn remove_empty(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    let _ = fs::remove_dir(dir);
}

/// What [`sweep_staging`] found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Attempts whose directory is gone now.
    pub removed: Vec<AttemptId>,
    /// What could not be removed, and why.
    pub failed: Vec<(PathBuf, String)>,
}

/// Removes, with everything in them, the staging directories below an output directory whose attempt has ended and
/// is of no more interest. Names that are no attempt's are left alone, and links are removed, never followed.
pub fn sweep_staging(output: &Path, mut has_ended: impl FnMut(AttemptId) -> bool) -> Swept {
    let parent = output.join(PARENT);
    let mut swept = Swept::default();
    for entry in fs::read_dir(&parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let attempt = name.to_str().and_then(|name| Some(AttemptId(name.parse().ok()?)));
        let Some(attempt) = attempt.filter(|attempt| has_ended(*attempt)) else { continue };
        match fs::remove_dir_all(entry.path()) {
            Ok(()) => swept.removed.push(attempt),
            Err(error) => swept.failed.push((entry.path(), error.to_string())),
        }
    }
    let _ = fs::remove_dir(&parent);
    swept.removed.sort_unstable();
    swept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_one_goes_and_a_full_one_stays() {
        let root = tempfile::tempdir().expect("a directory");
        let output = root.path().join("shots/010");
        let (full, empty) = (AttemptId(7), AttemptId(8));
        let full = Staging::create(&output, full).expect("a directory");
        let empty = Staging::create(&output, empty).expect("a directory");
        assert!(Staging::create(&output, AttemptId(7)).is_err(), "an attempt has one of its own");
        fs::create_dir_all(empty.path().join("beauty/left")).expect("a directory");
        fs::write(full.path().join("0001.png"), "half an ima").expect("an image");
        let (kept, gone) = (full.path().to_owned(), empty.path().to_owned());
        drop((empty.remove_when_empty(), full.remove_when_empty()));
        assert!(!gone.exists());
        assert!(kept.join("0001.png").exists());

        fs::remove_file(kept.join("0001.png")).expect("removed");
        drop(Staging::open(&output, AttemptId(7)).remove_when_empty());
        assert_eq!(fs::read_dir(&output).expect("the output").count(), 0, "nothing of farmhand's is left");
    }

    #[test]
    fn the_sweep_takes_ended_attempts_only() {
        let root = tempfile::tempdir().expect("a directory");
        for attempt in 1..=3 {
            let staging = Staging::create(root.path(), AttemptId(attempt)).expect("a directory");
            fs::write(staging.path().join("0001.png"), "image").expect("an image");
        }
        fs::create_dir(root.path().join(".farmhand/notes")).expect("a directory");
        let swept = sweep_staging(root.path(), |attempt| attempt != AttemptId(2));
        assert_eq!(swept, Swept { removed: vec![AttemptId(1), AttemptId(3)], failed: vec![] });
        assert!(Staging::open(root.path(), AttemptId(2)).path().exists());
        assert!(root.path().join(".farmhand/notes").exists());
        assert_eq!(sweep_staging(&root.path().join("nowhere"), |_| true), Swept::default());
    }
}
