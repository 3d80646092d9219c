//! `farmhand serve`: the daemon, until SIGTERM or Ctrl-C.

use super::context::Context;
use super::error::CliError;
use super::interrupt::Interrupt;
use super::local::{Life, LocalDaemon, runtime, start_log};
use crate::config::Flag;
use clap::Args;
use std::io::Write as _;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Listen here; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Keep database, logs and compiled plugins here
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Serve plugins dropped in here
    #[arg(long, value_name = "DIR")]
    plugins_dir: Option<String>,
    /// Tasks at once
    #[arg(long, value_name = "N")]
    slots: Option<String>,
    /// What happens to running renders when the daemon stops
    #[arg(long, value_name = "WHAT", value_parser = ["keep", "kill"])]
    on_stop: Option<String>,
}

impl ServeArgs {
    fn flags(&self) -> impl Iterator<Item = Flag> {
        [
            ("--listen", "server.listen", &self.listen),
            ("--data-dir", "data.dir", &self.data_dir),
            ("--plugins-dir", "plugins.dir", &self.plugins_dir),
            ("--slots", "node.slots", &self.slots),
            ("--on-stop", "render.on_stop", &self.on_stop),
        ]
        .into_iter()
        .filter_map(|(name, key, text)| Some(Flag { name, key, text: text.clone()? }))
    }
}

pub(super) fn run(context: &Context, args: &ServeArgs) -> Result<(), CliError> {
    let config = context.config_with(args.flags())?;
    start_log(&config, Life::Service)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let interrupt = Interrupt::listen()
            .map_err(|source| CliError::Io { context: "cannot listen for signals".to_owned(), source })?;
        let daemon = LocalDaemon::start(&config, Life::Service).await?;
        // Whoever started this waits for the line; it must not stay in a buffer, and a closed pipe is no reason to
        // stop serving.
        let _ = writeln!(
            std::io::stdout().lock(),
            "farmhand {} is ready at {}",
            env!("CARGO_PKG_VERSION"),
            daemon.url()
        );
        tracing::info!(url = daemon.url(), data = %config.data_dir.display(), "ready");
        interrupt.asked().await;
        tracing::info!("stopping; a second signal ends this at once");
        daemon.stop(config.on_stop).await;
        Ok::<(), CliError>(())
    })?;
    // Threads that still wait for a disk or a plugin must not hold up the end.
    runtime.shutdown_background();
    Ok(())
}
