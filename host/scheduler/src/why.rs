//! Why a job does not run, or does not run more: the first thing that holds it.

use crate::breaker::{Breaker, Plugin};
use crate::job::Job;
use crate::policy::PluginState;
use crate::queue::Place;
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
        let (until, why) = match &plugin?.breaker {
            Breaker::Open { until, why } if *until > now => (*until, why),
            Breaker::HalfOpen { since, why, .. } => (*since + why.cooldown, why),
            _ => return None,
        };
        Some(WaitReason::Breaker {
            plugin: name.clone(),
            cause: why.cause,
            reason: why.reason.clone(),
            until,
        })
    }

    /// It could start: what is in the way is the others.
    fn held_by_node(&self, job: &Job, now: Timestamp) -> WaitReason {
        if self.ledger.free_slots() == 0 {
            return WaitReason::NoSlot {
                slots: self.ledger.capacity().slots,
                holders: self.ledger.holders(),
            };
        }
        if job.hooks_first
            && !self.has_room_for_hooks()
            && let Some(before) = self.before_running().next()
        {
            return WaitReason::Behind { job: before };
        }
        if let Some(before) = self.just_before(job.queue_place(), now) {
            return WaitReason::Behind { job: before };
        }
        let (needed, free) = (self.ledger.threads_of(job.spec.threads), self.ledger.free_threads());
        if needed > free {
            WaitReason::Threads { needed, free, holders: Vec::new() }
        } else {
            WaitReason::Next
        }
    }

    /// The startable job just before that place.
    fn just_before(&self, place: Place, now: Timestamp) -> Option<JobId> {
        let open = self.plugins.values().filter(|plugin| plugin.admits(now));
        let before = |plugin: &Plugin| {
            let hooked = plugin.hooked.range(..place).next_back();
            plugin.ready.range(..place).next_back().max(hooked).copied()
        };
        open.filter_map(before).max().map(|(_, job)| job)
    }
}
