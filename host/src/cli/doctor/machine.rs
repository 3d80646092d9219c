//! The machine as this process sees it, for when no daemon can be asked: the same parts, put together the same way.

use super::super::error::CliError;
use super::super::human;
use super::super::local::runtime;
use super::super::plugin::start_plugins;
use super::Findings;
use crate::config::Config;
use crate::farm::{budget_now, disk_views, look_once};
use farmhand_model::view::{LimitView, NodeView, PluginView, ToolView};
use farmhand_plugin::PluginHost;
use farmhand_resource::{DiskProbe, ToolFinder, gpu, node};

/// Looks for everything.
pub(super) fn look(config: &Config) -> Result<Findings, CliError> {
    runtime()?.block_on(async {
        let plugins = start_plugins(config).await?;
        let facts = node::probe();
        let gpus = gpu::probe(config.gpus_library.clone()).await;
        let capacity = config.capacity(&facts);
        let directories = [config.data_dir.clone()].into_iter().chain(config.roots.iter().cloned());
        let disks = DiskProbe::default().look(directories).await;
        let limits = capacity.limits.iter();
        let limits = limits.map(|(name, limit)| LimitView {
            name: name.clone(),
            limit: *limit,
            used: 0,
            holders: Vec::new(),
        });
        let node = NodeView {
            name: facts.host_name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cores: capacity.threads,
            physical_cores: facts.physical_cores,
            logical_cores: facts.logical_cores,
            memory_bytes: facts.memory_bytes,
            render_memory_bytes: capacity.memory_bytes,
            memory_available_bytes: node::memory_available(),
            disks: disk_views(&disks),
            slots: capacity.slots,
            threads_per_task: capacity.threads_per_task,
            budget: budget_now(&capacity, &config.interactive_settings()).await,
            limits: limits.collect(),
            gpus: look_once(&gpus, &config.gpu_rules, human::now()),
            gpu_state: gpus.state.to_string(),
            tools: tools(config, &plugins).await,
            leases: Vec::new(),
            breakers: Vec::new(),
            started: human::now(),
        };
        let views: Vec<PluginView> = plugins.views();
        Ok(Findings { node, plugins: views })
    })
}

async fn tools(config: &Config, plugins: &PluginHost) -> Vec<ToolView> {
    let finder = ToolFinder::new(config.tools.clone());
    let mut found = Vec::new();
    for view in plugins.views() {
        let Ok(plugin) = plugins.get(&view.name) else { continue };
        let descriptor = plugin.descriptor();
        for spec in &descriptor.tools {
            let (path, version, problem) = match finder.find(spec, &descriptor.supports).await {
                Ok(tool) => (Some(tool.path.display().to_string()), tool.version, None),
                Err(problem) => (None, None, Some(problem.to_string())),
            };
            found.push(ToolView { plugin: view.name.clone(), id: spec.id.clone(), path, version, problem });
        }
    }
    found
}
