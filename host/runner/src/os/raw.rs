//! The system calls that neither std nor nix wraps. No decisions here.
#![expect(
    unsafe_code,
    reason = "wait4, setpriority, ioprio_set and what runs before exec have no safe wrapper in std or nix"
)]

use nix::libc;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// One process that ended, with what it and the children it had waited for used.
pub(super) struct Reaped {
    pub(super) pid: u32,
    pub(super) status: i32,
    pub(super) max_rss_bytes: u64,
    pub(super) cpu_seconds: f64,
}

/// Takes the status of one ended child, whichever; `None` where all that are left still run. Without any child the
/// error is `ECHILD`.
pub(super) fn reap_any() -> io::Result<Option<Reaped>> {
    let mut status = 0;
    // SAFETY: rusage is a plain C struct of integers, for which all zeroes is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live, writable values of the right types, and wait4 keeps neither.
    let pid = unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage) };
    match u32::try_from(pid) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) => Ok(None),
        Ok(pid) => Ok(Some(Reaped {
            pid,
            status,
            max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * RSS_UNIT,
            cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        })),
    }
}

/// Adds to the niceness of every process in a group.
pub(super) fn renice_group(group: u32, nice: i32) -> io::Result<()> {
    // SAFETY: takes integers only.
    match unsafe { libc::setpriority(libc::PRIO_PGRP, group, nice) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Adds to the niceness of the calling thread alone, which only Linux can.
#[cfg(target_os = "linux")]
pub(super) fn renice_thread(nice: i32) -> io::Result<()> {
    // SAFETY: takes integers only. 0 stands for the calling thread.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The I/O priority of the calling thread, which its children inherit.
#[cfg(target_os = "linux")]
pub(super) fn io_priority() -> Option<i32> {
    // SAFETY: takes integers only. 1 stands for a thread, and 0 for the calling one.
    let priority = unsafe { libc::syscall(libc::SYS_ioprio_get, 1, 0) };
    i32::try_from(priority).ok().filter(|priority| *priority >= 0)
}

/// Sets that.
#[cfg(target_os = "linux")]
pub(super) fn set_io_priority(priority: i32) {
    // SAFETY: takes integers only. A refusal costs priority and nothing else.
    unsafe { libc::syscall(libc::SYS_ioprio_set, 1, 0, priority) };
}

/// Has the program write `0` into a file before its first instruction; it does not start where that fails.
pub(super) fn enter_first(command: &mut Command, door: File) {
    // SAFETY: between fork and exec the closure makes one system call, on a file that it owns, and allocates nothing.
    unsafe { command.pre_exec(move || (&door).write_all(b"0")) };
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

/// What `ru_maxrss` counts.
const RSS_UNIT: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
