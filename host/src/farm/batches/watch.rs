//! Follows the batches that have not ended: from the news of their jobs it tells how far each one is, and writes down
//! when one has ended.
//!
//! A batch that is not known is read when one of its jobs is first heard of, so that a submission, a restart and a job
//! that is brought back all begin here. What has ended is written down before it is told.

use super::progress::Progress;
use crate::farm::bus::BusItem;
use crate::farm::driver::DriverHandle;
use crate::farm::notices;
use crate::farm::parts::Parts;
use farmhand_model::event::FarmEvent;
use farmhand_model::view::JobSummary;
use farmhand_model::{BatchId, Change, JobId};
use farmhand_store::StoreError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often a batch is told while its frames come.
const TELL: Duration = Duration::from_millis(250);
/// Jobs asked for between two decisions of the scheduler.
const AT_ONCE: usize = 500;

/// The batches that have not ended, for whoever asks.
#[derive(Default)]
pub(super) struct Open(Mutex<BTreeMap<BatchId, Progress>>);

impl Open {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<BatchId, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Watch {
    pub(super) parts: Arc<Parts>,
    pub(super) driver: DriverHandle,
    pub(super) open: Arc<Open>,
    /// Batches that somebody has just submitted.
    pub(super) told: mpsc::UnboundedReceiver<BatchId>,
}

impl Watch {
    /// Follows the farm until it is gone.
    pub(super) async fn follow(mut self) {
        // Before the first look, so that nothing happens between the two.
        let mut news = self.parts.bus.subscribe(None);
        let mut changed = self.read_all().await;
        let mut tick = interval(TELL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Instant::now();
        loop {
            tokio::select! {
                item = news.next() => match item {
                    Some(BusItem::Event { event, .. }) => {
                        if let FarmEvent::Job { job } = &**event {
                            changed.extend(self.saw(job).await);
                        }
                    }
                    Some(BusItem::Missed { .. }) => changed.extend(self.read_all().await),
                    None => return,
                },
                Some(id) = self.told.recv() => {
                    self.read(id).await;
                    changed.insert(id);
                }
                _ = tick.tick(), if !changed.is_empty() => {}
            }
            if !changed.is_empty() && last.elapsed() >= TELL {
                last = Instant::now();
                for id in std::mem::take(&mut changed) {
                    self.tell(id).await;
                }
            }
        }
    }

    /// The batches that a job's news are news of.
    async fn saw(&mut self, job: &JobSummary) -> Vec<BatchId> {
        let now = self.parts.clock.now();
        let mut changed: Vec<BatchId> = Vec::new();
        for (id, batch) in self.open.lock().iter_mut() {
            if batch.saw(job, now) {
                changed.push(*id);
            }
        }
        if let Some(batch) = &job.batch
            && !job.status.is_end()
            && !changed.contains(&batch.id)
        {
            self.read(batch.id).await;
            changed.push(batch.id);
        }
        changed
    }

    async fn read_all(&self) -> BTreeSet<BatchId> {
        let open = match self.parts.store.open_batches().await {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(%error, "cannot read the batches that have not ended");
                return BTreeSet::new();
            }
        };
        let ids: BTreeSet<BatchId> =
            open.iter().map(|record| record.id).chain(self.open.lock().keys().copied()).collect();
        for id in &ids {
            self.read(*id).await;
        }
        ids
    }

    async fn read(&self, id: BatchId) {
        match read(&self.parts, &self.driver, id).await {
            Ok(Some(batch)) => drop(self.open.lock().insert(id, batch)),
            Ok(None) => drop(self.open.lock().remove(&id)),
            Err(error) => tracing::error!(%error, batch = %id, "cannot read a batch"),
        }
    }

    /// Tells how far it is, and first writes down that it has ended, or has not any more.
    async fn tell(&self, id: BatchId) {
        let now = self.parts.clock.now();
        let found = self.open.lock().get_mut(&id).map(|batch| {
            let has_ended = batch.status().is_end();
            let is_news = has_ended != batch.record.finished.is_some();
            if is_news {
                batch.record.finished = has_ended.then(|| batch.last_end());
                batch.record.tally = has_ended.then(|| batch.tally());
            }
            let entries = (is_news && has_ended).then(|| batch.last_entries());
            (batch.summary(now), is_news.then(|| batch.record.clone()), entries)
        });
        let Some((summary, record, entries)) = found else { return };
        let mut changes: Vec<Change> =
            record.map(|record| Change::Batch(Box::new(record))).into_iter().collect();
        changes.extend(entries.map(|entries| Change::Entries { batch: id, entries }));
        let mut is_news = !changes.is_empty();
        if is_news && let Err(error) = self.parts.store.commit(changes).await {
            // It is told all the same that its jobs have ended; the next daemon finds that the batch has too, and
            // posts it.
            tracing::error!(%error, batch = %id, "cannot write down where a batch is");
            is_news = false;
        }
        let has_ended = summary.status.is_end();
        let end = notices::of_batch(&summary).filter(|_| is_news);
        self.parts.bus.publish(FarmEvent::Batch { batch: Box::new(summary) });
        if let Some(end) = end {
            self.parts.notices.post(now, &end);
        }
        if has_ended {
            self.open.lock().remove(&id);
        }
    }
}

/// A batch with its jobs as they are at this moment.
pub(super) async fn read(
    parts: &Parts,
    driver: &DriverHandle,
    id: BatchId,
) -> Result<Option<Progress>, StoreError> {
    let Some(record) = parts.store.batch(id).await? else { return Ok(None) };
    let mut batch = Progress::new(record, parts.store.entries(id).await?);
    let open: Vec<JobId> = batch.open_jobs().collect();
    for some in open.chunks(AT_ONCE) {
        let some = some.to_vec();
        let of_live = driver.ask(move |scheduler, now| {
            some.iter().filter_map(|id| scheduler.summary(*id, now)).collect::<Vec<_>>()
        });
        // A driver that is gone has no news.
        for job in of_live.await.unwrap_or_default() {
            batch.saw(&job, parts.clock.now());
        }
    }
    Ok(Some(batch))
}
