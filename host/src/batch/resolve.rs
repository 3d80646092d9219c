//! Batch files made into one batch, and what is wrong with them told with its place.

use super::Language;
use super::reader::{Parts, Reader};
use super::tree::{Files, Mistake, Mistakes, Place};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::Path;

/// What the command line says of a batch; it goes before what the files say.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Fields of the batch.
    pub head: Map<String, Value>,
    /// Fields of each of its jobs.
    pub job: Map<String, Value>,
    /// Who submits, where the files do not say.
    pub user: Option<String>,
    /// Variables; they go before those that the files say.
    pub variables: Map<String, Value>,
}

/// A batch as the daemon takes it, and where each of its values came from.
#[derive(Debug)]
pub struct Resolved {
    /// What `POST /batches` takes.
    pub batch: Value,
    places: HashMap<String, Place>,
    files: Files,
}

impl Resolved {
    pub(super) fn new(batch: Value, places: HashMap<String, Place>, files: Files) -> Self {
        Self { batch, places, files }
    }

    pub(super) fn into_mistakes(self, list: Vec<Mistake>) -> Mistakes {
        Mistakes::new(self.files, list)
    }

    /// What is wrong by JSON pointers, with places in the files.
    #[must_use]
    pub fn mistakes<'a>(&self, problems: impl IntoIterator<Item = (&'a str, &'a str)>) -> Mistakes {
        let list = problems.into_iter().map(|(pointer, message)| self.mistake(pointer, message)).collect();
        Mistakes::new(self.files.clone(), list)
    }

    pub(super) fn mistake(&self, pointer: &str, message: &str) -> Mistake {
        // An unknown name is shown where the name is, anything else at the value, or at what it should stand in.
        if message.starts_with("unknown field")
            && let Some(place) = self.places.get(&format!("{pointer}#"))
        {
            return Mistake::at(*place, message);
        }
        let mut at = pointer;
        loop {
            if let Some(place) = self.places.get(at) {
                // What is missing is named, since its place cannot.
                let field =
                    pointer.get(at.len()..).unwrap_or_default().trim_start_matches('/').replace('/', ".");
                let is_named = field.is_empty() || message.contains(&format!("`{field}`"));
                let message = if is_named { message.to_owned() } else { format!("{field}: {message}") };
                return Mistake::at(*place, message);
            }
            match at.rfind('/') {
                Some(end) => at = at.get(..end).unwrap_or_default(),
                None => return Mistake { place: None, message: message.to_owned() },
            }
        }
    }
}

/// Reads a batch file and all that it includes.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve_file(
    path: &Path,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Mistakes> {
    let mut reader = Reader::new(overrides, env);
    let mut found = Parts::default();
    reader.file(path, None, &[], &mut found);
    let source = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    reader.finish(found, &source.display().to_string(), overrides)
}

/// The same of a text that stands in no file; what it includes is relative to `directory`.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve_text(
    text: &str,
    language: Language,
    directory: &Path,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Mistakes> {
    let mut reader = Reader::new(overrides, env);
    let mut found = Parts::default();
    let path = directory.join("-");
    let file = reader.files.add(Path::new("standard input"));
    reader.directories.push(directory.to_owned());
    match language.parse(text, file) {
        Ok(root) => reader.take(&root, &path, std::slice::from_ref(&path), &mut found),
        Err(mistake) => {
            reader.is_incomplete = true;
            reader.mistakes.push(mistake);
        }
    }
    reader.finish(found, "standard input", overrides)
}
