//! What farmhand remembers: one SQLite file that every change reaches before anybody hears of it.
//!
//! The scheduler makes [`Change`](farmhand_model::Change)s, [`Store::commit`] keeps them, and [`Store::open`] gives
//! back what a daemon needs to go on after a restart, a crash or a `kill -9`. Nothing here decides anything: what
//! a change means is the scheduler's business, and what pages show is the API's.
//!
//! Jobs and attempts are kept as JSON of the model's own types. A field that is added to them later needs
//! `#[serde(default)]`, or older records cannot be read.

mod apply;
mod archive;
mod connection;
mod error;
mod forget;
mod lock;
mod read;
mod readers;
#[cfg(test)]
mod samples;
mod schema;
mod search;
mod store;
mod wal;
mod writer;

pub use archive::Archive;
pub use error::{ErrorKind, StoreError};
pub use forget::History;
pub use read::{
    EndedFilter, FrameTime, FrameTimes, JobFilter, JobPlace, KeptEntry, KeptJob, Restored, RestoredJob,
    SettledFrames, TimesFilter,
};
pub use search::{FoundJobs, JobSearch};
pub use store::{Maintained, Store};
