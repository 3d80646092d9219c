//! Times, spans, sizes and counts as people read them.

use farmhand_model::view::FrameCounts;
pub(super) use farmhand_model::words::count;
use farmhand_model::{Seconds, Timestamp};

/// `4.2 s`, `1 min 05 s`: in tenths at the finest, as most of these change while they are read.
pub(super) fn span(span: Seconds) -> String {
    if span.0 < 9.95 { format!("{:.1} s", span.0.max(0.0)) } else { span.to_string() }
}

/// `4.2 s left`, or `4.2 s overdue` where that was guessed too low.
pub(super) fn left(eta: Timestamp, now: Timestamp) -> String {
    if eta < now {
        format!("{} overdue", span(now.since(eta)))
    } else {
        format!("{} left", span(eta.since(now)))
    }
}

/// `12 MiB`, `1.5 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 10.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// How long ago it was.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", span(now.since(then)))
}

/// A point in time in this machine's time zone.
pub(super) fn local(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => at.to_string(),
    }
}

/// A sentence of the daemon with its times, which are in UTC, in this machine's time zone.
pub(super) fn localised(sentence: &str) -> String {
    /// `2026-11-22T07:00:00.000Z`.
    const LENGTH: usize = 24;
    let mut text = String::new();
    let mut rest = sentence;
    while let Some(end) = rest.find('Z') {
        let (head, tail) = rest.split_at(end + 1);
        let at = head.len().saturating_sub(LENGTH);
        let time = head.get(at..).and_then(|stamp| stamp.parse::<jiff::Timestamp>().ok());
        match time {
            Some(time) => {
                text.push_str(&head[..at]);
                text.push_str(&local(Timestamp(time.as_millisecond())));
            }
            None => text.push_str(head),
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// Now, as far as a command is concerned.
pub(super) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// `23/48`, with what a person must know about the rest.
pub(super) fn frames(counts: &FrameCounts) -> String {
    let finished = counts.done + counts.skipped;
    let mut text = format!("{finished}/{}", counts.total);
    if counts.failed > 0 {
        text.push_str(&format!(", {} failed", counts.failed));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let check = |seconds: f64, expect: &str| assert_eq!(span(Seconds(seconds)), expect);
        check(-1.0, "0.0 s");
        check(4.21, "4.2 s");
        check(59.4, "59 s");
        check(59.6, "1 min 00 s");
        check(65.0, "1 min 05 s");
        check(7380.0, "2 h 03 min");
        check(273_600.0, "3 d 04 h");
    }

    #[test]
    fn what_is_left_may_be_overdue() {
        assert_eq!(left(Timestamp(5_000), Timestamp(2_000)), "3.0 s left");
        assert_eq!(left(Timestamp(5_000), Timestamp(70_000)), "1 min 05 s overdue");
    }

    #[test]
    fn sizes() {
        let check = |size: u64, expect: &str| assert_eq!(bytes(size), expect);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1536, "1.5 KiB");
        check(64 << 20, "64 MiB");
        check(3 << 40, "3.0 TiB");
        check(u64::MAX, "16777216 TiB");
    }

    #[test]
    fn times_in_sentences_are_local() {
        let at = Timestamp(1_795_330_800_000);
        let check = |sentence: &str, expect: &str| assert_eq!(localised(sentence), expect);
        check(&format!("waits until {at}: no licence"), &format!("waits until {}: no licence", local(at)));
        check(&format!("{at} and {at}"), &format!("{0} and {0}", local(at)));
        check("Zürich, GPU Z", "Zürich, GPU Z");
        check("the year 20üü-11-22T07:00:00.000Z", "the year 20üü-11-22T07:00:00.000Z");
    }

    #[test]
    fn counts() {
        let counts = FrameCounts { total: 48, done: 20, skipped: 3, ..FrameCounts::default() };
        assert_eq!(frames(&counts), "23/48");
        assert_eq!(frames(&FrameCounts { failed: 2, ..counts }), "23/48, 2 failed");
        assert_eq!((count(1, "frame"), count(0, "task")), ("1 frame".to_owned(), "0 tasks".to_owned()));
        assert_eq!(ago(Timestamp(0), Timestamp(65_000)), "1 min 05 s ago");
    }
}
