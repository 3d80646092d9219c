//! Bounds of what clients can cost: requests at once, time to an answer, streams, and a panic that costs one answer.
//!
//! The size of a body and the time it takes to arrive are bounded where it is read, in `body`.

use super::problem::{Problem, ProblemKind};
use super::settings::ApiLimits;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Where batches are submitted: thousands of jobs are checked, and their scenes are read, before the answer.
const BATCHES: &str = "/api/v1/batches";
/// How long that may take.
const BATCH_TIME: Duration = Duration::from_secs(600);

/// How long a body may take to arrive, for those who read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyTime(pub(super) Duration);

/// Bounds of one request, shared by all.
#[derive(Clone)]
pub(super) struct Bounds {
    requests: Arc<Semaphore>,
    answer_time: Duration,
    body_time: BodyTime,
}

impl Bounds {
    pub(super) fn new(limits: &ApiLimits) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits.requests)),
            answer_time: limits.answer_time,
            body_time: BodyTime(limits.body_time),
        }
    }
}

/// Answers so many requests at once and gives each so long to begin its answer. What an answer streams afterwards is
/// not under these bounds.
pub(super) async fn bound(State(bounds): State<Bounds>, mut request: Request, next: Next) -> Response {
    let Ok(_permit) = bounds.requests.try_acquire() else {
        return Problem::new(ProblemKind::Overloaded, "too many requests at once; try again in a second")
            .into_response();
    };
    request.extensions_mut().insert(bounds.body_time);
    let is_batch = request.method() == Method::POST && request.uri().path() == BATCHES;
    let answer_time = if is_batch { bounds.answer_time.max(BATCH_TIME) } else { bounds.answer_time };
    match tokio::time::timeout(answer_time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            ProblemKind::Timeout,
            format!(
                "there was no answer within {} s; a write may have been done nevertheless",
                answer_time.as_secs()
            ),
        )
        .into_response(),
    }
}

/// What a panic is answered with: its text goes to the log and not to the client.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub(super) fn panic_problem(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a request handler panicked");
    Problem::new(ProblemKind::Internal, "farmhand panicked while answering; the daemon's log says where")
        .into_response()
}

/// Places for streams that stay open. A place is free again when its holder is dropped.
#[derive(Clone)]
pub(super) struct StreamPlaces {
    free: Arc<Semaphore>,
    total: usize,
}

impl StreamPlaces {
    pub(super) fn new(total: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(total)), total }
    }

    pub(super) fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| {
            Problem::new(
                ProblemKind::Overloaded,
                format!("{} streams are open, which is the limit; close a page", self.total),
            )
        })
    }

    pub(super) fn taken(&self) -> usize {
        self.total - self.free.available_permits()
    }
}

/// Fires when the daemon stops, so that streams end by themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Shutdown(pub(super) CancellationToken);

impl<S: Sync> FromRequestParts<S> for Shutdown {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Shutdown>().cloned().unwrap_or_default())
    }
}
