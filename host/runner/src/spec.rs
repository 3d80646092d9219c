//! What a shim is told: `command.json` in the attempt's directory.
//!
//! Who builds it (the plugin and the host together) and why is not known here.

use farmhand_model::Seconds;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One program to run, with its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShimSpec {
    /// Absolute path of the program.
    pub program: PathBuf,
    /// Its arguments; no shell ever sees them.
    pub args: Vec<String>,
    /// Its environment.
    pub env: EnvSpec,
    /// Its working directory; absent: the attempt's scratch directory.
    pub cwd: Option<PathBuf>,
    /// How much of its output is kept.
    pub log: LogLimits,
    /// Its process tree is ended after this long; absent: never.
    pub time_limit: Option<Seconds>,
    /// Time between asking a process tree to end and killing it.
    pub grace: Seconds,
    /// How long processes that outlive the first one may go on before they are ended.
    pub linger: Seconds,
    /// Added to the niceness of its process tree; 0 leaves it alone.
    pub nice: i32,
    /// How its reading and writing stands behind that of others.
    #[serde(default)]
    pub io: IoClass,
    /// A cgroup for it alone; absent: it stays in the shim's.
    #[serde(default)]
    pub cgroup: Option<CgroupSpec>,
}

impl ShimSpec {
    /// This program with the shim's own environment and the default limits.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: EnvSpec::default(),
            cwd: None,
            log: LogLimits::default(),
            time_limit: None,
            grace: Seconds(10.0),
            linger: Seconds(5.0),
            nice: 0,
            io: IoClass::Normal,
            cgroup: None,
        }
    }
}

/// How a process tree's reading and writing stands behind that of others, on schedulers that look at it: BFQ, and
/// mq-deadline for `Idle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IoClass {
    /// As the shim's own.
    #[default]
    Normal,
    /// The last of the ordinary ones: others go first, but it always gets its share.
    Low,
    /// Only when nobody else wants the disk: on one that is never idle it waits for ever.
    Idle,
}

/// A version 2 cgroup for one attempt: [`crate::Cgroups`] names it, the shim makes and removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CgroupSpec {
    /// Its directory, which is not there yet.
    pub path: PathBuf,
    /// Its share of the CPUs where others want them too; 100 is everybody's.
    pub cpu_weight: u32,
    /// The kernel ends the whole tree when it needs more, in bytes; absent: no limit.
    pub memory_max: Option<u64>,
}

/// The environment of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvSpec {
    /// Exactly these variables.
    Only(Vec<(String, String)>),
    /// The shim's own environment, which is the daemon's.
    Inherit {
        /// Taken away first.
        remove: Vec<String>,
        /// Then set.
        set: Vec<(String, String)>,
    },
}

impl Default for EnvSpec {
    fn default() -> Self {
        Self::Inherit { remove: Vec::new(), set: Vec::new() }
    }
}

/// How much output is kept, and how fast it may come.
///
/// Whatever is not kept is counted, and a line in the log says so where it is missing. The program itself is never
/// held up: its output is drained whether it is kept or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLimits {
    /// The first bytes, which are kept for ever.
    pub head_bytes: u64,
    /// The newest bytes after the head; between three and four quarters of this are there at any time.
    pub tail_bytes: u64,
    /// More than this within one second is left out.
    pub bytes_per_second: u64,
    /// More than this within one second is left out.
    pub lines_per_second: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            head_bytes: 32 << 20,
            tail_bytes: 32 << 20,
            bytes_per_second: 64 << 20,
            lines_per_second: 250_000,
        }
    }
}
