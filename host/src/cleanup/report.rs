//! What is asked of a clean-up and what it answers, as the API and the command line say it.

use farmhand_model::{AttemptId, AttemptRecord, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

/// Paths that a row lists; past that they are only counted.
const PATHS: usize = 10_000;
/// Problems that a report lists; a tree that cannot be read has one in each directory.
const PROBLEMS: usize = 100;

/// What can be cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CleanupKind {
    /// Generated scripts beside scenes, `py/{script}/render_{Write}_f{frame}_{time}.py`.
    Scripts,
    /// Temporary scenes, `.farmhand/scenes/render_{scene}_{time}_{layer}_{pid}.ma`.
    Scenes,
    /// Staging directories, `.farmhand/{attempt}`, and images that were being copied into place.
    Staging,
    /// Logs and scripts of attempts, in the data directory.
    Logs,
    /// Ended jobs, with their attempts and frames, in the database.
    History,
}

impl CleanupKind {
    /// All of them.
    pub const ALL: [CleanupKind; 5] = [
        CleanupKind::Scripts,
        CleanupKind::Scenes,
        CleanupKind::Staging,
        CleanupKind::Logs,
        CleanupKind::History,
    ];

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            CleanupKind::Scripts => "generated scripts",
            CleanupKind::Scenes => "temporary scenes",
            CleanupKind::Staging => "staging",
            CleanupKind::Logs => "logs of attempts",
            CleanupKind::History => "ended jobs",
        }
    }
}

/// What to clean up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CleanupRequest {
    /// Directories to look through with everything below them, besides the places that the daemon knows from its
    /// jobs. Absolute paths, inside `paths.roots` where those are configured.
    #[schema(value_type = Vec<String>)]
    pub roots: Vec<PathBuf>,
    /// Only what has not changed for this long. Absent: as the configuration says, each kind its own time.
    pub older_than_seconds: Option<u64>,
    /// Only these kinds; empty: all of them.
    pub only: Vec<CleanupKind>,
}

/// What was removed, or in a dry run would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CleanupReport {
    /// Nothing was removed.
    pub dry_run: bool,
    /// One row a kind, also where there was nothing.
    pub rows: Vec<CleanupRow>,
    /// What could not be looked at or removed, and why.
    pub problems: Vec<String>,
    /// What had to be left alone.
    pub live: LiveAttempts,
}

/// What was removed of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CleanupRow {
    /// Of what.
    pub kind: CleanupKind,
    /// Files, directories or jobs.
    pub count: u64,
    /// What they take.
    pub bytes: u64,
    /// The first 10,000 of them; none for jobs.
    pub paths: Vec<String>,
}

/// Attempts that have not ended: what is theirs, and what they may have written, stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct LiveAttempts {
    /// Which.
    pub attempts: Vec<AttemptId>,
    /// When the oldest of them started.
    pub since: Option<Timestamp>,
}

impl LiveAttempts {
    /// Those of these records.
    #[must_use]
    pub fn of(records: &[AttemptRecord]) -> Self {
        Self {
            attempts: records.iter().map(|record| record.id).collect(),
            since: records.iter().map(|record| record.started).min(),
        }
    }
}

impl CleanupReport {
    /// One in which nothing has been found yet.
    #[must_use]
    pub fn new(dry_run: bool, live: LiveAttempts) -> Self {
        let row = |kind| CleanupRow { kind, count: 0, bytes: 0, paths: Vec::new() };
        Self { dry_run, rows: CleanupKind::ALL.map(row).into(), problems: Vec::new(), live }
    }

    /// How much there was of all kinds together.
    #[must_use]
    pub fn total(&self) -> (u64, u64) {
        self.rows.iter().fold((0, 0), |(count, bytes), row| (count + row.count, bytes + row.bytes))
    }

    pub(super) fn add(&mut self, kind: CleanupKind, count: u64, bytes: u64, path: Option<&str>) {
        // A report that another version sent may lack a kind.
        if !self.rows.iter().any(|row| row.kind == kind) {
            self.rows.push(CleanupRow { kind, count: 0, bytes: 0, paths: Vec::new() });
        }
        for row in self.rows.iter_mut().filter(|row| row.kind == kind) {
            row.count += count;
            row.bytes += bytes;
            if row.paths.len() < PATHS {
                row.paths.extend(path.map(str::to_owned));
            }
        }
    }

    pub(super) fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(super) fn problem_at(&mut self, doing: &str, path: &Path, error: &std::io::Error) {
        self.problem(format!("cannot {doing} {}: {error}", path.display()));
    }
}
