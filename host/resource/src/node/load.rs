//! How busy the cores of the whole machine are: two looks at the kernel's counters and the difference between them.

use super::read;
use std::path::Path;

/// What the cores have done since the machine started, in the kernel's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTimes {
    busy: u64,
    total: u64,
}

impl CpuTimes {
    /// As it is now; absent where the system does not tell (Windows, macOS). It reads one small file.
    #[must_use]
    pub fn now() -> Option<Self> {
        Self::of(Path::new("/"))
    }

    fn of(root: &Path) -> Option<Self> {
        let text = read(root, "proc/stat")?;
        let fields = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        // User, nice, system, idle, waiting for disks, two kinds of interrupts, stolen. What follows is in user already.
        let ticks: Vec<u64> =
            fields.split_whitespace().take(8).map_while(|field| field.parse().ok()).collect();
        let total = ticks.iter().sum();
        let idle = ticks.get(3)? + ticks.get(4).unwrap_or(&0);
        Some(Self { busy: total - idle, total })
    }

    /// How busy they were since then, 0 to 1; absent where no tick has passed.
    #[must_use]
    pub fn busy_since(self, before: Self) -> Option<f64> {
        let total = self.total.checked_sub(before.total).filter(|total| *total > 0)?;
        // The kernel may count what waits for disks backwards.
        Some((self.busy.saturating_sub(before.busy) as f64 / total as f64).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::root;
    use super::*;

    #[test]
    fn the_difference_of_two_looks_is_the_load() {
        let look = |text: &str| CpuTimes::of(root(&[("proc/stat", text)]).path());
        let before = look("cpu  100 0 50 800 50 0 0 0 40 0\ncpu0 1 1 1 1\n").unwrap();
        let after = look("cpu  150 10 60 860 50 10 10 0 90 0\n").unwrap();
        assert_eq!(after.busy_since(before), Some(90.0 / 150.0));
        assert_eq!(before.busy_since(before), None);
        assert_eq!(before.busy_since(after), None);
        assert_eq!(look("intr 5\n"), None);
        assert_eq!(look("cpu  1 2\n"), None);
    }
}
