//! What people ask for: submit, pause, resume, cancel, retry, edit; and what the daemon says of its plugins.

use crate::Effect;
use crate::breaker::Plugin;
use crate::effect::Turn;
use crate::job::Job;
use crate::layer::Layer;
use crate::policy::PluginState;
use crate::refusal::Refusal;
use crate::scheduler::Scheduler;
use crate::watch::kill;

use farmhand_model::hooks::{HookPhase, Moment};
use farmhand_model::job::{JobEdit, JobLimits};
use farmhand_model::{
    Budget, Change, Digest, EndedBy, FrameSet, FrameState, GpuStatus, JobId, JobRecord, JobStatus,
    RestoredJob,
};
use std::collections::BTreeSet;
use std::mem::discriminant;
use std::sync::Arc;

/// The highest priority.
pub(crate) const MAX_PRIORITY: u8 = 100;

/// A job as it was submitted.
pub(crate) fn new_job(record: JobRecord) -> Job {
    let mut job = Job::new(record, Vec::new(), Vec::new());
    if job.status != JobStatus::Paused {
        job.status = JobStatus::Waiting;
    }
    job.held = None;
    job.idle_since = Some(job.submitted);
    job.dirty = true;
    job
}

impl Scheduler {
    pub(crate) fn on_submit(
        &mut self,
        turn: &mut Turn,
        record: JobRecord,
        ended: &[(JobId, JobStatus)],
    ) -> Result<(), Refusal> {
        if record.spec.frames.is_empty() {
            return Err(Refusal::NoFrames);
        }
        if record.spec.priority > MAX_PRIORITY {
            return Err(Refusal::Priority(record.spec.priority));
        }
        let id = record.id;
        self.admit(new_job(record), ended, true)?;
        turn.touched.insert(id);
        Ok(())
    }

    pub(crate) fn on_recall(
        &mut self,
        turn: &mut Turn,
        job: RestoredJob,
        ended: &[(JobId, JobStatus)],
    ) -> Result<(), Refusal> {
        let job = Job::new(job.record, job.done, job.skipped);
        let id = job.id;
        if self.jobs.contains_key(&id) {
            return Ok(());
        }
        let has_ended = job.status.is_end();
        self.admit(job, ended, false)?;
        if has_ended {
            self.retiring.insert(id);
        }
        turn.touched.insert(id);
        Ok(())
    }

    /// Takes a job in, with what is known of the jobs it comes after.
    fn admit(&mut self, job: Job, ended: &[(JobId, JobStatus)], is_new: bool) -> Result<(), Refusal> {
        if self.jobs.contains_key(&job.id) {
            return Err(Refusal::Duplicate(job.id));
        }
        let is_known = |before: &JobId| {
            self.jobs.contains_key(before)
                || self.ended.contains_key(before)
                || ended.iter().any(|(id, _)| id == before)
        };
        if is_new && let Some(unknown) = job.spec.after.iter().find(|before| !is_known(before)) {
            return Err(Refusal::UnknownDependency(*unknown));
        }
        self.connect(job, ended);
        Ok(())
    }

    pub(crate) fn connect(&mut self, job: Job, ended: &[(JobId, JobStatus)]) {
        for before in &job.spec.after {
            self.dependents.entry(*before).or_default().insert(job.id);
            if !self.jobs.contains_key(before)
                && let Some((_, status)) = ended.iter().find(|(id, _)| id == before)
            {
                self.ended.insert(*before, *status);
            }
        }
        self.ended.remove(&job.id);
        self.jobs.insert(job.id, job);
    }

    pub(crate) fn on_pause(&mut self, turn: &mut Turn, id: JobId) -> Result<(), Refusal> {
        let job = self.changeable(id)?;
        if job.status != JobStatus::Paused {
            job.status = JobStatus::Paused;
            job.dirty = true;
            turn.touched.insert(id);
        }
        Ok(())
    }

    pub(crate) fn on_resume(&mut self, turn: &mut Turn, id: JobId) -> Result<(), Refusal> {
        // A job that has failed may still be held by its after-hooks.
        let is_paused = self.jobs.get(&id).is_some_and(|job| job.status == JobStatus::Paused);
        if !is_paused {
            self.changeable(id)?;
        } else if let Some(job) = self.jobs.get_mut(&id) {
            job.status = JobStatus::Waiting;
            job.held = None;
            job.dirty = true;
            turn.touched.insert(id);
        }
        Ok(())
    }

    pub(crate) fn on_cancel(&mut self, turn: &mut Turn, id: JobId) -> Result<(), Refusal> {
        if self.jobs.get(&id).is_some_and(|job| job.status == JobStatus::Cancelling) {
            return Ok(());
        }
        if !self.jobs.get(&id).is_some_and(Job::owes_hooks) {
            self.changeable(id)?;
        }
        let Some(job) = self.jobs.get_mut(&id) else { return Ok(()) };
        job.status = JobStatus::Cancelling;
        job.held = None;
        job.dirty = true;
        self.disown_hooks(id, Moment::BeforeJob);
        self.disown_hooks(id, Moment::AfterJob);
        self.kill_all(turn, id);
        turn.touched.insert(id);
        Ok(())
    }

    pub(crate) fn on_retry(
        &mut self,
        turn: &mut Turn,
        id: JobId,
        only: Option<u32>,
        frames: Option<&FrameSet>,
    ) -> Result<(), Refusal> {
        let job = self.jobs.get_mut(&id).ok_or(Refusal::NoJob(id))?;
        let is_meant = |index: u32| only.is_none_or(|only| only == index);
        if job.is_ending() && !job.status.is_end() && !job.owes_hooks() {
            return Err(Refusal::Ending(id));
        }
        if let Some(frames) = frames {
            if frames.is_empty() {
                return Err(Refusal::NoFrames);
            }
            let foreign = frames.difference(&job.spec.frames);
            if !foreign.is_empty() {
                return Err(Refusal::FramesNotInJob {
                    job: id,
                    frames: foreign,
                    has: job.spec.frames.clone(),
                });
            }
            let meant = (0..).zip(&job.layers).filter(|(index, _)| is_meant(*index));
            let running = meant.fold(FrameSet::new(), |all, (_, layer)| all.union(&layer.running));
            let running = running.intersection(frames);
            if !running.is_empty() {
                return Err(Refusal::FramesRunning { job: id, frames: running });
            }
            // Whoever names frames to render again has seen their images, and does not want them skipped.
            Arc::make_mut(&mut job.spec).skip_existing = false;
        } else if job.failed_len() == 0 && !job.has_ended_undone() {
            return Err(Refusal::NothingToRetry(id));
        }
        self.reopen(turn, id, |index, layer| match is_meant(index) {
            true => frames.unwrap_or(&layer.failed).clone(),
            false => FrameSet::default(),
        });
        Ok(())
    }

    /// Makes frames of an ended or live job pending again, by layer.
    pub(crate) fn reopen(&mut self, turn: &mut Turn, id: JobId, which: impl Fn(u32, &Layer) -> FrameSet) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        for (index, layer) in (0..).zip(&mut job.layers) {
            let frames = which(index, layer);
            let settled = layer.reopen(&frames);
            if !settled.is_empty() {
                turn.change(Change::Unsettled { job: id, layer: index, frames: settled });
            }
            turn.frames(id, index, frames, FrameState::Pending);
        }
        // They come after the last frame, and that is still to come again.
        if job.hooks.has_after {
            job.hooks.after = HookPhase::Due;
        }
        job.failure = None;
        job.hold = None;
        job.fruitless = 0;
        job.losses = 0;
        job.dirty = true;
        if job.status.is_end() {
            job.status = JobStatus::Waiting;
            job.finished = None;
        }
        self.reopened(turn, id);
    }

    pub(crate) fn on_edit(&mut self, turn: &mut Turn, id: JobId, edit: JobEdit) -> Result<(), Refusal> {
        if let Some(priority) = edit.priority.filter(|priority| *priority > MAX_PRIORITY) {
            return Err(Refusal::Priority(priority));
        }
        let job = self.changeable(id)?;
        let spec = Arc::make_mut(&mut job.spec);
        spec.priority = edit.priority.unwrap_or(spec.priority);
        if let Some(limits) = edit.limits {
            let old = std::mem::take(&mut spec.limits);
            spec.limits = JobLimits {
                max_tasks: limits.max_tasks.or(old.max_tasks),
                retries: limits.retries.or(old.retries),
                attempt_seconds: limits.attempt_seconds.or(old.attempt_seconds),
                frame_seconds: limits.frame_seconds.or(old.frame_seconds),
                stall_seconds: limits.stall_seconds.or(old.stall_seconds),
                max_failed_frames: limits.max_failed_frames.or(old.max_failed_frames),
            };
        }
        job.dirty = true;
        turn.touched.insert(id);
        self.check_failed_limit(turn, id);
        Ok(())
    }

    pub(crate) fn on_plugin(&mut self, turn: &mut Turn, name: &str, state: PluginState) {
        let of_plugin = |job: &&Job| job.spec.plugin.name == name && !job.status.is_end();
        let was_served: BTreeSet<JobId> = self
            .jobs
            .values()
            .filter(of_plugin)
            .filter(|job| self.is_served(job))
            .map(|job| job.id)
            .collect();
        let plugin = self.plugins.entry(name.to_owned()).or_insert_with(Plugin::new);
        let breaker_closed = plugin.announce(state);
        if breaker_closed {
            turn.push(Effect::BreakersTouched);
        }
        // A swap that changes nothing for a job is not told to everybody who watches it: there may be thousands.
        let differs = |job: &&Job| breaker_closed || !was_served.contains(&job.id) || !self.is_served(job);
        turn.touched.extend(self.jobs.values().filter(of_plugin).filter(differs).map(|job| job.id));
        // Its levels may have other names, and what jobs need goes by those.
        let queued: Vec<JobId> = self
            .jobs
            .values()
            .filter(of_plugin)
            .filter(|job| job.place.is_some())
            .map(|job| job.id)
            .collect();
        for id in queued {
            self.reindex(turn.now, id);
        }
    }

    pub(crate) fn on_plugin_version(&mut self, turn: &mut Turn, digest: Digest, state: PluginState) {
        let is_pinned = |job: &&Job| job.spec.plugin.digest.as_ref() == Some(&digest) && !job.status.is_end();
        turn.touched.extend(self.jobs.values().filter(is_pinned).map(|job| job.id));
        self.versions.insert(digest, state);
    }

    pub(crate) fn on_gpus(&mut self, turn: &mut Turn, mut gpus: Vec<GpuStatus>) {
        gpus.sort_by_key(|status| status.gpu.index);
        for plugin in self.plugins.values_mut() {
            let before = plugin.gpus.len();
            plugin.gpus.retain(|index, _| gpus.iter().any(|status| status.gpu.index == *index));
            if plugin.gpus.len() < before {
                turn.push(Effect::BreakersTouched);
            }
        }
        // How busy others keep a GPU changes all the time; that is told when somebody asks.
        let standings = |gpus: &[GpuStatus]| -> Vec<_> {
            gpus.iter().map(|status| (status.gpu.index, discriminant(&status.standing))).collect()
        };
        let differs = standings(&gpus) != standings(&self.gpus);
        self.gpus = gpus;
        if differs {
            let waits = |job: &&Job| job.lines.iter().any(|class| class.need.gpus.is_some());
            turn.touched.extend(self.jobs.values().filter(waits).map(|job| job.id));
        }
    }

    pub(crate) fn on_budget(&mut self, turn: &mut Turn, budget: Budget) {
        if self.ledger.closed().is_some() != budget.closed.is_some() {
            turn.touched.extend(self.plugins.values().flat_map(Plugin::waiting));
        }
        self.ledger.set_budget(budget);
    }

    /// Orders the end of everything the job runs.
    pub(crate) fn kill_all(&mut self, turn: &mut Turn, id: JobId) {
        for attempt in self.jobs.get(&id).into_iter().flat_map(|job| &job.live) {
            if let Some(live) = self.live.get_mut(attempt) {
                kill(live, EndedBy::Cancel, turn);
            }
        }
    }

    /// The job fails as a whole: nothing more starts, and what runs is ended.
    pub(crate) fn fail_job(&mut self, turn: &mut Turn, id: JobId, reason: String) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if job.failure.is_some() {
            return;
        }
        job.failure = Some(reason);
        job.dirty = true;
        if job.status == JobStatus::Paused {
            // There is nothing left to wait for.
            job.status = JobStatus::Waiting;
            job.held = None;
        }
        for (index, layer) in (0..).zip(&mut job.layers) {
            turn.frames(id, index, layer.fail_pending(), FrameState::Failed);
        }
        turn.touched.insert(id);
        self.kill_all(turn, id);
    }

    /// Fails the job where more of its frames failed than may.
    pub(crate) fn check_failed_limit(&mut self, turn: &mut Turn, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let Some(limit) = job.spec.limits.max_failed_frames else { return };
        let failed = job.failed_len();
        if failed > u64::from(limit) && !job.is_ending() {
            self.fail_job(turn, id, format!("{failed} frames failed, and the job's limit is {limit}"));
        }
    }

    /// The job, where it is neither at its end nor on its way there.
    fn changeable(&mut self, id: JobId) -> Result<&mut Job, Refusal> {
        let job = self.jobs.get_mut(&id).ok_or(Refusal::NoJob(id))?;
        if job.status.is_end() {
            return Err(Refusal::Ended { job: id, status: job.status });
        }
        if job.is_ending() {
            return Err(Refusal::Ending(id));
        }
        Ok(job)
    }
}
