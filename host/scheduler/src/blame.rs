//! What an attempt's end says about its plugin on this node, and which GPU its words are about.

use crate::attempt::Live;
use crate::breaker::{Evidence, Trouble};
use crate::fallback::{cause_of, weightiest};
use crate::memory::Relief;
use farmhand_model::dcc::{Cause, Decision, Fault, Gpu, Outcome, Severity, Verdict};
use farmhand_model::{EndedBy, GpuLease, GpuStatus, Lease};

/// What the end says about the plugin on this node.
pub(crate) fn evidence(
    live: &Live,
    outcome: &Outcome,
    verdict: &Verdict,
    relief: Option<&Relief>,
    gpus: &[GpuStatus],
) -> Evidence {
    let fatal = outcome.faults.iter().find(|fault| fault.severity == Severity::WorkerFatal);
    let told_by_itself = matches!(outcome.ended_by, EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall);
    match (verdict.decision, fatal) {
        _ if !told_by_itself => Evidence::None,
        (Decision::QuarantineNode, _) => {
            let fault = weightiest(outcome, verdict);
            Evidence::Quarantine(Trouble {
                cause: cause_of(outcome, verdict),
                reason: verdict.reason.clone(),
                gpu: fault.and_then(|fault| gpu_of(fault, live, gpus)),
            })
        }
        // That a task was given too little says nothing about the node.
        (_, Some(fault)) if fault.cause == Cause::Memory && relief.is_some() => Evidence::None,
        (_, Some(fault)) if live.settled == 0 => Evidence::Strike(Trouble {
            cause: fault.cause,
            reason: fault.message.clone(),
            gpu: gpu_of(fault, live, gpus),
        }),
        _ => Evidence::Good,
    }
}

/// The GPU that a fault is about, by its index: one that the attempt holds and that this node still has. An attempt that
/// holds one sees no other. One that holds none speaks of its plugin as a whole: nothing says which it went to.
fn gpu_of(fault: &Fault, live: &Live, gpus: &[GpuStatus]) -> Option<u32> {
    let lease = &live.record.lease;
    let held = match (lease.gpus.as_slice(), fault.about.as_deref()) {
        _ if fault.cause != Cause::Gpu => None,
        ([one], _) => Some(one),
        (_, about) => leased(lease, about?),
    }?;
    gpus.iter().find(|status| status.gpu.uuid == held.gpu.uuid).map(|status| status.gpu.index)
}

/// The leased GPU that a fault is about. A process sees no other, so that of one it can only be that; a number is
/// first of all the GPU's own, as plugins are told it, and else its place among those that the process sees.
pub(crate) fn leased<'a>(lease: &'a Lease, about: &str) -> Option<&'a GpuLease> {
    let gpus = &lease.gpus;
    let index = about.parse::<u32>().ok();
    let is_known = |gpu: &Gpu| about.eq_ignore_ascii_case(&gpu.uuid) || index == Some(gpu.index);
    match gpus.iter().find(|leased| is_known(&leased.gpu)) {
        Some(known) => Some(known),
        None if gpus.len() == 1 && names_a_gpu(about) => gpus.first(),
        None => gpus.get(index? as usize),
    }
}

/// Whether a fault with this in its `about` is about a GPU.
pub(crate) fn names_a_gpu(about: &str) -> bool {
    let is_uuid = || about.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("gpu-"));
    about.eq_ignore_ascii_case("gpu") || about.parse::<u32>().is_ok() || is_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(indexes: &[u32]) -> Lease {
        let gpu = |index: &u32| GpuLease {
            gpu: Gpu {
                index: *index,
                uuid: format!("GPU-{index}"),
                name: "NVIDIA H200".to_owned(),
                memory_bytes: 1 << 37,
            },
            share_bytes: None,
        };
        Lease { gpus: indexes.iter().map(gpu).collect(), ..Lease::default() }
    }

    #[test]
    fn a_fault_is_about_a_gpu_that_its_process_sees() {
        let check = |indexes: &[u32], about: &str, expect: Option<u32>| {
            let lease = lease(indexes);
            assert_eq!(leased(&lease, about).map(|leased| leased.gpu.index), expect, "{indexes:?} {about}");
        };
        check(&[1, 2], "gpu-2", Some(2));
        check(&[1, 2], "1", Some(1));
        check(&[1, 2], "0", Some(1));
        check(&[1, 2], "7", None);
        check(&[1, 2], "gpu", None);
        check(&[1, 2], "maya", None);
        check(&[3], "3", Some(3));
        check(&[3], "0", Some(3));
        check(&[3], "gpu", Some(3));
        check(&[3], "/show/wood.tx", None);
        check(&[], "0", None);
    }

    #[test]
    fn what_names_a_gpu_does_not_name_a_licence() {
        for (about, expect) in
            [("GPU", true), ("GPU-a", true), ("0", true), ("arnold", false), ("", false), ("größe", false)]
        {
            assert_eq!(names_a_gpu(about), expect, "{about}");
        }
    }
}
