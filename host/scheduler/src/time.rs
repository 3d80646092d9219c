//! Where a job's time goes: how the life of an attempt divides, and since when nothing of a job runs.
//!
//! It is kept and told; nothing is decided by it. What attempts took is added to the job at their end, so that it
//! is durable with them, and a daemon that is away loses none of it.

use crate::attempt::Live;
use crate::job::Job;
use crate::scheduler::Scheduler;
use farmhand_model::job::TimeSpent;
use farmhand_model::{AttemptRecord, JobId, Seconds, Timestamp};

/// How an attempt's time divides, from its start to `until`: now, or its end.
///
/// Until its first frame all of it is starting. A program that settled frames and told of none has rendered since
/// it was there.
pub(crate) fn of_attempt(record: &AttemptRecord, until: Timestamp) -> TimeSpent {
    let steps = &record.steps;
    let silent = steps.running.filter(|_| !record.frames_done.is_empty());
    let Some(first) = steps.first_frame.or(silent) else {
        return TimeSpent { starting: until.since(record.started).0, ..TimeSpent::default() };
    };
    // The last lines of a log are often read after its process has ended.
    let ended = steps.process_ended.unwrap_or(until).min(until);
    let first = first.min(ended);
    TimeSpent {
        waiting: 0.0,
        starting: first.since(record.started).0,
        rendering: ended.since(first).0,
        verifying: until.since(ended).0,
    }
}

impl Live {
    /// The DCC began its first frame, at this time at the latest.
    pub(crate) fn came_to_frames(&mut self, at: Timestamp) -> bool {
        let is_new = self.record.steps.first_frame.is_none();
        let at = at.max(self.record.steps.running.unwrap_or(self.record.started));
        self.record.steps.first_frame.get_or_insert(at);
        is_new
    }

    /// Its process tree is empty and lived so long. Counted from its start, since nobody may have been there at its
    /// end. What never ran, or was lost, has no such time.
    pub(crate) fn process_ended(&mut self, lived: Seconds, now: Timestamp) -> bool {
        let steps = &mut self.record.steps;
        match steps.running {
            Some(running) if lived.0 > 0.0 && steps.process_ended.is_none() => {
                steps.process_ended = Some((running + lived).min(now));
                true
            }
            _ => false,
        }
    }
}

impl Job {
    /// Begins or ends the time in which nothing of it runs, where the turn has brought that about.
    pub(crate) fn keep_idle_time(&mut self, now: Timestamp) {
        let is_idle = self.live.is_empty() && !self.status.is_end();
        match self.idle_since {
            None if is_idle => self.idle_since = Some(now),
            Some(since) if !is_idle => {
                self.time.waiting += now.since(since).0;
                self.idle_since = None;
            }
            _ => return,
        }
        self.dirty = true;
    }
}

impl Scheduler {
    /// Where a held job's time has gone until now, with its running attempts.
    #[must_use]
    pub fn time_spent(&self, id: JobId, now: Timestamp) -> Option<TimeSpent> {
        let job = self.jobs.get(&id)?;
        let mut time = job.time;
        time.waiting += job.idle_since.map_or(0.0, |since| now.since(since).0);
        for live in job.live.iter().filter_map(|attempt| self.live.get(attempt)) {
            time += of_attempt(&live.record, now);
        }
        Some(time)
    }
}
