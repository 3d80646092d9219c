//! The plugin host: what the rest of farmhand holds in its hand.

use crate::cache::CacheError;
use crate::candidate::{Candidate, Inspection};
use crate::error::PluginError;
use crate::gate::{Runtime, RuntimeError};
use crate::loaded::LoadedPlugin;
use crate::registry::{Registry, SelectError, SwapEvent};
use crate::settings::{Builtin, PluginSettings};
use crate::versions::{Strike, VaultError, VersionError};
use crate::watch::Watch;
use farmhand_model::Digest;
use farmhand_model::versions::PluginVersions;
use farmhand_model::view::PluginView;
use semver::VersionReq;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::AbortHandle;

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
    /// The directory of versions cannot be made or read.
    #[error(
        "the directory of plugin versions {path} cannot be used: {source}; make it writable for the daemon's user"
    )]
    Versions {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
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
    /// Held while it is decided which version serves.
    pub(crate) deciding: tokio::sync::Mutex<()>,
    /// Versions that somebody holds besides those that serve.
    pub(crate) kept: Mutex<BTreeMap<Digest, Arc<tokio::sync::Mutex<Weak<LoadedPlugin>>>>>,
    /// The plugins directory is to be looked at again.
    pub(crate) again: Notify,
    /// Whether everything has been looked at that was there at the start.
    pub(crate) started: watch::Sender<bool>,
}

impl Shared {
    /// Looks something up.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Registry) -> T) -> T {
        look(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes something, and tells everyone. The lock is held for the change only, never over a load or a call.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        let (answer, news) = {
            let mut registry = self.registry.write().unwrap_or_else(PoisonError::into_inner);
            (change(&mut registry), registry.take_news())
        };
        for event in news {
            announce(&event);
            // Nobody listening is fine.
            let _ = self.events.send(event);
        }
        answer
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
        SwapEvent::Failing { message, .. } => tracing::error!("{message}"),
    }
}

/// All plugins of this node. Dropping it stops the watcher; plugins that someone still holds live on until they let
/// go.
pub struct PluginHost {
    pub(crate) shared: Arc<Shared>,
    _watch: Option<Watch>,
    _strikes: Background,
}

/// A task that ends with the host.
struct Background(AbortHandle);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
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
            RuntimeError::Vault(VaultError { path, source }) => PluginHostError::Versions { path, source },
            error @ RuntimeError::Engine(_) => PluginHostError::Engine { message: error.to_string() },
        })?;
        let runtime = Arc::new(runtime);
        let (strikes, struck) = unbounded_channel();
        let shared = Arc::new(Shared {
            registry: RwLock::new(Registry::new(Arc::clone(&runtime), strikes)),
            runtime,
            events: broadcast::channel(EVENTS).0,
            deciding: tokio::sync::Mutex::default(),
            kept: Mutex::default(),
            again: Notify::new(),
            started: watch::Sender::new(false),
        });
        for builtin in builtins {
            let candidate = Candidate::new(builtin.name, builtin.bytes);
            let admitted = shared.runtime.admit(&candidate).await;
            if let Ok(gated) = &admitted
                && let Err(error) = shared.runtime.keep(&candidate, gated).await
            {
                // The binary has it all the same.
                tracing::warn!("{error}");
            }
            shared.change(|registry| match admitted {
                Ok(gated) => registry.add_builtin(gated),
                Err(error) => registry.refuse_builtin(builtin.name, error),
            });
        }
        if shared.runtime.settings.warm_runners {
            tokio::spawn(Arc::clone(&shared.runtime).warm_up());
        }
        let watch = match shared.runtime.settings.dir.clone() {
            Some(dir) => Some(Watch::start(Arc::clone(&shared), dir).await?),
            None => {
                shared.settle_all().await;
                shared.started.send_replace(true);
                None
            }
        };
        let strikes = tokio::spawn(heed(Arc::downgrade(&shared), struck));
        Ok(Self { shared, _watch: watch, _strikes: Background(strikes.abort_handle()) })
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

    /// Waits until everything has been looked at that was there at the start: scripts whose runner has to be compiled
    /// first come in after the host has started.
    pub async fn all_looked_at(&self) {
        // The sender lives as long as this does.
        let _ = self.shared.started.subscribe().wait_for(|started| *started).await;
    }

    /// A version by its digest or the beginning of one, whether it serves now or only ever did. Where it does not
    /// serve, its generation is 0. It waits for the runner of a script to be compiled.
    ///
    /// # Errors
    /// When no version, or more than one, goes by this digest, or its bytes are not kept any more.
    pub async fn version(&self, digest: &str) -> Result<Arc<LoadedPlugin>, VersionError> {
        self.shared.version(digest).await
    }

    /// The versions of a plugin that ever served, and what was decided about them.
    ///
    /// # Errors
    /// When nothing is known of such a plugin.
    pub fn versions(&self, name: &str) -> Result<PluginVersions, VersionError> {
        self.shared.versions(name)
    }

    /// Goes back to the version that served before, or to the one with this digest; the one that serves is set aside,
    /// and does not serve again until other bytes are saved or somebody asks for it.
    ///
    /// # Errors
    /// When there is none to go back to, when the plugin is pinned, or when it cannot be written down.
    pub async fn roll_back(
        &self,
        name: &str,
        to: Option<&str>,
        by: Option<String>,
    ) -> Result<PluginView, VersionError> {
        self.shared.roll_back(name, to, by).await
    }

    /// Has the version that serves now, or the one with this digest, serve whatever is saved.
    ///
    /// # Errors
    /// When there is no such version, or when it cannot be written down.
    pub async fn pin(
        &self,
        name: &str,
        digest: Option<&str>,
        by: Option<String>,
    ) -> Result<PluginView, VersionError> {
        self.shared.pin(name, digest, by).await
    }

    /// Ends a pin.
    ///
    /// # Errors
    /// When the plugin is not pinned, or when it cannot be written down.
    pub async fn unpin(&self, name: &str, by: Option<String>) -> Result<PluginView, VersionError> {
        self.shared.unpin(name, by).await
    }

    /// Lets a version serve that was rolled back from, or that the gate of new versions held back.
    ///
    /// # Errors
    /// When there is no such version, or when it cannot be written down.
    pub async fn confirm(
        &self,
        name: &str,
        digest: &str,
        by: Option<String>,
    ) -> Result<PluginView, VersionError> {
        self.shared.confirm(name, digest, by).await
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

/// Rolls back what fails over and over, one after the other.
async fn heed(shared: Weak<Shared>, mut struck: UnboundedReceiver<Strike>) {
    while let Some(strike) = struck.recv().await {
        let Some(shared) = shared.upgrade() else { return };
        shared.struck_out(strike).await;
    }
}
