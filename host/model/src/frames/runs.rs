//! Frame sets as arithmetic runs, and the canonical text made of them.

use super::FrameSet;
use std::fmt;

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

impl Run {
    /// One frame.
    #[must_use]
    pub fn single(frame: i32) -> Run {
        Run { first: frame, last: frame, step: 1 }
    }

    /// From `first` in steps of `step` (0 counts as 1) to the last frame that is not beyond `limit`.
    #[must_use]
    pub fn up_to(first: i32, limit: i32, step: u32) -> Run {
        let step = step.max(1);
        if limit < first {
            return Run { first, last: limit, step };
        }
        let steps = limit.abs_diff(first) / step;
        match steps {
            0 => Run::single(first),
            _ => Run { first, last: first.wrapping_add_unsigned(steps * step), step },
        }
    }

    /// How many frames; 0 where `last` is before `first`.
    #[must_use]
    pub fn len(&self) -> u64 {
        if self.last < self.first {
            0
        } else {
            u64::from(self.last.abs_diff(self.first) / self.step.max(1)) + 1
        }
    }

    /// Whether it holds no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last < self.first
    }
}

impl FrameSet {
    /// The set as few arithmetic runs, ascending and disjoint; `last` is always on the step. A set of two frames is
    /// one run.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut open: Option<Run> = None;
        for (first, last) in self.contiguous_ranges() {
            if last.abs_diff(first) >= 2 {
                runs.extend(open.take());
                runs.push(Run { first, last, step: 1 });
                continue;
            }
            grow(&mut runs, &mut open, first);
            if last != first {
                grow(&mut runs, &mut open, last);
            }
        }
        runs.extend(open);
        runs
    }
}

/// Puts a frame onto the open run where it fits, else closes that run.
fn grow(runs: &mut Vec<Run>, open: &mut Option<Run>, frame: i32) {
    let Some(run) = open else {
        *open = Some(Run::single(frame));
        return;
    };
    let gap = frame.abs_diff(run.last);
    if run.first == run.last || gap == run.step {
        (run.last, run.step) = (frame, gap);
    } else if run.step > 1 && run.len() == 2 {
        // Two frames with a gap make no run worth having: the second may start a better one.
        let second = run.last;
        runs.push(Run::single(run.first));
        *run = Run { first: second, last: frame, step: gap };
    } else {
        runs.push(*run);
        *run = Run::single(frame);
    }
}

impl fmt::Display for FrameSet {
    /// Canonical and parsed back to the same set. Three frames or more with the same gap are `a-b` or `a-bxs`, and
    /// a frame that follows such a run nearer than its step is its end, as people write it: {1, 6, 11, 15} is
    /// `1-15x5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.runs();
        let mut rest = runs.iter().peekable();
        let mut comma = "";
        while let Some(&Run { first, last, step }) = rest.next() {
            write!(f, "{comma}{first}")?;
            comma = ",";
            let count = Run { first, last, step }.len();
            if count >= 3 && step == 1 {
                write!(f, "-{last}")?;
            } else if count >= 3 {
                let tail = rest.next_if(|next| next.first == next.last && next.first.abs_diff(last) < step);
                write!(f, "-{}x{step}", tail.map_or(last, |tail| tail.last))?;
            } else if count == 2 {
                write!(f, ",{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn check(frames: &[i32], expect: &str) {
        let set: FrameSet = frames.iter().copied().collect();
        assert_eq!(set.to_string(), expect);
        assert_eq!(set.runs().iter().map(Run::len).sum::<u64>(), set.len(), "{expect}");
    }

    #[test]
    fn canonical_text() {
        check(&[], "");
        check(&[5], "5");
        check(&[1, 2], "1,2");
        check(&[1, 9], "1,9");
        check(&[1, 2, 3], "1-3");
        check(&[1, 2, 3, 9], "1-3,9");
        check(&[1, 3, 5], "1-5x2");
        check(&[1, 6, 11, 15], "1-15x5");
        check(&[1, 6, 11, 17], "1-11x5,17");
        check(&[1, 3, 5, 6, 7], "1,3,5-7");
        check(&[1, 2, 4, 6, 8], "1,2,4-8x2");
        check(&[1, 10, 20, 30], "1,10-30x10");
        check(&[-5, -4, -3], "-5--3");
        check(&[-5, 0, 5], "-5-5x5");
        check(&[i32::MIN, 0, i32::MAX], "-2147483648,0,2147483647");
        let stepped: FrameSet = "1-100x5".parse().unwrap();
        assert_eq!(stepped.to_string(), "1-100x5");
    }

    #[test]
    fn runs_end_on_their_step() {
        let set: FrameSet = "1-100x5,200".parse().unwrap();
        assert_eq!(
            set.runs(),
            [Run { first: 1, last: 96, step: 5 }, Run { first: 100, last: 200, step: 100 }]
        );
        assert_eq!(Run::up_to(1, 100, 5), Run { first: 1, last: 96, step: 5 });
        assert_eq!(Run::up_to(1, 3, 5), Run::single(1));
        assert_eq!(Run::up_to(i32::MIN, i32::MAX, 2).last, i32::MAX - 1);
        assert!(FrameSet::from_runs([Run { first: i32::MIN, last: i32::MAX, step: 2 }]).is_err());
    }

    /// Clusters of near frames, so that runs, pairs and steps really occur.
    fn frames() -> impl Strategy<Value = BTreeSet<i32>> {
        let piece = (-200_i32..200, 1_i32..6, 1_usize..8);
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| {
            let run = |(first, step, count)| (0..count as i32).map(move |index| first + index * step);
            pieces.into_iter().flat_map(run).collect()
        })
    }

    proptest! {
        #[test]
        fn display_parses_back(model in frames()) {
            let set: FrameSet = model.iter().copied().collect();
            let text = set.to_string();
            if model.is_empty() {
                prop_assert!(text.is_empty());
            } else {
                let again: FrameSet = text.parse().unwrap();
                prop_assert_eq!(&again, &set);
                prop_assert_eq!(again.to_string(), text);
            }
            let json = serde_json::to_string(&set).unwrap();
            prop_assert_eq!(serde_json::from_str::<FrameSet>(&json).unwrap(), set);
        }

        #[test]
        fn runs_are_the_set(model in frames()) {
            let set: FrameSet = model.iter().copied().collect();
            let mut frames = Vec::new();
            for run in set.runs() {
                prop_assert!(run.step >= 1);
                prop_assert_eq!(run.last.abs_diff(run.first) % run.step, 0);
                frames.extend((run.first..=run.last).step_by(run.step as usize));
            }
            prop_assert_eq!(&frames, &model.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(FrameSet::from_runs(set.runs()).unwrap(), set);
        }

        #[test]
        fn arithmetic_is_that_of_sets(a in frames(), b in frames(), n in 0_u64..40, at in -250_i32..250) {
            let (left, right): (FrameSet, FrameSet) = (a.iter().copied().collect(), b.iter().copied().collect());
            let list = |set: &FrameSet| set.iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(list(&left.union(&right)), &a | &b);
            prop_assert_eq!(list(&left.intersection(&right)), &a & &b);
            prop_assert_eq!(list(&left.difference(&right)), &a - &b);
            prop_assert_eq!(left.is_subset(&right), a.is_subset(&b));
            prop_assert_eq!(left.is_disjoint(&right), a.is_disjoint(&b));
            prop_assert_eq!(left.len(), a.len() as u64);
            prop_assert_eq!(left.nth(n as u32), a.iter().nth(n as usize).copied());
            prop_assert_eq!(left.rank(at), a.range(..=at).count() as u64);
            prop_assert_eq!(list(&left.take_first(n)), a.iter().copied().take(n as usize).collect::<BTreeSet<_>>());
            prop_assert_eq!(list(&left.take_last(n)), a.iter().rev().copied().take(n as usize).collect::<BTreeSet<_>>());
        }
    }
}
