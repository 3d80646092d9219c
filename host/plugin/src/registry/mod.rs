//! Which version of which plugin serves now.
//!
//! Knows nothing of files but their names, and never loads anything: it is told what passed the gate and what did
//! not, and then which version is to serve (`versions::deciding`). Until it is told, what served before goes on.

mod select;
mod slot;

pub use select::SelectError;
pub(crate) use slot::{Offer, Source};

use crate::error::{PluginError, PluginErrorKind};
use crate::gate::{Gated, Runtime};
use crate::loaded::LoadedPlugin;
use crate::logring::visible;
use crate::versions::{Strike, Strikes};
use farmhand_model::versions::VersionStanding;
use farmhand_model::view::PluginView;
use farmhand_model::{Digest, Timestamp};
use slot::{Failure, Live, Slot, SlotState};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::UnboundedSender;

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
    /// The daemon went back to an earlier version of it, or would have if there were one.
    Failing {
        /// The slot.
        name: String,
        /// What happened, for people.
        message: String,
    },
}

fn file_name(path: &Path) -> String {
    visible(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

/// What a file of the plugins directory is to the registry.
#[derive(Debug)]
struct FileRecord {
    seen: Seen,
    standing: Standing,
}

/// What was seen of a file.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// These bytes.
    Bytes(Digest),
    /// Nothing yet: an earlier version of it stands in while it is looked at.
    Nothing,
    /// It is to be looked at again, though it has not changed.
    Again,
}

impl From<Option<Digest>> for Seen {
    fn from(digest: Option<Digest>) -> Self {
        digest.map_or(Self::Again, Self::Bytes)
    }
}

/// How a file takes the name of its plugin where another file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Not at all: what serves goes on.
    WhileFree,
    /// From a file that comes after it in the order of their names. Files that are there at a start do, so that the
    /// order decides and not which of them came out of the compiler first.
    InOrder,
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
    /// The last good version of each file that serves, by the plugin's name.
    offers: BTreeMap<String, Offer>,
    /// How many times each slot was swapped. Kept when a slot goes, so that a generation never comes twice.
    generations: BTreeMap<String, u64>,
    /// Where versions that fail over and over are told of.
    strikes: UnboundedSender<Strike>,
    /// What nobody was told yet.
    news: Vec<SwapEvent>,
}

impl Registry {
    pub(crate) fn new(runtime: Arc<Runtime>, strikes: UnboundedSender<Strike>) -> Self {
        Self {
            runtime,
            slots: BTreeMap::new(),
            files: BTreeMap::new(),
            builtins: BTreeMap::new(),
            offers: BTreeMap::new(),
            generations: BTreeMap::new(),
            strikes,
            news: Vec::new(),
        }
    }

    /// What has happened since this was asked last.
    pub(crate) fn take_news(&mut self) -> Vec<SwapEvent> {
        std::mem::take(&mut self.news)
    }

    /// What comes with the binary is on offer until a file takes its place.
    pub(crate) fn add_builtin(&mut self, gated: Gated) {
        self.builtins.insert(gated.descriptor.name.clone(), Arc::new(gated));
    }

    /// What comes with the binary and did not pass the gate.
    pub(crate) fn refuse_builtin(&mut self, name: &str, error: PluginError) {
        self.fail(name, Source::Builtin, error);
    }

    /// The newest good version under a name.
    pub(crate) fn offer(&self, name: &str) -> Option<Offer> {
        let builtin = || {
            self.builtins.get(name).map(|gated| Offer { source: Source::Builtin, gated: Arc::clone(gated) })
        };
        self.offers.get(name).cloned().or_else(builtin)
    }

    /// Every name that something is offered under.
    pub(crate) fn offered(&self) -> BTreeSet<String> {
        self.builtins.keys().chain(self.offers.keys()).cloned().collect()
    }

    /// Whether these bytes of this file have been dealt with already.
    pub(crate) fn knows(&self, path: &Path, digest: &Digest) -> bool {
        self.files.get(path).is_some_and(|record| matches!(&record.seen, Seen::Bytes(seen) if seen == digest))
    }

    /// Files whose bytes could not be looked at.
    pub(crate) fn unread(&self) -> Vec<PathBuf> {
        self.files
            .iter()
            .filter(|(_, record)| record.seen == Seen::Again)
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Whether the file is known at all.
    pub(crate) fn has_file(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Whether a version of this file is on offer.
    pub(crate) fn is_offered(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|record| matches!(record.standing, Standing::Serves { .. }))
    }

    /// Has a file looked at again, though it has not changed.
    pub(crate) fn forget(&mut self, source: &Source) {
        if let Source::File(path) = source
            && let Some(record) = self.files.get_mut(path)
        {
            record.seen = Seen::Again;
        }
    }

    /// Has those files looked at again that the gate of new versions held back in this version.
    pub(crate) fn forget_held(&mut self, held: &Digest) {
        let is_held = |slot: &&Slot| matches!(slot.failure().map(|failure| failure.error.kind()), Some(PluginErrorKind::Held { digest, .. }) if digest == held);
        let failures = self.slots.values().filter(is_held).filter_map(Slot::failure);
        for source in failures.map(|failure| failure.source.clone()).collect::<Vec<_>>() {
            self.forget(&source);
        }
    }

    /// A file passed the gate: its version is on offer from now on, unless another file's is under its name. Returns
    /// the names whose versions have to be chosen anew.
    pub(crate) fn accept(&mut self, path: &Path, gated: Arc<Gated>, claim: Claim) -> BTreeSet<String> {
        let name = gated.descriptor.name.clone();
        let holds = |record: &FileRecord| matches!(&record.standing, Standing::Serves { name: served } if *served == name);
        let holder = self.files.iter().find(|(other, record)| *other != path && holds(record));
        let holder = holder.map(|(holder, _)| holder.clone());
        let standing = Standing::Serves { name: name.clone() };
        let record = FileRecord { seen: Seen::Bytes(gated.seen.clone()), standing };
        if let Some(holder) = &holder
            && (claim == Claim::WhileFree || path > holder.as_path())
        {
            let touched = self.withdraw(path);
            self.files.insert(path.to_path_buf(), record);
            self.await_name(path, holder);
            return touched;
        }
        let served = self.files.get(path).is_some_and(holds);
        let mut touched = if served { BTreeSet::new() } else { self.withdraw(path) };
        self.files.insert(path.to_path_buf(), record);
        self.clear(&name, path);
        self.offers.insert(name.clone(), Offer { source: Source::File(path.to_path_buf()), gated });
        if let Some(holder) = holder {
            self.clear(&name, &holder);
            let waited = self.waiting_for(&holder);
            waited.iter().chain([&holder]).for_each(|waiting| self.await_name(waiting, path));
        }
        touched.insert(name);
        touched
    }

    /// Files that wait until this one is gone.
    fn waiting_for(&self, holder: &Path) -> Vec<PathBuf> {
        let holder = file_name(holder);
        let waits = |slot: &Slot| {
            let failure = slot.failure()?;
            let Source::File(path) = &failure.source else { return None };
            let is_this = matches!(failure.error.kind(), PluginErrorKind::NameTaken { by } if *by == holder);
            is_this.then(|| path.clone())
        };
        self.slots.values().filter_map(waits).collect()
    }

    /// A file that could serve waits until the one that has its name is gone.
    fn await_name(&mut self, path: &Path, holder: &Path) {
        let slot = stem(path);
        if let Some(record) = self.files.get_mut(path) {
            record.standing = Standing::Waits { slot: slot.clone() };
        }
        let kind = PluginErrorKind::NameTaken { by: file_name(holder) };
        self.fail(&slot, Source::File(path.to_path_buf()), PluginError::new(file_name(path), kind));
    }

    /// An earlier version of a file is on offer until the file itself has been looked at.
    pub(crate) fn restore(&mut self, path: &Path, gated: Arc<Gated>) {
        self.accept(path, gated, Claim::WhileFree);
        if let Some(record) = self.files.get_mut(path) {
            record.seen = Seen::Nothing;
        }
    }

    /// A file did not pass the gate: what served before goes on serving.
    pub(crate) fn refuse(&mut self, path: &Path, digest: Option<Digest>, error: PluginError) {
        let source = Source::File(path.to_path_buf());
        if let Some(record) = self.files.get_mut(path)
            && let Standing::Serves { name } = &record.standing
        {
            record.seen = digest.into();
            let name = name.clone();
            return self.fail(&name, source, error);
        }
        let slot = stem(path);
        let standing = Standing::Refused { slot: slot.clone() };
        let record = FileRecord { seen: digest.into(), standing };
        self.files.insert(path.to_path_buf(), record);
        self.fail(&slot, source, error);
    }

    /// A file is gone, and what it offered. Returns the names whose versions have to be chosen anew, and the files that
    /// were refused for its sake and should be looked at again.
    pub(crate) fn remove(&mut self, path: &Path) -> (BTreeSet<String>, Vec<PathBuf>) {
        let touched = self.withdraw(path);
        self.files.remove(path);
        let waiting =
            self.files.iter_mut().filter(|(_, record)| matches!(record.standing, Standing::Waits { .. }));
        let again = waiting
            .map(|(path, record)| {
                record.seen = Seen::Again;
                path.clone()
            })
            .collect();
        (touched, again)
    }

    /// Undoes what a file has done.
    fn withdraw(&mut self, path: &Path) -> BTreeSet<String> {
        match self.files.get(path).map(|record| &record.standing) {
            None => BTreeSet::new(),
            Some(Standing::Serves { name }) => {
                let name = name.clone();
                self.offers.remove(&name);
                self.clear(&name, path);
                BTreeSet::from([name])
            }
            Some(Standing::Refused { slot } | Standing::Waits { slot }) => {
                let slot = slot.clone();
                self.forgive(&slot, path);
                BTreeSet::new()
            }
        }
    }

    /// Clears the failure of a file that goes or is good again, where something serves beside it. What follows tells.
    fn clear(&mut self, name: &str, path: &Path) {
        let Some(slot) = self.slots.remove(name) else { return };
        let state = match slot.state {
            SlotState::Degraded { live, failure } if failure.is_of(path) => SlotState::Serving { live },
            state => state,
        };
        self.slots.insert(name.to_owned(), Slot { state, changed: slot.changed });
    }

    /// Clears the failure that this file caused.
    fn forgive(&mut self, name: &str, path: &Path) {
        let Some(slot) = self.slots.remove(name) else { return };
        match slot.state {
            SlotState::Degraded { live, failure } if failure.is_of(path) => {
                self.put(name, SlotState::Serving { live });
            }
            SlotState::Failed { failure } if failure.is_of(path) => {
                self.news.push(SwapEvent::Removed { name: name.to_owned() });
            }
            state => {
                self.slots.insert(name.to_owned(), Slot { state, changed: slot.changed });
            }
        }
    }

    /// Nothing is on offer under a name any more.
    pub(crate) fn drop_slot(&mut self, name: &str) {
        if self.slots.remove(name).is_some() {
            self.news.push(SwapEvent::Removed { name: name.to_owned() });
        }
    }

    /// Swaps a slot. The very version that serves already is no swap: only what stands beside it is different.
    pub(crate) fn publish(&mut self, name: &str, offer: Offer, standing: VersionStanding) {
        let Offer { source, gated } = offer;
        let (live, failure) = match self.slots.remove(name).map(|slot| slot.state) {
            Some(SlotState::Serving { live }) => (Some(live), None),
            Some(SlotState::Degraded { live, failure }) => (Some(live), Some(failure)),
            // What was wrong with whoever serves now is over.
            Some(SlotState::Failed { failure }) => {
                (None, Some(failure).filter(|failure| self.is_anothers(failure, name)))
            }
            None => (None, None),
        };
        if let Some(Live { plugin, standing: before, .. }) = live
            && plugin.stamp().digest == gated.digest
        {
            let trouble = standing.trouble.clone().or(before.trouble);
            let live = Live { source, plugin, standing: VersionStanding { trouble, ..standing } };
            return self.put(name, SlotState::of(live, failure));
        }
        let generation = self.generations.entry(name.to_owned()).or_default();
        *generation += 1;
        let mut plugin = LoadedPlugin::new(Arc::clone(&self.runtime), gated, *generation).reported();
        let limit = self.runtime.settings.rollback_after(name);
        if limit > 0 {
            plugin = plugin.observed(Arc::new(Strikes::new(limit, self.strikes.clone())));
        }
        let live = Live { source, plugin: Arc::new(plugin), standing };
        self.put(name, SlotState::of(live, failure));
    }

    /// Shows what is wrong with the version that serves.
    pub(crate) fn trouble(&mut self, name: &str, trouble: String) {
        let Some(slot) = self.slots.remove(name) else { return };
        let state = match slot.state {
            SlotState::Serving { live } => SlotState::Serving { live: live.troubled(trouble) },
            SlotState::Degraded { live, failure } => {
                SlotState::Degraded { live: live.troubled(trouble), failure }
            }
            state @ SlotState::Failed { .. } => state,
        };
        self.put(name, state);
    }

    /// Tells people of a version that fails over and over.
    pub(crate) fn tell_failing(&mut self, name: &str, message: String) {
        self.news.push(SwapEvent::Failing { name: name.to_owned(), message });
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
    pub(crate) fn fail(&mut self, name: &str, source: Source, error: PluginError) {
        let failure = Failure { source, error };
        let shown = self.slots.get(name).and_then(Slot::failure);
        if shown.is_some_and(|shown| {
            shown.source == failure.source && shown.error.to_string() == failure.error.to_string()
        }) {
            return;
        }
        let state = match self.slots.remove(name).map(|slot| slot.state) {
            Some(SlotState::Serving { live } | SlotState::Degraded { live, .. }) => {
                SlotState::Degraded { live, failure }
            }
            Some(SlotState::Failed { .. }) | None => SlotState::Failed { failure },
        };
        self.put(name, state);
    }

    fn put(&mut self, name: &str, state: SlotState) {
        let slot = Slot { state, changed: now() };
        self.news.push(SwapEvent::Changed(Box::new(slot.view(name))));
        self.slots.insert(name.to_owned(), slot);
    }

    pub(crate) fn views(&self) -> Vec<PluginView> {
        self.slots.iter().map(|(name, slot)| slot.view(name)).collect()
    }

    pub(crate) fn view(&self, name: &str) -> Option<PluginView> {
        self.slots.get(name).map(|slot| slot.view(name))
    }

    /// What serves under a name, and where it comes from.
    pub(crate) fn live(&self, name: &str) -> Option<(Arc<LoadedPlugin>, Source)> {
        let live = self.slots.get(name)?.live()?;
        Some((Arc::clone(&live.plugin), live.source.clone()))
    }

    /// Every version that is in memory: those that serve, and those that are on offer.
    pub(crate) fn in_memory(&self) -> Vec<Arc<Gated>> {
        let live = self.slots.values().filter_map(Slot::live).map(|live| live.plugin.gated());
        let offered = self.offers.values().map(|offer| &offer.gated).chain(self.builtins.values());
        live.chain(offered).cloned().collect()
    }

    /// Versions that the gate of new versions holds back, with their plugins' names.
    pub(crate) fn held(&self) -> Vec<(String, Digest)> {
        let held = self.slots.iter().filter_map(|(name, slot)| match slot.failure()?.error.kind() {
            PluginErrorKind::Held { digest, .. } => Some((name.clone(), digest.clone())),
            _ => None,
        });
        held.collect()
    }
}

/// What a file is called until it has told its name.
fn stem(path: &Path) -> String {
    visible(&path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy())
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
