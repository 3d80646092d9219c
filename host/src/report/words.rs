//! Spans, sizes, times and counts as a report says them.

use farmhand_model::{Bytes, Seconds, Timestamp};
use jiff::tz::TimeZone;

/// How a report speaks: in whose time.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    zone: TimeZone,
}

impl Words {
    /// In this time zone.
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// In this machine's time zone.
    pub(crate) fn of_this_machine() -> Self {
        Self::new(TimeZone::system())
    }

    /// `2026-11-22 19:40:05 UTC`.
    pub(super) fn time(&self, at: Timestamp) -> String {
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(time) => time.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
            Err(_) => at.to_string(),
        }
    }
}

/// `12 ms`, `4.2 s`, `1 min 05 s`.
pub(super) fn span(seconds: f64) -> String {
    Seconds(seconds).to_string()
}

/// As everywhere in farmhand, in powers of 1000.
pub(super) fn bytes(bytes: u64) -> String {
    Bytes(bytes).to_string()
}

/// `1 frame`, `2 frames`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", thousands(number)) }
}

/// `12 345`, with spaces that do not break.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `97.5 %`; never 100 before it is so.
pub(super) fn percent(share: f64) -> String {
    if share >= 1.0 {
        return "100 %".to_owned();
    }
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

/// One line of it: what breaks lines or steers a terminal becomes a space.
pub(super) fn line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// Control characters, and those that turn the direction of text around.
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most this many characters, with a mark where some were left out.
pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        for (seconds, expect) in [
            (0.0, "0 ms"),
            (0.0124, "12 ms"),
            (0.0995, "0.10 s"),
            (0.421, "0.42 s"),
            (4.21, "4.2 s"),
            (65.0, "1 min 05 s"),
            (7380.0, "2 h 03 min"),
        ] {
            assert_eq!(span(seconds), expect);
        }
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(1, "frame"), "1 frame");
        assert_eq!(
            (percent(1.0), percent(0.99999), percent(0.5)),
            ("100 %".into(), "99.9 %".into(), "50.0 %".into())
        );
        assert_eq!(line("a\nb\u{1b}[31m\u{202e}c"), "a b [31m c");
        assert_eq!(short("shot", 3), "sho…");
        assert_eq!(short("größe", 5), "größe");
    }

    #[test]
    fn times_are_told_in_a_zone() {
        let words = Words::new(TimeZone::UTC);
        assert_eq!(words.time(Timestamp(1_795_330_800_000)), "2026-11-22 07:00:00 UTC");
    }
}
