//! What the end of a Blender means. What holds for every DCC is in the SDK's policy; here is what is special.

use crate::command::{PRELUDE_EXIT, SCRIPT_EXIT};
use crate::options::{LEVELS, Level, Options};
use farmhand_sdk::prelude::*;

/// The verdict on an attempt.
#[must_use]
pub fn judge(task: &Task, outcome: &Outcome) -> Verdict {
    if outcome.frames_missing.is_empty() || outcome.ended_by != EndedBy::Itself {
        return policy::standard(task, outcome, LEVELS);
    }
    let options: Options = task.job.options().unwrap_or_default();
    let has = |cause| outcome.faults.iter().find(|fault| fault.cause == cause);

    if outcome.fact("denoiser") == Some("missing") {
        let reason = "the denoiser that the scene asks for does not work here";
        return match Level::of(task) {
            Level::Render => {
                Verdict::new(Decision::FallBack, format!("{reason}; level `safe` renders without it"))
            }
            _ => policy::fall_back(task, LEVELS, reason),
        };
    }
    if let Some(fault) = has(Cause::Plugin).filter(|fault| fault.severity >= Severity::FrameFatal) {
        return policy::own_fault(task, outcome, LEVELS, &fault.message);
    }
    if let Some(fault) = has(Cause::Gpu) {
        return gpu(task, outcome, &options, fault);
    }
    if let Some(fault) = has(Cause::Memory)
        && fault.severity != Severity::Transient
    {
        return policy::out_of_memory(task, LEVELS, &fault.message);
    }
    if outcome.faults.is_empty() {
        match outcome.exit_code {
            Some(0) => return policy::fall_back(task, LEVELS, &nothing_written(task, outcome)),
            Some(PRELUDE_EXIT | SCRIPT_EXIT) => {
                let reason = "a Python script failed before the first frame, and its log does not say why";
                return Verdict::new(Decision::FailJob, reason);
            }
            _ => {}
        }
    }
    policy::standard(task, outcome, LEVELS)
}

fn gpu(task: &Task, outcome: &Outcome, options: &Options, fault: &Fault) -> Verdict {
    let message = &fault.message;
    let is_cycles = outcome.fact("engine").is_none_or(|engine| engine == "CYCLES");
    if !is_cycles {
        // No level changes what EEVEE and Workbench need.
        return Verdict::new(Decision::FailJob, message.as_str());
    }
    if outcome.fact("device") == Some("none") && !options.allow_cpu {
        return Verdict::new(
            Decision::FailJob,
            format!("{message}, and the job does not allow the CPU instead"),
        );
    }
    if fault.severity == Severity::Transient && task.try_number <= 1 {
        return Verdict::new(
            Decision::Retry { after_ms: policy::back_off(5_000, task.try_number) },
            message.as_str(),
        );
    }
    if options.allow_cpu && Level::of(task) == Level::Render {
        return Verdict::new(Decision::FallBack, format!("{message}; level `safe` renders on the CPU"));
    }
    policy::fall_back(task, LEVELS, message)
}

/// Blender ended with exit code 0, saw nothing wrong, and frames are missing all the same.
fn nothing_written(task: &Task, outcome: &Outcome) -> String {
    let missing = &outcome.frames_missing;
    match outcome.fact("side-output") {
        Some(path) if !path.starts_with(&task.staging) => format!(
            "Blender ended well without an image of {missing} where it was told to write it, but wrote {path}: a \
             script or an add-on changes the output path"
        ),
        _ => format!("Blender ended well and left no whole image of {missing}; the disk may be full"),
    }
}
