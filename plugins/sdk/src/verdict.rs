//! What the end of an attempt means.

/// What should happen to the frames that an attempt left undone. Frames whose images were verified stay done under
/// every decision but `FailJob`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The frames done are done; those missing, if any, go back to the queue.
    Accept,
    /// The missing frames again at this level.
    Retry {
        /// After this long.
        after_ms: u32,
    },
    /// The missing frames at the next level.
    FallBack,
    /// The missing frames fail; the job goes on.
    FailFrames,
    /// The job fails.
    FailJob,
    /// This node takes no more of this plugin's tasks until someone looks, or the breaker half-opens. Where the
    /// fault names a GPU, it is only that GPU.
    QuarantineNode,
    /// The missing frames go back, and the job waits until a person lets it go on.
    HoldJob,
}

/// A decision with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What to do.
    pub decision: Decision,
    /// What the wrangler reads: why this was decided, in one sentence.
    pub reason: String,
}

impl Verdict {
    /// A verdict.
    #[must_use]
    pub fn new(decision: Decision, reason: impl Into<String>) -> Self {
        Self { decision, reason: reason.into() }
    }
}
