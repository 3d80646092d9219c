//! The processes of this machine, as `/proc` lists them. Where there is no `/proc` there are none, and whoever asks
//! does without.

use nix::unistd::{SysconfVar, sysconf};
use std::collections::{HashMap, HashSet};
use std::fs;

/// What `/proc/PID/stat` says of one process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    /// Ended, and not waited for yet.
    pub(crate) zombie: bool,
    /// Of itself, in clock ticks.
    pub(crate) own_cpu: u64,
    /// Of the children that it has waited for, in clock ticks.
    pub(crate) children_cpu: u64,
    /// In ticks since boot.
    pub(crate) start: u64,
    /// In pages.
    pub(crate) rss: u64,
}

impl Process {
    pub(crate) fn read(pid: u32) -> Option<Self> {
        Self::parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    fn parse(pid: u32, stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: u32::try_from(number(1)?).ok()?,
            group: u32::try_from(number(2)?).ok()?,
            zombie: matches!(*fields.first()?, "Z" | "X"),
            own_cpu: number(11)? + number(12)?,
            children_cpu: number(13)? + number(14)?,
            start: number(19)?,
            rss: number(21)?,
        })
    }

    /// Whether its environment holds this `NAME=value`. Not readable for other users' processes.
    pub(crate) fn has_variable(&self, variable: &[u8]) -> bool {
        fs::read(format!("/proc/{}/environ", self.pid))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == variable))
    }
}

/// All processes at one moment, more or less: the list is not read atomically.
pub(crate) struct ProcessTable {
    processes: Vec<Process>,
}

impl ProcessTable {
    pub(crate) fn read() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Self { processes: pids.filter_map(Process::read).collect() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter()
    }

    /// Everyone below these processes, without them.
    pub(crate) fn descendants(&self, roots: &HashSet<u32>) -> Vec<Process> {
        let mut children: HashMap<u32, Vec<&Process>> = HashMap::new();
        for process in &self.processes {
            children.entry(process.parent).or_default().push(process);
        }
        let mut seen = roots.clone();
        let mut open: Vec<u32> = roots.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(parent) = open.pop() {
            for child in children.get(&parent).into_iter().flatten() {
                if seen.insert(child.pid) {
                    open.push(child.pid);
                    found.push(**child);
                }
            }
        }
        found
    }
}

/// Clock ticks as seconds.
pub(crate) fn ticks_to_seconds(ticks: u64) -> f64 {
    ticks as f64 / system_value(SysconfVar::CLK_TCK, 100) as f64
}

/// Pages as bytes.
pub(crate) fn pages_to_bytes(pages: u64) -> u64 {
    pages * system_value(SysconfVar::PAGE_SIZE, 4096)
}

fn system_value(name: SysconfVar, usual: u64) -> u64 {
    sysconf(name).ok().flatten().and_then(|value| u64::try_from(value).ok()).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_may_hold_anything() {
        let stat = "42 (a) b (c) S 7 9 9 0 -1 4194560 1 2 3 4 100 20 30 4 20 0 3 0 5555 1000 77 18446744073709551615";
        let process = Process::parse(42, stat).expect("a whole line");
        assert_eq!((process.parent, process.group, process.zombie), (7, 9, false));
        assert_eq!((process.own_cpu, process.children_cpu), (120, 34));
        assert_eq!((process.start, process.rss), (5555, 77));
        assert!(Process::parse(42, "42 (cut) S 7").is_none());
    }
}
