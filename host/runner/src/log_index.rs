//! Where the lines of a log begin: one in every so many bytes, so that any line is found by reading a little, in
//! memory that is bounded however long the log is.
//!
//! It grows with the log, and counts anew from where the log has lost its middle since. What a line says is not its
//! business.

use crate::log_files::LogFiles;
use crate::log_lines::{LineStart, Lines};
use memchr::memchr_iter;
use std::io;
use std::ops::ControlFlow;

/// Bytes between two known lines, at first.
const EVERY: u64 = 64 << 10;
/// Most lines that are known. With more, each second one is forgotten and the distance doubles.
const MOST: usize = 16_384;
/// Read at once.
const BLOCK: usize = 256 << 10;

/// Bytes in the middle that are no longer kept. They count as one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The line that they count as.
    pub start: LineStart,
    /// How many bytes.
    pub bytes: u64,
}

/// A sparse index of a log's lines.
#[derive(Debug, Clone)]
pub struct LogIndex {
    /// In order; the first is line 1.
    starts: Vec<LineStart>,
    every: u64,
    most: usize,
    holes: Vec<Hole>,
    /// Up to where lines were counted.
    scanned: u64,
    /// The line that this is in, or that begins there.
    last: LineStart,
}

impl Default for LogIndex {
    fn default() -> Self {
        Self::with_bounds(EVERY, MOST)
    }
}

impl LogIndex {
    fn with_bounds(every: u64, most: usize) -> Self {
        let first = LineStart { number: 1, offset: 0 };
        Self { starts: vec![first], every, most, holes: Vec::new(), scanned: 0, last: first }
    }

    /// Lines counted so far. A last one without its newline counts.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.last.number - 1 + u64::from(self.last.offset < self.scanned)
    }

    /// Up to which byte lines were counted.
    #[must_use]
    pub fn scanned(&self) -> u64 {
        self.scanned
    }

    /// What is no longer kept, in order.
    #[must_use]
    pub fn holes(&self) -> &[Hole] {
        &self.holes
    }

    /// Counts what the log has got since, block by block, until `go_on` says to stop.
    pub fn update(&mut self, log: &LogFiles, mut go_on: impl FnMut() -> ControlFlow<()>) -> io::Result<()> {
        self.forget_what_changed(log);
        while self.scanned < log.end() && go_on().is_continue() {
            let piece = log.read(self.scanned, BLOCK)?;
            if piece.bytes.is_empty() {
                break;
            }
            if piece.start > self.scanned {
                self.add_hole(piece.start);
            }
            for newline in memchr_iter(b'\n', &piece.bytes) {
                self.begin_line(piece.start + newline as u64 + 1);
            }
            self.scanned = piece.start + piece.bytes.len() as u64;
        }
        Ok(())
    }

    /// The last known line that begins at this number or before it.
    #[must_use]
    pub fn before_line(&self, number: u64) -> LineStart {
        self.known(self.starts.partition_point(|start| start.number <= number))
    }

    /// The last known line that begins at this offset or before it.
    #[must_use]
    pub fn before_offset(&self, offset: u64) -> LineStart {
        self.known(self.starts.partition_point(|start| start.offset <= offset))
    }

    /// The known lines up to this number, the last one first: what a backward search goes by.
    #[must_use]
    pub fn known_down_from(&self, number: u64) -> Vec<LineStart> {
        let end = self.starts.partition_point(|start| start.number <= number);
        self.starts[..end].iter().rev().copied().collect()
    }

    /// The lines that hold these offsets, which must be in order. Reads no byte of the log twice. An offset within a
    /// hole is the hole's line, and one behind the end the last line.
    pub fn lines_at(&self, log: &LogFiles, offsets: &[u64]) -> io::Result<Vec<u64>> {
        let mut found = Vec::with_capacity(offsets.len());
        let mut lines: Option<(Lines, LineStart, u64)> = None;
        for offset in offsets {
            let known = self.before_offset(*offset);
            // Where the reading stands already behind that, it goes on.
            let (mut reading, mut start, mut end) = match lines.take() {
                Some(at) if at.1.offset >= known.offset => at,
                _ => (Lines::new(log.clone(), known), known, known.offset),
            };
            while end <= *offset {
                match reading.next_line()? {
                    Some(line) => (start, end) = (line.start, line.start.offset + line.bytes),
                    None => break,
                }
            }
            found.push(start.number);
            lines = Some((reading, start, end));
        }
        Ok(found)
    }

    fn known(&self, behind: usize) -> LineStart {
        self.starts[behind.saturating_sub(1)]
    }

    fn begin_line(&mut self, offset: u64) {
        self.last = LineStart { number: self.last.number + 1, offset };
        if offset - self.starts[self.starts.len() - 1].offset >= self.every {
            self.starts.push(self.last);
            if self.starts.len() >= self.most {
                self.every *= 2;
                let mut index = 0;
                self.starts.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
            }
        }
    }

    fn add_hole(&mut self, end: u64) {
        let at = self.scanned;
        if self.last.offset < at {
            self.last = LineStart { number: self.last.number + 1, offset: at };
        }
        self.holes.push(Hole { start: self.last, bytes: end - at });
        self.begin_line(end);
    }

    /// Goes back to before the first hole that has come, grown or gone since; to the beginning where the log itself is
    /// another one.
    fn forget_what_changed(&mut self, log: &LogFiles) {
        let mut holes = Vec::new();
        let mut end = 0;
        for segment in log.segments() {
            if segment.start > end {
                holes.push((end, segment.start));
            }
            end = end.max(segment.start + segment.len);
        }
        if log.end() < self.scanned {
            *self = Self::with_bounds(self.every, self.most);
            return;
        }
        let known = self.holes.iter().map(|hole| (hole.start.offset, hole.start.offset + hole.bytes));
        let now = holes.into_iter().filter(|(at, _)| *at < self.scanned);
        let first_change = known
            .map(Some)
            .chain(std::iter::repeat(None))
            .zip(now.map(Some).chain(std::iter::repeat(None)))
            .take_while(|(known, now)| known.is_some() || now.is_some())
            .find(|(known, now)| known != now);
        let Some((known, now)) = first_change else { return };
        let at = [known, now].into_iter().flatten().map(|(at, _)| at).min().unwrap_or_default();
        // A line that begins where the hole does began after bytes that may be gone now.
        self.starts.retain(|start| start.offset < at || start.number == 1);
        self.last = self.starts[self.starts.len() - 1];
        self.scanned = self.last.offset;
        self.holes.retain(|hole| hole.start.offset < self.scanned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_files::tests::TestLog;
    use crate::log_lines::LineText;
    use proptest::prelude::*;

    const GO_ON: fn() -> ControlFlow<()> = || ControlFlow::Continue(());

    /// Every line's start, by reading all of it.
    fn naive(log: &LogFiles) -> Vec<(LineStart, bool)> {
        let mut bytes = Vec::new();
        let mut lines: Vec<(LineStart, bool)> = Vec::new();
        let mut end = 0;
        let mut begins = true;
        let add = |lines: &mut Vec<(LineStart, bool)>, offset, is_hole| {
            lines.push((LineStart { number: lines.len() as u64 + 1, offset }, is_hole));
        };
        for segment in log.segments() {
            if segment.start > end {
                add(&mut lines, end, true);
                begins = true;
            }
            let mut at = segment.start;
            while at < segment.start + segment.len {
                bytes.clear();
                bytes.extend(log.read(at, 1).expect("read").bytes);
                if begins {
                    add(&mut lines, at, false);
                }
                begins = bytes == b"\n";
                at += 1;
            }
            end = segment.start + segment.len;
        }
        lines
    }

    fn check(index: &LogIndex, log: &LogFiles) {
        let expect = naive(log);
        assert_eq!(index.scanned(), log.end());
        assert_eq!(index.lines(), expect.len() as u64);
        let holes: Vec<_> = expect.iter().filter(|(_, is_hole)| *is_hole).map(|(start, _)| *start).collect();
        assert_eq!(index.holes().iter().map(|hole| hole.start).collect::<Vec<_>>(), holes);
        for (start, is_hole) in &expect {
            for known in [index.before_line(start.number), index.before_offset(start.offset)] {
                assert!(known.number <= start.number && known.offset <= start.offset);
                let mut lines = Lines::new(log.clone(), known);
                let found = std::iter::from_fn(|| {
                    let line = lines.next_line().expect("read")?;
                    Some((line.start, line.text == LineText::Dropped))
                })
                .find(|(found, _)| found.number == start.number);
                assert_eq!(found, Some((*start, *is_hole)));
            }
        }
        let offsets: Vec<u64> = expect.iter().map(|(start, _)| start.offset).collect();
        let numbers: Vec<u64> = expect.iter().map(|(start, _)| start.number).collect();
        assert_eq!(index.lines_at(log, &offsets).expect("read"), numbers);
    }

    #[test]
    fn a_log_that_grows_and_loses_its_middle() {
        let log = TestLog::new(b"one\ntwo\nthr", &[]);
        let mut index = LogIndex::with_bounds(4, 64);
        let mut look = |log: &TestLog| {
            index.update(&log.files(), GO_ON).expect("read");
            check(&index, &log.files());
            (index.lines(), index.holes().to_vec())
        };
        assert_eq!(look(&log).0, 3);
        log.append(b"ee\n");
        assert_eq!(look(&log).0, 3);
        log.segment(14, b"four\nfi");
        log.segment(21, b"ve\nsix\n");
        assert_eq!(look(&log).0, 6);
        log.drop_segment(14);
        let (lines, holes) = look(&log);
        assert_eq!(lines, 6);
        assert_eq!(holes, [Hole { start: LineStart { number: 4, offset: 14 }, bytes: 7 }]);
        log.segment(28, b"seven\n");
        look(&log);
        log.drop_segment(21);
        let (lines, holes) = look(&log);
        assert_eq!((lines, holes[0].bytes), (5, 14));
    }

    #[test]
    fn looking_may_stop_in_between_and_memory_is_bounded() {
        let text = "line\n".repeat(200_000);
        let log = TestLog::new(text.as_bytes(), &[]);
        let mut index = LogIndex::with_bounds(64, 100);
        let mut blocks = 0;
        let mut one_block = || {
            blocks += 1;
            if blocks % 2 == 1 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        index.update(&log.files(), &mut one_block).expect("read");
        assert_eq!(index.scanned(), BLOCK as u64);
        while index.scanned() < log.files().end() {
            index.update(&log.files(), &mut one_block).expect("read");
        }
        assert_eq!(index.lines(), 200_000);
        assert!(index.starts.len() < 100);
        let known = index.before_line(150_000);
        assert_eq!(known.offset, (known.number - 1) * 5);
        assert!(150_000 - known.number < 10_000);
    }

    #[test]
    fn another_log_in_the_same_place_is_read_anew() {
        let mut index = LogIndex::default();
        index.update(&TestLog::new(b"one\ntwo\nthree\n", &[]).files(), GO_ON).expect("read");
        assert_eq!(index.lines(), 3);
        let other = TestLog::new(b"a\nb", &[]);
        index.update(&other.files(), GO_ON).expect("read");
        check(&index, &other.files());
    }

    proptest! {
        #[test]
        fn it_says_what_reading_everything_says(
            pieces in prop::collection::vec(("[ab\n\r]{0,12}", any::<bool>(), any::<bool>()), 1..12),
        ) {
            let log = TestLog::new(pieces[0].0.as_bytes(), &[]);
            let mut index = LogIndex::with_bounds(5, 6);
            let mut end = pieces[0].0.len() as u64;
            let mut oldest = None;
            for (text, is_looked_at, is_dropped) in &pieces[1..] {
                // Segments without a byte would have the same name.
                if text.is_empty() {
                    continue;
                }
                log.segment(end, text.as_bytes());
                if *is_dropped && let Some(start) = oldest.take() {
                    log.drop_segment(start);
                }
                oldest = oldest.or(Some(end));
                end += text.len() as u64;
                if *is_looked_at {
                    index.update(&log.files(), GO_ON).expect("read");
                    check(&index, &log.files());
                }
            }
            index.update(&log.files(), GO_ON).expect("read");
            check(&index, &log.files());
        }
    }
}
