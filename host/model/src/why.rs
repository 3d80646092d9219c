//! Why a job waits, as a typed value: every reason names what it needs and what would make it run.

use crate::dcc::Cause;
use crate::hooks::Moment;
use crate::{AttemptId, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

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
        /// The one just before it.
        job: JobId,
    },
    /// It needs more threads than are free.
    Threads {
        /// Needed.
        needed: u32,
        /// Free.
        free: u32,
    },
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

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: fmt::Display>(items: &[T]) -> String {
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
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
            WaitReason::Threads { needed, free } => {
                write!(f, "needs {needed} threads, {free} are free")
            }
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
