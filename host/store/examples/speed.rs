//! How fast the store is here: `cargo run --release -p farmhand-store --example speed [DIR]`.
//!
//! Each commit is what one short task costs: its attempt starts, its frame is settled, its attempt ends.
#![expect(clippy::print_stdout, reason = "it is a program that prints a table")]

#[path = "../src/samples.rs"]
#[expect(clippy::unwrap_used, reason = "what it parses is written there")]
mod samples;

use farmhand_model::{AttemptState, Change, JobStatus};
use farmhand_store::{Store, StoreError};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const ROUND: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(base)?;
    let path = dir.path().join("farmhand.db");
    let (store, _) = Store::open(&path)?;
    store.commit(vec![Change::Job(Box::new(samples::job(1, JobStatus::Running)))]).await?;
    println!("{:>8} {:>12} {:>10}", "waiting", "commits/s", "mean ms");
    let mut next = 1;
    for clients in [1, 2, 8, 64] {
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for client in 0..clients {
            tasks.spawn(client_of(store.clone(), next + client, clients));
        }
        let mut commits = 0;
        while let Some(done) = tasks.join_next().await {
            commits += done??;
        }
        let seconds = start.elapsed().as_secs_f64();
        let (rate, mean) = (commits as f64 / seconds, seconds * 1000.0 * clients as f64 / commits as f64);
        println!("{clients:>8} {rate:>12.0} {mean:>10.2}");
        next += (commits + 2) * clients;
    }

    store.commit(vec![Change::Job(Box::new(samples::job(2, JobStatus::Running)))]).await?;
    let start = Instant::now();
    for thousand in 0..1000 {
        let frames = thousand * 1000..(thousand + 1) * 1000;
        store.commit(frames.map(|frame| Change::Settled(samples::frame(2, 0, frame))).collect()).await?;
    }
    println!("1,000,000 frames settled in {:.2} s", start.elapsed().as_secs_f64());
    store.close().await;
    let start = Instant::now();
    let (store, restored) = Store::open(&path)?;
    let frames: u64 = restored.jobs.iter().flat_map(|job| &job.done).map(farmhand_model::FrameSet::len).sum();
    println!("{frames} frames restored in {:.2} s", start.elapsed().as_secs_f64());
    store.close().await;
    Ok(())
}

/// Commits short tasks one after the other, with ids that no other client uses.
async fn client_of(store: Store, first: u64, step: u64) -> Result<u64, StoreError> {
    let start = Instant::now();
    let mut commits = 0;
    while start.elapsed() < ROUND {
        let id = first + commits * step;
        let attempt = |state| Change::Attempt(Box::new(samples::attempt(id, 1, state)));
        let frame = Change::Settled(samples::frame(1, 0, id as i32));
        store.commit(vec![attempt(AttemptState::Starting), frame, attempt(samples::ended())]).await?;
        commits += 1;
    }
    Ok(commits)
}
