//! Who holds which slot and which threads.

use crate::policy::NodeCapacity;
use farmhand_model::view::LeaseView;
use farmhand_model::{AttemptId, JobId, Lease};
use std::collections::BTreeMap;

/// The leases of this node. A lease is taken only where it fits; those of adopted attempts are taken as they are,
/// since those processes run whether they fit or not.
pub(crate) struct Ledger {
    capacity: NodeCapacity,
    leases: BTreeMap<AttemptId, (JobId, Lease)>,
    threads: u32,
}

impl Ledger {
    pub(crate) fn new(capacity: NodeCapacity) -> Self {
        Self { capacity, leases: BTreeMap::new(), threads: 0 }
    }

    pub(crate) fn capacity(&self) -> &NodeCapacity {
        &self.capacity
    }

    pub(crate) fn free_slots(&self) -> u32 {
        self.capacity.slots.saturating_sub(self.leases.len() as u32)
    }

    pub(crate) fn free_threads(&self) -> u32 {
        self.capacity.threads.saturating_sub(self.threads)
    }

    /// Threads that a task gets which asks for `asked`: never more than the node has, or it would wait for ever.
    pub(crate) fn threads_of(&self, asked: Option<u32>) -> u32 {
        asked.unwrap_or(self.capacity.threads_per_task).clamp(1, self.capacity.threads.max(1))
    }

    /// How many tasks of this many threads fit on the empty node.
    pub(crate) fn fits(&self, threads: u32) -> u32 {
        self.capacity.slots.min(self.capacity.threads / threads.max(1)).max(1)
    }

    pub(crate) fn take(&mut self, attempt: AttemptId, job: JobId, lease: Lease) {
        self.threads += lease.threads;
        self.leases.insert(attempt, (job, lease));
    }

    pub(crate) fn release(&mut self, attempt: AttemptId) {
        if let Some((_, lease)) = self.leases.remove(&attempt) {
            self.threads -= lease.threads;
        }
    }

    /// Jobs that hold a slot, ascending, each once.
    pub(crate) fn holders(&self) -> Vec<JobId> {
        let mut jobs: Vec<JobId> = self.leases.values().map(|(job, _)| *job).collect();
        jobs.sort_unstable();
        jobs.dedup();
        jobs
    }

    pub(crate) fn leases(&self) -> Vec<LeaseView> {
        let view = |(attempt, (job, lease)): (&AttemptId, &(JobId, Lease))| LeaseView {
            attempt: *attempt,
            job: *job,
            lease: lease.clone(),
        };
        self.leases.iter().map(view).collect()
    }
}
