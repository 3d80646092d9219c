//! Plugins that are scripts: their text, and the runners that run it.
//!
//! A script and its runner come out as one more component to everything else here: `runners` compiles each runner
//! once, `files` reads and packs a script's text, and `gate` puts the two together.

mod files;
mod runners;

pub(crate) use files::{Compiled, Script, ScriptText, files_of, is_script, split};
pub(crate) use runners::{Runner, Runners};

pub use files::{Language, PackError, ScriptProblem, pack};
