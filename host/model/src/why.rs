//! Why a job waits, as a typed value: every reason knows what is needed, who has it and when that may change. What is
//! said of it to people is in `text`.

mod text;

pub use crate::size::Bytes;

use crate::batch::BatchRef;
use crate::dcc::Cause;
use crate::hooks::Moment;
use crate::needs::GpuNeed;
use crate::node::{Closed, GpuStanding};
use crate::{AttemptId, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An attempt that has what another one needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its job.
    pub job: JobId,
}

/// Why a job cannot have one GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GpuInTheWay {
    /// Its index, in PCI bus order.
    pub index: u32,
    /// NVML's `GPU-…`.
    pub uuid: String,
    /// What is in the way.
    #[serde(flatten)]
    pub obstacle: GpuObstacle,
}

/// What keeps a job from a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "obstacle")]
pub enum GpuObstacle {
    /// Renders may not have it now.
    Standing(GpuStanding),
    /// Other tasks hold it, or so much of it that the rest is too little.
    Leased {
        /// Who.
        holders: Vec<Holder>,
    },
    /// It has too little memory, or others hold too much of it.
    TooSmall {
        /// Bytes that renders could have of it.
        bytes: u64,
    },
    /// The breaker of the job's plugin is open for it.
    Breaker {
        /// What opened it.
        reason: String,
        /// When one task is let through to see.
        until: Timestamp,
    },
    /// The job's frames ran out of memory on it before.
    RanOut,
    /// An earlier job waits for it.
    Claimed {
        /// Which.
        job: JobId,
    },
    /// It is free, and is one of several that are needed together.
    Free,
}

/// Something that there is too little of on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Bytes of memory.
    Memory,
    /// GPUs that renders may ever have.
    Gpus,
    /// Bytes on one GPU.
    GpuMemory,
}

/// The one reason that holds a job now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum WaitReason {
    /// Somebody paused it.
    Paused,
    /// The farm paused it for a person.
    Held {
        /// What happened.
        reason: String,
    },
    /// Its hooks run.
    Hooks {
        /// Before its first task, or after its last frame.
        moment: Moment,
    },
    /// A licence that it needs was not to be had a moment ago.
    Licence {
        /// Which.
        licence: String,
        /// When it is tried again.
        until: Timestamp,
        /// What was said.
        reason: String,
    },
    /// Other jobs must be done first.
    After {
        /// Those that are not done yet.
        jobs: Vec<JobId>,
    },
    /// A job it comes after failed or was cancelled, so it will never start by itself.
    AfterFailed {
        /// The one that ended without being done.
        job: JobId,
    },
    /// All its frames that can run are running.
    AllRunning {
        /// In these attempts.
        attempts: Vec<AttemptId>,
    },
    /// It has as many tasks as it may have.
    MaxTasks {
        /// The job's limit.
        limit: u32,
    },
    /// Its batch has as many tasks as it may have.
    Workers {
        /// The batch.
        batch: BatchRef,
        /// Tasks that it may have at once.
        workers: u32,
    },
    /// Its frames wait before they are tried again.
    BackOff {
        /// Until then.
        until: Timestamp,
        /// What went wrong.
        reason: String,
    },
    /// All slots are taken.
    NoSlot {
        /// Slots of this node.
        slots: u32,
        /// Who has them.
        holders: Vec<JobId>,
    },
    /// A job of higher priority, or an older one of the same, goes first.
    Behind {
        /// The one that it waits for: it is next, or something is kept for it that this one needs too.
        job: JobId,
    },
    /// It needs more threads than are free.
    Threads {
        /// Needed.
        needed: u32,
        /// Free.
        free: u32,
        /// Who has the others.
        holders: Vec<Holder>,
    },
    /// It needs more memory than is free.
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
        /// Who has the rest.
        holders: Vec<Holder>,
    },
    /// The GPUs that it needs are not to be had now.
    Gpus {
        /// What it needs.
        need: GpuNeed,
        /// What is in the way on each GPU, in their order.
        gpus: Vec<GpuInTheWay>,
    },
    /// A licence or counter of `[limits]` is used up.
    Limit {
        /// Which.
        name: String,
        /// How many there are.
        max: u32,
        /// Who has them.
        holders: Vec<Holder>,
    },
    /// It needs more than this node has, so it will never start here.
    TooBig {
        /// What of.
        what: Resource,
        /// How much it needs.
        needed: u64,
        /// How much renders may have at the most.
        most: u64,
    },
    /// The node takes no new tasks for a while.
    Closed(Closed),
    /// The breaker of its plugin is open on this node.
    Breaker {
        /// The plugin.
        plugin: String,
        /// What kind of fault opened it.
        cause: Cause,
        /// What opened it.
        reason: String,
        /// When one task is let through to see.
        until: Timestamp,
    },
    /// Its plugin is not there, or has never loaded.
    NoPlugin {
        /// The plugin.
        plugin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A program that its plugin needs was not found.
    NoTool {
        /// What was looked for and what to do.
        reason: String,
    },
    /// The daemon is stopping and starts nothing new.
    Stopping,
    /// It can start at once: the next turn takes it.
    Next,
    /// It has ended.
    Ended,
}
