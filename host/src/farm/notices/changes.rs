//! What a person should read about jobs, plugins and the node, as the difference between what was announced before and
//! what is announced now.

use farmhand_model::batch::BatchSummary;
use farmhand_model::view::{DiskView, JobSummary, NodeView, PluginView};
use farmhand_model::{GpuStanding, Happening, JobStatus};
use std::collections::BTreeSet;

/// A disk with less than this part of it left is nearly full ...
const NEARLY_FULL: f64 = 0.05;
/// ... unless this much is left: images are no larger on larger disks.
const ROOM_BYTES: u64 = 20 << 30;
/// It has room again when it has this many times as much, so that one that stays near the limit is told of once.
const ROOM_AGAIN: f64 = 1.5;

/// What the end of a job is to people; nothing where it has not ended.
pub(crate) fn of_job(job: &JobSummary) -> Option<Happening> {
    let (id, name, plugin) = (job.id, job.name.clone(), job.plugin.clone());
    match job.status {
        JobStatus::Done => Some(Happening::JobDone { job: id, name, plugin, frames: job.frames.total }),
        JobStatus::Cancelled => Some(Happening::JobCancelled { job: id, name, plugin }),
        JobStatus::Failed => Some(Happening::JobFailed {
            job: id,
            name,
            plugin,
            failed: job.frames.failed,
            total: job.frames.total,
            reason: job.failure.as_deref().map(first_line),
        }),
        JobStatus::Waiting | JobStatus::Running | JobStatus::Paused | JobStatus::Cancelling => None,
    }
}

/// What the end of a batch is to people; nothing where it has not ended.
pub(crate) fn of_batch(batch: &BatchSummary) -> Option<Happening> {
    if !batch.status.is_end() {
        return None;
    }
    let (id, name, jobs) = (batch.id, batch.name.clone(), batch.jobs);
    Some(match (jobs.failed, jobs.cancelled) {
        (0, 0) => Happening::BatchDone { batch: id, name, jobs },
        (0, _) => Happening::BatchCancelled { batch: id, name, jobs },
        _ => Happening::BatchFailed { batch: id, name, jobs },
    })
}

/// What is new about a plugin's slot. A rollback by the daemon is not told here: it tells of it with the reason.
pub(crate) fn of_plugin(before: Option<&PluginView>, now: &PluginView) -> Option<Happening> {
    let name = now.name.clone();
    let failed =
        now.failure.as_ref().filter(|failure| before.and_then(|old| old.failure.as_ref()) != Some(failure));
    match (now.state.as_str(), &now.serving) {
        ("failed", _) => failed.map(|reason| Happening::PluginFailed { name, reason: first_line(reason) }),
        (_, Some(stamp)) if before.and_then(|old| old.serving.as_ref()) != Some(stamp) => {
            let (version, generation) = (stamp.version.clone(), stamp.generation);
            Some(Happening::PluginServes { name, version, generation })
        }
        ("degraded", _) if now.standing.rolled_back.is_none() && now.standing.trouble.is_none() => {
            failed.map(|reason| Happening::PluginRefused { name, reason: first_line(reason) })
        }
        ("serving", Some(stamp)) if before.is_some_and(|old| old.state != "serving") => {
            let (version, generation) = (stamp.version.clone(), stamp.generation);
            Some(Happening::PluginServes { name, version, generation })
        }
        _ => None,
    }
}

/// Which breakers were open, which GPUs lost and which disks nearly full when the node was looked at last.
#[derive(Debug, Default)]
pub(crate) struct NodeWatch {
    breakers: BTreeSet<(String, Option<String>)>,
    lost: BTreeSet<String>,
    /// A directory on each.
    full: BTreeSet<String>,
}

impl NodeWatch {
    /// What is new since then.
    pub(crate) fn look(&mut self, node: &NodeView) -> Vec<Happening> {
        let mut news = Vec::new();
        let mut open = BTreeSet::new();
        for breaker in &node.breakers {
            let (plugin, gpu) = (breaker.plugin.clone(), breaker.gpu.clone());
            if !self.breakers.contains(&(plugin.clone(), gpu.clone())) {
                let reason = first_line(&breaker.reason);
                news.push(Happening::BreakerOpened { plugin: plugin.clone(), gpu: gpu.clone(), reason });
            }
            open.insert((plugin, gpu));
        }
        let closed = self.breakers.difference(&open).cloned();
        news.extend(closed.map(|(plugin, gpu)| Happening::BreakerClosed { plugin, gpu }));
        self.breakers = open;
        for gpu in &node.gpus {
            let (index, name) = (gpu.status.gpu.index, gpu.status.gpu.name.clone());
            match &gpu.status.standing {
                GpuStanding::Lost { reason } => {
                    if self.lost.insert(gpu.status.gpu.uuid.clone()) {
                        news.push(Happening::GpuLost { index, name, reason: first_line(reason) });
                    }
                }
                _ => {
                    if self.lost.remove(&gpu.status.gpu.uuid) {
                        news.push(Happening::GpuBack { index, name });
                    }
                }
            }
        }
        for disk in &node.disks {
            news.extend(self.look_at_disk(disk));
        }
        news
    }

    /// Disks that are not looked at any more, such as one of a job that is over, are forgotten when the daemon is.
    fn look_at_disk(&mut self, disk: &DiskView) -> Option<Happening> {
        let path = disk.paths.first()?.clone();
        let free = disk.free_bytes;
        let little = ((disk.total_bytes as f64 * NEARLY_FULL) as u64).min(ROOM_BYTES);
        // Which of its directories comes first changes with what renders.
        let known = disk.paths.iter().any(|path| self.full.contains(path));
        if !known && free < little {
            self.full.insert(path.clone());
            return Some(Happening::DiskFilling { path, free });
        }
        if known && free as f64 > little as f64 * ROOM_AGAIN {
            self.full.retain(|path| !disk.paths.contains(path));
            return Some(Happening::DiskHasRoom { path, free });
        }
        None
    }
}

/// What stands on the page in full: a notice is one line.
fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::Gpu;
    use farmhand_model::view::{BreakerView, GpuView};
    use farmhand_model::{Budget, Digest, PluginStamp, Timestamp};

    fn plugin(state: &str, version: Option<&str>, failure: Option<&str>) -> PluginView {
        PluginView {
            name: "look".into(),
            state: state.into(),
            source: "look.py".into(),
            serving: version.map(|version| PluginStamp {
                name: "look".into(),
                version: version.into(),
                digest: Digest(version.into()),
                generation: 2,
            }),
            summary: None,
            extensions: Vec::new(),
            levels: Vec::new(),
            options_schema: None,
            failure: failure.map(str::to_owned),
            standing: farmhand_model::versions::VersionStanding::default(),
            changed: Timestamp(0),
        }
    }

    #[test]
    fn a_plugin_is_told_of_when_it_serves_and_when_it_does_not() {
        let one = plugin("serving", Some("1"), None);
        let bad = plugin("degraded", Some("1"), Some("line 3\nTraceback"));
        let none = plugin("failed", None, Some("line 3\nTraceback"));
        let trouble = {
            let mut view = plugin("degraded", Some("1"), Some("it fails"));
            view.standing.trouble = Some("it fails".into());
            view
        };
        let check = |before: Option<&PluginView>, now: &PluginView, expect: Option<&str>| {
            let found = of_plugin(before, now).map(|happening| happening.to_string());
            assert_eq!(found.as_deref(), expect);
        };
        let serves = |version: &str| format!("look {version} serves, generation 2");
        let refused = "the newest version of look does not serve, the one before it goes on: line 3";
        check(None, &one, Some(&serves("1")));
        check(Some(&one), &one, None);
        check(Some(&one), &plugin("serving", Some("2"), None), Some(&serves("2")));
        check(Some(&one), &bad, Some(refused));
        check(Some(&bad), &bad, None);
        check(Some(&bad), &one, Some(&serves("1")));
        check(Some(&bad), &plugin("serving", Some("2"), None), Some(&serves("2")));
        check(None, &none, Some("nothing serves look: line 3"));
        check(Some(&none), &none, None);
        check(Some(&one), &trouble, None);
    }

    const GB: u64 = 1_000_000_000;

    fn node(breakers: &[(&str, Option<&str>)], lost: bool, free: u64) -> NodeView {
        let breakers = breakers.iter().map(|(plugin, gpu)| BreakerView {
            plugin: (*plugin).to_owned(),
            gpu: gpu.map(str::to_owned),
            reason: "no licence\nmore".to_owned(),
            until: Timestamp(0),
        });
        let mut gpu =
            GpuView::new(Gpu { index: 1, uuid: "GPU-1".into(), name: "RTX".into(), memory_bytes: GB });
        if lost {
            gpu.status.standing = GpuStanding::Lost { reason: "it fell off the bus".to_owned() };
        }
        NodeView {
            name: "node".into(),
            version: "0.1.0".into(),
            cores: 2,
            physical_cores: None,
            logical_cores: 2,
            memory_bytes: GB,
            render_memory_bytes: GB,
            memory_available_bytes: None,
            disks: vec![DiskView { paths: vec!["/a".into()], total_bytes: 100 * GB, free_bytes: free }],
            slots: 1,
            threads_per_task: 1,
            budget: Budget::default(),
            limits: Vec::new(),
            gpus: vec![gpu],
            gpu_state: String::new(),
            tools: Vec::new(),
            leases: Vec::new(),
            breakers: breakers.collect(),
            started: Timestamp(0),
        }
    }

    #[test]
    fn the_node_is_told_of_once_for_each_change() {
        let mut watch = NodeWatch::default();
        let mut check = |node: NodeView, expect: &[&str]| {
            let found: Vec<String> = watch.look(&node).iter().map(ToString::to_string).collect();
            assert_eq!(found, expect);
        };
        let room = 50 * GB;
        check(node(&[], false, room), &[]);
        check(
            node(&[("maya", None), ("nuke", Some("1"))], false, room),
            &[
                "maya takes no tasks for a while: no licence",
                "nuke takes no tasks on GPU 1 for a while: no licence",
            ],
        );
        check(node(&[("maya", None), ("nuke", Some("1"))], false, room), &[]);
        check(node(&[("maya", None)], false, room), &["nuke takes tasks on GPU 1 again"]);
        check(
            node(&[], true, room),
            &["maya takes tasks again", "GPU 1 (RTX) does not answer any more: it fell off the bus"],
        );
        check(node(&[], true, 4 * GB), &["the disk of /a is nearly full: 4 GB left"]);
        check(node(&[], false, 4 * GB), &["GPU 1 (RTX) answers again"]);
        check(node(&[], false, 6 * GB), &[]);
        check(node(&[], false, 4 * GB), &[]);
        check(node(&[], false, 8 * GB), &["the disk of /a has room again: 8 GB left"]);
    }
}
