//! The command line: one file per command. It asks the daemon over HTTP and prints; apart from `serve`, `render`
//! without a daemon, `doctor` and what `plugin` tries outside of the farm it does nothing itself.
//!
//! The exit codes are a promise (`docs/cli.md`): 0 it succeeded, 1 it did not, 2 the command line, the configuration or a
//! batch file is wrong, 3 no daemon answers, 4 part of a batch is complete, 5 a batch was cancelled, 130 interrupted.

mod batch;
mod cleanup;
mod client;
mod completions;
mod config;
mod context;
mod control;
mod daemon;
mod doctor;
mod error;
mod human;
mod interrupt;
mod job;
mod job_args;
mod jobs;
mod local;
mod log;
mod node;
mod output;
mod plan;
mod plugin;
mod progress;
mod render;
mod replay;
mod report;
mod reports;
mod retry;
mod serve;
mod submit;
mod usage;
mod why;

use clap::{Args, Parser, Subcommand};
use context::Context;
use error::{CliError, exit};
use farmhand_plugin::{PluginSettings, compile_into_cache};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Renders Blender, Maya and Nuke jobs in parallel, and believes no frame is done until its image is there.
#[derive(Debug, Parser)]
#[command(name = "farmhand", version, max_term_width = 100, infer_subcommands = false)]
#[command(after_help = "A first render:  farmhand render shot.blend --output //render/shot_####\n\
    A daemon:        farmhand serve      then  farmhand submit shot.blend  and  farmhand jobs")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// Read this configuration file and no other
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    config: Option<PathBuf>,
    /// Talk to the daemon at this address
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    server: Option<String>,
    /// Show the daemon this token; others on this machine can see it in the list of processes, so prefer
    /// FARMHAND_SERVER_TOKEN or `server.token_file`
    #[arg(long, global = true, value_name = "TOKEN", help_heading = "Global options")]
    token: Option<String>,
    /// Print JSON
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: the REST API, the page, and renders
    Serve(serve::ServeArgs),
    /// Render a scene and wait for it; starts a daemon for it where none runs
    Render(render::RenderArgs),
    /// Submit a job or a batch to the daemon and print its number
    Submit(submit::SubmitArgs),
    /// List jobs, newest first
    Jobs(jobs::JobsArgs),
    /// List batches, newest first
    Batches(batch::BatchesArgs),
    /// Show one batch with its jobs; pause, resume, cancel or retry it
    Batch(batch::BatchCommand),
    /// Show one job: its frames, its attempts and what went wrong
    Job(job::JobCommand),
    /// Print the log of an attempt, or of the last attempt of a job
    Log(log::LogArgs),
    /// Give out no more frames of a job; what runs goes on to its end
    Pause(control::ControlArgs),
    /// Let a paused job go on
    Resume(control::ControlArgs),
    /// End a job and everything of it that runs
    Cancel(control::ControlArgs),
    /// Try again what failed, or render frames anew
    Retry(retry::RetryArgs),
    /// Say why a job waits, what would make it run, and where its time goes
    Why(why::WhyArgs),
    /// Print what became of a job or a batch: frames, times, faults, retries, as Markdown, JSON or a page
    Report(reports::ReportArgs),
    /// Show the daemon's machine: who holds what of it, and what it keeps from renders
    Node,
    /// Remove what renders left behind, old logs and old jobs
    Cleanup(cleanup::CleanupArgs),
    /// Look for what is missing or broken here, and say what to do about it
    Doctor,
    /// List plugins, and try one outside of the farm
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Show the configuration and where each value comes from
    Config(config::ConfigArgs),
    /// Print the completions of a shell
    Completions(completions::CompletionsArgs),
    /// Run the process that owns one render; the daemon starts it
    #[command(hide = true)]
    Shim {
        /// Directories of attempts
        dirs: Vec<PathBuf>,
    },
    /// Compile a plugin's component into the code cache; the daemon starts it
    #[command(hide = true)]
    CompilePlugin {
        /// The component
        component: PathBuf,
        /// The code cache
        cache: PathBuf,
    },
}

/// Runs the command line and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to clap; where the reader has gone, there is nothing to be done.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(report) = error.report() {
                let _ = writeln!(std::io::stderr(), "{report}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), CliError> {
    let mut context = Context::new(cli.global)?;
    match cli.command {
        Command::Serve(args) => serve::run(&context, &args),
        Command::Render(args) => render::run(&mut context, &args),
        Command::Submit(args) => submit::run(&mut context, &args),
        Command::Jobs(args) => jobs::run(&mut context, &args),
        Command::Batches(args) => batch::list(&mut context, &args),
        Command::Batch(args) => batch::run(&mut context, &args),
        Command::Job(args) => job::run(&mut context, &args),
        Command::Log(args) => log::run(&mut context, &args),
        Command::Pause(args) => control::run(&mut context, control::Verb::Pause, &args),
        Command::Resume(args) => control::run(&mut context, control::Verb::Resume, &args),
        Command::Cancel(args) => control::run(&mut context, control::Verb::Cancel, &args),
        Command::Retry(args) => retry::run(&mut context, &args),
        Command::Why(args) => why::run(&mut context, &args),
        Command::Report(args) => reports::run(&mut context, &args),
        Command::Node => node::run(&mut context),
        Command::Cleanup(args) => cleanup::run(&mut context, &args),
        Command::Doctor => doctor::run(&mut context),
        Command::Plugin(command) => plugin::run(&mut context, &command),
        Command::Config(args) => config::run(&mut context, &args),
        Command::Completions(args) => completions::run(&mut context, &args),
        Command::CompilePlugin { component, cache } => {
            compile_into_cache(PluginSettings::new(cache), &component).map_err(CliError::failed)
        }
        Command::Shim { .. } => {
            Err(CliError::Usage("`shim` is the daemon's; it takes no options before it".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_page_names_every_command_and_flag() {
        fn check(page: &str, command: &clap::Command, path: &str) {
            assert!(page.contains(&format!("`{path}")), "docs/cli.md does not name `{path}`");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                if let Some(long) = argument.get_long() {
                    assert!(page.contains(&format!("--{long}")), "docs/cli.md does not name {path} --{long}");
                }
            }
            for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
                check(page, inner, &format!("{path} {}", inner.get_name()));
            }
        }
        check(include_str!("../../../docs/cli.md"), &Cli::command(), "farmhand");
    }

    #[test]
    fn global_options_may_stand_anywhere() {
        let check = |line: &str| {
            let cli = Cli::try_parse_from(line.split(' ')).expect(line);
            assert!(
                cli.global.json && cli.global.server.as_deref() == Some("http://render01:7878"),
                "{line}"
            );
        };
        check("farmhand --json --server http://render01:7878 jobs");
        check("farmhand jobs --json --server http://render01:7878");
        check("farmhand plugin list --server http://render01:7878 --json");
    }

    #[test]
    fn wrong_command_lines_are_refused() {
        let check = |line: &str| assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        check("farmhand");
        check("farmhand rende shot.blend");
        check("farmhand render");
        check("farmhand render shot.blend --frames 10-1");
        check("farmhand render shot.blend --priority 101");
        check("farmhand render shot.blend --chunk 0");
        check("farmhand render shot.blend --option samples");
        check("farmhand job x");
        check("farmhand batch");
        check("farmhand batch seq010");
        check("farmhand batch 3 --state done");
        check("farmhand batch pause");
        check("farmhand submit");
        check("farmhand submit a.yaml --set shot");
        check("farmhand serve --on-stop leave");
        check("farmhand cleanup --older-than 7");
        check("farmhand cleanup --only everything");
        check("farmhand completions klingon");
    }
}
