//! What every command starts with: the configuration, the daemon, and where to print.

use super::Global;
use super::client::Client;
use super::daemon;
use super::error::CliError;
use super::output::Output;
use crate::config::{Config, Flag, Surroundings, load};
use std::path::PathBuf;

/// Made once per command.
pub(super) struct Context {
    global: Global,
    surroundings: Surroundings,
    pub(super) out: Output,
}

impl Context {
    pub(super) fn new(global: Global) -> Result<Self, CliError> {
        let surroundings = Surroundings::of_process()
            .map_err(|source| CliError::Io { context: "the working directory is gone".to_owned(), source })?;
        let out = Output::standard(global.json);
        Ok(Self { global, surroundings, out })
    }

    /// The configuration, with a command's own flags on top.
    pub(super) fn config_with(&self, flags: impl IntoIterator<Item = Flag>) -> Result<Config, CliError> {
        let text = |name, key, value: &Option<String>| value.clone().map(|text| Flag { name, key, text });
        let global = [
            text("--server", "server.url", &self.global.server),
            text("--token", "server.token", &self.global.token),
        ];
        let flags: Vec<Flag> = global.into_iter().flatten().chain(flags).collect();
        Ok(load(&self.surroundings, self.global.config.as_deref(), &flags)?)
    }

    pub(super) fn config(&self) -> Result<Config, CliError> {
        self.config_with([])
    }

    /// The daemon; an error that names the remedy where none answers.
    pub(super) fn client(&self) -> Result<Client, CliError> {
        Ok(daemon::find(&self.config()?)?.client)
    }

    /// A path as the person meant it: from the working directory.
    pub(super) fn absolute(&self, path: &std::path::Path) -> PathBuf {
        self.surroundings.current_dir.join(path)
    }
}
