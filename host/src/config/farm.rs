//! From the configuration to what the farm and the API are started with.

use super::typed::{Config, PluginConfig, WatchChoice};
use crate::api::ApiSettings;
use crate::farm::{FarmSettings, GpuSettings, HookSettings, ProcessSettings, SelfCompiler, ShimCommand, VERSIONS};
use farmhand_model::Seconds;
use farmhand_plugin::{Grant, LimitChange, Limits, PluginSettings, Versions, WatchMode};
use farmhand_resource::gpu::MonitorSettings;
use farmhand_runner::LogLimits;
use farmhand_scheduler::{NodeCapacity, Policy};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How much of this machine renders may use, with everything decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSize {
    /// CPU cores in all.
    pub cores: u32,
    /// Tasks at once.
    pub slots: u32,
    /// CPU threads of each task.
    pub threads_per_task: u32,
}

impl NodeSize {
    /// Fills in what is not configured: two slots with half of the cores each, since a second process loads, builds
    /// and saves while the first one renders; on a single core one.
    #[must_use]
    pub fn resolve(found: u32, cores: Option<u32>, slots: Option<u32>, threads: Option<u32>) -> Self {
        let cores = cores.unwrap_or(found).max(1);
        let slots = slots.unwrap_or_else(|| threads.map_or(cores.min(2), |threads| (cores / threads).max(1)));
        let threads_per_task = threads.unwrap_or_else(|| (cores / slots).max(1));
        Self { cores, slots, threads_per_task }
    }
}

impl Config {
    /// How much of a machine with this many cores renders may use.
    #[must_use]
    pub fn node_size(&self, cores_found: u32) -> NodeSize {
        NodeSize::resolve(cores_found, self.cores, self.slots, self.threads_per_task)
    }

    /// What the farm is started with, on a machine with this many cores, with shims started from `program`.
    #[must_use]
    pub fn farm_settings(&self, cores_found: u32, program: PathBuf) -> FarmSettings {
        let size = self.node_size(cores_found);
        FarmSettings {
            data_dir: self.data_dir.clone(),
            capacity: NodeCapacity {
                slots: size.slots,
                // Where slots and threads are configured to more than there are cores, that is meant.
                threads: size.cores.max(size.slots * size.threads_per_task),
                threads_per_task: size.threads_per_task,
                memory_bytes: u64::MAX,
                limits: BTreeMap::new(),
            },
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

    #[test]
    fn a_machine_is_divided_so_that_no_core_idles() {
        let check = |found, cores, slots, threads, expect: (u32, u32, u32)| {
            let size = NodeSize::resolve(found, cores, slots, threads);
            assert_eq!((size.cores, size.slots, size.threads_per_task), expect);
        };
        check(1, None, None, None, (1, 1, 1));
        check(2, None, None, None, (2, 2, 1));
        check(16, None, None, None, (16, 2, 8));
        check(16, Some(12), None, None, (12, 2, 6));
        check(16, None, Some(4), None, (16, 4, 4));
        check(16, None, Some(5), None, (16, 5, 3));
        check(16, None, None, Some(4), (16, 4, 4));
        check(16, None, None, Some(32), (16, 1, 32));
        check(2, None, Some(8), None, (2, 8, 1));
        check(0, None, None, None, (1, 1, 1));
    }
}
