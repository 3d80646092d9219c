//! A few connections for short reads. WAL lets them go on beside the writer; each sees one snapshot.

use crate::connection::{self, Role};
use crate::error::{At, ErrorKind, StoreError};
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Reads at once. More would only wait for the same disk.
const READERS: u32 = 4;

/// Opens connections as they are needed, and keeps those that came back in good order.
pub(crate) struct Readers {
    path: Arc<Path>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: Arc<Path>) -> Self {
        Self { path, idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS as usize)) }
    }

    /// Runs `query` in one read transaction on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, ErrorKind> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || ErrorKind::Closed.at(&self.path, "read");
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let reading = tokio::task::spawn_blocking(move || {
            // Held to the end: the caller may be gone by then, and the connection is in use all the same.
            let _permit = permit;
            let answer = read_on_one(&path, &idle, query);
            answer.at(&path, "read")
        });
        match reading.await {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(closed()),
        }
    }

    /// Waits for the reads in progress, refuses further ones and closes all connections.
    pub(crate) async fn close(&self) {
        if let Ok(permits) = self.permits.acquire_many(READERS).await {
            permits.forget();
        }
        self.permits.close();
        lock(&self.idle).clear();
    }
}

fn read_on_one<T>(
    path: &Path,
    idle: &Mutex<Vec<Connection>>,
    query: impl FnOnce(&Connection) -> Result<T, ErrorKind>,
) -> Result<T, ErrorKind> {
    let kept = lock(idle).pop();
    let mut conn = match kept {
        Some(conn) => conn,
        None => {
            let conn = connection::open(path)?;
            connection::configure(&conn, Role::Reader)?;
            conn
        }
    };
    let answer = conn.transaction().map_err(ErrorKind::from).and_then(|tx| query(&tx));
    lock(idle).push(conn);
    answer
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
