//! Ctrl-C and SIGTERM for commands that wait: the first one is asked about, the second one ends the process at once.

use super::error::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Whether somebody wants this to end.
#[derive(Clone)]
pub(super) struct Interrupt {
    asked: Arc<AtomicBool>,
    notify: Arc<Notify>,
}

impl Interrupt {
    /// Listens from now on, on the runtime that this is called in.
    pub(super) fn listen() -> std::io::Result<Self> {
        let interrupt = Self { asked: Arc::default(), notify: Arc::default() };
        let mut signals = Signals::new()?;
        let told = interrupt.clone();
        tokio::spawn(async move {
            signals.next().await;
            told.asked.store(true, Ordering::SeqCst);
            told.notify.notify_waiters();
            signals.next().await;
            // What was promised to be tidied up is left to the next daemon, which is made for that.
            std::process::exit(i32::from(exit::INTERRUPTED));
        });
        Ok(interrupt)
    }

    /// Whether the first signal has come.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Returns when the first signal has come.
    pub(super) async fn asked(&self) {
        let notified = self.notify.notified();
        if !self.is_asked() {
            notified.await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
