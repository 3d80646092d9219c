//! The plugins directory: every saved plugin goes through the gate, and takes over once it has passed. A plugin is a
//! file, or a folder that holds a script.
//!
//! The directory is watched, not its files: an editor that saves by renaming would take a watched file away. What an
//! event says is not believed beyond the name in it; the bytes decide. A look at the directory every now and then
//! covers lost events, and all of it where there are none.

use crate::error::{PluginError, PluginErrorKind};
use crate::host::{PluginHostError, Shared};
use crate::look::{Examine, Looked, load};
use crate::registry::{Claim, Registry};
use crate::script::{Language, Script, files_of, is_script};
use crate::settings::WatchMode;
use farmhand_model::Digest;
use farmhand_model::versions::LiveReason;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, timeout_at};

/// A plugin that has been left alone for this long is looked at.
const QUIET: Duration = Duration::from_millis(50);
/// A file whose writer has closed it, or that was renamed into place, is looked at after this long: editors do both.
const SETTLED: Duration = Duration::from_millis(5);
/// One that never is, is looked at after this long all the same.
const RESTLESS: Duration = Duration::from_millis(500);
/// A file that ends in the middle may still be written to; after this long without a change it is broken.
const UNFINISHED: Duration = Duration::from_secs(1);
/// A start waits this long for what is in the directory: one plugin that takes the compiler a minute must not keep a
/// farm from rendering.
const FIRST_LOOK: Duration = Duration::from_secs(20);
/// The same where nobody would look a second time.
const UNWATCHED: Duration = Duration::from_secs(600);
/// How often the directory is looked at beside its events.
const LOOK: Duration = Duration::from_secs(2);

/// The running watcher; it stops when this is dropped.
pub(crate) struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watch {
    /// Loads what is there, and watches from then on.
    pub(crate) async fn start(shared: Arc<Shared>, dir: PathBuf) -> Result<Self, PluginHostError> {
        let failed = |source| PluginHostError::Dir { path: dir.clone(), source };
        std::fs::create_dir_all(&dir).map_err(failed)?;
        let dir = dir.canonicalize().map_err(failed)?;
        let mode = shared.runtime.settings.watch;
        let (sender, events) = unbounded_channel();
        let mut watcher = DirWatcher { sender, dir: dir.clone(), mode, state: DirState::default() };
        // Watched before it is read, so that nothing falls in between.
        watcher.renew();
        let seen = list(&dir).map_err(|source| PluginHostError::Dir { path: dir.clone(), source })?;
        let mut job = Job {
            shared,
            dir,
            events,
            watcher,
            seen,
            restless: BTreeMap::new(),
            loading: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            loads: JoinSet::new(),
            first: BTreeSet::new(),
        };
        job.load_all().await;
        let task = match mode {
            WatchMode::Off => tokio::spawn(async {}),
            WatchMode::Notify | WatchMode::Poll(_) => tokio::spawn(job.run(mode)),
        };
        Ok(Self(task.abort_handle()))
    }
}

/// What tells one state of a plugin from another without reading it: sizes, times and identities of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark(u64);

impl Mark {
    fn of(path: &Path) -> Self {
        let mut hasher = DefaultHasher::new();
        // A folder that cannot be walked is looked at whenever that changes.
        let files = files_of(path).map_err(|problem| problem.to_string().hash(&mut hasher));
        for (name, path) in files.unwrap_or_default() {
            name.hash(&mut hasher);
            if let Ok(metadata) = std::fs::metadata(&path) {
                let modified: Option<SystemTime> = metadata.modified().ok();
                (metadata.len(), modified, identity(&metadata)).hash(&mut hasher);
            }
        }
        Self(hasher.finish())
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn identity(_metadata: &std::fs::Metadata) -> u64 {
    0
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Whether a file of this name is a plugin.
fn is_plugin_name(path: &Path) -> bool {
    !is_hidden(path)
        && (path.extension().is_some_and(|extension| extension == "wasm")
            || Language::of_file(path).is_some())
}

/// Whether there is something at this path that means to be a plugin. A link that leads nowhere is as good as no file.
pub(crate) fn is_plugin(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(metadata) => is_plugin_name(path) || (metadata.is_dir() && !is_hidden(path) && is_script(path)),
        Err(_) => false,
    }
}

/// The plugins of the directory.
fn list(dir: &Path) -> std::io::Result<BTreeMap<PathBuf, Mark>> {
    let mut plugins = BTreeMap::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if is_plugin(&path) {
            let mark = Mark::of(&path);
            plugins.insert(path, mark);
        }
    }
    Ok(plugins)
}

/// What an event says that matters.
enum Seen {
    /// These may have changed.
    Paths(Vec<PathBuf>),
    /// These have, and whoever changed them is done.
    Settled(Vec<PathBuf>),
    /// Anything may have changed.
    Anything,
}

/// The operating system's watch on the directory, made again where the directory was replaced.
struct DirWatcher {
    sender: UnboundedSender<Seen>,
    dir: PathBuf,
    mode: WatchMode,
    state: DirState,
}

#[derive(Default)]
enum DirState {
    #[default]
    Unwatched,
    Watched {
        _watcher: RecommendedWatcher,
        identity: u64,
    },
}

impl DirWatcher {
    /// Watches the directory, unless this very one is watched already.
    fn renew(&mut self) {
        if self.mode != WatchMode::Notify {
            return;
        }
        let there = std::fs::metadata(&self.dir).map(|metadata| identity(&metadata)).ok();
        match (&self.state, there) {
            (DirState::Watched { identity, .. }, Some(there)) if *identity == there => {}
            (_, None) => self.state = DirState::Unwatched,
            (_, Some(there)) => match self.watch() {
                Ok(watcher) => self.state = DirState::Watched { _watcher: watcher, identity: there },
                Err(error) => {
                    tracing::warn!(
                        dir = %self.dir.display(),
                        "cannot be told of changes and looks every {LOOK:?} instead: {error}"
                    );
                    self.state = DirState::Unwatched;
                    // Said once is enough.
                    self.mode = WatchMode::Poll(LOOK);
                }
            },
        }
    }

    fn watch(&self) -> notify::Result<RecommendedWatcher> {
        let sender = self.sender.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let seen = match event {
                Ok(event) if event.need_rescan() => Seen::Anything,
                // Reading a plugin is no change, and happens on every load.
                Ok(event) if matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write)) =>
                {
                    return;
                }
                Ok(event)
                    if matches!(
                        event.kind,
                        EventKind::Access(_) | EventKind::Modify(ModifyKind::Name(_))
                    ) =>
                {
                    Seen::Settled(event.paths)
                }
                Ok(event) => Seen::Paths(event.paths),
                Err(_) => Seen::Anything,
            };
            // Nobody listens while the host is going down.
            let _ = sender.send(seen);
        })?;
        watcher.watch(&self.dir, RecursiveMode::Recursive)?;
        Ok(watcher)
    }
}

/// A file that changed a moment ago.
struct Restless {
    first: Instant,
    last: Instant,
    settled: bool,
}

impl Restless {
    fn due(&self) -> Instant {
        let quiet = if self.settled { SETTLED } else { QUIET };
        (self.last + quiet).min(self.first + RESTLESS)
    }
}

/// A file that ends in the middle.
struct Unfinished {
    due: Instant,
    digest: Option<Digest>,
    error: PluginError,
}

/// The load of one file that is under way.
enum Loading {
    Newest,
    /// The file changed meanwhile, so it is looked at once more afterwards.
    Again,
}

struct Job {
    shared: Arc<Shared>,
    dir: PathBuf,
    events: UnboundedReceiver<Seen>,
    watcher: DirWatcher,
    /// The files as of the last look at the directory.
    seen: BTreeMap<PathBuf, Mark>,
    /// Files that are waited for to come to rest.
    restless: BTreeMap<PathBuf, Restless>,
    /// One load a file at a time, so that an older version can never overtake a newer one.
    loading: BTreeMap<PathBuf, Loading>,
    /// Files that ended in the middle, and when that becomes their fault.
    unfinished: BTreeMap<PathBuf, Unfinished>,
    loads: JoinSet<(PathBuf, Looked)>,
    /// Files of the start that have not been looked at.
    first: BTreeSet<PathBuf>,
}

impl Job {
    /// Loads all files at once, and lets them take their slots in the order of their names. A script whose runner has
    /// to be compiled first comes in afterwards: nobody should wait for that.
    async fn load_all(&mut self) {
        let waits = self.watcher.mode != WatchMode::Off;
        let deadline = Instant::now() + if waits { FIRST_LOOK } else { UNWATCHED };
        let runtime = Arc::clone(&self.shared.runtime);
        let languages: BTreeSet<_> = self.seen.keys().filter_map(|path| Script::language_of(path)).collect();
        let mut cold = BTreeSet::new();
        for language in languages {
            let aside = Arc::clone(&runtime);
            let is_cold = tokio::task::spawn_blocking(move || waits && aside.is_cold(language));
            if is_cold.await.unwrap_or_default() {
                cold.insert(language);
            } else {
                // Once for all of its scripts, each of which tells what goes wrong with it.
                let _ = timeout_at(deadline, runtime.runner(language)).await;
            }
        }
        let is_later =
            |path: &PathBuf| Script::language_of(path).is_some_and(|language| cold.contains(&language));
        let (later, paths): (Vec<_>, Vec<_>) = self.seen.keys().cloned().partition(is_later);
        for path in later {
            self.first.insert(path.clone());
            self.start(path);
        }
        let examine = if waits { Examine::Later } else { Examine::Now };
        let loads = paths.iter().map(|path| timeout_at(deadline, load(&self.shared, path, examine)));
        let looked = futures::future::join_all(loads).await;
        for (path, looked) in paths.into_iter().zip(looked) {
            match looked {
                Ok(Looked::Gone | Looked::Unchanged) => {}
                // Names are settled when everything is on offer: a file goes before what is built in.
                Ok(Looked::Admitted(gated)) => {
                    drop(self.shared.change(|registry| registry.accept(&path, gated, Claim::InOrder)));
                }
                // What the compiler is busy with goes on and comes from the cache afterwards.
                Err(_) => {
                    self.shared.restore(&path, None).await;
                    self.first.insert(path.clone());
                    self.start(path);
                }
                Ok(Looked::Unexamined { name }) => {
                    self.shared.restore(&path, Some(&name)).await;
                    self.first.insert(path.clone());
                    self.start(path);
                }
                Ok(Looked::Refused(digest, error)) => {
                    self.shared.restore(&path, None).await;
                    self.shared.change(|registry| registry.refuse(&path, digest, error));
                }
            }
        }
        self.shared.settle_all().await;
        self.shared.started.send_replace(self.first.is_empty());
    }

    async fn run(mut self, mode: WatchMode) {
        let every = match mode {
            WatchMode::Poll(every) => every.max(QUIET),
            WatchMode::Notify | WatchMode::Off => LOOK,
        };
        let mut look = tokio::time::interval(every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shared = Arc::clone(&self.shared);
        loop {
            let due = self.next_due();
            tokio::select! {
                Some(seen) = self.events.recv() => match seen {
                    Seen::Paths(paths) => paths.iter().for_each(|path| self.touched(path, false)),
                    Seen::Settled(paths) => paths.iter().for_each(|path| self.touched(path, true)),
                    Seen::Anything => self.look(),
                },
                Some(done) = self.loads.join_next() => match done {
                    Ok((path, looked)) => self.loaded(path, looked).await,
                    Err(error) => tracing::error!("loading a plugin broke off: {error}"),
                },
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.start_due(),
                _ = look.tick() => self.look(),
                () = shared.again.notified() => self.look(),
            }
        }
    }

    /// Compares the directory with the last look at it.
    fn look(&mut self) {
        if let Err(error) = std::fs::create_dir_all(&self.dir) {
            tracing::warn!(dir = %self.dir.display(), "the plugins directory is gone and cannot be made: {error}");
        }
        self.watcher.renew();
        // A directory that cannot be read says nothing about its files: a network mount comes back.
        let now = match list(&self.dir) {
            Ok(now) => now,
            Err(error) => {
                tracing::warn!(dir = %self.dir.display(), "the plugins directory cannot be read: {error}");
                return;
            }
        };
        let all: BTreeSet<PathBuf> = self.seen.keys().chain(now.keys()).cloned().collect();
        for path in all {
            if self.seen.get(&path) != now.get(&path) {
                self.changed(path);
            }
        }
        self.seen = now;
        // What could not be read may be readable by now, and nothing tells.
        self.shared.look(Registry::unread).into_iter().for_each(|path| self.changed(path));
    }

    /// Something happened to a path in the directory, or below it in a plugin's folder.
    fn touched(&mut self, path: &Path, settled: bool) {
        let inside = path.strip_prefix(&self.dir).ok().and_then(|inside| inside.components().next());
        let Some(plugin) = inside.map(|first| self.dir.join(first)) else { return };
        let known = |path: &PathBuf| {
            self.seen.contains_key(path) || self.shared.look(|registry| registry.has_file(path))
        };
        if is_plugin_name(&plugin) || is_plugin(&plugin) || known(&plugin) {
            // The files of a folder are saved one after the other: there, one that is done says nothing of the rest.
            let settled = settled && plugin == path;
            self.wait_for(plugin, settled);
        }
    }

    fn changed(&mut self, path: PathBuf) {
        self.wait_for(path, false);
    }

    fn wait_for(&mut self, path: PathBuf, settled: bool) {
        self.unfinished.remove(&path);
        let now = Instant::now();
        let restless = self.restless.entry(path).or_insert(Restless { first: now, last: now, settled });
        (restless.last, restless.settled) = (now, settled);
    }

    fn next_due(&self) -> Option<Instant> {
        let restless = self.restless.values().map(Restless::due);
        restless.chain(self.unfinished.values().map(|unfinished| unfinished.due)).min()
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        let rested = self.restless.extract_if(.., |_, restless| restless.due() <= now);
        for path in rested.map(|(path, _)| path).collect::<Vec<_>>() {
            self.start(path);
        }
        let broken = self.unfinished.extract_if(.., |_, unfinished| unfinished.due <= now);
        for (path, Unfinished { digest, error, .. }) in broken.collect::<Vec<_>>() {
            self.shared.change(|registry| registry.refuse(&path, digest, error));
        }
    }

    fn start(&mut self, path: PathBuf) {
        if let Some(loading) = self.loading.get_mut(&path) {
            *loading = Loading::Again;
            return;
        }
        self.loading.insert(path.clone(), Loading::Newest);
        // What is being looked at is no news to the next look at the directory.
        if let Some(seen) = self.seen.get_mut(&path) {
            *seen = Mark::of(&path);
        }
        let shared = Arc::clone(&self.shared);
        self.loads.spawn(async move {
            let looked = load(&shared, &path, Examine::Now).await;
            (path, looked)
        });
    }

    async fn loaded(&mut self, path: PathBuf, looked: Looked) {
        let again = matches!(self.loading.remove(&path), Some(Loading::Again));
        match looked {
            // What is wrong with a version that is no longer there concerns nobody.
            Looked::Refused(..) if again => {}
            looked => self.settle(path.clone(), looked).await,
        }
        if again {
            return self.start(path);
        }
        if self.first.remove(&path) && self.first.is_empty() {
            self.shared.started.send_replace(true);
        }
    }

    async fn settle(&mut self, path: PathBuf, looked: Looked) {
        let is_first = self.first.contains(&path);
        match looked {
            Looked::Unchanged | Looked::Unexamined { .. } => {}
            Looked::Gone => {
                let again = self.shared.removed(&path).await;
                again.into_iter().for_each(|path| self.changed(path));
            }
            Looked::Admitted(gated) => {
                let reason = if is_first { LiveReason::Started } else { LiveReason::Saved };
                self.shared.accepted(&path, gated, &reason).await;
            }
            Looked::Refused(digest, error) if matches!(error.kind(), PluginErrorKind::Incomplete { .. }) => {
                let due = Instant::now() + UNFINISHED;
                self.unfinished.insert(path, Unfinished { due, digest, error });
            }
            Looked::Refused(digest, error) => {
                if is_first {
                    self.shared.restore(&path, None).await;
                }
                self.shared.change(|registry| registry.refuse(&path, digest, error));
            }
        }
    }
}
