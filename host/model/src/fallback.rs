//! Frames that left a level for the next one, with the cause: the answer to "why was this rendered like that?".

use crate::dcc::Cause;
use crate::{AttemptId, FrameSet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Frames that fell back together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fallback {
    /// Index into the job's layers; 0 for a job without named layers.
    pub layer: u32,
    /// Which frames.
    pub frames: FrameSet,
    /// The level that failed, by name.
    pub from: String,
    /// The level that they went to.
    pub to: String,
    /// What kind of fault it was.
    pub cause: Cause,
    /// What the verdict said, the first time.
    pub reason: String,
    /// The first attempt that ended so.
    pub attempt: AttemptId,
}
