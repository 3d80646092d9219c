//! Every question that the store answers, as SQL on a connection.

use crate::error::ErrorKind;
pub use farmhand_model::RestoredJob;
use farmhand_model::batch::{BatchEntry, BatchRecord};
use farmhand_model::notify::Delivery;
use farmhand_model::past::AttemptCost;
use farmhand_model::view::FrameCounts;
use farmhand_model::{
    AttemptId, AttemptRecord, BatchId, Digest, FrameRecord, FrameSet, JobId, JobRecord, JobStatus, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, params, params_from_iter, types::Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

const FRAME_COLUMNS: &str = "job, layer, frame, attempt, path, bytes, seconds, at";

/// What a daemon starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// Jobs that have not ended, oldest first.
    pub jobs: Vec<RestoredJob>,
    /// Attempts that had not ended, oldest first: their processes may still be there.
    pub live: Vec<AttemptRecord>,
    /// Higher than every job's id that was ever committed.
    pub next_job: JobId,
    /// Higher than every attempt's id that was ever committed.
    pub next_attempt: AttemptId,
    /// Higher than every batch's id that was ever committed.
    pub next_batch: BatchId,
}

/// A job of a batch, with where the job is; absent where it has been forgotten.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptEntry {
    /// What the submission made of it.
    pub entry: BatchEntry,
    /// Where it is now, or was when it was last kept.
    pub job: Option<KeptJob>,
}

/// As much of a job as its batch shows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct KeptJob {
    /// The batch that it was submitted with last.
    pub batch: Option<BatchId>,
    /// Where it is.
    pub status: JobStatus,
    /// How many frames are what.
    pub counts: FrameCounts,
    /// When its first attempt started.
    pub started: Option<Timestamp>,
    /// When it reached an end.
    pub finished: Option<Timestamp>,
    /// Why it failed, where it failed as a whole.
    pub failure: Option<String>,
}

/// The settled frames of a job, each set by layer index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SettledFrames {
    /// Rendered and in place.
    pub done: Vec<FrameSet>,
    /// There before the job.
    pub skipped: Vec<FrameSet>,
}

/// How long a frame took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameTime {
    /// Index into the job's layers.
    pub layer: u32,
    /// The frame.
    pub frame: i32,
    /// Who rendered it.
    pub attempt: Option<AttemptId>,
    /// How long it took.
    pub seconds: f64,
}

/// Where a job reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPlace {
    /// Its scene.
    pub scene: PathBuf,
    /// Where its images go, as a template.
    pub output: Option<String>,
}

/// Which jobs, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct JobFilter {
    /// Only these statuses; empty: any.
    pub statuses: Vec<JobStatus>,
    /// Only jobs older than this one: the cursor of a page.
    pub before: Option<JobId>,
    /// At most this many.
    pub limit: u32,
}

/// Which rendered frames of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimesFilter {
    /// The job.
    pub job: JobId,
    /// Index into its layers.
    pub layer: u32,
    /// The first frame.
    pub from: i32,
    /// The last one.
    pub to: i32,
    /// At most this many.
    pub limit: u32,
}

/// How long rendered frames took, and who rendered them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrameTimes {
    /// By frame; seconds are absent where the reader could not tell.
    pub frames: Vec<(i32, Option<f64>, AttemptId)>,
    /// The attempts of these frames, by their number.
    pub costs: Vec<AttemptCost>,
}

/// Which ended attempts, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedFilter {
    /// Only those that this plugin decided, by its name.
    pub plugin: String,
    /// Only those that started then or later.
    pub since: Option<Timestamp>,
    /// At most this many.
    pub limit: u32,
    /// Only those among this many newest attempts of all plugins, which bounds what is looked at.
    pub among: Option<u32>,
}

pub(crate) fn restored(conn: &Connection) -> Result<Restored, ErrorKind> {
    // The inner query goes over an index alone: a long history of large records costs a start next to nothing.
    let sql = "SELECT id, record FROM job
               WHERE id IN (SELECT id FROM job WHERE status NOT IN ('done', 'failed', 'cancelled', 'forgotten'))
               ORDER BY id";
    let open: Vec<JobRecord> = records(conn, "job", sql, [])?;
    let jobs = open.into_iter().map(|record| with_frames(conn, record)).collect::<Result<_, _>>()?;
    Ok(Restored {
        jobs,
        live: live(conn)?,
        next_job: JobId(next(conn, "job")?),
        next_attempt: AttemptId(next(conn, "attempt")?),
        next_batch: BatchId(next(conn, "batch")?),
    })
}

/// Attempts that have not ended, oldest first.
pub(crate) fn live(conn: &Connection) -> Result<Vec<AttemptRecord>, ErrorKind> {
    records(conn, "attempt", "SELECT id, record FROM attempt WHERE live = 1 ORDER BY id", [])
}

/// One more than the highest id that the table ever had.
fn next(conn: &Connection, table: &str) -> Result<u64, ErrorKind> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
    let highest: Option<u64> = conn.query_row(sql, [table], |row| row.get(0)).optional()?;
    Ok(highest.unwrap_or(0) + 1)
}

pub(crate) fn restored_job(conn: &Connection, id: JobId) -> Result<Option<RestoredJob>, ErrorKind> {
    job(conn, id)?.map(|record| with_frames(conn, record)).transpose()
}

pub(crate) fn settled(conn: &Connection, id: JobId) -> Result<Option<SettledFrames>, ErrorKind> {
    let job = restored_job(conn, id)?;
    Ok(job.map(|job| SettledFrames { done: job.done, skipped: job.skipped }))
}

fn with_frames(conn: &Connection, record: JobRecord) -> Result<RestoredJob, ErrorKind> {
    let layers = record.layer_count();
    let mut done = vec![FrameSet::new(); layers];
    let mut skipped = done.clone();
    let mut statement =
        conn.prepare_cached("SELECT layer, frame, attempt IS NULL FROM frame WHERE job = ?1")?;
    let mut rows = statement.query([record.id.0])?;
    while let Some(row) = rows.next()? {
        let sets = if row.get(2)? { &mut skipped } else { &mut done };
        if let Some(set) = sets.get_mut(row.get::<_, usize>(0)?) {
            set.insert(row.get(1)?);
        }
    }
    Ok(RestoredJob { record, done, skipped })
}

pub(crate) fn job(conn: &Connection, id: JobId) -> Result<Option<JobRecord>, ErrorKind> {
    record(conn, "job", "SELECT id, record FROM job WHERE id = ?1 AND status <> 'forgotten'", [id.0])
}

pub(crate) fn jobs(conn: &Connection, filter: &JobFilter) -> Result<Vec<JobRecord>, ErrorKind> {
    let marks = vec!["?"; filter.statuses.len()].join(", ");
    let wanted =
        if marks.is_empty() { "status <> 'forgotten'".to_owned() } else { format!("status IN ({marks})") };
    let sql = format!("SELECT id, record FROM job WHERE {wanted} AND id < ? ORDER BY id DESC LIMIT ?");
    let statuses = filter.statuses.iter().map(|status| Value::from(status.name().to_owned()));
    let before = filter.before.and_then(|id| i64::try_from(id.0).ok()).unwrap_or(i64::MAX);
    let params = statuses.chain([Value::from(before), Value::from(filter.limit)]);
    records(conn, "job", &sql, params_from_iter(params))
}

pub(crate) fn attempt(conn: &Connection, id: AttemptId) -> Result<Option<AttemptRecord>, ErrorKind> {
    record(conn, "attempt", "SELECT id, record FROM attempt WHERE id = ?1", [id.0])
}

pub(crate) fn attempts(
    conn: &Connection,
    job: JobId,
    before: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<AttemptRecord>, ErrorKind> {
    let sql = "SELECT id, record FROM attempt WHERE job = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    let before = before.and_then(|id| i64::try_from(id.0).ok()).unwrap_or(i64::MAX);
    records(conn, "attempt", sql, params![job.0, before, limit])
}

pub(crate) fn ended(conn: &Connection, filter: &EndedFilter) -> Result<Vec<AttemptRecord>, ErrorKind> {
    let sql = "SELECT id, record FROM attempt
               WHERE live = 0 AND started >= ?1
                 AND id > (SELECT coalesce(max(id), 0) FROM attempt) - ?2
                 AND json_extract(record, '$.plugin.name') = ?3
               ORDER BY id DESC LIMIT ?4";
    let since = filter.since.map_or(i64::MIN, |since| since.0);
    // No id is past this, and nothing overflows.
    let among = filter.among.map_or(i64::MAX / 2, i64::from);
    records(conn, "attempt", sql, params![since, among, filter.plugin, filter.limit])
}

pub(crate) fn count_attempts(conn: &Connection, job: JobId) -> Result<u64, ErrorKind> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM attempt WHERE job = ?1")?;
    Ok(statement.query_row([job.0], |row| row.get(0))?)
}

pub(crate) fn latest_frames(
    conn: &Connection,
    job: JobId,
    limit: u32,
) -> Result<Vec<FrameRecord>, ErrorKind> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {FRAME_COLUMNS} FROM frame WHERE job = ?1 ORDER BY at DESC, layer DESC, frame DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![job.0, limit], frame_record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn frame_times(conn: &Connection, filter: &TimesFilter) -> Result<FrameTimes, ErrorKind> {
    let TimesFilter { job, layer, from, to, limit } = filter;
    let mut statement = conn.prepare_cached(
        "SELECT frame, seconds, attempt FROM frame
         WHERE job = ?1 AND layer = ?2 AND frame BETWEEN ?3 AND ?4 AND attempt IS NOT NULL
         ORDER BY frame LIMIT ?5",
    )?;
    let rows = statement.query_map(params![job.0, layer, from, to, limit], |row| {
        Ok((row.get(0)?, row.get(1)?, AttemptId(row.get(2)?)))
    })?;
    let frames: Vec<(i32, Option<f64>, AttemptId)> = rows.collect::<Result<_, _>>()?;
    let attempts: BTreeSet<AttemptId> = frames.iter().map(|(_, _, attempt)| *attempt).collect();
    // One look at each record, which is not read as a whole: a job may have thousands of attempts.
    let mut statement = conn.prepare_cached(
        "SELECT json_extract(record, '$.level'), json_extract(record, '$.outcome.usage.peak_memory_bytes'),
                json_extract(record, '$.verdict.decision.kind')
         FROM attempt WHERE id = ?1",
    )?;
    let mut costs = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        let cost = statement
            .query_row([attempt.0], |row| {
                let (level, peak_memory_bytes, decision) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(AttemptCost { attempt, level, peak_memory_bytes, decision })
            })
            .optional()?;
        costs.extend(cost);
    }
    Ok(FrameTimes { frames, costs })
}

pub(crate) fn frame(
    conn: &Connection,
    job: JobId,
    layer: u32,
    frame: i32,
) -> Result<Option<FrameRecord>, ErrorKind> {
    let sql = format!("SELECT {FRAME_COLUMNS} FROM frame WHERE job = ?1 AND layer = ?2 AND frame = ?3");
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement.query_row(params![job.0, layer, frame], frame_record).optional()?)
}

fn frame_record(row: &Row<'_>) -> rusqlite::Result<FrameRecord> {
    Ok(FrameRecord {
        job: JobId(row.get(0)?),
        layer: row.get(1)?,
        frame: row.get(2)?,
        attempt: row.get::<_, Option<u64>>(3)?.map(AttemptId),
        path: row.get(4)?,
        bytes: row.get(5)?,
        seconds: row.get(6)?,
        at: Timestamp(row.get(7)?),
    })
}

/// Frames of a job whose time is known, in the order of layers and frames: the next `limit` of them.
pub(crate) fn frame_seconds(
    conn: &Connection,
    job: JobId,
    after: Option<(u32, i32)>,
    limit: u32,
) -> Result<Vec<FrameTime>, ErrorKind> {
    let mut statement = conn.prepare_cached(
        "SELECT layer, frame, attempt, seconds FROM frame
         WHERE job = ?1 AND (layer, frame) > (?2, ?3) AND seconds IS NOT NULL
         ORDER BY layer, frame LIMIT ?4",
    )?;
    // Before every layer there can be.
    let (layer, frame) = after.map_or((-1, 0), |(layer, frame)| (i64::from(layer), frame));
    let rows = statement.query_map(params![job.0, layer, frame, limit], |row| {
        Ok(FrameTime {
            layer: row.get(0)?,
            frame: row.get(1)?,
            attempt: row.get::<_, Option<u64>>(2)?.map(AttemptId),
            seconds: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn idempotent(conn: &Connection, key: &str) -> Result<Option<(Digest, JobId)>, ErrorKind> {
    let mut statement = conn.prepare_cached("SELECT request, job FROM idempotency WHERE key = ?1")?;
    let found = statement.query_row([key], |row| Ok((Digest(row.get(0)?), JobId(row.get(1)?)))).optional()?;
    Ok(found)
}

/// Where jobs read and write: every scene with every output that it is rendered to.
pub(crate) fn places(conn: &Connection) -> Result<Vec<JobPlace>, ErrorKind> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT json_extract(record, '$.spec.scene'), json_extract(record, '$.spec.output') FROM job",
    )?;
    let rows = statement
        .query_map([], |row| Ok(JobPlace { scene: row.get::<_, String>(0)?.into(), output: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is to be carried, what is due first before the rest.
pub(crate) fn outbox(conn: &Connection, limit: u32) -> Result<Vec<Delivery>, ErrorKind> {
    let sql = "SELECT 0, record FROM delivery WHERE due IS NOT NULL ORDER BY due, key LIMIT ?1";
    records(conn, "delivery", sql, [limit])
}

pub(crate) fn batch(conn: &Connection, id: BatchId) -> Result<Option<BatchRecord>, ErrorKind> {
    record(conn, "batch", "SELECT id, record FROM batch WHERE id = ?1", [id.0])
}

/// Batches, newest first.
pub(crate) fn batches(
    conn: &Connection,
    before: Option<BatchId>,
    limit: u32,
) -> Result<Vec<BatchRecord>, ErrorKind> {
    let before = before.and_then(|id| i64::try_from(id.0).ok()).unwrap_or(i64::MAX);
    let sql = "SELECT id, record FROM batch WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    records(conn, "batch", sql, params![before, limit])
}

/// Batches that have not ended, oldest first.
pub(crate) fn open_batches(conn: &Connection) -> Result<Vec<BatchRecord>, ErrorKind> {
    records(conn, "batch", "SELECT id, record FROM batch WHERE finished IS NULL ORDER BY id", [])
}

/// The newest batch with this idempotency key.
pub(crate) fn keyed_batch(conn: &Connection, key: &str) -> Result<Option<BatchRecord>, ErrorKind> {
    let sql = "SELECT id, record FROM batch WHERE key = ?1 ORDER BY id DESC LIMIT 1";
    record(conn, "batch", sql, [key])
}

/// The jobs of a batch in their order, each with where it is. Of the jobs' records only that is read: they are large,
/// and a batch may have thousands.
pub(crate) fn entries(conn: &Connection, batch: BatchId) -> Result<Vec<KeptEntry>, ErrorKind> {
    let mut statement = conn.prepare_cached(
        "SELECT entry.record,
                CASE WHEN job.status <> 'forgotten' THEN json_object(
                    'status', job.status,
                    'counts', json_extract(job.record, '$.counts'),
                    'started', json_extract(job.record, '$.started'),
                    'finished', json_extract(job.record, '$.finished'),
                    'failure', json_extract(job.record, '$.failure'),
                    'batch', json_extract(job.record, '$.spec.batch.id')) END
         FROM batch_entry AS entry LEFT JOIN job ON job.id = entry.job
         WHERE entry.batch = ?1 ORDER BY entry.position",
    )?;
    let mut rows = statement.query([batch.0])?;
    let broken = |source| ErrorKind::Record { what: format!("batch {batch}"), source: Arc::new(source) };
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let job = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        found.push(KeptEntry {
            entry: serde_json::from_str(entry).map_err(broken)?,
            job: job.map(serde_json::from_str).transpose().map_err(broken)?,
        });
    }
    Ok(found)
}

/// The newest job that renders the same, for each of these contents that there is one for.
pub(crate) fn jobs_by_content(
    conn: &Connection,
    contents: &[Digest],
) -> Result<BTreeMap<Digest, JobId>, ErrorKind> {
    let mut statement =
        conn.prepare_cached("SELECT max(id) FROM job WHERE content = ?1 AND status <> 'forgotten'")?;
    let mut found = BTreeMap::new();
    for content in contents {
        if let Some(id) = statement.query_row([&content.0], |row| row.get::<_, Option<u64>>(0))? {
            found.insert(content.clone(), JobId(id));
        }
    }
    Ok(found)
}

/// The digest of a scene that was read when its file was as `stamp` says.
pub(crate) fn scene(conn: &Connection, path: &str, stamp: &str) -> Result<Option<Digest>, ErrorKind> {
    let mut statement = conn.prepare_cached("SELECT digest FROM scene WHERE path = ?1 AND stamp = ?2")?;
    Ok(statement.query_row([path, stamp], |row| row.get(0).map(Digest)).optional()?)
}

/// Rows of `id, record`.
fn records<T: DeserializeOwned>(
    conn: &Connection,
    what: &str,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, ErrorKind> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let record = serde_json::from_str(text).map_err(|source| ErrorKind::Record {
            what: row.get(0).map_or_else(|_| what.to_owned(), |id: u64| format!("{what} {id}")),
            source: Arc::new(source),
        })?;
        found.push(record);
    }
    Ok(found)
}

fn record<T: DeserializeOwned>(
    conn: &Connection,
    what: &str,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, ErrorKind> {
    Ok(records(conn, what, sql, params)?.pop())
}
