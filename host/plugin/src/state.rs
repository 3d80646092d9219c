//! What belongs to one store: the guest's resources, its limits and its log; and the host's side of the contract.
//!
//! No host function here changes anything outside the store.

use crate::bindings::{context, host, script, types};
use crate::convert;
use crate::limits::{Limits, StoreLimiter};
use crate::logring::{LogLevel, LogRing, Stream};
use crate::script::ScriptText;
use crate::sight::{Grants, Sight};
use farmhand_model::dcc::{JobContext, Outcome, TaskContext};
use farmhand_model::hooks::JobEnd;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::component::{Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// Host objects that one store may hold at once. It bounds a guest that asks for the job over and over and keeps
/// every handle.
const HOST_OBJECTS: usize = 10_000;
/// Random bytes that a guest may ask for at once.
const RANDOM_BYTES: u64 = 64 << 10;

/// The guest's handle of a job.
pub struct JobHandle(pub(crate) Arc<JobContext>);
/// The guest's handle of a task.
pub struct TaskHandle(pub(crate) Arc<TaskContext>);
/// The guest's handle of an outcome.
pub struct OutcomeHandle(pub(crate) Arc<Outcome>);
/// The guest's handle of how a job ended.
pub struct JobEndHandle(pub(crate) JobEnd);

/// Raised when a guest's running time is up.
#[derive(Debug, thiserror::Error)]
#[error("out of time")]
pub(crate) struct OutOfTime;

/// Running time left, in epoch ticks.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) ticks_left: u64,
}

/// The data of one store.
pub(crate) struct PluginState {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: StoreLimiter,
    pub(crate) log: LogRing,
    pub(crate) budget: Budget,
    sight: Arc<Sight>,
    /// What a runner runs here; absent for a plugin that is a component itself.
    script: Option<Arc<ScriptText>>,
}

impl PluginState {
    pub(crate) fn new(grants: Arc<Grants>, limits: &Limits, script: Option<Arc<ScriptText>>) -> Self {
        let log = LogRing::new(limits.log);
        // Nothing is inherited and nothing is opened: no files, no environment, no arguments, no network. What is
        // printed goes to the call's own log.
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(log.stream(Stream::Stdout)).stderr(log.stream(Stream::Stderr));
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        wasi.max_random_size(RANDOM_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HOST_OBJECTS);
        Self {
            wasi: wasi.build(),
            table,
            limiter: StoreLimiter::new(limits),
            log,
            budget: Budget::default(),
            sight: Arc::new(Sight::of_plugin(grants)),
            script,
        }
    }

    /// Hands a job in, and lets the plugin look at what it names.
    pub(crate) fn hand_in_job(
        &mut self,
        job: Arc<JobContext>,
        named: Vec<PathBuf>,
    ) -> Result<Resource<JobHandle>, ResourceTableError> {
        self.sight = Arc::new(self.sight.with_job(job.scene.clone(), named));
        self.table.push(JobHandle(job))
    }

    /// Hands a task in; its job counts as [`PluginState::hand_in_job`] says.
    pub(crate) fn hand_in_task(
        &mut self,
        task: Arc<TaskContext>,
        named: Vec<PathBuf>,
    ) -> Result<Resource<TaskHandle>, ResourceTableError> {
        let own = [task.scratch.clone(), task.staging.clone()];
        self.sight = Arc::new(self.sight.with_job(task.job.scene.clone(), named).with_own(own));
        self.table.push(TaskHandle(task))
    }

    fn job(&self, handle: &Resource<JobHandle>) -> wasmtime::Result<&JobContext> {
        Ok(&self.table.get(handle)?.0)
    }

    fn task(&self, handle: &Resource<TaskHandle>) -> wasmtime::Result<&TaskContext> {
        Ok(&self.table.get(handle)?.0)
    }

    fn script(&self) -> wasmtime::Result<&ScriptText> {
        self.script.as_deref().ok_or_else(|| wasmtime::Error::msg("there is no script in this plugin"))
    }

    fn outcome(&self, handle: &Resource<OutcomeHandle>) -> wasmtime::Result<&Outcome> {
        Ok(&self.table.get(handle)?.0)
    }
}

impl WasiView for PluginState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl types::Host for PluginState {}
impl context::Host for PluginState {}

impl host::Host for PluginState {
    fn log(&mut self, level: host::LogLevel, message: String) -> wasmtime::Result<()> {
        let level = match level {
            host::LogLevel::Debug => LogLevel::Debug,
            host::LogLevel::Info => LogLevel::Info,
            host::LogLevel::Warn => LogLevel::Warn,
            host::LogLevel::Error => LogLevel::Error,
        };
        self.log.push(level, &message);
        Ok(())
    }

    fn config(&mut self) -> wasmtime::Result<String> {
        Ok(self.sight.config().to_owned())
    }

    fn env(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.sight.env(&name).map(str::to_owned))
    }

    async fn read_file(&mut self, path: String) -> wasmtime::Result<Result<String, String>> {
        let sight = Arc::clone(&self.sight);
        Ok(tokio::task::spawn_blocking(move || sight.read_file(&path)).await?)
    }

    async fn read_part(
        &mut self,
        path: String,
        offset: u64,
        bytes: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let sight = Arc::clone(&self.sight);
        Ok(tokio::task::spawn_blocking(move || sight.read_part(&path, offset, bytes)).await?)
    }

    async fn file_exists(&mut self, path: String) -> wasmtime::Result<Result<bool, String>> {
        let sight = Arc::clone(&self.sight);
        Ok(tokio::task::spawn_blocking(move || sight.exists(&path, std::path::Path::is_file)).await?)
    }

    async fn directory_exists(&mut self, path: String) -> wasmtime::Result<Result<bool, String>> {
        let sight = Arc::clone(&self.sight);
        Ok(tokio::task::spawn_blocking(move || sight.exists(&path, std::path::Path::is_dir)).await?)
    }

    async fn list_files(&mut self, directory: String) -> wasmtime::Result<Result<Vec<String>, String>> {
        let sight = Arc::clone(&self.sight);
        Ok(tokio::task::spawn_blocking(move || sight.list_files(&directory)).await?)
    }
}

impl context::HostJob for PluginState {
    fn id(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<u64> {
        Ok(self.job(&job)?.id.0)
    }

    fn name(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(self.job(&job)?.name.clone())
    }

    fn scene(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(convert::path(&self.job(&job)?.scene))
    }

    fn output(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.job(&job)?.output.clone())
    }

    fn layers(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self.job(&job)?.layers.clone())
    }

    fn frames(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<Vec<types::FrameRun>> {
        Ok(convert::runs(&self.job(&job)?.frames))
    }

    fn options(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<String> {
        Ok(serde_json::to_string(&self.job(&job)?.options)?)
    }

    fn skip_existing(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<bool> {
        Ok(self.job(&job)?.skip_existing)
    }

    fn hook_scripts(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<Vec<context::HookScript>> {
        Ok(self.job(&job)?.hook_scripts.iter().map(convert::hook_script).collect())
    }

    fn path_map(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<Vec<context::PathRule>> {
        Ok(self.job(&job)?.path_map.iter().map(convert::path_rule).collect())
    }

    fn drop(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<()> {
        self.table.delete(job)?;
        Ok(())
    }
}

impl script::Host for PluginState {
    fn main(&mut self) -> wasmtime::Result<String> {
        Ok(self.script()?.script.main.clone())
    }

    fn files(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.script()?.script.files.keys().cloned().collect())
    }

    fn read(&mut self, name: String) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let text = self.script()?.script.files.get(&name).cloned();
        Ok(text.ok_or_else(|| format!("{name}: the plugin has no such file")))
    }

    fn compiled(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.script()?.compiled.get(&name).cloned())
    }
}

impl context::HostJobEnd for PluginState {
    fn complete(&mut self, end: Resource<JobEndHandle>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&end)?.0.complete)
    }

    fn frames_done(&mut self, end: Resource<JobEndHandle>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&end)?.0.frames_done)
    }

    fn frames_failed(&mut self, end: Resource<JobEndHandle>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&end)?.0.frames_failed)
    }

    fn seconds(&mut self, end: Resource<JobEndHandle>) -> wasmtime::Result<f64> {
        Ok(self.table.get(&end)?.0.seconds.0)
    }

    fn drop(&mut self, end: Resource<JobEndHandle>) -> wasmtime::Result<()> {
        self.table.delete(end)?;
        Ok(())
    }
}

impl context::HostTask for PluginState {
    fn job(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<Resource<JobHandle>> {
        let job = Arc::clone(&self.task(&task)?.job);
        Ok(self.table.push(JobHandle(job))?)
    }

    fn attempt(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<u64> {
        Ok(self.task(&task)?.attempt.0)
    }

    fn frames(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<Vec<types::FrameRun>> {
        Ok(convert::runs(&self.task(&task)?.frames))
    }

    fn layer(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.task(&task)?.layer.clone())
    }

    fn level(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<u32> {
        Ok(self.task(&task)?.level)
    }

    fn try_number(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<u32> {
        Ok(self.task(&task)?.try_number)
    }

    fn threads(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<u32> {
        Ok(self.task(&task)?.threads)
    }

    fn memory_bytes(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<u64> {
        Ok(self.task(&task)?.memory_bytes)
    }

    fn gpus(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<Vec<context::Gpu>> {
        Ok(self.task(&task)?.gpus.iter().map(convert::gpu).collect())
    }

    fn tools(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<Vec<context::Tool>> {
        Ok(self.task(&task)?.tools.iter().map(convert::tool).collect())
    }

    fn scratch(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<String> {
        Ok(convert::path(&self.task(&task)?.scratch))
    }

    fn staging(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<String> {
        Ok(convert::path(&self.task(&task)?.staging))
    }

    fn drop(&mut self, task: Resource<TaskHandle>) -> wasmtime::Result<()> {
        self.table.delete(task)?;
        Ok(())
    }
}

impl context::HostOutcome for PluginState {
    fn exit_code(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<Option<i32>> {
        Ok(self.outcome(&outcome)?.exit_code)
    }

    fn signal(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<Option<i32>> {
        Ok(self.outcome(&outcome)?.signal)
    }

    fn ended_by(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<context::EndedBy> {
        Ok(convert::ended_by(self.outcome(&outcome)?.ended_by))
    }

    fn seconds(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<f64> {
        Ok(self.outcome(&outcome)?.seconds.0)
    }

    fn frames_done(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<Vec<types::FrameRun>> {
        Ok(convert::runs(&self.outcome(&outcome)?.frames_done))
    }

    fn frames_missing(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<Vec<types::FrameRun>> {
        Ok(convert::runs(&self.outcome(&outcome)?.frames_missing))
    }

    fn faults(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<Vec<types::Fault>> {
        Ok(self.outcome(&outcome)?.faults.iter().map(convert::to_fault).collect())
    }

    fn facts(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<Vec<types::Fact>> {
        Ok(self.outcome(&outcome)?.facts.iter().map(convert::to_fact).collect())
    }

    fn drop(&mut self, outcome: Resource<OutcomeHandle>) -> wasmtime::Result<()> {
        self.table.delete(outcome)?;
        Ok(())
    }
}
