//! Frames as the host hands them out: a few runs that may stand for millions of frames.

use std::fmt;

/// Frames `first`, `first + step`, … up to and including `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRun {
    /// The first frame.
    pub first: i32,
    /// The last frame, itself in the run.
    pub last: i32,
    /// At least 1; 1 where the run is one frame.
    pub step: u32,
}

impl FrameRun {
    /// How many frames.
    #[must_use]
    pub fn len(&self) -> u64 {
        let span = i64::from(self.last) - i64::from(self.first);
        if span < 0 { 0 } else { span as u64 / u64::from(self.step.max(1)) + 1 }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this frame is in the run.
    #[must_use]
    pub fn contains(&self, frame: i32) -> bool {
        let offset = i64::from(frame) - i64::from(self.first);
        frame <= self.last && offset >= 0 && offset % i64::from(self.step.max(1)) == 0
    }

    /// Frames in ascending order.
    pub fn iter(self) -> impl Iterator<Item = i32> {
        let (first, last) = (i64::from(self.first), i64::from(self.last));
        (first..=last).step_by(self.step.max(1) as usize).map(|frame| frame as i32)
    }
}

/// Ascending and disjoint runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrameRuns(Vec<FrameRun>);

/// How a DCC writes a list of frames.
#[derive(Debug, Clone, Copy)]
pub struct FrameStyle {
    /// Between two entries, such as `,`.
    pub between: &'static str,
    /// From first to last, such as `-` or `..`.
    pub range: &'static str,
    /// Before the step, such as `x`; absent: a run with a step is written frame by frame.
    pub step: Option<&'static str>,
}

impl FrameStyle {
    /// As farmhand writes it: `1,5,10-20,30-40x2`.
    pub const FARMHAND: FrameStyle = FrameStyle { between: ",", range: "-", step: Some("x") };
}

impl FrameRuns {
    /// These runs, which must be ascending and disjoint.
    #[must_use]
    pub fn new(runs: Vec<FrameRun>) -> Self {
        Self(runs)
    }

    /// All frames from `first` to `last`.
    #[must_use]
    pub fn range(first: i32, last: i32) -> Self {
        Self(if first <= last { vec![FrameRun { first, last, step: 1 }] } else { Vec::new() })
    }

    /// The runs.
    #[must_use]
    pub fn runs(&self) -> &[FrameRun] {
        &self.0
    }

    /// The run, where there is exactly one.
    #[must_use]
    pub fn only_run(&self) -> Option<FrameRun> {
        match self.0.as_slice() {
            [run] => Some(*run),
            _ => None,
        }
    }

    /// How many frames.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().map(FrameRun::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(FrameRun::is_empty)
    }

    /// The lowest frame.
    #[must_use]
    pub fn first(&self) -> Option<i32> {
        self.0.first().map(|run| run.first)
    }

    /// The highest frame.
    #[must_use]
    pub fn last(&self) -> Option<i32> {
        self.0.last().map(|run| run.last)
    }

    /// Whether this frame is among them.
    #[must_use]
    pub fn contains(&self, frame: i32) -> bool {
        self.0.iter().any(|run| run.contains(frame))
    }

    /// Every frame, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        self.0.iter().flat_map(|run| run.iter())
    }

    /// In a DCC's own syntax.
    #[must_use]
    pub fn written(&self, style: FrameStyle) -> String {
        let mut entries = Vec::new();
        for run in &self.0 {
            match (run.len(), run.step, style.step) {
                (1, ..) => entries.push(run.first.to_string()),
                (_, 1, _) => entries.push(format!("{}{}{}", run.first, style.range, run.last)),
                (_, step, Some(mark)) => {
                    entries.push(format!("{}{}{}{mark}{step}", run.first, style.range, run.last));
                }
                (_, _, None) => entries.extend(run.iter().map(|frame| frame.to_string())),
            }
        }
        entries.join(style.between)
    }
}

impl FromIterator<i32> for FrameRuns {
    /// Ascending frames; neighbours become runs.
    fn from_iter<I: IntoIterator<Item = i32>>(frames: I) -> Self {
        let mut runs: Vec<FrameRun> = Vec::new();
        for frame in frames {
            match runs.last_mut() {
                Some(run) if i64::from(run.last) + 1 == i64::from(frame) => run.last = frame,
                _ => runs.push(FrameRun { first: frame, last: frame, step: 1 }),
            }
        }
        Self(runs)
    }
}

impl fmt::Display for FrameRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(FrameStyle::FARMHAND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed() -> FrameRuns {
        FrameRuns::new(vec![
            FrameRun { first: -5, last: -3, step: 1 },
            FrameRun { first: 1, last: 1, step: 1 },
            FrameRun { first: 10, last: 20, step: 5 },
        ])
    }

    #[test]
    fn expands_and_counts_alike() {
        let frames = mixed();
        assert_eq!(frames.iter().collect::<Vec<_>>(), [-5, -4, -3, 1, 10, 15, 20]);
        assert_eq!(frames.len(), 7);
        assert_eq!((frames.first(), frames.last()), (Some(-5), Some(20)));
        for frame in -10..30 {
            assert_eq!(frames.contains(frame), frames.iter().any(|one| one == frame), "frame {frame}");
        }
    }

    #[test]
    fn a_run_to_the_ends_of_the_type_does_not_overflow() {
        let all = FrameRun { first: i32::MIN, last: i32::MAX, step: 1 };
        assert_eq!(all.len(), 1 << 32);
        assert!(all.contains(i32::MAX));
        assert_eq!(FrameRun { first: i32::MAX - 1, last: i32::MAX, step: 1 }.iter().count(), 2);
    }

    #[test]
    fn writes_in_the_syntax_asked_for() {
        let blender = FrameStyle { between: ",", range: "..", step: None };
        assert_eq!(mixed().to_string(), "-5--3,1,10-20x5");
        assert_eq!(mixed().written(blender), "-5..-3,1,10,15,20");
        assert_eq!(FrameRuns::default().to_string(), "");
    }

    #[test]
    fn neighbours_become_runs() {
        let frames: FrameRuns = [1, 2, 3, 7, 8, 10].into_iter().collect();
        assert_eq!(frames.to_string(), "1-3,7-8,10");
    }
}
