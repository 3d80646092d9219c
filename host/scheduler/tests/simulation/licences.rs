//! What the world knows of licences, apart from the scheduler: how long at least nothing may start that needs one.

use crate::store::Store;
use farmhand_model::dcc::{Cause, Decision, Outcome, Severity};
use farmhand_model::{AttemptRecord, EndedBy, JobSpec, JobStatus, Seconds, Timestamp};
use std::collections::BTreeMap;

/// The shortest wait for a licence.
const LEAST: Seconds = Seconds(30.0);

#[derive(Default)]
pub struct Licences(BTreeMap<String, Timestamp>);

impl Licences {
    /// The end of an attempt is about to be told.
    pub fn saw(
        &mut self,
        store: &Store,
        attempt: &AttemptRecord,
        outcome: &Outcome,
        decision: Decision,
        now: Timestamp,
    ) {
        let job = &store.jobs[&attempt.job];
        // Frames that it has rendered and that somebody wants again are not its own any more.
        let is_open = job.failure.is_none()
            && job.status != JobStatus::Cancelling
            && !attempt.frames.is_subset(&attempt.frames_done);
        let is_judged = matches!(outcome.ended_by, EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall)
            && matches!(decision, Decision::Accept | Decision::Retry { .. });
        let faults = outcome.faults.iter();
        let faults: Vec<_> = faults
            .filter(|fault| fault.cause == Cause::Licence && fault.severity != Severity::FrameFatal)
            .collect();
        if faults.is_empty() || !is_open || !is_judged {
            return;
        }
        let needed = &job.spec.licences;
        let is_named = |name: &&String| faults.iter().any(|fault| fault.about.as_ref() == Some(*name));
        let is_any_named = needed.iter().any(|name| is_named(&name));
        for name in needed.iter().filter(|name| !is_any_named || is_named(name)) {
            self.0.insert(name.clone(), now + LEAST);
        }
    }

    pub fn assert_free(&self, spec: &JobSpec, now: Timestamp) {
        for name in &spec.licences {
            let until = self.0.get(name);
            assert!(until.is_none_or(|until| *until <= now), "the licence {name} is held until {until:?}");
        }
    }
}
