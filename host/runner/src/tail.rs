//! Follows the log of a running attempt, line by line.
//!
//! What the lines mean is the plugin's to say; here they are only cut, bounded and counted.

mod lines;

use crate::log_files::{segment_path, segments};
use lines::LineCutter;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

const FASTEST_LOOK: Duration = Duration::from_millis(5);
const SLOWEST_LOOK: Duration = Duration::from_millis(100);
const READ_AT_ONCE: usize = 64 << 10;

/// Some lines of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// In order, without their ends; invalid UTF-8 is replaced, control characters are left as they are.
    pub lines: Vec<String>,
    /// Where each of them begins in the whole output.
    pub starts: Vec<u64>,
    /// Where the next batch begins: a tail that starts here goes on without a line lost or seen twice.
    pub offset: u64,
}

/// Reads an attempt's log from an offset on, to its end.
///
/// It looks for more every 5 ms while there is output and every 100 ms when there has been none for a while. Memory
/// stays within two read buffers and one batch, however long the log and its lines are.
#[derive(Debug)]
pub struct LogTail {
    log: PathBuf,
    /// The open segment.
    file: Option<File>,
    /// Where the next byte comes from.
    position: u64,
    cutter: LineCutter,
    batch_size: usize,
    pending: Vec<(u64, String)>,
    wait: Duration,
    signal: Arc<Signal>,
}

#[derive(Debug, Default)]
struct Signal {
    notify: Notify,
    finished: AtomicBool,
}

/// Tells a [`LogTail`] what its file cannot: that there is more, and that there will be no more. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TailHandle {
    signal: Arc<Signal>,
}

impl TailHandle {
    /// Look now.
    pub fn wake(&self) {
        self.signal.notify.notify_one();
    }

    /// The process tree has ended: what is in the log is all there will be.
    pub fn finish(&self) {
        self.signal.finished.store(true, Ordering::Release);
        self.signal.notify.notify_one();
    }
}

impl LogTail {
    /// Follows this log from this offset; it need not be there yet.
    #[must_use]
    pub fn new(log: impl Into<PathBuf>, offset: u64) -> Self {
        Self {
            log: log.into(),
            file: None,
            position: offset,
            cutter: LineCutter::new(offset),
            batch_size: 64,
            pending: Vec::new(),
            wait: FASTEST_LOOK,
            signal: Arc::default(),
        }
    }

    /// At most this many lines in a batch; 64 where nothing is said.
    #[must_use]
    pub fn batch_size(mut self, lines: usize) -> Self {
        self.batch_size = lines.max(1);
        self
    }

    /// For whoever waits for the process.
    #[must_use]
    pub fn handle(&self) -> TailHandle {
        TailHandle { signal: Arc::clone(&self.signal) }
    }

    /// The next lines, as soon as there is one; `None` at the end. A last line without an end comes last. Nothing is
    /// lost where the future is dropped.
    ///
    /// The file is read in place and not on a thread for blocking calls: it was written moments ago on this machine,
    /// so a read is a copy of at most 64 KiB from memory, which is less than handing it to a thread costs.
    pub async fn next(&mut self) -> Option<Batch> {
        loop {
            // Asked before reading, so that what was written before the end is read before the end is told.
            let finished = self.signal.finished.load(Ordering::Acquire);
            let more = self.collect().await;
            if !self.pending.is_empty() {
                self.wait = FASTEST_LOOK;
                return Some(self.take_batch());
            }
            if more {
                continue;
            }
            if finished {
                self.pending.extend(self.cutter.finish());
                return (!self.pending.is_empty()).then(|| self.take_batch());
            }
            tokio::select! {
                () = tokio::time::sleep(self.wait) => {}
                () = self.signal.notify.notified() => {}
            }
            self.wait = (self.wait * 2).min(SLOWEST_LOOK);
        }
    }

    fn take_batch(&mut self) -> Batch {
        let (starts, lines) = std::mem::take(&mut self.pending).into_iter().unzip();
        Batch { lines, starts, offset: self.cutter.offset() }
    }

    /// Fills the batch from what is there; whether there may be more.
    async fn collect(&mut self) -> bool {
        while self.pending.len() < self.batch_size {
            if let Some(line) = self.cutter.next_line() {
                self.pending.push(line);
                continue;
            }
            match self.fill() {
                Ok(0) => return false,
                // A line of any length must not keep others from this thread.
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::debug!(log = %self.log.display(), %error, "cannot read a log now");
                    return false;
                }
            }
        }
        true
    }

    /// Reads on, over the ends of segments; 0 where there is no more for now.
    fn fill(&mut self) -> io::Result<usize> {
        if self.file.is_none() && !self.open_segment()? {
            return Ok(0);
        }
        let length = self.read()?;
        // An empty log is its own last segment, which saves looking for others where nothing is ever printed.
        if length > 0 || self.position == 0 {
            return Ok(length);
        }
        if self.next_segment()? { self.read() } else { Ok(0) }
    }

    fn read(&mut self) -> io::Result<usize> {
        let Some(file) = &mut self.file else { return Ok(0) };
        let length = self.cutter.refill(|buffer| file.take(READ_AT_ONCE as u64).read_to_end(buffer))?;
        self.position += length as u64;
        Ok(length)
    }

    /// Opens the segment that holds the position, or the first one after it.
    fn open_segment(&mut self) -> io::Result<bool> {
        let all = segments(&self.log)?;
        let holding = all.iter().rfind(|segment| segment.start <= self.position);
        match holding {
            // The next one, where this one has ended and another one follows, is found at its end.
            Some(segment) if segment.start == 0 || self.position <= segment.start + segment.len => {
                let mut file = File::open(segment_path(&self.log, segment.start))?;
                file.seek(SeekFrom::Start(self.position - segment.start))?;
                self.file = Some(file);
                Ok(true)
            }
            _ => self.next_segment(),
        }
    }

    /// Goes on with the first segment that begins at the position or after it. One that begins after it means that
    /// what was between is no longer kept, which a line says.
    fn next_segment(&mut self) -> io::Result<bool> {
        let all = segments(&self.log)?;
        let Some(next) = all.iter().find(|segment| segment.start >= self.position && segment.start > 0)
        else {
            return Ok(false);
        };
        self.file = Some(File::open(segment_path(&self.log, next.start))?);
        if next.start > self.position {
            let gap = next.start - self.position;
            self.cutter.skip(gap, format!("[farmhand] {gap} bytes of output are no longer kept"));
            self.position = next.start;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    async fn all_lines(mut tail: LogTail) -> Vec<String> {
        tail.handle().finish();
        let mut lines = Vec::new();
        while let Some(batch) = tail.next().await {
            lines.extend(batch.lines);
        }
        lines
    }

    #[tokio::test]
    async fn goes_on_from_an_offset() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("log");
        fs::write(&log, "one\ntwo\nthree\nfour").expect("a log");
        let mut tail = LogTail::new(&log, 0).batch_size(2);
        let first = tail.next().await.expect("lines");
        assert_eq!(first, Batch { lines: vec!["one".into(), "two".into()], starts: vec![0, 4], offset: 8 });
        assert_eq!(all_lines(LogTail::new(&log, first.offset)).await, ["three", "four"]);
        assert_eq!(all_lines(LogTail::new(&log, 18)).await, Vec::<String>::new());
        assert_eq!(all_lines(LogTail::new(dir.path().join("none"), 0)).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn follows_what_is_written_later() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("log");
        let mut tail = LogTail::new(&log, 0);
        let handle = tail.handle();
        let writer = tokio::task::spawn_blocking(move || {
            let mut file = File::create(&log).expect("a log");
            for number in 0..1000 {
                writeln!(file, "line {number}").expect("written");
            }
            write!(file, "the end").expect("written");
            handle.finish();
        });
        let mut lines = Vec::new();
        while let Some(batch) = tail.next().await {
            lines.extend(batch.lines);
        }
        writer.await.expect("the writer");
        assert_eq!(lines.len(), 1001);
        assert_eq!((lines[999].as_str(), lines[1000].as_str()), ("line 999", "the end"));
    }

    #[tokio::test]
    async fn crosses_segments_and_names_gaps() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("log");
        fs::write(&log, "head\npar").expect("the head");
        fs::write(segment_path(&log, 8), "tial\nmore\n").expect("a segment");
        let lines = all_lines(LogTail::new(&log, 0)).await;
        assert_eq!(lines, ["head", "partial", "more"]);

        fs::rename(segment_path(&log, 8), segment_path(&log, 108)).expect("renamed");
        let lines = all_lines(LogTail::new(&log, 0)).await;
        assert_eq!(
            lines,
            ["head", "par", "[farmhand] 100 bytes of output are no longer kept", "tial", "more"]
        );
        let lines = all_lines(LogTail::new(&log, 50)).await;
        assert_eq!(lines, ["[farmhand] 58 bytes of output are no longer kept", "tial", "more"]);
        let lines = all_lines(LogTail::new(&log, 113)).await;
        assert_eq!(lines, ["more"]);
    }
}
