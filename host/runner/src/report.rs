//! How an attempt's process tree ended: `exit.json` in the attempt's directory.
//!
//! What that means for the frames is the plugin's and the scheduler's to say.

use farmhand_model::{EndedBy, Seconds, Timestamp, Usage};
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
    /// The tree's peak of memory, as in `usage`, which earlier versions did not write.
    pub max_rss_bytes: Option<u64>,
    /// CPU time of the whole tree, as in `usage`.
    pub cpu: Seconds,
    /// Bytes of output in the log, those since dropped from its middle included.
    pub log_bytes: u64,
    /// Bytes of output that never reached the log: they came too fast, or the disk was full.
    pub log_dropped: u64,
    /// Processes that outlived the first one and had to be ended.
    pub leftovers: u32,
    /// What the tree took in all.
    #[serde(default)]
    pub usage: Usage,
    /// Whether the kernel ended it, or a part of it, for want of memory.
    #[serde(default)]
    pub out_of_memory: Option<OutOfMemory>,
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
            usage: Usage::default(),
            out_of_memory: None,
        }
    }

    /// What the tree took, from a report of an earlier version too. Nothing where there never was a process.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let of_earlier = Usage {
            peak_memory_bytes: self.max_rss_bytes,
            cpu_seconds: (self.cpu.0 > 0.0).then_some(self.cpu.0),
            ..Usage::default()
        };
        self.usage.or_more(of_earlier)
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

/// Which memory had run out when the kernel ended processes of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutOfMemory {
    /// That of the attempt's own cgroup.
    Limit,
    /// The machine's, or that of a cgroup above.
    Machine,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_earlier_version_is_read() {
        let text = r#"{"end": {"state": "ran", "exit_code": 0, "signal": null, "by": "itself"}, "started": "1970-01-01T00:00:00Z",
            "ended": "1970-01-01T00:00:09Z",
            "max_rss_bytes": 4096, "cpu": 1.5, "log_bytes": 0, "log_dropped": 0, "leftovers": 0}"#;
        let report: ExitReport = serde_json::from_str(text).expect("a report");
        let usage = Usage { peak_memory_bytes: Some(4096), cpu_seconds: Some(1.5), ..Usage::default() };
        assert_eq!((report.usage(), report.out_of_memory), (usage, None));
        let bare = ExitReport::bare(End::Lost { message: String::new() }, Timestamp(0), Timestamp(0));
        assert_eq!(bare.usage(), Usage::default());
    }
}
