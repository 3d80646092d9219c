//! The node's GPUs as the farm follows them: each reading of the monitor, whose processes are on it, and what that means
//! for renders, told to the scheduler when it differs.
//!
//! What keeps a GPU from renders is decided in `farmhand_resource::gpu::standing`; who gets which one, by the scheduler.

mod usage;
mod view;

pub(crate) use view::look_once;

use super::driver::DriverHandle;
use super::parts::Parts;
use super::settings::GpuSettings;
use farmhand_model::dcc::Gpu;
use farmhand_model::view::{GpuView, LeaseView};
use farmhand_model::{AttemptId, GpuStatus, Usage};
use farmhand_resource::gpu::process::who;
use farmhand_resource::gpu::standing::{Owner, Owners, Standings};
use farmhand_resource::gpu::{GpuMonitor, GpuReading};
use farmhand_runner::{AttemptDir, processes_of};
use farmhand_scheduler::Event;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use usage::UsageOfAll;

/// Between two announcements of the node because of its GPUs.
const ANNOUNCE: Duration = Duration::from_secs(3);

/// What is known of the GPUs.
pub(super) struct Gpus {
    monitor: GpuMonitor,
    /// One look at a time.
    standings: tokio::sync::Mutex<Standings>,
    seen: Mutex<Seen>,
    usage: Mutex<UsageOfAll>,
}

/// One reading with what was found out about it.
#[derive(Debug, Clone)]
struct Seen {
    reading: Arc<GpuReading>,
    /// In the reading's order; absent before the first look.
    statuses: Option<Vec<GpuStatus>>,
    owners: Owners,
}

impl Gpus {
    /// Starts asking the driver, and waits for its first answer.
    pub(super) async fn start(settings: &GpuSettings) -> Self {
        let monitor = GpuMonitor::start(settings.monitor.clone()).await;
        let reading = monitor.reading();
        let known: Vec<Gpu> = reading.gpus().cloned().collect();
        for name in settings.rules.missing(&known) {
            tracing::warn!(
                "`interactive.gpus` names {name}, which this machine does not have; `farmhand doctor` shows its GPUs"
            );
        }
        Self {
            monitor,
            standings: tokio::sync::Mutex::new(Standings::new(settings.rules.clone())),
            seen: Mutex::new(Seen { reading, statuses: None, owners: Owners::default() }),
            usage: Mutex::default(),
        }
    }

    /// How it stands with GPUs, in one line.
    pub(super) fn state(&self) -> String {
        self.monitor.reading().state.to_string()
    }

    /// What the driver said last.
    pub(super) fn reading(&self) -> Arc<GpuReading> {
        self.monitor.reading()
    }

    /// All of them in bus order, lost ones too.
    pub(super) fn known(&self) -> Vec<Gpu> {
        self.monitor.reading().gpus().cloned().collect()
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.known().is_empty()
    }

    /// All of them, for people; `leases` say who holds which.
    pub(super) fn views(&self, leases: &[LeaseView]) -> Vec<GpuView> {
        let seen = self.seen().clone();
        view::views(&seen.reading, seen.statuses.as_deref(), &seen.owners, leases)
    }

    /// What an attempt has taken of GPUs since this daemon watches it, from readings while it holds its lease; nothing
    /// where none has seen it on one.
    pub(super) fn usage_of(&self, attempt: AttemptId) -> Usage {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).of(attempt)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the newest reading, and tells the scheduler where it means something new for renders.
pub(super) async fn look(parts: &Parts, driver: &DriverHandle) {
    let gpus = &parts.gpus;
    let mut standings = gpus.standings.lock().await;
    let reading = gpus.monitor.reading();
    let Ok(leases) = driver.ask(|scheduler, _| scheduler.leases()).await else { return };
    let owners = owners(parts, &reading, &leases).await;
    let statuses = standings.next(&reading, &owners, parts.clock.now());
    gpus.usage.lock().unwrap_or_else(PoisonError::into_inner).add(&reading, &owners, &leases);
    let seen = Seen { reading, statuses: Some(statuses.clone()), owners };
    let before = std::mem::replace(&mut *gpus.seen(), seen).statuses;
    if before.as_ref() != Some(&statuses) {
        let stood = |status: &GpuStatus| {
            let mut before = before.iter().flatten();
            before.any(|old| old.gpu.uuid == status.gpu.uuid && old.standing == status.standing)
        };
        for status in statuses.iter().filter(|status| !stood(status)) {
            tracing::info!("GPU {} {}", status.gpu.index, status.standing);
        }
        driver.tell(Event::Gpus(statuses)).await;
    }
}

/// Looks at every reading from now on, and has the node announced when people would see a difference.
pub(super) async fn follow(parts: Arc<Parts>, driver: DriverHandle) {
    let mut readings = parts.gpus.monitor.readings();
    let mut announced = (Instant::now(), parts.gpus.views(&[]));
    while readings.changed().await.is_ok() {
        look(&parts, &driver).await;
        let views = parts.gpus.views(&[]);
        if announced.0.elapsed() >= ANNOUNCE && view::differ(&announced.1, &views) {
            announced = (Instant::now(), views);
            parts.node_changed.notify_one();
        }
    }
}

/// Whose the processes on the GPUs are.
async fn owners(parts: &Parts, reading: &GpuReading, leases: &[LeaseView]) -> Owners {
    let pids: Vec<u32> = view::processes(reading).map(|process| process.pid).collect();
    let held = leases.iter().flat_map(|held| &held.lease.gpus).map(|held| held.gpu.uuid.clone()).collect();
    if pids.is_empty() {
        return Owners { held, ..Owners::default() };
    }
    let attempts: Vec<AttemptId> = leases.iter().map(|held| held.attempt).collect();
    let dirs: Vec<AttemptDir> =
        attempts.iter().map(|attempt| AttemptDir::open(parts.attempt_dir(*attempt))).collect();
    let found = tokio::task::spawn_blocking(move || {
        let ours = processes_of(&dirs);
        let owner = |pid| match ours.get(&pid).and_then(|place| attempts.get(*place)) {
            Some(attempt) => Owner::Attempt(*attempt, who(Path::new("/"), pid).unwrap_or_default()),
            None => owner_of_other(pid),
        };
        pids.into_iter().map(|pid| (pid, owner(pid))).collect()
    });
    Owners { processes: found.await.unwrap_or_default(), held }
}

fn owner_of_other(pid: u32) -> Owner {
    who(Path::new("/"), pid).map_or(Owner::Unseen, Owner::Other)
}
