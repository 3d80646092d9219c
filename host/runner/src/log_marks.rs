//! Where in an attempt's log something was seen: a file beside the log, one JSON object a line, written while the log
//! is read and gone when it is.
//!
//! It is written anew by every daemon that reads the log, which each does from its beginning.

use farmhand_model::dcc::Fault;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Most marks of one attempt: more than a bar beside a log can show.
const MOST: usize = 20_000;

/// What was seen at one place of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogMark {
    /// Where the line begins in the whole output.
    pub offset: u64,
    /// What it says.
    #[serde(flatten)]
    pub seen: Seen,
}

/// What a line of a log says, as the plugin's reader understood it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// This frame was begun.
    FrameStarted(i32),
    /// This frame's image was written.
    FrameDone(i32),
    /// Something went wrong.
    Fault(Fault),
}

/// Where the marks of this log lie.
fn path(log: &Path) -> PathBuf {
    log.with_file_name("marks.json")
}

/// Writes marks. One that cannot be written costs a mark, and never the attempt.
#[derive(Debug)]
pub struct MarkWriter {
    file: Option<File>,
    written: usize,
}

impl MarkWriter {
    /// Begins the marks of this log anew.
    #[must_use]
    pub fn create(log: &Path) -> Self {
        let file = File::create(path(log))
            .inspect_err(|error| tracing::debug!(log = %log.display(), %error, "its marks are not written"))
            .ok();
        Self { file, written: 0 }
    }

    /// Adds one.
    pub fn add(&mut self, mark: &LogMark) {
        if self.written == MOST {
            return;
        }
        let Some(file) = &mut self.file else { return };
        let Ok(mut line) = serde_json::to_vec(mark) else { return };
        line.push(b'\n');
        self.written += 1;
        if let Err(error) = file.write_all(&line) {
            tracing::debug!(%error, "no more marks of a log are written");
            self.file = None;
        }
    }
}

/// The marks of a log, in the order in which they were seen. None where there is no such file, as of older attempts; a
/// line that was cut off by a crash or a full disk is left out.
pub fn read_marks(log: &Path) -> io::Result<Vec<LogMark>> {
    let file = match File::open(path(log)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let mut marks = Vec::new();
    for line in BufReader::new(file).lines() {
        marks.extend(serde_json::from_str(&line?));
    }
    Ok(marks)
}

/// Whether this log has a file of marks.
#[must_use]
pub fn has_marks(log: &Path) -> bool {
    fs::exists(path(log)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::{Cause, Severity};

    #[test]
    fn marks_come_back_as_they_were_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("log");
        assert_eq!(read_marks(&log).expect("none"), []);
        assert!(!has_marks(&log));
        let fault = Fault {
            severity: Severity::FrameFatal,
            cause: Cause::MissingFile,
            message: "no wood.exr".to_owned(),
            frame: Some(7),
            about: None,
        };
        let marks = [
            LogMark { offset: 3, seen: Seen::FrameStarted(7) },
            LogMark { offset: 90, seen: Seen::Fault(fault) },
            LogMark { offset: 200, seen: Seen::FrameDone(-7) },
        ];
        let mut writer = MarkWriter::create(&log);
        marks.iter().for_each(|mark| writer.add(mark));
        assert_eq!(read_marks(&log).expect("marks"), marks);

        // A crash leaves half a line, and the next daemon begins anew.
        let half = &fs::read(path(&log)).expect("the file")[..40];
        fs::write(path(&log), half).expect("cut");
        assert_eq!(read_marks(&log).expect("marks"), marks[..1]);
        drop(MarkWriter::create(&log));
        assert_eq!(read_marks(&log).expect("marks"), []);
        assert!(has_marks(&log));
    }

    #[test]
    fn a_place_that_cannot_be_written_to_costs_only_marks() {
        let mut writer = MarkWriter::create(Path::new("/nowhere/attempt/log"));
        writer.add(&LogMark { offset: 0, seen: Seen::FrameStarted(1) });
    }
}
