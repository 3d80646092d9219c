//! What the host is told about plugins: where they are, what they may use, and what they may see.

use crate::limits::Limits;
use std::collections::BTreeMap;
use std::path::PathBuf;
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
    /// What `config` hands it: a JSON object.
    pub config: serde_json::Value,
}

impl Default for Grant {
    /// Nothing.
    fn default() -> Self {
        Self { read: Vec::new(), config: serde_json::Value::Object(serde_json::Map::new()) }
    }
}

/// Everything that the plugin host is told.
#[derive(Debug, Clone)]
pub struct PluginSettings {
    /// Where plugins are dropped in; absent: only the built-in ones serve. Made where it is missing.
    pub dir: Option<PathBuf>,
    /// Where compiled code is kept. A directory of its own: it is made with mode 0700, and refused where others
    /// could write to it.
    pub cache_dir: PathBuf,
    /// Compiled code kept there, in bytes; the least recently used goes first.
    pub cache_bytes: u64,
    /// How changes in `dir` are noticed.
    pub watch: WatchMode,
    /// What a plugin may use.
    pub limits: Limits,
    /// The same for single plugins, by name.
    pub plugin_limits: BTreeMap<String, Limits>,
    /// What single plugins may see, by name.
    pub grants: BTreeMap<String, Grant>,
    /// Guest calls at once, over all plugins.
    pub concurrent_calls: usize,
}

impl PluginSettings {
    /// The defaults, with compiled code kept in this directory and no plugins directory.
    #[must_use]
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: None,
            cache_dir: cache_dir.into(),
            cache_bytes: 512 << 20,
            watch: WatchMode::default(),
            limits: Limits::default(),
            plugin_limits: BTreeMap::new(),
            grants: BTreeMap::new(),
            // With the default limit this bounds what running calls hold to 2 GiB at the very worst, and leaves a
            // quick call room beside many slow ones: a guest that runs long yields every tick.
            concurrent_calls: 32,
        }
    }

    /// The limits of the plugin of this name.
    pub(crate) fn limits_of(&self, name: &str) -> &Limits {
        self.plugin_limits.get(name).unwrap_or(&self.limits)
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
