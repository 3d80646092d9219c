//! How it stands with GPUs on this machine, in words for people.

use std::fmt;

/// How it stands with GPUs on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GpuState {
    /// There are some.
    Found {
        /// How many, lost ones too.
        count: usize,
        /// The driver's version, where it says so.
        driver: Option<String>,
        /// What the driver says of others, which do not even say what they are.
        unnamed: Vec<String>,
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
            GpuState::Found { count, driver, unnamed } => {
                write!(f, "{count} NVIDIA GPU{}", if *count == 1 { "" } else { "s" })?;
                driver.as_ref().map_or(Ok(()), |driver| write!(f, ", driver {driver}"))?;
                match unnamed.as_slice() {
                    [] => Ok(()),
                    [reason] => write!(f, "; one more does not say what it is: {reason}"),
                    [reason, ..] => {
                        write!(f, "; {} more do not say what they are: {reason}", unnamed.len())
                    }
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_one_line() {
        let reason = || "reason".to_owned();
        let states = [
            GpuState::Found { count: 1, driver: Some("550.1".into()), unnamed: vec![] },
            GpuState::Found { count: 2, driver: None, unnamed: vec![reason()] },
            GpuState::Found { count: 2, driver: None, unnamed: vec![reason(), reason()] },
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
}
