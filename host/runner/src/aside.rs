//! Work that this program does aside: in a process of its own, so that its memory and its time are nobody else's, or in
//! a thread of low priority. Knows nothing of what the work is.

use crate::os;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs a program at a lower priority, waits for it, and returns what it said.
///
/// # Errors
/// When it cannot be started.
pub fn run_aside(program: &Path, args: &[OsString], nice: i32) -> io::Result<Output> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    os::set_apart(&mut command);
    let child = command.spawn()?;
    os::lower_priority(&child, nice);
    child.wait_with_output()
}

/// Lowers the priority of the calling thread for good, for work inside this process that nobody is to be kept waiting
/// by. A refusal costs priority and nothing else.
pub fn lower_own_thread(nice: i32) {
    os::lower_own_thread(nice);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn it_runs_at_a_lower_priority_and_says_how_it_ended() {
        // It waits until its priority is the lower one, and would wait for ever otherwise.
        let script = "until [ \"$(ps -o nice= -p $$ | tr -d ' ')\" = 7 ]; do :; done; echo done; echo sorry >&2; exit 3";
        let output = run_aside(Path::new("/bin/sh"), &["-c".into(), script.into()], 7).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b"done\n"[..]));
        assert_eq!(output.stderr, b"sorry\n");
        assert!(run_aside(Path::new("/not/there"), &[], 0).is_err());
    }
}
