//! What is known of a plugin: whether it serves, its circuit breaker, and its jobs that could start.

use crate::policy::{PluginProfile, PluginState, Policy};
use crate::queue::Place;
use farmhand_model::dcc::Cause;
use farmhand_model::{AttemptId, Seconds, Timestamp};
use std::collections::BTreeSet;

/// Keeps a plugin from burning every job of the queue on a node where nothing of it can render.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Breaker {
    /// Tasks go through. `strikes` worker-fatal ends in a row have been seen.
    Closed { strikes: u32 },
    /// Nothing goes through before `until`; after it one task does.
    Open { until: Timestamp, why: Tripped },
    /// One task is through, and its end decides.
    HalfOpen { trial: AttemptId, since: Timestamp, why: Tripped },
}

/// What opened a breaker, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tripped {
    pub(crate) cause: Cause,
    pub(crate) reason: String,
    pub(crate) cooldown: Seconds,
}

/// How an attempt speaks for or against its plugin on this node.
pub(crate) enum Evidence {
    /// It rendered something, or failed in a way that any node would see.
    Good,
    /// It ended with a worker-fatal fault.
    Strike { cause: Cause, reason: String },
    /// The plugin, or the host in its place, wants no more tasks here.
    Quarantine { cause: Cause, reason: String },
    /// It was killed or lost before it could tell.
    None,
}

/// One plugin, by name.
pub(crate) struct Plugin {
    /// Absent until it was announced.
    pub(crate) state: Option<PluginState>,
    /// The last profile that it had; what an unavailable plugin's attempts are judged by.
    pub(crate) profile: Option<PluginProfile>,
    /// How often it changed. What attempts of an older version say does not open the breaker of a newer one.
    pub(crate) epoch: u64,
    pub(crate) breaker: Breaker,
    /// Its jobs that could start if they had a slot.
    pub(crate) ready: BTreeSet<Place>,
}

impl Plugin {
    pub(crate) fn new() -> Self {
        Self {
            state: None,
            profile: None,
            epoch: 0,
            breaker: Breaker::Closed { strikes: 0 },
            ready: BTreeSet::new(),
        }
    }

    /// The profile, where it serves now.
    pub(crate) fn serving(&self) -> Option<&PluginProfile> {
        match &self.state {
            Some(PluginState::Ready(profile)) if !profile.levels.is_empty() => Some(profile),
            _ => None,
        }
    }

    /// Takes in a new state, and does nothing where it is the old one; answers whether a breaker was closed by it.
    pub(crate) fn announce(&mut self, state: PluginState) -> bool {
        if self.state.as_ref() == Some(&state) {
            return false;
        }
        if let PluginState::Ready(profile) = &state {
            self.profile = Some(profile.clone());
        }
        self.state = Some(state);
        self.epoch += 1;
        let was_open = !matches!(self.breaker, Breaker::Closed { .. });
        self.breaker = Breaker::Closed { strikes: 0 };
        was_open
    }

    /// Whether the breaker lets a task through now.
    pub(crate) fn admits(&self, now: Timestamp) -> bool {
        match &self.breaker {
            Breaker::Closed { .. } => true,
            Breaker::Open { until, .. } => *until <= now,
            Breaker::HalfOpen { .. } => false,
        }
    }

    /// When the open breaker lets a task through.
    pub(crate) fn reopens(&self) -> Option<Timestamp> {
        match &self.breaker {
            Breaker::Open { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// A task was let through; where the breaker was open, it is the trial.
    pub(crate) fn started(&mut self, attempt: AttemptId, now: Timestamp) {
        if let Breaker::Open { why, .. } = &self.breaker {
            self.breaker = Breaker::HalfOpen { trial: attempt, since: now, why: why.clone() };
        }
    }

    /// Takes in what an attempt's end, or its first frame, says. Answers whether the breaker opened or closed.
    pub(crate) fn observe(
        &mut self,
        attempt: AttemptId,
        evidence: Evidence,
        policy: &Policy,
        now: Timestamp,
    ) -> bool {
        let open = |cause, reason, cooldown: f64| {
            let cooldown = Seconds(cooldown.min(policy.breaker_cooldown_max.0));
            Breaker::Open { until: now + cooldown, why: Tripped { cause, reason, cooldown } }
        };
        let next = match (&self.breaker, evidence) {
            (Breaker::HalfOpen { trial, .. }, Evidence::Good) if *trial == attempt => {
                Breaker::Closed { strikes: 0 }
            }
            (
                Breaker::HalfOpen { trial, why, .. },
                Evidence::Quarantine { cause, reason } | Evidence::Strike { cause, reason },
            ) if *trial == attempt => open(cause, reason, why.cooldown.0 * 2.0),
            // The trial told nothing: the next task is one.
            (Breaker::HalfOpen { trial, why, .. }, Evidence::None) if *trial == attempt => {
                Breaker::Open { until: now, why: why.clone() }
            }
            (Breaker::Closed { .. }, Evidence::Good) => Breaker::Closed { strikes: 0 },
            (Breaker::Closed { .. }, Evidence::Quarantine { cause, reason }) => {
                open(cause, reason, policy.breaker_cooldown.0)
            }
            (Breaker::Closed { strikes }, Evidence::Strike { cause, reason }) => {
                if strikes + 1 >= policy.breaker_threshold {
                    open(cause, reason, policy.breaker_cooldown.0)
                } else {
                    Breaker::Closed { strikes: strikes + 1 }
                }
            }
            // Attempts that began before the breaker opened say nothing new.
            _ => return false,
        };
        let is_closed = |breaker: &Breaker| matches!(breaker, Breaker::Closed { .. });
        let differs = is_closed(&self.breaker) != is_closed(&next) || !is_closed(&next);
        self.breaker = next;
        differs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantine() -> Evidence {
        Evidence::Quarantine { cause: Cause::Gpu, reason: "no GPU memory".to_owned() }
    }

    fn until(plugin: &Plugin) -> i64 {
        match &plugin.breaker {
            Breaker::Open { until, .. } => until.0,
            other => panic!("not open: {other:?}"),
        }
    }

    #[test]
    fn opens_lets_one_through_and_opens_for_longer() {
        let policy = Policy::default();
        let mut plugin = Plugin::new();
        let at = Timestamp;
        assert!(plugin.observe(AttemptId(1), quarantine(), &policy, at(0)));
        assert_eq!(until(&plugin), 60_000);
        assert!(!plugin.observe(AttemptId(2), quarantine(), &policy, at(10)), "it is open already");
        assert!(!plugin.admits(at(59_999)) && plugin.admits(at(60_000)));
        plugin.started(AttemptId(3), at(60_000));
        assert!(!plugin.admits(at(1_000_000)), "one task only");
        assert!(!plugin.observe(AttemptId(2), Evidence::Good, &policy, at(60_001)), "not the trial");
        assert!(plugin.observe(AttemptId(3), quarantine(), &policy, at(70_000)));
        assert_eq!(until(&plugin), 70_000 + 120_000);
        plugin.started(AttemptId(4), at(200_000));
        assert!(plugin.observe(AttemptId(4), Evidence::None, &policy, at(210_000)));
        assert!(plugin.admits(at(210_000)), "a trial that was killed decides nothing");
        plugin.started(AttemptId(5), at(210_000));
        assert!(plugin.observe(AttemptId(5), Evidence::Good, &policy, at(220_000)));
        assert_eq!(plugin.breaker, Breaker::Closed { strikes: 0 });
    }

    #[test]
    fn worker_fatal_faults_in_a_row_open_it_too() {
        let policy = Policy::default();
        let mut plugin = Plugin::new();
        let strike = |plugin: &mut Plugin| {
            let evidence = Evidence::Strike { cause: Cause::Disk, reason: "disk full".to_owned() };
            plugin.observe(AttemptId(1), evidence, &policy, Timestamp(0))
        };
        assert!(!strike(&mut plugin));
        assert!(!strike(&mut plugin));
        plugin.observe(AttemptId(1), Evidence::Good, &policy, Timestamp(0));
        assert!(!strike(&mut plugin));
        assert!(!strike(&mut plugin));
        assert!(strike(&mut plugin));
        assert!(!plugin.admits(Timestamp(0)));
    }
}
