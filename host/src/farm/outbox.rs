//! What somebody is to be told, and the reports that batches ask for: who may be named, what is written down, and what
//! the courier (`crate::notify`) needs of the farm to carry it.

use super::parts::Parts;
use super::submit::hook_program;
use super::{Farm, FarmError, internal};
use crate::notify::{Webhook, of_batch};
use crate::report::Room;
use farmhand_model::batch::{BatchEntryView, BatchView, EntryState, NotifyWish, ReportWish};
use farmhand_model::dcc::Problem;
use farmhand_model::job::TimeSpent;
use farmhand_model::notice::Happening;
use farmhand_model::notify::{Delivery, NotifyTarget};
use farmhand_model::report::{JobReport, Report, Subject, SubjectKind};
use farmhand_model::view::FrameCounts;
use farmhand_model::{BatchId, Change, JobId, Timestamp};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Batches that are looked at for news that an earlier daemon did not come to: the newest.
const LOOKED_AT: u32 = 500;
/// Failed jobs that a notification names.
const NAMED: usize = 20;

/// What is wrong with wishes to be told; `at` is where they stand in the submission.
pub(super) fn check_wishes(parts: &Parts, wishes: &[NotifyWish], at: &str) -> Vec<Problem> {
    let check = |wish: &NotifyWish| match wish.target() {
        None => Err(("", "one of `webhook` and `command` is to be given, and not both".to_owned())),
        Some(NotifyTarget::Webhook(name)) if !parts.settings.webhooks.contains_key(&name) => {
            let known: Vec<&str> = parts.settings.webhooks.keys().map(String::as_str).collect();
            let known = if known.is_empty() {
                "there are none; the studio sets them in farmhand.toml under `[notify]`".to_owned()
            } else {
                format!("there are: {}", known.join(", "))
            };
            Err(("/webhook", format!("there is no webhook `{name}`; {known}")))
        }
        Some(NotifyTarget::Command(name)) => {
            hook_program(&parts.settings.hooks, &name).map(drop).map_err(|error| ("/command", error))
        }
        Some(NotifyTarget::Webhook(_) | NotifyTarget::Report { .. }) => Ok(()),
    };
    let found = wishes.iter().enumerate().filter_map(|(index, wish)| {
        let (field, message) = check(wish).err()?;
        Some(Problem { field: format!("{at}/{index}{field}"), message })
    });
    found.collect()
}

/// What is wrong with a wish for reports.
pub(super) fn check_report(parts: &Parts, report: Option<&ReportWish>) -> Vec<Problem> {
    let refused = report.and_then(|report| parts.roots.confine(Path::new(&report.dir)).err());
    let problem = |message: String| Problem { field: "/report/dir".to_owned(), message };
    refused.map(|error| problem(error.to_string())).into_iter().collect()
}

/// A job that was complete before its batch: what it took to render is an earlier batch's to tell.
fn was_there(job: JobReport) -> JobReport {
    let skipped = job.frames.done + job.frames.skipped;
    JobReport {
        frames: FrameCounts { done: 0, skipped, ..job.frames },
        started: None,
        finished: None,
        duration: None,
        times: None,
        time: TimeSpent::default(),
        attempts: 0,
        plugins: Vec::new(),
        retries: Vec::new(),
        retry_count: 0,
        fallbacks: Vec::new(),
        peak_memory_bytes: None,
        peak_gpu_memory_bytes: None,
        faults: Vec::new(),
        command: None,
        ..job
    }
}

impl Farm {
    /// What became of a batch so far. Jobs that have been forgotten are left out.
    pub async fn batch_report(&self, id: BatchId) -> Result<Report, FarmError> {
        let BatchView { summary, entries, .. } = self.batch(id).await?;
        let room = Room::for_jobs(entries.len());
        let mut jobs = Vec::new();
        for BatchEntryView { entry, state, status, .. } in entries {
            if status.is_none() {
                continue;
            }
            let mut job = match self.one_report(entry.job, room).await {
                Ok(job) => job,
                // It has just been forgotten.
                Err(FarmError::NoJob(_)) => continue,
                Err(error) => return Err(error),
            };
            job.name = entry.name;
            job.state = state;
            if state == EntryState::Skipped {
                job.skipped = entry.reason.or(job.skipped);
                job = was_there(job);
            }
            jobs.push(job);
        }
        let subject = Subject {
            kind: SubjectKind::Batch,
            id: id.0,
            name: summary.name,
            user: summary.user,
            submitted: summary.submitted,
            started: summary.started,
            finished: summary.finished,
        };
        Ok(self.report_of(subject, jobs))
    }

    /// The daemon's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    /// Tells whoever watches, now and later.
    pub(crate) fn post(&self, happening: &Happening) {
        self.inner.parts.notices.post(self.now(), happening);
    }

    /// What is to be carried, what is due first before the rest.
    pub(crate) async fn outbox(&self, limit: u32) -> Result<Vec<Delivery>, FarmError> {
        self.store().outbox(limit).await.map_err(internal)
    }

    /// Writes down where a delivery is.
    pub(crate) async fn keep_delivery(&self, delivery: Delivery) -> Result<(), FarmError> {
        self.store().commit(vec![Change::Delivery(Box::new(delivery))]).await.map_err(internal)
    }

    /// Writes down what there is to tell of this batch, or of all that may have some; what was written down before stays
    /// as it is.
    pub(crate) async fn note_batch_news(&self, batch: Option<BatchId>) -> Result<(), FarmError> {
        let records = match batch {
            Some(id) => self.store().batch(id).await.map_err(internal)?.into_iter().collect(),
            None => self.store().batches(None, LOOKED_AT).await.map_err(internal)?,
        };
        for record in records.iter().filter(|record| !record.notify.is_empty() || record.report.is_some()) {
            let view = self.batch(record.id).await?;
            let failed = view.entries.iter().filter(|entry| entry.state == EntryState::Failed);
            let failed: Vec<JobId> = failed.map(|entry| entry.entry.job).take(NAMED).collect();
            let news = of_batch(&view.summary, &record.notify, record.report.as_ref(), &failed, self.now());
            let news = news.into_iter().map(|delivery| Change::News(Box::new(delivery))).collect();
            self.store().commit(news).await.map_err(internal)?;
        }
        Ok(())
    }

    /// A webhook of the configuration.
    pub(crate) fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.inner.parts.settings.webhooks.get(name)
    }

    /// A program of the hooks directory, and how long it may take.
    pub(crate) fn notify_program(&self, name: &str) -> Result<(PathBuf, Duration), String> {
        let hooks = &self.inner.parts.settings.hooks;
        Ok((hook_program(hooks, name)?, hooks.limit))
    }

    /// Where the daemon may write this file; its directory is made.
    pub(crate) fn confined(&self, file: &Path) -> Result<PathBuf, String> {
        let real = self.inner.parts.roots.confine(file).map_err(|error| error.to_string())?;
        let dir = real.parent().unwrap_or(&real);
        std::fs::create_dir_all(dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        Ok(real)
    }
}
