//! What can go wrong with the database, in words that say what to do.

use farmhand_model::JobId;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An error of the store: which file, what was being done, and what is wrong.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {doing} {}: {kind}", path.display())]
pub struct StoreError {
    /// The database.
    pub path: Arc<Path>,
    /// Such as `commit to`.
    pub doing: &'static str,
    /// What is wrong.
    #[source]
    pub kind: ErrorKind,
}

/// What is wrong with the database, or with what was asked of it.
///
/// Errors are shared by everybody whose changes went into the same transaction, so their sources are counted
/// references.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ErrorKind {
    /// The disk, or the file's own limit, is full. Nothing was kept, and a later try may succeed.
    #[error("the disk is full; free some space: nothing of this was kept, and it can be tried again")]
    Full(#[source] Arc<rusqlite::Error>),
    /// SQLite refused.
    #[error("{0}")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// A file beside the database could not be made or locked.
    #[error("{}: {source}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// A stored record is not what this version writes.
    #[error("the record of {what} is damaged: {source}")]
    Record {
        /// Such as `job 5`.
        what: String,
        /// Why.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// A change names a job that the store does not have.
    #[error("there is no job {0}")]
    UnknownJob(JobId),
    /// Another submission had this idempotency key in the last day.
    #[error("the idempotency key {key:?} already made another job; give every request a key of its own")]
    KeyTaken {
        /// As the client gave it.
        key: String,
    },
    /// A newer farmhand wrote it.
    #[error(
        "it was written by farmhand {theirs} (schema {found}), and this is farmhand {ours} (schema {known}); \
         install farmhand {theirs} or newer, or put the backup that it made beside the file back in place"
    )]
    Newer {
        /// The version of farmhand that wrote it, where it says so.
        theirs: String,
        /// Its schema.
        found: u32,
        /// This version of farmhand.
        ours: &'static str,
        /// The newest schema that this one knows.
        known: u32,
    },
    /// An older version of farmhand wrote it, and nobody has brought it up to date.
    #[error(
        "it was written by an older farmhand (schema {found}, where this one reads {known}); start `farmhand serve` once, \
         which brings it up to date"
    )]
    Older {
        /// Its schema.
        found: u32,
        /// The schema that this one reads.
        known: u32,
    },
    /// It is a database of something else.
    #[error("it is not a farmhand database; give farmhand another file")]
    Foreign,
    /// Another process has it open.
    #[error("another farmhand is using it; stop that one, or give this one a data directory of its own")]
    InUse,
    /// This binary was built with an SQLite that can damage a database in WAL mode.
    #[error(
        "SQLite {found} can damage databases that several connections use; build farmhand with {needed} or newer"
    )]
    OldSqlite {
        /// The one built in.
        found: &'static str,
        /// The oldest that will do.
        needed: &'static str,
    },
    /// The file system does not do what the store needs, as network file systems may not.
    #[error("the database refused {setting} (it stayed {got}); keep it on a local disk")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What it is instead.
        got: String,
    },
    /// The store was closed, or its writer is gone.
    #[error("the store is closed")]
    Closed,
}

impl ErrorKind {
    /// Whether the change that was asked for is at fault, and not the disk: others in the same transaction went on,
    /// and to try it again is of no use.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, ErrorKind::UnknownJob(_) | ErrorKind::KeyTaken { .. } | ErrorKind::Record { .. })
    }

    pub(crate) fn at(self, path: &Arc<Path>, doing: &'static str) -> StoreError {
        StoreError { path: Arc::clone(path), doing, kind: self }
    }
}

impl From<rusqlite::Error> for ErrorKind {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => ErrorKind::Full(Arc::new(error)),
            Some(rusqlite::ErrorCode::NotADatabase) => ErrorKind::Foreign,
            _ => ErrorKind::Sqlite(Arc::new(error)),
        }
    }
}

/// Adds the file and the deed to an error.
pub(crate) trait At<T> {
    fn at(self, path: &Arc<Path>, doing: &'static str) -> Result<T, StoreError>;
}

impl<T, E: Into<ErrorKind>> At<T> for Result<T, E> {
    fn at(self, path: &Arc<Path>, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| error.into().at(path, doing))
    }
}
