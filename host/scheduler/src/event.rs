//! What the scheduler is told.

use crate::batch::{BatchOrder, Together};
use crate::policy::PluginState;
use farmhand_model::dcc::{Fact, Fault, Outcome, Verdict};
use farmhand_model::hooks::{HookRun, HooksResult, Moment};
use farmhand_model::job::JobEdit;
use farmhand_model::{
    AttemptId, Budget, Digest, FrameSet, GpuStatus, JobId, JobRecord, JobStatus, PluginStamp, RestoredJob,
    Seconds, Timestamp,
};

/// One thing that happened. Commands of people may be refused; reports of the runner never are: what comes too late
/// is dropped with a notice.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A new job, with its number, `Waiting` or `Paused`, and with `hooks.before` and `hooks.after` due where it has
    /// such hooks.
    Submit {
        /// The job.
        job: Box<JobRecord>,
        /// Where those jobs of its `after` ended that the scheduler does not hold, as the store remembers them.
        ended: Vec<(JobId, JobStatus)>,
    },
    /// An ended job that the scheduler has let go of is wanted again: a `Retry` follows. One that it still holds
    /// stays as it is.
    Recall {
        /// The job as the store has it.
        job: Box<RestoredJob>,
        /// As in `Submit`.
        ended: Vec<(JobId, JobStatus)>,
    },
    /// A batch: taken in whole or refused whole.
    Batch(Box<BatchOrder>),
    /// Do this to all of them; those to which it cannot be done stay as they are.
    Together {
        /// The jobs.
        jobs: Vec<JobId>,
        /// What to do.
        order: Together,
    },
    /// Give out no more of its frames; what runs goes on to its end.
    Pause(JobId),
    /// Undo `Pause`, and let a held job go on.
    Resume(JobId),
    /// End it, with what runs.
    Cancel(JobId),
    /// Render frames again.
    Retry {
        /// The job, live or ended.
        job: JobId,
        /// These frames of every layer, done ones too; absent: those that failed.
        frames: Option<FrameSet>,
    },
    /// Render frames of one layer again.
    RetryLayer {
        /// The job, live or ended.
        job: JobId,
        /// Index into its layers.
        layer: u32,
        /// These frames, done ones too.
        frames: FrameSet,
    },
    /// Change a job.
    Edit {
        /// The job.
        job: JobId,
        /// What is new.
        edit: JobEdit,
    },
    /// A plugin can serve, or cannot; sent at the start for each one, and on every swap. A swap closes the
    /// plugin's breaker; the same state again changes nothing.
    Plugin {
        /// The plugin.
        name: String,
        /// What it can do now.
        state: PluginState,
    },
    /// A version that jobs are pinned to can serve them, or cannot; sent before the first of its jobs, and at the start
    /// for the versions of restored jobs.
    PluginVersion {
        /// The version.
        digest: Digest,
        /// What it can do, whatever the plugin's slot serves.
        state: PluginState,
    },
    /// The GPUs that this node has, and which of them renders may have; sent at the start, and when that differs. Until then it has none, and a fault
    /// that names one opens the breaker of its plugin as a whole.
    Gpus(Vec<GpuStatus>),
    /// What renders may have of this node from now on; until then it is all of its capacity. What runs goes on.
    Budget(Budget),
    /// The hooks of an `Effect::RunHooks` have ended.
    HooksEnded {
        /// The job.
        job: JobId,
        /// As ordered.
        moment: Moment,
        /// Those that ran, in order.
        runs: Vec<HookRun>,
        /// What they noted for people.
        notes: Vec<String>,
        /// What they came to, all together.
        result: HooksResult,
    },
    /// The attempt's command was built.
    Built {
        /// The attempt.
        attempt: AttemptId,
        /// By this version of the plugin.
        stamp: PluginStamp,
    },
    /// The attempt's process is there.
    Running {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The DCC began a frame.
    FrameStarted {
        /// The attempt.
        attempt: AttemptId,
        /// The frame.
        frame: i32,
    },
    /// A frame's image is verified and in place.
    FrameSettled {
        /// The attempt.
        attempt: AttemptId,
        /// The frame.
        frame: i32,
        /// Absolute path of the image.
        path: String,
        /// Size of the file.
        bytes: u64,
        /// How long the frame took, where the reader could tell.
        seconds: Option<f64>,
        /// The image was there and whole before.
        skipped: bool,
    },
    /// The reader or the host saw a fault.
    Fault {
        /// The attempt.
        attempt: AttemptId,
        /// The fault.
        fault: Fault,
    },
    /// The reader told a fact.
    Fact {
        /// The attempt.
        attempt: AttemptId,
        /// The fact.
        fact: Fact,
    },
    /// The runner looked at the process.
    Alive {
        /// The attempt.
        attempt: AttemptId,
        /// What it saw.
        signs: Signs,
    },
    /// The attempt's process tree is empty; its last lines and images are still looked at.
    ProcessEnded {
        /// The attempt.
        attempt: AttemptId,
        /// How long it lived.
        seconds: Seconds,
    },
    /// The attempt's process tree is empty, its images are settled and its outcome is judged.
    Ended {
        /// The attempt.
        attempt: AttemptId,
        /// What the host saw.
        outcome: Box<Outcome>,
        /// What the plugin made of it, or the host in its place.
        verdict: Verdict,
    },
    /// Time has passed; see `Scheduler::next_wakeup`.
    Tick,
    /// The daemon stops: nothing new starts from now on.
    Stopping {
        /// Whether the running attempts and hooks end with it. What hooks came to counts no more then.
        kill: bool,
    },
}

/// Signs of life of an attempt, as the runner samples them every few seconds. A field that is absent could not be
/// sampled, and telemetry that is missing never counts against a process. What has not happened yet is given as
/// the time the process started.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signs {
    /// When the last output came.
    pub last_output: Option<Timestamp>,
    /// CPU seconds that the process tree has used so far.
    pub cpu_seconds: Option<f64>,
    /// When the newest file in its staging and scratch directories changed.
    pub newest_file: Option<Timestamp>,
}
