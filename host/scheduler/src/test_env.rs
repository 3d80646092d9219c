//! A farm in a test: jobs by builder, time by hand, and `sanity_check` after every step.

use crate::{
    Effect, Event, LevelProfile, NodeCapacity, PluginProfile, PluginState, Policy, Refusal, Restored,
    RestoredJob, Scheduler, StartOrder,
};
use farmhand_model::dcc::{Cause, Decision, Fault, FrameShape, Gpu, Outcome, Severity, Verdict};
use farmhand_model::hooks::{HookPhase, HookRun, HooksResult, Moment, OnFailure};
use farmhand_model::job::{JobCosts, JobHooks, JobLimits, PluginChoice};
use farmhand_model::view::{FrameCounts, FrameRuns};
use farmhand_model::why::WaitReason;
use farmhand_model::{
    AttemptId, AttemptState, Change, Chunking, EndedBy, FrameOrder, FrameSet, FrameState, GpuNeed, GpuStatus,
    JobId, JobRecord, JobSpec, JobStatus, LevelNeeds, Needs, Seconds, Timestamp,
};

pub(crate) struct TestEnv {
    pub(crate) scheduler: Scheduler,
    pub(crate) now: Timestamp,
    next_job: u64,
    pub(crate) capacity: NodeCapacity,
    /// What the last step brought about and nobody has asked for yet.
    pub(crate) effects: Vec<Effect>,
}

pub(crate) fn set(text: &str) -> FrameSet {
    if text.is_empty() { FrameSet::new() } else { text.parse().unwrap() }
}

/// A job with sensible test values; tests change what they are about.
pub(crate) fn job(frames: &str) -> JobSpec {
    JobSpec {
        name: "shot".to_owned(),
        user: None,
        scene: "shot.blend".into(),
        plugin: PluginChoice { name: "blender".to_owned(), version: None, digest: None },
        dcc_version: None,
        frames: set(frames),
        layers: Vec::new(),
        output: None,
        options: serde_json::Map::new(),
        priority: 50,
        after: Vec::new(),
        order: FrameOrder::Forward,
        chunk: Chunking::Fixed(2),
        threads: None,
        skip_existing: false,
        limits: JobLimits::default(),
        levels: Vec::new(),
        hooks: Vec::new(),
        licences: Vec::new(),
        needs: Vec::new(),
        notify: Vec::new(),
        batch: None,
    }
}

pub(crate) fn profile(levels: &[(&str, FrameShape)]) -> PluginState {
    let level = |(name, shape): &(&str, FrameShape)| LevelProfile { name: (*name).to_owned(), shape: *shape };
    PluginState::Ready(PluginProfile {
        version: semver::Version::new(1, 0, 0),
        generation: 1,
        levels: levels.iter().map(level).collect(),
    })
}

pub(crate) fn fault(severity: Severity, cause: Cause, frame: Option<i32>) -> Fault {
    Fault { severity, cause, message: format!("{cause:?}"), frame, about: None }
}

/// A free GPU with so many GiB; the UUID of the one with index 0 is `GPU-a`, and so on.
pub(crate) fn gpu(index: u32, gib: u64) -> GpuStatus {
    GpuStatus::free(Gpu {
        index,
        uuid: format!("GPU-{}", char::from(b'a' + index as u8)),
        name: "NVIDIA H200".to_owned(),
        memory_bytes: gib << 30,
    })
}

/// A job whose tasks need that at the level `render`.
pub(crate) fn job_with(frames: &str, needs: Needs) -> JobSpec {
    JobSpec { needs: vec![LevelNeeds { level: "render".to_owned(), needs }], ..job(frames) }
}

/// A job whose tasks insist on so many whole GPUs each, at the level `render`.
pub(crate) fn gpu_job(frames: &str, count: u32) -> JobSpec {
    let gpus = Some(GpuNeed { count, memory_bytes: None, required: true });
    job_with(frames, Needs { memory_bytes: None, gpus })
}

/// The end of a process that lived for a second.
pub(crate) fn outcome(ended_by: EndedBy, faults: Vec<Fault>) -> Outcome {
    Outcome {
        exit_code: Some(0),
        signal: None,
        ended_by,
        seconds: Seconds(1.0),
        frames_done: FrameSet::new(),
        frames_missing: FrameSet::new(),
        faults,
        facts: Vec::new(),
        usage: Default::default(),
    }
}

impl TestEnv {
    /// Two slots, four threads, two a task; the plugin `blender` with levels `render` and `safe`.
    pub(crate) fn new() -> Self {
        let mut env = Self::bare(2);
        env.plugin(profile(&[("render", FrameShape::Any), ("safe", FrameShape::Any)]));
        env
    }

    /// The same without a plugin.
    pub(crate) fn bare(slots: u32) -> Self {
        Self::of(NodeCapacity::of_threads(slots, 2 * slots, 2))
    }

    /// A node like that, without a plugin.
    pub(crate) fn of(capacity: NodeCapacity) -> Self {
        let scheduler = Scheduler::new(capacity.clone(), Policy::default(), AttemptId(1));
        Self { scheduler, now: Timestamp(1_000_000), next_job: 1, capacity, effects: Vec::new() }
    }

    pub(crate) fn try_send(&mut self, event: Event) -> Result<(), Refusal> {
        self.effects = self.scheduler.handle(self.now, event)?;
        self.scheduler.sanity_check(self.now);
        let first_other = self.effects.iter().position(|effect| !matches!(effect, Effect::Change(_)));
        let last_change = self.effects.iter().rposition(|effect| matches!(effect, Effect::Change(_)));
        assert!(last_change < first_other || first_other.is_none(), "changes come first: {:?}", self.effects);
        Ok(())
    }

    pub(crate) fn send(&mut self, event: Event) {
        self.try_send(event).unwrap();
    }

    pub(crate) fn refused(&mut self, event: Event, expect: &Refusal) {
        assert_eq!(self.try_send(event).as_ref(), Err(expect));
        self.scheduler.sanity_check(self.now);
    }

    pub(crate) fn plugin(&mut self, state: PluginState) {
        self.send(Event::Plugin { name: "blender".to_owned(), state });
    }

    pub(crate) fn submit(&mut self, spec: JobSpec) -> JobId {
        self.submit_hooked(spec, &[])
    }

    /// So many jobs like this one, without a look at everything after each.
    pub(crate) fn submit_many(&mut self, count: u64, spec: &JobSpec) {
        for _ in 0..count {
            let (_, event) = self.submission(spec.clone(), &[]);
            self.scheduler.handle(self.now, event).unwrap();
        }
    }

    /// A job with hooks at these moments of its own.
    pub(crate) fn submit_hooked(&mut self, spec: JobSpec, moments: &[Moment]) -> JobId {
        let (id, event) = self.submission(spec, moments);
        self.send(event);
        id
    }

    fn submission(&mut self, spec: JobSpec, moments: &[Moment]) -> (JobId, Event) {
        let phase = |moment| if moments.contains(&moment) { HookPhase::Due } else { HookPhase::Over };
        let (before, after) = (phase(Moment::BeforeJob), phase(Moment::AfterJob));
        let id = JobId(self.next_job);
        self.next_job += 1;
        let layers = spec.layers.len().max(1);
        let record = JobRecord {
            id,
            spec,
            status: JobStatus::Waiting,
            submitted: self.now,
            started: None,
            finished: None,
            failure: None,
            notes: Vec::new(),
            requeued: Vec::new(),
            failed: vec![FrameSet::new(); layers],
            counts: FrameCounts::default(),
            costs: JobCosts::default(),
            losses: 0,
            held: None,
            hooks: JobHooks { before, after, ..JobHooks::default() },
            fallbacks: Vec::new(),
            idle_since: None,
            time: Default::default(),
        };
        (id, Event::Submit { job: Box::new(record), ended: Vec::new() })
    }

    /// The daemon is gone, and the next one goes on from what was durable.
    pub(crate) fn restart(&mut self) {
        let restored = |id: JobId| {
            let runs = self.scheduler.frames(id).unwrap().runs;
            let record = self.scheduler.record(id).unwrap();
            let of = |state| {
                let sets = (0..record.layer_count() as u32).map(|layer| {
                    let is_of = |runs: &&FrameRuns| {
                        runs.state == state && runs.layer.as_deref() == record.layer_name(layer)
                    };
                    runs.iter().find(is_of).map(|runs| runs.frames.clone()).unwrap_or_default()
                });
                sets.collect()
            };
            RestoredJob { done: of(FrameState::Done), skipped: of(FrameState::Skipped), record }
        };
        let live: Vec<_> = self.scheduler.live_attempts().cloned().collect();
        let restored = Restored {
            jobs: self.scheduler.live_jobs().into_iter().map(restored).collect(),
            live,
            ended: Vec::new(),
            next_attempt: self.scheduler.next_attempt,
        };
        let (scheduler, effects) =
            Scheduler::restore(self.capacity.clone(), Policy::default(), self.now, restored);
        scheduler.sanity_check(self.now);
        (self.scheduler, self.effects) = (scheduler, effects);
    }

    /// The hooks that the last step ordered.
    pub(crate) fn hooks_ordered(&self) -> Vec<(JobId, Moment)> {
        self.pick(|effect| match effect {
            Effect::RunHooks { job, moment, .. } => Some((*job, *moment)),
            _ => None,
        })
    }

    pub(crate) fn hooks_end(&mut self, job: JobId, moment: Moment, result: HooksResult) {
        let error = if result == HooksResult::GoOn { None } else { Some("exit code 1".to_owned()) };
        let run = HookRun {
            name: "prepare.py".to_owned(),
            moment,
            attempt: None,
            at: self.now,
            seconds: Seconds(0.5),
            error,
            on_failure: OnFailure::Fail,
        };
        let notes = vec!["copied 3 textures".to_owned()];
        self.send(Event::HooksEnded { job, moment, runs: vec![run], notes, result });
    }

    /// GPUs with these indexes, whose UUIDs are `GPU-a` for 0, `GPU-b` for 1 and so on, of 128 GiB.
    pub(crate) fn gpus(&mut self, indexes: &[u32]) {
        self.send(Event::Gpus(indexes.iter().map(|index| gpu(*index, 128)).collect()));
    }

    /// Which GPUs each attempt was given that the last step started, by index.
    pub(crate) fn leased(&self) -> Vec<Vec<u32>> {
        let gpus =
            |order: &StartOrder| order.attempt.lease.gpus.iter().map(|lease| lease.gpu.index).collect();
        self.orders().into_iter().map(gpus).collect()
    }

    /// Lets time pass and sends the tick that is due then.
    pub(crate) fn pass(&mut self, seconds: f64) {
        self.now = self.now + Seconds(seconds);
        self.send(Event::Tick);
    }

    /// What the last step started: attempt and frames.
    pub(crate) fn started(&self) -> Vec<(u64, String)> {
        self.orders()
            .into_iter()
            .map(|order| (order.attempt.id.0, order.attempt.frames.to_string()))
            .collect()
    }

    pub(crate) fn orders(&self) -> Vec<&StartOrder> {
        self.pick(|effect| match effect {
            Effect::Start(order) => Some(order.as_ref()),
            _ => None,
        })
    }

    fn pick<'a, T>(&'a self, wanted: impl Fn(&'a Effect) -> Option<T>) -> Vec<T> {
        self.effects.iter().filter_map(wanted).collect()
    }

    pub(crate) fn check_started(&self, expect: &[(u64, &str)]) {
        let started = self.started();
        let started: Vec<(u64, &str)> = started.iter().map(|(id, frames)| (*id, frames.as_str())).collect();
        assert_eq!(started, expect);
    }

    pub(crate) fn kills(&self) -> Vec<(u64, EndedBy)> {
        self.pick(|effect| match effect {
            Effect::Kill { attempt, why } => Some((attempt.0, *why)),
            _ => None,
        })
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.pick(|effect| match effect {
            Effect::Notice(happening) => Some(happening.to_string()),
            _ => None,
        })
    }

    pub(crate) fn changes(&self) -> Vec<&Change> {
        self.pick(|effect| match effect {
            Effect::Change(change) => Some(change),
            _ => None,
        })
    }

    /// What was done with the frames of the attempt that ended in the last step.
    pub(crate) fn consequence(&self) -> String {
        let ended = self.changes().into_iter().find_map(|change| match change {
            Change::Attempt(attempt) => match &attempt.state {
                AttemptState::Ended { consequence, .. } => Some(consequence.clone()),
                _ => None,
            },
            _ => None,
        });
        ended.unwrap()
    }

    pub(crate) fn running(&mut self, attempt: u64) {
        self.send(Event::Running { attempt: AttemptId(attempt) });
    }

    pub(crate) fn begin(&mut self, attempt: u64, frame: i32) {
        self.send(Event::FrameStarted { attempt: AttemptId(attempt), frame });
    }

    pub(crate) fn settle(&mut self, attempt: u64, frames: &str) {
        for frame in set(frames).iter() {
            self.send(Event::FrameSettled {
                attempt: AttemptId(attempt),
                frame,
                path: format!("{frame}.png"),
                bytes: 1,
                seconds: None,
                skipped: false,
            });
        }
    }

    pub(crate) fn end(&mut self, attempt: u64, ended_by: EndedBy, decision: Decision, faults: Vec<Fault>) {
        self.end_as(attempt, outcome(ended_by, faults), decision);
    }

    pub(crate) fn end_as(&mut self, attempt: u64, outcome: Outcome, decision: Decision) {
        let verdict = Verdict { decision, reason: "said the plugin".to_owned() };
        self.send(Event::Ended { attempt: AttemptId(attempt), outcome: Box::new(outcome), verdict });
    }

    pub(crate) fn accept(&mut self, attempt: u64) {
        self.end(attempt, EndedBy::Itself, Decision::Accept, Vec::new());
    }

    pub(crate) fn retry(&mut self, attempt: u64) {
        self.end(attempt, EndedBy::Itself, Decision::Retry { after_ms: 0 }, Vec::new());
    }

    /// All of an attempt's frames done, and its end.
    pub(crate) fn finish(&mut self, attempt: u64) {
        let frames = self.scheduler.attempt(AttemptId(attempt)).unwrap().frames.to_string();
        self.settle(attempt, &frames);
        self.accept(attempt);
    }

    pub(crate) fn status(&self, job: JobId) -> JobStatus {
        self.scheduler.summary(job, self.now).unwrap().status
    }

    pub(crate) fn why(&self, job: JobId) -> WaitReason {
        self.scheduler.why(job, self.now).unwrap()
    }

    /// The job's frames in one state, over all layers.
    pub(crate) fn frames(&self, job: JobId, state: FrameState) -> String {
        let runs = self.scheduler.frames(job).unwrap().runs;
        let texts: Vec<_> =
            runs.iter().filter(|runs| runs.state == state).map(|runs| runs.frames.to_string()).collect();
        texts.join(" ")
    }
}
