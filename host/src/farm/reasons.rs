//! Tells what holds the jobs that wait: it changes with what other jobs do, and then nothing else about them does.
//!
//! What holds a job is the scheduler's to say, and what it says with a job's own event is told by the driver.

use super::bus::{BusItem, EventBus, Subscription};
use super::driver::DriverHandle;
use farmhand_model::JobId;
use farmhand_model::event::FarmEvent;
use farmhand_model::view::{SharedWhy, WhyView};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// What comes together is told together.
const GATHER: Duration = Duration::from_millis(40);

/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 20;

/// Some reasons change with time alone: somebody's idle time, a schedule.
const LONGEST: Duration = Duration::from_secs(10);

/// Jobs looked at between two decisions of the scheduler.
const AT_ONCE: usize = 500;

/// Follows the farm until it is gone.
pub(super) async fn follow(bus: EventBus, driver: DriverHandle) {
    let mut reasons = Reasons { news: bus.subscribe(None), told: BTreeMap::new() };
    loop {
        // That nothing happened for so long is an answer too.
        let _ = timeout(LONGEST, reasons.turn()).await;
        sleep(GATHER).await;
        let began = Instant::now();
        reasons.take_news();
        let Some(seen) = ask(&driver).await else { return };
        if let Some(event) = reasons.different(seen) {
            bus.publish(event);
        }
        sleep(began.elapsed() * SHARE).await;
    }
}

/// What holds each job that has not ended; `None` when the driver is gone.
async fn ask(driver: &DriverHandle) -> Option<BTreeMap<JobId, Arc<Reason>>> {
    let mut all = BTreeMap::new();
    // Most jobs wait for the same, which is kept once.
    let mut known: BTreeMap<String, Arc<Reason>> = BTreeMap::new();
    let mut after = JobId(0);
    loop {
        let some = driver.ask(move |scheduler, now| scheduler.reasons(after, AT_ONCE, now)).await.ok()?;
        let Some((last, _)) = some.last() else { return Some(all) };
        after = *last;
        for (job, why) in some {
            let key = format!("{why:?}");
            let reason = known.entry(key).or_insert_with(|| Arc::new(why.map(WhyView::from)));
            all.insert(job, Arc::clone(reason));
        }
    }
}

/// What holds a job; absent: nothing.
type Reason = Option<WhyView>;

/// What everyone was told.
struct Reasons {
    news: Subscription,
    told: BTreeMap<JobId, Arc<Reason>>,
}

impl Reasons {
    /// Returns after something because of which a job may wait for something else.
    async fn turn(&mut self) {
        while let Some(item) = self.news.next().await {
            if self.take(&item) {
                return;
            }
        }
    }

    fn take_news(&mut self) {
        while let Some(item) = self.news.try_next() {
            self.take(&item);
        }
    }

    /// Whether a job may wait for something else because of it.
    fn take(&mut self, item: &BusItem) -> bool {
        match item {
            BusItem::Missed { .. } => self.told.clear(),
            BusItem::Event { event, .. } => match &***event {
                FarmEvent::Job { job } if job.status.is_end() => drop(self.told.remove(&job.id)),
                FarmEvent::Job { job } => drop(self.told.insert(job.id, Arc::new(job.why.clone()))),
                FarmEvent::Attempt { .. } | FarmEvent::Plugin { .. } | FarmEvent::Node { .. } => {}
                _ => return false,
            },
        }
        true
    }

    /// What is different from what was told.
    ///
    /// What the driver told of a job while we looked may be newer than what was seen of it, and nobody should be told
    /// what was true before. Those events stay in `news`, so that it is looked at once more.
    fn different(&mut self, seen: BTreeMap<JobId, Arc<Reason>>) -> Option<FarmEvent> {
        let newer = self.news.waiting(|event| match event {
            FarmEvent::Job { job } => Some(job.id),
            _ => None,
        });
        let told = std::mem::replace(&mut self.told, seen);
        let is_news = |job: &JobId, reason: &Arc<Reason>| told.get(job).is_none_or(|told| told != reason);
        let news: Vec<_> = self.told.iter().filter(|(job, reason)| is_news(job, reason)).collect();
        let mut shared: BTreeMap<*const Reason, SharedWhy> = BTreeMap::new();
        for (job, reason) in news.into_iter().filter(|(job, _)| !newer.contains(job)) {
            let shared = shared.entry(Arc::as_ptr(reason));
            let jobs =
                &mut shared.or_insert_with(|| SharedWhy { why: (**reason).clone(), jobs: Vec::new() }).jobs;
            match jobs.last_mut() {
                Some((_, last)) if last.next() == *job => *last = *job,
                _ => jobs.push((*job, *job)),
            }
        }
        let reasons: Vec<SharedWhy> = shared.into_values().collect();
        (!reasons.is_empty()).then_some(FarmEvent::Reasons { reasons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::view::{FrameCounts, JobSummary};
    use farmhand_model::why::WaitReason;
    use serde_json::json;

    fn job(id: u64, status: &str, why: Option<WaitReason>) -> FarmEvent {
        let job: JobSummary = serde_json::from_value(json!({
            "id": id, "name": "shot", "plugin": "blender", "scene": "/shot.blend", "priority": 50,
            "status": status, "frames": FrameCounts::default(), "submitted": "2026-01-01T00:00:00Z",
            "why": why.map(WhyView::from),
        }))
        .unwrap();
        FarmEvent::Job { job: Box::new(job) }
    }

    /// The texts of what is told, with the jobs that each holds.
    fn texts(event: Option<FarmEvent>) -> Vec<(String, Vec<(u64, u64)>)> {
        let Some(FarmEvent::Reasons { reasons }) = event else { return Vec::new() };
        let mut texts: Vec<_> = reasons
            .into_iter()
            .map(|shared| {
                let jobs = shared.jobs.iter().map(|(first, last)| (first.0, last.0)).collect();
                (shared.why.map_or_else(String::new, |why| why.text), jobs)
            })
            .collect();
        texts.sort();
        texts
    }

    #[test]
    fn what_is_different_is_told_once_and_by_reason() {
        let bus = EventBus::new(7, 100);
        let mut reasons = Reasons { news: bus.subscribe(None), told: BTreeMap::new() };
        let max = |limit| Arc::new(Some(WhyView::from(WaitReason::MaxTasks { limit })));
        let seen = |held: &[(u64, &Arc<Reason>)]| -> BTreeMap<_, _> {
            held.iter().map(|(job, reason)| (JobId(*job), Arc::clone(reason))).collect()
        };
        let (one, two, none) = (max(1), max(2), Arc::new(None));
        let text =
            |reason: &Arc<Reason>| (**reason).as_ref().map_or_else(String::new, |why| why.text.clone());

        bus.publish(job(1, "waiting", Some(WaitReason::MaxTasks { limit: 1 })));
        bus.publish(job(9, "done", None));
        reasons.take_news();
        // What a job's own event has said is known; the others of it are told as runs.
        let now = seen(&[(1, &one), (2, &one), (3, &one), (5, &one), (6, &two)]);
        let told = texts(reasons.different(now.clone()));
        assert_eq!(told, [(text(&one), vec![(2, 3), (5, 5)]), (text(&two), vec![(6, 6)])]);
        assert_eq!(reasons.different(now), None);

        let now = seen(&[(1, &none), (2, &one), (3, &two), (5, &one)]);
        assert_eq!(
            texts(reasons.different(now)),
            [(String::new(), vec![(1, 1)]), (text(&two), vec![(3, 3)])]
        );
    }

    #[tokio::test]
    async fn what_a_jobs_own_event_said_meanwhile_is_not_taken_back() {
        let bus = EventBus::new(7, 100);
        let mut reasons = Reasons { news: bus.subscribe(None), told: BTreeMap::new() };
        let paused = Arc::new(Some(WhyView::from(WaitReason::Paused)));
        let seen = BTreeMap::from([(JobId(1), Arc::clone(&paused)), (JobId(2), Arc::clone(&paused))]);
        // Seen as paused, and resumed before that could be told.
        bus.publish(job(1, "waiting", Some(WaitReason::Next)));
        let told = texts(reasons.different(seen));
        assert_eq!(told.iter().flat_map(|(_, jobs)| jobs).collect::<Vec<_>>(), [&(2, 2)]);
        // It is looked at once more, since the event is still to be taken.
        assert!(timeout(LONGEST, reasons.turn()).await.is_ok());
        let next = Arc::new(Some(WhyView::from(WaitReason::Next)));
        let seen = BTreeMap::from([(JobId(1), next), (JobId(2), paused)]);
        assert_eq!(reasons.different(seen), None);
    }
}
