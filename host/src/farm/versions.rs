//! The versions of plugins: what people ask and decide about them. `farmhand_plugin` keeps and chooses them; here its
//! answers become the farm's.

use super::{Farm, FarmError};
use farmhand_model::versions::PluginVersions;
use farmhand_model::view::PluginView;
use farmhand_plugin::VersionError;

/// What can be decided about a plugin's versions. Digests may be the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionControl {
    /// Go back to the version that served before, or to this one.
    RollBack {
        /// The version to go back to.
        to: Option<String>,
    },
    /// Have the version that serves, or this one, serve whatever is saved.
    Pin {
        /// The version to pin.
        digest: Option<String>,
    },
    /// End a pin.
    Unpin,
    /// Let a version serve that was rolled back from or held back.
    Confirm {
        /// The version.
        digest: String,
    },
}

impl Farm {
    /// The versions of a plugin that ever served, and what was decided about them.
    pub fn plugin_versions(&self, name: &str) -> Result<PluginVersions, FarmError> {
        Ok(self.inner.parts.plugins.versions(name)?)
    }

    /// Decides about a plugin's versions, in the name of `by`. It is durable when this returns.
    pub async fn control_versions(
        &self,
        name: &str,
        control: VersionControl,
        by: Option<String>,
    ) -> Result<PluginView, FarmError> {
        let plugins = &self.inner.parts.plugins;
        let by = by.filter(|by| !by.trim().is_empty());
        Ok(match control {
            VersionControl::RollBack { to } => plugins.roll_back(name, to.as_deref(), by).await,
            VersionControl::Pin { digest } => plugins.pin(name, digest.as_deref(), by).await,
            VersionControl::Unpin => plugins.unpin(name, by).await,
            VersionControl::Confirm { digest } => plugins.confirm(name, &digest, by).await,
        }?)
    }
}

impl From<VersionError> for FarmError {
    fn from(error: VersionError) -> Self {
        match error {
            VersionError::NoPlugin { .. } => FarmError::NoPlugin(error.to_string()),
            VersionError::NoVersion { .. } | VersionError::Ambiguous { .. } => {
                FarmError::NoVersion(error.to_string())
            }
            VersionError::Unloadable { .. } | VersionError::Conflict(_) => {
                FarmError::Conflict(error.to_string())
            }
            VersionError::NotWritten(_) => FarmError::Internal(error.to_string()),
        }
    }
}
