//! The runners: one component a language, compiled once and shared by all its scripts.
//!
//! Compiling CPython takes seconds. It happens in the background, the first time that it is needed or when the host is
//! told to warm up; afterwards the compiled code comes from the cache.

use super::files::{Language, runner_of};
use crate::bindings::{HookedPre, NeedingPre, PluginPre, ScriptRunnerPre};
use crate::error::PluginErrorKind;
use crate::state::PluginState;
use farmhand_model::Digest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// A runner, linked.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) digest: Digest,
    pub(crate) pre: PluginPre<PluginState>,
    pub(crate) hooks: HookedPre<PluginState>,
    /// Absent where it is of an earlier farmhand.
    pub(crate) needs: Option<NeedingPre<PluginState>>,
    pub(crate) prepare: ScriptRunnerPre<PluginState>,
}

/// The runners that are installed on this machine, and those that kept and packed scripts bring.
pub(crate) struct Runners {
    dirs: Vec<PathBuf>,
    loaded: BTreeMap<Language, OnceCell<Arc<Runner>>>,
    /// All of them, so that none is compiled or held twice. There are as many as a farm ever had versions of runners.
    linked: Mutex<BTreeMap<Digest, Arc<OnceCell<Arc<Runner>>>>>,
}

impl Runners {
    pub(crate) fn new(dirs: Vec<PathBuf>) -> Self {
        let loaded = Language::ALL.into_iter().map(|language| (language, OnceCell::new())).collect();
        Self { dirs, loaded, linked: Mutex::default() }
    }

    /// The runner with these bytes. Whoever asks first has it linked by `link`; the others wait for that. A failure is
    /// not kept.
    pub(crate) async fn linked(
        &self,
        digest: &Digest,
        link: impl AsyncFnOnce() -> Result<Runner, PluginErrorKind>,
    ) -> Result<Arc<Runner>, PluginErrorKind> {
        let cell = {
            let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(linked.entry(digest.clone()).or_default())
        };
        cell.get_or_try_init(async || link().await.map(Arc::new)).await.cloned()
    }

    /// The runner of a language. Whoever asks first has it loaded by `load`; the others wait for that. A failure is
    /// not kept, so that a runner which is installed later is found.
    pub(crate) async fn get(
        &self,
        language: Language,
        load: impl AsyncFnOnce(PathBuf) -> Result<Arc<Runner>, PluginErrorKind>,
    ) -> Result<Arc<Runner>, PluginErrorKind> {
        let cell = self.loaded.get(&language).ok_or_else(|| self.absent(language))?;
        let runner = cell.get_or_try_init(async || {
            let path = runner_of(language, &self.dirs).ok_or_else(|| self.absent(language))?;
            load(path).await
        });
        runner.await.cloned()
    }

    /// Whether asking for it costs no more than a look.
    pub(crate) fn is_loaded(&self, language: Language) -> bool {
        self.loaded.get(&language).is_some_and(OnceCell::initialized)
    }

    /// Where it is installed.
    pub(crate) fn path(&self, language: Language) -> Option<PathBuf> {
        runner_of(language, &self.dirs)
    }

    pub(crate) fn absent(&self, language: Language) -> PluginErrorKind {
        PluginErrorKind::NoRunner { message: absent(language, &self.dirs) }
    }
}

/// What to say where a runner is missing.
pub(crate) fn absent(language: Language, dirs: &[PathBuf]) -> String {
    let looked: Vec<_> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    format!(
        "needs the {} runner, and {} is not in {}; build it with `scripts/build-runners` in farmhand's sources, or copy \
         it there, or name its directory in `plugins.runners`",
        language.name(),
        language.runner(),
        match looked.is_empty() {
            true => "any directory that is configured".to_owned(),
            false => looked.join(" or "),
        }
    )
}
