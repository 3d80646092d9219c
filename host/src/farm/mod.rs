//! The farm: one handle through which the API, the page and the command line see and change everything.
//!
//! It puts the scheduler, the store, the plugins and the runner together and keeps one promise for all of them: a
//! change is durable before anybody hears of it. It decides nothing (the scheduler does) and knows no HTTP.

mod attempt;
mod batches;
mod budget;
mod bus;
mod calls;
mod cleanup;
mod compiler;
mod driver;
mod error;
mod files;
mod gate;
mod gpus;
mod history;
mod hooks;
mod inspect;
mod licensing;
mod many;
mod needing;
mod node;
mod notices;
mod outbox;
mod parts;
mod past;
mod plan;
mod plugin_detail;
mod reasons;
mod reports;
mod secrets;
mod settings;
mod start;
mod submission;
mod submit;
mod trouble;
mod versions;
mod views;

pub(crate) use attempt::own_variables;
pub(crate) use attempt::{
    KEPT, Manifest, READER_FAILED, fixed_directory, had_gpus, is_the_hosts, is_the_plugins, program_of,
    render_env,
};
pub use batches::{BatchControl, BatchHead, BatchJob, BatchSubmission, SubmittedBatch};
pub use budget::{InteractiveSettings, Schedule, ScheduleError};
pub(crate) use budget::{budget_now, disk_views};
pub use bus::{BusItem, EventBus, Subscription};
pub(crate) use calls::PluginCalls;
pub(crate) use compiler::SelfCompiler;
pub use error::{FarmError, FarmStartError};
pub use files::FilesQuery;
pub(crate) use gpus::look_once;
pub use many::{JobsAction, JobsActionResult};
pub use notices::NoticeQuery;
pub use past::TimesQuery;
pub use settings::{FarmSettings, GpuSettings, HookSettings, OnStop, ProcessSettings, ShimCommand};
pub(crate) use start::{VERSIONS, builtins, lock_data_dir};
pub use submission::{DigestChoice, GpuRequest, PinnedPlugin, PluginRequest, Submission};
pub use versions::VersionControl;
pub(crate) use views::command as command_view;

use driver::DriverHandle;
use farmhand_model::dcc::Problem;
use farmhand_model::job::JobEdit;
use farmhand_model::plan::PlanView;
use farmhand_model::sample::NodeHistory;
use farmhand_model::scene::{FilesView, SceneView};
use farmhand_model::view::{
    AttemptView, FrameDoneView, FramesView, JobSummary, JobView, JobWhyView, NodeView, Page, PluginView,
};
use farmhand_model::why::WaitReason;
use farmhand_model::{
    AttemptId, AttemptRecord, Change, FrameSet, JobId, JobRecord, JobStatus, Notice, Timestamp,
};
use farmhand_runner::AttemptDir;
use farmhand_scheduler::{Event, RestoredJob, Scheduler, summary_of_record};
use farmhand_store::{JobFilter, JobSearch, Store};
use parts::Parts;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinHandle;

/// The farm. Cheap to clone; every clone is the same farm.
#[derive(Clone)]
pub struct Farm {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Arc<Parts>,
    driver: DriverHandle,
    next_job: AtomicU64,
    batches: batches::Batches,
    /// Submissions one at a time, so that two with one idempotency key cannot both be new.
    keyed: tokio::sync::Mutex<()>,
    tasks: [JoinHandle<()>; 7],
    /// Held as long as the farm lives.
    _lock: File,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What `submit` did.
#[derive(Debug)]
pub struct Submitted {
    /// The job.
    pub job: JobView,
    /// False where the idempotency key had made it before.
    pub created: bool,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    /// Only jobs in one of these; empty: all.
    pub statuses: Vec<JobStatus>,
    /// Only jobs that have this.
    pub search: JobSearch,
    /// What `Page::next` said.
    pub cursor: Option<String>,
    /// At most this many.
    pub limit: u32,
}

/// What can be done to a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobControl {
    /// Gives out no more of its frames; what runs goes on to its end.
    Pause,
    /// Ends a pause.
    Resume,
    /// Ends its attempts and gives up its frames.
    Cancel,
    /// Tries again: these frames, or, where none are named, all that failed or were cancelled.
    Retry {
        /// Frames to render again, done ones too.
        frames: Option<FrameSet>,
    },
    /// Renders these frames of one layer again, done ones too.
    RetryLayer {
        /// The layer's name.
        layer: String,
        /// Which frames.
        frames: FrameSet,
    },
}

/// Where the log of an attempt is.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// The first of its files; `farmhand_runner::LogFiles` reads them as one.
    pub path: PathBuf,
    /// Whether it may still grow.
    pub live: bool,
}

impl Farm {
    /// Submits a job. `key` makes it safe to send twice: the same key and the same request make one job.
    pub async fn submit(&self, submission: Submission, key: Option<String>) -> Result<Submitted, FarmError> {
        let request = serde_json::to_vec(&submission).map_err(internal)?;
        let request: String = Sha256::digest(&request).iter().map(|byte| format!("{byte:02x}")).collect();
        // Held over the look-up and the commit, so that two of the same key cannot both find nothing.
        let _one_at_a_time = self.inner.keyed.lock().await;
        if let Some(key) = &key
            && let Some((kept, job)) = self.store().idempotent(key).await.map_err(internal)?
        {
            if kept.0 != request {
                return Err(FarmError::KeyReused(key.clone()));
            }
            return Ok(Submitted { job: self.job(job).await?, created: false });
        }
        let (mut record, _) = submit::prepare(&self.inner.parts, submission).await?;
        let ended = self.ended_dependencies(&record).await?;
        record.id = JobId(self.inner.next_job.fetch_add(1, Ordering::Relaxed));
        let id = record.id;
        let at = record.submitted;
        let with = key.map(|key| Change::IdempotencyKey { key, request, job: id, at }).into_iter().collect();
        let mut events: Vec<Event> = self.version_of(&record).await.into_iter().collect();
        events.push(Event::Submit { job: Box::new(record), ended });
        self.command(events, with).await?;
        Ok(Submitted { job: self.job(id).await?, created: true })
    }

    /// What a submission would run, without keeping or running anything.
    pub async fn plan(&self, submission: Submission) -> Result<PlanView, FarmError> {
        plan::plan(&self.inner.parts, submission).await
    }

    /// The directories and scenes in a directory of the roots, or the roots themselves.
    pub async fn files(&self, query: FilesQuery) -> Result<FilesView, FarmError> {
        files::list(&self.inner.parts, query).await
    }

    /// What a scene tells of itself without its DCC.
    pub async fn inspect(&self, scene: &str) -> Result<SceneView, FarmError> {
        inspect::inspect(&self.inner.parts, scene).await
    }

    /// Jobs, newest first.
    pub async fn jobs(&self, query: JobQuery) -> Result<Page<JobSummary>, FarmError> {
        let before = parse_cursor::<JobId>(query.cursor.as_deref())?;
        let limit = query.limit.clamp(1, 1000);
        let filter = JobFilter { statuses: query.statuses, before, limit };
        let (records, next) = if query.search.is_empty() {
            let records = self.store().jobs(filter).await.map_err(internal)?;
            let next = records.last().filter(|_| records.len() == limit as usize).map(|last| last.id);
            (records, next)
        } else {
            let found = self.store().search_jobs(filter, query.search).await.map_err(internal)?;
            (found.jobs, found.next)
        };
        let next = next.map(|id| id.to_string());
        let items = self
            .ask(move |scheduler, now| {
                records
                    .iter()
                    .map(|record| {
                        scheduler.summary(record.id, now).unwrap_or_else(|| summary_of_record(record))
                    })
                    .collect()
            })
            .await?;
        Ok(Page { items, next })
    }

    /// One job.
    pub async fn job(&self, id: JobId) -> Result<JobView, FarmError> {
        let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        let attempts = self.store().count_attempts(id).await.map_err(internal)?;
        let of_live = move |scheduler: &Scheduler, now| {
            Some((scheduler.summary(id, now)?, scheduler.costs(id)?, scheduler.time_spent(id, now)?))
        };
        let (summary, costs, time) = match self.ask(of_live).await? {
            Some(live) => live,
            None => (summary_of_record(&record), record.costs, record.time),
        };
        Ok(JobView {
            summary,
            spec: record.spec,
            notes: record.notes,
            costs,
            time,
            attempts,
            fallbacks: record.fallbacks,
            hooks: record.hooks.runs,
        })
    }

    /// Changes priority and limits.
    pub async fn edit(&self, id: JobId, edit: JobEdit) -> Result<JobView, FarmError> {
        check_priority(edit.priority)?;
        self.change_job(id, Event::Edit { job: id, edit }).await
    }

    /// Pauses, resumes, cancels, retries.
    pub async fn control(&self, id: JobId, control: JobControl) -> Result<JobView, FarmError> {
        let event = self.control_event(id, control).await?;
        self.change_job(id, event).await
    }

    async fn control_event(&self, id: JobId, control: JobControl) -> Result<Event, FarmError> {
        Ok(match control {
            JobControl::Pause => Event::Pause(id),
            JobControl::Resume => Event::Resume(id),
            JobControl::Cancel => Event::Cancel(id),
            JobControl::Retry { frames } => Event::Retry { job: id, frames },
            JobControl::RetryLayer { layer, frames } => {
                let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
                Event::RetryLayer { job: id, layer: past::layer_of(&record, Some(&layer))?, frames }
            }
        })
    }

    /// Runs per state.
    pub async fn frames(&self, id: JobId) -> Result<FramesView, FarmError> {
        if let Some(view) = self.ask(move |scheduler, _| scheduler.frames(id)).await? {
            return Ok(view);
        }
        let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        let settled = self.store().settled(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        Ok(views::frames_of_record(&record, settled))
    }

    /// The images that came last, newest first.
    pub async fn images(&self, id: JobId, limit: u32) -> Result<Vec<FrameDoneView>, FarmError> {
        let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        let frames = self.store().latest_frames(id, limit.clamp(1, 1000)).await.map_err(internal)?;
        Ok(frames
            .iter()
            .filter(|frame| !frame.path.is_empty())
            .map(|frame| views::frame_done(frame, record.layer_name(frame.layer).map(str::to_owned)))
            .collect())
    }

    /// One frame's image; `None` where it is not done. `layer` is absent for a job without named layers.
    pub async fn image(
        &self,
        id: JobId,
        layer: Option<String>,
        frame: i32,
    ) -> Result<Option<FrameDoneView>, FarmError> {
        let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        let Some(index) = record.layer_index(layer.as_deref()) else { return Ok(None) };
        let found = self.store().frame(id, index, frame).await.map_err(internal)?;
        Ok(found.filter(|frame| !frame.path.is_empty()).map(|frame| views::frame_done(&frame, layer)))
    }

    /// Attempts of a job, newest first.
    pub async fn attempts(
        &self,
        id: JobId,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<AttemptView>, FarmError> {
        self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        let before = parse_cursor::<AttemptId>(cursor.as_deref())?;
        let limit = limit.clamp(1, 1000);
        let records = self.store().attempts(id, before, limit).await.map_err(internal)?;
        let next = (records.len() == limit as usize)
            .then(|| records.last().map(|last| last.id.to_string()))
            .flatten();
        let newest: Vec<AttemptRecord> = self
            .ask(move |scheduler, _| {
                records.into_iter().map(|kept| scheduler.attempt(kept.id).cloned().unwrap_or(kept)).collect()
            })
            .await?;
        let view = |record| views::attempt(record, self.inner.parts.usage_so_far(record), None);
        Ok(Page { items: newest.iter().map(view).collect(), next })
    }

    /// One attempt, with its command.
    pub async fn attempt(&self, id: AttemptId) -> Result<AttemptView, FarmError> {
        let record = self.attempt_record(id).await?;
        let dir = self.inner.parts.attempt_dir(id);
        // A directory that was cleaned up, or not made yet, has no command to show.
        let command = Manifest::read(&dir).ok().flatten().map(|manifest| manifest.command_view());
        Ok(views::attempt(&record, self.inner.parts.usage_so_far(&record), command))
    }

    /// Where an attempt's log is.
    pub async fn attempt_log(&self, id: AttemptId) -> Result<LogFile, FarmError> {
        let live = self.attempt_record(id).await?.is_live();
        let path = AttemptDir::open(self.inner.parts.attempt_dir(id)).log();
        // One that goes on has none before its process, and will.
        if live || path.exists() { Ok(LogFile { path, live }) } else { Err(FarmError::NoLog(id)) }
    }

    /// Whether the log of an attempt may still grow. One that cannot be asked about now may: only an end that is known is
    /// told as one.
    pub async fn may_log_grow(&self, id: AttemptId) -> bool {
        match self.attempt_record(id).await {
            Ok(record) => record.is_live(),
            Err(error) => !matches!(error, FarmError::NoAttempt(_)),
        }
    }

    /// Why a job waits, and where its time goes.
    pub async fn why(&self, id: JobId) -> Result<JobWhyView, FarmError> {
        let of_live = move |scheduler: &Scheduler, now| {
            let (why, time) = (scheduler.why(id, now)?.into(), scheduler.time_spent(id, now)?);
            Some(JobWhyView { job: id, status: scheduler.status(id)?, why, time })
        };
        if let Some(view) = self.ask(of_live).await? {
            return Ok(view);
        }
        let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        Ok(JobWhyView { job: id, status: record.status, why: WaitReason::Ended.into(), time: record.time })
    }

    /// Every plugin slot.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginView> {
        self.inner.parts.plugins.views()
    }

    /// What calls of plugins came to.
    pub(crate) fn plugin_calls(&self) -> &PluginCalls {
        &self.inner.parts.calls
    }

    /// This machine.
    pub async fn node(&self) -> Result<NodeView, FarmError> {
        let held = self.ask(|scheduler, _| node::Held::of(scheduler)).await?;
        Ok(node::view(&self.inner.parts, held).await)
    }

    /// What happens, as it happens.
    #[must_use]
    pub fn events(&self) -> &EventBus {
        &self.inner.parts.bus
    }

    /// What this machine did lately.
    #[must_use]
    pub fn node_history(&self) -> NodeHistory {
        self.inner.parts.history.view()
    }

    /// What a person should have read, newest first.
    #[must_use]
    pub fn notices(&self, query: NoticeQuery) -> Page<Notice> {
        self.inner.parts.notices.list(query)
    }

    /// What keeps the daemon from keeping its promises at the moment, such as a full disk.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.inner.parts.health.problem()
    }

    /// Bytes of the database's write-ahead log.
    #[must_use]
    pub fn wal_bytes(&self) -> u64 {
        self.store().wal_bytes()
    }

    /// Stops giving out work and lets go of the running renders as told. Afterwards every call answers `Stopping`.
    pub async fn stop(&self, on_stop: OnStop) {
        self.inner.driver.stop(on_stop == OnStop::Kill).await;
    }

    fn store(&self) -> &Store {
        &self.inner.parts.store
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Scheduler, Timestamp) -> T + Send + 'static,
    ) -> Result<T, FarmError> {
        self.inner.driver.ask(question).await.map_err(|_| FarmError::Stopping)
    }

    async fn command(&self, events: Vec<Event>, with: Vec<Change>) -> Result<(), FarmError> {
        let answer = self.inner.driver.command(events, with).await.map_err(|_| FarmError::Stopping)?;
        answer.map_err(|refusal| FarmError::Conflict(refusal.to_string()))
    }

    async fn change_job(&self, id: JobId, event: Event) -> Result<JobView, FarmError> {
        self.tell_job(id, event).await?;
        self.job(id).await
    }

    /// Has the scheduler handle what somebody wants of a job, live or ended.
    async fn tell_job(&self, id: JobId, event: Event) -> Result<(), FarmError> {
        // An ended job must not be forgotten while it is being brought back.
        let _not_forgotten = match &event {
            Event::Retry { .. } | Event::RetryLayer { .. } => Some(self.inner.keyed.lock().await),
            _ => None,
        };
        let record = self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
        let is_retry = matches!(event, Event::Retry { .. } | Event::RetryLayer { .. });
        if record.status.is_end() && !is_retry {
            return Err(FarmError::Conflict(format!("job {id} has ended; only a retry brings it back")));
        }
        let mut events = Vec::new();
        let held = self.ask(move |scheduler, _| scheduler.holds(id)).await?;
        if !held && is_retry {
            let ended = self.ended_dependencies(&record).await?;
            events.extend(self.version_of(&record).await);
            let job = self.store().restored_job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))?;
            let job = Box::new(RestoredJob { record: job.record, done: job.done, skipped: job.skipped });
            events.push(Event::Recall { job, ended });
        }
        events.push(event);
        self.command(events, Vec::new()).await
    }

    /// What the scheduler has to know of the version that a job is pinned to, before it gets the job.
    async fn version_of(&self, record: &JobRecord) -> Option<Event> {
        let digest = record.spec.plugin.digest.clone()?;
        Some(start::version_event(&self.inner.parts, digest).await)
    }

    /// How those jobs ended that this one comes after and that the scheduler has let go of.
    async fn ended_dependencies(&self, record: &JobRecord) -> Result<Vec<(JobId, JobStatus)>, FarmError> {
        let mut ended = Vec::new();
        for (index, id) in record.spec.after.iter().enumerate() {
            match self.store().job(*id).await.map_err(internal)? {
                Some(job) => ended.push((*id, job.status)),
                None => {
                    let field = format!("/after/{index}");
                    let message = format!("there is no job {id}");
                    return Err(FarmError::Invalid(vec![Problem { field, message }]));
                }
            }
        }
        Ok(ended)
    }

    async fn attempt_record(&self, id: AttemptId) -> Result<AttemptRecord, FarmError> {
        if let Some(record) = self.ask(move |scheduler, _| scheduler.attempt(id).cloned()).await? {
            return Ok(record);
        }
        self.store().attempt(id).await.map_err(internal)?.ok_or(FarmError::NoAttempt(id))
    }
}

fn check_priority(priority: Option<u8>) -> Result<(), FarmError> {
    match priority {
        Some(priority) if priority > 100 => {
            let message = "a priority is from 0 to 100".to_owned();
            Err(FarmError::Invalid(vec![Problem { field: "/priority".to_owned(), message }]))
        }
        _ => Ok(()),
    }
}

fn internal(error: impl std::fmt::Display) -> FarmError {
    FarmError::Internal(error.to_string())
}

fn parse_cursor<T: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<T>, FarmError> {
    let Some(text) = cursor else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let message = format!("`{text}` is no cursor; give the `next` of the page before");
        FarmError::Invalid(vec![Problem { field: "/cursor".to_owned(), message }])
    })
}
