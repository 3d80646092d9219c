//! Why the farm did not do what it was asked, in words that name the remedy. `api` gives each kind its status code,
//! `cli` its exit code.

use farmhand_model::dcc::Problem;
use farmhand_model::{AttemptId, BatchId, JobId};

/// Why the farm did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum FarmError {
    /// No such job.
    #[error("there is no job {0}")]
    NoJob(JobId),
    /// No such batch.
    #[error("there is no batch {0}")]
    NoBatch(BatchId),
    /// No such attempt.
    #[error("there is no attempt {0}")]
    NoAttempt(AttemptId),
    /// The log of an attempt is gone or was never begun.
    #[error("attempt {0} has no log: it never started, or its directory was cleaned up")]
    NoLog(AttemptId),
    /// No such plugin; the message says what to do.
    #[error("{0}")]
    NoPlugin(String),
    /// No such version of a plugin, or more than one; the message says what to do.
    #[error("{0}")]
    NoVersion(String),
    /// The submission is wrong; everything that is wrong with it.
    #[error("{}", problems_text(.0))]
    Invalid(Vec<Problem>),
    /// It cannot be done in the state that the job is in.
    #[error("{0}")]
    Conflict(String),
    /// The same idempotency key came with a different request.
    #[error("idempotency key `{0}` was used for a different request; use a new key")]
    KeyReused(String),
    /// The daemon is stopping.
    #[error("the daemon is stopping; try again when it is back")]
    Stopping,
    /// Something of ours failed; the message is for the log and the wrangler.
    #[error("{0}")]
    Internal(String),
}

fn problems_text(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{}: {}", p.field, p.message)).collect::<Vec<_>>().join("; ")
}

/// Why a farm did not start.
#[derive(Debug, thiserror::Error)]
pub enum FarmStartError {
    /// The data directory cannot be used.
    #[error("the data directory {} cannot be used: {source}; choose another with `--data-dir`", dir.display())]
    DataDir {
        /// The directory.
        dir: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another daemon uses the data directory.
    #[error("another farmhand uses the data directory {}; stop that one, or choose another with `--data-dir`", dir.display())]
    InUse {
        /// The directory.
        dir: std::path::PathBuf,
    },
    /// The database cannot be used.
    #[error("the database cannot be used: {source}")]
    Store {
        /// Why.
        source: farmhand_store::StoreError,
    },
    /// The plugin engine cannot start.
    #[error("the plugin engine cannot start: {source}")]
    Plugins {
        /// Why.
        source: farmhand_plugin::PluginHostError,
    },
    /// A root cannot be used.
    #[error("`paths.roots` cannot be used: {source}")]
    Roots {
        /// Why.
        source: farmhand_runner::RootsError,
    },
    /// Something of ours failed.
    #[error("{0}")]
    Internal(String),
}
