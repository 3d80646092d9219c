//! Giving out work: who is next, and which frames they get.

use crate::attempt::Live;
use crate::chunk::{Sizing, chunk_size};
use crate::effect::{Effect, StartOrder, Turn};
use crate::job::Job;
use crate::layer::{Group, Source};
use crate::ledger::Claims;
use crate::needs::{Class, Need, need_of};
use crate::order::next_frames;
use crate::pass::{Pass, Turnout};
use crate::policy::LevelProfile;
use crate::scheduler::Scheduler;
use farmhand_model::attempt::Steps;
use farmhand_model::dcc::FrameShape;
use farmhand_model::hooks::HookPhase;
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

/// Where the frames of one task may come from.
struct Origin<'a> {
    layer: u32,
    source: Source,
    level: u32,
    profile: &'a LevelProfile,
    /// The frames that were tried before; absent for fresh ones.
    group: Option<&'a Group>,
    need: Need,
}

impl Scheduler {
    /// Starts what fits. The first in line that needs more threads or memory than are free holds up those behind it,
    /// since smaller tasks passing it by could keep it waiting for ever. One that waits for GPUs or a licence is passed
    /// by, and what it needs of them is kept for it.
    pub(crate) fn dispatch(&mut self, turn: &mut Turn) {
        if self.stopping || self.ledger.free_slots() == 0 || self.ledger.closed().is_some() {
            return;
        }
        let mut pass = Pass::new(self, turn.now);
        while self.ledger.free_slots() > 0
            && let Some(head) = pass.next_before(self, turn.now, None)
        {
            let lease = match pass.take_turn(self, turn.now, &head) {
                Turnout::Starts(lease) => lease,
                Turnout::HoldsUp => break,
                Turnout::PassedBy => continue,
            };
            let id = head.job();
            let mut lines = self.jobs.get(&id).map(|job| job.lines.clone()).unwrap_or_default();
            if head.class.hooks_first {
                // Whoever is behind it may have the room meanwhile.
                self.order_before(turn, id);
            } else {
                match self.plan(turn.now, id, &head.class.need) {
                    Some(plan) => self.start(turn, id, plan, lease),
                    None => self.reindex(turn.now, id),
                }
            }
            if !pass.claims.is_empty() {
                // What was kept for this job, or for another of a batch that is full now, may be had by others.
                pass = Pass::new(self, turn.now);
                continue;
            }
            // Where it stood somebody else is first now, and where it stands now it may be.
            lines.extend(self.jobs.get(&id).into_iter().flat_map(|job| job.lines.iter().cloned()));
            for class in &lines {
                pass.look_at(self, &head.plugin, class);
            }
        }
    }

    /// What the tasks need that the job could start now, those for frames that were tried before first.
    fn origins<'a>(&'a self, job: &'a Job, now: Timestamp) -> impl Iterator<Item = Origin<'a>> {
        let sources = || {
            (0..).zip(&job.layers).flat_map(move |(index, layer)| {
                layer.sources(now).map(move |(source, group)| (index, source, group))
            })
        };
        let tried = sources().filter(|(_, source, _)| *source != Source::Fresh);
        let fresh = sources().filter(|(_, source, _)| *source == Source::Fresh);
        let plugin = self.serving(job);
        tried.chain(fresh).filter_map(move |(layer, source, group)| {
            let plugin = plugin?;
            let level = plugin.level_from(&job.spec.levels, group.map_or(0, |group| group.level));
            let profile = plugin.levels.get(level as usize)?;
            let (none, capacity) = (Boost::default(), self.ledger.capacity());
            let boost = group.map_or(&none, |group| &group.boost);
            let need = need_of(&job.spec, &job.costs, &profile.name, boost, capacity, &self.policy);
            Some(Origin { layer, source, level, profile, group, need })
        })
    }

    /// The lines in which the job stands with what it could start now.
    pub(crate) fn lines_of(&self, job: &Job, now: Timestamp) -> Vec<Class> {
        let hooks_first = job.hooks.before != HookPhase::Over;
        let mut lines: Vec<Class> = Vec::new();
        for Origin { need, .. } in self.origins(job, now) {
            let batch = job.spec.batch.as_ref().map(|member| member.batch.id);
            let class = Class { hooks_first, need, batch };
            if !lines.contains(&class) {
                lines.push(class);
            }
        }
        lines
    }

    fn plan(&mut self, now: Timestamp, id: JobId, need: &Need) -> Option<Plan> {
        self.jobs.get_mut(&id)?.layers.iter_mut().for_each(|layer| layer.ripen(now));
        let job = self.jobs.get(&id)?;
        let origin = self.origins(job, now).find(|origin| origin.need == *need)?;
        let Origin { layer, source, level, profile, group, .. } = origin;
        let left = group.map_or(&job.layers[layer as usize].fresh, |group| &group.frames);
        let tries = group.map_or(0, |group| group.tries);
        let size = self.size(now, job, need, left.len(), tries, profile.shape);
        let all = if source == Source::Fresh { &job.spec.frames } else { left };
        let frames = next_frames(left, all, job.spec.order, profile.shape, size);
        let boost = group.map(|group| group.boost.clone()).unwrap_or_default();
        Some(Plan { layer, source, frames, level, level_name: profile.name.clone(), tries, boost })
    }

    fn size(
        &self,
        now: Timestamp,
        job: &Job,
        need: &Need,
        available: u64,
        tries: u32,
        shape: FrameShape,
    ) -> u64 {
        if shape == FrameShape::Single {
            return 1;
        }
        let lanes = match job.spec.chunk {
            Chunking::Auto => self.other_slots(now, job, need),
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
    fn other_slots(&self, now: Timestamp, job: &Job, need: &Need) -> Vec<f64> {
        let mut slots = self.slots_for(now, job, Some(need));
        // The one about to be taken is free now.
        if !slots.is_empty() {
            slots.remove(0);
        }
        slots
    }

    /// In how many seconds each slot that the job may use can take more of it, ascending. Where the job may not use
    /// all, or its tasks need too much for that, it is those where it renders already, then those that are free first.
    pub(crate) fn slots_for(&self, now: Timestamp, job: &Job, need: Option<&Need>) -> Vec<f64> {
        let claims = Claims::default();
        let most = need.map_or(1, |need| self.ledger.lanes(need, &self.offer(job, &claims, now))) as usize;
        let most = most.min(job.spec.limits.max_tasks.unwrap_or(u32::MAX).max(1) as usize);
        let most =
            most.min(job.spec.batch.as_ref().map_or(u32::MAX, |member| member.workers.max(1)) as usize);
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

    fn start(&mut self, turn: &mut Turn, id: JobId, plan: Plan, lease: Lease) {
        let attempt = self.next_attempt;
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let Some(plugin) = self.plugins.get_mut(&job.spec.plugin.name) else { return };
        self.next_attempt = attempt.next();
        job.layers[plan.layer as usize].take(plan.source, &plan.frames);
        // Frames taken from a group stay in its durable record meanwhile: a restart gives them to the live attempt.
        job.dirty |= job.started.is_none();
        job.started = job.started.or(Some(turn.now));
        job.live.insert(attempt);
        let gpus: Vec<u32> = lease.gpus.iter().map(|lease| lease.gpu.index).collect();
        plugin.started(attempt, &gpus, turn.now);
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
        })));
        turn.touched.insert(id);
        let live = Live::new(record, plan.layer, plugin.epoch);
        self.live.insert(attempt, live);
        self.reindex(turn.now, id);
    }
}
