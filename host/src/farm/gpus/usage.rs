//! What attempts take of GPUs: the most memory, and how busy they kept theirs, from one reading to the next.

use farmhand_model::view::LeaseView;
use farmhand_model::{AttemptId, GpuLease, Usage};
use farmhand_resource::gpu::standing::{Owner, Owners};
use farmhand_resource::gpu::{GpuFigures, GpuProcess, GpuReading};
use std::collections::BTreeMap;

/// Of all attempts that hold a lease.
#[derive(Debug, Default)]
pub(super) struct UsageOfAll {
    attempts: BTreeMap<AttemptId, UsageOfOne>,
}

#[derive(Debug, Default)]
struct UsageOfOne {
    peak_bytes: Option<u64>,
    /// Of as many readings as are counted.
    utilisation: f64,
    readings: u32,
}

impl UsageOfAll {
    /// Adds a reading, and forgets the attempts that hold nothing any more.
    pub(super) fn add(&mut self, reading: &GpuReading, owners: &Owners, leases: &[LeaseView]) {
        self.attempts.retain(|attempt, _| leases.iter().any(|held| held.attempt == *attempt));
        for held in leases {
            let mut bytes = None;
            let mut busy = Vec::new();
            for seen in &reading.gpus {
                let Ok(figures) = &seen.figures else { continue };
                let lease = held.lease.gpus.iter().find(|lease| lease.gpu.uuid == seen.gpu.uuid);
                let own: Vec<&GpuProcess> =
                    figures.processes.iter().filter(|process| is_of(process, held, lease, owners)).collect();
                for process in &own {
                    bytes = process.memory_bytes.map(|more| more + bytes.unwrap_or(0)).or(bytes);
                }
                if let Some(lease) = lease {
                    busy.extend(share_of(&own, lease, figures));
                }
            }
            if bytes.is_none() && busy.is_empty() {
                continue;
            }
            let usage = self.attempts.entry(held.attempt).or_default();
            usage.peak_bytes = usage.peak_bytes.max(bytes);
            if !busy.is_empty() {
                usage.utilisation += busy.iter().sum::<f64>() / busy.len() as f64;
                usage.readings += 1;
            }
        }
    }

    /// Of one of them.
    pub(super) fn of(&self, attempt: AttemptId) -> Usage {
        let Some(usage) = self.attempts.get(&attempt) else { return Usage::default() };
        Usage {
            peak_gpu_memory_bytes: usage.peak_bytes,
            gpu_utilisation: (usage.readings > 0).then(|| usage.utilisation / f64::from(usage.readings)),
            ..Usage::default()
        }
    }
}

/// One that cannot be seen from here, on a GPU that an attempt has for itself, is its own: in a container the driver
/// tells of it by another number.
fn is_of(process: &GpuProcess, held: &LeaseView, lease: Option<&GpuLease>, owners: &Owners) -> bool {
    match owners.processes.get(&process.pid) {
        Some(Owner::Attempt(attempt, _)) => *attempt == held.attempt,
        Some(Owner::Other(_)) => false,
        Some(Owner::Unseen) | None => lease.is_some_and(|lease| lease.share_bytes.is_none()),
    }
}

/// How busy it keeps one of its GPUs: by its own processes, or, where it has the GPU for itself, by the whole.
fn share_of(own: &[&GpuProcess], lease: &GpuLease, figures: &GpuFigures) -> Option<f64> {
    let told: Vec<f64> = own.iter().filter_map(|process| process.utilisation).collect();
    if told.is_empty() {
        figures.utilisation.filter(|_| lease.share_bytes.is_none())
    } else {
        Some(told.iter().sum::<f64>().min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::Gpu;
    use farmhand_model::{JobId, Lease};
    use farmhand_resource::gpu::process::Who;
    use farmhand_resource::gpu::{GpuProcessKind, GpuSeen, GpuState};

    fn gpu(index: u32) -> Gpu {
        Gpu { index, uuid: format!("GPU-{index}"), name: "A".into(), memory_bytes: 100 }
    }

    fn held(attempt: u64, gpus: &[(u32, Option<u64>)]) -> LeaseView {
        let gpus = gpus.iter().map(|(index, share)| GpuLease { gpu: gpu(*index), share_bytes: *share });
        let lease = Lease { gpus: gpus.collect(), ..Lease::default() };
        LeaseView { attempt: AttemptId(attempt), job: JobId(1), lease }
    }

    /// Its number, its memory, and how busy it keeps the GPU.
    type Process = (u32, Option<u64>, Option<f64>);

    fn reading(gpus: &[(f64, &[Process])]) -> GpuReading {
        let gpus = (0..).zip(gpus).map(|(index, (utilisation, processes))| GpuSeen {
            gpu: gpu(index),
            pci_bus_id: String::new(),
            figures: Ok(GpuFigures {
                utilisation: Some(*utilisation),
                processes: processes
                    .iter()
                    .map(|(pid, memory_bytes, utilisation)| GpuProcess {
                        pid: *pid,
                        kind: GpuProcessKind::Compute,
                        memory_bytes: *memory_bytes,
                        utilisation: *utilisation,
                    })
                    .collect(),
                ..GpuFigures::default()
            }),
        });
        GpuReading { state: GpuState::NoGpus, gpus: gpus.collect() }
    }

    /// Process 1 is attempt 1's, 2 attempt 2's, 8 somebody else's, and 9 cannot be seen.
    fn owners() -> Owners {
        let processes = [
            (1, Owner::Attempt(AttemptId(1), Who::default())),
            (2, Owner::Attempt(AttemptId(2), Who::default())),
            (8, Owner::Other(Who::default())),
            (9, Owner::Unseen),
        ];
        Owners { processes: processes.into(), ..Owners::default() }
    }

    fn of(all: &UsageOfAll, attempt: u64) -> (Option<u64>, Option<f64>) {
        let usage = all.of(AttemptId(attempt));
        (usage.peak_gpu_memory_bytes, usage.gpu_utilisation)
    }

    #[test]
    fn the_peak_is_over_all_gpus_and_the_mean_over_all_readings() {
        let mut all = UsageOfAll::default();
        let leases = [held(1, &[(0, None), (1, None)])];
        let one: &[_] = &[(1, Some(30), None), (8, Some(50), None)];
        all.add(&reading(&[(0.8, one), (0.4, &[(1, Some(20), None)])]), &owners(), &leases);
        assert_eq!(of(&all, 1), (Some(50), Some(0.6000000000000001)));
        all.add(&reading(&[(0.0, &[(1, Some(10), None)]), (0.0, &[])]), &owners(), &leases);
        assert_eq!(of(&all, 1), (Some(50), Some(0.30000000000000004)));
        assert_eq!(of(&all, 2), (None, None));
        all.add(&reading(&[]), &owners(), &[]);
        assert_eq!(of(&all, 1), (None, None), "forgotten with its lease");
    }

    #[test]
    fn who_shares_a_gpu_counts_by_its_own_processes() {
        let mut all = UsageOfAll::default();
        let leases = [held(1, &[(0, Some(40))]), held(2, &[(0, Some(40))]), held(3, &[])];
        let processes: &[_] = &[(1, Some(30), Some(0.5)), (2, Some(20), None), (9, Some(10), Some(0.1))];
        all.add(&reading(&[(0.9, processes)]), &owners(), &leases);
        assert_eq!(of(&all, 1), (Some(30), Some(0.5)));
        assert_eq!(of(&all, 2), (Some(20), None));
        assert_eq!(of(&all, 3), (None, None));
    }

    #[test]
    fn who_has_a_gpu_for_itself_is_on_it_by_whatever_number() {
        let mut all = UsageOfAll::default();
        all.add(&reading(&[(0.9, &[(9, Some(70), None)])]), &owners(), &[held(3, &[(0, None)])]);
        assert_eq!(of(&all, 3), (Some(70), Some(0.9)));
    }
}
