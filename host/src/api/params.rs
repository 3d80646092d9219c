//! Parameters of the path, the query and headers: every one that is wrong is named, with what is allowed, and unknown
//! ones are refused with a suggestion.

use super::problem::{FieldError, Part, Problem, ProblemKind};
use crate::refused::unknown;
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use farmhand_model::{AttemptId, BatchId, JobId};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The `{id}` of the address.
pub(super) struct Id<T>(pub(super) T);

/// What the number in an address counts.
pub(super) trait Counts {
    const NOUN: &'static str;
}

impl Counts for JobId {
    const NOUN: &'static str = "job";
}

impl Counts for BatchId {
    const NOUN: &'static str = "batch";
}

impl Counts for AttemptId {
    const NOUN: &'static str = "attempt";
}

impl<S: Send + Sync, T: FromStr + Counts> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let text = params
            .as_ref()
            .ok()
            .and_then(|params| params.iter().find(|(name, _)| *name == "id"))
            .map(|(_, value)| value)
            .unwrap_or_default();
        // The model's own parser allows for spaces, an address does not.
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
            .map(Id)
            .ok_or_else(|| {
                let message = format!("`{text}` is no {} number", T::NOUN);
                wrong(FieldError::new(Part::Path, "/id", message))
            })
    }
}

fn wrong(error: FieldError) -> Problem {
    Problem::with_errors(ProblemKind::BadParameter, vec![error])
}

/// A header's text, refused where it is not printable ASCII or longer than `longest`.
pub(super) fn header_text(
    headers: &HeaderMap,
    name: &'static str,
    longest: usize,
) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(text) if !text.is_empty() && text.len() <= longest => Ok(Some(text.to_owned())),
        _ => {
            let message = format!("must be 1 to {longest} printable ASCII characters");
            Err(wrong(FieldError::new(Part::Header, format!("/{name}"), message)))
        }
    }
}

/// Longest idempotency key. A UUID has 36 characters.
const LONGEST_KEY: usize = 255;

/// What names a submission, for one that is sent again.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    header_text(headers, "idempotency-key", LONGEST_KEY)
}

/// Whether the client has what this entity tag names.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim() == etag))
}

/// What an endpoint takes in its query.
pub(super) trait FromQuery: Sized {
    /// Every name it knows.
    const NAMES: &'static [&'static str];

    /// Takes what it knows; what is wrong is collected by `query`.
    fn from_query(query: &mut QueryParams) -> Self;
}

/// Whether an endpoint is only to say what it would do.
pub(super) struct DryRun(pub(super) bool);

impl FromQuery for DryRun {
    const NAMES: &'static [&'static str] = &["dry_run"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self(query.switch("dry_run"))
    }
}

/// The query of an endpoint.
pub(super) struct ApiQuery<T>(pub(super) T);

impl<S: Send + Sync, T: FromQuery> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(ApiQuery)
    }
}

fn parse<T: FromQuery>(query: &str) -> Result<T, Problem> {
    let uri =
        format!("/?{query}").parse().map_err(|_| wrong(FieldError::new(Part::Query, "", "is no query")))?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri)
        .map_err(|_| wrong(FieldError::new(Part::Query, "", "is not properly percent-encoded")))?;
    let mut params = QueryParams { pairs, errors: Vec::new() };
    let value = T::from_query(&mut params);
    let QueryParams { pairs, mut errors } = params;
    for (name, _) in &pairs {
        let message = if T::NAMES.contains(&name.as_str()) {
            "given more than once".to_owned()
        } else {
            unknown("parameter", name, T::NAMES)
        };
        errors.push(FieldError::new(Part::Query, format!("/{name}"), message));
    }
    if errors.is_empty() { Ok(value) } else { Err(Problem::with_errors(ProblemKind::BadParameter, errors)) }
}

/// The parameters of a query that nobody has taken yet, and what was wrong with those that were taken.
pub(super) struct QueryParams {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl QueryParams {
    /// A text; an empty one counts as absent.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let index = self.pairs.iter().position(|(given, _)| given == name)?;
        let (_, value) = self.pairs.remove(index);
        (!value.is_empty()).then_some(value)
    }

    /// A number within bounds.
    pub(super) fn number<T>(&mut self, name: &str, allowed: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|number| allowed.contains(number));
        if number.is_none() {
            let message = format!("`{text}` is no number from {} to {}", allowed.start(), allowed.end());
            self.wrong(name, message);
        }
        number
    }

    /// A switch: `1` or `true`, `0` or `false`.
    pub(super) fn switch(&mut self, name: &str) -> bool {
        match self.text(name).as_deref() {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(other) => {
                self.wrong(name, format!("`{other}` is neither 1 nor 0"));
                false
            }
        }
    }

    /// One word of a list.
    pub(super) fn word<T: Copy>(&mut self, name: &str, known: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = known.iter().find(|(known, _)| *known == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            self.wrong(name, unknown("value", &text, &names));
        }
        found
    }

    /// Words from a list, separated by commas.
    pub(super) fn words<T: Copy>(&mut self, name: &str, known: &[(&'static str, T)]) -> Vec<T> {
        let Some(text) = self.text(name) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for word in text.split(',').map(str::trim) {
            match known.iter().find(|(known, _)| *known == word) {
                Some((_, value)) => found.push(*value),
                None => {
                    let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                    self.wrong(name, unknown("value", word, &names));
                }
            }
        }
        found
    }

    /// Whether something was wrong so far.
    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Remembers that a parameter is wrong.
    pub(super) fn wrong(&mut self, name: &str, message: String) {
        self.errors.push(FieldError::new(Part::Query, format!("/{name}"), message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        limit: Option<u32>,
        follow: bool,
        layer: Option<String>,
        kinds: Vec<u8>,
    }

    impl FromQuery for Sample {
        const NAMES: &'static [&'static str] = &["limit", "follow", "layer", "kinds"];

        fn from_query(query: &mut QueryParams) -> Self {
            Self {
                limit: query.number("limit", 1..=100),
                follow: query.switch("follow"),
                layer: query.text("layer"),
                kinds: query.words("kinds", &[("one", 1), ("two", 2)]),
            }
        }
    }

    #[test]
    fn takes_what_is_right() {
        let check = |query: &str, limit, follow, layer: Option<&str>, kinds: &[u8]| {
            let expect = Sample { limit, follow, layer: layer.map(str::to_owned), kinds: kinds.to_vec() };
            assert_eq!(parse::<Sample>(query).unwrap(), expect, "{query}");
        };
        check("", None, false, None, &[]);
        check("limit=5&follow=1", Some(5), true, None, &[]);
        check("layer=View%20Layer%2F%C3%A9&kinds=two,one", None, false, Some("View Layer/é"), &[2, 1]);
        check("limit=&layer=", None, false, None, &[]);
    }

    #[test]
    fn names_everything_that_is_wrong() {
        let check = |query: &str, expect: &[(&str, &str)]| {
            let problem = parse::<Sample>(query).unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::BadParameter);
            let errors: Vec<_> =
                problem.errors().iter().map(|e| (e.pointer.as_str(), e.message.as_str())).collect();
            assert_eq!(errors, expect, "{query}");
        };
        check("limit=0", &[("/limit", "`0` is no number from 1 to 100")]);
        check(
            "limit=x&follow=maybe",
            &[("/limit", "`x` is no number from 1 to 100"), ("/follow", "`maybe` is neither 1 nor 0")],
        );
        check("limt=5", &[("/limt", "unknown parameter `limt`; did you mean `limit`?")]);
        check("limit=5&limit=6", &[("/limit", "given more than once")]);
        check("kinds=one,tow", &[("/kinds", "unknown value `tow`; did you mean `two`?")]);
        check(
            "colour=red",
            &[("/colour", "unknown parameter `colour`; known are limit, follow, layer, kinds")],
        );
    }

    #[test]
    fn headers_are_bounded() {
        let check = |value: &'static [u8], expect: Result<Option<&str>, ()>| {
            let value = axum::http::HeaderValue::from_bytes(value).unwrap();
            let headers =
                HeaderMap::from_iter([(axum::http::HeaderName::from_static("idempotency-key"), value)]);
            let found = header_text(&headers, "idempotency-key", 8).map_err(|_| ());
            assert_eq!(found.as_ref().map(Option::as_deref), expect.as_ref().map(|text| *text));
        };
        check(b"abc", Ok(Some("abc")));
        check(b"", Err(()));
        check(b"123456789", Err(()));
        check(b"\xff", Err(()));
    }

    #[test]
    fn entity_tags_are_compared() {
        let check = |known: &'static str, expect: bool| {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, known.parse().unwrap())]);
            assert_eq!(is_known(&headers, "\"a\""), expect, "{known}");
        };
        check("\"a\"", true);
        check("\"b\", \"a\"", true);
        check("*", true);
        check("\"b\"", false);
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }
}
