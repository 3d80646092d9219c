//! Tells people and programs that jobs and batches have ended or failed, and writes the reports that batches ask for.
//!
//! What there is to tell is written down with the change that made it so (`news`, `farm::outbox`); the courier here
//! carries it, again and again until it has arrived or was tried too often, also after a restart. A receiver may get the
//! same notification twice, with the same id, where the daemon ended between the sending and the note of it; it never
//! gets none because of that.

mod courier;
mod news;
mod sign;
mod webhook;

pub(crate) use courier::Courier;
pub(crate) use news::{of_batch, of_job};
pub use webhook::Webhook;
pub(crate) use webhook::shown;
