//! Opening connections with the settings that durability rests on, each one asserted: SQLite ignores a setting
//! that it does not know or cannot keep.

use crate::error::ErrorKind;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// 3.51.3 stopped a checkpoint that runs beside a commit from skipping pages, which damaged the database.
const MIN_SQLITE: (i32, &str) = (3_051_003, "3.51.3");

/// How long a connection waits for another process that holds the file, such as a backup tool.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Pages of WAL after which a commit also moves them into the database: 8 MiB.
const CHECKPOINT_PAGES: u32 = 2000;

/// What a WAL that had to grow is cut back to, once it could be checkpointed.
const WAL_KEPT_BYTES: u32 = 16 << 20;

/// What a connection is for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// The only one that writes.
    Writer,
    /// Short reads; writing is refused.
    Reader,
}

/// The file of that name with `suffix` added: `farmhand.db` and `-wal` make `farmhand.db-wal`.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(crate) fn check_sqlite() -> Result<(), ErrorKind> {
    let (number, needed) = MIN_SQLITE;
    if rusqlite::version_number() >= number {
        return Ok(());
    }
    Err(ErrorKind::OldSqlite { found: rusqlite::version(), needed })
}

/// Opens the file without changing anything in it.
pub(crate) fn open(path: &Path) -> Result<Connection, ErrorKind> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    Ok(conn)
}

pub(crate) fn configure(conn: &Connection, role: Role) -> Result<(), ErrorKind> {
    set(conn, "journal_mode", "wal", "wal")?;
    set(conn, "synchronous", "FULL", "2")?;
    set(conn, "foreign_keys", "ON", "1")?;
    set(conn, "temp_store", "MEMORY", "2")?;
    match role {
        Role::Writer => {
            conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            conn.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
            conn.pragma_update(None, "cache_size", -16_000)?;
        }
        Role::Reader => set(conn, "query_only", "ON", "1")?,
    }
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn set(conn: &Connection, setting: &'static str, value: &str, expected: &str) -> Result<(), ErrorKind> {
    use rusqlite::types::Value;
    conn.pragma_update(None, setting, value)?;
    let got = match conn.pragma_query_value(None, setting, |row| row.get(0))? {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    if got == expected { Ok(()) } else { Err(ErrorKind::Setting { setting, got }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connection_is_durable_and_checks_foreign_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("farmhand.db");
        for role in [Role::Writer, Role::Reader] {
            let conn = open(&path).unwrap();
            configure(&conn, role).unwrap();
            let pragma =
                |name: &str| -> i64 { conn.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
            assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1));
            assert_eq!(pragma("query_only") == 1, role == Role::Reader);
        }
    }

    #[test]
    fn a_setting_that_does_not_stick_is_an_error() {
        let memory = Connection::open_in_memory().unwrap();
        let error = configure(&memory, Role::Writer).unwrap_err();
        assert!(
            matches!(&error, ErrorKind::Setting { setting: "journal_mode", got } if got == "memory"),
            "{error}"
        );
    }

    #[test]
    fn the_bundled_sqlite_will_do() {
        check_sqlite().unwrap();
    }
}
