//! Batches, as far as they decide what runs: so many tasks at once over all jobs of a batch, and no more beginnings
//! after the first failure where the batch wants that. Which jobs a batch has and how far it is, others know.

use crate::commands::{MAX_PRIORITY, new_job};
use crate::effect::Turn;
use crate::job::Job;
use crate::refusal::Refusal;
use crate::scheduler::Scheduler;
use farmhand_model::batch::BatchMember;
use farmhand_model::hooks::Moment;
use farmhand_model::{BatchId, FrameSet, JobId, JobRecord, JobStatus, RestoredJob};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a batch wants of the scheduler.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchOrder {
    /// Jobs that are new, as in `Event::Submit`. They may come after each other in any order.
    pub new: Vec<JobRecord>,
    /// Jobs of an earlier submission that are gone on with.
    pub again: Vec<Again>,
    /// Jobs that new ones of the batch stand in for: they are cancelled where they have not ended.
    pub replaced: Vec<JobId>,
    /// As in `Event::Submit`, for all of them.
    pub ended: Vec<(JobId, JobStatus)>,
}

/// A job of an earlier submission that is gone on with. Where it has ended, what it has not done is tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Again {
    /// The job.
    pub job: JobId,
    /// As the store has it, in case that the scheduler has let go of it.
    pub kept: Option<Box<RestoredJob>>,
    /// Its place in its batch from now on.
    pub member: BatchMember,
    /// Done frames whose images are gone, by layer index; they are rendered again.
    pub lost: Vec<FrameSet>,
}

/// What can be done to several jobs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// As `Event::Pause`.
    Pause,
    /// As `Event::Resume`.
    Resume,
    /// As `Event::Cancel`.
    Cancel,
}

impl Scheduler {
    pub(crate) fn on_batch(&mut self, turn: &mut Turn, order: BatchOrder) -> Result<(), Refusal> {
        self.check_batch(&order)?;
        for id in &order.replaced {
            // One that has ended meanwhile is as good.
            let _ = self.on_cancel(turn, *id);
        }
        for record in order.new {
            let id = record.id;
            self.connect(new_job(record), &order.ended);
            turn.touched.insert(id);
        }
        for again in order.again {
            self.go_on(turn, again, &order.ended);
        }
        Ok(())
    }

    /// Whatever would be refused is refused before anything is changed.
    fn check_batch(&self, order: &BatchOrder) -> Result<(), Refusal> {
        let new: BTreeSet<JobId> = order.new.iter().map(|record| record.id).collect();
        let is_known = |id: &JobId| {
            new.contains(id)
                || self.jobs.contains_key(id)
                || self.ended.contains_key(id)
                || order.ended.iter().any(|(ended, _)| ended == id)
        };
        for record in &order.new {
            if record.spec.frames.is_empty() {
                return Err(Refusal::NoFrames);
            }
            if record.spec.priority > MAX_PRIORITY {
                return Err(Refusal::Priority(record.spec.priority));
            }
            if self.jobs.contains_key(&record.id) {
                return Err(Refusal::Duplicate(record.id));
            }
            if let Some(unknown) = record.spec.after.iter().find(|before| !is_known(before)) {
                return Err(Refusal::UnknownDependency(*unknown));
            }
        }
        for again in &order.again {
            match self.jobs.get(&again.job) {
                Some(job) if job.status == JobStatus::Cancelling => return Err(Refusal::Ending(again.job)),
                None if again.kept.is_none() => return Err(Refusal::NoJob(again.job)),
                _ => {}
            }
        }
        Ok(())
    }

    fn go_on(&mut self, turn: &mut Turn, again: Again, ended: &[(JobId, JobStatus)]) {
        let Again { job: id, kept, member, lost } = again;
        if let Some(kept) = kept.filter(|_| !self.jobs.contains_key(&id)) {
            self.connect(Job::new(kept.record, kept.done, kept.skipped), ended);
        }
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let spec = Arc::make_mut(&mut job.spec);
        spec.batch = Some(member);
        let has_lost = lost.iter().any(|frames| !frames.is_empty());
        job.dirty = true;
        turn.touched.insert(id);
        let is_undone = job.failed_len() > 0 || job.has_ended_undone() || has_lost;
        if job.status.is_end() {
            if is_undone {
                let lost = |index: u32| lost.get(index as usize).cloned().unwrap_or_default();
                self.reopen(turn, id, |index, layer| layer.failed.union(&lost(index)));
            } else {
                self.retiring.insert(id);
            }
        }
    }

    pub(crate) fn on_together(&mut self, turn: &mut Turn, jobs: &[JobId], order: Together) {
        for id in jobs {
            // Those that have ended meanwhile, or are about to, need nothing more.
            let _ = match order {
                Together::Pause => self.on_pause(turn, *id),
                Together::Resume => self.on_resume(turn, *id),
                Together::Cancel => self.on_cancel(turn, *id),
            };
        }
    }

    /// Whether the job's batch has all the tasks that it may have at once. There are never more attempts than slots, so
    /// that they are counted each time.
    pub(crate) fn is_batch_full(&self, job: &Job) -> bool {
        let Some(member) = &job.spec.batch else { return false };
        let of_batch = |id: JobId| self.jobs.get(&id).is_some_and(|job| is_in(job, member.batch.id));
        self.live.values().filter(|live| of_batch(live.job())).count() >= member.workers.max(1) as usize
    }

    /// A job has failed: where its batch stops at that, those that have not begun are cancelled. Answers which.
    pub(crate) fn stop_batch_of(&mut self, turn: &mut Turn, failed: JobId) -> Vec<JobId> {
        let Some(member) = self.jobs.get(&failed).and_then(|job| job.spec.batch.clone()) else {
            return Vec::new();
        };
        if member.continue_on_error {
            return Vec::new();
        }
        let has_not_begun = |job: &&mut Job| {
            is_in(job, member.batch.id)
                && job.started.is_none()
                && !job.status.is_end()
                && job.status != JobStatus::Cancelling
        };
        let mut stopped = Vec::new();
        for job in self.jobs.values_mut().filter(has_not_begun) {
            job.status = JobStatus::Cancelling;
            job.held = None;
            job.failure = Some(format!(
                "not begun: job {failed} ({}) failed, and its batch {} stops at the first failure",
                member.entry, member.batch.id
            ));
            job.dirty = true;
            turn.touched.insert(job.id);
            stopped.push(job.id);
        }
        for id in &stopped {
            self.disown_hooks(*id, Moment::BeforeJob);
        }
        stopped
    }
}

fn is_in(job: &Job, batch: BatchId) -> bool {
    job.spec.batch.as_ref().is_some_and(|member| member.batch.id == batch)
}
