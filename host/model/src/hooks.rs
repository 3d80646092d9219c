//! Hooks: what a studio or a plugin has done before and after jobs, tasks and frames, as plain types. Who carries
//! them out, and how, is the host's business.

use crate::{AttemptId, Seconds, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use utoipa::ToSchema;

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Before the job's first task starts.
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
    /// All of them, in the order in which they come.
    pub const ALL: [Moment; 6] = [
        Moment::BeforeJob,
        Moment::BeforeTask,
        Moment::BeforeFrame,
        Moment::AfterFrame,
        Moment::AfterTask,
        Moment::AfterJob,
    ];

    /// As jobs, logs and pages spell it.
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

    /// Whether it comes inside the DCC, where only the plugin's generated script can run anything.
    #[must_use]
    pub fn is_of_frame(self) -> bool {
        matches!(self, Moment::BeforeFrame | Moment::AfterFrame)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What becomes of the job when a hook fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The task counts as failed, or the job where it is a job's hook.
    #[default]
    Fail,
    /// It is noted, and the job goes on.
    Warn,
    /// The job waits until a person lets it go on.
    Hold,
}

/// One of the studio's own scripts that a job asks for, by its name in the configured directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookRequest {
    /// The file's name in the hooks directory; for frames it ends in `.py`.
    pub name: String,
    /// When it runs.
    pub at: Moment,
    /// What becomes of the job when it fails.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// A studio's script as a plugin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookScript {
    /// The file's name in the hooks directory.
    pub name: String,
    /// Absolute path.
    pub path: PathBuf,
    /// When it runs.
    pub moment: Moment,
    /// What becomes of the job when it fails.
    pub on_failure: OnFailure,
}

/// One step of a plugin's hook.
#[derive(Debug, Clone, PartialEq)]
pub enum HookAction {
    /// Run one of the descriptor's tools.
    Run {
        /// The tool's id.
        tool: String,
        /// Arguments as a vector.
        args: Vec<String>,
        /// Added to the host's render environment.
        env: Vec<(String, String)>,
        /// How long it may take; absent: the host's limit for hooks.
        limit: Option<Seconds>,
    },
    /// Write a file, replacing one of this name.
    Write {
        /// Where.
        path: PathBuf,
        /// The whole text.
        contents: String,
    },
    /// Copy a file.
    Copy {
        /// From here.
        source: PathBuf,
        /// To here, replacing a file of this name.
        target: PathBuf,
    },
    /// Move a file.
    Move {
        /// From here.
        source: PathBuf,
        /// To here, replacing a file of this name.
        target: PathBuf,
    },
    /// Make a directory with its parents; one that is there is fine.
    MakeDirectory(
        /// Which.
        PathBuf,
    ),
    /// Remove a file or an empty directory; one that is not there is fine.
    Remove(
        /// Which.
        PathBuf,
    ),
    /// A sentence for the job's notes.
    Note(
        /// The sentence.
        String,
    ),
}

/// A plugin's hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// What the log calls it.
    pub name: String,
    /// In this order; the first that fails ends the hook.
    pub actions: Vec<HookAction>,
    /// What becomes of the job when it fails.
    pub on_failure: OnFailure,
}

/// How a job ended, for its `after-job` hooks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JobEnd {
    /// Whether every frame is done or skipped.
    pub complete: bool,
    /// Frames done or skipped.
    pub frames_done: u64,
    /// Frames given up.
    pub frames_failed: u64,
    /// From the start of its first attempt.
    pub seconds: Seconds,
}

/// Where a job is with the hooks of one of its two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HookPhase {
    /// There are none, or they have run.
    #[default]
    Over,
    /// They are still to run.
    Due,
    /// They run now; after a restart they are due again.
    Running,
}

/// One hook that has run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HookRun {
    /// What it is called.
    pub name: String,
    /// When it ran.
    pub moment: Moment,
    /// For which attempt, where it is a task's.
    pub attempt: Option<AttemptId>,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub seconds: Seconds,
    /// What went wrong; absent where nothing did.
    pub error: Option<String>,
    /// What became of the job because of that.
    pub on_failure: OnFailure,
}

/// What the hooks of a moment came to, all together.
#[derive(Debug, Clone, PartialEq)]
pub enum HooksResult {
    /// The job goes on; some may have failed with a warning.
    GoOn,
    /// The task, or the job, counts as failed.
    Fail(
        /// Which hook, and why.
        String,
    ),
    /// The job waits for a person.
    Hold(
        /// Which hook, and why.
        String,
    ),
}
