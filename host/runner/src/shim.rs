//! The shim: a small process that owns one attempt's process tree at a time, and outlives the daemon.
//!
//! A shim serves attempts one after another, since a fresh process for each would cost more than the shortest tasks
//! do. It reads the path of an attempt's directory as one line of JSON, owns that attempt until its process tree is
//! empty, and answers with one line. When its input ends, the daemon is gone: it finishes the attempt that it has and
//! exits. It has no threads and no runtime, and holds nothing but the log's buffer, whatever the program prints.

mod attempt;
mod log_writer;
mod meter;
mod rate;

use crate::dir::AttemptDir;
use crate::os::Host;
use crate::report::ExitReport;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// The shim's answer to one line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// The attempt has ended and its lock is free.
    Done(ExitReport),
    /// The attempt was not begun: it has ended already, or somebody else owns it, or its directory is unusable.
    Refused(String),
}

/// What `farmhand shim [DIR…]` does. Call it first thing in `main`, before any thread or runtime: starting must cost
/// nothing, and signals must reach the shim's own thread.
///
/// With directories as arguments it runs those attempts and exits; without any it serves its standard input.
pub fn shim_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let dirs: Vec<PathBuf> = args.into_iter().map(PathBuf::from).collect();
    match serve(dirs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be listening, and there is nothing to be done about that here.
            let _ = writeln!(io::stderr(), "farmhand shim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(dirs: Vec<PathBuf>) -> io::Result<()> {
    let mut host = Host::enter()?;
    if !dirs.is_empty() {
        for path in dirs {
            answer(&attempt::run(&host, &AttemptDir::open(path)))?;
        }
        return Ok(());
    }
    while let Some(line) = host.next_line()? {
        let path: PathBuf = serde_json::from_str(&line)?;
        answer(&attempt::run(&host, &AttemptDir::open(path)))?;
    }
    Ok(())
}

/// A daemon that is gone hears nothing; that is no reason to fail, since the report lies in the directory.
fn answer(reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    match stdout.write_all(&line).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
