//! Between a case, which speaks the SDK's types, and the host's. Every match is exhaustive: a new event or decision does
//! not compile until it has its place here.

use farmhand_model::dcc as host;
use farmhand_model::{AttemptId, EndedBy, FrameSet, JobId, Run, Seconds};
use farmhand_sdk as sdk;
use std::path::Path;
use std::sync::Arc;

fn frames(frames: &sdk::FrameRuns) -> FrameSet {
    let run = |run: &sdk::FrameRun| Run { first: run.first, last: run.last, step: run.step };
    FrameSet::from_runs(frames.runs().iter().map(run)).unwrap()
}

/// What a case sets of a task; the rest is as empty as the case has it.
pub fn task(task: &sdk::Task) -> host::TaskContext {
    let sdk::Task { job, .. } = task;
    let job = host::JobContext {
        id: JobId(job.id),
        name: job.name.clone(),
        scene: job.scene.clone().into(),
        output: job.output.clone(),
        layers: job.layers.clone(),
        frames: frames(&job.frames),
        options: job.raw_options.clone(),
        skip_existing: job.skip_existing,
        hook_scripts: Vec::new(),
        path_map: Vec::new(),
    };
    host::TaskContext {
        job: Arc::new(job),
        attempt: AttemptId(task.attempt),
        frames: frames(&task.frames),
        layer: task.layer.clone(),
        level: task.level,
        try_number: task.try_number,
        threads: task.threads,
        gpus: Vec::new(),
        tools: Vec::new(),
        scratch: task.scratch.clone().into(),
        staging: task.staging.clone().into(),
    }
}

/// How the case's process ended, with what the reader saw.
pub fn outcome(outcome: &sdk::Outcome, faults: Vec<host::Fault>, facts: Vec<host::Fact>) -> host::Outcome {
    host::Outcome {
        exit_code: outcome.exit_code,
        signal: outcome.signal,
        ended_by: match outcome.ended_by {
            sdk::EndedBy::Itself => EndedBy::Itself,
            sdk::EndedBy::TimeLimit => EndedBy::TimeLimit,
            sdk::EndedBy::Stall => EndedBy::Stall,
            sdk::EndedBy::Lost => EndedBy::Lost,
        },
        seconds: Seconds(outcome.seconds),
        frames_done: frames(&outcome.frames_done),
        frames_missing: frames(&outcome.frames_missing),
        faults,
        facts,
    }
}

/// What a component's reader saw: for people, and for its judge.
pub struct Seen {
    pub events: Vec<sdk::Event>,
    pub faults: Vec<host::Fault>,
    pub facts: Vec<host::Fact>,
}

impl Seen {
    pub fn new(events: Vec<host::ReaderEvent>) -> Self {
        let mut seen = Self { events: Vec::new(), faults: Vec::new(), facts: Vec::new() };
        for event in events {
            match &event {
                host::ReaderEvent::Fault(fault) => seen.faults.push(fault.clone()),
                host::ReaderEvent::Fact(fact) => seen.facts.push(fact.clone()),
                _ => {}
            }
            seen.events.push(self::event(event));
        }
        seen
    }
}

fn event(event: host::ReaderEvent) -> sdk::Event {
    match event {
        host::ReaderEvent::FrameStarted(frame) => sdk::Event::FrameStarted(frame),
        host::ReaderEvent::Progress(part) => sdk::Event::Progress(part),
        host::ReaderEvent::FrameDone(image) => sdk::Event::FrameDone(self::image(&image)),
        host::ReaderEvent::FrameSkipped(image) => sdk::Event::FrameSkipped(self::image(&image)),
        host::ReaderEvent::Warning(text) => sdk::Event::Warning(text),
        host::ReaderEvent::Fault(fault) => sdk::Event::Fault(sdk::Fault {
            severity: severity(fault.severity),
            cause: cause(fault.cause),
            message: fault.message,
            frame: fault.frame,
            about: fault.about,
        }),
        host::ReaderEvent::MemoryBytes(bytes) => sdk::Event::MemoryBytes(bytes),
        host::ReaderEvent::Fact(fact) => sdk::Event::fact(fact.name, fact.value),
    }
}

fn image(image: &host::ImageOutput) -> sdk::Image {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    sdk::Image { frame: image.frame, path: text(&image.path), place: image.place.as_deref().map(text) }
}

fn severity(severity: host::Severity) -> sdk::Severity {
    match severity {
        host::Severity::Transient => sdk::Severity::Transient,
        host::Severity::FrameFatal => sdk::Severity::FrameFatal,
        host::Severity::WorkerFatal => sdk::Severity::WorkerFatal,
    }
}

fn cause(cause: host::Cause) -> sdk::Cause {
    match cause {
        host::Cause::Licence => sdk::Cause::Licence,
        host::Cause::Memory => sdk::Cause::Memory,
        host::Cause::MissingFile => sdk::Cause::MissingFile,
        host::Cause::Script => sdk::Cause::Script,
        host::Cause::Crash => sdk::Cause::Crash,
        host::Cause::Timeout => sdk::Cause::Timeout,
        host::Cause::Disk => sdk::Cause::Disk,
        host::Cause::Gpu => sdk::Cause::Gpu,
        host::Cause::Scene => sdk::Cause::Scene,
        host::Cause::Plugin => sdk::Cause::Plugin,
        host::Cause::Other => sdk::Cause::Other,
    }
}

/// A component's verdict.
pub fn verdict(verdict: host::Verdict) -> sdk::Verdict {
    let decision = match verdict.decision {
        host::Decision::Accept => sdk::Decision::Accept,
        host::Decision::Retry { after_ms } => sdk::Decision::Retry { after_ms },
        host::Decision::FallBack => sdk::Decision::FallBack,
        host::Decision::FailFrames => sdk::Decision::FailFrames,
        host::Decision::FailJob => sdk::Decision::FailJob,
        host::Decision::QuarantineNode => sdk::Decision::QuarantineNode,
        host::Decision::HoldJob => sdk::Decision::HoldJob,
    };
    sdk::Verdict::new(decision, verdict.reason)
}
