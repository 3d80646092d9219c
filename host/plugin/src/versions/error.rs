//! Why something about versions cannot be done, in words that name the remedy.

use farmhand_model::Digest;

/// Why something about a plugin's versions cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// No plugin has this name.
    #[error("there is no plugin `{name}`; `farmhand plugin list` shows those that are there")]
    NoPlugin {
        /// The name asked for.
        name: String,
    },
    /// No version goes by this digest.
    #[error("no version is known by the digest `{asked}`; `farmhand plugin history {}` shows those that are", .name.as_deref().unwrap_or("NAME"))]
    NoVersion {
        /// Of this plugin, where it was named.
        name: Option<String>,
        /// What was asked for.
        asked: String,
    },
    /// Several versions do.
    #[error("`{asked}` stands for several versions: {}; write more of its digits", shorts(.digests))]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// Those that it could be.
        digests: Vec<Digest>,
    },
    /// The version is known, but it cannot be loaded any more.
    #[error("version {} cannot be loaded: {reason}", .digest.short())]
    Unloadable {
        /// The version.
        digest: Digest,
        /// Why.
        reason: String,
    },
    /// Not in the present state of the plugin.
    #[error("{0}")]
    Conflict(String),
    /// It could not be written down, so that it was not done.
    #[error("it cannot be written down, so it was not done: {0}")]
    NotWritten(String),
}

fn shorts(digests: &[Digest]) -> String {
    digests.iter().map(Digest::short).collect::<Vec<_>>().join(", ")
}
