//! Giving out work: who is next, and which frames they get.

use crate::attempt::Live;
use crate::breaker::Plugin;
use crate::chunk::{Sizing, chunk_size};
use crate::effect::{Effect, StartOrder, Turn};
use crate::job::Job;
use crate::layer::Source;
use crate::order::next_frames;
use crate::queue::Place;
use crate::scheduler::Scheduler;
use farmhand_model::attempt::Steps;
use farmhand_model::dcc::FrameShape;
use farmhand_model::{
    AttemptRecord, AttemptState, Boost, Chunking, FrameSet, FrameState, JobId, Lease, Seconds, Timestamp,
};
use std::sync::Arc;

/// What the next attempt of a job is.
struct Plan {
    layer: u32,
    source: Source,
    frames: FrameSet,
    level: u32,
    level_name: String,
    tries: u32,
    boost: Boost,
}

impl Scheduler {
    /// Starts what fits. The first in line that needs more threads than are free holds up those behind it, since
    /// smaller tasks passing it by could keep it waiting for ever.
    pub(crate) fn dispatch(&mut self, turn: &mut Turn) {
        while !self.stopping && self.ledger.free_slots() > 0 {
            let Some((_, id)) = self.first_in_line(turn.now) else { break };
            let Some(job) = self.jobs.get(&id) else { break };
            let threads = self.ledger.threads_of(job.spec.threads);
            if threads > self.ledger.free_threads() {
                break;
            }
            if job.hooks_first {
                // Whoever is behind it may have the slot meanwhile.
                self.order_before(turn, id);
                continue;
            }
            match self.plan(turn.now, id) {
                Some(plan) => self.start(turn, id, plan, threads),
                None => self.reindex(turn.now, id),
            }
        }
    }

    /// The job that goes first, over all plugins whose breaker lets tasks through.
    pub(crate) fn first_in_line(&self, now: Timestamp) -> Option<Place> {
        let hooks = self.has_room_for_hooks();
        let open = self.plugins.values().filter(|plugin| plugin.admits(now));
        let first = |plugin: &Plugin| {
            let hooked = plugin.hooked.first().filter(|_| hooks);
            plugin.ready.first().into_iter().chain(hooked).min().copied()
        };
        open.filter_map(first).min()
    }

    fn plan(&mut self, now: Timestamp, id: JobId) -> Option<Plan> {
        let job = self.jobs.get_mut(&id)?;
        let sources =
            (0..).zip(&mut job.layers).filter_map(|(index, layer)| Some((index, layer.source(now)?)));
        let (layer, source) = sources.min_by_key(|(index, source)| (*source == Source::Fresh, *index))?;
        let job = self.jobs.get(&id)?;
        let state = &job.layers[layer as usize];
        let (left, level, tries, boost) = match source {
            Source::Fresh => (&state.fresh, 0, 0, Boost::default()),
            Source::Group(index) => {
                let group = &state.groups[index];
                (&group.frames, group.level, group.tries, group.boost.clone())
            }
        };
        let plugin = self.serving(job)?;
        let level = plugin.level_from(&job.spec.levels, level);
        let profile = plugin.levels.get(level as usize)?;
        let size = self.size(now, job, left.len(), tries, profile.shape);
        let all = if source == Source::Fresh { &job.spec.frames } else { left };
        let frames = next_frames(left, all, job.spec.order, profile.shape, size);
        Some(Plan { layer, source, frames, level, level_name: profile.name.clone(), tries, boost })
    }

    fn size(&self, now: Timestamp, job: &Job, available: u64, tries: u32, shape: FrameShape) -> u64 {
        if shape == FrameShape::Single {
            return 1;
        }
        let lanes = match job.spec.chunk {
            Chunking::Auto => self.other_slots(now, job),
            Chunking::Fixed(_) | Chunking::Whole => Vec::new(),
        };
        let sizing = Sizing {
            chunking: job.spec.chunk,
            costs: job.costs,
            left: job.pending_len(),
            available,
            others: &lanes,
            own: job.live.len() as u64,
            tries,
            attempt_seconds: job.spec.limits.attempt_seconds.unwrap_or(self.policy.attempt_seconds),
        };
        chunk_size(&sizing, &self.policy)
    }

    /// In how many seconds the job's other slots are free, ascending: those where it renders, and as many of the
    /// rest as it may have besides the one that it is about to take.
    fn other_slots(&self, now: Timestamp, job: &Job) -> Vec<f64> {
        let mut slots = self.slots_for(now, job);
        // The one about to be taken is free now.
        if !slots.is_empty() {
            slots.remove(0);
        }
        slots
    }

    /// In how many seconds each slot that the job may use can take more of it, ascending. Where the job may not use
    /// all, it is those where it renders already, then those that are free first.
    pub(crate) fn slots_for(&self, now: Timestamp, job: &Job) -> Vec<f64> {
        let most = self.ledger.fits(self.ledger.threads_of(job.spec.threads)) as usize;
        let most = most.min(job.spec.limits.max_tasks.unwrap_or(u32::MAX).max(1) as usize);
        let mut own = Vec::new();
        let mut others = vec![0.0; self.ledger.free_slots() as usize];
        for live in self.live.values() {
            let costs = self.jobs.get(&live.job()).map(|job| job.costs).unwrap_or_default();
            let left = live.seconds_left(&costs, now);
            if live.job() == job.id { own.push(left) } else { others.push(left) }
        }
        others.sort_by(f64::total_cmp);
        others.truncate(most.saturating_sub(own.len()));
        own.extend(others);
        own.sort_by(f64::total_cmp);
        own
    }

    fn start(&mut self, turn: &mut Turn, id: JobId, plan: Plan, threads: u32) {
        let attempt = self.next_attempt;
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let Some(plugin) = self.plugins.get_mut(&job.spec.plugin.name) else { return };
        self.next_attempt = attempt.next();
        job.layers[plan.layer as usize].take(plan.source, &plan.frames);
        // Frames taken from a group stay in its durable record meanwhile: a restart gives them to the live attempt.
        job.dirty |= job.started.is_none();
        job.started = job.started.or(Some(turn.now));
        job.live.insert(attempt);
        let avoid_gpus = plugin.started(attempt, turn.now);
        let lease = Lease { threads, ..Lease::default() };
        self.ledger.take(attempt, id, lease.clone());
        let record = AttemptRecord {
            id: attempt,
            job: id,
            layer: job.layer_name(plan.layer).map(str::to_owned),
            frames: plan.frames,
            level: plan.level,
            level_name: plan.level_name,
            try_number: plan.tries + 1,
            lease,
            boost: plan.boost,
            plugin: None,
            started: turn.now,
            frames_done: FrameSet::new(),
            faults: Vec::new(),
            facts: Vec::new(),
            steps: Steps::default(),
            state: AttemptState::Starting,
        };
        turn.attempt(&record);
        turn.frames(id, plan.layer, record.frames.clone(), FrameState::Running);
        let limit = job.spec.limits.attempt_seconds.unwrap_or(self.policy.attempt_seconds);
        turn.push(Effect::Start(Box::new(StartOrder {
            attempt: record.clone(),
            job: Arc::clone(&job.spec),
            layer: plan.layer,
            time_limit: (limit > 0).then(|| Seconds(f64::from(limit))),
            avoid_gpus: avoid_gpus.clone(),
        })));
        turn.touched.insert(id);
        let live = Live { avoids: avoid_gpus, ..Live::new(record, plan.layer, plugin.epoch) };
        self.live.insert(attempt, live);
        self.reindex(turn.now, id);
    }
}
