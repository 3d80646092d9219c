//! One farmhand per database: ids never repeat only while a single process hands them out.

use crate::error::ErrorKind;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

/// Held for as long as the writer lives; the kernel lets go of it when the process dies, however it dies.
///
/// It is a file of its own because closing any other handle on the database would drop SQLite's own locks.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn acquire(database: &Path) -> Result<Self, ErrorKind> {
        let path = crate::connection::beside(database, ".lock");
        let failed = |source| ErrorKind::File { file: path.clone(), source: Arc::new(source) };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ErrorKind::InUse),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
