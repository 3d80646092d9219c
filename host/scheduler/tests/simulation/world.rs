//! The world around the scheduler: processes that render, fail and outlive the daemon, people, plugins and time.

use crate::dice::Dice;
use crate::leases::{MEMORY, limits};
use crate::licences::Licences;
use crate::people::{PLUGINS, ready};
use crate::renders::{Process, ending};
use crate::store::Store;
use crate::time::{Idle, check_attempts};
use farmhand_model::dcc::{Decision, FrameShape};
use farmhand_model::hooks::Moment;
use farmhand_model::view::FrameCounts;
use farmhand_model::why::WaitReason;
use farmhand_model::{
    AttemptId, AttemptRecord, Budget, EndedBy, FrameSet, GpuStatus, JobId, JobRecord, JobStatus, Seconds,
    Timestamp,
};
use farmhand_scheduler::{Effect, Event, NodeCapacity, PluginState, Policy, Scheduler, StartOrder};
use std::collections::{BTreeMap, BTreeSet};

/// What may happen in a world.
#[derive(Clone, Copy)]
pub struct Mood {
    pub crashes: bool,
    pub commands: bool,
    pub failures: bool,
}

pub struct World {
    pub dice: Dice,
    pub mood: Mood,
    pub now: Timestamp,
    pub capacity: NodeCapacity,
    pub scheduler: Scheduler,
    pub store: Store,
    pub processes: BTreeMap<AttemptId, Process>,
    pub plugins: BTreeMap<&'static str, PluginState>,
    pub gpus: Vec<GpuStatus>,
    pub budget: Budget,
    pub licences: Licences,
    /// Moments at which a job has hooks.
    pub hooked: BTreeSet<(JobId, Moment)>,
    /// Hooks that run now, in the daemon.
    pub hooks: BTreeSet<(JobId, Moment)>,
    /// Hooks whose last run came to an end that counts.
    pub went_well: BTreeSet<(JobId, Moment)>,
    pub idle: Idle,
    /// No more trouble: everything must come to its end.
    pub draining: bool,
}

/// The daemon died in this turn.
struct Crashed;

impl World {
    pub fn new(mut dice: Dice, mood: Mood) -> Self {
        let slots = 1 + dice.below(4) as u32;
        let capacity = NodeCapacity {
            slots,
            threads: slots + dice.below(4) as u32,
            threads_per_task: 1,
            memory_bytes: MEMORY,
            limits: limits(&mut dice),
        };
        let NodeCapacity { threads, memory_bytes, .. } = capacity;
        let mut world = Self {
            scheduler: Scheduler::new(capacity.clone(), Policy::default(), AttemptId(1)),
            dice,
            mood,
            now: Timestamp(1_700_000_000_000),
            capacity,
            store: Store::default(),
            processes: BTreeMap::new(),
            plugins: BTreeMap::new(),
            gpus: Vec::new(),
            budget: Budget { threads, memory_bytes, closed: None },
            licences: Licences::default(),
            hooked: BTreeSet::new(),
            hooks: BTreeSet::new(),
            went_well: BTreeSet::new(),
            idle: Idle::default(),
            draining: false,
        };
        world.find_gpus();
        for name in PLUGINS {
            let state = world.plugin_state();
            world.announce(name, state);
        }
        world
    }

    /// A while in which anything happens.
    pub fn live(&mut self) {
        for _ in 0..40 + self.dice.below(120) {
            match self.dice.below(20) {
                0..2 => self.submit(),
                2 if self.dice.one_in(3) => self.find_gpus(),
                2 if self.dice.one_in(3) => self.rebudget(),
                2 => self.reload(),
                3 if self.mood.commands => self.command(),
                4 => self.late_report(),
                5 => self.wait(),
                6 if self.mood.crashes && self.dice.one_in(3) => self.restart(),
                7 if self.dice.one_in(4) => {
                    self.scheduler.retire_ended();
                }
                8 | 9 if !self.hooks.is_empty() => self.end_hooks(),
                _ => self.render(),
            }
        }
    }

    /// No more trouble from outside: every job that nobody holds up must end.
    pub fn drain(&mut self) {
        self.draining = true;
        self.give_all();
        for name in PLUGINS {
            self.announce(name, ready(&[FrameShape::Any, FrameShape::Stepped]));
        }
        for job in self.scheduler.live_jobs() {
            if self.status(job) == Some(JobStatus::Paused) && !self.dice.one_in(4) {
                self.send(Event::Resume(job));
            }
        }
        for _ in 0..20_000 {
            if !self.hooks.is_empty() {
                self.end_hooks();
            } else if !self.processes.is_empty() {
                self.render();
            } else if let Some(at) = self.scheduler.next_wakeup() {
                self.now = self.now.max(at);
                self.send(Event::Tick);
            } else if let Some(held) = self.held() {
                self.send(Event::Resume(held));
            } else {
                break;
            }
        }
        assert!(self.processes.is_empty(), "processes go on for ever");
        for job in self.scheduler.live_jobs() {
            self.assert_held_up(job);
        }
        let restored =
            Scheduler::restore(self.capacity.clone(), Policy::default(), self.now, self.store.restored()).0;
        for job in self.scheduler.live_jobs() {
            assert_eq!(restored.frames(job), self.scheduler.frames(job), "what is durable is what is");
        }
    }

    /// A job that waits for a person.
    fn held(&self) -> Option<JobId> {
        let is_held =
            |job: &JobId| matches!(self.scheduler.why(*job, self.now), Some(WaitReason::Held { .. }));
        self.scheduler.live_jobs().into_iter().find(is_held)
    }

    /// Somebody paused the job, or one that it comes after will never be done.
    fn assert_held_up(&self, job: JobId) {
        match self.scheduler.why(job, self.now) {
            Some(WaitReason::Paused | WaitReason::AfterFailed { .. }) => {}
            why if self.is_hopeless(job, why.as_ref()) => {}
            Some(WaitReason::After { jobs }) => self.assert_held_up(jobs[0]),
            why => panic!("job {job} waits at the end: {why:?}"),
        }
    }

    fn status(&self, job: JobId) -> Option<JobStatus> {
        self.scheduler.summary(job, self.now).map(|summary| summary.status)
    }

    /// One event, its changes made durable and its orders carried out; the daemon may die at any point of it.
    pub fn send(&mut self, event: Event) -> bool {
        let may_be_refused = matches!(
            event,
            Event::Pause(_) | Event::Resume(_) | Event::Cancel(_) | Event::Retry { .. } | Event::Edit { .. }
        );
        let effects = match self.scheduler.handle(self.now, event) {
            Ok(effects) => effects,
            Err(refusal) => {
                assert!(may_be_refused, "{refusal}");
                // It changed nothing, so that only what was due anyway happens now.
                self.send(Event::Tick);
                return false;
            }
        };
        if self.carry_out(&effects).is_err() {
            self.restart();
        }
        true
    }

    fn carry_out(&mut self, effects: &[Effect]) -> Result<(), Crashed> {
        self.scheduler.sanity_check(self.now);
        let crash = self.mood.crashes && !self.draining && self.dice.one_in(60);
        if crash && self.dice.one_in(2) {
            return Err(Crashed);
        }
        self.store.commit(effects);
        if self.dice.one_in(8) {
            let once = self.store.clone();
            self.store.commit(effects);
            assert_eq!(once, self.store, "changes may be applied twice");
            self.check_durable();
            check_attempts(&self.scheduler, &self.store, self.now);
        }
        for effect in effects {
            if crash && self.dice.one_in(2) {
                return Err(Crashed);
            }
            self.perform(effect);
        }
        self.check();
        Ok(())
    }

    fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::RunHooks { job, moment, end } => {
                assert_eq!(end.is_some(), *moment == Moment::AfterJob);
                self.run_hooks(*job, *moment);
            }
            Effect::Start(order) => {
                self.check_start(order);
                let attempt = &order.attempt;
                let is_same = |process: &&Process| (process.job, process.layer) == (attempt.job, order.layer);
                for process in
                    self.processes.values().filter(is_same).filter(|process| process.exit.is_none())
                {
                    let both = process.frames.difference(&process.rendered).intersection(&attempt.frames);
                    assert!(
                        both.is_empty(),
                        "frames {both} of job {} are rendered twice at once",
                        attempt.job
                    );
                }
                let settled = self.store.settled(attempt.job, order.layer);
                assert!(settled.is_disjoint(&attempt.frames), "frames that are done are rendered again");
                let process = Process {
                    job: attempt.job,
                    layer: order.layer,
                    frames: attempt.frames.clone(),
                    rendered: FrameSet::new(),
                    running: false,
                    killed: None,
                    exit: None,
                };
                self.processes.insert(attempt.id, process);
            }
            Effect::Kill { attempt, why } => {
                if let Some(process) = self.processes.get_mut(attempt) {
                    process.killed = Some(*why);
                }
            }
            _ => {}
        }
    }

    /// The attempt is one that the job, its licences and the node's GPUs allow.
    fn check_start(&self, order: &StartOrder) {
        self.licences.assert_free(&order.job, self.now);
        let name = order.job.plugin.name.as_str();
        let Some(PluginState::Ready(plugin)) = self.plugins.get(name) else {
            panic!("{name} does not serve")
        };
        let is_named = |level: &str| order.job.levels.iter().any(|name| name == level);
        assert!(
            is_named(&order.attempt.level_name) || !plugin.levels.iter().any(|level| is_named(&level.name)),
            "a level that the job may not use"
        );
        self.check_given(order);
        self.check_workers(order);
    }

    /// Its batch has no more tasks at once than it may have.
    fn check_workers(&self, order: &StartOrder) {
        let Some(member) = &order.job.batch else { return };
        let of_batch = |attempt: &&AttemptRecord| {
            let batch = self.scheduler.summary(attempt.job, self.now).and_then(|job| job.batch);
            batch.is_some_and(|batch| batch == member.batch)
        };
        let live = self.scheduler.live_attempts().filter(of_batch).count();
        assert!(live <= member.workers as usize, "{live} tasks of {member:?} at once");
    }

    /// What a job is, apart from its frames, is what is known of it after a crash.
    fn check_durable(&self) {
        let kept = |job: JobRecord| (job.held, job.hooks, job.fallbacks, job.failure, job.notes);
        for job in self.scheduler.live_jobs() {
            let durable = self.store.jobs.get(&job).cloned().map(kept);
            assert_eq!(durable, self.scheduler.record(job).map(kept), "job {job} is not durable");
        }
    }

    /// What must hold after every step, besides what the scheduler checks of itself.
    fn check(&mut self) {
        assert!(
            self.scheduler.next_wakeup().is_none_or(|at| at > self.now),
            "what is due would never be done"
        );
        self.check_leases();
        for job in self.scheduler.live_jobs() {
            let Some(summary) = self.scheduler.summary(job, self.now) else { panic!("job {job} has no row") };
            let FrameCounts { total, pending, running, done, skipped, failed } = summary.frames;
            assert_eq!(pending + running + done + skipped + failed, total, "frames of job {job} are lost");
            assert!(summary.why.is_some(), "job {job} has no reason");
            assert_eq!(
                self.store.jobs.get(&job).map(|job| job.status),
                Some(summary.status),
                "job {job} is durable"
            );
        }
        self.check_hooks(&self.store);
        self.idle.look(&self.scheduler, &self.store, self.now);
        for attempt in self.scheduler.live_attempts() {
            assert!(self.store.attempts.get(&attempt.id).is_some_and(|known| known.is_live()), "not durable");
        }
    }

    /// The daemon is gone, and the next one goes on from what is durable.
    pub fn restart(&mut self) {
        let (scheduler, effects) =
            Scheduler::restore(self.capacity.clone(), Policy::default(), self.now, self.store.restored());
        self.scheduler = scheduler;
        self.forget_hooks();
        self.licences = Licences::default();
        if self.carry_out(&effects).is_err() {
            return self.restart();
        }
        if self.dice.one_in(4) {
            // The whole machine went down.
            self.processes.clear();
        }
        // Before anything may start: what there is.
        self.send(Event::Gpus(self.gpus.clone()));
        self.send(Event::Budget(self.budget.clone()));
        for (name, state) in self.plugins.clone() {
            if self.dice.one_in(2) {
                self.send(Event::Plugin { name: name.to_owned(), state });
            }
        }
        let live: Vec<AttemptId> = self.scheduler.live_attempts().map(|attempt| attempt.id).collect();
        self.processes.retain(|id, _| live.contains(id));
        for attempt in live {
            match self.processes.get(&attempt) {
                None => {
                    let (outcome, verdict) = ending(EndedBy::Lost, Decision::Accept, Vec::new());
                    self.send(Event::Ended { attempt, outcome: Box::new(outcome), verdict });
                }
                Some(process) => {
                    let rendered = process.rendered.clone();
                    for frame in rendered.iter() {
                        self.settle(attempt, frame);
                    }
                }
            }
        }
        for (name, state) in self.plugins.clone() {
            self.send(Event::Plugin { name: name.to_owned(), state });
        }
    }

    pub fn settle(&mut self, attempt: AttemptId, frame: i32) {
        let seconds = self.dice.one_in(2).then_some(1.5);
        let skipped = frame % 7 == 3;
        self.send(Event::FrameSettled {
            attempt,
            frame,
            path: format!("{frame}.png"),
            bytes: 9,
            seconds,
            skipped,
        });
    }

    fn wait(&mut self) {
        let next = self.scheduler.next_wakeup().filter(|_| self.dice.one_in(2));
        let pause = Seconds(self.dice.below(90) as f64);
        self.now = next.unwrap_or(self.now + pause).max(self.now);
        self.send(Event::Tick);
    }
}
