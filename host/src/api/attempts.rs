//! Attempts over HTTP, and their logs: whole, a range, the last lines, or followed while they grow.

use super::limits::{Shutdown, StreamPlaces};
use super::log::{Asked, asked_range, follow, span, tail_start};
use super::params::{ApiQuery, FromQuery, Id, QueryParams};
use super::problem::{Problem, ProblemKind};
use crate::farm::{Farm, FarmError, LogFile};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farmhand_model::AttemptId;
use farmhand_model::view::AttemptView;
use std::io;
use std::ops::Range;
use tokio::fs::File;

/// Most lines that `tail` gives.
const MOST_LINES: u32 = 100_000;

/// At which byte of the log an answer begins, so that a client can go on after it with a range.
const LOG_OFFSET: HeaderName = HeaderName::from_static("farmhand-log-offset");

/// One attempt
#[utoipa::path(
    get,
    path = "/attempts/{id}",
    operation_id = "getAttempt",
    tag = "attempts",
    params(("id" = AttemptId, Path)),
    responses((status = 200, description = "How it went, who decided it and the exact command.", body = AttemptView)),
)]
pub(super) async fn get(
    State(farm): State<Farm>,
    Id(id): Id<AttemptId>,
) -> Result<Json<AttemptView>, Problem> {
    Ok(Json(farm.attempt(id).await?))
}

/// How the log is wanted.
pub(super) struct LogQuery {
    tail: Option<u32>,
    follow: bool,
}

impl FromQuery for LogQuery {
    const NAMES: &'static [&'static str] = &["tail", "follow"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self { tail: query.number("tail", 1..=MOST_LINES), follow: query.switch("follow") }
    }
}

/// Its log
///
/// The renderer's output as it came, control characters included: clean it before it goes to a terminal or a page.
/// `tail` wins over `Range`; `follow` goes on from either one's start. `Farmhand-Log-Offset` says at which byte of the
/// log the answer begins.
#[utoipa::path(
    get,
    path = "/attempts/{id}/log",
    operation_id = "getLog",
    tag = "attempts",
    params(
        ("id" = AttemptId, Path),
        ("tail" = Option<u32>, Query, description = "Only the last lines.", minimum = 1, maximum = 100000),
        ("follow" = Option<bool>, Query, description = "1: the answer goes on while the log grows, until the attempt ends."),
        ("Range" = Option<String>, Header, description = "One range of bytes, such as `bytes=1000-`."),
    ),
    responses(
        (status = 200, description = "The log.", content_type = "text/plain", body = String),
        (status = 206, description = "The range that was asked for.", content_type = "text/plain", body = String),
    ),
)]
pub(super) async fn log(
    State(farm): State<Farm>,
    State(places): State<StreamPlaces>,
    Id(id): Id<AttemptId>,
    ApiQuery(query): ApiQuery<LogQuery>,
    shutdown: Shutdown,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let LogFile { path, live } = farm.attempt_log(id).await?;
    let cannot_read = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => FarmError::NoLog(id).into(),
        _ => Problem::new(ProblemKind::Internal, format!("the log of attempt {id} cannot be read: {error}")),
    };
    let mut file = File::open(path).await.map_err(cannot_read)?;
    let length = file.metadata().await.map_err(cannot_read)?.len();
    let part = match query.tail {
        Some(lines) => Part::From(tail_start(&mut file, length, lines).await.map_err(cannot_read)?),
        None => Part::asked(&headers, length, query.follow)?,
    };
    let range = part.range(length);
    if !(query.follow && live) {
        let body = Body::from_stream(span(file, range.clone()));
        return Ok(answer(&part, &range, length, body));
    }
    let place = places.take()?;
    let is_live = move || {
        let farm = farm.clone();
        async move { farm.attempt_log(id).await.is_ok_and(|log| log.live) }
    };
    let body = Body::from_stream(follow(file, range.start, is_live, shutdown.0, place));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(PLAIN)),
        (LOG_OFFSET, HeaderValue::from(range.start)),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// Which part of a log is asked for.
enum Part {
    /// From this byte to the end, as a complete answer.
    From(u64),
    /// This range, as a partial answer.
    Range(Range<u64>),
}

impl Part {
    fn asked(headers: &HeaderMap, length: u64, is_followed: bool) -> Result<Self, Problem> {
        let header = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        match asked_range(header, length) {
            Asked::Whole => Ok(Part::From(0)),
            // Somebody who has read everything so far waits for more.
            Asked::Outside if is_followed => Ok(Part::From(length)),
            Asked::Part(range) if is_followed => Ok(Part::From(range.start)),
            Asked::Part(range) => Ok(Part::Range(range)),
            Asked::Outside => {
                let detail = format!("the log has {length} bytes, and the range begins after its end");
                let problem = Problem::new(ProblemKind::RangeNotSatisfiable, detail);
                Err(match HeaderValue::from_str(&format!("bytes */{length}")) {
                    Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
                    Err(_) => problem,
                })
            }
        }
    }

    fn range(&self, length: u64) -> Range<u64> {
        match self {
            Part::From(start) => *start..length,
            Part::Range(range) => range.clone(),
        }
    }
}

fn answer(part: &Part, range: &Range<u64>, length: u64, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(PLAIN)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start)),
        (LOG_OFFSET, HeaderValue::from(range.start)),
    ];
    let mut response = (headers, body).into_response();
    if let Part::Range(range) = part
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {}-{}/{length}", range.start, range.end - 1))
    {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}
