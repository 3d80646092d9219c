//! The plugin engine: loads components, keeps them apart from everything else, and calls them.
//!
//! This crate is the only one that knows wasmtime. It turns calls on a [`LoadedPlugin`] into bounded calls of a
//! guest and back into `farmhand_model::dcc` types. It decides nothing about jobs, starts no process, and writes
//! nothing but its own code cache and the versions that it keeps.
//!
//! The parts, from the inside out:
//! - `engine`, `limits`, `logring`, `sight`, `state`, `call`: one guest call, bounded in time, memory, log and host data;
//! - `bindings`, `convert`: the contract of `wit/v0` and the plain types behind it;
//! - `script`: plugins that are scripts, and the runners that run them;
//! - `candidate`, `contract`, `descriptor`, `options`, `cache`, `gate`: what a file must pass before it may serve;
//! - `loaded`, `observer`: a plugin that serves, and what its calls cost;
//! - `versions`: every version that was ever live, by content, and what was decided about it;
//! - `registry`, `look`, `watch`, `host`: which plugin serves now, and how a saved file takes over;
//! - `installed`, `stir`: which runners of scripts there are, and when an author saves.

mod bindings;
mod cache;
mod call;
mod candidate;
mod contract;
mod convert;
mod descriptor;
mod engine;
mod error;
mod gate;
mod host;
mod installed;
mod limits;
mod loaded;
mod logring;
mod look;
mod observer;
mod options;
mod registry;
mod script;
mod settings;
mod sight;
mod state;
mod stir;
mod versions;
mod watch;

pub use candidate::{Form, Inspection};
pub use contract::Surface;
pub use error::{PluginError, PluginErrorKind, Responsible, WAITING};
pub use gate::compile_into_cache;
pub use host::{PluginHost, PluginHostError};
pub use installed::{InstalledRunner, RunnerState};
pub use limits::{LimitChange, Limits, Room};
pub use loaded::{LoadedPlugin, Reader};
pub use logring::{LogLevel, LogLine};
pub use observer::{CallObserver, CallReport};
pub use registry::{SelectError, SwapEvent};
pub use script::{Language, PackError, ScriptProblem, pack};
pub use settings::{Builtin, Grant, LoadGate, OutsideCompiler, PluginSettings, Versions, WatchMode};
pub use stir::{Depth, Stir};
pub use versions::VersionError;
