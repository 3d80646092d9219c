//! One plugin in full: what it may see and use, what its calls cost and came to, and what it said went wrong. Its
//! versions are `versions`' job.

use crate::dcc::{Cause, Severity};
use crate::view::PluginView;
use crate::{AttemptId, Digest, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A plugin, with all that is not in the list of plugins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginDetail {
    /// The slot.
    #[serde(flatten)]
    pub plugin: PluginView,
    /// The script's language; absent: what serves is a component, or nothing serves.
    pub language: Option<String>,
    /// What the studio lets it see besides the job.
    pub grants: PluginGrants,
    /// What one call of it may use.
    pub limits: PluginLimits,
    /// Failed calls in a row after which the daemon goes back to the version before; 0: never.
    pub rollback_after: u32,
    /// Past attempts that a new version must decide as before, where the studio asks for it.
    pub gate: Option<u32>,
    /// From when on its calls are counted: the daemon's start.
    pub calls_since: Timestamp,
    /// Its calls, by function of the contract.
    pub calls: Vec<CallFigures>,
    /// Of its ended attempts, the newest, so many were looked at for `faults`.
    pub attempts_seen: u32,
    /// What went wrong in those, by cause, the most frequent first.
    pub faults: Vec<FaultFigures>,
}

/// What the studio lets a plugin see besides the job; nothing is granted by default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct PluginGrants {
    /// Directories that it may read text files under.
    pub read: Vec<String>,
    /// Variables of the daemon's environment that it may read.
    pub env: Vec<EnvGrant>,
    /// What it is handed of the configuration; values of names that look secret are hidden.
    #[schema(value_type = Object)]
    pub config: serde_json::Value,
}

/// A variable of the daemon's environment that a plugin may read. Its value is nobody else's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvGrant {
    /// Its name.
    pub name: String,
    /// Whether the daemon has it.
    pub is_set: bool,
}

/// What one call of a plugin may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginLimits {
    /// Running time of `describe`.
    pub describe_seconds: f64,
    /// Running time of a call.
    pub call_seconds: f64,
    /// Running time of one batch of lines in a reader.
    pub read_seconds: f64,
    /// Memory of one instance.
    pub memory_bytes: u64,
    /// Log that is kept of one call.
    pub log_bytes: u64,
    /// The largest file that it may read whole.
    pub file_bytes: u64,
}

/// Calls of one function of a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallFigures {
    /// The function of the contract.
    pub function: String,
    /// How many.
    pub calls: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Half of the last calls took no longer, making their instances included.
    pub median_seconds: f64,
    /// 99 of 100 of the last calls took no longer.
    pub p99_seconds: f64,
    /// How many calls these two are over.
    pub of_last: u32,
    /// The most memory that an instance held after a call.
    pub peak_memory_bytes: u64,
    /// The last failure.
    pub last_failure: Option<CallFailure>,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallFailure {
    /// When.
    pub at: Timestamp,
    /// Which version failed.
    pub digest: Digest,
    /// What it calls itself.
    pub version: String,
    /// What went wrong; of a script with its traceback.
    pub message: String,
}

/// Faults of one cause and severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FaultFigures {
    /// What about.
    pub cause: Cause,
    /// How bad.
    pub severity: Severity,
    /// How many.
    pub count: u64,
    /// What the newest said.
    pub message: String,
    /// The newest's attempt.
    pub attempt: AttemptId,
    /// And its job.
    pub job: JobId,
    /// When that attempt started.
    pub at: Timestamp,
}
