//! What the next task of a job needs of a node: from what was asked for, what its attempts have shown and what they ran
//! out of. Whether it fits, and what it is given, is the ledger's business.

use crate::policy::{NodeCapacity, Policy};
use farmhand_model::job::JobCosts;
use farmhand_model::{BatchId, Boost, JobSpec, Needs};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// An amount of memory.
///
/// What a person asked for is waited for. What the farm worked out is not: where renders may have less, all that they
/// may have will do, since a job that has run here before must not wait for ever for a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Amount {
    /// Wanted.
    bytes: u64,
    /// No less than this will do.
    pub(crate) least: u64,
}

impl Amount {
    fn asked(bytes: u64) -> Self {
        Self { bytes, least: bytes }
    }

    fn reckoned(bytes: u64) -> Self {
        Self { bytes, least: 0 }
    }

    /// At least so much, where there is that much.
    fn or_more(mut self, more: Option<u64>) -> Self {
        self.bytes = self.bytes.max(more.map_or(0, in_steps));
        self
    }

    /// How much it is where renders may have so much at the most.
    pub(crate) fn within(self, most: u64) -> u64 {
        self.bytes.min(most).max(self.least)
    }
}

/// GPUs that a task needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GpusNeeded {
    /// How many, at least 1.
    pub(crate) count: u32,
    /// Each of them whole; otherwise a share of each.
    pub(crate) whole: bool,
    /// The share, or how large a whole GPU must be.
    pub(crate) bytes: Amount,
    /// Whether it waits for them for ever.
    pub(crate) required: bool,
    /// Not these, by UUID.
    pub(crate) not: Vec<String>,
}

/// All that a task needs. Tasks of one plugin with the same needs are of one class: where the first in line cannot start,
/// none of them can.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    pub(crate) threads: u32,
    pub(crate) memory: Amount,
    pub(crate) gpus: Option<GpusNeeded>,
    /// Licences and counters, ascending, each once.
    pub(crate) licences: Vec<String>,
}

/// A line of jobs whose next tasks need the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    /// Their before-hooks come first.
    pub(crate) hooks_first: bool,
    pub(crate) need: Need,
    /// A batch has lines of its own: once it has all the tasks that it may have, they are passed by.
    pub(crate) batch: Option<BatchId>,
}

/// What a task needs at the level of that name, whose frames ran out of `boost` before.
pub(crate) fn need_of(
    spec: &JobSpec,
    costs: &JobCosts,
    level: &str,
    boost: &Boost,
    capacity: &NodeCapacity,
    policy: &Policy,
) -> Need {
    let known = spec.needs_at(level);
    let learned = costs.peak_memory_bytes.map(with_margin);
    let asked = known.and_then(|needs| needs.memory_bytes);
    let memory = match (learned, asked) {
        (Some(learned), _) => Amount::reckoned(learned),
        (None, Some(asked)) => Amount::asked(asked),
        (None, None) => Amount::reckoned(unknown(capacity, policy)),
    };
    let mut licences = spec.licences.clone();
    licences.sort_unstable();
    licences.dedup();
    Need {
        threads: threads_of(capacity, spec.threads),
        memory: memory.or_more(boost.memory_bytes),
        gpus: known.and_then(|needs| gpus_of(needs, costs, boost)),
        licences,
    }
}

/// Threads of a task that asks for `asked`: never more than the node has, or it would wait for ever.
pub(crate) fn threads_of(capacity: &NodeCapacity, asked: Option<u32>) -> u32 {
    asked.unwrap_or(capacity.threads_per_task).clamp(1, capacity.threads.max(1))
}

/// Memory of a task of which nothing is known: so much that each slot can have it.
fn unknown(capacity: &NodeCapacity, policy: &Policy) -> u64 {
    policy.unknown_memory_bytes.min(capacity.memory_bytes / u64::from(capacity.slots.max(1)))
}

fn gpus_of(needs: &Needs, costs: &JobCosts, boost: &Boost) -> Option<GpusNeeded> {
    let need = needs.gpus.as_ref().filter(|need| need.required || !costs.leaves_gpus)?;
    let count = need.count.max(1);
    // The peak is that of all GPUs together: nothing tells what each of several took.
    let learned = costs.peak_gpu_memory_bytes.filter(|_| count == 1).map(with_margin);
    let bytes = match (need.memory_bytes, learned) {
        (None, _) => Amount::default(),
        (Some(_), Some(learned)) => Amount::reckoned(learned),
        (Some(asked), None) => Amount::asked(asked),
    };
    let bytes = match boost.gpu_memory_bytes {
        // How large a whole one must be at least, to the byte: others of the same size will do.
        Some(least) if need.memory_bytes.is_none() => Amount::reckoned(least),
        more => bytes.or_more(more),
    };
    let mut not = boost.not_gpus.clone();
    not.sort_unstable();
    not.dedup();
    Some(GpusNeeded { count, whole: need.memory_bytes.is_none(), bytes, required: need.required, not })
}

/// A peak and a tenth more.
fn with_margin(peak: u64) -> u64 {
    in_steps(peak.saturating_add(peak / 10))
}

/// The next step: jobs that were seen to need about the same are to be of one class. What people ask for is left as it is,
/// so that all of a node can be asked for.
fn in_steps(bytes: u64) -> u64 {
    let step = if bytes <= GIB { 64 * MIB } else { 256 * MIB };
    bytes.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_env::job;
    use farmhand_model::{GpuNeed, LevelNeeds};

    fn capacity() -> NodeCapacity {
        NodeCapacity {
            slots: 4,
            threads: 8,
            threads_per_task: 2,
            memory_bytes: 64 * GIB,
            limits: Default::default(),
        }
    }

    fn need(needs: Needs, costs: JobCosts, boost: &Boost) -> Need {
        let needs = vec![LevelNeeds { level: "render".to_owned(), needs }];
        let spec = JobSpec { needs, ..job("1-4") };
        need_of(&spec, &costs, "render", boost, &capacity(), &Policy::default())
    }

    #[test]
    fn memory_is_what_was_seen_or_asked_for_or_a_guess_and_then_what_it_ran_out_of() {
        let check = |asked: Option<u64>, seen: Option<u64>, boost: Option<u64>, expect: Amount| {
            let needs = Needs { memory_bytes: asked, gpus: None };
            let costs = JobCosts { peak_memory_bytes: seen, ..JobCosts::default() };
            let boost = Boost { memory_bytes: boost, ..Boost::default() };
            assert_eq!(need(needs, costs, &boost).memory, expect);
        };
        check(None, None, None, Amount::reckoned(GIB));
        check(Some(7 * GIB + 1), None, None, Amount::asked(7 * GIB + 1));
        check(Some(7 * GIB), Some(100 * MIB), None, Amount::reckoned(128 * MIB));
        check(None, Some(10 * GIB), None, Amount::reckoned(11 * GIB));
        check(None, Some(10 * GIB), Some(GIB), Amount::reckoned(11 * GIB));
        check(None, Some(10 * GIB), Some(16 * GIB), Amount::reckoned(16 * GIB));
        check(Some(7 * GIB), None, Some(9 * GIB), Amount { bytes: 9 * GIB, least: 7 * GIB });
    }

    #[test]
    fn a_guess_leaves_room_for_every_slot() {
        let small = NodeCapacity { memory_bytes: 2 * GIB, ..capacity() };
        assert_eq!(unknown(&small, &Policy::default()), GIB / 2);
    }

    #[test]
    fn only_what_was_asked_for_is_waited_for() {
        let check = |amount: Amount, most: u64, expect: u64| assert_eq!(amount.within(most), expect);
        check(Amount::asked(9), 10, 9);
        check(Amount::asked(9), 5, 9);
        check(Amount::reckoned(9), 5, 5);
        check(Amount { bytes: 9, least: 4 }, 5, 5);
        check(Amount { bytes: 9, least: 4 }, 3, 4);
    }

    #[test]
    fn steps_are_fine_where_amounts_are_small() {
        for (bytes, expect) in
            [(0, 0), (1, 64 * MIB), (GIB, GIB), (GIB + 1, GIB + 256 * MIB), (u64::MAX, u64::MAX)]
        {
            assert_eq!(in_steps(bytes), expect, "{bytes}");
        }
    }

    #[test]
    fn gpus_are_those_of_the_level_until_a_job_leaves_them() {
        let gpus = |needs: &GpuNeed, costs: JobCosts, boost: &Boost| {
            need(Needs { memory_bytes: None, gpus: Some(needs.clone()) }, costs, boost).gpus
        };
        let whole = GpuNeed { count: 1, memory_bytes: None, required: false };
        let share = GpuNeed { memory_bytes: Some(8 * GIB), ..whole };
        let expect =
            GpusNeeded { count: 1, whole: true, bytes: Amount::default(), required: false, not: Vec::new() };
        assert_eq!(gpus(&whole, JobCosts::default(), &Boost::default()), Some(expect.clone()));
        let leaves = JobCosts { leaves_gpus: true, ..JobCosts::default() };
        assert_eq!(gpus(&whole, leaves, &Boost::default()), None);
        assert!(gpus(&GpuNeed { required: true, ..whole }, leaves, &Boost::default()).is_some());
        let seen = JobCosts { peak_gpu_memory_bytes: Some(10 * GIB), ..JobCosts::default() };
        let of_share = GpusNeeded { whole: false, bytes: Amount::reckoned(11 * GIB), ..expect.clone() };
        assert_eq!(gpus(&share, seen, &Boost::default()), Some(of_share));
        assert_eq!(gpus(&whole, seen, &Boost::default()), Some(expect.clone()), "it has all of it anyway");
        let two = gpus(&GpuNeed { count: 2, ..share }, seen, &Boost::default());
        assert_eq!(two.map(|two| two.bytes), Some(Amount::asked(8 * GIB)), "nothing tells what each took");
        let boost = Boost {
            memory_bytes: None,
            gpu_memory_bytes: Some(20 * GIB),
            not_gpus: vec!["GPU-b".to_owned(), "GPU-a".to_owned()],
        };
        let not = vec!["GPU-a".to_owned(), "GPU-b".to_owned()];
        let bytes = Amount::reckoned(20 * GIB);
        assert_eq!(gpus(&whole, JobCosts::default(), &boost), Some(GpusNeeded { bytes, not, ..expect }));
    }

    #[test]
    fn another_level_needs_no_gpu_and_licences_are_sorted() {
        let needs = Needs { memory_bytes: Some(GIB), gpus: None };
        let spec = JobSpec {
            needs: vec![LevelNeeds { level: "render".to_owned(), needs }],
            licences: ["nuke", "arnold", "nuke"].map(str::to_owned).to_vec(),
            threads: Some(99),
            ..job("1")
        };
        let costs = JobCosts::default();
        let need = need_of(&spec, &costs, "safe", &Boost::default(), &capacity(), &Policy::default());
        let licences = ["arnold", "nuke"].map(str::to_owned).to_vec();
        assert_eq!(need, Need { threads: 8, memory: Amount::reckoned(GIB), gpus: None, licences });
    }
}
