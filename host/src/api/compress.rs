//! Which answers are compressed: JSON and the files of the page, for whoever takes gzip. Ten thousand jobs as JSON are
//! some megabytes, and artists sit behind slow lines too.
//!
//! What is streamed is never: a compressor holds lines back, and events and logs are shown as they come.

use axum::http::header;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

/// What is smaller goes out as it is: it fits into a packet anyway.
const SMALLEST: u64 = 1024;

const TYPES: [&str; 5] =
    ["application/json", "text/html", "text/css", "text/javascript", "application/javascript"];

/// Compresses what is worth it. It costs the daemon little: the fastest level takes most of what there is to take.
pub(super) fn layer() -> CompressionLayer<And<SizeAbove, Worthwhile>> {
    at(CompressionLevel::Fastest)
}

/// For the files of the page: a browser asks for each of them once, and the first paint waits for it.
pub(super) fn layer_of_files() -> CompressionLayer<And<SizeAbove, Worthwhile>> {
    at(CompressionLevel::Best)
}

fn at(level: CompressionLevel) -> CompressionLayer<And<SizeAbove, Worthwhile>> {
    CompressionLayer::new().quality(level).compress_when(SizeAbove::new(SMALLEST).and(Worthwhile))
}

/// Text that is there as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worthwhile;

impl Predicate for Worthwhile {
    fn should_compress<B>(&self, response: &axum::http::Response<B>) -> bool
    where
        B: axum::body::HttpBody,
    {
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        kind.is_some_and(|kind| TYPES.iter().any(|known| kind.starts_with(known)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt as _;

    /// How an answer of this kind and size goes out to whoever takes these encodings.
    async fn encoding(kind: &'static str, size: usize, takes: &str) -> Option<String> {
        let answer = move || async move { ([(header::CONTENT_TYPE, kind)], "a".repeat(size)) };
        let router = Router::new().route("/", get(answer)).layer(layer());
        let request = Request::get("/").header(header::ACCEPT_ENCODING, takes).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let encoding = response.headers().get(header::CONTENT_ENCODING);
        encoding.map(|encoding| encoding.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn text_that_is_there_as_a_whole_is_compressed_and_nothing_else() {
        for (kind, size, takes, expected) in [
            ("application/json", 5000, "gzip, br", Some("gzip")),
            ("text/css; charset=utf-8", 5000, "gzip", Some("gzip")),
            ("application/json", 5000, "identity", None),
            ("application/json", 100, "gzip", None),
            ("text/event-stream", 5000, "gzip", None),
            ("text/plain; charset=utf-8", 5000, "gzip", None),
            ("image/png", 5000, "gzip", None),
        ] {
            assert_eq!(
                encoding(kind, size, takes).await.as_deref(),
                expected,
                "{kind}, {size} bytes, {takes}"
            );
        }
    }
}
