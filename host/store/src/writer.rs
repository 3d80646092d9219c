//! The one thread that writes. Whoever waits at the same moment is committed in the same transaction: one fsync
//! for all of them.

use crate::apply::apply;
use crate::error::{At, ErrorKind, StoreError};
use crate::lock::Lock;
use crate::wal::WalWatch;
use farmhand_model::Change;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait; beyond it, callers wait before they are queued.
const QUEUE: usize = 1024;

/// Changes after which a group takes no more requests, so that nobody waits long for the work of others.
const GROUP_CHANGES: usize = 4096;

/// Anything else to be done on the writer's connection, between two groups.
type Job = Box<dyn FnOnce(&mut Connection) + Send>;

enum Work {
    Commit(Request),
    Alone(Job),
    Close,
}

struct Request {
    changes: Vec<Change>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// The queue to the thread. When it is dropped, what was queued is still written, and the file is closed.
pub(crate) struct Writer {
    path: Arc<Path>,
    queue: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        path: Arc<Path>,
        conn: Connection,
        lock: Lock,
        wal: WalWatch,
    ) -> Result<Self, std::io::Error> {
        let (queue, mut works) = mpsc::channel(QUEUE);
        let own = Arc::clone(&path);
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            run(&own, conn, &mut works, wal);
            // Another farmhand may open the file once it is closed, and `close` waits for the end of the queue.
            drop(lock);
            drop(works);
        })?;
        Ok(Self { path, queue: Some(queue), thread: Some(thread) })
    }

    /// Makes the changes durable, all or none.
    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Work::Commit(Request { changes, reply })).await?;
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Runs `job` on the writer's connection once the group before it is committed.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&mut Connection) -> Result<T, ErrorKind> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let path = Arc::clone(&self.path);
        self.send(Work::Alone(Box::new(move |conn| {
            // Nobody may be waiting any more, which is no reason not to do it.
            let _ = reply.send(job(conn).at(&path, doing));
        })))
        .await?;
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Writes what was queued before and closes the file.
    pub(crate) async fn close(&self) {
        if let Some(queue) = &self.queue
            && queue.send(Work::Close).await.is_ok()
        {
            queue.closed().await;
        }
    }

    async fn send(&self, work: Work) -> Result<(), StoreError> {
        match &self.queue {
            Some(queue) => queue.send(work).await.map_err(|_| self.closed()),
            None => Err(self.closed()),
        }
    }

    fn closed(&self) -> StoreError {
        ErrorKind::Closed.at(&self.path, "commit to")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was reported to everybody who waited for it.
            let _ = thread.join();
        }
    }
}

fn run(path: &Arc<Path>, mut conn: Connection, works: &mut mpsc::Receiver<Work>, mut wal: WalWatch) {
    while let Some(first) = works.blocking_recv() {
        let mut group = Vec::new();
        let mut size = 0;
        let mut next = Some(first);
        let other = loop {
            match next {
                Some(Work::Commit(request)) => {
                    size += request.changes.len();
                    group.push(request);
                }
                other => break other,
            }
            next = if size < GROUP_CHANGES { works.try_recv().ok() } else { None };
        };
        if !group.is_empty() {
            commit(path, &mut conn, group);
        }
        match other {
            Some(Work::Alone(job)) => job(&mut conn),
            Some(Work::Close) => break,
            Some(Work::Commit(_)) | None => {}
        }
        wal.look();
    }
    if let Err((_, error)) = conn.close() {
        tracing::warn!(path = %path.display(), %error, "the database was not closed cleanly; nothing is lost");
    }
}

fn commit(path: &Arc<Path>, conn: &mut Connection, group: Vec<Request>) {
    let outcomes = commit_group(conn, &group).unwrap_or_else(|kind| {
        tracing::error!(path = %path.display(), waiting = group.len(), "commit failed: {kind}");
        vec![Err(kind); group.len()]
    });
    for (request, outcome) in group.into_iter().zip(outcomes) {
        // Whoever stopped waiting does not want to know.
        let _ = request.reply.send(outcome.at(path, "commit to"));
    }
}

/// Commits the group in one transaction. A request that is refused leaves the others alone; any other error is
/// everybody's, and nothing of the group is kept.
fn commit_group(conn: &mut Connection, group: &[Request]) -> Result<Vec<Result<(), ErrorKind>>, ErrorKind> {
    let mut tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for request in group {
        let savepoint = tx.savepoint()?;
        match request.changes.iter().try_for_each(|change| apply(&savepoint, change)) {
            Ok(()) => {
                savepoint.commit()?;
                outcomes.push(Ok(()));
            }
            Err(kind) if kind.is_refusal() => {
                savepoint.finish()?;
                outcomes.push(Err(kind));
            }
            Err(kind) => return Err(kind),
        }
    }
    tx.commit()?;
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::{Store, connection};
    use farmhand_model::{JobId, JobStatus};

    /// Transactions in a WAL that has not been checkpointed: the frames that carry the size of the database.
    fn transactions(wal: &Path) -> usize {
        let bytes = std::fs::read(wal).unwrap();
        let page = u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize;
        bytes[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
    }

    #[tokio::test]
    async fn those_who_wait_together_are_committed_together_and_only_the_one_at_fault_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path: Arc<Path> = dir.path().join("farmhand.db").into();
        Store::open(&path).unwrap().0.close().await;
        let conn = connection::open(&path).unwrap();
        connection::configure(&conn, connection::Role::Writer).unwrap();
        let wal = connection::beside(&path, "-wal");
        let watch = WalWatch::new(wal.clone(), Arc::default());
        let lock = Lock::acquire(&path).unwrap();
        let writer = Arc::new(Writer::start(Arc::clone(&path), conn, lock, watch).unwrap());

        let (release, held) = std::sync::mpsc::channel::<()>();
        let busy = tokio::spawn({
            let writer = Arc::clone(&writer);
            async move { writer.alone("wait", move |_| Ok(held.recv().is_ok())).await }
        });
        let waiting: Vec<_> = (1..=20)
            .map(|id| {
                let writer = Arc::clone(&writer);
                let change = if id == 13 {
                    Change::Settled(samples::frame(99, 0, 1))
                } else {
                    Change::Job(Box::new(samples::job(id, JobStatus::Waiting)))
                };
                tokio::spawn(async move { writer.commit(vec![change]).await })
            })
            .collect();
        let queue = writer.queue.as_ref().unwrap();
        while queue.capacity() > QUEUE - 20 {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        assert!(busy.await.unwrap().unwrap());
        for (id, commit) in (1..).zip(waiting) {
            match commit.await.unwrap() {
                Ok(()) => assert_ne!(id, 13),
                Err(error) => {
                    assert_eq!(id, 13);
                    assert!(matches!(error.kind, ErrorKind::UnknownJob(JobId(99))), "{error}");
                    assert!(error.to_string().ends_with("there is no job 99"), "{error}");
                }
            }
        }
        assert_eq!(transactions(&wal), 1);
    }
}
