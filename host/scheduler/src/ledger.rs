//! Who holds what of the node, and whether a task gets what it needs: all of it, or nothing.
//!
//! Nothing is counted twice: what is free follows from the leases each time, of which there are as many as slots. A lease
//! is given only where it fits; those of adopted attempts are taken as they are, since those processes run whether they
//! fit or not. So what is free may be less than nothing, and then it is nothing.

use crate::gpus::{Choice, GpuShortage, Offer};
use crate::needs::Need;
use crate::policy::NodeCapacity;
use farmhand_model::view::{LeaseView, LimitView};
use farmhand_model::why::{Holder, Resource};
use farmhand_model::{AttemptId, Budget, Closed, GpuLease, JobId, Lease, LimitPer};
use std::collections::BTreeMap;

pub(crate) struct Ledger {
    capacity: NodeCapacity,
    /// What renders may have of the capacity at the moment; absent until it was told.
    budget: Option<Budget>,
    leases: BTreeMap<AttemptId, Held>,
}

struct Held {
    job: JobId,
    lease: Lease,
    /// Taken as it was, whether it fitted or not.
    is_adopted: bool,
}

/// What is kept for the first jobs in line while others pass them by.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Claims {
    gpus: BTreeMap<String, JobId>,
    limits: BTreeMap<String, JobId>,
}

/// What a task that cannot start lacks: the first thing of those that take the longest to come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shortage {
    Closed(Closed),
    Slot,
    /// The node can never satisfy it.
    TooBig {
        what: Resource,
        needed: u64,
        most: u64,
    },
    Gpus(GpuShortage),
    /// All there are of it are taken.
    Limit {
        name: String,
        max: u32,
    },
    /// A job before it waits for the same licence.
    Claimed {
        job: JobId,
    },
    Threads {
        needed: u32,
        free: u32,
    },
    /// `is_ever`: it would have enough if nothing else ran.
    Memory {
        needed: u64,
        free: u64,
        is_ever: bool,
    },
}

/// What a job that cannot start means for those behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Course {
    /// They wait: smaller ones that passed it by could keep it waiting for ever.
    HoldsUp,
    /// Those that need none of what it waits for pass it by.
    Claims(Claims),
    /// They pass it by. It could not start if it were alone, so nobody keeps it waiting.
    StandsAside,
}

impl Shortage {
    pub(crate) fn course(&self, need: &Need, job: JobId, ledger: &Ledger) -> Course {
        // All that it needs and that is scarce: what it did not claim would be gone when the rest is there.
        let claims = |gpus: &[String]| {
            let limited = need.licences.iter().filter(|name| ledger.is_limited_by_task(name));
            Course::Claims(Claims {
                gpus: gpus.iter().map(|uuid| (uuid.clone(), job)).collect(),
                limits: limited.map(|name| (name.clone(), job)).collect(),
            })
        };
        match self {
            Shortage::Closed(_) | Shortage::Slot | Shortage::Threads { .. } => Course::HoldsUp,
            Shortage::Memory { is_ever, .. } => {
                if *is_ever {
                    Course::HoldsUp
                } else {
                    Course::StandsAside
                }
            }
            Shortage::TooBig { .. } | Shortage::Limit { max: 0, .. } => Course::StandsAside,
            Shortage::Gpus(short) if short.usable.is_empty() => Course::StandsAside,
            Shortage::Gpus(short) => claims(&short.usable),
            Shortage::Limit { .. } | Shortage::Claimed { .. } => claims(&[]),
        }
    }
}

impl Claims {
    /// The first claim of each thing stays.
    pub(crate) fn add(&mut self, more: Claims) {
        for (uuid, job) in more.gpus {
            self.gpus.entry(uuid).or_insert(job);
        }
        for (name, job) in more.limits {
            self.limits.entry(name).or_insert(job);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.gpus.is_empty() && self.limits.is_empty()
    }

    pub(crate) fn of_gpu(&self, uuid: &str) -> Option<JobId> {
        self.gpus.get(uuid).copied()
    }
}

impl Ledger {
    pub(crate) fn new(capacity: NodeCapacity) -> Self {
        Self { capacity, budget: None, leases: BTreeMap::new() }
    }

    pub(crate) fn capacity(&self) -> &NodeCapacity {
        &self.capacity
    }

    /// What renders may have now; until somebody said, all there is.
    pub(crate) fn budget(&self) -> Budget {
        let NodeCapacity { threads, memory_bytes, .. } = self.capacity;
        match &self.budget {
            Some(budget) => Budget {
                threads: budget.threads.min(threads),
                memory_bytes: budget.memory_bytes.min(memory_bytes),
                closed: budget.closed.clone(),
            },
            None => Budget { threads, memory_bytes, closed: None },
        }
    }

    pub(crate) fn set_budget(&mut self, budget: Budget) {
        self.budget = Some(budget);
    }

    pub(crate) fn closed(&self) -> Option<&Closed> {
        self.budget.as_ref().and_then(|budget| budget.closed.as_ref())
    }

    pub(crate) fn free_slots(&self) -> u32 {
        self.capacity.slots.saturating_sub(u32::try_from(self.leases.len()).unwrap_or(u32::MAX))
    }

    fn free_threads(&self, most: u32) -> u32 {
        most.saturating_sub(self.leases.values().fold(0, |sum, held| sum.saturating_add(held.lease.threads)))
    }

    fn free_memory(&self, most: u64) -> u64 {
        let taken = self.leases.values();
        most.saturating_sub(taken.fold(0, |sum, held| sum.saturating_add(held.lease.memory_bytes)))
    }

    /// What a task with that need gets now, or the first thing that it lacks.
    ///
    /// A task that wants more threads than renders may have at the moment gets those, as one that wants more than the
    /// node has gets all of the node: the budget of a workstation is below its cores for good.
    pub(crate) fn try_lease(&self, need: &Need, offer: &Offer<'_>) -> Result<Lease, Shortage> {
        if let Some(closed) = self.closed() {
            return Err(Shortage::Closed(closed.clone()));
        }
        if self.free_slots() == 0 {
            return Err(Shortage::Slot);
        }
        let Budget { threads: most_threads, memory_bytes: most_memory, .. } = self.budget();
        let memory = self.memory_of(need, most_memory)?;
        let limited =
            || need.licences.iter().filter_map(|name| Some((name, self.capacity.limits.get(name)?.max)));
        let short = |name: &String, max| Err(Shortage::Limit { name: name.clone(), max });
        if let Some((name, _)) = limited().find(|(_, max)| *max == 0) {
            return short(name, 0);
        }
        let gpus = match need.gpus.as_ref().map_or(Choice::Take(Vec::new()), |gpus| offer.choose(gpus, self))
        {
            Choice::Take(gpus) => gpus,
            Choice::Short(short) => return Err(Shortage::Gpus(short)),
            Choice::TooBig { what, needed, most } => return Err(Shortage::TooBig { what, needed, most }),
        };
        let of_tasks = || limited().filter(|(name, _)| self.is_limited_by_task(name));
        if let Some((name, max)) = of_tasks().find(|(name, max)| self.used(name) >= *max) {
            return short(name, max);
        }
        if let Some(job) = of_tasks().find_map(|(name, _)| offer.claims.limits.get(name)) {
            return Err(Shortage::Claimed { job: *job });
        }
        let free_threads = self.free_threads(most_threads);
        let threads = need.threads.min(most_threads);
        if threads > free_threads || threads == 0 {
            return Err(Shortage::Threads { needed: threads.max(1), free: free_threads });
        }
        let free = self.free_memory(most_memory);
        if most_memory < u64::MAX && memory > free {
            return Err(Shortage::Memory { needed: memory, free, is_ever: true });
        }
        Ok(Lease { threads, memory_bytes: memory, gpus, licences: need.licences.clone() })
    }

    /// How much memory it would be given, were it free.
    fn memory_of(&self, need: &Need, most: u64) -> Result<u64, Shortage> {
        let (asked, capacity) = (need.memory.least, self.capacity.memory_bytes);
        if asked > capacity {
            return Err(Shortage::TooBig { what: Resource::Memory, needed: asked, most: capacity });
        }
        if asked > most {
            let free = self.free_memory(most);
            return Err(Shortage::Memory { needed: asked, free, is_ever: false });
        }
        Ok(need.memory.within(most))
    }

    /// How many tasks with that need the node can run at once if nothing else does; at least 1.
    pub(crate) fn lanes(&self, need: &Need, offer: &Offer<'_>) -> u32 {
        let Budget { threads, memory_bytes, .. } = self.budget();
        let of_memory = memory_bytes.checked_div(need.memory.within(memory_bytes)).unwrap_or(u64::MAX);
        let of_limits = need.licences.iter().filter_map(|name| self.capacity.limits.get(name));
        let of_limits = of_limits.filter(|limit| limit.per == LimitPer::Task).map(|limit| limit.max).min();
        [
            threads / need.threads.clamp(1, threads.max(1)),
            u32::try_from(of_memory).unwrap_or(u32::MAX),
            of_limits.unwrap_or(u32::MAX),
            need.gpus.as_ref().and_then(|gpus| offer.lanes(gpus)).unwrap_or(u32::MAX),
        ]
        .into_iter()
        .fold(self.capacity.slots, u32::min)
        .max(1)
    }

    /// Takes what `try_lease` has answered.
    pub(crate) fn take(&mut self, attempt: AttemptId, job: JobId, lease: Lease) {
        self.leases.insert(attempt, Held { job, lease, is_adopted: false });
    }

    /// Takes what an attempt holds that runs already.
    pub(crate) fn adopt(&mut self, attempt: AttemptId, job: JobId, lease: Lease) {
        self.leases.insert(attempt, Held { job, lease, is_adopted: true });
    }

    pub(crate) fn release(&mut self, attempt: AttemptId) {
        self.leases.remove(&attempt);
    }

    /// Jobs that hold a slot, ascending, each once.
    pub(crate) fn jobs(&self) -> Vec<JobId> {
        let mut jobs: Vec<JobId> = self.leases.values().map(|held| held.job).collect();
        jobs.sort_unstable();
        jobs.dedup();
        jobs
    }

    /// Attempts whose lease is like that, oldest first.
    pub(crate) fn holders(&self, is_wanted: impl Fn(&Lease) -> bool) -> Vec<Holder> {
        let wanted = self.leases.iter().filter(|(_, held)| is_wanted(&held.lease));
        wanted.map(|(attempt, held)| Holder { attempt: *attempt, job: held.job }).collect()
    }

    /// Who holds a GPU, and what of it.
    pub(crate) fn holders_of_gpu<'a>(
        &'a self,
        uuid: &'a str,
    ) -> impl Iterator<Item = (Holder, &'a GpuLease)> + 'a {
        self.leases.iter().flat_map(move |(attempt, held)| {
            let holder = Holder { attempt: *attempt, job: held.job };
            held.lease
                .gpus
                .iter()
                .filter(move |lease| lease.gpu.uuid == uuid)
                .map(move |lease| (holder, lease))
        })
    }

    /// Bytes of a GPU that are given out as shares.
    pub(crate) fn shared(&self, uuid: &str) -> u64 {
        let shares = self.holders_of_gpu(uuid).filter_map(|(_, lease)| lease.share_bytes);
        shares.fold(0, u64::saturating_add)
    }

    fn is_limited_by_task(&self, name: &str) -> bool {
        self.capacity.limits.get(name).is_some_and(|limit| limit.per == LimitPer::Task)
    }

    /// How many of a licence are taken; of one that counts by node, whether this one has it.
    fn used(&self, name: &str) -> u32 {
        let tasks = self.leases.values().filter(|held| held.lease.licences.iter().any(|held| held == name));
        let tasks = u32::try_from(tasks.count()).unwrap_or(u32::MAX);
        match self.capacity.limits.get(name).map(|limit| limit.per) {
            Some(LimitPer::Node) => tasks.min(1),
            _ => tasks,
        }
    }

    pub(crate) fn leases(&self) -> Vec<LeaseView> {
        let view = |(attempt, held): (&AttemptId, &Held)| LeaseView {
            attempt: *attempt,
            job: held.job,
            lease: held.lease.clone(),
        };
        self.leases.iter().map(view).collect()
    }

    pub(crate) fn limits(&self) -> Vec<LimitView> {
        let view = |(name, limit): (&String, &farmhand_model::Limit)| {
            let holders = self.holders(|lease| lease.licences.contains(name));
            let mut holders: Vec<JobId> = holders.into_iter().map(|holder| holder.job).collect();
            holders.sort_unstable();
            holders.dedup();
            LimitView { name: name.clone(), limit: *limit, used: self.used(name), holders }
        };
        self.capacity.limits.iter().map(view).collect()
    }

    /// Checks that what was given out is there.
    ///
    /// # Panics
    /// Where more was given out than there is, but for what adopted attempts hold.
    pub(crate) fn sanity_check(&self) {
        if self.leases.values().all(|held| !held.is_adopted) {
            assert!(self.leases.len() <= self.capacity.slots as usize, "more tasks than slots");
            let threads = u32::MAX - self.free_threads(u32::MAX);
            assert!(threads <= self.capacity.threads, "more threads than the node has");
            let memory = u64::MAX - self.free_memory(u64::MAX);
            assert!(memory <= self.capacity.memory_bytes, "more memory than the node has");
            for (name, limit) in &self.capacity.limits {
                assert!(self.used(name) <= limit.max, "too many of {name} are taken");
            }
        }
        // What an attempt was given was free of what adopted ones held, too.
        for (attempt, held) in self.leases.iter().filter(|(_, held)| !held.is_adopted) {
            for lease in &held.lease.gpus {
                let uuid = &lease.gpu.uuid;
                let mut others = self.holders_of_gpu(uuid).filter(|(holder, _)| holder.attempt != *attempt);
                let is_shared = |other: &GpuLease| other.share_bytes.is_some() && lease.share_bytes.is_some();
                assert!(others.all(|(_, other)| is_shared(other)), "{uuid} is whole and given twice");
                assert!(self.shared(uuid) <= lease.gpu.memory_bytes, "{uuid}: more shares than memory");
            }
        }
    }
}
