//! What the API says of an attempt's log: lines by number, where a search finds something, and what is worth a mark.
//!
//! Numbers count the lines that are kept, from 1; bytes that were dropped from the middle count as one. Offsets count in
//! the whole output and stay true whatever is dropped.

use crate::dcc::Fault;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Some lines of a log, and how long it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogWindow {
    /// Whether it may still grow.
    pub live: bool,
    /// Lines counted so far.
    pub lines: u64,
    /// Bytes of output so far, dropped ones included.
    pub bytes: u64,
    /// Up to which byte lines were counted. Less than `bytes` while a long log is looked at for the first time: ask
    /// again, and the count goes on.
    pub counted_bytes: u64,
    /// What is no longer kept. Where this changes, the lines behind it have other numbers than before.
    pub holes: Vec<LogHole>,
    /// The lines, in order.
    pub items: Vec<LogLine>,
}

/// Bytes in the middle of a log that are no longer kept. They count as one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogHole {
    /// The line that they count as.
    pub line: u64,
    /// Where they begin.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
}

/// One line of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// From 1.
    pub number: u64,
    /// Where it begins in the whole output.
    pub offset: u64,
    /// Its length in the log, its end and what was drawn over included.
    pub bytes: u64,
    /// What it says, escape sequences included; of a line that draws over itself its last state. Characters that are no
    /// UTF-8 are replaced.
    pub text: String,
    /// The text is only the beginning: read the rest with a `Range`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// It drew over itself, as progress bars do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redrawn: bool,
    /// It stands for bytes that are no longer kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
    /// It reads like an error. A hint for the eye, never a verdict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
    /// Where the search of the request matches: begin and end in UTF-16 units of the text without its escape sequences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Vec<u32>>)]
    pub hits: Vec<(u32, u32)>,
}

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogPlace {
    /// Its number.
    pub line: u64,
    /// Where it begins in the whole output.
    pub offset: u64,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogMatches {
    /// The first lines that match, in the order in which they were searched.
    pub items: Vec<LogPlace>,
    /// How many lines match in what was searched. With `count`, `items` may be fewer.
    pub count: u64,
    /// With `count`: lines that match, spread evenly over what was searched: all of them where they are few.
    pub spread: Vec<u64>,
    /// The line to go on `from`: the time for one answer was over, or there was enough. Absent where the log has no more.
    pub next: Option<u64>,
}

/// What of a log is worth a mark beside it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogMarks {
    /// Faults, where their line is known.
    pub faults: Vec<FaultMark>,
    /// The line of the fault that the verdict goes by, where there is one and its line is known.
    pub deciding: Option<LogPlace>,
    /// Frames that were begun or done, as the plugin's reader told.
    pub frames: Vec<FrameMark>,
    /// How many lines read like errors.
    pub errors: u64,
    /// Some of them, spread evenly: all of them where they are few.
    pub error_lines: Vec<u64>,
    /// Up to which byte the log was searched for those. Less than it has while a long log is looked at for the first
    /// time: ask again, and the search goes on.
    pub searched_bytes: u64,
}

/// Where a fault is in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FaultMark {
    /// Where.
    #[serde(flatten)]
    pub place: LogPlace,
    /// Which of the attempt's `faults`, from 0.
    pub index: Option<u32>,
    /// What went wrong.
    pub fault: Fault,
}

/// Where a frame was begun or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FrameMark {
    /// Where.
    #[serde(flatten)]
    pub place: LogPlace,
    /// Which frame.
    pub frame: i32,
    /// Whether its image was written; else it was begun.
    pub done: bool,
}
