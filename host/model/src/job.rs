//! Jobs: what a person submits, and what the farm makes of it.

use crate::batch::{BatchMember, NotifyWish};
use crate::fallback::Fallback;
use crate::hooks::{HookPhase, HookRequest, HookRun};
use crate::needs::{Boost, GpuNeed, LevelNeeds, Needs};
use crate::view::FrameCounts;
use crate::{Digest, FrameSet, JobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use utoipa::ToSchema;

/// In which order a job's frames are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrameOrder {
    /// First to last.
    #[default]
    Forward,
    /// Last to first.
    Reverse,
    /// First, last, middle, then in between, so that a broken shot shows early.
    Spread,
}

/// How many frames one process gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chunking {
    /// Learned: start-up stays under about 5 %, a chunk near its target time, all slots finish together.
    #[default]
    Auto,
    /// Always this many.
    Fixed(
        /// At least 1.
        u32,
    ),
    /// All frames of a layer in one process.
    Whole,
}

/// Limits of one job. Every `None` means the node's default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobLimits {
    /// Tasks at once.
    pub max_tasks: Option<u32>,
    /// Tries that transient faults may cost a frame, besides the first. Default 3.
    pub retries: Option<u32>,
    /// Seconds that one attempt may take; 0 means no limit.
    pub attempt_seconds: Option<u32>,
    /// Seconds that one frame may take, from the frame's start; 0 means no limit.
    pub frame_seconds: Option<u32>,
    /// Seconds without output, CPU use and new files after which an attempt counts as stalled; 0 means never.
    pub stall_seconds: Option<u32>,
    /// The job fails when more frames than this have failed.
    pub max_failed_frames: Option<u32>,
}

/// Chooses a plugin by name and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginChoice {
    /// The plugin's name.
    pub name: String,
    /// Which of its versions are welcome; absent: any.
    #[schema(value_type = Option<String>)]
    pub version: Option<semver::VersionReq>,
    /// The very version that decides everything about the job, however often others are saved; absent: the one that
    /// serves at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// A job after validation: everything decided that can be decided before it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobSpec {
    /// What people call it.
    pub name: String,
    /// Who submitted it.
    pub user: Option<String>,
    /// Absolute path of the scene.
    #[schema(value_type = String)]
    pub scene: PathBuf,
    /// Which plugin renders it.
    pub plugin: PluginChoice,
    /// Which versions of the DCC are welcome; absent: the newest there is.
    #[schema(value_type = Option<String>)]
    pub dcc_version: Option<semver::VersionReq>,
    /// Frames of each layer.
    pub frames: FrameSet,
    /// Layers, each rendered on its own; empty: what the scene has enabled, together.
    pub layers: Vec<String>,
    /// Where the images go, as the DCC understands it; absent: the scene's own setting.
    pub output: Option<String>,
    /// The plugin's options.
    #[schema(value_type = Object)]
    pub options: serde_json::Map<String, serde_json::Value>,
    /// 0 to 100; higher goes first.
    pub priority: u8,
    /// Jobs that must be done before this one starts.
    pub after: Vec<JobId>,
    /// In which order the frames are given out.
    pub order: FrameOrder,
    /// How many frames one process gets.
    pub chunk: Chunking,
    /// CPU threads of each task; absent: the node's default. The same for all the frames of a job.
    pub threads: Option<u32>,
    /// Images that are there and whole are not rendered again.
    pub skip_existing: bool,
    /// Limits.
    pub limits: JobLimits,
    /// Levels that may be used, by name, in the plugin's order; empty: all of them.
    #[serde(default)]
    pub levels: Vec<String>,
    /// The studio's scripts that run besides the plugin's own hooks.
    #[serde(default)]
    pub hooks: Vec<HookRequest>,
    /// Licences and counters of the configuration's `[limits]` that its tasks take; a fault about one of them holds every
    /// job that needs it.
    #[serde(default)]
    pub licences: Vec<String>,
    /// What its tasks need besides, by level; a level that is not there needs nothing.
    #[serde(default)]
    pub needs: Vec<LevelNeeds>,
    /// Whom to tell of its end or its first failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<NotifyWish>,
    /// The batch that it was submitted with last, and its place in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchMember>,
}

impl JobSpec {
    /// GPUs that its tasks need at the level of that name.
    #[must_use]
    pub fn gpu_need(&self, level: &str) -> Option<&GpuNeed> {
        self.needs_at(level)?.gpus.as_ref()
    }

    /// What its tasks need at the level of that name; absent where nobody said anything.
    #[must_use]
    pub fn needs_at(&self, level: &str) -> Option<&Needs> {
        self.needs.iter().find(|needs| needs.level == level).map(|needs| &needs.needs)
    }
}

/// What one frame of one layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrameState {
    /// Not begun, or given back.
    Pending,
    /// Held by a live attempt.
    Running,
    /// Its image is verified and in place.
    Done,
    /// Its image was there and whole before the job began.
    Skipped,
    /// It will not be tried again unless somebody asks.
    Failed,
}

/// Where a job is. `Waiting`, `Running` and `Paused` may change into each other; the rest are ends, which only
/// `retry` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// Has frames to give out and none running.
    Waiting,
    /// At least one attempt is live.
    Running,
    /// Somebody paused it; attempts that were running go on to their end.
    Paused,
    /// Somebody cancelled it, and its last attempts are being ended.
    Cancelling,
    /// Every frame is done or skipped.
    Done,
    /// Nothing is left to try, and at least one frame failed.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl JobStatus {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            JobStatus::Waiting => "waiting",
            JobStatus::Running => "running",
            JobStatus::Paused => "paused",
            JobStatus::Cancelling => "cancelling",
            JobStatus::Done => "done",
            JobStatus::Failed => "failed",
            JobStatus::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will happen to it any more by itself.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, JobStatus::Done | JobStatus::Failed | JobStatus::Cancelled)
    }
}

/// Frames that have left the fresh queue of their layer: tried before, or fallen back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Requeued {
    /// Index into the job's layers; 0 for a job without named layers.
    pub layer: u32,
    /// Which frames.
    pub frames: FrameSet,
    /// At which level they go next.
    pub level: u32,
    /// Tries spent at that level.
    pub tries: u32,
    /// What they ran out of before.
    #[serde(default)]
    pub boost: Boost,
    /// Not before this.
    pub not_before: Option<Timestamp>,
    /// Why, in one sentence.
    pub reason: String,
}

/// A job as it is kept: the specification and everything that must survive a restart, except what is derived from
/// settled frames and live attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The job's number.
    pub id: JobId,
    /// What was submitted.
    pub spec: JobSpec,
    /// Where it is.
    pub status: JobStatus,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When its first attempt started.
    pub started: Option<Timestamp>,
    /// When it reached an end.
    pub finished: Option<Timestamp>,
    /// Why it failed, where it failed as a whole.
    pub failure: Option<String>,
    /// What the plugin wanted people to know.
    pub notes: Vec<String>,
    /// Frames that were tried before.
    pub requeued: Vec<Requeued>,
    /// Frames given up, by layer index; as many sets as the job has layers. Done and skipped frames are rows of
    /// their own (`FrameRecord`), since they carry a path; failed ones can be millions at once and carry nothing.
    pub failed: Vec<FrameSet>,
    /// How many frames are what, as of this record; live jobs are counted anew.
    pub counts: FrameCounts,
    /// What has been learned of its costs.
    pub costs: JobCosts,
    /// Attempts in a row that were lost with the machine or the shim and had verified no frame: a scene that takes
    /// the machine down must not do so for ever.
    #[serde(default)]
    pub losses: u32,
    /// Why it waits for a person, where the farm paused it and not a person.
    #[serde(default)]
    pub held: Option<String>,
    /// Where it is with its hooks.
    #[serde(default)]
    pub hooks: JobHooks,
    /// Frames that left a level for the next one; see [`JobRecord::FALLBACKS`].
    #[serde(default)]
    pub fallbacks: Vec<Fallback>,
    /// Where its time has gone, up to `idle_since` and without the attempts that run.
    #[serde(default)]
    pub time: TimeSpent,
    /// Since when nothing of it runs; absent while something does, and once it has ended.
    #[serde(default)]
    pub idle_since: Option<Timestamp>,
}

/// Where a job is with its hooks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobHooks {
    /// Those before its first task.
    pub before: HookPhase,
    /// Those after its last frame.
    pub after: HookPhase,
    /// There are some after its last frame: a retry makes them due again.
    pub has_after: bool,
    /// The job's own hooks that have run, newest last; see [`JobRecord::HOOK_RUNS`].
    pub runs: Vec<HookRun>,
}

/// What the reader's events have taught about a job: running means.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct JobCosts {
    /// Seconds from the process's start to its first frame's start; absent until seen.
    pub start_seconds: Option<f64>,
    /// Seconds a frame takes in one process; absent until seen.
    pub frame_seconds: Option<f64>,
    /// Frames that the mean is made of.
    pub frames_seen: u32,
    /// The most memory that any of its attempts took, in bytes; absent until one has rendered a frame.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// The most GPU memory, over all GPUs of an attempt.
    #[serde(default)]
    pub peak_gpu_memory_bytes: Option<u64>,
    /// It was given GPUs that it does not insist on, and rendered without: it gets none any more.
    #[serde(default)]
    pub leaves_gpus: bool,
}

/// Where a job's time has gone, in seconds. Those of attempts that run side by side are added up, and the time of running
/// ones comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TimeSpent {
    /// Nothing of it ran.
    pub waiting: f64,
    /// From the decision to start an attempt to its first frame: programs, scene, textures.
    pub starting: f64,
    /// Between the first frame and the end of the process.
    pub rendering: f64,
    /// After the process had ended: images verified and put in place, hooks, the verdict.
    pub verifying: f64,
}

impl std::ops::AddAssign for TimeSpent {
    fn add_assign(&mut self, more: TimeSpent) {
        self.waiting += more.waiting;
        self.starting += more.starting;
        self.rendering += more.rendering;
        self.verifying += more.verifying;
    }
}

/// A change to a live job; every `None` leaves its field as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobEdit {
    /// 0 to 100.
    pub priority: Option<u8>,
    /// Replaces the limits that are given, keeps the others.
    pub limits: Option<JobLimits>,
}

impl JobRecord {
    /// Fallbacks kept apart by their reasons. Past that, those of the same layer, levels and cause are one.
    pub const FALLBACKS: usize = 64;
    /// Runs of hooks that are kept, the last ones.
    pub const HOOK_RUNS: usize = 100;
    /// Notes that are kept; what hooks note past that is left out.
    pub const NOTES: usize = 100;

    /// How many layers are rendered on their own: 1 for a job without named layers.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.spec.layers.len().max(1)
    }

    /// The name of a layer by its index; absent for a job without named layers.
    #[must_use]
    pub fn layer_name(&self, index: u32) -> Option<&str> {
        self.spec.layers.get(index as usize).map(String::as_str)
    }

    /// The index of a layer by its name; 0 for a job without named layers.
    #[must_use]
    pub fn layer_index(&self, name: Option<&str>) -> Option<u32> {
        match name {
            None => self.spec.layers.is_empty().then_some(0),
            Some(name) => self.spec.layers.iter().position(|layer| layer == name).map(|index| index as u32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        use JobStatus::{Cancelled, Cancelling, Done, Failed, Paused, Running, Waiting};
        for status in [Waiting, Running, Paused, Cancelling, Done, Failed, Cancelled] {
            assert_eq!(serde_json::json!(status), status.name());
        }
    }

    /// As an earlier version wrote it: a database outlives the version that made it.
    #[test]
    fn a_record_without_the_newer_fields_is_read() {
        let record: JobRecord = serde_json::from_str(
            r#"{
                "id": 7, "status": "running", "submitted": "2026-11-01T10:00:00Z", "started": null, "finished": null,
                "failure": null, "notes": ["a note"], "requeued": [], "failed": ["3"],
                "counts": {"total": 10, "pending": 9, "running": 0, "done": 0, "skipped": 0, "failed": 1},
                "costs": {"start_seconds": null, "frame_seconds": null, "frames_seen": 0},
                "spec": {
                    "name": "shot", "user": null, "scene": "/show/shot.blend",
                    "plugin": {"name": "blender", "version": null}, "dcc_version": null, "frames": "1-10",
                    "layers": [], "output": null, "options": {}, "priority": 50, "after": [], "order": "forward",
                    "chunk": "auto", "threads": null, "skip_existing": false,
                    "limits": {"max_tasks": null, "retries": null, "attempt_seconds": null, "frame_seconds": null,
                               "stall_seconds": null, "max_failed_frames": null}
                }
            }"#,
        )
        .unwrap();
        assert_eq!(record.hooks, JobHooks::default());
        assert!(record.held.is_none() && record.fallbacks.is_empty() && record.losses == 0);
        assert!(
            record.spec.levels.is_empty() && record.spec.hooks.is_empty() && record.spec.licences.is_empty()
        );
    }
}
