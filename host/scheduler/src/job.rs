//! One job as the scheduler holds it: its layers, its live attempts, and where it stands in the queue.

use crate::hooks::taken_in;
use crate::layer::{Group, Layer};
use crate::needs::Class;
use crate::queue::Place;
use farmhand_model::fallback::Fallback;
use farmhand_model::hooks::{HookPhase, JobEnd};
use farmhand_model::job::{JobCosts, JobHooks, TimeSpent};
use farmhand_model::view::FrameCounts;
use farmhand_model::{AttemptId, Change, FrameSet, JobId, JobRecord, JobSpec, JobStatus, Timestamp};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) spec: Arc<JobSpec>,
    pub(crate) status: JobStatus,
    pub(crate) submitted: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) failure: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) costs: JobCosts,
    /// As of the durable record: costs are kept each time that twice as many frames have been seen.
    pub(crate) costs_saved: JobCosts,
    pub(crate) losses: u32,
    /// Why the farm paused it; absent where it is not paused, or a person did it.
    pub(crate) held: Option<String>,
    pub(crate) hooks: JobHooks,
    pub(crate) fallbacks: Vec<Fallback>,
    pub(crate) time: TimeSpent,
    pub(crate) idle_since: Option<Timestamp>,
    pub(crate) live: BTreeSet<AttemptId>,
    /// Nothing of it starts before this: a licence is missing, or its tasks fail one after the other.
    pub(crate) hold: Option<Hold>,
    /// Attempts in a row that failed without a verified frame.
    pub(crate) fruitless: u32,
    /// Where it stands among the jobs of its plugin that could start; absent where it could not.
    pub(crate) place: Option<Place>,
    /// The lines in which it stands there: what its next tasks need, those of frames that were tried before first.
    pub(crate) lines: Vec<Class>,
    pub(crate) timer: Option<Timestamp>,
    /// Its record differs from the durable one.
    pub(crate) dirty: bool,
}

/// Why a whole job waits a while.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hold {
    pub(crate) until: Timestamp,
    pub(crate) reason: String,
}

impl Job {
    pub(crate) fn new(record: JobRecord, done: Vec<FrameSet>, skipped: Vec<FrameSet>) -> Self {
        let mut layers: Vec<Layer> =
            (0..record.layer_count()).map(|_| Layer::new(record.spec.frames.clone())).collect();
        let fill = |layers: &mut Vec<Layer>, sets: Vec<FrameSet>, pick: fn(&mut Layer) -> &mut FrameSet| {
            for (layer, set) in layers.iter_mut().zip(sets) {
                let set = set.intersection(&layer.fresh);
                layer.fresh.subtract(&set);
                *pick(layer) = set;
            }
        };
        // A frame that two sets claim is in the one filled first: an image that is there counts for more than a
        // record of failure.
        fill(&mut layers, done, |layer| &mut layer.done);
        fill(&mut layers, skipped, |layer| &mut layer.skipped);
        fill(&mut layers, record.failed, |layer| &mut layer.failed);
        for requeued in record.requeued {
            let Some(layer) = layers.get_mut(requeued.layer as usize) else { continue };
            let frames = requeued.frames.intersection(&layer.fresh);
            if !frames.is_empty() {
                layer.fresh.subtract(&frames);
                layer.groups.push(Group {
                    frames,
                    level: requeued.level,
                    tries: requeued.tries,
                    boost: requeued.boost,
                    not_before: requeued.not_before,
                    reason: requeued.reason,
                });
            }
        }
        for layer in &mut layers {
            layer.fresh.compact();
        }
        let hooks = taken_in(record.hooks.clone());
        Self {
            id: record.id,
            spec: Arc::new(record.spec),
            status: record.status,
            submitted: record.submitted,
            started: record.started,
            finished: record.finished,
            failure: record.failure,
            notes: record.notes,
            layers,
            costs: record.costs,
            costs_saved: record.costs,
            losses: record.losses,
            held: record.held,
            fallbacks: record.fallbacks,
            time: record.time,
            idle_since: record.idle_since,
            live: BTreeSet::new(),
            hold: None,
            fruitless: 0,
            place: None,
            lines: Vec::new(),
            timer: None,
            dirty: hooks != record.hooks,
            hooks,
        }
    }

    pub(crate) fn record(&self) -> JobRecord {
        JobRecord {
            id: self.id,
            spec: (*self.spec).clone(),
            status: self.status,
            submitted: self.submitted,
            started: self.started,
            finished: self.finished,
            failure: self.failure.clone(),
            notes: self.notes.clone(),
            requeued: (0..).zip(&self.layers).flat_map(|(index, layer)| layer.requeued(index)).collect(),
            failed: self.layers.iter().map(|layer| layer.failed.clone()).collect(),
            counts: self.counts(),
            costs: self.costs,
            losses: self.losses,
            held: self.held.clone(),
            hooks: self.hooks.clone(),
            fallbacks: self.fallbacks.clone(),
            time: self.time,
            idle_since: self.idle_since,
        }
    }

    /// The record as it is now, to be made durable.
    pub(crate) fn change(&mut self) -> Change {
        self.dirty = false;
        self.costs_saved = self.costs;
        Change::Job(Box::new(self.record()))
    }

    pub(crate) fn counts(&self) -> FrameCounts {
        let total = self.spec.frames.len() * self.layers.len() as u64;
        let mut counts = FrameCounts { total, ..FrameCounts::default() };
        for layer in &self.layers {
            layer.count(&mut counts);
        }
        counts
    }

    pub(crate) fn layer_index(&self, name: Option<&str>) -> Option<u32> {
        match name {
            None => self.spec.layers.is_empty().then_some(0),
            Some(name) => {
                (0..).zip(&self.spec.layers).find(|(_, layer)| *layer == name).map(|(index, _)| index)
            }
        }
    }

    pub(crate) fn layer_name(&self, layer: u32) -> Option<&str> {
        self.spec.layers.get(layer as usize).map(String::as_str)
    }

    pub(crate) fn has_pending(&self) -> bool {
        self.layers.iter().any(Layer::has_pending)
    }

    pub(crate) fn pending_len(&self) -> u64 {
        self.layers.iter().map(Layer::pending_len).sum()
    }

    pub(crate) fn failed_len(&self) -> u64 {
        self.layers.iter().map(|layer| layer.failed.len()).sum()
    }

    /// Whether nothing more is to be given out: it was cancelled, or failed as a whole.
    pub(crate) fn is_ending(&self) -> bool {
        self.status.is_end() || self.status == JobStatus::Cancelling || self.failure.is_some()
    }

    /// Whether every frame is settled or given up.
    pub(crate) fn is_through(&self) -> bool {
        self.live.is_empty() && !self.has_pending()
    }

    /// Whether only its after-hooks are left.
    pub(crate) fn owes_hooks(&self) -> bool {
        self.hooks.after != HookPhase::Over
            && self.started.is_some()
            && !self.status.is_end()
            && self.is_through()
    }

    /// Whether a person keeps it from going on.
    pub(crate) fn is_kept_waiting(&self) -> bool {
        matches!(self.status, JobStatus::Paused | JobStatus::Cancelling)
    }

    /// Whether it has ended with something left to do: frames, or its after-hooks.
    pub(crate) fn has_ended_undone(&self) -> bool {
        let lacks_hooks = self.hooks.has_after && self.started.is_some() && self.status != JobStatus::Done;
        self.status.is_end() && (self.has_pending() || lacks_hooks)
    }

    /// How it is about to end.
    pub(crate) fn end(&self, now: Timestamp) -> JobEnd {
        let counts = self.counts();
        let frames_done = counts.done + counts.skipped;
        JobEnd {
            complete: self.failure.is_none() && frames_done == counts.total,
            frames_done,
            frames_failed: counts.failed,
            seconds: now.since(self.started.unwrap_or(now)),
        }
    }

    /// The farm pauses it for a person; the first reason stays.
    pub(crate) fn hold_for_person(&mut self, reason: String) {
        self.status = JobStatus::Paused;
        self.held.get_or_insert(reason);
        self.dirty = true;
    }

    /// A note for people, unless it is there already or there are too many.
    pub(crate) fn note(&mut self, note: String) {
        if self.notes.len() < JobRecord::NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(crate) fn is_held(&self, now: Timestamp) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.until > now)
    }

    pub(crate) fn has_ready(&self, now: Timestamp) -> bool {
        !self.is_held(now) && self.layers.iter().any(|layer| layer.has_ready(now))
    }

    pub(crate) fn at_task_limit(&self) -> bool {
        self.spec.limits.max_tasks.is_some_and(|limit| self.live.len() >= limit.max(1) as usize)
    }

    /// Its place, were it to queue.
    pub(crate) fn queue_place(&self) -> Place {
        (Reverse(self.spec.priority), self.id)
    }

    /// When more of its frames may start than may now.
    pub(crate) fn ripens(&self, now: Timestamp) -> Option<Timestamp> {
        self.layers.iter().filter_map(|layer| layer.ripens(now)).min()
    }

    /// When frames that wait now may start, and why they wait; absent where some may start now, or none are left.
    pub(crate) fn next_ready(&self, now: Timestamp) -> Option<(Timestamp, &str)> {
        if !self.has_pending() || self.has_ready(now) {
            return None;
        }
        let group = self.layers.iter().filter_map(Layer::next_ready).min_by_key(|group| group.not_before);
        let is_fresh = self.layers.iter().any(|layer| !layer.fresh.is_empty());
        let group =
            group.filter(|_| !is_fresh).and_then(|group| Some((group.not_before?, group.reason.as_str())));
        let hold =
            self.hold.as_ref().filter(|hold| hold.until > now).map(|hold| (hold.until, hold.reason.as_str()));
        group.max_by_time(hold)
    }

    /// What it is, from its frames and attempts.
    pub(crate) fn derived_status(&self) -> JobStatus {
        let is_idle = self.live.is_empty();
        let owes_hooks = self.owes_hooks();
        match self.status {
            end if end.is_end() => end,
            JobStatus::Cancelling if is_idle => JobStatus::Cancelled,
            JobStatus::Cancelling => JobStatus::Cancelling,
            // Whoever held it wants it seen, also where nothing is left to render.
            JobStatus::Paused if owes_hooks || self.held.is_some() => JobStatus::Paused,
            _ if owes_hooks => JobStatus::Running,
            _ if self.is_through() => {
                if self.failure.is_some() || self.failed_len() > 0 {
                    JobStatus::Failed
                } else {
                    JobStatus::Done
                }
            }
            JobStatus::Paused => JobStatus::Paused,
            _ if is_idle => JobStatus::Waiting,
            _ => JobStatus::Running,
        }
    }
}

/// The later of two times with their reasons.
trait MaxByTime {
    fn max_by_time(self, other: Self) -> Self;
}

impl MaxByTime for Option<(Timestamp, &str)> {
    fn max_by_time(self, other: Self) -> Self {
        match (self, other) {
            (Some(a), Some(b)) => Some(if a.0 >= b.0 { a } else { b }),
            (a, b) => a.or(b),
        }
    }
}
