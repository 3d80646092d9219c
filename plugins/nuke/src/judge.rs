//! What the end of a Nuke means. What holds for every DCC is in the SDK's policy; here is what is special.

use crate::options::{LEVELS, Options};
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
        return policy::fall_back(task, LEVELS, &fault.message);
    }
    let lacks_licence = outcome.faults.iter().any(|fault| fault.cause == Cause::Licence);
    if outcome.exit_code == Some(NO_LICENCE_EXIT) && !lacks_licence {
        let licence = Options::of(&task.job).unwrap_or_default().licence.feature();
        return Verdict::new(
            Decision::Retry { after_ms: policy::back_off(LICENCE_WAIT_MS, task.try_number) },
            format!("Nuke got no licence `{licence}` (exit code {NO_LICENCE_EXIT})"),
        );
    }
    if outcome.faults.is_empty() && outcome.exit_code == Some(0) {
        let reason = format!(
            "Nuke ended well and left no whole image of {}, as it does when it goes on after errors",
            outcome.frames_missing
        );
        return policy::fall_back(task, LEVELS, &reason);
    }
    policy::standard(task, outcome, LEVELS)
}
