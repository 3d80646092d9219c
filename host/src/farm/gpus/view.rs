//! GPUs as the API and `doctor` show them.

use super::owner_of_other;
use farmhand_model::view::{GpuProcessView, GpuView, LeaseView};
use farmhand_model::{AttemptId, GpuStatus, Timestamp};
use farmhand_resource::gpu::standing::{GpuRules, Owner, Owners, Standings};
use farmhand_resource::gpu::{GpuProcess, GpuReading};

/// A change of a GPU's memory, as a part of all of it, that people want to see.
const MEMORY_STEP: f64 = 0.03;
/// The same of how busy it is.
const UTILISATION_STEP: f64 = 0.1;

/// All processes on all GPUs.
pub(super) fn processes(reading: &GpuReading) -> impl Iterator<Item = &GpuProcess> {
    reading.gpus.iter().filter_map(|seen| seen.figures.as_ref().ok()).flat_map(|figures| &figures.processes)
}

/// In the reading's order; without statuses all of them are free.
pub(super) fn views(
    reading: &GpuReading,
    statuses: Option<&[GpuStatus]>,
    owners: &Owners,
    leases: &[LeaseView],
) -> Vec<GpuView> {
    let view = |(index, seen): (usize, &farmhand_resource::gpu::GpuSeen)| {
        let mut view = GpuView::new(seen.gpu.clone());
        view.pci_bus_id = Some(seen.pci_bus_id.clone());
        if let Some(status) = statuses.and_then(|statuses| statuses.get(index)) {
            view.status.standing = status.standing.clone();
        }
        if let Ok(figures) = &seen.figures {
            view.memory_used_bytes = Some(figures.memory_used_bytes);
            view.utilisation = figures.utilisation;
            view.temperature = figures.temperature;
            view.processes = figures.processes.iter().map(|process| process_view(process, owners)).collect();
        }
        let holds = |held: &&LeaseView| held.lease.gpus.iter().any(|held| held.gpu.uuid == seen.gpu.uuid);
        view.leases = leases.iter().filter(holds).map(|held| held.attempt).collect();
        view
    };
    reading.gpus.iter().enumerate().map(view).collect()
}

fn process_view(process: &GpuProcess, owners: &Owners) -> GpuProcessView {
    let (name, user, attempt) = match owners.processes.get(&process.pid) {
        Some(Owner::Attempt(attempt, who)) => (who.name.clone(), who.user.clone(), Some(*attempt)),
        Some(Owner::Other(who)) => (who.name.clone(), who.user.clone(), None),
        Some(Owner::Unseen) | None => (None, None, None),
    };
    GpuProcessView { pid: process.pid, name, user, memory_bytes: process.memory_bytes, attempt }
}

/// The same without a farm: what `doctor` shows where no daemon runs.
pub(crate) fn look_once(reading: &GpuReading, rules: &GpuRules, now: Timestamp) -> Vec<GpuView> {
    let pids = processes(reading).map(|process| process.pid);
    let owners =
        Owners { processes: pids.map(|pid| (pid, owner_of_other(pid))).collect(), ..Owners::default() };
    let statuses = Standings::new(rules.clone()).next(reading, &owners, now);
    views(reading, Some(&statuses), &owners, &[])
}

/// Whether people would see a difference worth showing: figures move all the time.
pub(super) fn differ(before: &[GpuView], now: &[GpuView]) -> bool {
    let far = |a: Option<f64>, b: Option<f64>, step: f64| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() >= step,
        (a, b) => a.is_some() != b.is_some(),
    };
    let whose = |view: &GpuView| -> Vec<(u32, Option<AttemptId>)> {
        view.processes.iter().map(|process| (process.pid, process.attempt)).collect()
    };
    let memory = |view: &GpuView| {
        view.memory_used_bytes.map(|used| used as f64 / view.status.gpu.memory_bytes.max(1) as f64)
    };
    before.len() != now.len()
        || before.iter().zip(now).any(|(before, now)| {
            before.status != now.status
                || whose(before) != whose(now)
                || far(memory(before), memory(now), MEMORY_STEP)
                || far(before.utilisation, now.utilisation, UTILISATION_STEP)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::GpuStanding;
    use farmhand_model::dcc::Gpu;

    #[test]
    fn only_what_people_would_see_is_announced() {
        let gpu = Gpu { index: 0, uuid: "GPU-0".into(), name: "A".into(), memory_bytes: 1000 };
        let process = |pid| GpuProcessView { pid, name: None, user: None, memory_bytes: None, attempt: None };
        let usual = GpuView {
            memory_used_bytes: Some(500),
            utilisation: Some(0.5),
            temperature: Some(40),
            processes: vec![process(1)],
            ..GpuView::new(gpu)
        };
        let check = |change: fn(&mut GpuView), expect: bool| {
            let mut other = usual.clone();
            change(&mut other);
            assert_eq!(differ(std::slice::from_ref(&usual), &[other.clone()]), expect, "{other:?}");
        };
        check(|_| {}, false);
        check(|view| view.memory_used_bytes = Some(520), false);
        check(|view| view.memory_used_bytes = Some(531), true);
        check(|view| view.memory_used_bytes = None, true);
        check(|view| view.utilisation = Some(0.55), false);
        check(|view| view.utilisation = Some(0.35), true);
        check(|view| view.temperature = Some(50), false);
        check(|view| view.processes[0].attempt = Some(AttemptId(3)), true);
        check(|view| view.processes.clear(), true);
        check(|view| view.status.standing = GpuStanding::Reserved, true);
        assert!(differ(&[], std::slice::from_ref(&usual)));
    }
}
