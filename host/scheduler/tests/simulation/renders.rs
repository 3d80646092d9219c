//! The processes of a farm: they render, fail, hang, are killed, and report late.

use crate::leases::usage;
use crate::world::World;
use farmhand_model::dcc::{Cause, Decision, Fault, Outcome, Severity, Verdict};
use farmhand_model::{AttemptId, Digest, EndedBy, FrameSet, JobId, PluginStamp, Seconds, Timestamp};
use farmhand_scheduler::{Event, Signs};

/// A render's process with its shim: it lives whether the daemon does or not.
pub struct Process {
    pub job: JobId,
    pub layer: u32,
    pub frames: FrameSet,
    /// What its log says is rendered.
    pub rendered: FrameSet,
    pub running: bool,
    pub killed: Option<EndedBy>,
    /// It has ended so; nobody may know it yet.
    pub exit: Option<(Outcome, Verdict)>,
}

impl World {
    /// What an attempt says that is over, or never was.
    pub fn late_report(&mut self) {
        let over: Vec<_> =
            self.store.attempts.values().filter(|attempt| !attempt.is_live()).cloned().collect();
        let attempt = self.dice.pick(&over).map_or(AttemptId(999_999), |attempt| attempt.id);
        let before = self.store.attempts.clone();
        match self.dice.below(5) {
            0 => self.send(Event::Running { attempt }),
            1 => {
                let (outcome, verdict) = ending(EndedBy::Itself, Decision::FailJob, Vec::new());
                self.send(Event::Ended { attempt, outcome: Box::new(outcome), verdict })
            }
            2 => self.send(Event::FrameStarted { attempt, frame: 1 }),
            3 => self.late_hooks(),
            _ => {
                self.settle(attempt, 1);
                true
            }
        };
        if !self.mood.crashes {
            assert_eq!(
                before.get(&attempt),
                self.store.attempts.get(&attempt),
                "an attempt that is over changed"
            );
        }
    }

    /// One process goes one step on.
    pub fn render(&mut self) {
        self.now = self.now.plus_millis(self.dice.below(3000) as i64);
        let ids: Vec<AttemptId> = self.processes.keys().copied().collect();
        let Some(&id) = self.dice.pick(&ids) else { return };
        let Some(process) = self.processes.get_mut(&id) else { return };
        if let Some((outcome, verdict)) = process.exit.clone() {
            if self.dice.one_in(2) {
                self.send(Event::ProcessEnded { attempt: id, seconds: outcome.seconds });
                self.now = self.now.plus_millis(self.dice.below(500) as i64);
            }
            if let Some(attempt) = self.scheduler.attempt(id) {
                self.licences.saw(&self.store, attempt, &outcome, verdict.decision, self.now);
            }
            if self.send(Event::Ended { attempt: id, outcome: Box::new(outcome), verdict })
                && self.store.attempts.get(&id).is_some_and(|attempt| !attempt.is_live())
            {
                self.processes.remove(&id);
            }
            return;
        }
        if let Some(why) = process.killed {
            let decision = self.decision();
            self.exit(id, why, decision);
            return;
        }
        if !process.running {
            process.running = true;
            self.send(Event::Built { attempt: id, stamp: stamp() });
            self.send(Event::Running { attempt: id });
            return;
        }
        let trouble = if self.mood.failures && !self.draining { 6 } else { 400 };
        if self.dice.one_in(trouble) {
            let decision = self.decision();
            return self.exit(id, EndedBy::Itself, decision);
        }
        if self.dice.one_in(10) {
            // A quiet moment: nothing new in it.
            let signs = Signs {
                last_output: Some(Timestamp(0)),
                cpu_seconds: Some(1.0),
                newest_file: Some(Timestamp(0)),
            };
            self.now = self.now + Seconds(40.0);
            self.send(Event::Alive { attempt: id, signs });
            return;
        }
        let Some(process) = self.processes.get_mut(&id) else { return };
        match process.frames.difference(&process.rendered).first() {
            None => self.exit(id, EndedBy::Itself, Decision::Accept),
            Some(frame) => {
                process.rendered.insert(frame);
                if self.dice.one_in(2) {
                    self.send(Event::FrameStarted { attempt: id, frame });
                }
                self.settle(id, frame);
            }
        }
    }

    pub fn exit(&mut self, id: AttemptId, by: EndedBy, decision: Decision) {
        let faults = self.faults(id);
        let (mut outcome, verdict) = ending(by, decision, faults);
        outcome.usage = usage(&mut self.dice);
        if let Some(process) = self.processes.get_mut(&id) {
            process.exit = Some((outcome, verdict));
        }
    }

    pub fn decision(&mut self) -> Decision {
        match self.dice.below(13) {
            0..3 => Decision::Accept,
            3..6 => Decision::Retry { after_ms: self.dice.below(3) as u32 * 2000 },
            6 | 7 => Decision::FallBack,
            8 | 9 => Decision::FailFrames,
            10 if self.dice.one_in(3) => Decision::FailJob,
            _ if self.draining => Decision::Accept,
            12 => Decision::HoldJob,
            _ => Decision::QuarantineNode,
        }
    }

    pub fn faults(&mut self, id: AttemptId) -> Vec<Fault> {
        let frames: Vec<i32> =
            self.processes.get(&id).map(|process| process.frames.iter().collect()).unwrap_or_default();
        let mut faults = Vec::new();
        while self.dice.one_in(2) {
            let severity = [Severity::Transient, Severity::FrameFatal, Severity::WorkerFatal]
                [self.dice.below(3) as usize];
            let licence = !self.draining && self.dice.one_in(6);
            let frame = if self.dice.one_in(2) { self.dice.pick(&frames).copied() } else { None };
            let cause = match self.dice.below(3) {
                _ if licence => Cause::Licence,
                0 => Cause::Gpu,
                1 => Cause::Memory,
                _ => Cause::Crash,
            };
            // A licence, a GPU, or one that the node has not.
            let about = self
                .dice
                .pick(&["arnold", "maya", "0", "1", "gpu", "GPU-2", "9"])
                .map(|&about| about.to_owned());
            let about = about.filter(|_| self.dice.one_in(2));
            faults.push(Fault { severity, cause, message: "it broke".to_owned(), frame, about });
        }
        faults
    }
}

fn stamp() -> PluginStamp {
    PluginStamp {
        name: "blender".to_owned(),
        version: "1.0.0".to_owned(),
        digest: Digest("00".repeat(32)),
        generation: 1,
    }
}

/// An end and what the plugin says of it.
pub fn ending(ended_by: EndedBy, decision: Decision, faults: Vec<Fault>) -> (Outcome, Verdict) {
    let outcome = Outcome {
        exit_code: Some(1),
        signal: None,
        ended_by,
        seconds: Seconds(3.0),
        frames_done: FrameSet::new(),
        frames_missing: FrameSet::new(),
        faults,
        facts: Vec::new(),
        usage: Default::default(),
    };
    (outcome, Verdict { decision, reason: "dice".to_owned() })
}
