//! What the scheduler wants done, and the record of one turn.

use farmhand_model::hooks::{JobEnd, Moment};
use farmhand_model::{
    AttemptId, AttemptRecord, Change, EndedBy, FrameSet, FrameState, Happening, JobId, JobSpec, Seconds,
    Timestamp,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One thing to do. Every turn's changes come first: make them durable, then do the rest in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make this durable.
    Change(Change),
    /// Start an attempt, whose record was among the changes.
    Start(Box<StartOrder>),
    /// Run the hooks of a job's own moment. Each such order is answered by one `Event::HooksEnded`, also where the
    /// job was cancelled meanwhile; until then none is given for the same job and moment again.
    RunHooks {
        /// The job.
        job: JobId,
        /// `BeforeJob` or `AfterJob`.
        moment: Moment,
        /// How the job is about to end, where it is `AfterJob`.
        end: Option<JobEnd>,
    },
    /// End an attempt's process tree. Ordered once per attempt.
    Kill {
        /// The attempt.
        attempt: AttemptId,
        /// What to write down as the one who ended it.
        why: EndedBy,
    },
    /// Frames of a layer are this now.
    Frames {
        /// The job.
        job: JobId,
        /// Index into its layers.
        layer: u32,
        /// Which frames.
        frames: FrameSet,
        /// What they are.
        state: FrameState,
    },
    /// The attempt's record differs.
    AttemptTouched(AttemptId),
    /// The job's summary differs.
    JobTouched(JobId),
    /// A breaker opened or closed.
    BreakersTouched,
    /// Something a person should read.
    Notice(Happening),
}

/// An attempt to start.
#[derive(Debug, Clone, PartialEq)]
pub struct StartOrder {
    /// Its record: frames, layer, level, try and lease.
    pub attempt: AttemptRecord,
    /// The job's specification as of now.
    pub job: Arc<JobSpec>,
    /// Index into the job's layers.
    pub layer: u32,
    /// How long the shim lets it run, also when no daemon watches.
    pub time_limit: Option<Seconds>,
}

/// One call of `handle`: its time, what it has brought about so far, and the jobs to look at before it ends.
pub(crate) struct Turn {
    pub(crate) now: Timestamp,
    pub(crate) touched: BTreeSet<JobId>,
    changes: Vec<Effect>,
    others: Vec<Effect>,
}

impl Turn {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { now, touched: BTreeSet::new(), changes: Vec::new(), others: Vec::new() }
    }

    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(Effect::Change(change));
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.others.push(effect);
    }

    pub(crate) fn notice(&mut self, happening: Happening) {
        self.others.push(Effect::Notice(happening));
    }

    /// The attempt's record is different: it is kept and announced.
    pub(crate) fn attempt(&mut self, record: &AttemptRecord) {
        self.change(Change::Attempt(Box::new(record.clone())));
        self.push(Effect::AttemptTouched(record.id));
    }

    pub(crate) fn frames(&mut self, job: JobId, layer: u32, frames: FrameSet, state: FrameState) {
        if !frames.is_empty() {
            self.push(Effect::Frames { job, layer, frames, state });
        }
    }

    pub(crate) fn into_effects(mut self) -> Vec<Effect> {
        // The store wants a job before anything that belongs to it, and a new job may start in the very turn that
        // brings it.
        self.changes.sort_by_key(|effect| !matches!(effect, Effect::Change(Change::Job(_))));
        self.changes.append(&mut self.others);
        self.changes
    }
}
