//! What the subcommands need of the plugin engine: a host in this process, and the plugin that a person named.

use crate::cli::error::CliError;
use crate::config::Config;
use farmhand_plugin::{Builtin, LoadedPlugin, PluginHost, PluginSettings, WatchMode};
use std::path::Path;
use std::sync::Arc;

/// All plugins as the daemon would load them, in this process and without watching for changes.
pub(in crate::cli) async fn start_plugins(config: &Config) -> Result<PluginHost, CliError> {
    let mut settings = PluginSettings { watch: WatchMode::Off, ..config.plugin_settings() };
    // A directory that is not there yet has nothing in it, and looking is no reason to make one.
    settings.dir = settings.dir.filter(|dir| dir.is_dir());
    let host = start(settings, crate::farm::builtins()).await?;
    // Scripts whose runner has to be compiled first come in later.
    host.all_looked_at().await;
    Ok(host)
}

/// A host with the limits and grants of the configuration, and no plugin in it.
pub(in crate::cli) async fn start_empty(config: &Config) -> Result<PluginHost, CliError> {
    start(PluginSettings { dir: None, watch: WatchMode::Off, ..config.plugin_settings() }, Vec::new()).await
}

async fn start(settings: PluginSettings, builtins: Vec<Builtin>) -> Result<PluginHost, CliError> {
    PluginHost::start(settings, builtins)
        .await
        .map_err(|error| CliError::failed(format!("the plugin engine does not start: {error}")))
}

/// The plugin of a file or a folder, or else the one that serves under this name, or a version that ever did by its
/// digest.
pub(in crate::cli) async fn load(host: &PluginHost, named: &Path) -> Result<Arc<LoadedPlugin>, CliError> {
    if is_file(named) {
        return load_file(host, named).await;
    }
    let name = named.to_string_lossy();
    let no_such = match host.get(&name) {
        Ok(plugin) => return Ok(plugin),
        Err(error) => error,
    };
    if is_digest(&name) {
        return host.version(&name).await.map_err(|error| CliError::failed(error.to_string()));
    }
    Err(CliError::Failed {
        message: no_such.to_string(),
        help: Some(
            "give the name of a plugin, a component or script file, a script's folder, or a version's digest"
                .to_owned(),
        ),
    })
}

/// Whether it can only be the beginning of a digest: as people copy it from a history, and no word.
fn is_digest(name: &str) -> bool {
    name.len() >= 8 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The plugin of a file or a folder.
pub(super) async fn load_file(host: &PluginHost, path: &Path) -> Result<Arc<LoadedPlugin>, CliError> {
    host.load_file(path).await.map_err(|error| CliError::failed(error.to_string()))
}

/// Whether a person means a file or a folder, and not a plugin's name: a folder of some other kind may have that name.
pub(in crate::cli) fn is_file(named: &Path) -> bool {
    named.is_file() || ["plugin.py", "plugin.js"].iter().any(|main| named.join(main).is_file())
}
