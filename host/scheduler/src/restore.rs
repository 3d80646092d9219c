//! A scheduler from what is durable, after a restart or a crash.
//!
//! Attempts that were live stay live, with their frames and their leases: the runner finds out which processes are
//! still there, adopts them, and reports the others as lost. Back-offs of frames survive; back-offs of whole jobs,
//! holds of licences and breakers do not, since they are learned again at the cost of one task. Hooks that ran are
//! due again: they ended with the daemon.

use crate::attempt::Live;
use crate::effect::Turn;
use crate::job::Job;
use crate::layer::Source;
use crate::policy::{NodeCapacity, Policy};
use crate::scheduler::Scheduler;
use crate::watch::kill;
use crate::{Effect, layer::Layer};
use farmhand_model::dcc::{Decision, Outcome, Verdict};
use farmhand_model::{
    AttemptId, AttemptRecord, AttemptState, EndedBy, FrameSet, Happening, JobId, JobStatus, RestoredJob,
    Seconds, Timestamp, Usage,
};

/// All that the scheduler must know to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// The jobs that have not ended.
    pub jobs: Vec<RestoredJob>,
    /// The attempts that have not ended.
    pub live: Vec<AttemptRecord>,
    /// Where those jobs ended that one of `jobs` comes after.
    pub ended: Vec<(JobId, JobStatus)>,
    /// Higher than every attempt there ever was.
    pub next_attempt: AttemptId,
}

impl Scheduler {
    /// A scheduler that goes on from there. The effects are to be done like those of `handle`.
    #[must_use]
    pub fn restore(
        capacity: NodeCapacity,
        policy: Policy,
        now: Timestamp,
        state: Restored,
    ) -> (Scheduler, Vec<Effect>) {
        let mut turn = Turn::new(now);
        let next =
            state.live.iter().map(|attempt| attempt.id.next()).fold(state.next_attempt, AttemptId::max);
        let mut scheduler = Scheduler::new(capacity, policy, next);
        let jobs = state.jobs.into_iter().map(|job| Job::new(job.record, job.done, job.skipped));
        let (ended, live): (Vec<Job>, Vec<Job>) = jobs.partition(|job| job.status.is_end());
        for job in live {
            turn.touched.insert(job.id);
            scheduler.connect(job, &state.ended);
        }
        // An ended job is only of use to those that come after it.
        for job in ended.iter().filter(|job| scheduler.dependents.contains_key(&job.id)) {
            scheduler.ended.insert(job.id, job.status);
        }
        for attempt in state.live.into_iter().filter(AttemptRecord::is_live) {
            scheduler.adopt(&mut turn, attempt);
        }
        let effects = scheduler.finish(turn);
        (scheduler, effects)
    }

    fn adopt(&mut self, turn: &mut Turn, mut record: AttemptRecord) {
        let id = record.job;
        let job = self.jobs.get_mut(&id);
        let layer = job.as_ref().and_then(|job| job.layer_index(record.layer.as_deref()));
        let (Some(job), Some(layer)) = (job, layer) else {
            return abandon(turn, record);
        };
        let state = &mut job.layers[layer as usize];
        // A done frame that is the attempt's own was pending when it started, so it is the one that settled it.
        record.frames_done = state.done.union(&state.skipped).intersection(&record.frames);
        let rendered = !state.done.is_disjoint(&record.frames);
        let missing = record.frames.difference(&record.frames_done);
        record.frames = record.frames_done.union(&take_all(state, &missing));
        self.ledger.adopt(record.id, id, record.lease.clone());
        job.live.insert(record.id);
        let is_ending = job.is_ending();
        let epoch = self.plugins.get(&job.spec.plugin.name).map_or(0, |plugin| plugin.epoch);
        let mut live = Live { rendered, ..Live::new(record, layer, epoch) };
        if is_ending {
            kill(&mut live, EndedBy::Cancel, turn);
        }
        self.live.insert(live.id(), live);
    }
}

/// Makes those of the frames that are pending running; answers which.
fn take_all(layer: &mut Layer, frames: &FrameSet) -> FrameSet {
    let mut taken = layer.fresh.intersection(frames);
    layer.take(Source::Fresh, &taken.clone());
    for index in (0..layer.groups.len()).rev() {
        let of_group = layer.groups[index].frames.intersection(frames);
        layer.take(Source::Group(index), &of_group);
        taken.extend(&of_group);
    }
    taken
}

/// An attempt whose job is over or gone: its process must not go on, and nothing it reports counts.
fn abandon(turn: &mut Turn, mut record: AttemptRecord) {
    turn.push(Effect::Kill { attempt: record.id, why: EndedBy::Cancel });
    turn.notice(Happening::AttemptAbandoned { attempt: record.id, job: record.job });
    record.state = AttemptState::Ended {
        at: turn.now,
        outcome: Outcome {
            exit_code: None,
            signal: None,
            ended_by: EndedBy::Lost,
            seconds: Seconds(turn.now.since(record.started).0),
            frames_done: record.frames_done.clone(),
            frames_missing: record.frames.difference(&record.frames_done),
            faults: record.faults.clone(),
            facts: record.facts.clone(),
            usage: Usage::default(),
        },
        verdict: Verdict { decision: Decision::Accept, reason: "its job is not live".to_owned() },
        consequence: String::new(),
    };
    turn.attempt(&record);
}
