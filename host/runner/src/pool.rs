//! The daemon's end of its shims: keeps a few ready, hands them attempts, and waits for what becomes of these.
//!
//! Which attempt starts when is not decided here.

use crate::dir::{AttemptDir, DirError, DirState};
use crate::report::{End, ExitReport, KillReason, now};
use crate::shim::Reply;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How often the lock of an adopted attempt is tried.
const ADOPTED_LOOK: Duration = Duration::from_millis(50);

/// Why an attempt could not be given to a shim.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// No shim.
    #[error("cannot start a shim from {}: {source}; check that the program is there and may be run", program.display())]
    Spawn {
        /// What was to be the shim.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A shim that had just been started did not listen.
    #[error("the shim does not take the attempt: {0}; run `farmhand shim` by hand to see why")]
    Deaf(io::Error),
    /// A path that JSON cannot carry.
    #[error("{} cannot be handed to a shim: farmhand needs paths in UTF-8", .0.display())]
    Path(PathBuf),
}

/// Shims that are kept ready. Dropping the pool, and even the daemon's death, ends no attempt: shims finish what they
/// have and exit when their input closes.
#[derive(Debug, Clone)]
pub struct ShimPool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    program: PathBuf,
    args: Vec<OsString>,
    max_idle: usize,
    attempts_per_shim: u32,
    idle: Mutex<Vec<Shim>>,
}

#[derive(Debug)]
struct Shim {
    /// Held so that the runtime waits for it when it ends.
    child: Child,
    input: ChildStdin,
    replies: Lines<BufReader<ChildStdout>>,
    served: u32,
}

impl ShimPool {
    /// Shims are started as `program args…`, which must end up in [`crate::shim_main`].
    #[must_use]
    pub fn new(program: PathBuf, args: Vec<OsString>) -> Self {
        Self::with_limits(program, args, 8, 1000)
    }

    /// At most `max_idle` shims wait for work, and each takes at most `attempts_per_shim` attempts in its life.
    #[must_use]
    pub fn with_limits(
        program: PathBuf,
        args: Vec<OsString>,
        max_idle: usize,
        attempts_per_shim: u32,
    ) -> Self {
        let inner = Inner { program, args, max_idle, attempts_per_shim, idle: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Gives the attempt, whose command is written, to a shim. Whether its program starts is in the report.
    pub async fn start(&self, dir: &AttemptDir) -> Result<RunningAttempt, PoolError> {
        let mut line = serde_json::to_vec(dir.path()).map_err(|_| PoolError::Path(dir.path().to_owned()))?;
        line.push(b'\n');
        loop {
            let (mut shim, fresh) = match self.inner.take_idle() {
                Some(shim) => (shim, false),
                None => (self.inner.spawn()?, true),
            };
            match shim.input.write_all(&line).await {
                Ok(()) => {
                    let source = Source::Shim { shim: Box::new(shim), pool: Arc::clone(&self.inner) };
                    return Ok(RunningAttempt { dir: dir.clone(), source });
                }
                Err(error) if fresh => return Err(PoolError::Deaf(error)),
                // It died while it waited: the next one, or a new one.
                Err(error) => tracing::debug!(%error, "an idle shim was gone"),
            }
        }
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Shim>> {
        // A list of shims is whole whatever happened to the thread that held it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was busy last, so that the others stay out of the caches and of memory.
    fn take_idle(&self) -> Option<Shim> {
        self.idle().pop()
    }

    fn give_back(&self, mut shim: Shim) {
        shim.served += 1;
        let mut idle = self.idle();
        if shim.served < self.attempts_per_shim && idle.len() < self.max_idle {
            idle.push(shim);
        }
    }

    fn spawn(&self) -> Result<Shim, PoolError> {
        let error = |source| PoolError::Spawn { program: self.program.clone(), source };
        let mut command = Command::new(&self.program);
        // Standard error goes nowhere: a shim that held the daemon's would keep whoever reads that waiting.
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(error)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| error(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Shim { child, input, replies: BufReader::new(output).lines(), served: 0 })
    }
}

/// An attempt that a shim owns, whether this daemon started it or found it.
#[derive(Debug)]
pub struct RunningAttempt {
    dir: AttemptDir,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// This daemon's own shim, which answers.
    Shim { shim: Box<Shim>, pool: Arc<Inner> },
    /// An earlier daemon's shim: its lock is all there is.
    Adopted,
    /// Over.
    Settled(Box<ExitReport>),
}

impl RunningAttempt {
    /// An attempt that an earlier daemon started, whatever has become of it since: [`Self::wait`] returns at once
    /// where it has ended, and ends what is left of one whose shim is gone.
    pub fn adopt(dir: AttemptDir) -> Result<Self, DirError> {
        let source = match dir.state()? {
            DirState::Settled(report) => Source::Settled(report),
            DirState::Held | DirState::Lost => Source::Adopted,
        };
        Ok(Self { dir, source })
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &AttemptDir {
        &self.dir
    }

    /// The process id of its shim, where it has taken the attempt or is this daemon's own.
    #[must_use]
    pub fn shim_pid(&self) -> Option<u32> {
        match &self.source {
            Source::Shim { shim, .. } => shim.child.id(),
            Source::Adopted => self.dir.owner().map(|owner| owner.shim.pid),
            Source::Settled(_) => None,
        }
    }

    /// Asks for its end; [`Self::wait`] tells when that has come. Also there as [`AttemptDir::request_kill`].
    pub fn kill(&self, reason: KillReason) -> Result<(), DirError> {
        self.dir.request_kill(reason)
    }

    /// Waits until its process tree is empty. Nothing is lost where the future is dropped, and a second call gives
    /// the same answer.
    pub async fn wait(&mut self) -> ExitReport {
        let report = loop {
            match &mut self.source {
                Source::Settled(report) => return ExitReport::clone(report),
                Source::Adopted => break settle(self.dir.clone()).await,
                Source::Shim { shim, .. } => match next_reply(shim).await {
                    Ok(Reply::Done(report)) => break report,
                    Ok(Reply::Refused(reason)) => {
                        tracing::warn!(dir = %self.dir.path().display(), reason, "the shim refused an attempt");
                    }
                    Err(error) => {
                        tracing::warn!(dir = %self.dir.path().display(), %error, "the shim went away");
                    }
                },
            }
            self.source = Source::Adopted;
        };
        let settled = Source::Settled(Box::new(report.clone()));
        if let Source::Shim { shim, pool } = std::mem::replace(&mut self.source, settled) {
            pool.give_back(*shim);
        }
        report
    }
}

async fn next_reply(shim: &mut Shim) -> io::Result<Reply> {
    let line = shim.replies.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(serde_json::from_str(&line)?)
}

/// Waits for the lock, and then for what is left to be ended.
async fn settle(dir: AttemptDir) -> ExitReport {
    loop {
        let looked = dir.clone();
        let settled = match tokio::task::spawn_blocking(move || looked.try_settle()).await {
            Ok(settled) => settled.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match settled {
            Ok(Some(report)) => return report,
            Ok(None) => tokio::time::sleep(ADOPTED_LOOK).await,
            Err(message) => {
                let message = format!("nothing is known of this attempt: {message}");
                return ExitReport::bare(End::Lost { message }, now(), now());
            }
        }
    }
}
