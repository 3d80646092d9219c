//! The database of a farm as a reader beside it sees it: for commands that ask what was, whether a daemon runs or not.
//! It never writes and takes no lock.

use crate::connection::{self, Role};
use crate::error::{At, ErrorKind, StoreError};
use crate::read::{self, EndedFilter};
use crate::schema;
use farmhand_model::{AttemptId, AttemptRecord, JobId};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;

/// A database, open for reading.
#[derive(Debug)]
pub struct Archive {
    path: Arc<Path>,
    conn: Connection,
}

impl Archive {
    /// Opens a database that is there.
    ///
    /// # Errors
    ///
    /// Where there is none, or one that this version cannot read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path: Arc<Path> = Arc::from(path);
        Self::open_as_it_is(&path).at(&path, "open")
    }

    fn open_as_it_is(path: &Arc<Path>) -> Result<Self, ErrorKind> {
        connection::check_sqlite()?;
        // Opening would make one.
        let missing = |source| ErrorKind::File { file: path.to_path_buf(), source: Arc::new(source) };
        std::fs::metadata(path).map_err(missing)?;
        let conn = connection::open(path)?;
        schema::check_readable(&conn, schema::MIGRATIONS)?;
        connection::configure(&conn, Role::Reader)?;
        Ok(Self { path: Arc::clone(path), conn })
    }

    /// One attempt.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRecord>, StoreError> {
        read::attempt(&self.conn, id).at(&self.path, "read")
    }

    /// All attempts of a job, newest first; nothing where there is no such job.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub fn attempts(&self, job: JobId) -> Result<Option<Vec<AttemptRecord>>, StoreError> {
        let all = || match read::job(&self.conn, job)? {
            Some(_) => read::attempts(&self.conn, job, None, u32::MAX).map(Some),
            None => Ok(None),
        };
        all().at(&self.path, "read")
    }

    /// Ended attempts that one plugin decided, newest first.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub fn ended(&self, filter: &EndedFilter) -> Result<Vec<AttemptRecord>, StoreError> {
        read::ended(&self.conn, filter).at(&self.path, "read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::samples::{attempt, ended, job};
    use farmhand_model::{AttemptState, Change, JobStatus, Timestamp};

    #[tokio::test]
    async fn ended_attempts_of_a_plugin_are_found_beside_a_running_farm() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("farmhand.db");
        assert!(Archive::open(&path).unwrap_err().to_string().contains("farmhand.db"), "there is none");
        assert!(!path.exists(), "looking makes none");

        let (store, _) = Store::open(&path).unwrap();
        let with = |id: u64, state: AttemptState, plugin: Option<&str>, started: i64| {
            let mut record = attempt(id, 1, state);
            record.started = Timestamp(started);
            match (plugin, &mut record.plugin) {
                (Some(name), Some(stamp)) => name.clone_into(&mut stamp.name),
                (_, stamp) => *stamp = None,
            }
            Change::Attempt(Box::new(record))
        };
        let changes = vec![
            Change::Job(Box::new(job(1, JobStatus::Waiting))),
            with(1, ended(), Some("maya"), 10),
            with(2, ended(), Some("nuke"), 20),
            with(3, ended(), Some("maya"), 30),
            with(4, ended(), None, 40),
            with(5, AttemptState::Starting, Some("maya"), 50),
            with(6, ended(), Some("maya"), 60),
        ];
        store.commit(changes).await.unwrap();

        let archive = Archive::open(&path).unwrap();
        let filter = EndedFilter { plugin: "maya".to_owned(), since: None, limit: 9, among: None };
        for (filter, expect) in [
            (filter.clone(), &[6, 3, 1][..]),
            (EndedFilter { limit: 2, ..filter.clone() }, &[6, 3]),
            (EndedFilter { since: Some(Timestamp(30)), ..filter.clone() }, &[6, 3]),
            (EndedFilter { among: Some(4), ..filter.clone() }, &[6, 3]),
            (EndedFilter { plugin: "blender".to_owned(), ..filter }, &[]),
        ] {
            let ids = |found: Vec<AttemptRecord>| found.iter().map(|one| one.id.0).collect::<Vec<_>>();
            assert_eq!(ids(archive.ended(&filter).unwrap()), expect, "{filter:?}");
            assert_eq!(ids(store.ended(filter).await.unwrap()), expect);
        }
        assert_eq!(archive.attempts(JobId(1)).unwrap().unwrap().len(), 6);
        assert_eq!(archive.attempts(JobId(2)).unwrap(), None);
        assert_eq!(archive.attempt(AttemptId(2)).unwrap().unwrap().id, AttemptId(2));
    }
}
