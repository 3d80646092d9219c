//! What is known of a plugin: whether it serves, its circuit breakers, and its jobs that could start.

use crate::needs::Class;
use crate::policy::{PluginProfile, PluginState, Policy};
use crate::queue::Place;
use farmhand_model::dcc::Cause;
use farmhand_model::{AttemptId, JobId, Seconds, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Keeps a plugin, or one GPU under it, from burning every job of the queue on a node where nothing of it can
/// render.
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Evidence {
    /// It rendered something, or failed in a way that any node would see.
    Good,
    /// It ended with a worker-fatal fault.
    Strike(Trouble),
    /// The plugin, or the host in its place, wants no more tasks here.
    Quarantine(Trouble),
    /// It was killed or lost before it could tell.
    None,
}

/// What is wrong on this node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) cause: Cause,
    pub(crate) reason: String,
    /// The GPU of its lease that it is about, by index; absent where the plugin as a whole is to take the blame.
    pub(crate) gpu: Option<u32>,
}

impl Evidence {
    /// The GPU that alone is to blame.
    pub(crate) fn gpu(&self) -> Option<u32> {
        match self {
            Evidence::Strike(trouble) | Evidence::Quarantine(trouble) => trouble.gpu,
            Evidence::Good | Evidence::None => None,
        }
    }
}

impl Breaker {
    pub(crate) const CLOSED: Breaker = Breaker::Closed { strikes: 0 };

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Breaker::Closed { .. })
    }

    /// Whether it lets a task through now.
    pub(crate) fn admits(&self, now: Timestamp) -> bool {
        match self {
            Breaker::Closed { .. } => true,
            Breaker::Open { until, .. } => *until <= now,
            Breaker::HalfOpen { .. } => false,
        }
    }

    /// Until when an open one lets nothing through, and why; while a trial runs, at least for as long as it was open.
    pub(crate) fn holds_until(&self) -> Option<(Timestamp, &Tripped)> {
        match self {
            Breaker::Closed { .. } => None,
            Breaker::Open { until, why } => Some((*until, why)),
            Breaker::HalfOpen { since, why, .. } => Some((*since + why.cooldown, why)),
        }
    }

    /// A task was let through; where the breaker was open, it is the trial.
    fn started(&mut self, attempt: AttemptId, now: Timestamp) {
        if let Breaker::Open { why, until } = self
            && *until <= now
        {
            *self = Breaker::HalfOpen { trial: attempt, since: now, why: why.clone() };
        }
    }

    /// Takes in what an attempt says. Answers whether it opened or closed.
    fn observe(&mut self, attempt: AttemptId, evidence: Evidence, policy: &Policy, now: Timestamp) -> bool {
        let open = |trouble: Trouble, cooldown: f64| {
            let cooldown = Seconds(cooldown.min(policy.breaker_cooldown_max.0));
            let why = Tripped { cause: trouble.cause, reason: trouble.reason, cooldown };
            Breaker::Open { until: now + cooldown, why }
        };
        let next = match (&*self, evidence) {
            (Breaker::HalfOpen { trial, .. }, Evidence::Good) if *trial == attempt => Breaker::CLOSED,
            (
                Breaker::HalfOpen { trial, why, .. },
                Evidence::Quarantine(trouble) | Evidence::Strike(trouble),
            ) if *trial == attempt => open(trouble, why.cooldown.0 * 2.0),
            // The trial told nothing: the next task is one.
            (Breaker::HalfOpen { trial, why, .. }, Evidence::None) if *trial == attempt => {
                Breaker::Open { until: now, why: why.clone() }
            }
            (Breaker::Closed { .. }, Evidence::Good) => Breaker::CLOSED,
            (Breaker::Closed { .. }, Evidence::Quarantine(trouble)) => {
                open(trouble, policy.breaker_cooldown.0)
            }
            (Breaker::Closed { strikes }, Evidence::Strike(trouble)) => {
                if strikes + 1 >= policy.breaker_threshold {
                    open(trouble, policy.breaker_cooldown.0)
                } else {
                    Breaker::Closed { strikes: strikes + 1 }
                }
            }
            // Attempts that began before the breaker opened say nothing new.
            _ => return false,
        };
        let differs = self.is_closed() != next.is_closed() || !next.is_closed();
        *self = next;
        differs
    }
}

/// One plugin, by name.
pub(crate) struct Plugin {
    /// Absent until it was announced.
    pub(crate) state: Option<PluginState>,
    /// The last profile that it had; what an unavailable plugin's attempts are judged by.
    pub(crate) profile: Option<PluginProfile>,
    /// How often it changed. What attempts of an older version say does not open the breaker of a newer one.
    pub(crate) epoch: u64,
    /// For all of its tasks.
    pub(crate) breaker: Breaker,
    /// For its use of one GPU, by index; only those that have seen trouble.
    pub(crate) gpus: BTreeMap<u32, Breaker>,
    /// Its jobs that could start if there were room, by what their next tasks need; no line is empty.
    pub(crate) lines: BTreeMap<Class, BTreeSet<Place>>,
}

impl Plugin {
    pub(crate) fn new() -> Self {
        Self {
            state: None,
            profile: None,
            epoch: 0,
            breaker: Breaker::CLOSED,
            gpus: BTreeMap::new(),
            lines: BTreeMap::new(),
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
        let was_open = !self.breaker.is_closed() || self.gpus.values().any(|gpu| !gpu.is_closed());
        self.breaker = Breaker::CLOSED;
        self.gpus.clear();
        was_open
    }

    /// Whether the breaker lets a task through now.
    pub(crate) fn admits(&self, now: Timestamp) -> bool {
        self.breaker.admits(now)
    }

    /// When open breakers let a task through.
    pub(crate) fn reopens(&self) -> impl Iterator<Item = Timestamp> + '_ {
        self.gpus.values().chain([&self.breaker]).filter_map(|breaker| match breaker {
            Breaker::Open { until, .. } => Some(*until),
            _ => None,
        })
    }

    /// Puts a job into a line.
    pub(crate) fn line_up(&mut self, class: Class, place: Place) {
        self.lines.entry(class).or_default().insert(place);
    }

    /// Takes a job out of a line.
    pub(crate) fn leave(&mut self, class: &Class, place: Place) {
        if let Some(line) = self.lines.get_mut(class) {
            line.remove(&place);
            if line.is_empty() {
                self.lines.remove(class);
            }
        }
    }

    /// Its jobs in line; one whose tasks need different things may come more than once.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = JobId> + '_ {
        self.lines.values().flatten().map(|(_, job)| *job)
    }

    /// A task was let through with these GPUs, by index: where a breaker was open, it is the trial.
    pub(crate) fn started(&mut self, attempt: AttemptId, gpus: &[u32], now: Timestamp) {
        self.breaker.started(attempt, now);
        for gpu in gpus {
            if let Some(breaker) = self.gpus.get_mut(gpu) {
                breaker.started(attempt, now);
            }
        }
    }

    /// An attempt has verified its first frame, or one more. Of its GPUs that says nothing yet: it may have gone round
    /// them. Answers whether a breaker closed.
    pub(crate) fn rendered(&mut self, attempt: AttemptId, policy: &Policy, now: Timestamp) -> bool {
        self.breaker.observe(attempt, Evidence::Good, policy, now)
    }

    /// Takes in what the end of an attempt says that held these GPUs, by index. Trouble with one GPU is not held against
    /// the plugin. Answers whether a breaker opened or closed.
    pub(crate) fn ended(
        &mut self,
        attempt: AttemptId,
        gpus: &[u32],
        evidence: Evidence,
        policy: &Policy,
        now: Timestamp,
    ) -> bool {
        let named = evidence.gpu();
        if let Some(index) = named {
            self.gpus.entry(index).or_insert(Breaker::CLOSED);
        }
        let mut differs = false;
        for (index, gpu) in &mut self.gpus {
            let of_gpu = match &evidence {
                Evidence::Good if gpus.contains(index) => Evidence::Good,
                _ if named == Some(*index) => evidence.clone(),
                _ => Evidence::None,
            };
            differs |= gpu.observe(attempt, of_gpu, policy, now);
        }
        self.gpus.retain(|_, gpu| *gpu != Breaker::CLOSED);
        let of_plugin = if named.is_some() { Evidence::None } else { evidence };
        differs | self.breaker.observe(attempt, of_plugin, policy, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(cause: Cause, gpu: Option<u32>) -> Trouble {
        Trouble { cause, reason: "it is broken".to_owned(), gpu }
    }

    fn quarantine() -> Evidence {
        Evidence::Quarantine(trouble(Cause::Gpu, None))
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
        assert!(plugin.ended(AttemptId(1), &[], quarantine(), &policy, at(0)));
        assert_eq!(until(&plugin), 60_000);
        assert!(!plugin.ended(AttemptId(2), &[], quarantine(), &policy, at(10)), "it is open already");
        assert!(!plugin.admits(at(59_999)) && plugin.admits(at(60_000)));
        plugin.started(AttemptId(3), &[], at(60_000));
        assert!(!plugin.admits(at(1_000_000)), "one task only");
        assert!(!plugin.ended(AttemptId(2), &[], Evidence::Good, &policy, at(60_001)), "not the trial");
        assert!(plugin.ended(AttemptId(3), &[], quarantine(), &policy, at(70_000)));
        assert_eq!(until(&plugin), 70_000 + 120_000);
        plugin.started(AttemptId(4), &[], at(200_000));
        assert!(plugin.ended(AttemptId(4), &[], Evidence::None, &policy, at(210_000)));
        assert!(plugin.admits(at(210_000)), "a trial that was killed decides nothing");
        plugin.started(AttemptId(5), &[], at(210_000));
        assert!(plugin.ended(AttemptId(5), &[], Evidence::Good, &policy, at(220_000)));
        assert_eq!(plugin.breaker, Breaker::Closed { strikes: 0 });
    }

    #[test]
    fn worker_fatal_faults_in_a_row_open_it_too() {
        let policy = Policy::default();
        let mut plugin = Plugin::new();
        let strike = |plugin: &mut Plugin| {
            let evidence = Evidence::Strike(trouble(Cause::Disk, None));
            plugin.ended(AttemptId(1), &[], evidence, &policy, Timestamp(0))
        };
        assert!(!strike(&mut plugin));
        assert!(!strike(&mut plugin));
        plugin.ended(AttemptId(1), &[], Evidence::Good, &policy, Timestamp(0));
        assert!(!strike(&mut plugin));
        assert!(!strike(&mut plugin));
        assert!(strike(&mut plugin));
        assert!(!plugin.admits(Timestamp(0)));
    }

    #[test]
    fn a_gpu_opens_on_its_own_and_its_trial_decides_at_its_end() {
        let policy = Policy::default();
        let mut plugin = Plugin::new();
        let at = Timestamp;
        let of_gpu = |gpu| Evidence::Quarantine(trouble(Cause::Gpu, Some(gpu)));
        let admits = |plugin: &Plugin, gpu, now| plugin.gpus.get(&gpu).is_none_or(|gpu| gpu.admits(at(now)));
        assert!(plugin.ended(AttemptId(1), &[1], of_gpu(1), &policy, at(0)));
        assert!(plugin.admits(at(0)) && !admits(&plugin, 1, 59_999) && admits(&plugin, 0, 0));
        assert_eq!(plugin.reopens().collect::<Vec<_>>(), [at(60_000)]);
        plugin.started(AttemptId(2), &[0], at(60_000));
        assert!(admits(&plugin, 1, 60_000), "it has another GPU");
        plugin.started(AttemptId(3), &[1], at(60_000));
        assert!(!admits(&plugin, 1, 60_000), "it is the trial, and the only one");
        plugin.rendered(AttemptId(3), &policy, at(61_000));
        plugin.ended(AttemptId(2), &[0], Evidence::Good, &policy, at(62_000));
        assert!(!admits(&plugin, 1, 62_000), "a frame may have gone round it, and attempt 2 had another");
        assert!(plugin.ended(AttemptId(3), &[1], of_gpu(1), &policy, at(70_000)));
        assert!(!admits(&plugin, 1, 70_000 + 119_999), "twice as long");
        plugin.started(AttemptId(6), &[1], at(70_000 + 120_000));
        assert!(plugin.ended(AttemptId(6), &[1], Evidence::Good, &policy, at(200_000)));
        assert!(plugin.gpus.is_empty());
    }

    #[test]
    fn strikes_of_a_gpu_are_its_own() {
        let policy = Policy::default();
        let mut plugin = Plugin::new();
        let strike = |plugin: &mut Plugin, gpu| {
            plugin.ended(AttemptId(1), &[], Evidence::Strike(trouble(Cause::Gpu, gpu)), &policy, Timestamp(0))
        };
        assert!(!strike(&mut plugin, Some(0)) && !strike(&mut plugin, Some(0)));
        assert!(!strike(&mut plugin, Some(1)) && !strike(&mut plugin, None));
        assert!(strike(&mut plugin, Some(0)));
        let open: Vec<u32> =
            plugin.gpus.iter().filter(|(_, gpu)| !gpu.is_closed()).map(|(gpu, _)| *gpu).collect();
        assert!(open == [0] && plugin.admits(Timestamp(0)));
        plugin.ended(AttemptId(2), &[1], Evidence::Good, &policy, Timestamp(0));
        assert!(!plugin.gpus.contains_key(&1), "what it held has shown that it works");
    }
}
