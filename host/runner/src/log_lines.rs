//! The lines of a log, from one place in it on, in bounded memory however long the log and its lines are.
//!
//! A line ends at its newline, and nowhere else: what a program draws over with carriage returns is one line, which
//! reads as its last state. Where the middle of a log was dropped, the hole is a line of its own, so that everything
//! behind it has a number too. Numbers are those of what is kept; offsets stay true whatever is dropped.

use crate::log_files::LogFiles;
use memchr::{memchr, memrchr};
use std::borrow::Cow;
use std::io;

/// Read at once.
const BLOCK: usize = 256 << 10;
/// Of a longer line this much is looked at.
const LONGEST: usize = 1 << 20;

/// A place where a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineStart {
    /// The line's number, from 1.
    pub number: u64,
    /// Offset of its first byte in the whole output.
    pub offset: u64,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it begins.
    pub start: LineStart,
    /// Bytes in the log, its end and everything that was drawn over included.
    pub bytes: u64,
    /// What it says.
    pub text: LineText<'a>,
}

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineText<'a> {
    /// Its last state, without its end. `cut`: it is longer than what is given here.
    Kept {
        /// As the program wrote it, escape sequences included.
        bytes: &'a [u8],
        /// Whether there is more.
        cut: bool,
        /// Whether earlier states of it were drawn over.
        redrawn: bool,
    },
    /// The bytes of this line and of an unknown number of others are no longer kept.
    Dropped,
}

/// Reads lines one after the other.
#[derive(Debug)]
pub struct Lines {
    log: LogFiles,
    /// Where the next byte comes from.
    position: u64,
    /// The present line, and what was read beyond it.
    buffer: Vec<u8>,
    /// Where the present line begins in the buffer.
    used: usize,
    /// Up to where the buffer holds no newline.
    looked: usize,
    start: LineStart,
    /// The present line lost its middle, or its drawn-over states, to the bound.
    cut: bool,
    redrawn: bool,
    /// A hole to be told of next.
    hole: Option<u64>,
}

impl Lines {
    /// The lines of this log from this one on, which must begin there.
    #[must_use]
    pub fn new(log: LogFiles, start: LineStart) -> Self {
        Self {
            log,
            position: start.offset,
            buffer: Vec::new(),
            used: 0,
            looked: 0,
            start,
            cut: false,
            redrawn: false,
            hole: None,
        }
    }

    /// The next line; `None` at the end. A last line without a newline counts.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if let Some(bytes) = self.hole.take() {
                let start = self.start;
                self.position = start.offset + bytes;
                self.start = LineStart { number: start.number + 1, offset: self.position };
                return Ok(Some(Line { start, bytes, text: LineText::Dropped }));
            }
            if let Some(found) = memchr(b'\n', &self.buffer[self.looked..]) {
                let end = self.looked + found;
                return Ok(Some(self.give(end, end + 1)));
            }
            self.make_room();
            let piece = self.log.read(self.position, BLOCK)?;
            let at_hole = !piece.bytes.is_empty() && piece.start > self.position;
            if piece.bytes.is_empty() || at_hole {
                if at_hole {
                    self.hole = Some(piece.start - self.position);
                }
                let end = self.buffer.len();
                if end > self.used || self.cut {
                    return Ok(Some(self.give(end, end)));
                }
                if at_hole {
                    continue;
                }
                return Ok(None);
            }
            self.position += piece.bytes.len() as u64;
            if self.buffer.is_empty() {
                self.buffer = piece.bytes;
            } else {
                self.buffer.extend_from_slice(&piece.bytes);
            }
        }
    }

    /// Keeps of the present line what will be needed, before more of it is read.
    fn make_room(&mut self) {
        self.buffer.drain(..self.used);
        self.used = 0;
        if self.buffer.len() > LONGEST {
            // The last byte may be the first half of `\r\n`.
            match memrchr(b'\r', &self.buffer[..self.buffer.len() - 1]) {
                Some(last) => {
                    self.buffer.drain(..=last);
                    self.redrawn = true;
                }
                None => {
                    self.buffer.truncate(LONGEST);
                    self.cut = true;
                }
            }
        }
        self.looked = self.buffer.len();
    }

    /// The present line, whose text ends at `end` in the buffer and after which the next one begins at `next`.
    fn give(&mut self, end: usize, next: usize) -> Line<'_> {
        let behind = self.position - (self.buffer.len() - next) as u64;
        let start = self.start;
        self.start = LineStart { number: start.number + 1, offset: behind };
        let from = std::mem::replace(&mut self.used, next);
        self.looked = next;
        let was_redrawn = std::mem::take(&mut self.redrawn);
        let cut = std::mem::take(&mut self.cut);
        let bytes = if cut { &self.buffer[from..end.min(from + LONGEST)] } else { &self.buffer[from..end] };
        let (bytes, redrawn) = last_state(bytes);
        let text = LineText::Kept { bytes, cut, redrawn: redrawn || was_redrawn };
        Line { start, bytes: behind - start.offset, text }
    }
}

/// A line as its last carriage return left it, and whether it had states before.
fn last_state(line: &[u8]) -> (&[u8], bool) {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let line = &line[..end];
    memrchr(b'\r', line).map_or((line, false), |last| (&line[last + 1..], true))
}

/// A line without its escape sequences: what a terminal would show of it as text.
#[must_use]
pub fn plain(line: &[u8]) -> Cow<'_, [u8]> {
    const ESCAPE: u8 = 0x1b;
    let Some(mut at) = memchr(ESCAPE, line) else { return Cow::Borrowed(line) };
    let mut text = Vec::with_capacity(line.len());
    let mut rest = line;
    loop {
        text.extend_from_slice(&rest[..at]);
        rest = &rest[at + escape_length(&rest[at..])..];
        match memchr(ESCAPE, rest) {
            Some(next) => at = next,
            None => {
                text.extend_from_slice(rest);
                return Cow::Owned(text);
            }
        }
    }
}

/// How long the escape sequence is that a line goes on with: control sequences, strings with their end, and short ones.
fn escape_length(text: &[u8]) -> usize {
    let is_end_of = |bytes: &[u8], allowed: fn(u8) -> bool| {
        bytes.iter().position(|byte| !allowed(*byte)).unwrap_or(bytes.len())
    };
    match text.get(1) {
        Some(b'[') => {
            let parameters = is_end_of(&text[2..], |byte| matches!(byte, b'0'..=b'?'));
            let between = is_end_of(&text[2 + parameters..], |byte| matches!(byte, b' '..=b'/'));
            let last = 2 + parameters + between;
            last + usize::from(text.get(last).is_some_and(|byte| matches!(byte, b'@'..=b'~')))
        }
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let body = is_end_of(&text[2..], |byte| !matches!(byte, 0x07 | 0x1b));
            let last = 2 + body;
            match (text.get(last), text.get(last + 1)) {
                (Some(0x07), _) => last + 1,
                (Some(0x1b), Some(b'\\')) => last + 2,
                _ => last,
            }
        }
        Some(b' '..=b'/') => {
            let between = is_end_of(&text[1..], |byte| matches!(byte, b' '..=b'/'));
            let last = 1 + between;
            last + usize::from(text.get(last).is_some_and(|byte| matches!(byte, b'0'..=b'~')))
        }
        Some(b'0'..=b'~') => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_files::tests::TestLog;

    fn read(log: &TestLog) -> Vec<(u64, u64, u64, String)> {
        let mut lines = Lines::new(log.files(), LineStart { number: 1, offset: 0 });
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().expect("read") {
            let text = match line.text {
                LineText::Kept { bytes, cut, redrawn } => {
                    let marks = [(cut, " [cut]"), (redrawn, " [redrawn]")];
                    let marks = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark);
                    String::from_utf8_lossy(bytes).into_owned() + &marks.collect::<String>()
                }
                LineText::Dropped => "[dropped]".to_owned(),
            };
            all.push((line.start.number, line.start.offset, line.bytes, text));
        }
        all
    }

    #[test]
    fn lines_have_numbers_offsets_and_their_last_state() {
        let check = |head: &[u8], segments: &[(u64, &[u8])], expect: &[(u64, u64, u64, &str)]| {
            let expect: Vec<_> =
                expect.iter().map(|(n, o, b, text)| (*n, *o, *b, (*text).to_owned())).collect();
            assert_eq!(read(&TestLog::new(head, segments)), expect, "{head:?} {segments:?}");
        };
        check(b"", &[], &[]);
        check(b"a\nb", &[], &[(1, 0, 2, "a"), (2, 2, 1, "b")]);
        check(b"a\r\n\n", &[], &[(1, 0, 3, "a"), (2, 3, 1, "")]);
        check(b"10%\r20%\r30%\r\nx", &[], &[(1, 0, 13, "30% [redrawn]"), (2, 13, 1, "x")]);
        check(b"10%\r20%\r", &[], &[(1, 0, 8, "20% [redrawn]")]);
        check(b"\xff\xfe\n", &[], &[(1, 0, 3, "\u{fffd}\u{fffd}")]);
        check(b"a\nb", &[(3, b"c\nd\n")], &[(1, 0, 2, "a"), (2, 2, 3, "bc"), (3, 5, 2, "d")]);
        let holes = [(1, 0, 2, "a"), (2, 2, 1, "b"), (3, 3, 97, "[dropped]"), (4, 100, 2, "c")];
        check(b"a\nb", &[(100, b"c\n")], &holes);
        check(b"a\n", &[(9, b"c")], &[(1, 0, 2, "a"), (2, 2, 7, "[dropped]"), (3, 9, 1, "c")]);
    }

    #[test]
    fn huge_lines_cost_no_more_than_the_bound() {
        let mut text = vec![b'x'; 3 * LONGEST];
        text.extend_from_slice(b"\nnext\n");
        let found = read(&TestLog::new(&text, &[]));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].1, found[0].2), (0, 3 * LONGEST as u64 + 1));
        assert_eq!(found[0].3.len(), LONGEST + " [cut]".len());
        assert_eq!(found[1], (2, 3 * LONGEST as u64 + 1, 5, "next".to_owned()));

        let states = "Fra:1 sample\r".repeat(3 * LONGEST / 13);
        let found = read(&TestLog::new(format!("{states}last\n").as_bytes(), &[]));
        assert_eq!(found, [(1, 0, states.len() as u64 + 5, "last [redrawn]".to_owned())]);
    }

    #[test]
    fn escape_sequences_are_not_text() {
        let check = |line: &str, expect: &str| {
            assert_eq!(String::from_utf8_lossy(&plain(line.as_bytes())), expect, "{line:?}");
        };
        check("plain", "plain");
        check("\x1b[1;31mred\x1b[0m text", "red text");
        check("\x1b[38:2::1:2:3mx\x1b[K", "x");
        check("\x1b]0;title\x07after", "after");
        check("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link");
        check("\x1bPdata\x1b\\x", "x");
        check("\x1b(Bx\x1b7y", "xy");
        check("open \x1b[31", "open ");
        check("open \x1b", "open ");
        check("open \x1b]0;title", "open ");
        check("\x1b[31\x1b[32mx", "x");
        check("grün \x1b[1mé", "grün é");
    }
}
