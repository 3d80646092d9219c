//! The load gate: what a file must pass before it may serve, off to the side of what serves now.
//!
//! In order: a candidate (`candidate`); of this contract; compiled, or taken from the cache; linked; a script's runner
//! prepares it; `describe` asked twice, in instances of their own; the description checked.

use crate::bindings::{HookedPre, NeedingPre, Plugin, PluginPre, ScriptRunner, ScriptRunnerPre, script};
use crate::cache::{CacheError, CodeCache};
use crate::call::{Caller, Gatekeeper, Session, Setup};
use crate::candidate::{Candidate, Content};
use crate::contract::Role;
use crate::engine::PluginEngine;
use crate::error::{PluginError, PluginErrorKind};
use crate::installed::RunnerState;
use crate::limits::Limits;
use crate::observer::LogRate;
use crate::options::OptionsSchema;
use crate::script::{Language, Runner, Runners, Script, ScriptText};
use crate::settings::{Grant, PluginSettings};
use crate::sight::Grants;
use crate::state::PluginState;
use crate::versions::{KeptError, Vault, VaultError};
use crate::{contract, convert, descriptor};
use farmhand_model::Digest;
use farmhand_model::dcc::Descriptor;
use futures::FutureExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

/// What every load and call of a plugin shares.
pub(crate) struct Runtime {
    engine: PluginEngine,
    linker: Linker<PluginState>,
    cache: CodeCache,
    runners: Runners,
    pub(crate) vault: Vault,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) settings: PluginSettings,
}

/// Why no plugin can be loaded at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuntimeError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the plugin engine does not start: {0:#}")]
    Engine(wasmtime::Error),
}

/// A plugin that has passed the gate.
pub(crate) struct Gated {
    pub(crate) pre: PluginPre<PluginState>,
    /// Absent where it exports no hooks, or its script has none.
    pub(crate) hooks: Option<HookedPre<PluginState>>,
    /// Absent where it does not say what its tasks need.
    pub(crate) needs: Option<NeedingPre<PluginState>>,
    /// What its runner runs; absent for a component.
    pub(crate) script: Option<Arc<ScriptText>>,
    pub(crate) digest: Digest,
    /// The runner of its script.
    pub(crate) runner: Option<Digest>,
    /// Of the file that it came from, to know it again.
    pub(crate) seen: Digest,
    /// Its size; of a script without its runner.
    pub(crate) bytes: u64,
    pub(crate) descriptor: Descriptor,
    pub(crate) schema: OptionsSchema,
    pub(crate) limits: Limits,
    pub(crate) grants: Arc<Grants>,
    pub(crate) log_rate: Arc<LogRate>,
}

/// A candidate that can be called.
struct Callable {
    pre: PluginPre<PluginState>,
    hooks: Option<HookedPre<PluginState>>,
    needs: Option<NeedingPre<PluginState>>,
    script: Option<Arc<ScriptText>>,
    digest: Digest,
    runner: Option<Digest>,
}

impl Runtime {
    pub(crate) fn new(settings: PluginSettings) -> Result<Self, RuntimeError> {
        let engine = PluginEngine::new().map_err(RuntimeError::Engine)?;
        let cache = CodeCache::open(&settings.cache_dir, engine.engine(), settings.cache_bytes)?;
        let linker = linker(&engine).map_err(RuntimeError::Engine)?;
        let gatekeeper = Gatekeeper::new(settings.concurrent_calls);
        let runners = Runners::new(settings.runners.clone());
        let vault = Vault::open(settings.versions.clone())?;
        Ok(Self { engine, linker, cache, runners, vault, gatekeeper, settings })
    }

    /// Takes a candidate through the gate.
    pub(crate) async fn admit(self: &Arc<Self>, candidate: &Candidate) -> Result<Gated, PluginError> {
        let label = &candidate.label;
        let fail = |kind| PluginError::new(label, kind);
        let callable = self.callable(candidate).await?;
        let raw = self.describe(&callable, candidate).await?;
        if self.describe(&callable, candidate).await? != raw {
            let problems = vec!["`describe` answers differently each time it is asked".into()];
            return Err(fail(PluginErrorKind::Invalid { problems }));
        }
        let (descriptor, schema) = descriptor::check(raw).map_err(fail)?;
        let limits = self.settings.limits_of(&descriptor.name, candidate.language());
        let grants = Arc::new(Grants::new(&self.settings.grant_of(&descriptor.name), &limits));
        let log_rate = Arc::new(LogRate::new(limits.log_lines_per_second));
        let Callable { pre, hooks, needs, script, digest, runner } = callable;
        let (seen, bytes) = (candidate.seen.clone(), candidate.bytes());
        Ok(Gated {
            pre,
            hooks,
            needs,
            script,
            digest,
            runner,
            seen,
            bytes,
            descriptor,
            schema,
            limits,
            grants,
            log_rate,
        })
    }

    /// Keeps a copy of what has passed, before anybody is told that it serves.
    pub(crate) async fn keep(
        self: &Arc<Self>,
        candidate: &Candidate,
        gated: &Gated,
    ) -> Result<(), PluginError> {
        let (runtime, digest, content) = (Arc::clone(self), gated.digest.clone(), candidate.content.clone());
        let runner = gated.runner.clone();
        let kept = blocking(move || {
            let vault = &runtime.vault;
            let kept = match (&content, &runner) {
                (Content::Component { bytes }, _) => vault.keep_component(bytes, &digest),
                (Content::Packed { runner: bytes, digest: runner, script }, _) => vault
                    .keep_component(bytes, runner)
                    .and_then(|()| vault.keep_script(script, runner, &digest)),
                // The runner was kept when it was loaded.
                (Content::Script { script } | Content::Kept { script, .. }, Some(runner)) => {
                    vault.keep_script(script, runner, &digest)
                }
                (Content::Script { .. } | Content::Kept { .. }, None) => Ok(()),
            };
            kept.map_err(|error| unkept(&error))
        });
        kept.await.map_err(|kind| PluginError::new(&candidate.label, kind))
    }

    /// A version that was kept, through the gate once more.
    pub(crate) async fn admit_kept(
        self: &Arc<Self>,
        label: &str,
        digest: &Digest,
    ) -> Result<Gated, PluginError> {
        let (runtime, label_of, digest_of) = (Arc::clone(self), label.to_owned(), digest.clone());
        let candidate =
            blocking(move || runtime.vault.candidate(&label_of, &digest_of).map_err(|error| lost(&error)));
        let candidate = candidate.await.map_err(|kind| PluginError::new(label, kind))?;
        let gated = self.admit(&candidate).await?;
        if gated.digest != *digest {
            let message = format!("what is kept as {} is another version", digest.short());
            return Err(PluginError::new(label, PluginErrorKind::Host { message }));
        }
        Ok(gated)
    }

    /// Whether the runner of a language would have to be compiled first. Reads all of it where it is not loaded, and
    /// blocks.
    pub(crate) fn is_cold(&self, language: Language) -> bool {
        if self.runners.is_loaded(language) {
            return false;
        }
        let runner = self.runners.path(language).and_then(|path| std::fs::read(path).ok());
        runner.is_some_and(|bytes| !self.cache.holds(&crate::cache::digest(&bytes)))
    }

    /// In what state the runner of a language is. Compiles nothing, but reads it.
    pub(crate) fn runner_state(&self, language: Language) -> RunnerState {
        let Some(path) = self.runners.path(language) else {
            return RunnerState::Missing { message: self.runners.absent(language).to_string() };
        };
        let refused = |kind| PluginError::new(format!("{} runner", language.name()), kind);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let error = refused(PluginErrorKind::Unreadable { message: error.to_string() });
                return RunnerState::Refused { path, error };
            }
        };
        match contract::check(&bytes, Role::Runner) {
            Ok(()) => {
                let compiled = self.cache.holds(&crate::cache::digest(&bytes));
                RunnerState::Ready { path, bytes: bytes.len() as u64, compiled }
            }
            Err(kind) => RunnerState::Refused { path, error: refused(kind) },
        }
    }

    /// The runner of a language, loaded by whoever asks first.
    pub(crate) async fn runner(self: &Arc<Self>, language: Language) -> Result<Arc<Runner>, PluginErrorKind> {
        let read = async |path: PathBuf| {
            blocking(move || {
                let bytes = std::fs::read(&path).map_err(|error| PluginErrorKind::NoRunner {
                    message: format!("its runner {} cannot be read: {error}", path.display()),
                })?;
                let digest = crate::cache::digest(&bytes);
                Ok((path, bytes, digest))
            })
            .await
        };
        let load = async |path| {
            let (path, bytes, digest) = read(path).await?;
            self.linked_runner(digest, async || Ok((bytes.into(), Some(path)))).await
        };
        self.runners.get(language, load).await
    }

    /// The runner with this digest, from its bytes where it is not there yet; kept before it runs anything.
    async fn linked_runner(
        self: &Arc<Self>,
        digest: Digest,
        bytes: impl AsyncFnOnce() -> Result<(Arc<[u8]>, Option<PathBuf>), PluginErrorKind>,
    ) -> Result<Arc<Runner>, PluginErrorKind> {
        let link = async || {
            let (runtime, (bytes, path), digest) = (Arc::clone(self), bytes().await?, digest.clone());
            blocking(move || {
                runtime.vault.keep_component(&bytes, &digest).map_err(|error| unkept(&error))?;
                if let Some(path) = path.or_else(|| runtime.vault.path_of(&digest)) {
                    runtime.compile_outside(&path, &digest);
                }
                runtime.link_runner(&bytes, digest)
            })
            .await
        };
        self.runners.linked(&digest, link).await
    }

    /// Compiles the runners that are installed, one after the other, for the first script that comes.
    pub(crate) async fn warm_up(self: Arc<Self>) {
        for language in Language::ALL {
            if self.runners.path(language).is_some()
                && let Err(error) = self.runner(language).await
            {
                tracing::warn!("the {} runner does not load: {error}", language.name());
            }
        }
    }

    async fn callable(self: &Arc<Self>, candidate: &Candidate) -> Result<Callable, PluginError> {
        let fail = |kind| PluginError::new(&candidate.label, kind);
        let (runtime, seen) = (Arc::clone(self), candidate.seen.clone());
        let (runner, script) = match &candidate.content {
            Content::Component { bytes } => {
                let bytes = Arc::clone(bytes);
                return blocking(move || runtime.link(&bytes, seen)).await.map_err(fail);
            }
            Content::Script { script } => {
                (self.runner(script.language).await.map_err(fail)?, Arc::clone(script))
            }
            Content::Packed { runner, digest, script } => {
                let bytes = async || Ok((Arc::clone(runner), None));
                (self.linked_runner(digest.clone(), bytes).await.map_err(fail)?, Arc::clone(script))
            }
            Content::Kept { runner, script } => {
                let digest = runner.clone();
                let bytes = async || {
                    let read = blocking(move || runtime.vault.runner(&digest).map_err(|error| lost(&error)));
                    Ok((read.await?, None))
                };
                (self.linked_runner(runner.clone(), bytes).await.map_err(fail)?, Arc::clone(script))
            }
        };
        self.prepare(candidate, &runner, script).await
    }

    /// Has a runner look at all of a script and run it once.
    async fn prepare(
        &self,
        candidate: &Candidate,
        runner: &Runner,
        script: Arc<Script>,
    ) -> Result<Callable, PluginError> {
        let function = "prepare";
        let unprepared = ScriptText { script: Arc::clone(&script), compiled: crate::script::Compiled::new() };
        let limits = self.settings.limits_of(&candidate.stem(), candidate.language());
        let setup = self.unknown(candidate, &limits, Some(Arc::new(unprepared)));
        let _permit =
            self.gatekeeper.permit().await.map_err(|kind| PluginError::new(&candidate.label, kind))?;
        let mut session: Session<ScriptRunner> =
            Session::open(&runner.prepare, setup, function, limits.call).await?;
        let answer = session
            .call(function, limits.call, |runner, store| {
                runner.farmhand_dcc_runner().call_prepare(store).boxed()
            })
            .await?;
        let prepared = answer.map_err(|error| session.error(function, convert::guest_error(error)))?;
        session.settled(function);
        let compiled = prepared.compiled.into_iter().map(|unit| (unit.name, unit.code)).collect();
        Ok(Callable {
            pre: runner.pre.clone(),
            hooks: prepared.has_hooks.then(|| runner.hooks.clone()),
            needs: runner.needs.clone(),
            digest: script.digest(&runner.digest),
            runner: Some(runner.digest.clone()),
            script: Some(Arc::new(ScriptText { script, compiled })),
        })
    }

    /// Everything before the first instruction of a plugin that is a component. Blocks.
    fn link(&self, bytes: &[u8], digest: Digest) -> Result<Callable, PluginErrorKind> {
        let pre = self.instance_pre(bytes, &digest, Role::Plugin)?;
        let extras = contract::extras(bytes);
        let hooks = extras.hooks.then(|| HookedPre::new(pre.clone())).transpose();
        let needs = extras.needs.then(|| NeedingPre::new(pre.clone())).transpose();
        Ok(Callable {
            pre: PluginPre::new(pre).map_err(|error| mismatch(&error))?,
            hooks: hooks.map_err(|error| mismatch(&error))?,
            needs: needs.map_err(|error| mismatch(&error))?,
            script: None,
            digest,
            runner: None,
        })
    }

    /// Has a runner that was never compiled before compiled elsewhere, where somebody does that. Blocks for seconds.
    fn compile_outside(&self, runner: &Path, digest: &Digest) {
        let Some(compiler) = self.settings.compiler.as_ref().filter(|_| !self.cache.holds(digest)) else {
            return;
        };
        if let Err(error) = compiler.compile(runner) {
            tracing::warn!(runner = %runner.display(), "compiling it in a process of its own failed: {error}");
        }
    }

    /// The same for a runner. Blocks, for seconds where it was never compiled before.
    fn link_runner(&self, bytes: &[u8], digest: Digest) -> Result<Runner, PluginErrorKind> {
        let pre = self.instance_pre(bytes, &digest, Role::Runner)?;
        // One that was kept for an earlier version of a script may be older than this part of the contract.
        let needs = contract::extras(bytes).needs.then(|| NeedingPre::new(pre.clone())).transpose();
        Ok(Runner {
            needs: needs.map_err(|error| mismatch(&error))?,
            digest,
            pre: PluginPre::new(pre.clone()).map_err(|error| mismatch(&error))?,
            hooks: HookedPre::new(pre.clone()).map_err(|error| mismatch(&error))?,
            prepare: ScriptRunnerPre::new(pre).map_err(|error| mismatch(&error))?,
        })
    }

    /// A component of this contract, compiled or taken from the cache, with all that it imports.
    fn instance_pre(
        &self,
        bytes: &[u8],
        digest: &Digest,
        role: Role,
    ) -> Result<InstancePre<PluginState>, PluginErrorKind> {
        contract::check(bytes, role)?;
        let component = match self.cache.load(self.engine.engine(), digest) {
            Some(component) => component,
            None => self.compile(bytes, digest)?,
        };
        self.linker.instantiate_pre(&component).map_err(|error| mismatch(&error))
    }

    fn compile(&self, bytes: &[u8], digest: &Digest) -> Result<Component, PluginErrorKind> {
        contract::validate(bytes)?;
        let failed = |error: wasmtime::Error| PluginErrorKind::Foreign {
            message: format!("cannot be compiled: {error:#}"),
        };
        let component = Component::from_binary(self.engine.engine(), bytes).map_err(failed)?;
        self.cache.store(digest, &component);
        Ok(component)
    }

    /// Asks a fresh instance to describe itself.
    async fn describe(
        &self,
        callable: &Callable,
        candidate: &Candidate,
    ) -> Result<descriptor::Raw, PluginError> {
        let function = "describe";
        let limits = self.settings.limits_of(&candidate.stem(), candidate.language());
        let setup = self.unknown(candidate, &limits, callable.script.clone());
        let _permit =
            self.gatekeeper.permit().await.map_err(|kind| PluginError::new(&candidate.label, kind))?;
        let mut session: Session = Session::open(&callable.pre, setup, function, limits.describe).await?;
        let answer = session
            .call(function, limits.describe, |plugin, store| {
                plugin.farmhand_dcc_dcc().call_describe(store).boxed()
            })
            .await?;
        let raw = answer.map_err(|error| session.error(function, convert::guest_error(error)))?;
        session.settled(function);
        Ok(convert::descriptor(raw))
    }

    /// An instance of a candidate that has not told its name: nothing is granted to it.
    fn unknown<'a>(
        &self,
        candidate: &Candidate,
        limits: &'a Limits,
        script: Option<Arc<ScriptText>>,
    ) -> Setup<'a> {
        let caller = Caller {
            name: candidate.label.clone(),
            stamp: None,
            log_rate: Arc::new(LogRate::new(limits.log_lines_per_second)),
            observers: Vec::new(),
        };
        Setup { caller, grants: Arc::new(Grants::new(&Grant::default(), limits)), limits, script }
    }
}

fn unkept(error: &std::io::Error) -> PluginErrorKind {
    let message = format!("a copy of it cannot be kept, so it does not serve: {error}");
    PluginErrorKind::NotKept { message }
}

fn lost(error: &KeptError) -> PluginErrorKind {
    PluginErrorKind::Host { message: error.to_string() }
}

fn mismatch(error: &wasmtime::Error) -> PluginErrorKind {
    let message = format!("does not fit the contract: {error:#}; build it against this farmhand's contract");
    PluginErrorKind::Incompatible { message }
}

/// Runs what blocks off to the side.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PluginErrorKind> + Send + 'static,
) -> Result<T, PluginErrorKind> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(PluginErrorKind::Host { message: format!("the compiler broke off: {error}") })
    })
}

/// Compiles a component into the code cache of these settings, for a host with the same settings to find it there;
/// does nothing where it is there already.
///
/// # Errors
/// When the cache is not safe, or the component cannot be read or compiled.
pub fn compile_into_cache(settings: PluginSettings, component: &Path) -> Result<(), String> {
    let runtime = Runtime::new(settings).map_err(|error| error.to_string())?;
    let bytes = std::fs::read(component).map_err(|error| format!("{}: {error}", component.display()))?;
    let digest = crate::cache::digest(&bytes);
    if runtime.cache.holds(&digest) {
        return Ok(());
    }
    runtime.compile(&bytes, &digest).map(drop).map_err(|kind| format!("{}: {kind}", component.display()))
}

/// All that a guest can reach: the contract, and WASI with nothing behind it.
fn linker(engine: &PluginEngine) -> wasmtime::Result<Linker<PluginState>> {
    let mut linker = Linker::new(engine.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    script::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}
