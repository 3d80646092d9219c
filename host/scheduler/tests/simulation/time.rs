//! Where the jobs' time went, counted a second time: from outside, and from the records of their attempts.

use crate::store::Store;
use farmhand_model::job::TimeSpent;
use farmhand_model::{AttemptState, JobId, Timestamp};
use farmhand_scheduler::Scheduler;
use std::collections::BTreeMap;

/// Sums of milliseconds as seconds differ by less.
const ROUNDING: f64 = 1e-3;

/// How long nothing of each job ran, as of the last look.
#[derive(Default)]
pub struct Idle {
    seen: Option<Timestamp>,
    jobs: BTreeMap<JobId, Tally>,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    is_idle: bool,
    seconds: f64,
}

impl Idle {
    /// What the time since the last look was depends on what was seen then: nothing happens between two events.
    pub fn look(&mut self, scheduler: &Scheduler, store: &Store, now: Timestamp) {
        let passed = now.since(self.seen.unwrap_or(now)).0;
        self.seen = Some(now);
        for tally in self.jobs.values_mut().filter(|tally| tally.is_idle) {
            tally.seconds += passed;
        }
        self.jobs.values_mut().for_each(|tally| tally.is_idle = false);
        for job in scheduler.live_jobs() {
            self.jobs.entry(job).or_default().is_idle = true;
        }
        for attempt in scheduler.live_attempts() {
            self.jobs.entry(attempt.job).or_default().is_idle = false;
        }
        for (job, tally) in &self.jobs {
            let time = scheduler.time_spent(*job, now).unwrap_or_else(|| store.jobs[job].time);
            let is_near = (time.waiting - tally.seconds).abs() < ROUNDING;
            assert!(is_near, "job {job} waited {} s, and says {time:?}", tally.seconds);
        }
    }
}

/// A job's attempts take its time and nothing else does, whatever daemon was there.
pub fn check_attempts(scheduler: &Scheduler, store: &Store, now: Timestamp) {
    let mut taken: BTreeMap<JobId, f64> = BTreeMap::new();
    for attempt in store.attempts.values() {
        let end = match &attempt.state {
            AttemptState::Ended { at, .. } => *at,
            _ => now,
        };
        *taken.entry(attempt.job).or_default() += end.since(attempt.started).0;
    }
    for (job, record) in &store.jobs {
        let time = scheduler.time_spent(*job, now).unwrap_or(record.time);
        let TimeSpent { waiting, starting, rendering, verifying } = time;
        assert!([waiting, starting, rendering, verifying].iter().all(|part| *part >= 0.0), "{time:?}");
        let taken = taken.get(job).copied().unwrap_or(0.0);
        let is_near = (starting + rendering + verifying - taken).abs() < ROUNDING;
        assert!(is_near, "the attempts of job {job} took {taken} s, and it says {time:?}");
    }
}
