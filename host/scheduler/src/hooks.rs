//! The hooks of a job's own moments: when they are ordered, and what their results make of the job. What they are
//! and how they run is the host's business; those of tasks and frames are part of their attempt.
//!
//! Before-hooks come when the job would start its first task, and nothing of it starts until they went well.
//! After-hooks come when every frame is settled or given up, and the job ends only after them. They do not come for
//! a job that was cancelled, nor for one that never had an attempt: there is nothing to come after.

use crate::effect::{Effect, Turn};
use crate::scheduler::Scheduler;
use farmhand_model::hooks::{HookPhase, HookRun, HooksResult, Moment};
use farmhand_model::job::JobHooks;
use farmhand_model::{Happening, JobId, JobRecord};

/// The phase of one of a job's own two moments.
fn phase(hooks: &JobHooks, moment: Moment) -> HookPhase {
    if moment == Moment::AfterJob { hooks.after } else { hooks.before }
}

fn set_phase(hooks: &mut JobHooks, moment: Moment, phase: HookPhase) {
    let of_moment = if moment == Moment::AfterJob { &mut hooks.after } else { &mut hooks.before };
    *of_moment = phase;
}

/// What is kept of a job's hooks when a daemon takes it in: what ran when the one before it ended is due again.
pub(crate) fn taken_in(mut hooks: JobHooks) -> JobHooks {
    hooks.has_after |= hooks.after != HookPhase::Over;
    for phase in [&mut hooks.before, &mut hooks.after] {
        if *phase == HookPhase::Running {
            *phase = HookPhase::Due;
        }
    }
    hooks
}

impl Scheduler {
    /// Whether before-hooks of one job more may run: as many jobs at once as there are slots, since a farm may have
    /// thousands of jobs with hooks in line.
    pub(crate) fn has_room_for_hooks(&self) -> bool {
        self.before_running().count() < self.ledger.capacity().slots as usize
    }

    /// Jobs whose before-hooks run, oldest first.
    pub(crate) fn before_running(&self) -> impl Iterator<Item = JobId> + '_ {
        self.ordered.iter().filter(|(_, moment)| *moment == Moment::BeforeJob).map(|(job, _)| *job)
    }

    /// Whether an order is out that was not answered.
    pub(crate) fn is_ordered(&self, job: JobId, moment: Moment) -> bool {
        self.ordered.contains(&(job, moment))
    }

    /// Orders the before-hooks of a job whose turn it is.
    pub(crate) fn order_before(&mut self, turn: &mut Turn, id: JobId) {
        self.order(turn, id, Moment::BeforeJob);
        self.reindex(turn.now, id);
    }

    /// Orders the after-hooks of a job that is through with its frames, where they are due.
    pub(crate) fn order_after(&mut self, turn: &mut Turn, id: JobId) {
        let is_due = self.jobs.get(&id).is_some_and(|job| {
            job.hooks.after == HookPhase::Due
                && job.owes_hooks()
                && !job.is_kept_waiting()
                && self.is_served(job)
        });
        if is_due && !self.stopping && !self.is_ordered(id, Moment::AfterJob) {
            self.order(turn, id, Moment::AfterJob);
        }
    }

    fn order(&mut self, turn: &mut Turn, id: JobId, moment: Moment) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        set_phase(&mut job.hooks, moment, HookPhase::Running);
        job.dirty = true;
        let end = (moment == Moment::AfterJob).then(|| job.end(turn.now));
        turn.push(Effect::RunHooks { job: id, moment, end });
        turn.touched.insert(id);
        self.ordered.insert((id, moment));
    }

    pub(crate) fn on_hooks_ended(&mut self, turn: &mut Turn, id: JobId, moment: Moment, ended: Ended) {
        let was_ordered = self.ordered.remove(&(id, moment));
        // A job may wait for its own, and another for the room.
        turn.touched.insert(id);
        let running = self.jobs.get_mut(&id).filter(|job| phase(&job.hooks, moment) == HookPhase::Running);
        let Some(job) = running.filter(|_| was_ordered) else {
            return turn.notice(Happening::HooksUnasked { job: id, moment });
        };
        job.dirty = true;
        let runs = &mut job.hooks.runs;
        runs.extend(ended.runs);
        runs.drain(..runs.len().saturating_sub(JobRecord::HOOK_RUNS));
        for note in ended.notes {
            job.note(note);
        }
        match ended.result {
            HooksResult::GoOn => set_phase(&mut job.hooks, moment, HookPhase::Over),
            HooksResult::Hold(reason) => {
                set_phase(&mut job.hooks, moment, HookPhase::Due);
                let plugin = job.spec.plugin.name.clone();
                turn.notice(Happening::JobHeld { job: id, plugin, reason: reason.clone() });
                job.hold_for_person(reason);
            }
            HooksResult::Fail(reason) => {
                // Without them nothing may be rendered, so a retry runs those before the job again.
                let is_before = moment == Moment::BeforeJob;
                set_phase(&mut job.hooks, moment, if is_before { HookPhase::Due } else { HookPhase::Over });
                if job.failure.is_some() {
                    job.note(reason);
                } else {
                    self.fail_job(turn, id, reason);
                }
            }
        }
    }

    /// What runs for the job at that moment is not waited for any more: it is due again.
    pub(crate) fn disown_hooks(&mut self, id: JobId, moment: Moment) {
        if let Some(job) = self.jobs.get_mut(&id)
            && phase(&job.hooks, moment) == HookPhase::Running
        {
            set_phase(&mut job.hooks, moment, HookPhase::Due);
            job.dirty = true;
        }
    }
}

/// What an order came to.
pub(crate) struct Ended {
    pub(crate) runs: Vec<HookRun>,
    pub(crate) notes: Vec<String>,
    pub(crate) result: HooksResult,
}
