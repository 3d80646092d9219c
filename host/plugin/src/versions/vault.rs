//! All versions that were ever live, in one directory: `objects/` and `plugins/NAME/`.
//!
//! Everything that is asked often is in memory; everything that changes is on the disk before it is in memory. Writing
//! blocks, so it is called off to the side of the async tasks.

use super::book::Book;
use super::decisions::Decisions;
use super::objects::{Kept, KeptError, Objects};
use crate::candidate::Candidate;
use crate::script::Script;
use crate::settings::Versions;
use farmhand_model::Digest;
use farmhand_model::versions::VersionEntry;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why the directory of versions cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the directory of plugin versions {path} cannot be used: {source}")]
pub(crate) struct VaultError {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

/// The versions that are kept, or none.
pub(crate) struct Vault {
    place: Versions,
    objects: Option<Objects>,
    books: Mutex<BTreeMap<String, Book>>,
    /// Two loads of the same bytes would write the same temporary file.
    writing: Mutex<()>,
}

impl Vault {
    pub(crate) fn open(place: Versions) -> Result<Self, VaultError> {
        let (dir, mine) = match &place {
            Versions::Forgotten => (None, false),
            Versions::Read(dir) => (Some(dir.clone()), false),
            Versions::Keep(dir) => (Some(dir.clone()), true),
        };
        let objects = dir.as_ref().map(|dir| Objects::new(dir.join("objects")));
        let mut books = BTreeMap::new();
        if let (Some(dir), Some(objects)) = (&dir, &objects) {
            let failed = |source| VaultError { path: dir.clone(), source };
            if mine {
                objects.prepare().map_err(failed)?;
                std::fs::create_dir_all(dir.join("plugins")).map_err(failed)?;
            }
            for entry in std::fs::read_dir(dir.join("plugins")).into_iter().flatten().flatten() {
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
                match Book::read(entry.path()) {
                    Ok(book) => drop(books.insert(name, book)),
                    Err(error) => {
                        tracing::error!(plugin = %name, "what is known of its versions is lost: {error}");
                    }
                }
            }
        }
        Ok(Self { place, objects, books: Mutex::new(books), writing: Mutex::default() })
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<String, Book>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it writes; absent where it does not.
    fn mine(&self) -> Option<(&PathBuf, &Objects)> {
        match &self.place {
            Versions::Keep(dir) => Some((dir, self.objects.as_ref()?)),
            Versions::Forgotten | Versions::Read(_) => None,
        }
    }

    /// Keeps a component, or a runner. Does nothing where nothing is kept. Blocks.
    pub(crate) fn keep_component(&self, bytes: &[u8], digest: &Digest) -> io::Result<()> {
        let Some((_, objects)) = self.mine() else { return Ok(()) };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        objects.keep_component(bytes, digest)
    }

    /// Keeps a script. Blocks.
    pub(crate) fn keep_script(&self, script: &Script, runner: &Digest, digest: &Digest) -> io::Result<()> {
        let Some((_, objects)) = self.mine() else { return Ok(()) };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        objects.keep_script(script, runner, digest)
    }

    /// Whether a version could be loaded again.
    pub(crate) fn holds(&self, digest: &Digest) -> bool {
        self.objects.as_ref().is_some_and(|objects| objects.holds(digest))
    }

    /// A version as it was, to go through the load gate once more. Blocks.
    pub(crate) fn candidate(&self, label: &str, digest: &Digest) -> Result<Candidate, KeptError> {
        Ok(match self.objects.as_ref().ok_or(KeptError::Gone)?.read(digest)? {
            Kept::Component(bytes) => Candidate::new(label, &bytes),
            Kept::Script { runner, script } => Candidate::of_kept_script(label, runner, script),
        })
    }

    /// The runner of a kept script. Blocks.
    pub(crate) fn runner(&self, digest: &Digest) -> Result<Arc<[u8]>, KeptError> {
        self.objects.as_ref().ok_or(KeptError::Gone)?.read_component(digest)
    }

    /// The file of a component or a runner, where it is kept.
    pub(crate) fn path_of(&self, digest: &Digest) -> Option<PathBuf> {
        self.objects.as_ref().map(|objects| objects.component(digest)).filter(|path| path.exists())
    }

    pub(crate) fn decisions(&self, name: &str) -> Decisions {
        self.books().get(name).map(|book| book.decisions.clone()).unwrap_or_default()
    }

    /// The versions that served, the oldest first.
    pub(crate) fn history(&self, name: &str) -> Vec<VersionEntry> {
        self.books().get(name).map(|book| book.history.clone()).unwrap_or_default()
    }

    /// The version that served last.
    pub(crate) fn last(&self, name: &str) -> Option<VersionEntry> {
        self.books().get(name)?.history.last().cloned()
    }

    /// The plugin whose last version came from this file.
    pub(crate) fn last_of_file(&self, source: &str) -> Option<String> {
        let books = self.books();
        let mut last = books.iter().filter_map(|(name, book)| Some((name, book.history.last()?)));
        last.find(|(_, entry)| entry.source == source).map(|(name, _)| name.clone())
    }

    /// Every version that something here speaks of, with its plugin's name.
    pub(crate) fn known(&self) -> Vec<(String, Digest)> {
        let mut known = Vec::new();
        for (name, book) in &*self.books() {
            let Decisions { pinned, aside, stand_in, confirmed } = &book.decisions;
            let of_history = book.history.iter().map(|entry| &entry.digest);
            let of_pins = pinned.iter().chain(confirmed).map(|pin| &pin.digest);
            let of_aside = aside.iter().map(|aside| &aside.digest);
            let digests = of_history.chain(of_pins).chain(of_aside).chain(stand_in);
            known.extend(digests.map(|digest| (name.clone(), digest.clone())));
        }
        known
    }

    /// Writes down that a version serves from now on. Blocks.
    pub(crate) fn went_live(&self, name: &str, entry: VersionEntry) -> io::Result<()> {
        let Some((dir, _)) = self.mine() else { return Ok(()) };
        self.change(dir, name, |book| book.append(entry))
    }

    /// Writes down what was decided. Blocks.
    pub(crate) fn decide(&self, name: &str, decisions: Decisions) -> io::Result<()> {
        let Some((dir, _)) = self.mine() else {
            return Err(io::Error::other("versions of plugins are not kept here"));
        };
        self.change(dir, name, |book| book.decide(decisions))
    }

    /// Changes a copy and puts it back, so that nobody who only looks waits for the disk.
    fn change(
        &self,
        dir: &std::path::Path,
        name: &str,
        change: impl FnOnce(&mut Book) -> io::Result<()>,
    ) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let there = self.books().get(name).cloned();
        let mut book = match there {
            Some(book) => book,
            None => Book::read(dir.join("plugins").join(name))?,
        };
        change(&mut book)?;
        self.books().insert(name.to_owned(), book);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::Timestamp;
    use farmhand_model::versions::{LiveReason, VersionPin};

    fn entry(name: &str, source: &str) -> VersionEntry {
        VersionEntry {
            digest: Digest(name.to_owned()),
            version: "1.0.0".into(),
            form: "component".into(),
            language: None,
            bytes: 7,
            source: source.to_owned(),
            at: Timestamp(5),
            reason: LiveReason::Saved,
        }
    }

    #[test]
    fn two_plugins_keep_two_books_and_others_may_read_them() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(Versions::Keep(dir.path().join("v"))).unwrap();
        vault.went_live("a", entry("1", "a.wasm")).unwrap();
        vault.went_live("b", entry("2", "b.py")).unwrap();
        vault.went_live("a", entry("3", "a.wasm")).unwrap();
        let pin = VersionPin { digest: Digest("1".into()), at: Timestamp(6), by: None };
        vault.decide("a", vault.decisions("a").pin(pin)).unwrap();

        let reader = Vault::open(Versions::Read(dir.path().join("v"))).unwrap();
        for vault in [&vault, &reader] {
            assert_eq!(vault.history("a").len(), 2);
            assert_eq!(vault.last("b").unwrap().digest.0, "2");
            assert!(vault.decisions("a").pinned.is_some() && vault.decisions("b").pinned.is_none());
            assert_eq!(vault.last_of_file("b.py").as_deref(), Some("b"));
            assert_eq!(vault.last_of_file("c.py"), None);
            assert_eq!(vault.known().len(), 4);
        }
        reader.went_live("a", entry("4", "a.wasm")).unwrap();
        assert!(reader.decide("a", Decisions::default()).is_err());
        assert_eq!(Vault::open(Versions::Read(dir.path().join("v"))).unwrap().history("a").len(), 2);
        let none = Vault::open(Versions::Forgotten).unwrap();
        assert!(none.history("a").is_empty() && !none.holds(&Digest("1".into())));
    }
}
