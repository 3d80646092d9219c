//! What differs between operating systems, behind one set of names: starting a process tree, waiting for it with its
//! output, ending all of it, and finding what a dead shim left.
//!
//! | name               | Unix                                    | Windows                     |
//! | ------------------ | --------------------------------------- | --------------------------- |
//! | [`Host`]           | child subreaper, signals as a pipe      | nothing                     |
//! | [`Tree`]           | process group and `/proc`               | Job Object                  |
//! | [`Tree::look`]     | `/proc` and what the ended left behind  | the job's own accounting    |
//! | [`own_cpu_time`]   | of the calling thread                   | unknown                     |
//! | [`process_id`]     | start time from `/proc`                 | start time unknown          |
//! | [`kill_leftovers`] | by group, by parent, by environment     | the job died with its shim  |
//! | [`set_apart`]      | a process group of its own              | below normal priority       |
//! | [`lower_priority`] | niceness of that group                  | was set at the start        |
//! | [`lower_own_thread`] | niceness of a thread, on Linux        | stays as it is              |

#[cfg(unix)]
pub(crate) mod procfs;
#[cfg(unix)]
mod raw;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    Host, SetApart, Tree, kill_leftovers, lower_own_thread, lower_priority, own_cpu_time, process_id,
    set_apart,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    Host, SetApart, Tree, kill_leftovers, lower_own_thread, lower_priority, own_cpu_time, process_id,
    set_apart,
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

/// What a process tree took from its start to one look at it. What cannot be told is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Taken {
    /// Memory that it holds now.
    pub(crate) memory_bytes: Option<u64>,
    /// A peak that the system itself kept: never more than the tree's, and perhaps less.
    pub(crate) peak_bytes: Option<u64>,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) io: Option<IoBytes>,
}

/// Bytes that went to and from disks and network file systems; on Windows everything that was read and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct IoBytes {
    pub(crate) read: u64,
    pub(crate) written: u64,
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
