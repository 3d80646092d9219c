//! NVIDIA GPUs, asked for through the driver's own library. A machine without GPUs, without a driver or with a
//! driver that hangs is a state with a name, never a crash.
//!
//! Which GPU renders what is not decided here.

use farmhand_model::dcc::Gpu;
use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use std::ffi::OsStr;
use std::fmt;
use std::time::Duration;
use tokio::sync::oneshot;

/// A driver that has lost its GPU may never answer.
const LIMIT: Duration = Duration::from_secs(10);

/// The library's names, the likeliest first: Linux packages without development files have only the `.so.1`.
#[cfg(not(windows))]
const LIBRARIES: [&str; 2] = ["libnvidia-ml.so.1", "libnvidia-ml.so"];
#[cfg(windows)]
const LIBRARIES: [&str; 2] = ["nvml.dll", r"C:\Program Files\NVIDIA Corporation\NVSMI\nvml.dll"];

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuProbe {
    /// In PCI bus order.
    pub gpus: Vec<Gpu>,
    /// How it stands with GPUs, in one line for people through its `Display`.
    pub state: GpuState,
}

/// How it stands with GPUs on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GpuState {
    /// There are some.
    Found {
        /// How many.
        count: usize,
        /// The driver's version, where it says so.
        driver: Option<String>,
    },
    /// The driver works and there is no GPU, or none that this process may see.
    NoGpus,
    /// The driver's library is not installed.
    NoLibrary,
    /// The library is there and the kernel's driver is not loaded, or is of another version.
    NoDriver {
        /// What the library says.
        reason: String,
    },
    /// The driver did not answer.
    NoAnswer {
        /// Within this long.
        seconds: u64,
    },
    /// The driver answered with an error.
    Failed {
        /// What it says.
        reason: String,
    },
}

impl fmt::Display for GpuState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GpuState::Found { count, driver } => {
                write!(f, "{count} NVIDIA GPU{}", if *count == 1 { "" } else { "s" })?;
                driver.as_ref().map_or(Ok(()), |driver| write!(f, ", driver {driver}"))
            }
            GpuState::NoGpus => f.write_str("the NVIDIA driver works but shows no GPU to this process"),
            GpuState::NoLibrary => f.write_str("no NVIDIA driver is installed; renders use the CPU"),
            GpuState::NoDriver { reason } => write!(
                f,
                "the NVIDIA driver is installed but not usable ({reason}); load its kernel module, or restart the \
                 machine after a driver update"
            ),
            GpuState::NoAnswer { seconds } => write!(
                f,
                "the NVIDIA driver did not answer within {seconds} s; see what `nvidia-smi` and the kernel's log say"
            ),
            GpuState::Failed { reason } => {
                write!(f, "the NVIDIA driver answered with an error ({reason}); see what `nvidia-smi` says")
            }
        }
    }
}

/// Looks for GPUs. It waits for as long as the driver takes, 10 seconds at most.
pub async fn probe() -> GpuProbe {
    within(LIMIT, ask_driver).await
}

/// Asks on a thread of its own. A call that hangs in the driver cannot be ended, so its thread is left behind; it is
/// none of the runtime's, which waits for its threads when it ends.
async fn within(
    limit: Duration,
    ask: impl FnOnce() -> Result<GpuProbe, GpuState> + Send + 'static,
) -> GpuProbe {
    let (reply, answer) = oneshot::channel();
    let asking = std::thread::Builder::new().name("gpu-probe".into()).spawn(move || reply.send(ask()));
    let result = match asking {
        Ok(_) => match tokio::time::timeout(limit, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(GpuState::Failed { reason: "its library crashed".into() }),
            Err(_) => Err(GpuState::NoAnswer { seconds: limit.as_secs() }),
        },
        Err(error) => Err(GpuState::Failed { reason: error.to_string() }),
    };
    let probe = result.unwrap_or_else(|state| GpuProbe { gpus: Vec::new(), state });
    tracing::debug!(gpus = probe.gpus.len(), state = %probe.state, "looked for GPUs");
    probe
}

fn ask_driver() -> Result<GpuProbe, GpuState> {
    let nvml = load()?;
    let count = nvml.device_count().map_err(state)?;
    let mut found = Vec::new();
    for index in 0..count {
        match describe(&nvml, index) {
            Ok(gpu) => found.push(gpu),
            // This process may not use it, or it has fallen off the bus: the others still render.
            Err(error) => tracing::warn!(index, %error, "a GPU does not say what it is and is left out"),
        }
    }
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    let gpus: Vec<Gpu> = (0..).zip(found).map(|(index, (_, gpu))| Gpu { index, ..gpu }).collect();
    let state = match gpus.len() {
        0 => GpuState::NoGpus,
        count => GpuState::Found { count, driver: nvml.sys_driver_version().ok() },
    };
    Ok(GpuProbe { gpus, state })
}

fn load() -> Result<Nvml, GpuState> {
    let mut last = GpuState::NoLibrary;
    for library in LIBRARIES {
        match Nvml::builder().lib_path(OsStr::new(library)).init() {
            Ok(nvml) => return Ok(nvml),
            Err(error) => last = state(error),
        }
        if last != GpuState::NoLibrary {
            break;
        }
    }
    Err(last)
}

/// A GPU with the bus id that it is sorted by.
fn describe(nvml: &Nvml, index: u32) -> Result<(String, Gpu), NvmlError> {
    let device = nvml.device_by_index(index)?;
    let gpu =
        Gpu { index, uuid: device.uuid()?, name: device.name()?, memory_bytes: device.memory_info()?.total };
    Ok((device.pci_info()?.bus_id, gpu))
}

#[expect(clippy::needless_pass_by_value, reason = "it ends here, and map_err hands over a value")]
fn state(error: NvmlError) -> GpuState {
    let reason = error.to_string();
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => GpuState::NoLibrary,
        NvmlError::DriverNotLoaded | NvmlError::LibRmVersionMismatch => GpuState::NoDriver { reason },
        _ => GpuState::Failed { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_driver_that_hangs_or_crashes_is_a_state() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let hanging = within(Duration::from_millis(1), move || {
            let _ = held.recv();
            Err(GpuState::NoGpus)
        })
        .await;
        assert_eq!(hanging, GpuProbe { gpus: vec![], state: GpuState::NoAnswer { seconds: 0 } });
        drop(hold);
        let crashing = within(LIMIT, || panic!("as a library might")).await;
        assert!(matches!(crashing.state, GpuState::Failed { .. }), "{crashing:?}");
        let empty = within(LIMIT, || Err(GpuState::NoGpus)).await;
        assert_eq!(empty.state, GpuState::NoGpus);
    }

    #[test]
    fn errors_of_the_driver_say_what_is_missing() {
        assert_eq!(state(NvmlError::LibraryNotFound), GpuState::NoLibrary);
        assert!(matches!(state(NvmlError::DriverNotLoaded), GpuState::NoDriver { .. }));
        assert!(matches!(state(NvmlError::LibRmVersionMismatch), GpuState::NoDriver { .. }));
        assert!(matches!(state(NvmlError::GpuLost), GpuState::Failed { .. }));
    }

    #[test]
    fn every_state_is_one_line() {
        let reason = || "reason".to_owned();
        let states = [
            GpuState::Found { count: 1, driver: Some("550.1".into()) },
            GpuState::NoGpus,
            GpuState::NoLibrary,
            GpuState::NoDriver { reason: reason() },
            GpuState::NoAnswer { seconds: 10 },
            GpuState::Failed { reason: reason() },
        ];
        for state in states {
            let line = state.to_string();
            assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
        }
    }

    /// Whatever this machine has, the list and the state agree.
    #[tokio::test]
    async fn this_machine_gives_an_answer() {
        let probe = probe().await;
        match probe.state {
            GpuState::Found { count, .. } => assert_eq!(count, probe.gpus.len()),
            _ => assert_eq!(probe.gpus, []),
        }
    }
}
