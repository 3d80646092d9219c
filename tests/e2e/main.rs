//! The real binary, end to end: real processes, real Blender, real files, over HTTP as a user's tools would.
//!
//! Every test starts daemons of its own in a directory of its own, so that tests run in any order and side by side.
//! What they wait for they are told by the daemon's event stream or by the end of a process, never by a clock.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod harness;

mod api;
mod author;
mod batches;
mod cleanup;
mod failures;
mod gpus;
mod hooks;
mod hostile;
mod limits;
mod maya;
mod memory;
mod notify;
mod nuke;
mod paths;
mod plugins;
mod render;
mod report;
mod restart;
mod resume;
mod scale;
mod trial;
mod tutorial;
mod usage;
mod versions;
