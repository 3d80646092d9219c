//! What the machine was doing at one moment, for curves of its last minutes. Who holds what of it is `view`'s job.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The machine at one moment; what the system does not tell is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeSample {
    /// When.
    pub at: Timestamp,
    /// How busy all logical cores were since the sample before, 0 to 1, whoever kept them so.
    pub cpu: Option<f64>,
    /// Bytes of memory that cannot be had at the moment.
    pub memory_used_bytes: Option<u64>,
    /// In bus order; a GPU that does not answer is left out.
    pub gpus: Vec<GpuSample>,
}

/// One GPU at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GpuSample {
    /// Which.
    pub uuid: String,
    /// How busy it was lately, 0 to 1.
    pub utilisation: Option<f64>,
    /// Bytes of its memory that are in use.
    pub memory_used_bytes: u64,
}

/// The machine over its last minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeHistory {
    /// Seconds from one sample to the next.
    pub interval_seconds: f64,
    /// As many as are kept.
    pub samples_kept: u32,
    /// Oldest first.
    pub samples: Vec<NodeSample>,
}
