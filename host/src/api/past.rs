//! What the attempts and frames of one job come to, over HTTP: for charts, time lines and the question of what failed.

use super::jobs::in_query;
use super::params::{ApiQuery, FromQuery, Id, QueryParams};
use super::problem::Problem;
use crate::farm::{Farm, TimesQuery};
use axum::Json;
use axum::extract::State;
use farmhand_model::JobId;
use farmhand_model::past::{TimelineView, TimesView, TroubleView};

/// Most frames in one answer, which is some megabytes then.
const MOST_FRAMES: u32 = 200_000;

/// Frames in one answer where nothing is asked for.
const USUAL_FRAMES: u32 = 20_000;

impl FromQuery for TimesQuery {
    const NAMES: &'static [&'static str] = &["layer", "from", "to", "limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self {
            layer: query.text("layer"),
            from: query.number("from", i32::MIN..=i32::MAX),
            to: query.number("to", i32::MIN..=i32::MAX),
            limit: query.number("limit", 1..=MOST_FRAMES).unwrap_or(USUAL_FRAMES),
        }
    }
}

/// How long its frames took, and the memory of their attempts
///
/// Columns for one layer: the n-th entry of `seconds` and `attempts` is about the n-th frame of `frames`. Frames that
/// were there before the job, or that are not there yet, are left out.
#[utoipa::path(
    get,
    path = "/jobs/{id}/times",
    operation_id = "getTimes",
    tag = "jobs",
    params(
        ("id" = JobId, Path),
        ("layer" = Option<String>, Query, description = "Which layer; the first one unless given."),
        ("from" = Option<i32>, Query, description = "The first frame; `next` of the answer before."),
        ("to" = Option<i32>, Query, description = "The last frame."),
        ("limit" = Option<u32>, Query, description = "At most this many frames; 20000 unless given.", minimum = 1, maximum = 200_000),
    ),
    responses((status = 200, description = "By frame.", body = TimesView)),
)]
pub(super) async fn times(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    ApiQuery(query): ApiQuery<TimesQuery>,
) -> Result<Json<TimesView>, Problem> {
    Ok(Json(farm.times(id, query).await.map_err(in_query)?))
}

/// Its attempts as bars of a time line, newest first
///
/// All of them, up to 10,000, without what only the view of one attempt needs.
#[utoipa::path(
    get,
    path = "/jobs/{id}/timeline",
    operation_id = "getTimeline",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "When each began, came to its steps and ended, and how.", body = TimelineView)),
)]
pub(super) async fn timeline(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
) -> Result<Json<TimelineView>, Problem> {
    Ok(Json(farm.timeline(id).await?))
}

/// What went wrong, the most frames first
///
/// Attempts that the same thing ended are put together, with the failed frames that it cost. Messages that differ only
/// in numbers count as the same.
#[utoipa::path(
    get,
    path = "/jobs/{id}/trouble",
    operation_id = "getTrouble",
    tag = "jobs",
    params(("id" = JobId, Path)),
    responses((status = 200, description = "At most 50 groups of the newest 10,000 attempts.", body = TroubleView)),
)]
pub(super) async fn trouble(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
) -> Result<Json<TroubleView>, Problem> {
    Ok(Json(farm.trouble(id).await?))
}
