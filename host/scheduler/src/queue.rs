//! In which order jobs get their turn, and when the scheduler must be woken. Only the indexes: what makes a job
//! startable is decided where jobs are kept.

use farmhand_model::{JobId, Timestamp};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A job's place: higher priority first, then the older one.
pub(crate) type Place = (Reverse<u8>, JobId);

/// Times at which jobs have to be looked at again.
#[derive(Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Timestamp, JobId)>,
}

impl Timers {
    pub(crate) fn set(&mut self, job: JobId, old: Option<Timestamp>, new: Option<Timestamp>) {
        if old == new {
            return;
        }
        if let Some(at) = old {
            self.due.remove(&(at, job));
        }
        if let Some(at) = new {
            self.due.insert((at, job));
        }
    }

    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Jobs whose time has come.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<JobId> {
        self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, job)| *job).collect()
    }

    pub(crate) fn contains(&self, at: Timestamp, job: JobId) -> bool {
        self.due.contains(&(at, job))
    }

    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }
}
