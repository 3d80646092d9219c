//! Which GPUs a task gets, and what keeps it from each of the others. Who holds which is the ledger's to know.
//!
//! Shares are packed: onto a GPU that is shared already, and of those onto the one where least is left, so that whole ones
//! stay free. Whole ones are the smallest that are large enough. What is then still alike is taken by index.

use crate::breaker::Breaker;
use crate::ledger::{Claims, Ledger};
use crate::needs::GpusNeeded;
use farmhand_model::why::{GpuInTheWay, GpuObstacle, Resource};
use farmhand_model::{GpuLease, GpuNeed, GpuStanding, GpuStatus, Timestamp};
use std::collections::BTreeMap;

/// GPUs as one job may have them now.
#[derive(Clone, Copy)]
pub(crate) struct Offer<'a> {
    /// Those of this node, by index.
    pub(crate) gpus: &'a [GpuStatus],
    /// The breakers of the job's plugin, where it is known.
    pub(crate) breakers: Option<&'a BTreeMap<u32, Breaker>>,
    /// What is kept for jobs before it.
    pub(crate) claims: &'a Claims,
    pub(crate) now: Timestamp,
}

/// What comes of a need for GPUs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Choice {
    /// It gets these; none where it does not insist and nothing that renders do would change that.
    Take(Vec<GpuLease>),
    /// Too few are to be had now.
    Short(GpuShortage),
    /// The node has too few for it.
    TooBig { what: Resource, needed: u64, most: u64 },
}

/// Why a task does not get its GPUs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GpuShortage {
    pub(crate) need: GpuNeed,
    /// What is in the way on each GPU.
    pub(crate) gpus: Vec<GpuInTheWay>,
    /// Those that it could have if no render held them, by UUID, where these are enough.
    pub(crate) usable: Vec<String>,
}

impl Offer<'_> {
    pub(crate) fn choose(&self, need: &GpusNeeded, ledger: &Ledger) -> Choice {
        let bytes = need.bytes.within(self.largest(need));
        let seen: Vec<(&GpuStatus, Option<GpuObstacle>)> =
            self.gpus.iter().map(|gpu| (gpu, self.obstacle(need, bytes, gpu, ledger))).collect();
        let usable: Vec<&str> =
            seen.iter().filter(|(_, obstacle)| is_usable(obstacle)).map(|(gpu, _)| uuid(gpu)).collect();
        let is_enough = usable.len() >= need.count as usize;
        if !is_enough {
            if !need.required {
                return Choice::Take(Vec::new());
            }
            if let Some(too_big) = self.too_big(need) {
                return too_big;
            }
        }
        let mut free: Vec<&GpuStatus> =
            seen.iter().filter(|(_, obstacle)| obstacle.is_none()).map(|(gpu, _)| *gpu).collect();
        if free.len() >= need.count as usize {
            free.sort_by_key(|gpu| {
                let is_new = !need.whole && ledger.holders_of_gpu(uuid(gpu)).next().is_none();
                (is_new, shareable(gpu).saturating_sub(ledger.shared(uuid(gpu))), gpu.gpu.index)
            });
            free.truncate(need.count as usize);
            free.sort_by_key(|gpu| gpu.gpu.index);
            let share_bytes = (!need.whole).then_some(bytes);
            let lease = |gpu: &GpuStatus| GpuLease { gpu: gpu.gpu.clone(), share_bytes };
            return Choice::Take(free.into_iter().map(lease).collect());
        }
        let usable = if is_enough { usable.into_iter().map(str::to_owned).collect() } else { Vec::new() };
        let in_the_way = |(gpu, obstacle): (&GpuStatus, Option<GpuObstacle>)| GpuInTheWay {
            index: gpu.gpu.index,
            uuid: gpu.gpu.uuid.clone(),
            obstacle: obstacle.unwrap_or(GpuObstacle::Free),
        };
        let memory_bytes = (bytes > 0).then_some(bytes);
        Choice::Short(GpuShortage {
            need: GpuNeed { count: need.count, memory_bytes, required: need.required },
            gpus: seen.into_iter().map(in_the_way).collect(),
            usable,
        })
    }

    /// How many tasks with that need the node's GPUs can hold at once; absent where they would start without.
    pub(crate) fn lanes(&self, need: &GpusNeeded) -> Option<u32> {
        let bytes = need.bytes.within(self.largest(need));
        let of_gpu = |gpu: &GpuStatus| match (gpu.standing == GpuStanding::Free, need.whole) {
            (false, _) => 0,
            (true, true) => u64::from(shareable(gpu) >= bytes),
            (true, false) => shareable(gpu) / bytes.max(1),
        };
        let wanted = self.gpus.iter().filter(|gpu| !is_excluded(need, gpu));
        let lanes = wanted.map(of_gpu).sum::<u64>() / u64::from(need.count);
        (lanes > 0 || need.required).then(|| u32::try_from(lanes).unwrap_or(u32::MAX))
    }

    /// Bytes of the largest GPU that renders may ever have and that frames of this need did not run out of.
    fn largest(&self, need: &GpusNeeded) -> u64 {
        let wanted = self.gpus.iter().filter(|gpu| is_ever_rendered_on(gpu) && !is_excluded(need, gpu));
        wanted.map(shareable).max().unwrap_or(u64::MAX)
    }

    fn breaker(&self, gpu: &GpuStatus) -> Option<&Breaker> {
        self.breakers?.get(&gpu.gpu.index)
    }

    fn obstacle(
        &self,
        need: &GpusNeeded,
        bytes: u64,
        gpu: &GpuStatus,
        ledger: &Ledger,
    ) -> Option<GpuObstacle> {
        if gpu.standing != GpuStanding::Free {
            return Some(GpuObstacle::Standing(gpu.standing.clone()));
        }
        if is_excluded(need, gpu) {
            return Some(GpuObstacle::RanOut);
        }
        if shareable(gpu) < bytes {
            return Some(GpuObstacle::TooSmall { bytes: shareable(gpu) });
        }
        let breaker = self.breaker(gpu).filter(|breaker| !breaker.admits(self.now));
        if let Some((until, why)) = breaker.and_then(Breaker::holds_until) {
            return Some(GpuObstacle::Breaker { reason: why.reason.clone(), until });
        }
        let is_whole = ledger.holders_of_gpu(uuid(gpu)).any(|(_, lease)| lease.share_bytes.is_none());
        let shared = ledger.shared(uuid(gpu));
        let is_leased = if need.whole {
            ledger.holders_of_gpu(uuid(gpu)).next().is_some()
        } else {
            is_whole || shareable(gpu).saturating_sub(shared) < bytes
        };
        if is_leased {
            let holders = ledger.holders_of_gpu(uuid(gpu)).map(|(holder, _)| holder).collect();
            return Some(GpuObstacle::Leased { holders });
        }
        self.claims.of_gpu(uuid(gpu)).map(|job| GpuObstacle::Claimed { job })
    }

    /// What the node lacks for good, where it has GPUs for renders at all: what keeps it from those is told one by one.
    fn too_big(&self, need: &GpusNeeded) -> Option<Choice> {
        let mut sizes: Vec<u64> =
            self.gpus.iter().filter(is_ever_rendered_on).map(|gpu| gpu.gpu.memory_bytes).collect();
        if sizes.is_empty() {
            return None;
        }
        let (needed, most) = (u64::from(need.count), sizes.len() as u64);
        if needed > most {
            return Some(Choice::TooBig { what: Resource::Gpus, needed, most });
        }
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let most = sizes[need.count as usize - 1];
        let needed = need.bytes.least;
        (needed > most).then_some(Choice::TooBig { what: Resource::GpuMemory, needed, most })
    }
}

fn uuid(gpu: &GpuStatus) -> &str {
    &gpu.gpu.uuid
}

/// Bytes that renders could have of it.
fn shareable(gpu: &GpuStatus) -> u64 {
    gpu.gpu.memory_bytes.saturating_sub(gpu.foreign_bytes)
}

fn is_ever_rendered_on(gpu: &&GpuStatus) -> bool {
    gpu.standing != GpuStanding::Reserved
}

fn is_excluded(need: &GpusNeeded, gpu: &GpuStatus) -> bool {
    need.not.contains(&gpu.gpu.uuid)
}

/// Whether only renders are in the way, if anything is.
fn is_usable(obstacle: &Option<GpuObstacle>) -> bool {
    matches!(obstacle, None | Some(GpuObstacle::Leased { .. } | GpuObstacle::Claimed { .. }))
}
