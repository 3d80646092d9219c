//! Clean-up: what renders leave behind and what history nobody looks at any more, found, counted and removed.
//!
//! It knows what is farmhand's own by its name and place, and for generated scripts by their first lines as well;
//! nothing else is ever touched, no link is followed, and nothing that a live attempt may still write or read.
//! Nothing here decides when it runs or over which daemon: `farm` does it by policy, `cli` when it is asked to.

mod attempts;
mod find;
mod limits;
mod names;
mod report;
mod run;
mod sweep;
#[cfg(test)]
mod tests;

pub use limits::{CleanupPolicy, Cutoffs};
pub use report::{CleanupKind, CleanupReport, CleanupRequest, CleanupRow, LiveAttempts};
pub use run::{Ground, run, sweep_roots};
