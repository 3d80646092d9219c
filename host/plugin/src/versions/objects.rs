//! The bytes of versions, each file named by the digest of what is in it.
//!
//! `DIGEST.wasm` is a component, or the runner of scripts. `DIGEST.script` is a script: the digest of its runner, and
//! its texts; the runner lies beside it once for all its scripts. A file is written beside its place, synced and
//! renamed, and never changed afterwards. What is read back is checked against its name.

use crate::cache;
use crate::script::Script;
use farmhand_model::Digest;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a kept version is.
pub(crate) enum Kept {
    Component(Arc<[u8]>),
    Script { runner: Digest, script: Arc<Script> },
}

/// Why a kept version cannot be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeptError {
    #[error("its bytes are not kept here")]
    Gone,
    #[error("its copy {0} is damaged; remove that file, and save the plugin again")]
    Damaged(PathBuf),
    #[error("its copy {path} cannot be read: {message}")]
    Unreadable { path: PathBuf, message: String },
}

/// The directory of all objects.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    dir: PathBuf,
}

impl Objects {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Makes the directory, and removes what a crash left half-written.
    pub(super) fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        for entry in fs::read_dir(&self.dir)?.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "tmp") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Keeps a component, or a runner.
    pub(super) fn keep_component(&self, bytes: &[u8], digest: &Digest) -> io::Result<()> {
        write_once(&self.component(digest), bytes)
    }

    /// Keeps a script; its runner has to be kept too.
    pub(super) fn keep_script(&self, script: &Script, runner: &Digest, digest: &Digest) -> io::Result<()> {
        let mut bytes = runner.0.clone().into_bytes();
        bytes.push(b'\n');
        bytes.extend(script.to_bytes());
        write_once(&self.script(digest), &bytes)
    }

    /// Whether there is a copy; whether it is whole is seen when it is read.
    pub(super) fn holds(&self, digest: &Digest) -> bool {
        self.component(digest).exists() || self.script(digest).exists()
    }

    /// A version as it was.
    pub(super) fn read(&self, digest: &Digest) -> Result<Kept, KeptError> {
        let path = self.script(digest);
        let Some(bytes) = read(&path)? else { return self.read_component(digest).map(Kept::Component) };
        let damaged = || KeptError::Damaged(path.clone());
        let newline = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
        let runner = Digest(String::from_utf8(bytes[..newline].to_vec()).map_err(|_| damaged())?);
        let script = Script::from_bytes(&bytes[newline + 1..]).ok_or_else(damaged)?;
        if script.digest(&runner) != *digest {
            return Err(damaged());
        }
        Ok(Kept::Script { runner, script: Arc::new(script) })
    }

    /// A component, or a runner.
    pub(super) fn read_component(&self, digest: &Digest) -> Result<Arc<[u8]>, KeptError> {
        let path = self.component(digest);
        let bytes = read(&path)?.ok_or(KeptError::Gone)?;
        if cache::digest(&bytes) != *digest {
            return Err(KeptError::Damaged(path));
        }
        Ok(bytes.into())
    }

    /// Where a component, or a runner, is kept.
    pub(super) fn component(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{digest}.wasm"))
    }

    fn script(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{digest}.script"))
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KeptError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeptError::Unreadable { path: path.to_path_buf(), message: error.to_string() }),
    }
}

/// Writes a file that is not there yet. One that is there is believed only where it is the same: a disk may have lost
/// its end.
fn write_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    replace(path, bytes)
}

/// Writes a file whole or not at all, and sees it onto the disk.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        // It is in nobody's way, and goes at the next start at the latest.
        let _ = fs::remove_file(&temporary);
    })?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Sees a new name onto the disk.
#[cfg(unix)]
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Windows writes names with the files that they belong to.
#[cfg(not(unix))]
pub(super) fn sync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Script {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.py");
        fs::write(&path, text).unwrap();
        Script::read(&path).unwrap()
    }

    #[test]
    fn what_is_kept_comes_back_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::new(dir.path().join("objects"));
        fs::create_dir_all(dir.path().join("objects")).unwrap();
        fs::write(dir.path().join("objects/half.tmp"), "x").unwrap();
        objects.prepare().unwrap();
        assert!(!dir.path().join("objects/half.tmp").exists());

        let (component, runner) = (cache::digest(b"component"), cache::digest(b"runner"));
        objects.keep_component(b"component", &component).unwrap();
        objects.keep_component(b"runner", &runner).unwrap();
        let text = script("print(1)\n\nx = '\u{e9}'");
        let of_text = text.digest(&runner);
        objects.keep_script(&text, &runner, &of_text).unwrap();

        assert!(matches!(objects.read(&component), Ok(Kept::Component(bytes)) if *bytes == *b"component"));
        match objects.read(&of_text) {
            Ok(Kept::Script { runner: of, script }) => assert_eq!((of, &*script), (runner.clone(), &text)),
            _ => panic!("no script"),
        }
        assert_eq!(objects.read(&cache::digest(b"another")).err(), Some(KeptError::Gone));
        assert!(objects.holds(&of_text) && !objects.holds(&cache::digest(b"another")));

        // Damage is seen, and healed by keeping the same once more.
        let check = |digest: &Digest, path: PathBuf, heal: &dyn Fn()| {
            let mut bytes = fs::read(&path).unwrap();
            let end = bytes.len() - 1;
            bytes[end] ^= 1;
            for damage in [&bytes[..], &bytes[..end], b""] {
                fs::write(&path, damage).unwrap();
                assert_eq!(objects.read(digest).err(), Some(KeptError::Damaged(path.clone())));
            }
            heal();
            assert!(objects.read(digest).is_ok());
        };
        check(&component, objects.component(&component), &|| {
            objects.keep_component(b"component", &component).unwrap();
        });
        check(&of_text, objects.script(&of_text), &|| {
            objects.keep_script(&text, &runner, &of_text).unwrap();
        });
    }
}
