//! What the API, the page and the metrics are shown: read only, computed when asked.

use crate::breaker::Breaker;
use crate::chunk::time_left;
use crate::job::Job;
use crate::policy::PluginState;
use crate::scheduler::Scheduler;
use farmhand_model::job::JobCosts;
use farmhand_model::view::{BreakerView, FrameRuns, FramesView, JobSummary, LeaseView, LimitView};
use farmhand_model::{Budget, Digest, JobId, JobRecord, JobStatus, Seconds, Timestamp};
use std::collections::BTreeSet;

/// The row of a job that the scheduler does not hold any more, from its last record.
#[must_use]
pub fn summary_of_record(record: &JobRecord) -> JobSummary {
    JobSummary {
        id: record.id,
        name: record.spec.name.clone(),
        user: record.spec.user.clone(),
        batch: record.spec.batch.as_ref().map(|member| member.batch.clone()),
        plugin: record.spec.plugin.name.clone(),
        scene: record.spec.scene.display().to_string(),
        priority: record.spec.priority,
        status: record.status,
        frames: record.counts,
        submitted: record.submitted,
        started: record.started,
        finished: record.finished,
        eta: None,
        why: None,
        failure: record.failure.clone(),
    }
}

impl Scheduler {
    /// A held job's row.
    #[must_use]
    pub fn summary(&self, id: JobId, now: Timestamp) -> Option<JobSummary> {
        let job = self.jobs.get(&id)?;
        Some(JobSummary {
            id,
            name: job.spec.name.clone(),
            user: job.spec.user.clone(),
            batch: job.spec.batch.as_ref().map(|member| member.batch.clone()),
            plugin: job.spec.plugin.name.clone(),
            scene: job.spec.scene.display().to_string(),
            priority: job.spec.priority,
            status: job.status,
            frames: job.counts(),
            submitted: job.submitted,
            started: job.started,
            finished: job.finished,
            eta: self.eta(job, now),
            why: self.why(id, now).filter(|_| !job.status.is_end()).map(Into::into),
            failure: job.failure.clone(),
        })
    }

    /// A held job's record as of now.
    #[must_use]
    pub fn record(&self, job: JobId) -> Option<JobRecord> {
        self.jobs.get(&job).map(Job::record)
    }

    /// The name of a layer, where the job names some and is still held.
    #[must_use]
    pub fn layer_name(&self, job: JobId, layer: u32) -> Option<String> {
        self.jobs.get(&job)?.spec.layers.get(layer as usize).cloned()
    }

    /// A held job's frames by layer and state.
    #[must_use]
    pub fn frames(&self, id: JobId) -> Option<FramesView> {
        let job = self.jobs.get(&id)?;
        let mut runs = Vec::new();
        for (index, layer) in (0..).zip(&job.layers) {
            for (state, frames) in layer.by_state() {
                if !frames.is_empty() {
                    runs.push(FrameRuns { layer: job.layer_name(index).map(str::to_owned), state, frames });
                }
            }
        }
        Some(FramesView { job: id, counts: job.counts(), runs })
    }

    /// What a held job's frames and starts cost.
    #[must_use]
    pub fn costs(&self, job: JobId) -> Option<JobCosts> {
        self.jobs.get(&job).map(|job| job.costs)
    }

    /// Who holds what.
    #[must_use]
    pub fn leases(&self) -> Vec<LeaseView> {
        self.ledger.leases()
    }

    /// The node's limited licences and counters, by name, and who has them.
    #[must_use]
    pub fn limits(&self) -> Vec<LimitView> {
        self.ledger.limits()
    }

    /// What renders may have of the node at the moment.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.ledger.budget()
    }

    /// The breakers that are not closed.
    #[must_use]
    pub fn breakers(&self) -> Vec<BreakerView> {
        let view = |plugin: &str, gpu: Option<u32>, breaker: &Breaker| {
            let (until, why) = match breaker {
                Breaker::Closed { .. } => return None,
                Breaker::Open { until, why } => (*until, why),
                Breaker::HalfOpen { since, why, .. } => (*since, why),
            };
            let gpu = gpu.map(|gpu| gpu.to_string());
            Some(BreakerView { plugin: plugin.to_owned(), gpu, reason: why.reason.clone(), until })
        };
        let mut open = Vec::new();
        for (name, plugin) in &self.plugins {
            open.extend(view(name, None, &plugin.breaker));
            open.extend(plugin.gpus.iter().filter_map(|(gpu, breaker)| view(name, Some(*gpu), breaker)));
        }
        open
    }

    /// Versions of plugins that jobs are pinned to.
    #[must_use]
    pub fn pinned_versions(&self) -> BTreeSet<Digest> {
        let jobs = self.jobs.values().filter(|job| !job.status.is_end());
        jobs.filter_map(|job| job.spec.plugin.digest.clone()).collect()
    }

    /// Those of them that were not announced, or cannot serve.
    #[must_use]
    pub fn waiting_versions(&self) -> Vec<Digest> {
        let mut waiting = self.pinned_versions();
        waiting.retain(|digest| !matches!(self.versions.get(digest), Some(PluginState::Ready(_))));
        waiting.into_iter().collect()
    }

    /// The held jobs that have not ended, oldest first.
    #[must_use]
    pub fn live_jobs(&self) -> Vec<JobId> {
        self.jobs.values().filter(|job| !job.status.is_end()).map(|job| job.id).collect()
    }

    /// When a running job will be done at the present pace, with the slots that it may have.
    fn eta(&self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        if job.status != JobStatus::Running || job.is_through() {
            return None;
        }
        let frame = job.costs.frame_seconds?;
        let own = job.live.iter().filter_map(|attempt| self.live.get(attempt));
        let running = own.map(|live| live.seconds_left(&job.costs, now)).fold(0.0, f64::max);
        let left = match job.pending_len() {
            0 => 0.0,
            left => {
                let need = self.lines_of(job, now).into_iter().next().map(|class| class.need);
                let slots = self.slots_for(now, job, need.as_ref());
                time_left(left, frame, job.costs.start_seconds.unwrap_or(0.0), &slots)
            }
        };
        Some(now + Seconds(running.max(left)))
    }
}
