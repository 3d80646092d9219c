//! What the end of a Maya means. What holds for every DCC is in the SDK's policy; here is what is special: exit codes
//! that mean little, licences that hide behind other faults, and GPUs.

use crate::options::{LEVELS, Level, Options};
use crate::reader::{MAYA_STATUS, SILENT};
use farmhand_sdk::prelude::*;

/// Windows' code for a breakpoint, as which Arnold's licence module dies after it got none.
const BREAKPOINT: i32 = 0x8000_0003_u32 as i32;

/// The verdict on an attempt.
#[must_use]
pub fn judge(task: &Task, outcome: &Outcome) -> Verdict {
    let standard = || policy::standard(task, outcome, LEVELS);
    let spoiled = outcome.faults.iter().any(policy::spoils_images);
    let options: Options = task.job.options().unwrap_or_default();
    if outcome.fact(report::HOLD).is_some() {
        return standard();
    }
    if outcome.frames_missing.is_empty() && !spoiled {
        return accepted(task, outcome, &options);
    }
    // The host's own ends say nothing about the frames; a hang is judged by what came before it.
    if outcome.ended_by == EndedBy::Lost {
        return standard();
    }
    by_fault(task, outcome)
        .or_else(|| (outcome.ended_by == EndedBy::Itself).then(|| by_code(task, outcome, &options)).flatten())
        .unwrap_or_else(standard)
}

fn accepted(task: &Task, outcome: &Outcome, options: &Options) -> Verdict {
    let verdict = policy::standard(task, outcome, LEVELS);
    if code_of(outcome) == Some(211) && !options.ignore_211 {
        let reason = format!(
            "{}; 211 says that the scene was not read properly, which Maya also says of good ones: look at the images, \
             or set ignore_211",
            verdict.reason
        );
        return Verdict::new(verdict.decision, reason);
    }
    verdict
}

/// The fault that decides, where it is one that Maya needs another answer for than other DCCs.
fn by_fault(task: &Task, outcome: &Outcome) -> Option<Verdict> {
    let find = |test: &dyn Fn(&Fault) -> bool| outcome.faults.iter().find(|fault| test(fault));
    let back_off = |first_ms| Decision::Retry { after_ms: policy::back_off(first_ms, task.try_number) };
    // A render without a licence fails in many words; only the first ones are true.
    if let Some(fault) = find(&|fault| fault.cause == Cause::Licence && fault.severity == Severity::Transient)
    {
        return Some(Verdict::new(back_off(30_000), fault.message.as_str()));
    }
    if let Some(fault) = find(&|fault| fault.cause == Cause::Memory && fault.severity != Severity::Transient)
    {
        return Some(policy::out_of_memory(task, LEVELS, &fault.message));
    }
    if let Some(fault) =
        find(&|fault| fault.severity == Severity::WorkerFatal && fault.cause != Cause::Memory)
    {
        return Some(Verdict::new(Decision::QuarantineNode, fault.message.as_str()));
    }
    if let Some(fault) = find(&|fault| is(fault, Cause::MissingFile)) {
        // A share may come late, once.
        if task.try_number <= 1 {
            return Some(Verdict::new(
                Decision::Retry { after_ms: 5_000 },
                format!("{}; one more try", fault.message),
            ));
        }
        let decision = if fault.frame.is_some() { Decision::FailFrames } else { Decision::FailJob };
        return Some(Verdict::new(decision, fault.message.as_str()));
    }
    if let Some(fault) = find(&|fault| is(fault, Cause::Crash)).filter(|_| outcome.ended_by == EndedBy::Stall)
    {
        // A crash reporter, or Maya itself, was waiting for somebody.
        return Some(policy::retry_once(task, LEVELS, &format!("{}, and then it hung", fault.message)));
    }
    if let Some(fault) = find(&|fault| is(fault, Cause::Plugin)) {
        // Another level asks Maya in another way.
        return Some(policy::fall_back(task, LEVELS, &fault.message));
    }
    None
}

fn is(fault: &Fault, cause: Cause) -> bool {
    fault.cause == cause && fault.severity == Severity::FrameFatal
}

/// The exit code, where no fault said more.
fn by_code(task: &Task, outcome: &Outcome, options: &Options) -> Option<Verdict> {
    let unexplained = outcome
        .faults
        .iter()
        .all(|fault| fault.severity == Severity::Transient && fault.cause == Cause::Other);
    let missing = &outcome.frames_missing;
    let code = code_of(outcome)?;
    let is_render = Level::of(task) == Level::Render;
    let fall_back = |reason: &str| Some(policy::fall_back(task, LEVELS, reason));
    if code == BREAKPOINT {
        let after_ms = policy::back_off(30_000, task.try_number);
        let reason = "the licence module crashed (0x80000003), as it does when it gets no licence";
        return Some(Verdict::new(Decision::Retry { after_ms }, reason));
    }
    if (code as u32) & 0xFFFF_0000 == 0xC000_0000 {
        let reason = format!("Maya crashed ({:#X}, {code})", code as u32);
        return Some(policy::retry_once(task, LEVELS, &reason));
    }
    if !unexplained {
        return None;
    }
    match code {
        0 => fall_back(&format!(
            "Maya says that all went well and left no good image of {missing}; its exit code 0 means little"
        )),
        206 if is_render => fall_back(
            "Render could not read its command line (206): the project directory is wrong, or the output directory is \
             the root of a drive",
        ),
        210 if is_render => Some(policy::retry_once(
            task,
            LEVELS,
            "Maya could not render the scene (210): a script failed, or a camera is missing",
        )),
        211 if is_render && options.ignore_211 => fall_back(&format!(
            "Maya ended with 211, which this job ignores, and left no good image of {missing}"
        )),
        211 if is_render => Some(match task.try_number {
            0 | 1 => Verdict::new(
                Decision::Retry { after_ms: 5_000 },
                "the scene was not read properly (211): it is damaged or missing; one more try",
            ),
            _ => Verdict::new(
                Decision::FailJob,
                "the scene was not read properly (211), twice: it is damaged or missing",
            ),
        }),
        255 if outcome.fact(SILENT).is_some() => Some(Verdict::new(
            Decision::QuarantineNode,
            "Maya ended with 255 before it said anything: a library that it starts with is missing on this node",
        )),
        _ => None,
    }
}

/// The exit code: of the Maya inside `Render` where that is known, since the wrapper's own may be cut to a byte.
fn code_of(outcome: &Outcome) -> Option<i32> {
    let inner = outcome.fact(MAYA_STATUS).and_then(|code| code.parse().ok());
    match (inner, outcome.exit_code) {
        (Some(0), own) => own,
        (Some(inner), _) => Some(inner),
        (None, own) => own,
    }
}
