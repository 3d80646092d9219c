//! Finding jobs by what people remember of them, a bounded number of rows at a time.
//!
//! A history may have a million jobs, and a search that looked at all of them in one go would hold a reader for
//! seconds. So a page looks at so many rows and says where the next one goes on, also where it found nothing yet.

use crate::error::ErrorKind;
use crate::read::JobFilter;
use farmhand_model::{BatchId, JobId, JobRecord};
use rusqlite::{Connection, params};
use std::sync::Arc;

/// Rows that one page looks at: some tens of milliseconds.
const LOOKED_AT: u32 = 20_000;

/// What jobs must have besides their status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobSearch {
    /// Submitted by exactly this user.
    pub user: Option<String>,
    /// Of exactly this plugin.
    pub plugin: Option<String>,
    /// Submitted last with this batch.
    pub batch: Option<BatchId>,
    /// Each word of it is in the name, the batch's name, the scene, the user, the plugin or the failure, in either case,
    /// or begins the number.
    pub words: String,
}

impl JobSearch {
    /// Whether it leaves out nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.user.is_none() && self.plugin.is_none() && self.batch.is_none() && self.words.trim().is_empty()
    }
}

/// A page of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundJobs {
    /// Newest first.
    pub jobs: Vec<JobRecord>,
    /// The next page is before this one; absent where everything was looked at.
    pub next: Option<JobId>,
}

/// The words of a search, ready to be compared.
struct Words(Vec<String>);

impl Words {
    fn of(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_lowercase).collect())
    }

    fn are_in(&self, job: &JobRecord) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let number = job.id.to_string();
        let texts = [
            job.spec.name.to_lowercase(),
            job.spec.batch.as_ref().map(|member| member.batch.name.to_lowercase()).unwrap_or_default(),
            job.spec.scene.to_string_lossy().to_lowercase(),
            job.spec.user.as_deref().unwrap_or_default().to_lowercase(),
            job.spec.plugin.name.to_lowercase(),
            job.failure.as_deref().unwrap_or_default().to_lowercase(),
        ];
        self.0.iter().all(|word| {
            number.starts_with(word.trim_start_matches('#')) || texts.iter().any(|text| text.contains(word))
        })
    }
}

pub(crate) fn search(
    conn: &Connection,
    filter: &JobFilter,
    search: &JobSearch,
) -> Result<FoundJobs, ErrorKind> {
    search_among(conn, filter, search, LOOKED_AT)
}

fn search_among(
    conn: &Connection,
    filter: &JobFilter,
    search: &JobSearch,
    looked_at: u32,
) -> Result<FoundJobs, ErrorKind> {
    // In the order of the rows themselves, so that looking may stop at any of them. Whatever is cheap to compare is
    // compared before the record is read.
    let sql = if search.batch.is_none() {
        "SELECT id, status, user, plugin, record FROM job
         WHERE id < ?1 AND ?3 IS NULL ORDER BY id DESC LIMIT ?2"
    } else {
        "SELECT id, status, user, plugin, record FROM job
         WHERE id < ?1 AND id IN (SELECT job FROM batch_entry WHERE batch = ?3) ORDER BY id DESC LIMIT ?2"
    };
    let words = Words::of(&search.words);
    let statuses: Vec<_> = filter.statuses.iter().map(|status| status.name()).collect();
    let before = filter.before.and_then(|id| i64::try_from(id.0).ok()).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![before, looked_at, search.batch.map(|batch| batch.0)])?;
    let mut jobs = Vec::new();
    let (mut count, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        let id = JobId(row.get(0)?);
        (count, last) = (count + 1, Some(id));
        let status = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let has_status = if statuses.is_empty() { status != "forgotten" } else { statuses.contains(&status) };
        let user = row.get_ref(2)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let plugin = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
        let is_whose = search.user.as_deref().is_none_or(|wanted| user == Some(wanted));
        if !has_status || !is_whose || search.plugin.as_deref().is_some_and(|wanted| plugin != wanted) {
            continue;
        }
        let text = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
        let job: JobRecord = serde_json::from_str(text)
            .map_err(|source| ErrorKind::Record { what: format!("job {id}"), source: Arc::new(source) })?;
        // A job may have gone on with a later batch, and is that one's since.
        let is_of = |batch| job.spec.batch.as_ref().is_some_and(|member| member.batch.id == batch);
        if search.batch.is_none_or(is_of) && words.are_in(&job) {
            jobs.push(job);
        }
        if jobs.len() == filter.limit as usize {
            return Ok(FoundJobs { jobs, next: Some(id) });
        }
    }
    Ok(FoundJobs { jobs, next: last.filter(|_| count == looked_at) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::job;
    use crate::schema::{MIGRATIONS, prepare};
    use crate::{apply, connection};
    use farmhand_model::{Change, JobStatus};

    /// Six jobs, of which the fourth was forgotten.
    fn farm(dir: &tempfile::TempDir) -> Connection {
        let path = dir.path().join("farmhand.db");
        let mut conn = connection::open(&path).unwrap();
        prepare(&mut conn, &path, MIGRATIONS).unwrap();
        let rows = [
            ("sq010_sh0040", "anna", "blender", JobStatus::Done, None),
            ("sq010_SH0050", "bo", "blender", JobStatus::Failed, Some("no such rig: Bert")),
            ("Füße", "anna", "maya", JobStatus::Done, None),
            ("sq010_sh0060", "anna", "maya", JobStatus::Done, None),
            ("turntable", "chidi", "maya", JobStatus::Running, None),
            ("sq020_sh0010", "anna", "maya", JobStatus::Done, None),
        ];
        let tx = conn.transaction().unwrap();
        for (id, (name, user, plugin, status, failure)) in (1..).zip(rows) {
            let mut record = job(id, status);
            record.spec.name = name.to_owned();
            record.spec.user = Some(user.to_owned());
            record.spec.plugin.name = plugin.to_owned();
            record.spec.scene = "/shows/demo/shot.ext".into();
            record.failure = failure.map(str::to_owned);
            apply::apply(&tx, &Change::Job(Box::new(record))).unwrap();
        }
        tx.execute("UPDATE job SET status = 'forgotten' WHERE id = 4", []).unwrap();
        tx.commit().unwrap();
        conn
    }

    fn any(limit: u32) -> JobFilter {
        JobFilter { statuses: Vec::new(), before: None, limit }
    }

    #[test]
    fn every_word_must_be_somewhere() {
        let dir = tempfile::tempdir().unwrap();
        let conn = farm(&dir);
        let check = |user: Option<&str>, plugin: Option<&str>, words: &str, expect: &[u64]| {
            let wanted = JobSearch {
                user: user.map(str::to_owned),
                plugin: plugin.map(str::to_owned),
                words: words.to_owned(),
                ..JobSearch::default()
            };
            let found = search(&conn, &any(10), &wanted).unwrap();
            let ids: Vec<u64> = found.jobs.iter().map(|job| job.id.0).collect();
            assert_eq!((ids.as_slice(), found.next), (expect, None), "{user:?} {plugin:?} {words}");
        };
        check(None, None, "", &[6, 5, 3, 2, 1]);
        check(None, None, "sh0050", &[2]);
        check(None, None, "SQ010 sh00", &[2, 1]);
        check(None, None, "rig: bert", &[2]);
        check(None, None, "füße", &[3]);
        check(None, None, "FÜ", &[3]);
        check(None, None, "/demo/", &[6, 5, 3, 2, 1]);
        check(None, None, "#5", &[5]);
        check(None, None, "chidi maya", &[5]);
        check(None, None, "nowhere", &[]);
        check(Some("anna"), None, "", &[6, 3, 1]);
        check(Some("ann"), None, "", &[]);
        check(None, Some("maya"), "", &[6, 5, 3]);
        check(Some("anna"), Some("maya"), "sq020", &[6]);
    }

    #[test]
    fn jobs_of_a_batch_are_those_that_did_not_go_on_with_a_later_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = farm(&dir);
        let tx = conn.transaction().unwrap();
        tx.execute("INSERT INTO batch (id, submitted, record) VALUES (7, 0, '{}'), (8, 0, '{}')", [])
            .unwrap();
        for (batch, position, id) in [(7, 0, 1_u64), (7, 1, 2), (7, 2, 6), (8, 0, 2)] {
            let sql = "INSERT INTO batch_entry (batch, position, job, record) VALUES (?1, ?2, ?3, '{}')";
            tx.execute(sql, params![batch, position, id]).unwrap();
            let mut record = job(id, JobStatus::Done);
            let name = format!("nightly {batch}");
            let member = serde_json::json!({
                "id": batch, "name": name, "entry": "x", "workers": 1, "continue_on_error": true, "content": "",
            });
            record.spec.batch = Some(serde_json::from_value(member).unwrap());
            apply::apply(&tx, &Change::Job(Box::new(record))).unwrap();
        }
        tx.commit().unwrap();
        let check = |batch: Option<u64>, words: &str, expect: &[u64]| {
            let wanted =
                JobSearch { batch: batch.map(BatchId), words: words.to_owned(), ..JobSearch::default() };
            let found = search(&conn, &any(10), &wanted).unwrap();
            let ids: Vec<u64> = found.jobs.iter().map(|job| job.id.0).collect();
            assert_eq!(ids, expect, "{batch:?} {words}");
        };
        check(Some(7), "", &[6, 1]);
        check(Some(8), "", &[2]);
        check(Some(9), "", &[]);
        check(None, "Nightly 7", &[6, 1]);
    }

    #[test]
    fn a_page_is_bounded_by_what_it_finds_and_by_what_it_looks_at() {
        let dir = tempfile::tempdir().unwrap();
        let conn = farm(&dir);
        let pages = |limit: u32, looked_at: u32, statuses: &[JobStatus]| {
            let anna = JobSearch { user: Some("anna".to_owned()), ..JobSearch::default() };
            let mut filter = JobFilter { statuses: statuses.to_vec(), ..any(limit) };
            let mut pages = Vec::new();
            loop {
                let found = search_among(&conn, &filter, &anna, looked_at).unwrap();
                pages.push(found.jobs.iter().map(|job| job.id.0).collect::<Vec<_>>());
                match found.next {
                    Some(next) => filter.before = Some(next),
                    None => return pages,
                }
            }
        };
        assert_eq!(pages(2, 100, &[]), [vec![6, 3], vec![1], vec![]][..2]);
        assert_eq!(pages(10, 2, &[]), [vec![6], vec![3], vec![1], vec![]]);
        assert_eq!(pages(10, 100, &[JobStatus::Failed]), [vec![0_u64; 0]]);
    }
}
