//! The store as the daemon uses it.

use crate::connection::{self, Role, beside};
use crate::error::{At, ErrorKind, StoreError};
use crate::forget::{self, History};
use crate::lock::Lock;
use crate::read::{
    self, EndedFilter, FrameTime, FrameTimes, JobFilter, JobPlace, KeptEntry, Restored, RestoredJob,
    SettledFrames, TimesFilter,
};
use crate::readers::Readers;
use crate::search::{self, FoundJobs, JobSearch};
use crate::wal::WalWatch;
use crate::writer::Writer;
use crate::{apply, schema};
use farmhand_model::notify::Delivery;
use farmhand_model::{
    AttemptId, AttemptRecord, BatchId, BatchRecord, Change, Digest, FrameRecord, JobId, JobRecord, Timestamp,
};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A checkpoint of maintenance gives up on readers after this long; the next one will do.
const CHECKPOINT_WAIT: Duration = Duration::from_millis(100);

/// The database. Clones are handles on the same one; it is closed when the last of them is gone, or by
/// [`Store::close`].
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// Readers are dropped before the writer, so that the writer closes the file last and leaves no WAL behind.
struct Inner {
    path: Arc<Path>,
    wal_bytes: Arc<AtomicU64>,
    readers: Readers,
    writer: Writer,
}

/// What [`Store::maintenance`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Maintained {
    /// Steps in which rows of forgotten jobs were deleted, each a transaction of its own.
    pub steps: u64,
    /// Idempotency keys forgotten.
    pub keys: u64,
}

impl Store {
    /// Opens the database, makes it or brings it up to date, and reads what a daemon starts from.
    ///
    /// It blocks on the disk. Only one process, and one store in it, can have a database open.
    ///
    /// # Errors
    ///
    /// Where the file cannot be used, in words that say what to do about it.
    pub fn open(path: &Path) -> Result<(Self, Restored), StoreError> {
        let path: Arc<Path> = Arc::from(path);
        Self::open_all(&path).at(&path, "open")
    }

    fn open_all(path: &Arc<Path>) -> Result<(Self, Restored), ErrorKind> {
        connection::check_sqlite()?;
        let lock = Lock::acquire(path)?;
        let mut conn = connection::open(path)?;
        schema::prepare(&mut conn, path, schema::MIGRATIONS)?;
        connection::configure(&conn, Role::Writer)?;
        let restored = read::restored(&conn)?;
        let wal_bytes = Arc::<AtomicU64>::default();
        let wal = WalWatch::new(beside(path, "-wal"), Arc::clone(&wal_bytes));
        let writer = Writer::start(Arc::clone(path), conn, lock, wal)
            .map_err(|source| ErrorKind::File { file: path.to_path_buf(), source: Arc::new(source) })?;
        let readers = Readers::new(Arc::clone(path));
        let inner = Inner { path: Arc::clone(path), wal_bytes, readers, writer };
        Ok((Self { inner: Arc::new(inner) }, restored))
    }

    /// Makes the changes durable, in order, all or none. They are on the disk when it returns.
    ///
    /// Commits that wait at the same time share a transaction. A job must come before the attempts, frames and
    /// keys that belong to it. Where the caller stops waiting, the changes may or may not be kept.
    ///
    /// # Errors
    ///
    /// Where a change is refused (only these changes are dropped), or the disk fails (everything that was being
    /// committed is dropped, everybody who waits hears of it, and a later commit may succeed again).
    pub async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.inner.writer.commit(changes).await
    }

    /// One job.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn job(&self, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::job(conn, id)).await
    }

    /// One job with its settled frames, as at a restart: for the retry of a job that had ended.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn restored_job(&self, id: JobId) -> Result<Option<RestoredJob>, StoreError> {
        self.inner.readers.read(move |conn| read::restored_job(conn, id)).await
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::jobs(conn, &filter)).await
    }

    /// A page of the jobs that have what is searched for, newest first. It may be short, or empty, and still have a
    /// next one.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn search_jobs(&self, filter: JobFilter, wanted: JobSearch) -> Result<FoundJobs, StoreError> {
        self.inner.readers.read(move |conn| search::search(conn, &filter, &wanted)).await
    }

    /// One attempt.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn attempt(&self, id: AttemptId) -> Result<Option<AttemptRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::attempt(conn, id)).await
    }

    /// Attempts of a job, newest first, at most `limit` of those older than `before`.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn attempts(
        &self,
        job: JobId,
        before: Option<AttemptId>,
        limit: u32,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::attempts(conn, job, before, limit)).await
    }

    /// Ended attempts that one plugin decided, newest first.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn ended(&self, filter: EndedFilter) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::ended(conn, &filter)).await
    }

    /// Attempts that have not ended, oldest first. None is left out whose process has been started.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn live(&self) -> Result<Vec<AttemptRecord>, StoreError> {
        self.inner.readers.read(read::live).await
    }

    /// How many attempts a job has had.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn count_attempts(&self, job: JobId) -> Result<u64, StoreError> {
        self.inner.readers.read(move |conn| read::count_attempts(conn, job)).await
    }

    /// The settled frames of a job; nothing where there is no such job.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn settled(&self, job: JobId) -> Result<Option<SettledFrames>, StoreError> {
        self.inner.readers.read(move |conn| read::settled(conn, job)).await
    }

    /// The frames of a job that were settled last, newest first.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn latest_frames(&self, job: JobId, limit: u32) -> Result<Vec<FrameRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::latest_frames(conn, job, limit)).await
    }

    /// How long the rendered frames of one layer took, by frame, with what their attempts took.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn frame_times(&self, filter: TimesFilter) -> Result<FrameTimes, StoreError> {
        self.inner.readers.read(move |conn| read::frame_times(conn, &filter)).await
    }

    /// Frames of a job whose time is known, by layer and frame: at most `limit` of those after one.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn frame_seconds(
        &self,
        job: JobId,
        after: Option<(u32, i32)>,
        limit: u32,
    ) -> Result<Vec<FrameTime>, StoreError> {
        self.inner.readers.read(move |conn| read::frame_seconds(conn, job, after, limit)).await
    }

    /// One settled frame, by the index of its layer.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn frame(&self, job: JobId, layer: u32, frame: i32) -> Result<Option<FrameRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::frame(conn, job, layer, frame)).await
    }

    /// The digest of the request that had this idempotency key, and the job that it made.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn idempotent(&self, key: &str) -> Result<Option<(Digest, JobId)>, StoreError> {
        let key = key.to_owned();
        self.inner.readers.read(move |conn| read::idempotent(conn, &key)).await
    }

    /// What somebody is still to be told, and reports that are still to be written; what is due first before the rest.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn outbox(&self, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.inner.readers.read(move |conn| read::outbox(conn, limit)).await
    }

    /// One batch, without its jobs.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn batch(&self, id: BatchId) -> Result<Option<BatchRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::batch(conn, id)).await
    }

    /// Batches, newest first, at most `limit` of those older than `before`.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn batches(&self, before: Option<BatchId>, limit: u32) -> Result<Vec<BatchRecord>, StoreError> {
        self.inner.readers.read(move |conn| read::batches(conn, before, limit)).await
    }

    /// Batches that have not ended, oldest first.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn open_batches(&self) -> Result<Vec<BatchRecord>, StoreError> {
        self.inner.readers.read(read::open_batches).await
    }

    /// The newest batch that was submitted with this idempotency key.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn keyed_batch(&self, key: &str) -> Result<Option<BatchRecord>, StoreError> {
        let key = key.to_owned();
        self.inner.readers.read(move |conn| read::keyed_batch(conn, &key)).await
    }

    /// The jobs of a batch in their order.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn entries(&self, batch: BatchId) -> Result<Vec<KeptEntry>, StoreError> {
        self.inner.readers.read(move |conn| read::entries(conn, batch)).await
    }

    /// The newest job of a batch that renders the same, for each of these contents that there is one for.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn jobs_by_content(
        &self,
        contents: Vec<Digest>,
    ) -> Result<BTreeMap<Digest, JobId>, StoreError> {
        self.inner.readers.read(move |conn| read::jobs_by_content(conn, &contents)).await
    }

    /// The digest of a scene's content, where it is known of the file as `stamp` describes it.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn scene(&self, path: String, stamp: String) -> Result<Option<Digest>, StoreError> {
        self.inner.readers.read(move |conn| read::scene(conn, &path, &stamp)).await
    }

    /// Size of the write-ahead log in bytes, as of the last commit. It grows without bound only while some other
    /// program keeps the database open for reading, which is warned of at 64 MiB and at each doubling.
    #[must_use]
    pub fn wal_bytes(&self) -> u64 {
        self.inner.wal_bytes.load(Ordering::Relaxed)
    }

    /// Where all jobs that are remembered read and write.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn places(&self) -> Result<Vec<JobPlace>, StoreError> {
        self.inner.readers.read(read::places).await
    }

    /// How much [`Store::forget`] would forget.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub async fn forgettable(&self, ended_before: Timestamp) -> Result<History, StoreError> {
        self.inner.readers.read(move |conn| forget::measure(conn, ended_before)).await
    }

    /// Forgets the jobs that ended before then, with their attempts, frames and idempotency keys, and gives their
    /// ids. No question finds them from here on, and their ids are never used again; the room that they take is free
    /// after the next [`Store::maintenance`]. Jobs that one which has not ended comes after are kept, and so are
    /// those with an attempt that lives.
    ///
    /// The caller sees to it that none of them is being retried at this moment, which would bring it back without
    /// its frames.
    ///
    /// # Errors
    ///
    /// Where the disk fails; nothing is forgotten then.
    pub async fn forget(&self, ended_before: Timestamp) -> Result<Vec<JobId>, StoreError> {
        self.inner.writer.alone("forget jobs in", move |conn| forget::mark(conn, ended_before)).await
    }

    /// Deletes what is left of forgotten jobs and idempotency keys older than a day, then empties the write-ahead
    /// log. For an idle moment, such as once an hour: rows are deleted in steps, and commits go on between them.
    ///
    /// # Errors
    ///
    /// Where the disk fails; what was deleted before that stays deleted.
    pub async fn maintenance(&self, now: Timestamp) -> Result<Maintained, StoreError> {
        let writer = &self.inner.writer;
        let oldest = now.plus_millis(-apply::KEY_LIFE_MS);
        let keys = writer
            .alone("maintain", move |conn| {
                Ok(conn.execute("DELETE FROM idempotency WHERE at < ?1", [oldest.0])? as u64)
            })
            .await?;
        let mut steps = 0;
        while writer.alone("maintain", |conn| forget::step(conn)).await? {
            steps += 1;
        }
        writer
            .alone("maintain", |conn| {
                conn.busy_timeout(CHECKPOINT_WAIT)?;
                let checkpoint = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
                conn.busy_timeout(connection::BUSY)?;
                conn.execute_batch("PRAGMA optimize")?;
                Ok(checkpoint?)
            })
            .await?;
        Ok(Maintained { steps, keys })
    }

    /// Writes what was committed before, closes the file and leaves no write-ahead log. Every other handle is
    /// told [`ErrorKind::Closed`] from then on.
    pub async fn close(self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.inner.path).finish()
    }
}

#[cfg(test)]
mod tests;
