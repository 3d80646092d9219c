//! What is kept in memory of logs that somebody looks at: where their lines are, and what reads like an error in them.
//! Bounded in logs, in bytes of each, and in how many are read at once.

use super::search::ErrorScan;
use farmhand_runner::{LogFiles, LogIndex};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Most logs that are known at once; each takes up to about 300 kB.
const MOST_LOGS: usize = 64;
/// Logs that are read at once. A machine that renders has better things to do.
const MOST_READS: usize = 4;

/// The logs that somebody looks at. Cheap to clone.
#[derive(Clone)]
pub(in crate::api) struct KnownLogs {
    /// The one used last comes last.
    logs: Arc<Mutex<Vec<Entry>>>,
    places: Arc<Semaphore>,
}

/// Where a log lies, and what is known of it.
type Entry = (PathBuf, Arc<Mutex<Known>>);

/// What is known of one log.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) index: LogIndex,
    pub(super) errors: ErrorScan,
}

/// When to stop reading: the client is gone, or the time for one answer is over.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    gone: CancellationToken,
    until: Instant,
}

impl Stop {
    pub(super) fn is_due(&self) -> bool {
        self.gone.is_cancelled() || Instant::now() >= self.until
    }

    pub(super) fn go_on(&self) -> ControlFlow<()> {
        if self.is_due() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// One log as it is now.
pub(in crate::api) struct Look {
    pub(super) log: LogFiles,
    pub(super) live: bool,
    pub(super) stop: Stop,
    known: Arc<Mutex<Known>>,
}

impl Look {
    /// One that has so much time.
    #[cfg(test)]
    pub(super) fn at(log: LogFiles, live: bool, time: Duration) -> Self {
        let stop = Stop { gone: CancellationToken::new(), until: Instant::now() + time };
        Self { log, live, stop, known: Arc::default() }
    }

    /// The same log, as it is now.
    #[cfg(test)]
    pub(super) fn again(&self, log: LogFiles, live: bool) -> Self {
        Self { log, live, stop: self.stop.clone(), known: Arc::clone(&self.known) }
    }

    /// What is known of it, after a look at what it has got since.
    pub(super) fn known(&self) -> io::Result<MutexGuard<'_, Known>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.index.update(&self.log, || self.stop.go_on())?;
        Ok(known)
    }
}

impl KnownLogs {
    pub(in crate::api) fn new() -> Self {
        Self { logs: Arc::default(), places: Arc::new(Semaphore::new(MOST_READS)) }
    }

    /// Reads a log where that may block, for so long at most. Stops soon after whoever asks is gone.
    pub(in crate::api) async fn look<T: Send + 'static>(
        &self,
        path: &Path,
        live: bool,
        time: Duration,
        work: impl FnOnce(&Look) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let gone = CancellationToken::new();
        let _when_dropped = gone.clone().drop_guard();
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let known = self.known(path);
        let path = path.to_owned();
        super::blocking(move || {
            let _place = place;
            let stop = Stop { gone, until: Instant::now() + time };
            work(&Look { log: LogFiles::open(&path)?, live, stop, known })
        })
        .await
    }

    fn known(&self, path: &Path) -> Arc<Mutex<Known>> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match logs.iter().position(|(own, _)| own == path) {
            Some(at) => logs.remove(at),
            None => (path.to_owned(), Arc::default()),
        };
        let known = Arc::clone(&entry.1);
        logs.push(entry);
        if logs.len() > MOST_LOGS {
            logs.remove(0);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_used_last_are_kept() {
        let logs = KnownLogs::new();
        let path = |n: usize| PathBuf::from(format!("/attempts/{n}/log"));
        let first = logs.known(&path(0));
        for n in 1..MOST_LOGS {
            logs.known(&path(n));
        }
        assert!(Arc::ptr_eq(&first, &logs.known(&path(0))));
        let second = logs.known(&path(1));
        logs.known(&path(MOST_LOGS));
        assert!(Arc::ptr_eq(&first, &logs.known(&path(0))));
        assert!(Arc::ptr_eq(&second, &logs.known(&path(1))));
        assert_eq!(logs.logs.lock().unwrap().len(), MOST_LOGS);
        assert!(logs.logs.lock().unwrap().iter().all(|(own, _)| *own != path(2)));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_read_on() {
        let logs = KnownLogs::new();
        let dir = tempfile::tempdir().unwrap();
        let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let path = dir.path().join("log");
        let look = logs.look(&path, false, Duration::from_secs(3600), move |look| {
            said.send(look.stop.is_due()).map_err(io::Error::other)?;
            wait.recv().map_err(io::Error::other)?;
            said.send(look.stop.is_due()).map_err(io::Error::other)
        });
        let mut look = Box::pin(look);
        assert!(futures::poll!(&mut look).is_pending());
        assert_eq!(heard.recv().await, Some(false));
        drop(look);
        go.send(()).unwrap();
        assert_eq!(heard.recv().await, Some(true), "the reading must hear that nobody waits");
    }
}
