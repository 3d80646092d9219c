//! The frames of one layer of a job: each is in exactly one state, and a state is a set. Ten million frames are a few
//! ranges here, never ten million of anything.

use farmhand_model::job::Requeued;
use farmhand_model::view::FrameCounts;
use farmhand_model::{Boost, FrameSet, FrameState, Timestamp};

/// Frames that left the fresh ones: they were tried before, or fell back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) frames: FrameSet,
    pub(crate) level: u32,
    /// Tries spent at that level.
    pub(crate) tries: u32,
    pub(crate) boost: Boost,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) reason: String,
}

/// Where a chunk is cut from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source {
    Fresh,
    Group(usize),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    pub(crate) fresh: FrameSet,
    pub(crate) groups: Vec<Group>,
    pub(crate) running: FrameSet,
    pub(crate) done: FrameSet,
    pub(crate) skipped: FrameSet,
    pub(crate) failed: FrameSet,
    /// Single changes since the sets were last brought into their smallest form.
    churn: u32,
}

/// So many single changes fragment a set of ranges by a few kilobytes at most.
const COMPACT_AFTER: u32 = 2048;

impl Layer {
    pub(crate) fn new(frames: FrameSet) -> Self {
        Self { fresh: frames, ..Self::default() }
    }

    pub(crate) fn has_pending(&self) -> bool {
        !self.fresh.is_empty() || !self.groups.is_empty()
    }

    /// Whether some frames may start at `now`.
    pub(crate) fn has_ready(&self, now: Timestamp) -> bool {
        !self.fresh.is_empty() || self.groups.iter().any(|group| group.not_before.is_none_or(|at| at <= now))
    }

    /// The group that may start first.
    pub(crate) fn next_ready(&self) -> Option<&Group> {
        self.groups.iter().min_by_key(|group| group.not_before)
    }

    pub(crate) fn pending_len(&self) -> u64 {
        self.fresh.len() + self.groups.iter().map(|group| group.frames.len()).sum::<u64>()
    }

    pub(crate) fn pending(&self) -> FrameSet {
        self.groups.iter().fold(self.fresh.clone(), |all, group| all.union(&group.frames))
    }

    /// What the next chunk may be cut from, and where that goes on. Frames that were tried before go first: they waited,
    /// and they show soon whether the trouble is over.
    pub(crate) fn sources(&self, now: Timestamp) -> impl Iterator<Item = (Source, Option<&Group>)> {
        let is_ripe = move |group: &Group| group.not_before.is_none_or(|at| at <= now);
        let groups = self.groups.iter().enumerate().filter(move |(_, group)| is_ripe(group));
        let groups = groups.map(|(index, group)| (Source::Group(index), Some(group)));
        groups.chain((!self.fresh.is_empty()).then_some((Source::Fresh, None)))
    }

    /// When the next group that still waits may start.
    pub(crate) fn ripens(&self, now: Timestamp) -> Option<Timestamp> {
        self.groups.iter().filter_map(|group| group.not_before).filter(|at| *at > now).min()
    }

    /// Groups whose wait is over become one where nothing else tells them apart, so that their number stays small
    /// however many tasks failed.
    pub(crate) fn ripen(&mut self, now: Timestamp) {
        let is_ripe = |group: &Group| group.not_before.is_some_and(|at| at <= now);
        if !self.groups.iter().any(is_ripe) {
            return;
        }
        for mut group in std::mem::take(&mut self.groups) {
            group.not_before = group.not_before.filter(|at| *at > now);
            self.join(group);
        }
    }

    fn join(&mut self, group: Group) {
        if group.frames.is_empty() {
            return;
        }
        let twin = self.groups.iter_mut().find(|twin| {
            (twin.level, twin.tries, twin.not_before, &twin.boost)
                == (group.level, group.tries, group.not_before, &group.boost)
        });
        match twin {
            Some(twin) => {
                twin.frames.extend(&group.frames);
                twin.reason = group.reason;
            }
            None => self.groups.push(group),
        }
    }

    /// Pending frames become running ones.
    pub(crate) fn take(&mut self, source: Source, chunk: &FrameSet) {
        if chunk.is_empty() {
            return;
        }
        match source {
            Source::Fresh => self.fresh.subtract(chunk),
            Source::Group(index) => {
                self.groups[index].frames.subtract(chunk);
                if self.groups[index].frames.is_empty() {
                    self.groups.remove(index);
                }
            }
        }
        self.running.extend(chunk);
        self.churn();
    }

    /// Running frames become pending again, as `group` says.
    pub(crate) fn give_back(&mut self, group: Group) {
        self.running.subtract(&group.frames);
        if group.level == 0 && group.tries == 0 && group.not_before.is_none() && group.boost.is_none() {
            self.fresh.extend(&group.frames);
        } else {
            self.join(group);
        }
        self.churn();
    }

    /// A running frame is done, or was there before.
    pub(crate) fn settle(&mut self, frame: i32, skipped: bool) {
        self.running.remove(frame);
        if skipped {
            self.skipped.insert(frame)
        } else {
            self.done.insert(frame)
        };
        self.churn();
    }

    /// Running frames fail.
    pub(crate) fn fail(&mut self, frames: &FrameSet) {
        self.running.subtract(frames);
        self.failed.extend(frames);
        self.churn();
    }

    /// Everything that waits fails; answers what that was.
    pub(crate) fn fail_pending(&mut self) -> FrameSet {
        let pending = self.pending();
        self.failed.extend(&pending);
        self.fresh = FrameSet::new();
        self.groups.clear();
        self.failed.compact();
        pending
    }

    /// These frames start afresh, except those that run. Answers which of them had been done or skipped.
    pub(crate) fn reopen(&mut self, frames: &FrameSet) -> FrameSet {
        let frames = frames.difference(&self.running);
        let settled = self.done.union(&self.skipped).intersection(&frames);
        for set in [&mut self.done, &mut self.skipped, &mut self.failed] {
            set.subtract(&frames);
        }
        for group in &mut self.groups {
            group.frames.subtract(&frames);
        }
        self.groups.retain(|group| !group.frames.is_empty());
        self.fresh.extend(&frames);
        self.fresh.compact();
        settled
    }

    pub(crate) fn count(&self, counts: &mut FrameCounts) {
        counts.pending += self.pending_len();
        counts.running += self.running.len();
        counts.done += self.done.len();
        counts.skipped += self.skipped.len();
        counts.failed += self.failed.len();
    }

    /// The sets by state, as people are shown them.
    pub(crate) fn by_state(&self) -> [(FrameState, FrameSet); 5] {
        [
            (FrameState::Pending, self.pending()),
            (FrameState::Running, self.running.clone()),
            (FrameState::Done, self.done.clone()),
            (FrameState::Skipped, self.skipped.clone()),
            (FrameState::Failed, self.failed.clone()),
        ]
    }

    pub(crate) fn requeued(&self, layer: u32) -> impl Iterator<Item = Requeued> + '_ {
        self.groups.iter().map(move |group| Requeued {
            layer,
            frames: group.frames.clone(),
            level: group.level,
            tries: group.tries,
            boost: group.boost.clone(),
            not_before: group.not_before,
            reason: group.reason.clone(),
        })
    }

    fn churn(&mut self) {
        self.churn += 1;
        if self.churn >= COMPACT_AFTER {
            self.churn = 0;
            let groups = self.groups.iter_mut().map(|group| &mut group.frames);
            [&mut self.fresh, &mut self.done, &mut self.skipped, &mut self.failed]
                .into_iter()
                .chain(groups)
                .for_each(FrameSet::compact);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> FrameSet {
        text.parse().unwrap()
    }

    fn group(frames: &str, tries: u32, not_before: Option<i64>) -> Group {
        Group {
            frames: set(frames),
            level: 0,
            tries,
            not_before: not_before.map(Timestamp),
            reason: String::new(),
            boost: Default::default(),
        }
    }

    #[test]
    fn groups_that_nothing_tells_apart_are_one() {
        let mut layer = Layer::new(set("1-20"));
        layer.take(Source::Fresh, &set("1-12"));
        layer.give_back(group("1-3", 1, Some(100)));
        layer.give_back(group("4-6", 1, Some(200)));
        layer.give_back(group("7-9", 2, Some(100)));
        layer.give_back(group("10-12", 0, None));
        assert_eq!(layer.groups.len(), 3);
        assert_eq!(layer.fresh, set("10-20"));
        let sources =
            |layer: &Layer, now| layer.sources(Timestamp(now)).map(|(source, _)| source).collect::<Vec<_>>();
        assert_eq!(sources(&layer, 99), [Source::Fresh]);
        assert_eq!(layer.ripens(Timestamp(100)), Some(Timestamp(200)));
        assert_eq!(
            sources(&layer, 200),
            [Source::Group(0), Source::Group(1), Source::Group(2), Source::Fresh]
        );
        layer.ripen(Timestamp(200));
        assert_eq!(sources(&layer, 200), [Source::Group(0), Source::Group(1), Source::Fresh]);
        let groups: Vec<_> =
            layer.groups.iter().map(|group| (group.frames.to_string(), group.tries)).collect();
        assert_eq!(groups, [("1-6".to_owned(), 1), ("7-9".to_owned(), 2)]);
        assert!(layer.running.is_empty());
    }

    #[test]
    fn reopened_frames_start_afresh_and_running_ones_stay() {
        let mut layer = Layer::new(set("1-10"));
        layer.take(Source::Fresh, &set("1-8"));
        for frame in 1..=3 {
            layer.settle(frame, frame == 3);
        }
        layer.fail(&set("4"));
        layer.give_back(group("5-6", 2, Some(9)));
        assert_eq!(layer.reopen(&set("2-7")), set("2-3"));
        assert_eq!(
            (layer.fresh.to_string(), layer.running.to_string()),
            ("2-6,9,10".to_owned(), "7,8".to_owned())
        );
        assert_eq!(layer.done, set("1"));
        assert!(layer.failed.is_empty() && layer.skipped.is_empty() && layer.groups.is_empty());
    }
}
