//! One wish for many jobs: each is handled on its own, so that one that refuses holds up none of the others.

use super::{Farm, FarmError, JobControl, check_priority, internal};
use farmhand_model::job::JobEdit;
use farmhand_model::{JobId, JobStatus};
use farmhand_scheduler::Event;
use futures::stream::{self, StreamExt};

/// Jobs handled side by side. Their changes then share a transaction instead of waiting for the disk one by one.
const AT_ONCE: usize = 64;

/// What is wanted of many jobs.
#[derive(Debug, Clone, PartialEq)]
pub enum JobsAction {
    /// What can be done to one job.
    Control(JobControl),
    /// 0 to 100.
    Priority(u8),
}

/// What came of it for one job.
#[derive(Debug)]
pub struct JobsActionResult {
    /// The job.
    pub job: JobId,
    /// Where it is now, or why nothing was done to it.
    pub outcome: Result<JobStatus, FarmError>,
}

impl Farm {
    /// Does the same to every one of these jobs, and says of each what came of it, in their order.
    ///
    /// Fails as a whole only where the wish itself makes no sense.
    pub async fn act(
        &self,
        jobs: Vec<JobId>,
        action: JobsAction,
    ) -> Result<Vec<JobsActionResult>, FarmError> {
        if let JobsAction::Priority(priority) = action {
            check_priority(Some(priority))?;
        }
        let each = jobs.into_iter().map(|job| {
            let action = action.clone();
            async move { JobsActionResult { job, outcome: self.act_on(job, action).await } }
        });
        Ok(stream::iter(each).buffered(AT_ONCE).collect().await)
    }

    async fn act_on(&self, job: JobId, action: JobsAction) -> Result<JobStatus, FarmError> {
        let event = match action {
            JobsAction::Control(control) => self.control_event(job, control).await?,
            JobsAction::Priority(priority) => {
                Event::Edit { job, edit: JobEdit { priority: Some(priority), limits: None } }
            }
        };
        self.tell_job(job, event).await?;
        self.status(job).await
    }

    async fn status(&self, id: JobId) -> Result<JobStatus, FarmError> {
        if let Some(status) = self.ask(move |scheduler, _| scheduler.status(id)).await? {
            return Ok(status);
        }
        let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        Ok(record.status)
    }
}
