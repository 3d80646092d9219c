//! What the farm's events add up to.

use crate::api::events;
use crate::api::jobs::JOB_STATES;
use farmhand_model::event::FarmEvent;
use farmhand_model::view::{AttemptView, FrameCounts, JobSummary};
use farmhand_model::{AttemptId, JobId, JobStatus};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicU64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StateLabel {
    pub(super) state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TypeLabel {
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EndLabels {
    plugin: String,
    decision: String,
    ended_by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PluginLabel {
    plugin: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct FaultLabels {
    plugin: String,
    severity: String,
    cause: String,
}

/// What events add up to.
pub(super) struct Tally {
    jobs: HashMap<JobId, (JobStatus, FrameCounts)>,
    live: HashSet<AttemptId>,
    newest: Option<AttemptId>,
    counters: Counters,
}

/// Counters that the registry shares.
#[derive(Default, Clone)]
pub(super) struct Counters {
    pub(super) events: Family<TypeLabel, Counter>,
    pub(super) missed: Counter,
    pub(super) images: Counter,
    pub(super) image_bytes: Counter,
    pub(super) started: Counter,
    pub(super) ended: Family<EndLabels, Counter>,
    pub(super) busy: Family<PluginLabel, Counter<f64, AtomicU64>>,
    pub(super) cpu: Family<PluginLabel, Counter<f64, AtomicU64>>,
    pub(super) read: Family<PluginLabel, Counter>,
    pub(super) written: Family<PluginLabel, Counter>,
    pub(super) faults: Family<FaultLabels, Counter>,
}

impl Counters {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("events", "Events announced, by type", self.events.clone());
        registry.register(
            "events_missed",
            "Times that these metrics fell behind the events",
            self.missed.clone(),
        );
        registry.register("images_verified", "Images verified and in place", self.images.clone());
        registry.register("images_verified_bytes", "Size of those images", self.image_bytes.clone());
        registry.register("attempts_started", "Attempts started or adopted", self.started.clone());
        registry.register(
            "attempts_ended",
            "Attempts ended, by who ended them and the verdict",
            self.ended.clone(),
        );
        registry.register_with_unit(
            "attempts_ended_run",
            "Time that ended attempts ran",
            Unit::Seconds,
            self.busy.clone(),
        );
        registry.register_with_unit(
            "attempts_ended_cpu",
            "CPU time that ended attempts took",
            Unit::Seconds,
            self.cpu.clone(),
        );
        registry.register_with_unit(
            "attempts_ended_read",
            "What ended attempts read from disks and network file systems",
            Unit::Bytes,
            self.read.clone(),
        );
        registry.register_with_unit(
            "attempts_ended_written",
            "What ended attempts wrote to them",
            Unit::Bytes,
            self.written.clone(),
        );
        registry.register("faults", "Faults of ended attempts", self.faults.clone());
    }
}

impl Tally {
    pub(super) fn new(counters: Counters) -> Self {
        Self { jobs: HashMap::new(), live: HashSet::new(), newest: None, counters }
    }

    pub(super) fn observe(&mut self, event: &FarmEvent) {
        self.counters.events.get_or_create(&TypeLabel { r#type: events::name(event) }).inc();
        match event {
            FarmEvent::Job { job } => self.observe_job(job),
            FarmEvent::Image { image } => {
                self.counters.images.inc();
                self.counters.image_bytes.inc_by(image.bytes);
            }
            FarmEvent::Attempt { attempt } => self.observe_attempt(attempt),
            _ => {}
        }
    }

    pub(super) fn observe_job(&mut self, job: &JobSummary) {
        self.jobs.insert(job.id, (job.status, job.frames));
    }

    /// An attempt is announced many times: it is counted when it is first seen and when it is first seen to be over.
    fn observe_attempt(&mut self, attempt: &AttemptView) {
        let plugin = attempt.plugin.as_ref().map_or_else(String::new, |stamp| stamp.name.clone());
        let is_newest = self.newest.is_none_or(|newest| attempt.id > newest);
        if is_newest {
            self.newest = Some(attempt.id);
        }
        let was_live = self.live.contains(&attempt.id);
        if !was_live && (is_newest || attempt.ended.is_none()) {
            self.counters.started.inc();
        }
        if attempt.ended.is_none() {
            self.live.insert(attempt.id);
            return;
        }
        // The end is announced more than once too, as when the scheduler has said what follows from it.
        self.live.remove(&attempt.id);
        if !was_live && !is_newest {
            return;
        }
        let outcome = attempt.outcome.as_ref();
        let decision = attempt.verdict.as_ref().map(|verdict| verdict.decision);
        let labels = EndLabels {
            plugin: plugin.clone(),
            decision: decision.map_or_else(String::new, |decision| decision.name().to_owned()),
            ended_by: outcome.map_or_else(String::new, |outcome| outcome.ended_by.to_string()),
        };
        self.counters.ended.get_or_create(&labels).inc();
        if let Some(outcome) = outcome {
            let own = PluginLabel { plugin: plugin.clone() };
            self.counters.busy.get_or_create_owned(&own).inc_by(outcome.seconds.0.max(0.0));
            let usage = outcome.usage;
            self.counters.cpu.get_or_create_owned(&own).inc_by(usage.cpu_seconds.unwrap_or(0.0).max(0.0));
            self.counters.read.get_or_create_owned(&own).inc_by(usage.read_bytes.unwrap_or(0));
            self.counters.written.get_or_create_owned(&own).inc_by(usage.written_bytes.unwrap_or(0));
            for fault in &outcome.faults {
                let labels = FaultLabels {
                    plugin: plugin.clone(),
                    severity: fault.severity.to_string(),
                    cause: fault.cause.to_string(),
                };
                self.counters.faults.get_or_create(&labels).inc();
            }
        }
    }

    /// Some events are gone: what they said of jobs is counted anew; attempts that ended meanwhile are not counted.
    pub(super) fn lose_track(&mut self) {
        self.counters.missed.inc();
        self.jobs.clear();
    }

    pub(super) fn show_jobs(&self, jobs: &Family<StateLabel, Gauge>, frames: &Family<StateLabel, Gauge>) {
        for (name, status) in JOB_STATES {
            let count = self.jobs.values().filter(|(own, _)| *own == status).count();
            jobs.get_or_create(&StateLabel { state: name.to_owned() }).set(count as i64);
        }
        let mut sum = FrameCounts::default();
        for (_, counts) in self.jobs.values() {
            sum.pending += counts.pending;
            sum.running += counts.running;
            sum.done += counts.done;
            sum.skipped += counts.skipped;
            sum.failed += counts.failed;
        }
        let FrameCounts { total: _, pending, running, done, skipped, failed } = sum;
        let named = [
            ("pending", pending),
            ("running", running),
            ("done", done),
            ("skipped", skipped),
            ("failed", failed),
        ];
        for (name, count) in named {
            frames.get_or_create(&StateLabel { state: name.to_owned() }).set(count as i64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::{Cause, Decision, Fault, Outcome, Severity, Verdict};
    use farmhand_model::view::FrameDoneView;
    use farmhand_model::{Digest, EndedBy, FrameSet, PluginStamp, Seconds, Timestamp, Usage};
    use prometheus_client::encoding::text::encode;

    fn job(id: u64, status: JobStatus, done: u64, pending: u64) -> FarmEvent {
        FarmEvent::Job {
            job: Box::new(JobSummary {
                id: JobId(id),
                name: "shot".into(),
                user: None,
                plugin: "blender".into(),
                scene: "/s.blend".into(),
                priority: 50,
                status,
                frames: FrameCounts { total: done + pending, done, pending, ..FrameCounts::default() },
                submitted: Timestamp(0),
                started: None,
                finished: None,
                eta: None,
                why: None,
                failure: None,
                batch: None,
            }),
        }
    }

    fn attempt(id: u64, has_ended: bool) -> FarmEvent {
        let fault = Fault {
            severity: Severity::Transient,
            cause: Cause::Licence,
            message: "busy".into(),
            frame: None,
            about: None,
        };
        let outcome = Outcome {
            exit_code: Some(1),
            signal: None,
            ended_by: EndedBy::TimeLimit,
            seconds: Seconds(2.5),
            frames_done: FrameSet::new(),
            frames_missing: FrameSet::new(),
            faults: vec![fault],
            facts: Vec::new(),
            usage: Usage {
                cpu_seconds: Some(1.25),
                read_bytes: Some(100),
                written_bytes: Some(3),
                ..Usage::default()
            },
        };
        let verdict = Verdict { decision: Decision::Retry { after_ms: 5 }, reason: "busy".into() };
        let stamp = PluginStamp {
            name: "blender".into(),
            version: "1.0.0".into(),
            digest: Digest(String::new()),
            generation: 1,
        };
        FarmEvent::Attempt {
            attempt: Box::new(AttemptView {
                id: AttemptId(id),
                job: JobId(1),
                layer: None,
                frames: FrameSet::new(),
                frames_done: FrameSet::new(),
                level: 0,
                level_name: "render".into(),
                try_number: 1,
                lease: farmhand_model::Lease { threads: 1, ..farmhand_model::Lease::default() },
                plugin: Some(stamp),
                state: if has_ended { "ended" } else { "running" }.into(),
                started: Timestamp(0),
                ended: has_ended.then_some(Timestamp(1)),
                outcome: has_ended.then_some(outcome),
                verdict: has_ended.then_some(verdict),
                consequence: None,
                faults: Vec::new(),
                facts: Vec::new(),
                command: None,
                steps: Default::default(),
                usage: Default::default(),
            }),
        }
    }

    #[test]
    fn events_add_up() {
        let (jobs, frames) = (Family::default(), Family::default());
        let counters = Counters::default();
        let mut tally = Tally::new(counters.clone());
        let image = FrameDoneView {
            job: JobId(1),
            layer: None,
            frame: 1,
            attempt: None,
            path: "/f.png".into(),
            bytes: 1000,
            seconds: None,
            at: Timestamp(0),
        };
        let events = [
            job(1, JobStatus::Waiting, 0, 10),
            job(2, JobStatus::Running, 3, 4),
            job(1, JobStatus::Running, 1, 9),
            attempt(1, false),
            attempt(1, false),
            attempt(2, false),
            attempt(1, true),
            attempt(1, true),
            attempt(3, true),
            FarmEvent::Image { image },
        ];
        for event in &events {
            tally.observe(event);
        }
        tally.show_jobs(&jobs, &frames);
        let mut registry = Registry::default();
        registry.register("jobs", "Jobs", jobs);
        registry.register("frames", "Frames", frames);
        counters.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for expect in [
            "jobs{state=\"running\"} 2",
            "jobs{state=\"waiting\"} 0",
            "frames{state=\"done\"} 4",
            "frames{state=\"pending\"} 13",
            "attempts_started_total 3",
            "attempts_ended_total{plugin=\"blender\",decision=\"retry\",ended_by=\"time-limit\"} 2",
            "attempts_ended_run_seconds_total{plugin=\"blender\"} 5.0",
            "attempts_ended_cpu_seconds_total{plugin=\"blender\"} 2.5",
            "attempts_ended_read_bytes_total{plugin=\"blender\"} 200",
            "attempts_ended_written_bytes_total{plugin=\"blender\"} 6",
            "faults_total{plugin=\"blender\",severity=\"transient\",cause=\"licence\"} 2",
            "images_verified_total 1",
            "images_verified_bytes_total 1000",
            "events_total{type=\"attempt\"} 6",
        ] {
            assert!(text.lines().any(|line| line == expect), "{expect} is missing in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
