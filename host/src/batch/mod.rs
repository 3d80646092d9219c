//! Batch files: YAML, TOML or JSON with defaults, variables, a matrix and includes, made into the JSON that
//! `POST /batches` takes; and directories with a file for each shot.
//!
//! It is done where the files are, on the machine of whoever submits: what files, includes and the environment say is the
//! submitter's. Every mistake is found before anything is sent, and each is told with its file, line and column. The
//! daemon checks all of it again, and what it finds has its place in the files too. `docs/batches.md` is the manual.

mod assemble;
mod json;
mod matrix;
mod reader;
mod resolve;
mod schema;
mod shots;
#[cfg(test)]
mod tests;
mod toml;
mod tree;
mod upload;
mod variables;
mod yaml;

pub use resolve::{Overrides, Resolved, resolve_file, resolve_text};
pub use schema::{published, schema};
pub use shots::{Shots, resolve_shots};
pub use tree::{Files, Mistake, Mistakes};
pub use upload::resolve_upload;

use serde::Deserialize;
use std::path::Path;
use tree::{FileId, Node};
use utoipa::ToSchema;

/// Largest file that is read.
const LARGEST: u64 = 16 << 20;
/// Most values of a file, with what its aliases repeat. A batch of the most jobs with all fields has fewer.
const MOST_NODES: usize = 1_000_000;
/// How deep values may be nested.
const DEEPEST: usize = 64;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// YAML 1.2.
    Yaml,
    /// TOML 1.1.
    Toml,
    /// JSON.
    Json,
}

impl Language {
    /// By the name of the file.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn parse(self, text: &str, file: FileId) -> Result<Node, Mistake> {
        match self {
            Self::Yaml => yaml::parse(text, file),
            Self::Toml => toml::parse(text, file),
            Self::Json => json::parse(text, file),
        }
    }
}
