//! What a job would run, without running anything: the answer to a dry run.

use crate::view::CommandView;
use crate::{FrameSet, JobSpec, Needs};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The whole answer to a dry run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// The job as it would be kept.
    pub job: JobSpec,
    /// What a person should know before it starts.
    pub notes: Vec<String>,
    /// What would run at each level that the job may use, in order.
    pub levels: Vec<LevelPlan>,
}

/// What would run at one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LevelPlan {
    /// The level's name.
    pub name: String,
    /// What it does, in one line.
    pub summary: String,
    /// What a task needs besides threads and licences, of which an absent part is left to the node.
    #[serde(default)]
    pub needs: Needs,
    /// Why nothing can run at this level here: a program is missing, or the plugin failed.
    pub problem: Option<String>,
    /// The first tasks.
    pub tasks: Vec<TaskPlan>,
    /// How many more tasks there would be, if each had as many frames as the level takes at once.
    pub more_tasks: u64,
}

/// One task that would run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaskPlan {
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// Its frames.
    pub frames: FrameSet,
    /// The exact command. The attempt's own directories are stand-ins: `…/attempts/0/…`.
    pub command: CommandView,
    /// Files that would be written before it starts.
    pub files: Vec<PlannedFile>,
    /// Where its images would end up, as far as that is known before; the first ones.
    pub outputs: Vec<String>,
    /// How many more images there would be.
    pub more_outputs: u64,
}

/// A file that would be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedFile {
    /// Absolute path.
    pub path: String,
    /// The whole text.
    pub contents: String,
}
