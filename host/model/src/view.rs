//! The JSON shapes that the API serves and the CLI and the page read. They promise stability; the inner types
//! behind them do not.

use crate::dcc::{Fact, Fault, Gpu, Level, Outcome, Verdict};
use crate::fallback::Fallback;
use crate::hooks::HookRun;
use crate::job::JobCosts;
use crate::versions::VersionStanding;
use crate::why::WaitReason;
use crate::{AttemptId, FrameSet, FrameState, JobId, JobSpec, JobStatus, PluginStamp, Seconds, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many frames are what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct FrameCounts {
    /// Over all layers.
    pub total: u64,
    /// Not begun.
    pub pending: u64,
    /// Held by live attempts.
    pub running: u64,
    /// Verified and in place.
    pub done: u64,
    /// There before.
    pub skipped: u64,
    /// Given up.
    pub failed: u64,
}

/// A row of the job list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobSummary {
    /// The job's number.
    pub id: JobId,
    /// What people call it.
    pub name: String,
    /// Who submitted it.
    pub user: Option<String>,
    /// The plugin's name.
    pub plugin: String,
    /// Absolute path of the scene.
    pub scene: String,
    /// 0 to 100.
    pub priority: u8,
    /// Where it is.
    pub status: JobStatus,
    /// How many frames are what.
    pub frames: FrameCounts,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When its first attempt started.
    pub started: Option<Timestamp>,
    /// When it reached an end.
    pub finished: Option<Timestamp>,
    /// When it will be done at the present pace; absent until that can be said.
    pub eta: Option<Timestamp>,
    /// Why it does not run, or does not run more; absent where it has ended.
    pub why: Option<WhyView>,
    /// Why it failed, where it failed as a whole.
    pub failure: Option<String>,
}

/// Everything about a job except its frames and attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    /// The row.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// What was submitted.
    pub spec: JobSpec,
    /// What the plugin wanted people to know.
    pub notes: Vec<String>,
    /// What has been learned of its costs.
    pub costs: JobCosts,
    /// How many attempts it has had.
    pub attempts: u64,
    /// Frames that left a level for the next one, with the cause.
    pub fallbacks: Vec<Fallback>,
    /// The job's own hooks that have run, newest last.
    pub hooks: Vec<HookRun>,
}

/// Why a job waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhyView {
    /// For programs.
    pub reason: WaitReason,
    /// For people.
    pub text: String,
}

impl From<WaitReason> for WhyView {
    fn from(reason: WaitReason) -> Self {
        Self { text: reason.to_string(), reason }
    }
}

/// Frames of one state in one layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FrameRuns {
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// What they are.
    pub state: FrameState,
    /// Which frames.
    pub frames: FrameSet,
}

/// The frames of a job, as runs per state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FramesView {
    /// The job.
    pub job: JobId,
    /// How many frames are what.
    pub counts: FrameCounts,
    /// Runs, by layer and state; states without frames are left out.
    pub runs: Vec<FrameRuns>,
}

/// One verified frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FrameDoneView {
    /// The job.
    pub job: JobId,
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// The frame.
    pub frame: i32,
    /// Which attempt rendered it; absent where its image was there before.
    pub attempt: Option<AttemptId>,
    /// Absolute path of the image.
    pub path: String,
    /// Size of the file.
    pub bytes: u64,
    /// How long the frame took, where the reader could tell.
    pub seconds: Option<Seconds>,
    /// When it was in place.
    pub at: Timestamp,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    /// The fencing id.
    pub id: AttemptId,
    /// Whose frames.
    pub job: JobId,
    /// Which layer, where the job names some.
    pub layer: Option<String>,
    /// Which frames.
    pub frames: FrameSet,
    /// Frames verified so far.
    pub frames_done: FrameSet,
    /// The level's index.
    pub level: u32,
    /// The level's name.
    pub level_name: String,
    /// 1 on the first try of these frames at this level.
    pub try_number: u32,
    /// CPU threads leased.
    pub threads: u32,
    /// Who decided it.
    pub plugin: Option<PluginStamp>,
    /// `starting`, `running` or `ended`.
    pub state: String,
    /// When the scheduler started it.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the plugin said of it.
    pub verdict: Option<Verdict>,
    /// What the scheduler then did.
    pub consequence: Option<String>,
    /// What went wrong.
    pub faults: Vec<Fault>,
    /// What is worth keeping.
    pub facts: Vec<Fact>,
    /// The exact command; absent until it was built.
    pub command: Option<CommandView>,
}

/// A command as it was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CommandView {
    /// Absolute path of the program.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What was added to the environment; values of names that look secret are hidden.
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub cwd: String,
}

/// State of one plugin slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginView {
    /// The slot's name: the plugin's name, or the file's stem where it never loaded.
    pub name: String,
    /// `serving`, `degraded` (serving, and a newer version was refused or rolled back from) or `failed` (nothing to
    /// serve).
    pub state: String,
    /// The file in the plugins directory that it comes from, `built-in`, or a kept copy of either.
    pub source: String,
    /// Who serves.
    pub serving: Option<PluginStamp>,
    /// What it is for.
    pub summary: Option<String>,
    /// Extensions that select it.
    pub extensions: Vec<String>,
    /// Ways to render.
    pub levels: Vec<Level>,
    /// JSON Schema of its options.
    #[schema(value_type = Option<Object>)]
    pub options_schema: Option<serde_json::Value>,
    /// Why the newest version does not serve, or what is wrong with the one that does.
    pub failure: Option<String>,
    /// What is out of the ordinary: a pin, a rollback, a version that waits.
    #[serde(default)]
    pub standing: VersionStanding,
    /// When the slot last changed.
    pub changed: Timestamp,
}

/// One program found, or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToolView {
    /// The plugin that asks for it.
    pub plugin: String,
    /// Its id in the plugin's descriptor.
    pub id: String,
    /// Where it is; absent where it was not found.
    pub path: Option<String>,
    /// Its version, where it could be read.
    pub version: Option<String>,
    /// What is wrong and what to do.
    pub problem: Option<String>,
}

/// A lease that a running attempt holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeaseView {
    /// Who holds it.
    pub attempt: AttemptId,
    /// For which job.
    pub job: JobId,
    /// CPU threads.
    pub threads: u32,
}

/// This machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeView {
    /// Its host name.
    pub name: String,
    /// farmhand's version.
    pub version: String,
    /// Cores that renders may use.
    pub cores: u32,
    /// Physical memory in bytes, or the cgroup's limit where that is lower.
    pub memory_bytes: u64,
    /// Tasks at once.
    pub slots: u32,
    /// Threads of a task unless its job says otherwise.
    pub threads_per_task: u32,
    /// GPUs found.
    pub gpus: Vec<Gpu>,
    /// Why no GPUs were found, where there are none.
    pub gpu_state: String,
    /// Programs found, by plugin.
    pub tools: Vec<ToolView>,
    /// Who holds what.
    pub leases: Vec<LeaseView>,
    /// Open circuit breakers.
    pub breakers: Vec<BreakerView>,
    /// When the daemon started.
    pub started: Timestamp,
}

/// An open circuit breaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BreakerView {
    /// The plugin that takes no tasks here.
    pub plugin: String,
    /// The GPU that it is about; absent: the plugin takes none at all.
    pub gpu: Option<String>,
    /// What opened it.
    pub reason: String,
    /// When one task is let through to see.
    pub until: Timestamp,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give it as `cursor` to get what follows; absent at the end.
    pub next: Option<String>,
}
