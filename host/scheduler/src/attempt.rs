//! A live attempt: its durable record and what is only known while it runs.

use crate::watch::Pulse;
use farmhand_model::job::JobCosts;
use farmhand_model::{AttemptId, AttemptRecord, AttemptState, Boost, EndedBy, FrameSet, JobId, Timestamp};
use std::collections::BTreeMap;

/// Faults and facts kept while it runs; the outcome has all of them.
pub(crate) const KEPT: usize = 64;

pub(crate) struct Live {
    pub(crate) record: AttemptRecord,
    /// Index into the job's layers.
    pub(crate) layer: u32,
    /// The plugin's epoch when it started.
    pub(crate) epoch: u64,
    /// What its frames ran out of before.
    pub(crate) boost: Boost,
    /// Frames that the DCC began and that are not settled.
    pub(crate) begun: BTreeMap<i32, Timestamp>,
    /// The one it is at.
    pub(crate) current: Option<(i32, Timestamp)>,
    /// Whether it has shown what its start cost.
    pub(crate) start_seen: bool,
    /// Frames whose cost it has shown.
    pub(crate) frames_costed: u32,
    /// Whether it rendered a frame: one that was not there before.
    pub(crate) rendered: bool,
    /// Frames that it settled, also skipped ones.
    pub(crate) settled: u64,
    pub(crate) pulse: Pulse,
    /// Ordered to end, by this.
    pub(crate) killed: Option<EndedBy>,
}

impl Live {
    pub(crate) fn new(mut record: AttemptRecord, layer: u32, epoch: u64) -> Self {
        if let AttemptState::Running { since } = record.state {
            // An earlier version did not write its steps down.
            record.steps.running.get_or_insert(since);
        }
        let settled = record.frames_done.len();
        // Of an adopted attempt, the start was measured by the daemon before, or is lost.
        let start_seen = matches!(record.state, AttemptState::Running { .. });
        Self {
            layer,
            epoch,
            boost: record.boost.clone(),
            rendered: false,
            begun: BTreeMap::new(),
            current: None,
            start_seen,
            frames_costed: 0,
            settled,
            pulse: Pulse::default(),
            killed: None,
            record,
        }
    }

    pub(crate) fn id(&self) -> AttemptId {
        self.record.id
    }

    pub(crate) fn job(&self) -> JobId {
        self.record.job
    }

    /// Tries spent on its frames at its level before it.
    pub(crate) fn tries(&self) -> u32 {
        self.record.try_number.saturating_sub(1)
    }

    pub(crate) fn missing(&self) -> FrameSet {
        self.record.frames.difference(&self.record.frames_done)
    }

    /// Begun and not settled.
    pub(crate) fn begun(&self) -> FrameSet {
        self.begun.keys().copied().collect()
    }

    pub(crate) fn running_since(&self) -> Option<Timestamp> {
        match self.record.state {
            AttemptState::Running { since } => Some(since),
            _ => None,
        }
    }

    /// In how many seconds it will end, as far as its job's costs tell.
    pub(crate) fn seconds_left(&self, costs: &JobCosts, now: Timestamp) -> f64 {
        let since = self.running_since().unwrap_or(self.record.started);
        let elapsed = now.since(since).0;
        let Some(frame) = costs.frame_seconds else {
            // What is known of nothing else is as likely to end now as to last as long again.
            return elapsed;
        };
        let left = self.record.frames.len().saturating_sub(self.settled) as f64 * frame;
        let start = if self.settled == 0 && self.current.is_none() {
            (costs.start_seconds.unwrap_or(0.0) - elapsed).max(0.0)
        } else {
            0.0
        };
        let of_current = self.current.map_or(0.0, |(_, began)| now.since(began).0.min(frame));
        (start + left - of_current).max(0.0)
    }
}
