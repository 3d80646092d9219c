//! The set itself and its arithmetic. How it reads and writes as text is `parse` and `runs`.

use super::Run;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A set of frames. Ten million of them in a row cost a few kilobytes.
#[derive(Clone, PartialEq, Default)]
pub struct FrameSet {
    bits: RoaringBitmap,
}

impl Eq for FrameSet {}

crate::string_schema!(FrameSet, "Frames as ranges, such as `1-100x5,200`.", "1-100x5,200");

/// The most frames that one text, or one list of runs, may name: nine days at 24 frames a second. It bounds what a
/// careless request can cost.
pub const MAX_FRAMES: u64 = 20_000_000;

/// More frames than [`MAX_FRAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_FRAMES} frames; split them over several jobs")]
pub struct TooManyFrames;

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

    /// The frames of all these runs, which may overlap and need no order. What a plugin hands back comes through
    /// here, so their number is bounded.
    ///
    /// # Errors
    /// [`TooManyFrames`] where they hold more than [`MAX_FRAMES`], counted as written.
    pub fn from_runs(runs: impl IntoIterator<Item = Run>) -> Result<Self, TooManyFrames> {
        let mut set = Self::new();
        let mut budget = MAX_FRAMES;
        for run in runs {
            budget = budget.checked_sub(run.len()).ok_or(TooManyFrames)?;
            set.insert_run(run);
        }
        set.compact();
        Ok(set)
    }

    /// Adds a run. Costs by its length where its step is not 1.
    pub(super) fn insert_run(&mut self, run: Run) {
        if run.first > run.last {
            return;
        }
        let (first, last) = (to_bit(run.first), to_bit(run.last));
        if run.step <= 1 {
            self.bits.insert_range(first..=last);
        } else {
            self.bits.extend((first..=last).step_by(run.step as usize));
        }
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

    /// Maximal ranges of neighbouring frames, both ends included, ascending.
    pub fn contiguous_ranges(&self) -> impl Iterator<Item = (i32, i32)> + '_ {
        let mut bits = self.bits.iter();
        let mut open: Option<(u32, u32)> = None;
        std::iter::from_fn(move || {
            loop {
                let Some(range) = bits.next_range() else {
                    return open.take();
                };
                let (first, last) = range.into_inner();
                match &mut open {
                    Some((_, end)) if first.checked_sub(1) == Some(*end) => *end = last,
                    _ => {
                        if let Some(finished) = open.replace((first, last)) {
                            return Some(finished);
                        }
                    }
                }
            }
        })
        .map(|(first, last)| (from_bit(first), from_bit(last)))
    }

    /// The `n` lowest frames; all of them where there are no more.
    #[must_use]
    pub fn take_first(&self, n: u64) -> FrameSet {
        match u32::try_from(n).ok().and_then(|n| self.bits.select(n)) {
            Some(end) => self.within(0, end - 1, n),
            None => self.clone(),
        }
    }

    /// The `n` highest frames; all of them where there are no more.
    #[must_use]
    pub fn take_last(&self, n: u64) -> FrameSet {
        match self.len().checked_sub(n).and_then(|skip| u32::try_from(skip).ok()) {
            Some(skip) => match self.bits.select(skip) {
                Some(start) => self.within(start, u32::MAX, n),
                None => FrameSet::new(),
            },
            None => self.clone(),
        }
    }

    /// Frames from `first` to `last`, both included.
    #[must_use]
    pub fn between(&self, first: i32, last: i32) -> FrameSet {
        self.intersection(&FrameSet::range(first, last))
    }

    /// How many frames are not higher than this one.
    #[must_use]
    pub fn rank(&self, frame: i32) -> u64 {
        self.bits.rank(to_bit(frame))
    }

    /// Brings the set into its smallest form. Worth a call after many single changes.
    pub fn compact(&mut self) {
        self.bits.optimize();
    }

    /// What it would cost on disk, which is close to what it costs in memory.
    #[cfg(test)]
    pub(super) fn stored_bytes(&self) -> usize {
        self.bits.serialized_size()
    }

    /// Frames of the bit range, of which at most about `n` are wanted.
    fn within(&self, first: u32, last: u32, n: u64) -> FrameSet {
        if n == 0 {
            return FrameSet::new();
        }
        let mut bits = RoaringBitmap::new();
        bits.insert_range(first.max(self.bits.min().unwrap_or(0))..=last.min(self.bits.max().unwrap_or(0)));
        bits &= &self.bits;
        bits.optimize();
        FrameSet { bits }
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
        let text = String::deserialize(deserializer)?;
        // The empty set is written as the empty text, which nobody may submit but which must be read back.
        if text.is_empty() { Ok(Self::new()) } else { text.parse().map_err(serde::de::Error::custom) }
    }
}
