//! The JSON shapes that the API serves and the CLI and the page read. They promise stability; the inner types
//! behind them do not.

use crate::attempt::Steps;
use crate::batch::BatchRef;
use crate::dcc::{Fact, Fault, Gpu, Level, Outcome, Verdict};
use crate::fallback::Fallback;
use crate::hooks::HookRun;
use crate::job::{JobCosts, TimeSpent};
use crate::needs::{Lease, Usage};
use crate::node::{Budget, GpuStatus, Limit};
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
    /// The batch that it was submitted with last.
    #[serde(default)]
    pub batch: Option<BatchRef>,
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
    /// Where its time has gone, until now or its end; the time of attempts side by side is added up.
    pub time: TimeSpent,
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
    /// For people: what it needs and who has it.
    pub text: String,
    /// For people: what would make it run; absent where that is plain.
    pub remedy: Option<String>,
}

impl From<WaitReason> for WhyView {
    fn from(reason: WaitReason) -> Self {
        Self { text: reason.to_string(), remedy: reason.remedy(), reason }
    }
}

/// Jobs that the same thing holds: of ten thousand that wait, most wait for the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SharedWhy {
    /// What holds them; absent: nothing.
    pub why: Option<WhyView>,
    /// The first and the last of each run of their numbers, in order.
    pub jobs: Vec<(JobId, JobId)>,
}

impl SharedWhy {
    /// Whether this job is one of them.
    #[must_use]
    pub fn has(&self, job: JobId) -> bool {
        self.jobs.iter().any(|(first, last)| (*first..=*last).contains(&job))
    }
}

/// Why a job does not run, or does not run more, and where its time goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobWhyView {
    /// The job.
    pub job: JobId,
    /// Where it is.
    pub status: JobStatus,
    /// The one reason.
    #[serde(flatten)]
    pub why: WhyView,
    /// Where its time has gone, until now, in seconds; the time of attempts side by side is added up.
    pub time: TimeSpent,
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
    /// What it holds, or held.
    #[serde(flatten)]
    pub lease: Lease,
    /// Who decided it.
    pub plugin: Option<PluginStamp>,
    /// `starting`, `running` or `ended`.
    pub state: String,
    /// When the scheduler started it.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When it came to its steps.
    pub steps: Steps,
    /// What its processes take, or took in all.
    pub usage: Usage,
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
    /// What.
    #[serde(flatten)]
    pub lease: Lease,
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
    /// Cores that are soldered in; hyper-threads count once. Absent where the system does not tell.
    pub physical_cores: Option<u32>,
    /// Logical cores of the machine.
    pub logical_cores: u32,
    /// Physical memory in bytes, or the cgroup's limit where that is lower.
    pub memory_bytes: u64,
    /// Bytes of it that renders may lease.
    pub render_memory_bytes: u64,
    /// Bytes that are free at the moment, as far as the system tells.
    pub memory_available_bytes: Option<u64>,
    /// Disks of the data directory, of the roots and of running renders' outputs.
    pub disks: Vec<DiskView>,
    /// Tasks at once.
    pub slots: u32,
    /// Threads of a task unless its job says otherwise.
    pub threads_per_task: u32,
    /// What renders may have of it at the moment.
    pub budget: Budget,
    /// Licences and counters with a limit.
    pub limits: Vec<LimitView>,
    /// GPUs found.
    pub gpus: Vec<GpuView>,
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

/// One GPU: what it is, what it does, who has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GpuView {
    /// Which, and whether renders may have it.
    #[serde(flatten)]
    pub status: GpuStatus,
    /// Such as `00000000:3B:00.0`.
    pub pci_bus_id: Option<String>,
    /// Bytes of its memory that are in use.
    pub memory_used_bytes: Option<u64>,
    /// How busy it is, 0 to 1.
    pub utilisation: Option<f64>,
    /// In degrees Celsius.
    pub temperature: Option<u32>,
    /// Who uses it.
    pub processes: Vec<GpuProcessView>,
    /// Attempts that hold it, or a share of it.
    pub leases: Vec<AttemptId>,
}

impl GpuView {
    /// One of which no more is known than what it is.
    #[must_use]
    pub fn new(gpu: Gpu) -> Self {
        Self {
            status: GpuStatus::free(gpu),
            pci_bus_id: None,
            memory_used_bytes: None,
            utilisation: None,
            temperature: None,
            processes: Vec::new(),
            leases: Vec::new(),
        }
    }
}

/// A process that uses a GPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GpuProcessView {
    /// Its number.
    pub pid: u32,
    /// Its program's name, where it can be told.
    pub name: Option<String>,
    /// Whose it is, where it can be told.
    pub user: Option<String>,
    /// GPU memory in bytes.
    pub memory_bytes: Option<u64>,
    /// The attempt that it belongs to; absent: farmhand did not start it.
    pub attempt: Option<AttemptId>,
}

/// A disk that renders need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiskView {
    /// Directories on it that farmhand uses.
    pub paths: Vec<String>,
    /// In bytes.
    pub total_bytes: u64,
    /// What the daemon's user may still write, in bytes.
    pub free_bytes: u64,
}

/// A licence or counter of `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitView {
    /// Its name.
    pub name: String,
    /// How many there are, and what takes one.
    #[serde(flatten)]
    pub limit: Limit,
    /// How many are taken.
    pub used: u32,
    /// By whom.
    pub holders: Vec<JobId>,
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
