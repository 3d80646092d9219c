//! Forgetting ended jobs: all at once for whoever asks, and row by row on the disk.
//!
//! A job with a million frames is a million rows, and to delete them in one transaction would keep every commit
//! waiting. So a job is first marked, in one short transaction, and from then on no question finds it; its rows go
//! in steps between commits, and those that a crash leaves over go with the next maintenance.

use crate::error::ErrorKind;
use farmhand_model::{JobId, Timestamp};
use rusqlite::{Connection, TransactionBehavior, params};

/// Rows deleted in one transaction: some tens of milliseconds of work, which is what a commit may have to wait.
const STEP: u32 = 5000;

/// Ended before a time, with no attempt that lives, and with no job that has not ended coming after it.
const FORGETTABLE: &str = "status IN ('done', 'failed', 'cancelled') AND finished < ?1
     AND id NOT IN (SELECT job FROM attempt WHERE live = 1)
     AND id NOT IN (
         SELECT earlier.value FROM job AS later, json_each(later.record, '$.spec.after') AS earlier
         WHERE later.status NOT IN ('done', 'failed', 'cancelled', 'forgotten'))";

/// What of the history is old enough to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// Ended jobs.
    pub jobs: u64,
    /// Their attempts.
    pub attempts: u64,
    /// Their settled frames.
    pub frames: u64,
    /// What all of them take, about. The file does not shrink: the room is used again.
    pub bytes: u64,
}

/// How much [`mark`] would forget. It changes nothing.
pub(crate) fn measure(conn: &Connection, ended_before: Timestamp) -> Result<History, ErrorKind> {
    let count = |sql: &str| -> Result<(u64, u64), ErrorKind> {
        Ok(conn.query_row(sql, [ended_before.0], |row| Ok((row.get(0)?, row.get(1)?)))?)
    };
    let jobs = format!("SELECT id FROM job WHERE {FORGETTABLE}");
    let (jobs_count, job_bytes) =
        count(&format!("SELECT count(*), coalesce(sum(length(record)), 0) FROM job WHERE id IN ({jobs})"))?;
    let (attempts, attempt_bytes) = count(&format!(
        "SELECT count(*), coalesce(sum(length(record)), 0) FROM attempt WHERE job IN ({jobs})"
    ))?;
    // A row is its path and some numbers, and once more in the index by time.
    let (frames, frame_bytes) = count(&format!(
        "SELECT count(*), coalesce(sum(length(path) + 60), 0) FROM frame WHERE job IN ({jobs})"
    ))?;
    Ok(History { jobs: jobs_count, attempts, frames, bytes: job_bytes + attempt_bytes + frame_bytes })
}

/// Makes no question find these jobs any more, and takes their idempotency keys; their ids, oldest first.
pub(crate) fn mark(conn: &mut Connection, ended_before: Timestamp) -> Result<Vec<JobId>, ErrorKind> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let ids = {
        let sql = format!("UPDATE job SET status = 'forgotten' WHERE {FORGETTABLE} RETURNING id");
        let mut statement = tx.prepare(&sql)?;
        let rows = statement.query_map([ended_before.0], |row| row.get(0).map(JobId))?;
        let mut ids: Vec<JobId> = rows.collect::<Result<_, _>>()?;
        ids.sort_unstable();
        ids
    };
    tx.execute("DELETE FROM idempotency WHERE job IN (SELECT id FROM job WHERE status = 'forgotten')", [])?;
    // A batch goes with the last of its jobs.
    tx.execute(
        "DELETE FROM batch WHERE finished IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM batch_entry AS entry JOIN job ON job.id = entry.job
             WHERE entry.batch = batch.id AND job.status <> 'forgotten')",
        [],
    )?;
    tx.commit()?;
    Ok(ids)
}

/// Deletes some rows of a forgotten job; whether there may be more.
pub(crate) fn step(conn: &Connection) -> Result<bool, ErrorKind> {
    // One job's rows at a time, so that each statement goes along an index.
    let mut forgotten = conn.prepare_cached("SELECT min(id) FROM job WHERE status = 'forgotten'")?;
    let Some(job) = forgotten.query_row([], |row| row.get::<_, Option<i64>>(0))? else { return Ok(false) };
    for sql in [
        "DELETE FROM frame WHERE job = ?1 AND (layer, frame) IN
             (SELECT layer, frame FROM frame WHERE job = ?1 LIMIT ?2)",
        "DELETE FROM attempt WHERE id IN (SELECT id FROM attempt WHERE job = ?1 LIMIT ?2)",
    ] {
        if conn.prepare_cached(sql)?.execute(params![job, STEP])? > 0 {
            return Ok(true);
        }
    }
    conn.prepare_cached("DELETE FROM job WHERE id = ?1 AND status = 'forgotten'")?.execute([job])?;
    Ok(true)
}
