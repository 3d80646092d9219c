//! What the API needs to know before it starts, and the refusal to start without what keeps it safe.

use super::auth::Token;
use std::net::SocketAddr;
use std::time::Duration;

/// What the API needs to know before it starts.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The address that is really listened on, with its port: requests must name it.
    pub listen: SocketAddr,
    /// What clients must show; without one only loopback addresses are served.
    pub token: Option<Token>,
    /// Names, besides the address itself, under which the API may be asked: `render01`, with any port, or
    /// `farm.example:8080`, with this one.
    pub allowed_hosts: Vec<String>,
    /// Bounds.
    pub limits: ApiLimits,
}

impl ApiSettings {
    /// The defaults for an address.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self { listen, token: None, allowed_hosts: Vec::new(), limits: ApiLimits::default() }
    }
}

/// Bounds of what clients can cost.
#[derive(Debug, Clone)]
pub struct ApiLimits {
    /// Largest request body.
    pub body_bytes: usize,
    /// How long a request body may take to arrive.
    pub body_time: Duration,
    /// How long an answer may take to begin. Streams begin at once and are not cut off by it.
    pub answer_time: Duration,
    /// Requests answered at once.
    pub requests: usize,
    /// Event streams and followed logs open at once.
    pub streams: usize,
}

impl Default for ApiLimits {
    /// A job is a few kilobytes, an answer a few milliseconds, and 100 pages may be open: each bound leaves an order
    /// of magnitude above what honest use needs, except for streams, of which every page has two.
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(30),
            requests: 256,
            streams: 512,
        }
    }
}

/// Why the API does not start. Each names the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Anybody on the network could run programs here.
    #[error(
        "refusing to listen on {listen} without a token: anybody who reaches it could run renders here; set \
         `server.token_file`, or listen on 127.0.0.1"
    )]
    TokenNeeded {
        /// The address that is not loopback.
        listen: SocketAddr,
    },
    /// The token could be guessed.
    #[error(
        "the token has {length} characters, at least {} are needed; make one with `openssl rand -hex 32`",
        Token::SHORTEST
    )]
    TokenTooShort {
        /// How many it has.
        length: usize,
    },
    /// The token cannot be sent in a header.
    #[error(
        "the token may hold only visible ASCII characters and no spaces; make one with `openssl rand -hex 32`"
    )]
    TokenUnusable,
    /// An allowed host cannot be the value of a `Host` header.
    #[error("`{0}` is no host name; write `name` or `name:port`, without `http://` and without a path")]
    BadAllowedHost(String),
}
