//! What must become durable before anybody hears of it: the scheduler makes changes, the store keeps them.

use crate::batch::{BatchEntry, BatchRecord};
use crate::notify::Delivery;
use crate::{AttemptId, AttemptRecord, BatchId, Digest, FrameSet, JobId, JobRecord, Timestamp};

/// One durable change. Applying the same change twice is the same as applying it once.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The job is this now.
    Job(Box<JobRecord>),
    /// The attempt is this now.
    Attempt(Box<AttemptRecord>),
    /// The frame's image is verified and in place.
    Settled(FrameRecord),
    /// These frames, done or skipped before, are to be rendered again.
    Unsettled {
        /// The job.
        job: JobId,
        /// Index into the job's layers.
        layer: u32,
        /// Which frames.
        frames: FrameSet,
    },
    /// The batch is this now.
    Batch(Box<BatchRecord>),
    /// These are the jobs of a batch, in their order.
    Entries {
        /// The batch.
        batch: BatchId,
        /// Its jobs.
        entries: Vec<BatchEntry>,
    },
    /// A scene's content, so that it need not be read again while the file is as it was.
    Scene {
        /// Absolute path.
        path: String,
        /// What tells that the file has not been written since.
        stamp: String,
        /// Of its content.
        digest: Digest,
    },
    /// Somebody is to be told this; where it was written down before, it stays as it is.
    News(Box<Delivery>),
    /// The delivery is this now.
    Delivery(Box<Delivery>),
    /// A submission with this idempotency key made this job.
    IdempotencyKey {
        /// As the client gave it.
        key: String,
        /// SHA-256 of the request, so that a different request under the same key is refused.
        request: String,
        /// What it made.
        job: JobId,
        /// When.
        at: Timestamp,
    },
}

/// A frame whose image is there, as a row of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameRecord {
    /// The job.
    pub job: JobId,
    /// Index into the job's layers.
    pub layer: u32,
    /// The frame.
    pub frame: i32,
    /// Who rendered it; absent where its image was there before the job began (the frame is `skipped`).
    pub attempt: Option<AttemptId>,
    /// Absolute path of the image.
    pub path: String,
    /// Size of the file.
    pub bytes: u64,
    /// How long it took, where the reader could tell.
    pub seconds: Option<f64>,
    /// When it was in place.
    pub at: Timestamp,
}

/// A job with its settled frames: what the store gives back and the scheduler goes on from.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoredJob {
    /// Its record.
    pub record: JobRecord,
    /// Frames done, by layer index.
    pub done: Vec<FrameSet>,
    /// Frames skipped, by layer index.
    pub skipped: Vec<FrameSet>,
}
