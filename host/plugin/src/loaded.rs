//! A plugin that serves: one immutable version, shared by everyone who calls it, gone when the last of them is.

use crate::bindings::{Hooked, Needing, Plugin, hooks, types};
use crate::call::{Caller, Session, Setup, World};
use crate::convert;
use crate::error::{PluginError, PluginErrorKind};
use crate::gate::{Gated, Runtime};
use crate::limits::Limits;
use crate::observer::CallObserver;
use crate::script::Language;
use crate::state::{JobEndHandle, OutcomeHandle, PluginState};
use farmhand_model::dcc::{
    Command, Descriptor, JobContext, Outcome, PreparedJob, Problem, ReaderEvent, TaskContext, Verdict,
};
use farmhand_model::hooks::{Hook, JobEnd};
use farmhand_model::{Needs, PluginStamp};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{Resource, ResourceAny, ResourceTableError};

/// One version of one plugin.
///
/// Each call gets an instance of its own, which ends with the call: nothing leaks from one job into another, and
/// whatever goes wrong in a call is over with it. All methods may be called from any task at any time.
pub struct LoadedPlugin {
    runtime: Arc<Runtime>,
    gated: Arc<Gated>,
    stamp: PluginStamp,
    observers: Vec<Arc<dyn CallObserver>>,
}

impl std::fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedPlugin").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

impl LoadedPlugin {
    pub(crate) fn new(runtime: Arc<Runtime>, gated: Arc<Gated>, generation: u64) -> Self {
        let stamp = PluginStamp {
            name: gated.descriptor.name.clone(),
            version: gated.descriptor.version.to_string(),
            digest: gated.digest.clone(),
            generation,
        };
        Self { runtime, gated, stamp, observers: Vec::new() }
    }

    /// The same, told of to whoever the host was told about.
    pub(crate) fn reported(self) -> Self {
        match self.runtime.settings.observer.clone() {
            Some(observer) => self.observed(observer),
            None => self,
        }
    }

    /// What it was loaded into.
    pub(crate) fn gated(&self) -> &Arc<Gated> {
        &self.gated
    }

    /// The same, with one more who is told of its calls.
    #[must_use]
    pub fn observed(&self, observer: Arc<dyn CallObserver>) -> Self {
        let observers = self.observers.iter().cloned().chain([observer]).collect();
        Self {
            runtime: Arc::clone(&self.runtime),
            gated: Arc::clone(&self.gated),
            stamp: self.stamp.clone(),
            observers,
        }
    }

    /// The language that it is written in, where it is a script.
    #[must_use]
    pub fn language(&self) -> Option<Language> {
        self.gated.script.as_ref().map(|text| text.script.language)
    }

    /// What it may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.gated.limits
    }

    /// Which version it is.
    #[must_use]
    pub fn stamp(&self) -> &PluginStamp {
        &self.stamp
    }

    /// What it says of itself.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.gated.descriptor
    }

    /// All that is wrong with these options by the plugin's schema, as pointers into the job: `/options/…`.
    #[must_use]
    pub fn check_options(&self, options: &Map<String, Value>) -> Vec<Problem> {
        self.gated.schema.check(options)
    }

    /// Asks the plugin to prepare a job: the job as it will be kept, or everything that is wrong with it.
    ///
    /// # Errors
    /// When the plugin fails, or its answer makes no sense.
    pub async fn validate(&self, job: &JobContext) -> Result<Result<PreparedJob, Vec<Problem>>, PluginError> {
        let function = "validate";
        self.require_text(function, [job.scene.as_path()])?;
        let (named, asked) = (self.named(job), job.frames.clone());
        let job = Arc::new(job.clone());
        self.once(
            function,
            |state| state.hand_in_job(job, named),
            |plugin, store, job| {
                async move {
                    let borrow = Resource::new_borrow(job.rep());
                    plugin.farmhand_dcc_dcc().call_validate(store, borrow).await
                }
                .boxed()
            },
            |answer| match answer {
                Err(problems) => convert::problems(problems).map(Err).map_err(invalid),
                Ok(prepared) => {
                    self.fitting(convert::prepared_job(prepared, &asked).map_err(invalid)?).map(Ok)
                }
            },
        )
        .await
    }

    /// The prepared job, where its options fit the plugin's own schema.
    fn fitting(&self, prepared: PreparedJob) -> Result<PreparedJob, PluginErrorKind> {
        let told = |problem: Problem| {
            format!("its own options do not fit its schema: {}: {}", problem.field, problem.message)
        };
        match self.check_options(&prepared.options) {
            problems if problems.is_empty() => Ok(prepared),
            problems => Err(invalid(problems.into_iter().map(told).collect())),
        }
    }

    /// Asks the plugin what to run.
    ///
    /// # Errors
    /// When the plugin fails, or its command cannot be run.
    pub async fn build_command(&self, task: &TaskContext) -> Result<Command, PluginError> {
        let function = "build-command";
        self.require_task(function, task)?;
        let (named, shared) = (self.named(&task.job), Arc::new(task.clone()));
        self.once(
            function,
            |state| state.hand_in_task(shared, named),
            |plugin, store, task| {
                async move {
                    let borrow = Resource::new_borrow(task.rep());
                    plugin.farmhand_dcc_dcc().call_build_command(store, borrow).await
                }
                .boxed()
            },
            |answer| {
                let command = answer.map_err(convert::guest_error)?;
                convert::command(command, task).map_err(invalid)
            },
        )
        .await
    }

    /// A reader of one process's output. It lives as long as the process.
    ///
    /// # Errors
    /// When the plugin fails.
    pub async fn reader(&self, task: &TaskContext) -> Result<Reader, PluginError> {
        let function = "reader.new";
        self.require_task(function, task)?;
        let limit = self.gated.limits.call;
        let _permit = self.permit(function).await?;
        let mut session: Session = self.open(&self.gated.pre, function, limit).await?;
        let task = session.state().hand_in_task(Arc::new(task.clone()), self.named(&task.job));
        let task = task.map_err(|error| session.error(function, full(&error)))?;
        let borrow = Resource::new_borrow(task.rep());
        let reader = session
            .call(function, limit, |plugin, store| {
                async move { plugin.farmhand_dcc_dcc().reader().call_constructor(store, borrow).await }
                    .boxed()
            })
            .await?;
        session.settled(function);
        let limit = self.gated.limits.read;
        Ok(Reader { runtime: Arc::clone(&self.runtime), session, reader, limit })
    }

    /// Asks the plugin what the end of an attempt means.
    ///
    /// # Errors
    /// When the plugin fails, or its verdict makes no sense.
    pub async fn judge(&self, task: &TaskContext, outcome: &Outcome) -> Result<Verdict, PluginError> {
        let function = "judge";
        self.require_task(function, task)?;
        let (named, task, outcome) =
            (self.named(&task.job), Arc::new(task.clone()), Arc::new(outcome.clone()));
        self.once(
            function,
            |state| Ok((state.hand_in_task(task, named)?, state.table.push(OutcomeHandle(outcome))?)),
            |plugin, store, (task, outcome)| {
                async move {
                    let (task, outcome) =
                        (Resource::new_borrow(task.rep()), Resource::new_borrow(outcome.rep()));
                    plugin.farmhand_dcc_dcc().call_judge(store, task, outcome).await
                }
                .boxed()
            },
            |answer| convert::verdict(&answer.map_err(convert::guest_error)?).map_err(invalid),
        )
        .await
    }

    /// Asks the plugin what a task of this job needs at a level; nothing where it does not say.
    ///
    /// # Errors
    /// When the plugin fails, or no node could ever give what it asks for.
    pub async fn needs(&self, job: &JobContext, level: u32) -> Result<Needs, PluginError> {
        let Some(pre) = &self.gated.needs else { return Ok(Needs::default()) };
        let function = "needs";
        self.require_text(function, [job.scene.as_path()])?;
        let (named, job) = (self.named(job), Arc::new(job.clone()));
        self.once_in(
            pre,
            function,
            |state| state.hand_in_job(job, named),
            |needing: &Needing, store, job| {
                async move {
                    let borrow = Resource::new_borrow(job.rep());
                    needing.farmhand_dcc_needs().call_needs(store, borrow, level).await
                }
                .boxed()
            },
            |answer| convert::needs(&answer.map_err(convert::guest_error)?).map_err(invalid),
        )
        .await
    }

    /// Whether it has hooks to ask for.
    #[must_use]
    pub fn has_hooks(&self) -> bool {
        self.gated.hooks.is_some()
    }

    /// What is to be done before the job's first task; nothing where the plugin has no hooks, as in the three that
    /// follow.
    ///
    /// # Errors
    /// When the plugin fails, or its answer makes no sense.
    pub async fn before_job(&self, job: &JobContext) -> Result<Vec<Hook>, PluginError> {
        let function = "before-job";
        self.require_text(function, [job.scene.as_path()])?;
        let (named, job) = (self.named(job), Arc::new(job.clone()));
        self.hook(
            function,
            |state| state.hand_in_job(job, named),
            |hooked, store, job| {
                async move {
                    let borrow = Resource::new_borrow(job.rep());
                    hooked.farmhand_dcc_hooks().call_before_job(store, borrow).await
                }
                .boxed()
            },
        )
        .await
    }

    /// What is to be done after the job's last frame.
    ///
    /// # Errors
    /// As [`LoadedPlugin::before_job`].
    pub async fn after_job(&self, job: &JobContext, end: JobEnd) -> Result<Vec<Hook>, PluginError> {
        let function = "after-job";
        self.require_text(function, [job.scene.as_path()])?;
        let (named, job) = (self.named(job), Arc::new(job.clone()));
        self.hook(
            function,
            |state| Ok((state.hand_in_job(job, named)?, state.table.push(JobEndHandle(end))?)),
            |hooked, store, (job, end)| {
                async move {
                    let (job, end) = (Resource::new_borrow(job.rep()), Resource::new_borrow(end.rep()));
                    hooked.farmhand_dcc_hooks().call_after_job(store, job, end).await
                }
                .boxed()
            },
        )
        .await
    }

    /// What is to be done before the task's process starts.
    ///
    /// # Errors
    /// As [`LoadedPlugin::before_job`].
    pub async fn before_task(&self, task: &TaskContext) -> Result<Vec<Hook>, PluginError> {
        let function = "before-task";
        self.require_task(function, task)?;
        let (named, task) = (self.named(&task.job), Arc::new(task.clone()));
        self.hook(
            function,
            |state| state.hand_in_task(task, named),
            |hooked, store, task| {
                async move {
                    let borrow = Resource::new_borrow(task.rep());
                    hooked.farmhand_dcc_hooks().call_before_task(store, borrow).await
                }
                .boxed()
            },
        )
        .await
    }

    /// What is to be done after the task's process has ended.
    ///
    /// # Errors
    /// As [`LoadedPlugin::before_job`].
    pub async fn after_task(&self, task: &TaskContext, outcome: &Outcome) -> Result<Vec<Hook>, PluginError> {
        let function = "after-task";
        self.require_task(function, task)?;
        let (named, task, outcome) =
            (self.named(&task.job), Arc::new(task.clone()), Arc::new(outcome.clone()));
        self.hook(
            function,
            |state| Ok((state.hand_in_task(task, named)?, state.table.push(OutcomeHandle(outcome))?)),
            |hooked, store, (task, outcome)| {
                async move {
                    let (task, outcome) =
                        (Resource::new_borrow(task.rep()), Resource::new_borrow(outcome.rep()));
                    hooked.farmhand_dcc_hooks().call_after_task(store, task, outcome).await
                }
                .boxed()
            },
        )
        .await
    }

    /// One call of a hook, where the plugin has them.
    async fn hook<R>(
        &self,
        function: &'static str,
        hand_in: impl FnOnce(&mut PluginState) -> Result<R, ResourceTableError>,
        call: impl for<'a> FnOnce(
            &'a Hooked,
            &'a mut Store<PluginState>,
            R,
        )
            -> BoxFuture<'a, wasmtime::Result<Result<Vec<hooks::Hook>, types::PluginError>>>,
    ) -> Result<Vec<Hook>, PluginError> {
        let Some(pre) = &self.gated.hooks else { return Ok(Vec::new()) };
        self.once_in(pre, function, hand_in, call, |answer| {
            convert::hooks(answer.map_err(convert::guest_error)?).map_err(invalid)
        })
        .await
    }

    /// What the job's path options name.
    fn named(&self, job: &JobContext) -> Vec<PathBuf> {
        self.gated.schema.paths(&job.options)
    }

    /// One call of the contract's main interface.
    async fn once<R, T, U>(
        &self,
        function: &'static str,
        hand_in: impl FnOnce(&mut PluginState) -> Result<R, ResourceTableError>,
        call: impl for<'a> FnOnce(&'a Plugin, &'a mut Store<PluginState>, R) -> BoxFuture<'a, wasmtime::Result<T>>,
        believe: impl FnOnce(T) -> Result<U, PluginErrorKind>,
    ) -> Result<U, PluginError> {
        self.once_in(&self.gated.pre, function, hand_in, call, believe).await
    }

    /// One call in an instance of its own: with the resources that `hand_in` puts into its table, and an answer
    /// that `believe` takes or refuses.
    async fn once_in<W: World, R, T, U>(
        &self,
        pre: &W::Pre,
        function: &'static str,
        hand_in: impl FnOnce(&mut PluginState) -> Result<R, ResourceTableError>,
        call: impl for<'a> FnOnce(&'a W, &'a mut Store<PluginState>, R) -> BoxFuture<'a, wasmtime::Result<T>>,
        believe: impl FnOnce(T) -> Result<U, PluginErrorKind>,
    ) -> Result<U, PluginError> {
        let limit = self.gated.limits.call;
        let _permit = self.permit(function).await?;
        let mut session: Session<W> = self.open(pre, function, limit).await?;
        let resources = hand_in(session.state()).map_err(|error| session.error(function, full(&error)))?;
        let answer = session.call(function, limit, |plugin, store| call(plugin, store, resources)).await?;
        let believed = believe(answer).map_err(|kind| session.error(function, kind))?;
        session.settled(function);
        Ok(believed)
    }

    async fn open<W: World>(
        &self,
        pre: &W::Pre,
        function: &'static str,
        limit: Duration,
    ) -> Result<Session<W>, PluginError> {
        let Gated { grants, limits, script, log_rate, .. } = &*self.gated;
        let caller = Caller {
            name: self.stamp.name.clone(),
            stamp: Some(self.stamp.clone()),
            log_rate: Arc::clone(log_rate),
            observers: self.observers.clone(),
        };
        let setup = Setup { caller, grants: Arc::clone(grants), limits, script: script.clone() };
        Session::open(pre, setup, function, limit).await
    }

    async fn permit(&self, function: &'static str) -> Result<tokio::sync::SemaphorePermit<'_>, PluginError> {
        self.runtime.gatekeeper.permit().await.map_err(|kind| self.error(function, kind))
    }

    fn require_task(&self, function: &'static str, task: &TaskContext) -> Result<(), PluginError> {
        let tools = task.tools.iter().map(|tool| tool.path.as_path());
        let own = [task.job.scene.as_path(), &task.scratch, &task.staging];
        self.require_text(function, own.into_iter().chain(tools))
    }

    /// The contract's paths are text, and a path that is not would reach the plugin as another one.
    fn require_text<'a>(
        &self,
        function: &'static str,
        paths: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), PluginError> {
        match paths.into_iter().find(|path| path.to_str().is_none()) {
            None => Ok(()),
            Some(path) => {
                let message = format!("the path {} is not UTF-8, and plugins only know text", path.display());
                Err(self.error(function, PluginErrorKind::Host { message }))
            }
        }
    }

    fn error(&self, function: &'static str, kind: PluginErrorKind) -> PluginError {
        PluginError::new(&self.stamp.name, kind)
            .with_stamp(Some(&self.stamp))
            .in_call(function, Duration::ZERO)
    }
}

fn invalid(problems: convert::Refused) -> PluginErrorKind {
    PluginErrorKind::Invalid { problems }
}

/// The host objects of a fresh instance always fit.
fn full(error: &ResourceTableError) -> PluginErrorKind {
    PluginErrorKind::Host { message: format!("cannot hand the job to the plugin: {error}") }
}

/// The reader of one process's output: an instance that keeps what it has understood so far.
///
/// Each batch of lines has a time limit of its own. After an error it is dead, and says so.
pub struct Reader {
    runtime: Arc<Runtime>,
    session: Session,
    reader: ResourceAny,
    limit: Duration,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// Reads lines and returns what they mean.
    ///
    /// # Errors
    /// When the plugin fails, or its events make no sense. Nothing of a failed batch is returned, and later ones are
    /// refused.
    pub async fn read(&mut self, lines: &[String]) -> Result<Vec<ReaderEvent>, PluginError> {
        let function = "reader.read";
        let runtime = Arc::clone(&self.runtime);
        let _permit = runtime.gatekeeper.permit().await.map_err(|kind| self.session.error(function, kind))?;
        let (reader, lines) = (self.reader, lines.to_vec());
        let answer = self
            .session
            .call(function, self.limit, |plugin, store| {
                async move { plugin.farmhand_dcc_dcc().reader().call_read(store, reader, &lines).await }
                    .boxed()
            })
            .await?;
        self.settle(function, answer)
    }

    /// Says that the output has ended, and returns what was still being put together.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub async fn finish(&mut self) -> Result<Vec<ReaderEvent>, PluginError> {
        let function = "reader.finish";
        let runtime = Arc::clone(&self.runtime);
        let _permit = runtime.gatekeeper.permit().await.map_err(|kind| self.session.error(function, kind))?;
        let reader = self.reader;
        let answer = self
            .session
            .call(function, self.limit, |plugin, store| {
                async move { plugin.farmhand_dcc_dcc().reader().call_finish(store, reader).await }.boxed()
            })
            .await?;
        self.settle(function, answer)
    }

    /// What the guest answered. A reader that reports an error, or nonsense, has lost track of the output, so that
    /// it is not asked again.
    fn settle(
        &mut self,
        function: &'static str,
        answer: Result<Vec<types::Event>, types::PluginError>,
    ) -> Result<Vec<ReaderEvent>, PluginError> {
        let events = answer.map_err(convert::guest_error).and_then(|events| {
            convert::events(events).map_err(|problems| PluginErrorKind::Invalid { problems })
        });
        match events {
            Ok(events) => {
                self.session.settled(function);
                Ok(events)
            }
            Err(kind) => {
                self.session.end();
                Err(self.session.error(function, kind))
            }
        }
    }
}
