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

/// A variable of the daemon's environment; absent where it is not set, or the studio did not grant it to this plugin.
#[must_use]
pub fn env(name: &str) -> Option<String> {
    imp::env(name)
}

/// A text file under one of the directories that the studio granted this plugin.
///
/// # Errors
/// It is not there, not text, or not granted.
pub fn read_file(path: &str) -> Result<String, PluginError> {
    imp::read_file(path).map_err(PluginError::new)
}

/// Whether a file exists: under a granted directory, beside the scene of the job in hand or above it, or under a
/// directory that one of the job's path options names.
///
/// # Errors
/// The plugin may not look there.
pub fn file_exists(path: &str) -> Result<bool, PluginError> {
    imp::file_exists(path).map_err(PluginError::new)
}

/// The same for a directory.
///
/// # Errors
/// The plugin may not look there.
pub fn directory_exists(path: &str) -> Result<bool, PluginError> {
    imp::directory_exists(path).map_err(PluginError::new)
}

/// Files under a directory of the task in hand (its scratch or its staging), as absolute paths, sorted; at most
/// 100,000. A reader finds what its renderer wrote without a word.
///
/// # Errors
/// It is not a directory of the task.
pub fn list_files(directory: &str) -> Result<Vec<String>, PluginError> {
    let mut files = imp::list_files(directory).map_err(PluginError::new)?;
    files.sort();
    Ok(files)
}

/// Bytes that one call fetches of a file: as many as the contract allows.
const PART: u32 = 1 << 20;

/// Goes through a text file line by line without holding more than a part of it: the scene of the job in hand, or a
/// file under a granted directory. Stops where `line` answers `false`, after `limit` bytes, or at the end; answers
/// whether it saw all that it wanted to. Bytes that are not UTF-8 come as replacement characters.
///
/// # Errors
/// It is not there, or not granted.
pub fn scan(path: &str, limit: u64, mut line: impl FnMut(&str) -> bool) -> Result<bool, PluginError> {
    let mut offset = 0;
    let mut rest: Vec<u8> = Vec::new();
    while offset < limit {
        let part = imp::read_part(path, offset, PART).map_err(PluginError::new)?;
        if part.is_empty() {
            return Ok(rest.is_empty() || {
                line(&String::from_utf8_lossy(&rest));
                true
            });
        }
        offset += part.len() as u64;
        rest.extend(part);
        let mut start = 0;
        while let Some(length) = rest[start..].iter().position(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(&rest[start..start + length]);
            if !line(text.trim_end_matches('\r')) {
                return Ok(true);
            }
            start += length + 1;
        }
        rest.drain(..start);
        // A line longer than a part is data, and no line that anybody looks for.
        if rest.len() > PART as usize {
            rest.clear();
        }
    }
    Ok(false)
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

    pub(super) fn env(name: &str) -> Option<String> {
        host::env(name)
    }

    pub(super) fn read_file(path: &str) -> Result<String, String> {
        host::read_file(path)
    }

    pub(super) fn read_part(path: &str, offset: u64, bytes: u32) -> Result<Vec<u8>, String> {
        host::read_part(path, offset, bytes)
    }

    pub(super) fn file_exists(path: &str) -> Result<bool, String> {
        host::file_exists(path)
    }

    pub(super) fn directory_exists(path: &str) -> Result<bool, String> {
        host::directory_exists(path)
    }

    pub(super) fn list_files(directory: &str) -> Result<Vec<String>, String> {
        host::list_files(directory)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use super::LogLevel;
    use std::io::{Read, Seek, SeekFrom, Write};

    pub(super) fn log(level: LogLevel, message: &str) {
        // A test's standard error may be closed; a log line is not worth a panic.
        let _ = writeln!(std::io::stderr(), "{level:?}: {message}");
    }

    pub(super) fn config() -> String {
        "{}".to_owned()
    }

    pub(super) fn env(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    pub(super) fn read_file(path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
    }

    pub(super) fn read_part(path: &str, offset: u64, bytes: u32) -> Result<Vec<u8>, String> {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = std::fs::File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut part = Vec::new();
            file.take(u64::from(bytes)).read_to_end(&mut part)?;
            Ok(part)
        };
        read().map_err(|error| format!("{path}: {error}"))
    }

    pub(super) fn file_exists(path: &str) -> Result<bool, String> {
        Ok(std::path::Path::new(path).is_file())
    }

    pub(super) fn directory_exists(path: &str) -> Result<bool, String> {
        Ok(std::path::Path::new(path).is_dir())
    }

    pub(super) fn list_files(directory: &str) -> Result<Vec<String>, String> {
        let mut files = Vec::new();
        let mut directories = vec![std::path::PathBuf::from(directory)];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => directories.push(entry.path()),
                    Ok(kind) if kind.is_file() => files.push(entry.path().display().to_string()),
                    _ => {}
                }
            }
        }
        Ok(files)
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
    fn a_file_is_scanned_line_by_line_across_its_parts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("scene.ma");
        let long = "x".repeat(PART as usize - 3);
        std::fs::write(&path, format!("first\r\n{long}\nsecond\n\nlast")).unwrap();
        let path = path.to_str().unwrap();
        let mut seen = Vec::new();
        assert!(
            scan(path, u64::MAX, |line| {
                seen.push(line.len());
                true
            })
            .unwrap()
        );
        assert_eq!(seen, [5, long.len(), 6, 0, 4]);
        let mut seen = 0;
        assert!(
            scan(path, u64::MAX, |line| {
                seen += 1;
                line != "second"
            })
            .unwrap()
        );
        assert_eq!(seen, 3);
        assert!(!scan(path, 10, |_| true).unwrap(), "cut off by the limit");
        assert!(scan("/not/there", 10, |_| true).is_err());
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
