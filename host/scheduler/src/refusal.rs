//! Why a command is refused, with what to do instead.

use farmhand_model::{FrameSet, JobId, JobStatus};

/// A command that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The scheduler does not hold the job: it never was, or it has ended and was let go of. `Event::Recall` brings
    /// the latter back.
    #[error("no live job {0}; `farmhand jobs` lists them")]
    NoJob(JobId),
    /// A job of this number is there already.
    #[error("job {0} is there already")]
    Duplicate(JobId),
    /// The job has ended.
    #[error("job {job} has ended ({status:?}); only a retry brings it back")]
    Ended {
        /// The job.
        job: JobId,
        /// How.
        status: JobStatus,
    },
    /// The job is on its way to its end.
    #[error("job {0} is being ended; try again once its last attempts are gone")]
    Ending(JobId),
    /// The command names no frames.
    #[error("no frames; name at least one")]
    NoFrames,
    /// Not among the job's frames.
    #[error("job {job} has no frame {frames}; its frames are {has}")]
    FramesNotInJob {
        /// The job.
        job: JobId,
        /// Those that it does not have.
        frames: FrameSet,
        /// Those that it has.
        has: FrameSet,
    },
    /// Being rendered now.
    #[error("frames {frames} of job {job} are being rendered now; wait for them or cancel the job first")]
    FramesRunning {
        /// The job.
        job: JobId,
        /// Those of them that run.
        frames: FrameSet,
    },
    /// Nothing failed.
    #[error("no frame of job {0} has failed; name the frames to render again")]
    NothingToRetry(JobId),
    /// A job to come after is unknown.
    #[error("job {0}, which this one should come after, does not exist")]
    UnknownDependency(JobId),
    /// Out of 0 to 100.
    #[error("priority {0} is out of range; it goes from 0 to 100")]
    Priority(u8),
}
