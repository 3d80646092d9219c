//! This machine, as the API shows it: what it has, what was found on it, who holds what.

use super::parts::Parts;
use farmhand_model::view::{BreakerView, LeaseView, LimitView, NodeView, ToolView};
use farmhand_model::{Limit, LimitPer};
use std::collections::BTreeMap;

pub(super) async fn view(parts: &Parts, leases: Vec<LeaseView>, breakers: Vec<BreakerView>) -> NodeView {
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
        limits: limits(&capacity.limits, &leases),
        gpus: parts.gpus.views(&leases),
        gpu_state: parts.gpus.state(),
        tools: tools(parts).await,
        leases,
        breakers,
        started: parts.clock.started(),
    }
}

/// How much of each limit these leases take.
fn limits(limits: &BTreeMap<String, Limit>, leases: &[LeaseView]) -> Vec<LimitView> {
    let view = |(name, limit): (&String, &Limit)| {
        let mut holders: Vec<_> =
            leases.iter().filter(|held| held.lease.licences.contains(name)).map(|held| held.job).collect();
        let used = match limit.per {
            LimitPer::Task => holders.len() as u32,
            LimitPer::Node => u32::from(!holders.is_empty()),
        };
        holders.sort_unstable();
        holders.dedup();
        LimitView { name: name.clone(), limit: *limit, used, holders }
    };
    limits.iter().map(view).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::{AttemptId, JobId, Lease};

    #[test]
    fn a_limit_counts_tasks_or_the_node() {
        let lease = |attempt, job, licences: &[&str]| LeaseView {
            attempt: AttemptId(attempt),
            job: JobId(job),
            lease: Lease { licences: licences.iter().map(ToString::to_string).collect(), ..Lease::default() },
        };
        let leases =
            [lease(1, 7, &["arnold", "nuke"]), lease(2, 5, &["arnold"]), lease(3, 7, &["arnold", "nuke"])];
        let task = Limit { max: 4, per: LimitPer::Task };
        let node = Limit { max: 1, per: LimitPer::Node };
        let all = BTreeMap::from(
            [("arnold", task), ("idle", node), ("nuke", node)].map(|(name, limit)| (name.to_owned(), limit)),
        );
        let view = |name: &str, limit, used, holders: &[u64]| LimitView {
            name: name.to_owned(),
            limit,
            used,
            holders: holders.iter().copied().map(JobId).collect(),
        };
        let expect =
            [view("arnold", task, 3, &[5, 7]), view("idle", node, 0, &[]), view("nuke", node, 1, &[7])];
        assert_eq!(limits(&all, &leases), expect);
    }
}
