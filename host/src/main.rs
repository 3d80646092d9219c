//! The one binary: the daemon, the command line, and the shim that owns a render.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The shim is started for every render and outlives the daemon: it must cost nothing and have no threads, so it
    // goes before everything that a command line wants.
    let mut args = std::env::args_os();
    let program = args.next();
    match args.next() {
        Some(first) if first == "shim" => farmhand_runner::shim_main(args),
        first => farmhand::cli::run(program.into_iter().chain(first).chain(args)),
    }
}
