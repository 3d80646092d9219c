//! The plugin host: what the rest of farmhand holds in its hand.

use crate::cache::CacheError;
use crate::candidate::{Candidate, Inspection};
use crate::error::PluginError;
use crate::gate::{Runtime, RuntimeError};
use crate::loaded::LoadedPlugin;
use crate::registry::{Registry, SelectError, SwapEvent};
use crate::settings::{Builtin, PluginSettings};
use crate::watch::Watch;
use farmhand_model::view::PluginView;
use semver::VersionReq;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::broadcast;

/// Swaps that a slow subscriber may be behind; it can always ask for the views.
const EVENTS: usize = 256;

/// Why the plugin host does not start. A plugin that does not load is no such reason.
#[derive(Debug, thiserror::Error)]
pub enum PluginHostError {
    /// Compiled code has no safe place.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// wasmtime does not start.
    #[error("{message}")]
    Engine {
        /// What it said.
        message: String,
    },
    /// The plugins directory cannot be made or read.
    #[error("the plugins directory {path} cannot be used: {source}; make it, or name another one")]
    Dir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What the host and its watcher share.
pub(crate) struct Shared {
    pub(crate) runtime: Arc<Runtime>,
    registry: RwLock<Registry>,
    events: broadcast::Sender<SwapEvent>,
}

impl Shared {
    /// Looks something up.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Registry) -> T) -> T {
        look(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes something, and tells everyone. The lock is held for the change only, never over a load or a call.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Registry) -> Vec<SwapEvent>) {
        let events = change(&mut self.registry.write().unwrap_or_else(PoisonError::into_inner));
        for event in events {
            announce(&event);
            // Nobody listening is fine.
            let _ = self.events.send(event);
        }
    }
}

fn announce(event: &SwapEvent) {
    match event {
        SwapEvent::Changed(view) => match (&view.serving, &view.failure) {
            (_, Some(failure)) => tracing::warn!(plugin = %view.name, state = %view.state, "{failure}"),
            (Some(stamp), None) => tracing::info!(
                plugin = %view.name, version = %stamp.version, generation = stamp.generation,
                digest = stamp.digest.short(), source = %view.source, "serves"
            ),
            (None, None) => {}
        },
        SwapEvent::Removed { name } => tracing::info!(plugin = %name, "is gone"),
    }
}

/// All plugins of this node. Dropping it stops the watcher; plugins that someone still holds live on until they let
/// go.
pub struct PluginHost {
    shared: Arc<Shared>,
    _watch: Option<Watch>,
}

impl std::fmt::Debug for PluginHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginHost").finish_non_exhaustive()
    }
}

impl PluginHost {
    /// Loads what comes with the binary and what is in the plugins directory, and watches that directory from then
    /// on. A plugin that does not load shows up as failed; the others serve.
    ///
    /// # Errors
    /// When nothing can be loaded at all: the engine does not start, its cache is not safe, or the plugins directory
    /// cannot be read.
    pub async fn start(settings: PluginSettings, builtins: Vec<Builtin>) -> Result<Self, PluginHostError> {
        let runtime = Runtime::new(settings).map_err(|error| match error {
            RuntimeError::Cache(error) => PluginHostError::Cache(error),
            error @ RuntimeError::Engine(_) => PluginHostError::Engine { message: error.to_string() },
        })?;
        let runtime = Arc::new(runtime);
        let registry = RwLock::new(Registry::new(Arc::clone(&runtime)));
        let shared = Arc::new(Shared { runtime, registry, events: broadcast::channel(EVENTS).0 });
        for builtin in builtins {
            let candidate = Candidate::new(builtin.name, builtin.bytes);
            let admitted = shared.runtime.admit(&candidate).await;
            shared.change(|registry| {
                match admitted {
                    Ok(gated) => registry.add_builtin(gated),
                    Err(error) => registry.refuse_builtin(builtin.name, error),
                }
                Vec::new()
            });
        }
        if shared.runtime.settings.warm_runners {
            tokio::spawn(Arc::clone(&shared.runtime).warm_up());
        }
        let watch = match shared.runtime.settings.dir.clone() {
            Some(dir) => Some(Watch::start(Arc::clone(&shared), dir).await?),
            None => None,
        };
        for view in shared.look(Registry::views) {
            announce(&SwapEvent::Changed(Box::new(view)));
        }
        Ok(Self { shared, _watch: watch })
    }

    /// The plugin for a scene: the one that is named, in a version that is asked for; or else the one that takes
    /// scenes with this extension.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn select(
        &self,
        scene: &Path,
        choice: Option<(&str, Option<&VersionReq>)>,
    ) -> Result<Arc<LoadedPlugin>, SelectError> {
        self.shared.look(|registry| registry.select(scene, choice))
    }

    /// The version of this plugin that serves now.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, name: &str) -> Result<Arc<LoadedPlugin>, SelectError> {
        self.shared.look(|registry| registry.get(name))
    }

    /// All slots, by name.
    #[must_use]
    pub fn views(&self) -> Vec<PluginView> {
        self.shared.look(Registry::views)
    }

    /// Every change of a slot from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<SwapEvent> {
        self.shared.events.subscribe()
    }

    /// Takes a file through the gate without letting it serve: to check it, or to replay a log through it. Its
    /// generation is 0.
    ///
    /// # Errors
    /// When it does not pass.
    pub async fn load_file(&self, path: &Path) -> Result<Arc<LoadedPlugin>, PluginError> {
        let runtime = Arc::clone(&self.shared.runtime);
        let candidate = Candidate::read(path, &runtime.settings)?;
        let gated = runtime.admit(&candidate).await?;
        Ok(Arc::new(LoadedPlugin::new(runtime, Arc::new(gated), 0)))
    }

    /// What a file is, without compiling or running it.
    ///
    /// # Errors
    /// When it cannot be read, or is no plugin of any form.
    pub fn inspect(&self, path: &Path) -> Result<Inspection, PluginError> {
        let candidate = Candidate::read(path, &self.shared.runtime.settings)?;
        candidate.inspect().map_err(|kind| PluginError::new(&candidate.label, kind))
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// What this host was told.
    #[must_use]
    pub fn settings(&self) -> &PluginSettings {
        &self.shared.runtime.settings
    }
}
