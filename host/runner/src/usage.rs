//! What an attempt's process tree takes while it runs: `usage.json` in the attempt's directory, written by the shim and
//! read by whichever daemon is there.
//!
//! How it is measured is for [`crate::os`], and how often for the shim.

use farmhand_model::Usage;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What a process tree takes at the moment, and has taken so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LiveUsage {
    /// Memory that it holds.
    pub memory_bytes: Option<u64>,
    /// Cores that it kept busy since the look before.
    pub cores: Option<f64>,
    /// In all.
    #[serde(flatten)]
    pub so_far: Usage,
}

/// Longer than any of them in JSON, so that each takes the place of the one before.
const SPACE: usize = 512;

/// The file that the latest figures are in.
///
/// It is written over in place, which needs no space that the disk may lack by then: figures that stand still would
/// look like a render that does. Whoever reads while it is being written finds nothing, which says nothing.
pub(crate) struct UsageFile {
    path: PathBuf,
    file: Option<File>,
}

impl UsageFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Where it cannot be written there is none, so that nobody takes old figures for new ones.
    pub(crate) fn write(&mut self, usage: &LiveUsage) {
        if self.try_write(usage).is_err() {
            self.file = None;
            let _ = fs::remove_file(&self.path);
        }
    }

    fn try_write(&mut self, usage: &LiveUsage) -> io::Result<()> {
        let mut text = serde_json::to_vec(usage)?;
        // JSON may end in white space, so the padding is part of it.
        text.resize(text.len().max(SPACE), b' ');
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::create(&self.path)?),
        };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&text)
    }
}

/// The latest figures; absent before the first, and while they are being written.
pub(crate) fn read(path: &Path) -> Option<LiveUsage> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_figures_are_found_and_old_ones_are_not_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("usage.json");
        let mut file = UsageFile::new(path.clone());
        assert_eq!(read(&path), None);
        let so_far = Usage { cpu_seconds: Some(1.25), read_bytes: Some(u64::MAX), ..Usage::default() };
        let long = LiveUsage { memory_bytes: Some(u64::MAX), cores: Some(0.123_456_789), so_far };
        for usage in [long, LiveUsage::default(), long] {
            file.write(&usage);
            assert_eq!(read(&path), Some(usage));
            assert_eq!(fs::metadata(&path).expect("a file").len(), SPACE as u64, "it grows");
        }
        fs::remove_file(&path).expect("a file");
        fs::create_dir(&path).expect("a directory in its place");
        let mut blocked = UsageFile::new(path.clone());
        blocked.write(&long);
        assert_eq!(read(&path), None);
    }
}
