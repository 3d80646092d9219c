//! How an attempt ended: the outcome as the host saw it, and the verdict: the plugin's, or the host's own where there
//! is no process to judge or the plugin cannot.

use farmhand_model::dcc::{Cause, Decision, Fault, Gpu, Outcome, Severity, Verdict};
use farmhand_model::{EndedBy, FrameSet, Seconds, Usage};
use farmhand_runner::OutOfMemory;

/// How long an attempt that could not be made to run waits before it is tried again.
const RETRY_MS: u32 = 2_000;

/// How the faults begin that the host finds itself, beside those that the plugin's reader tells of. They are on record
/// together, and a replay has to tell them apart.
pub(crate) const READER_FAILED: &str = "the plugin's reader failed";
pub(super) const BAD_IMAGE: &str = "its image cannot be believed";
pub(super) const NOT_PLACED: &str = "its image cannot be put in place";
pub(super) const LIE: &str = "the plugin named a file that it may not";
pub(super) const FOREIGN_FRAME: &str = "the plugin reported frame";
pub(super) const WRONG_DEVICE: &str = "it renders without the GPUs that its job insists on";
pub(super) const OUT_OF_MEMORY: &str = "out of memory: the kernel ended it";
pub(super) const DID_NOT_START: &str = " did not start: ";

/// Whether the host found this fault itself, however the output is read.
pub(crate) fn is_the_hosts(fault: &Fault) -> bool {
    [BAD_IMAGE, NOT_PLACED, LIE, FOREIGN_FRAME, WRONG_DEVICE, OUT_OF_MEMORY]
        .iter()
        .any(|begin| fault.message.starts_with(begin))
        || (fault.severity == Severity::WorkerFatal && fault.message.contains(DID_NOT_START))
}

/// Whether a plugin judged an attempt that ended like this: not where the host ended it for reasons of its own, or a
/// hook had the last word.
pub(crate) fn is_the_plugins(ended_by: EndedBy, verdict: &Verdict) -> bool {
    let of_hook = matches!(verdict.decision, Decision::FailJob | Decision::HoldJob)
        && (verdict.reason.starts_with("after-task hook ") || verdict.reason == super::hooking::STOPPED);
    matches!(ended_by, EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall) && !of_hook
}

/// What the kernel did to a render for want of memory: one to repeat with more of it.
pub(super) fn out_of_memory(which: OutOfMemory) -> Fault {
    let why = match which {
        OutOfMemory::Limit => {
            "at its limit, half as much again as it had leased; see `[render] memory_limit`"
        }
        OutOfMemory::Machine => {
            "or a part of it, since there was no memory left on this machine or for this service"
        }
    };
    Fault {
        severity: Severity::Transient,
        cause: Cause::Memory,
        message: format!("{OUT_OF_MEMORY} {why}"),
        frame: None,
        about: None,
    }
}

/// The end of an attempt.
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) verdict: Verdict,
}

impl End {
    /// Its process or its shim is gone without a word; the frames go back.
    pub(super) fn lost(frames: &FrameSet, reason: String) -> Self {
        let fault = fault(Severity::Transient, Cause::Other, reason.clone());
        Self {
            outcome: without_process(EndedBy::Lost, frames, fault),
            verdict: verdict(Decision::Retry { after_ms: 0 }, reason),
        }
    }

    /// It was told to end before its process had started.
    pub(super) fn killed_early(by: EndedBy, frames: &FrameSet) -> Self {
        let mut outcome = without_process(by, frames, None);
        outcome.ended_by = by;
        Self {
            outcome,
            verdict: verdict(Decision::Retry { after_ms: 0 }, "ended before it had started".to_owned()),
        }
    }

    /// The plugin's own code failed before there was a process. Another level may have better luck; when there is
    /// none, the frames fail with this reason.
    pub(super) fn plugin_failed(frames: &FrameSet, message: String) -> Self {
        Self::level_unfit(frames, Cause::Plugin, message)
    }

    /// This level cannot be used; the next one may.
    pub(super) fn level_unfit(frames: &FrameSet, cause: Cause, message: String) -> Self {
        let fault = fault(Severity::FrameFatal, cause, message.clone());
        Self {
            outcome: without_process(EndedBy::Itself, frames, fault),
            verdict: verdict(Decision::FallBack, message),
        }
    }

    /// Nothing of this plugin can run here: the frames go back, and the node takes no more of them for a while.
    pub(super) fn node_unfit(frames: &FrameSet, cause: Cause, message: String) -> Self {
        let fault = fault(Severity::WorkerFatal, cause, message.clone());
        Self {
            outcome: without_process(EndedBy::Itself, frames, fault),
            verdict: verdict(Decision::QuarantineNode, message),
        }
    }

    /// The job itself cannot be rendered.
    pub(super) fn job_unfit(frames: &FrameSet, cause: Cause, message: String) -> Self {
        let fault = fault(Severity::FrameFatal, cause, message.clone());
        Self {
            outcome: without_process(EndedBy::Itself, frames, fault),
            verdict: verdict(Decision::FailJob, message),
        }
    }

    /// Something of this machine was in the way for now.
    pub(super) fn try_again(frames: &FrameSet, cause: Cause, message: String) -> Self {
        let fault = fault(Severity::Transient, cause, message.clone());
        Self {
            outcome: without_process(EndedBy::Itself, frames, fault),
            verdict: verdict(Decision::Retry { after_ms: RETRY_MS }, message),
        }
    }

    /// A hook wants a person to look first.
    pub(super) fn held(frames: &FrameSet, reason: String) -> Self {
        let fault = fault(Severity::Transient, Cause::Script, reason.clone());
        Self {
            outcome: without_process(EndedBy::Itself, frames, fault),
            verdict: verdict(Decision::HoldJob, reason),
        }
    }

    /// Every image was there and whole: there was nothing to render.
    pub(super) fn all_skipped(frames: &FrameSet) -> Self {
        let mut outcome = without_process(EndedBy::Itself, &FrameSet::new(), None);
        outcome.frames_done = frames.clone();
        Self { outcome, verdict: verdict(Decision::Accept, "every image was there and whole".to_owned()) }
    }
}

/// The host's own verdict where the plugin has none to give: it failed, or the process was ended by the host.
pub(super) fn host_verdict(outcome: &Outcome, plugin_error: Option<String>) -> Verdict {
    if outcome.frames_missing.is_empty() && plugin_error.is_none() {
        return verdict(Decision::Accept, "every frame is verified".to_owned());
    }
    match (outcome.ended_by, plugin_error) {
        (EndedBy::Cancel, _) => verdict(Decision::Retry { after_ms: 0 }, "cancelled".to_owned()),
        (EndedBy::DaemonStop, _) => {
            verdict(Decision::Retry { after_ms: 0 }, "the daemon stopped and took it along".to_owned())
        }
        (EndedBy::Lost, _) => {
            verdict(Decision::Retry { after_ms: 0 }, "its process was lost with its shim".to_owned())
        }
        (_, Some(error)) => verdict(
            Decision::Retry { after_ms: RETRY_MS },
            format!("the plugin could not judge it, so what is missing is tried again: {error}"),
        ),
        (_, None) => verdict(Decision::Retry { after_ms: RETRY_MS }, "frames are missing".to_owned()),
    }
}

pub(super) fn verdict(decision: Decision, reason: String) -> Verdict {
    Verdict { decision, reason }
}

pub(super) fn fault(severity: Severity, cause: Cause, message: String) -> Option<Fault> {
    Some(Fault { severity, cause, message, frame: None, about: None })
}

fn without_process(ended_by: EndedBy, missing: &FrameSet, fault: Option<Fault>) -> Outcome {
    Outcome {
        exit_code: None,
        signal: None,
        ended_by,
        seconds: Seconds(0.0),
        frames_done: FrameSet::new(),
        frames_missing: missing.clone(),
        faults: fault.into_iter().collect(),
        facts: Vec::new(),
        usage: Usage::default(),
    }
}

/// A task whose job insists on GPUs had them and renders on the CPU, as its output says. Transient, since the images
/// are none the worse for it: what is missing is tried again within the tries that it has, then at the next level.
pub(super) fn wrong_device(gpus: &[Gpu], device: &str) -> Fault {
    let names: Vec<_> = gpus.iter().map(|gpu| format!("GPU {} ({})", gpu.index, gpu.name)).collect();
    let message = format!(
        "{WRONG_DEVICE}: it leased {}, and its output says `{device}`; see `farmhand doctor` for the driver and the \
         DCC's own settings for its devices, or submit the job so that it may do without",
        names.join(" and ")
    );
    // Of several, none is more to blame than the others.
    let about = gpus.first().filter(|_| gpus.len() == 1).map(|gpu| gpu.uuid.clone());
    Fault { severity: Severity::Transient, cause: Cause::Gpu, message, frame: None, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_device_is_a_fault_of_the_hosts_that_names_what_was_leased() {
        let gpu = |index: u32| Gpu {
            index,
            uuid: format!("GPU-{index}"),
            name: "NVIDIA H200".to_owned(),
            memory_bytes: 1 << 37,
        };
        let fault = wrong_device(&[gpu(1)], "CPU");
        assert!(is_the_hosts(&fault));
        assert_eq!((fault.about.as_deref(), fault.severity), (Some("GPU-1"), Severity::Transient));
        let begin = "it renders without the GPUs that its job insists on: it leased GPU 1 (NVIDIA H200), and its \
                     output says `CPU`; ";
        assert!(fault.message.starts_with(begin), "{}", fault.message);
        let of_two = wrong_device(&[gpu(0), gpu(1)], "CPU");
        assert_eq!(of_two.about, None);
        assert!(of_two.message.contains("GPU 0 (NVIDIA H200) and GPU 1 (NVIDIA H200)"), "{}", of_two.message);
    }
}
