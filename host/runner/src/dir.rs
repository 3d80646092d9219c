//! One attempt's directory: the only thing that a daemon, its shim and the next daemon share.
//!
//! | file           | written by | holds                                                             |
//! | -------------- | ---------- | ----------------------------------------------------------------- |
//! | `command.json` | daemon     | [`ShimSpec`]                                                      |
//! | `lock`         | shim       | nothing; locked exclusively from before the start to after the end |
//! | `running.json` | shim       | [`Owner`], padded so that the report fits on a full disk          |
//! | `usage.json`   | shim       | [`LiveUsage`], padded and rewritten in place; none in the first second |
//! | `exit.json`    | shim       | [`ExitReport`]; `running.json`, rewritten and renamed             |
//! | `log`, `log.N` | shim       | the output; see [`crate::log_files`]                              |
//! | `marks.json`   | daemon     | where in the log something was seen; see [`crate::MarkWriter`]    |
//! | `kill`         | daemon     | [`KillReason`]; its being there is the request                    |
//! | `scratch/`     | daemon     | the plugin's scripts and the program's temporary files            |
//!
//! Nothing here is synced to disk: a machine that goes down takes its processes along, and an attempt without a
//! readable `exit.json` counts as lost.

use crate::cgroup;
use crate::report::{End, ExitReport, KillReason, Owner, now};
use crate::spec::ShimSpec;
use crate::usage::{self, LiveUsage};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong with an attempt's directory.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// The file system said no.
    #[error("cannot {action} {}: {source}; check the disk space and the permissions of the state directory", path.display())]
    Io {
        /// Such as `create`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} is not readable as what it should hold: {source}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A command or path that JSON cannot carry.
    #[error("the command cannot be written to {}: {source}; farmhand needs paths in UTF-8", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// Where an attempt is, as its directory tells it.
#[derive(Debug, Clone, PartialEq)]
pub enum DirState {
    /// Its shim lives.
    Held,
    /// It has ended.
    Settled(Box<ExitReport>),
    /// Its shim is gone and left no report; [`AttemptDir::try_settle`] ends what is left of it.
    Lost,
}

/// The directory of one attempt. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptDir {
    path: PathBuf,
}

impl AttemptDir {
    /// Makes the directory with its `scratch`; an error where it is there already, since attempt ids never repeat.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, DirError> {
        let dir = Self { path: path.into() };
        let made = match fs::create_dir(&dir.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(&dir.path),
            made => made,
        };
        made.and_then(|()| fs::create_dir(dir.scratch())).map_err(dir.error("create", &dir.path))?;
        Ok(dir)
    }

    /// A directory that was made before, by this daemon or an earlier one.
    #[must_use]
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For scripts and temporary files.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.path.join("scratch")
    }

    /// The first file of the output.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(crate) fn running_file(&self) -> PathBuf {
        self.path.join("running.json")
    }

    pub(crate) fn exit_file(&self) -> PathBuf {
        self.path.join("exit.json")
    }

    pub(crate) fn usage_file(&self) -> PathBuf {
        self.path.join("usage.json")
    }

    fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }

    fn kill_file(&self) -> PathBuf {
        self.path.join("kill")
    }

    fn command_file(&self) -> PathBuf {
        self.path.join("command.json")
    }

    /// Writes what the shim will run. Before [`crate::ShimPool::start`].
    pub fn write_command(&self, spec: &ShimSpec) -> Result<(), DirError> {
        let path = self.command_file();
        let text =
            serde_json::to_vec(spec).map_err(|source| DirError::Unwritable { path: path.clone(), source })?;
        fs::write(&path, text).map_err(self.error("write", &path))
    }

    /// What the shim runs.
    pub fn command(&self) -> Result<ShimSpec, DirError> {
        let path = self.command_file();
        let text = fs::read(&path).map_err(self.error("read", &path))?;
        serde_json::from_slice(&text).map_err(|source| DirError::Malformed { path, source })
    }

    /// Who runs it; absent before the start, after the end, and while that is being rewritten.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        serde_json::from_slice(&fs::read(self.running_file()).ok()?).ok()
    }

    /// What its processes took when its shim looked last; absent before the first look, and while it is being rewritten.
    #[must_use]
    pub fn live_usage(&self) -> Option<LiveUsage> {
        usage::read(&self.usage_file())
    }

    /// How it ended; absent while there is no whole report.
    #[must_use]
    pub fn report(&self) -> Option<ExitReport> {
        serde_json::from_slice(&fs::read(self.exit_file()).ok()?).ok()
    }

    /// Where it is. Changes nothing.
    pub fn state(&self) -> Result<DirState, DirError> {
        if let Some(report) = self.report() {
            return Ok(DirState::Settled(Box::new(report)));
        }
        let path = self.lock_file();
        let lock = match File::open(&path) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(DirState::Lost),
            Err(error) => return Err(self.error("open", &path)(error)),
        };
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Ok(DirState::Held),
            Err(TryLockError::Error(error)) => Err(self.error("lock", &path)(error)),
            // The report may have come between the first look and the lock.
            Ok(()) => Ok(self.report().map_or(DirState::Lost, |report| DirState::Settled(Box::new(report)))),
        }
    }

    /// Takes the lock that says "I own this attempt"; `None` while another process does.
    pub(crate) fn try_own(&self) -> Result<Option<File>, DirError> {
        let path = self.lock_file();
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(self.error("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.error("lock", &path)(error)),
        }
    }

    /// Asks the shim to end the process tree. It looks for this ten times a second, which needs neither a pipe to it
    /// nor its process id and so serves an adopted attempt as well. Asking twice changes nothing.
    pub fn request_kill(&self, reason: KillReason) -> Result<(), DirError> {
        let path = self.kill_file();
        if path.exists() {
            return Ok(());
        }
        let draft = self.path.join("kill.part");
        let mut file = File::create(&draft).map_err(self.error("create", &draft))?;
        if let Err(error) = serde_json::to_writer(&mut file, &reason) {
            // The file's being there is the request: on a full disk only the reason is lost.
            tracing::warn!(path = %path.display(), %error, "the reason for ending an attempt could not be written");
        }
        fs::rename(&draft, &path).map_err(self.error("create", &path))
    }

    /// The request to end, where there is one. One without a readable reason counts as a person's.
    pub(crate) fn kill_request(&self) -> Option<KillReason> {
        let text = fs::read(self.kill_file()).ok()?;
        Some(serde_json::from_slice(&text).unwrap_or(KillReason::Cancel))
    }

    /// The report of an attempt whose shim is gone; `None` while it lives.
    ///
    /// Where the shim left none, what is left of the process tree is killed and the attempt is reported as lost, all
    /// under the attempt's lock: a shim that was told of it but had not begun will then refuse to, so no frame is
    /// rendered twice. Blocks for as long as the killing takes.
    pub fn try_settle(&self) -> Result<Option<ExitReport>, DirError> {
        let Some(_lock) = self.try_own()? else { return Ok(None) };
        if let Some(report) = self.report() {
            return Ok(Some(report));
        }
        let owner = self.owner();
        let leftovers = crate::os::kill_leftovers(owner.as_ref(), self);
        let message = match leftovers.survivors {
            0 => {
                format!("the shim ended without a report; {} of its processes were killed", leftovers.killed)
            }
            n => format!(
                "the shim ended without a report, and {n} of its processes cannot be killed; look at the \
                          file system that they wait for"
            ),
        };
        let ended = now();
        let mut report =
            ExitReport::bare(End::Lost { message }, owner.map_or(ended, |owner| owner.started), ended);
        report.leftovers = leftovers.killed;
        report.usage = self.live_usage().unwrap_or_default().so_far;
        if let Ok(ShimSpec { cgroup: Some(cgroup), .. }) = self.command() {
            cgroup::remove(&cgroup.path);
        }
        self.write_report(&report)?;
        Ok(Some(report))
    }

    fn write_report(&self, report: &ExitReport) -> Result<(), DirError> {
        let (draft, path) = (self.running_file(), self.exit_file());
        let text = serde_json::to_vec(report)
            .map_err(|source| DirError::Unwritable { path: path.clone(), source })?;
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, &path)).map_err(self.error("write", &path))
    }

    pub(crate) fn error<'a>(
        &self,
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> DirError + use<'a> {
        move |source| DirError::Io { action, path: path.to_owned(), source }
    }
}
