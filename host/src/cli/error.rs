//! What can go wrong in a command: how it is said, and with which exit code.

use crate::config::ConfigError;
use crate::farm::FarmStartError;
use serde::Deserialize;
use std::fmt::Write as _;
use std::io;

/// Exit codes; `docs/cli.md` promises them.
pub(super) mod exit {
    /// It did not succeed: a job failed, the daemon refused, a check found something broken.
    pub(crate) const FAILED: u8 = 1;
    /// The command line or the configuration is wrong.
    pub(crate) const USAGE: u8 = 2;
    /// No daemon answers.
    pub(crate) const NO_DAEMON: u8 = 3;
    /// Of a batch: some of its jobs are complete, and others are not.
    pub(crate) const PARTIAL: u8 = 4;
    /// Of a batch: it was cancelled before any of its jobs was complete, and none failed.
    pub(crate) const CANCELLED: u8 = 5;
    /// Ctrl-C, as shells count it.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("the configuration is wrong\n{0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Usage(String),
    #[error("no farmhand answers at {}", .looked.join(" or at "))]
    NoDaemon { looked: Vec<String>, help: String },
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("the connection to {url} broke: {reason}")]
    Connection { url: String, reason: String },
    #[error("{source}")]
    Start { source: FarmStartError, holder: Option<String> },
    #[error(transparent)]
    Api(#[from] crate::api::ApiError),
    #[error("{message}")]
    Failed { message: String, help: Option<String> },
    /// What is wrong with batch files, a line each.
    #[error("{0}")]
    Batch(String),
    /// It did not succeed, and everything about that has been printed.
    #[error("")]
    Told,
    /// The same, with an exit code that says more.
    #[error("")]
    Ended { code: u8 },
    #[error("interrupted")]
    Interrupted,
    #[error("{context}: {source}")]
    Io { context: String, source: io::Error },
    /// Whoever read the output has gone: no reason to complain.
    #[error("")]
    BrokenPipe,
}

impl CliError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        CliError::Failed { message: message.into(), help: None }
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self {
            CliError::BrokenPipe => 0,
            CliError::Config(_) | CliError::Usage(_) | CliError::Batch(_) | CliError::Api(_) => exit::USAGE,
            CliError::Ended { code } => *code,
            CliError::NoDaemon { .. } | CliError::Connection { .. } => exit::NO_DAEMON,
            CliError::Interrupted => exit::INTERRUPTED,
            _ => exit::FAILED,
        }
    }

    /// What is printed on standard error; `None` where there is nothing to say.
    pub(super) fn report(&self) -> Option<String> {
        if matches!(self, CliError::BrokenPipe | CliError::Told | CliError::Ended { .. }) {
            return None;
        }
        let mut text = format!("error: {self}");
        if let Some(help) = self.help() {
            let _ = write!(text, "\n help: {help}");
        }
        Some(text)
    }

    fn help(&self) -> Option<String> {
        match self {
            CliError::NoDaemon { help, .. } => Some(help.clone()),
            CliError::Refused(refusal) if refusal.status == 401 => Some(
                "give the daemon's token with FARMHAND_SERVER_TOKEN, `server.token_file` or --token"
                    .to_owned(),
            ),
            CliError::Start { holder, .. } => holder.clone(),
            CliError::Batch(_) => Some("nothing was submitted; docs/batches.md has every field".to_owned()),
            CliError::Failed { help, .. } => help.clone(),
            _ => None,
        }
    }
}

/// Output that nobody reads any more ends a command quietly; anything else about it is an error.
impl From<io::Error> for CliError {
    fn from(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => CliError::BrokenPipe,
            _ => CliError::Io { context: "cannot write the output".to_owned(), source },
        }
    }
}

/// An error as the API says it (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) title: String,
    #[serde(default)]
    pub(super) detail: String,
    #[serde(default)]
    pub(super) errors: Vec<RefusedField>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct RefusedField {
    pub(super) pointer: String,
    pub(super) message: String,
    #[serde(default)]
    pub(super) line: Option<usize>,
    #[serde(default)]
    pub(super) column: Option<usize>,
}

impl std::fmt::Display for RefusedField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "line {line}, column {column}: ")?;
        }
        match self.pointer.trim_start_matches('/') {
            "" => f.write_str(&self.message),
            pointer => write!(f, "{}: {}", pointer.replace('/', "."), self.message),
        }
    }
}

/// The list of what is wrong says it all where there is one; its title says that it was wrong, which is known.
impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.errors.as_slice() {
            [] => f.write_str(if self.detail.is_empty() { &self.title } else { &self.detail }),
            [error] => error.fmt(f),
            errors => {
                write!(f, "{} things are wrong", errors.len())?;
                errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_remedy_and_have_their_exit_code() {
        let check = |error: CliError, code: u8, report: Option<&str>| {
            assert_eq!(error.exit_code(), code);
            assert_eq!(error.report().as_deref(), report);
        };
        check(
            CliError::NoDaemon {
                looked: vec!["http://127.0.0.1:7878".to_owned()],
                help: "start one: farmhand serve".to_owned(),
            },
            3,
            Some("error: no farmhand answers at http://127.0.0.1:7878\n help: start one: farmhand serve"),
        );
        check(io::Error::from(io::ErrorKind::BrokenPipe).into(), 0, None);
        check(CliError::Told, 1, None);
        check(CliError::Ended { code: exit::PARTIAL }, 4, None);
        check(
            CliError::Batch("seq.yaml:3:1: unknown field `worker`".to_owned()),
            2,
            Some(
                "error: seq.yaml:3:1: unknown field `worker`\n help: nothing was submitted; docs/batches.md has every field",
            ),
        );
        check(CliError::Interrupted, 130, Some("error: interrupted"));
        check(CliError::Usage("no".to_owned()), 2, Some("error: no"));
    }

    #[test]
    fn refusals_list_what_is_wrong() {
        let check = |json: serde_json::Value, expect: &str| {
            let refusal: Refusal = serde_json::from_value(json).expect("a problem");
            assert_eq!(refusal.to_string(), expect);
        };
        check(
            serde_json::json!({"status": 404, "title": "No such job", "detail": "there is no job 7"}),
            "there is no job 7",
        );
        check(serde_json::json!({"status": 500, "title": "Broken"}), "Broken");
        check(
            serde_json::json!({
                "status": 422, "title": "The job is wrong",
                "errors": [{"in": "body", "pointer": "/scene", "message": "is not there"}],
            }),
            "scene: is not there",
        );
        check(
            serde_json::json!({
                "status": 422, "title": "The job is wrong", "detail": "two things",
                "errors": [
                    {"in": "body", "pointer": "/frames", "message": "column 3: what is `x`?", "line": 2, "column": 9},
                    {"in": "body", "pointer": "/options/samples", "message": "must be at least 1"},
                ],
            }),
            "2 things are wrong\n  line 2, column 9: frames: column 3: what is `x`?\n  options.samples: must be at least 1",
        );
    }
}
