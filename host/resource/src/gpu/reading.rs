//! What the driver said at one moment, in farmhand's words.

use super::state::GpuState;
use farmhand_model::dcc::Gpu;

/// All GPUs at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuReading {
    /// How it stands with GPUs.
    pub state: GpuState,
    /// In PCI bus order, with those that were there and are lost.
    pub gpus: Vec<GpuSeen>,
}

impl GpuReading {
    /// Which GPUs there are.
    pub fn gpus(&self) -> impl Iterator<Item = &Gpu> {
        self.gpus.iter().map(|seen| &seen.gpu)
    }
}

/// One GPU at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuSeen {
    /// Which.
    pub gpu: Gpu,
    /// Such as `00000000:3B:00.0`.
    pub pci_bus_id: String,
    /// What it does, or why it does not answer.
    pub figures: Result<GpuFigures, String>,
}

/// What a GPU does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GpuFigures {
    /// Bytes of its memory that are in use.
    pub memory_used_bytes: u64,
    /// How busy it was lately, 0 to 1, where it says so.
    pub utilisation: Option<f64>,
    /// In degrees Celsius, where it says so.
    pub temperature: Option<u32>,
    /// Who uses it; none where it does not say.
    pub processes: Vec<GpuProcess>,
}

/// What a process does on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpuProcessKind {
    /// CUDA and the like.
    Compute,
    /// Pictures, on a screen or not.
    Graphics,
}

/// A process on a GPU.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuProcess {
    /// Its number, in the namespace of whoever the driver tells, which in a container need not be ours.
    pub pid: u32,
    /// What it does there; computing, where it does both.
    pub kind: GpuProcessKind,
    /// GPU memory in bytes, where the driver says so; it does not on Windows.
    pub memory_bytes: Option<u64>,
    /// How busy it alone kept the GPU lately, 0 to 1, where the driver says so.
    pub utilisation: Option<f64>,
}
