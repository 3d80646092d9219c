//! The plugin against Blender: the command lines it builds, what it reads from the logs of
//! `tests/corpus/blender`, and a real Blender where this machine has one.

#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

mod arguments;
mod cases;
mod floods;
mod jobs;
mod manual;
mod prelude;
mod real;
mod verdicts;
