//! How fast a program may fill its log. Only counts; it writes nothing.

use crate::spec::LogLimits;
use std::ops::Range;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(1);

/// What was left out within one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) bytes: u64,
    pub(super) lines: u64,
}

/// Admits so many bytes and lines a second, and then nothing until the second is over: a log with clean gaps says
/// more than one with a line missing here and there.
#[derive(Debug)]
pub(super) struct RateGate {
    limits: LogLimits,
    since: Instant,
    bytes: u64,
    lines: u64,
    left_out: LeftOut,
}

impl RateGate {
    pub(super) fn new(limits: LogLimits, now: Instant) -> Self {
        Self { limits, since: now, bytes: 0, lines: 0, left_out: LeftOut::default() }
    }

    /// Which part of `output` is kept, and what was left out before it where that ends here.
    pub(super) fn admit(&mut self, output: &[u8], now: Instant) -> (Option<LeftOut>, Range<usize>) {
        let mut start = 0;
        let mut gap = None;
        if now.duration_since(self.since) >= WINDOW {
            (self.since, self.bytes, self.lines) = (now, 0, 0);
            if self.left_out != LeftOut::default() {
                // The rest of a line whose beginning is lost would be taken for a line.
                start = output.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                self.leave_out(&output[..start]);
                gap = self.take_left_out();
            }
        }
        let kept = if self.left_out.bytes > 0 { 0 } else { self.within_limits(&output[start..]) };
        let end = start + kept;
        self.bytes += kept as u64;
        self.lines += count_lines(&output[start..end]);
        self.leave_out(&output[end..]);
        (gap, start..end)
    }

    /// What has been left out and not told yet.
    pub(super) fn take_left_out(&mut self) -> Option<LeftOut> {
        let left_out = std::mem::take(&mut self.left_out);
        (left_out.bytes > 0).then_some(left_out)
    }

    fn leave_out(&mut self, output: &[u8]) {
        self.left_out.bytes += output.len() as u64;
        self.left_out.lines += count_lines(output);
    }

    /// How many bytes still fit, cut after a whole line where there is one.
    fn within_limits(&self, output: &[u8]) -> usize {
        let bytes =
            usize::try_from(self.limits.bytes_per_second.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
        let lines =
            usize::try_from(self.limits.lines_per_second.saturating_sub(self.lines)).unwrap_or(usize::MAX);
        if output.len() <= bytes && output.len() <= lines {
            return output.len();
        }
        let fitting = &output[..output.len().min(bytes)];
        let mut ends =
            fitting.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index + 1);
        let mut last = None;
        for _ in 0..lines {
            match ends.next() {
                Some(end) => last = Some(end),
                None if fitting.len() == output.len() => return output.len(),
                None => return last.unwrap_or(fitting.len()),
            }
        }
        last.unwrap_or(0)
    }
}

fn count_lines(output: &[u8]) -> u64 {
    output.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(bytes: u64, lines: u64) -> (RateGate, Instant) {
        let now = Instant::now();
        let limits = LogLimits { bytes_per_second: bytes, lines_per_second: lines, ..LogLimits::default() };
        (RateGate::new(limits, now), now)
    }

    #[test]
    fn cuts_after_a_whole_line() {
        fn check(bytes: u64, lines: u64, output: &[u8], kept: usize) {
            let (mut gate, now) = gate(bytes, lines);
            assert_eq!(gate.admit(output, now), (None, 0..kept), "{bytes} bytes, {lines} lines");
            let left_out = (output.len() - kept) as u64;
            assert_eq!(gate.take_left_out().map_or(0, |gap| gap.bytes), left_out);
        }
        check(100, 100, b"one\ntwo\nthree", 13);
        check(10, 100, b"one\ntwo\nthree", 8);
        check(13, 100, b"one\ntwo\nthree", 13);
        check(100, 2, b"one\ntwo\nthree", 8);
        check(100, 1, b"one\ntwo\nthree", 4);
        check(100, 0, b"one\ntwo\nthree", 0);
        check(4, 100, b"no end of line", 4);
        check(0, 100, b"one\n", 0);
    }

    #[test]
    fn is_shut_until_the_second_is_over_and_then_tells() {
        let (mut gate, start) = gate(8, 100);
        assert_eq!(gate.admit(b"one\ntwo\nthree\n", start), (None, 0..8));
        assert_eq!(gate.admit(b"a\n", start + Duration::from_millis(900)), (None, 0..0));
        let (gap, kept) = gate.admit(b"rest\nnew\n", start + Duration::from_millis(1001));
        assert_eq!(gap, Some(LeftOut { bytes: 13, lines: 3 }));
        assert_eq!(kept, 5..9);
        assert_eq!(gate.take_left_out(), None);
    }
}
