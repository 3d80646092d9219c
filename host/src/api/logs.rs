//! An attempt's log over HTTP for whoever shows it: lines by number, searching, and what is worth a mark. The log as
//! bytes is in `attempts`.

use super::limits::{Shutdown, StreamPlaces};
use super::log::{
    KnownLogs, LINES_TIME, MARKS_TIME, Pattern, SEARCH_TIME, Search, Wanted, Window, follow_lines, marks,
};
use super::params::{ApiQuery, FromQuery, Id, QueryParams};
use super::problem::{Problem, ProblemKind};
use crate::farm::Farm;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use farmhand_model::AttemptId;
use farmhand_model::log::{LogMarks, LogMatches, LogWindow};
use farmhand_runner::read_marks;
use futures::StreamExt;
use std::io;

/// Lines of a window unless something else is asked for, and at most.
const LINES: u64 = 200;
const MOST_LINES: u64 = 2_000;
/// Places that a search tells of unless something else is asked for, and at most.
const PLACES: u32 = 100;
const MOST_PLACES: u32 = 10_000;

/// Which lines are wanted.
pub(super) struct LinesQuery {
    window: Window,
    follow: bool,
}

impl FromQuery for LinesQuery {
    const NAMES: &'static [&'static str] = &["from", "offset", "count", "q", "regex", "follow"];

    fn from_query(query: &mut QueryParams) -> Self {
        let from = query.number("from", 1..=u64::MAX);
        let offset = query.number("offset", 0..=u64::MAX);
        if from.is_some() && offset.is_some() {
            query.wrong("offset", "say either `from` or `offset`".to_owned());
        }
        let wanted = match (from, offset) {
            (Some(line), _) => Wanted::From(line),
            (None, Some(offset)) => Wanted::Around(offset),
            (None, None) => Wanted::Last,
        };
        let count = query.number("count", 1..=MOST_LINES).unwrap_or(LINES);
        Self { window: Window { wanted, count, pattern: pattern(query) }, follow: query.switch("follow") }
    }
}

/// What was typed to be searched for.
fn pattern(query: &mut QueryParams) -> Option<Pattern> {
    let is_regex = query.switch("regex");
    let text = query.text("q")?;
    match Pattern::new(&text, is_regex) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            // The last line says what, those before it show where.
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            query.wrong(
                "q",
                format!("is no regular expression: {why}; leave `regex` out to search for the text"),
            );
            None
        }
    }
}

/// Lines of its log
///
/// By number, from 1; without `from` and `offset` the last ones. A line ends at its newline; one that draws over itself
/// with carriage returns is told as its last state. Of a long line the beginning is told. With `follow` the answer is one
/// object a line (`application/x-ndjson`): the window, and then another one whenever the log grew, with what is new of it,
/// the last line told before once more, and at most `count` lines.
#[utoipa::path(
    get,
    path = "/attempts/{id}/log/lines",
    operation_id = "getLogLines",
    tag = "attempts",
    params(
        ("id" = AttemptId, Path),
        ("from" = Option<u64>, Query, description = "The first line.", minimum = 1),
        ("offset" = Option<u64>, Query, description = "The line that holds this byte of the output, in the middle of the window."),
        ("count" = Option<u64>, Query, description = "How many lines.", minimum = 1, maximum = 2000),
        ("q" = Option<String>, Query, description = "Tell where this matches in each line."),
        ("regex" = Option<bool>, Query, description = "1: `q` is a regular expression."),
        ("follow" = Option<bool>, Query, description = "1: the answer goes on while the log grows, until the attempt ends."),
    ),
    responses((status = 200, description = "The lines, and how long the log is.", body = LogWindow)),
)]
pub(super) async fn lines(
    State(farm): State<Farm>,
    State(logs): State<KnownLogs>,
    State(places): State<StreamPlaces>,
    Id(id): Id<AttemptId>,
    ApiQuery(query): ApiQuery<LinesQuery>,
    shutdown: Shutdown,
) -> Result<Response, Problem> {
    let file = farm.attempt_log(id).await?;
    if !(query.follow && file.live) {
        let window = logs.look(&file.path, file.live, LINES_TIME, move |look| query.window.read(look)).await;
        let window: LogWindow = window.map_err(cannot_read(id))?;
        return Ok(if query.follow {
            ndjson(Body::from(line_of(&window)))
        } else {
            Json(window).into_response()
        });
    }
    let is_live = move || {
        let farm = farm.clone();
        async move { farm.may_log_grow(id).await }
    };
    let windows = follow_lines(logs, file.path, query.window, is_live, shutdown.0, places.take()?);
    Ok(ndjson(Body::from_stream(windows.map(|window| window.map(|window| line_of(&window))))))
}

fn ndjson(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

fn line_of(window: &LogWindow) -> Bytes {
    match serde_json::to_vec(window) {
        Ok(mut line) => {
            line.push(b'\n');
            line.into()
        }
        Err(error) => {
            tracing::error!(%error, "a window of a log cannot be written as JSON");
            Bytes::new()
        }
    }
}

/// What is searched for.
pub(super) struct SearchQuery(Search);

impl FromQuery for SearchQuery {
    const NAMES: &'static [&'static str] = &["q", "regex", "errors", "from", "to", "back", "count", "limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        let errors = query.switch("errors");
        let asked = pattern(query);
        if asked.is_some() && errors {
            query.wrong("errors", "say either `q` or `errors`".to_owned());
        } else if asked.is_none() && !errors && !query.has_errors() {
            query.wrong("q", "is missing: say what to search for, or `errors=1`".to_owned());
        }
        let back = query.switch("back");
        let count = query.switch("count");
        if back && count {
            query.wrong("count", "counts forward only; leave `back` out".to_owned());
        }
        let to = query.number("to", 1..=u64::MAX);
        if back && to.is_some() {
            query.wrong("to", "ends a search forward only; leave `back` out".to_owned());
        }
        Self(Search {
            to: to.unwrap_or(u64::MAX),
            pattern: asked.unwrap_or(Pattern::Errors),
            from: query.number("from", 1..=u64::MAX).unwrap_or(if back { u64::MAX } else { 1 }),
            back,
            count,
            limit: query.number("limit", 1..=MOST_PLACES).unwrap_or(PLACES) as usize,
        })
    }
}

/// Searches its log
///
/// Line by line, in what a terminal would show. Small letters find large ones too, unless `q` has a capital. An answer
/// takes two seconds at most: where the log goes on, `next` says from which line to search further. The search ends when
/// its client is gone.
#[utoipa::path(
    get,
    path = "/attempts/{id}/log/search",
    operation_id = "searchLog",
    tag = "attempts",
    params(
        ("id" = AttemptId, Path),
        ("q" = Option<String>, Query, description = "What to search for."),
        ("regex" = Option<bool>, Query, description = "1: `q` is a regular expression, in time that is linear in the log's length; no back references, no look-around."),
        ("errors" = Option<bool>, Query, description = "1, instead of `q`: lines that read like errors."),
        ("from" = Option<u64>, Query, description = "The first line to look at.", minimum = 1),
        ("to" = Option<u64>, Query, description = "The last line to look at, going forward.", minimum = 1),
        ("back" = Option<bool>, Query, description = "1: towards the beginning, from the end or from `from`."),
        ("count" = Option<bool>, Query, description = "1: count all lines that match; else the answer ends with the last place that it tells of."),
        ("limit" = Option<u32>, Query, description = "Most places to tell of.", minimum = 1, maximum = 10000),
    ),
    responses((status = 200, description = "Where it was found.", body = LogMatches)),
)]
pub(super) async fn search(
    State(farm): State<Farm>,
    State(logs): State<KnownLogs>,
    Id(id): Id<AttemptId>,
    ApiQuery(SearchQuery(search)): ApiQuery<SearchQuery>,
) -> Result<Json<LogMatches>, Problem> {
    let file = farm.attempt_log(id).await?;
    let found = logs.look(&file.path, file.live, SEARCH_TIME, move |look| search.run(look)).await;
    Ok(Json(found.map_err(cannot_read(id))?))
}

/// What to mark in its log
///
/// Faults and frames where the plugin's reader saw them, lines that read like errors, and the line of the fault that the
/// verdict goes by.
#[utoipa::path(
    get,
    path = "/attempts/{id}/log/marks",
    operation_id = "getLogMarks",
    tag = "attempts",
    params(("id" = AttemptId, Path)),
    responses((status = 200, description = "Lines that are worth a mark.", body = LogMarks)),
)]
pub(super) async fn log_marks(
    State(farm): State<Farm>,
    State(logs): State<KnownLogs>,
    Id(id): Id<AttemptId>,
) -> Result<Json<LogMarks>, Problem> {
    let file = farm.attempt_log(id).await?;
    let attempt = farm.attempt(id).await?;
    let path = file.path.clone();
    let found =
        logs.look(&file.path, file.live, MARKS_TIME, move |look| marks(look, read_marks(&path)?, &attempt));
    Ok(Json(found.await.map_err(cannot_read(id))?))
}

fn cannot_read(id: AttemptId) -> impl Fn(io::Error) -> Problem {
    move |error| {
        Problem::new(ProblemKind::Internal, format!("the log of attempt {id} cannot be read: {error}"))
    }
}
