//! Clean-up by a running farm: when somebody asks, and once an hour as the configuration says.

use super::{Farm, FarmError, Inner, internal};
use crate::cleanup::{CleanupReport, CleanupRequest, Ground, run};
use farmhand_model::dcc::Problem;
use std::sync::Weak;
use std::time::Duration;

/// A daemon that was just started has more urgent work, and one that lives for a single job need not do this.
const FIRST: Duration = Duration::from_secs(10 * 60);
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

/// Cleans up once an hour for as long as there is a farm.
pub(super) async fn by_policy(farm: Weak<Inner>) {
    let mut hours = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, EVERY);
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
