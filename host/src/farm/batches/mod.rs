//! Batches: jobs that are submitted together, accepted whole or not at all, and gone on with when the same batch is
//! submitted again.
//!
//! What is the same is decided by content (`content`), job by job: a job whose scene, frames, layers, output, plugin and
//! options are as they were is the same job, in whatever batch and under whatever name it was submitted before. The newest
//! job of the same content stands in for it (`resume`):
//!
//! - it is done, and all its images are in place: it is complete, and is skipped;
//! - it waits, runs or is paused: it stays as it is, and becomes a job of the new batch;
//! - it failed, was cancelled, or some of its images are gone: just what it lacks is rendered.
//!
//! So no frame is rendered twice while its image is there. Where there is no such job, a new one is made; images that are
//! there although nobody here rendered them are left alone only where the job says `skip_existing`, since nothing tells
//! what they were made from. A batch that starts over (`fresh`, or `resume_on_failure` off) makes new jobs, and cancels
//! those of the same content that have not ended.
//!
//! How far a batch is follows from its jobs (`progress`, `watch`); nothing else is remembered of it.

mod content;
mod progress;
mod resume;
mod submission;
mod watch;

pub use submission::{BatchHead, BatchJob, BatchSubmission};

use super::driver::DriverHandle;
use super::parts::Parts;
use super::{Farm, FarmError, internal, outbox, parse_cursor, submit};
use farmhand_model::batch::{
    BatchEntry, BatchMember, BatchPlan, BatchRecord, BatchRef, BatchSummary, BatchView, EntryState,
    PlannedJob, RequestKey, Standing,
};
use farmhand_model::dcc::Problem;
use farmhand_model::view::Page;
use farmhand_model::{BatchId, Change, Digest, JobId, JobRecord, JobStatus};
use farmhand_scheduler::{Again, BatchOrder, Event, Together};
use futures::StreamExt as _;
use resume::Earlier;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use watch::{Open, Watch};

/// Mistakes that are told; whoever made more has made the same one often.
const TOLD: usize = 200;

/// What the farm has of batches besides the store.
pub(super) struct Batches {
    next: AtomicU64,
    /// Submissions one at a time, so that two of the same batch cannot both be new.
    one_at_a_time: Mutex<()>,
    open: Arc<Open>,
    tell: mpsc::UnboundedSender<BatchId>,
    watch: JoinHandle<()>,
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Batches {
    pub(super) fn start(parts: &Arc<Parts>, driver: &DriverHandle, next: BatchId) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let open = Arc::<Open>::default();
        let watch = Watch { parts: Arc::clone(parts), driver: driver.clone(), open: Arc::clone(&open), told };
        let watch = tokio::spawn(watch.follow());
        Self { next: next.0.into(), one_at_a_time: Mutex::default(), open, tell, watch }
    }
}

/// What `submit_batch` did.
#[derive(Debug)]
pub struct SubmittedBatch {
    /// The batch.
    pub batch: BatchView,
    /// False where the idempotency key had made it before.
    pub created: bool,
}

/// What can be done to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchControl {
    /// Pauses its jobs.
    Pause,
    /// Lets its paused jobs go on.
    Resume,
    /// Cancels its jobs.
    Cancel,
    /// Tries again what failed or was cancelled.
    Retry,
}

/// A job of a submission after all checks.
struct Checked {
    name: String,
    record: JobRecord,
    content: Digest,
    after: Vec<String>,
}

/// Everything that is known of a submission before anything is changed.
struct Looked {
    head: BatchHead,
    workers: u32,
    jobs: Vec<Checked>,
    /// By the jobs' places.
    earlier: Vec<Option<Earlier>>,
    /// Digests of scenes, to be kept.
    scenes: Vec<Change>,
}

impl Farm {
    /// Submits a batch. `key` makes it safe to send twice.
    pub async fn submit_batch(
        &self,
        submission: BatchSubmission,
        key: Option<String>,
    ) -> Result<SubmittedBatch, FarmError> {
        let request = content::hex(&Sha256::digest(serde_json::to_vec(&submission).map_err(internal)?));
        let batches = &self.inner.batches;
        let _one_at_a_time = batches.one_at_a_time.lock().await;
        let key = key.map(|key| RequestKey { key, request });
        if let Some(key) = &key
            && let Some(made) = self.store().keyed_batch(&key.key).await.map_err(internal)?
        {
            if made.key.as_ref() != Some(key) {
                return Err(FarmError::KeyReused(key.key.clone()));
            }
            return Ok(SubmittedBatch { batch: self.batch(made.id).await?, created: false });
        }
        let looked = self.look_at(submission).await?;
        let id = BatchId(batches.next.fetch_add(1, Ordering::Relaxed));
        // Nothing that it goes on with is forgotten from here on.
        let _not_forgotten = self.inner.keyed.lock().await;
        let (events, changes) = self.order(id, looked, key).await?;
        self.command(events, changes).await?;
        // Nobody watches any more where the daemon is stopping.
        let _ = batches.tell.send(id);
        Ok(SubmittedBatch { batch: self.batch(id).await?, created: true })
    }

    /// What a submission would do, without keeping or running anything.
    pub async fn plan_batch(&self, submission: BatchSubmission) -> Result<BatchPlan, FarmError> {
        let Looked { head, workers, jobs, earlier, .. } = self.look_at(submission).await?;
        let planned = |(checked, earlier): (Checked, Option<Earlier>)| PlannedJob {
            name: checked.name,
            standing: earlier.as_ref().map_or(Standing::New, |earlier| earlier.standing),
            reason: earlier.as_ref().map(|earlier| earlier.reason.clone()),
            job: earlier.as_ref().map(|earlier| earlier.job),
            plugin: checked.record.spec.plugin.name,
            scene: checked.record.spec.scene.display().to_string(),
            frames: checked.record.spec.frames,
            layers: checked.record.spec.layers,
            output: checked.record.spec.output,
            notes: checked.record.notes,
        };
        let jobs = jobs.into_iter().zip(earlier).map(planned).collect();
        Ok(BatchPlan { name: head.name, workers, jobs })
    }

    /// Batches, newest first.
    pub async fn batches(&self, cursor: Option<String>, limit: u32) -> Result<Page<BatchSummary>, FarmError> {
        let before = parse_cursor::<BatchId>(cursor.as_deref())?;
        let limit = limit.clamp(1, 1000);
        let records = self.store().batches(before, limit).await.map_err(internal)?;
        let next = (records.len() == limit as usize)
            .then(|| records.last().map(|last| last.id.to_string()))
            .flatten();
        let now = self.inner.parts.clock.now();
        let mut items = Vec::new();
        for record in records {
            let open = self.inner.batches.open.lock().get(&record.id).map(|batch| batch.summary(now));
            let summary = match (open, &record.tally) {
                (Some(open), _) => Some(open),
                (None, Some(tally)) => Some(progress::ended_summary(&record, tally)),
                (None, None) => self.read_batch(record.id).await?.map(|batch| batch.summary(now)),
            };
            items.extend(summary);
        }
        Ok(Page { items, next })
    }

    /// One batch, with its jobs.
    pub async fn batch(&self, id: BatchId) -> Result<BatchView, FarmError> {
        self.batch_with(id, &[]).await
    }

    /// One batch, with its jobs in these states; all of them where none is named.
    pub async fn batch_with(&self, id: BatchId, states: &[EntryState]) -> Result<BatchView, FarmError> {
        let now = self.inner.parts.clock.now();
        let open = self.inner.batches.open.lock().get(&id).map(|batch| batch.view(now, states));
        if let Some(view) = open {
            return Ok(view);
        }
        let batch = self.read_batch(id).await?.ok_or(FarmError::NoBatch(id))?;
        let mut view = batch.view(now, states);
        // Of jobs that have been forgotten only the batch knows any more what they came to.
        if let Some(tally) = &batch.record.tally
            && batch.all_jobs().any(|(_, status)| status.is_none())
        {
            view.summary = progress::ended_summary(&batch.record, tally);
        }
        Ok(view)
    }

    /// Pauses, resumes, cancels, retries all of its jobs that can be.
    pub async fn control_batch(&self, id: BatchId, control: BatchControl) -> Result<BatchView, FarmError> {
        let _not_forgotten = self.inner.keyed.lock().await;
        let batch = self.read_batch(id).await?.ok_or(FarmError::NoBatch(id))?;
        let together = |order| {
            let jobs: Vec<JobId> = batch.open_jobs().collect();
            (jobs, order)
        };
        let (jobs, order) = match control {
            BatchControl::Pause => together(Together::Pause),
            BatchControl::Resume => together(Together::Resume),
            BatchControl::Cancel => together(Together::Cancel),
            BatchControl::Retry => return self.retry_batch(id, &batch).await,
        };
        // A later submission may have gone on with some of them; those are that batch's now.
        let own = self.own_jobs(id, jobs).await?;
        if own.is_empty() {
            return Err(FarmError::Conflict(format!(
                "batch {id} has ended; `farmhand batch retry {id}` brings back what failed or was cancelled"
            )));
        }
        self.command(vec![Event::Together { jobs: own, order }], Vec::new()).await?;
        self.batch(id).await
    }

    async fn retry_batch(&self, id: BatchId, batch: &progress::Progress) -> Result<BatchView, FarmError> {
        let undone =
            |status: Option<JobStatus>| matches!(status, Some(JobStatus::Failed | JobStatus::Cancelled));
        let mut order = BatchOrder::default();
        let mut pins = BTreeMap::new();
        for (job, _) in batch.all_jobs().filter(|(_, status)| undone(*status)) {
            let Some(kept) = self.store().restored_job(job).await.map_err(internal)? else { continue };
            let Some(member) = kept.record.spec.batch.clone().filter(|member| member.batch.id == id) else {
                continue;
            };
            order.ended.extend(self.ended_dependencies(&kept.record).await.unwrap_or_default());
            self.pin(&kept.record, &mut pins).await;
            order.again.push(Again { job, kept: Some(Box::new(kept)), member, lost: Vec::new() });
        }
        if order.again.is_empty() {
            return Err(FarmError::Conflict(format!("no job of batch {id} has failed or was cancelled")));
        }
        let mut events: Vec<Event> = pins.into_values().collect();
        events.push(Event::Batch(Box::new(order)));
        self.command(events, Vec::new()).await?;
        let _ = self.inner.batches.tell.send(id);
        self.batch(id).await
    }

    async fn own_jobs(&self, id: BatchId, jobs: Vec<JobId>) -> Result<Vec<JobId>, FarmError> {
        self.ask(move |scheduler, _| {
            let is_own = |job: &JobId| {
                scheduler
                    .record(*job)
                    .and_then(|record| record.spec.batch)
                    .is_some_and(|own| own.batch.id == id)
            };
            jobs.into_iter().filter(is_own).collect()
        })
        .await
    }

    /// A batch as it is at this moment.
    async fn read_batch(&self, id: BatchId) -> Result<Option<progress::Progress>, FarmError> {
        watch::read(&self.inner.parts, &self.inner.driver, id).await.map_err(internal)
    }

    /// Checks all of it and finds what there is of it already. Nothing is changed.
    async fn look_at(&self, submission: BatchSubmission) -> Result<Looked, FarmError> {
        let parts = &self.inner.parts;
        let BatchSubmission { head, jobs } = submission;
        let workers = match head.workers {
            0 => parts.node.usable_cores.saturating_sub(1).max(1),
            workers => workers,
        };
        let resumes = head.resume_on_failure && !head.fresh;
        let mut problems = outbox::check_wishes(parts, &head.notify, "/notify");
        problems.extend(outbox::check_report(parts, head.report.as_ref()));
        let side_by_side = std::thread::available_parallelism().map_or(1, usize::from);
        let prepare = |BatchJob { mut job, after }: BatchJob| {
            let head = &head;
            async move {
                job.limits.retries = job.limits.retries.or(Some(head.max_retries));
                // None of its own: the node's limit holds, which is none unless the studio sets one.
                let timeout = (head.timeout_seconds > 0).then_some(head.timeout_seconds);
                job.limits.attempt_seconds = job.limits.attempt_seconds.or(timeout);
                job.user = job.user.or_else(|| head.user.clone());
                job.paused |= head.paused;
                job.skip_existing &= !head.fresh;
                (submit::prepare(parts, job).await, after)
            }
        };
        let prepared: Vec<_> =
            futures::stream::iter(jobs).map(prepare).buffered(side_by_side).collect().await;
        let mut records = Vec::new();
        for (index, (prepared, after)) in prepared.into_iter().enumerate() {
            match prepared {
                Ok((record, _)) => {
                    if let Err(FarmError::Invalid(found)) = self.ended_dependencies(&record).await {
                        problems.extend(of_job(index, found));
                    }
                    records.push((record, after));
                }
                Err(FarmError::Invalid(found)) => problems.extend(of_job(index, found)),
                Err(other) => return Err(other),
            }
        }
        refuse(problems)?;
        let paths: BTreeSet<PathBuf> = records.iter().map(|(record, _)| record.spec.scene.clone()).collect();
        let scenes = content::scenes(parts, paths).await.map_err(|(path, message)| {
            let index = records.iter().position(|(record, _)| record.spec.scene == path).unwrap_or_default();
            FarmError::Invalid(vec![Problem { field: format!("/jobs/{index}/scene"), message }])
        })?;
        let checked = |(record, after): (JobRecord, Vec<String>)| {
            let scene = scenes.digests.get(&record.spec.scene);
            let content = content::content(&record.spec, scene.unwrap_or(&Digest(String::new())));
            Checked { name: record.spec.name.trim().to_owned(), record, content, after }
        };
        let jobs: Vec<Checked> = records.into_iter().map(checked).collect();
        refuse(twins(&jobs))?;
        let earlier = if resumes { self.earlier(&jobs).await? } else { jobs.iter().map(|_| None).collect() };
        Ok(Looked { head, workers, jobs, earlier, scenes: scenes.changes })
    }

    /// For each job what an earlier submission has done of it.
    async fn earlier(&self, jobs: &[Checked]) -> Result<Vec<Option<Earlier>>, FarmError> {
        let contents = jobs.iter().map(|job| job.content.clone()).collect();
        let known = self.store().jobs_by_content(contents).await.map_err(internal)?;
        let mut earlier = Vec::new();
        for job in jobs {
            let found = match known.get(&job.content) {
                Some(id) => resume::look(&self.inner.parts, *id).await.map_err(internal)?,
                None => None,
            };
            earlier.push(found);
        }
        Ok(earlier)
    }

    /// What the scheduler is told, and what is kept with it.
    async fn order(
        &self,
        id: BatchId,
        looked: Looked,
        key: Option<RequestKey>,
    ) -> Result<(Vec<Event>, Vec<Change>), FarmError> {
        let Looked { head, workers, jobs, earlier, scenes } = looked;
        let batch = BatchRef { id, name: head.name.clone() };
        let starts_over = head.fresh || !head.resume_on_failure;
        let mut order = BatchOrder::default();
        if starts_over {
            let contents = jobs.iter().map(|job| job.content.clone()).collect();
            order.replaced =
                self.store().jobs_by_content(contents).await.map_err(internal)?.into_values().collect();
        }
        let ids: Vec<JobId> = earlier
            .iter()
            .map(|earlier| match earlier {
                Some(earlier) => earlier.job,
                None => JobId(self.inner.next_job.fetch_add(1, Ordering::Relaxed)),
            })
            .collect();
        let by_name: HashMap<String, JobId> =
            jobs.iter().zip(&ids).map(|(job, id)| (job.name.clone(), *id)).collect();
        let mut entries = Vec::new();
        let mut pins = BTreeMap::new();
        let mut submitted = self.inner.parts.clock.now();
        for ((checked, earlier), job) in jobs.into_iter().zip(earlier).zip(ids) {
            let Checked { name, mut record, content, after } = checked;
            let member = BatchMember {
                batch: batch.clone(),
                entry: name.clone(),
                workers,
                continue_on_error: head.continue_on_error,
                content,
            };
            let mut entry = BatchEntry { name, job, standing: Standing::New, reason: None, last: None };
            order.ended.extend(self.ended_dependencies(&record).await?);
            match earlier {
                Some(earlier) => {
                    entry.standing = earlier.standing;
                    entry.reason = Some(earlier.reason);
                    if earlier.standing == Standing::Complete {
                        order.ended.push((job, earlier.status));
                    } else {
                        order
                            .ended
                            .extend(self.ended_dependencies(&earlier.kept.record).await.unwrap_or_default());
                        self.pin(&earlier.kept.record, &mut pins).await;
                        let kept = Some(Box::new(earlier.kept));
                        order.again.push(Again { job, kept, member, lost: earlier.lost });
                    }
                }
                None => {
                    record.id = job;
                    submitted = submitted.min(record.submitted);
                    record.spec.after.extend(after.iter().filter_map(|name| by_name.get(name)));
                    record.spec.after.sort_unstable();
                    record.spec.after.dedup();
                    record.spec.batch = Some(member);
                    self.pin(&record, &mut pins).await;
                    order.new.push(record);
                }
            }
            entries.push(entry);
        }
        let record = BatchRecord {
            id,
            name: head.name.clone(),
            settings: head.settings(),
            user: head.user,
            source: head.source,
            workers,
            report: head.report,
            notify: head.notify,
            submitted,
            finished: None,
            tally: None,
            key,
        };
        let mut changes = scenes;
        changes.push(Change::Batch(Box::new(record)));
        changes.push(Change::Entries { batch: id, entries });
        let mut events: Vec<Event> = pins.into_values().collect();
        events.push(Event::Batch(Box::new(order)));
        Ok((events, changes))
    }

    /// What the scheduler has to know of the version that a job is pinned to, once for all jobs of a batch.
    async fn pin(&self, record: &JobRecord, pins: &mut BTreeMap<Digest, Event>) {
        if let Some(digest) = &record.spec.plugin.digest
            && !pins.contains_key(digest)
            && let Some(event) = self.version_of(record).await
        {
            pins.insert(digest.clone(), event);
        }
    }
}

/// Jobs that would render the same pictures to the same files.
fn twins(jobs: &[Checked]) -> Vec<Problem> {
    let mut seen: HashMap<&Digest, &str> = HashMap::new();
    let mut problems = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        if let Some(first) = seen.insert(&job.content, &job.name) {
            problems.push(Problem {
                field: format!("/jobs/{index}"),
                message: format!("`{}` renders the same as `{first}`, to the same files", job.name),
            });
        }
    }
    problems
}

fn of_job(index: usize, problems: Vec<Problem>) -> impl Iterator<Item = Problem> {
    problems
        .into_iter()
        .map(move |Problem { field, message }| Problem { field: format!("/jobs/{index}{field}"), message })
}

fn refuse(mut problems: Vec<Problem>) -> Result<(), FarmError> {
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(TOLD);
    problems.truncate(TOLD);
    if more > 0 {
        problems.push(Problem { field: "/jobs".to_owned(), message: format!("and {more} more mistakes") });
    }
    Err(FarmError::Invalid(problems))
}
