//! Cuts bytes into lines. Reads nothing itself.

use std::collections::VecDeque;
use std::io;

/// A longer line is cut here, and says so.
const LONGEST_LINE: usize = 16 << 10;
const CUT_MARK: &str = " … [cut by farmhand]";

/// Lines end in `\n`, `\r\n`, or the bare `\r` with which programs draw progress bars.
#[derive(Debug)]
pub(super) struct LineCutter {
    input: Vec<u8>,
    /// How much of the input was used.
    used: usize,
    /// The line that has no end yet, up to the longest that is kept.
    line: Vec<u8>,
    /// Where it begins.
    begun: Option<u64>,
    cut: bool,
    /// The last end was `\r`: a `\n` right after it belongs to it.
    after_return: bool,
    /// Lines made up here, to come before what is cut next.
    inserted: VecDeque<(u64, String)>,
    /// Offset behind everything that was used.
    position: u64,
    /// Offset behind the last line that was handed out.
    offset: u64,
}

impl LineCutter {
    pub(super) fn new(offset: u64) -> Self {
        Self {
            input: Vec::new(),
            used: 0,
            line: Vec::new(),
            begun: None,
            cut: false,
            after_return: false,
            inserted: VecDeque::new(),
            position: offset,
            offset,
        }
    }

    /// Where whoever has all the lines handed out so far would go on.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Replaces the used input with what `read` appends. Only once [`Self::next_line`] has nothing more.
    pub(super) fn refill(
        &mut self,
        read: impl FnOnce(&mut Vec<u8>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.input.clear();
        self.used = 0;
        read(&mut self.input)
    }

    /// The input goes on `gap` bytes later, and `line` says so.
    pub(super) fn skip(&mut self, gap: u64, line: String) {
        let unfinished = self.finish();
        self.inserted.extend(unfinished);
        self.inserted.push_back((self.position, line));
        self.position += gap;
        self.after_return = false;
    }

    /// The next line, and where it begins.
    pub(super) fn next_line(&mut self) -> Option<(u64, String)> {
        if let Some(line) = self.inserted.pop_front() {
            self.offset = self.position;
            return Some(line);
        }
        self.swallow_newline();
        let rest = &self.input[self.used..];
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (piece, used) = end.map_or((rest, rest.len()), |end| (&rest[..end], end + 1));
        if used > 0 {
            self.begun.get_or_insert(self.position);
        }
        let room = LONGEST_LINE - self.line.len();
        self.cut |= piece.len() > room;
        self.line.extend_from_slice(&piece[..piece.len().min(room)]);
        self.after_return = end.map_or(self.after_return && used == 0, |end| rest[end] == b'\r');
        self.advance(used);
        end?;
        self.swallow_newline();
        self.offset = self.position;
        Some(self.take_line())
    }

    /// The last line, where it has no end.
    pub(super) fn finish(&mut self) -> Option<(u64, String)> {
        self.offset = self.position;
        (!self.line.is_empty()).then(|| self.take_line())
    }

    fn swallow_newline(&mut self) {
        if self.after_return && self.input.get(self.used) == Some(&b'\n') {
            self.after_return = false;
            self.advance(1);
        }
    }

    fn advance(&mut self, used: usize) {
        self.used += used;
        self.position += used as u64;
    }

    fn take_line(&mut self) -> (u64, String) {
        let mut line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        if std::mem::take(&mut self.cut) {
            line.push_str(CUT_MARK);
        }
        (self.begun.take().unwrap_or(self.position), line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<String> {
        let mut cutter = LineCutter::new(0);
        let mut lines = Vec::new();
        for piece in pieces {
            cutter.refill(|buffer| io::Read::read_to_end(&mut &**piece, buffer)).expect("memory");
            lines.extend(std::iter::from_fn(|| cutter.next_line()));
        }
        lines.extend(cutter.finish());
        assert_eq!(cutter.offset(), pieces.iter().map(|piece| piece.len() as u64).sum::<u64>());
        lines.into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn lines_end_in_three_ways_wherever_the_input_is_cut() {
        fn check(text: &str, expect: &[&str]) {
            assert_eq!(cut(&[text.as_bytes()]), expect, "{text:?} at once");
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(cut(&bytes), expect, "{text:?} byte by byte");
        }
        check("", &[]);
        check("a", &["a"]);
        check("a\nb\n", &["a", "b"]);
        check("a\r\nb\r\n\r\nc", &["a", "b", "", "c"]);
        check("10%\r20%\r30%\n", &["10%", "20%", "30%"]);
        check("a\n\nb", &["a", "", "b"]);
        check("\r\r\n\n", &["", "", ""]);
        check("grün\n", &["grün"]);
        check("\u{1b}[31mred\n", &["\u{1b}[31mred"]);
    }

    #[test]
    fn lines_know_where_they_begin_wherever_the_input_is_cut() {
        let text: &[u8] = b"one\r\n\n10%\r20%\nlast";
        for pieces in [text.chunks(text.len()), text.chunks(1), text.chunks(3)] {
            let mut cutter = LineCutter::new(100);
            let mut starts = Vec::new();
            for piece in pieces {
                cutter.refill(|buffer| io::Read::read_to_end(&mut &*piece, buffer)).expect("memory");
                starts.extend(std::iter::from_fn(|| cutter.next_line()).map(|(start, _)| start));
            }
            starts.extend(cutter.finish().map(|(start, _)| start));
            assert_eq!(starts, [100, 105, 106, 110, 114]);
        }
    }

    #[test]
    fn what_is_not_text_is_replaced() {
        assert_eq!(cut(&[b"a\xff\xfeb\n"]), ["a\u{fffd}\u{fffd}b"]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 3 * LONGEST_LINE];
        text.extend_from_slice(b"\nnext\n");
        let pieces: Vec<&[u8]> = text.chunks(1000).collect();
        let lines = cut(&pieces);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].len(), LONGEST_LINE + CUT_MARK.len());
        assert_eq!(lines[1], "next");
    }
}
