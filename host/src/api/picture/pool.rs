//! Two threads of low priority that decode: never more at once, and never before an answer of the API. Work that nobody
//! waits for any more is dropped where it stands in the queue, and told so where it runs.

use super::PictureError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Decoded at once: two large frames take about as much memory as everything else in the daemon, so never three.
const AT_ONCE: usize = 2;

/// Below the answers of the API.
const NICE: i32 = 5;

/// Whether somebody still waits for a piece of work.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish(Arc<AtomicBool>);

impl Wish {
    /// An error when nobody does.
    pub(super) fn check(&self) -> Result<(), Fail> {
        if self.0.load(Ordering::Relaxed) { Err(Fail::NotWanted) } else { Ok(()) }
    }
}

/// Says so when the wish is dropped.
struct Withdraw(Wish);

impl Drop for Withdraw {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Why a piece of work came to no end.
#[derive(Debug)]
pub(super) enum Fail {
    /// Nobody waits for it.
    NotWanted,
    /// What is wrong with the file, in words for people.
    File(String),
}

impl From<String> for Fail {
    fn from(reason: String) -> Self {
        Self::File(reason)
    }
}

type Task = Box<dyn FnOnce() + Send>;

/// The threads; they end when it is dropped.
pub(super) struct Pool {
    tasks: Mutex<Sender<Task>>,
}

impl Pool {
    pub(super) fn new() -> Self {
        let (sender, receiver) = channel::<Task>();
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 1..=AT_ONCE {
            let receiver = Arc::clone(&receiver);
            let thread = std::thread::Builder::new().name(format!("picture-{number}"));
            if let Err(error) = thread.spawn(move || work_off(&receiver)) {
                tracing::error!(%error, "a thread that makes pictures did not start");
            }
        }
        Self { tasks: Mutex::new(sender) }
    }

    /// Does a piece of work when its turn comes. Dropping the future withdraws it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Wish) -> Result<T, PictureError> + Send + 'static,
    ) -> Result<T, PictureError> {
        let internal = |what: &str| PictureError::Internal(what.to_owned());
        let withdraw = Withdraw(Wish::default());
        let wish = withdraw.0.clone();
        let (answer, answered) = oneshot::channel();
        let task = Box::new(move || {
            if wish.check().is_err() {
                return;
            }
            // A decoder that panics over a broken file costs that picture and nothing else.
            let result = catch_unwind(AssertUnwindSafe(|| work(&wish))).unwrap_or_else(|_| {
                Err(PictureError::Internal("the decoder failed on this file".to_owned()))
            });
            // Nobody may wait for it any more.
            let _ = answer.send(result);
        });
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(task)
            .map_err(|_| internal("no thread makes pictures"))?;
        answered.await.map_err(|_| internal("the thread that makes pictures ended"))?
    }
}

fn work_off(tasks: &Mutex<Receiver<Task>>) {
    farmhand_runner::lower_own_thread(NICE);
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(task) => task(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_goes_on() {
        let pool = Pool::new();
        for _ in 0..2 * AT_ONCE {
            let result = pool.run::<()>(|_| panic!("as a decoder may")).await;
            assert!(matches!(result, Err(PictureError::Internal(_))), "{result:?}");
        }
        assert_eq!(pool.run(|_| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done_and_what_runs_is_told() {
        let pool = Arc::new(Pool::new());
        let (told, tell) = channel();
        let (started, has_started) = channel();
        let running: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (pool, told, started) = (Arc::clone(&pool), told.clone(), started.clone());
                tokio::spawn(async move {
                    pool.run(move |wish| {
                        started.send(()).ok();
                        while wish.check().is_ok() {
                            std::thread::yield_now();
                        }
                        told.send("stopped").ok();
                        Ok(())
                    })
                    .await
                })
            })
            .collect();
        let has_started = tokio::task::spawn_blocking(move || {
            for _ in 0..AT_ONCE {
                has_started.recv().unwrap();
            }
        });
        has_started.await.unwrap();
        let queued = told.clone();
        let waits = pool.run(move |_| {
            queued.send("done").ok();
            Ok(())
        });
        // Polled once, so that it stands in the queue, and then dropped.
        assert!(futures::FutureExt::now_or_never(waits).is_none());
        running.iter().for_each(tokio::task::JoinHandle::abort);
        assert_eq!(pool.run(|_| Ok(7)).await.unwrap(), 7);
        drop((told, pool));
        assert_eq!(tell.iter().collect::<Vec<_>>(), ["stopped"; AT_ONCE]);
    }
}
