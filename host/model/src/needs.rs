//! What a task needs of a node, and what it was given: needs, leases, and what of it was really used.
//!
//! Who gets what, and whether it fits, is the scheduler's business.

use crate::Bytes;
use crate::dcc::Gpu;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// GPUs that one task needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct GpuNeed {
    /// How many; at least 1.
    pub count: u32,
    /// Bytes on each of them, which other tasks may share; absent: each of them whole.
    pub memory_bytes: Option<u64>,
    /// Whether a task waits for them for ever. Where it does not, it starts without GPUs on a node whose GPUs are all
    /// missing, reserved, in use by others or broken; GPUs that other renders hold are waited for in either case.
    pub required: bool,
}

impl GpuNeed {
    /// More GPUs than one node has: asking for more of them is a mistake.
    pub const MOST: u32 = 64;
}

/// What one task needs besides CPU threads and licences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Needs {
    /// Bytes of memory; absent: what the job's attempts have shown, or the node's guess until one has.
    pub memory_bytes: Option<u64>,
    /// GPUs; absent: none, and then it sees none.
    pub gpus: Option<GpuNeed>,
}

/// Such as `2 GPUs with 12 GB each, 16 GB of memory`; what is left to the node is not named.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gpus = self.gpus.as_ref().map(|GpuNeed { count, memory_bytes, required }| {
            let many = if *count == 1 { "" } else { "s" };
            let each = if *count == 1 { "" } else { " each" };
            let share = memory_bytes.map(|bytes| format!(" with {}{each}", Bytes(bytes))).unwrap_or_default();
            format!("{count} GPU{many}{share}{}", if *required { "" } else { " or none" })
        });
        let memory = self.memory_bytes.map(|bytes| format!("{} of memory", Bytes(bytes)));
        let parts: Vec<_> = gpus.into_iter().chain(memory).collect();
        f.write_str(&parts.join(", "))
    }
}

/// What a job's tasks need at one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LevelNeeds {
    /// The level, by name.
    pub level: String,
    /// What a task needs there.
    #[serde(flatten)]
    pub needs: Needs,
}

/// What frames need more after they ran out of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Boost {
    /// At least so many bytes of memory.
    pub memory_bytes: Option<u64>,
    /// At least so many bytes on each GPU.
    pub gpu_memory_bytes: Option<u64>,
    /// GPUs that they are not to be given, by UUID: they ran out of memory there.
    pub not_gpus: Vec<String>,
}

impl Boost {
    /// Whether they ran out of nothing so far.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What an attempt holds from its start to its end. All of it, or it does not start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// CPU threads.
    pub threads: u32,
    /// Bytes of memory.
    #[serde(default)]
    pub memory_bytes: u64,
    /// GPUs: its process sees no other.
    #[serde(default)]
    pub gpus: Vec<GpuLease>,
    /// Licences, and counters of the configuration's `[limits]`.
    #[serde(default)]
    pub licences: Vec<String>,
}

/// A GPU, or a share of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GpuLease {
    /// Which.
    #[serde(flatten)]
    pub gpu: Gpu,
    /// Bytes of it; absent: all of it.
    pub share_bytes: Option<u64>,
}

/// What an attempt's process tree has really taken. A figure that could not be read is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Usage {
    /// The most memory at one time, in bytes: that of the cgroup, or the resident memory of all processes together.
    pub peak_memory_bytes: Option<u64>,
    /// CPU time of all processes, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Bytes read from disks and network file systems.
    pub read_bytes: Option<u64>,
    /// Bytes written to them.
    pub written_bytes: Option<u64>,
    /// The most GPU memory at one time, over all GPUs, in bytes.
    pub peak_gpu_memory_bytes: Option<u64>,
    /// How busy its GPUs were while it ran, 0 to 1.
    pub gpu_utilisation: Option<f64>,
}

impl Usage {
    /// What both have seen of one attempt: the higher figure of each.
    #[must_use]
    pub fn or_more(self, other: Usage) -> Usage {
        fn more<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<T> {
            match (a, b) {
                (Some(a), Some(b)) => Some(if b > a { b } else { a }),
                (a, b) => a.or(b),
            }
        }
        Usage {
            peak_memory_bytes: more(self.peak_memory_bytes, other.peak_memory_bytes),
            cpu_seconds: more(self.cpu_seconds, other.cpu_seconds),
            read_bytes: more(self.read_bytes, other.read_bytes),
            written_bytes: more(self.written_bytes, other.written_bytes),
            peak_gpu_memory_bytes: more(self.peak_gpu_memory_bytes, other.peak_gpu_memory_bytes),
            gpu_utilisation: more(self.gpu_utilisation, other.gpu_utilisation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_of_an_earlier_version_is_read() {
        let lease: Lease = serde_json::from_str(r#"{"threads": 4}"#).unwrap();
        assert_eq!(lease, Lease { threads: 4, ..Lease::default() });
    }

    #[test]
    fn needs_are_told_in_one_line() {
        let check = |memory_bytes, gpus: Option<(u32, Option<u64>, bool)>, expect: &str| {
            let gpus = gpus.map(|(count, memory_bytes, required)| GpuNeed { count, memory_bytes, required });
            assert_eq!(Needs { memory_bytes, gpus }.to_string(), expect);
        };
        check(None, None, "");
        check(Some(16_000_000_000), None, "16 GB of memory");
        check(None, Some((1, None, false)), "1 GPU or none");
        check(
            Some(8_000_000_000),
            Some((2, Some(12_000_000_000), true)),
            "2 GPUs with 12 GB each, 8 GB of memory",
        );
        check(None, Some((1, Some(1_500_000_000), true)), "1 GPU with 1.5 GB");
    }

    #[test]
    fn the_higher_figure_of_two_counts() {
        let one = Usage { peak_memory_bytes: Some(5), cpu_seconds: Some(1.5), ..Usage::default() };
        let two = Usage { peak_memory_bytes: Some(9), read_bytes: Some(3), ..Usage::default() };
        let both = Usage {
            peak_memory_bytes: Some(9),
            cpu_seconds: Some(1.5),
            read_bytes: Some(3),
            ..Usage::default()
        };
        assert_eq!(one.or_more(two), both);
    }
}
