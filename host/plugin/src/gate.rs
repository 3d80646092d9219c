//! The load gate: what a file must pass before it may serve, off to the side of what serves now.
//!
//! In order: all bytes read, within the size limit, hashed; a whole component; of this contract; compiled, or taken
//! from the cache; linked; `describe` asked twice, in instances of their own; the description checked.

use crate::bindings::{HookedPre, Plugin, PluginPre};
use crate::cache::{self, CacheError, CodeCache};
use crate::call::{Caller, Gatekeeper, Session};
use crate::engine::PluginEngine;
use crate::error::{PluginError, PluginErrorKind};
use crate::limits::Limits;
use crate::options::OptionsSchema;
use crate::settings::{Grant, PluginSettings};
use crate::sight::Grants;
use crate::state::PluginState;
use crate::{contract, convert, descriptor};
use farmhand_model::Digest;
use farmhand_model::dcc::Descriptor;
use futures::FutureExt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use wasmtime::component::{Component, HasSelf, Linker};

/// What every load and call of a plugin shares.
pub(crate) struct Runtime {
    engine: PluginEngine,
    linker: Linker<PluginState>,
    cache: CodeCache,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) settings: PluginSettings,
}

/// Why no plugin can be loaded at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuntimeError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("the plugin engine does not start: {0:#}")]
    Engine(wasmtime::Error),
}

/// The bytes of a candidate, and what to call it until it has told its name.
pub(crate) struct Candidate {
    pub(crate) label: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
}

/// A plugin that has passed the gate.
pub(crate) struct Gated {
    pub(crate) pre: PluginPre<PluginState>,
    /// Absent where it exports no hooks.
    pub(crate) hooks: Option<HookedPre<PluginState>>,
    pub(crate) digest: Digest,
    pub(crate) descriptor: Descriptor,
    pub(crate) schema: OptionsSchema,
    pub(crate) limits: Limits,
    pub(crate) grants: Arc<Grants>,
}

/// A component linked, and the same once more where it exports hooks.
type Prepared = (PluginPre<PluginState>, Option<HookedPre<PluginState>>);

/// The name under which the limits of a plugin are looked up while it has not told its own.
fn stem(label: &str) -> &str {
    label.strip_suffix(".wasm").unwrap_or(label)
}

impl Candidate {
    /// Reads a file.
    pub(crate) fn read(path: &Path, settings: &PluginSettings) -> Result<Self, PluginError> {
        let label = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let fail = |kind| PluginError::new(&label, kind);
        let unreadable =
            |error: std::io::Error| fail(PluginErrorKind::Unreadable { message: error.to_string() });
        let limit = settings.limits_of(stem(&label)).component;
        let file = open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(fail(PluginErrorKind::Unreadable { message: "it is no regular file".into() }));
        }
        if metadata.len() > limit {
            return Err(fail(PluginErrorKind::TooLarge { bytes: metadata.len(), limit }));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        // A file that grows while it is read is bounded too.
        file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > limit {
            return Err(fail(PluginErrorKind::TooLarge { bytes: bytes.len() as u64, limit }));
        }
        Ok(Self::new(label, bytes))
    }

    /// Takes bytes that are in memory already.
    pub(crate) fn new(label: impl Into<String>, bytes: Vec<u8>) -> Self {
        let digest = cache::digest(&bytes);
        Self { label: label.into(), bytes, digest }
    }
}

/// Opens a file for reading. A pipe that nobody writes to must not hold the reader up.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::fcntl::OFlag::O_NONBLOCK.bits());
    options.read(true).open(path)
}

impl Runtime {
    pub(crate) fn new(settings: PluginSettings) -> Result<Self, RuntimeError> {
        let engine = PluginEngine::new().map_err(RuntimeError::Engine)?;
        let cache = CodeCache::open(&settings.cache_dir, engine.engine(), settings.cache_bytes)?;
        let linker = linker(&engine).map_err(RuntimeError::Engine)?;
        let gatekeeper = Gatekeeper::new(settings.concurrent_calls);
        Ok(Self { engine, linker, cache, gatekeeper, settings })
    }

    /// Takes a candidate through the gate.
    pub(crate) async fn admit(self: &Arc<Self>, candidate: Candidate) -> Result<Gated, PluginError> {
        let Candidate { label, bytes, digest } = candidate;
        let fail = |kind| PluginError::new(&label, kind);
        let runtime = Arc::clone(self);
        let key = digest.clone();
        let (pre, hooks) = tokio::task::spawn_blocking(move || runtime.prepare(&bytes, &key))
            .await
            .unwrap_or_else(|error| {
                Err(PluginErrorKind::Host { message: format!("the compiler broke off: {error}") })
            })
            .map_err(fail)?;
        let raw = self.describe(&pre, &label).await?;
        if self.describe(&pre, &label).await? != raw {
            let problems = vec!["`describe` answers differently each time it is asked".into()];
            return Err(fail(PluginErrorKind::Invalid { problems }));
        }
        let (descriptor, schema) = descriptor::check(raw).map_err(fail)?;
        let limits = self.settings.limits_of(&descriptor.name).clone();
        let grant = self.settings.grants.get(&descriptor.name).cloned().unwrap_or_default();
        let grants = Arc::new(Grants::new(&grant, &limits));
        Ok(Gated { pre, hooks, digest, descriptor, schema, limits, grants })
    }

    /// Everything before the first instruction of the guest. Blocks.
    fn prepare(&self, bytes: &[u8], digest: &Digest) -> Result<Prepared, PluginErrorKind> {
        contract::check(bytes)?;
        let component = match self.cache.load(self.engine.engine(), digest) {
            Some(component) => component,
            None => self.compile(bytes, digest)?,
        };
        let mismatch = |error: wasmtime::Error| PluginErrorKind::Incompatible {
            message: format!(
                "does not fit the contract: {error:#}; build it against this farmhand's contract"
            ),
        };
        let pre = self.linker.instantiate_pre(&component).map_err(mismatch)?;
        let hooks = match contract::has_hooks(bytes) {
            true => Some(HookedPre::new(pre.clone()).map_err(mismatch)?),
            false => None,
        };
        Ok((PluginPre::new(pre).map_err(mismatch)?, hooks))
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

    /// Asks a fresh instance to describe itself. Nothing is granted to it: who it is is not known yet.
    async fn describe(
        &self,
        pre: &PluginPre<PluginState>,
        label: &str,
    ) -> Result<descriptor::Raw, PluginError> {
        let function = "describe";
        let limits = self.settings.limits_of(stem(label));
        let caller = Caller { name: label.to_owned(), stamp: None };
        let grants = Arc::new(Grants::new(&Grant::default(), limits));
        let _permit = self.gatekeeper.permit().await.map_err(|kind| PluginError::new(label, kind))?;
        let mut session: Session =
            Session::open(pre, caller, grants, limits, function, limits.describe).await?;
        let answer = session
            .call(function, limits.describe, |plugin, store| {
                plugin.farmhand_dcc_dcc().call_describe(store).boxed()
            })
            .await?;
        session.flush_log();
        answer.map(convert::descriptor).map_err(|error| session.error(function, convert::guest_error(error)))
    }
}

/// All that a guest can reach: the contract, and WASI with nothing behind it.
fn linker(engine: &PluginEngine) -> wasmtime::Result<Linker<PluginState>> {
    let mut linker = Linker::new(engine.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}
