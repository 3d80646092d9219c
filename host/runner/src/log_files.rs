//! The log of an attempt on disk: `log`, and behind it segments named by where they begin.
//!
//! `log` holds the first bytes of the output. Past its cap the output goes on in `log.N`, where N is the offset of
//! the segment's first byte in the whole output, zero-padded so that names sort. A segment is opened when the one
//! before it is full; the oldest are removed as new ones come, so the disk holds the head and the newest tail, while
//! every offset stays true. `cat log log.*` shows all that is kept.
//!
//! This module reads. The shim writes, and [`crate::LogTail`] follows.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Where the segment that begins at `start` lies.
pub(crate) fn segment_path(log: &Path, start: u64) -> PathBuf {
    if start == 0 { log.to_owned() } else { suffixed(log, &format!(".{start:020}")) }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// One file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Offset of its first byte in the whole output.
    pub start: u64,
    /// Its size when it was looked at.
    pub len: u64,
}

/// A log as it was on disk at one moment.
#[derive(Debug, Clone)]
pub struct LogFiles {
    log: PathBuf,
    segments: Vec<Segment>,
}

/// A piece of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// Offset of its first byte; after the one asked for where that is no longer kept.
    pub start: u64,
    /// The bytes; fewer than asked for at the end of a segment, none at the end of the log.
    pub bytes: Vec<u8>,
}

impl LogFiles {
    /// Looks at a log; one that is not there yet is empty.
    pub fn open(log: &Path) -> io::Result<Self> {
        Ok(Self { log: log.to_owned(), segments: segments(log)? })
    }

    /// Its files in order, gaps between them where the middle was dropped.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The offset behind the last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.start + segment.len)
    }

    /// Up to `max` bytes from `offset`, from one segment. A caller that wants more asks again at
    /// `piece.start + piece.bytes.len()`; where `piece.start` is not the offset asked for, the bytes between were
    /// dropped.
    pub fn read(&self, offset: u64, max: usize) -> io::Result<LogPiece> {
        let covering = self.segments.iter().find(|segment| segment.start + segment.len > offset);
        let Some(segment) = covering else { return Ok(LogPiece { start: offset, bytes: Vec::new() }) };
        let start = offset.max(segment.start);
        let mut file = File::open(segment_path(&self.log, segment.start))?;
        file.seek(SeekFrom::Start(start - segment.start))?;
        let mut bytes = Vec::new();
        file.take(max as u64).read_to_end(&mut bytes)?;
        Ok(LogPiece { start, bytes })
    }
}

/// The files of a log in order.
pub(crate) fn segments(log: &Path) -> io::Result<Vec<Segment>> {
    let Some((parent, name)) = log.parent().zip(log.file_name().and_then(|name| name.to_str())) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Some(rest) =
            entry.file_name().to_str().and_then(|entry| entry.strip_prefix(name).map(str::to_owned))
        else {
            continue;
        };
        let start =
            if rest.is_empty() { Some(0) } else { rest.strip_prefix('.').and_then(|n| n.parse().ok()) };
        // One that is gone by now was the oldest of the tail.
        if let (Some(start), Ok(about)) = (start, fs::metadata(entry.path())) {
            found.push(Segment { start, len: about.len() });
        }
    }
    found.sort_by_key(|segment| segment.start);
    Ok(found)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;

    /// A log on disk that a test lays out segment by segment.
    pub(crate) struct TestLog {
        dir: tempfile::TempDir,
    }

    impl TestLog {
        pub(crate) fn new(head: &[u8], segments: &[(u64, &[u8])]) -> Self {
            let log = Self { dir: tempfile::tempdir().expect("a directory") };
            fs::write(log.path(), head).expect("the head");
            segments.iter().for_each(|(start, bytes)| log.segment(*start, bytes));
            log
        }

        pub(crate) fn path(&self) -> PathBuf {
            self.dir.path().join("log")
        }

        pub(crate) fn files(&self) -> LogFiles {
            LogFiles::open(&self.path()).expect("the log")
        }

        pub(crate) fn append(&self, bytes: &[u8]) {
            let mut file = File::options().append(true).open(self.path()).expect("the head");
            file.write_all(bytes).expect("written");
        }

        pub(crate) fn segment(&self, start: u64, bytes: &[u8]) {
            fs::write(segment_path(&self.path(), start), bytes).expect("a segment");
        }

        pub(crate) fn drop_segment(&self, start: u64) {
            fs::remove_file(segment_path(&self.path(), start)).expect("removed");
        }
    }
}
