//! The hooks that the daemon runs: they end well or badly, late, or with the daemon.

use crate::store::Store;
use crate::world::World;
use farmhand_model::hooks::{HookPhase, HookRun, HooksResult, Moment, OnFailure};
use farmhand_model::{AttemptRecord, JobId, JobStatus, Seconds};
use farmhand_scheduler::Event;

impl World {
    /// An order to run hooks.
    pub fn run_hooks(&mut self, job: JobId, moment: Moment) {
        assert!(self.hooks.insert((job, moment)), "the {moment} hooks of job {job} run twice at once");
        self.went_well.remove(&(job, moment));
        let live = |attempt: &&AttemptRecord| attempt.job == job && attempt.is_live();
        assert!(
            !self.store.attempts.values().any(|attempt| live(&attempt)),
            "hooks beside tasks of job {job}"
        );
        let phase = self.phase(job, moment);
        assert_eq!(phase, HookPhase::Running, "the {moment} hooks of job {job} run and that is not durable");
    }

    fn phase(&self, job: JobId, moment: Moment) -> HookPhase {
        let hooks = &self.store.jobs[&job].hooks;
        if moment == Moment::AfterJob { hooks.after } else { hooks.before }
    }

    /// The daemon is gone, with the hooks that ran and with every end that is not durable.
    pub fn forget_hooks(&mut self) {
        self.hooks.clear();
        let mut went_well = std::mem::take(&mut self.went_well);
        went_well.retain(|&(job, moment)| self.phase(job, moment) == HookPhase::Over);
        self.went_well = went_well;
    }

    /// Some hooks that run come to their end.
    pub fn end_hooks(&mut self) {
        let running: Vec<_> = self.hooks.iter().copied().collect();
        let Some(&(job, moment)) = self.dice.pick(&running) else { return };
        self.hooks.remove(&(job, moment));
        let trouble = if self.mood.failures { 3 } else { 20 };
        let result = match self.dice.below(2) {
            _ if self.draining || !self.dice.one_in(trouble) => HooksResult::GoOn,
            0 => HooksResult::Fail("dice".to_owned()),
            _ => HooksResult::Hold("dice".to_owned()),
        };
        let is_over = match result {
            HooksResult::GoOn => true,
            HooksResult::Fail(_) => moment == Moment::AfterJob,
            HooksResult::Hold(_) => false,
        };
        // Where they are not waited for any more, their end is nothing.
        if is_over && self.phase(job, moment) == HookPhase::Running {
            self.went_well.insert((job, moment));
        }
        self.tell_hooks(job, moment, result);
    }

    /// What nobody ordered, or what was ordered by a daemon that is gone, comes to its end.
    pub fn late_hooks(&mut self) -> bool {
        let job = JobId(1 + self.dice.below(13));
        let moment = [Moment::BeforeJob, Moment::AfterJob][self.dice.below(2) as usize];
        if self.hooks.contains(&(job, moment)) {
            return false;
        }
        self.tell_hooks(job, moment, HooksResult::GoOn)
    }

    fn tell_hooks(&mut self, job: JobId, moment: Moment, result: HooksResult) -> bool {
        let run = HookRun {
            name: "hook.py".to_owned(),
            moment,
            attempt: None,
            at: self.now,
            seconds: Seconds(1.0),
            error: None,
            on_failure: OnFailure::Fail,
        };
        self.send(Event::HooksEnded { job, moment, runs: vec![run], notes: Vec::new(), result })
    }

    /// Nothing is rendered before the hooks before it went well, and no job ends without those after it, unless it
    /// was cancelled or never began.
    pub fn check_hooks(&self, store: &Store) {
        for &(job, moment) in &self.hooked {
            let Some(record) = store.jobs.get(&job) else { continue };
            let went_well = self.went_well.contains(&(job, moment));
            match moment {
                Moment::BeforeJob => {
                    assert_eq!(record.hooks.before == HookPhase::Over, went_well, "job {job}: {moment}");
                    assert!(went_well || record.started.is_none(), "job {job} began before its hooks");
                }
                _ => {
                    let must = matches!(record.status, JobStatus::Done | JobStatus::Failed);
                    assert!(
                        !must
                            || record.started.is_none()
                            || went_well && record.hooks.after == HookPhase::Over,
                        "job {job} ended without its hooks"
                    );
                }
            }
        }
    }
}
