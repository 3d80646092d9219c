//! One run of a task: what is remembered of it while it runs and for ever after.

use crate::dcc::{Fact, Fault, Outcome, Verdict};
use crate::needs::{Boost, Lease};
use crate::{AttemptId, Digest, FrameSet, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Which plugin decided an attempt: enough to explain it with the very bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginStamp {
    /// The plugin's name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// SHA-256 of the component; of a script, over its runner, names and texts.
    pub digest: Digest,
    /// How many times its slot had been swapped; 0 for a version that was loaded beside its slot.
    pub generation: u64,
}

/// Who ended a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// The process itself.
    Itself,
    /// It ran over its time limit.
    TimeLimit,
    /// No output, no CPU use and no new file for too long.
    Stall,
    /// A person cancelled it.
    Cancel,
    /// The daemon stopped and was told to take its renders along.
    DaemonStop,
    /// The machine or the shim went away.
    Lost,
}

impl fmt::Display for EndedBy {
    /// As in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EndedBy::Itself => "itself",
            EndedBy::TimeLimit => "time-limit",
            EndedBy::Stall => "stall",
            EndedBy::Cancel => "cancel",
            EndedBy::DaemonStop => "daemon-stop",
            EndedBy::Lost => "lost",
        })
    }
}

/// Where an attempt is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
#[expect(clippy::large_enum_variant, reason = "nearly all attempts that there are have ended")]
pub enum AttemptState {
    /// Decided and durable; its process may or may not be there yet.
    Starting,
    /// Its process runs.
    Running {
        /// When the process started.
        since: Timestamp,
    },
    /// Over.
    Ended {
        /// When.
        at: Timestamp,
        /// How, with what the host saw.
        outcome: Outcome,
        /// What the plugin said of it, or the host in its place.
        verdict: Verdict,
        /// What the scheduler then did with the missing frames, in one sentence; empty where none were missing.
        consequence: String,
    },
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptRecord {
    /// The fencing id.
    pub id: AttemptId,
    /// Whose frames.
    pub job: JobId,
    /// Which layer, where the job names some.
    pub layer: Option<String>,
    /// Which frames.
    pub frames: FrameSet,
    /// Index into the plugin's levels.
    pub level: u32,
    /// The level's name.
    pub level_name: String,
    /// 1 on the first try of these frames at this level.
    pub try_number: u32,
    /// What it holds.
    #[serde(flatten)]
    pub lease: Lease,
    /// What its frames ran out of before.
    #[serde(default, skip_serializing_if = "Boost::is_none")]
    #[schema(ignore)]
    pub boost: Boost,
    /// Who decided it; absent until the command was built.
    pub plugin: Option<PluginStamp>,
    /// When the scheduler started it.
    pub started: Timestamp,
    /// Frames verified so far.
    pub frames_done: FrameSet,
    /// What the reader said of it so far.
    pub faults: Vec<Fault>,
    /// What is worth keeping.
    pub facts: Vec<Fact>,
    /// How it came from one step to the next.
    #[serde(default)]
    pub steps: Steps,
    /// Where it is.
    #[serde(flatten)]
    pub state: AttemptState,
}

/// When an attempt came to its steps. What it has not come to, or what an earlier version did not write down, is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Steps {
    /// Its process was there.
    pub running: Option<Timestamp>,
    /// The DCC began its first frame.
    pub first_frame: Option<Timestamp>,
    /// Its process tree was empty; images were still being verified.
    pub process_ended: Option<Timestamp>,
}

impl AttemptRecord {
    /// Whether it still holds its frames and its lease.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.state, AttemptState::Ended { .. })
    }
}
