//! What a plugin says of itself. What it does with a job is not here.

use serde_json::Value;

/// Which frames one process can take at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameShape {
    /// Any set of frames: `1,5,10-20`.
    Any,
    /// One run with a fixed step: `10-20`, `1-9x2`.
    Stepped,
    /// One frame a process.
    Single,
}

/// How the host finds a program: by name on PATH, then at the globs; the newest version that the job's requirement
/// allows wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSpec {
    /// What commands and levels call it.
    pub id: String,
    /// Names to look for on PATH.
    pub names: Vec<String>,
    /// Install places, as absolute globs.
    pub globs: Vec<String>,
    /// Arguments that make it print its version; empty: the version is read from its path.
    pub version_args: Vec<String>,
}

impl ToolSpec {
    /// A tool that is looked for on PATH only and has no version.
    #[must_use]
    pub fn named(id: &str, names: &[&str]) -> Self {
        Self { id: id.into(), names: owned(names), globs: Vec::new(), version_args: Vec::new() }
    }

    /// Looks at these places too.
    #[must_use]
    pub fn globs(mut self, globs: &[&str]) -> Self {
        self.globs = owned(globs);
        self
    }

    /// Asks it for its version with these arguments.
    #[must_use]
    pub fn version_args(mut self, args: &[&str]) -> Self {
        self.version_args = owned(args);
        self
    }
}

/// One way to render a task. Levels are tried in order: the first is preferred, the last is the last resort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Such as `render` or `safe`.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Ids of the tools that this level needs.
    pub tools: Vec<String>,
    /// Which frames one process takes.
    pub frames: FrameShape,
}

impl Level {
    /// A level.
    #[must_use]
    pub fn new(name: &str, summary: &str, tools: &[&str], frames: FrameShape) -> Self {
        Self { name: name.into(), summary: summary.into(), tools: owned(tools), frames }
    }
}

/// What a plugin says of itself: the same on every call.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// What jobs, configuration and pages call it: lower case letters, digits and `-`.
    pub name: String,
    /// The plugin's own version (semver); `env!("CARGO_PKG_VERSION")` is a good one.
    pub version: String,
    /// What it is for, in one line.
    pub summary: String,
    /// Scene-file extensions that select it, lower case, without the dot.
    pub extensions: Vec<String>,
    /// DCC versions that it supports: a semver requirement such as `>=2022, <2027`.
    pub supports: String,
    /// Programs that it may run.
    pub tools: Vec<ToolSpec>,
    /// At least one.
    pub levels: Vec<Level>,
    /// JSON Schema of a job's options. The host checks jobs against it, and the page draws its form from each
    /// property's `title`, `description`, `default` and `enum`.
    pub options_schema: Value,
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
