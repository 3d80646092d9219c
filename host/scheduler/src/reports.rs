//! What the runner reports of attempts. Reports about an attempt that has ended, or never was, are dropped and said
//! so: that is what the fencing ids are for.

use crate::Effect;
use crate::attempt::KEPT;
use crate::breaker::Plugin;
use crate::costs::{learn_device, learn_frame, learn_start};
use crate::effect::Turn;
use crate::policy::Policy;
use crate::scheduler::Scheduler;
use farmhand_model::dcc::{Fact, Fault};
use farmhand_model::{
    AttemptId, AttemptState, Change, FrameRecord, FrameSet, FrameState, Happening, PluginStamp, Seconds,
};

/// A verified image.
pub(crate) struct Image {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) seconds: Option<f64>,
    pub(crate) skipped: bool,
}

impl Scheduler {
    pub(crate) fn on_built(&mut self, turn: &mut Turn, attempt: AttemptId, stamp: PluginStamp) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return stale(turn, attempt, "its command was built");
        };
        if live.record.plugin.as_ref() != Some(&stamp) {
            live.record.plugin = Some(stamp);
            turn.attempt(&live.record);
        }
    }

    pub(crate) fn on_running(&mut self, turn: &mut Turn, attempt: AttemptId) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return stale(turn, attempt, "its process is there");
        };
        live.pulse.alive();
        if live.record.state == AttemptState::Starting {
            live.record.state = AttemptState::Running { since: turn.now };
            live.record.steps.running = Some(turn.now);
            turn.attempt(&live.record);
        }
    }

    pub(crate) fn on_frame_started(&mut self, turn: &mut Turn, attempt: AttemptId, frame: i32) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return stale(turn, attempt, &format!("it began frame {frame}"));
        };
        live.pulse.alive();
        if !live.record.frames.contains(frame) || live.record.frames_done.contains(frame) {
            return;
        }
        if let (false, Some(since)) = (live.start_seen, live.running_since())
            && let Some(job) = self.jobs.get_mut(&live.record.job)
        {
            learn_start(&mut job.costs, turn.now.since(since).0);
        }
        live.start_seen = true;
        if live.came_to_frames(turn.now) {
            turn.attempt(&live.record);
        }
        live.begun.insert(frame, turn.now);
        live.current = Some((frame, turn.now));
    }

    pub(crate) fn on_settled(&mut self, turn: &mut Turn, attempt: AttemptId, frame: i32, image: Image) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return stale(turn, attempt, &format!("it settled frame {frame}"));
        };
        let id = live.record.job;
        if !live.record.frames.contains(frame) {
            return turn.notice(Happening::ForeignFrame { attempt, job: id, frame });
        }
        live.pulse.alive();
        let Some(job) = self.jobs.get_mut(&id) else { return };
        // Settled before: a daemon that adopts an attempt reads its log again.
        if !live.record.frames_done.insert(frame) {
            return;
        }
        live.settled += 1;
        let began = live.begun.remove(&frame);
        if live.current.is_some_and(|(current, _)| current == frame) {
            live.current = None;
        }
        live.rendered |= !image.skipped;
        if !image.skipped {
            let seconds = image.seconds.or_else(|| began.map(|began| turn.now.since(began).0));
            if let Some(seconds) = seconds {
                if live.came_to_frames(turn.now - Seconds(seconds)) {
                    turn.attempt(&live.record);
                }
                learn_frame(&mut job.costs, seconds, 1);
                live.frames_costed += 1;
                if let (false, Some(since)) = (live.start_seen, live.running_since()) {
                    learn_start(&mut job.costs, (turn.now.since(since).0 - seconds).max(0.0));
                }
                live.start_seen = true;
            }
        }
        let layer = live.layer;
        learn_device(job, live);
        job.layers[layer as usize].settle(frame, image.skipped);
        job.fruitless = 0;
        job.dirty |= job.losses > 0;
        job.losses = 0;
        turn.change(Change::Settled(FrameRecord {
            job: id,
            layer,
            frame,
            attempt: (!image.skipped).then_some(attempt),
            path: image.path,
            bytes: image.bytes,
            seconds: image.seconds,
            at: turn.now,
        }));
        let state = if image.skipped { FrameState::Skipped } else { FrameState::Done };
        turn.frames(id, layer, FrameSet::from_iter([frame]), state);
        turn.touched.insert(id);
        if !image.skipped {
            self.licences.rendered(&job.spec, live.record.started, turn.now);
            let now = turn.now;
            self.observe(turn, attempt, |plugin, policy| plugin.rendered(attempt, policy, now));
        }
    }

    pub(crate) fn on_process_ended(&mut self, turn: &mut Turn, attempt: AttemptId, lived: Seconds) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return stale(turn, attempt, "its process ended");
        };
        live.pulse.alive();
        if live.process_ended(lived, turn.now) {
            turn.attempt(&live.record);
        }
    }

    pub(crate) fn on_fault(&mut self, turn: &mut Turn, attempt: AttemptId, fault: Fault) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return stale(turn, attempt, &format!("a fault: {}", fault.message));
        };
        let faults = &mut live.record.faults;
        if faults.len() < KEPT && !faults.contains(&fault) {
            faults.push(fault);
            turn.attempt(&live.record);
        }
    }

    pub(crate) fn on_fact(&mut self, turn: &mut Turn, attempt: AttemptId, fact: Fact) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return stale(turn, attempt, &format!("{} is {}", fact.name, fact.value));
        };
        let facts = &mut live.record.facts;
        match facts.iter().position(|known| known.name == fact.name) {
            Some(index) if facts[index] == fact => return,
            Some(index) => facts[index] = fact,
            None if facts.len() < KEPT => facts.push(fact),
            None => return,
        }
        turn.attempt(&live.record);
        if let Some(job) = self.jobs.get_mut(&live.record.job)
            && learn_device(job, live)
        {
            turn.touched.insert(job.id);
        }
    }

    /// Tells the breakers of the attempt's plugin, unless a newer version has been loaded since it started.
    pub(crate) fn observe(
        &mut self,
        turn: &mut Turn,
        attempt: AttemptId,
        told: impl FnOnce(&mut Plugin, &Policy) -> bool,
    ) {
        let Some(live) = self.live.get(&attempt) else { return };
        let Some(job) = self.jobs.get(&live.job()) else { return };
        let Some(plugin) = self.plugins.get_mut(&job.spec.plugin.name) else { return };
        if plugin.epoch == live.epoch && told(plugin, &self.policy) {
            turn.touched.extend(plugin.waiting());
            turn.push(Effect::BreakersTouched);
        }
    }
}

pub(crate) fn stale(turn: &mut Turn, attempt: AttemptId, what: &str) {
    turn.notice(Happening::StaleReport { attempt, what: what.to_owned() });
}
