//! How much memory there is and how much of it is free, under the limits of this process's cgroups, both versions, and
//! of every group above.

use super::read;
use std::path::{Path, PathBuf};

/// Physical memory, or the lowest limit where that is less.
pub(super) fn total(root: &Path) -> Option<u64> {
    let total = in_meminfo(&read(root, "proc/meminfo")?, "MemTotal:")?;
    groups(root).iter().filter_map(|group| group.limit(root)).chain([total]).min()
}

/// What programs can still take without swapping, or what the tightest group leaves where that is less.
pub(super) fn available(root: &Path) -> Option<u64> {
    let available = in_meminfo(&read(root, "proc/meminfo")?, "MemAvailable:")?;
    groups(root).iter().filter_map(|group| group.available(root)).chain([available]).min()
}

/// A cgroup that may limit memory.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    dir: PathBuf,
    files: &'static Files,
}

/// What the files of a version of cgroups are called.
#[derive(Debug, PartialEq, Eq)]
struct Files {
    limit: &'static str,
    used: &'static str,
    /// In `memory.stat`: copies of files that nobody has used lately, which go as soon as memory is wanted.
    reclaimable: &'static str,
}

static UNIFIED: Files = Files { limit: "memory.max", used: "memory.current", reclaimable: "inactive_file " };
static OLD: Files = Files {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file ",
};

impl Group {
    /// In bytes; none where it says `max`. Version 1 says an enormous number instead, which is above any machine's
    /// memory.
    fn limit(&self, root: &Path) -> Option<u64> {
        read(root, self.dir.join(self.files.limit))?.trim().parse().ok()
    }

    fn available(&self, root: &Path) -> Option<u64> {
        let limit = self.limit(root)?;
        let used: u64 = read(root, self.dir.join(self.files.used))?.trim().parse().ok()?;
        let stat = read(root, self.dir.join("memory.stat")).unwrap_or_default();
        let reclaimable =
            stat.lines().find_map(|line| line.strip_prefix(self.files.reclaimable)?.parse().ok());
        Some(limit.saturating_sub(used.saturating_sub(reclaimable.unwrap_or(0))))
    }
}

fn groups(root: &Path) -> Vec<Group> {
    groups_of(&read(root, "proc/self/cgroup").unwrap_or_default())
}

/// The groups of a process with this `/proc/self/cgroup`, and all above, since a container often sees its group at the
/// top of the mount and not at the path that the kernel tells.
fn groups_of(cgroup: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    for line in cgroup.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let (mount, files) = if number == "0" && controllers.is_empty() {
            ("sys/fs/cgroup", &UNIFIED)
        } else if controllers.split(',').any(|controller| controller == "memory") {
            ("sys/fs/cgroup/memory", &OLD)
        } else {
            continue;
        };
        let above = Path::new(path.trim_start_matches('/')).ancestors();
        groups.extend(above.map(|group| Group { dir: Path::new(mount).join(group), files }));
    }
    groups
}

fn in_meminfo(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::super::tests::root;
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        let meminfo = "MemTotal:       16318480 kB\nMemFree:         1212312 kB\n";
        assert_eq!(in_meminfo(meminfo, "MemTotal:"), Some(16_318_480 * 1024));
        assert_eq!(in_meminfo("MemFree: 1 kB\n", "MemTotal:"), None);
    }

    #[test]
    fn looks_into_both_versions_of_cgroups_and_every_group_above() {
        let dirs = |text: &str| {
            groups_of(text).into_iter().map(|group| (group.dir, group.files)).collect::<Vec<_>>()
        };
        let group = |dir: &str, files| (PathBuf::from(dir), files);
        let unified = ["sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup/"];
        assert_eq!(dirs("0::/a/b\n"), unified.map(|dir| group(dir, &UNIFIED)));
        let old = "9:name=systemd:/x\n4:cpu,memory:/a\n1:cpu:/y\n";
        assert_eq!(
            dirs(old),
            ["sys/fs/cgroup/memory/a", "sys/fs/cgroup/memory/"].map(|dir| group(dir, &OLD))
        );
        assert_eq!(dirs("nonsense\n"), []);
    }

    #[test]
    fn the_lowest_limit_counts_and_what_is_left_of_the_tightest_group() {
        const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\n");
        type Files = &'static [(&'static str, &'static str)];
        let table: [(Files, Option<u64>, Option<u64>); 8] = [
            (&[], None, None),
            (&[MEMINFO], Some(1 << 20), Some(1 << 19)),
            (&[MEMINFO, ("sys/fs/cgroup/a/memory.max", "max\n")], Some(1 << 20), Some(1 << 19)),
            (&[MEMINFO, ("sys/fs/cgroup/memory.max", "4096\n")], Some(4096), Some(1 << 19)),
            (
                &[
                    MEMINFO,
                    ("sys/fs/cgroup/a/memory.max", "8192\n"),
                    ("sys/fs/cgroup/a/memory.current", "7000\n"),
                    ("sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 1000\nactive_file 5\n"),
                    ("sys/fs/cgroup/memory.max", "4096\n"),
                    ("sys/fs/cgroup/memory.current", "1000\n"),
                ],
                Some(4096),
                Some(2192),
            ),
            // More is used than is allowed, as after the limit was lowered.
            (
                &[
                    MEMINFO,
                    ("sys/fs/cgroup/a/memory.max", "8192\n"),
                    ("sys/fs/cgroup/a/memory.current", "9000\n"),
                ],
                Some(8192),
                Some(0),
            ),
            (
                &[MEMINFO, ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")],
                Some(1 << 20),
                Some(1 << 19),
            ),
            (
                &[
                    MEMINFO,
                    ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "8192\n"),
                    ("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "5000\n"),
                    ("sys/fs/cgroup/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 2000\n"),
                ],
                Some(8192),
                Some(5192),
            ),
        ];
        for (files, expect_total, expect_available) in table {
            let files = [files, &[("proc/self/cgroup", "4:memory:/a\n0::/a\n")]].concat();
            let root = root(&files);
            assert_eq!(total(root.path()), expect_total, "{files:?}");
            assert_eq!(available(root.path()), expect_available, "{files:?}");
        }
    }
}
