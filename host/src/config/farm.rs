//! From the configuration to what the farm and the API are started with.

use super::typed::{Config, InteractiveConfig, PluginConfig, WatchChoice, Workstation};
use crate::api::ApiSettings;
use crate::farm::{
    FarmSettings, GpuSettings, HookSettings, InteractiveSettings, ProcessSettings, SelfCompiler, ShimCommand,
    VERSIONS,
};
use farmhand_model::{Bytes, Seconds};
use farmhand_plugin::{Grant, LimitChange, Limits, PluginSettings, Versions, WatchMode};
use farmhand_resource::NodeFacts;
use farmhand_resource::gpu::MonitorSettings;
use farmhand_runner::LogLimits;
use farmhand_scheduler::{NodeCapacity, Policy};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How much of this machine renders may use, with everything decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSize {
    /// CPU threads in all.
    pub threads: u32,
    /// Tasks at once.
    pub slots: u32,
    /// CPU threads of each task.
    pub threads_per_task: u32,
    /// Bytes of memory in all; `u64::MAX` where it is not known how much there is.
    pub memory_bytes: u64,
}

/// The same on a workstation, and otherwise.
const CORES_PERCENT: [u32; 2] = [80, 100];
/// In bytes, and at most this part of the memory.
const KEEP_MEMORY: [(u64, u64); 2] = [(2 << 30, 4), (512 << 20, 8)];

impl Config {
    /// What says that somebody works at this machine; none: nobody does.
    #[must_use]
    pub fn workstation(&self, machine: &NodeFacts) -> Option<String> {
        match self.interactive.workstation {
            Workstation::Auto => machine.desktop.clone(),
            Workstation::On => Some("interactive.workstation".to_owned()),
            Workstation::Off => None,
        }
    }

    /// How much of a machine renders may use. What is not configured: two slots with half of the cores each, since a
    /// second process loads, builds and saves while the first one renders; on a single core one.
    #[must_use]
    pub fn node_size(&self, machine: &NodeFacts) -> NodeSize {
        let kind = usize::from(self.workstation(machine).is_none());
        let percent = self.interactive.cores_percent.unwrap_or(CORES_PERCENT[kind]);
        let found = machine.usable_cores.max(1);
        // A share that somebody set aside is kept, whatever else is configured. Otherwise, where more is configured than
        // there are cores, that is meant.
        let share = (percent < 100)
            .then(|| u32::try_from(u64::from(found) * u64::from(percent) / 100).unwrap_or(found).max(1));
        let within = |count: u32| share.map_or(count, |share| count.min(share)).max(1);
        let cores = within(self.cores.unwrap_or(found));
        let threads = self.threads_per_task.map(within);
        let slots =
            self.slots.unwrap_or_else(|| threads.map_or(cores.min(2), |threads| (cores / threads).max(1)));
        let threads_per_task = threads.unwrap_or_else(|| (cores / slots).max(1));
        NodeSize {
            threads: within(cores.max(slots.saturating_mul(threads_per_task))),
            slots,
            threads_per_task,
            memory_bytes: self.memory_for_renders(machine.memory_bytes, kind),
        }
    }

    /// `found` is 0 where it is not known.
    fn memory_for_renders(&self, found: u64, kind: usize) -> u64 {
        let (most, part) = KEEP_MEMORY[kind];
        let keep =
            self.interactive.keep_memory_mb.map_or(most.min(found / part), |megabytes| megabytes << 20);
        match self.memory {
            Some(Bytes(bytes)) => bytes,
            None if found == 0 => u64::MAX,
            None => found.saturating_sub(keep),
        }
    }

    /// When the artist at this machine lets renders start.
    #[must_use]
    pub fn interactive_settings(&self) -> InteractiveSettings {
        let InteractiveConfig { schedule, pause_on_activity, idle_minutes, .. } = &self.interactive;
        InteractiveSettings {
            schedule: schedule.clone(),
            idle: pause_on_activity.then(|| Duration::from_secs(60 * u64::from(*idle_minutes))),
        }
    }

    /// What of a machine renders may use.
    #[must_use]
    pub fn capacity(&self, machine: &NodeFacts) -> NodeCapacity {
        let size = self.node_size(machine);
        NodeCapacity {
            slots: size.slots,
            threads: size.threads,
            threads_per_task: size.threads_per_task,
            memory_bytes: size.memory_bytes,
            limits: self.limits.clone(),
        }
    }

    /// What the farm is started with, on this machine, with shims started from `program`.
    #[must_use]
    pub fn farm_settings(&self, machine: &NodeFacts, program: PathBuf) -> FarmSettings {
        FarmSettings {
            data_dir: self.data_dir.clone(),
            capacity: self.capacity(machine),
            interactive: self.interactive_settings(),
            policy: Policy {
                retries: self.retries,
                attempt_seconds: self.attempt_seconds,
                frame_seconds: self.frame_seconds,
                stall_seconds: self.stall_seconds,
                ..Policy::default()
            },
            plugins: PluginSettings {
                warm_runners: true,
                compiler: Some(Arc::new(SelfCompiler::new(program.clone(), self.cache_dir.clone()))),
                ..self.plugin_settings()
            },
            gates: self.plugins.iter().filter_map(|(name, of)| Some((name.clone(), of.gate?))).collect(),
            tools: self.tools.clone(),
            gpus: GpuSettings {
                monitor: MonitorSettings { library: self.gpus_library.clone(), ..MonitorSettings::default() },
                rules: self.gpu_rules.clone(),
            },
            roots: self.roots.clone(),
            path_map: self.path_map.clone(),
            hooks: HookSettings {
                dir: self.hooks_dir.clone(),
                limit: Duration::from_secs(u64::from(self.hook_seconds)),
            },
            webhooks: self.webhooks.clone(),
            cleanup: self.cleanup,
            shim: ShimCommand { program, args: vec!["shim".into()] },
            process: ProcessSettings {
                log: LogLimits {
                    head_bytes: self.log_cap_mb << 19,
                    tail_bytes: self.log_cap_mb << 19,
                    ..LogLimits::default()
                },
                grace: Seconds(f64::from(self.grace_seconds)),
                nice: self.nice,
                io: self.io,
                cgroups: self.cgroups,
                memory_limit: self.memory_limit,
            },
        }
    }

    /// What the plugin host is told.
    #[must_use]
    pub fn plugin_settings(&self) -> PluginSettings {
        PluginSettings {
            dir: Some(self.plugins_dir.clone()),
            runners: self.runner_dirs.clone(),
            // Whoever has the data directory to itself keeps them.
            versions: Versions::Read(self.data_dir.join(VERSIONS)),
            rollback_after: rollback_after(&self.all_plugins).unwrap_or(3),
            plugin_rollback_after: self
                .plugins
                .iter()
                .filter_map(|(name, plugin)| Some((name.clone(), rollback_after(plugin)?)))
                .collect(),
            watch: match self.plugins_watch {
                WatchChoice::Notify => WatchMode::Notify,
                WatchChoice::Poll => WatchMode::Poll(Duration::from_secs(1)),
                WatchChoice::Off => WatchMode::Off,
            },
            limits: Limits::default().changed(&limits_of(&self.all_plugins)),
            plugin_limits: self
                .plugins
                .iter()
                .map(|(name, plugin)| (name.clone(), limits_of(plugin)))
                .collect(),
            grants: self.plugins.iter().map(|(name, plugin)| (name.clone(), grant_of(plugin))).collect(),
            ..PluginSettings::new(&self.cache_dir)
        }
    }

    /// What the API is started with; `listen` is the address that is really listened on.
    pub fn api_settings(&self, listen: SocketAddr) -> Result<ApiSettings, crate::api::ApiError> {
        let token = self.token.as_ref().map(|token| crate::api::Token::new(token.reveal())).transpose()?;
        Ok(ApiSettings { token, allowed_hosts: self.allowed_hosts.clone(), ..ApiSettings::new(listen) })
    }
}

fn rollback_after(plugin: &PluginConfig) -> Option<u32> {
    plugin.rollback_after.and_then(|calls| u32::try_from(calls).ok())
}

/// What one plugin has of its own.
fn limits_of(plugin: &PluginConfig) -> LimitChange {
    let size = |count: Option<u64>, shift: u32| count.and_then(|count| usize::try_from(count << shift).ok());
    LimitChange {
        memory: size(plugin.memory_mb, 20),
        call: plugin.call_ms.map(Duration::from_millis),
        log: size(plugin.log_kb, 10),
        log_lines_per_second: plugin.log_lines_per_second.and_then(|count| u32::try_from(count).ok()),
        hostcall: None,
    }
}

fn grant_of(plugin: &PluginConfig) -> Grant {
    Grant {
        read: plugin.read.clone(),
        env: plugin.env.clone(),
        config: serde_json::Value::Object(plugin.config.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flag, Surroundings, load};

    const GB: u64 = 1 << 30;

    fn machine(cores: u32, memory: u64, desktop: bool) -> NodeFacts {
        NodeFacts {
            host_name: "render01".to_owned(),
            physical_cores: None,
            logical_cores: cores,
            usable_cores: cores,
            memory_bytes: memory,
            os: "Linux".to_owned(),
            desktop: desktop.then(|| "/tmp/.X11-unix/X0".to_owned()),
        }
    }

    fn size(machine: &NodeFacts, set: &[(&'static str, &str)]) -> NodeSize {
        let around = Surroundings {
            variables: Vec::new(),
            current_dir: "/nowhere".into(),
            home: None,
            config_dir: None,
            data_dir: Some("/nowhere/data".into()),
        };
        let flags: Vec<Flag> =
            set.iter().map(|(key, text)| Flag { name: "--flag", key, text: (*text).to_owned() }).collect();
        load(&around, None, &flags).unwrap().node_size(machine)
    }

    #[test]
    fn a_machine_is_divided_so_that_no_core_idles() {
        const CORES: &str = "node.cores";
        const SLOTS: &str = "node.slots";
        const THREADS: &str = "node.threads_per_task";
        const PERCENT: &str = "interactive.cores_percent";
        const WORKSTATION: &str = "interactive.workstation";
        type Set = &'static [(&'static str, &'static str)];
        // Cores, whether there is a desktop, what is set; threads in all, slots, threads of each.
        type Expect = (u32, u32, u32);
        let table: [(u32, bool, Set, Expect); 22] = [
            (1, false, &[], (1, 1, 1)),
            (2, false, &[], (2, 2, 1)),
            (16, false, &[], (16, 2, 8)),
            (16, false, &[(CORES, "12")], (12, 2, 6)),
            (16, false, &[(SLOTS, "4")], (16, 4, 4)),
            (16, false, &[(SLOTS, "5")], (16, 5, 3)),
            (16, false, &[(THREADS, "4")], (16, 4, 4)),
            (16, false, &[(THREADS, "32")], (32, 1, 32)),
            (2, false, &[(SLOTS, "8")], (8, 8, 1)),
            (0, false, &[], (1, 1, 1)),
            (1, true, &[], (1, 1, 1)),
            (2, true, &[], (1, 1, 1)),
            (4, true, &[], (3, 2, 1)),
            (16, true, &[], (12, 2, 6)),
            (16, true, &[(WORKSTATION, "off")], (16, 2, 8)),
            (16, false, &[(WORKSTATION, "on")], (12, 2, 6)),
            (16, true, &[(PERCENT, "50")], (8, 2, 4)),
            (16, true, &[(PERCENT, "100")], (16, 2, 8)),
            (16, true, &[(CORES, "4")], (4, 2, 2)),
            // The share stays, whatever is asked of it, and one task always fits.
            (16, true, &[(CORES, "16")], (12, 2, 6)),
            (16, true, &[(SLOTS, "20")], (12, 20, 1)),
            (16, true, &[(THREADS, "32")], (12, 1, 12)),
        ];
        for (cores, desktop, set, expect) in table {
            let size = size(&machine(cores, 64 * GB, desktop), set);
            assert_eq!(
                (size.threads, size.slots, size.threads_per_task),
                expect,
                "{cores} {desktop} {set:?}"
            );
        }
    }

    #[test]
    fn memory_is_kept_for_whoever_works_here() {
        const KEEP: &str = "interactive.keep_memory_mb";
        type Set = &'static [(&'static str, &'static str)];
        let table: [(u64, bool, Set, u64); 10] = [
            (64 * GB, true, &[], 62 * GB),
            (64 * GB, false, &[], 64 * GB - (GB >> 1)),
            (4 * GB, true, &[], 3 * GB),
            (2 * GB, false, &[], 2 * GB - (GB >> 2)),
            (64 * GB, true, &[(KEEP, "8192")], 56 * GB),
            (64 * GB, true, &[(KEEP, "0")], 64 * GB),
            (2 * GB, true, &[(KEEP, "8192")], 0),
            (64 * GB, true, &[("node.memory", "60 GiB")], 60 * GB),
            (0, true, &[], u64::MAX),
            (0, true, &[("node.memory", "48 GB")], 48_000_000_000),
        ];
        for (found, desktop, set, expect) in table {
            let size = size(&machine(16, found, desktop), set);
            assert_eq!(size.memory_bytes, expect, "{found} {desktop} {set:?}");
        }
    }
}
