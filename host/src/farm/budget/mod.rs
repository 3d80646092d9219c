//! What the artist at this machine leaves to renders, over time: tells the scheduler when that is different, and keeps
//! an eye on the disks for whoever looks at the node.
//!
//! It ends nothing that runs, and gives nothing out: the scheduler does.

mod decide;
mod schedule;

pub use decide::InteractiveSettings;
pub use schedule::{Schedule, ScheduleError};

use super::driver::DriverHandle;
use super::parts::Parts;
use decide::{budget, next_change};
use farmhand_model::view::DiskView;
use farmhand_model::{Budget, Timestamp};
use farmhand_resource::{ActivityProbe, DiskReport, Input};
use farmhand_scheduler::{Event, NodeCapacity};
use jiff::Zoned;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How soon somebody who sits down at the machine is noticed.
const WATCH: Duration = Duration::from_secs(5);
/// The clock of a machine that slept, or that was set, is noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How often the disks are looked at.
const DISKS: Duration = Duration::from_secs(30);
/// A disk with this share of its size more or less free is another one; what changes less is no news.
const DISK_NEWS: u64 = 100;

/// What was last found of what the node has to give.
#[derive(Debug)]
pub(super) struct NodeState {
    found: Mutex<(Budget, DiskReport)>,
}

impl NodeState {
    /// Before anything was found: the whole capacity.
    pub(super) fn new(capacity: &NodeCapacity) -> Self {
        let budget = Budget { threads: capacity.threads, memory_bytes: capacity.memory_bytes, closed: None };
        Self { found: Mutex::new((budget, DiskReport::default())) }
    }

    pub(super) fn budget(&self) -> Budget {
        self.found().0.clone()
    }

    pub(super) fn disks(&self) -> Vec<DiskView> {
        disk_views(&self.found().1)
    }

    fn set_budget(&self, budget: Budget) {
        self.found().0 = budget;
    }

    /// Whether they are different enough for somebody to want to know.
    fn set_disks(&self, report: DiskReport) -> bool {
        let known = &mut self.found().1;
        let differs = differ(known, &report);
        if differs {
            for path in report.silent.iter().filter(|path| !known.silent.contains(path)) {
                tracing::warn!(path = %path.display(), "the disk of this directory does not answer");
            }
            *known = report;
        }
        differs
    }

    fn found(&self) -> std::sync::MutexGuard<'_, (Budget, DiskReport)> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Disks as the API shows them.
pub(crate) fn disk_views(report: &DiskReport) -> Vec<DiskView> {
    let texts = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    let view = |disk: &farmhand_resource::Disk| DiskView {
        paths: texts(&disk.paths),
        total_bytes: disk.total_bytes,
        free_bytes: disk.free_bytes,
    };
    report.disks.iter().map(view).collect()
}

fn differ(before: &DiskReport, now: &DiskReport) -> bool {
    let same = before.silent == now.silent
        && before.disks.len() == now.disks.len()
        && before.disks.iter().zip(&now.disks).all(|(before, now)| {
            before.paths == now.paths
                && before.total_bytes == now.total_bytes
                && before.free_bytes.abs_diff(now.free_bytes) < now.total_bytes / DISK_NEWS
        });
    !same
}

/// The budget of a machine at this moment, for when no daemon watches it.
pub(crate) async fn budget_now(capacity: &NodeCapacity, settings: &InteractiveSettings) -> Budget {
    let now = Zoned::now();
    let seen = watched(settings, &ActivityProbe::default(), &now).await;
    budget(capacity, settings, &now, seen.as_ref())
}

async fn watched(settings: &InteractiveSettings, probe: &ActivityProbe, now: &Zoned) -> Option<Input> {
    settings.idle?;
    probe.look(Timestamp(now.timestamp().as_millisecond())).await
}

/// Watches what renders may have.
pub(super) struct Watch {
    parts: Arc<Parts>,
    driver: DriverHandle,
    activity: ActivityProbe,
    told: Option<Budget>,
}

impl Watch {
    /// Tells the scheduler of the budget before this returns, so that nothing starts that it does not allow.
    pub(super) async fn start(parts: Arc<Parts>, driver: DriverHandle) -> Self {
        let mut watch = Self { parts, driver, activity: ActivityProbe::default(), told: None };
        watch.look().await;
        watch
    }

    /// Tells it whenever the budget differs, and announces the node when budget or disks do.
    pub(super) async fn follow(mut self) {
        let mut disks_due = Instant::now();
        loop {
            let sleep = self.look().await;
            if Instant::now() >= disks_due {
                let Ok(outputs) = self.driver.ask(|scheduler, _| outputs_in_use(scheduler)).await else {
                    return;
                };
                if self.parts.state.set_disks(self.parts.disks.look(directories(&self.parts, outputs)).await)
                {
                    self.parts.node_changed.notify_one();
                }
                disks_due = Instant::now() + DISKS;
            }
            tokio::time::sleep(sleep).await;
        }
    }

    /// Answers how long nothing can be different.
    async fn look(&mut self) -> Duration {
        let settings = &self.parts.settings.interactive;
        // The farm's own clock stands still while the machine sleeps; hours are those on the wall.
        let now = Zoned::now();
        let seen = watched(settings, &self.activity, &now).await;
        let budget = budget(&self.parts.settings.capacity, settings, &now, seen.as_ref());
        let sleep = until_next_look(settings, &now, &budget);
        if self.told.as_ref() != Some(&budget) {
            self.parts.state.set_budget(budget.clone());
            self.driver.tell(Event::Budget(budget.clone())).await;
            self.told = Some(budget);
            self.parts.node_changed.notify_one();
        }
        sleep
    }
}

fn until_next_look(settings: &InteractiveSettings, now: &Zoned, budget: &Budget) -> Duration {
    let longest = if settings.idle.is_some() { WATCH } else { LONGEST_SLEEP };
    let now_millis = now.timestamp().as_millisecond();
    let change = next_change(settings, now, budget);
    let change = change.map(|at| Duration::from_millis(u64::try_from(at.0 - now_millis).unwrap_or(0)));
    // Not before the instant itself: a millisecond may have been cut off.
    change.map_or(longest, |change| (change + Duration::from_millis(1)).min(longest))
}

/// Directories that jobs with running attempts write to, as they were given.
fn outputs_in_use(scheduler: &farmhand_scheduler::Scheduler) -> BTreeSet<PathBuf> {
    let jobs: BTreeSet<_> = scheduler.live_attempts().map(|attempt| attempt.job).collect();
    let outputs = jobs.into_iter().filter_map(|job| scheduler.record(job)?.spec.output);
    outputs.filter_map(|output| Some(Path::new(&output).parent()?.to_owned())).collect()
}

/// The data directory, the roots, and outputs that are none of those.
fn directories(parts: &Parts, outputs: BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let roots = &parts.settings.roots;
    let outside = |path: &PathBuf| path.is_absolute() && !roots.iter().any(|root| path.starts_with(root));
    let outputs = outputs.into_iter().filter(outside);
    [parts.settings.data_dir.clone()].into_iter().chain(roots.iter().cloned()).chain(outputs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_resource::Disk;

    fn report(free: u64, silent: &[&str]) -> DiskReport {
        let disk = Disk { paths: vec!["/data".into()], total_bytes: 1000, free_bytes: free };
        DiskReport { disks: vec![disk], silent: silent.iter().map(PathBuf::from).collect() }
    }

    #[test]
    fn disks_are_news_when_they_differ_by_a_hundredth() {
        let state = NodeState { found: Mutex::default() };
        // What is told is what the next one is held against, so that many small steps add up.
        let steps = [
            (report(500, &[]), true),
            (report(509, &[]), false),
            (report(495, &[]), false),
            (report(490, &[]), true),
            (report(481, &[]), false),
            (report(490, &["/nfs"]), true),
            (report(490, &["/nfs"]), false),
            (DiskReport::default(), true),
        ];
        for (report, news) in steps {
            assert_eq!(state.set_disks(report.clone()), news, "{report:?}");
        }
    }

    #[test]
    fn looks_again_at_the_next_edge_and_not_before() {
        let now: Zoned = "2026-11-23T18:59:50[UTC]".parse().unwrap();
        let settings = |texts: &[&str], idle: bool| InteractiveSettings {
            schedule: Schedule::parse(texts).unwrap(),
            idle: idle.then_some(Duration::from_secs(600)),
        };
        let table = [
            (settings(&[], false), LONGEST_SLEEP),
            (settings(&[], true), WATCH),
            (settings(&["19:00-08:00"], false), Duration::from_millis(10_001)),
            (settings(&["19:00-08:00"], true), WATCH),
            (settings(&["20:00-08:00"], false), LONGEST_SLEEP),
        ];
        for (settings, sleep) in table {
            assert_eq!(until_next_look(&settings, &now, &Budget::default()), sleep, "{settings:?}");
        }
    }
}
