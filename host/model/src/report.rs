//! What became of a job or a batch, as one document: what a report says, whatever it is written as.
//!
//! It is also the JSON that `GET …/report` serves, and stable as such. How it is gathered and rendered is the host's
//! business. Every list in it is bounded, so that a batch of thousands of jobs still makes a document to be read.

use crate::dcc::{Cause, Severity};
use crate::fallback::Fallback;
use crate::job::TimeSpent;
use crate::view::{CommandView, FrameCounts};
use crate::{AttemptId, Bytes, FrameSet, JobId, JobStatus, PluginStamp, Seconds, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// How a report is written.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ReportFormat {
    /// Markdown.
    #[default]
    Md,
    /// JSON, as documented.
    Json,
    /// One page that needs nothing besides itself.
    Html,
}

impl ReportFormat {
    /// All of them.
    pub const ALL: [ReportFormat; 3] = [ReportFormat::Md, ReportFormat::Json, ReportFormat::Html];

    /// As in JSON; also the extension of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReportFormat::Md => "md",
            ReportFormat::Json => "json",
            ReportFormat::Html => "html",
        }
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ReportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| format!("`{text}` is no format of a report; there are md, json and html"))
    }
}

/// A report that is written once a batch has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Where to: an absolute path inside the roots. What is there is replaced.
    pub file: String,
    /// How. Default: what the file's extension says, or else Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ReportFormat>,
}

impl ReportRequest {
    /// How it is to be written.
    #[must_use]
    pub fn format(&self) -> ReportFormat {
        let extension = self.file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        self.format.or_else(|| extension?.parse().ok()).unwrap_or_default()
    }
}

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

/// How a job stands, in the words of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Every frame is there and verified.
    Completed,
    /// At least one frame was given up, or the job as a whole.
    Failed,
    /// Everything was there before: nothing had to be rendered.
    Skipped,
    /// Not begun, or paused.
    Pending,
    /// Being rendered.
    Running,
    /// Somebody cancelled it.
    Cancelled,
}

impl Mark {
    /// All of them, in the order of a summary.
    pub const ALL: [Mark; 6] =
        [Mark::Completed, Mark::Failed, Mark::Skipped, Mark::Pending, Mark::Running, Mark::Cancelled];

    /// Of a job with these frames.
    #[must_use]
    pub fn of(status: JobStatus, frames: &FrameCounts) -> Self {
        match status {
            JobStatus::Done if frames.total > 0 && frames.skipped == frames.total => Mark::Skipped,
            JobStatus::Done => Mark::Completed,
            JobStatus::Failed => Mark::Failed,
            JobStatus::Cancelled => Mark::Cancelled,
            JobStatus::Waiting | JobStatus::Paused => Mark::Pending,
            JobStatus::Running | JobStatus::Cancelling => Mark::Running,
        }
    }

    /// Such as `[OK]`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Mark::Completed => "[OK]",
            Mark::Failed => "[FAIL]",
            Mark::Skipped => "[SKIP]",
            Mark::Pending => "[WAIT]",
            Mark::Running => "[RUN]",
            Mark::Cancelled => "[STOP]",
        }
    }

    /// As in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mark::Completed => "completed",
            Mark::Failed => "failed",
            Mark::Skipped => "skipped",
            Mark::Pending => "pending",
            Mark::Running => "running",
            Mark::Cancelled => "cancelled",
        }
    }
}

/// How many jobs stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct JobCounts {
    /// All of them.
    pub total: u64,
    /// Every frame is there.
    pub completed: u64,
    /// Frames, or all of it, were given up.
    pub failed: u64,
    /// Everything was there before.
    pub skipped: u64,
    /// Not begun, or paused.
    pub pending: u64,
    /// Being rendered.
    pub running: u64,
    /// Somebody cancelled them.
    pub cancelled: u64,
}

impl JobCounts {
    /// How many stand so.
    #[must_use]
    pub fn of(&self, mark: Mark) -> u64 {
        match mark {
            Mark::Completed => self.completed,
            Mark::Failed => self.failed,
            Mark::Skipped => self.skipped,
            Mark::Pending => self.pending,
            Mark::Running => self.running,
            Mark::Cancelled => self.cancelled,
        }
    }

    /// Counts one more.
    pub fn add(&mut self, mark: Mark) {
        self.total += 1;
        *match mark {
            Mark::Completed => &mut self.completed,
            Mark::Failed => &mut self.failed,
            Mark::Skipped => &mut self.skipped,
            Mark::Pending => &mut self.pending,
            Mark::Running => &mut self.running,
            Mark::Cancelled => &mut self.cancelled,
        } += 1;
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
    pub mark: Mark,
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
    /// Peak memory for people.
    #[must_use]
    pub fn peak_memory(&self) -> Option<Bytes> {
        self.peak_memory_bytes.map(Bytes)
    }

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
    fn formats_follow_the_file() {
        let check = |file: &str, format: Option<ReportFormat>, expect: ReportFormat| {
            assert_eq!(ReportRequest { file: file.to_owned(), format }.format(), expect, "{file}");
        };
        check("/out/report.md", None, ReportFormat::Md);
        check("/out/report.HTML", None, ReportFormat::Html);
        check("/out.d/report", None, ReportFormat::Md);
        check("/out/report.txt", None, ReportFormat::Md);
        check("/out/report.md", Some(ReportFormat::Json), ReportFormat::Json);
        for format in ReportFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
            assert_eq!(format.name().parse(), Ok(format));
        }
    }

    #[test]
    fn jobs_stand_as_the_seed_says() {
        let all = FrameCounts { total: 4, done: 3, skipped: 1, ..FrameCounts::default() };
        let check = |status, frames: FrameCounts, tag: &str| {
            let mark = Mark::of(status, &frames);
            assert_eq!(mark.tag(), tag, "{status:?}");
            assert_eq!(serde_json::to_value(mark).unwrap(), mark.name());
        };
        check(JobStatus::Done, all, "[OK]");
        check(JobStatus::Done, FrameCounts { total: 4, skipped: 4, ..FrameCounts::default() }, "[SKIP]");
        check(JobStatus::Failed, all, "[FAIL]");
        check(JobStatus::Waiting, all, "[WAIT]");
        check(JobStatus::Paused, all, "[WAIT]");
        check(JobStatus::Running, all, "[RUN]");
        check(JobStatus::Cancelling, all, "[RUN]");
        check(JobStatus::Cancelled, all, "[STOP]");
        let mut counts = JobCounts::default();
        Mark::ALL.iter().for_each(|mark| counts.add(*mark));
        assert_eq!((counts.total, Mark::ALL.map(|mark| counts.of(mark))), (6, [1; 6]));
    }
}
