//! One action of a plugin's hook: a file operation, confined, or a program.

use super::HookSite;
use super::program::{self, Killed};
use farmhand_model::hooks::HookAction;
use farmhand_runner::Roots;
use std::io;
use std::path::{Path, PathBuf};

/// What every action needs.
pub(super) struct Step<'a> {
    pub(super) site: &'a HookSite,
    pub(super) roots: &'a Roots,
    pub(super) killed: &'a Killed,
}

impl Step<'_> {
    /// Does it; answers with a note for the job where it is one.
    pub(super) async fn carry_out(&self, action: &HookAction, place: &str) -> Result<Option<String>, String> {
        match action {
            HookAction::Note(text) => return Ok(Some(text.clone())),
            HookAction::Run { tool, args, env, limit } => {
                let site = self.site;
                let tool = site.parts.find_tool(&site.plugin, tool, site.dcc_version.as_ref()).await?;
                let spec = site.program(&tool.path, args.clone(), env.clone(), *limit);
                let place = self.site.dir.join(place);
                std::fs::create_dir_all(&self.site.dir).map_err(|error| error.to_string())?;
                program::run(&self.site.parts, place, spec, self.killed).await?;
            }
            file => {
                let work = self.file_work(file)?;
                // Copying an image sequence's worth of bytes must not hold the daemon's other tasks up.
                let done = tokio::task::spawn_blocking(move || work.run());
                done.await.map_err(|error| error.to_string())??;
            }
        }
        Ok(None)
    }

    fn file_work(&self, action: &HookAction) -> Result<FileWork, String> {
        let confine = |path: &Path| self.roots.confine(path).map_err(|error| error.to_string());
        Ok(match action {
            HookAction::Write { path, contents } => FileWork::Write(confine(path)?, contents.clone()),
            HookAction::Copy { source, target } => FileWork::Copy(confine(source)?, confine(target)?),
            HookAction::Move { source, target } => FileWork::Move(confine(source)?, confine(target)?),
            HookAction::MakeDirectory(path) => FileWork::MakeDirectory(confine(path)?),
            HookAction::Remove(path) => FileWork::Remove(confine(path)?),
            HookAction::Run { .. } | HookAction::Note(_) => return Err("this is no work on files".to_owned()),
        })
    }
}

/// Work on files whose paths are confined.
enum FileWork {
    Write(PathBuf, String),
    Copy(PathBuf, PathBuf),
    Move(PathBuf, PathBuf),
    MakeDirectory(PathBuf),
    Remove(PathBuf),
}

impl FileWork {
    fn run(&self) -> Result<(), String> {
        let (what, path, done) = match self {
            Self::Write(path, contents) => {
                ("write", path, into_place(path, |part| std::fs::write(part, contents)))
            }
            Self::Copy(source, target) => {
                ("copy", target, into_place(target, |part| std::fs::copy(source, part).map(drop)))
            }
            Self::Move(source, target) => ("move", target, move_file(source, target)),
            Self::MakeDirectory(path) => ("make", path, std::fs::create_dir_all(path)),
            Self::Remove(path) => ("remove", path, remove(path)),
        };
        done.map_err(|error| format!("cannot {what} {}: {error}", path.display()))
    }
}

/// By rename, so that nobody ever sees half of a file.
fn into_place(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let part = path.with_file_name(format!(".{}.farmhand-part", name.to_string_lossy()));
    write(&part).and_then(|()| std::fs::rename(&part, path)).inspect_err(|_| {
        // What could not be finished is not left behind; where that fails too, the first error says why.
        let _ = std::fs::remove_file(&part);
    })
}

fn move_file(source: &Path, target: &Path) -> io::Result<()> {
    match std::fs::rename(source, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            into_place(target, |part| std::fs::copy(source, part).map(drop))?;
            std::fs::remove_file(source)
        }
        other => other,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_copied_moved_and_removed_whole() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        FileWork::MakeDirectory(at("a/b")).run().unwrap();
        FileWork::MakeDirectory(at("a/b")).run().unwrap();
        FileWork::Write(at("a/one.txt"), "1".into()).run().unwrap();
        FileWork::Write(at("a/one.txt"), "one".into()).run().unwrap();
        FileWork::Copy(at("a/one.txt"), at("a/b/two.txt")).run().unwrap();
        FileWork::Move(at("a/b/two.txt"), at("three.txt")).run().unwrap();
        assert_eq!(std::fs::read_to_string(at("three.txt")).unwrap(), "one");
        FileWork::Remove(at("a/b")).run().unwrap();
        FileWork::Remove(at("a/b")).run().unwrap();
        let full = FileWork::Remove(at("a")).run().unwrap_err();
        assert!(full.starts_with("cannot remove"), "a directory with something in it stays: {full}");
        let missing = FileWork::Copy(at("none"), at("four")).run().unwrap_err();
        assert!(missing.starts_with("cannot copy"), "{missing}");
        let left: Vec<_> =
            std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "no parts are left: {left:?}");
    }
}
