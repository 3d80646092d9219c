//! What a job may ask of Nuke. The schema in `describe` says the same to people; a test holds them together.

use crate::scene::Script;
use farmhand_sdk::prelude::*;
use serde::Deserialize;

/// How a task is rendered, by the index of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `nuke -t` with a generated script.
    Script,
    /// `nuke -x -X Write -F frames`.
    Execute,
    /// The same on the CPU, one frame a process, ending at the first error.
    Safe,
}

/// How many levels there are.
pub const LEVELS: usize = 3;

impl Level {
    /// The level that a task asks for.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        task.level.into()
    }

    /// As the descriptor calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Script => "script",
            Level::Execute => "execute",
            Level::Safe => "safe",
        }
    }
}

impl From<u32> for Level {
    fn from(index: u32) -> Self {
        match index {
            0 => Level::Script,
            1 => Level::Execute,
            _ => Level::Safe,
        }
    }
}

/// Which of the script's two sizes is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// `-f`
    Full,
    /// `-p`
    Proxy,
}

/// Which licence Nuke takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Licence {
    /// `nuke_r`
    Render,
    /// `nuke_i`
    Interactive,
}

impl Licence {
    /// What the licence server calls it.
    #[must_use]
    pub fn feature(self) -> &'static str {
        match self {
            Licence::Render => "nuke_r",
            Licence::Interactive => "nuke_i",
        }
    }
}

/// Where the generated scripts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScriptPlace {
    /// In `py/{script}` beside the Nuke script.
    Beside,
    /// In the attempt's own directory.
    Scratch,
}

/// A job's options.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Views to render; empty: all of the script's.
    pub views: Vec<String>,
    /// Full size or proxy; absent: as the script was saved.
    pub size: Option<Size>,
    /// Values for `[argv 0]`, `[argv 1]`, … in the script's file names.
    pub argv: Vec<String>,
    /// Whether a frame that fails ends the process.
    pub continue_on_error: bool,
    /// Whether `--sro` is given.
    pub render_order: bool,
    /// Start as NukeX.
    pub nukex: bool,
    /// Which licence.
    pub licence: Licence,
    /// Whether the leased GPU is used.
    pub gpu: bool,
    /// Limit of the cache's memory, such as `8G`.
    pub cache_memory: Option<String>,
    /// Nuke's own verbosity.
    pub verbosity: Option<u8>,
    /// Where the generated scripts lie.
    pub script_place: ScriptPlace,
    /// Whether the directories of the images are made.
    pub make_directories: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            views: Vec::new(),
            size: None,
            argv: Vec::new(),
            continue_on_error: true,
            render_order: false,
            nukex: false,
            licence: Licence::Render,
            gpu: false,
            cache_memory: None,
            verbosity: None,
            script_place: ScriptPlace::Beside,
            make_directories: true,
        }
    }
}

impl Options {
    /// Whether a script is rendered in proxy size.
    #[must_use]
    pub fn is_proxy(&self, script: &Script) -> bool {
        self.size.map_or(script.proxy, |size| size == Size::Proxy)
    }
}
