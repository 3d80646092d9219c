//! What is offered to the load gate: the bytes of a component, or the text of a script, read within limits.
//!
//! Compiles nothing, and does not know whether what it read is any good.

use crate::cache;
use crate::contract::{self, Surface};
use crate::error::{PluginError, PluginErrorKind};
use crate::script::{self, Language, Script, ScriptProblem};
use crate::settings::PluginSettings;
use farmhand_model::Digest;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A candidate, and what to call it until it has told its name.
pub(crate) struct Candidate {
    pub(crate) label: String,
    pub(crate) content: Content,
    /// The SHA-256 of a component's bytes, or of a script's names and texts: to know the same file again.
    pub(crate) seen: Digest,
}

/// What it is.
#[derive(Clone)]
pub(crate) enum Content {
    /// A component in the contract's terms.
    Component { bytes: Arc<[u8]> },
    /// A script, for the runner that is installed.
    Script { script: Arc<Script> },
    /// A script that carries its runner.
    Packed { runner: Arc<[u8]>, digest: Digest, script: Arc<Script> },
    /// A script of an earlier time, for the runner that it ran with then.
    Kept { runner: Digest, script: Arc<Script> },
}

/// What a file of the plugins directory is, without compiling or running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What form it has.
    pub form: Form,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Its files, by name; of a component, its own.
    pub files: Vec<String>,
    /// The outside of a component, or of the runner that a script carries.
    pub surface: Option<Surface>,
}

/// The forms that a plugin can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A compiled component.
    Component,
    /// A script, run by the runner that is installed.
    Script(Language),
    /// A script and its runner in one component.
    Packed(Language),
}

impl Candidate {
    /// Reads a file, or a folder that is a script.
    pub(crate) fn read(path: &Path, settings: &PluginSettings) -> Result<Self, PluginError> {
        let label = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let fail = |kind| PluginError::new(&label, kind);
        if script::is_script(path) {
            let script = Script::read(path).map_err(|problem| fail(problem.into()))?;
            return Ok(Self::of_script(label, script));
        }
        let unreadable =
            |error: std::io::Error| fail(PluginErrorKind::Unreadable { message: error.to_string() });
        let limit = settings.limits.component;
        // Opening a pipe would wait for its writer, and a device has no end.
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            let message =
                "it is neither a regular file nor a folder with a plugin.py or plugin.js".to_owned();
            return Err(fail(PluginErrorKind::Unreadable { message }));
        }
        let file = std::fs::File::open(path).map_err(unreadable)?;
        if metadata.len() > limit {
            return Err(fail(PluginErrorKind::TooLarge { bytes: metadata.len(), limit }));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        // A file that grows while it is read is bounded too.
        file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > limit {
            return Err(fail(PluginErrorKind::TooLarge { bytes: bytes.len() as u64, limit }));
        }
        Ok(Self::new(label, &bytes))
    }

    /// Takes the bytes of a component that are in memory already.
    pub(crate) fn new(label: impl Into<String>, bytes: &[u8]) -> Self {
        let (label, seen) = (label.into(), cache::digest(bytes));
        let content = match script::split(bytes) {
            Some((runner, script)) => {
                let digest = cache::digest(runner);
                Content::Packed { runner: runner.into(), digest, script: Arc::new(script) }
            }
            None => Content::Component { bytes: bytes.into() },
        };
        Self { label, content, seen }
    }

    /// Takes a script that is in memory already.
    pub(crate) fn of_script(label: impl Into<String>, script: Script) -> Self {
        let seen = cache::digest(&script.to_bytes());
        Self { label: label.into(), content: Content::Script { script: Arc::new(script) }, seen }
    }

    /// Takes a script that was kept.
    pub(crate) fn of_kept_script(label: impl Into<String>, runner: Digest, script: Arc<Script>) -> Self {
        let seen = cache::digest(&script.to_bytes());
        Self { label: label.into(), content: Content::Kept { runner, script }, seen }
    }

    /// The language that it is written in, where it is a script.
    pub(crate) fn language(&self) -> Option<Language> {
        match &self.content {
            Content::Component { .. } => None,
            Content::Script { script } | Content::Packed { script, .. } | Content::Kept { script, .. } => {
                Some(script.language)
            }
        }
    }

    /// Its size; of a script without its runner.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.content {
            Content::Component { bytes } => bytes.len() as u64,
            Content::Script { script } | Content::Packed { script, .. } | Content::Kept { script, .. } => {
                script.files.values().map(|text| text.len() as u64).sum()
            }
        }
    }

    /// The name under which its limits are looked up while it has not told its own.
    pub(crate) fn stem(&self) -> String {
        let stem = Path::new(&self.label).file_stem();
        stem.map_or_else(|| self.label.clone(), |stem| stem.to_string_lossy().into_owned())
    }

    pub(crate) fn inspect(&self) -> Result<Inspection, PluginErrorKind> {
        let of_script = |script: &Script| {
            let bytes = script.files.values().map(|text| text.len() as u64).sum();
            (bytes, script.files.keys().cloned().collect())
        };
        Ok(match &self.content {
            Content::Component { bytes } => Inspection {
                form: Form::Component,
                bytes: bytes.len() as u64,
                files: vec![self.label.clone()],
                surface: Some(contract::surface(bytes)?),
            },
            Content::Script { script } | Content::Kept { script, .. } => {
                let (bytes, files) = of_script(script);
                Inspection { form: Form::Script(script.language), bytes, files, surface: None }
            }
            Content::Packed { runner, script, .. } => {
                let (bytes, files) = of_script(script);
                Inspection {
                    form: Form::Packed(script.language),
                    bytes: bytes + runner.len() as u64,
                    files,
                    surface: Some(contract::surface(runner)?),
                }
            }
        })
    }
}

impl From<ScriptProblem> for PluginErrorKind {
    fn from(problem: ScriptProblem) -> Self {
        match problem {
            ScriptProblem::Unreadable { path, message } => {
                Self::Unreadable { message: format!("{}: {message}", path.display()) }
            }
            problem => Self::Script { message: problem.to_string() },
        }
    }
}
