//! The scheduler's state and its one entry: an event in, effects out. What each event means is told in `commands`
//! and `reports`; here is only what every turn has in common.

use crate::attempt::Live;
use crate::breaker::Plugin;
use crate::effect::{Effect, Turn};
use crate::event::Event;
use crate::job::Job;
use crate::ledger::Ledger;
use crate::licence::Licences;
use crate::policy::{NodeCapacity, PluginProfile, PluginState, Policy};
use crate::queue::Timers;
use crate::refusal::Refusal;
use farmhand_model::hooks::{HookPhase, Moment};
use farmhand_model::{AttemptId, AttemptRecord, Digest, EndedBy, GpuStatus, JobId, JobStatus, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Decides what this node does next.
pub struct Scheduler {
    pub(crate) policy: Policy,
    pub(crate) ledger: Ledger,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) live: BTreeMap<AttemptId, Live>,
    pub(crate) plugins: BTreeMap<String, Plugin>,
    /// Versions of plugins that jobs are pinned to.
    pub(crate) versions: BTreeMap<Digest, PluginState>,
    pub(crate) timers: Timers,
    pub(crate) licences: Licences,
    /// What this node has, by index.
    pub(crate) gpus: Vec<GpuStatus>,
    /// Orders to run hooks that were not answered. One whose job's phase is not `Running` is not waited for, but
    /// what it started may go on, so that it is not given again before.
    pub(crate) ordered: BTreeSet<(JobId, Moment)>,
    /// Jobs that come after the key.
    pub(crate) dependents: BTreeMap<JobId, BTreeSet<JobId>>,
    /// How those jobs ended that somebody comes after and that are not held any more.
    pub(crate) ended: BTreeMap<JobId, JobStatus>,
    /// Held jobs that have ended, until `retire_ended`.
    pub(crate) retiring: BTreeSet<JobId>,
    pub(crate) next_attempt: AttemptId,
    pub(crate) stopping: bool,
    /// When the last turn was: what was due then has been done, or waits for room.
    now: Timestamp,
}

/// Where the jobs stand that a job comes after.
pub(crate) enum Dependencies {
    Met,
    Waiting(Vec<JobId>),
    Broken(JobId),
}

impl Scheduler {
    /// An empty farm. Attempts are numbered from `next_attempt`, which must be higher than all before it.
    #[must_use]
    pub fn new(capacity: NodeCapacity, policy: Policy, next_attempt: AttemptId) -> Self {
        Self {
            policy,
            ledger: Ledger::new(capacity),
            jobs: BTreeMap::new(),
            live: BTreeMap::new(),
            plugins: BTreeMap::new(),
            versions: BTreeMap::new(),
            timers: Timers::default(),
            licences: Licences::default(),
            gpus: Vec::new(),
            ordered: BTreeSet::new(),
            dependents: BTreeMap::new(),
            ended: BTreeMap::new(),
            retiring: BTreeSet::new(),
            next_attempt,
            stopping: false,
            now: Timestamp(i64::MIN),
        }
    }

    /// Takes in what happened and answers what to do: changes first, which must be durable before anything else is
    /// done.
    ///
    /// # Errors
    /// A command of a person that makes no sense is refused and changes nothing. Reports of the runner and ticks
    /// are never refused.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Result<Vec<Effect>, Refusal> {
        let mut turn = Turn::new(now);
        match event {
            Event::Submit { job, ended } => self.on_submit(&mut turn, *job, &ended)?,
            Event::Recall { job, ended } => self.on_recall(&mut turn, *job, &ended)?,
            Event::Batch(order) => self.on_batch(&mut turn, *order)?,
            Event::Together { jobs, order } => self.on_together(&mut turn, &jobs, order),
            Event::Pause(job) => self.on_pause(&mut turn, job)?,
            Event::Resume(job) => self.on_resume(&mut turn, job)?,
            Event::Cancel(job) => self.on_cancel(&mut turn, job)?,
            Event::Retry { job, frames } => self.on_retry(&mut turn, job, None, frames.as_ref())?,
            Event::RetryLayer { job, layer, frames } => {
                self.on_retry(&mut turn, job, Some(layer), Some(&frames))?;
            }
            Event::Edit { job, edit } => self.on_edit(&mut turn, job, edit)?,
            Event::Plugin { name, state } => self.on_plugin(&mut turn, &name, state),
            Event::PluginVersion { digest, state } => self.on_plugin_version(&mut turn, digest, state),
            Event::Gpus(gpus) => self.on_gpus(&mut turn, gpus),
            Event::Budget(budget) => self.on_budget(&mut turn, budget),
            Event::HooksEnded { job, moment, runs, notes, result } => {
                self.on_hooks_ended(&mut turn, job, moment, crate::hooks::Ended { runs, notes, result });
            }
            Event::Built { attempt, stamp } => self.on_built(&mut turn, attempt, stamp),
            Event::Running { attempt } => self.on_running(&mut turn, attempt),
            Event::FrameStarted { attempt, frame } => self.on_frame_started(&mut turn, attempt, frame),
            Event::FrameSettled { attempt, frame, path, bytes, seconds, skipped } => {
                self.on_settled(
                    &mut turn,
                    attempt,
                    frame,
                    crate::reports::Image { path, bytes, seconds, skipped },
                );
            }
            Event::Fault { attempt, fault } => self.on_fault(&mut turn, attempt, fault),
            Event::Fact { attempt, fact } => self.on_fact(&mut turn, attempt, fact),
            Event::Alive { attempt, signs } => self.on_alive(&mut turn, attempt, signs),
            Event::ProcessEnded { attempt, seconds } => self.on_process_ended(&mut turn, attempt, seconds),
            Event::Ended { attempt, outcome, verdict } => {
                self.on_ended(&mut turn, attempt, *outcome, verdict);
            }
            Event::Tick => {}
            Event::Stopping { kill } => self.on_stopping(&mut turn, kill),
        }
        Ok(self.finish(turn))
    }

    /// Every turn ends so: limits, waits that are over, new starts, and what differs is told.
    pub(crate) fn finish(&mut self, mut turn: Turn) -> Vec<Effect> {
        self.now = turn.now;
        self.enforce_limits(&mut turn);
        for job in self.timers.due(turn.now) {
            turn.touched.insert(job);
        }
        self.refresh(&mut turn, false);
        self.dispatch(&mut turn);
        self.refresh(&mut turn, true);
        for id in std::mem::take(&mut turn.touched) {
            if let Some(job) = self.jobs.get_mut(&id) {
                if job.dirty {
                    turn.change(job.change());
                }
                turn.push(Effect::JobTouched(id));
            }
        }
        turn.into_effects()
    }

    /// When to send a `Tick` at the latest, if nothing else happens before. Always later than the last turn.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let breakers = self.plugins.values().filter(|plugin| !plugin.lines.is_empty());
        // One that is due waits for a slot, and that comes with an event.
        let breakers = breakers.flat_map(Plugin::reopens).filter(|at| *at > self.now).min();
        [self.timers.first(), self.next_deadline(), breakers].into_iter().flatten().min()
    }

    /// Lets go of the jobs that have ended. Call it now and then, after their last summaries were announced; what
    /// is asked about them afterwards is answered from the store.
    pub fn retire_ended(&mut self) -> Vec<JobId> {
        let retired: Vec<JobId> = std::mem::take(&mut self.retiring).into_iter().collect();
        for id in &retired {
            let Some(job) = self.jobs.remove(id) else { continue };
            for before in &job.spec.after {
                let Some(dependents) = self.dependents.get_mut(before) else { continue };
                dependents.remove(id);
                if dependents.is_empty() {
                    self.dependents.remove(before);
                    self.ended.remove(before);
                }
            }
            if self.dependents.contains_key(id) {
                self.ended.insert(*id, job.status);
            }
        }
        retired
    }

    /// Whether the scheduler holds the job: it has not ended, or was not let go of yet.
    #[must_use]
    pub fn holds(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// Where a held job is.
    #[must_use]
    pub fn status(&self, job: JobId) -> Option<JobStatus> {
        self.jobs.get(&job).map(|job| job.status)
    }

    /// A live attempt's record.
    #[must_use]
    pub fn attempt(&self, attempt: AttemptId) -> Option<&AttemptRecord> {
        self.live.get(&attempt).map(|live| &live.record)
    }

    /// All live attempts, oldest first.
    pub fn live_attempts(&self) -> impl Iterator<Item = &AttemptRecord> {
        self.live.values().map(|live| &live.record)
    }

    /// Brings statuses and indexes of the touched jobs up to date. Before the dispatch only ends count: a job whose
    /// attempt ended is still running if the next one starts in the same turn.
    fn refresh(&mut self, turn: &mut Turn, is_last: bool) {
        let mut left: Vec<JobId> = turn.touched.iter().copied().collect();
        while let Some(id) = left.pop() {
            if is_last {
                self.order_after(turn, id);
            }
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            let status = job.derived_status();
            if status != job.status && (is_last || status.is_end()) {
                job.status = status;
                job.dirty = true;
                if status.is_end() {
                    job.finished = Some(turn.now);
                    self.retiring.insert(id);
                    self.touch_dependents(turn, id, &mut left);
                    if status == JobStatus::Failed {
                        left.extend(self.stop_batch_of(turn, id));
                    }
                }
            }
            if is_last && let Some(job) = self.jobs.get_mut(&id) {
                job.keep_idle_time(turn.now);
            }
            self.reindex(turn.now, id);
        }
    }

    fn touch_dependents(&self, turn: &mut Turn, job: JobId, left: &mut Vec<JobId>) {
        for dependent in self.dependents.get(&job).into_iter().flatten() {
            turn.touched.insert(*dependent);
            left.push(*dependent);
        }
    }

    /// Touches a job and those that come after it: its end was undone.
    pub(crate) fn reopened(&mut self, turn: &mut Turn, job: JobId) {
        self.retiring.remove(&job);
        turn.touched.insert(job);
        self.touch_dependents(turn, job, &mut Vec::new());
    }

    pub(crate) fn dependencies(&self, job: &Job) -> Dependencies {
        let mut waiting = Vec::new();
        for before in &job.spec.after {
            let status =
                self.jobs.get(before).map(|job| job.status).or_else(|| self.ended.get(before).copied());
            match status {
                Some(JobStatus::Done) => {}
                // One that is gone from the store cannot be done any more.
                Some(JobStatus::Failed | JobStatus::Cancelled) | None => {
                    return Dependencies::Broken(*before);
                }
                Some(_) => waiting.push(*before),
            }
        }
        if waiting.is_empty() { Dependencies::Met } else { Dependencies::Waiting(waiting) }
    }

    /// What the job's plugin can do: the version that the job is pinned to, or else the one that serves.
    pub(crate) fn plugin_state(&self, job: &Job) -> Option<&PluginState> {
        match &job.spec.plugin.digest {
            Some(digest) => self.versions.get(digest),
            None => self.plugins.get(&job.spec.plugin.name)?.state.as_ref(),
        }
    }

    /// The profile of the job's plugin, where it can serve the job now.
    pub(crate) fn serving(&self, job: &Job) -> Option<&PluginProfile> {
        match self.plugin_state(job) {
            Some(PluginState::Ready(profile)) if !profile.levels.is_empty() => Some(profile),
            _ => None,
        }
    }

    /// The last profile that the job's plugin had; what an unavailable plugin's attempts are judged by.
    pub(crate) fn last_profile(&self, job: &Job) -> Option<&PluginProfile> {
        match &job.spec.plugin.digest {
            Some(_) => self.serving(job),
            None => self.plugins.get(&job.spec.plugin.name)?.profile.as_ref(),
        }
    }

    /// Whether the job's plugin serves, in a version that the job takes.
    pub(crate) fn is_served(&self, job: &Job) -> bool {
        self.serving(job).is_some_and(|profile| {
            job.spec.plugin.version.as_ref().is_none_or(|wanted| wanted.matches(&profile.version))
        })
    }

    /// Whether it could start something if there were room.
    pub(crate) fn is_startable(&self, job: &Job, now: Timestamp) -> bool {
        matches!(job.status, JobStatus::Waiting | JobStatus::Running)
            && job.failure.is_none()
            && job.has_ready(now)
            && self.licences.hold_of(&job.spec, now).is_none()
            && !job.at_task_limit()
            && matches!(self.dependencies(job), Dependencies::Met)
            && self.is_served(job)
            && match job.hooks.before {
                HookPhase::Over => true,
                HookPhase::Due => !self.is_ordered(job.id, Moment::BeforeJob),
                HookPhase::Running => false,
            }
    }

    /// When the job must be looked at again, because what it waits for is over then.
    pub(crate) fn wakes(&self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        if job.is_ending() || !job.has_pending() {
            return None;
        }
        let own = job.next_ready(now).map(|(at, _)| at);
        let hold = self.licences.hold_of(&job.spec, now).map(|(_, hold)| hold.until);
        // Some may start now: those that may later may need less.
        own.max(hold).or_else(|| job.ripens(now))
    }

    /// Puts the job where it belongs in the queue and among the timers.
    pub(crate) fn reindex(&mut self, now: Timestamp, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let place = self.is_startable(job, now).then(|| job.queue_place());
        let lines = if place.is_some() { self.lines_of(job, now) } else { Vec::new() };
        let timer = self.wakes(job, now);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if place != job.place || lines != job.lines {
            let plugin = self.plugins.entry(job.spec.plugin.name.clone()).or_insert_with(Plugin::new);
            if let Some(old) = job.place {
                job.lines.iter().for_each(|class| plugin.leave(class, old));
            }
            if let Some(place) = place {
                lines.iter().for_each(|class| plugin.line_up(class.clone(), place));
            }
            job.place = place;
            job.lines = lines;
        }
        self.timers.set(id, job.timer, timer);
        job.timer = timer;
    }

    fn on_stopping(&mut self, turn: &mut Turn, kill: bool) {
        self.stopping = true;
        if kill {
            for live in self.live.values_mut() {
                crate::watch::kill(live, EndedBy::DaemonStop, turn);
            }
            // Hooks that are ended with the daemon say nothing about their job: the next one runs them again.
            for (job, moment) in self.ordered.clone() {
                self.disown_hooks(job, moment);
            }
        }
        turn.touched.extend(self.jobs.keys());
    }
}
