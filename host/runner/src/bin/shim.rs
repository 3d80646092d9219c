//! The shim alone, without the rest of farmhand: what this crate's own tests run.

use std::process::ExitCode;

fn main() -> ExitCode {
    farmhand_runner::shim_main(std::env::args_os().skip(1))
}
