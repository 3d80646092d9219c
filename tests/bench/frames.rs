//! A job of ten million frames: time to accept it, memory before and after.

use crate::farm::{Farm, resident_mib};
use crate::report::{table, time};
use crate::row;
use serde_json::json;
use std::time::Instant;

pub fn ten_million() {
    let dir = tempfile::tempdir().expect("a directory");
    let farm = Farm::with_noop(dir.path(), &["--slots", "1"]);
    let submit = |frames: &str| {
        let mut job = farm.noop_job(frames, &json!({"program": "true"}));
        job["paused"] = json!(true);
        let started = Instant::now();
        farm.submit(&job);
        started.elapsed()
    };
    submit("1");
    let one = submit("1");
    let before = resident_mib(farm.pid());
    let all = submit("1-10000000");
    let after = resident_mib(farm.pid());
    let stepped = submit("1-10000000x3");
    table(
        "A job of 10,000,000 frames",
        &["what", "figure"],
        &[
            row!["time to accept a job of 1 frame", time(one)],
            row!["time to accept `1-10000000`", time(all)],
            row!["time to accept `1-10000000x3`", time(stepped)],
            row!["the daemon's memory before", format!("{before:.1} MiB")],
            row!["the daemon's memory after `1-10000000`", format!("{after:.1} MiB")],
            row!["and after `1-10000000x3` as well", format!("{:.1} MiB", resident_mib(farm.pid()))],
        ],
    );
}
