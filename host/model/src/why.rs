//! Why a job waits, as a typed value: every reason names what it needs and what would make it run.

use crate::dcc::Cause;
use crate::hooks::Moment;
use crate::needs::GpuNeed;
use crate::node::{Closed, GpuStanding};
pub use crate::size::Bytes;
use crate::{AttemptId, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// An attempt that has what another one needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its job.
    pub job: JobId,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} (attempt {})", self.job, self.attempt)
    }
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

impl fmt::Display for GpuInTheWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GPU {} ", self.index)?;
        match &self.obstacle {
            GpuObstacle::Standing(standing) => write!(f, "{standing}"),
            GpuObstacle::Leased { holders } => write!(f, "renders {}", list(holders)),
            GpuObstacle::TooSmall { bytes } => write!(f, "has only {}", Bytes(*bytes)),
            GpuObstacle::Breaker { reason, until } => {
                write!(f, "is left alone until {until}, since it failed: {reason}")
            }
            GpuObstacle::RanOut => f.write_str("ran out of memory for these frames"),
            GpuObstacle::Claimed { job } => write!(f, "is kept for job {job}, which waits for more"),
            GpuObstacle::Free => f.write_str("is free"),
        }
    }
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

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
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

/// Such as `; job 4 (attempt 31) has them`; nothing where nobody does.
fn held_by(holders: &[Holder]) -> String {
    if holders.is_empty() { String::new() } else { format!("; taken by {}", list(holders)) }
}

impl WaitReason {
    /// What would make the job run, where a person can do something and the reason does not say it yet.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            WaitReason::NoSlot { .. } => {
                "it starts when one of them ends; more tasks at once: `node.slots`; sooner: a higher priority"
            }
            WaitReason::Threads { .. } | WaitReason::Memory { .. } => {
                "it starts when they end; pause or cancel one of them to have it sooner"
            }
            WaitReason::Gpus { gpus, .. } if gpus.is_empty() => {
                "submit it for the CPU, or see `farmhand doctor` for what is wrong with this machine's GPUs"
            }
            WaitReason::Gpus { .. } => "it starts as soon as one of these changes",
            WaitReason::Limit { .. } => "it starts when one of them ends; the number is set in `[limits]`",
            WaitReason::TooBig { what: Resource::Memory, .. } => {
                "ask for less with `memory`, or give renders more with `node.memory`"
            }
            WaitReason::TooBig { .. } => {
                "ask for less with `gpus`, or give renders more of this machine's GPUs with `interactive.gpus`"
            }
            WaitReason::Closed(Closed::Schedule { .. }) => {
                "change `interactive.schedule` to let it start now"
            }
            WaitReason::Closed(Closed::Activity { .. }) => {
                "set `interactive.pause_on_activity = false` to let it start now"
            }
            WaitReason::MaxTasks { .. } => "raise the job's `limits.max_tasks` to run more of it at once",
            WaitReason::Behind { .. } => "give this one a higher priority to have it go first",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitReason::Paused => write!(f, "paused; `farmhand resume` lets it go on"),
            WaitReason::Held { reason } => {
                write!(f, "held for a person: {reason}; `farmhand resume` lets it go on")
            }
            WaitReason::Hooks { moment } => write!(f, "runs its {moment} hooks"),
            WaitReason::Licence { licence, until, reason } => {
                write!(f, "waits for the licence `{licence}` until {until}: {reason}")
            }
            WaitReason::After { jobs } => write!(f, "waits for job {} to be done", list(jobs)),
            WaitReason::AfterFailed { job } => {
                write!(
                    f,
                    "job {job}, which it comes after, did not finish; retry that one or cancel this one"
                )
            }
            WaitReason::AllRunning { attempts } => {
                write!(f, "all its frames are being rendered (attempt {})", list(attempts))
            }
            WaitReason::MaxTasks { limit } => write!(f, "has its limit of {limit} tasks at once"),
            WaitReason::BackOff { until, reason } => write!(f, "tries again at {until}: {reason}"),
            WaitReason::NoSlot { slots, holders } => {
                write!(f, "all {slots} slots are taken by job {}", list(holders))
            }
            WaitReason::Behind { job } => write!(f, "job {job} goes first"),
            WaitReason::Threads { needed, free, holders } => {
                write!(f, "needs {needed} threads, {free} are free{}", held_by(holders))
            }
            WaitReason::Memory { needed, free, holders } => {
                write!(f, "needs {} of memory, {} are free{}", Bytes(*needed), Bytes(*free), held_by(holders))
            }
            WaitReason::Gpus { need, gpus } => {
                write!(f, "needs {} GPU{}", need.count, if need.count == 1 { "" } else { "s" })?;
                if let Some(bytes) = need.memory_bytes {
                    write!(f, " with {} free", Bytes(bytes))?;
                }
                if gpus.is_empty() {
                    f.write_str(": this node has none")
                } else {
                    write!(f, ": {}", list(gpus))
                }
            }
            WaitReason::Limit { name, max, holders } => {
                write!(f, "needs `{name}`, and all {max} are taken{}", held_by(holders))
            }
            WaitReason::TooBig { what: Resource::Memory, needed, most } => {
                write!(f, "needs {} of memory, renders may have {} here", Bytes(*needed), Bytes(*most))
            }
            WaitReason::TooBig { what: Resource::Gpus, needed, most } => {
                write!(f, "needs {needed} GPUs, renders may have {most} here")
            }
            WaitReason::TooBig { what: Resource::GpuMemory, needed, most } => {
                let (needed, most) = (Bytes(*needed), Bytes(*most));
                write!(f, "needs a GPU with {needed}, the largest that renders may have here has {most}")
            }
            WaitReason::Closed(closed) => write!(f, "{closed}"),
            WaitReason::Breaker { plugin, reason, until, .. } => {
                write!(f, "{plugin} takes no tasks on this node until {until}: {reason}")
            }
            WaitReason::NoPlugin { reason, .. } | WaitReason::NoTool { reason } => f.write_str(reason),
            WaitReason::Stopping => write!(f, "the daemon is stopping"),
            WaitReason::Next => write!(f, "starts next"),
            WaitReason::Ended => write!(f, "has ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_named_one_by_one() {
        let need = GpuNeed { count: 1, memory_bytes: Some(12_000_000_000), required: true };
        let gpu = |index, obstacle| GpuInTheWay { index, uuid: format!("GPU-{index}"), obstacle };
        let holders = vec![Holder { attempt: AttemptId(31), job: JobId(7) }];
        let gpus = vec![
            gpu(0, GpuObstacle::Standing(GpuStanding::Reserved)),
            gpu(1, GpuObstacle::Leased { holders }),
        ];
        let why = WaitReason::Gpus { need, gpus };
        assert_eq!(
            why.to_string(),
            "needs 1 GPU with 12 GB free: GPU 0 is reserved for interactive use, GPU 1 renders job 7 (attempt 31)"
        );
    }
}
