//! Batches: jobs that are submitted together, what became of each, and how far they are as a whole.
//!
//! A batch is one submission. Its entries name the jobs that it is about: new ones, and those of an earlier submission
//! that it goes on with or finds complete.

use crate::view::FrameCounts;
use crate::{BatchId, Digest, FrameSet, JobId, JobStatus, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A batch by its number and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchRef {
    /// Its number.
    pub id: BatchId,
    /// What people call it.
    pub name: String,
}

/// A job's place in its batch: all that the scheduler has to know of the batch, so that a job that is restored knows it
/// too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchMember {
    /// The batch.
    #[serde(flatten)]
    pub batch: BatchRef,
    /// What people call the job in it.
    pub entry: String,
    /// Tasks of all the batch's jobs at once.
    pub workers: u32,
    /// Whether the batch's other jobs begin although this one failed.
    pub continue_on_error: bool,
    /// What the job renders, its scene's content included. Jobs of the same digest render the same pictures.
    pub content: Digest,
}

/// What a submission made of one of its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A job that was not there before.
    New,
    /// An earlier submission's job that waits, runs or is paused; it stays as it is.
    Continued,
    /// An earlier submission's job that had failed or was cancelled; what it had not done is rendered now.
    Retried,
    /// An earlier submission's job that is complete, with its images in place.
    Complete,
}

/// Where a job of a batch is, in the words that batches have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    /// It has not begun, or somebody paused it.
    Pending,
    /// It has begun and not ended.
    Running,
    /// It is done.
    Completed,
    /// It ended with failed frames, or failed as a whole.
    Failed,
    /// It was complete before, or all its images were there.
    Skipped,
    /// Somebody cancelled it, or the batch stopped before it began.
    Cancelled,
}

/// One job of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchEntry {
    /// What people call it in the batch.
    pub name: String,
    /// The job.
    pub job: JobId,
    /// What the submission made of it.
    pub standing: Standing,
    /// Why it was skipped, continued or retried; absent of a new job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it was when the batch ended, which is still known when the job has been forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<EntryState>,
}

/// One job of a batch, with where it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchEntryView {
    /// Which job, and what the submission made of it.
    #[serde(flatten)]
    pub entry: BatchEntry,
    /// Where it is, in the batch's words.
    pub state: EntryState,
    /// Where the job is; absent where the job has been forgotten.
    pub status: Option<JobStatus>,
    /// How many of its frames are what.
    pub frames: FrameCounts,
    /// Why it failed, where it failed as a whole.
    pub failure: Option<String>,
    /// When its first attempt started.
    pub started: Option<Timestamp>,
    /// When it reached an end.
    pub finished: Option<Timestamp>,
    /// When it will be done at the present pace; absent until that can be said.
    pub eta: Option<Timestamp>,
}

/// Where a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BatchStatus {
    /// None of its jobs runs, and some will.
    Waiting,
    /// At least one of its jobs runs.
    Running,
    /// None of its jobs runs, and those that are left are paused.
    Paused,
    /// Every job is completed or skipped.
    Completed,
    /// It has ended; some jobs are completed or skipped, and others failed or were cancelled.
    Partial,
    /// It has ended, and no job is completed: at least one failed.
    Failed,
    /// It has ended, and no job is completed or failed: they were cancelled.
    Cancelled,
}

impl BatchStatus {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BatchStatus::Waiting => "waiting",
            BatchStatus::Running => "running",
            BatchStatus::Paused => "paused",
            BatchStatus::Completed => "completed",
            BatchStatus::Partial => "partial",
            BatchStatus::Failed => "failed",
            BatchStatus::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will happen to it any more by itself.
    #[must_use]
    pub fn is_end(self) -> bool {
        !matches!(self, BatchStatus::Waiting | BatchStatus::Running | BatchStatus::Paused)
    }
}

/// How many of a batch's jobs are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct JobCounts {
    /// All of them.
    pub total: u64,
    /// Not begun, or paused.
    pub pending: u64,
    /// Begun.
    pub running: u64,
    /// Done.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Complete before.
    pub skipped: u64,
    /// Cancelled.
    pub cancelled: u64,
}

/// A row of the list of batches, and what `batch` events carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchSummary {
    /// Its number.
    pub id: BatchId,
    /// What people call it.
    pub name: String,
    /// Who submitted it.
    pub user: Option<String>,
    /// The file or directory that it was made from, on the machine that submitted it.
    pub source: Option<String>,
    /// Where it is.
    pub status: BatchStatus,
    /// How many jobs are where.
    pub jobs: JobCounts,
    /// How many frames are what. All those of a job that was complete before are `skipped`.
    pub frames: FrameCounts,
    /// Of all frames, those that are done or were there: 0 to 100.
    pub percent: f64,
    /// Of the frames that have ended, those that did not fail: 0 to 1; absent while none has.
    pub success_rate: Option<f64>,
    /// When it will be done at the present pace; absent until that can be said.
    pub eta: Option<Timestamp>,
    /// Tasks of all its jobs at once.
    pub workers: u32,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When the first attempt of one of its jobs started.
    pub started: Option<Timestamp>,
    /// When it reached an end.
    pub finished: Option<Timestamp>,
}

/// Everything about a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchView {
    /// The row.
    #[serde(flatten)]
    pub summary: BatchSummary,
    /// How it runs.
    pub settings: BatchSettings,
    /// The report to write at its end.
    pub report: Option<ReportWish>,
    /// Whom to tell of its end or its first failure.
    pub notify: Vec<NotifyWish>,
    /// Its jobs, in the order of the submission.
    pub entries: Vec<BatchEntryView>,
}

/// How a batch runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BatchSettings {
    /// Tasks of the batch at once; 0: one less than the node has cores. Default 0.
    pub workers: u32,
    /// Tries that transient faults may cost a frame, besides the first, in jobs that do not say otherwise. Default 3.
    pub max_retries: u32,
    /// Seconds that one attempt may take, in jobs that do not say otherwise; 0: no limit. Default 0.
    pub timeout_seconds: u32,
    /// Whether the other jobs begin although one has failed. Default true.
    pub continue_on_error: bool,
    /// Whether what an earlier submission completed is skipped, and what it left is gone on with. Default true.
    pub resume_on_failure: bool,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            workers: 0,
            max_retries: 3,
            timeout_seconds: 0,
            continue_on_error: true,
            resume_on_failure: true,
        }
    }
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportFormat {
    /// Markdown.
    Md,
    /// JSON.
    Json,
    /// One HTML file that needs no other.
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

/// Reports that the farm writes when a batch ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportWish {
    /// The directory to write them to: `BATCH.md` and so on.
    pub dir: String,
    /// Which. Default: Markdown and HTML.
    #[serde(default = "usual_formats")]
    pub formats: Vec<ReportFormat>,
}

fn usual_formats() -> Vec<ReportFormat> {
    vec![ReportFormat::Md, ReportFormat::Html]
}

impl NotifyMoment {
    /// As in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            NotifyMoment::End => "end",
            NotifyMoment::FirstFailure => "first-failure",
        }
    }
}

/// When somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotifyMoment {
    /// The job, or the batch, has ended.
    End,
    /// The first of its frames was given up, or the first of its jobs failed.
    FirstFailure,
}

/// Somebody who is to be told of a job or a batch: a webhook or one of the studio's own programs, either of them. A
/// submission only names them; the studio's configuration says where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifyWish {
    /// When. Default: at the end.
    #[serde(default = "at_the_end")]
    pub on: Vec<NotifyMoment>,
    /// A webhook, by its name in the configuration's `[notify]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// A program of the hooks directory, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

fn at_the_end() -> Vec<NotifyMoment> {
    vec![NotifyMoment::End]
}

/// What a submission would do, without keeping or running anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchPlan {
    /// What people would call it.
    pub name: String,
    /// Tasks at once.
    pub workers: u32,
    /// Its jobs.
    pub jobs: Vec<PlannedJob>,
}

/// What a submission would make of one of its jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlannedJob {
    /// What people would call it.
    pub name: String,
    /// What would become of it.
    pub standing: Standing,
    /// Why; absent of a new job.
    pub reason: Option<String>,
    /// The job of an earlier submission.
    pub job: Option<JobId>,
    /// The plugin's name.
    pub plugin: String,
    /// Absolute path of the scene.
    pub scene: String,
    /// Frames of each layer.
    pub frames: FrameSet,
    /// Layers, each rendered on its own.
    pub layers: Vec<String>,
    /// Where the images would go.
    pub output: Option<String>,
    /// What the plugin wants people to know.
    pub notes: Vec<String>,
}

/// A batch as it is kept, except for its entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Its number.
    pub id: BatchId,
    /// What people call it.
    pub name: String,
    /// Who submitted it.
    pub user: Option<String>,
    /// The file or directory that it was made from.
    pub source: Option<String>,
    /// How it runs; `workers` is as it was asked for.
    pub settings: BatchSettings,
    /// Tasks at once, as that came out.
    pub workers: u32,
    /// The report to write at its end.
    pub report: Option<ReportWish>,
    /// Whom to tell.
    pub notify: Vec<NotifyWish>,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When it reached an end; absent again once one of its jobs is retried.
    pub finished: Option<Timestamp>,
    /// How it ended, so that a list of ended batches need not look at their jobs.
    #[serde(default)]
    pub tally: Option<BatchTally>,
    /// What the request said of itself, so that sending it twice makes one batch.
    #[serde(default)]
    pub key: Option<RequestKey>,
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct BatchTally {
    /// How many jobs are where.
    pub jobs: JobCounts,
    /// How many frames are what.
    pub frames: FrameCounts,
    /// When the first attempt of one of its jobs started.
    pub started: Option<Timestamp>,
}

/// An idempotency key, and which request it was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    /// As the client gave it.
    pub key: String,
    /// SHA-256 of the request.
    pub request: Digest,
}

impl JobCounts {
    /// One more job in that state.
    pub fn add(&mut self, state: EntryState) {
        self.total += 1;
        *self.of(state) += 1;
    }

    /// One less.
    pub fn remove(&mut self, state: EntryState) {
        self.total -= 1;
        *self.of(state) -= 1;
    }

    /// How many are in that state.
    #[must_use]
    pub fn count(&self, state: EntryState) -> u64 {
        let mut counts = *self;
        *counts.of(state)
    }

    fn of(&mut self, state: EntryState) -> &mut u64 {
        match state {
            EntryState::Pending => &mut self.pending,
            EntryState::Running => &mut self.running,
            EntryState::Completed => &mut self.completed,
            EntryState::Failed => &mut self.failed,
            EntryState::Skipped => &mut self.skipped,
            EntryState::Cancelled => &mut self.cancelled,
        }
    }

    /// Where a batch with such jobs is, of which so many pending ones are paused.
    #[must_use]
    pub fn status(&self, paused: u64) -> BatchStatus {
        let good = self.completed + self.skipped;
        match () {
            () if self.running > 0 => BatchStatus::Running,
            () if self.pending > paused => BatchStatus::Waiting,
            () if self.pending > 0 => BatchStatus::Paused,
            () if good == self.total => BatchStatus::Completed,
            () if good > 0 => BatchStatus::Partial,
            () if self.failed > 0 => BatchStatus::Failed,
            () => BatchStatus::Cancelled,
        }
    }
}

impl EntryState {
    /// All of them, in the order of a summary.
    pub const ALL: [EntryState; 6] = [
        EntryState::Completed,
        EntryState::Failed,
        EntryState::Skipped,
        EntryState::Pending,
        EntryState::Running,
        EntryState::Cancelled,
    ];

    /// As in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EntryState::Completed => "completed",
            EntryState::Failed => "failed",
            EntryState::Skipped => "skipped",
            EntryState::Pending => "pending",
            EntryState::Running => "running",
            EntryState::Cancelled => "cancelled",
        }
    }

    /// Where a job is, in the batch's words. `standing` is what the submission made of it.
    #[must_use]
    pub fn of(standing: Standing, status: JobStatus, has_begun: bool, frames: &FrameCounts) -> Self {
        match status {
            JobStatus::Done if standing == Standing::Complete => EntryState::Skipped,
            JobStatus::Done if frames.total > 0 && frames.skipped == frames.total => EntryState::Skipped,
            JobStatus::Done => EntryState::Completed,
            JobStatus::Failed => EntryState::Failed,
            JobStatus::Cancelled => EntryState::Cancelled,
            JobStatus::Running | JobStatus::Cancelling => EntryState::Running,
            JobStatus::Waiting if has_begun => EntryState::Running,
            JobStatus::Waiting | JobStatus::Paused => EntryState::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_where_its_jobs_are() {
        use EntryState::{Cancelled, Completed, Failed, Pending, Running, Skipped};
        let check = |states: &[EntryState], paused: u64, expect: BatchStatus| {
            let mut counts = JobCounts::default();
            states.iter().for_each(|state| counts.add(*state));
            assert_eq!(counts.status(paused), expect, "{states:?}");
        };
        check(&[Pending, Running, Failed], 0, BatchStatus::Running);
        check(&[Pending, Pending, Completed], 1, BatchStatus::Waiting);
        check(&[Pending, Pending, Completed], 2, BatchStatus::Paused);
        check(&[Completed, Skipped], 0, BatchStatus::Completed);
        check(&[Completed, Failed], 0, BatchStatus::Partial);
        check(&[Skipped, Cancelled], 0, BatchStatus::Partial);
        check(&[Failed, Cancelled], 0, BatchStatus::Failed);
        check(&[Cancelled, Cancelled], 0, BatchStatus::Cancelled);
    }

    #[test]
    fn a_job_whose_images_were_all_there_was_skipped() {
        let all = FrameCounts { total: 4, skipped: 4, ..FrameCounts::default() };
        let some = FrameCounts { total: 4, skipped: 3, done: 1, ..FrameCounts::default() };
        let check = |standing, status, begun, frames: &FrameCounts, expect| {
            assert_eq!(EntryState::of(standing, status, begun, frames), expect);
        };
        check(Standing::New, JobStatus::Done, true, &all, EntryState::Skipped);
        check(Standing::New, JobStatus::Done, true, &some, EntryState::Completed);
        check(Standing::Complete, JobStatus::Done, true, &some, EntryState::Skipped);
        check(Standing::Retried, JobStatus::Waiting, false, &some, EntryState::Pending);
        check(Standing::New, JobStatus::Waiting, true, &some, EntryState::Running);
        check(Standing::New, JobStatus::Paused, true, &some, EntryState::Pending);
    }

    #[test]
    fn names_are_those_of_json() {
        use BatchStatus::{Cancelled, Completed, Failed, Partial, Paused, Running, Waiting};
        for state in EntryState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        for status in [Waiting, Running, Paused, Completed, Partial, Failed, Cancelled] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
        for format in ReportFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
        for moment in [NotifyMoment::End, NotifyMoment::FirstFailure] {
            assert_eq!(serde_json::to_value(moment).unwrap(), moment.name());
        }
    }

    #[test]
    fn settings_that_are_left_out_are_those_of_the_seed() {
        let settings: BatchSettings = serde_json::from_str("{}").unwrap();
        let expect = r#"{"workers":0,"max_retries":3,"timeout_seconds":0,"continue_on_error":true,"resume_on_failure":true}"#;
        assert_eq!(serde_json::to_string(&settings).unwrap(), expect);
    }
}
