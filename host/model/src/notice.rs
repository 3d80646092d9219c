//! What happened that a person should want to read: each kind of happening, how much it matters, and its sentence, which
//! `text` has.
//!
//! This is the one table of them. Who notices a happening is somebody else's job, and so is keeping and showing it.

use crate::batch::JobCounts;
use crate::hooks::Moment;
use crate::ids::number_id;
use crate::{AttemptId, BatchId, FrameSet, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

#[cfg(test)]
mod tests;
mod text;

number_id! {
    /// A notice, numbered from 1 in the order in which things happened, over restarts too.
    NoticeId
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeSeverity {
    /// It went as it should; worth knowing afterwards.
    Info,
    /// It did not go as it should, and the farm copes.
    Warning,
    /// Somebody has to do something.
    Error,
}

impl NoticeSeverity {
    /// All of them, by their names in JSON.
    pub const NAMES: [(&'static str, Self); 3] =
        [("info", Self::Info), ("warning", Self::Warning), ("error", Self::Error)];
}

/// Something that a person should read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// Its number.
    pub id: NoticeId,
    /// When it happened.
    pub at: Timestamp,
    /// How much it matters.
    pub severity: NoticeSeverity,
    /// What kind of happening it is, such as `job-failed`.
    pub kind: String,
    /// The job that it is about.
    pub job: Option<JobId>,
    /// The batch that it, or its job, is about.
    #[serde(default)]
    pub batch: Option<BatchId>,
    /// The plugin that it is about.
    pub plugin: Option<String>,
    /// One sentence; the job's number is not in it where `job` says it.
    pub message: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The daemon began, and took up renders of an earlier one.
    DaemonStarted {
        /// Its version.
        version: String,
        /// Attempts that it took up.
        adopted: usize,
    },
    /// The database cannot be written.
    StoreFailing {
        /// Why.
        reason: String,
    },
    /// It can be written again.
    StoreWorks,
    /// All frames of a job are there.
    JobDone {
        /// Which.
        job: JobId,
        /// What people call it.
        name: String,
        /// Whose.
        plugin: String,
        /// How many frames.
        frames: u64,
    },
    /// A job ended without all of its frames.
    JobFailed {
        /// Which.
        job: JobId,
        /// What people call it.
        name: String,
        /// Whose.
        plugin: String,
        /// Frames that were given up.
        failed: u64,
        /// Of so many.
        total: u64,
        /// Why it failed as a whole, where it did.
        reason: Option<String>,
    },
    /// Somebody cancelled a job.
    JobCancelled {
        /// Which.
        job: JobId,
        /// What people call it.
        name: String,
        /// Whose.
        plugin: String,
    },
    /// All jobs of a batch are complete.
    BatchDone {
        /// Which.
        batch: BatchId,
        /// What people call it.
        name: String,
        /// How many jobs are where.
        jobs: JobCounts,
    },
    /// A batch ended, and some of its jobs failed.
    BatchFailed {
        /// Which.
        batch: BatchId,
        /// What people call it.
        name: String,
        /// How many jobs are where.
        jobs: JobCounts,
    },
    /// A batch ended because somebody cancelled jobs of it; none has failed.
    BatchCancelled {
        /// Which.
        batch: BatchId,
        /// What people call it.
        name: String,
        /// How many jobs are where.
        jobs: JobCounts,
    },
    /// A job waits for a person.
    JobHeld {
        /// Which.
        job: JobId,
        /// Whose.
        plugin: String,
        /// What for.
        reason: String,
    },
    /// The first frames of a job were given up; it goes on with the others.
    FramesFailed {
        /// Which job.
        job: JobId,
        /// What people call it.
        name: String,
        /// Whose.
        plugin: String,
        /// Which frames.
        frames: FrameSet,
    },
    /// A version of a plugin serves from now on.
    PluginServes {
        /// Which.
        name: String,
        /// Its version.
        version: String,
        /// How often its slot was swapped.
        generation: u64,
    },
    /// The newest version of a plugin does not serve; the one before it does.
    PluginRefused {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// A plugin's only version does not serve.
    PluginFailed {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// Calls of a plugin failed one after the other.
    PluginFailing {
        /// Which.
        name: String,
        /// What was done about it.
        message: String,
    },
    /// A plugin's file is gone, and nothing stands behind it.
    PluginRemoved {
        /// Which.
        name: String,
    },
    /// A plugin takes no tasks here for a while.
    BreakerOpened {
        /// Which plugin.
        plugin: String,
        /// Only on this GPU.
        gpu: Option<String>,
        /// What opened it.
        reason: String,
    },
    /// It takes tasks again.
    BreakerClosed {
        /// Which plugin.
        plugin: String,
        /// Only on this GPU.
        gpu: Option<String>,
    },
    /// A GPU does not answer any more.
    GpuLost {
        /// By its number.
        index: u32,
        /// What it is called.
        name: String,
        /// What the driver says.
        reason: String,
    },
    /// It answers again.
    GpuBack {
        /// By its number.
        index: u32,
        /// What it is called.
        name: String,
    },
    /// A disk is nearly full.
    DiskFilling {
        /// A directory on it.
        path: String,
        /// Bytes left.
        free: u64,
    },
    /// It has room again.
    DiskHasRoom {
        /// A directory on it.
        path: String,
        /// Bytes left.
        free: u64,
    },
    /// An attempt that has ended reported something.
    StaleReport {
        /// Which.
        attempt: AttemptId,
        /// What.
        what: String,
    },
    /// An attempt settled a frame that it does not hold.
    ForeignFrame {
        /// Which attempt.
        attempt: AttemptId,
        /// Of which job.
        job: JobId,
        /// Which frame.
        frame: i32,
    },
    /// Hooks ended that nobody waits for any more.
    HooksUnasked {
        /// Of which job.
        job: JobId,
        /// Which of its hooks.
        moment: Moment,
    },
    /// A process ran for a job that is over.
    AttemptAbandoned {
        /// Which attempt.
        attempt: AttemptId,
        /// Of which job.
        job: JobId,
    },
    /// A notification did not arrive and is tried again.
    NotificationLate {
        /// The job that it tells of, unless it tells of a batch.
        job: Option<JobId>,
        /// Who was to be told.
        to: String,
        /// Which notification.
        id: String,
        /// Why not.
        reason: String,
    },
    /// A notification that was late has arrived.
    NotificationArrived {
        /// The job that it tells of, unless it tells of a batch.
        job: Option<JobId>,
        /// Who was told.
        to: String,
        /// Which notification.
        id: String,
        /// How often it was tried.
        tries: u32,
    },
    /// A notification was tried too often and is given up.
    NotificationLost {
        /// The job that it tells of, unless it tells of a batch.
        job: Option<JobId>,
        /// Who was to be told.
        to: String,
        /// Which notification.
        id: String,
        /// How often it was tried.
        tries: u32,
        /// Why not, the last time.
        reason: String,
    },
}

impl Happening {
    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> NoticeSeverity {
        match self {
            Self::JobFailed { .. }
            | Self::JobHeld { .. }
            | Self::BatchFailed { .. }
            | Self::PluginFailed { .. }
            | Self::PluginFailing { .. }
            | Self::BreakerOpened { .. }
            | Self::GpuLost { .. }
            | Self::DiskFilling { .. }
            | Self::StoreFailing { .. }
            | Self::NotificationLost { .. } => NoticeSeverity::Error,
            Self::FramesFailed { .. }
            | Self::PluginRefused { .. }
            | Self::PluginRemoved { .. }
            | Self::ForeignFrame { .. }
            | Self::AttemptAbandoned { .. }
            | Self::NotificationLate { .. } => NoticeSeverity::Warning,
            Self::DaemonStarted { .. }
            | Self::StoreWorks
            | Self::JobDone { .. }
            | Self::JobCancelled { .. }
            | Self::BatchDone { .. }
            | Self::BatchCancelled { .. }
            | Self::PluginServes { .. }
            | Self::BreakerClosed { .. }
            | Self::GpuBack { .. }
            | Self::DiskHasRoom { .. }
            | Self::StaleReport { .. }
            | Self::HooksUnasked { .. }
            | Self::NotificationArrived { .. } => NoticeSeverity::Info,
        }
    }

    /// What kind of happening it is, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DaemonStarted { .. } => "daemon-started",
            Self::StoreFailing { .. } => "store-failing",
            Self::StoreWorks => "store-works",
            Self::JobDone { .. } => "job-done",
            Self::JobFailed { .. } => "job-failed",
            Self::JobCancelled { .. } => "job-cancelled",
            Self::JobHeld { .. } => "job-held",
            Self::BatchDone { .. } => "batch-done",
            Self::BatchFailed { .. } => "batch-failed",
            Self::BatchCancelled { .. } => "batch-cancelled",
            Self::FramesFailed { .. } => "frames-failed",
            Self::PluginServes { .. } => "plugin-serves",
            Self::PluginRefused { .. } => "plugin-refused",
            Self::PluginFailed { .. } => "plugin-failed",
            Self::PluginFailing { .. } => "plugin-failing",
            Self::PluginRemoved { .. } => "plugin-removed",
            Self::BreakerOpened { .. } => "breaker-opened",
            Self::BreakerClosed { .. } => "breaker-closed",
            Self::GpuLost { .. } => "gpu-lost",
            Self::GpuBack { .. } => "gpu-back",
            Self::DiskFilling { .. } => "disk-filling",
            Self::DiskHasRoom { .. } => "disk-has-room",
            Self::StaleReport { .. } => "stale-report",
            Self::ForeignFrame { .. } => "foreign-frame",
            Self::HooksUnasked { .. } => "hooks-unasked",
            Self::AttemptAbandoned { .. } => "attempt-abandoned",
            Self::NotificationLate { .. } => "notification-late",
            Self::NotificationArrived { .. } => "notification-arrived",
            Self::NotificationLost { .. } => "notification-lost",
        }
    }

    /// The job that it is about.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::JobDone { job, .. }
            | Self::JobFailed { job, .. }
            | Self::JobCancelled { job, .. }
            | Self::JobHeld { job, .. }
            | Self::FramesFailed { job, .. }
            | Self::ForeignFrame { job, .. }
            | Self::HooksUnasked { job, .. }
            | Self::AttemptAbandoned { job, .. } => Some(*job),
            Self::NotificationLate { job, .. }
            | Self::NotificationArrived { job, .. }
            | Self::NotificationLost { job, .. } => *job,
            _ => None,
        }
    }

    /// The batch that it is about as a whole.
    #[must_use]
    pub fn batch(&self) -> Option<BatchId> {
        match self {
            Self::BatchDone { batch, .. }
            | Self::BatchFailed { batch, .. }
            | Self::BatchCancelled { batch, .. } => Some(*batch),
            _ => None,
        }
    }

    /// The plugin that it is about.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::JobDone { plugin, .. }
            | Self::JobFailed { plugin, .. }
            | Self::JobCancelled { plugin, .. }
            | Self::JobHeld { plugin, .. }
            | Self::FramesFailed { plugin, .. }
            | Self::BreakerOpened { plugin, .. }
            | Self::BreakerClosed { plugin, .. }
            | Self::PluginServes { name: plugin, .. }
            | Self::PluginRefused { name: plugin, .. }
            | Self::PluginFailed { name: plugin, .. }
            | Self::PluginFailing { name: plugin, .. }
            | Self::PluginRemoved { name: plugin } => Some(plugin),
            _ => None,
        }
    }

    /// As a notice.
    #[must_use]
    pub fn noticed(&self, id: NoticeId, at: Timestamp) -> Notice {
        Notice {
            id,
            at,
            severity: self.severity(),
            kind: self.kind().to_owned(),
            job: self.job(),
            batch: self.batch(),
            plugin: self.plugin().map(str::to_owned),
            message: self.to_string(),
        }
    }
}
