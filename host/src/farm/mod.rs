//! The farm: one handle through which the API, the page and the command line see and change everything.
//!
//! It puts the scheduler, the store, the plugins and the runner together and keeps one promise for all of them: a
//! change is durable before anybody hears of it. It decides nothing (the scheduler does) and knows no HTTP.

mod bus;
mod error;
mod submission;

pub use bus::{BusItem, EventBus, Subscription};
pub use error::FarmError;
pub use submission::Submission;

use farmhand_model::job::JobEdit;
use farmhand_model::view::{
    AttemptView, FrameDoneView, FramesView, JobSummary, JobView, NodeView, Page, PluginView, WhyView,
};
use farmhand_model::{AttemptId, FrameSet, JobId, JobStatus};
use std::path::PathBuf;
use std::sync::Arc;

/// The farm. Cheap to clone; every clone is the same farm.
#[derive(Clone)]
pub struct Farm {
    inner: Arc<Inner>,
}

struct Inner {
    bus: EventBus,
}

/// What `submit` did.
#[derive(Debug)]
pub struct Submitted {
    /// The job.
    pub job: JobView,
    /// False where the idempotency key had made it before.
    pub created: bool,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    /// Only jobs in one of these; empty: all.
    pub statuses: Vec<JobStatus>,
    /// What `Page::next` said.
    pub cursor: Option<String>,
    /// At most this many.
    pub limit: u32,
}

/// What can be done to a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobControl {
    /// Gives out no more of its frames; what runs goes on to its end.
    Pause,
    /// Ends a pause.
    Resume,
    /// Ends its attempts and gives up its frames.
    Cancel,
    /// Tries again: these frames, or, where none are named, all that failed or were cancelled.
    Retry {
        /// Frames to render again, done ones too.
        frames: Option<FrameSet>,
    },
}

/// Where the log of an attempt is.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// The file; it only grows.
    pub path: PathBuf,
    /// Whether it may still grow.
    pub live: bool,
}

#[expect(clippy::unused_async, reason = "filled in with the driver")]
impl Farm {
    /// Submits a job. `key` makes it safe to send twice.
    pub async fn submit(&self, _submission: Submission, _key: Option<String>) -> Result<Submitted, FarmError> {
        Err(FarmError::Stopping)
    }

    /// Jobs, newest first.
    pub async fn jobs(&self, _query: JobQuery) -> Result<Page<JobSummary>, FarmError> {
        Err(FarmError::Stopping)
    }

    /// One job.
    pub async fn job(&self, id: JobId) -> Result<JobView, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// Changes priority and limits.
    pub async fn edit(&self, id: JobId, _edit: JobEdit) -> Result<JobView, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// Pauses, resumes, cancels, retries.
    pub async fn control(&self, id: JobId, _control: JobControl) -> Result<JobView, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// Runs per state.
    pub async fn frames(&self, id: JobId) -> Result<FramesView, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// The images that came last, newest first.
    pub async fn images(&self, id: JobId, _limit: u32) -> Result<Vec<FrameDoneView>, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// One frame's image; `None` where it is not done. `layer` is absent for a job without named layers.
    pub async fn image(
        &self,
        id: JobId,
        _layer: Option<String>,
        _frame: i32,
    ) -> Result<Option<FrameDoneView>, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// Attempts of a job, newest first.
    pub async fn attempts(
        &self,
        id: JobId,
        _cursor: Option<String>,
        _limit: u32,
    ) -> Result<Page<AttemptView>, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// One attempt.
    pub async fn attempt(&self, id: AttemptId) -> Result<AttemptView, FarmError> {
        Err(FarmError::NoAttempt(id))
    }

    /// Where an attempt's log is.
    pub async fn attempt_log(&self, id: AttemptId) -> Result<LogFile, FarmError> {
        Err(FarmError::NoLog(id))
    }

    /// Why a job waits.
    pub async fn why(&self, id: JobId) -> Result<WhyView, FarmError> {
        Err(FarmError::NoJob(id))
    }

    /// Every plugin slot.
    pub async fn plugins(&self) -> Vec<PluginView> {
        Vec::new()
    }

    /// This machine.
    pub async fn node(&self) -> Result<NodeView, FarmError> {
        Err(FarmError::Stopping)
    }

    /// What happens, as it happens.
    #[must_use]
    pub fn events(&self) -> &EventBus {
        &self.inner.bus
    }
}
