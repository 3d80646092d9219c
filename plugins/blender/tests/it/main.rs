//! The plugin against Blender: the command lines it builds, what it reads from the logs under `tests/logs`, which
//! real Blenders printed, and a real Blender where this machine has one.

#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

mod arguments;
mod cases;
mod golden;
mod jobs;
mod manual;
mod prelude;
mod real;
mod taxonomy;
mod verdicts;
