//! Clean-up by a running farm: when somebody asks, and once an hour as the configuration says.

use super::{Farm, FarmError, Inner, internal};
use crate::cleanup::{CleanupReport, CleanupRequest, Ground, run};
use farmhand_model::dcc::Problem;
use std::sync::Weak;
use std::time::Duration;

/// A daemon that was just started has more urgent work, and one that lives for a single job need not do this.
pub(super) const FIRST: Duration = Duration::from_secs(10 * 60);
const EVERY: Duration = Duration::from_secs(60 * 60);

impl Farm {
    /// Removes what is old enough, or in a dry run only says what that would be.
    pub async fn cleanup(
        &self,
        mut request: CleanupRequest,
        dry_run: bool,
    ) -> Result<CleanupReport, FarmError> {
        let mut problems = Vec::new();
        for (index, root) in request.roots.iter_mut().enumerate() {
            let wrong = match self.inner.parts.roots.confine(root) {
                Ok(real) if real.is_dir() => {
                    *root = real;
                    continue;
                }
                Ok(_) => format!("{} is no directory", root.display()),
                Err(error) => error.to_string(),
            };
            problems.push(Problem { field: format!("/roots/{index}"), message: wrong });
        }
        if !problems.is_empty() {
            return Err(FarmError::Invalid(problems));
        }
        let parts = &self.inner.parts;
        let ground = Ground {
            store: &parts.store,
            data_dir: &parts.settings.data_dir,
            policy: parts.settings.cleanup,
            jobs: &self.inner.keyed,
        };
        let now = parts.clock.now();
        let report = run(ground, &request, dry_run, now).await.map_err(internal)?;
        if !dry_run {
            // Rows of forgotten jobs are deleted in steps, for which nobody has to wait.
            let store = parts.store.clone();
            tokio::spawn(async move {
                if let Err(error) = store.maintenance(now).await {
                    tracing::warn!(%error, "the database could not be tidied up");
                }
            });
        }
        Ok(report)
    }
}

/// Cleans up after `first`, and then once an hour, for as long as there is a farm.
pub(super) async fn by_policy(farm: Weak<Inner>, first: Duration) {
    let mut hours = tokio::time::interval_at(tokio::time::Instant::now() + first, EVERY);
    loop {
        hours.tick().await;
        let Some(inner) = farm.upgrade() else { return };
        let done = Farm { inner }.cleanup(CleanupRequest::default(), false).await;
        match done {
            Ok(report) => {
                for row in report.rows.iter().filter(|row| row.count > 0) {
                    tracing::info!(
                        kind = row.kind.label(),
                        count = row.count,
                        bytes = row.bytes,
                        "cleaned up"
                    );
                }
                for problem in &report.problems {
                    tracing::warn!("clean-up: {problem}");
                }
            }
            Err(error) => tracing::warn!(%error, "nothing could be cleaned up"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cleanup::CleanupPolicy;
    use crate::farm::{
        FarmSettings, GpuSettings, HookSettings, InteractiveSettings, ProcessSettings, ShimCommand,
    };
    use farmhand_model::{PathMap, Seconds};
    use farmhand_plugin::{PluginSettings, WatchMode};
    use farmhand_runner::LogLimits;
    use farmhand_scheduler::{NodeCapacity, Policy};
    use std::collections::BTreeMap;
    use std::fs::{self, File, FileTimes};
    use std::path::Path;
    use std::time::SystemTime;

    fn settings(dir: &Path) -> FarmSettings {
        FarmSettings {
            data_dir: dir.join("data"),
            capacity: NodeCapacity::of_threads(1, 1, 1),
            interactive: InteractiveSettings::default(),
            policy: Policy::default(),
            plugins: PluginSettings {
                dir: None,
                watch: WatchMode::Off,
                ..PluginSettings::new(dir.join("cache"))
            },
            gates: BTreeMap::new(),
            tools: BTreeMap::new(),
            gpus: GpuSettings::default(),
            roots: Vec::new(),
            path_map: PathMap::default(),
            hooks: HookSettings { dir: None, limit: Duration::from_secs(60) },
            webhooks: BTreeMap::new(),
            cleanup: CleanupPolicy { logs_days: 30, ..CleanupPolicy::default() },
            // Nothing renders here.
            shim: ShimCommand { program: "no-shim".into(), args: Vec::new() },
            process: ProcessSettings::new(LogLimits::default(), Seconds(1.0)),
        }
    }

    fn log(dir: &Path, attempt: u64, days: u64) {
        let dir = dir.join(format!("data/attempts/{attempt}"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("log"), "a line").unwrap();
        let time = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 3600));
        for path in [dir.join("log"), dir] {
            File::open(path).unwrap().set_times(time).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_farm_cleans_up_by_itself_for_as_long_as_it_lives() {
        let dir = tempfile::tempdir().unwrap();
        log(dir.path(), 1, 31);
        log(dir.path(), 2, 29);
        let farm = Farm::start(settings(dir.path())).await.unwrap();

        let policy = tokio::spawn(by_policy(std::sync::Arc::downgrade(&farm.inner), Duration::ZERO));
        while dir.path().join("data/attempts/1").exists() {
            tokio::task::yield_now().await;
        }
        policy.abort();
        assert!(dir.path().join("data/attempts/2/log").exists());

        let gone = std::sync::Arc::downgrade(&farm.inner);
        drop(farm);
        while gone.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        by_policy(gone, Duration::ZERO).await;
    }
}
