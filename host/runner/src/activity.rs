//! Signs of life of a running attempt. Whether they amount to a stall is for the scheduler to say, and never from one
//! of them alone.

use crate::dir::AttemptDir;
use crate::log_files::LogFiles;
use crate::usage::LiveUsage;
use std::path::Path;
use std::time::SystemTime;

/// What can be seen of an attempt from outside. Each sign is absent where it cannot be read, which says nothing about
/// whether the attempt lives.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Activity {
    /// What its process tree takes, as its shim saw it last: seconds ago at most. Absent in its first second.
    pub usage: Option<LiveUsage>,
    /// Output so far.
    pub log_bytes: Option<u64>,
    /// When a file in the staging directory was last written.
    pub newest_file: Option<SystemTime>,
}

impl Activity {
    /// Looks once. Reads files of the attempt's directory and walks the staging directory, so it belongs on a thread
    /// that may block.
    #[must_use]
    pub fn look(dir: &AttemptDir, staging: Option<&Path>) -> Self {
        Self {
            usage: dir.live_usage(),
            log_bytes: LogFiles::open(&dir.log()).ok().map(|log| log.end()),
            newest_file: staging.and_then(|staging| newest_file(staging, MAX_DEPTH)),
        }
    }
}

/// Directories below the staging directory that are looked into: renderers make one per layer or pass.
const MAX_DEPTH: u32 = 4;

fn newest_file(dir: &Path, depth: u32) -> Option<SystemTime> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    entries
        .filter_map(|entry| {
            let about = entry.metadata().ok()?;
            let inside =
                (about.is_dir() && depth > 0).then(|| newest_file(&entry.path(), depth - 1)).flatten();
            inside.max(about.is_file().then(|| about.modified().ok()).flatten())
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::time::Duration;

    #[test]
    fn the_newest_file_may_lie_in_a_directory_below() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(newest_file(dir.path(), MAX_DEPTH), None);
        let day = |n: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(n * 86_400);
        fs::create_dir(dir.path().join("beauty")).expect("a directory");
        for (name, time) in [("a.exr", day(1)), ("beauty/b.exr", day(3)), ("c.exr", day(2))] {
            File::create(dir.path().join(name)).and_then(|file| file.set_modified(time)).expect("a file");
        }
        assert_eq!(newest_file(dir.path(), MAX_DEPTH), Some(day(3)));
    }

    #[test]
    fn what_is_not_there_is_absent() {
        let dir = tempfile::tempdir().expect("a directory");
        let attempt = AttemptDir::open(dir.path().join("none"));
        let seen = Activity::look(&attempt, Some(&dir.path().join("nowhere")));
        assert_eq!(seen, Activity { log_bytes: Some(0), ..Activity::default() });
    }
}
