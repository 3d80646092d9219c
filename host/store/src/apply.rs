//! One change as SQL. Every statement is an upsert or a delete, so that a change applied twice is applied once.

use crate::error::ErrorKind;
use farmhand_model::batch::{BatchEntry, BatchRecord};
use farmhand_model::notify::Delivery;
use farmhand_model::report::SubjectKind;
use farmhand_model::{
    AttemptRecord, BatchId, Change, Digest, FrameRecord, FrameSet, JobId, JobRecord, Timestamp,
};
use rusqlite::{Connection, ffi, params};
use serde::Serialize;
use std::sync::Arc;

/// How long an idempotency key is remembered.
pub(crate) const KEY_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

pub(crate) fn apply(conn: &Connection, change: &Change) -> Result<(), ErrorKind> {
    match change {
        Change::Job(record) => job(conn, record),
        Change::Attempt(record) => attempt(conn, record),
        Change::Settled(record) => settled(conn, record),
        Change::Unsettled { job, layer, frames } => unsettled(conn, *job, *layer, frames),
        Change::Batch(record) => batch(conn, record),
        Change::Entries { batch, entries } => batch_entries(conn, *batch, entries),
        Change::Scene { path, stamp, digest } => scene(conn, path, stamp, digest),
        Change::News(delivery) => news(conn, delivery),
        Change::Delivery(delivery) => delivery_is(conn, delivery),
        Change::IdempotencyKey { key, request, job, at } => idempotency(conn, key, request, *job, *at),
    }
}

fn json(what: &str, id: u64, record: &impl Serialize) -> Result<String, ErrorKind> {
    serde_json::to_string(record)
        .map_err(|source| ErrorKind::Record { what: format!("{what} {id}"), source: Arc::new(source) })
}

/// A foreign key can only fail for want of the job.
fn needs_job(job: JobId) -> impl Fn(rusqlite::Error) -> ErrorKind {
    move |error| match error.sqlite_error() {
        Some(cause) if cause.extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::UnknownJob(job),
        _ => error.into(),
    }
}

fn job(conn: &Connection, record: &JobRecord) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO job (id, status, priority, submitted, finished, plugin, user, record, content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET
             status = excluded.status, priority = excluded.priority, submitted = excluded.submitted,
             finished = excluded.finished, plugin = excluded.plugin, user = excluded.user, record = excluded.record,
             content = excluded.content",
    )?;
    statement.execute(params![
        record.id.0,
        record.status.name(),
        record.spec.priority,
        record.submitted.0,
        record.finished.map(|at| at.0),
        record.spec.plugin.name,
        record.spec.user,
        json("job", record.id.0, record)?,
        record.spec.batch.as_ref().map(|member| &member.content.0),
    ])?;
    Ok(())
}

fn batch(conn: &Connection, record: &BatchRecord) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO batch (id, submitted, finished, key, record) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET
             submitted = excluded.submitted, finished = excluded.finished, key = excluded.key, record = excluded.record",
    )?;
    let key = record.key.as_ref().map(|key| &key.key);
    let text = json("batch", record.id.0, record)?;
    statement.execute(params![record.id.0, record.submitted.0, record.finished.map(|at| at.0), key, text])?;
    Ok(())
}

fn batch_entries(conn: &Connection, batch: BatchId, entries: &[BatchEntry]) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO batch_entry (batch, position, job, record) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (batch, position) DO UPDATE SET job = excluded.job, record = excluded.record",
    )?;
    for (position, entry) in (0_u32..).zip(entries) {
        statement.execute(params![
            batch.0,
            position,
            entry.job.0,
            json("entry of batch", batch.0, entry)?
        ])?;
    }
    Ok(())
}

fn scene(conn: &Connection, path: &str, stamp: &str, digest: &Digest) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO scene (path, stamp, digest) VALUES (?1, ?2, ?3)
         ON CONFLICT (path) DO UPDATE SET stamp = excluded.stamp, digest = excluded.digest",
    )?;
    statement.execute(params![path, stamp, digest.0])?;
    Ok(())
}

/// Whose it is: a job's or a batch's.
fn owner(delivery: &Delivery) -> (Option<u64>, Option<u64>) {
    let number = delivery.notification.number;
    match delivery.notification.kind {
        SubjectKind::Job => (Some(number), None),
        SubjectKind::Batch => (None, Some(number)),
    }
}

fn news(conn: &Connection, delivery: &Delivery) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO delivery (key, job, batch, due, record) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO NOTHING",
    )?;
    let ((job, batch), text) = (owner(delivery), json("delivery", delivery.notification.number, delivery)?);
    statement.execute(params![delivery.key, job, batch, delivery.due().map(|at| at.0), text])?;
    Ok(())
}

/// One whose job or batch has been forgotten meanwhile is nobody's any more.
fn delivery_is(conn: &Connection, delivery: &Delivery) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached("UPDATE delivery SET due = ?2, record = ?3 WHERE key = ?1")?;
    let text = json("delivery", delivery.notification.number, delivery)?;
    statement.execute(params![delivery.key, delivery.due().map(|at| at.0), text])?;
    Ok(())
}

fn attempt(conn: &Connection, record: &AttemptRecord) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO attempt (id, job, live, started, record) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET
             job = excluded.job, live = excluded.live, started = excluded.started, record = excluded.record",
    )?;
    let text = json("attempt", record.id.0, record)?;
    statement
        .execute(params![record.id.0, record.job.0, record.is_live(), record.started.0, text])
        .map_err(needs_job(record.job))?;
    Ok(())
}

fn settled(conn: &Connection, record: &FrameRecord) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO frame (job, layer, frame, attempt, path, bytes, seconds, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (job, layer, frame) DO UPDATE SET
             attempt = excluded.attempt, path = excluded.path, bytes = excluded.bytes,
             seconds = excluded.seconds, at = excluded.at",
    )?;
    statement
        .execute(params![
            record.job.0,
            record.layer,
            record.frame,
            record.attempt.map(|id| id.0),
            record.path,
            record.bytes,
            record.seconds,
            record.at.0,
        ])
        .map_err(needs_job(record.job))?;
    Ok(())
}

fn unsettled(conn: &Connection, job: JobId, layer: u32, frames: &FrameSet) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "DELETE FROM frame
         WHERE job = ?1 AND layer = ?2 AND frame BETWEEN ?3 AND ?4 AND (frame - ?3) % ?5 = 0",
    )?;
    for run in frames.runs() {
        statement.execute(params![job.0, layer, run.first, run.last, run.step])?;
    }
    Ok(())
}

fn idempotency(
    conn: &Connection,
    key: &str,
    request: &str,
    job: JobId,
    at: Timestamp,
) -> Result<(), ErrorKind> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO idempotency (key, request, job, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET request = excluded.request, job = excluded.job, at = excluded.at
             WHERE (request = excluded.request AND job = excluded.job) OR at < excluded.at - ?5",
    )?;
    let rows = statement.execute(params![key, request, job.0, at.0, KEY_LIFE_MS]).map_err(needs_job(job))?;
    if rows == 0 {
        return Err(ErrorKind::KeyTaken { key: key.to_owned() });
    }
    Ok(())
}
