//! The daemon over HTTP, as the commands use it. What the answers mean is the commands' business.

use super::error::{CliError, Refusal};
use crate::config::Secret;
use farmhand_model::AttemptId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::time::Duration;

/// A daemon on this machine answers in milliseconds; one that does not within this is not there.
const PROBE: Duration = Duration::from_secs(2);
/// A submission may wait for a plugin, a list for the disk.
const ANSWER: Duration = Duration::from_secs(60);
/// The longest answer but for logs: a million frames as runs, or a thousand attempts.
const LONGEST_ANSWER: u64 = 256 << 20;

/// One daemon.
pub(super) struct Client {
    agent: ureq::Agent,
    url: String,
    token: Option<Secret>,
}

/// A log as it comes.
pub(super) struct LogStream {
    body: ureq::BodyReader<'static>,
    /// At which byte of the output it begins.
    pub(super) start: u64,
}

impl Read for LogStream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.body.read(buffer)
    }
}

impl Client {
    /// The daemon at this address, such as `http://127.0.0.1:7878`.
    pub(super) fn new(url: &str, token: Option<Secret>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PROBE))
            .timeout_recv_response(Some(ANSWER))
            // A daemon on this machine or in this building is not reached through a proxy.
            .proxy(None)
            .user_agent(concat!("farmhand/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent(), url: url.trim_end_matches('/').to_owned(), token }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The version of the daemon; `None` where none answers.
    pub(super) fn probe(&self) -> Option<String> {
        let request = self.agent.get(format!("{}/healthz", self.url));
        let request = request.config().timeout_global(Some(PROBE)).build();
        let answer: serde_json::Value = request.call().ok()?.body_mut().read_json().ok()?;
        answer.get("version").and_then(|version| version.as_str()).map(str::to_owned)
    }

    /// What the API has at a path below `/api/v1`.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.read(self.authorized(self.agent.get(self.address(path))).call())
    }

    /// Sends a body that is JSON already.
    pub(super) fn post_text<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<T, CliError> {
        self.post_within(path, body, headers, ANSWER)
    }

    /// The same for what may take longer than other answers.
    pub(super) fn post_within<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
        within: Duration,
    ) -> Result<T, CliError> {
        let request =
            self.agent.post(self.address(path)).config().timeout_recv_response(Some(within)).build();
        let mut request = self.authorized(request);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(request.content_type("application/json").send(body))
    }

    /// Sends a value.
    pub(super) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, CliError> {
        let body = serde_json::to_string(body)
            .map_err(|error| CliError::failed(format!("cannot write JSON: {error}")))?;
        self.post_text(path, &body, &[])
    }

    /// The log of an attempt.
    pub(super) fn log(&self, attempt: AttemptId, query: &str) -> Result<LogStream, CliError> {
        self.open_log(attempt, query, None)
    }

    /// The log of an attempt from this byte of it on, and what is added.
    pub(super) fn followed_log(&self, attempt: AttemptId, from: u64) -> Result<LogStream, CliError> {
        self.open_log(attempt, "?follow=1", Some(from))
    }

    fn open_log(&self, attempt: AttemptId, query: &str, from: Option<u64>) -> Result<LogStream, CliError> {
        let mut request =
            self.authorized(self.agent.get(self.address(&format!("/attempts/{attempt}/log{query}"))));
        if let Some(from) = from {
            request = request.header("Range", format!("bytes={from}-"));
        }
        let response = self.checked(request.call())?;
        let start = response.headers().get("farmhand-log-offset").and_then(|value| value.to_str().ok());
        let start = start.and_then(|value| value.parse().ok()).unwrap_or(0);
        Ok(LogStream { body: response.into_body().into_with_config().limit(u64::MAX).reader(), start })
    }

    /// What the API has at a path below `/api/v1`, as it is.
    pub(super) fn text(&self, path: &str) -> Result<String, CliError> {
        let mut response = self.checked(self.authorized(self.agent.get(self.address(path))).call())?;
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER);
        body.read_to_string().map_err(|error| self.broken(&error))
    }

    fn address(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.url)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {}", token.reveal())),
            None => request,
        }
    }

    fn read<T: DeserializeOwned>(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, CliError> {
        let mut response = self.checked(sent)?;
        let text = response
            .body_mut()
            .with_config()
            .limit(LONGEST_ANSWER)
            .read_to_string()
            .map_err(|error| self.broken(&error))?;
        serde_json::from_str(&text).map_err(|error| {
            CliError::failed(format!(
                "{} answered what this version of farmhand does not understand: {error}",
                self.url
            ))
        })
    }

    fn checked(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<ureq::http::Response<ureq::Body>, CliError> {
        let mut response = sent.map_err(|error| self.broken(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.body_mut().read_to_string().unwrap_or_default();
        let refusal = serde_json::from_str(&text).unwrap_or_else(|_| Refusal {
            status: status.as_u16(),
            title: format!("{} answered {status}", self.url),
            detail: String::new(),
            errors: Vec::new(),
        });
        Err(CliError::Refused(Box::new(refusal)))
    }

    fn broken(&self, error: &ureq::Error) -> CliError {
        match error {
            ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => self.not_there(),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                self.not_there()
            }
            other => CliError::Connection { url: self.url.clone(), reason: other.to_string() },
        }
    }

    fn not_there(&self) -> CliError {
        CliError::NoDaemon { looked: vec![self.url.clone()], help: super::daemon::START_ONE.to_owned() }
    }
}
