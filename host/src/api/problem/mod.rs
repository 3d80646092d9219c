//! Errors as `application/problem+json` (RFC 9457).
//!
//! What is wrong is decided elsewhere; this only says it over HTTP.

mod kind;

pub use kind::ProblemKind;

use crate::farm::FarmError;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Which part of a request an error is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The JSON body.
    Body,
    /// The part after the `?`.
    Query,
    /// The address.
    Path,
    /// A header.
    Header,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Which part of the request.
    #[serde(rename = "in")]
    pub part: Part,
    /// JSON pointer (RFC 6901) into the body; `/name` for a parameter or a header.
    pub pointer: String,
    /// What is wrong and what is allowed.
    pub message: String,
    /// Line of the body, or of the text at `pointer` where that is a file, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column of that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl FieldError {
    /// An error without a place in the text.
    pub fn new(part: Part, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { part, pointer: pointer.into(), message: message.into(), line: None, column: None }
    }
}

/// A problem as it goes over the wire (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `/problems/{kind}`, which explains the kind when it is opened. Programs match on it.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of problem it is, for people.
    title: &'static str,
    /// The HTTP status, repeated.
    status: u16,
    /// What happened this time and what to do.
    detail: String,
    /// The address that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// What is wrong with the request, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Why a request was not done.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    /// Boxed, so that every `Result` with a problem stays small.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    /// A problem with what happened this time and what to do.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let header = match kind {
            ProblemKind::Overloaded | ProblemKind::Timeout => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            ProblemKind::Stopping => Some((header::RETRY_AFTER, HeaderValue::from_static("5"))),
            ProblemKind::Unauthorized => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"farmhand\"")))
            }
            _ => None,
        };
        Self { kind, detail: detail.into(), errors: Vec::new(), header: header.map(Box::new) }
    }

    /// A problem with the request; the detail is made of what is wrong with it.
    #[must_use]
    pub fn with_errors(kind: ProblemKind, errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|error| match (error.pointer.as_str(), error.line, error.column) {
                ("", Some(line), Some(column)) => format!("line {line}, column {column}: {}", error.message),
                ("", ..) => error.message.clone(),
                (pointer, ..) => format!("{pointer}: {}", error.message),
            })
            .collect::<Vec<_>>()
            .join("; ");
        Self { errors, ..Self::new(kind, detail) }
    }

    /// Says what happened in other words.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Sends a header along.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What is wrong with the request, one by one.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// What happened this time.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// As it stands in JSON.
    #[must_use]
    pub fn into_body(self, instance: Option<String>) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", self.kind.slug()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: self.detail,
            instance,
            errors: self.errors,
        }
    }

    fn render(mut self, instance: Option<String>) -> Response {
        let status = self.kind.status();
        let header = self.header.take();
        let mut response = Json(self.into_body(instance)).into_response();
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(header) = header {
            let (name, value) = *header;
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.clone().render(None);
        response.extensions_mut().insert(self);
        response
    }
}

/// Adds the address that was asked for, which only the outermost layer still knows, to every problem, and logs those
/// that are ours.
pub(super) async fn name_instance(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    if problem.kind == ProblemKind::Internal {
        tracing::error!(%method, path, detail = problem.detail, "request failed");
    } else {
        tracing::debug!(%method, path, kind = problem.kind.slug(), detail = problem.detail, "request refused");
    }
    let (parts, _) = response.into_parts();
    let mut named = problem.render(Some(path));
    for (name, value) in &parts.headers {
        if !named.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            named.headers_mut().insert(name.clone(), value.clone());
        }
    }
    named
}

impl From<FarmError> for Problem {
    fn from(error: FarmError) -> Self {
        let kind = match &error {
            FarmError::NoJob(_) => ProblemKind::NoJob,
            FarmError::NoBatch(_) => ProblemKind::NoBatch,
            FarmError::NoAttempt(_) => ProblemKind::NoAttempt,
            FarmError::NoLog(_) => ProblemKind::NoLog,
            FarmError::NoPlugin(_) => ProblemKind::NoPlugin,
            FarmError::NoVersion(_) => ProblemKind::NoVersion,
            FarmError::Invalid(problems) => {
                let errors = problems.iter().map(|problem| {
                    FieldError::new(Part::Body, problem.field.as_str(), problem.message.as_str())
                });
                return Problem::with_errors(ProblemKind::Invalid, errors.collect());
            }
            FarmError::Conflict(_) => ProblemKind::Conflict,
            FarmError::KeyReused(_) => ProblemKind::IdempotencyKeyReused,
            FarmError::Stopping => ProblemKind::Stopping,
            FarmError::Internal(_) => ProblemKind::Internal,
        };
        Problem::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::Problem as JobProblem;
    use farmhand_model::{AttemptId, BatchId, JobId};

    async fn json(response: Response) -> serde_json::Value {
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[tokio::test]
    async fn farm_errors_become_problems() {
        fn wrong() -> FarmError {
            FarmError::Invalid(vec![JobProblem {
                field: "/options/engine".into(),
                message: "no such engine".into(),
            }])
        }
        let table: [(FarmError, u16, &str); 11] = [
            (FarmError::NoJob(JobId(7)), 404, "no-job"),
            (FarmError::NoBatch(BatchId(7)), 404, "no-batch"),
            (FarmError::NoAttempt(AttemptId(7)), 404, "no-attempt"),
            (FarmError::NoLog(AttemptId(7)), 404, "no-log"),
            (FarmError::NoPlugin("there is none".into()), 404, "no-plugin"),
            (FarmError::NoVersion("there is none".into()), 404, "no-version"),
            (wrong(), 422, "invalid"),
            (FarmError::Conflict("it has ended".into()), 409, "conflict"),
            (FarmError::KeyReused("k".into()), 422, "idempotency-key-reused"),
            (FarmError::Stopping, 503, "stopping"),
            (FarmError::Internal("disk".into()), 500, "internal"),
        ];
        for (error, status, slug) in table {
            let detail = error.to_string();
            let response = Problem::from(error).into_response();
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let body = json(response).await;
            assert_eq!(body["type"], format!("/problems/{slug}"));
            assert_eq!(body["status"], status);
            assert_eq!(body["detail"], detail);
        }
        let body = json(Problem::from(wrong()).into_response()).await;
        assert_eq!(
            body["errors"],
            serde_json::json!([{ "in": "body", "pointer": "/options/engine", "message": "no such engine" }])
        );
    }
}
