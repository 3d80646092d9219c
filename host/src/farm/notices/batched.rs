//! What is told one by one of the jobs of a batch: so much that a person knows early what is wrong, and so little that
//! thousands of jobs neither bury what else happened nor call a person thousands of times.
//!
//! The end of the batch tells of it as a whole. So jobs that end as they should, or are cancelled, are not told on their
//! own. Of all else the first of a kind is told as it would be of any job; those after it are warnings, since a person is
//! called already; and after some no more are told until the batch has ended. Which jobs these were, the batch says.

use farmhand_model::{BatchId, Notice, NoticeSeverity};

/// Notices of one kind about the jobs of one batch.
const MOST: usize = 20;

/// The notice of a job of this batch as it is told, if it is; `before` are all others, newest first.
pub(super) fn told<'a>(
    mut notice: Notice,
    batch: BatchId,
    before: impl Iterator<Item = &'a Notice>,
) -> Option<Notice> {
    if matches!(notice.kind.as_str(), "job-done" | "job-cancelled") {
        return None;
    }
    // A batch that is retried begins anew.
    let of_batch = before.filter(|other| other.batch == Some(batch)).take_while(|other| other.job.is_some());
    let before = of_batch.filter(|other| other.kind == notice.kind).take(MOST).count();
    if before >= MOST {
        return None;
    }
    notice.batch = Some(batch);
    if before > 0 {
        notice.severity = notice.severity.min(NoticeSeverity::Warning);
    }
    if before + 1 == MOST {
        notice.message.push_str("; what else is like this in its batch is not told one by one");
    }
    Some(notice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::batch::JobCounts;
    use farmhand_model::{Happening, JobId, NoticeId, Timestamp};

    const BATCH: BatchId = BatchId(7);

    fn failed(job: u64) -> Happening {
        let (name, plugin) = (format!("sh{job}"), "blender".to_owned());
        Happening::JobFailed { job: JobId(job), name, plugin, failed: 1, total: 2, reason: None }
    }

    fn held(job: u64) -> Happening {
        Happening::JobHeld { job: JobId(job), plugin: "blender".to_owned(), reason: "approve it".to_owned() }
    }

    /// Takes one in as `Notices` does.
    fn tell(book: &mut Vec<Notice>, happening: &Happening) -> bool {
        let notice = happening.noticed(NoticeId(book.len() as u64 + 1), Timestamp(0));
        let told =
            if happening.batch().is_some() { Some(notice) } else { told(notice, BATCH, book.iter().rev()) };
        let is_told = told.is_some();
        book.extend(told);
        is_told
    }

    #[test]
    fn two_thousand_jobs_call_a_person_once_and_are_told_few_times() {
        let mut book = Vec::new();
        for job in 1..=1000 {
            let (name, plugin) = (format!("sh{job}"), "blender".to_owned());
            let done =
                Happening::JobDone { job: JobId(job), name: name.clone(), plugin: plugin.clone(), frames: 1 };
            assert!(!tell(&mut book, &done));
            assert!(!tell(&mut book, &Happening::JobCancelled { job: JobId(job), name, plugin }));
        }
        for job in 1001..=2000 {
            tell(&mut book, &failed(job));
        }
        let severities: Vec<_> = book.iter().map(|notice| notice.severity).collect();
        assert_eq!(severities.len(), MOST);
        assert_eq!(severities[0], NoticeSeverity::Error);
        assert!(severities[1..].iter().all(|severity| *severity == NoticeSeverity::Warning));
        assert!(book.iter().all(|notice| notice.batch == Some(BATCH)));
        assert_eq!(book[0].message, "sh1001 failed: 1 of 2 frames given up");
        assert!(book[MOST - 1].message.ends_with("is not told one by one"), "{}", book[MOST - 1].message);
    }

    #[test]
    fn each_kind_is_told_and_a_batch_that_is_retried_begins_anew() {
        let mut book = Vec::new();
        let other = failed(1).noticed(NoticeId(1), Timestamp(0));
        book.push(Notice { batch: Some(BatchId(8)), ..other });
        assert!(tell(&mut book, &failed(2)));
        assert!(tell(&mut book, &held(3)));
        assert!(tell(&mut book, &failed(4)));
        let (name, jobs) = ("seq".to_owned(), JobCounts { total: 3, failed: 3, ..JobCounts::default() });
        tell(&mut book, &Happening::BatchFailed { batch: BATCH, name, jobs });
        assert!(tell(&mut book, &failed(2)));
        use NoticeSeverity::{Error, Warning};
        let severities: Vec<_> = book.iter().map(|notice| notice.severity).collect();
        assert_eq!(severities, [Error, Error, Error, Warning, Error, Error]);
    }
}
