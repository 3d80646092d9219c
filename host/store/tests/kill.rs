//! A real process that is really killed while it commits, again and again on one database.
//!
//! What was acknowledged must be there afterwards, each commit whole, and no id used twice. This shows what a killed
//! daemon leaves behind; a power cut differs in that the page cache is lost too, which `synchronous=FULL` is for.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this file is a test, and its child speaks"
)]

#[path = "../src/samples.rs"]
mod samples;

use farmhand_model::{AttemptState, Change, JobStatus};
use farmhand_store::Store;
use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where it is set, this process is the writer, and it names the database.
const WRITER: &str = "FARMHAND_TEST_KILLED_WRITER";
const ROUNDS: u32 = 30;
/// Every commit of frames holds one frame and its twin, so that half a commit shows.
const TWIN: i32 = 1_000_000;

#[test]
fn what_was_acknowledged_survives_kill_9() {
    if let Some(path) = std::env::var_os(WRITER) {
        write_until_killed(Path::new(&path));
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("farmhand.db");
    let mut promised = Promised::default();
    for round in 0..ROUNDS {
        // A quarter of them die while they open the database, the others in the middle of their commits.
        let lines = if rand::random_ratio(1, 4) { 1 } else { rand::random_range(2..300) };
        let output = kill_after(&path, lines);
        for line in output.lines() {
            promised.add(line);
        }
        promised.check(&path, &format!("round {round}, killed after {lines} lines"));
    }
    assert!(promised.frames.len() > 300, "the writer did next to nothing: {promised:?}");
}

/// Runs a writer, kills it once it has printed that many lines, and returns all the whole lines it had printed.
fn kill_after(database: &Path, lines: usize) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["what_was_acknowledged_survives_kill_9", "--exact", "--nocapture"])
        .env(WRITER, database)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut output = String::new();
    while output.lines().filter(|line| line.starts_with("ack ")).count() < lines {
        assert_ne!(stdout.read_line(&mut output).unwrap(), 0, "the writer ended by itself: {output}");
    }
    child.kill().unwrap();
    stdout.read_to_string(&mut output).unwrap();
    child.wait().unwrap();
    let whole = output.rfind('\n').map_or(0, |end| end + 1);
    output.truncate(whole);
    output
}

/// What the writers said was durable.
#[derive(Debug, Default)]
struct Promised {
    jobs: HashSet<u64>,
    attempts: HashSet<u64>,
    ended: HashSet<u64>,
    frames: HashSet<(u64, i32)>,
}

impl Promised {
    fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let id = |index: usize| -> u64 { words[index].parse().unwrap() };
        match words[..] {
            ["ack", "job", _] => assert!(self.jobs.insert(id(2)), "job {} was made twice", id(2)),
            ["ack", "attempt", _] => assert!(self.attempts.insert(id(2)), "attempt {} was made twice", id(2)),
            ["ack", "ended", _] => drop(self.ended.insert(id(2))),
            ["ack", "frame", _, frame] => drop(self.frames.insert((id(2), frame.parse().unwrap()))),
            _ => {}
        }
    }

    fn check(&self, path: &Path, when: &str) {
        let (store, restored) = Store::open(path).unwrap();
        let newest = |ids: &HashSet<u64>| ids.iter().max().copied().unwrap_or(0);
        assert!(restored.next_job.0 > newest(&self.jobs), "{when}");
        assert!(restored.next_attempt.0 > newest(&self.attempts), "{when}");
        let live: HashSet<u64> = restored.live.iter().map(|attempt| attempt.id.0).collect();
        assert!(live.is_disjoint(&self.ended), "{when}: attempts that ended are live");
        drop(store);

        let conn = rusqlite::Connection::open(path).unwrap();
        let whole: String = conn.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok", "{when}");
        let ids = |sql| -> HashSet<u64> {
            let mut statement = conn.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert!(ids("SELECT id FROM job").is_superset(&self.jobs), "{when}: jobs are missing");
        assert!(ids("SELECT id FROM attempt").is_superset(&self.attempts), "{when}: attempts are missing");
        let mut statement = conn.prepare("SELECT job, frame FROM frame").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let (twins, frames): (BTreeSet<(u64, i32)>, BTreeSet<_>) =
            rows.map(Result::unwrap).partition(|(_, frame)| *frame >= TWIN);
        assert!(self.frames.iter().all(|frame| frames.contains(frame)), "{when}: frames are missing");
        let expect: BTreeSet<_> = frames.iter().map(|(job, frame)| (*job, frame + TWIN)).collect();
        assert_eq!(twins, expect, "{when}: half a commit was kept");
    }
}

/// Commits from four tasks at once, and says so on standard output after each one.
#[tokio::main]
async fn write_until_killed(path: &Path) -> ! {
    // The first newline ends what the test harness has written of its own line.
    println!("\nack open");
    let (store, restored) = Store::open(path).unwrap();
    let jobs = Arc::new(AtomicU64::new(restored.next_job.0));
    let attempts = Arc::new(AtomicU64::new(restored.next_attempt.0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        tasks.spawn(write(store.clone(), Arc::clone(&jobs), Arc::clone(&attempts)));
    }
    let failure = tasks.join_next().await;
    panic!("a writer stopped: {failure:?}");
}

async fn write(store: Store, jobs: Arc<AtomicU64>, attempts: Arc<AtomicU64>) {
    let commit = async |changes: Vec<Change>, deed: String| {
        store.commit(changes).await.unwrap();
        println!("ack {deed}");
    };
    loop {
        let job = jobs.fetch_add(1, Ordering::Relaxed);
        commit(vec![Change::Job(Box::new(samples::job(job, JobStatus::Running)))], format!("job {job}"))
            .await;
        for chunk in 0..3 {
            let id = attempts.fetch_add(1, Ordering::Relaxed);
            let attempt = |state| Change::Attempt(Box::new(samples::attempt(id, job, state)));
            commit(vec![attempt(AttemptState::Starting)], format!("attempt {id}")).await;
            for frame in chunk * 5..chunk * 5 + 5 {
                let both = [frame, frame + TWIN].map(|frame| Change::Settled(samples::frame(job, 0, frame)));
                commit(both.into(), format!("frame {job} {frame}")).await;
            }
            commit(vec![attempt(samples::ended())], format!("ended {id}")).await;
        }
        let done = Change::Job(Box::new(samples::job(job, JobStatus::Done)));
        commit(vec![done], format!("done {job}")).await;
    }
}
