//! Tasks for the tests, as the host would hand them over.

use farmhand_sdk::Gpu;
use farmhand_sdk::prelude::*;
use serde_json::Value;

pub const SCRIPT: u32 = 0;
pub const RENDER: u32 = 1;
pub const MINIMAL: u32 = 2;

pub fn options(options: Value) -> serde_json::Map<String, Value> {
    let Value::Object(options) = options else { panic!("an object") };
    options
}

pub fn run(first: i32, last: i32, step: u32) -> FrameRuns {
    FrameRuns::new(vec![FrameRun { first, last, step }])
}

/// A task of a validated job.
pub fn task(level: u32, raw_options: Value) -> Task {
    let mut raw_options = options(raw_options);
    raw_options.entry("project").or_insert("/show".into());
    raw_options.entry("images").or_insert("/show/images".into());
    Task {
        job: Job {
            id: 12,
            name: "sc010".into(),
            scene: "/show/scenes/sc010.ma".into(),
            output: Some("/show/out/sc010.####.exr".into()),
            frames: run(1, 9, 2),
            raw_options,
            ..Job::default()
        },
        attempt: 7,
        frames: run(1, 9, 2),
        level,
        try_number: 1,
        threads: 8,
        scratch: "/farm/attempts/7/scratch".into(),
        staging: "/show/out/.farmhand/7".into(),
        ..Task::default()
    }
}

pub fn gpus(indexes: &[u32]) -> Vec<Gpu> {
    let gpu = |index: &u32| Gpu {
        index: *index,
        uuid: format!("GPU-0000000{index}-aaaa-bbbb-cccc-dddddddddddd"),
        name: "NVIDIA A6000".into(),
        memory_bytes: 48 << 30,
    };
    indexes.iter().map(gpu).collect()
}

pub fn hook(name: &str, moment: Moment, on_failure: OnFailure) -> HookScript {
    HookScript { name: name.into(), path: format!("/studio/hooks/{name}.py"), moment, on_failure }
}
