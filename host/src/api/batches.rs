//! Batches over HTTP: submit, list, look at, control.

use super::body::{JsonBody, OptionalJsonBody};
use super::jobs::{MOST, Nothing, USUAL, in_query};
use super::params::{ApiQuery, DryRun, FromQuery, Id, QueryParams, idempotency_key};
use super::problem::Problem;
use crate::farm::{BatchControl, BatchSubmission, Farm, FarmError, SubmittedBatch};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farmhand_model::BatchId;
use farmhand_model::batch::{BatchSummary, BatchView, EntryState};
use farmhand_model::view::Page;
use serde_json::Value;

/// Submits a batch
///
/// It is accepted whole or not at all: everything that is wrong with any of its jobs is told at once, and nothing is kept
/// then. What an earlier submission has completed is skipped, and what it left undone is gone on with.
///
/// With an `Idempotency-Key` a submission can be sent again after a lost answer. With `dry_run=true` nothing is kept: the
/// answer is a `BatchPlan`, with what would become of each job.
#[utoipa::path(
    post,
    path = "/batches",
    operation_id = "submitBatch",
    tag = "batches",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters."),
        ("dry_run" = Option<bool>, Query, description = "Only say what would become of each job."),
    ),
    request_body = BatchSubmission,
    responses(
        (status = 201, description = "All of it is durable now and will run.", body = BatchView, headers(("Location" = String, description = "Its address."))),
        (status = 200, description = "This key had made it before; or, as a dry run, a `BatchPlan`.", body = BatchView),
    ),
)]
pub(super) async fn submit(
    State(farm): State<Farm>,
    ApiQuery(DryRun(dry_run)): ApiQuery<DryRun>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Value>,
) -> Result<Response, Problem> {
    let submission = BatchSubmission::parse(body).map_err(FarmError::Invalid)?;
    if dry_run {
        return Ok(Json(farm.plan_batch(submission).await?).into_response());
    }
    let key = idempotency_key(&headers)?;
    Ok(accepted(farm.submit_batch(submission, key).await?))
}

/// The answer to whoever has submitted it.
pub(super) fn accepted(submitted: SubmittedBatch) -> Response {
    let status = if submitted.created { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!("/api/v1/batches/{}", submitted.batch.summary.id);
    (status, [(header::LOCATION, location)], Json(submitted.batch)).into_response()
}

/// Which batches to list.
pub(super) struct ListQuery {
    cursor: Option<String>,
    limit: u32,
}

impl FromQuery for ListQuery {
    const NAMES: &'static [&'static str] = &["cursor", "limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self { cursor: query.text("cursor"), limit: query.number("limit", 1..=MOST).unwrap_or(USUAL) }
    }
}

/// Batches, newest first
#[utoipa::path(
    get,
    path = "/batches",
    operation_id = "listBatches",
    tag = "batches",
    params(
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
        ("limit" = Option<u32>, Query, description = "At most this many; 100 unless given.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page of them.", body = Page<BatchSummary>)),
)]
pub(super) async fn list(
    State(farm): State<Farm>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Page<BatchSummary>>, Problem> {
    Ok(Json(farm.batches(query.cursor, query.limit).await.map_err(in_query)?))
}

/// Which of its jobs to tell.
pub(super) struct EntriesQuery {
    states: Vec<EntryState>,
}

impl FromQuery for EntriesQuery {
    const NAMES: &'static [&'static str] = &["state"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self { states: query.words("state", &EntryState::ALL.map(|state| (state.name(), state))) }
    }
}

/// One batch, with its jobs
#[utoipa::path(
    get,
    path = "/batches/{id}",
    operation_id = "getBatch",
    tag = "batches",
    params(
        ("id" = BatchId, Path),
        ("state" = Option<String>, Query, description = "Only jobs in these states, such as `running,failed`."),
    ),
    responses((status = 200, description = "How far it is, and where each of its jobs is.", body = BatchView)),
)]
pub(super) async fn get(
    State(farm): State<Farm>,
    Id(id): Id<BatchId>,
    ApiQuery(query): ApiQuery<EntriesQuery>,
) -> Result<Json<BatchView>, Problem> {
    Ok(Json(farm.batch_with(id, &query.states).await?))
}

/// Pauses all of its jobs
#[utoipa::path(
    post,
    path = "/batches/{id}/pause",
    operation_id = "pauseBatch",
    tag = "batches",
    params(("id" = BatchId, Path)),
    responses((status = 200, description = "The batch as it is now.", body = BatchView)),
)]
pub(super) async fn pause(
    State(farm): State<Farm>,
    Id(id): Id<BatchId>,
    _body: OptionalJsonBody<Nothing>,
) -> Result<Json<BatchView>, Problem> {
    Ok(Json(farm.control_batch(id, BatchControl::Pause).await?))
}

/// Lets all of its paused jobs go on
#[utoipa::path(
    post,
    path = "/batches/{id}/resume",
    operation_id = "resumeBatch",
    tag = "batches",
    params(("id" = BatchId, Path)),
    responses((status = 200, description = "The batch as it is now.", body = BatchView)),
)]
pub(super) async fn resume(
    State(farm): State<Farm>,
    Id(id): Id<BatchId>,
    _body: OptionalJsonBody<Nothing>,
) -> Result<Json<BatchView>, Problem> {
    Ok(Json(farm.control_batch(id, BatchControl::Resume).await?))
}

/// Cancels all of its jobs that have not ended
#[utoipa::path(
    post,
    path = "/batches/{id}/cancel",
    operation_id = "cancelBatch",
    tag = "batches",
    params(("id" = BatchId, Path)),
    responses((status = 200, description = "The batch as it is now.", body = BatchView)),
)]
pub(super) async fn cancel(
    State(farm): State<Farm>,
    Id(id): Id<BatchId>,
    _body: OptionalJsonBody<Nothing>,
) -> Result<Json<BatchView>, Problem> {
    Ok(Json(farm.control_batch(id, BatchControl::Cancel).await?))
}

/// Tries again what failed or was cancelled in all of its jobs
#[utoipa::path(
    post,
    path = "/batches/{id}/retry",
    operation_id = "retryBatch",
    tag = "batches",
    params(("id" = BatchId, Path)),
    responses((status = 200, description = "The batch as it is now.", body = BatchView)),
)]
pub(super) async fn retry(
    State(farm): State<Farm>,
    Id(id): Id<BatchId>,
    _body: OptionalJsonBody<Nothing>,
) -> Result<Json<BatchView>, Problem> {
    Ok(Json(farm.control_batch(id, BatchControl::Retry).await?))
}
