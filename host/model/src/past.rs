//! What the attempts and frames of one job come to, in shapes that stay small for long jobs: the columns of a chart,
//! the bars of a time line, and what went wrong, put together. How they are gathered is the farm's part.

use crate::dcc::{Cause, Severity};
use crate::{AttemptId, FrameSet, JobId, PluginStamp, Seconds, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long the rendered frames of one layer took, as columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimesView {
    /// The job.
    pub job: JobId,
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// Frames that the job rendered. The n-th entry of a column is about the n-th of them.
    pub frames: FrameSet,
    /// How long each took, where the reader could tell.
    pub seconds: Vec<Option<Seconds>>,
    /// Which attempt rendered each.
    pub attempts: Vec<AttemptId>,
    /// What these attempts took, by their number.
    pub costs: Vec<AttemptCost>,
    /// Give it as `from` to get the frames that follow; absent at the end.
    pub next: Option<i32>,
}

/// What an attempt took, as far as a frame's figures go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptCost {
    /// Which.
    pub attempt: AttemptId,
    /// At which level, by its index.
    pub level: u32,
    /// The most memory that its processes held, so far or in all.
    pub peak_memory_bytes: Option<u64>,
    /// What was decided of it, such as `accept`; absent while it runs.
    pub decision: Option<String>,
}

/// The attempts of a job as bars of a time line, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TimelineView {
    /// The job.
    pub job: JobId,
    /// The attempts.
    pub spans: Vec<AttemptSpan>,
    /// Versions of plugins that decided them.
    pub plugins: Vec<PluginStamp>,
    /// Whether there are earlier ones than these.
    pub is_cut: bool,
}

/// One attempt as a bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptSpan {
    /// The fencing id.
    pub id: AttemptId,
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// Its frames.
    pub frames: FrameSet,
    /// Those that it left undone, once it has ended.
    pub missed: FrameSet,
    /// The level's index.
    pub level: u32,
    /// The level's name.
    pub level_name: String,
    /// 1 on the first try of these frames at this level.
    pub try_number: u32,
    /// Who decided it: an index into `plugins`.
    pub plugin: Option<u32>,
    /// GPUs that it held, by their index.
    pub gpus: Vec<u32>,
    /// When it began.
    pub started: Timestamp,
    /// When its process was there.
    pub running: Option<Timestamp>,
    /// When it began its first frame.
    pub first_frame: Option<Timestamp>,
    /// When its processes were gone.
    pub process_ended: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What was decided of it, such as `accept`; absent while it runs.
    pub decision: Option<String>,
    /// What its worst fault is about; absent where it has none.
    pub cause: Option<Cause>,
    /// Why that was decided; absent where all went well.
    pub reason: Option<String>,
    /// The most memory that its processes held, so far or in all.
    pub peak_memory_bytes: Option<u64>,
}

/// What went wrong with a job, the most frames first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TroubleView {
    /// The job.
    pub job: JobId,
    /// Each thing that went wrong. A frame that has failed is in one of them only.
    pub groups: Vec<TroubleGroup>,
    /// How many groups more there are.
    pub more: u64,
    /// Frames that have failed though no attempt that is remembered had them: the job ended before their turn.
    pub untried: Vec<LayerFrames>,
    /// Whether there are earlier attempts than those that were looked at.
    pub is_cut: bool,
}

/// Attempts that the same thing ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TroubleGroup {
    /// How bad; absent where no fault was found, and the verdict says what there is to say.
    pub severity: Option<Severity>,
    /// What about.
    pub cause: Option<Cause>,
    /// In the words of the newest of them. Others may differ in numbers.
    pub message: String,
    /// Frames that it made fail, and that have not been rendered since.
    pub failed: Vec<LayerFrames>,
    /// How many these are.
    pub failed_count: u64,
    /// How many attempts met it.
    pub attempts: u64,
    /// The newest of these attempts.
    pub newest: AttemptId,
    /// Which of that attempt's faults it is, from 0; absent where it is none of them.
    pub fault: Option<u32>,
    /// The frame that it concerned there, where one was named.
    pub frame: Option<i32>,
    /// The levels at which it was met.
    pub levels: Vec<String>,
}

/// Frames of one layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LayerFrames {
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// Which frames.
    pub frames: FrameSet,
}
