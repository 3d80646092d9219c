//! The processes of this machine, as `/proc` lists them. Where there is no `/proc` there are none, and whoever asks
//! does without.

use super::IoBytes;
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
        })
    }

    /// What it holds; absent once it has ended.
    pub(crate) fn resident(&self) -> Option<Resident> {
        Resident::parse(&fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?)
    }

    /// What it and the children that it has waited for read and wrote. Not readable for other users' processes.
    pub(crate) fn io(&self) -> Option<IoBytes> {
        parse_io(&fs::read_to_string(format!("/proc/{}/io", self.pid)).ok()?)
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
        Self { processes: pids().into_iter().filter_map(Process::read).collect() }
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

/// Every number that is a process's.
fn pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Everyone below one process, looked for again and again.
///
/// Nobody who is not below it comes below it later, so the others need not be read each time: a machine has hundreds of
/// them. A number that passes from one of them to one of these is noticed within [`FORGET`] looks.
#[derive(Debug)]
pub(crate) struct Below {
    root: u32,
    others: HashSet<u32>,
    looks: u32,
}

/// Looks after which everybody is read again.
const FORGET: u32 = 16;

impl Below {
    pub(crate) fn new(root: u32) -> Self {
        Self { root, others: HashSet::new(), looks: 0 }
    }

    pub(crate) fn look(&mut self) -> Vec<Process> {
        if self.looks.is_multiple_of(FORGET) {
            self.others.clear();
        }
        self.looks += 1;
        let there: HashSet<u32> = pids().into_iter().collect();
        self.others.retain(|pid| there.contains(pid));
        let unknown = there.iter().filter(|pid| !self.others.contains(pid));
        let table = ProcessTable { processes: unknown.copied().filter_map(Process::read).collect() };
        let found = table.descendants(&HashSet::from([self.root]));
        let ours: HashSet<u32> = found.iter().map(|process| process.pid).collect();
        // One whose parent is gone is being handed to another, which may be the root.
        let has_parent = |process: &&Process| process.parent == 0 || there.contains(&process.parent);
        let others = table.iter().filter(|process| !ours.contains(&process.pid)).filter(has_parent);
        self.others.extend(others.map(|process| process.pid));
        found
    }
}

/// Resident memory of a process, in bytes, by whether others may hold the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Its own.
    pub(crate) own: u64,
    /// Mapped files: programs and libraries, above all.
    pub(crate) files: u64,
    /// Shared memory.
    pub(crate) shared: u64,
}

impl Resident {
    fn parse(status: &str) -> Option<Self> {
        let bytes =
            |name: &str| Some(1024 * field(status, name)?.trim_end_matches("kB").trim().parse::<u64>().ok()?);
        Some(Self { own: bytes("RssAnon")?, files: bytes("RssFile")?, shared: bytes("RssShmem")? })
    }

    /// What the processes of one tree hold together: of what can be shared the largest, since they mostly share the
    /// very same.
    ///
    /// Which pages are shared `smaps` would tell, for milliseconds in which a large process waits; the sum of what each
    /// has resident would count the same libraries in each.
    pub(crate) fn together(of_each: impl Iterator<Item = Self>) -> Option<u64> {
        let sum = of_each.reduce(|a, b| Self {
            own: a.own + b.own,
            files: a.files.max(b.files),
            shared: a.shared.max(b.shared),
        })?;
        Some(sum.own + sum.files + sum.shared)
    }
}

/// What the children that this process has waited for read and wrote, theirs included.
pub(crate) fn io_of_ended_children() -> Option<IoBytes> {
    let read = |path: &str| parse_io(&fs::read_to_string(path).ok()?);
    // A process's figures hold those of the children that it has waited for, a thread's do not; the shim has one thread.
    let (all, own) = (read("/proc/self/io")?, read("/proc/thread-self/io")?);
    Some(IoBytes {
        read: all.read.saturating_sub(own.read),
        written: all.written.saturating_sub(own.written),
    })
}

/// How many processes the kernel has ended for want of memory since it started.
pub(crate) fn out_of_memory_kills() -> Option<u64> {
    let counters = fs::read_to_string("/proc/vmstat").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

fn parse_io(io: &str) -> Option<IoBytes> {
    let bytes = |name: &str| field(io, name)?.parse().ok();
    Some(IoBytes { read: bytes("read_bytes")?, written: bytes("write_bytes")? })
}

/// The value of a line `NAME: VALUE`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

/// Clock ticks as seconds.
pub(crate) fn ticks_to_seconds(ticks: u64) -> f64 {
    let ticks_per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    ticks as f64 / ticks_per_second as f64
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
        assert_eq!(process.start, 5555);
        assert!(Process::parse(42, "42 (cut) S 7").is_none());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn who_comes_and_goes_below_is_noticed_at_each_look() {
        use std::process::{Child, Command, Stdio};
        let start = || Command::new("/bin/cat").stdin(Stdio::piped()).spawn().expect("a process");
        let end = |mut child: Child| {
            drop(child.stdin.take());
            child.wait().expect("its end");
        };
        let mut below = Below::new(std::process::id());
        let mut found = || -> HashSet<u32> { below.look().iter().map(|process| process.pid).collect() };
        let first = start();
        for _ in 0..2 * FORGET {
            assert!(found().contains(&first.id()));
            let second = start();
            let both = found();
            assert!(both.contains(&first.id()) && both.contains(&second.id()));
            assert!(!both.contains(&1) && !both.contains(&std::process::id()));
            let gone = second.id();
            end(second);
            assert!(!found().contains(&gone));
        }
        end(first);
    }

    #[test]
    fn what_processes_share_counts_once() {
        let status = "Name:\tblender\nRssAnon:\t    2000 kB\nRssFile:\t     300 kB\nRssShmem:\t      40 kB\n";
        let large = Resident::parse(status).expect("a whole status");
        assert_eq!(large, Resident { own: 2000 << 10, files: 300 << 10, shared: 40 << 10 });
        assert_eq!(Resident::parse("Name:\tzombie\n"), None);
        let small = Resident { own: 1 << 10, files: 200 << 10, shared: 50 << 10 };
        assert_eq!(Resident::together([large, small].into_iter()), Some((2001 + 300 + 50) << 10));
        assert_eq!(Resident::together([large].into_iter()), Some(2340 << 10));
        assert_eq!(Resident::together([].into_iter()), None);
    }

    #[test]
    fn io_is_what_reached_a_disk() {
        let io = "rchar: 9\nwchar: 8\nsyscr: 7\nsyscw: 6\nread_bytes: 4096\nwrite_bytes: 512\ncancelled_write_bytes: 1\n";
        assert_eq!(parse_io(io), Some(IoBytes { read: 4096, written: 512 }));
        assert_eq!(parse_io("read_bytes: 4096\n"), None);
    }
}
