//! Happenings in words: the sentence of each.

use super::Happening;
use crate::Bytes;
use crate::words::count;
use std::fmt;

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

fn on_gpu(gpu: Option<&String>) -> String {
    gpu.map(|gpu| format!("on GPU {gpu} ")).unwrap_or_default()
}
