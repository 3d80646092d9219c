//! What the farm is made of, shared by its tasks: handles only, no decisions.

use super::budget::NodeState;
use super::bus::EventBus;
use super::calls::PluginCalls;
use super::gpus::Gpus;
use super::notices::Notices;
use super::settings::FarmSettings;
use farmhand_model::dcc::{Level, Tool};
use farmhand_model::{AttemptId, AttemptRecord, AttemptState, Digest, JobSpec, Timestamp, Usage};
use farmhand_plugin::{LoadedPlugin, PluginHost};
use farmhand_resource::DiskProbe;
use farmhand_resource::node::NodeFacts;
use farmhand_resource::tools::ToolFinder;
use farmhand_runner::{AttemptDir, Cgroups, Roots, ShimPool};
use farmhand_store::Store;
use semver::VersionReq;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// Everything that an attempt, the driver or a query needs.
pub(super) struct Parts {
    pub(super) settings: FarmSettings,
    pub(super) store: Store,
    pub(super) plugins: PluginHost,
    pub(super) tools: ToolFinder,
    pub(super) shims: ShimPool,
    /// Where attempts get cgroups of their own, where there can be any.
    pub(super) cgroups: Option<Cgroups>,
    pub(super) roots: Roots,
    pub(super) node: NodeFacts,
    pub(super) gpus: Gpus,
    pub(super) disks: DiskProbe,
    /// What was last found of budget and disks.
    pub(super) state: NodeState,
    pub(super) bus: EventBus,
    pub(super) notices: Notices,
    pub(super) clock: Clock,
    pub(super) health: Health,
    /// Leases, breakers, budget or disks are different: the node is announced anew.
    pub(super) node_changed: Notify,
    /// Versions of plugins that jobs are pinned to, for as long as there are such jobs.
    pub(super) pinned: Mutex<BTreeMap<Digest, Arc<LoadedPlugin>>>,
    /// What calls of plugins came to.
    pub(super) calls: Arc<PluginCalls>,
}

impl Parts {
    /// Where an attempt keeps its log and scripts.
    pub(super) fn attempt_dir(&self, id: AttemptId) -> PathBuf {
        self.settings.data_dir.join("attempts").join(id.to_string())
    }

    /// What an attempt that has not ended has taken so far. From its directory, so that a new daemon knows it too.
    pub(super) fn usage_so_far(&self, record: &AttemptRecord) -> Usage {
        // Before its process is there, and once the outcome has it, there is nothing to look for.
        if !matches!(record.state, AttemptState::Running { .. }) {
            return Usage::default();
        }
        let processes = AttemptDir::open(self.attempt_dir(record.id)).live_usage();
        processes.unwrap_or_default().so_far.or_more(self.gpus.usage_of(record.id))
    }

    /// The version of its plugin that decides for a job now: the one that it is pinned to, or else the one that serves.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn plugin_of(&self, spec: &JobSpec) -> Result<Arc<LoadedPlugin>, String> {
        match &spec.plugin.digest {
            Some(digest) => self.pinned_version(digest).await,
            None => {
                let choice = Some((spec.plugin.name.as_str(), spec.plugin.version.as_ref()));
                self.plugins.select(&spec.scene, choice).map_err(|error| error.to_string())
            }
        }
    }

    /// A version that jobs are pinned to; it stays loaded until `let_go_of_versions`.
    pub(super) async fn pinned_version(&self, digest: &Digest) -> Result<Arc<LoadedPlugin>, String> {
        let held = || self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = held().get(digest).cloned() {
            return Ok(plugin);
        }
        let loaded = self.plugins.version(&digest.0).await;
        let plugin =
            loaded.map_err(|error| format!("it is pinned to a version that cannot serve: {error}"))?;
        held().insert(digest.clone(), Arc::clone(&plugin));
        Ok(plugin)
    }

    /// Lets go of the versions that no job is pinned to any more.
    pub(super) fn let_go_of_versions(&self, wanted: &BTreeSet<Digest>) {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.retain(|digest, _| wanted.contains(digest));
    }

    /// The program for one of a plugin's tools, by the tool's id, of the version that a job asks for.
    ///
    /// # Errors
    /// The plugin has no such tool, or this node has no such program.
    pub(super) async fn find_tool(
        &self,
        plugin: &LoadedPlugin,
        id: &str,
        dcc_version: Option<&VersionReq>,
    ) -> Result<Tool, String> {
        let descriptor = plugin.descriptor();
        let tool = descriptor.tools.iter().find(|tool| tool.id == id);
        let tool = tool.ok_or_else(|| format!("the plugin names no tool `{id}`"))?;
        let wanted = dcc_version.unwrap_or(&descriptor.supports);
        self.tools.find(tool, wanted).await.map_err(|problem| problem.to_string())
    }

    /// The programs that a level runs.
    ///
    /// # Errors
    /// One of them is missing.
    pub(super) async fn level_tools(
        &self,
        plugin: &LoadedPlugin,
        level: &Level,
        dcc_version: Option<&VersionReq>,
    ) -> Result<Vec<Tool>, String> {
        let mut tools = Vec::new();
        for id in &level.tools {
            tools.push(self.find_tool(plugin, id, dcc_version).await?);
        }
        Ok(tools)
    }
}

/// Wall-clock time that never runs backwards while the daemon lives: read once at the start, then counted on.
pub(super) struct Clock {
    started: Timestamp,
    since: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64);
        Self { started: Timestamp(now), since: Instant::now() }
    }

    pub(super) fn started(&self) -> Timestamp {
        self.started
    }

    pub(super) fn now(&self) -> Timestamp {
        self.started.plus_millis(self.since.elapsed().as_millis() as i64)
    }
}

/// Whether the daemon can keep its promises at the moment.
#[derive(Default)]
pub(super) struct Health {
    store_error: Mutex<Option<String>>,
}

impl Health {
    /// Answers whether it worked before.
    pub(super) fn store_failed(&self, error: &str) -> bool {
        self.store_error.lock().unwrap_or_else(PoisonError::into_inner).replace(error.to_owned()).is_none()
    }

    /// Answers whether it failed before.
    pub(super) fn store_works(&self) -> bool {
        self.store_error.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    pub(super) fn problem(&self) -> Option<String> {
        self.store_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
