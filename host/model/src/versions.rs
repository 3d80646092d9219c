//! The versions of a plugin: which serves on whose decision, which served before, and which may not serve again.

use crate::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Why a version went live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum LiveReason {
    /// It was there when the daemon started, and another one had served before.
    Started,
    /// Its file was saved.
    Saved,
    /// The file that went before it is gone.
    FileGone,
    /// The version after it failed over and over.
    RolledBackByDaemon {
        /// The version that failed.
        from: Digest,
        /// What failed.
        reason: String,
    },
    /// Somebody went back to it.
    RolledBack {
        /// The version that served until then.
        from: Digest,
        /// Who; absent where nobody said.
        by: Option<String>,
    },
    /// Somebody pinned it.
    Pinned {
        /// Who.
        by: Option<String>,
    },
    /// Somebody unpinned another one.
    Unpinned {
        /// Who.
        by: Option<String>,
    },
    /// Somebody said that it may serve.
    Confirmed {
        /// Who.
        by: Option<String>,
    },
}

fn by(who: &Option<String>) -> String {
    who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default()
}

impl fmt::Display for LiveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started with the daemon"),
            Self::Saved => f.write_str("saved"),
            Self::FileGone => f.write_str("the file before it is gone"),
            Self::RolledBackByDaemon { from, reason } => {
                write!(f, "rolled back by the daemon from {}: {reason}", from.short())
            }
            Self::RolledBack { from, by: who } => write!(f, "rolled back{} from {}", by(who), from.short()),
            Self::Pinned { by: who } => write!(f, "pinned{}", by(who)),
            Self::Unpinned { by: who } => write!(f, "unpinned{}", by(who)),
            Self::Confirmed { by: who } => write!(f, "confirmed{}", by(who)),
        }
    }
}

/// One line of a plugin's history: from this time on this version served, until the next line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionEntry {
    /// Which version.
    pub digest: Digest,
    /// What it calls itself.
    pub version: String,
    /// `component` or `script`.
    pub form: String,
    /// The script's language.
    pub language: Option<String>,
    /// Its size; of a script without its runner.
    pub bytes: u64,
    /// The file that it came from, or `built-in`.
    pub source: String,
    /// From when on it served.
    pub at: Timestamp,
    /// On whose decision.
    pub reason: LiveReason,
}

/// Somebody's decision that one version serves, whatever is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionPin {
    /// The version.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Option<String>,
}

/// A version that does not serve again until somebody asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionAside {
    /// The version.
    pub digest: Digest,
    /// What it calls itself.
    pub version: String,
    /// Since when.
    pub at: Timestamp,
    /// On whose decision.
    pub reason: AsideReason,
}

/// Why a version was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum AsideReason {
    /// It failed over and over.
    Failed {
        /// What failed.
        reason: String,
    },
    /// Somebody went back to another one.
    RolledBack {
        /// Who.
        by: Option<String>,
    },
}

impl fmt::Display for AsideReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { reason } => write!(f, "rolled back by the daemon: {reason}"),
            Self::RolledBack { by: who } => write!(f, "rolled back{}", by(who)),
        }
    }
}

/// A version that passed the load gate and does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionWaiting {
    /// The version.
    pub digest: Digest,
    /// What it calls itself.
    pub version: String,
    /// The file that it came from, or `built-in`.
    pub source: String,
}

/// What is out of the ordinary about a slot; all of it absent where the newest version simply serves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionStanding {
    /// The version that serves is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<VersionPin>,
    /// The newest version was rolled back from, and this is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back: Option<VersionAside>,
    /// The newest version is good, and waits for an unpin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<VersionWaiting>,
    /// The newest version was held back by the gate, and waits to be confirmed or replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<VersionWaiting>,
    /// What is wrong with the version that serves, where nothing better can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// One line of a plugin's history, with what became of the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionView {
    /// From when on which version served, and why.
    pub entry: VersionEntry,
    /// Whether it serves now.
    pub serving: bool,
    /// Whether its bytes are kept here, so that it can serve again.
    pub kept: bool,
    /// Why it does not serve again by itself.
    pub aside: Option<AsideReason>,
}

/// All versions of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginVersions {
    /// The plugin.
    pub name: String,
    /// What is out of the ordinary now.
    pub standing: VersionStanding,
    /// Versions that ever served, the newest line first.
    pub history: Vec<VersionView>,
    /// Versions that were confirmed.
    pub confirmed: Vec<Digest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_sentences() {
        let from = Digest("0123456789abcdef".repeat(4));
        let tess = || Some("tess".to_owned());
        let reason = "3 calls in a row failed".to_owned();
        for (reason, expect) in [
            (LiveReason::Saved, "saved"),
            (
                LiveReason::RolledBack { from: from.clone(), by: tess() },
                "rolled back by tess from 0123456789ab",
            ),
            (LiveReason::RolledBack { from: from.clone(), by: None }, "rolled back from 0123456789ab"),
            (
                LiveReason::RolledBackByDaemon { from, reason },
                "rolled back by the daemon from 0123456789ab: 3 calls in a row failed",
            ),
            (LiveReason::Pinned { by: tess() }, "pinned by tess"),
        ] {
            assert_eq!(reason.to_string(), expect);
            let json = serde_json::to_value(&reason).unwrap();
            assert_eq!(serde_json::from_value::<LiveReason>(json).unwrap(), reason);
        }
    }
}
