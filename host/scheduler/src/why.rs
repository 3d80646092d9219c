//! Why a job does not run, or does not run more: the first thing that holds it.

use crate::gpus::GpuShortage;
use crate::job::Job;
use crate::ledger::Shortage;
use crate::pass::{Pass, Turnout};
use crate::policy::PluginState;
use crate::scheduler::{Dependencies, Scheduler};
use farmhand_model::hooks::{HookPhase, Moment};
use farmhand_model::why::WaitReason;
use farmhand_model::{JobId, JobStatus, Timestamp};

impl Scheduler {
    /// The one reason that holds a held job now.
    #[must_use]
    pub fn why(&self, job: JobId, now: Timestamp) -> Option<WaitReason> {
        let job = self.jobs.get(&job)?;
        let own = || self.held_by_itself(job, now);
        Some(own().or_else(|| self.held_by_plugin(job, now)).unwrap_or_else(|| self.held_by_node(job, now)))
    }

    /// What holds the jobs after that one, in the order of their numbers, and `most` of them at a time: each may take a
    /// look along the lines, and nothing else is decided meanwhile.
    #[must_use]
    pub fn reasons(&self, after: JobId, most: usize, now: Timestamp) -> Vec<(JobId, Option<WaitReason>)> {
        let jobs = self.jobs.range(after.next()..).filter(|(_, job)| !job.status.is_end());
        jobs.take(most).map(|(id, _)| (*id, self.why(*id, now))).collect()
    }

    /// What the job itself, its frames or the jobs before it say.
    fn held_by_itself(&self, job: &Job, now: Timestamp) -> Option<WaitReason> {
        if job.status.is_end() {
            return Some(WaitReason::Ended);
        }
        let all_running = || WaitReason::AllRunning { attempts: job.live.iter().copied().collect() };
        if let Some(reason) = &job.held {
            return Some(WaitReason::Held { reason: reason.clone() });
        }
        if job.is_ending() && !job.live.is_empty() {
            return Some(all_running());
        }
        if job.status == JobStatus::Paused {
            return Some(WaitReason::Paused);
        }
        if job.owes_hooks() {
            let waits = job.hooks.after == HookPhase::Due && !self.is_ordered(job.id, Moment::AfterJob);
            return match (waits, self.stopping) {
                (false, _) => Some(WaitReason::Hooks { moment: Moment::AfterJob }),
                (true, true) => Some(WaitReason::Stopping),
                // Its plugin is not there to run them.
                (true, false) => None,
            };
        }
        match self.dependencies(job) {
            Dependencies::Met => {}
            Dependencies::Waiting(jobs) => return Some(WaitReason::After { jobs }),
            Dependencies::Broken(job) => return Some(WaitReason::AfterFailed { job }),
        }
        let is_due = job.hooks.before == HookPhase::Due && !self.is_ordered(job.id, Moment::BeforeJob);
        if job.hooks.before != HookPhase::Over && !is_due {
            return Some(WaitReason::Hooks { moment: Moment::BeforeJob });
        }
        if !job.has_pending() {
            return Some(all_running());
        }
        if self.stopping {
            return Some(WaitReason::Stopping);
        }
        if let Some((licence, hold)) = self.licences.hold_of(&job.spec, now) {
            let (until, reason) = (hold.until, hold.reason.clone());
            return Some(WaitReason::Licence { licence: licence.to_owned(), until, reason });
        }
        if let Some((until, reason)) = job.next_ready(now) {
            return Some(WaitReason::BackOff { until, reason: reason.to_owned() });
        }
        job.at_task_limit()
            .then(|| WaitReason::MaxTasks { limit: job.spec.limits.max_tasks.unwrap_or(1).max(1) })
    }

    fn held_by_plugin(&self, job: &Job, now: Timestamp) -> Option<WaitReason> {
        let name = &job.spec.plugin.name;
        let no_plugin = |reason: String| WaitReason::NoPlugin { plugin: name.clone(), reason };
        let plugin = self.plugins.get(name);
        match self.plugin_state(job) {
            None if job.spec.plugin.digest.is_some() => {
                return Some(no_plugin("the version that it is pinned to is being loaded".to_owned()));
            }
            None => return Some(no_plugin(format!("plugin {name} is not loaded"))),
            Some(PluginState::Unavailable { reason }) => return Some(no_plugin(reason.clone())),
            Some(PluginState::MissingTool { reason }) => {
                return Some(WaitReason::NoTool { reason: reason.clone() });
            }
            Some(PluginState::Ready(profile)) if !self.is_served(job) => {
                let wanted = job.spec.plugin.version.as_ref().map_or("any".to_owned(), ToString::to_string);
                return Some(no_plugin(format!(
                    "version {} serves, the job wants {wanted}",
                    profile.version
                )));
            }
            Some(PluginState::Ready(_)) => {}
        }
        let (until, why) =
            plugin.map(|plugin| &plugin.breaker).filter(|breaker| !breaker.admits(now))?.holds_until()?;
        Some(WaitReason::Breaker {
            plugin: name.clone(),
            cause: why.cause,
            reason: why.reason.clone(),
            until,
        })
    }

    /// It could start: what is in the way is that the node has too little, or the others.
    fn held_by_node(&self, job: &Job, now: Timestamp) -> WaitReason {
        let Some(class) = job.lines.first() else { return WaitReason::Next };
        if let Some(closed) = self.ledger.closed() {
            return WaitReason::Closed(closed.clone());
        }
        if let Some(member) = job.spec.batch.as_ref().filter(|_| self.is_batch_full(job)) {
            return WaitReason::Workers { batch: member.batch.clone(), workers: member.workers.max(1) };
        }
        if self.ledger.free_slots() == 0 {
            return self.reason(Shortage::Slot);
        }
        if class.hooks_first
            && !self.has_room_for_hooks()
            && let Some(before) = self.before_running().next()
        {
            return WaitReason::Behind { job: before };
        }
        let mut pass = Pass::new(self, now);
        while let Some(head) = pass.next_before(self, now, Some((job.queue_place(), 0))) {
            match pass.take_turn(self, now, &head) {
                Turnout::Starts(_) | Turnout::HoldsUp => return WaitReason::Behind { job: head.job() },
                Turnout::PassedBy => {}
            }
        }
        let offer = self.offer(job, &pass.claims, now);
        self.ledger
            .try_lease(&class.need, &offer)
            .map_or_else(|short| self.reason(short), |_| WaitReason::Next)
    }

    /// What a shortage is to people, with who has what is short.
    fn reason(&self, shortage: Shortage) -> WaitReason {
        let ledger = &self.ledger;
        match shortage {
            Shortage::Closed(closed) => WaitReason::Closed(closed),
            Shortage::Slot => WaitReason::NoSlot { slots: ledger.capacity().slots, holders: ledger.jobs() },
            Shortage::TooBig { what, needed, most } => WaitReason::TooBig { what, needed, most },
            Shortage::Gpus(GpuShortage { need, gpus, .. }) => WaitReason::Gpus { need, gpus },
            Shortage::Limit { name, max } => {
                let holders = ledger.holders(|lease| lease.licences.contains(&name));
                WaitReason::Limit { name, max, holders }
            }
            Shortage::Claimed { job } => WaitReason::Behind { job },
            Shortage::Threads { needed, free } => {
                WaitReason::Threads { needed, free, holders: ledger.holders(|lease| lease.threads > 0) }
            }
            Shortage::Memory { needed, free, .. } => {
                WaitReason::Memory { needed, free, holders: ledger.holders(|lease| lease.memory_bytes > 0) }
            }
        }
    }
}
