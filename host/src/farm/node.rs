//! This machine, as the API shows it: what it has, what was found on it, who holds what.

use super::parts::Parts;
use farmhand_model::view::{BreakerView, LeaseView, LimitView, NodeView, ToolView};
use farmhand_scheduler::Scheduler;

/// What the scheduler knows of the node.
pub(super) struct Held {
    leases: Vec<LeaseView>,
    breakers: Vec<BreakerView>,
    limits: Vec<LimitView>,
}

impl Held {
    pub(super) fn of(scheduler: &Scheduler) -> Self {
        Self { leases: scheduler.leases(), breakers: scheduler.breakers(), limits: scheduler.limits() }
    }
}

pub(super) async fn view(parts: &Parts, held: Held) -> NodeView {
    let Held { leases, breakers, limits } = held;
    let capacity = &parts.settings.capacity;
    NodeView {
        name: parts.node.host_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cores: capacity.threads,
        physical_cores: parts.node.physical_cores,
        logical_cores: parts.node.logical_cores,
        memory_bytes: parts.node.memory_bytes,
        render_memory_bytes: capacity.memory_bytes,
        memory_available_bytes: farmhand_resource::node::memory_available(),
        disks: parts.state.disks(),
        slots: capacity.slots,
        threads_per_task: capacity.threads_per_task,
        budget: parts.state.budget(),
        limits,
        gpus: parts.gpus.views(&leases),
        gpu_state: parts.gpus.state(),
        tools: tools(parts).await,
        leases,
        breakers,
        started: parts.clock.started(),
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
