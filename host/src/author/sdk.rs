//! The SDK's copy in a project, for editors, unit tests and cargo, and when it is renewed: when this program has a newer
//! one. A copy is replaced as a whole, so that nothing of an older one stays.

use super::embedded::{self, File};
use super::new::Lang;
use super::place::{self, PlaceError};
use farmhand_plugin::Language;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Says which SDK a copy is.
const STAMP: &str = ".farmhand-sdk.json";

/// Where each language's copy is in a project.
const COPIES: [(&str, Lang); 3] = [
    (".farmhand/python/farmhand", Lang::Python),
    ("node_modules/farmhand", Lang::JavaScript),
    (".farmhand/sdk", Lang::Rust),
];

/// Which SDK a copy is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    version: semver::Version,
    /// Of names and texts: two builds of one version may differ.
    digest: String,
}

/// The copies that a project in this language has, each with its place and its files.
pub(super) fn copies(lang: Lang) -> impl Iterator<Item = (&'static str, Vec<File>)> {
    COPIES.into_iter().filter(move |(_, of)| *of == lang).map(|(place, of)| (place, stamped(of)))
}

/// The files of an SDK.
fn files(lang: Lang) -> Vec<File> {
    match lang {
        Lang::Python => embedded::script_sdk(Language::Python),
        Lang::JavaScript => embedded::script_sdk(Language::JavaScript),
        Lang::Rust => embedded::rust_sdk(),
    }
}

/// The same, with what tells which SDK it is.
fn stamped(lang: Lang) -> Vec<File> {
    let mut files = files(lang);
    // Its fields are texts, so that writing it cannot fail.
    let stamp = serde_json::to_string(&stamp(&files)).unwrap_or_default();
    files.push((STAMP.to_owned(), stamp.into()));
    files
}

fn stamp(files: &[File]) -> Stamp {
    let mut hasher = Sha256::new();
    for (name, text) in files {
        hasher.update(format!("{name} {}\n{text}", text.len()));
    }
    let digest = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Stamp { version: version(), digest }
}

fn version() -> semver::Version {
    let version = semver::Version::parse(env!("CARGO_PKG_VERSION"));
    version.unwrap_or(semver::Version::new(0, 0, 0))
}

/// Renews the copies of the SDK that the project at this path has, where this program's is newer, and brings back one
/// that a project made by `farmhand plugin new` has lost. Returns what it wrote. Other plugins have none, and get none.
///
/// # Errors
/// A copy cannot be written.
pub fn refresh(project: &Path) -> Result<Vec<PathBuf>, PlaceError> {
    let folder = if project.is_dir() { project } else { return Ok(Vec::new()) };
    let mut written = Vec::new();
    for (place, lang) in COPIES {
        let copy = folder.join(place);
        let is_wanted = copy.is_dir() || expects(folder, lang);
        if !is_wanted || is_current(&copy, lang) {
            continue;
        }
        let files =
            stamped(lang).into_iter().map(|(name, text)| (name, text.into_owned().into_bytes())).collect();
        place::replace_folder(&copy, &files)?;
        written.push(copy);
    }
    Ok(written)
}

/// Whether a project's own files count on a copy: a fresh clone comes without what version control leaves out.
fn expects(folder: &Path, lang: Lang) -> bool {
    let (file, names) = match lang {
        Lang::Python => ("pyproject.toml", ".farmhand/python"),
        Lang::JavaScript => ("package.json", "node_modules/farmhand"),
        Lang::Rust => ("Cargo.toml", ".farmhand/sdk"),
    };
    std::fs::read_to_string(folder.join(file)).is_ok_and(|text| text.contains(names))
}

/// Whether a copy is this program's SDK, or a newer one's.
fn is_current(copy: &Path, lang: Lang) -> bool {
    let theirs = std::fs::read(copy.join(STAMP)).ok();
    let theirs: Option<Stamp> = theirs.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    theirs.is_some_and(|theirs| theirs.version > version() || theirs == stamp(&files(lang)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::create;

    #[test]
    fn a_copy_is_renewed_when_it_is_older_and_brought_back_when_it_is_lost() {
        for (place, lang) in COPIES {
            let dir = tempfile::tempdir().expect("a directory");
            let project = create("my-renderer", lang, dir.path()).expect("a project");
            let copy = project.join(place);
            assert_eq!(refresh(&project).expect("looked at"), Vec::<PathBuf>::new(), "{lang:?}: new");

            let stamp = copy.join(STAMP);
            let current = std::fs::read_to_string(&stamp).expect("a stamp");
            let left_over = copy.join("left-over");
            std::fs::write(&left_over, "").expect("written");
            std::fs::write(&stamp, current.replace(&version().to_string(), "0.0.1")).expect("written");
            assert_eq!(refresh(&project).expect("renewed"), std::slice::from_ref(&copy), "{lang:?}: older");
            assert!(!left_over.exists(), "{lang:?}: something of the older copy is left");
            assert_eq!(std::fs::read_to_string(&stamp).expect("a stamp"), current);

            let newer = current.replace(&version().to_string(), "999.0.0");
            std::fs::write(&stamp, &newer).expect("written");
            assert_eq!(refresh(&project).expect("looked at"), Vec::<PathBuf>::new(), "{lang:?}: newer");

            std::fs::remove_dir_all(&copy).expect("removed");
            assert_eq!(refresh(&project).expect("brought back"), [copy], "{lang:?}: lost");
        }
    }

    #[test]
    fn other_folders_get_no_copy() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("plugin.py"), "").expect("written");
        assert_eq!(refresh(dir.path()).expect("looked at"), Vec::<PathBuf>::new());
    }
}
