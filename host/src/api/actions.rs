//! Acting on many jobs in one request: what is wanted, and what came of it for each of them.

use super::body::JsonBody;
use super::jobs::MOST;
use super::problem::{FieldError, Part, Problem, ProblemBody, ProblemKind};
use crate::farm::{Farm, JobControl, JobsAction, JobsActionResult};
use axum::Json;
use axum::extract::State;
use farmhand_model::{JobId, JobStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What can be done to many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ActionName {
    /// Gives out no more of their frames; what runs goes on to its end.
    Pause,
    /// Ends their pause.
    Resume,
    /// Ends their attempts and gives up their frames.
    Cancel,
    /// Tries again what failed or was cancelled.
    Retry,
    /// Sets their `priority`.
    Priority,
}

/// The same wish for many jobs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManyJobs {
    /// Which, 1 to 1000 of them. One that is named twice is acted on once.
    jobs: Vec<JobId>,
    /// What to do to each.
    action: ActionName,
    /// With `priority`: 0 to 100.
    #[serde(default)]
    priority: Option<u8>,
}

impl ManyJobs {
    /// What to do to which jobs, in the order they were named, or everything that is wrong with it.
    fn read(self) -> Result<(Vec<JobId>, JobsAction), Problem> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, message: String| {
            errors.push(FieldError::new(Part::Body, pointer, message));
        };
        if self.jobs.is_empty() || self.jobs.len() > MOST as usize {
            wrong("/jobs", format!("names {} jobs; 1 to {MOST} can be acted on at once", self.jobs.len()));
        }
        let control = match self.action {
            ActionName::Pause => Some(JobControl::Pause),
            ActionName::Resume => Some(JobControl::Resume),
            ActionName::Cancel => Some(JobControl::Cancel),
            ActionName::Retry => Some(JobControl::Retry { frames: None }),
            ActionName::Priority => None,
        };
        let action = match (control, self.priority) {
            (Some(control), None) => Some(JobsAction::Control(control)),
            (None, Some(priority)) => Some(JobsAction::Priority(priority)),
            (Some(_), Some(_)) => {
                wrong("/priority", "goes with the action `priority` alone".to_owned());
                None
            }
            (None, None) => {
                wrong("/priority", "the action `priority` needs it, from 0 to 100".to_owned());
                None
            }
        };
        let mut seen = BTreeSet::new();
        let jobs = self.jobs.into_iter().filter(|job| seen.insert(*job)).collect();
        match action {
            Some(action) if errors.is_empty() => Ok((jobs, action)),
            _ => Err(Problem::with_errors(ProblemKind::Invalid, errors)),
        }
    }
}

/// What came of it for one job: its `status`, or the `problem` that kept anything from being done to it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ManyJobsResult {
    /// The job.
    job: JobId,
    /// Where it is now; absent where nothing was done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<JobStatus>,
    /// Why nothing was done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

impl From<JobsActionResult> for ManyJobsResult {
    fn from(result: JobsActionResult) -> Self {
        let (status, problem) = match result.outcome {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(Problem::from(error).into_body(None))),
        };
        Self { job: result.job, status, problem }
    }
}

/// What came of a wish for many jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ManyJobsResults {
    /// How many it was done to.
    done: usize,
    /// How many it could not be done to.
    refused: usize,
    /// One for each job, in the order they were named.
    results: Vec<ManyJobsResult>,
}

/// Does the same to many jobs
///
/// Each is handled on its own: the answer is `200` also where some, or all, of them refuse, and says so of each.
#[utoipa::path(
    post,
    path = "/jobs/actions",
    operation_id = "actOnJobs",
    tag = "jobs",
    request_body = ManyJobs,
    responses((status = 200, description = "What came of it, job by job.", body = ManyJobsResults)),
)]
pub(super) async fn act(
    State(farm): State<Farm>,
    JsonBody(body): JsonBody<ManyJobs>,
) -> Result<Json<ManyJobsResults>, Problem> {
    let (jobs, action) = body.read()?;
    let results: Vec<ManyJobsResult> =
        farm.act(jobs, action).await?.into_iter().map(ManyJobsResult::from).collect();
    let refused = results.iter().filter(|result| result.problem.is_some()).count();
    Ok(Json(ManyJobsResults { done: results.len() - refused, refused, results }))
}
