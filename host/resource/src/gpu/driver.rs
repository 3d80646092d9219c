//! The calls to the driver's library. Each may take as long as the driver likes, so they belong on a thread of their
//! own, which `monitor` gives them.

use super::reading::{GpuFigures, GpuProcess, GpuProcessKind};
use super::state::GpuState;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::{Device, Nvml};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The library's names, the likeliest first: Linux packages without development files have only the `.so.1`.
#[cfg(not(windows))]
const LIBRARIES: [&str; 2] = ["libnvidia-ml.so.1", "libnvidia-ml.so"];
#[cfg(windows)]
const LIBRARIES: [&str; 2] = ["nvml.dll", r"C:\Program Files\NVIDIA Corporation\NVSMI\nvml.dll"];

/// The driver's library, ready to answer.
pub(super) struct Driver {
    nvml: Nvml,
}

/// What it says at one moment.
pub(super) struct Answer {
    /// Its version, where it says so.
    pub(super) version: Option<String>,
    /// In its own order: what each GPU is and does, or why it does not say what it is.
    pub(super) devices: Vec<Result<DeviceAnswer, String>>,
}

/// What one GPU is and does.
pub(super) struct DeviceAnswer {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) pci_bus_id: String,
    /// All of its memory in bytes, and what it does; or why it does not answer any more.
    pub(super) figures: Result<(u64, GpuFigures), String>,
}

impl Driver {
    /// Loads the library: this one, or the one that the system finds by its name.
    pub(super) fn load(library: Option<&Path>) -> Result<Self, GpuState> {
        if let Some(library) = library {
            return Self::load_from(library.as_os_str()).map_err(|state| match state {
                GpuState::NoLibrary => GpuState::Failed {
                    reason: format!("{} cannot be loaded; see `gpus.library`", library.display()),
                },
                other => other,
            });
        }
        let mut last = GpuState::NoLibrary;
        for library in LIBRARIES {
            match Self::load_from(OsStr::new(library)) {
                Ok(driver) => return Ok(driver),
                Err(state) => last = state,
            }
            if last != GpuState::NoLibrary {
                break;
            }
        }
        Err(last)
    }

    fn load_from(library: &OsStr) -> Result<Self, GpuState> {
        let nvml = Nvml::builder().lib_path(library).init().map_err(|error| state(&error))?;
        Ok(Self { nvml })
    }

    /// Asks for everything. Processes are asked how busy they were over the last `window`.
    pub(super) fn ask(&self, window: Duration) -> Result<Answer, GpuState> {
        let count = self.nvml.device_count().map_err(|error| state(&error))?;
        let devices = (0..count).map(|index| self.device(index, window).map_err(|error| words(&error)));
        Ok(Answer { devices: devices.collect(), version: self.nvml.sys_driver_version().ok() })
    }

    fn device(&self, index: u32, window: Duration) -> Result<DeviceAnswer, NvmlError> {
        let device = self.nvml.device_by_index(index)?;
        Ok(DeviceAnswer {
            uuid: device.uuid()?,
            name: device.name()?,
            pci_bus_id: device.pci_info()?.bus_id,
            figures: figures(&device, window).map_err(|error| words(&error)),
        })
    }
}

fn figures(device: &Device<'_>, window: Duration) -> Result<(u64, GpuFigures), NvmlError> {
    let memory = device.memory_info()?;
    let percent = |percent: u32| f64::from(percent.min(100)) / 100.0;
    let figures = GpuFigures {
        memory_used_bytes: memory.used,
        utilisation: if_told(device.utilization_rates())?.map(|rates| percent(rates.gpu)),
        temperature: if_told(device.temperature(TemperatureSensor::Gpu))?,
        processes: processes(device, window)?,
    };
    Ok((memory.total, figures))
}

/// Figures that some GPUs, drivers and users do not get are absent; a GPU that is gone is an error.
fn if_told<T>(answer: Result<T, NvmlError>) -> Result<Option<T>, NvmlError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ (NvmlError::GpuLost | NvmlError::ResetRequired)) => Err(error),
        Err(_) => Ok(None),
    }
}

fn processes(device: &Device<'_>, window: Duration) -> Result<Vec<GpuProcess>, NvmlError> {
    let mut found: BTreeMap<u32, GpuProcess> = BTreeMap::new();
    let mut add = |kind, processes: Option<Vec<ProcessInfo>>| {
        for process in processes.unwrap_or_default() {
            let memory_bytes = match process.used_gpu_memory {
                UsedGpuMemory::Used(bytes) => Some(bytes),
                UsedGpuMemory::Unavailable => None,
            };
            let new = GpuProcess { pid: process.pid, kind, memory_bytes, utilisation: None };
            // One that computes and draws is in both lists, with the same memory.
            let seen = found.entry(process.pid).or_insert(new);
            seen.memory_bytes = seen.memory_bytes.max(memory_bytes);
        }
    };
    add(GpuProcessKind::Compute, if_told(device.running_compute_processes())?);
    add(GpuProcessKind::Graphics, if_told(device.running_graphics_processes())?);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let since = SystemTime::now().checked_sub(window).and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let since = since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(0));
    let mut samples: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for sample in if_told(device.process_utilization_stats(since))?.unwrap_or_default() {
        // Where there are no samples of a process, some drivers fill the list up with zeros.
        if sample.timestamp >= since {
            let (sum, count) = samples.entry(sample.pid).or_default();
            *sum += sample.sm_util.min(100);
            *count += 1;
        }
    }
    for (pid, (sum, count)) in samples {
        if let Some(process) = found.get_mut(&pid) {
            process.utilisation = Some(f64::from(sum) / f64::from(count) / 100.0);
        }
    }
    Ok(found.into_values().collect())
}

fn state(error: &NvmlError) -> GpuState {
    let reason = words(error);
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => GpuState::NoLibrary,
        NvmlError::DriverNotLoaded | NvmlError::LibRmVersionMismatch => GpuState::NoDriver { reason },
        _ => GpuState::Failed { reason },
    }
}

/// What the wrangler reads of it at night.
fn words(error: &NvmlError) -> String {
    match error {
        NvmlError::GpuLost => "it has fallen off the bus".to_owned(),
        NvmlError::ResetRequired => "it needs a reset".to_owned(),
        NvmlError::NoPermission => "this user may not ask it".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_driver_say_what_is_missing() {
        assert_eq!(state(&NvmlError::LibraryNotFound), GpuState::NoLibrary);
        assert!(matches!(state(&NvmlError::DriverNotLoaded), GpuState::NoDriver { .. }));
        assert!(matches!(state(&NvmlError::LibRmVersionMismatch), GpuState::NoDriver { .. }));
        assert!(matches!(state(&NvmlError::GpuLost), GpuState::Failed { .. }));
    }
}
