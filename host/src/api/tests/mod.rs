//! What surrounds every route, over a few routes of its own: sites, tokens, bounds, panics, and that nothing ever
//! answers with anything but a problem.

mod farm;

use super::auth;
use super::body::JsonBody;
use super::metrics::Metrics;
use super::params::Id;
use super::router::protect;
use super::settings::{ApiError, ApiSettings};
use super::{Token, page};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use farmhand_model::JobId;
use futures::stream;
use serde::Deserialize;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tower::ServiceExt;

const TOKEN: &str = "0123456789abcdef0123";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    #[expect(dead_code, reason = "only read by serde")]
    name: String,
}

fn settings() -> ApiSettings {
    let mut settings = ApiSettings::new("127.0.0.1:7070".parse().unwrap());
    settings.limits.body_bytes = 1000;
    settings
}

async fn panics() {
    panic!("a secret of the inside");
}

fn app(settings: &ApiSettings) -> Result<Router, ApiError> {
    let routes = Router::new()
        .route("/api/v1/things", post(|JsonBody(_): JsonBody<Sample>| async {}).get(|| async { "things" }))
        .route("/api/v1/things/{id}", get(|Id(id): Id<JobId>| async move { id.to_string() }))
        .route("/panic", get(panics))
        .route("/never", get(std::future::pending::<()>))
        .route("/healthz", get(|| async { "ok" }))
        .merge(auth::routes(settings.token.clone()))
        .fallback(page::asset);
    protect(routes, settings, &Metrics::new(&crate::farm::PluginCalls::default()))
}

struct Ask {
    method: Method,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Body,
}

fn ask(method: &str, path: &'static str) -> Ask {
    Ask {
        method: method.parse().unwrap(),
        path,
        headers: vec![("host", "localhost:7070")],
        body: Body::empty(),
    }
}

impl Ask {
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.retain(|(own, _)| *own != name);
        self.headers.push((name, value));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| *own != name);
        self
    }

    fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    fn json(self, body: impl Into<Body>) -> Self {
        self.with("content-type", "application/json").body(body)
    }

    async fn of(self, app: &Router) -> Response {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        app.clone().oneshot(request.body(self.body).unwrap()).await.unwrap()
    }

    /// Asserts that the answer is this problem and gives its body.
    async fn refused(self, app: &Router, status: u16, slug: &str) -> (axum::http::HeaderMap, Value) {
        let path = self.path;
        let place = format!("{} {path}", self.method);
        let response = self.of(app).await;
        let headers = response.headers().clone();
        assert_eq!(response.status().as_u16(), status, "{place}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{place}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{place}");
        let body: Value = serde_json::from_slice(&bytes(response).await).unwrap();
        assert_eq!(body["type"], format!("/problems/{slug}"), "{place}");
        assert_eq!(body["status"], status, "{place}");
        assert_eq!(body["instance"], path.split('?').next().unwrap(), "{place}");
        assert!(!body["detail"].as_str().unwrap().is_empty(), "{place}");
        (headers, body)
    }
}

async fn bytes(response: Response) -> Bytes {
    axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(bytes(response).await.to_vec()).unwrap()
}

#[tokio::test]
async fn whatever_is_wrong_is_a_problem() {
    let app = app(&settings()).unwrap();
    let things = || ask("POST", "/api/v1/things");
    ask("GET", "/api/v1/nothing").refused(&app, 404, "no-route").await;
    ask("GET", "/nothing").refused(&app, 404, "no-route").await;
    let (headers, _) = ask("DELETE", "/api/v1/things").refused(&app, 405, "method-not-allowed").await;
    let mut allowed: Vec<_> = headers[header::ALLOW].to_str().unwrap().split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    ask("GET", "/api/v1/things/x").refused(&app, 400, "bad-parameter").await;
    ask("GET", "/api/v1/things/%ff").refused(&app, 400, "bad-parameter").await;
    ask("GET", "/api/v1/things/-1").refused(&app, 400, "bad-parameter").await;
    ask("GET", "/api/v1/things/99999999999999999999").refused(&app, 400, "bad-parameter").await;
    things().refused(&app, 415, "unsupported-media-type").await;
    things().with("content-type", "text/plain").body("{}").refused(&app, 415, "unsupported-media-type").await;
    things().json("{").refused(&app, 400, "malformed-json").await;
    things().json(b"\xff".as_slice()).refused(&app, 400, "malformed-json").await;
    let (_, body) = things().json(r#"{"nam": "x"}"#).refused(&app, 422, "invalid").await;
    assert_eq!(
        body["errors"],
        serde_json::json!([{
            "in": "body", "pointer": "/nam", "line": 1, "column": 6,
            "message": "unknown field `nam`; did you mean `name`?",
        }])
    );
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(2000));
    things().json(large).refused(&app, 413, "too-large").await;
    let endless = stream::repeat(Ok::<_, Infallible>(Bytes::from_static(b"          ")));
    things().json(Body::from_stream(endless)).refused(&app, 413, "too-large").await;
    let broken = stream::iter([Ok(Bytes::from("{")), Err(std::io::Error::other("reset"))]);
    things().json(Body::from_stream(broken)).refused(&app, 408, "slow-request").await;
    let (_, body) = ask("GET", "/panic").refused(&app, 500, "internal").await;
    assert!(!body.to_string().contains("secret"), "{body}");

    let fine = things().json(r#"{"name": "x"}"#).of(&app).await;
    assert_eq!(fine.status(), StatusCode::OK);
    assert_eq!(fine.headers()[header::REFERRER_POLICY], "same-origin");
    assert_eq!(fine.headers()[header::CACHE_CONTROL], "no-store");
    assert!(
        fine.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("frame-ancestors 'none'")
    );
}

#[tokio::test]
async fn slow_ones_are_given_up() {
    let mut settings = settings();
    settings.limits.body_time = Duration::from_millis(1);
    let app = app(&settings).unwrap();
    let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    ask("POST", "/api/v1/things").json(silent).refused(&app, 408, "slow-request").await;

    settings.limits.answer_time = Duration::from_millis(1);
    let app = self::app(&settings).unwrap();
    let (headers, _) = ask("GET", "/never").refused(&app, 503, "timeout").await;
    assert!(headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn only_so_many_at_once() {
    let mut settings = settings();
    settings.limits.requests = 1;
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        move || async move {
            entered.notify_one();
            leave.notified().await;
        }
    };
    let routes = Router::new().route("/slow", get(handler)).route("/quick", get(|| async {}));
    let app = protect(routes, &settings, &Metrics::new(&crate::farm::PluginCalls::default())).unwrap();
    let slow = tokio::spawn({
        let app = app.clone();
        async move { ask("GET", "/slow").of(&app).await.status() }
    });
    entered.notified().await;
    let (headers, _) = ask("GET", "/quick").refused(&app, 503, "overloaded").await;
    assert_eq!(headers[header::RETRY_AFTER], "1");
    leave.notify_one();
    assert_eq!(slow.await.unwrap(), StatusCode::OK);
    assert_eq!(ask("GET", "/quick").of(&app).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn other_sites_are_kept_out() {
    let app = app(&settings()).unwrap();
    let read = || ask("GET", "/api/v1/things");
    let write = || ask("POST", "/api/v1/things").json(r#"{"name": "x"}"#);
    assert_eq!(read().of(&app).await.status(), 200);
    read().with("host", "evil.example:7070").refused(&app, 421, "wrong-host").await;
    read().without("host").refused(&app, 400, "bad-host").await;
    read().with("host", "user@localhost:7070").refused(&app, 400, "bad-host").await;
    write().with("origin", "http://evil.example").refused(&app, 403, "cross-origin").await;
    write().with("origin", "null").refused(&app, 403, "cross-origin").await;
    write().with("sec-fetch-site", "cross-site").refused(&app, 403, "cross-origin").await;
    assert_eq!(write().with("origin", "http://localhost:7070").of(&app).await.status(), 200);
    assert_eq!(write().of(&app).await.status(), 200);
    // A link from elsewhere may lead here: reading is not writing, and scripts of other sites cannot see the answer.
    assert_eq!(read().with("sec-fetch-site", "cross-site").of(&app).await.status(), 200);

    let mut named = settings();
    named.allowed_hosts = vec!["farm.example".to_owned()];
    let app = self::app(&named).unwrap();
    assert_eq!(read().with("host", "farm.example").of(&app).await.status(), 200);
}

#[tokio::test]
async fn the_network_needs_a_token() {
    let mut settings = settings();
    settings.listen = "0.0.0.0:7070".parse().unwrap();
    let refusal = app(&settings).unwrap_err();
    assert_eq!(refusal, ApiError::TokenNeeded { listen: settings.listen });
    assert!(refusal.to_string().contains("127.0.0.1"), "{refusal}");
    settings.listen = "[::]:7070".parse().unwrap();
    assert!(app(&settings).is_err());

    settings.token = Some(Token::new(TOKEN).unwrap());
    let app = app(&settings).unwrap();
    let read = || ask("GET", "/api/v1/things");
    let (headers, _) = read().refused(&app, 401, "unauthorized").await;
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer realm=\"farmhand\"");
    read().with("authorization", "Bearer wrong").refused(&app, 401, "unauthorized").await;
    ask("GET", "/api/v1/nothing").refused(&app, 401, "unauthorized").await;
    assert_eq!(read().with("authorization", "Bearer 0123456789abcdef0123").of(&app).await.status(), 200);
    assert_eq!(ask("GET", "/healthz").of(&app).await.status(), 200);
}

#[tokio::test]
async fn a_browser_logs_in_with_a_form() {
    let mut settings = settings();
    settings.token = Some(Token::new(TOKEN).unwrap());
    let app = app(&settings).unwrap();
    let page = ask("GET", "/").with("accept", "text/html,*/*").of(&app).await;
    assert_eq!(
        (page.status(), page.headers()[header::LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/login")
    );
    let form = ask("GET", "/login").of(&app).await;
    assert!(form.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("form-action 'self'"));
    assert!(text(form).await.contains("name=\"token\""));
    for open in ["/login.css", "/login.js"] {
        assert_eq!(ask("GET", open).of(&app).await.status(), 200, "{open}");
    }

    let post = |body: &'static str| {
        ask("POST", "/login").with("content-type", "application/x-www-form-urlencoded").body(body)
    };
    let refused = post("token=wrong").of(&app).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(!refused.headers().contains_key(header::SET_COOKIE));
    assert!(text(refused).await.contains("not the token"));
    post("x=1").refused(&app, 400, "bad-parameter").await;
    ask("POST", "/login").body("token=x").refused(&app, 415, "unsupported-media-type").await;
    post("token=0123456789abcdef0123")
        .with("origin", "http://evil.example")
        .refused(&app, 403, "cross-origin")
        .await;

    let accepted = post("token=0123456789abcdef0123").of(&app).await;
    assert_eq!(accepted.status(), StatusCode::SEE_OTHER);
    let cookie = accepted.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(TOKEN));
    let session: &'static str = cookie.split(';').next().unwrap().to_owned().leak();
    assert_eq!(ask("GET", "/api/v1/things").with("cookie", session).of(&app).await.status(), 200);
    let left = ask("POST", "/logout").with("cookie", session).of(&app).await;
    assert!(left.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
}
