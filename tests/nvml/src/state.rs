//! What the stand-in answers, as tests write it down and the library reads it.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// In place of a function's name: every function that asks a GPU.
pub const ALL_CALLS: &str = "all";

/// Return codes of the real library.
pub mod code {
    /// This user may not ask.
    pub const NO_PERMISSION: u32 = 4;
    /// The kernel's driver is not loaded.
    pub const DRIVER_NOT_LOADED: u32 = 9;
    /// The GPU has fallen off the bus.
    pub const GPU_IS_LOST: u32 = 15;
    /// Library and kernel module are of different versions.
    pub const LIB_RM_VERSION_MISMATCH: u32 = 18;
    /// Something else.
    pub const UNKNOWN: u32 = 999;
}

/// The whole driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Its version.
    pub driver: String,
    /// What starting it fails with.
    pub init: Option<u32>,
    /// In the driver's order, which need not be that of the bus.
    pub gpus: Vec<Gpu>,
    /// Functions, by name, that do not return until they are no longer named here.
    pub hangs: BTreeSet<String>,
}

impl Default for State {
    fn default() -> Self {
        Self { driver: "570.86.15".into(), init: None, gpus: Vec::new(), hangs: BTreeSet::new() }
    }
}

impl State {
    /// A machine with so many GPUs of the same kind, all idle.
    #[must_use]
    pub fn with_gpus(count: u32) -> Self {
        Self { gpus: (0..count).map(Gpu::new).collect(), ..Self::default() }
    }
}

/// One GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// `GPU-…`.
    pub uuid: String,
    /// What it is.
    pub name: String,
    /// `00000000:3B:00.0`.
    pub bus_id: String,
    /// In bytes.
    pub memory_total: u64,
    /// In bytes.
    pub memory_used: u64,
    /// In percent.
    pub utilisation: u32,
    /// In degrees Celsius.
    pub temperature: u32,
    /// Who uses it.
    #[serde(default)]
    pub processes: Vec<Process>,
    /// What functions fail with for this GPU: by name, or [`ALL_CALLS`].
    #[serde(default)]
    pub errors: BTreeMap<String, u32>,
}

impl Gpu {
    /// An idle one with 24 GiB. The number is its place on the bus.
    #[must_use]
    pub fn new(number: u32) -> Self {
        Self {
            uuid: format!("GPU-{number:08x}-5a5a-4b4b-8c8c-000000000000"),
            name: "NVIDIA RTX A5000".into(),
            bus_id: format!("00000000:{:02X}:00.0", 0x10 + number),
            memory_total: 24 << 30,
            memory_used: 400 << 20,
            utilisation: 0,
            temperature: 35,
            processes: Vec::new(),
            errors: BTreeMap::new(),
        }
    }

    /// The same with this process on it, whose memory counts as used.
    #[must_use]
    pub fn with(mut self, process: Process) -> Self {
        self.memory_used += process.memory.unwrap_or(0);
        self.processes.push(process);
        self
    }

    /// The same, fallen off the bus.
    #[must_use]
    pub fn lost(mut self) -> Self {
        self.errors.insert(ALL_CALLS.into(), code::GPU_IS_LOST);
        self
    }
}

/// What a process does on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// CUDA and the like.
    Compute,
    /// Pictures on a screen.
    Graphics,
}

/// A process on a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// In bytes; absent: the driver does not say, as on Windows.
    pub memory: Option<u64>,
    /// What it does there.
    pub kind: Kind,
    /// In percent; absent: no sample of it.
    pub utilisation: Option<u32>,
}

impl Process {
    /// One that computes, with this much memory.
    #[must_use]
    pub fn compute(pid: u32, memory: u64) -> Self {
        Self { pid, memory: Some(memory), kind: Kind::Compute, utilisation: None }
    }
}
