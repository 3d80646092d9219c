//! Finds programs, hears their versions once, and chooses.

use super::ask::ask;
use super::places::{Candidate, Places, ToolSource, is_program};
use super::problem::{ToolProblem, looked};
use super::version::ToolVersion;
use farmhand_model::dcc::{Tool, ToolSpec};
use semver::{Version, VersionReq};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::task::JoinSet;

/// A program that is there, or that a person said is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTool {
    /// Where, as it was found: links are not followed, since some programs go by the name they are called by.
    pub path: PathBuf,
    /// What said so.
    pub source: ToolSource,
    /// Its version, or why it cannot be used or has none.
    pub version: Result<ToolVersion, Unusable>,
}

/// What is wrong with a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is nothing.
    #[error("is not there")]
    Missing,
    /// There is something that cannot be run.
    #[error("is not a program that may be run")]
    NotAProgram,
    /// It would not start.
    #[error("does not start: {reason}")]
    DoesNotStart {
        /// What the system says.
        reason: String,
    },
    /// It was asked for its version and did not end.
    #[error("did not say its version within {seconds} s")]
    NoAnswer {
        /// How long was waited.
        seconds: u64,
    },
    /// It works, as far as can be told, but its version is not known.
    #[error("does not say its version")]
    NoVersion,
}

impl fmt::Display for FoundTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.version {
            Ok(version) => write!(f, "{} at {path}", version.text)?,
            Err(why) => write!(f, "{path} {why}")?,
        }
        if self.source.is_chosen() { write!(f, " (from {})", self.source) } else { Ok(()) }
    }
}

impl FoundTool {
    /// Whether it may be run for that requirement. One whose version is not known only does where any version does.
    fn is_welcome(&self, wanted: &VersionReq) -> bool {
        match &self.version {
            Ok(version) => version.is_welcome(wanted),
            Err(Unusable::NoVersion) => *wanted == VersionReq::STAR,
            Err(_) => false,
        }
    }

    fn number(&self) -> Option<&Version> {
        self.version.as_ref().ok().map(|version| &version.number)
    }

    fn into_tool(self, id: &str) -> Tool {
        Tool { id: id.to_owned(), path: self.path, version: self.version.ok().map(|version| version.text) }
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Looking at all places.
    search: Duration,
    /// One program's answer. Ten seconds, since it may be read from network storage.
    ask: Duration,
    /// After which a program that gave no answer is asked again.
    ask_again: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { search: seconds(10), ask: seconds(10), ask_again: seconds(60) }
    }
}

/// Finds the programs that plugins ask for. Clones share what they have learned.
#[derive(Debug, Clone)]
pub struct ToolFinder {
    places: Arc<Places>,
    limits: Limits,
    known: Arc<Mutex<HashMap<Question, Known>>>,
}

/// A program and the arguments that make it say its version.
type Question = (PathBuf, Vec<String>);

/// What a file said when it was asked.
#[derive(Debug)]
struct Known {
    stamp: Stamp,
    asked: Instant,
    version: Result<ToolVersion, Unusable>,
}

/// A file that was replaced has another.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
}

impl ToolFinder {
    /// With the `[tools]` table of the configuration, and this process's environment as it is now.
    #[must_use]
    pub fn new(configured: BTreeMap<String, PathBuf>) -> Self {
        Self::with(Places::of_this_process(configured), Limits::default())
    }

    fn with(places: Places, limits: Limits) -> Self {
        Self { places: Arc::new(places), limits, known: Arc::default() }
    }

    /// The program to run: the one that a person chose if its version will do, or else the newest that will.
    ///
    /// # Errors
    ///
    /// Where none will do, with what was looked for, where, what was found, and what to do.
    pub async fn find(&self, spec: &ToolSpec, wanted: &VersionReq) -> Result<Tool, ToolProblem> {
        let id = || spec.id.clone();
        let found = self.look(spec).await?;
        if let Some(first) = found.first()
            && first.source.is_chosen()
            && first.version.as_ref().is_err_and(|why| *why != Unusable::NoVersion)
        {
            return Err(ToolProblem::Chosen { id: id(), found: Box::new(first.clone()) });
        }
        match found.iter().find(|tool| tool.is_welcome(wanted)) {
            Some(tool) => Ok(tool.clone().into_tool(&spec.id)),
            None if found.is_empty() => Err(ToolProblem::NotFound { id: id(), looked: looked(spec) }),
            None => Err(ToolProblem::NoneWelcome { id: id(), wanted: wanted.clone(), found }),
        }
    }

    /// Everything there is of a tool, the one that [`find`](Self::find) would rather take first.
    pub async fn survey(&self, spec: &ToolSpec) -> Vec<FoundTool> {
        self.look(spec).await.unwrap_or_else(|problem| {
            tracing::warn!(%problem, "a search for programs was given up");
            Vec::new()
        })
    }

    async fn look(&self, spec: &ToolSpec) -> Result<Vec<FoundTool>, ToolProblem> {
        let (places, own) = (Arc::clone(&self.places), spec.clone());
        let searching = tokio::task::spawn_blocking(move || places.candidates(&own));
        let candidates = match tokio::time::timeout(self.limits.search, searching).await {
            Ok(Ok(candidates)) => candidates,
            Ok(Err(failed)) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Ok(Err(_)) | Err(_) => {
                let (id, seconds) = (spec.id.clone(), self.limits.search.as_secs());
                return Err(ToolProblem::Slow { id, seconds, looked: looked(spec) });
            }
        };
        let mut asking = JoinSet::new();
        for (index, candidate) in candidates.into_iter().enumerate() {
            let (finder, spec) = (self.clone(), spec.clone());
            asking.spawn(async move { (index, finder.identify(candidate, &spec).await) });
        }
        let mut found = asking.join_all().await;
        found
            .sort_by_key(|(index, tool)| (!tool.source.is_chosen(), Reverse(tool.number().cloned()), *index));
        Ok(found.into_iter().map(|(_, tool)| tool).collect())
    }

    async fn identify(&self, candidate: Candidate, spec: &ToolSpec) -> FoundTool {
        let Candidate { path, source } = candidate;
        let version = self.version(&path, spec).await;
        FoundTool { path, source, version }
    }

    async fn version(&self, path: &Path, spec: &ToolSpec) -> Result<ToolVersion, Unusable> {
        let data = tokio::fs::metadata(path).await.map_err(|_| Unusable::Missing)?;
        if !is_program(path) {
            return Err(Unusable::NotAProgram);
        }
        if spec.version_args.is_empty() {
            let real = tokio::fs::canonicalize(path).await.unwrap_or_else(|_| path.to_owned());
            let version = ToolVersion::from_path(&real).or_else(|| ToolVersion::from_path(path));
            return version.ok_or(Unusable::NoVersion);
        }
        let stamp = Stamp { modified: data.modified().ok(), size: data.len() };
        let question = (path.to_owned(), spec.version_args.clone());
        if let Some(version) = self.remembered(&question, stamp) {
            return version;
        }
        let version = self.asked(path, spec).await;
        tracing::debug!(path = %path.display(), ?version, "asked a program for its version");
        let known = Known { stamp, asked: Instant::now(), version: version.clone() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(question, known);
        version
    }

    fn remembered(&self, question: &Question, stamp: Stamp) -> Option<Result<ToolVersion, Unusable>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(question).filter(|known| known.stamp == stamp)?;
        let lasts = known.version.is_ok() || known.asked.elapsed() < self.limits.ask_again;
        lasts.then(|| known.version.clone())
    }

    async fn asked(&self, path: &Path, spec: &ToolSpec) -> Result<ToolVersion, Unusable> {
        let answer = ask(path, &spec.version_args, self.limits.ask)
            .await
            .map_err(|error| Unusable::DoesNotStart { reason: error.to_string() })?;
        match ToolVersion::from_output(&answer.output, spec) {
            Some(version) => Ok(version),
            None if answer.timed_out => Err(Unusable::NoAnswer { seconds: self.limits.ask.as_secs() }),
            None => Err(Unusable::NoVersion),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
