//! The file that notices are kept in: one JSON object a line, appended by a thread of its own, so that a disk that is
//! slow or full holds up nobody. It is written anew from time to time, so that it stays short.

use super::{Book, KEPT};
use farmhand_model::Notice;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Notices that may wait for the disk. More are told and kept in memory, and are gone with the daemon.
const QUEUE: usize = 10_000;
/// Lines after which the file is written anew.
const LINES: usize = 2 * KEPT;

/// The newest notices of a file, oldest first; lines that are cut off or of another version are left out.
pub(super) fn read(file: &Path, most: usize) -> VecDeque<Notice> {
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "notices of earlier daemons cannot be read");
            Vec::new()
        }
    };
    let mut kept = VecDeque::<Notice>::new();
    for notice in
        text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Notice>(line).ok())
    {
        // One that was written anew while it waited to be written is there twice.
        if kept.back().is_some_and(|newest| newest.id >= notice.id) {
            continue;
        }
        kept.push_back(notice);
        if kept.len() > most {
            kept.pop_front();
        }
    }
    kept
}

/// The way to the thread. What was queued is written before a drop returns.
pub(super) struct Journal {
    queue: Option<SyncSender<Notice>>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Where the thread or the file cannot be had, notices are kept in memory only.
    pub(super) fn start(file: &Path, book: Arc<Mutex<Book>>) -> Self {
        let (queue, notices) = sync_channel(QUEUE);
        let writer = Writer { path: file.to_owned(), book, open: None, lines: 0, is_failing: false };
        match std::thread::Builder::new().name("notices".to_owned()).spawn(move || writer.run(&notices)) {
            Ok(thread) => Self { queue: Some(queue), thread: Some(thread) },
            Err(error) => {
                tracing::warn!(%error, "notices are kept in memory only");
                Self { queue: None, thread: None }
            }
        }
    }

    pub(super) fn write(&self, notice: Notice) {
        if let Some(queue) = &self.queue
            && let Err(TrySendError::Full(notice)) = queue.try_send(notice)
        {
            tracing::warn!(id = %notice.id, "a notice is kept in memory only: the disk does not keep up");
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say that would matter now.
            let _ = thread.join();
        }
    }
}

struct Writer {
    path: PathBuf,
    book: Arc<Mutex<Book>>,
    /// Absent until the file was written anew, which also mends a last line that was cut off.
    open: Option<BufWriter<File>>,
    lines: usize,
    is_failing: bool,
}

impl Writer {
    fn run(mut self, notices: &Receiver<Notice>) {
        while let Ok(first) = notices.recv() {
            let mut notices: Vec<Notice> = std::iter::once(first).chain(notices.try_iter()).collect();
            match self.write(&mut notices) {
                Ok(()) => self.is_failing = false,
                Err(error) => {
                    self.open = None;
                    if !std::mem::replace(&mut self.is_failing, true) {
                        tracing::warn!(file = %self.path.display(), %error, "notices cannot be kept");
                    }
                }
            }
        }
    }

    fn write(&mut self, notices: &mut Vec<Notice>) -> io::Result<()> {
        let file = match &mut self.open {
            Some(file) if self.lines < LINES => file,
            _ => {
                // What is in memory has these too.
                notices.clear();
                self.anew()?
            }
        };
        for notice in notices.iter() {
            line(file, notice)?;
        }
        file.flush()?;
        self.lines += notices.len();
        Ok(())
    }

    /// Writes all that is in memory to a file beside it, and puts that in its place.
    fn anew(&mut self) -> io::Result<&mut BufWriter<File>> {
        let kept = self.book.lock().unwrap_or_else(PoisonError::into_inner).kept.clone();
        let part = self.path.with_extension("part");
        let mut file = BufWriter::new(File::create(&part)?);
        for notice in &kept {
            line(&mut file, notice)?;
        }
        file.flush()?;
        std::fs::rename(&part, &self.path)?;
        self.lines = kept.len();
        Ok(self.open.insert(file))
    }
}

fn line(file: &mut impl Write, notice: &Notice) -> io::Result<()> {
    serde_json::to_writer(&mut *file, notice)?;
    file.write_all(b"\n")
}
