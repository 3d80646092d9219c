//! Jobs over HTTP: submit, list, look at, change, control, and their frames and attempts.

use super::body::{JsonBody, OptionalJsonBody};
use super::params::{ApiQuery, DryRun, FromQuery, Id, QueryParams, idempotency_key};
use super::problem::{FieldError, Part, Problem, ProblemKind};
use crate::farm::{Farm, FarmError, JobControl, JobQuery, Submission};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farmhand_model::job::JobEdit;
use farmhand_model::view::{AttemptView, FramesView, JobSummary, JobView, JobWhyView, Page};
use farmhand_model::{BatchId, FrameSet, JobId, JobStatus};
use farmhand_store::JobSearch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most items on one page of a list.
pub(super) const MOST: u32 = 1000;

/// Items on one page of a list where nothing is asked for.
pub(super) const USUAL: u32 = 100;

/// Submits a job
///
/// With an `Idempotency-Key` a submission can be sent again after a lost answer: the same request under the same key
/// makes one job.
///
/// With `dry_run=true` nothing is kept and nothing runs: the answer is a plan, with the commands, files and outputs of
/// each level.
#[utoipa::path(
    post,
    path = "/jobs",
    operation_id = "submitJob",
    tag = "jobs",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters."),
        ("dry_run" = Option<bool>, Query, description = "Only say what would run."),
    ),
    request_body = Submission,
    responses(
        (status = 201, description = "It is durable now and will run.", body = JobView, headers(("Location" = String, description = "Its address."))),
        (status = 200, description = "This key had made it before; or, as a dry run, a `PlanView`.", body = JobView),
    ),
)]
pub(super) async fn submit(
    State(farm): State<Farm>,
    ApiQuery(DryRun(dry_run)): ApiQuery<DryRun>,
    headers: HeaderMap,
    JsonBody(submission): JsonBody<Submission>,
) -> Result<Response, Problem> {
    if dry_run {
        return Ok(Json(farm.plan(submission).await?).into_response());
    }
    let key = idempotency_key(&headers)?;
    let submitted = farm.submit(submission, key).await?;
    let status = if submitted.created { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!("/api/v1/jobs/{}", submitted.job.summary.id);
    Ok((status, [(header::LOCATION, location)], Json(submitted.job)).into_response())
}

/// What the states are called in queries and metrics: as in JSON.
pub(super) const JOB_STATES: [(&str, JobStatus); 7] = [
    ("waiting", JobStatus::Waiting),
    ("running", JobStatus::Running),
    ("paused", JobStatus::Paused),
    ("cancelling", JobStatus::Cancelling),
    ("done", JobStatus::Done),
    ("failed", JobStatus::Failed),
    ("cancelled", JobStatus::Cancelled),
];

/// Which jobs to list.
pub(super) struct ListQuery {
    statuses: Vec<JobStatus>,
    search: JobSearch,
    cursor: Option<String>,
    limit: u32,
}

impl FromQuery for ListQuery {
    const NAMES: &'static [&'static str] = &["state", "user", "plugin", "batch", "search", "cursor", "limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self {
            statuses: query.words("state", &JOB_STATES),
            search: JobSearch {
                user: query.text("user"),
                plugin: query.text("plugin"),
                batch: query.number("batch", 1..=u64::MAX).map(BatchId),
                words: query.text("search").unwrap_or_default(),
            },
            cursor: query.text("cursor"),
            limit: query.number("limit", 1..=MOST).unwrap_or(USUAL),
        }
    }
}

/// Jobs, newest first
///
/// With `user`, `plugin`, `batch` or `search`, a page looks at so many jobs and no more: it may have fewer than `limit`, or
/// none, and still a `next` at which the search goes on.
#[utoipa::path(
    get,
    path = "/jobs",
    operation_id = "listJobs",
    tag = "jobs",
    params(
        ("state" = Option<String>, Query, description = "Only jobs in one of these states, separated by commas.", example = "waiting,running"),
        ("user" = Option<String>, Query, description = "Only jobs that this user submitted."),
        ("plugin" = Option<String>, Query, description = "Only jobs of this plugin, by its name."),
        ("batch" = Option<BatchId>, Query, description = "Only jobs that were submitted last with this batch."),
        ("search" = Option<String>, Query, description = "Only jobs that have each of these words, in either case, in their name, batch, scene, user, plugin or failure, or whose number begins with it.", example = "sh0040 maya"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
        ("limit" = Option<u32>, Query, description = "At most this many; 100 unless given.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page of them.", body = Page<JobSummary>)),
)]
pub(super) async fn list(
    State(farm): State<Farm>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Page<JobSummary>>, Problem> {
    let query =
        JobQuery { statuses: query.statuses, search: query.search, cursor: query.cursor, limit: query.limit };
    Ok(Json(farm.jobs(query).await.map_err(in_query)?))
}

/// What is wrong with a list's parameters is in the query, while the farm speaks of a submission's fields.
pub(super) fn in_query(error: FarmError) -> Problem {
    match error {
        FarmError::Invalid(problems) => {
            let errors = problems.into_iter().map(|p| FieldError::new(Part::Query, p.field, p.message));
            Problem::with_errors(ProblemKind::BadParameter, errors.collect())
        }
        other => other.into(),
    }
}

/// One job
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    operation_id = "getJob",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "All but its frames and attempts.", body = JobView)),
)]
pub(super) async fn get(State(farm): State<Farm>, Id(id): Id<JobId>) -> Result<Json<JobView>, Problem> {
    Ok(Json(farm.job(id).await?))
}

/// Changes priority and limits
#[utoipa::path(
    patch,
    path = "/jobs/{id}",
    operation_id = "editJob",
    tag = "jobs",
    params(("id" = JobId, Path)),
    request_body = JobEdit,
    responses((status = 200, description = "The job as it is now.", body = JobView)),
)]
pub(super) async fn edit(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    JsonBody(edit): JsonBody<JobEdit>,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(farm.edit(id, edit).await?))
}

/// What a control takes: nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Gives out no more of its frames; what runs goes on to its end
#[utoipa::path(
    post,
    path = "/jobs/{id}/pause",
    operation_id = "pauseJob",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "The job as it is now.", body = JobView)),
)]
pub(super) async fn pause(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    _body: OptionalJsonBody<Nothing>,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(farm.control(id, JobControl::Pause).await?))
}

/// Ends a pause
#[utoipa::path(
    post,
    path = "/jobs/{id}/resume",
    operation_id = "resumeJob",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "The job as it is now.", body = JobView)),
)]
pub(super) async fn resume(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    _body: OptionalJsonBody<Nothing>,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(farm.control(id, JobControl::Resume).await?))
}

/// Ends its attempts and gives up its frames
#[utoipa::path(
    post,
    path = "/jobs/{id}/cancel",
    operation_id = "cancelJob",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "The job as it is now.", body = JobView)),
)]
pub(super) async fn cancel(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    _body: OptionalJsonBody<Nothing>,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(farm.control(id, JobControl::Cancel).await?))
}

/// What to try again.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Retry {
    /// Frames to render again, done ones too. Absent: all that failed or were cancelled.
    frames: Option<FrameSet>,
    /// Only of this layer; it goes with `frames`. Absent: of every layer.
    layer: Option<String>,
}

/// Tries again
///
/// Without a body: every frame that failed or was cancelled.
#[utoipa::path(
    post,
    path = "/jobs/{id}/retry",
    operation_id = "retryJob",
    tag = "jobs",
    params(("id" = JobId, Path)),
    request_body = Option<Retry>,
    responses((status = 200, description = "The job as it is now.", body = JobView)),
)]
pub(super) async fn retry(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    OptionalJsonBody(body): OptionalJsonBody<Retry>,
) -> Result<Json<JobView>, Problem> {
    let control = match body.unwrap_or_default() {
        Retry { frames, layer: None } => JobControl::Retry { frames },
        Retry { frames: Some(frames), layer: Some(layer) } => JobControl::RetryLayer { layer, frames },
        Retry { frames: None, layer: Some(_) } => {
            let message = "a layer goes with the frames of it that are to be rendered again";
            let missing = FieldError::new(Part::Body, "/frames", message);
            return Err(Problem::with_errors(ProblemKind::Invalid, vec![missing]));
        }
    };
    Ok(Json(farm.control(id, control).await?))
}

/// Why it waits, and where its time goes
#[utoipa::path(
    get,
    path = "/jobs/{id}/why",
    operation_id = "whyJobWaits",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "The one reason that holds it now, and where its time has gone until now.", body = JobWhyView)),
)]
pub(super) async fn why(State(farm): State<Farm>, Id(id): Id<JobId>) -> Result<Json<JobWhyView>, Problem> {
    Ok(Json(farm.why(id).await?))
}

/// Its frames, as runs per state
#[utoipa::path(
    get,
    path = "/jobs/{id}/frames",
    operation_id = "listFrames",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "Every frame is in exactly one run.", body = FramesView)),
)]
pub(super) async fn frames(State(farm): State<Farm>, Id(id): Id<JobId>) -> Result<Json<FramesView>, Problem> {
    Ok(Json(farm.frames(id).await?))
}

/// Which attempts to list.
pub(super) struct AttemptsQuery {
    cursor: Option<String>,
    limit: u32,
}

impl FromQuery for AttemptsQuery {
    const NAMES: &'static [&'static str] = &["cursor", "limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self { cursor: query.text("cursor"), limit: query.number("limit", 1..=MOST).unwrap_or(USUAL) }
    }
}

/// Its attempts, newest first
#[utoipa::path(
    get,
    path = "/jobs/{id}/attempts",
    operation_id = "listAttempts",
    tag = "jobs",
    params(
        ("id" = JobId, Path),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
        ("limit" = Option<u32>, Query, description = "At most this many; 100 unless given.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page of them.", body = Page<AttemptView>)),
)]
pub(super) async fn attempts(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    ApiQuery(query): ApiQuery<AttemptsQuery>,
) -> Result<Json<Page<AttemptView>>, Problem> {
    Ok(Json(farm.attempts(id, query.cursor, query.limit).await.map_err(in_query)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_called_as_in_json() {
        for (name, status) in JOB_STATES {
            assert_eq!(serde_json::to_value(status).unwrap(), name);
        }
    }
}
