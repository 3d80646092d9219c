//! Scenarios: what is expected of a plugin, one file each, in TOML or JSON. The cases of `tests/corpus` are scenarios.
//!
//! A scenario gives a job, a log, or both, and says what should come of it. Any of the expectations may be there:
//!
//! - `problems`: what the plugin refuses the job with, as `/pointer: message`;
//! - `prepared`: the job as it will be kept;
//! - `command`: what it would run;
//! - `hooks`: what it wants done around the job and the task;
//! - `expect`: what it reads out of the log, and its verdict.
//!
//! Where one of the first four is asked for, the plugin prepares the job first, as in the daemon, and what follows sees
//! the prepared job. A log by itself is read with the job as it is written.

mod file;
mod find;
mod play;
mod update;

pub use file::{Expectations, Given, LevelChoice, Part, Scenario, ScenarioError};
pub use find::{find, scenarios_of};
pub use play::{Answer, Played, play};
pub use update::update;
