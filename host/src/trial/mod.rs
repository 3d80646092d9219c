//! A plugin tried outside the farm: a job, or a recorded log, through a plugin, and what it answers as text that is
//! compared with what is expected, or with what was decided then.
//!
//! The command line (`farmhand plugin test`, `farmhand plugin replay`) and the daemon's replay gate share it. Nothing
//! here runs a process, renders, or changes anything but a scenario's expectations where a person asks for that.
//!
//! - `run`: a log through a reader and a judge;
//! - `text`: what a plugin answers, as text; `times`, `diff`: what two texts have to do with each other;
//! - `scenario`: what is expected of a plugin, as files;
//! - `recorded`, `compare`: an attempt of this farm, and what another version would have made of it.

mod compare;
mod diff;
mod recorded;
mod run;
pub mod scenario;
pub mod text;
mod times;

pub use compare::{Change, Comparison, Decided, compare};
pub use diff::diff;
pub use recorded::{Recorded, Unusable};
pub use run::{Done, Feed, Input, ProcessEnd, Seen, Trial, lines_of, run};
pub use scenario::Scenario;
pub use times::without_times;

pub(crate) use crate::farm::{KEPT, READER_FAILED};
