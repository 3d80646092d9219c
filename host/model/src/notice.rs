//! What happened that a person should want to read: each kind of happening, how much it matters, and its sentence.
//!
//! This is the one table of them. Who notices a happening is somebody else's job, and so is keeping and showing it.

use crate::batch::JobCounts;
use crate::hooks::Moment;
use crate::ids::number_id;
use crate::{AttemptId, BatchId, Bytes, FrameSet, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

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

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DaemonStarted { version, adopted: 0 } => write!(f, "farmhand {version} started"),
            Self::DaemonStarted { version, adopted } => {
                write!(
                    f,
                    "farmhand {version} started and took up {} that went on meanwhile",
                    count(*adopted as u64, "render")
                )
            }
            Self::StoreFailing { reason } => {
                write!(f, "the database cannot be written, and everything waits until it can: {reason}")
            }
            Self::StoreWorks => f.write_str("the database can be written again"),
            Self::JobDone { name, frames, .. } => write!(f, "{name} is done: {}", count(*frames, "frame")),
            Self::JobFailed { name, failed, total, reason, .. } => {
                write!(f, "{name} failed")?;
                if *failed > 0 {
                    write!(f, ": {failed} of {} given up", count(*total, "frame"))?;
                }
                match reason {
                    Some(reason) => write!(f, ": {reason}"),
                    None => Ok(()),
                }
            }
            Self::JobCancelled { name, .. } => write!(f, "{name} was cancelled"),
            Self::BatchDone { name, jobs, .. } => {
                write!(f, "{name} is done: {}", count(jobs.completed + jobs.skipped, "job"))?;
                match jobs.skipped {
                    0 => Ok(()),
                    skipped => write!(f, ", {skipped} of them complete before"),
                }
            }
            Self::BatchFailed { name, jobs, .. } => {
                write!(f, "{name} has ended: {} of {} failed", jobs.failed, count(jobs.total, "job"))?;
                match jobs.cancelled {
                    0 => Ok(()),
                    cancelled => write!(f, ", {cancelled} cancelled"),
                }
            }
            Self::BatchCancelled { name, jobs, .. } => {
                let done = jobs.completed + jobs.skipped;
                write!(f, "{name} was cancelled: {done} of {} are done", count(jobs.total, "job"))
            }
            Self::JobHeld { reason, .. } => write!(f, "it waits for somebody to resume it: {reason}"),
            Self::FramesFailed { name, frames, .. } => {
                let what = if frames.len() == 1 { "frame" } else { "frames" };
                write!(f, "{name} has given up {what} {frames}")
            }
            Self::PluginServes { name, version, generation } => {
                write!(f, "{name} {version} serves, generation {generation}")
            }
            Self::PluginRefused { name, reason } => {
                write!(f, "the newest version of {name} does not serve, the one before it goes on: {reason}")
            }
            Self::PluginFailed { name, reason } => write!(f, "nothing serves {name}: {reason}"),
            Self::PluginFailing { message, .. } => f.write_str(message),
            Self::PluginRemoved { name } => write!(f, "{name} is gone: its file was removed"),
            Self::BreakerOpened { plugin, gpu, reason } => {
                write!(f, "{plugin} takes no tasks {}for a while: {reason}", on_gpu(gpu.as_ref()))
            }
            Self::BreakerClosed { plugin, gpu } => {
                write!(f, "{plugin} takes tasks {}again", on_gpu(gpu.as_ref()))
            }
            Self::GpuLost { index, name, reason } => {
                write!(f, "GPU {index} ({name}) does not answer any more: {reason}")
            }
            Self::GpuBack { index, name } => write!(f, "GPU {index} ({name}) answers again"),
            Self::DiskFilling { path, free } => {
                write!(f, "the disk of {path} is nearly full: {} left", Bytes(*free))
            }
            Self::DiskHasRoom { path, free } => {
                write!(f, "the disk of {path} has room again: {} left", Bytes(*free))
            }
            Self::StaleReport { attempt, what } => {
                write!(f, "attempt {attempt} has ended or is unknown; dropped its report that {what}")
            }
            Self::ForeignFrame { attempt, frame, .. } => {
                write!(f, "attempt {attempt} settled frame {frame}, which was not its to render; dropped")
            }
            Self::HooksUnasked { job, moment } => {
                write!(f, "the {moment} hooks of job {job} are not waited for any more; dropped their result")
            }
            Self::AttemptAbandoned { attempt, job } => {
                write!(f, "attempt {attempt} belongs to job {job}, which is not live; ended it")
            }
            Self::NotificationLate { to, id, reason, .. } => {
                write!(f, "{to} could not be told of {id} and is tried again: {reason}")
            }
            Self::NotificationArrived { to, id, tries, .. } => {
                write!(f, "{to} was told of {id} at last, at try {tries}")
            }
            Self::NotificationLost { to, id, tries, reason, .. } => {
                write!(f, "{to} was not told of {id}, after {tries} tries: {reason}")
            }
        }
    }
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn on_gpu(gpu: Option<&String>) -> String {
    gpu.map(|gpu| format!("on GPU {gpu} ")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_how_much_it_matters_and_whom_it_is_about() {
        use NoticeSeverity::{Error, Info, Warning};
        let check =
            |happening: Happening, severity, job: Option<u64>, plugin: Option<&str>, message: &str| {
                let kind = happening.kind().to_owned();
                let notice = happening.noticed(NoticeId(7), Timestamp(9));
                let expect = Notice {
                    id: NoticeId(7),
                    at: Timestamp(9),
                    severity,
                    kind,
                    job: job.map(JobId),
                    batch: None,
                    plugin: plugin.map(str::to_owned),
                    message: message.to_owned(),
                };
                assert_eq!(notice, expect);
            };
        let failed = |failed, reason: Option<&str>| Happening::JobFailed {
            job: JobId(3),
            name: "shot".into(),
            plugin: "blender".into(),
            failed,
            total: 9,
            reason: reason.map(str::to_owned),
        };
        assert_eq!((failed(2, None).kind(), Happening::StoreWorks.kind()), ("job-failed", "store-works"));
        let about = (Some(3), Some("blender"));
        check(failed(2, None), Error, about.0, about.1, "shot failed: 2 of 9 frames given up");
        check(failed(0, Some("no camera")), Error, about.0, about.1, "shot failed: no camera");
        check(
            failed(9, Some("no camera")),
            Error,
            about.0,
            about.1,
            "shot failed: 9 of 9 frames given up: no camera",
        );
        let done =
            Happening::JobDone { job: JobId(3), name: "shot".into(), plugin: "blender".into(), frames: 1 };
        check(done, Info, about.0, about.1, "shot is done: 1 frame");
        let frames = "4,6".parse().unwrap();
        let gave_up =
            Happening::FramesFailed { job: JobId(3), name: "shot".into(), plugin: "blender".into(), frames };
        check(gave_up, Warning, about.0, about.1, "shot has given up frames 4,6");
        let breaker = |gpu: Option<&str>| Happening::BreakerOpened {
            plugin: "maya".into(),
            gpu: gpu.map(str::to_owned),
            reason: "no licence".into(),
        };
        check(breaker(None), Error, None, Some("maya"), "maya takes no tasks for a while: no licence");
        check(
            breaker(Some("1")),
            Error,
            None,
            Some("maya"),
            "maya takes no tasks on GPU 1 for a while: no licence",
        );
        let (to, id) = ("webhook chat".to_owned(), "job-3-end-9".to_owned());
        let late = Happening::NotificationLate {
            job: Some(JobId(3)),
            to: to.clone(),
            id: id.clone(),
            reason: "no route".into(),
        };
        check(
            late,
            Warning,
            Some(3),
            None,
            "webhook chat could not be told of job-3-end-9 and is tried again: no route",
        );
        let arrived =
            Happening::NotificationArrived { job: Some(JobId(3)), to: to.clone(), id: id.clone(), tries: 2 };
        check(arrived, Info, Some(3), None, "webhook chat was told of job-3-end-9 at last, at try 2");
        let lost = Happening::NotificationLost { job: None, to, id, tries: 14, reason: "no route".into() };
        check(lost, Error, None, None, "webhook chat was not told of job-3-end-9, after 14 tries: no route");
        let started = |adopted| Happening::DaemonStarted { version: "0.1.0".into(), adopted };
        check(started(0), Info, None, None, "farmhand 0.1.0 started");
        check(
            started(1),
            Info,
            None,
            None,
            "farmhand 0.1.0 started and took up 1 render that went on meanwhile",
        );
    }

    #[test]
    fn a_batch_is_told_of_by_its_jobs() {
        use NoticeSeverity::{Error, Info};
        let check = |happening: Happening, severity, message: &str| {
            let notice = happening.noticed(NoticeId(7), Timestamp(9));
            assert_eq!((notice.batch, notice.job), (Some(BatchId(4)), None));
            assert_eq!((notice.severity, notice.message.as_str()), (severity, message));
        };
        let (batch, name) = (BatchId(4), "seq".to_owned());
        let jobs = JobCounts { total: 3, completed: 3, ..JobCounts::default() };
        check(Happening::BatchDone { batch, name: name.clone(), jobs }, Info, "seq is done: 3 jobs");
        let jobs = JobCounts { total: 3, completed: 1, skipped: 2, ..JobCounts::default() };
        let before = "seq is done: 3 jobs, 2 of them complete before";
        check(Happening::BatchDone { batch, name: name.clone(), jobs }, Info, before);
        let jobs = JobCounts { total: 3, completed: 2, failed: 1, ..JobCounts::default() };
        check(
            Happening::BatchFailed { batch, name: name.clone(), jobs },
            Error,
            "seq has ended: 1 of 3 jobs failed",
        );
        let jobs = JobCounts { total: 1, failed: 1, cancelled: 2, ..JobCounts::default() };
        let both = "seq has ended: 1 of 1 job failed, 2 cancelled";
        check(Happening::BatchFailed { batch, name: name.clone(), jobs }, Error, both);
        let jobs = JobCounts { total: 3, completed: 1, skipped: 1, cancelled: 1, ..JobCounts::default() };
        check(
            Happening::BatchCancelled { batch, name, jobs },
            Info,
            "seq was cancelled: 2 of 3 jobs are done",
        );
    }

    #[test]
    fn notices_of_a_daemon_that_knew_no_batches_are_read() {
        let old = r#"{"id":1,"at":"1970-01-01T00:00:00.000Z","severity":"info","kind":"job-done","job":3,"plugin":null,"message":"x"}"#;
        let notice: Notice = serde_json::from_str(old).unwrap();
        assert_eq!((notice.job, notice.batch), (Some(JobId(3)), None));
    }

    #[test]
    fn the_names_are_as_in_json() {
        for (name, severity) in NoticeSeverity::NAMES {
            assert_eq!(serde_json::json!(severity), name);
        }
        assert!(
            NoticeSeverity::Error > NoticeSeverity::Warning && NoticeSeverity::Warning > NoticeSeverity::Info
        );
    }
}
