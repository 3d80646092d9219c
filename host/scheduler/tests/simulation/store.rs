//! What is durable: the changes, applied in order, and nothing else.

use farmhand_model::{AttemptId, AttemptRecord, Change, FrameSet, JobId, JobRecord, JobStatus};
use farmhand_scheduler::{Effect, Restored, RestoredJob};
use std::collections::BTreeMap;

#[derive(Default, Clone, PartialEq, Debug)]
pub struct Store {
    pub jobs: BTreeMap<JobId, JobRecord>,
    pub attempts: BTreeMap<AttemptId, AttemptRecord>,
    done: BTreeMap<(JobId, u32), FrameSet>,
    skipped: BTreeMap<(JobId, u32), FrameSet>,
}

impl Store {
    pub fn commit(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Change(change) = effect {
                self.apply(change);
            }
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Job(job) => {
                self.jobs.insert(job.id, (**job).clone());
            }
            Change::Attempt(attempt) => {
                self.attempts.insert(attempt.id, (**attempt).clone());
            }
            Change::Settled(row) => {
                let table = if row.attempt.is_some() { &mut self.done } else { &mut self.skipped };
                table.entry((row.job, row.layer)).or_default().insert(row.frame);
            }
            Change::Unsettled { job, layer, frames } => {
                for table in [&mut self.done, &mut self.skipped] {
                    table.entry((*job, *layer)).or_default().subtract(frames);
                }
            }
            Change::Batch(_)
            | Change::Entries { .. }
            | Change::Scene { .. }
            | Change::News(_)
            | Change::Delivery(_)
            | Change::IdempotencyKey { .. } => panic!("not the scheduler's to make"),
        }
    }

    /// Frames whose image is there.
    pub fn settled(&self, job: JobId, layer: u32) -> FrameSet {
        let of = |table: &BTreeMap<_, FrameSet>| table.get(&(job, layer)).cloned().unwrap_or_default();
        of(&self.done).union(&of(&self.skipped))
    }

    pub fn restored_job(&self, id: JobId) -> RestoredJob {
        let record = self.jobs[&id].clone();
        let layers = 0..record.layer_count() as u32;
        let of = |table: &BTreeMap<_, FrameSet>, layer| table.get(&(id, layer)).cloned().unwrap_or_default();
        RestoredJob {
            done: layers.clone().map(|layer| of(&self.done, layer)).collect(),
            skipped: layers.map(|layer| of(&self.skipped, layer)).collect(),
            record,
        }
    }

    /// How the jobs ended that this one comes after.
    pub fn ended_before(&self, after: &[JobId]) -> Vec<(JobId, JobStatus)> {
        let status = |id: &JobId| self.jobs.get(id).map(|job| (*id, job.status));
        after.iter().filter_map(status).filter(|(_, status)| status.is_end()).collect()
    }

    pub fn restored(&self) -> Restored {
        let live: Vec<JobId> =
            self.jobs.values().filter(|job| !job.status.is_end()).map(|job| job.id).collect();
        Restored {
            ended: live.iter().flat_map(|id| self.ended_before(&self.jobs[id].spec.after)).collect(),
            jobs: live.into_iter().map(|id| self.restored_job(id)).collect(),
            live: self.attempts.values().filter(|attempt| attempt.is_live()).cloned().collect(),
            next_attempt: self.attempts.keys().next_back().map_or(AttemptId(1), |id| id.next()),
        }
    }
}
