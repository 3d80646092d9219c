//! Files and folders that appear as a whole or not at all: written beside their place under a hidden name, which nothing
//! that watches the directory looks at, and moved there in one step.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be put in its place.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct PlaceError {
    /// What was to be written.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    let path = path.to_path_buf();
    move |source| PlaceError { path, source }
}

/// Files by their names, relative and with `/`.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Something that is being written; what is left of it goes when this is dropped.
struct Draft(PathBuf);

impl Draft {
    /// Beside `path`, in a directory that is made where it is missing.
    fn beside(path: &Path) -> io::Result<Self> {
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = Self(directory.join(format!(".{name}.farmhand-{}", std::process::id())));
        draft.remove();
        Ok(draft)
    }

    fn remove(&self) {
        let _ = std::fs::remove_file(&self.0).or_else(|_| std::fs::remove_dir_all(&self.0));
    }

    fn fill(&self, files: &Files) -> io::Result<()> {
        for (name, bytes) in files {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
            std::fs::write(path, bytes)?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Writes a file; whoever reads it meanwhile sees the old one or the new one.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), PlaceError> {
    let written = Draft::beside(path).and_then(|draft| {
        std::fs::write(&draft.0, bytes)?;
        std::fs::rename(&draft.0, path)
    });
    written.map_err(failed(path))
}

/// Makes a folder that is not there yet.
pub(super) fn new_folder(folder: &Path, files: &Files) -> Result<(), PlaceError> {
    let made = Draft::beside(folder).and_then(|draft| {
        draft.fill(files)?;
        std::fs::rename(&draft.0, folder)
    });
    made.map_err(failed(folder))
}

/// Makes a folder in the place of another one, of which nothing stays.
pub(super) fn replace_folder(folder: &Path, files: &Files) -> Result<(), PlaceError> {
    let replaced = Draft::beside(folder).and_then(|draft| {
        draft.fill(files)?;
        match folder.symlink_metadata() {
            // The draft is the old folder afterwards, and goes with its guard.
            Ok(there) if there.is_dir() => exchange(&draft.0, folder),
            Ok(_) => {
                std::fs::remove_file(folder)?;
                std::fs::rename(&draft.0, folder)
            }
            Err(_) => std::fs::rename(&draft.0, folder),
        }
    });
    replaced.map_err(failed(folder))
}

/// Puts two folders in each other's place. Where the system can, in one step: a daemon that watches never finds the
/// plugin gone.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        if renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside = one.with_extension("old");
    std::fs::rename(other, &aside)?;
    let moved = std::fs::rename(one, other);
    // What was there goes back where the new one does not come.
    std::fs::rename(&aside, if moved.is_ok() { one } else { other })?;
    moved
}

/// Puts a plugin into a plugins directory under this name, with its own extension: a file, or all files of a folder that
/// count, which are `files` by their names. Returns its place there.
///
/// # Errors
/// Something of it cannot be read or written.
pub fn install(plugin: &Path, files: &[String], name: &str, dir: &Path) -> Result<PathBuf, PlaceError> {
    if !plugin.is_dir() {
        let extension = plugin.extension().unwrap_or_default().to_string_lossy();
        let place = dir.join(format!("{name}.{extension}"));
        let bytes = std::fs::read(plugin).map_err(failed(plugin))?;
        write(&place, &bytes)?;
        return Ok(place);
    }
    let read = |file: &String| {
        let path = plugin.join(file);
        std::fs::read(&path).map(|bytes| (file.clone(), bytes)).map_err(failed(&path))
    };
    let files = files.iter().map(read).collect::<Result<Files, PlaceError>>()?;
    let place = dir.join(name);
    replace_folder(&place, &files)?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).expect("a directory");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_replaces_one_and_leaves_no_draft() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("sub/a.wasm");
        for text in ["one", "two"] {
            write(&path, text.as_bytes()).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
        }
        assert_eq!(names(&dir.path().join("sub")), ["a.wasm"]);
    }

    #[test]
    fn a_folder_is_replaced_as_a_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let (source, plugins) = (dir.path().join("work"), dir.path().join("plugins"));
        for (name, text) in [("plugin.py", "1"), ("parts/a.py", "2"), ("tests/t.py", "3")] {
            std::fs::create_dir_all(source.join(name).parent().expect("a parent")).expect("made");
            std::fs::write(source.join(name), text).expect("written");
        }
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let place =
            install(&source, &files(&["plugin.py", "parts/a.py"]), "glow", &plugins).expect("installed");
        assert_eq!(names(&place), ["parts", "plugin.py"]);
        install(&source, &files(&["plugin.py"]), "glow", &plugins).expect("installed");
        assert_eq!((names(&place), names(&plugins)), (vec!["plugin.py".to_owned()], vec!["glow".to_owned()]));
    }

    #[test]
    fn what_cannot_be_read_leaves_the_old_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let (source, plugins) = (dir.path().join("work"), dir.path().join("plugins"));
        std::fs::create_dir_all(&source).expect("made");
        std::fs::create_dir_all(plugins.join("glow")).expect("made");
        std::fs::write(plugins.join("glow/plugin.py"), "old").expect("written");
        let error = install(&source, &["gone.py".to_owned()], "glow", &plugins).expect_err("nothing to read");
        assert!(error.to_string().contains("gone.py"), "{error}");
        assert_eq!(std::fs::read_to_string(plugins.join("glow/plugin.py")).expect("there"), "old");
        assert_eq!(names(&plugins), ["glow"]);
    }
}
