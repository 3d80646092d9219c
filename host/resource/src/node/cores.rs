//! How many cores the kernel says there are: switched on, and soldered in.

use super::read;
use std::collections::BTreeSet;
use std::path::Path;

/// Logical cores that are switched on.
pub(super) fn online(root: &Path) -> Option<u32> {
    count_list(&read(root, "sys/devices/system/cpu/online")?)
}

/// Cores with hyper-threads counted once: from the topology of each core, or else from `/proc/cpuinfo`.
pub(super) fn physical(root: &Path) -> Option<u32> {
    let count = from_topology(root).or_else(|| from_cpuinfo(&read(root, "proc/cpuinfo")?))?;
    u32::try_from(count).ok()
}

/// Every core lists the logical cores that are the same one; as many lists as differ, so many cores.
fn from_topology(root: &Path) -> Option<usize> {
    let cpus = root.join("sys/devices/system/cpu");
    let mut cores = BTreeSet::new();
    for entry in cpus.read_dir().ok()?.flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("cpu")?.parse::<u32>().ok());
        if number.is_none() {
            continue;
        }
        // The second name is that of kernels before 5.1. A core that is switched off has neither.
        let lists = ["topology/core_cpus_list", "topology/thread_siblings_list"];
        cores.extend(lists.iter().find_map(|list| read(&entry.path(), list)));
    }
    (!cores.is_empty()).then_some(cores.len())
}

/// As many pairs of package and core as there are; some processors (ARM) are listed without.
fn from_cpuinfo(text: &str) -> Option<usize> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores: BTreeSet<_> = text
        .split("\n\n")
        .filter_map(|block| Some((value(block, "physical id")?, value(block, "core id")?)))
        .collect();
    (!cores.is_empty()).then_some(cores.len())
}

/// How many numbers a kernel list such as `0-3,8` names.
fn count_list(text: &str) -> Option<u32> {
    text.trim().split(',').try_fold(0_u32, |count, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        Some(count + last.checked_sub(first)? + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::root;
    use super::*;

    #[test]
    fn counts_kernel_lists() {
        let table = [
            ("0\n", Some(1)),
            ("0-1\n", Some(2)),
            ("0-3,8,10-11", Some(7)),
            ("", None),
            ("3-1", None),
            ("0-x", None),
        ];
        for (text, expect) in table {
            assert_eq!(count_list(text), expect, "{text:?}");
        }
    }

    #[test]
    fn hyper_threads_are_one_core() {
        const CPUINFO: &str = "processor\t: 0\nphysical id\t: 0\ncore id\t\t: 0\n\nprocessor\t: 1\nphysical id\t: 0\n\
                               core id\t\t: 0\n\nprocessor\t: 2\nphysical id\t: 1\ncore id\t\t: 0\n";
        const CPU: &str = "sys/devices/system/cpu";
        let core = |number: u32, list: &str, siblings: &'static str| {
            (format!("{CPU}/cpu{number}/topology/{list}"), siblings)
        };
        let new = "core_cpus_list";
        let old = "thread_siblings_list";
        let two_with_two =
            vec![core(0, new, "0,2"), core(1, new, "1,3"), core(2, new, "0,2"), core(3, new, "1,3")];
        let table = [
            (vec![], None),
            (two_with_two, Some(2)),
            (vec![core(0, old, "0-1"), core(1, old, "0-1")], Some(1)),
            (vec![core(0, new, "0"), core(0, old, "0-1"), core(1, new, "1"), core(1, old, "0-1")], Some(2)),
            // Directories that are no cores.
            (vec![core(0, new, "0"), (format!("{CPU}/cpufreq/topology/{new}"), "7")], Some(1)),
            (vec![("proc/cpuinfo".to_owned(), CPUINFO)], Some(2)),
            (vec![("proc/cpuinfo".to_owned(), "processor\t: 0\nBogoMIPS\t: 50.00\n")], None),
        ];
        for (files, expect) in table {
            let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            assert_eq!(physical(root(&files).path()), expect, "{files:?}");
        }
    }
}
