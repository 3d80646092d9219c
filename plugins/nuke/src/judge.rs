//! What the end of a Nuke means. What holds for every DCC is in the SDK's policy; here is what is special.

use crate::options::{LEVELS, Level, Options};
use farmhand_sdk::prelude::*;

/// Exit code of a Nuke that got no licence.
const NO_LICENCE_EXIT: i32 = 100;
/// The first wait for a licence.
const LICENCE_WAIT_MS: u32 = 30_000;

/// The verdict on an attempt.
#[must_use]
pub fn judge(task: &Task, outcome: &Outcome) -> Verdict {
    let held = outcome.fact(report::HOLD).is_some();
    if held || outcome.frames_missing.is_empty() || outcome.ended_by != EndedBy::Itself {
        return policy::standard(task, outcome, LEVELS);
    }
    let has = |severity, cause| {
        outcome.faults.iter().find(|fault| fault.severity == severity && fault.cause == cause)
    };
    if let Some(fault) = has(Severity::FrameFatal, Cause::Licence) {
        // Every node would fail in the same way until a person has changed the licences.
        return Verdict::new(Decision::HoldJob, fault.message.as_str());
    }
    if let Some(fault) = has(Severity::FrameFatal, Cause::Plugin) {
        return policy::own_fault(task, outcome, LEVELS, &fault.message);
    }
    if let Some(verdict) = licence(task, outcome) {
        return verdict;
    }
    if outcome.faults.is_empty() && outcome.exit_code == Some(0) {
        let goes_on = Level::of(task) == Level::Execute
            && task.job.options().is_ok_and(|options: Options| options.continue_on_error);
        let hint = if goes_on { ", as it does when it goes on after errors (see its warnings)" } else { "" };
        let reason = format!("Nuke ended well and left no whole image of {}{hint}", outcome.frames_missing);
        return policy::fall_back(task, LEVELS, &reason);
    }
    let verdict = policy::standard(task, outcome, LEVELS);
    match (verdict.decision, unexplained(outcome)) {
        // The host takes a frame that a fault calls fatal out of a level's next try, and rightly so: another way of
        // rendering is the better chance.
        (Decision::Retry { .. } | Decision::FailFrames, Some(fault)) => {
            policy::fall_back(task, LEVELS, &fault.message)
        }
        // A frame's own hook fails that frame.
        (Decision::FailJob, _) if each_has_its_frame(outcome) => {
            Verdict::new(Decision::FailFrames, verdict.reason)
        }
        _ => verdict,
    }
}

/// Whether all that is fatal is about single frames.
fn each_has_its_frame(outcome: &Outcome) -> bool {
    outcome.faults.iter().all(|fault| fault.severity != Severity::FrameFatal || fault.frame.is_some())
}

/// The wait for a licence, with the last word of the report: it begins by saying that there is none, and then why.
fn licence(task: &Task, outcome: &Outcome) -> Option<Verdict> {
    let wait = Decision::Retry { after_ms: policy::back_off(LICENCE_WAIT_MS, task.try_number) };
    if outcome.faults.iter().any(|fault| fault.severity > Severity::Transient) {
        return None;
    }
    if let Some(fault) = outcome.faults.iter().rev().find(|fault| fault.cause == Cause::Licence) {
        return Some(Verdict::new(wait, fault.message.as_str()));
    }
    (outcome.exit_code == Some(NO_LICENCE_EXIT)).then(|| {
        let licence = task.job.options::<Options>().unwrap_or_default().licence.feature();
        Verdict::new(wait, format!("Nuke got no licence `{licence}` (exit code {NO_LICENCE_EXIT})"))
    })
}

/// A frame that failed for a reason that may be this level's own: a crash, or an error that no rule knows.
fn unexplained(outcome: &Outcome) -> Option<&Fault> {
    outcome.faults.iter().find(|fault| {
        fault.severity == Severity::FrameFatal && matches!(fault.cause, Cause::Crash | Cause::Other)
    })
}
