//! The mechanism of running renders: attempt directories, the shim that owns a process tree, following its log,
//! checking what it wrote and putting that in place.
//!
//! It decides nothing. Which attempt runs, what its output means and what happens next is for the scheduler and the
//! plugins, neither of which is known here.

mod activity;
mod aside;
mod cgroup;
mod dir;
pub mod log_files;
mod log_index;
mod log_lines;
mod log_marks;
mod os;
mod place;
mod pool;
mod report;
mod roots;
mod shim;
mod spec;
mod staging;
mod tail;
mod told;
mod trees;
mod usage;
mod verify;

pub use activity::Activity;
pub use aside::{lower_own_thread, run_aside};
pub use cgroup::{CgroupMode, Cgroups, NoCgroups};
pub use dir::{AttemptDir, DirError, DirState};
pub use log_files::{LogFiles, LogPiece};
pub use log_index::{Hole, LogIndex};
pub use log_lines::{Line, LineStart, LineText, Lines, plain};
pub use log_marks::{LogMark, MarkWriter, Seen, has_marks, read_marks};
pub use place::{PlaceError, Placed, place};
pub use pool::{PoolError, RunningAttempt, ShimPool};
pub use report::{End, ExitReport, KillReason, OutOfMemory, Owner, ProcessId};
pub use roots::{Roots, RootsError};
pub use shim::shim_main;
pub use spec::{CgroupSpec, EnvSpec, IoClass, LogLimits, ShimSpec};
pub use staging::{Staging, StagingCleanup, StagingError, Swept, sweep_staging};
pub use tail::{Batch, LogTail, TailHandle};
pub use told::run_told;
pub use trees::processes_of;
pub use usage::LiveUsage;
pub use verify::{Check, Format, Problem, Verified, VerifyError, verify_image, verify_movie};
