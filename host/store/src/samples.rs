//! Records for tests, with every field filled in.

use farmhand_model::dcc::{Cause, Decision, Fact, Fault, Outcome, Severity, Verdict};
use farmhand_model::fallback::Fallback;
use farmhand_model::hooks::{HookPhase, HookRequest, HookRun, Moment, OnFailure};
use farmhand_model::job::{JobCosts, JobHooks, JobLimits, PluginChoice, Requeued};
use farmhand_model::view::FrameCounts;
use farmhand_model::{
    AttemptId, AttemptRecord, AttemptState, Chunking, Digest, EndedBy, FrameOrder, FrameRecord, FrameSet,
    JobId, JobRecord, JobSpec, JobStatus, Lease, PluginStamp, Seconds, Timestamp,
};

pub fn set(text: &str) -> FrameSet {
    text.parse().unwrap()
}

/// A job with two layers.
pub fn job(id: u64, status: JobStatus) -> JobRecord {
    let options = serde_json::json!({ "samples": 64, "camera": "shot \"A\"", "denoise": { "on": true } });
    let spec = JobSpec {
        name: format!("shot {id} ☂"),
        user: Some("ana".into()),
        scene: "/projects/shot.blend".into(),
        plugin: PluginChoice {
            name: "blender".into(),
            version: Some(">=1, <3".parse().unwrap()),
            digest: None,
        },
        dcc_version: Some(">=3.4".parse().unwrap()),
        frames: set("-5--1,1-100x5"),
        layers: vec!["beauty".into(), "shadow".into()],
        output: Some("/renders/shot_####".into()),
        options: options.as_object().unwrap().clone(),
        priority: 50,
        after: vec![],
        order: FrameOrder::Spread,
        chunk: Chunking::Fixed(8),
        threads: Some(4),
        skip_existing: true,
        limits: JobLimits { retries: Some(2), ..JobLimits::default() },
        levels: vec!["safe".into()],
        hooks: vec![HookRequest {
            name: "publish.py".into(),
            at: Moment::AfterJob,
            on_failure: OnFailure::Hold,
        }],
        licences: vec!["arnold".into()],
        needs: Vec::new(),
        notify: Vec::new(),
        batch: None,
    };
    JobRecord {
        id: JobId(id),
        spec,
        status,
        submitted: Timestamp(1_700_000_000_000 + id as i64),
        started: Some(Timestamp(1_700_000_001_000)),
        finished: status.is_end().then_some(Timestamp(1_700_000_002_000 + id as i64)),
        failure: (status == JobStatus::Failed).then(|| "no camera".into()),
        notes: vec!["the scene has no camera".into()],
        requeued: vec![Requeued {
            layer: 1,
            frames: set("1,6"),
            level: 1,
            tries: 2,
            not_before: Some(Timestamp(1_700_000_003_000)),
            reason: "licence server busy".into(),
            boost: Default::default(),
        }],
        failed: vec![set("11"), FrameSet::new()],
        counts: FrameCounts { total: 52, failed: 1, ..FrameCounts::default() },
        costs: JobCosts {
            start_seconds: Some(1.5),
            frame_seconds: Some(12.25),
            frames_seen: 3,
            leaves_gpus: Default::default(),
            peak_gpu_memory_bytes: Default::default(),
            peak_memory_bytes: Default::default(),
        },
        losses: 1,
        held: Some("hook publish.py failed".into()),
        hooks: JobHooks {
            before: HookPhase::Over,
            after: HookPhase::Due,
            runs: vec![HookRun {
                name: "publish.py".into(),
                moment: Moment::AfterJob,
                attempt: Some(AttemptId(1)),
                at: Timestamp(1_700_000_001_500),
                seconds: Seconds(0.5),
                error: Some("exit code 1".into()),
                on_failure: OnFailure::Hold,
            }],
            has_after: true,
        },
        fallbacks: vec![Fallback {
            layer: 1,
            frames: set("6"),
            from: "fast".into(),
            to: "safe".into(),
            cause: Cause::Memory,
            reason: "out of memory".into(),
            attempt: AttemptId(1),
        }],
        idle_since: None,
        time: Default::default(),
    }
}

pub fn attempt(id: u64, job: u64, state: AttemptState) -> AttemptRecord {
    AttemptRecord {
        id: AttemptId(id),
        job: JobId(job),
        layer: Some("beauty".into()),
        frames: set("1-21x5"),
        level: 1,
        level_name: "safe".into(),
        try_number: 2,
        lease: Lease { threads: 4, ..Lease::default() },
        boost: Default::default(),
        plugin: Some(PluginStamp {
            name: "blender".into(),
            version: "1.2.3".into(),
            digest: Digest("ab".repeat(32)),
            generation: 7,
        }),
        started: Timestamp(1_700_000_004_000),
        frames_done: set("1,6"),
        faults: faults(),
        facts: facts(),
        state,
        steps: Default::default(),
    }
}

fn faults() -> Vec<Fault> {
    let message = "out of memory\non GPU 0".to_owned();
    vec![Fault { severity: Severity::WorkerFatal, cause: Cause::Gpu, message, frame: Some(-3), about: None }]
}

fn facts() -> Vec<Fact> {
    vec![Fact { name: "device".into(), value: "CPU".into() }]
}

/// Over, as a normal end of the process.
pub fn ended() -> AttemptState {
    ended_as(EndedBy::Itself, Decision::Accept)
}

pub fn ended_as(ended_by: EndedBy, decision: Decision) -> AttemptState {
    AttemptState::Ended {
        at: Timestamp(1_700_000_009_000),
        outcome: Outcome {
            exit_code: Some(1),
            signal: None,
            ended_by,
            seconds: Seconds(5.5),
            frames_done: set("1,6"),
            frames_missing: set("11-21x5"),
            faults: faults(),
            facts: facts(),
            usage: Default::default(),
        },
        verdict: Verdict { decision, reason: "every image is there".into() },
        consequence: "frames 11-21x5 go back to the queue".into(),
    }
}

/// A frame rendered by attempt 1.
pub fn frame(job: u64, layer: u32, frame: i32) -> FrameRecord {
    FrameRecord {
        job: JobId(job),
        layer,
        frame,
        attempt: Some(AttemptId(1)),
        path: format!("/renders/shot_{frame:04}.png"),
        bytes: 123_456,
        seconds: Some(12.25),
        at: Timestamp(1_700_000_005_000 + i64::from(frame)),
    }
}
