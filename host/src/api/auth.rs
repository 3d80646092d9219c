//! Who may ask: a bearer token for programs, and for the page a login form that turns the token into a cookie.
//!
//! Which sites may ask on a browser's behalf is `security`'s job.

use super::problem::{Part, Problem, ProblemKind};
use super::settings::ApiError;
use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;

const LOGIN_PAGE: &str = include_str!("login.html");
const LOGIN_STYLE: &str = include_str!("login.css");
const LOGIN_SCRIPT: &str = include_str!("login.js");
const WRONG_TOKEN: &str = "<p role=\"alert\">That is not the token.</p>";

/// The cookie that stands for the token in a browser.
const COOKIE: &str = "farmhand_session";

/// Addresses that answer without a token: they tell nothing about the farm.
const OPEN: [&str; 4] = ["/healthz", "/login", "/login.css", "/login.js"];

/// What clients must show. Only digests of it are kept, and only digests are compared.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    digest: [u8; 32],
    /// The cookie's value: made from the token, but the token cannot be had back from it.
    session: String,
}

impl Token {
    /// Fewest characters of a token: with 16 random ones there is nothing to guess, so that no one needs to be
    /// slowed down or locked out.
    pub const SHORTEST: usize = 16;

    /// Takes a token that cannot be guessed and can be sent in a header.
    pub fn new(text: &str) -> Result<Self, ApiError> {
        let length = text.chars().count();
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(ApiError::TokenUnusable);
        }
        if length < Self::SHORTEST {
            return Err(ApiError::TokenTooShort { length });
        }
        let session = Sha256::new().chain_update("farmhand page session\n").chain_update(text).finalize();
        Ok(Self { digest: Sha256::digest(text).into(), session: format!("{session:x}") })
    }

    /// Whether this is the token. Takes the same time for every wrong one.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        same(&self.digest, &Sha256::digest(presented))
    }

    fn matches_session(&self, presented: &str) -> bool {
        same(&Sha256::digest(&self.session), &Sha256::digest(presented))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Compares without telling by its time where the first difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |seen, (l, r)| seen | (l ^ r)) == 0
}

/// Lets nobody past without the token, where there is one.
pub(super) async fn require_token(
    State(token): State<Option<Token>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(token) = token else {
        return next.run(request).await;
    };
    let path = request.uri().path();
    if OPEN.contains(&path) || path.starts_with("/problems/") || is_authorized(&token, request.headers()) {
        return next.run(request).await;
    }
    let is_page = request.method() == Method::GET
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
    if is_page {
        return Redirect::to("/login").into_response();
    }
    Problem::new(
        ProblemKind::Unauthorized,
        "this daemon asks for its token: send `Authorization: Bearer TOKEN`, or log in at /login in a browser",
    )
    .into_response()
}

fn is_authorized(token: &Token, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(authorization) = text(header::AUTHORIZATION) {
        return authorization.split_once(' ').is_some_and(|(scheme, given)| {
            scheme.eq_ignore_ascii_case("bearer") && token.matches(given.trim())
        });
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .any(|(name, value)| name == COOKIE && token.matches_session(value))
}

/// The login form and what it posts to.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(token: Option<Token>) -> Router<S> {
    Router::new()
        .route("/login", get(login_page).post(login))
        .route(
            "/login.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], LOGIN_STYLE) }),
        )
        .route(
            "/login.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], LOGIN_SCRIPT) }),
        )
        .route("/logout", post(logout))
        .with_state(token)
}

async fn login_page(State(token): State<Option<Token>>) -> Response {
    match token {
        Some(_) => form(StatusCode::OK, ""),
        None => Redirect::to("/").into_response(),
    }
}

fn form(status: StatusCode, message: &str) -> Response {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let page = Html(LOGIN_PAGE.replace("<!-- message -->", message));
    (status, [(header::CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

#[derive(Deserialize)]
struct LoginForm {
    token: String,
}

async fn login(
    State(token): State<Option<Token>>,
    given: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, Problem> {
    let Some(token) = token else {
        return Ok(Redirect::to("/").into_response());
    };
    let Form(given) = given.map_err(|rejection| form_problem(&rejection))?;
    if !token.matches(given.token.trim()) {
        tracing::warn!("a login with a wrong token was refused");
        return Ok(form(StatusCode::UNAUTHORIZED, WRONG_TOKEN));
    }
    // Thirty days: the page of a farm stays open on a wall, and the cookie dies with the token anyway.
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000", token.session);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

fn form_problem(rejection: &FormRejection) -> Problem {
    match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(
            ProblemKind::UnsupportedMediaType,
            "send the form with `Content-Type: application/x-www-form-urlencoded`",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ProblemKind::TooLarge, "the form is too large"),
        _ => Problem::with_errors(
            ProblemKind::BadParameter,
            vec![super::problem::FieldError::new(Part::Body, "/token", "the form needs one field, `token`")],
        ),
    }
}

async fn logout() -> Response {
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0123456789abcdef0123";

    #[test]
    fn tokens_that_could_be_guessed_or_not_be_sent_are_refused() {
        let check =
            |text: &str, expect: Option<ApiError>| assert_eq!(Token::new(text).err(), expect, "{text}");
        check(GOOD, None);
        check("short", Some(ApiError::TokenTooShort { length: 5 }));
        check("", Some(ApiError::TokenTooShort { length: 0 }));
        check("0123456789 abcdef0123", Some(ApiError::TokenUnusable));
        check("0123456789abcdef012é", Some(ApiError::TokenUnusable));
    }

    #[test]
    fn only_the_token_and_its_session_are_let_in() {
        let token = Token::new(GOOD).unwrap();
        let check = |name: header::HeaderName, value: &str, expect: bool| {
            let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            assert_eq!(is_authorized(&token, &headers), expect, "{value}");
        };
        check(header::AUTHORIZATION, &format!("Bearer {GOOD}"), true);
        check(header::AUTHORIZATION, &format!("bearer {GOOD}"), true);
        check(header::AUTHORIZATION, &format!("Bearer {GOOD}x"), false);
        check(header::AUTHORIZATION, &format!("Basic {GOOD}"), false);
        check(header::AUTHORIZATION, GOOD, false);
        check(header::COOKIE, &format!("other=1; {COOKIE}={}", token.session), true);
        check(header::COOKIE, &format!("{COOKIE}={GOOD}"), false);
        check(header::COOKIE, &format!("{COOKIE}="), false);
    }

    #[test]
    fn neither_debug_nor_the_cookie_tells_the_token() {
        let token = Token::new(GOOD).unwrap();
        assert!(!format!("{token:?}").contains(GOOD));
        assert!(!token.session.contains(GOOD));
    }
}
