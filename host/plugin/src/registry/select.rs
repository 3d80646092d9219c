//! Which plugin a job gets: by its name, or by its scene.

use super::{Registry, file_name};
use crate::loaded::LoadedPlugin;
use semver::VersionReq;
use std::path::Path;
use std::sync::Arc;

/// Why there is no plugin for a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No plugin has this name.
    #[error("there is no plugin `{name}`{}; there are {}", meant(.suggestion), .known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// One that is close to it.
        suggestion: Option<String>,
        /// Those that serve.
        known: Vec<String>,
    },
    /// The plugin has never loaded.
    #[error("plugin `{name}` cannot serve: {reason}")]
    Failed {
        /// The plugin.
        name: String,
        /// Why.
        reason: String,
    },
    /// The plugin serves in another version.
    #[error(
        "plugin `{name}` serves in version {serving}, and {wanted} is asked for; install that version, or ask for another"
    )]
    Version {
        /// The plugin.
        name: String,
        /// The version that serves.
        serving: String,
        /// The version asked for.
        wanted: String,
    },
    /// No plugin takes scenes like this one.
    #[error("no plugin takes `{scene}`; extensions that are taken: {}{}", .known.join(", "), failing(.failed))]
    NoPlugin {
        /// The scene.
        scene: String,
        /// Extensions that some plugin takes.
        known: Vec<String>,
        /// Plugins that have never loaded, one of which may have been meant.
        failed: Vec<String>,
    },
    /// Several plugins take scenes like this one.
    #[error("plugins {} all take `{scene}`; name one of them in the job's `plugin`", .plugins.join(" and "))]
    Ambiguous {
        /// The scene.
        scene: String,
        /// The plugins.
        plugins: Vec<String>,
    },
}

fn meant(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!("; is `{name}` meant?")).unwrap_or_default()
}

fn failing(failed: &[String]) -> String {
    match failed.is_empty() {
        true => String::new(),
        false => format!("; {} did not load", failed.join(", ")),
    }
}

impl Registry {
    fn serving(&self) -> impl Iterator<Item = (&String, &Arc<LoadedPlugin>)> {
        self.slots.iter().filter_map(|(name, slot)| Some((name, &slot.live()?.plugin)))
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<LoadedPlugin>, SelectError> {
        let Some(slot) = self.slots.get(name) else {
            let known: Vec<String> = self.serving().map(|(name, _)| name.clone()).collect();
            let near = known.iter().find(|known| strsim::damerau_levenshtein(known, name) <= 2);
            return Err(SelectError::Unknown { name: name.to_owned(), suggestion: near.cloned(), known });
        };
        match (slot.live(), slot.failure()) {
            (Some(live), _) => Ok(Arc::clone(&live.plugin)),
            (None, failure) => {
                let reason = failure.map(|failure| failure.error.to_string()).unwrap_or_default();
                Err(SelectError::Failed { name: name.to_owned(), reason })
            }
        }
    }

    pub(crate) fn select(
        &self,
        scene: &Path,
        choice: Option<(&str, Option<&VersionReq>)>,
    ) -> Result<Arc<LoadedPlugin>, SelectError> {
        if let Some((name, wanted)) = choice {
            let plugin = self.get(name)?;
            return match wanted {
                Some(wanted) if !wanted.matches(&plugin.descriptor().version) => Err(SelectError::Version {
                    name: name.to_owned(),
                    serving: plugin.stamp().version.clone(),
                    wanted: wanted.to_string(),
                }),
                _ => Ok(plugin),
            };
        }
        let file = file_name(scene).to_lowercase();
        let takes = |extension: &String| file.ends_with(&format!(".{extension}"));
        let takers: Vec<_> =
            self.serving().filter(|(_, plugin)| plugin.descriptor().extensions.iter().any(takes)).collect();
        match takers.as_slice() {
            [(_, plugin)] => Ok(Arc::clone(plugin)),
            [] => {
                let mut known: Vec<String> =
                    self.serving().flat_map(|(_, plugin)| plugin.descriptor().extensions.clone()).collect();
                known.sort();
                known.dedup();
                let failed = self.slots.iter().filter(|(_, slot)| slot.live().is_none());
                let failed = failed.map(|(name, _)| name.clone()).collect();
                Err(SelectError::NoPlugin { scene: file_name(scene), known, failed })
            }
            several => {
                let plugins = several.iter().map(|(name, _)| (*name).clone()).collect();
                Err(SelectError::Ambiguous { scene: file_name(scene), plugins })
            }
        }
    }
}
