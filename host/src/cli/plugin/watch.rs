//! `farmhand plugin watch`: on each save the plugin is checked, tested and swapped into the running daemon, one line
//! each. What a reload is made of is in `reload`.

use super::project::project_at;
use super::reload::{Reload, Reloaded};
use crate::author::Changes;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::interrupt::Interrupt;
use crate::cli::local::runtime;
use crate::cli::output::{Output, clean_lines};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct WatchArgs {
    /// A script, a script's folder, a Rust project, or a component
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Do not run the scenarios
    #[arg(long)]
    no_test: bool,
    /// Copy it into the plugins directory of the configuration even where no daemon runs on this machine
    #[arg(long)]
    install: bool,
}

pub(super) fn run(context: &mut Context, args: &WatchArgs) -> Result<(), CliError> {
    let config = context.config()?;
    let project = project_at(&context.absolute(&args.path))?;
    let out = &mut context.out;
    runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        let mut changes = Changes::of(&project);
        if !out.json {
            out.line(format!("watches {}; Ctrl-C ends it", project.path.display()))?;
        }
        let mut reload = Reload::start(project, config, !args.no_test, args.install).await?;
        loop {
            let is_over = tokio::select! {
                // A save during a reload begins it anew, and what the old one was building is killed.
                biased;
                () = interrupt.asked() => return Ok(()),
                () = changes.next() => false,
                reloaded = reload.run() => {
                    print(out, &reloaded)?;
                    true
                }
            };
            if is_over {
                tokio::select! {
                    () = interrupt.asked() => return Ok(()),
                    () = changes.next() => {}
                }
            }
        }
    })
}

fn print(out: &mut Output, reloaded: &Reloaded) -> Result<(), CliError> {
    if out.json {
        let line = json!({
            "plugin": reloaded.stamp,
            "live": reloaded.is_live(),
            "error": reloaded.error(),
            "serving": reloaded.serving,
            "milliseconds": reloaded.times.as_json(),
        });
        return out.line(line.to_string());
    }
    out.line(clean_lines(&reloaded.to_string()))
}
