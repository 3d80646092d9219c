//! `farmhand plugin`: what serves, and a plugin tried outside of the farm. One file per subcommand.

mod build;
mod calls;
mod check;
mod decide;
mod history;
mod list;
pub(super) mod load;
mod new;
pub(super) mod past;
mod project;
mod reload;
mod test;
mod watch;

use super::context::Context;
use super::error::CliError;
use super::replay;
use clap::Subcommand;
pub(super) use load::start_plugins;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Make a new plugin: a small one that works, with its tests
    New(new::NewArgs),
    /// Check, test and swap a plugin into the running daemon on each save
    Watch(watch::WatchArgs),
    /// Build a plugin as one component, to hand out
    Build(build::BuildArgs),
    /// List plugins: what serves, in which version, and why something newer does not
    List,
    /// Show every version of a plugin that ever served, when, and on whose decision
    History(history::HistoryArgs),
    /// Go back to the version that served before, or to the one named; the present one is set aside
    Rollback(decide::VersionArgs),
    /// Have the version that serves now, or the one named, serve whatever is saved
    Pin(decide::VersionArgs),
    /// Let the newest version serve again
    Unpin(decide::PluginArgs),
    /// Let a version serve that was rolled back from or held back
    Confirm(decide::ConfirmArgs),
    /// Say what a plugin is, what it would be granted, and what is odd about it; nothing is run
    Check(check::CheckArgs),
    /// Run a plugin's scenarios under production limits
    Test(test::TestArgs),
    /// Feed logs through a plugin's reader and judge: what it makes of them, and what is different from then
    Replay(replay::ReplayArgs),
}

pub(super) fn run(context: &mut Context, command: &PluginCommand) -> Result<(), CliError> {
    match command {
        PluginCommand::New(args) => new::run(context, args),
        PluginCommand::Watch(args) => watch::run(context, args),
        PluginCommand::Build(args) => build::run(context, args),
        PluginCommand::List => list::run(context),
        PluginCommand::History(args) => history::run(context, args),
        PluginCommand::Rollback(args) => decide::roll_back(context, args),
        PluginCommand::Pin(args) => decide::pin(context, args),
        PluginCommand::Unpin(args) => decide::unpin(context, args),
        PluginCommand::Confirm(args) => decide::confirm(context, args),
        PluginCommand::Check(args) => check::run(context, args),
        PluginCommand::Test(args) => test::run(context, args),
        PluginCommand::Replay(args) => replay::run(context, args),
    }
}
