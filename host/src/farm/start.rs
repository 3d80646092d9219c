//! From settings to a running farm: opens what is durable, loads the plugins, takes up the attempts that an earlier
//! daemon left, and starts the driver.

use super::attempt;
use super::batches::Batches;
use super::budget::{self, NodeState};
use super::bus::EventBus;
use super::calls::PluginCalls;
use super::driver::{self, Driver, DriverHandle};
use super::error::FarmStartError;
use super::gate::ReplayGate;
use super::history::{self, History};
use super::notices::{NodeWatch, Notices, of_plugin};
use super::parts::{Clock, Health, Parts};
use super::settings::FarmSettings;
use super::{Farm, Inner, cleanup, gpus, node, reasons};
use farmhand_model::dcc::Descriptor;
use farmhand_model::event::FarmEvent;
use farmhand_model::view::PluginView;
use farmhand_model::{Digest, Happening, JobId, JobStatus};
use farmhand_plugin::{Builtin, CallObserver, LoadedPlugin, PluginHost, PluginSettings, SwapEvent, Versions};
use farmhand_resource::DiskProbe;
use farmhand_resource::tools::ToolFinder;
use farmhand_runner::{CgroupMode, Cgroups, Roots, ShimPool};
use farmhand_scheduler::{Event, LevelProfile, PluginProfile, PluginState, Scheduler};
use farmhand_store::Store;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, Notify};

/// Recent events that a page which lost its connection can catch up on.
const EVENTS_KEPT: usize = 20_000;
/// Where versions of plugins are kept, in the data directory.
pub(crate) const VERSIONS: &str = "plugin-versions";
/// Where notices are kept, in the data directory.
const NOTICES: &str = "notices.jsonl";
/// How often a program that was missing is looked for again.
const TOOL_RETRY: Duration = Duration::from_secs(30);

/// The components that come with the binary.
pub(crate) fn builtins() -> Vec<Builtin> {
    vec![
        Builtin { name: "blender", bytes: include_bytes!("../../../plugins/prebuilt/blender.wasm") },
        Builtin { name: "maya", bytes: include_bytes!("../../../plugins/prebuilt/maya.wasm") },
        Builtin { name: "nuke", bytes: include_bytes!("../../../plugins/prebuilt/nuke.wasm") },
    ]
}

impl Farm {
    /// Starts a farm. Renders that an earlier daemon left running are adopted before this returns.
    pub async fn start(settings: FarmSettings) -> Result<Farm, FarmStartError> {
        let lock = lock_data_dir(&settings.data_dir)?;
        let clock = Clock::start();
        let database = settings.data_dir.join("farmhand.db");
        let (store, restored) = tokio::task::spawn_blocking(move || Store::open(&database))
            .await
            .map_err(|error| FarmStartError::Internal(error.to_string()))?
            .map_err(|source| FarmStartError::Store { source })?;
        let gate = ReplayGate::new(store.clone(), &settings.data_dir, settings.gates.clone());
        let calls = Arc::new(PluginCalls::default());
        let plugin_settings = PluginSettings {
            // The data directory is this daemon's alone, so that nobody else writes there.
            versions: Versions::Keep(settings.data_dir.join(VERSIONS)),
            gate: Some(Arc::new(gate)),
            observer: Some(Arc::clone(&calls) as Arc<dyn CallObserver>),
            ..settings.plugins.clone()
        };
        let plugins = PluginHost::start(plugin_settings, builtins())
            .await
            .map_err(|source| FarmStartError::Plugins { source })?;
        let roots = Roots::new(settings.roots.clone()).map_err(|source| FarmStartError::Roots { source })?;
        let gpus = gpus::Gpus::start(&settings.gpus).await;
        let bus = EventBus::new(clock.started().0, EVENTS_KEPT);
        let parts = Arc::new(Parts {
            notices: Notices::open(&settings.data_dir.join(NOTICES), bus.clone()),
            tools: ToolFinder::new(settings.tools.clone()),
            shims: ShimPool::new(settings.shim.program.clone(), settings.shim.args.clone()),
            cgroups: cgroups(settings.process.cgroups),
            bus,
            history: History::default(),
            health: Health::default(),
            node_changed: Notify::new(),
            pinned: std::sync::Mutex::default(),
            calls,
            node: farmhand_resource::node::probe(),
            gpus,
            disks: DiskProbe::default(),
            state: NodeState::new(&settings.capacity),
            store,
            plugins,
            roots,
            clock,
            settings,
        });

        let (handle, inbox) = driver::channel();
        let (next_job, next_batch) = (restored.next_job, restored.next_batch);
        let ended = ended_dependencies(&parts.store, &restored).await?;
        let state = farmhand_scheduler::Restored {
            jobs: restored.jobs,
            live: restored.live.clone(),
            ended,
            next_attempt: restored.next_attempt,
        };
        let (scheduler, effects) = Scheduler::restore(
            parts.settings.capacity.clone(),
            parts.settings.policy.clone(),
            parts.clock.now(),
            state,
        );
        let mut adopted = BTreeMap::new();
        for record in restored.live {
            tracing::info!(attempt = %record.id, job = %record.job, "taking up an attempt of an earlier daemon");
            adopted.insert(record.id, attempt::adopt(Arc::clone(&parts), handle.clone(), record));
        }
        let started = Happening::DaemonStarted {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            adopted: adopted.len(),
        };
        parts.notices.post(parts.clock.now(), &started);
        let driver = Driver::new(scheduler, Arc::clone(&parts), handle.clone(), inbox, adopted);
        let driver = tokio::spawn(driver.run(effects));
        let watch = budget::Watch::start(Arc::clone(&parts), handle.clone()).await;
        let budget = tokio::spawn(watch.follow());
        let plugins = tokio::spawn(follow_plugins(Arc::clone(&parts), handle.clone()));
        let gpus = tokio::spawn(gpus::follow(Arc::clone(&parts), handle.clone()));
        let history = tokio::spawn(history::follow(Arc::clone(&parts)));
        let reasons = tokio::spawn(reasons::follow(parts.bus.clone(), handle.clone()));
        let batches = Batches::start(&parts, &handle, next_batch);
        let inner = Arc::new_cyclic(|farm| Inner {
            batches,
            parts,
            driver: handle,
            next_job: next_job.0.into(),
            keyed: Mutex::default(),
            tasks: [
                driver,
                plugins,
                gpus,
                budget,
                history,
                reasons,
                tokio::spawn(cleanup::by_policy(farm.clone(), cleanup::FIRST)),
            ],
            _lock: lock,
        });
        Ok(Farm { inner })
    }
}

/// Where attempts get cgroups of their own. Renders do without where there are none.
fn cgroups(mode: CgroupMode) -> Option<Cgroups> {
    match Cgroups::find(Path::new("/"), mode) {
        Ok(cgroups) => {
            tracing::info!(home = %cgroups.home().display(), "each attempt gets a cgroup of its own");
            Some(cgroups)
        }
        Err(reason) => {
            tracing::info!("attempts get no cgroups of their own: {reason}");
            None
        }
    }
}

/// How those jobs ended that a live one comes after.
async fn ended_dependencies(
    store: &Store,
    restored: &farmhand_store::Restored,
) -> Result<Vec<(JobId, JobStatus)>, FarmStartError> {
    let live: BTreeSet<JobId> = restored.jobs.iter().map(|job| job.record.id).collect();
    let after: BTreeSet<JobId> = restored.jobs.iter().flat_map(|job| job.record.spec.after.clone()).collect();
    let mut ended = Vec::new();
    for id in after.difference(&live) {
        let job = store.job(*id).await.map_err(|source| FarmStartError::Store { source })?;
        ended.extend(job.map(|job| (*id, job.status)));
    }
    Ok(ended)
}

/// One daemon at a time: two would hand out the same ids.
pub(crate) fn lock_data_dir(dir: &Path) -> Result<File, FarmStartError> {
    let io = |source| FarmStartError::DataDir { dir: dir.to_owned(), source };
    std::fs::create_dir_all(dir.join("attempts")).map_err(io)?;
    let lock = File::create(dir.join("daemon.lock")).map_err(io)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(FarmStartError::InUse { dir: dir.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => Err(io(source)),
    }
}

/// Tells the scheduler and the bus what the plugins are, now and after every swap, and looks again for programs that
/// were missing; announces the node when its breakers or programs are different.
async fn follow_plugins(parts: Arc<Parts>, driver: DriverHandle) {
    let mut swaps = parts.plugins.subscribe();
    let mut retry = tokio::time::interval(TOOL_RETRY);
    let mut told = BTreeMap::new();
    let mut watch = NodeWatch::default();
    for view in parts.plugins.views() {
        tell_of_plugin(&parts, &mut told, &view);
        // A job that is there already should not read that its plugin is missing while its programs are looked for.
        let reason = format!("the programs of plugin {} are being looked for", view.name);
        let state = PluginState::Unavailable { reason };
        driver.tell(Event::Plugin { name: view.name, state }).await;
    }
    // Before any plugin can take tasks: one that can do without a GPU would start without.
    gpus::look(&parts, &driver).await;
    let mut missing = tell_all(&parts, &driver).await;
    let mut versions = tokio::spawn(tell_versions(Arc::clone(&parts), driver.clone()));
    loop {
        tokio::select! {
            swap = swaps.recv() => match swap {
                Ok(SwapEvent::Changed(plugin)) => {
                    missing |= tell(&parts, &driver, &plugin.name).await;
                    parts.bus.publish(FarmEvent::Plugin { plugin: plugin.clone() });
                    tell_of_plugin(&parts, &mut told, &plugin);
                }
                Ok(SwapEvent::Removed { name }) => {
                    tell(&parts, &driver, &name).await;
                    parts.bus.publish(FarmEvent::PluginRemoved { name: name.clone() });
                    told.remove(&name);
                    parts.notices.post(parts.clock.now(), &Happening::PluginRemoved { name });
                }
                Ok(SwapEvent::Failing { name, message }) => {
                    parts.notices.post(parts.clock.now(), &Happening::PluginFailing { name, message });
                }
                Err(RecvError::Lagged(_)) => missing = tell_all(&parts, &driver).await,
                Err(RecvError::Closed) => return,
            },
            _ = retry.tick() => {
                if missing {
                    missing = tell_all(&parts, &driver).await;
                }
                // Loading a version may take its time, in which others are swapped.
                if versions.is_finished() {
                    versions = tokio::spawn(tell_versions(Arc::clone(&parts), driver.clone()));
                }
            },
            () = parts.node_changed.notified() => {}
        }
        announce_node(&parts, &driver, &mut watch).await;
    }
}

/// Tells people what is new about a plugin, and remembers it.
fn tell_of_plugin(parts: &Parts, told: &mut BTreeMap<String, PluginView>, view: &PluginView) {
    let before = told.insert(view.name.clone(), view.clone());
    // The ones that come with the daemon start with it.
    let is_usual = before.is_none() && view.state == "serving";
    if let Some(happening) = of_plugin(before.as_ref(), view).filter(|_| !is_usual) {
        parts.notices.post(parts.clock.now(), &happening);
    }
}

async fn announce_node(parts: &Parts, driver: &DriverHandle, watch: &mut NodeWatch) {
    if let Ok(held) = driver.ask(|scheduler, _| node::Held::of(scheduler)).await {
        let node = node::view(parts, held).await;
        for happening in watch.look(&node) {
            parts.notices.post(parts.clock.now(), &happening);
        }
        parts.bus.publish(FarmEvent::Node { node: Box::new(node) });
    }
}

/// Whether any program is missing.
async fn tell_all(parts: &Parts, driver: &DriverHandle) -> bool {
    let mut missing = false;
    for view in parts.plugins.views() {
        missing |= tell(parts, driver, &view.name).await;
    }
    missing
}

async fn tell(parts: &Parts, driver: &DriverHandle, name: &str) -> bool {
    let state = match parts.plugins.get(name) {
        Ok(plugin) => ready_or_missing(parts, &plugin).await,
        Err(error) => PluginState::Unavailable { reason: error.to_string() },
    };
    let missing = matches!(state, PluginState::MissingTool { .. });
    driver.tell(Event::Plugin { name: name.to_owned(), state }).await;
    missing
}

/// Tells of the versions that jobs are pinned to, where they were not told of or could not serve, and lets go of those
/// that no job is pinned to any more.
async fn tell_versions(parts: Arc<Parts>, driver: DriverHandle) {
    let asked = driver.ask(|scheduler, _| (scheduler.pinned_versions(), scheduler.waiting_versions())).await;
    let Ok((pinned, waiting)) = asked else { return };
    parts.let_go_of_versions(&pinned);
    for digest in waiting {
        driver.tell(version_event(&parts, digest).await).await;
    }
}

/// What the scheduler has to know of a version that jobs are pinned to.
pub(super) async fn version_event(parts: &Parts, digest: Digest) -> Event {
    let state = match parts.pinned_version(&digest).await {
        Ok(plugin) => ready_or_missing(parts, &plugin).await,
        Err(reason) => PluginState::Unavailable { reason },
    };
    Event::PluginVersion { digest, state }
}

/// What is wrong with the first of these tools that is not there.
async fn first_missing(parts: &Parts, descriptor: &Descriptor, ids: &[String]) -> Option<String> {
    for tool in descriptor.tools.iter().filter(|tool| ids.contains(&tool.id)) {
        if let Err(problem) = parts.tools.find(tool, &descriptor.supports).await {
            return Some(problem.to_string());
        }
    }
    None
}

async fn ready_or_missing(parts: &Parts, plugin: &LoadedPlugin) -> PluginState {
    let descriptor = plugin.descriptor();
    // A level that lacks a program is passed over; only where all of them do, nothing can render.
    let mut missing = None;
    let mut can_render = false;
    for level in &descriptor.levels {
        match first_missing(parts, descriptor, &level.tools).await {
            None => can_render = true,
            Some(problem) => missing = missing.or(Some(problem)),
        }
    }
    if let Some(reason) = missing.filter(|_| !can_render) {
        return PluginState::MissingTool { reason };
    }
    let levels = descriptor
        .levels
        .iter()
        .map(|level| LevelProfile { name: level.name.clone(), shape: level.frames })
        .collect();
    PluginState::Ready(PluginProfile {
        version: descriptor.version.clone(),
        generation: plugin.stamp().generation,
        levels,
    })
}
