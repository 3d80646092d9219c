//! Points in time and spans, as the pure parts of farmhand see them: handed in as arguments, never read from a
//! clock here.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use utoipa::ToSchema;

/// Milliseconds since the Unix epoch. In JSON an RFC 3339 string in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The span from `earlier` to `self`; zero where `earlier` is later, as after a clock was set back.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Seconds {
        Seconds((self.0 - earlier.0).max(0) as f64 / 1000.0)
    }

    /// This point and `millis` milliseconds.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }
}

crate::string_schema!(Timestamp, "RFC 3339, UTC, milliseconds.", "2026-11-22T03:00:00.000Z");

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Timestamp(time.as_millisecond()))
    }
}

impl Add<Seconds> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Seconds) -> Timestamp {
        self.plus_millis(span.millis())
    }
}

impl Sub<Seconds> for Timestamp {
    type Output = Timestamp;

    fn sub(self, span: Seconds) -> Timestamp {
        self.plus_millis(-span.millis())
    }
}

/// A span in seconds. In JSON a number.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// In whole milliseconds.
    #[must_use]
    pub fn millis(self) -> i64 {
        (self.0 * 1000.0).round() as i64
    }
}

/// `12 ms`, `0.42 s`, `4.2 s`, `1 min 05 s`, `2 h 03 min`, `3 d 04 h`; less than nothing is nothing.
impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.max(0.0);
        if seconds < 0.0995 {
            return write!(f, "{:.0} ms", seconds * 1000.0);
        }
        if seconds < 0.995 {
            return write!(f, "{seconds:.2} s");
        }
        if seconds < 9.95 {
            return write!(f, "{seconds:.1} s");
        }
        let whole = seconds.round() as u64;
        match whole {
            0..60 => write!(f, "{whole} s"),
            60..3600 => write!(f, "{} min {:02} s", whole / 60, whole % 60),
            3600..86_400 => write!(f, "{} h {:02} min", whole / 3600, whole % 3600 / 60),
            _ => write!(f, "{} d {:02} h", whole / 86_400, whole % 86_400 / 3600),
        }
    }
}
