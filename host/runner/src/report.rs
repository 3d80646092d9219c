//! How an attempt's process tree ended: `exit.json` in the attempt's directory.
//!
//! What that means for the frames is the plugin's and the scheduler's to say.

use farmhand_model::{EndedBy, Seconds, Timestamp};
use serde::{Deserialize, Serialize};

/// Everything that the shim saw of one process tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExitReport {
    /// How it ended.
    pub end: End,
    /// When the program was started, or should have been.
    pub started: Timestamp,
    /// When the last process of the tree was gone.
    pub ended: Timestamp,
    /// The largest resident size of one process of the tree; absent where it cannot be measured.
    pub max_rss_bytes: Option<u64>,
    /// CPU time of the whole tree, as far as its processes were waited for.
    pub cpu: Seconds,
    /// Bytes of output in the log, those since dropped from its middle included.
    pub log_bytes: u64,
    /// Bytes of output that never reached the log: they came too fast, or the disk was full.
    pub log_dropped: u64,
    /// Processes that outlived the first one and had to be ended.
    pub leftovers: u32,
}

impl ExitReport {
    /// A report for a program of which nothing is known but its end.
    #[must_use]
    pub fn bare(end: End, started: Timestamp, ended: Timestamp) -> Self {
        Self {
            end,
            started,
            ended,
            max_rss_bytes: None,
            cpu: Seconds(0.0),
            log_bytes: 0,
            log_dropped: 0,
            leftovers: 0,
        }
    }

    /// From start to the end of the whole tree.
    #[must_use]
    pub fn seconds(&self) -> Seconds {
        self.ended.since(self.started)
    }

    /// Who ended it, in the words of the plugin contract. A program that could not be started ended by itself.
    #[must_use]
    pub fn ended_by(&self) -> EndedBy {
        match &self.end {
            End::Ran { by, .. } => *by,
            End::FailedToStart { .. } => EndedBy::Itself,
            End::Lost { .. } => EndedBy::Lost,
        }
    }

    /// The exit code, where the program ended with one.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match &self.end {
            End::Ran { exit_code, .. } => *exit_code,
            End::FailedToStart { .. } | End::Lost { .. } => None,
        }
    }

    /// The signal that ended the program.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match &self.end {
            End::Ran { signal, .. } => *signal,
            End::FailedToStart { .. } | End::Lost { .. } => None,
        }
    }
}

/// How a process tree ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum End {
    /// The program ran.
    Ran {
        /// Of the first process.
        exit_code: Option<i32>,
        /// Of the first process.
        signal: Option<i32>,
        /// Who ended the first process.
        by: EndedBy,
    },
    /// It never did.
    FailedToStart {
        /// Why, with the remedy.
        message: String,
    },
    /// Its shim went away before it could report; what was left of the tree has been killed.
    Lost {
        /// What is known.
        message: String,
    },
}

/// Why a running attempt is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KillReason {
    /// A person wants it gone.
    Cancel,
    /// It shows no sign of life.
    Stall,
    /// It runs over a limit that the daemon keeps, such as the whole job's.
    TimeLimit,
    /// The daemon stops and takes its renders along.
    DaemonStop,
}

impl From<KillReason> for EndedBy {
    fn from(reason: KillReason) -> Self {
        match reason {
            KillReason::Cancel => Self::Cancel,
            KillReason::Stall => Self::Stall,
            KillReason::TimeLimit => Self::TimeLimit,
            KillReason::DaemonStop => Self::DaemonStop,
        }
    }
}

/// Which process, so that another one that gets the same number later is never taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The number.
    pub pid: u32,
    /// When it started, in the operating system's own unit; 0 where that cannot be read.
    pub start: u64,
}

/// Who runs an attempt: `running.json`, which becomes `exit.json` at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// The shim.
    pub shim: ProcessId,
    /// The first process of the tree; absent until it was started.
    pub leader: Option<ProcessId>,
    /// When.
    pub started: Timestamp,
}

/// The clock, in the vocabulary of the model.
pub(crate) fn now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since_epoch.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}
