//! Which runners of scripts are installed, and in what state: for whoever has to put that right. It compiles nothing.

use crate::error::PluginError;
use crate::host::PluginHost;
use crate::script::Language;
use std::path::PathBuf;

/// The runner of one language on this machine.
#[derive(Debug, Clone)]
pub struct InstalledRunner {
    /// The language.
    pub language: Language,
    /// Where it was looked for, in this order.
    pub looked: Vec<PathBuf>,
    /// In what state it is.
    pub state: RunnerState,
}

/// In what state a runner is.
#[derive(Debug, Clone)]
pub enum RunnerState {
    /// It is not there.
    Missing {
        /// How to get it.
        message: String,
    },
    /// It is there, and would not be loaded.
    Refused {
        /// Where.
        path: PathBuf,
        /// Why.
        error: PluginError,
    },
    /// It is there, and of this contract.
    Ready {
        /// Where.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Whether its compiled code is kept already; otherwise the first script waits some seconds for that.
        compiled: bool,
    },
}

impl PluginHost {
    /// The runners, by language. Reads them, and so blocks for a moment.
    #[must_use]
    pub fn installed_runners(&self) -> Vec<InstalledRunner> {
        let looked = self.settings().runners.clone();
        let installed = |language| InstalledRunner {
            language,
            looked: looked.clone(),
            state: self.runtime().runner_state(language),
        };
        Language::ALL.into_iter().map(installed).collect()
    }
}
