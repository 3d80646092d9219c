//! The world around the scheduler: processes that render, fail and outlive the daemon, people, plugins and time.

use crate::dice::Dice;
use crate::store::Store;
use farmhand_model::dcc::{Cause, Decision, Fault, FrameShape, Outcome, Severity, Verdict};
use farmhand_model::job::{JobCosts, JobEdit, JobLimits, PluginChoice};
use farmhand_model::view::FrameCounts;
use farmhand_model::why::WaitReason;
use farmhand_model::{
    AttemptId, Chunking, Digest, EndedBy, FrameOrder, FrameSet, JobId, JobRecord, JobSpec, JobStatus,
    PluginStamp, Seconds, Timestamp,
};
use farmhand_scheduler::{
    Effect, Event, LevelProfile, NodeCapacity, PluginProfile, PluginState, Policy, Refusal, Scheduler, Signs,
};
use std::collections::BTreeMap;

/// What may happen in a world.
#[derive(Clone, Copy)]
pub struct Mood {
    pub crashes: bool,
    pub commands: bool,
    pub failures: bool,
}

/// A render's process with its shim: it lives whether the daemon does or not.
struct Process {
    job: JobId,
    layer: u32,
    frames: FrameSet,
    /// What its log says is rendered.
    rendered: FrameSet,
    running: bool,
    killed: Option<EndedBy>,
    /// It has ended so; nobody may know it yet.
    exit: Option<(Outcome, Verdict)>,
}

pub struct World {
    dice: Dice,
    mood: Mood,
    now: Timestamp,
    capacity: NodeCapacity,
    scheduler: Scheduler,
    store: Store,
    processes: BTreeMap<AttemptId, Process>,
    plugins: BTreeMap<&'static str, PluginState>,
    /// No more trouble: everything must come to its end.
    draining: bool,
}

/// The daemon died in this turn.
struct Crashed;

const PLUGINS: [&str; 2] = ["blender", "maya"];

impl World {
    pub fn new(mut dice: Dice, mood: Mood) -> Self {
        let slots = 1 + dice.below(4) as u32;
        let capacity = NodeCapacity { slots, threads: slots + dice.below(4) as u32, threads_per_task: 1 };
        let mut world = Self {
            scheduler: Scheduler::new(capacity, Policy::default(), AttemptId(1)),
            dice,
            mood,
            now: Timestamp(1_700_000_000_000),
            capacity,
            store: Store::default(),
            processes: BTreeMap::new(),
            plugins: BTreeMap::new(),
            draining: false,
        };
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
                2 => self.reload(),
                3 if self.mood.commands => self.command(),
                4 => self.late_report(),
                5 => self.wait(),
                6 if self.mood.crashes && self.dice.one_in(3) => self.restart(),
                7 if self.dice.one_in(4) => {
                    self.scheduler.retire_ended();
                }
                _ => self.render(),
            }
        }
    }

    /// No more trouble from outside: every job that nobody holds up must end.
    pub fn drain(&mut self) {
        self.draining = true;
        for name in PLUGINS {
            self.announce(name, ready(&[FrameShape::Any, FrameShape::Stepped]));
        }
        for job in self.scheduler.live_jobs() {
            if self.status(job) == Some(JobStatus::Paused) && !self.dice.one_in(4) {
                self.send(Event::Resume(job));
            }
        }
        for _ in 0..20_000 {
            if !self.processes.is_empty() {
                self.render();
            } else if let Some(at) = self.scheduler.next_wakeup() {
                self.now = self.now.max(at);
                self.send(Event::Tick);
            } else {
                break;
            }
        }
        assert!(self.processes.is_empty(), "processes go on for ever");
        for job in self.scheduler.live_jobs() {
            self.assert_held_up(job);
        }
        let restored =
            Scheduler::restore(self.capacity, Policy::default(), self.now, self.store.restored()).0;
        for job in self.scheduler.live_jobs() {
            assert_eq!(restored.frames(job), self.scheduler.frames(job), "what is durable is what is");
        }
    }

    /// Somebody paused the job, or one that it comes after will never be done.
    fn assert_held_up(&self, job: JobId) {
        match self.scheduler.why(job, self.now) {
            Some(WaitReason::Paused | WaitReason::AfterFailed { .. }) => {}
            Some(WaitReason::After { jobs }) => self.assert_held_up(jobs[0]),
            why => panic!("job {job} waits at the end: {why:?}"),
        }
    }

    fn status(&self, job: JobId) -> Option<JobStatus> {
        self.scheduler.summary(job, self.now).map(|summary| summary.status)
    }

    /// One event, its changes made durable and its orders carried out; the daemon may die at any point of it.
    fn send(&mut self, event: Event) -> bool {
        let effects = match self.scheduler.handle(self.now, event.clone()) {
            Ok(effects) => effects,
            Err(refusal) => {
                self.check_refusal(&event, &refusal);
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
            Effect::Start(order) => {
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

    /// What must hold after every step, besides what the scheduler checks of itself.
    fn check(&self) {
        let leases = self.scheduler.leases();
        assert!(leases.len() <= self.capacity.slots as usize, "more tasks than slots");
        let threads: u32 = leases.iter().map(|lease| lease.threads).sum();
        assert!(threads <= self.capacity.threads, "more threads than the node has");
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
        for attempt in self.scheduler.live_attempts() {
            assert!(self.store.attempts.get(&attempt.id).is_some_and(|known| known.is_live()), "not durable");
        }
    }

    fn check_refusal(&self, event: &Event, refusal: &Refusal) {
        let is_command = matches!(
            event,
            Event::Pause(_) | Event::Resume(_) | Event::Cancel(_) | Event::Retry { .. } | Event::Edit { .. }
        );
        assert!(is_command, "{event:?} was refused: {refusal}");
    }

    /// The daemon is gone, and the next one goes on from what is durable.
    fn restart(&mut self) {
        let (scheduler, effects) =
            Scheduler::restore(self.capacity, Policy::default(), self.now, self.store.restored());
        self.scheduler = scheduler;
        if self.carry_out(&effects).is_err() {
            return self.restart();
        }
        if self.dice.one_in(4) {
            // The whole machine went down.
            self.processes.clear();
        }
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

    fn settle(&mut self, attempt: AttemptId, frame: i32) {
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

    fn submit(&mut self) {
        let id = self.store.jobs.keys().next_back().map_or(JobId(1), |id| id.next());
        if id.0 > 12 {
            return;
        }
        let spec = self.spec(id);
        let record = JobRecord {
            id,
            failed: vec![FrameSet::new(); spec.layers.len().max(1)],
            status: if self.dice.one_in(10) && self.mood.commands {
                JobStatus::Paused
            } else {
                JobStatus::Waiting
            },
            submitted: self.now,
            started: None,
            finished: None,
            failure: None,
            notes: Vec::new(),
            requeued: Vec::new(),
            counts: FrameCounts::default(),
            costs: JobCosts::default(),
            losses: 0,
            spec,
        };
        let ended = self.store.ended_before(&record.spec.after);
        self.send(Event::Submit { job: Box::new(record), ended });
    }

    fn spec(&mut self, id: JobId) -> JobSpec {
        let dice = &mut self.dice;
        let first = dice.below(20) as i32 - 10;
        let step = 1 + dice.below(3) as usize;
        let count = 1 + dice.below(24) as usize;
        let maybe = |dice: &mut Dice, n: u64| dice.one_in(3).then(|| dice.below(n) as u32);
        JobSpec {
            name: format!("shot {id}"),
            user: None,
            scene: "shot.blend".into(),
            plugin: PluginChoice { name: PLUGINS[dice.below(2) as usize].to_owned(), version: None },
            dcc_version: None,
            frames: (first..).step_by(step).take(count).collect(),
            layers: if dice.one_in(4) { vec!["a".to_owned(), "b".to_owned()] } else { Vec::new() },
            output: None,
            options: serde_json::Map::new(),
            priority: dice.below(101) as u8,
            after: if id.0 > 1 && dice.one_in(4) {
                vec![JobId(1 + dice.below(id.0 - 1))]
            } else {
                Vec::new()
            },
            order: [FrameOrder::Forward, FrameOrder::Reverse, FrameOrder::Spread][dice.below(3) as usize],
            chunk: match dice.below(5) {
                0 => Chunking::Whole,
                1 | 2 => Chunking::Fixed(1 + dice.below(6) as u32),
                _ => Chunking::Auto,
            },
            threads: maybe(dice, 9),
            skip_existing: false,
            limits: JobLimits {
                max_tasks: maybe(dice, 3),
                retries: maybe(dice, 4),
                attempt_seconds: maybe(dice, 100),
                frame_seconds: maybe(dice, 100),
                stall_seconds: maybe(dice, 300),
                max_failed_frames: maybe(dice, 10),
            },
        }
    }

    fn plugin_state(&mut self) -> PluginState {
        match self.dice.below(8) {
            0 => PluginState::Unavailable { reason: "it traps".to_owned() },
            1 => PluginState::MissingTool { reason: "no blender".to_owned() },
            2 => ready(&[FrameShape::Single]),
            3 | 4 => ready(&[FrameShape::Stepped, FrameShape::Any]),
            _ => ready(&[FrameShape::Any, FrameShape::Stepped, FrameShape::Single]),
        }
    }

    fn announce(&mut self, name: &'static str, state: PluginState) {
        self.plugins.insert(name, state.clone());
        self.send(Event::Plugin { name: name.to_owned(), state });
    }

    fn reload(&mut self) {
        let state = self.plugin_state();
        let name = PLUGINS[self.dice.below(2) as usize];
        self.announce(name, state);
    }

    fn command(&mut self) {
        let jobs: Vec<JobId> = self.store.jobs.keys().copied().collect();
        let Some(&job) = self.dice.pick(&jobs) else { return };
        match self.dice.below(6) {
            0 => self.send(Event::Pause(job)),
            1 => self.send(Event::Resume(job)),
            2 if self.dice.one_in(2) => self.send(Event::Cancel(job)),
            3 => {
                let limits =
                    JobLimits { max_failed_frames: Some(self.dice.below(8) as u32), ..JobLimits::default() };
                let edit = JobEdit { priority: Some(self.dice.below(101) as u8), limits: Some(limits) };
                self.send(Event::Edit { job, edit })
            }
            _ => {
                if !self.scheduler.holds(job) {
                    let ended = self.store.ended_before(&self.store.jobs[&job].spec.after);
                    let recalled = Box::new(self.store.restored_job(job));
                    self.send(Event::Recall { job: recalled, ended });
                }
                let all = &self.store.jobs[&job].spec.frames;
                let some = all.take_first(1 + self.dice.below(10));
                let frames = self.dice.one_in(2).then_some(some);
                self.send(Event::Retry { job, frames })
            }
        };
    }

    /// What an attempt says that is over, or never was.
    fn late_report(&mut self) {
        let over: Vec<_> =
            self.store.attempts.values().filter(|attempt| !attempt.is_live()).cloned().collect();
        let attempt = self.dice.pick(&over).map_or(AttemptId(999_999), |attempt| attempt.id);
        let before = self.store.attempts.clone();
        match self.dice.below(4) {
            0 => self.send(Event::Running { attempt }),
            1 => {
                let (outcome, verdict) = ending(EndedBy::Itself, Decision::FailJob, Vec::new());
                self.send(Event::Ended { attempt, outcome: Box::new(outcome), verdict })
            }
            2 => self.send(Event::FrameStarted { attempt, frame: 1 }),
            _ => {
                self.settle(attempt, 1);
                true
            }
        };
        if !self.mood.crashes {
            assert_eq!(
                before.get(&attempt),
                self.store.attempts.get(&attempt),
                "an attempt that is over changed"
            );
        }
    }

    fn wait(&mut self) {
        let next = self.scheduler.next_wakeup().filter(|_| self.dice.one_in(2));
        let pause = Seconds(self.dice.below(90) as f64);
        self.now = next.unwrap_or(self.now + pause).max(self.now);
        self.send(Event::Tick);
    }

    /// One process goes one step on.
    fn render(&mut self) {
        self.now = self.now.plus_millis(self.dice.below(3000) as i64);
        let ids: Vec<AttemptId> = self.processes.keys().copied().collect();
        let Some(&id) = self.dice.pick(&ids) else { return };
        let Some(process) = self.processes.get_mut(&id) else { return };
        if let Some((outcome, verdict)) = process.exit.clone() {
            if self.send(Event::Ended { attempt: id, outcome: Box::new(outcome), verdict })
                && self.store.attempts.get(&id).is_some_and(|attempt| !attempt.is_live())
            {
                self.processes.remove(&id);
            }
            return;
        }
        if let Some(why) = process.killed {
            let decision = self.decision();
            self.exit(id, why, decision);
            return;
        }
        if !process.running {
            process.running = true;
            self.send(Event::Built { attempt: id, stamp: stamp() });
            self.send(Event::Running { attempt: id });
            return;
        }
        let trouble = if self.mood.failures && !self.draining { 6 } else { 400 };
        if self.dice.one_in(trouble) {
            let decision = self.decision();
            return self.exit(id, EndedBy::Itself, decision);
        }
        if self.dice.one_in(10) {
            // A quiet moment: nothing new in it.
            let signs = Signs {
                last_output: Some(Timestamp(0)),
                cpu_seconds: Some(1.0),
                newest_file: Some(Timestamp(0)),
            };
            self.now = self.now + Seconds(40.0);
            self.send(Event::Alive { attempt: id, signs });
            return;
        }
        let Some(process) = self.processes.get_mut(&id) else { return };
        match process.frames.difference(&process.rendered).first() {
            None => self.exit(id, EndedBy::Itself, Decision::Accept),
            Some(frame) => {
                process.rendered.insert(frame);
                if self.dice.one_in(2) {
                    self.send(Event::FrameStarted { attempt: id, frame });
                }
                self.settle(id, frame);
            }
        }
    }

    fn exit(&mut self, id: AttemptId, by: EndedBy, decision: Decision) {
        let faults = self.faults(id);
        if let Some(process) = self.processes.get_mut(&id) {
            process.exit = Some(ending(by, decision, faults));
        }
    }

    fn decision(&mut self) -> Decision {
        match self.dice.below(12) {
            0..3 => Decision::Accept,
            3..6 => Decision::Retry { after_ms: self.dice.below(3) as u32 * 2000 },
            6 | 7 => Decision::FallBack,
            8 | 9 => Decision::FailFrames,
            10 if self.dice.one_in(3) => Decision::FailJob,
            _ if self.draining => Decision::Accept,
            _ => Decision::QuarantineNode,
        }
    }

    fn faults(&mut self, id: AttemptId) -> Vec<Fault> {
        let frames: Vec<i32> =
            self.processes.get(&id).map(|process| process.frames.iter().collect()).unwrap_or_default();
        let mut faults = Vec::new();
        while self.dice.one_in(2) {
            let severity = [Severity::Transient, Severity::FrameFatal, Severity::WorkerFatal]
                [self.dice.below(3) as usize];
            let licence = !self.draining && self.dice.one_in(6);
            let frame = if self.dice.one_in(2) { self.dice.pick(&frames).copied() } else { None };
            let cause = if licence { Cause::Licence } else { Cause::Crash };
            faults.push(Fault { severity, cause, message: "it broke".to_owned(), frame });
        }
        faults
    }
}

fn ready(shapes: &[FrameShape]) -> PluginState {
    let level =
        |(index, shape): (usize, &FrameShape)| LevelProfile { name: format!("level {index}"), shape: *shape };
    PluginState::Ready(PluginProfile {
        version: semver::Version::new(1, 0, 0),
        levels: shapes.iter().enumerate().map(level).collect(),
    })
}

fn stamp() -> PluginStamp {
    PluginStamp {
        name: "blender".to_owned(),
        version: "1.0.0".to_owned(),
        digest: Digest("00".repeat(32)),
        generation: 1,
    }
}

fn ending(ended_by: EndedBy, decision: Decision, faults: Vec<Fault>) -> (Outcome, Verdict) {
    let outcome = Outcome {
        exit_code: Some(1),
        signal: None,
        ended_by,
        seconds: Seconds(3.0),
        frames_done: FrameSet::new(),
        frames_missing: FrameSet::new(),
        faults,
        facts: Vec::new(),
    };
    (outcome, Verdict { decision, reason: "dice".to_owned() })
}
