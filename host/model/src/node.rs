//! What a node has to give at the moment: its GPUs one by one, and how much of the rest an artist leaves to renders.
//!
//! The host looks and tells; the scheduler gives out.

use crate::Timestamp;
use crate::dcc::Gpu;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// A GPU, and whether renders may have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GpuStatus {
    /// Which.
    #[serde(flatten)]
    pub gpu: Gpu,
    /// Whether renders may have it.
    #[serde(flatten)]
    pub standing: GpuStanding,
    /// Bytes of its memory that others hold, such as the desktop: what renders share is the rest.
    #[serde(default)]
    pub foreign_bytes: u64,
}

impl GpuStatus {
    /// A GPU that nobody keeps from renders.
    #[must_use]
    pub fn free(gpu: Gpu) -> Self {
        Self { gpu, standing: GpuStanding::Free, foreign_bytes: 0 }
    }
}

/// Whether renders may have a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum GpuStanding {
    /// They may.
    #[default]
    Free,
    /// The configuration keeps it for people: `[interactive] gpus`.
    Reserved,
    /// Somebody else's process uses it, or did a moment ago.
    InUse {
        /// Such as `maya.bin (pid 4711) of anna holds 3.2 GB`.
        by: String,
        /// When it counts as idle if nothing more is seen; absent while it is in use.
        until: Option<Timestamp>,
    },
    /// It does not answer any more.
    Lost {
        /// What the driver says.
        reason: String,
    },
}

impl fmt::Display for GpuStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GpuStanding::Free => f.write_str("is free for renders"),
            GpuStanding::Reserved => f.write_str("is reserved for interactive use"),
            GpuStanding::InUse { by, until: None } => write!(f, "is in use: {by}"),
            GpuStanding::InUse { by, until: Some(until) } => {
                write!(f, "was in use a moment ago ({by}) and counts as idle from {until}")
            }
            GpuStanding::Lost { reason } => write!(f, "does not answer: {reason}"),
        }
    }
}

/// How much of the node renders may have at the moment. What runs already goes on; only new tasks are held back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Budget {
    /// CPU threads.
    pub threads: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Why nothing new starts at all; absent where things may start.
    pub closed: Option<Closed>,
}

/// Why a node takes no new tasks for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Closed {
    /// The hours in which renders may start are over.
    Schedule {
        /// When they begin again.
        until: Timestamp,
    },
    /// Somebody works at this machine.
    Activity {
        /// What was seen, such as `keyboard or mouse on seat0`.
        what: String,
        /// When it opens if nothing more is seen.
        until: Timestamp,
    },
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::Schedule { until } => {
                write!(f, "this machine renders again from {until}, by its schedule")
            }
            Closed::Activity { what, until } => {
                write!(f, "somebody works at this machine ({what}); it renders from {until} if that ends")
            }
        }
    }
}

/// A counter of the configuration's `[limits]`: how much of something there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limit {
    /// How many.
    pub max: u32,
    /// What takes one.
    pub per: LimitPer,
}

/// What takes one of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LimitPer {
    /// Each task.
    #[default]
    Task,
    /// Each node, however many tasks it runs: a licence that is checked out once a machine.
    Node,
}
