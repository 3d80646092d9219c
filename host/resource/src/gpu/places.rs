//! Which GPU is which from one reading to the next: a GPU that is lost keeps its place and its index, so that the others
//! keep theirs. The UUID is who it is; the order is that of the PCI bus, as `CUDA_DEVICE_ORDER=PCI_BUS_ID` has it.

use super::driver::Answer;
use super::reading::{GpuFigures, GpuReading, GpuSeen};
use super::state::GpuState;
use farmhand_model::dcc::Gpu;

/// All GPUs that were ever seen, in bus order.
#[derive(Debug, Default)]
pub(super) struct Places {
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    gpu: Gpu,
    pci_bus_id: String,
    /// Where the driver last had it in its own order.
    at: usize,
}

impl Places {
    /// What an answer says of all of them.
    pub(super) fn reading(&mut self, answer: Result<Answer, GpuState>) -> GpuReading {
        let answer = match answer {
            Ok(answer) => answer,
            Err(state) => {
                let lost = vec![Err(state.to_string()); self.known.len()];
                return GpuReading { state, gpus: self.seen(lost) };
            }
        };
        let mut errors = Vec::new();
        let mut heard = Vec::new();
        for (at, device) in answer.devices.into_iter().enumerate() {
            let device = match device {
                Ok(device) => device,
                Err(reason) => {
                    errors.push((at, reason));
                    continue;
                }
            };
            let memory = device.figures.as_ref().ok().map(|(memory, _)| *memory);
            match (self.known.iter_mut().find(|known| known.gpu.uuid == device.uuid), memory) {
                (Some(known), memory) => {
                    known.at = at;
                    known.pci_bus_id = device.pci_bus_id;
                    known.gpu.memory_bytes = memory.unwrap_or(known.gpu.memory_bytes);
                }
                (None, Some(memory_bytes)) => {
                    let gpu = Gpu { index: 0, uuid: device.uuid.clone(), name: device.name, memory_bytes };
                    self.known.push(Known { gpu, pci_bus_id: device.pci_bus_id, at });
                }
                (None, None) => {
                    errors.extend(device.figures.err().map(|reason| (at, reason)));
                    continue;
                }
            }
            heard.push((device.uuid, device.figures.map(|(_, figures)| figures)));
        }
        self.known.sort_by(|left, right| left.pci_bus_id.cmp(&right.pci_bus_id));
        for (index, known) in (0..).zip(&mut self.known) {
            known.gpu.index = index;
        }
        let mut figures = Vec::new();
        for known in &self.known {
            figures.push(match heard.iter().position(|(uuid, _)| *uuid == known.gpu.uuid) {
                Some(at) => heard.swap_remove(at).1,
                None => Err(self.why_lost(known, &mut errors)),
            });
        }
        let unnamed: Vec<String> = errors.into_iter().map(|(_, reason)| reason).collect();
        let state = match (self.known.len(), unnamed.first()) {
            (0, None) => GpuState::NoGpus,
            (0, Some(reason)) => GpuState::Failed { reason: reason.clone() },
            (count, _) => GpuState::Found { count, driver: answer.version, unnamed },
        };
        GpuReading { state, gpus: self.seen(figures) }
    }

    /// The error at the place where the driver last had it. One that says nothing of itself may have moved in the
    /// driver's order, when others went; then an error that nobody else explains is its own.
    fn why_lost(&self, lost: &Known, errors: &mut Vec<(usize, String)>) -> String {
        let own = errors.iter().position(|(at, _)| *at == lost.at);
        let free = || errors.iter().position(|(at, _)| self.known.iter().all(|known| known.at != *at));
        match own.or_else(free) {
            Some(found) => errors.remove(found).1,
            None => "the driver does not list it any more".to_owned(),
        }
    }

    fn seen(&self, figures: Vec<Result<GpuFigures, String>>) -> Vec<GpuSeen> {
        let seen = self.known.iter().zip(figures);
        seen.map(|(known, figures)| GpuSeen {
            gpu: known.gpu.clone(),
            pci_bus_id: known.pci_bus_id.clone(),
            figures,
        })
        .collect()
    }
}
