//! Reports over HTTP, in the format that is asked for, and their pictures.
//!
//! What a report says is the farm's to know, and how it looks is `crate::report`'s job.

use super::params::{ApiQuery, FromQuery, Id, QueryParams};
use super::picture::{Pictures, SharedPictures, Wanted};
use super::problem::{Problem, ProblemKind};
use crate::farm::Farm;
use crate::report::{Thumbnail, Thumbnails, Words, render, wanted_pictures};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farmhand_model::batch::ReportFormat;
use farmhand_model::report::Report;
use farmhand_model::{BatchId, JobId};
use std::sync::Arc;

/// Longest side of a picture in pixels: sharp at the width that a page gives it.
const SIDE: u32 = 400;
/// Bytes of all pictures of a page, before they are text.
const PICTURES: usize = 3 << 20;
/// A page of a report may show its own style and pictures and nothing else, also where it is looked at from the daemon.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; sandbox allow-same-origin";

/// How a report is wanted.
pub(super) struct ReportQuery {
    format: ReportFormat,
    download: bool,
}

impl FromQuery for ReportQuery {
    const NAMES: &'static [&'static str] = &["format", "download"];

    fn from_query(query: &mut QueryParams) -> Self {
        let known = ReportFormat::ALL.map(|format| (format.name(), format));
        let formats = query.words("format", &known);
        if formats.len() > 1 {
            query.wrong("format", "one at a time".to_owned());
        }
        Self {
            format: formats.first().copied().unwrap_or(ReportFormat::Json),
            download: query.switch("download"),
        }
    }
}

/// What became of a job
///
/// As JSON, which is stable, as Markdown, or as one HTML page that needs nothing besides itself. A job that has not ended
/// has a report too: it says how far it is.
#[utoipa::path(
    get,
    path = "/jobs/{id}/report",
    operation_id = "getJobReport",
    tag = "reports",
    params(
        ("id" = JobId, Path),
        ("format" = Option<String>, Query, description = "`json`, `md` or `html`. Default: `json`.", example = "html"),
        ("download" = Option<bool>, Query, description = "Whether browsers should save it instead of showing it."),
    ),
    responses((status = 200, description = "The report.", content((Report = "application/json"), (String = "text/markdown"), (String = "text/html")))),
)]
pub(super) async fn of_job(
    State(farm): State<Farm>,
    State(pictures): State<SharedPictures>,
    Id(id): Id<JobId>,
    ApiQuery(query): ApiQuery<ReportQuery>,
) -> Result<Response, Problem> {
    answer(farm.job_report(id).await?, &query, &pictures).await
}

/// What became of a batch
///
/// As the report of a job, with all of its jobs.
#[utoipa::path(
    get,
    path = "/batches/{id}/report",
    operation_id = "getBatchReport",
    tag = "reports",
    params(
        ("id" = BatchId, Path),
        ("format" = Option<String>, Query, description = "`json`, `md` or `html`. Default: `json`.", example = "html"),
        ("download" = Option<bool>, Query, description = "Whether browsers should save it instead of showing it."),
    ),
    responses((status = 200, description = "The report.", content((Report = "application/json"), (String = "text/markdown"), (String = "text/html")))),
)]
pub(super) async fn of_batch(
    State(farm): State<Farm>,
    State(pictures): State<SharedPictures>,
    Id(id): Id<BatchId>,
    ApiQuery(query): ApiQuery<ReportQuery>,
) -> Result<Response, Problem> {
    answer(farm.batch_report(id).await?, &query, &pictures).await
}

async fn answer(report: Report, query: &ReportQuery, pictures: &Pictures) -> Result<Response, Problem> {
    let name = format!("{}-report.{}", report.subject.to_string().replace(' ', "-"), query.format.name());
    let text = written(report, query.format, pictures)
        .await
        .map_err(|error| Problem::new(ProblemKind::Internal, error))?;
    let mime = match query.format {
        ReportFormat::Json => "application/json",
        ReportFormat::Md => "text/markdown; charset=utf-8",
        ReportFormat::Html => "text/html; charset=utf-8",
    };
    let mut response =
        ([(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, "no-store")], text).into_response();
    let headers = response.headers_mut();
    if query.format == ReportFormat::Html {
        headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(POLICY));
    }
    let disposition = if query.download { "attachment" } else { "inline" };
    if let Ok(value) = format!("{disposition}; filename=\"{name}\"").parse() {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The pictures of reports that the daemon writes by itself.
pub(crate) struct ReportPictures(SharedPictures);

impl ReportPictures {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Pictures::new()))
    }

    /// A report in its format, with its pictures where that shows any.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) async fn written(&self, report: Report, format: ReportFormat) -> Result<String, String> {
        written(report, format, &self.0).await
    }
}

async fn written(report: Report, format: ReportFormat, pictures: &Pictures) -> Result<String, String> {
    let thumbnails = match format {
        ReportFormat::Html => thumbnails(&report, pictures).await,
        ReportFormat::Md | ReportFormat::Json => Thumbnails::new(),
    };
    // Thousands of jobs take a while, in which others are to be answered.
    let made =
        tokio::task::spawn_blocking(move || render(&report, format, &Words::of_this_machine(), &thumbnails));
    made.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Small pictures. A frame whose image is gone, or cannot be shown, has none.
async fn thumbnails(report: &Report, pictures: &Pictures) -> Thumbnails {
    let mut found = Thumbnails::new();
    let mut bytes = 0;
    for (job, note) in wanted_pictures(report) {
        let wanted = Wanted { size: Some(SIDE), ..Wanted::default() };
        let Ok(key) = pictures.look(note.path.as_ref(), wanted).await else { continue };
        let Ok(picture) = pictures.make(&key).await else { continue };
        bytes += picture.bytes.len();
        if bytes > PICTURES {
            break;
        }
        let thumbnail = Thumbnail { mime: picture.mime, base64: STANDARD.encode(&picture.bytes) };
        found.insert((job, note), thumbnail);
    }
    found
}
