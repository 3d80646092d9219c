//! The invariants that hold after every turn, walked in full. For tests: it costs by the size of everything.

use crate::breaker::Breaker;
use crate::needs::Class;
use crate::pass::{Pass, Turnout};
use crate::scheduler::Scheduler;
use farmhand_model::hooks::{HookPhase, Moment};
use farmhand_model::{FrameSet, JobStatus, Timestamp};
use std::collections::BTreeMap;

impl Scheduler {
    /// Checks all cross-references between jobs, frames, attempts, leases, queue and timers.
    ///
    /// # Panics
    /// Where one is broken; the message says which.
    pub fn sanity_check(&self, now: Timestamp) {
        for job in self.jobs.values() {
            self.check_frames(job.id);
            self.check_hooks(job.id);
            self.check_place(job.id, now);
        }
        for (id, live) in &self.live {
            let job = self.jobs.get(&live.job());
            assert!(job.is_some_and(|job| job.live.contains(id)), "attempt {id} is unknown to its job");
            assert!(*id < self.next_attempt, "attempt {id} has a number that is still to be given out");
            assert!(live.record.is_live(), "attempt {id} has ended and is held");
            assert!(
                live.begun().is_subset(&live.missing()),
                "attempt {id} has begun frames that are not its own"
            );
        }
        let leases: BTreeMap<_, _> =
            self.leases().into_iter().map(|lease| (lease.attempt, lease.lease)).collect();
        let held: BTreeMap<_, _> =
            self.live.iter().map(|(id, live)| (*id, live.record.lease.clone())).collect();
        assert_eq!(leases, held, "leases are not those of the live attempts");
        self.ledger.sanity_check();
        let queued: usize = self.plugins.values().map(|plugin| plugin.waiting().count()).sum();
        let lines: usize = self.jobs.values().map(|job| job.lines.len()).sum();
        assert_eq!(queued, lines, "the queue holds jobs that are not in line");
        assert!(self.gpus.is_sorted_by_key(|status| status.gpu.index), "GPUs are not in order");
        let timed = self.jobs.values().filter(|job| job.timer.is_some()).count();
        assert_eq!(self.timers.len(), timed, "timers are left over");
        for (name, plugin) in &self.plugins {
            for breaker in plugin.gpus.values().chain([&plugin.breaker]) {
                if let Breaker::HalfOpen { trial, .. } = breaker {
                    assert!(self.live.contains_key(trial), "the trial of {name}'s breaker is not live");
                }
            }
            for gpu in plugin.gpus.keys() {
                assert!(
                    self.gpus.iter().any(|known| known.gpu.index == *gpu),
                    "GPU {gpu} is not of this node"
                );
            }
        }
        let ended = self.jobs.values().filter(|job| job.status.is_end()).map(|job| job.id);
        assert!(ended.eq(self.retiring.iter().copied()), "jobs that ended are not those to be retired");
        self.check_idle_slots(now);
    }

    fn check_frames(&self, id: farmhand_model::JobId) {
        let job = &self.jobs[&id];
        for (index, layer) in job.layers.iter().enumerate() {
            let attempts = job.live.iter().map(|attempt| &self.live[attempt]);
            let mut held = FrameSet::new();
            for live in attempts.filter(|live| live.layer as usize == index) {
                let missing = live.missing();
                assert!(held.is_disjoint(&missing), "job {id}: frames {missing} are held by two attempts");
                held.extend(&missing);
            }
            assert_eq!(held, layer.running, "job {id}: running frames are not those of its attempts");
            let mut all = layer.fresh.clone();
            let groups = layer.groups.iter().map(|group| &group.frames);
            for set in [&layer.running, &layer.done, &layer.skipped, &layer.failed].into_iter().chain(groups)
            {
                assert!(all.is_disjoint(set), "job {id}: frames {} have two states", all.intersection(set));
                all.extend(set);
            }
            assert_eq!(all, job.spec.frames, "job {id}: frames are lost");
            assert!(layer.groups.iter().all(|group| !group.frames.is_empty()), "job {id}: an empty group");
        }
        assert_eq!(job.derived_status(), job.status, "job {id}: its status is not what it is");
        assert!(!job.status.is_end() || job.live.is_empty(), "job {id} has ended and has live attempts");
        assert_eq!(job.finished.is_some(), job.status.is_end(), "job {id}: when it finished");
        assert!(!job.dirty, "job {id}: a change was not made durable");
        assert!(
            !job.is_ending() || job.live.iter().all(|id| self.live[id].killed.is_some()),
            "job {id}: not killed"
        );
    }

    fn check_hooks(&self, id: farmhand_model::JobId) {
        let job = &self.jobs[&id];
        assert!(job.held.is_none() || job.status == JobStatus::Paused, "job {id} is held and not paused");
        assert!(
            job.hooks.before == HookPhase::Over || job.live.is_empty(),
            "job {id} has started before its hooks were over"
        );
        for (phase, moment) in [(job.hooks.before, Moment::BeforeJob), (job.hooks.after, Moment::AfterJob)] {
            let is_running = phase == HookPhase::Running;
            assert!(!is_running || self.is_ordered(id, moment), "job {id}: {moment} hooks that nobody runs");
            assert!(!is_running || !job.status.is_end(), "job {id} has ended and waits for {moment} hooks");
        }
        let is_over = job.hooks.after == HookPhase::Over;
        assert!(is_over || job.hooks.has_after, "job {id} has hooks after it that it does not have");
        assert!(
            !is_over || !job.hooks.has_after || job.status.is_end(),
            "job {id} goes on after its after-hooks"
        );
        let can_run = job.owes_hooks() && !job.is_kept_waiting() && self.is_served(job) && !self.stopping;
        assert!(!can_run || self.is_ordered(id, Moment::AfterJob), "job {id} waits for hooks that may run");
    }

    fn check_place(&self, id: farmhand_model::JobId, now: Timestamp) {
        let job = &self.jobs[&id];
        let place = self.is_startable(job, now).then(|| job.queue_place());
        assert_eq!(place, job.place, "job {id}: its place in the queue");
        let lines = if place.is_some() { self.lines_of(job, now) } else { Vec::new() };
        assert_eq!(lines, job.lines, "job {id}: its lines");
        let plugin = self.plugins.get(&job.spec.plugin.name);
        let stands_in = |class: &Class| {
            let line = plugin.and_then(|plugin| plugin.lines.get(class));
            place.is_some_and(|place| line.is_some_and(|line| line.contains(&place)))
        };
        assert!(job.lines.iter().all(stands_in), "job {id}: the queue's index");
        assert!(job.timer.is_none_or(|at| self.timers.contains(at, id)), "job {id}: its timer");
        let waits = !matches!(job.status, JobStatus::Paused) && !job.is_ending() && job.has_pending();
        assert!(
            !waits || job.has_ready(now) || job.timer.is_some(),
            "job {id} waits and nothing will wake it"
        );
        let holds = waits && self.licences.hold_of(&job.spec, now).is_some();
        assert!(!holds || job.timer.is_some(), "job {id} waits for a licence and nothing will wake it");
    }

    /// Nothing that could start waits while there is room for it.
    fn check_idle_slots(&self, now: Timestamp) {
        if self.stopping {
            return;
        }
        let mut pass = Pass::new(self, now);
        while let Some(head) = pass.next_before(self, now, None) {
            match pass.take_turn(self, now, &head) {
                Turnout::Starts(_) => panic!("job {} could start and does not", head.job()),
                Turnout::HoldsUp => break,
                Turnout::PassedBy => {}
            }
        }
    }
}
