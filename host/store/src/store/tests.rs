use super::*;
use crate::samples::{attempt, ended, ended_as, frame, job, set};
use crate::{ErrorKind, connection};
use farmhand_model::dcc::Decision;
use farmhand_model::past::AttemptCost;
use farmhand_model::{AttemptState, EndedBy, FrameSet, JobStatus};
use std::path::PathBuf;
use tempfile::TempDir;

/// A database in a directory of its own.
struct Farm {
    dir: TempDir,
    store: Store,
}

impl Farm {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, restored) = Store::open(&dir.path().join("farmhand.db")).unwrap();
        assert_eq!((restored.jobs.len(), restored.live.len()), (0, 0));
        assert_eq!((restored.next_job, restored.next_attempt), (JobId(1), AttemptId(1)));
        Self { dir, store }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("farmhand.db")
    }

    async fn commit(&self, changes: Vec<Change>) {
        self.store.commit(changes).await.unwrap();
    }

    async fn reopen(self) -> (Self, Restored) {
        let path = self.path();
        self.store.close().await;
        let (store, restored) = Store::open(&path).unwrap();
        (Self { dir: self.dir, store }, restored)
    }

    async fn job_ids(&self, statuses: &[JobStatus], before: Option<u64>, limit: u32) -> Vec<u64> {
        let filter = JobFilter { statuses: statuses.to_vec(), before: before.map(JobId), limit };
        self.store.jobs(filter).await.unwrap().iter().map(|job| job.id.0).collect()
    }
}

fn put(record: JobRecord) -> Change {
    Change::Job(Box::new(record))
}

fn run(record: AttemptRecord) -> Change {
    Change::Attempt(Box::new(record))
}

fn unsettle(job: u64, layer: u32, frames: &str) -> Change {
    Change::Unsettled { job: JobId(job), layer, frames: set(frames) }
}

fn key(key: &str, request: &str, job: u64, at: i64) -> Change {
    Change::IdempotencyKey { key: key.into(), request: request.into(), job: JobId(job), at: Timestamp(at) }
}

fn starting() -> AttemptState {
    AttemptState::Starting
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was_and_every_change_counts_once() {
    let farm = Farm::new();
    let skipped = FrameRecord { attempt: None, seconds: None, ..frame(2, 1, -7) };
    let changes = vec![
        put(job(1, JobStatus::Done)),
        put(job(2, JobStatus::Running)),
        put(job(3, JobStatus::Paused)),
        run(attempt(1, 1, ended())),
        run(attempt(2, 2, starting())),
        run(attempt(3, 2, AttemptState::Running { since: Timestamp(5) })),
        Change::Settled(frame(1, 0, 1)),
        Change::Settled(frame(2, 0, 1)),
        Change::Settled(frame(2, 0, i32::MAX)),
        Change::Settled(frame(2, 1, i32::MIN)),
        Change::Settled(skipped.clone()),
        key("k", "digest", 2, 0),
    ];
    farm.commit(changes.clone()).await;
    let (farm, first) = farm.reopen().await;
    let running = RestoredJob {
        record: job(2, JobStatus::Running),
        done: vec![set("1,2147483647"), set("-2147483648")],
        skipped: vec![FrameSet::new(), set("-7")],
    };
    let paused = RestoredJob {
        record: job(3, JobStatus::Paused),
        done: vec![FrameSet::new(); 2],
        skipped: vec![FrameSet::new(); 2],
    };
    let live = vec![attempt(2, 2, starting()), attempt(3, 2, AttemptState::Running { since: Timestamp(5) })];
    let (next_job, next_attempt, next_batch) = (JobId(4), AttemptId(4), BatchId(1));
    let expect = Restored { jobs: vec![running, paused], live, next_job, next_attempt, next_batch };
    assert_eq!(first, expect);

    farm.commit(changes).await;
    let (farm, second) = farm.reopen().await;
    assert_eq!(second, expect);
    assert_eq!(farm.store.job(JobId(1)).await.unwrap(), Some(job(1, JobStatus::Done)));
    assert_eq!(farm.store.job(JobId(4)).await.unwrap(), None);
    assert_eq!(farm.store.count_attempts(JobId(2)).await.unwrap(), 2);
    assert_eq!(farm.store.frame(JobId(2), 1, -7).await.unwrap(), Some(skipped));
    assert_eq!(farm.store.frame(JobId(2), 0, -7).await.unwrap(), None);
    let found = farm.store.idempotent("k").await.unwrap();
    assert_eq!(found, Some((Digest("digest".into()), JobId(2))));
    assert_eq!(farm.store.idempotent("other").await.unwrap(), None);
}

#[tokio::test]
async fn every_state_of_an_attempt_comes_back_as_it_was() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Running))]).await;
    let mut states = vec![starting(), AttemptState::Running { since: Timestamp(-1) }];
    let ends = [
        EndedBy::Itself,
        EndedBy::TimeLimit,
        EndedBy::Stall,
        EndedBy::Cancel,
        EndedBy::DaemonStop,
        EndedBy::Lost,
    ];
    states.extend(ends.map(|by| ended_as(by, Decision::Accept)));
    let decisions = [
        Decision::Accept,
        Decision::Retry { after_ms: u32::MAX },
        Decision::FallBack,
        Decision::FailFrames,
        Decision::FailJob,
        Decision::QuarantineNode,
        Decision::HoldJob,
    ];
    states.extend(decisions.map(|decision| ended_as(EndedBy::Itself, decision)));
    let records: Vec<_> = (1..).zip(states).map(|(id, state)| attempt(id, 1, state)).collect();
    farm.commit(records.iter().cloned().map(run).collect()).await;
    let (farm, restored) = farm.reopen().await;
    assert_eq!(restored.live, records[..2]);
    assert_eq!(farm.store.live().await.unwrap(), restored.live);
    for record in records {
        assert_eq!(farm.store.attempt(record.id).await.unwrap(), Some(record));
    }
    assert_eq!(farm.store.attempt(AttemptId(99)).await.unwrap(), None);
}

#[tokio::test]
async fn the_last_word_on_a_job_and_an_attempt_counts() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Running)), run(attempt(1, 1, starting()))]).await;
    farm.commit(vec![run(attempt(1, 1, ended())), put(job(1, JobStatus::Done))]).await;
    assert_eq!(farm.job_ids(&[JobStatus::Running], None, 10).await, [0_u64; 0]);
    assert_eq!(farm.job_ids(&[JobStatus::Done], None, 10).await, [1]);
    let (_farm, restored) = farm.reopen().await;
    assert_eq!((restored.jobs, restored.live), (vec![], vec![]));
}

#[tokio::test]
async fn a_commit_is_kept_whole_or_not_at_all() {
    let farm = Farm::new();
    let changes = vec![put(job(1, JobStatus::Waiting)), run(attempt(1, 9, starting()))];
    let error = farm.store.commit(changes).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::UnknownJob(JobId(9))), "{error}");
    assert_eq!(farm.job_ids(&[], None, 10).await, [0_u64; 0]);
    farm.commit(vec![]).await;
    farm.commit(vec![put(job(1, JobStatus::Waiting)), run(attempt(1, 1, starting()))]).await;
    assert_eq!(farm.job_ids(&[], None, 10).await, [1]);
}

#[tokio::test]
async fn jobs_are_listed_newest_first_in_pages_by_status() {
    use JobStatus::{Done, Failed, Waiting};
    type Row<'a> = (&'a [JobStatus], Option<u64>, u32, &'a [u64]);
    let farm = Farm::new();
    let all = [Waiting, Done, Failed, Waiting, Done];
    farm.commit((1..).zip(all).map(|(id, status)| put(job(id, status))).collect()).await;
    let table: [Row<'_>; 8] = [
        (&[], None, 10, &[5, 4, 3, 2, 1]),
        (&[], None, 2, &[5, 4]),
        (&[], Some(4), 2, &[3, 2]),
        (&[], Some(1), 2, &[]),
        (&[], Some(u64::MAX), 1, &[5]),
        (&[Done], None, 10, &[5, 2]),
        (&[Done, Failed], Some(5), 10, &[3, 2]),
        (&[JobStatus::Paused], None, 10, &[]),
    ];
    for (statuses, before, limit, expect) in table {
        assert_eq!(farm.job_ids(statuses, before, limit).await, expect, "{statuses:?} {before:?} {limit}");
    }
}

#[tokio::test]
async fn attempts_are_listed_newest_first_in_pages() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Running)), put(job(2, JobStatus::Running))]).await;
    farm.commit((1..=6).map(|id| run(attempt(id, 1 + id % 2, ended()))).collect()).await;
    let table: [(u64, Option<u64>, u32, &[u64]); 4] =
        [(1, None, 10, &[6, 4, 2]), (1, Some(6), 1, &[4]), (2, Some(5), 9, &[3, 1]), (3, None, 9, &[])];
    for (of, before, limit, expect) in table {
        let found = farm.store.attempts(JobId(of), before.map(AttemptId), limit).await.unwrap();
        let ids: Vec<u64> = found.iter().map(|attempt| attempt.id.0).collect();
        assert_eq!(ids, expect, "{of} {before:?} {limit}");
    }
}

#[tokio::test]
async fn unsettled_frames_are_taken_out_as_the_set_says() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Running))]).await;
    let all = (-10..=10).flat_map(|number| [frame(1, 0, number), frame(1, 1, number)]);
    farm.commit(all.map(Change::Settled).collect()).await;
    farm.commit(vec![unsettle(1, 0, "-9-9x3,10"), unsettle(1, 1, "2147483647"), unsettle(7, 0, "1")]).await;
    let settled = farm.store.settled(JobId(1)).await.unwrap().unwrap();
    assert_eq!(settled.done, [set("-10--10,-8,-7,-5,-4,-2,-1,1,2,4,5,7,8"), set("-10-10")]);
    assert_eq!(settled.skipped, [FrameSet::new(), FrameSet::new()]);
    assert_eq!(farm.store.settled(JobId(7)).await.unwrap(), None);
}

#[tokio::test]
async fn the_frames_settled_last_come_first() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Running)), put(job(2, JobStatus::Running))]).await;
    let at = |number, at| FrameRecord { at: Timestamp(at), ..frame(1, 0, number) };
    let records = [at(1, 300), at(2, 100), at(3, 200), frame(2, 0, 4)];
    farm.commit(records.map(Change::Settled).into()).await;
    assert_eq!(farm.store.latest_frames(JobId(1), 2).await.unwrap(), [at(1, 300), at(3, 200)]);
    farm.commit(vec![Change::Settled(at(2, 400))]).await;
    assert_eq!(farm.store.latest_frames(JobId(1), 1).await.unwrap(), [at(2, 400)]);
}

#[tokio::test]
async fn the_times_of_a_layer_are_read_by_frame_with_what_their_attempts_took() {
    let farm = Farm::new();
    let mut second = attempt(2, 1, ended_as(EndedBy::Itself, Decision::FallBack));
    if let AttemptState::Ended { outcome, .. } = &mut second.state {
        outcome.usage.peak_memory_bytes = Some(3_000_000_000);
    }
    let skipped = FrameRecord { attempt: None, seconds: None, ..frame(1, 0, 2) };
    let untold = FrameRecord { attempt: Some(AttemptId(2)), seconds: None, ..frame(1, 0, 3) };
    farm.commit(vec![
        put(job(1, JobStatus::Running)),
        run(attempt(1, 1, AttemptState::Running { since: Timestamp(5) })),
        run(second),
        Change::Settled(frame(1, 0, -4)),
        Change::Settled(frame(1, 0, 1)),
        Change::Settled(skipped),
        Change::Settled(untold),
        Change::Settled(frame(1, 1, 1)),
    ])
    .await;
    let times = async |layer, from, to, limit| {
        farm.store.frame_times(TimesFilter { job: JobId(1), layer, from, to, limit }).await.unwrap()
    };
    let cost = |id: u64, peak_memory_bytes, decision: Option<&str>| AttemptCost {
        attempt: AttemptId(id),
        level: 1,
        peak_memory_bytes,
        decision: decision.map(str::to_owned),
    };
    let (first, running) = ((1, Some(12.25), AttemptId(1)), cost(1, None, None));
    let all = times(0, i32::MIN, i32::MAX, 10).await;
    assert_eq!(all.frames, [(-4, Some(12.25), AttemptId(1)), first, (3, None, AttemptId(2))]);
    assert_eq!(all.costs, [running.clone(), cost(2, Some(3_000_000_000), Some("fall-back"))]);
    let some = times(0, 0, 3, 1).await;
    assert_eq!(some, FrameTimes { frames: vec![first], costs: vec![running.clone()] });
    assert_eq!(times(1, 0, 9, 9).await, FrameTimes { frames: vec![first], costs: vec![running] });
    assert_eq!(times(0, 4, 9, 9).await, FrameTimes::default());
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_one_request_for_a_day() {
    const DAY: i64 = 24 * 3600 * 1000;
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Waiting)), put(job(2, JobStatus::Waiting))]).await;
    farm.commit(vec![key("k", "a", 1, 0)]).await;
    farm.commit(vec![key("k", "a", 1, 5)]).await;
    for (other, at) in [(key("k", "b", 1, 5), 5), (key("k", "a", 2, 5), 5), (key("k", "b", 2, 5 + DAY), DAY)]
    {
        let error = farm.store.commit(vec![other]).await.unwrap_err();
        assert!(matches!(&error.kind, ErrorKind::KeyTaken { key } if key == "k"), "{at}: {error}");
    }
    farm.commit(vec![key("k", "b", 2, 6 + DAY)]).await;
    assert_eq!(farm.store.idempotent("k").await.unwrap(), Some((Digest("b".into()), JobId(2))));

    let keys = async |now| farm.store.maintenance(Timestamp(now)).await.unwrap().keys;
    assert_eq!(keys(6 + 2 * DAY).await, 0);
    assert_eq!(keys(7 + 2 * DAY).await, 1);
    assert_eq!(farm.store.idempotent("k").await.unwrap(), None);
}

/// The samples end at their number of milliseconds past this.
fn ended_at(id: i64) -> Timestamp {
    Timestamp(1_700_000_002_000 + id)
}

/// Rows of every table, and what no longer has the row that it belongs to.
async fn rows(farm: &Farm) -> [u64; 5] {
    let count = |conn: &mut rusqlite::Connection| {
        let tables = ["job", "attempt", "frame", "idempotency", "pragma_foreign_key_check"];
        let mut rows = [0; 5];
        for (count, table) in rows.iter_mut().zip(tables) {
            *count = conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        }
        Ok(rows)
    };
    farm.store.inner.writer.alone("count", count).await.unwrap()
}

#[tokio::test]
async fn old_jobs_are_forgotten_whole_but_their_ids_are_never_used_again() {
    let farm = Farm::new();
    let mut second = job(4, JobStatus::Waiting);
    second.spec.after = vec![JobId(2)];
    farm.commit(vec![
        put(job(1, JobStatus::Done)),
        put(job(2, JobStatus::Done)),
        put(job(3, JobStatus::Running)),
        put(second),
        put(job(5, JobStatus::Cancelled)),
        put(job(6, JobStatus::Failed)),
        put(job(7, JobStatus::Failed)),
        run(attempt(1, 3, starting())),
        run(attempt(2, 6, ended())),
        // Ended as a job, but a process of it is still being killed.
        run(attempt(3, 7, starting())),
        Change::Settled(frame(3, 0, 1)),
        Change::Settled(frame(6, 0, 1)),
        key("k", "a", 6, 0),
        key("other", "a", 3, 0),
    ])
    .await;
    let measured = farm.store.forgettable(ended_at(8)).await.unwrap();
    assert_eq!((measured.jobs, measured.attempts, measured.frames), (3, 1, 1));
    assert!(measured.bytes > 1000, "{measured:?}");
    assert_eq!(farm.store.forgettable(ended_at(1)).await.unwrap(), History::default());
    assert_eq!(rows(&farm).await, [7, 3, 2, 2, 0], "measuring changes nothing");

    assert_eq!(farm.store.forget(ended_at(6)).await.unwrap(), [JobId(1), JobId(5)]);
    assert_eq!(farm.store.forget(ended_at(8)).await.unwrap(), [JobId(6)]);
    assert_eq!(farm.job_ids(&[], None, 10).await, [7, 4, 3, 2]);
    assert_eq!(farm.job_ids(&[JobStatus::Failed], None, 10).await, [7]);
    assert_eq!(farm.store.job(JobId(6)).await.unwrap(), None);
    assert_eq!(farm.store.settled(JobId(6)).await.unwrap(), None);
    assert_eq!(farm.store.idempotent("k").await.unwrap(), None);
    farm.commit(vec![key("k", "b", 3, 1)]).await;

    let (farm, restored) = farm.reopen().await;
    let open: Vec<u64> = restored.jobs.iter().map(|job| job.record.id.0).collect();
    assert_eq!(open, [3, 4], "forgotten jobs do not come back with a restart");
    farm.store.maintenance(Timestamp(0)).await.unwrap();
    assert_eq!(rows(&farm).await, [4, 2, 1, 2, 0]);
    let (farm, restored) = farm.reopen().await;
    assert_eq!((restored.next_job, restored.next_attempt), (JobId(8), AttemptId(4)));
    assert_eq!(farm.store.job(JobId(2)).await.unwrap(), Some(job(2, JobStatus::Done)));
}

#[tokio::test]
async fn many_frames_are_forgotten_in_steps_that_let_commits_through() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Done)), put(job(2, JobStatus::Running))]).await;
    farm.commit((1..=3).map(|id| run(attempt(id, 1, ended()))).collect()).await;
    farm.commit((0..12_000).map(|number| Change::Settled(frame(1, number as u32 % 2, number))).collect())
        .await;
    farm.commit((0..10).map(|number| Change::Settled(frame(2, 0, number))).collect()).await;
    assert_eq!(farm.store.forget(ended_at(2)).await.unwrap(), [JobId(1)]);
    let (maintained, ()) = tokio::join!(
        async { farm.store.maintenance(Timestamp(0)).await.unwrap() },
        farm.commit(vec![put(job(3, JobStatus::Waiting))]),
    );
    // Three of frames, one of attempts, one of the job.
    assert_eq!(maintained.steps, 5);
    assert_eq!(rows(&farm).await, [2, 0, 10, 0, 0]);
    assert_eq!(farm.store.maintenance(Timestamp(0)).await.unwrap(), Maintained::default());
}

#[tokio::test]
async fn a_job_that_is_being_forgotten_and_comes_back_is_kept() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Done)), Change::Settled(frame(1, 0, 1))]).await;
    farm.store.forget(ended_at(2)).await.unwrap();
    farm.commit(vec![put(job(1, JobStatus::Waiting))]).await;
    farm.store.maintenance(Timestamp(0)).await.unwrap();
    assert_eq!(rows(&farm).await, [1, 0, 1, 0, 0]);
}

#[tokio::test]
async fn where_jobs_read_and_write_is_said_once() {
    let farm = Farm::new();
    let mut other = job(3, JobStatus::Waiting);
    other.spec.output = None;
    farm.commit(vec![put(job(1, JobStatus::Done)), put(job(2, JobStatus::Waiting)), put(other)]).await;
    let mut places = farm.store.places().await.unwrap();
    places.sort_by(|a, b| a.output.cmp(&b.output));
    let place = |output: Option<&str>| JobPlace {
        scene: "/projects/shot.blend".into(),
        output: output.map(str::to_owned),
    };
    assert_eq!(places, [place(None), place(Some("/renders/shot_####"))]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_passes() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Running))]).await;
    // A little room is left: what SQLite then says is what it says where the file system is full.
    let limited = farm.store.inner.writer.alone("limit", |conn| {
        let pages: u32 = conn.pragma_query_value(None, "page_count", |row| row.get(0))?;
        conn.pragma_update_and_check(None, "max_page_count", pages + 8, |_| Ok(()))?;
        Ok(())
    });
    limited.await.unwrap();
    let mut kept = 0;
    let error = loop {
        let hundred = (kept * 100..(kept + 1) * 100).map(|number| Change::Settled(frame(1, 0, number)));
        match farm.store.commit(hundred.collect()).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind, ErrorKind::Full(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("farmhand.db") && text.contains("free some space"), "{text}");
    assert!(kept > 0);
    let done = async || farm.store.settled(JobId(1)).await.unwrap().unwrap().done[0].clone();
    assert_eq!(done().await, FrameSet::range(0, kept * 100 - 1));

    farm.commit(vec![unsettle(1, 0, "0-99")]).await;
    farm.commit((0..50).map(|number| Change::Settled(frame(1, 0, number))).collect()).await;
    assert!(done().await.contains(49));
}

#[tokio::test]
async fn a_reader_that_stays_does_not_stop_the_writer() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Waiting))]).await;
    let mut other = connection::open(&farm.path()).unwrap();
    let snapshot = other.transaction().unwrap();
    let count = |conn: &rusqlite::Connection| -> u32 {
        conn.query_row("SELECT count(*) FROM job", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count(&snapshot), 1);
    for id in 2..=50 {
        farm.commit(vec![put(job(id, JobStatus::Waiting))]).await;
    }
    assert_eq!(count(&snapshot), 1);
    assert_eq!(farm.job_ids(&[], None, 100).await.len(), 50);
    let grown = farm.store.wal_bytes();
    assert!(grown > 49 * 4096, "{grown}");
    // A checkpoint that cannot be completed is no error; one that can empties the log.
    farm.store.maintenance(Timestamp(0)).await.unwrap();
    drop(snapshot);
    farm.store.maintenance(Timestamp(0)).await.unwrap();
    farm.commit(vec![put(job(51, JobStatus::Waiting))]).await;
    assert!(farm.store.wal_bytes() < grown / 2, "{}", farm.store.wal_bytes());
}

#[tokio::test]
async fn only_one_store_has_a_database_open() {
    let farm = Farm::new();
    let path = farm.path();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::InUse), "{error}");
    let handle = farm.store.clone();
    let (farm, _) = farm.reopen().await;
    let refused = handle.commit(vec![put(job(1, JobStatus::Waiting))]).await.unwrap_err();
    assert!(matches!(refused.kind, ErrorKind::Closed), "{refused}");
    assert!(matches!(handle.job(JobId(1)).await.unwrap_err().kind, ErrorKind::Closed));
    drop(farm.store);
    Store::open(&path).unwrap();
}

#[tokio::test]
async fn a_closed_database_is_one_file_besides_its_lock() {
    let farm = Farm::new();
    farm.commit(vec![put(job(1, JobStatus::Waiting))]).await;
    farm.job_ids(&[], None, 1).await;
    let Farm { dir, store } = farm;
    store.close().await;
    let mut names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["farmhand.db", "farmhand.db.lock"]);
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    let farm = Farm::new();
    farm.commit(vec![put(job(7, JobStatus::Waiting))]).await;
    let damage = |conn: &mut rusqlite::Connection| Ok(conn.execute("UPDATE job SET record = '{}'", [])?);
    farm.store.inner.writer.alone("damage", damage).await.unwrap();
    let text = farm.store.job(JobId(7)).await.unwrap_err().to_string();
    assert!(text.contains("the record of job 7 is damaged"), "{text}");
    let path = farm.path();
    farm.store.close().await;
    let text = Store::open(&path).unwrap_err().to_string();
    assert!(text.starts_with("cannot open") && text.contains("job 7"), "{text}");
}
