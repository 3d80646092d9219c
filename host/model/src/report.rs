//! What became of a job or a batch, as one document: what a report says, whatever it is written as.
//!
//! It is also the JSON that `GET …/report` serves, and stable as such. How it is gathered and rendered is the host's
//! business. Every list in it is bounded, so that a batch of thousands of jobs still makes a document to be read.

use crate::batch::{EntryState, JobCounts};
use crate::dcc::{Cause, Severity};
use crate::fallback::Fallback;
use crate::job::TimeSpent;
use crate::view::{CommandView, FrameCounts};
use crate::{AttemptId, FrameSet, JobId, JobStatus, PluginStamp, Seconds, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// What became of a job or a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// When it was made. What has not ended then goes on.
    pub generated: Timestamp,
    /// The version of farmhand that made it.
    pub farmhand: String,
    /// What it is about.
    pub subject: Subject,
    /// All of it, added up.
    pub summary: Summary,
    /// What went wrong, by cause and message; those that came most often first.
    pub faults: Vec<FaultGroup>,
    /// Versions of plugins that decided its attempts.
    pub plugins: Vec<PluginUse>,
    /// Its jobs, in the order of submission.
    pub jobs: Vec<JobReport>,
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// Whether it is a job or a batch.
    pub kind: SubjectKind,
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// Who submitted it.
    pub user: Option<String>,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When its first attempt started.
    pub started: Option<Timestamp>,
    /// When it reached an end; absent while something of it goes on.
    pub finished: Option<Timestamp>,
}

/// What a report can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// One job.
    Job,
    /// Jobs submitted together.
    Batch,
}

/// Such as `[OK]`: how a job stands, in front of its name.
#[must_use]
pub fn tag(state: EntryState) -> &'static str {
    match state {
        EntryState::Completed => "[OK]",
        EntryState::Failed => "[FAIL]",
        EntryState::Skipped => "[SKIP]",
        EntryState::Pending => "[WAIT]",
        EntryState::Running => "[RUN]",
        EntryState::Cancelled => "[STOP]",
    }
}

/// Everything added up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// Its jobs.
    pub jobs: JobCounts,
    /// Their frames, over all layers.
    pub frames: FrameCounts,
    /// From the first attempt's start to the end, or until now.
    pub duration: Option<Seconds>,
    /// Seconds that frames took in all, where the renderers told.
    pub render_seconds: Option<f64>,
    /// Where the time of the attempts went; that of attempts side by side is added up.
    pub time: TimeSpent,
    /// Attempts.
    pub attempts: u64,
    /// Attempts that tried frames again at the same level.
    pub retries: u64,
    /// Times that frames fell back to another level.
    pub fallbacks: u64,
    /// The most memory that any attempt took, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The most GPU memory that any attempt took, in bytes.
    pub peak_gpu_memory_bytes: Option<u64>,
}

/// Faults of one cause that say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultGroup {
    /// What about.
    pub cause: Cause,
    /// The worst of them.
    pub severity: Severity,
    /// What the first of them said.
    pub message: String,
    /// How many there were.
    pub count: u64,
    /// Frames that they named.
    pub frames: FrameSet,
    /// Jobs that they came from: the first ones.
    pub jobs: Vec<JobId>,
    /// The first attempt that had one.
    pub attempt: AttemptId,
}

/// A version of a plugin, and how many attempts it decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginUse {
    /// Which.
    #[serde(flatten)]
    pub plugin: PluginStamp,
    /// How many.
    pub attempts: u64,
}

/// What became of one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobReport {
    /// Its number.
    pub id: JobId,
    /// What people call it.
    pub name: String,
    /// How it stands.
    pub state: EntryState,
    /// Its state.
    pub status: JobStatus,
    /// Who submitted it.
    pub user: Option<String>,
    /// What it renders: its configuration.
    pub config: JobConfig,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When its first attempt started.
    pub started: Option<Timestamp>,
    /// When it reached an end.
    pub finished: Option<Timestamp>,
    /// From its first attempt's start to its end, or until now.
    pub duration: Option<Seconds>,
    /// How many frames are what.
    pub frames: FrameCounts,
    /// Frames that were given up, by layer.
    pub failed_frames: Vec<LayerFrames>,
    /// Why it failed, in one sentence; absent where it did not.
    pub error: Option<String>,
    /// Why nothing of it was rendered, where that is so.
    pub skipped: Option<String>,
    /// How long its frames took; absent where no renderer told.
    pub times: Option<FrameTimes>,
    /// Where its time went; that of attempts side by side is added up.
    pub time: TimeSpent,
    /// How many attempts it had.
    pub attempts: u64,
    /// Attempts that had to be repeated, with the reason: the first ones.
    pub retries: Vec<RetryNote>,
    /// How many attempts repeated frames in all.
    pub retry_count: u64,
    /// Frames that left a level for the next one, with the cause.
    pub fallbacks: Vec<Fallback>,
    /// What went wrong, by cause and message.
    pub faults: Vec<FaultGroup>,
    /// The most memory that any attempt took, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The most GPU memory that any attempt took, in bytes.
    pub peak_gpu_memory_bytes: Option<u64>,
    /// Its last command whose description is still there; values that look secret are hidden.
    pub command: Option<CommandView>,
    /// Versions of plugins that decided its attempts.
    pub plugins: Vec<PluginUse>,
    /// What the plugin and hooks wanted people to know.
    pub notes: Vec<String>,
    /// Frames worth showing: the first, the middle and the last one that are there.
    pub pictures: Vec<PictureNote>,
}

/// What a job renders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobConfig {
    /// Absolute path of the scene.
    pub scene: String,
    /// The plugin's name.
    pub plugin: String,
    /// Frames of each layer.
    pub frames: FrameSet,
    /// Its layers, where it names some.
    pub layers: Vec<String>,
    /// Where the images go; absent: the scene's own setting.
    pub output: Option<String>,
    /// 0 to 100.
    pub priority: u8,
    /// The plugin's options.
    #[schema(value_type = Object)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

/// Frames of one layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LayerFrames {
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// Which frames.
    pub frames: FrameSet,
}

/// How long frames took, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FrameTimes {
    /// Frames whose time is known.
    pub frames: u64,
    /// All of them.
    pub total: f64,
    /// One in the middle.
    pub median: f64,
    /// On average.
    pub mean: f64,
    /// The fastest.
    pub fastest: f64,
    /// Nineteen of twenty took no longer.
    pub p95: f64,
    /// The slowest ones, slowest first.
    pub slowest: Vec<SlowFrame>,
    /// For a chart: the frames in order, or, where there are too many, runs of them with their slowest one. Empty in a
    /// report of very many jobs.
    pub chart: Vec<ChartPoint>,
}

/// A frame that took long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SlowFrame {
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// The frame.
    pub frame: i32,
    /// How long it took.
    pub seconds: f64,
    /// Who rendered it.
    pub attempt: Option<AttemptId>,
}

/// One place on a chart of frame times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChartPoint {
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// The frame, or the first of the run.
    pub frame: i32,
    /// The last of the run; the same where it is one frame.
    pub to: i32,
    /// The slowest of them.
    pub seconds: f64,
}

/// An attempt that left frames to be tried again at the same level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RetryNote {
    /// Which.
    pub attempt: AttemptId,
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// The level's name.
    pub level: String,
    /// Frames that it left.
    pub frames: FrameSet,
    /// What the verdict said.
    pub reason: String,
}

/// A frame worth showing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct PictureNote {
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// The frame.
    pub frame: i32,
    /// Absolute path of the image.
    pub path: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SubjectKind::Job => write!(f, "job {}", self.id),
            SubjectKind::Batch => write!(f, "batch {}", self.id),
        }
    }
}

impl Summary {
    /// Of the frames that have come to an end, how many are there: 0 to 1.
    #[must_use]
    pub fn success(&self) -> Option<f64> {
        let there = self.frames.done + self.frames.skipped;
        let ended = there + self.frames.failed;
        (ended > 0).then(|| there as f64 / ended as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_of_the_frames_that_have_ended() {
        let check = |done, skipped, failed, pending, expect: Option<f64>| {
            let frames = FrameCounts { total: 10, done, skipped, failed, pending, running: 0 };
            assert_eq!(Summary { frames, ..Summary::default() }.success(), expect);
        };
        check(0, 0, 0, 10, None);
        check(4, 2, 2, 2, Some(0.75));
        check(9, 1, 0, 0, Some(1.0));
    }
}
