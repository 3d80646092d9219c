//! Clean-up over HTTP.

use super::body::OptionalJsonBody;
use super::params::{ApiQuery, DryRun};
use super::problem::Problem;
use crate::cleanup::{CleanupReport, CleanupRequest};
use crate::farm::Farm;
use axum::Json;
use axum::extract::State;

/// Removes what renders left behind, old logs and old jobs
///
/// Without a body: all that is old enough by the configuration, where jobs have read and written.
#[utoipa::path(
    post,
    path = "/cleanup",
    operation_id = "cleanUp",
    tag = "system",
    params(("dry_run" = Option<bool>, Query, description = "Only says what would be removed.")),
    request_body = Option<CleanupRequest>,
    responses((status = 200, description = "What was removed, or would be.", body = CleanupReport)),
)]
pub(super) async fn cleanup(
    State(farm): State<Farm>,
    ApiQuery(DryRun(dry_run)): ApiQuery<DryRun>,
    OptionalJsonBody(body): OptionalJsonBody<CleanupRequest>,
) -> Result<Json<CleanupReport>, Problem> {
    Ok(Json(farm.cleanup(body.unwrap_or_default(), dry_run).await?))
}
