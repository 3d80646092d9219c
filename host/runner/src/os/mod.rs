//! What differs between operating systems, behind one set of names: starting a process tree, waiting for it with its
//! output, ending all of it, and finding what a dead shim left.
//!
//! | name               | Unix                                    | Windows                     |
//! | ------------------ | --------------------------------------- | --------------------------- |
//! | [`Host`]           | child subreaper, signals as a pipe      | nothing                     |
//! | [`Tree`]           | process group and `/proc`               | Job Object                  |
//! | [`process_id`]     | start time from `/proc`                 | start time unknown          |
//! | [`kill_leftovers`] | by group, by parent, by environment     | the job died with its shim  |
//! | [`set_apart`]      | a process group of its own              | below normal priority       |
//! | [`lower_priority`] | niceness of that group                  | was set at the start        |

#[cfg(unix)]
pub(crate) mod procfs;
#[cfg(unix)]
mod raw;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    Host, Tree, kill_leftovers, lower_priority, process_id, set_apart, tree_cpu_and_memory,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    Host, Tree, kill_leftovers, lower_priority, process_id, set_apart, tree_cpu_and_memory,
};

/// What is left of a process tree after one look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TreeState {
    /// The first process runs.
    Running,
    /// The first process is gone, others of the tree are not.
    LeaderGone,
    /// Nobody is left, and all output was read.
    Empty,
}

/// How the first process ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeaderExit {
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

/// What a process tree used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) max_rss_bytes: Option<u64>,
    pub(crate) cpu_seconds: f64,
}

/// What became of the processes that a dead shim left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Leftovers {
    pub(crate) killed: u32,
    pub(crate) survivors: u32,
}

/// The variable that every process of an attempt inherits, by which the processes of a dead shim are found. Its value
/// is the attempt's directory.
pub(crate) const MARKER: &str = "FARMHAND_ATTEMPT_DIR";
