//! What frames are given that ran out of memory: more of it, another GPU, or nothing where this node has nothing
//! better.
//!
//! The same again would fail the same. How often they are tried is not decided here: each time costs a try.

use crate::attempt::Live;
use crate::blame::{leased, names_a_gpu};
use crate::fallback::weightiest;
use farmhand_model::dcc::{Cause, Decision, Outcome, Verdict};
use farmhand_model::why::Bytes;
use farmhand_model::{Boost, EndedBy, GpuLease, GpuStanding, GpuStatus};

/// What can be done for frames that ran out of memory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Relief {
    /// They go back with a higher need.
    More {
        /// What they need now.
        boost: Boost,
        /// The same for people, such as `with 16 GB of memory`.
        what: String,
    },
    /// They had all that this node can give.
    Exhausted,
}

/// What can be done for the frames that the attempt left undone; absent where it ran out of nothing, where the plugin
/// wants something else for them, or where nobody counts what they ran out of.
pub(crate) fn relief(
    live: &Live,
    outcome: &Outcome,
    verdict: &Verdict,
    memory_bytes: u64,
    gpus: &[GpuStatus],
) -> Option<Relief> {
    if outcome.ended_by != EndedBy::Itself
        || !matches!(verdict.decision, Decision::Accept | Decision::Retry { .. })
    {
        return None;
    }
    let fault = weightiest(outcome, verdict).filter(|fault| fault.cause == Cause::Memory)?;
    match fault.about.as_deref().filter(|about| names_a_gpu(about)) {
        Some(about) => of_gpus(live, about, gpus),
        None => of_host(live, outcome.usage.peak_memory_bytes, memory_bytes),
    }
}

/// Twice what they had, or half as much again as they were seen to take.
fn of_host(live: &Live, peak: Option<u64>, most: u64) -> Option<Relief> {
    if most == u64::MAX {
        return None;
    }
    let had = live.record.lease.memory_bytes;
    let asked = live.boost.memory_bytes.unwrap_or(0);
    if had.max(asked) >= most {
        return Some(Relief::Exhausted);
    }
    let peak = peak.unwrap_or(0);
    let more = had.saturating_mul(2).max(peak.saturating_add(peak / 2)).max(asked).min(most);
    if more <= had {
        return None;
    }
    let boost = Boost { memory_bytes: Some(more), ..live.boost.clone() };
    Some(Relief::More { boost, what: format!("with {} of memory", Bytes(more)) })
}

fn of_gpus(live: &Live, about: &str, gpus: &[GpuStatus]) -> Option<Relief> {
    let lease = &live.record.lease;
    if lease.gpus.is_empty() {
        return None;
    }
    let culprits = leased(lease, about).map_or(lease.gpus.iter().collect(), |one| vec![one]);
    Some(larger_shares(live, &culprits).unwrap_or_else(|| other_gpus(live, &culprits, gpus)))
}

/// Twice their shares, up to whole GPUs; absent where they had those.
fn larger_shares(live: &Live, culprits: &[&GpuLease]) -> Option<Relief> {
    let asked = live.boost.gpu_memory_bytes.unwrap_or(0);
    let larger = |leased: &&GpuLease| {
        let (share, whole) = (leased.share_bytes?, leased.gpu.memory_bytes);
        (share.max(asked) < whole).then(|| share.saturating_mul(2).max(asked).min(whole))
    };
    let bytes = culprits.iter().filter_map(larger).max()?;
    let boost = Boost { gpu_memory_bytes: Some(bytes), ..live.boost.clone() };
    Some(Relief::More { boost, what: format!("with {} of GPU memory", Bytes(bytes)) })
}

/// GPUs that they did not run out on, no smaller ones, where there are as many as they need. One that somebody else
/// uses at the moment is one that they can have later.
fn other_gpus(live: &Live, culprits: &[&GpuLease], gpus: &[GpuStatus]) -> Relief {
    let mut boost = live.boost.clone();
    for leased in culprits {
        if !boost.not_gpus.contains(&leased.gpu.uuid) {
            boost.not_gpus.push(leased.gpu.uuid.clone());
        }
    }
    let size = culprits.iter().map(|leased| leased.gpu.memory_bytes).max();
    boost.gpu_memory_bytes = boost.gpu_memory_bytes.max(size);
    let is_ruled_out = |status: &&GpuStatus| boost.not_gpus.contains(&status.gpu.uuid);
    let can_be_had =
        |status: &&GpuStatus| matches!(status.standing, GpuStanding::Free | GpuStanding::InUse { .. });
    let others = gpus.iter().filter(|status| can_be_had(status) && !is_ruled_out(status));
    let others = others.filter(|status| Some(status.gpu.memory_bytes) >= boost.gpu_memory_bytes);
    if others.count() < live.record.lease.gpus.len() {
        return Relief::Exhausted;
    }
    let ruled_out = gpus.iter().filter(is_ruled_out).map(|status| status.gpu.index.to_string());
    let what = format!("on another GPU than {}", ruled_out.collect::<Vec<_>>().join(", "));
    Relief::More { boost, what }
}
