//! Which frames go next, by the job's frame order and by what one process of the level can take.
//!
//! The answer follows from which frames are left, so it is the same after a restart, and no list of frames is ever
//! made: `spread` looks for the widest stretch of frames not yet given out.

use farmhand_model::dcc::FrameShape;
use farmhand_model::{FrameOrder, FrameSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// At most `n` (at least 1) frames of `left`, which is not empty, out of `all`.
pub(crate) fn next_frames(
    left: &FrameSet,
    all: &FrameSet,
    order: FrameOrder,
    shape: FrameShape,
    n: u64,
) -> FrameSet {
    let n = if shape == FrameShape::Single { 1 } else { n.max(1) };
    let chunk = match order {
        FrameOrder::Forward => left.take_first(n),
        FrameOrder::Reverse => left.take_last(n),
        FrameOrder::Spread => spread(left, all, shape, n),
    };
    if shape == FrameShape::Stepped { one_run(&chunk, order) } else { chunk }
}

/// The run that begins with the first two frames, or ends with the last two: two frames at least, so that it never
/// takes more than half as many starts as there are frames.
fn one_run(frames: &FrameSet, order: FrameOrder) -> FrameSet {
    if order == FrameOrder::Reverse {
        match frames.contiguous_ranges().last() {
            Some((first, last)) if first < last => frames.between(first, last),
            _ => equal_steps(frames.iter().rev()),
        }
    } else {
        match frames.contiguous_ranges().next() {
            Some((first, last)) if first < last => frames.between(first, last),
            _ => equal_steps(frames.iter()),
        }
    }
}

fn equal_steps(frames: impl Iterator<Item = i32>) -> FrameSet {
    let mut run: Vec<i32> = Vec::new();
    for frame in frames {
        if let [first, second, ..] = run[..]
            && run.last().is_some_and(|last| last.abs_diff(frame) != first.abs_diff(second))
        {
            break;
        }
        run.push(frame);
    }
    run.into_iter().collect()
}

/// More gaps than this, and the shot is covered finely enough to go on from its beginning.
const MOST_GAPS: usize = 1024;
/// Blocks of neighbours that one chunk is spread over.
const BLOCKS: u64 = 64;

/// Frames that a process of one run shows first, one by one: both ends, the middle and the quarters.
const SINGLES: u64 = 5;

/// First, last, middle, then in between. A process that takes any frames gets its whole chunk spread over the shot,
/// so that being early costs no extra starts. One that takes a single run gets a few single frames first, then even
/// pieces of the widest stretch that is left.
fn spread(left: &FrameSet, all: &FrameSet, shape: FrameShape, n: u64) -> FrameSet {
    let given = all.difference(left);
    let Some(mut stretches) = stretches(&given, all) else {
        return left.take_first(n);
    };
    let (n, block) = match shape {
        FrameShape::Any => (n, n.div_ceil(BLOCKS)),
        FrameShape::Stepped | FrameShape::Single if n == 1 || given.len() < SINGLES => (1, 1),
        FrameShape::Stepped | FrameShape::Single => {
            let Some((len, Reverse(start))) = stretches.pop() else { return left.take_first(n) };
            let piece = len.div_ceil(len.div_ceil(n));
            return ranks(all, start, piece);
        }
    };
    let ends = (all.first(), all.last());
    let mut chunk = FrameSet::new();
    let mut missing = n;
    while missing > 0 {
        let Some((len, Reverse(start))) = stretches.pop() else { break };
        let take = block.min(missing).min(len);
        let end = start + len;
        let at_edge = |rank: u64| all.nth(rank as u32);
        let from = if at_edge(start) == ends.0 {
            start
        } else if at_edge(end - 1) == ends.1 {
            end - take
        } else {
            start + (len - take) / 2
        };
        chunk.extend(&ranks(all, from, take));
        for (a, b) in [(start, from), (from + take, end)] {
            if a < b {
                stretches.push((b - a, Reverse(a)));
            }
        }
        missing -= take;
    }
    if chunk.is_empty() { left.take_first(n) } else { chunk }
}

/// `len` frames from the one with that rank on.
fn ranks(all: &FrameSet, start: u64, len: u64) -> FrameSet {
    match (all.nth(start as u32), all.nth((start + len - 1) as u32)) {
        (Some(first), Some(last)) => all.between(first, last),
        _ => FrameSet::new(),
    }
}

/// Stretches of neighbouring frames that have not been given out, in ranks of `all`, widest first; absent where
/// there are too many to be worth it.
fn stretches(given: &FrameSet, all: &FrameSet) -> Option<BinaryHeap<(u64, Reverse<u64>)>> {
    let mut stretches = BinaryHeap::new();
    let mut next = 0;
    for (index, (first, last)) in given.contiguous_ranges().enumerate() {
        if index >= MOST_GAPS {
            return None;
        }
        let start = all.rank(first) - 1;
        if start > next {
            stretches.push((start - next, Reverse(next)));
        }
        next = all.rank(last);
    }
    if all.len() > next {
        stretches.push((all.len() - next, Reverse(next)));
    }
    Some(stretches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The chunks that come one after the other, `n` frames each.
    fn chunks(frames: &str, order: FrameOrder, shape: FrameShape, n: u64) -> Vec<String> {
        let all: FrameSet = frames.parse().unwrap();
        let mut left = all.clone();
        let mut chunks = Vec::new();
        while !left.is_empty() {
            let chunk = next_frames(&left, &all, order, shape, n);
            assert!(!chunk.is_empty() && chunk.is_subset(&left) && chunk.len() <= n);
            left.subtract(&chunk);
            chunks.push(chunk.to_string());
        }
        chunks
    }

    fn check(frames: &str, order: FrameOrder, shape: FrameShape, n: u64, expect: &[&str]) {
        assert_eq!(chunks(frames, order, shape, n), expect);
    }

    #[test]
    fn forward_and_reverse() {
        check("1-10", FrameOrder::Forward, FrameShape::Any, 4, &["1-4", "5-8", "9,10"]);
        check("1-10", FrameOrder::Reverse, FrameShape::Any, 4, &["7-10", "3-6", "1,2"]);
        check("1,5,10-12", FrameOrder::Forward, FrameShape::Any, 4, &["1,5,10,11", "12"]);
        check("1,5,10-12", FrameOrder::Forward, FrameShape::Stepped, 4, &["1,5", "10-12"]);
        check("1-9x2,20", FrameOrder::Reverse, FrameShape::Stepped, 4, &["9,20", "1-7x2"]);
        check("1-3", FrameOrder::Reverse, FrameShape::Single, 4, &["3", "2", "1"]);
    }

    #[test]
    fn spread_shows_both_ends_then_the_middle_then_between() {
        let single = ["1", "9", "5", "3", "7", "2", "4", "6", "8"];
        check("1-9", FrameOrder::Spread, FrameShape::Single, 1, &single);
        check("1-9", FrameOrder::Spread, FrameShape::Any, 1, &single);
        let odd = ["1", "17", "9", "5", "13", "3", "7", "11", "15"];
        check("1-17x2", FrameOrder::Spread, FrameShape::Any, 1, &odd);
        check("1-9", FrameOrder::Spread, FrameShape::Any, 4, &["1-5x2,9", "2-7x2", "8"]);
        check("7", FrameOrder::Spread, FrameShape::Any, 4, &["7"]);
        check("1,2", FrameOrder::Spread, FrameShape::Single, 1, &["1", "2"]);
    }

    #[test]
    fn a_process_of_one_run_gets_single_frames_first() {
        let chunks = chunks("1-1000", FrameOrder::Spread, FrameShape::Stepped, 100);
        assert_eq!(chunks[..4], ["1", "1000", "500", "750"]);
        assert_eq!(chunks[5], "251-333");
        assert_eq!(chunks.len(), 5 + 4 * 3);
    }

    #[test]
    fn ten_million_frames_are_spread_without_listing_them() {
        let all = FrameSet::range(1, 10_000_000);
        let mut left = all.clone();
        for n in [1, 1, 1, 4, 250, 100_000, 1_000_000] {
            let chunk = next_frames(&left, &all, FrameOrder::Spread, FrameShape::Any, n);
            assert_eq!(chunk.len(), n);
            assert!(chunk.contiguous_ranges().count() <= 64);
            left.subtract(&chunk);
        }
    }

    proptest! {
        #[test]
        fn every_frame_comes_once(
            frames in proptest::collection::btree_set(-50_i32..200, 1..80),
            order in prop_oneof![Just(FrameOrder::Forward), Just(FrameOrder::Reverse), Just(FrameOrder::Spread)],
            shape in prop_oneof![Just(FrameShape::Any), Just(FrameShape::Stepped), Just(FrameShape::Single)],
            n in 1_u64..30,
        ) {
            let all: FrameSet = frames.into_iter().collect();
            let mut left = all.clone();
            while !left.is_empty() {
                let chunk = next_frames(&left, &all, order, shape, n);
                prop_assert!(!chunk.is_empty() && chunk.is_subset(&left) && chunk.len() <= n);
                prop_assert!(shape != FrameShape::Stepped || chunk.runs().len() == 1);
                prop_assert!(shape != FrameShape::Single || chunk.len() == 1);
                left.subtract(&chunk);
            }
        }
    }
}
