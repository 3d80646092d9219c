//! The tables, and how an older file is brought up to date. `user_version` counts the migrations that a file has
//! had; one that is released is never changed again.

use crate::connection::beside;
use crate::error::ErrorKind;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

/// `Farm`: tells a farmhand database from any other SQLite file.
const APPLICATION_ID: i32 = 0x4661_726d;

const OURS: &str = env!("CARGO_PKG_VERSION");

/// All migrations, oldest first.
pub(crate) const MIGRATIONS: &[&str] =
    &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// Makes the tables in a new file, brings an older one up to date after a backup, and refuses any other.
pub(crate) fn prepare(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), ErrorKind> {
    let known = migrations.len() as u32;
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = found == 0 && application == 0 && tables == 0;
    if !new && application != APPLICATION_ID {
        return Err(ErrorKind::Foreign);
    }
    if found > known {
        let theirs = writer_of(conn).unwrap_or_else(|| "of a later version".into());
        return Err(ErrorKind::Newer { theirs, found, ours: OURS, known });
    }
    if found == known {
        return Ok(());
    }
    if !new {
        back_up(conn, path, found)?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in &migrations[found as usize..] {
        tx.execute_batch(migration)?;
    }
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('farmhand', ?1)", [OURS])?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    tracing::info!(path = %path.display(), from = found, to = known, "database schema is up to date");
    Ok(())
}

/// Refuses a file that is not farmhand's, or that this version does not know how to read.
pub(crate) fn check_readable(conn: &Connection, migrations: &[&str]) -> Result<(), ErrorKind> {
    let known = migrations.len() as u32;
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(ErrorKind::Foreign);
    }
    if found < known {
        return Err(ErrorKind::Older { found, known });
    }
    if found > known {
        let theirs = writer_of(conn).unwrap_or_else(|| "of a later version".into());
        return Err(ErrorKind::Newer { theirs, found, ours: OURS, known });
    }
    Ok(())
}

fn writer_of(conn: &Connection) -> Option<String> {
    conn.query_row("SELECT value FROM meta WHERE key = 'farmhand'", [], |row| row.get(0))
        .optional()
        .ok()
        .flatten()
}

/// Copies the database to `farmhand.db.schema-N.bak`. The name appears only once the copy is whole and on disk.
fn back_up(conn: &Connection, path: &Path, schema: u32) -> Result<(), ErrorKind> {
    let backup = beside(path, &format!(".schema-{schema}.bak"));
    let part = beside(path, &format!(".schema-{schema}.bak.part"));
    let failed = |source| ErrorKind::File { file: backup.clone(), source: Arc::new(source) };
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    conn.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
    File::options().write(true).open(&part).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&part, &backup).map_err(failed)?;
    tracing::info!(backup = %backup.display(), "kept a copy of the database before changing its schema");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection;

    const NEXT: &str = "ALTER TABLE job ADD COLUMN colour TEXT; UPDATE job SET colour = 'red';";
    const BROKEN: &str = "ALTER TABLE job ADD COLUMN colour TEXT; UPDATE nowhere SET x = 1;";

    struct Dir(tempfile::TempDir);

    impl Dir {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> std::path::PathBuf {
            self.0.path().join("farmhand.db")
        }

        fn prepare(&self, migrations: &[&str]) -> Result<Connection, ErrorKind> {
            let mut conn = connection::open(&self.path())?;
            prepare(&mut conn, &self.path(), migrations)?;
            Ok(conn)
        }

        fn files(&self) -> Vec<String> {
            let mut names: Vec<_> = fs::read_dir(self.0.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    fn insert_job(conn: &Connection) {
        let sql = "INSERT INTO job (id, status, priority, submitted, plugin, record)
                   VALUES (7, 'done', 50, 0, 'blender', '{}')";
        conn.execute(sql, []).unwrap();
    }

    #[test]
    fn an_older_file_is_kept_as_a_backup_and_then_migrated() {
        let dir = Dir::new();
        insert_job(&dir.prepare(MIGRATIONS).unwrap());
        let migrations = [MIGRATIONS, &[NEXT]].concat();
        let conn = dir.prepare(&migrations).unwrap();
        let colour: String =
            conn.query_row("SELECT colour FROM job WHERE id = 7", [], |row| row.get(0)).unwrap();
        assert_eq!(colour, "red");
        assert_eq!(dir.files(), ["farmhand.db", "farmhand.db.schema-3.bak"]);

        let backup = Connection::open(beside(&dir.path(), ".schema-3.bak")).unwrap();
        let version: u32 = backup.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        let jobs: u32 = backup.query_row("SELECT count(*) FROM job", [], |row| row.get(0)).unwrap();
        assert_eq!((version, jobs), (3, 1));
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let dir = Dir::new();
        insert_job(&dir.prepare(MIGRATIONS).unwrap());
        let migrations = [MIGRATIONS, &[BROKEN]].concat();
        dir.prepare(&migrations).unwrap_err();
        let conn = dir.prepare(MIGRATIONS).unwrap();
        assert!(conn.prepare("SELECT colour FROM job").is_err());
        let jobs: u32 = conn.query_row("SELECT count(*) FROM job", [], |row| row.get(0)).unwrap();
        assert_eq!(jobs, 1);
    }

    #[test]
    fn a_newer_file_is_refused_with_both_versions_and_the_remedy() {
        let dir = Dir::new();
        let conn = dir.prepare(&[MIGRATIONS, &[NEXT]].concat()).unwrap();
        conn.execute("UPDATE meta SET value = '7.1.0'", []).unwrap();
        let message = dir.prepare(MIGRATIONS).unwrap_err().to_string();
        for part in ["farmhand 7.1.0 (schema 4)", &format!("farmhand {OURS} (schema 3)"), "install", "backup"]
        {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
    }

    #[test]
    fn other_files_are_refused_untouched() {
        let dir = Dir::new();
        Connection::open(dir.path()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(dir.prepare(MIGRATIONS), Err(ErrorKind::Foreign)));
        let text = Dir::new();
        let contents = "no database at all, but long enough to be taken for one ".repeat(40);
        fs::write(text.path(), &contents).unwrap();
        assert!(matches!(text.prepare(MIGRATIONS), Err(ErrorKind::Foreign)));
        assert_eq!(fs::read_to_string(text.path()).unwrap(), contents);
    }
}
