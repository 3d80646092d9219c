//! What a plugin has done before and after jobs and tasks. A plugin runs nothing itself: it returns actions, and the
//! host carries them out inside the granted roots, with a time limit, and logs each.

use crate::{Job, Outcome, PluginError, Task};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moment {
    /// Before the job's first task starts.
    #[default]
    BeforeJob,
    /// After its last frame is settled or given up; not after a cancel.
    AfterJob,
    /// Before a task's process starts.
    BeforeTask,
    /// After a task's process has ended and its images are in place.
    AfterTask,
    /// Inside the DCC, before each frame.
    BeforeFrame,
    /// Inside the DCC, after each frame.
    AfterFrame,
}

impl Moment {
    /// As jobs and generated scripts spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Moment::BeforeJob => "before-job",
            Moment::AfterJob => "after-job",
            Moment::BeforeTask => "before-task",
            Moment::AfterTask => "after-task",
            Moment::BeforeFrame => "before-frame",
            Moment::AfterFrame => "after-frame",
        }
    }
}

/// What becomes of the job when a hook fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// The task counts as failed, or the job where it is a job's hook.
    #[default]
    Fail,
    /// It is noted, and the job goes on.
    Warn,
    /// The job waits until a person lets it go on.
    Hold,
}

impl OnFailure {
    /// As jobs and generated scripts spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OnFailure::Fail => "fail",
            OnFailure::Warn => "warn",
            OnFailure::Hold => "hold",
        }
    }
}

/// One of the studio's own scripts that a job asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookScript {
    /// The file's name in the studio's hooks directory.
    pub name: String,
    /// Absolute path.
    pub path: String,
    /// When it runs.
    pub moment: Moment,
    /// What becomes of the job when it fails.
    pub on_failure: OnFailure,
}

/// One step of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Run one of the descriptor's tools.
    Run {
        /// The tool's id.
        tool: String,
        /// Arguments.
        args: Vec<String>,
        /// Added to the environment that the host gives every render.
        env: Vec<(String, String)>,
        /// Seconds that it may take; 0 means the host's limit for hooks.
        seconds: u32,
    },
    /// Write a file, replacing one of this name.
    Write {
        /// Where.
        path: String,
        /// The whole text.
        contents: String,
    },
    /// Copy a file, replacing one of the target's name.
    Copy {
        /// From here.
        source: String,
        /// To here.
        target: String,
    },
    /// Move a file, replacing one of the target's name.
    Move {
        /// From here.
        source: String,
        /// To here.
        target: String,
    },
    /// Make a directory with its parents; one that is there is fine.
    MakeDirectory(String),
    /// Remove a file or an empty directory; one that is not there is fine.
    Remove(String),
    /// A sentence for the job's notes.
    Note(String),
}

/// Actions that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// What the log calls it.
    pub name: String,
    /// In this order; the first that fails ends the hook.
    pub actions: Vec<Action>,
    /// What becomes of the job when it fails.
    pub on_failure: OnFailure,
}

impl Hook {
    /// A hook whose failure is noted, and no more.
    #[must_use]
    pub fn new(name: &str, actions: impl IntoIterator<Item = Action>) -> Self {
        Self { name: name.into(), actions: actions.into_iter().collect(), on_failure: OnFailure::Warn }
    }

    /// Chooses what becomes of the job when it fails.
    #[must_use]
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct JobEnd {
    /// Whether every frame is done or skipped.
    pub complete: bool,
    /// Frames done or skipped.
    pub frames_done: u64,
    /// Frames given up.
    pub frames_failed: u64,
    /// From the start of its first attempt.
    pub seconds: f64,
}

/// What a plugin has done around jobs and tasks; exported with `export!(Plugin, hooks)`. A hook may run again after a
/// restart of the daemon, so its actions must be safe to repeat.
///
/// # Errors
/// Each of these may fail: the host then treats the plugin's hooks as one that failed with [`OnFailure::Fail`].
#[expect(clippy::missing_errors_doc, reason = "the trait says it once for all four")]
pub trait Hooks {
    /// Before the job's first task starts.
    fn before_job(job: &Job) -> Result<Vec<Hook>, PluginError> {
        let _ = job;
        Ok(Vec::new())
    }

    /// After its last frame is settled or given up; not after a cancel.
    fn after_job(job: &Job, end: &JobEnd) -> Result<Vec<Hook>, PluginError> {
        let _ = (job, end);
        Ok(Vec::new())
    }

    /// Before a task's process starts.
    fn before_task(task: &Task) -> Result<Vec<Hook>, PluginError> {
        let _ = task;
        Ok(Vec::new())
    }

    /// After a task's process has ended and its images are in place.
    fn after_task(task: &Task, outcome: &Outcome) -> Result<Vec<Hook>, PluginError> {
        let _ = (task, outcome);
        Ok(Vec::new())
    }
}
