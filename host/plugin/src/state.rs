//! What belongs to one store: the guest's resources, its limits and its log; and the host's side of the contract.
//!
//! No host function here changes anything outside the store.

use crate::bindings::{context, host, types};
use crate::convert;
use crate::limits::{Limits, StoreLimiter};
use crate::logring::{LogLevel, LogRing, Stream};
use crate::settings::Grant;
use farmhand_model::dcc::{JobContext, Outcome, TaskContext};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::component::{Resource, ResourceTable};
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

/// Raised when a guest's running time is up.
#[derive(Debug, thiserror::Error)]
#[error("out of time")]
pub(crate) struct OutOfTime;

/// Running time left, in epoch ticks.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) ticks_left: u64,
}

/// What a plugin may see, prepared for its calls.
#[derive(Debug)]
pub(crate) struct Grants {
    config: String,
    read: Vec<PathBuf>,
    file_limit: u64,
}

impl Grants {
    pub(crate) fn new(grant: &Grant, limits: &Limits) -> Self {
        Self { config: grant.config.to_string(), read: grant.read.clone(), file_limit: limits.file }
    }

    /// The text of a file under a granted directory.
    fn read_file(&self, path: &str) -> Result<String, String> {
        let real = self.resolve(path)?.ok_or_else(|| format!("{path}: no such file"))?;
        let failed = |error: std::io::Error| format!("{path}: {error}");
        let metadata = real.metadata().map_err(failed)?;
        // A pipe or a device would block the host.
        if !metadata.is_file() {
            return Err(format!("{path}: not a regular file"));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&real).map_err(failed)?;
        file.take(self.file_limit + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > self.file_limit {
            return Err(format!("{path}: larger than {} bytes, the limit", self.file_limit));
        }
        String::from_utf8(bytes).map_err(|_| format!("{path}: not UTF-8 text"))
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        Ok(self.resolve(path)?.is_some_and(|real| real.is_file()))
    }

    /// Where a path really leads, all links followed: inside a granted directory, to nothing, or refused. A relative
    /// path is looked for in each granted directory in turn.
    fn resolve(&self, path: &str) -> Result<Option<PathBuf>, String> {
        let mut allowed = false;
        for granted in &self.read {
            // A granted directory that is away at the moment grants nothing.
            let Ok(granted) = granted.canonicalize() else { continue };
            match real_path(&granted.join(path)) {
                (real, true) if real.starts_with(&granted) => return Ok(Some(real)),
                (real, false) if real.starts_with(&granted) => allowed = true,
                _ => {}
            }
        }
        match allowed {
            true => Ok(None),
            false => Err(format!("{path}: not in a directory that this plugin may read")),
        }
    }
}

/// The path with all links followed, and whether it exists; where it does not, its nearest existing ancestor.
fn real_path(path: &Path) -> (PathBuf, bool) {
    let mut exists = true;
    for ancestor in path.ancestors() {
        // `missing/../..` must not climb out through what is not there.
        if !exists && ancestor.ends_with("..") {
            break;
        }
        if let Ok(real) = ancestor.canonicalize() {
            return (real, exists);
        }
        exists = false;
    }
    (PathBuf::new(), false)
}

/// The data of one store.
pub(crate) struct PluginState {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: StoreLimiter,
    pub(crate) log: LogRing,
    pub(crate) budget: Budget,
    grants: Arc<Grants>,
}

impl PluginState {
    pub(crate) fn new(grants: Arc<Grants>, limits: &Limits) -> Self {
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
            grants,
        }
    }

    fn job(&self, handle: &Resource<JobHandle>) -> wasmtime::Result<&JobContext> {
        Ok(&self.table.get(handle)?.0)
    }

    fn task(&self, handle: &Resource<TaskHandle>) -> wasmtime::Result<&TaskContext> {
        Ok(&self.table.get(handle)?.0)
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
        Ok(self.grants.config.clone())
    }

    async fn read_file(&mut self, path: String) -> wasmtime::Result<Result<String, String>> {
        let grants = Arc::clone(&self.grants);
        Ok(tokio::task::spawn_blocking(move || grants.read_file(&path)).await?)
    }

    async fn file_exists(&mut self, path: String) -> wasmtime::Result<Result<bool, String>> {
        let grants = Arc::clone(&self.grants);
        Ok(tokio::task::spawn_blocking(move || grants.file_exists(&path)).await?)
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

    fn drop(&mut self, job: Resource<JobHandle>) -> wasmtime::Result<()> {
        self.table.delete(job)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(read: &[&Path]) -> Grants {
        let grant = Grant { read: read.iter().map(|path| path.to_path_buf()).collect(), ..Grant::default() };
        Grants::new(&grant, &Limits { file: 16, ..Limits::default() })
    }

    #[test]
    #[cfg(unix)]
    fn reads_stay_in_the_granted_directories() {
        let root = tempfile::tempdir().unwrap();
        let (granted, outside) = (root.path().join("granted"), root.path().join("outside"));
        for dir in [&granted, &outside, &granted.join("deep")] {
            std::fs::create_dir(dir).unwrap();
        }
        std::fs::write(granted.join("a.txt"), "inside").unwrap();
        std::fs::write(granted.join("long.txt"), "more than sixteen").unwrap();
        std::fs::write(granted.join("raw.bin"), [0xff, 0xfe]).unwrap();
        std::fs::write(outside.join("secret.txt"), "secret").unwrap();
        std::os::unix::fs::symlink(outside.join("secret.txt"), granted.join("link.txt")).unwrap();
        std::os::unix::fs::symlink("../a.txt", granted.join("deep/back.txt")).unwrap();
        std::os::unix::fs::symlink(&outside, granted.join("way-out")).unwrap();
        let absolute = granted.join("a.txt");
        let secret = outside.join("secret.txt");

        let grants = grants(&[&root.path().join("not-there"), &granted]);
        let refused = "may read";
        for (path, expect) in [
            ("a.txt", Ok("inside")),
            (absolute.to_str().unwrap(), Ok("inside")),
            ("deep/../a.txt", Ok("inside")),
            ("deep/back.txt", Ok("inside")),
            ("none.txt", Err("no such file")),
            ("deep", Err("not a regular file")),
            ("long.txt", Err("limit")),
            ("raw.bin", Err("UTF-8")),
            ("link.txt", Err(refused)),
            ("way-out/secret.txt", Err(refused)),
            ("way-out/none.txt", Err(refused)),
            ("../outside/secret.txt", Err(refused)),
            ("none/../../outside/secret.txt", Err(refused)),
            (secret.to_str().unwrap(), Err(refused)),
            ("/etc/passwd", Err(refused)),
        ] {
            match (grants.read_file(path), expect) {
                (Ok(text), Ok(expect)) => assert_eq!(text, expect, "{path}"),
                (Err(error), Err(expect)) => assert!(error.contains(expect), "{path}: {error}"),
                (got, expect) => panic!("{path}: {got:?}, not {expect:?}"),
            }
        }
        assert_eq!(grants.file_exists("a.txt"), Ok(true));
        assert_eq!(grants.file_exists("none.txt"), Ok(false));
        assert!(grants.file_exists("way-out/secret.txt").is_err());
    }

    #[test]
    fn without_a_grant_nothing_is_read() {
        assert!(grants(&[]).read_file("/etc/hostname").is_err());
        assert!(grants(&[]).file_exists("Cargo.toml").is_err());
    }
}
