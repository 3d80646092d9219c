//! `farmhand completions`: what a shell needs to complete commands and flags.

use super::Cli;
use super::context::Context;
use super::error::CliError;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(context: &mut Context, args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "farmhand", &mut script);
    context.out.raw(&script)
}
