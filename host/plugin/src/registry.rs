//! Which version of which plugin serves now.
//!
//! Knows nothing of files but their names, and never loads anything: it is told what passed the gate and what did
//! not. The last good version of a plugin serves until a better one has passed.

use crate::error::{PluginError, PluginErrorKind};
use crate::gate::{Gated, Runtime};
use crate::loaded::LoadedPlugin;
use farmhand_model::view::PluginView;
use farmhand_model::{Digest, Timestamp};
use semver::VersionReq;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Something changed about a slot.
#[derive(Debug, Clone, PartialEq)]
pub enum SwapEvent {
    /// It is this now.
    Changed(Box<PluginView>),
    /// Its file is gone, and nothing is behind it.
    Removed {
        /// The slot.
        name: String,
    },
}

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

/// Where a version comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Builtin,
    File(PathBuf),
}

impl Source {
    fn name(&self) -> String {
        match self {
            Source::Builtin => "built-in".into(),
            Source::File(path) => file_name(path),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Why the newest version does not serve.
#[derive(Debug)]
struct Failure {
    source: Source,
    error: PluginError,
}

#[derive(Debug)]
struct Live {
    source: Source,
    plugin: Arc<LoadedPlugin>,
}

#[derive(Debug)]
enum SlotState {
    Serving { live: Live },
    Degraded { live: Live, failure: Failure },
    Failed { failure: Failure },
}

#[derive(Debug)]
struct Slot {
    state: SlotState,
    changed: Timestamp,
}

impl Slot {
    fn live(&self) -> Option<&Live> {
        match &self.state {
            SlotState::Serving { live } | SlotState::Degraded { live, .. } => Some(live),
            SlotState::Failed { .. } => None,
        }
    }

    fn failure(&self) -> Option<&Failure> {
        match &self.state {
            SlotState::Degraded { failure, .. } | SlotState::Failed { failure } => Some(failure),
            SlotState::Serving { .. } => None,
        }
    }

    fn view(&self, name: &str) -> PluginView {
        let live = self.live();
        let source = live.map(|live| &live.source).or(self.failure().map(|failure| &failure.source));
        let descriptor = live.map(|live| live.plugin.descriptor());
        PluginView {
            name: name.to_owned(),
            state: match self.state {
                SlotState::Serving { .. } => "serving",
                SlotState::Degraded { .. } => "degraded",
                SlotState::Failed { .. } => "failed",
            }
            .to_owned(),
            source: source.map(Source::name).unwrap_or_default(),
            serving: live.map(|live| live.plugin.stamp().clone()),
            summary: descriptor.map(|descriptor| descriptor.summary.clone()),
            extensions: descriptor.map(|descriptor| descriptor.extensions.clone()).unwrap_or_default(),
            levels: descriptor.map(|descriptor| descriptor.levels.clone()).unwrap_or_default(),
            options_schema: descriptor.map(|descriptor| descriptor.options_schema.clone()),
            failure: self.failure().map(|failure| failure.error.to_string()),
            changed: self.changed,
        }
    }
}

/// What a file of the plugins directory is to the registry.
#[derive(Debug)]
struct FileRecord {
    /// The bytes that were looked at last; absent where they should be looked at again.
    digest: Option<Digest>,
    standing: Standing,
}

#[derive(Debug)]
enum Standing {
    /// It serves this plugin, or its last good version does.
    Serves { name: String },
    /// It was refused; the slot shows why.
    Refused { slot: String },
    /// It was refused because another file serves under its name.
    Waits { slot: String },
}

/// All slots, and what is behind them.
pub(crate) struct Registry {
    runtime: Arc<Runtime>,
    slots: BTreeMap<String, Slot>,
    files: BTreeMap<PathBuf, FileRecord>,
    builtins: BTreeMap<String, Arc<Gated>>,
    /// How many times each slot was swapped. Kept when a slot goes, so that a generation never comes twice.
    generations: BTreeMap<String, u64>,
}

impl Registry {
    pub(crate) fn new(runtime: Arc<Runtime>) -> Self {
        let (slots, files) = (BTreeMap::new(), BTreeMap::new());
        Self { runtime, slots, files, builtins: BTreeMap::new(), generations: BTreeMap::new() }
    }

    /// What comes with the binary serves until a file takes its place.
    pub(crate) fn add_builtin(&mut self, gated: Gated) {
        let (name, gated) = (gated.descriptor.name.clone(), Arc::new(gated));
        self.builtins.insert(name.clone(), Arc::clone(&gated));
        self.publish(&name, Source::Builtin, gated);
    }

    /// What comes with the binary and did not pass the gate.
    pub(crate) fn refuse_builtin(&mut self, name: &str, error: PluginError) {
        let _ = self.fail(name, Failure { source: Source::Builtin, error });
    }

    /// Whether these bytes of this file have been dealt with already.
    pub(crate) fn knows(&self, path: &Path, digest: &Digest) -> bool {
        self.files.get(path).is_some_and(|record| record.digest.as_ref() == Some(digest))
    }

    /// Files whose bytes could not be looked at.
    pub(crate) fn unread(&self) -> Vec<PathBuf> {
        self.files
            .iter()
            .filter(|(_, record)| record.digest.is_none())
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Whether the file is known at all.
    pub(crate) fn has_file(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// A file passed the gate: it serves from now on, unless another file does under its name.
    pub(crate) fn accept(&mut self, path: &Path, gated: Gated) -> Vec<SwapEvent> {
        let name = gated.descriptor.name.clone();
        let digest = gated.seen.clone();
        let holder = self.files.iter().find(|(other, record)| {
            *other != path && matches!(&record.standing, Standing::Serves { name: served } if *served == name)
        });
        if let Some((holder, _)) = holder {
            let error =
                PluginError::new(file_name(path), PluginErrorKind::NameTaken { by: file_name(holder) });
            let mut events = self.withdraw(path);
            let slot = stem(path);
            self.files.insert(
                path.to_path_buf(),
                FileRecord { digest: Some(digest), standing: Standing::Waits { slot: slot.clone() } },
            );
            events.extend(self.fail(&slot, Failure { source: Source::File(path.to_path_buf()), error }));
            return events;
        }
        let served = matches!(self.files.get(path), Some(FileRecord { standing: Standing::Serves { name: served }, .. }) if *served == name);
        let mut events = if served { Vec::new() } else { self.withdraw(path) };
        let record = FileRecord { digest: Some(digest), standing: Standing::Serves { name: name.clone() } };
        self.files.insert(path.to_path_buf(), record);
        events.push(self.publish(&name, Source::File(path.to_path_buf()), Arc::new(gated)));
        events
    }

    /// A file did not pass the gate: what served before goes on serving.
    pub(crate) fn refuse(
        &mut self,
        path: &Path,
        digest: Option<Digest>,
        error: PluginError,
    ) -> Vec<SwapEvent> {
        let failure = Failure { source: Source::File(path.to_path_buf()), error };
        if let Some(record) = self.files.get_mut(path)
            && let Standing::Serves { name } = &record.standing
        {
            record.digest = digest;
            let name = name.clone();
            return self.fail(&name, failure).into_iter().collect();
        }
        let slot = stem(path);
        let record = FileRecord { digest, standing: Standing::Refused { slot: slot.clone() } };
        self.files.insert(path.to_path_buf(), record);
        self.fail(&slot, failure).into_iter().collect()
    }

    /// A file is gone: its plugin goes back to what came with the binary, or goes too. Also returns the files that
    /// were refused for its sake and should be looked at again.
    pub(crate) fn remove(&mut self, path: &Path) -> (Vec<SwapEvent>, Vec<PathBuf>) {
        let events = self.withdraw(path);
        self.files.remove(path);
        let waiting =
            self.files.iter_mut().filter(|(_, record)| matches!(record.standing, Standing::Waits { .. }));
        let again = waiting
            .map(|(path, record)| {
                record.digest = None;
                path.clone()
            })
            .collect();
        (events, again)
    }

    /// Undoes what a file has done to the slots.
    fn withdraw(&mut self, path: &Path) -> Vec<SwapEvent> {
        match self.files.get(path).map(|record| &record.standing) {
            None => Vec::new(),
            Some(Standing::Serves { name }) => {
                let name = name.clone();
                match self.builtins.get(&name) {
                    Some(builtin) => {
                        let builtin = Arc::clone(builtin);
                        vec![self.publish(&name, Source::Builtin, builtin)]
                    }
                    None => self.drop_slot(&name),
                }
            }
            Some(Standing::Refused { slot } | Standing::Waits { slot }) => {
                let slot = slot.clone();
                self.forgive(&slot, path)
            }
        }
    }

    /// Clears the failure that this file caused.
    fn forgive(&mut self, name: &str, path: &Path) -> Vec<SwapEvent> {
        let Some(slot) = self.slots.remove(name) else { return Vec::new() };
        let caused = |failure: &Failure| failure.source == Source::File(path.to_path_buf());
        match slot.state {
            SlotState::Degraded { live, failure } if caused(&failure) => {
                vec![self.put(name, SlotState::Serving { live })]
            }
            SlotState::Failed { failure } if caused(&failure) => {
                vec![SwapEvent::Removed { name: name.to_owned() }]
            }
            state => {
                self.slots.insert(name.to_owned(), Slot { state, changed: slot.changed });
                Vec::new()
            }
        }
    }

    fn drop_slot(&mut self, name: &str) -> Vec<SwapEvent> {
        match self.slots.remove(name) {
            Some(_) => vec![SwapEvent::Removed { name: name.to_owned() }],
            None => Vec::new(),
        }
    }

    /// Swaps a slot. The very version that serves already is no swap: it only has no failure beside it any more.
    fn publish(&mut self, name: &str, source: Source, gated: Arc<Gated>) -> SwapEvent {
        let (live, failure) = match self.slots.remove(name).map(|slot| slot.state) {
            Some(SlotState::Serving { live }) => (Some(live), None),
            Some(SlotState::Degraded { live, failure }) => (Some(live), Some(failure)),
            Some(SlotState::Failed { failure }) => (None, Some(failure)),
            None => (None, None),
        };
        let failure = failure.filter(|failure| self.is_anothers(failure, name));
        if let Some(live) = live
            && live.plugin.stamp().digest == gated.digest
            && live.source == source
        {
            return self.put(name, serving(live, failure));
        }
        let generation = self.generations.entry(name.to_owned()).or_default();
        *generation += 1;
        let plugin = Arc::new(LoadedPlugin::new(Arc::clone(&self.runtime), gated, *generation));
        self.put(name, serving(Live { source, plugin }, failure))
    }

    /// Whether a failure that this slot shows is of a file that does not serve it, and stays wrong whoever does.
    fn is_anothers(&self, failure: &Failure, name: &str) -> bool {
        let Source::File(path) = &failure.source else { return false };
        match self.files.get(path).map(|record| &record.standing) {
            Some(Standing::Refused { slot } | Standing::Waits { slot }) => slot == name,
            Some(Standing::Serves { .. }) | None => false,
        }
    }

    /// Shows a failure. One that is shown already is no news, so that a file can be tried over and over.
    fn fail(&mut self, name: &str, failure: Failure) -> Option<SwapEvent> {
        let shown = self.slots.get(name).and_then(Slot::failure);
        if shown.is_some_and(|shown| {
            shown.source == failure.source && shown.error.to_string() == failure.error.to_string()
        }) {
            return None;
        }
        let state = match self.slots.remove(name).map(|slot| slot.state) {
            Some(SlotState::Serving { live } | SlotState::Degraded { live, .. }) => {
                SlotState::Degraded { live, failure }
            }
            Some(SlotState::Failed { .. }) | None => SlotState::Failed { failure },
        };
        Some(self.put(name, state))
    }

    fn put(&mut self, name: &str, state: SlotState) -> SwapEvent {
        let slot = Slot { state, changed: now() };
        let event = SwapEvent::Changed(Box::new(slot.view(name)));
        self.slots.insert(name.to_owned(), slot);
        event
    }

    pub(crate) fn views(&self) -> Vec<PluginView> {
        self.slots.iter().map(|(name, slot)| slot.view(name)).collect()
    }

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

fn serving(live: Live, failure: Option<Failure>) -> SlotState {
    match failure {
        Some(failure) => SlotState::Degraded { live, failure },
        None => SlotState::Serving { live },
    }
}

/// What a file is called until it has told its name.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
