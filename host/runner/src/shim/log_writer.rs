//! Writes a program's output to its log: bounded in size and speed, and never in the program's way.
//!
//! The layout that bounds the size is in [`crate::log_files`]. Failing writes, as on a full disk, lose output, are
//! counted, and are tried again a second later.

use super::rate::{LeftOut, RateGate};
use crate::log_files::segment_path;
use crate::spec::LogLimits;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Segments of the tail that are kept beside the one being written.
const WHOLE_TAIL_SEGMENTS: u64 = 3;
const RETRY: Duration = Duration::from_secs(1);

/// The writing end of one attempt's log.
pub(super) struct LogWriter {
    log: PathBuf,
    file: File,
    /// Where the output stands, with everything that was dropped from the middle since.
    position: u64,
    /// Where the open segment ends.
    segment_end: u64,
    segment_size: u64,
    /// Where the tail's segments begin, oldest first, the open one included.
    tail: VecDeque<u64>,
    gate: RateGate,
    ends_with_newline: bool,
    fault: Option<Fault>,
    dropped: u64,
}

/// A write that failed, and what was lost since.
struct Fault {
    error: io::Error,
    at: Instant,
    bytes: u64,
}

impl LogWriter {
    pub(super) fn create(log: &Path, limits: LogLimits, now: Instant) -> io::Result<Self> {
        Ok(Self {
            log: log.to_owned(),
            file: open(log)?,
            position: 0,
            segment_end: limits.head_bytes.max(1),
            segment_size: (limits.tail_bytes / (WHOLE_TAIL_SEGMENTS + 1)).max(1),
            tail: VecDeque::new(),
            gate: RateGate::new(limits, now),
            ends_with_newline: true,
            fault: None,
            dropped: 0,
        })
    }

    /// Keeps what may be kept of this piece of output.
    pub(super) fn write(&mut self, output: &[u8], now: Instant) {
        let (gap, kept) = self.gate.admit(output, now);
        if let Some(gap) = gap {
            self.note_gap(gap, now);
        }
        self.dropped += (output.len() - kept.len()) as u64;
        self.store(&output[kept], now);
    }

    /// Says what is missing at the very end. The bytes in the log, and those that never reached it.
    pub(super) fn finish(mut self, now: Instant) -> (u64, u64) {
        if let Some(gap) = self.gate.take_left_out() {
            self.note_gap(gap, now);
        }
        if let Some(fault) = &mut self.fault {
            // The last chance: no later write will try again.
            fault.at = now.checked_sub(RETRY).unwrap_or(fault.at);
            self.recover(now);
        }
        (self.position, self.dropped)
    }

    fn note_gap(&mut self, gap: LeftOut, now: Instant) {
        let LeftOut { bytes, lines } = gap;
        self.note(&format!("{bytes} bytes ({lines} lines) of output left out here: they came too fast"), now);
    }

    fn note(&mut self, text: &str, now: Instant) {
        let start = if self.ends_with_newline { "" } else { "\n" };
        self.store(format!("{start}[farmhand] {text}\n").as_bytes(), now);
    }

    fn store(&mut self, output: &[u8], now: Instant) {
        if output.is_empty() || !self.recover(now) {
            self.lose(output.len());
            return;
        }
        if let Err((error, written)) = self.append(output) {
            self.fault = Some(Fault { error, at: now, bytes: 0 });
            self.lose(output.len() - written);
        }
    }

    fn lose(&mut self, bytes: usize) {
        self.dropped += bytes as u64;
        if let Some(fault) = &mut self.fault {
            fault.bytes += bytes as u64;
        }
    }

    /// Whether the log can be written to, as far as is known. After a fault it is tried once a second, with the line
    /// that tells of the loss.
    fn recover(&mut self, now: Instant) -> bool {
        let Some(fault) = self.fault.take() else { return true };
        if now.duration_since(fault.at) < RETRY {
            self.fault = Some(fault);
            return false;
        }
        let start = if self.ends_with_newline { "" } else { "\n" };
        let line = format!("{start}[farmhand] {} bytes of output lost here: {}\n", fault.bytes, fault.error);
        match self.append(line.as_bytes()) {
            Ok(()) => true,
            Err((error, _)) => {
                self.fault = Some(Fault { error, at: now, bytes: fault.bytes });
                false
            }
        }
    }

    /// Writes on, over the ends of segments; on an error, how much was written before it.
    fn append(&mut self, output: &[u8]) -> Result<(), (io::Error, usize)> {
        let mut written = 0;
        while written < output.len() {
            let step = self.next_segment().and_then(|()| {
                let room = usize::try_from(self.segment_end - self.position).unwrap_or(usize::MAX);
                let end = output.len().min(written.saturating_add(room));
                self.file.write(&output[written..end])
            });
            match step {
                Ok(0) => return Err((io::ErrorKind::WriteZero.into(), written)),
                Ok(length) => {
                    written += length;
                    self.position += length as u64;
                    self.ends_with_newline = output[written - 1] == b'\n';
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err((error, written)),
            }
        }
        Ok(())
    }

    /// Opens the next segment where the last one is full, and removes the oldest one that the tail can spare.
    fn next_segment(&mut self) -> io::Result<()> {
        if self.position < self.segment_end {
            return Ok(());
        }
        self.file = open(&segment_path(&self.log, self.position))?;
        self.tail.push_back(self.position);
        self.segment_end = self.position + self.segment_size;
        while self.tail.len() as u64 > WHOLE_TAIL_SEGMENTS + 1
            && let Some(oldest) = self.tail.pop_front()
        {
            // One that cannot be removed costs disk space, and stays readable.
            let _ = std::fs::remove_file(segment_path(&self.log, oldest));
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_files::LogFiles;

    fn limits(head: u64, tail: u64) -> LogLimits {
        LogLimits { head_bytes: head, tail_bytes: tail, ..LogLimits::default() }
    }

    #[test]
    fn keeps_the_head_and_the_newest_tail() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("log");
        let now = Instant::now();
        let mut writer = LogWriter::create(&log, limits(10, 8), now).expect("a log");
        let output: Vec<u8> = (b'a'..=b'z').collect();
        for piece in output.chunks(3) {
            writer.write(piece, now);
        }
        assert_eq!(writer.finish(now), (26, 0));
        // Head a to j; segments of two bytes, of which the newest four are there.
        assert_eq!(std::fs::read(&log).expect("the head"), b"abcdefghij");
        let segments = LogFiles::open(&log).expect("the log").segments().to_vec();
        let starts: Vec<u64> = segments.iter().map(|segment| segment.start).collect();
        assert_eq!(starts, [0, 18, 20, 22, 24]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_loses_output_and_nothing_else() {
        let now = Instant::now();
        let mut writer =
            LogWriter::create(Path::new("/dev/full"), limits(1 << 20, 1 << 20), now).expect("a device");
        writer.write(b"lost\n", now);
        writer.write(b"lost too\n", now + Duration::from_millis(1500));
        assert_eq!(writer.finish(now), (0, 14));
    }

    #[test]
    fn tells_of_what_was_lost_once_it_can_write_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("log");
        let now = Instant::now();
        let mut writer = LogWriter::create(&log, limits(1 << 20, 1 << 20), now).expect("a log");
        writer.write(b"kept", now);
        writer.fault = Some(Fault { error: io::ErrorKind::StorageFull.into(), at: now, bytes: 0 });
        writer.write(b"lost", now + Duration::from_millis(10));
        writer.write(b"kept again\n", now + Duration::from_millis(1010));
        let (_, dropped) = writer.finish(now + Duration::from_millis(1020));
        assert_eq!(dropped, 4);
        let text = std::fs::read_to_string(&log).expect("text");
        assert_eq!(text, "kept\n[farmhand] 4 bytes of output lost here: no storage space\nkept again\n");
    }
}
