//! The page: what `web` was built to, embedded in the binary, with caching and a policy that lets nothing from outside
//! in. A binary that was built without the page says so and works otherwise.

use super::params::is_known;
use super::problem::{Problem, ProblemKind};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Read from the folder itself in debug builds, so that the page can be worked on without building the daemon again.
#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Dist;

/// Nothing from outside, no inline script, no frame around it. Frames come as pictures of this very daemon.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// Vite puts a hash of the contents into these names: they never change.
const HASHED: &str = "assets/";

const WITHOUT_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>farmhand</title>\
    <h1>farmhand runs</h1><p>This binary was built without its page: build <code>web</code> first (<code>make \
    web</code>). The API works: see <a href=\"/docs/\">/docs/</a>.</p>";

/// A file of the page, or the problem that there is nothing at this address.
pub(super) async fn asset(request: Request) -> Response {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return nothing(&request);
    }
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    match Dist::get(name) {
        // Hidden files keep the folder in the repository; they are no part of the page.
        Some(file) if !name.starts_with('.') => send(name, file, request.headers()),
        _ if name == "index.html" => Html(WITHOUT_PAGE).into_response(),
        _ => nothing(&request),
    }
}

fn nothing(request: &Request) -> Response {
    let detail = format!(
        "there is nothing at `{} {}`; the endpoints are listed at /docs/",
        request.method(),
        request.uri().path()
    );
    Problem::new(ProblemKind::NoRoute, detail).into_response()
}

fn send(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let etag = hash[..16].iter().fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let caching = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    // An answer that the browser has it already renews what the browser keeps of the headers, the policy among them: one
    // that said another policy would lock the page out of its own files at the first reload.
    let always = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    if is_known(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, always).into_response();
    }
    let mime = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    (always, [(header::CONTENT_TYPE, mime)], Body::from(Bytes::from(file.data.into_owned()))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn file(name: &str) -> EmbeddedFile {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, "<p>hello</p>").unwrap();
        rust_embed::utils::read_file_from_fs(&path).unwrap()
    }

    #[test]
    fn files_are_cached_by_what_they_are() {
        let check = |name: &str, file_name: &str, caching: &str, mime: &str| {
            let fresh = send(name, file(file_name), &HeaderMap::new());
            assert_eq!(fresh.status(), StatusCode::OK);
            assert_eq!(fresh.headers()[header::CACHE_CONTROL], caching);
            assert_eq!(fresh.headers()[header::CONTENT_TYPE], mime);
            assert!(
                fresh.headers()[header::CONTENT_SECURITY_POLICY]
                    .to_str()
                    .unwrap()
                    .contains("script-src 'self';")
            );
            let known =
                HeaderMap::from_iter([(header::IF_NONE_MATCH, fresh.headers()[header::ETAG].clone())]);
            let again = send(name, file(file_name), &known);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            let policy = header::CONTENT_SECURITY_POLICY;
            assert_eq!(again.headers()[&policy], fresh.headers()[&policy], "browsers keep the newest one");
        };
        check("index.html", "index.html", "no-cache", "text/html; charset=utf-8");
        check(
            "assets/a-1b2c.js",
            "a-1b2c.js",
            "public, max-age=31536000, immutable",
            "text/javascript; charset=utf-8",
        );
        check("icon.svg", "icon.svg", "no-cache", "image/svg+xml");
    }

    #[tokio::test]
    async fn there_is_always_a_page_and_nothing_beside_it() {
        let check = async |method: &str, path: &str, expect: StatusCode| {
            let request =
                axum::http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let response = asset(request).await;
            assert_eq!(response.status(), expect, "{method} {path}");
            response
        };
        let page = check("GET", "/", StatusCode::OK).await;
        assert!(page.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
        check("GET", "/nothing.js", StatusCode::NOT_FOUND).await;
        check("GET", "/../Cargo.toml", StatusCode::NOT_FOUND).await;
        check("GET", "/.gitkeep", StatusCode::NOT_FOUND).await;
        check("POST", "/", StatusCode::NOT_FOUND).await;
        assert!(matches!(Cow::Borrowed(WITHOUT_PAGE), Cow::Borrowed(page) if page.contains("/docs/")));
    }
}
