//! What the event bus carries: to the page, to `GET /events`, to metrics. Each says what is now, not what changed,
//! so that a reader who missed some is right again after the next.

use crate::batch::BatchSummary;
use crate::view::{AttemptView, FrameDoneView, JobSummary, NodeView, PluginView, SharedWhy};
use crate::{AttemptId, FrameSet, FrameState, JobId, Notice, Usage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that happened, after it became durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum FarmEvent {
    /// A job is new or is different now.
    Job {
        /// What it is now.
        job: Box<JobSummary>,
    },
    /// A batch is new or is different now. A few times a second at most while its frames come.
    Batch {
        /// What it is now.
        batch: Box<BatchSummary>,
    },
    /// Something else holds these jobs than before, and nothing more is different about them. Each job in it is held
    /// by its reason since the event before.
    Reasons {
        /// By reason.
        reasons: Vec<SharedWhy>,
    },
    /// Frames of a job changed state.
    Frames {
        /// The job.
        job: JobId,
        /// The layer, where the job names some.
        layer: Option<String>,
        /// Which frames.
        frames: FrameSet,
        /// What they are now.
        frame_state: FrameState,
    },
    /// An image was verified and is in place.
    Image {
        /// Which and where.
        image: FrameDoneView,
    },
    /// An attempt is new or is different now.
    Attempt {
        /// What it is now.
        attempt: Box<AttemptView>,
    },
    /// How far a running attempt is. Not durable and not repeated.
    Progress {
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: AttemptId,
        /// The frame being rendered.
        frame: Option<i32>,
        /// Of that frame, 0 to 1.
        fraction: f32,
        /// Memory that the DCC says it holds.
        memory_bytes: Option<u64>,
    },
    /// What a running attempt's processes take. Every two seconds; not durable and not repeated.
    Usage {
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: AttemptId,
        /// Memory that they hold now.
        memory_bytes: Option<u64>,
        /// Cores that they keep busy now.
        cores: Option<f64>,
        /// What they have taken so far.
        usage: Usage,
    },
    /// A plugin was loaded, swapped, refused or removed.
    Plugin {
        /// What its slot is now.
        plugin: Box<PluginView>,
    },
    /// A plugin's file is gone, and no built-in one stands behind it.
    PluginRemoved {
        /// The slot that was.
        name: String,
    },
    /// Slots, load or tools of this node changed.
    Node {
        /// What it is now.
        node: Box<NodeView>,
    },
    /// Something a person should read.
    Notice {
        /// What, when, and how much it matters.
        notice: Notice,
    },
}
