//! This machine, as the API shows it: what it has, what was found on it, who holds what.

use super::parts::Parts;
use farmhand_model::view::{BreakerView, LeaseView, NodeView, ToolView};

pub(super) async fn view(parts: &Parts, leases: Vec<LeaseView>, breakers: Vec<BreakerView>) -> NodeView {
    NodeView {
        name: parts.node.host_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cores: parts.settings.capacity.threads,
        memory_bytes: parts.node.memory_bytes,
        slots: parts.settings.capacity.slots,
        threads_per_task: parts.settings.capacity.threads_per_task,
        gpus: parts.gpus.views(&leases),
        gpu_state: parts.gpus.state(),
        tools: tools(parts).await,
        leases,
        breakers,
        started: parts.clock.started(),
        budget: Default::default(),
        disks: Default::default(),
        limits: Default::default(),
        logical_cores: Default::default(),
        memory_available_bytes: Default::default(),
        physical_cores: Default::default(),
        render_memory_bytes: Default::default(),
    }
}

/// Every program that a serving plugin asks for; the finder remembers what it has probed.
async fn tools(parts: &Parts) -> Vec<ToolView> {
    let mut found = Vec::new();
    for view in parts.plugins.views() {
        let Ok(plugin) = parts.plugins.get(&view.name) else { continue };
        let descriptor = plugin.descriptor();
        for spec in &descriptor.tools {
            let (path, version, problem) = match parts.tools.find(spec, &descriptor.supports).await {
                Ok(tool) => (Some(tool.path.display().to_string()), tool.version, None),
                Err(problem) => (None, None, Some(problem.to_string())),
            };
            found.push(ToolView { plugin: view.name.clone(), id: spec.id.clone(), path, version, problem });
        }
    }
    found
}
