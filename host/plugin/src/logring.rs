//! What a guest says, kept within bounds: the newest lines of a call survive, older ones are counted and dropped.
//!
//! Everything that a guest hands over for people passes through [`printable_line`] or [`printable_text`] before it
//! reaches a terminal or a page.

use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// A line longer than this is cut: one line must not push out all the others.
const LINE_BYTES: usize = 4096;
/// A sentence for people, such as a reason or a note, is cut after this many bytes.
const MESSAGE_BYTES: usize = 2048;
/// A text of several lines, such as a traceback, is cut after this many bytes.
const TEXT_BYTES: usize = 16 << 10;
/// What a line costs besides its text, so that a flood of empty lines is bounded too.
const LINE_OVERHEAD: usize = 32;
/// What a guest may write to a standard stream before the host takes it.
const WRITE_PERMIT: usize = 64 * 1024;

/// How important a line is to its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Something went wrong.
    Error,
}

/// One line that a guest logged or printed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How important.
    pub level: LogLevel,
    /// What it says.
    pub text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The standard streams that are captured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug)]
struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
    capacity: usize,
    dropped: u64,
    /// The unfinished line of each standard stream.
    partial: [Vec<u8>; 2],
}

/// A bounded log, shared between a store's data and its captured streams.
#[derive(Debug, Clone)]
pub(crate) struct LogRing(Arc<Mutex<Ring>>);

impl LogRing {
    pub(crate) fn new(capacity: usize) -> Self {
        let partial = [Vec::new(), Vec::new()];
        Self(Arc::new(Mutex::new(Ring { lines: VecDeque::new(), bytes: 0, capacity, dropped: 0, partial })))
    }

    /// Adds a message, one entry a line.
    pub(crate) fn push(&self, level: LogLevel, message: &str) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in message.lines() {
            ring.push(level, line);
        }
    }

    /// A standard stream of the same log.
    pub(crate) fn stream(&self, stream: Stream) -> Capture {
        Capture { ring: self.clone(), stream }
    }

    /// Takes the lines out, oldest first, with the number of those that were dropped before them.
    pub(crate) fn drain(&self) -> (Vec<LogLine>, u64) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in [Stream::Stdout, Stream::Stderr] {
            ring.finish_line(stream);
        }
        ring.bytes = 0;
        (ring.lines.drain(..).collect(), std::mem::take(&mut ring.dropped))
    }

    fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let partial = &mut ring.partial[stream as usize];
            let room = LINE_BYTES.saturating_sub(partial.len());
            partial.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                ring.finish_line(stream);
            }
        }
    }
}

impl Ring {
    fn push(&mut self, level: LogLevel, line: &str) {
        let end = line.floor_char_boundary(LINE_BYTES);
        let mut text = printable(&line[..end], ' ');
        if end < line.len() {
            text.push('…');
        }
        self.bytes += text.len() + LINE_OVERHEAD;
        self.lines.push_back(LogLine { level, text });
        while self.bytes > self.capacity
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.text.len() + LINE_OVERHEAD;
            self.dropped += 1;
        }
    }

    fn finish_line(&mut self, stream: Stream) {
        let line = std::mem::take(&mut self.partial[stream as usize]);
        let text = String::from_utf8_lossy(&line);
        if !text.trim_end().is_empty() {
            let level = match stream {
                Stream::Stdout => LogLevel::Info,
                Stream::Stderr => LogLevel::Warn,
            };
            self.push(level, text.trim_end());
        }
    }
}

/// One captured standard stream. Unlike the pipes that come with wasmtime it never traps and never closes: a guest
/// must not die of its own chatter.
pub(crate) struct Capture {
    ring: LogRing,
    stream: Stream,
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    /// Only other WASI versions than the one that is linked here ask for it.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.ring.stream(self.stream))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}

impl OutputStream for Capture {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ring.write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_PERMIT)
    }
}

/// The text as one line that is safe to show: no escape sequences, no control characters, line breaks as spaces, and
/// no longer than anybody reads.
pub(crate) fn printable_line(text: &str) -> String {
    cut(printable(text, ' '), MESSAGE_BYTES)
}

/// The text as lines that are safe to show, cut where nobody reads on.
pub(crate) fn printable_text(text: &str) -> String {
    cut(printable(text, '\n'), TEXT_BYTES)
}

/// A name that somebody else chose, such as a file's: as it is, with what a terminal would act on written out.
pub(crate) fn visible(name: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c.is_control() || turns(c) {
            true => text.extend(c.escape_default()),
            false => text.push(c),
        }
    }
    cut(text, LINE_BYTES)
}

fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
    }
    text
}

fn printable(text: &str, line_break: char) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\n' => clean.push(line_break),
            '\t' => clean.push(' '),
            // Characters that turn the direction of text around can make a line say what it does not.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Skips what follows an ESC: a control sequence up to its final byte, an operating system command up to its
/// terminator, or one character.
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        Some('[') => {
            rest.find(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Some(']') => {
            rest.find(|c| matches!(c, '\u{7}' | '\u{9c}' | '\\'));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ring: &LogRing) -> (Vec<String>, u64) {
        let (lines, dropped) = ring.drain();
        (lines.into_iter().map(|line| line.text).collect(), dropped)
    }

    #[test]
    fn control_characters_never_get_through() {
        for (text, line, lines) in [
            ("plain", "plain", "plain"),
            ("a\u{1b}[31;1mred\u{1b}[0m b", "ared b", "ared b"),
            ("title\u{1b}]0;owned\u{7}!", "title!", "title!"),
            ("bell\u{7}, nul\0, back\u{8}", "bell, nul, back", "bell, nul, back"),
            ("two\nlines\ttab", "two lines tab", "two\nlines tab"),
            ("turned \u{202e}txt.exe", "turned txt.exe", "turned txt.exe"),
            ("cut off \u{1b}[3", "cut off ", "cut off "),
        ] {
            assert_eq!(printable_line(text), line);
            assert_eq!(printable_text(text), lines);
        }
    }

    #[test]
    fn texts_are_cut_and_names_keep_what_they_hide() {
        assert_eq!(printable_line(&"é".repeat(MESSAGE_BYTES)).chars().count(), MESSAGE_BYTES / 2 + 1);
        assert_eq!(printable_text(&"x".repeat(1 << 20)).len(), TEXT_BYTES + '…'.len_utf8());
        assert_eq!(visible("plain é.wasm"), "plain é.wasm");
        assert_eq!(visible("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\n\\u{202e}b");
    }

    #[test]
    fn the_newest_lines_stay_and_the_rest_is_counted() {
        let ring = LogRing::new(3 * (LINE_OVERHEAD + 6));
        for number in 0..10 {
            ring.push(LogLevel::Info, &format!("line {number}"));
        }
        assert_eq!(texts(&ring), (vec!["line 7".into(), "line 8".into(), "line 9".into()], 7));
        assert_eq!(texts(&ring), (vec![], 0));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let ring = LogRing::new(1 << 20);
        ring.push(LogLevel::Info, &"é".repeat(LINE_BYTES));
        let (lines, _) = texts(&ring);
        assert_eq!(lines[0].chars().count(), LINE_BYTES / 2 + 1);
        assert!(lines[0].ends_with('…'));
    }

    #[test]
    fn streams_come_line_by_line_and_their_rest_at_the_end() {
        let ring = LogRing::new(1 << 20);
        let mut stdout = ring.stream(Stream::Stdout);
        let mut stderr = ring.stream(Stream::Stderr);
        stdout.write(Bytes::from_static(b"one\ntw")).unwrap();
        stderr.write(Bytes::from_static(b"oops\r\n\n")).unwrap();
        stdout.write(Bytes::from_static(b"o\nthr")).unwrap();
        assert_eq!(texts(&ring).0, ["one", "oops", "two", "thr"]);
    }
}
