//! Carries what is in the outbox: some at once, each with its time limit, and again after a while where one failed.

use super::webhook;
use crate::api::ReportPictures;
use crate::farm::{BusItem, Farm};
use farmhand_model::batch::ReportFormat;
use farmhand_model::event::FarmEvent;
use farmhand_model::notice::Happening;
use farmhand_model::notify::{Delivery, DeliveryState, Notification, NotifyTarget};
use farmhand_model::report::SubjectKind;
use farmhand_model::{BatchId, JobId};
use farmhand_runner::{EnvSpec, run_told};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};

/// Carried at the same time.
const AT_ONCE: usize = 4;
/// Tries of one delivery. With the pauses between them, the last one is about 40 minutes after the first.
const TRIES: u32 = 14;
/// After the first failed try; doubled after each further one.
const FIRST_PAUSE_MS: i64 = 1000;
/// The longest pause between two tries.
const LONGEST_PAUSE_MS: i64 = 10 * 60 * 1000;
/// The outbox is looked at this often even where no event came.
const LOOK: Duration = Duration::from_secs(60);
/// After a look at the outbox that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Carries what is in a farm's outbox for as long as it is held.
pub(crate) struct Courier {
    task: JoinHandle<()>,
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Courier {
    /// Begins with what an earlier daemon left.
    pub(crate) fn start(farm: Farm) -> Self {
        Self { task: tokio::spawn(Round::new(farm).run()) }
    }
}

struct Round {
    farm: Farm,
    pictures: Arc<ReportPictures>,
    /// Keys of what is being carried.
    held: BTreeSet<String>,
    flying: JoinSet<(Delivery, Result<(), String>)>,
}

impl Round {
    fn new(farm: Farm) -> Self {
        Self {
            farm,
            pictures: Arc::new(ReportPictures::new()),
            held: BTreeSet::new(),
            flying: JoinSet::new(),
        }
    }

    async fn run(mut self) {
        let mut events = self.farm.events().subscribe(None);
        // Batches that came to an end just before an earlier daemon did.
        self.note_batches(None).await;
        loop {
            let pause = self.send_off().await;
            let pause = tokio::time::sleep(pause);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    item = events.next() => match item {
                        None => return,
                        Some(BusItem::Missed { .. }) => self.note_batches(None).await,
                        Some(BusItem::Event { event, .. }) => match &**event {
                            FarmEvent::Batch { batch } if batch.status.is_end() || batch.frames.failed > 0 => {
                                self.note_batches(Some(batch.id)).await;
                            }
                            FarmEvent::Job { job } if job.status.is_end() || job.frames.failed > 0 => {}
                            _ => continue,
                        },
                    },
                    Some(carried) = self.flying.join_next() => match carried {
                        Ok((delivery, outcome)) => self.note(delivery, outcome).await,
                        Err(error) => tracing::error!(%error, "a delivery broke off; please report this"),
                    },
                    () = &mut pause => {}
                }
                break;
            }
        }
    }

    /// Writes down what there is to tell of this batch, or of all that may have some.
    async fn note_batches(&self, batch: Option<BatchId>) {
        if let Err(error) = self.farm.note_batch_news(batch).await {
            tracing::warn!(%error, "news of batches could not be written down");
        }
    }

    /// Begins to carry what is due; how long until there may be more.
    async fn send_off(&mut self) -> Duration {
        let free = AT_ONCE - self.flying.len().min(AT_ONCE);
        if free == 0 {
            return LOOK;
        }
        let outbox = match self.farm.outbox((self.held.len() + free + 1) as u32).await {
            Ok(outbox) => outbox,
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read");
                return LOOK_AGAIN;
            }
        };
        let now = self.farm.now();
        let mut next = LOOK;
        for delivery in outbox {
            if self.held.contains(&delivery.key) {
                continue;
            }
            let DeliveryState::Due { at } = delivery.state else { continue };
            if at > now {
                next = next.min(Duration::from_millis((at.0 - now.0) as u64));
            } else if self.flying.len() < AT_ONCE {
                self.held.insert(delivery.key.clone());
                let (farm, pictures) = (self.farm.clone(), Arc::clone(&self.pictures));
                self.flying.spawn(async move {
                    let outcome = carry(&farm, &pictures, &delivery).await;
                    (delivery, outcome)
                });
            }
        }
        next
    }

    /// Writes down how it went, and tells the wrangler of what is late, of what was late and has arrived, and of what was
    /// tried too often.
    async fn note(&mut self, mut delivery: Delivery, outcome: Result<(), String>) {
        let now = self.farm.now();
        let (to, id, job) =
            (delivery.to.to_string(), delivery.notification.id.clone(), job_of(&delivery.notification));
        delivery.tries += 1;
        let tries = delivery.tries;
        delivery.error = outcome.as_ref().err().cloned();
        let (state, news) = match outcome {
            Ok(()) => {
                tracing::info!(%to, %id, "delivered");
                let news = (tries > 1).then_some(Happening::NotificationArrived { job, to, id, tries });
                (DeliveryState::Arrived { at: now }, news)
            }
            Err(reason) if tries >= TRIES => {
                let news = Happening::NotificationLost { job, to, id, tries, reason };
                (DeliveryState::GivenUp { at: now }, Some(news))
            }
            Err(reason) => {
                let at = now.plus_millis(pause_ms(tries));
                tracing::warn!(%to, %id, error = %reason, next = %at, "not delivered yet");
                let news = (tries == 1).then_some(Happening::NotificationLate { job, to, id, reason });
                (DeliveryState::Due { at }, news)
            }
        };
        delivery.state = state;
        let key = delivery.key.clone();
        // What is told has been written down, unless the disk refuses.
        if let Err(error) = self.farm.keep_delivery(delivery).await {
            // It is carried once more; its id tells the receiver so.
            tracing::error!(%error, "what became of a delivery could not be written down");
        }
        if let Some(news) = news {
            self.farm.post(&news);
        }
        self.held.remove(&key);
    }
}

fn job_of(notification: &Notification) -> Option<JobId> {
    (notification.kind == SubjectKind::Job).then_some(JobId(notification.number))
}

/// 1 s, 2 s, 4 s and so on, at most ten minutes.
fn pause_ms(tries: u32) -> i64 {
    FIRST_PAUSE_MS.saturating_mul(1 << (tries.saturating_sub(1)).min(20)).min(LONGEST_PAUSE_MS)
}

async fn carry(farm: &Farm, pictures: &ReportPictures, delivery: &Delivery) -> Result<(), String> {
    match &delivery.to {
        NotifyTarget::Webhook(name) => {
            let known = farm.webhook(name).cloned();
            let webhook =
                known.ok_or_else(|| format!("`notify.{name}` is no longer in the configuration"))?;
            let (notification, seconds) = (delivery.notification.clone(), farm.now().0 / 1000);
            let sent = tokio::task::spawn_blocking(move || webhook::send(&webhook, &notification, seconds));
            sent.await.map_err(|error| error.to_string())?
        }
        NotifyTarget::Command(name) => {
            let (program, limit) = farm.notify_program(name)?;
            let input = serde_json::to_vec(&delivery.notification).map_err(|error| error.to_string())?;
            run_told(&program, &environment(&delivery.notification), &input, limit).await
        }
        NotifyTarget::Report { file, format } => {
            let batch = BatchId(delivery.notification.number);
            write_report(farm, pictures, batch, file, *format).await
        }
    }
}

/// What a program is told besides its input.
fn environment(notification: &Notification) -> EnvSpec {
    let kind = match notification.kind {
        SubjectKind::Job => "job",
        SubjectKind::Batch => "batch",
    };
    let set = [
        ("FARMHAND_EVENT", notification.event.name().to_owned()),
        ("FARMHAND_KIND", kind.to_owned()),
        ("FARMHAND_NUMBER", notification.number.to_string()),
        ("FARMHAND_STATUS", notification.status.clone()),
        ("FARMHAND_DELIVERY", notification.id.clone()),
    ];
    let set = set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    EnvSpec::Inherit { remove: crate::farm::own_variables(), set }
}

async fn write_report(
    farm: &Farm,
    pictures: &ReportPictures,
    batch: BatchId,
    file: &str,
    format: ReportFormat,
) -> Result<(), String> {
    let path = farm.confined(Path::new(file))?;
    let report = farm.batch_report(batch).await.map_err(|error| error.to_string())?;
    let text = pictures.written(report, format).await?;
    let wrote = tokio::task::spawn_blocking(move || crate::report::write_file(&path, &text));
    let wrote = wrote.await.map_err(|error| error.to_string())?;
    wrote.map_err(|error| format!("cannot write {file}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let all: Vec<i64> = (1..TRIES).map(|tries| pause_ms(tries) / 1000).collect();
        assert_eq!(all, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
        assert_eq!(pause_ms(u32::MAX), LONGEST_PAUSE_MS);
        assert_eq!(all.iter().sum::<i64>() / 60, 47);
    }
}
