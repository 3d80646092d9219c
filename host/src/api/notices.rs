//! `GET /notices`: what happened that a person should read, for whoever was not there.

use super::jobs::{MOST, USUAL};
use super::params::{ApiQuery, FromQuery, QueryParams};
use crate::farm::{Farm, NoticeQuery};
use axum::Json;
use axum::extract::State;
use farmhand_model::view::Page;
use farmhand_model::{BatchId, JobId, Notice, NoticeId, NoticeSeverity};

impl FromQuery for NoticeQuery {
    const NAMES: &'static [&'static str] = &["severity", "job", "batch", "plugin", "text", "before", "limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self {
            severities: query.words("severity", &NoticeSeverity::NAMES),
            job: query.number("job", 1..=u64::MAX).map(JobId),
            batch: query.number("batch", 1..=u64::MAX).map(BatchId),
            plugin: query.text("plugin"),
            text: query.text("text"),
            before: query.number("before", 1..=u64::MAX).map(NoticeId),
            limit: query.number("limit", 1..=MOST).unwrap_or(USUAL),
        }
    }
}

/// What happened
///
/// Jobs and batches that ended, plugins that were swapped, refused or rolled back, breakers, lost GPUs, full disks: what a person
/// should read, newest first. The last 2,000 are kept, over restarts too. Each is an event, `notice`, when it happens.
///
/// The end of a batch is told once for all of its jobs. Of these, on their own, only trouble is told: the first of a
/// kind as it would be of any job, the next ones as warnings, and after twenty no more.
#[utoipa::path(
    get,
    path = "/notices",
    operation_id = "listNotices",
    tag = "events",
    params(
        ("severity" = Option<String>, Query, description = "Only these, separated by commas: `info`, `warning`, `error`. An `error` is for somebody to act on."),
        ("job" = Option<JobId>, Query, description = "Only about this job."),
        ("batch" = Option<BatchId>, Query, description = "Only about this batch, or one of its jobs."),
        ("plugin" = Option<String>, Query, description = "Only about this plugin."),
        ("text" = Option<String>, Query, description = "Only with this in the message, in capitals or not."),
        ("before" = Option<u64>, Query, description = "Only older than the notice of this number: what `next` said."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "At most this many; 100 where absent."),
    ),
    responses((status = 200, description = "Newest first; `next` is to be given as `before`.", body = Page<Notice>)),
)]
pub(super) async fn list(
    State(farm): State<Farm>,
    ApiQuery(query): ApiQuery<NoticeQuery>,
) -> Json<Page<Notice>> {
    Json(farm.notices(query))
}
