//! The plugin from outside: jobs as people submit them, the command lines in `tests/golden`, the generated scripts in a
//! real Python against the stand-ins for Maya, and the logs in the repository's `tests/corpus/maya`.

#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

mod corpus;
mod golden;
mod jobs;
mod manual;
mod passes;
mod scripts;
mod standins;
mod tasks;
mod verdicts;
