//! The two system calls that neither std nor nix wraps. No decisions here.
#![expect(unsafe_code, reason = "wait4 and setpriority have no safe wrapper in std or nix")]

use nix::libc;
use std::io;

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

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

/// What `ru_maxrss` counts.
const RSS_UNIT: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
