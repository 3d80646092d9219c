//! Limits on running attempts, and stalls.
//!
//! An attempt has stalled when for long enough there was no output, no CPU use and no new file, all three seen to be
//! absent. Time in which nobody looked does not count: a suspended machine, a busy daemon or a missing figure never
//! kills a render.

use crate::event::Signs;
use crate::scheduler::Scheduler;
use crate::{Effect, attempt::Live, effect::Turn, job::Job, policy::Policy};
use farmhand_model::{AttemptId, EndedBy, Seconds, Timestamp};

/// The longest time between two samples that counts as looked at.
const LOOKED_AT: Seconds = Seconds(60.0);

/// How long an attempt has shown no sign of life.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Pulse {
    sampled: Option<(Timestamp, Signs)>,
    quiet: f64,
}

impl Pulse {
    /// The reader saw something happen.
    pub(crate) fn alive(&mut self) {
        self.quiet = 0.0;
    }

    /// Takes in a sample; answers the seconds that it has been quiet for.
    pub(crate) fn sample(&mut self, now: Timestamp, signs: Signs, idle_cpu_share: f64) -> f64 {
        if let Some((before, old)) = self.sampled {
            let passed = now.since(before).0;
            let newer = |new: Option<Timestamp>, old: Option<Timestamp>| match (new, old) {
                (Some(new), Some(old)) => new > old,
                _ => true,
            };
            let cpu = match (signs.cpu_seconds, old.cpu_seconds) {
                (Some(new), Some(old)) => new - old > idle_cpu_share * passed,
                _ => true,
            };
            if cpu || newer(signs.last_output, old.last_output) || newer(signs.newest_file, old.newest_file) {
                self.quiet = 0.0;
            } else {
                self.quiet += passed.min(LOOKED_AT.0);
            }
        }
        self.sampled = Some((now, signs));
        self.quiet
    }
}

/// When an attempt runs over a limit, if it goes on as it is.
fn deadline(live: &Live, job: &Job, policy: &Policy) -> Option<Timestamp> {
    if live.killed.is_some() {
        return None;
    }
    let limit = |own: Option<u32>, node: u32, from: Option<Timestamp>| {
        let seconds = own.unwrap_or(node);
        from.filter(|_| seconds > 0).map(|from| from + Seconds(f64::from(seconds)))
    };
    let limits = &job.spec.limits;
    let attempt = limit(limits.attempt_seconds, policy.attempt_seconds, live.running_since());
    let frame = limit(limits.frame_seconds, policy.frame_seconds, live.current.map(|(_, began)| began));
    match (attempt, frame) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Scheduler {
    /// The next time at which some attempt runs over a limit.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let of = |live: &Live| deadline(live, self.jobs.get(&live.job())?, &self.policy);
        self.live.values().filter_map(of).min()
    }

    /// Ends what has run over a limit.
    pub(crate) fn enforce_limits(&mut self, turn: &mut Turn) {
        for live in self.live.values_mut() {
            let Some(job) = self.jobs.get(&live.job()) else { continue };
            if deadline(live, job, &self.policy).is_some_and(|at| at <= turn.now) {
                kill(live, EndedBy::TimeLimit, turn);
            }
        }
    }

    pub(crate) fn on_alive(&mut self, turn: &mut Turn, attempt: AttemptId, signs: Signs) {
        let Some(live) = self.live.get_mut(&attempt) else {
            return;
        };
        let Some(job) = self.jobs.get(&live.job()) else { return };
        let limit = job.spec.limits.stall_seconds.unwrap_or(self.policy.stall_seconds);
        let quiet = live.pulse.sample(turn.now, signs, self.policy.idle_cpu_share);
        if limit > 0 && quiet >= f64::from(limit) && live.running_since().is_some() {
            kill(live, EndedBy::Stall, turn);
        }
    }
}

/// Orders the end of an attempt, unless that was done before.
pub(crate) fn kill(live: &mut Live, why: EndedBy, turn: &mut Turn) {
    if live.killed.is_none() {
        live.killed = Some(why);
        turn.push(Effect::Kill { attempt: live.id(), why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(output: i64, cpu: f64, file: i64) -> Signs {
        Signs {
            last_output: Some(Timestamp(output)),
            cpu_seconds: Some(cpu),
            newest_file: Some(Timestamp(file)),
        }
    }

    fn check(samples: &[(i64, Signs)], expect: f64) {
        let mut pulse = Pulse::default();
        let quiet = samples.iter().map(|(at, signs)| pulse.sample(Timestamp(*at), *signs, 0.01)).last();
        assert_eq!(quiet, Some(expect));
    }

    #[test]
    fn only_all_three_signs_together_make_it_quiet() {
        let start = (0, signs(0, 5.0, 0));
        check(&[start], 0.0);
        check(&[start, (10_000, signs(0, 5.0, 0)), (20_000, signs(0, 5.05, 0))], 20.0);
        check(&[start, (10_000, signs(0, 5.0, 0)), (20_000, signs(15_000, 5.0, 0))], 0.0);
        check(&[start, (10_000, signs(0, 5.0, 0)), (20_000, signs(0, 6.0, 0))], 0.0);
        check(&[start, (10_000, signs(0, 5.0, 0)), (20_000, signs(0, 5.0, 15_000))], 0.0);
    }

    #[test]
    fn what_nobody_saw_is_not_held_against_it() {
        let start = (0, signs(0, 5.0, 0));
        let unknown = Signs { cpu_seconds: None, ..signs(0, 5.0, 0) };
        check(&[start, (10_000, signs(0, 5.0, 0)), (20_000, unknown)], 0.0);
        // A suspended machine: an hour passed, a minute of it counts.
        check(&[start, (3_600_000, signs(0, 5.0, 0))], 60.0);
    }
}
