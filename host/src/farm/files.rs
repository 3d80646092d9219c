//! What there is to submit: directories and scenes inside the roots, for whoever picks one. Nothing outside of the roots
//! is ever named, whatever links say, and a huge directory costs no more than a bound.

use super::FarmError;
use super::parts::Parts;
use farmhand_model::Timestamp;
use farmhand_model::dcc::Problem;
use farmhand_model::scene::{FileEntry, FileKind, FilesView};
use farmhand_runner::Roots;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Names of one directory that are looked at.
const MOST_NAMES: usize = 100_000;

/// Which directory, and what of it.
#[derive(Debug, Clone, Default)]
pub struct FilesQuery {
    /// Absolute path; absent: the roots themselves.
    pub path: Option<String>,
    /// Only names that hold this, upper and lower case alike.
    pub search: Option<String>,
    /// Entries at most.
    pub limit: usize,
}

/// Extensions in lower case, and the plugins that take them.
pub(super) type Extensions = BTreeMap<String, Vec<String>>;

pub(super) fn extensions(parts: &Parts) -> Extensions {
    let mut taken = Extensions::new();
    for plugin in parts.plugins.views().into_iter().filter(|plugin| plugin.serving.is_some()) {
        for extension in plugin.extensions {
            taken.entry(extension.to_ascii_lowercase()).or_default().push(plugin.name.clone());
        }
    }
    taken
}

/// Plugins that take a file of this name.
pub(super) fn takers<'a>(extensions: &'a Extensions, name: &Path) -> &'a [String] {
    let extension = name.extension().and_then(|extension| extension.to_str());
    extension.and_then(|one| extensions.get(&one.to_ascii_lowercase())).map_or(&[], Vec::as_slice)
}

/// Lists a directory, or the roots.
pub(super) async fn list(parts: &Parts, query: FilesQuery) -> Result<FilesView, FarmError> {
    let extensions = extensions(parts);
    let roots = parts.roots.clone();
    let query = FilesQuery {
        path: query.path.map(|path| parts.settings.path_map.map(&path, farmhand_model::Os::of_this_build())),
        ..query
    };
    let listed = tokio::task::spawn_blocking(move || look(&roots, &extensions, &query)).await;
    listed
        .map_err(|error| FarmError::Internal(error.to_string()))?
        .map_err(|message| FarmError::Invalid(vec![Problem { field: "/path".to_owned(), message }]))
}

fn look(roots: &Roots, extensions: &Extensions, query: &FilesQuery) -> Result<FilesView, String> {
    let mut view = FilesView {
        confined: true,
        path: None,
        root: None,
        entries: Vec::new(),
        found: 0,
        left_out: 0,
        cut: false,
    };
    let (roots, path) = match (roots, &query.path) {
        (Roots::Anywhere, None) => return Ok(FilesView { confined: false, ..view }),
        (Roots::Anywhere, Some(_)) => {
            return Err(
                "no roots are configured, so there is nothing to look through; write the scene's path in \
                        full, or set `paths.roots` in farmhand.toml"
                    .to_owned(),
            );
        }
        (Roots::Under(roots), path) => (roots, path),
    };
    let Some(path) = path else {
        view.entries = roots.iter().filter_map(|root| of_root(root)).collect();
        view.found = view.entries.len() as u64;
        view.left_out = roots.len() as u64 - view.found;
        return Ok(view);
    };
    let confined = Roots::Under(roots.clone());
    let directory = confined.confine(Path::new(path)).map_err(|error| error.to_string())?;
    // Of roots inside one another, the nearest one.
    let root =
        roots.iter().filter(|root| directory.starts_with(root)).max_by_key(|root| root.as_os_str().len());
    view.root = root.and_then(|root| root.to_str()).map(str::to_owned);
    view.path = directory.to_str().map(str::to_owned);
    let entries =
        fs::read_dir(&directory).map_err(|error| format!("`{path}` cannot be looked into: {error}"))?;

    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    let mut found = Vec::new();
    for (index, entry) in entries.enumerate() {
        if index >= MOST_NAMES {
            view.cut = true;
            break;
        }
        let Ok(entry) = entry else { continue };
        match seen(&confined, extensions, &entry) {
            Seen::Entry(name, kind) if search.is_empty() || name.to_lowercase().contains(&search) => {
                found.push((kind, name));
            }
            Seen::Entry(..) | Seen::Nothing => {}
            Seen::LeftOut => view.left_out += 1,
        }
    }
    found
        .sort_by(|(kind, name), (other_kind, other)| kind.cmp(other_kind).then_with(|| natural(name, other)));
    view.found = found.len() as u64;
    found.truncate(query.limit);
    view.entries =
        found.into_iter().filter_map(|(kind, name)| of_name(extensions, &directory, kind, name)).collect();
    Ok(view)
}

fn of_root(root: &Path) -> Option<FileEntry> {
    let path = root.to_str()?.to_owned();
    let modified = fs::metadata(root).ok().as_ref().and_then(modified);
    let name = path.clone();
    Some(FileEntry { name, path, kind: FileKind::Directory, bytes: None, modified, plugins: Vec::new() })
}

enum Seen {
    Entry(String, FileKind),
    /// Nothing that anybody would choose.
    Nothing,
    LeftOut,
}

fn seen(confined: &Roots, extensions: &Extensions, entry: &DirEntry) -> Seen {
    let name = entry.file_name();
    if name.as_encoded_bytes().starts_with(b".") {
        return Seen::Nothing;
    }
    let Ok(kind) = entry.file_type() else { return Seen::LeftOut };
    let is_scene = !takers(extensions, Path::new(&name)).is_empty();
    if kind.is_file() && !is_scene {
        return Seen::Nothing;
    }
    let (is_dir, is_file) = if kind.is_symlink() {
        // A link counts as what it leads to; where that is outside, or a circle, it is not there.
        match confined.confine(&entry.path()).ok().and_then(|real| fs::metadata(real).ok()) {
            Some(real) => (real.is_dir(), real.is_file()),
            None => return Seen::LeftOut,
        }
    } else {
        (kind.is_dir(), kind.is_file())
    };
    match (name.into_string(), is_dir, is_file && is_scene) {
        (Ok(name), true, _) => Seen::Entry(name, FileKind::Directory),
        (Ok(name), _, true) => Seen::Entry(name, FileKind::Scene),
        (Ok(_), false, false) => Seen::Nothing,
        (Err(_), ..) => Seen::LeftOut,
    }
}

fn of_name(extensions: &Extensions, directory: &Path, kind: FileKind, name: String) -> Option<FileEntry> {
    let path: PathBuf = directory.join(&name);
    let about = fs::metadata(&path).ok();
    Some(FileEntry {
        path: path.to_str()?.to_owned(),
        bytes: about.as_ref().filter(|_| kind == FileKind::Scene).map(Metadata::len),
        modified: about.as_ref().and_then(modified),
        plugins: match kind {
            FileKind::Scene => takers(extensions, Path::new(&name)).to_vec(),
            FileKind::Directory => Vec::new(),
        },
        name,
        kind,
    })
}

/// When a file last changed.
pub(super) fn modified(about: &Metadata) -> Option<Timestamp> {
    let since = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

/// As people sort names: `shot2` before `shot10`, upper and lower case alike.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.chars().peekable(), other.chars().peekable());
    loop {
        match (left.peek().copied(), right.peek().copied()) {
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let (a, b) = (number(&mut left), number(&mut right));
                match a.len().cmp(&b.len()).then_with(|| a.cmp(&b)) {
                    Ordering::Equal => {}
                    unequal => return unequal,
                }
            }
            (Some(a), Some(b)) => match a.to_lowercase().cmp(b.to_lowercase()) {
                Ordering::Equal => drop((left.next(), right.next())),
                unequal => return unequal,
            },
            // The same but for case and leading zeros: any order will do, as long as it is always the same one.
            (None, None) => return one.cmp(other),
            (left, right) => return left.is_some().cmp(&right.is_some()),
        }
    }
}

/// Takes a number's digits, without leading zeros: a longer one is then larger.
fn number(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        if !(digits.is_empty() && digit == '0') {
            digits.push(digit);
        }
    }
    digits
}

#[cfg(test)]
#[path = "files/tests.rs"]
mod tests;
