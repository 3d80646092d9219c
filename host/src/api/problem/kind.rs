//! Every kind of problem with its status, title and meaning in one table, so that the code, `GET /problems/{kind}` and
//! the OpenAPI document cannot disagree.

use axum::http::StatusCode;

/// What kind of problem it is. Programs match on the slug at the end of `type`; it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The body is not JSON.
    MalformedJson,
    /// A parameter of the path, the query or a header is wrong.
    BadParameter,
    /// The request has no usable `Host` header.
    BadHost,
    /// The token is missing or wrong.
    Unauthorized,
    /// A write came from another site's page.
    CrossOrigin,
    /// No such address.
    NoRoute,
    /// No such job.
    NoJob,
    /// No such batch.
    NoBatch,
    /// No such attempt.
    NoAttempt,
    /// No such plugin.
    NoPlugin,
    /// No such version of a plugin.
    NoVersion,
    /// The attempt has no log.
    NoLog,
    /// The frame has no verified image.
    NoImage,
    /// The image cannot be shown as a picture.
    NoPreview,
    /// The address does not take this method.
    MethodNotAllowed,
    /// The request did not arrive in time.
    SlowRequest,
    /// Not possible in the present state.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The range lies outside of the log.
    RangeNotSatisfiable,
    /// The `Host` header names somebody else.
    WrongHost,
    /// The body is JSON, but not what is asked for.
    Invalid,
    /// The idempotency key was used for a different request.
    IdempotencyKeyReused,
    /// Something of ours failed.
    Internal,
    /// Too many requests, streams or connections at once.
    Overloaded,
    /// The answer took too long.
    Timeout,
    /// The daemon is stopping.
    Stopping,
    /// The daemon cannot keep its promises at the moment.
    Unhealthy,
}

struct Description {
    slug: &'static str,
    status: StatusCode,
    title: &'static str,
    meaning: &'static str,
}

impl ProblemKind {
    /// Every kind there is.
    pub const ALL: [ProblemKind; 28] = [
        ProblemKind::MalformedJson,
        ProblemKind::BadParameter,
        ProblemKind::BadHost,
        ProblemKind::Unauthorized,
        ProblemKind::CrossOrigin,
        ProblemKind::NoRoute,
        ProblemKind::NoJob,
        ProblemKind::NoBatch,
        ProblemKind::NoAttempt,
        ProblemKind::NoPlugin,
        ProblemKind::NoVersion,
        ProblemKind::NoLog,
        ProblemKind::NoImage,
        ProblemKind::NoPreview,
        ProblemKind::MethodNotAllowed,
        ProblemKind::SlowRequest,
        ProblemKind::Conflict,
        ProblemKind::TooLarge,
        ProblemKind::UnsupportedMediaType,
        ProblemKind::RangeNotSatisfiable,
        ProblemKind::WrongHost,
        ProblemKind::Invalid,
        ProblemKind::IdempotencyKeyReused,
        ProblemKind::Internal,
        ProblemKind::Overloaded,
        ProblemKind::Timeout,
        ProblemKind::Stopping,
        ProblemKind::Unhealthy,
    ];

    fn description(self) -> Description {
        let (slug, status, title, meaning) = match self {
            ProblemKind::MalformedJson => (
                "malformed-json",
                StatusCode::BAD_REQUEST,
                "The body is not JSON",
                "The body could not be parsed. `errors` names line and column.",
            ),
            ProblemKind::BadParameter => (
                "bad-parameter",
                StatusCode::BAD_REQUEST,
                "A parameter is wrong",
                "A parameter of the path, the query or a header is wrong. `errors` lists all of them; `in` says where \
                 each one is and `pointer` names it.",
            ),
            ProblemKind::BadHost => (
                "bad-host",
                StatusCode::BAD_REQUEST,
                "No usable Host header",
                "HTTP/1.1 asks for exactly one Host header.",
            ),
            ProblemKind::Unauthorized => (
                "unauthorized",
                StatusCode::UNAUTHORIZED,
                "The token is missing or wrong",
                "This daemon asks for a token. Send `Authorization: Bearer TOKEN`; a browser logs in at /login.",
            ),
            ProblemKind::CrossOrigin => (
                "cross-origin",
                StatusCode::FORBIDDEN,
                "Refused because it came from another site",
                "A browser sent this write on behalf of another site's page. Only farmhand's own page may write; \
                 programs send neither `Origin` nor `Sec-Fetch-Site`.",
            ),
            ProblemKind::NoRoute => (
                "no-route",
                StatusCode::NOT_FOUND,
                "There is nothing at this address",
                "The endpoints are listed at /docs and in /openapi.json.",
            ),
            ProblemKind::NoJob => ("no-job", StatusCode::NOT_FOUND, "No such job", "No job has this number."),
            ProblemKind::NoBatch => {
                ("no-batch", StatusCode::NOT_FOUND, "No such batch", "No batch has this number.")
            }
            ProblemKind::NoAttempt => {
                ("no-attempt", StatusCode::NOT_FOUND, "No such attempt", "No attempt has this number.")
            }
            ProblemKind::NoPlugin => (
                "no-plugin",
                StatusCode::NOT_FOUND,
                "No such plugin",
                "No plugin has this name. `GET /plugins` lists those that are there.",
            ),
            ProblemKind::NoVersion => (
                "no-version",
                StatusCode::NOT_FOUND,
                "No such version of the plugin",
                "No version of the plugin has this digest, or several begin so. `GET /plugins/{name}/versions` lists \
                 them.",
            ),
            ProblemKind::NoLog => (
                "no-log",
                StatusCode::NOT_FOUND,
                "The attempt has no log",
                "The attempt never started, or its directory was cleaned up.",
            ),
            ProblemKind::NoImage => (
                "no-image",
                StatusCode::NOT_FOUND,
                "The frame has no verified image",
                "The frame is not done, it is none of the job's, or its image was moved away since.",
            ),
            ProblemKind::NoPreview => (
                "no-preview",
                StatusCode::NOT_FOUND,
                "The image cannot be shown",
                "The image is there and verified, but farmhand can make no picture of it: its format is not one that the \
                 page shows (a movie, for one), it was damaged since, it is too large, or it lacks the pass or \
                 channel that was asked for.",
            ),
            ProblemKind::MethodNotAllowed => (
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "The address does not take this method",
                "The `Allow` header lists those that it takes.",
            ),
            ProblemKind::SlowRequest => (
                "slow-request",
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time",
                "The connection was too slow or stopped in the middle. Nothing was done; send it again.",
            ),
            ProblemKind::Conflict => (
                "conflict",
                StatusCode::CONFLICT,
                "Not possible in the present state",
                "The job or plugin is in a state in which this cannot be done, such as pausing a job that has ended.",
            ),
            ProblemKind::TooLarge => (
                "too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large",
                "The detail names the limit.",
            ),
            ProblemKind::UnsupportedMediaType => (
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be JSON",
                "Send the body with `Content-Type: application/json`.",
            ),
            ProblemKind::RangeNotSatisfiable => (
                "range-not-satisfiable",
                StatusCode::RANGE_NOT_SATISFIABLE,
                "The range lies outside of the log",
                "`Content-Range` says how long the log is now.",
            ),
            ProblemKind::WrongHost => (
                "wrong-host",
                StatusCode::MISDIRECTED_REQUEST,
                "The Host header names somebody else",
                "Web pages can point a name of their own at this machine (DNS rebinding), so only known names are \
                 answered. The detail says how to add one.",
            ),
            ProblemKind::Invalid => (
                "invalid",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The body is not what is asked for",
                "`errors` lists what is wrong; `pointer` is a JSON pointer (RFC 6901) into the body.",
            ),
            ProblemKind::IdempotencyKeyReused => (
                "idempotency-key-reused",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The idempotency key was used for a different request",
                "A key stands for one request. Use a new key for a new request.",
            ),
            ProblemKind::Internal => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "farmhand failed",
                "A fault of farmhand's own; the daemon's log says more.",
            ),
            ProblemKind::Overloaded => (
                "overloaded",
                StatusCode::SERVICE_UNAVAILABLE,
                "Too much at once",
                "Too many requests or streams are open. `Retry-After` says when to try again.",
            ),
            ProblemKind::Timeout => (
                "timeout",
                StatusCode::SERVICE_UNAVAILABLE,
                "The answer took too long",
                "The machine is busy. A write may have been done nevertheless: repeat it with its Idempotency-Key.",
            ),
            ProblemKind::Stopping => (
                "stopping",
                StatusCode::SERVICE_UNAVAILABLE,
                "The daemon is stopping",
                "Try again when it is back; running renders go on meanwhile.",
            ),
            ProblemKind::Unhealthy => (
                "unhealthy",
                StatusCode::SERVICE_UNAVAILABLE,
                "The daemon does not work",
                "The daemon runs, but cannot keep its promises at the moment, as with a full disk. The detail says \
                 why.",
            ),
        };
        Description { slug, status, title, meaning }
    }

    /// The last part of its `type`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.description().slug
    }

    /// The HTTP status that it goes with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.description().status
    }

    /// What kind of problem it is, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.description().title
    }

    /// What `GET /problems/{slug}` says.
    #[must_use]
    pub fn explanation(self) -> String {
        let Description { status, title, meaning, .. } = self.description();
        format!("{title} ({status})\n\n{meaning}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_slug_of_its_own_and_an_error_status() {
        let slugs: BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
        for kind in ProblemKind::ALL {
            let status = kind.status();
            assert!(status.is_client_error() || status.is_server_error(), "{kind:?}");
        }
    }
}
