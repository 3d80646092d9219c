//! Attempts over HTTP, and their logs: whole, a range, the last lines, or followed while they grow.

use super::limits::{Shutdown, StreamPlaces};
use super::log::{Asked, asked_range, blocking, follow, kept, kept_bytes, span, tail_start};
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
use farmhand_runner::LogFiles;
use std::io;
use std::ops::Range;

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
    let log = farm.attempt_log(id).await?;
    let is_live = move || {
        let farm = farm.clone();
        async move { farm.may_log_grow(id).await }
    };
    answer(id, log, &query, &headers, is_live, || places.take(), shutdown).await
}

/// The answer for a log, wherever it is. `is_live` says whether a followed one may still grow, `place` makes room for
/// following it.
async fn answer<L, F, P>(
    id: AttemptId,
    LogFile { path, live }: LogFile,
    query: &LogQuery,
    headers: &HeaderMap,
    is_live: L,
    place: impl FnOnce() -> Result<P, Problem>,
    shutdown: Shutdown,
) -> Result<Response, Problem>
where
    L: FnMut() -> F + Send + 'static,
    F: Future<Output = bool> + Send + 'static,
    P: Send + 'static,
{
    let cannot_read = |error: io::Error| {
        Problem::new(ProblemKind::Internal, format!("the log of attempt {id} cannot be read: {error}"))
    };
    let log = blocking({
        let path = path.clone();
        move || LogFiles::open(&path)
    })
    .await
    .map_err(cannot_read)?;
    if log.segments().is_empty() && !live {
        return Err(FarmError::NoLog(id).into());
    }
    let part = match query.tail {
        Some(lines) => {
            let log = log.clone();
            Part::From(blocking(move || tail_start(&log, lines)).await.map_err(cannot_read)?)
        }
        None => Part::asked(headers, &log, query.follow)?,
    };
    if !(query.follow && live) {
        return Ok(finished(part, log));
    }
    let start = part.start();
    let body = Body::from_stream(follow(path, start, is_live, shutdown.0, place()?));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(PLAIN)),
        (LOG_OFFSET, HeaderValue::from(start)),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// Which part of a log is asked for.
enum Part {
    /// What is kept from this byte to the end, as a complete answer.
    From(u64),
    /// This range, which is kept in one piece, as a partial answer.
    Range(Range<u64>),
}

impl Part {
    fn asked(headers: &HeaderMap, log: &LogFiles, is_followed: bool) -> Result<Self, Problem> {
        let header = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        let end = log.end();
        let outside = match asked_range(header, end) {
            Asked::Whole => return Ok(Part::From(0)),
            Asked::Part(range) if is_followed => return Ok(Part::From(range.start)),
            // Somebody who has read everything so far waits for more.
            Asked::Outside if is_followed => return Ok(Part::From(end)),
            Asked::Part(range) => match kept(log, &range) {
                // HTTP allows for less than was asked for, and `Content-Range` says what it is.
                Some(range) => return Ok(Part::Range(range)),
                None => format!("none of bytes {} to {} are kept any more", range.start, range.end - 1),
            },
            Asked::Outside => format!("the log has {end} bytes, and the range begins after its end"),
        };
        let problem = Problem::new(ProblemKind::RangeNotSatisfiable, outside);
        Err(match HeaderValue::from_str(&format!("bytes */{end}")) {
            Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
            Err(_) => problem,
        })
    }

    fn start(&self) -> u64 {
        match self {
            Part::From(start) => *start,
            Part::Range(range) => range.start,
        }
    }
}

/// An answer whose length is known.
fn finished(part: Part, log: LogFiles) -> Response {
    let end = log.end();
    let start = part.start();
    let (range, described) = match part {
        Part::From(start) => (start..end, None),
        Part::Range(range) => {
            let described =
                HeaderValue::from_str(&format!("bytes {}-{}/{end}", range.start, range.end - 1)).ok();
            (range, described)
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(PLAIN)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CONTENT_LENGTH, HeaderValue::from(kept_bytes(&log, &range))),
        (LOG_OFFSET, HeaderValue::from(start)),
    ];
    let mut response = (headers, Body::from_stream(span(log, range))).into_response();
    if let Some(described) = described {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        response.headers_mut().insert(header::CONTENT_RANGE, described);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::limits::StreamPlaces;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    const LOG: &str = "one\ntwo\nthree\n";

    struct Asked<'a> {
        query: LogQuery,
        range: Option<&'a str>,
        live: bool,
    }

    impl Asked<'_> {
        async fn answer(self) -> Result<Response, Problem> {
            let dir = tempfile::tempdir().unwrap();
            let log = LogFile { path: dir.path().join("log"), live: self.live };
            std::fs::write(&log.path, LOG).unwrap();
            let range = self.range.map(|range| (header::RANGE, range.parse().unwrap()));
            let headers = HeaderMap::from_iter(range);
            let ended = || std::future::ready(false);
            let response =
                answer(AttemptId(3), log, &self.query, &headers, ended, || Ok(()), Shutdown::default())
                    .await?;
            // The files are gone when this returns, so everything is read here.
            let (parts, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            Ok(Response::from_parts(parts, Body::from(bytes)))
        }
    }

    fn asked(tail: Option<u32>, follow: bool, range: Option<&str>) -> Asked<'_> {
        Asked { query: LogQuery { tail, follow }, range, live: false }
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn whole_tail_and_range() {
        let check = async |asked: Asked<'_>, status: u16, offset: &str, range: Option<&str>, expect: &str| {
            let response = asked.answer().await.unwrap();
            assert_eq!(response.status().as_u16(), status);
            let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("content-type"), Some(PLAIN));
            assert_eq!(header("content-range"), range);
            assert_eq!(header("farmhand-log-offset"), Some(offset));
            assert_eq!(header("content-length"), Some(expect.len().to_string().as_str()));
            assert_eq!(text(response).await, expect);
        };
        check(asked(None, false, None), 200, "0", None, LOG).await;
        check(asked(None, true, None), 200, "0", None, LOG).await;
        check(asked(Some(1), false, None), 200, "8", None, "three\n").await;
        check(asked(Some(1), false, Some("bytes=0-1")), 200, "8", None, "three\n").await;
        check(asked(None, false, Some("bytes=4-6")), 206, "4", Some("bytes 4-6/14"), "two").await;
        check(asked(None, false, Some("bytes=-6")), 206, "8", Some("bytes 8-13/14"), "three\n").await;
    }

    #[tokio::test]
    async fn what_is_not_there_is_refused() {
        let outside = asked(None, false, Some("bytes=14-")).answer().await.unwrap_err().into_response();
        assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(outside.headers()[header::CONTENT_RANGE], "bytes */14");

        let gone = LogFile { path: "/nowhere/attempt/log".into(), live: false };
        let query = LogQuery { tail: None, follow: false };
        let ended = || std::future::ready(false);
        let answer =
            answer(AttemptId(3), gone, &query, &HeaderMap::new(), ended, || Ok(()), Shutdown::default())
                .await;
        assert_eq!(answer.unwrap_err().kind(), ProblemKind::NoLog);
    }

    #[tokio::test]
    async fn following_has_no_length_and_needs_a_place() {
        let follow = |range| Asked { live: true, ..asked(None, true, range) };
        let response = follow(Some("bytes=4-")).answer().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key(header::CONTENT_LENGTH));
        assert_eq!(text(response).await, "two\nthree\n");
        // Everything was read before: nothing yet, and no refusal.
        assert_eq!(text(follow(Some("bytes=14-")).answer().await.unwrap()).await, "");
    }

    #[tokio::test]
    async fn a_place_is_taken_as_long_as_a_log_is_followed() {
        let places = StreamPlaces::new(1);
        let dir = tempfile::tempdir().unwrap();
        let log = LogFile { path: dir.path().join("log"), live: true };
        let query = LogQuery { tail: None, follow: true };
        let was_asked = Arc::new(AtomicBool::new(false));
        let open = async || {
            let was_asked = Arc::clone(&was_asked);
            let live = move || {
                was_asked.store(true, Ordering::SeqCst);
                std::future::ready(false)
            };
            let headers = HeaderMap::new();
            answer(AttemptId(3), log.clone(), &query, &headers, live, || places.take(), Shutdown::default())
                .await
        };
        let first = open().await.unwrap();
        assert_eq!(places.taken(), 1);
        assert_eq!(open().await.unwrap_err().kind(), ProblemKind::Overloaded);
        text(first).await;
        assert!(was_asked.load(Ordering::SeqCst));
        assert_eq!(places.taken(), 0);
    }
}
