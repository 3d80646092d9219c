//! How often a process tree is looked at, and what the looks add up to. How to look is for [`crate::os`].

use crate::cgroup::AttemptCgroup;
use crate::dir::AttemptDir;
use crate::os::{self, Taken, Tree};
use crate::report::OutOfMemory;
use crate::usage::{LiveUsage, UsageFile};
use farmhand_model::Usage;
use std::time::{Duration, Instant};

/// Before the first look: the shortest tasks end sooner, and need none.
const FIRST: Duration = Duration::from_secs(1);
/// Looks come more slowly as the attempt goes on, down to this.
const SLOWEST: Duration = Duration::from_secs(5);
/// A look takes at most a part in this many of a core, where that is not even slower than [`SLOWEST_OF_ALL`].
const COST: u32 = 2000;
/// Signs of life that are older than this would be taken for a stall.
const SLOWEST_OF_ALL: Duration = Duration::from_secs(10);

/// Follows one attempt's process tree.
pub(super) struct Meter<'a> {
    cgroup: Option<&'a AttemptCgroup>,
    file: UsageFile,
    started: Instant,
    next: Instant,
    looked: Instant,
    usage: LiveUsage,
}

impl<'a> Meter<'a> {
    pub(super) fn new(dir: &AttemptDir, cgroup: Option<&'a AttemptCgroup>, now: Instant) -> Self {
        Self {
            cgroup,
            file: UsageFile::new(dir.usage_file()),
            started: now,
            next: now + FIRST,
            looked: now,
            usage: LiveUsage::default(),
        }
    }

    /// Looks where it is time to.
    pub(super) fn look_if_due(&mut self, tree: &mut Tree<'_>, now: Instant) {
        if now >= self.next {
            self.look(tree, now);
        }
    }

    /// Looks, as before everybody is told to end.
    pub(super) fn look(&mut self, tree: &mut Tree<'_>, now: Instant) {
        let before = os::own_cpu_time();
        let taken = tree.look();
        self.take(taken, now);
        self.file.write(&self.usage);
        let cost = os::own_cpu_time().zip(before).map_or(Duration::ZERO, |(after, before)| after - before);
        self.next = now + pace(now.duration_since(self.started), cost);
    }

    /// The sum, once the tree is empty.
    pub(super) fn finish(&mut self, tree: &Tree<'_>) -> (Usage, Option<OutOfMemory>) {
        self.take(tree.taken_by_ended(), Instant::now());
        let out_of_memory = match self.cgroup {
            Some(cgroup) if cgroup.was_out_of_memory() => {
                Some(if cgroup.was_at_its_limit() { OutOfMemory::Limit } else { OutOfMemory::Machine })
            }
            _ => tree.was_out_of_memory().then_some(OutOfMemory::Machine),
        };
        (self.usage.so_far, out_of_memory)
    }

    fn take(&mut self, taken: Taken, now: Instant) {
        let before = self.usage.so_far;
        let seen = Usage {
            peak_memory_bytes: taken.memory_bytes.max(taken.peak_bytes),
            cpu_seconds: taken.cpu_seconds,
            read_bytes: taken.io.map(|io| io.read),
            written_bytes: taken.io.map(|io| io.written),
            ..Usage::default()
        };
        // No sum ever falls, although a process that nobody waited for takes its own along.
        let mut so_far = before.or_more(seen);
        if let Some(cgroup) = self.cgroup {
            so_far = so_far.or_more(cgroup.usage());
            // What several processes share may count in each, but never more than the kernel charged for all.
            so_far.peak_memory_bytes = match (so_far.peak_memory_bytes, cgroup.peak_memory()) {
                (Some(seen), Some(charged)) => Some(seen.min(charged)),
                (seen, charged) => seen.or(charged),
            };
        }
        let span = now.duration_since(self.looked).as_secs_f64();
        let busy = so_far.cpu_seconds.map(|now| now - before.cpu_seconds.unwrap_or(0.0));
        let cores = busy.filter(|_| span > 0.0).map(|busy| busy / span);
        self.usage = LiveUsage { memory_bytes: taken.memory_bytes, cores, so_far };
        self.looked = now;
    }
}

/// The time to the next look, after so long and where the last one took this much CPU time.
fn pace(elapsed: Duration, cost: Duration) -> Duration {
    (elapsed / 30).clamp(FIRST, SLOWEST).max(cost * COST).min(SLOWEST_OF_ALL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::IoBytes;

    #[test]
    fn looks_come_more_slowly_and_cost_next_to_nothing() {
        let check = |elapsed: u64, cost_micros: u64, expect_millis: u64| {
            let pace = pace(Duration::from_secs(elapsed), Duration::from_micros(cost_micros));
            assert_eq!(pace, Duration::from_millis(expect_millis), "{elapsed} s, {cost_micros} us");
        };
        check(1, 300, 1000);
        check(29, 300, 1000);
        check(60, 300, 2000);
        check(86_400, 300, 5000);
        check(1, 1250, 2500);
        check(86_400, 3500, 7000);
        check(1, 50_000, 10_000);
    }

    #[test]
    fn looks_add_up() {
        let dir = tempfile::tempdir().expect("a directory");
        let start = Instant::now();
        let mut meter = Meter::new(&AttemptDir::open(dir.path()), None, start);
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let taken = |memory: Option<u64>, peak: Option<u64>, cpu: f64, read: u64| Taken {
            memory_bytes: memory,
            peak_bytes: peak,
            cpu_seconds: Some(cpu),
            io: Some(IoBytes { read, written: 7 }),
        };
        meter.take(taken(Some(100), None, 3.0, 10), at(2));
        assert_eq!((meter.usage.memory_bytes, meter.usage.cores), (Some(100), Some(1.5)));
        meter.take(taken(Some(60), Some(40), 7.0, 9), at(4));
        assert_eq!((meter.usage.memory_bytes, meter.usage.cores), (Some(60), Some(2.0)));
        let so_far = Usage {
            peak_memory_bytes: Some(100),
            cpu_seconds: Some(7.0),
            read_bytes: Some(10),
            written_bytes: Some(7),
            ..Usage::default()
        };
        assert_eq!(meter.usage.so_far, so_far);
        // A spike between two looks, in a process that has ended.
        meter.take(taken(None, Some(400), 6.0, 12), at(5));
        assert_eq!((meter.usage.memory_bytes, meter.usage.cores), (None, Some(0.0)));
        let so_far = Usage { peak_memory_bytes: Some(400), read_bytes: Some(12), ..so_far };
        assert_eq!(meter.usage.so_far, so_far);
    }
}
