//! The pure core: what happens next on this node. State and an event go in, effects come out.
//!
//! It decides which frames start, where an ended attempt's frames go, what is killed and why a job waits. It does no
//! I/O, reads no clock and rolls no dice: time is an argument and jitter is a hash, so a farm's year runs in a test.
//! Nothing that it says is true for anybody else before the caller has made its [`Change`]s durable.
//!
//! [`Change`]: farmhand_model::Change

mod attempt;
mod batch;
mod blame;
mod breaker;
mod chunk;
mod commands;
mod costs;
mod dispatch;
mod effect;
mod event;
mod fallback;
mod gpus;
mod hooks;
mod job;
mod layer;
mod ledger;
mod licence;
mod memory;
mod needs;
mod order;
mod pass;
mod policy;
mod queue;
mod refusal;
mod reports;
mod restore;
mod sanity;
mod scheduler;
mod time;
mod verdict;
mod view;
mod watch;
mod why;

#[cfg(test)]
mod test_env;
#[cfg(test)]
mod tests;

pub use batch::{Again, BatchOrder, Together};
pub use effect::{Effect, StartOrder};
pub use event::{Event, Signs};
pub use farmhand_model::RestoredJob;
pub use policy::{LevelProfile, NodeCapacity, PluginProfile, PluginState, Policy};
pub use refusal::Refusal;
pub use restore::Restored;
pub use scheduler::Scheduler;
pub use view::summary_of_record;
