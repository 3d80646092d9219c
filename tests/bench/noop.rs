//! Tasks that do nothing, with everything that a real one has: durable state, shim, log, verdict.

use crate::farm::Farm;
use crate::report::table;
use crate::row;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const TASKS: u32 = 2000;
const ROUNDS: usize = 3;

pub fn throughput() {
    let mut rows = Vec::new();
    let mut best = [0.0_f64; 4];
    for _ in 0..ROUNDS {
        let rates = [raw_spawn(), xargs(), parallel(), farmhand()];
        for (best, rate) in best.iter_mut().zip(rates) {
            *best = best.max(rate);
        }
    }
    let names = [
        "posix_spawn of `true`, two at a time (no state, no log)",
        "xargs -P2 (no state, no log)",
        "GNU parallel -j2 --joblog",
        "farmhand, two slots",
    ];
    for (name, rate) in names.iter().zip(best) {
        let cell = if rate == 0.0 { "not installed".to_owned() } else { format!("{rate:.0}") };
        rows.push(row![name, cell, format!("{:.2}", rate / best[0]), format!("{:.2}", rate / best[1])]);
    }
    table(
        &format!("Tasks that do nothing: {TASKS} tasks, best of {ROUNDS} rounds"),
        &["what", "tasks/s", "of raw spawn", "of xargs"],
        &rows,
    );
}

fn rate(started: Instant) -> f64 {
    f64::from(TASKS) / started.elapsed().as_secs_f64()
}

fn raw_spawn() -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..TASKS / 2 {
                    let status = Command::new("true").stdin(Stdio::null()).stdout(Stdio::null()).status();
                    assert!(status.is_ok_and(|status| status.success()));
                }
            });
        }
    });
    rate(started)
}

fn xargs() -> f64 {
    let started = Instant::now();
    let status = Command::new("sh").args(["-c", &format!("seq {TASKS} | xargs -P2 -n1 true")]).status();
    assert!(status.is_ok_and(|status| status.success()));
    rate(started)
}

fn parallel() -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("log");
    let started = Instant::now();
    let command = format!("seq {TASKS} | parallel -j2 --joblog {} true {{}}", log.display());
    match Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => rate(started),
        _ => 0.0,
    }
}

fn farmhand() -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let farm = Farm::with_noop(dir.path(), &["--slots", "2"]);
    let started = Instant::now();
    let job = farm.submit(&farm.noop_job(&format!("1-{TASKS}"), &json!({"program": "true"})));
    farm.wait_for_end(job);
    rate(started)
}

/// A daemon killed with -9 in the middle, several times: which tasks ran twice?
pub fn after_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    let ran = dir.path().join("ran");
    let mut farm = Farm::with_noop(dir.path(), &["--slots", "2"]);
    let script = format!("echo {{frame}} >> {}", ran.display());
    let job = farm.submit(&farm.noop_job(&format!("1-{TASKS}"), &json!({"program": "sh", "script": script})));
    let mut kills = 0;
    let mut restart = Vec::new();
    for stop_after in [300, 700, 1100, 1500] {
        farm.wait(job, |job| job["frames"]["done"].as_u64().unwrap_or(0) >= stop_after);
        farm.kill();
        kills += 1;
        restart.push(farm.restart().as_secs_f64());
    }
    farm.wait_for_end(job);
    let runs = runs_per_frame(&ran);
    let lost = (1..=TASKS).filter(|frame| !runs.contains_key(frame)).count();
    let twice = runs.values().filter(|&&runs| runs > 1).count();
    assert_eq!(lost, 0, "no task may be lost");
    assert_eq!(twice, 0, "no finished task may run again");
    table(
        &format!("{TASKS} tasks, the daemon killed with -9 {kills} times in the middle"),
        &["what", "figure"],
        &[
            row!["tasks that ran twice", twice],
            row!["tasks lost", lost],
            row!["restart, slowest", format!("{:.2} s", restart.iter().copied().fold(0.0, f64::max))],
        ],
    );
}

fn runs_per_frame(ran: &Path) -> BTreeMap<u32, u32> {
    let mut runs = BTreeMap::new();
    for line in std::fs::read_to_string(ran).unwrap_or_default().lines() {
        if let Ok(frame) = line.trim().parse::<u32>() {
            *runs.entry(frame).or_insert(0) += 1;
        }
    }
    runs
}
