//! Puts a verified image where it belongs, so that a half-written one is never there.
//!
//! Whether it is whole has been found out before.

use farmhand_model::AttemptId;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Why an image could not be put in place. It is then still where it was.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The file system said no.
    #[error("cannot {action} {}: {source}{}", path.display(), remedy(source))]
    Io {
        /// Such as `create the directory`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a directory where the image should be.
    #[error("{} is a directory; rename it, or choose another output path", .0.display())]
    IsDirectory(PathBuf),
    /// A path without a file name or a directory.
    #[error("{} names no file; the output must be an absolute path of a file", .0.display())]
    NoFileName(PathBuf),
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; the user that farmhand runs as must be able to write there",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space, then retry the job",
        io::ErrorKind::ReadOnlyFilesystem => "; the output is on a read-only file system: choose another one",
        io::ErrorKind::NotADirectory => "; a part of the path is a file",
        _ => "",
    }
}

/// How an image came into place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It was there already.
    Already,
    /// In one step, on one file system.
    Renamed,
    /// Across file systems: copied under a hidden name beside its place, then renamed.
    Copied,
}

/// Moves `from` to `to`, over an older file of that name, and makes the directories on the way.
///
/// The image is on the disk before this returns, not only in memory: the job's state is, and it must not say of a
/// frame that a power cut took along that it is done. Whoever looks at `to` sees the old file or the whole new one.
pub fn place(from: &Path, to: &Path, attempt: AttemptId) -> Result<Placed, PlaceError> {
    let (Some(dir), Some(name)) = (to.parent(), to.file_name()) else {
        return Err(PlaceError::NoFileName(to.to_owned()));
    };
    if to.is_dir() {
        return Err(PlaceError::IsDirectory(to.to_owned()));
    }
    let io = |action, path: &Path| {
        let path = path.to_owned();
        move |source| PlaceError::Io { action, path, source }
    };
    fs::create_dir_all(dir).map_err(io("create the directory", dir))?;
    let image = File::open(from).map_err(io("read", from))?;
    if from == to {
        image.sync_all().map_err(io("write", to))?;
        return Ok(Placed::Already);
    }
    image.sync_all().map_err(io("write", from))?;
    drop(image);
    let placed = match fs::rename(from, to) {
        Ok(()) => Placed::Renamed,
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".farmhand-{attempt}"));
            copy(from, &Draft(dir.join(hidden)), to).map_err(io("copy to", to))?;
            // The copy is what counts; one image too many in the staging directory goes with that.
            let _ = fs::remove_file(from);
            Placed::Copied
        }
        Err(error) => return Err(io("move to", to)(error)),
    };
    sync_dir(dir).map_err(io("write the directory", dir))?;
    Ok(placed)
}

/// A hidden file that must not stay, whatever happens.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already where it was renamed.
        let _ = fs::remove_file(&self.0);
    }
}

fn copy(from: &Path, draft: &Draft, to: &Path) -> io::Result<()> {
    fs::copy(from, &draft.0)?;
    File::options().write(true).open(&draft.0)?.sync_all()?;
    fs::rename(&draft.0, to)
}

/// Makes a rename durable. Not every file system can, and Windows has no such thing.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(dir)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: AttemptId = AttemptId(17);

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn makes_directories_and_replaces_older_images() {
        let root = tempfile::tempdir().expect("a directory");
        let from = root.path().join("staged.png");
        let to = root.path().join("shots/010/0001.png");
        for text in ["first", "second"] {
            fs::write(&from, text).expect("an image");
            assert_eq!(place(&from, &to, ATTEMPT).expect("placed"), Placed::Renamed);
            assert_eq!(fs::read_to_string(&to).expect("an image"), text);
            assert!(!from.exists());
        }
        assert_eq!(place(&to, &to, ATTEMPT).expect("placed"), Placed::Already);
        assert_eq!(names(to.parent().expect("a directory")), ["0001.png"]);
    }

    #[test]
    fn refuses_what_it_must_not_touch_and_keeps_the_image() {
        let root = tempfile::tempdir().expect("a directory");
        let from = root.path().join("staged.png");
        fs::write(&from, "image").expect("an image");
        fs::create_dir(root.path().join("taken")).expect("a directory");
        let error = place(&from, &root.path().join("taken"), ATTEMPT).expect_err("a directory is there");
        assert!(matches!(error, PlaceError::IsDirectory(_)), "{error}");
        let error = place(&from, Path::new("/"), ATTEMPT).expect_err("no file name");
        assert!(matches!(error, PlaceError::NoFileName(_)), "{error}");
        let error = place(&from, &from.join("below a file"), ATTEMPT).expect_err("a file is in the way");
        assert!(error.to_string().contains("staged.png"), "{error}");
        let error =
            place(&root.path().join("none"), &root.path().join("a"), ATTEMPT).expect_err("nothing there");
        assert!(error.to_string().contains("none"), "{error}");
        assert!(from.exists());
    }

    /// `/dev/shm` is a file system of its own on every Linux.
    #[cfg(target_os = "linux")]
    #[test]
    fn crosses_file_systems_and_leaves_nothing_hidden() {
        let root = tempfile::tempdir().expect("a directory");
        let other = tempfile::tempdir_in("/dev/shm").expect("a directory in memory");
        let (from, to) = (other.path().join("staged.png"), root.path().join("0001.png"));
        fs::write(&from, "image").expect("an image");
        assert_eq!(place(&from, &to, ATTEMPT).expect("placed"), Placed::Copied);
        assert_eq!(fs::read_to_string(&to).expect("an image"), "image");
        assert!(!from.exists());
        assert_eq!(names(root.path()), ["0001.png"]);
    }
}
