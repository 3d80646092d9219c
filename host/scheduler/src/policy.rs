//! What the node has, how it behaves by default, and what the scheduler must know of a plugin.

use farmhand_model::dcc::FrameShape;
use farmhand_model::{Limit, Seconds};
use std::collections::BTreeMap;

/// What of this node renders may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCapacity {
    /// Tasks at once.
    pub slots: u32,
    /// CPU threads in all.
    pub threads: u32,
    /// Threads of a task whose job does not say.
    pub threads_per_task: u32,
    /// Bytes of memory in all; `u64::MAX` where nobody counts.
    pub memory_bytes: u64,
    /// Licences and counters that there are only so many of, by name; those that are not here have no limit.
    pub limits: BTreeMap<String, Limit>,
}

impl NodeCapacity {
    /// Slots and threads, of which a task whose job does not say gets so many. Memory is not counted, and nothing has a
    /// limit.
    #[must_use]
    pub fn of_threads(slots: u32, threads: u32, threads_per_task: u32) -> Self {
        Self { slots, threads, threads_per_task, memory_bytes: u64::MAX, limits: BTreeMap::new() }
    }
}

/// The node's defaults; a job's own limits go first.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Tries that transient faults may cost a frame, besides the first. 3.
    pub retries: u32,
    /// Wait before the second try; doubled for each one after it. 5 s.
    pub backoff_base: Seconds,
    /// The longest wait between two tries. 5 min.
    pub backoff_max: Seconds,
    /// Wait for a licence, which costs no try; doubled each time that it is missing again. 30 s.
    pub licence_wait: Seconds,
    /// The longest wait for a licence, unless a plugin asks for a longer one. 10 min.
    pub licence_wait_max: Seconds,
    /// Attempts of a job that may be lost in a row without a verified frame before a loss costs a try. 3.
    pub free_losses: u32,
    /// Seconds without any sign of life after which an attempt counts as stalled; 0 means never. 600.
    pub stall_seconds: u32,
    /// Share of one core below which CPU use is no sign of life: a hung process still polls now and then. 0.01.
    pub idle_cpu_share: f64,
    /// Seconds that an attempt may take; 0 means no limit. 0.
    pub attempt_seconds: u32,
    /// Seconds that a frame may take; 0 means no limit. 0.
    pub frame_seconds: u32,
    /// Frames of a first chunk, while costs are unknown. 4.
    pub probe_frames: u32,
    /// How long a chunk should take. 300.
    pub target_chunk_seconds: u32,
    /// The share of a chunk's time that may go into its start. 0.05.
    pub start_share: f64,
    /// Attempts in a row that may end with a worker-fatal fault before the breaker opens without being told to. 3.
    pub breaker_threshold: u32,
    /// How long an open breaker keeps a plugin from taking tasks; doubled each time the next trial fails. 1 min.
    pub breaker_cooldown: Seconds,
    /// The longest such time. 1 h.
    pub breaker_cooldown_max: Seconds,
    /// Memory that a task is given of whose needs nothing is known, at most its slot's part of the node, in bytes. 1 GiB.
    pub unknown_memory_bytes: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retries: 3,
            backoff_base: Seconds(5.0),
            backoff_max: Seconds(300.0),
            licence_wait: Seconds(30.0),
            licence_wait_max: Seconds(600.0),
            free_losses: 3,
            stall_seconds: 600,
            idle_cpu_share: 0.01,
            attempt_seconds: 0,
            frame_seconds: 0,
            probe_frames: 4,
            target_chunk_seconds: 300,
            start_share: 0.05,
            breaker_threshold: 3,
            breaker_cooldown: Seconds(60.0),
            breaker_cooldown_max: Seconds(3600.0),
            unknown_memory_bytes: 1 << 30,
        }
    }
}

impl Policy {
    /// The wait before try `tries + 1`, doubled per try and up to a fifth longer, by a hash of `seed`, so that
    /// tasks that failed together do not come back together.
    pub(crate) fn backoff(&self, tries: u32, seed: u64) -> Seconds {
        let doubled = self.backoff_base.0 * f64::from(tries.saturating_sub(1).min(30)).exp2();
        Seconds(doubled.min(self.backoff_max.0) * jitter(seed))
    }

    /// The wait for a licence that was missing `rounds` times in a row, at least 1: doubled per round, with the same
    /// jitter.
    pub(crate) fn licence_backoff(&self, rounds: u32, seed: u64) -> Seconds {
        let doubled = self.licence_wait.0 * f64::from(rounds.saturating_sub(1).min(30)).exp2();
        Seconds((doubled * jitter(seed)).min(self.licence_wait_max.0))
    }
}

/// A factor from 1 to 1.2.
fn jitter(seed: u64) -> f64 {
    1.0 + (mix(seed) % 1000) as f64 / 5000.0
}

/// A hash that spreads neighbouring numbers (the finaliser of splitmix64).
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// One of a plugin's levels, as far as scheduling goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelProfile {
    /// Such as `render`.
    pub name: String,
    /// Which frames one process takes.
    pub shape: FrameShape,
}

/// A plugin that serves, as far as scheduling goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginProfile {
    /// Its version, held against what jobs ask for.
    pub version: semver::Version,
    /// How many times its slot was swapped: a TD saves again without a new version number.
    pub generation: u64,
    /// Its levels, preferred first; never empty.
    pub levels: Vec<LevelProfile>,
}

impl PluginProfile {
    /// Indexes of the levels that a job may use which names these: all of them where it names none, or none that
    /// the plugin still has.
    fn allowed(&self, names: &[String]) -> impl Iterator<Item = u32> {
        let is_named = |level: &LevelProfile| names.contains(&level.name);
        let has_any = self.levels.iter().any(is_named);
        (0..).zip(&self.levels).filter(move |(_, level)| !has_any || is_named(level)).map(|(index, _)| index)
    }

    /// The level for frames that are to go to `level`: that one or the next that the job may use, or else the last.
    /// A newer version of the plugin may have fewer.
    pub(crate) fn level_from(&self, names: &[String], level: u32) -> u32 {
        let mut allowed = self.allowed(names);
        allowed.find(|index| *index >= level).or_else(|| self.allowed(names).last()).unwrap_or(0)
    }

    /// The next level that the job may use after this one.
    pub(crate) fn level_after(&self, names: &[String], level: u32) -> Option<u32> {
        self.allowed(names).find(|index| *index > level)
    }
}

/// Whether a plugin can take tasks on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginState {
    /// It can.
    Ready(PluginProfile),
    /// It is not there, or has never loaded.
    Unavailable {
        /// What is wrong with it.
        reason: String,
    },
    /// A program that it needs was not found.
    MissingTool {
        /// What was looked for and what to do.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_cap_with_a_steady_jitter() {
        let policy = Policy::default();
        for (tries, least) in [(1, 5.0), (2, 10.0), (3, 20.0), (7, 300.0), (4_000_000, 300.0)] {
            let Seconds(wait) = policy.backoff(tries, 7);
            assert!((least..=least * 1.2).contains(&wait), "{tries}: {wait}");
            assert_eq!(policy.backoff(tries, 7), Seconds(wait));
        }
        assert_ne!(policy.backoff(1, 7), policy.backoff(1, 8));
    }
}
