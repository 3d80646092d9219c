//! JSON bodies, and what is wrong with them in words: the pointer to the field, line and column, what was expected,
//! and what was probably meant.

use super::limits::BodyTime;
use super::problem::{FieldError, Part, Problem, ProblemKind};
use crate::refused::{in_words, pointer, quoted};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

/// A JSON body that must be there.
pub(super) struct JsonBody<T>(pub(super) T);

/// A JSON body that may be left out; `None` where it is empty.
pub(super) struct OptionalJsonBody<T>(pub(super) Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = declares_json(request.headers());
        let bytes = read(request, state).await?;
        require_json(is_json)?;
        parse(&bytes).map(JsonBody)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = declares_json(request.headers());
        let bytes = read(request, state).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(OptionalJsonBody(None));
        }
        require_json(is_json)?;
        parse(&bytes).map(Some).map(OptionalJsonBody)
    }
}

/// Also what keeps forged forms out: a foreign page cannot send this type without asking first.
fn declares_json(headers: &HeaderMap) -> bool {
    let Some(Ok(declared)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn require_json(is_json: bool) -> Result<(), Problem> {
    if is_json {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::UnsupportedMediaType,
        "the body must be JSON and say so with `Content-Type: application/json`",
    ))
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let time = request.extensions().get::<BodyTime>().copied();
    let bytes = Bytes::from_request(request, state);
    let arrived = match time {
        Some(BodyTime(time)) => tokio::time::timeout(time, bytes).await.map_err(|_| {
            let detail = format!("the body did not arrive within {} s", time.as_secs());
            Problem::new(ProblemKind::SlowRequest, detail)
        })?,
        None => bytes.await,
    };
    arrived.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            ProblemKind::TooLarge,
            "the body is larger than this daemon takes (1 MiB unless configured otherwise)",
        ),
        _ => Problem::new(ProblemKind::SlowRequest, "the body ended before it was whole"),
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        explain(&pointer, error.inner())
    })?;
    deserializer.end().map_err(|error| explain("", &error))?;
    Ok(value)
}

fn explain(pointer: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let text = match text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())) {
        Some(text) => text,
        None => &text,
    };
    let is_json = error.is_data();
    let mut pointer = pointer.to_owned();
    if is_json {
        if let Some(field) = quoted(text.strip_prefix("missing field ")) {
            pointer = format!("{pointer}/{field}");
        }
    } else {
        // Where the text stops being JSON the path is that of whatever came before.
        pointer.clear();
    }
    let place = |number: usize| (number > 0).then_some(number);
    let error = FieldError {
        part: Part::Body,
        pointer,
        message: in_words(text),
        line: place(error.line()),
        column: place(error.column()),
    };
    let kind = if is_json { ProblemKind::Invalid } else { ProblemKind::MalformedJson };
    Problem::with_errors(kind, vec![error])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::Submission;
    use farmhand_model::job::JobEdit;

    fn check<T: DeserializeOwned>(body: &str, kind: ProblemKind, pointer: &str, message: &str) {
        let problem = parse::<T>(body.as_bytes()).map(|_| ()).unwrap_err();
        assert_eq!(problem.kind(), kind, "{body}");
        let [error] = problem.errors() else { panic!("{body}: {problem:?}") };
        assert_eq!((error.pointer.as_str(), error.message.as_str()), (pointer, message), "{body}");
    }

    #[test]
    fn says_what_is_wrong_where_and_what_was_meant() {
        let invalid = ProblemKind::Invalid;
        check::<Submission>(r#"{"frames": "1"}"#, invalid, "/scene", "`scene` is needed and missing");
        check::<Submission>(
            r#"{"scene": "a", "frames": "1", "prioritie": 5}"#,
            invalid,
            "/prioritie",
            "unknown field `prioritie`; did you mean `priority`?",
        );
        check::<Submission>(
            r#"{"scene": "a", "frames": "1", "limits": {"retry": 5}}"#,
            invalid,
            "/limits/retry",
            "unknown field `retry`; did you mean `retries`?",
        );
        check::<Submission>(
            r#"{"scene": "a", "frames": "1", "order": "foward"}"#,
            invalid,
            "/order",
            "unknown value `foward`; did you mean `forward`?",
        );
        check::<Submission>(
            r#"{"scene": "a", "frames": "1", "priority": 300}"#,
            invalid,
            "/priority",
            "invalid value: integer `300`, expected a whole number from 0 to 255",
        );
        check::<Submission>(
            r#"{"scene": "a", "frames": "1", "priority": "high"}"#,
            invalid,
            "/priority",
            r#"invalid type: string "high", expected a whole number from 0 to 255"#,
        );
        check::<Submission>(
            r#"{"scene": "a", "frames": "1", "after": [1, "x"]}"#,
            invalid,
            "/after/1",
            r#"invalid type: string "x", expected a whole number, not negative"#,
        );
        check::<Submission>(
            r#"{"scene": "a", "frames": "1", "limits": 3}"#,
            invalid,
            "/limits",
            "invalid type: integer `3`, expected an object",
        );
        check::<JobEdit>(
            r#"{"name": "new"}"#,
            invalid,
            "/name",
            "unknown field `name`; known are priority, limits",
        );
    }

    #[test]
    fn text_that_is_no_json_is_located() {
        let problem = parse::<JobEdit>(b"{\n  \"priority\": 5,\n}").unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::MalformedJson);
        assert_eq!((problem.errors()[0].line, problem.errors()[0].column), (Some(3), Some(1)));
        assert_eq!(problem.detail(), "line 3, column 1: trailing comma");
        check::<JobEdit>("{} x", ProblemKind::MalformedJson, "", "trailing characters");
        check::<JobEdit>("", ProblemKind::MalformedJson, "", "EOF while parsing a value");
        let deep = "[".repeat(10_000);
        assert_eq!(
            parse::<serde_json::Value>(deep.as_bytes()).unwrap_err().kind(),
            ProblemKind::MalformedJson
        );
    }

    #[test]
    fn pointers_are_escaped() {
        let problem = parse::<Submission>(br#"{"scene": "a", "frames": "1", "a/b~c": 1}"#).unwrap_err();
        assert_eq!(problem.errors()[0].pointer, "/a~1b~0c");
    }

    #[test]
    fn only_json_is_json() {
        let check = |declared: &'static str, expect: bool| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, declared.parse().unwrap())]);
            assert_eq!(declares_json(&headers), expect, "{declared}");
        };
        check("application/json", true);
        check("Application/JSON; charset=utf-8", true);
        check("application/merge-patch+json", true);
        check("text/plain", false);
        check("application/x-www-form-urlencoded", false);
        check("text/json+json", false);
        assert!(!declares_json(&HeaderMap::new()));
    }
}
