//! What a plugin may ask of the host: a line in its log, its configuration, files that the studio granted. Under
//! `cargo test` there is no host: log lines go to standard error, the configuration is empty, and files are read
//! from disk.

use crate::PluginError;
use serde::de::DeserializeOwned;

/// How important a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth looking at.
    Warn,
    /// Somebody must look at it.
    Error,
}

/// Writes a line to the host's log under this plugin's name. The macros [`info!`](crate::info) and its siblings
/// format as `format!` does.
pub fn log(level: LogLevel, message: &str) {
    imp::log(level, message);
}

/// This plugin's table of the host's configuration.
///
/// # Errors
/// The table does not have the type's shape; the message names the key.
pub fn config<T: DeserializeOwned>() -> Result<T, PluginError> {
    let text = imp::config();
    let mut json = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut json)
        .map_err(|error| PluginError::new(format!("configuration, {}: {}", error.path(), error.inner())))
}

/// A text file under one of the directories that the studio granted this plugin.
///
/// # Errors
/// It is not there, not text, or not granted.
pub fn read_file(path: &str) -> Result<String, PluginError> {
    imp::read_file(path).map_err(PluginError::new)
}

/// Whether a file exists under one of the granted directories.
///
/// # Errors
/// The directory is not granted.
pub fn file_exists(path: &str) -> Result<bool, PluginError> {
    imp::file_exists(path).map_err(PluginError::new)
}

#[cfg(target_arch = "wasm32")]
mod imp {
    use super::LogLevel;
    use crate::guest::bindings::farmhand::dcc::host;

    pub(super) fn log(level: LogLevel, message: &str) {
        let level = match level {
            LogLevel::Debug => host::LogLevel::Debug,
            LogLevel::Info => host::LogLevel::Info,
            LogLevel::Warn => host::LogLevel::Warn,
            LogLevel::Error => host::LogLevel::Error,
        };
        host::log(level, message);
    }

    pub(super) fn config() -> String {
        host::config()
    }

    pub(super) fn read_file(path: &str) -> Result<String, String> {
        host::read_file(path)
    }

    pub(super) fn file_exists(path: &str) -> Result<bool, String> {
        host::file_exists(path)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use super::LogLevel;
    use std::io::Write;

    pub(super) fn log(level: LogLevel, message: &str) {
        // A test's standard error may be closed; a log line is not worth a panic.
        let _ = writeln!(std::io::stderr(), "{level:?}: {message}");
    }

    pub(super) fn config() -> String {
        "{}".to_owned()
    }

    pub(super) fn read_file(path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
    }

    pub(super) fn file_exists(path: &str) -> Result<bool, String> {
        std::fs::exists(path).map_err(|error| format!("{path}: {error}"))
    }
}

/// Writes a line for the plugin's author to the host's log.
#[macro_export]
macro_rules! debug {
    ($($text:tt)*) => { $crate::host::log($crate::host::LogLevel::Debug, &::std::format!($($text)*)) };
}

/// Writes a line that is worth knowing to the host's log.
#[macro_export]
macro_rules! info {
    ($($text:tt)*) => { $crate::host::log($crate::host::LogLevel::Info, &::std::format!($($text)*)) };
}

/// Writes a line that is worth looking at to the host's log.
#[macro_export]
macro_rules! warn {
    ($($text:tt)*) => { $crate::host::log($crate::host::LogLevel::Warn, &::std::format!($($text)*)) };
}

/// Writes a line that somebody must look at to the host's log.
#[macro_export]
macro_rules! error {
    ($($text:tt)*) => { $crate::host::log($crate::host::LogLevel::Error, &::std::format!($($text)*)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_configuration_gives_the_defaults() {
        #[derive(serde::Deserialize, Default, PartialEq, Debug)]
        #[serde(default)]
        struct Config {
            retries: u32,
        }
        assert_eq!(config::<Config>().unwrap(), Config::default());
    }

    #[test]
    fn a_configuration_without_a_required_key_names_it() {
        #[derive(serde::Deserialize, Debug)]
        #[expect(dead_code, reason = "only its absence is looked at")]
        struct Config {
            licence_server: String,
        }
        let message = config::<Config>().unwrap_err().message;
        assert!(message.contains("licence_server"), "{message}");
    }
}
