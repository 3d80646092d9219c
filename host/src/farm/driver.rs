//! The one task that owns the scheduler: it takes events in batches, makes their changes durable in one transaction,
//! and only then answers, starts, kills and announces.
//!
//! That order is the farm's central promise: nothing is announced, and no process started, on the strength of a
//! change that a crash could undo. It decides nothing itself.

use super::attempt::{self, AttemptHandle};
use super::hooks::{JobHooksHandle, run_job_hooks};
use super::notices;
use super::parts::Parts;
use super::views;
use farmhand_model::event::FarmEvent;
use farmhand_model::hooks::{JobEnd, Moment};
use farmhand_model::{AttemptId, AttemptRecord, Change, FrameState, Happening, JobId, JobStatus, Timestamp};
use farmhand_scheduler::{Effect, Event, Refusal, Scheduler, StartOrder};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Events handled in one transaction at most: enough to amortise the fsync, few enough that an answer never waits long.
const BATCH: usize = 256;
/// Events that may wait: senders (the attempts) wait when the disk cannot keep up.
const QUEUE: usize = 4096;
/// The scheduler is asked at least this often whether a limit has run out.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// News that nobody waits for may wait this long for the next commit that somebody does: a process's start, a frame.
/// Nothing of it is announced before, and what a crash takes along is read again from the attempt's files.
const LAZY: Duration = Duration::from_millis(20);
/// Between tries of a commit that failed, such as on a full disk.
const COMMIT_RETRY: Duration = Duration::from_secs(1);

type Question = Box<dyn FnOnce(&Scheduler, Timestamp) + Send>;
type Answer = Result<(), Refusal>;

pub(super) enum Message {
    /// Something happened that nobody waits for.
    Report(Event),
    /// Somebody wants this, in this order, until one is refused; further changes are kept in the same transaction.
    Command { events: Vec<Event>, with: Vec<Change>, reply: oneshot::Sender<Answer> },
    /// Somebody wants to look at what is durable.
    Question(Question),
    /// The processes of these attempts are to be ended, and no event is to be sent for the others any more.
    Stop { kill: bool, done: oneshot::Sender<()> },
}

/// The way to the driver. Cheap to clone.
#[derive(Clone)]
pub(super) struct DriverHandle {
    sender: mpsc::Sender<Message>,
}

/// The driver has ended: the daemon is stopping.
#[derive(Debug)]
pub(super) struct Gone;

impl DriverHandle {
    /// Waits for a place in the queue, not for the event's effects.
    pub(super) async fn tell(&self, event: Event) {
        // A driver that is gone needs no events: what is lost is read again from the log by the next daemon.
        let _ = self.sender.send(Message::Report(event)).await;
    }

    /// Returns when the events' changes, and `with`, are durable, or when the scheduler refused one.
    pub(super) async fn command(&self, events: Vec<Event>, with: Vec<Change>) -> Result<Answer, Gone> {
        let (reply, answer) = oneshot::channel();
        self.sender.send(Message::Command { events, with, reply }).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    /// Looks at the scheduler between two transactions: all that is seen is durable.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Scheduler, Timestamp) -> T + Send + 'static,
    ) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |scheduler, now| {
            // The asker may have gone away meanwhile.
            let _ = reply.send(question(scheduler, now));
        });
        self.sender.send(Message::Question(question)).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    /// Stops giving out work; ends the running attempts where `kill` is set, and otherwise leaves them to their
    /// shims. Returns when nothing of them is left in this process.
    pub(super) async fn stop(&self, kill: bool) {
        let (done, stopped) = oneshot::channel();
        if self.sender.send(Message::Stop { kill, done }).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

pub(super) struct Driver {
    scheduler: Scheduler,
    parts: Arc<Parts>,
    inbox: mpsc::Receiver<Message>,
    handle: DriverHandle,
    attempts: BTreeMap<AttemptId, AttemptHandle>,
    hooks: BTreeMap<(JobId, Moment), JobHooksHandle>,
    stopping: Option<Stopping>,
    /// What was handled and is not yet durable, with the time by which it must be.
    lazy: Option<(Batch, Instant)>,
    /// Jobs that go on without some frames, which was told.
    failing: BTreeSet<JobId>,
}

struct Stopping {
    kill: bool,
    done: Vec<oneshot::Sender<()>>,
}

/// What a batch of messages came to, before anything of it is done.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    effects: Vec<Effect>,
    replies: Vec<(oneshot::Sender<Answer>, Answer)>,
    questions: Vec<Question>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.effects.is_empty()
            && self.replies.is_empty()
            && self.questions.is_empty()
    }

    /// Whether somebody waits for it: a client for its answer, a slot for its next process, a process for its end.
    fn is_urgent(&self) -> bool {
        let acts = |effect: &Effect| {
            matches!(effect, Effect::Start(_) | Effect::Kill { .. } | Effect::RunHooks { .. })
        };
        !self.replies.is_empty() || !self.questions.is_empty() || self.effects.iter().any(acts)
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Change(change) => self.changes.push(change),
                other => self.effects.push(other),
            }
        }
    }
}

/// The queue to a driver that has yet to be built: attempts adopted at the start send into it.
pub(super) fn channel() -> (DriverHandle, mpsc::Receiver<Message>) {
    let (sender, inbox) = mpsc::channel(QUEUE);
    (DriverHandle { sender }, inbox)
}

impl Driver {
    pub(super) fn new(
        scheduler: Scheduler,
        parts: Arc<Parts>,
        handle: DriverHandle,
        inbox: mpsc::Receiver<Message>,
        adopted: BTreeMap<AttemptId, AttemptHandle>,
    ) -> Self {
        Self {
            scheduler,
            parts,
            inbox,
            handle,
            attempts: adopted,
            hooks: BTreeMap::new(),
            stopping: None,
            lazy: None,
            failing: BTreeSet::new(),
        }
    }

    /// Runs until it is told to stop and nothing is left to wait for.
    ///
    /// `effects` are those of the restore: done before anything else.
    pub(super) async fn run(mut self, effects: Vec<Effect>) {
        let mut restored = Batch::default();
        restored.take(effects);
        self.settle(restored).await;
        let mut messages = Vec::with_capacity(BATCH);
        loop {
            let sleep = self.until_next_wakeup();
            tokio::select! {
                count = self.inbox.recv_many(&mut messages, BATCH) => if count == 0 { break },
                () = tokio::time::sleep(sleep) => {}
            }
            let (mut batch, due) = match self.lazy.take() {
                Some((batch, due)) => (batch, due),
                None => (Batch::default(), Instant::now() + LAZY),
            };
            self.digest(&mut messages, &mut batch);
            if batch.is_urgent() || self.stopping.is_some() || Instant::now() >= due {
                self.settle(batch).await;
            } else {
                self.lazy = (!batch.is_empty()).then_some((batch, due));
                continue;
            }
            // Ended jobs are the store's alone from here on; without this the daemon would grow with its history.
            self.scheduler.retire_ended();
            if self.finished() {
                break;
            }
        }
        for (_, attempt) in std::mem::take(&mut self.attempts) {
            attempt.abandon().await;
        }
        for done in self.stopping.into_iter().flat_map(|stopping| stopping.done) {
            // Whoever asked may have given up waiting.
            let _ = done.send(());
        }
    }

    fn until_next_wakeup(&self) -> Duration {
        let now = self.parts.clock.now();
        let longest = match &self.lazy {
            Some((_, due)) => due.saturating_duration_since(Instant::now()),
            None => LONGEST_SLEEP,
        };
        match self.scheduler.next_wakeup() {
            Some(at) => Duration::from_millis((at.0 - now.0).max(0) as u64).min(longest),
            None => longest,
        }
    }

    fn finished(&self) -> bool {
        self.stopping
            .as_ref()
            .is_some_and(|stopping| !stopping.kill || (self.attempts.is_empty() && self.hooks.is_empty()))
    }

    fn digest(&mut self, messages: &mut Vec<Message>, batch: &mut Batch) {
        let now = self.parts.clock.now();
        for message in messages.drain(..) {
            match message {
                Message::Report(event) => {
                    match &event {
                        Event::Ended { attempt, .. } => drop(self.attempts.remove(attempt)),
                        Event::HooksEnded { job, moment, .. } => drop(self.hooks.remove(&(*job, *moment))),
                        _ => {}
                    }
                    // Reports are never refused: what comes too late is dropped with a notice.
                    let _ = self.handle_event(now, event, batch);
                }
                Message::Command { events, with, reply } => {
                    let answer =
                        events.into_iter().try_for_each(|event| self.handle_event(now, event, batch));
                    if answer.is_ok() {
                        batch.changes.extend(with);
                    }
                    batch.replies.push((reply, answer));
                }
                Message::Question(question) => batch.questions.push(question),
                Message::Stop { kill, done } => self.begin_stop(now, kill, done, batch),
            }
        }
        // Ticks cost microseconds, and after them every deadline that has passed has been seen.
        let _ = self.handle_event(now, Event::Tick, batch);
    }

    fn handle_event(&mut self, now: Timestamp, event: Event, batch: &mut Batch) -> Answer {
        batch.take(self.scheduler.handle(now, event)?);
        Ok(())
    }

    fn begin_stop(&mut self, now: Timestamp, kill: bool, done: oneshot::Sender<()>, batch: &mut Batch) {
        let _ = self.handle_event(now, Event::Stopping { kill }, batch);
        if kill {
            self.hooks.values().for_each(JobHooksHandle::kill);
        }
        match &mut self.stopping {
            Some(stopping) => {
                stopping.kill &= kill;
                stopping.done.push(done);
            }
            None => self.stopping = Some(Stopping { kill, done: vec![done] }),
        }
    }

    async fn settle(&mut self, mut batch: Batch) {
        let news = news(&batch.changes, self.parts.clock.now());
        batch.changes.extend(news);
        if !batch.changes.is_empty() {
            commit(&self.parts, &batch.changes).await;
        }
        for (reply, answer) in batch.replies.drain(..) {
            // Whoever asked may have gone away; the change stands all the same.
            let _ = reply.send(answer);
        }
        let now = self.parts.clock.now();
        self.end_useless_hooks(&batch.changes);
        self.announce(now, &batch);
        for effect in batch.effects {
            match effect {
                Effect::Start(order) => self.start(order),
                Effect::RunHooks { job, moment, end } => self.run_hooks(job, moment, end),
                Effect::Kill { attempt, why } => {
                    if let Some(handle) = self.attempts.get(&attempt) {
                        handle.kill(why);
                    }
                }
                _ => {}
            }
        }
        for question in batch.questions {
            question(&self.scheduler, now);
        }
    }

    fn start(&mut self, order: Box<StartOrder>) {
        let id = order.attempt.id;
        let handle = attempt::start(Arc::clone(&self.parts), self.handle.clone(), order);
        self.attempts.insert(id, handle);
    }

    fn run_hooks(&mut self, job: JobId, moment: Moment, end: Option<JobEnd>) {
        let (parts, driver) = (Arc::clone(&self.parts), self.handle.clone());
        self.hooks.insert((job, moment), run_job_hooks(parts, driver, job, moment, end));
    }

    /// What runs for jobs that were cancelled is of no use to anybody.
    fn end_useless_hooks(&self, changes: &[Change]) {
        for change in changes.iter().filter(|_| !self.hooks.is_empty()) {
            if let Change::Job(record) = change
                && matches!(record.status, JobStatus::Cancelled | JobStatus::Cancelling)
            {
                let own = self.hooks.iter().filter(|((job, _), _)| *job == record.id);
                own.for_each(|(_, hooks)| hooks.kill());
            }
        }
    }

    fn announce(&mut self, now: Timestamp, batch: &Batch) {
        let (bus, notices) = (&self.parts.bus, &self.parts.notices);
        for change in &batch.changes {
            if let Change::Settled(frame) = change
                && !frame.path.is_empty()
            {
                let layer = self.scheduler.layer_name(frame.job, frame.layer);
                bus.publish(FarmEvent::Image { image: views::frame_done(frame, layer) });
            }
        }
        let mut jobs = BTreeSet::new();
        let mut failed = BTreeMap::new();
        let mut attempts = BTreeSet::new();
        for effect in &batch.effects {
            match effect {
                Effect::Frames { job, layer, frames, state } => {
                    bus.publish(FarmEvent::Frames {
                        job: *job,
                        layer: self.scheduler.layer_name(*job, *layer),
                        frames: frames.clone(),
                        frame_state: *state,
                    });
                    if *state == FrameState::Failed {
                        failed.entry(*job).or_insert(frames);
                    }
                }
                Effect::Notice(happening) => {
                    let record = happening.job().and_then(|job| self.scheduler.record(job));
                    let member = record.and_then(|record| record.spec.batch);
                    notices.post_in(now, happening, member.map(|member| member.batch.id));
                }
                Effect::JobTouched(job) => {
                    jobs.insert(*job);
                }
                Effect::AttemptTouched(attempt) => {
                    attempts.insert(*attempt);
                }
                Effect::BreakersTouched => self.parts.node_changed.notify_one(),
                Effect::Change(_) | Effect::Start(_) | Effect::Kill { .. } | Effect::RunHooks { .. } => {}
            }
        }
        for attempt in attempts {
            if let Some(record) = last_record(&batch.changes, attempt) {
                let usage = self.parts.usage_so_far(record);
                bus.publish(FarmEvent::Attempt { attempt: Box::new(views::attempt(record, usage, None)) });
            }
        }
        for job in jobs {
            let Some(summary) = self.scheduler.summary(job, now) else { continue };
            let happening = match (notices::of_job(&summary), failed.get(&job)) {
                // An ended job is let go of after its batch, so that its end is told once.
                (Some(end), _) => {
                    self.failing.remove(&job);
                    Some(end)
                }
                (None, Some(frames)) if self.failing.insert(job) => Some(Happening::FramesFailed {
                    job,
                    name: summary.name.clone(),
                    plugin: summary.plugin.clone(),
                    frames: (*frames).clone(),
                }),
                (None, _) => None,
            };
            let in_batch = summary.batch.as_ref().map(|batch| batch.id);
            bus.publish(FarmEvent::Job { job: Box::new(summary) });
            if let Some(happening) = happening {
                notices.post_in(now, &happening, in_batch);
            }
        }
    }
}

/// Tries until it succeeds: going on without would break the promise that what is announced is durable, and
/// giving up would lose work that is still being done. The wrangler reads the cause in the log and in `healthz`.
///
/// A change that the store refuses as such will never succeed; it is a bug of ours, and waiting for ever would
/// only add to the damage.
async fn commit(parts: &Parts, changes: &[Change]) {
    while let Err(error) = parts.store.commit(changes.to_vec()).await {
        if error.kind.is_refusal() {
            tracing::error!(%error, ?changes, "the database refuses a change; please report this");
            break;
        }
        tracing::error!(%error, "the database cannot be written; everything waits until it can");
        if parts.health.store_failed(&error.to_string()) {
            parts.notices.post(parts.clock.now(), &Happening::StoreFailing { reason: error.to_string() });
        }
        tokio::time::sleep(COMMIT_RETRY).await;
    }
    if parts.health.store_works() {
        parts.notices.post(parts.clock.now(), &Happening::StoreWorks);
    }
}

/// What somebody is to be told of these changes: written down with them, so that neither is there without the other.
fn news(changes: &[Change], now: Timestamp) -> Vec<Change> {
    let of = |change: &Change| match change {
        Change::Job(record) => crate::notify::of_job(record, now),
        _ => Vec::new(),
    };
    changes.iter().flat_map(of).map(|delivery| Change::News(Box::new(delivery))).collect()
}

/// An attempt as a batch of changes leaves it.
fn last_record(changes: &[Change], id: AttemptId) -> Option<&AttemptRecord> {
    changes.iter().rev().find_map(|change| match change {
        Change::Attempt(record) if record.id == id => Some(&**record),
        _ => None,
    })
}
