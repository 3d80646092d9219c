//! Notices: what a person should read, told on the bus and kept for whoever opens the page later.
//!
//! The newest are kept over restarts, in a file of their own: they are no part of the farm's state, and that the
//! database cannot be written is one of them. Nothing depends on one having been kept. What is worth a notice, and how
//! much it matters, stands in `farmhand_model::notice`; `changes` finds it where only a difference tells.

mod batched;
mod changes;
mod journal;

pub(super) use changes::{NodeWatch, of_batch, of_job, of_plugin};

use super::bus::EventBus;
use farmhand_model::event::FarmEvent;
use farmhand_model::view::Page;
use farmhand_model::{BatchId, Happening, JobId, Notice, NoticeId, NoticeSeverity, Timestamp};
use journal::Journal;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Notices that are kept: days of a node in order, and an evening of one that is not.
const KEPT: usize = 2000;

/// Which notices to list.
#[derive(Debug, Clone, Default)]
pub struct NoticeQuery {
    /// Only of one of these; empty: of all.
    pub severities: Vec<NoticeSeverity>,
    /// Only about this job.
    pub job: Option<JobId>,
    /// Only about this batch, or one of its jobs.
    pub batch: Option<BatchId>,
    /// Only about this plugin.
    pub plugin: Option<String>,
    /// Only with this in the sentence, in capitals or not.
    pub text: Option<String>,
    /// Only older than this one.
    pub before: Option<NoticeId>,
    /// At most this many.
    pub limit: u32,
}

impl NoticeQuery {
    /// With its text in small letters.
    fn takes(&self, notice: &Notice) -> bool {
        (self.severities.is_empty() || self.severities.contains(&notice.severity))
            && self.job.is_none_or(|job| notice.job == Some(job))
            && self.batch.is_none_or(|batch| notice.batch == Some(batch))
            && self.plugin.as_ref().is_none_or(|plugin| notice.plugin.as_ref() == Some(plugin))
            && self.before.is_none_or(|before| notice.id < before)
            && self.text.as_ref().is_none_or(|text| notice.message.to_lowercase().contains(text))
    }
}

/// The newest notices, and the way for new ones.
pub(super) struct Notices {
    bus: EventBus,
    book: Arc<Mutex<Book>>,
    journal: Journal,
}

/// Oldest first.
struct Book {
    next: NoticeId,
    kept: VecDeque<Notice>,
}

impl Notices {
    /// Takes up those of earlier daemons from the file.
    pub(super) fn open(file: &Path, bus: EventBus) -> Self {
        let kept = journal::read(file, KEPT);
        let next = kept.back().map_or(NoticeId(1), |newest| newest.id.next());
        let book = Arc::new(Mutex::new(Book { next, kept }));
        let journal = Journal::start(file, Arc::clone(&book));
        Self { bus, book, journal }
    }

    /// Tells everybody, and keeps it. Like every event, only after what it tells is durable.
    pub(super) fn post(&self, at: Timestamp, happening: &Happening) {
        self.post_in(at, happening, None);
    }

    /// The same of a job of this batch, of which not everything is told (`batched`).
    pub(super) fn post_in(&self, at: Timestamp, happening: &Happening, batch: Option<BatchId>) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notice = happening.noticed(book.next, at);
        if let Some(batch) = batch {
            match batched::told(notice, batch, book.kept.iter().rev()) {
                Some(told) => notice = told,
                None => return,
            }
        }
        book.next = book.next.next();
        book.kept.push_back(notice.clone());
        let surplus = book.kept.len().saturating_sub(KEPT);
        book.kept.drain(..surplus);
        // Under the lock, so that the numbers on the bus and in the file only grow.
        self.journal.write(notice.clone());
        self.bus.publish(FarmEvent::Notice { notice });
    }

    /// Newest first.
    pub(super) fn list(&self, mut query: NoticeQuery) -> Page<Notice> {
        query.text = query.text.map(|text| text.to_lowercase());
        let limit = query.limit.clamp(1, 1000) as usize;
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = book.kept.iter().rev().filter(|notice| query.takes(notice));
        let items: Vec<Notice> = found.by_ref().take(limit).cloned().collect();
        let next = found.next().and(items.last()).map(|last| last.id.to_string());
        Page { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(job: u64) -> Happening {
        let (name, plugin) = (format!("Shot {job}"), "blender".to_owned());
        Happening::JobFailed { job: JobId(job), name, plugin, failed: 1, total: 2, reason: None }
    }

    fn removed(name: &str) -> Happening {
        Happening::PluginRemoved { name: name.to_owned() }
    }

    fn ids(page: &Page<Notice>) -> Vec<u64> {
        page.items.iter().map(|notice| notice.id.0).collect()
    }

    #[test]
    fn lists_the_newest_first_and_only_what_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let notices = Notices::open(&dir.path().join("notices"), EventBus::new(1, 10));
        for happening in [failed(1), removed("maya"), failed(2), Happening::StoreWorks] {
            notices.post(Timestamp(5), &happening);
        }
        let check = |query: NoticeQuery, expect: &[u64], next: Option<&str>| {
            let page = notices.list(query.clone());
            assert_eq!((ids(&page), page.next.as_deref()), (expect.to_vec(), next), "{query:?}");
        };
        let all = NoticeQuery { limit: 10, ..NoticeQuery::default() };
        check(all.clone(), &[4, 3, 2, 1], None);
        check(NoticeQuery { limit: 2, ..all.clone() }, &[4, 3], Some("3"));
        check(NoticeQuery { limit: 2, before: Some(NoticeId(3)), ..all.clone() }, &[2, 1], None);
        check(NoticeQuery { severities: vec![NoticeSeverity::Error], ..all.clone() }, &[3, 1], None);
        check(NoticeQuery { job: Some(JobId(1)), ..all.clone() }, &[1], None);
        check(NoticeQuery { plugin: Some("maya".into()), ..all.clone() }, &[2], None);
        notices.post_in(Timestamp(5), &failed(3), Some(BatchId(7)));
        check(NoticeQuery { batch: Some(BatchId(7)), ..all.clone() }, &[5], None);
        check(NoticeQuery { text: Some("SHOT 2".into()), ..all }, &[3], None);
    }

    #[test]
    fn they_outlive_the_daemon_and_numbers_are_not_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("notices");
        let all = NoticeQuery { limit: 1000, ..NoticeQuery::default() };
        let first = Notices::open(&file, EventBus::new(1, 10));
        first.post(Timestamp(5), &failed(1));
        first.post(Timestamp(6), &removed("maya"));
        let told = first.list(all.clone());
        drop(first);
        // A daemon that was killed in the middle of a line.
        let mut text = std::fs::read(&file).unwrap();
        text.extend(b"{\"id\":3,\"at\"");
        std::fs::write(&file, text).unwrap();
        let second = Notices::open(&file, EventBus::new(2, 10));
        assert_eq!(second.list(all.clone()), told);
        second.post(Timestamp(7), &failed(2));
        drop(second);
        assert_eq!(ids(&Notices::open(&file, EventBus::new(3, 10)).list(all)), [3, 2, 1]);
    }

    #[test]
    fn neither_memory_nor_the_file_grow_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("notices");
        let notices = Notices::open(&file, EventBus::new(1, 10));
        for _ in 0..3 * KEPT {
            notices.post(Timestamp(5), &Happening::StoreWorks);
        }
        drop(notices);
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 2 * KEPT, "{lines}");
        let again = Notices::open(&file, EventBus::new(2, 10));
        let all = again.list(NoticeQuery { limit: 1000, ..NoticeQuery::default() });
        assert_eq!(all.items[0].id, NoticeId(3 * KEPT as u64));
        assert_eq!(again.book.lock().unwrap().kept.len(), KEPT);
    }
}
