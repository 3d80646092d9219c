//! A batch file over HTTP: its text, for whoever has the file and no command line at hand, such as the page.

use super::batches::accepted;
use super::body::JsonBody;
use super::params::{ApiQuery, DryRun, idempotency_key};
use super::problem::{FieldError, Part, Problem, ProblemKind};
use crate::batch::{Language, Mistakes, Overrides, Resolved, resolve_upload};
use crate::farm::{BatchSubmission, Farm, FarmError};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use farmhand_model::batch::BatchView;
use serde::Deserialize;
use serde_json::Map;
use utoipa::ToSchema;

/// A batch file as it is sent: its text, and what the file does not say of itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchFile {
    /// What the file says.
    text: String,
    /// How it is written.
    language: Language,
    /// What it is called: the `source` of the batch.
    #[serde(default = "unnamed")]
    name: String,
    /// Who submits it, where the file does not say.
    #[serde(default)]
    user: Option<String>,
    /// Start over: what an earlier submission completed is rendered again.
    #[serde(default)]
    fresh: bool,
}

fn unnamed() -> String {
    "pasted text".to_owned()
}

/// Submits a batch file
///
/// As `farmhand submit FILE`, for a file that stands alone: it cannot include others, knows nothing of the environment,
/// and names scenes by their full paths. With `dry_run=true` nothing is kept: the answer is a `BatchPlan`. Every mistake is told
/// with its line and column in `text`.
#[utoipa::path(
    post,
    path = "/batches/file",
    operation_id = "submitBatchFile",
    tag = "batches",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters."),
        ("dry_run" = Option<bool>, Query, description = "Only say what would become of each job."),
    ),
    request_body = BatchFile,
    responses(
        (status = 201, description = "All of it is durable now and will run.", body = BatchView, headers(("Location" = String, description = "Its address."))),
        (status = 200, description = "This key had made it before; or, as a dry run, a `BatchPlan`.", body = BatchView),
    ),
)]
pub(super) async fn submit(
    State(farm): State<Farm>,
    ApiQuery(DryRun(dry_run)): ApiQuery<DryRun>,
    headers: HeaderMap,
    JsonBody(file): JsonBody<BatchFile>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    // A large file takes its time.
    let read = tokio::task::spawn_blocking(move || read(&file)).await;
    let read =
        read.map_err(|error| Problem::new(ProblemKind::Internal, format!("the reader failed: {error}")))?;
    let resolved = read.map_err(|mistakes| refused(&mistakes))?;
    let placed = |error| match error {
        FarmError::Invalid(problems) => {
            let problems = problems.iter().map(|one| (one.field.as_str(), one.message.as_str()));
            refused(&resolved.mistakes(problems))
        }
        other => other.into(),
    };
    let submission =
        BatchSubmission::parse(resolved.batch.clone()).map_err(FarmError::Invalid).map_err(placed)?;
    if dry_run {
        return Ok(Json(farm.plan_batch(submission).await.map_err(placed)?).into_response());
    }
    Ok(accepted(farm.submit_batch(submission, key).await.map_err(placed)?))
}

fn read(file: &BatchFile) -> Result<Resolved, Mistakes> {
    let fresh = file.fresh.then(|| ("fresh".to_owned(), true.into()));
    let overrides = Overrides {
        head: fresh.into_iter().collect::<Map<_, _>>(),
        user: file.user.clone().filter(|user| !user.trim().is_empty()),
        ..Overrides::default()
    };
    resolve_upload(&file.text, file.language, &file.name, &overrides)
}

fn refused(mistakes: &Mistakes) -> Problem {
    let error = |(place, message): (Option<(u32, u32)>, &str)| FieldError {
        line: place.map(|(line, _)| line as usize),
        column: place.map(|(_, column)| column as usize),
        ..FieldError::new(Part::Body, "/text", message)
    };
    let errors = mistakes.each().map(error).collect();
    Problem::with_errors(ProblemKind::Invalid, errors).with_detail(mistakes.to_string())
}
