//! The guest side of farmhand's plugin contract (`wit/v0`), for plugins written in Rust.
//!
//! A plugin is one type that implements [`Plugin`], a reader that implements [`Reader`], and one line that exports
//! them:
//!
//! ```
//! use farmhand_sdk::prelude::*;
//!
//! struct Sleeper;
//!
//! #[derive(Default)]
//! struct Lines;
//!
//! impl Plugin for Sleeper {
//!     type Reader = Lines;
//!
//!     fn describe() -> Descriptor {
//!         Descriptor {
//!             name: "sleeper".into(),
//!             version: "0.1.0".into(),
//!             summary: "Sleeps where others render.".into(),
//!             extensions: vec!["sleep".into()],
//!             supports: "*".into(),
//!             tools: vec![ToolSpec::named("sleep", &["sleep"])],
//!             levels: vec![Level::new("only", "Sleeps.", &["sleep"], FrameShape::Any)],
//!             options_schema: serde_json::json!({ "type": "object", "additionalProperties": false }),
//!         }
//!     }
//!
//!     fn build_command(_task: &Task) -> Result<Command, PluginError> {
//!         Ok(Command::new("sleep").arg("1").verify(Verify::ExitCode))
//!     }
//!
//!     fn reader(_task: &Task) -> Lines {
//!         Lines
//!     }
//! }
//!
//! impl Reader for Lines {
//!     fn line(&mut self, line: &str, events: &mut Vec<Event>) {
//!         if let Some(text) = line.strip_prefix("warning: ") {
//!             events.push(Event::warning(text));
//!         }
//!     }
//! }
//!
//! farmhand_sdk::export!(Sleeper);
//! ```
//!
//! Everything the host hands in is a plain struct here, filled once from the contract's resources, so a plugin's
//! whole logic runs under `cargo test` without a host. Built for `wasm32-wasip2`, the same code is the component.
//!
//! What a plugin has besides the traits:
//!
//! - [`FrameRuns`]: frames as the host hands them out, expanded or written in a DCC's own syntax.
//! - [`Job::options`]: the job's options as a `serde` type, with mistakes as JSON pointers.
//! - [`Template`] and [`path`]: output names with `####`, `{layer}` and `{frame}`, on Windows paths too.
//! - [`Images`]: what a task's images are called while they are rendered, and where they go.
//! - [`Matcher`]: a whole reader from a table of patterns: `"frame {frame} {percent}%"`, `"wrote {path}"`.
//! - [`text`] and [`Rules`]: reading a line cheaply by hand; [`Teller`]: telling each warning and fault once.
//! - [`Needs`]: the memory and the GPUs that a task needs, at each level; [`Plugin::needs`] says it.
//! - [`Hooks`]: what to do before and after jobs and tasks; exported with `export!(Plugin, hooks)`.
//! - [`report`]: what a generated Python script tells farmhand, on both sides.
//! - [`policy::standard`]: what the end of an attempt means for most DCCs; it is what `judge` does by itself.
//! - [`info!`], [`warn!`], [`error!`], [`debug!`], [`host::config`], [`host::read_file`], [`host::scan`]: what the host grants.

mod command;
mod context;
mod descriptor;
mod error;
mod event;
mod frames;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
mod hooks;
pub mod host;
mod images;
mod matcher;
mod needs;
mod options;
pub mod path;
mod plugin;
pub mod policy;
pub mod report;
mod rules;
mod teller;
mod template;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
mod verdict;

pub use command::{Command, Image, Movie, Output, TextFile, Verify};
pub use context::{EndedBy, Gpu, Job, Outcome, PathRule, PreparedJob, Problem, Task, Tool};
pub use descriptor::{Descriptor, FrameShape, Level, ToolSpec};
pub use error::PluginError;
pub use event::{Cause, Event, Fact, Fault, Severity};
pub use frames::{FrameRun, FrameRuns, FrameStyle};
pub use hooks::{Action, Hook, HookScript, Hooks, JobEnd, Moment, OnFailure};
pub use images::Images;
pub use matcher::{Found, Line, Matcher, Means, line};
pub use needs::{GpuNeed, Needs};
pub use plugin::{Plugin, Reader};
pub use rules::{Rule, Rules, row};
pub use teller::Teller;
pub use template::{Template, TemplateError};
pub use verdict::{Decision, Verdict};

/// What most plugins bring into scope.
pub mod prelude {
    pub use crate::{
        Action, Cause, Command, Decision, Descriptor, EndedBy, Event, Fact, Fault, Found, FrameRun,
        FrameRuns, FrameShape, FrameStyle, GpuNeed, Hook, HookScript, Hooks, Image, Images, Job, JobEnd,
        Level, Line, Matcher, Means, Moment, Movie, Needs, OnFailure, Outcome, Output, PathRule, Plugin,
        PluginError, PreparedJob, Problem, Reader, Rule, Rules, Severity, Task, Teller, Template, TextFile,
        Tool, ToolSpec, Verdict, Verify, host, line, path, policy, report, text,
    };
}
