//! What the host is told about plugins: where they are, what they may use, and what they may see.

use crate::limits::{LimitChange, Limits};
use crate::loaded::LoadedPlugin;
use crate::observer::CallObserver;
use crate::script::Language;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How changes in the plugins directory are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WatchMode {
    /// The operating system says so; a slow look at the directory covers what it misses.
    #[default]
    Notify,
    /// By looking at the directory this often: for network file systems, which send no events.
    Poll(Duration),
    /// Not at all: what is there at the start serves.
    Off,
}

/// What the studio lets one plugin see besides the job.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Directories that it may read text files under.
    pub read: Vec<PathBuf>,
    /// Variables of the daemon's environment, by name, as they are when the daemon starts.
    pub env: Vec<String>,
    /// What `config` hands it: a JSON object.
    pub config: serde_json::Value,
}

impl Default for Grant {
    /// Nothing.
    fn default() -> Self {
        let config = serde_json::Value::Object(serde_json::Map::new());
        Self { read: Vec::new(), env: Vec::new(), config }
    }
}

/// The studio's own check of a version that has passed the load gate, before it takes over from another one.
pub trait LoadGate: std::fmt::Debug + Send + Sync {
    /// Whether versions of this plugin are examined at all.
    fn guards(&self, plugin: &str) -> bool;

    /// Whether the candidate may take over from the version that serves; the error says why not, and what to do. It is
    /// asked in the background, and what served before goes on serving meanwhile.
    fn examine<'a>(
        &'a self,
        candidate: &'a Arc<LoadedPlugin>,
        serving: Option<&'a Arc<LoadedPlugin>>,
    ) -> BoxFuture<'a, Result<(), String>>;
}

/// What becomes of versions that were live.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Versions {
    /// Nothing is kept: the last good one serves as long as this host lives.
    #[default]
    Forgotten,
    /// Another host keeps them in this directory; they can be read, and what was decided about them holds.
    Read(PathBuf),
    /// They are kept in this directory, which no other host writes to.
    Keep(PathBuf),
}

/// Compiles a component into the code cache, in a process of its own: a large one takes seconds of all cores and
/// hundreds of megabytes, which the daemon should neither miss nor keep. That process calls
/// [`compile_into_cache`](crate::compile_into_cache).
pub trait OutsideCompiler: std::fmt::Debug + Send + Sync {
    /// Compiles this component and waits for it; the error says what went wrong.
    fn compile(&self, component: &Path) -> Result<(), String>;
}

/// Everything that the plugin host is told.
#[derive(Debug, Clone)]
pub struct PluginSettings {
    /// Where plugins are dropped in; absent: only the built-in ones serve. Made where it is missing.
    pub dir: Option<PathBuf>,
    /// Where runners of scripts are looked for, in this order.
    pub runners: Vec<PathBuf>,
    /// Whether the runners are compiled in the background right after the start, and not only when the first script
    /// comes.
    pub warm_runners: bool,
    /// Where compiled code is kept. A directory of its own: it is made with mode 0700, and refused where others
    /// could write to it.
    pub cache_dir: PathBuf,
    /// Compiled code kept there, in bytes; the least recently used goes first.
    pub cache_bytes: u64,
    /// What becomes of versions that were live.
    pub versions: Versions,
    /// Calls in a row that break off, time out or want too much memory, after which a version is rolled back; 0 means
    /// never.
    pub rollback_after: u32,
    /// The same for single plugins, by name.
    pub plugin_rollback_after: BTreeMap<String, u32>,
    /// How changes in `dir` are noticed.
    pub watch: WatchMode,
    /// What a plugin may use.
    pub limits: Limits,
    /// What is different for single plugins, by name.
    pub plugin_limits: BTreeMap<String, LimitChange>,
    /// What single plugins may see, by name.
    pub grants: BTreeMap<String, Grant>,
    /// Guest calls at once, over all plugins.
    pub concurrent_calls: usize,
    /// Who compiles the runners of scripts; absent: the host does, in its own process.
    pub compiler: Option<Arc<dyn OutsideCompiler>>,
    /// Told of every call of a plugin that serves, or that decides for a job or an attempt of an earlier version.
    pub observer: Option<Arc<dyn CallObserver>>,
    /// Asked before a new version takes over.
    pub gate: Option<Arc<dyn LoadGate>>,
}

impl PluginSettings {
    /// The defaults, with compiled code kept in this directory and no plugins directory.
    #[must_use]
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: None,
            runners: Vec::new(),
            warm_runners: false,
            cache_dir: cache_dir.into(),
            cache_bytes: 512 << 20,
            versions: Versions::default(),
            rollback_after: 3,
            plugin_rollback_after: BTreeMap::new(),
            watch: WatchMode::default(),
            limits: Limits::default(),
            plugin_limits: BTreeMap::new(),
            grants: BTreeMap::new(),
            // With the default limit this bounds what running calls hold to 2 GiB at the very worst, and leaves a
            // quick call room beside many slow ones: a guest that runs long yields every tick.
            concurrent_calls: 32,
            compiler: None,
            observer: None,
            gate: None,
        }
    }

    /// The limits of the plugin of this name, in this language where it is a script.
    #[must_use]
    pub fn limits_of(&self, name: &str, language: Option<Language>) -> Limits {
        let base = self.limits.for_language(language);
        match self.plugin_limits.get(name) {
            Some(change) => base.changed(change),
            None => base,
        }
    }

    /// After how many failed calls in a row a version of this plugin is rolled back; 0 means never.
    #[must_use]
    pub fn rollback_after(&self, name: &str) -> u32 {
        self.plugin_rollback_after.get(name).copied().unwrap_or(self.rollback_after)
    }

    /// What the plugin of this name may see.
    #[must_use]
    pub fn grant_of(&self, name: &str) -> Grant {
        self.grants.get(name).cloned().unwrap_or_default()
    }
}

/// A plugin that comes with the binary.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// The name that its descriptor gives too.
    pub name: &'static str,
    /// The component.
    pub bytes: &'static [u8],
}
