//! The plugin without Nuke: what becomes of jobs, the command lines it builds, the script it generates, run by a real
//! Python, and what it reads from the logs under the workspace's `tests/corpus/nuke`.

#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

mod corpus;
mod generated;
mod golden;
mod jobs;
mod manual;
mod reading;
mod standins;
mod verdicts;

use farmhand_sdk::prelude::*;
use serde_json::Value;

/// The scene that most tests use; it looks like what Nuke saves.
pub fn comp() -> String {
    format!("{}/tests/scenes/comp.nk", env!("CARGO_MANIFEST_DIR"))
}

/// A job of that scene.
pub fn job(options: Value) -> Job {
    let Value::Object(raw_options) = options else { panic!("options are an object") };
    Job {
        id: 4,
        name: "sc010 comp".into(),
        scene: comp(),
        layers: vec!["Beauty".into()],
        frames: FrameRuns::range(1001, 1002),
        raw_options,
        ..Job::default()
    }
}

/// A task of a job, as the host makes it.
pub fn task(job: Job, level: u32) -> Task {
    Task {
        frames: job.frames.clone(),
        layer: job.layers.first().cloned(),
        job,
        level,
        attempt: 9,
        try_number: 1,
        threads: 8,
        scratch: "/farm/attempts/9/scratch".into(),
        staging: "/show/sc010/out/.farmhand/9".into(),
        ..Task::default()
    }
}
