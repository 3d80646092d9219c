//! Why a program cannot be had, in words that end in what to do.

use super::finder::FoundTool;
use super::places::variable;
use farmhand_model::dcc::ToolSpec;
use semver::VersionReq;
use std::fmt;

/// No program will do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolProblem {
    /// The program that a person chose cannot be used, and no other is taken in its place.
    #[error("{id}: {found}; put a program that works there, or take that setting out")]
    Chosen {
        /// The tool's id.
        id: String,
        /// The program and what is wrong with it.
        found: Box<FoundTool>,
    },
    /// There is none.
    #[error("{id} was not found: looked for {}; install it, or {}", Looked(looked), Remedy(id))]
    NotFound {
        /// The tool's id.
        id: String,
        /// Where was looked, each as one phrase.
        looked: Vec<String>,
    },
    /// There are some, and none of them will do.
    #[error("no {id} of version {wanted} is usable: {}; install one, or {}", Found(found), Remedy(id))]
    NoneWelcome {
        /// The tool's id.
        id: String,
        /// The versions that would do.
        wanted: VersionReq,
        /// What there is.
        found: Vec<FoundTool>,
    },
    /// The file system did not answer.
    #[error(
        "looking for {id} took more than {seconds} s: a network drive on PATH or among {} may not answer; mount it \
         again, or {}",
        Looked(looked),
        Remedy(id)
    )]
    Slow {
        /// The tool's id.
        id: String,
        /// How long was waited.
        seconds: u64,
        /// Where was looked, each as one phrase.
        looked: Vec<String>,
    },
}

/// Where a tool is looked for, besides what a person chose.
pub(super) fn looked(spec: &ToolSpec) -> Vec<String> {
    let names = spec.names.iter().map(|name| format!("`{name}` on PATH"));
    names.chain(spec.globs.iter().cloned()).collect()
}

struct Looked<'a>(&'a [String]);

impl fmt::Display for Looked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("nothing but its setting")
        } else {
            f.write_str(&self.0.join(", "))
        }
    }
}

struct Found<'a>(&'a [FoundTool]);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

struct Remedy<'a>(&'a str);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set `[tools] {} = \"/path/to/it\"` in farmhand.toml or {}", self.0, variable(self.0))
    }
}
