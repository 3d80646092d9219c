//! What a farm needs to know before it starts, already validated: `config` makes it from files and environment.

use super::budget::InteractiveSettings;
use crate::cleanup::CleanupPolicy;
use crate::notify::Webhook;
use farmhand_model::{PathMap, Seconds};
use farmhand_plugin::PluginSettings;
use farmhand_resource::gpu::MonitorSettings;
use farmhand_resource::gpu::standing::GpuRules;
use farmhand_runner::{CgroupMode, IoClass, LogLimits};
use farmhand_scheduler::{NodeCapacity, Policy};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that a farm needs to start.
#[derive(Debug, Clone)]
pub struct FarmSettings {
    /// Database, attempts, logs, the lock: one daemon at a time.
    pub data_dir: PathBuf,
    /// Slots, threads, memory and licences that renders may use.
    pub capacity: NodeCapacity,
    /// When the artist at this machine lets them start.
    pub interactive: InteractiveSettings,
    /// Retries, back-off, chunks, limits.
    pub policy: Policy,
    /// Plugins directory, code cache, limits and grants.
    pub plugins: PluginSettings,
    /// Plugins whose new versions must decide their last attempts as before, and how many of them.
    pub gates: BTreeMap<String, u32>,
    /// Programs that the configuration names, by tool id; they win over what would be found.
    pub tools: BTreeMap<String, PathBuf>,
    /// How GPUs are found, and which of them people keep.
    pub gpus: GpuSettings,
    /// Directories that scenes are read from and images written to; empty: not confined.
    pub roots: Vec<PathBuf>,
    /// How other systems spell paths.
    pub path_map: PathMap,
    /// The studio's own hook scripts.
    pub hooks: HookSettings,
    /// Whom jobs and batches may have told over HTTP, by name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// What is forgotten and removed, and after how long.
    pub cleanup: CleanupPolicy,
    /// The program that `shim` is started with, and its arguments: this very binary.
    pub shim: ShimCommand,
    /// Limits of every render process.
    pub process: ProcessSettings,
}

/// How GPUs are found, and which of them people keep from renders.
#[derive(Debug, Clone, Default)]
pub struct GpuSettings {
    /// The driver's library, and how often it is asked.
    pub monitor: MonitorSettings,
    /// GPUs that are reserved, and when one counts as used by others.
    pub rules: GpuRules,
}

/// Where the studio's own hook scripts are, and how long one may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSettings {
    /// Their directory; absent: jobs may ask for none.
    pub dir: Option<PathBuf>,
    /// Time limit of one hook.
    pub limit: Duration,
}

/// How to start a shim.
#[derive(Debug, Clone)]
pub struct ShimCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, such as `shim`.
    pub args: Vec<OsString>,
}

/// Limits of every render process.
#[derive(Debug, Clone)]
pub struct ProcessSettings {
    /// How much output is kept of one attempt.
    pub log: LogLimits,
    /// Between asking a process tree to end and killing it.
    pub grace: Seconds,
    /// Added to the renders' priority value; 0 leaves it.
    pub nice: i32,
    /// How renders' reading and writing stands behind that of others.
    pub io: IoClass,
    /// Whether attempts get cgroups of their own.
    pub cgroups: CgroupMode,
    /// Whether a cgroup of its own ends an attempt that takes far more memory than it has leased.
    pub memory_limit: bool,
}

impl ProcessSettings {
    /// With what everybody has, so far as it is not asked for.
    #[must_use]
    pub fn new(log: LogLimits, grace: Seconds) -> Self {
        Self { log, grace, nice: 0, io: IoClass::Normal, cgroups: CgroupMode::Off, memory_limit: false }
    }

    /// What an attempt's cgroup may hold, where it is limited: half as much again as was leased, since a lease is what
    /// it is expected to take.
    #[must_use]
    pub fn memory_max(&self, leased_bytes: u64) -> Option<u64> {
        // Nothing leased, or all of a node whose memory is not counted, is no expectation.
        let expected = (1..u64::MAX).contains(&leased_bytes);
        (self.memory_limit && expected).then(|| leased_bytes.saturating_add(leased_bytes / 2))
    }
}

/// What happens to running renders when the daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// They go on, and the next daemon adopts them.
    Keep,
    /// They are ended, and their frames go back to the queue.
    Kill,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_leaves_room_above_the_lease() {
        let check = |memory_limit: bool, leased: u64, expect: Option<u64>| {
            let process =
                ProcessSettings { memory_limit, ..ProcessSettings::new(LogLimits::default(), Seconds(1.0)) };
            assert_eq!(process.memory_max(leased), expect, "{memory_limit}, {leased}");
        };
        check(true, 8 << 30, Some(12 << 30));
        check(false, 8 << 30, None);
        check(true, 0, None);
        check(true, u64::MAX, None);
        check(true, u64::MAX - 1, Some(u64::MAX));
    }
}
