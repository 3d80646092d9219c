//! One attempt's cgroup, from its making to its removal.

use super::tell;
use crate::spec::CgroupSpec;
use farmhand_model::Usage;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Removed when it is dropped, where nobody is left in it.
pub(crate) struct AttemptCgroup {
    path: PathBuf,
}

impl AttemptCgroup {
    /// Makes it, with its limits.
    ///
    /// A share of the CPUs that cannot be set costs priority and nothing else; without a limit of memory that was asked
    /// for, it still accounts.
    pub(crate) fn create(spec: &CgroupSpec) -> io::Result<Self> {
        match fs::create_dir(&spec.path) {
            // An earlier try of the same attempt.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        let cgroup = Self { path: spec.path.clone() };
        let _ = tell(&cgroup.file("cpu.weight"), &spec.cpu_weight.to_string());
        if let Some(bytes) = spec.memory_max {
            // Swapping to stay below the limit would hold up the whole machine for one render.
            let _ = tell(&cgroup.file("memory.swap.max"), "0");
            // A tree that lost one process of several would go on to nothing.
            let _ = tell(&cgroup.file("memory.oom.group"), "1");
            let _ = tell(&cgroup.file("memory.max"), &bytes.to_string());
        }
        Ok(cgroup)
    }

    /// What a process writes `0` to in order to be in it.
    #[cfg_attr(windows, expect(dead_code, reason = "there are no cgroups on Windows"))]
    pub(crate) fn door(&self) -> io::Result<File> {
        File::options().write(true).open(self.file("cgroup.procs"))
    }

    /// CPU time and I/O of all that were ever in it. Without its memory: see [`Self::peak_memory`].
    pub(crate) fn usage(&self) -> Usage {
        let io = self.read("io.stat");
        let sum = |name: &str| io.as_deref().map(|text| sum_of_fields(text, name));
        Usage {
            cpu_seconds: self.number("cpu.stat", "usage_usec").map(|micros| micros as f64 / 1e6),
            read_bytes: sum("rbytes"),
            written_bytes: sum("wbytes"),
            ..Usage::default()
        }
    }

    /// The most memory that it was ever charged, files that it read included: the kernel drops those when others want
    /// the memory, so this is more than was needed, and nothing that was needed is more than this.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        self.read("memory.peak")?.trim().parse().ok()
    }

    /// Whether the kernel ended a process in it for want of memory, its own or that of a cgroup above.
    pub(crate) fn was_out_of_memory(&self) -> bool {
        self.number("memory.events", "oom_kill").is_some_and(|kills| kills > 0)
    }

    /// Whether that was its own limit.
    pub(crate) fn was_at_its_limit(&self) -> bool {
        self.number("memory.events", "oom").is_some_and(|times| times > 0)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.file(name)).ok()
    }

    /// The value of a line `NAME VALUE`.
    fn number(&self, file: &str, name: &str) -> Option<u64> {
        let text = self.read(file)?;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    }
}

impl Drop for AttemptCgroup {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes a cgroup in which nobody is left. One that cannot go now goes at a daemon's next start.
pub(crate) fn remove(path: &Path) {
    let _ = fs::remove_dir(path);
}

/// Of lines such as `8:0 rbytes=1 wbytes=2`, one for each disk.
fn sum_of_fields(text: &str, name: &str) -> u64 {
    let field = |field: &str| field.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok();
    text.split_ascii_whitespace().filter_map(field).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(path: &Path) -> CgroupSpec {
        CgroupSpec { path: path.to_owned(), cpu_weight: 20, memory_max: Some(3 << 30) }
    }

    /// A stand-in for the kernel: files with these contents.
    fn stand_in(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            fs::write(dir.path().join(name), text).expect("a file");
        }
        dir
    }

    #[test]
    fn limits_are_said_to_the_kernel() {
        let names = ["cpu.weight", "memory.max", "memory.swap.max", "memory.oom.group"];
        let dir = stand_in(&names.map(|name| (name, "")));
        let _cgroup = AttemptCgroup::create(&spec(dir.path())).expect("a cgroup");
        let said = names.map(|name| fs::read_to_string(dir.path().join(name)).expect("a file"));
        assert_eq!(said, ["20", "3221225472", "0", "1"]);

        let dir = stand_in(&names.map(|name| (name, "")));
        let unlimited = CgroupSpec { memory_max: None, ..spec(dir.path()) };
        let _cgroup = AttemptCgroup::create(&unlimited).expect("a cgroup");
        let said = names.map(|name| fs::read_to_string(dir.path().join(name)).expect("a file"));
        assert_eq!(said, ["20", "", "", ""]);
    }

    #[test]
    fn figures_are_read() {
        let dir = stand_in(&[
            ("cpu.stat", "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n"),
            ("io.stat", "8:0 rbytes=100 wbytes=7 rios=1 wios=1 dbytes=0 dios=0\n259:1 rbytes=11 wbytes=0\n"),
            ("memory.peak", "123456\n"),
            ("memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 1\n"),
        ]);
        let cgroup = AttemptCgroup::create(&spec(dir.path())).expect("a cgroup");
        let expect = Usage {
            cpu_seconds: Some(2.5),
            read_bytes: Some(111),
            written_bytes: Some(7),
            ..Usage::default()
        };
        assert_eq!((cgroup.usage(), cgroup.peak_memory()), (expect, Some(123_456)));
        assert!(cgroup.was_out_of_memory() && cgroup.was_at_its_limit());

        let of_others = stand_in(&[("memory.events", "max 0\noom 0\noom_kill 1\n")]);
        let cgroup = AttemptCgroup::create(&spec(of_others.path())).expect("a cgroup");
        assert!(cgroup.was_out_of_memory() && !cgroup.was_at_its_limit());
        assert_eq!((cgroup.usage(), cgroup.peak_memory()), (Usage::default(), None));
    }

    #[test]
    fn it_is_gone_with_its_guard() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("farmhand-attempt-1");
        let cgroup = AttemptCgroup::create(&spec(&path)).expect("a cgroup");
        assert!(path.is_dir());
        assert!(cgroup.door().is_err(), "this stand-in has no files, so nobody can be let in");
        drop(cgroup);
        assert!(!path.exists());
    }
}
