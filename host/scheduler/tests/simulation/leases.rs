//! What the node has and what jobs need of it, as the world knows it, apart from the scheduler: what is given out is held
//! against that.

use crate::dice::Dice;
use crate::world::World;
use farmhand_model::dcc::Gpu;
use farmhand_model::why::{Resource, WaitReason};
use farmhand_model::{
    AttemptRecord, Budget, Closed, GpuNeed, GpuStanding, GpuStatus, JobId, Lease, LevelNeeds, Limit,
    LimitPer, Needs, Usage,
};
use farmhand_scheduler::{Event, NodeCapacity, StartOrder};
use std::collections::BTreeMap;

const GIB: u64 = 1 << 30;
/// GPUs of a whole world.
const GPUS: u32 = 3;
/// Memory of each node.
pub const MEMORY: u64 = 16 * GIB;

/// A licence that is counted by task, and one that is counted by node.
pub fn limits(dice: &mut Dice) -> BTreeMap<String, Limit> {
    let by_task = Limit { max: 1 + dice.below(2) as u32, per: LimitPer::Task };
    [("arnold".to_owned(), by_task), ("maya".to_owned(), Limit { max: 1, per: LimitPer::Node })].into()
}

/// What a job needs at each level; now and then more than there is.
pub fn needs(dice: &mut Dice) -> Vec<LevelNeeds> {
    let mut needs = Vec::new();
    for level in ["level 0", "level 1", "level 2"] {
        if dice.one_in(2) {
            let too_much = dice.one_in(40);
            let gpus = dice.one_in(2).then(|| GpuNeed {
                count: if too_much { GPUS + 1 } else { 1 + dice.below(4).saturating_sub(1) as u32 },
                memory_bytes: dice.one_in(2).then(|| (1 + dice.below(14)) * GIB),
                required: dice.one_in(2),
            });
            let memory = if too_much { 2 * MEMORY } else { (1 + dice.below(12)) * GIB };
            let memory_bytes = dice.one_in(2).then_some(memory);
            needs.push(LevelNeeds { level: level.to_owned(), needs: Needs { memory_bytes, gpus } });
        }
    }
    needs
}

/// What an attempt has taken, where that was seen: now and then more than there is.
pub fn usage(dice: &mut Dice) -> Usage {
    let seen = |dice: &mut Dice, most: u64| dice.one_in(3).then(|| dice.below(most * GIB));
    Usage {
        peak_memory_bytes: seen(dice, 20),
        peak_gpu_memory_bytes: seen(dice, 50),
        gpu_utilisation: dice.one_in(3).then_some(0.0),
        ..Usage::default()
    }
}

fn gpu(index: u32) -> Gpu {
    let memory_bytes = if index == 0 { 48 * GIB } else { 16 * GIB };
    Gpu { index, uuid: format!("GPU-{index}"), name: "H200".to_owned(), memory_bytes }
}

/// All of them, free.
fn all_gpus() -> Vec<GpuStatus> {
    (0..GPUS).map(|index| GpuStatus::free(gpu(index))).collect()
}

impl World {
    /// Some of them are there, and some of those are to be had.
    pub fn find_gpus(&mut self) {
        let mut gpus = Vec::new();
        for status in all_gpus() {
            let standing = match self.dice.below(8) {
                0 => continue,
                1 => GpuStanding::Reserved,
                2 => GpuStanding::InUse { by: "anna".to_owned(), until: None },
                3 => GpuStanding::Lost { reason: "it fell off the bus".to_owned() },
                _ => GpuStanding::Free,
            };
            let foreign_bytes = if self.dice.one_in(3) { self.dice.below(8) * GIB } else { 0 };
            gpus.push(GpuStatus { standing, foreign_bytes, ..status });
        }
        self.tell_gpus(gpus);
    }

    pub fn tell_gpus(&mut self, gpus: Vec<GpuStatus>) {
        self.gpus = gpus;
        self.send(Event::Gpus(self.gpus.clone()));
    }

    /// Renders may have less of the node, more again, or nothing for a while.
    pub fn rebudget(&mut self) {
        let NodeCapacity { threads, memory_bytes, .. } = self.capacity;
        let closed = Closed::Schedule { until: self.now };
        let budget = Budget {
            threads: self.dice.below(u64::from(threads) + 2) as u32,
            memory_bytes: self.dice.below(memory_bytes / GIB + 2) * GIB,
            closed: self.dice.one_in(5).then_some(closed),
        };
        self.tell_budget(budget);
    }

    pub fn tell_budget(&mut self, budget: Budget) {
        self.budget = budget;
        self.send(Event::Budget(self.budget.clone()));
    }

    /// Everything that there is, for everybody.
    pub fn give_all(&mut self) {
        self.tell_gpus(all_gpus());
        let NodeCapacity { threads, memory_bytes, .. } = self.capacity;
        self.tell_budget(Budget { threads, memory_bytes, closed: None });
    }

    /// What an attempt was given is what it needs, and was to be had.
    pub fn check_given(&self, order: &StartOrder) {
        let AttemptRecord { lease, level_name, .. } = &order.attempt;
        assert!(self.budget.closed.is_none(), "a start on a closed node");
        assert!(lease.threads >= 1 && lease.threads <= self.budget.threads, "threads: {}", lease.threads);
        assert!(lease.memory_bytes <= self.budget.memory_bytes, "memory: {}", lease.memory_bytes);
        assert!(order.job.licences.iter().all(|name| lease.licences.contains(name)), "a licence is missing");
        for held in &lease.gpus {
            let status = self.gpus.iter().find(|status| status.gpu == held.gpu);
            let free = status.filter(|status| status.standing == GpuStanding::Free);
            assert!(free.is_some(), "GPU {} was not to be had", held.gpu.index);
        }
        let needs = order.job.needs.iter().find(|needs| needs.level == *level_name).map(|level| &level.needs);
        let costs = self.scheduler.costs(order.attempt.job).unwrap_or_default();
        if let Some(asked) = needs.and_then(|needs| needs.memory_bytes)
            && costs.peak_memory_bytes.is_none()
        {
            assert!(lease.memory_bytes >= asked, "it has {} of {asked} bytes", lease.memory_bytes);
        }
        let Some(need) = needs.and_then(|needs| needs.gpus.as_ref()) else {
            return assert!(lease.gpus.is_empty(), "GPUs that nobody asked for");
        };
        let is_alone = need.memory_bytes.is_none();
        assert!(lease.gpus.iter().all(|held| held.share_bytes.is_none() == is_alone), "whole or shared");
        if lease.gpus.is_empty() {
            assert!(!need.required, "it insists on GPUs and has none");
        } else {
            assert_eq!(lease.gpus.len(), need.count as usize, "all or nothing");
        }
    }

    /// Nothing is given out twice, over all daemons that there were.
    pub fn check_leases(&self) {
        let leases: Vec<Lease> = self.scheduler.leases().into_iter().map(|lease| lease.lease).collect();
        let NodeCapacity { slots, threads, memory_bytes, limits, .. } = &self.capacity;
        assert!(leases.len() <= *slots as usize, "more tasks than slots");
        assert!(leases.iter().map(|lease| lease.threads).sum::<u32>() <= *threads, "too many threads");
        assert!(
            leases.iter().map(|lease| lease.memory_bytes).sum::<u64>() <= *memory_bytes,
            "too much memory"
        );
        for (name, limit) in limits.iter().filter(|(_, limit)| limit.per == LimitPer::Task) {
            let used = leases.iter().filter(|lease| lease.licences.contains(name)).count();
            assert!(used <= limit.max as usize, "{used} of {} {name}", limit.max);
        }
        for gpu in (0..GPUS).map(gpu) {
            let held: Vec<Option<u64>> = leases
                .iter()
                .flat_map(|lease| &lease.gpus)
                .filter(|held| held.gpu == gpu)
                .map(|held| held.share_bytes)
                .collect();
            assert!(held.len() <= 1 || held.iter().all(Option::is_some), "GPU {}: {held:?}", gpu.index);
            assert!(held.iter().flatten().sum::<u64>() <= gpu.memory_bytes, "GPU {}: {held:?}", gpu.index);
        }
        for view in self.scheduler.limits() {
            assert!(view.used <= view.limit.max && view.used as usize <= leases.len());
        }
    }

    /// The job asks for more than there is, and that is what is said.
    pub fn check_too_big(&self, job: JobId, what: Resource) {
        let needs = &self.store.jobs[&job].spec.needs;
        let asks = |needs: &Needs| match what {
            Resource::Memory => needs.memory_bytes > Some(MEMORY),
            Resource::Gpus => needs.gpus.as_ref().is_some_and(|need| need.count > GPUS),
            Resource::GpuMemory => false,
        };
        assert!(needs.iter().any(|level| asks(&level.needs)), "job {job} does not ask for too much");
    }

    /// Whether that is a reason that only another node would change.
    pub fn is_hopeless(&self, job: JobId, why: Option<&WaitReason>) -> bool {
        if let Some(WaitReason::TooBig { what, .. }) = why {
            self.check_too_big(job, *what);
        }
        matches!(why, Some(WaitReason::TooBig { .. }))
    }
}
