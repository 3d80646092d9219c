//! What is known of one plugin's versions: a history that only grows, and the decisions that hold now.
//!
//! The history is a file of JSON lines. A line that a crash tore is dropped and the file mended; one that cannot be
//! read, as from a later farmhand, is passed over and left alone. The decisions are one small file, replaced whole.

use super::decisions::Decisions;
use super::objects::{replace, sync_dir};
use farmhand_model::versions::VersionEntry;
use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const HISTORY: &str = "history.jsonl";
const DECISIONS: &str = "decisions.json";

/// One plugin's directory, and what is in it.
#[derive(Debug, Clone)]
pub(super) struct Book {
    dir: PathBuf,
    pub(super) history: Vec<VersionEntry>,
    pub(super) decisions: Decisions,
    /// Where the last whole line of the history ends.
    end: u64,
}

impl Book {
    /// Reads what is there; nothing yet where it is a new plugin.
    pub(super) fn read(dir: PathBuf) -> io::Result<Self> {
        let text = there(fs::read(dir.join(HISTORY)))?.unwrap_or_default();
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let lines = text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let history = lines.filter_map(|line| match serde_json::from_slice(line) {
            Ok(entry) => Some(entry),
            Err(error) => {
                tracing::warn!(dir = %dir.display(), "a line of a plugin's history cannot be read: {error}");
                None
            }
        });
        let history = history.collect();
        let decisions = match there(fs::read(dir.join(DECISIONS)))? {
            Some(text) => serde_json::from_slice(&text).map_err(|error| {
                io::Error::other(format!("{} cannot be read: {error}", dir.join(DECISIONS).display()))
            })?,
            None => Decisions::default(),
        };
        Ok(Self { dir, history, decisions, end: whole as u64 })
    }

    /// Adds a line. It is on the disk when this returns; where it could not be written, nothing has changed.
    pub(super) fn append(&mut self, entry: VersionEntry) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let path = self.dir.join(HISTORY);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        // What a crash or a full disk left of a line goes.
        file.set_len(self.end)?;
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(&line).and_then(|()| file.sync_all()).inspect_err(|_| {
            // Where even this fails, the torn line is dropped when it is read.
            let _ = file.set_len(self.end);
        })?;
        if self.history.is_empty() {
            sync_names(&self.dir)?;
        }
        self.end += line.len() as u64;
        self.history.push(entry);
        Ok(())
    }

    /// Replaces what was decided; on the disk when this returns.
    pub(super) fn decide(&mut self, decisions: Decisions) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        replace(&self.dir.join(DECISIONS), &serde_json::to_vec_pretty(&decisions)?)?;
        sync_names(&self.dir)?;
        self.decisions = decisions;
        Ok(())
    }
}

/// Sees the directory's own name onto the disk too.
fn sync_names(dir: &Path) -> io::Result<()> {
    sync_dir(dir)?;
    dir.parent().map_or(Ok(()), sync_dir)
}

fn there(read: io::Result<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::versions::{LiveReason, VersionPin};
    use farmhand_model::{Digest, Timestamp};

    fn entry(name: &str) -> VersionEntry {
        VersionEntry {
            digest: Digest(name.to_owned()),
            version: "1.0.0".into(),
            form: "script".into(),
            language: Some("Python".into()),
            bytes: 7,
            source: "mine.py".into(),
            at: Timestamp(5),
            reason: LiveReason::RolledBackByDaemon { from: Digest("x".into()), reason: "a\nb".into() },
        }
    }

    fn names(book: &Book) -> String {
        book.history.iter().map(|entry| entry.digest.0.clone()).collect()
    }

    #[test]
    fn a_history_survives_whatever_tore_its_last_line() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("plugins/mine");
        let mut book = Book::read(dir.clone()).unwrap();
        book.append(entry("a")).unwrap();
        let one = fs::read(dir.join(HISTORY)).unwrap();
        book.append(entry("b")).unwrap();
        let two = fs::read(dir.join(HISTORY)).unwrap();
        assert_eq!(names(&Book::read(dir.clone()).unwrap()), "ab");

        for end in one.len()..two.len() {
            fs::write(dir.join(HISTORY), &two[..end]).unwrap();
            let mut torn = Book::read(dir.clone()).unwrap();
            assert_eq!(names(&torn), "a", "torn after {end}");
            torn.append(entry("c")).unwrap();
            assert_eq!(names(&Book::read(dir.clone()).unwrap()), "ac", "mended after {end}");
        }

        let strange = [&one[..], b"{\"digest\": 7}\n", &one[..]].concat();
        fs::write(dir.join(HISTORY), &strange).unwrap();
        let mut book = Book::read(dir.clone()).unwrap();
        assert_eq!(names(&book), "aa");
        book.append(entry("b")).unwrap();
        let now = fs::read(dir.join(HISTORY)).unwrap();
        assert!(now.starts_with(&strange), "a line of a later farmhand is left alone");
    }

    #[test]
    fn decisions_are_read_back_and_a_damaged_file_is_no_silent_default() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("plugins/mine");
        let mut book = Book::read(dir.clone()).unwrap();
        let pin = VersionPin { digest: Digest("a".into()), at: Timestamp(1), by: Some("tess".into()) };
        book.decide(Decisions::default().pin(pin)).unwrap();
        assert_eq!(Book::read(dir.clone()).unwrap().decisions, book.decisions);
        fs::write(dir.join(DECISIONS), "{").unwrap();
        assert!(Book::read(dir).unwrap_err().to_string().contains("decisions.json cannot be read"));
    }

    #[test]
    fn what_cannot_be_written_has_not_happened() {
        let root = tempfile::tempdir().unwrap();
        // A file where the directory should be.
        fs::write(root.path().join("mine"), "").unwrap();
        let dir = root.path().join("mine");
        let mut book = Book { dir, history: Vec::new(), decisions: Decisions::default(), end: 0 };
        assert!(book.append(entry("a")).is_err() && book.history.is_empty());
        assert!(book.decide(Decisions::default().unpin()).is_err());
    }
}
