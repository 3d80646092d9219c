//! Cores, memory, name and operating system of this machine, as far as this process may use them: a container's or
//! a service's limits count, not what is soldered in.

use std::fs;
use std::path::Path;

/// This machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its host name.
    pub host_name: String,
    /// Cores that are switched on.
    pub logical_cores: u32,
    /// Cores that this process may keep busy: CPU affinity and cgroup quotas are taken off. At least 1.
    pub usable_cores: u32,
    /// Bytes of memory, or what the cgroup allows where that is less; 0 on a system that is not asked (Windows).
    pub memory_bytes: u64,
    /// Such as `Debian GNU/Linux 12 (bookworm), kernel 6.1.0`.
    pub os: String,
}

/// Looks at this machine. It reads a few small files of the kernel's.
#[must_use]
pub fn probe() -> NodeFacts {
    let root = Path::new("/");
    let usable = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    NodeFacts {
        host_name: host_name(),
        logical_cores: online_cores(root).unwrap_or(usable),
        usable_cores: usable,
        memory_bytes: memory(root).or_else(memory_by_sysctl).unwrap_or(0),
        os: os(root),
    }
}

fn host_name() -> String {
    #[cfg(unix)]
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".into())
}

fn online_cores(root: &Path) -> Option<u32> {
    count_list(&read(root, "sys/devices/system/cpu/online")?)
}

/// Physical memory under the limits of this process's cgroups, both versions, and of every group above.
fn memory(root: &Path) -> Option<u64> {
    let total = mem_total(&read(root, "proc/meminfo")?)?;
    let groups = read(root, "proc/self/cgroup").unwrap_or_default();
    let limits = memory_limit_files(&groups);
    limits.iter().filter_map(|file| limit(&read(root, file)?)).chain([total]).min()
}

/// macOS has no file that says it.
fn memory_by_sysctl() -> Option<u64> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let output = std::process::Command::new("/usr/sbin/sysctl").args(["-n", "hw.memsize"]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn os(root: &Path) -> String {
    let name = read(root, "etc/os-release").and_then(|text| pretty_name(&text));
    let kernel = read(root, "proc/sys/kernel/osrelease");
    match (name, kernel) {
        (Some(name), Some(kernel)) => format!("{name}, kernel {}", kernel.trim()),
        (Some(name), None) => name,
        (None, Some(kernel)) => format!("{} {}", std::env::consts::OS, kernel.trim()),
        (None, None) => std::env::consts::OS.into(),
    }
}

fn read(root: &Path, file: &str) -> Option<String> {
    fs::read_to_string(root.join(file)).ok()
}

/// How many numbers a kernel list such as `0-3,8` names.
fn count_list(text: &str) -> Option<u32> {
    text.trim().split(',').try_fold(0_u32, |count, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        Some(count + last.checked_sub(first)? + 1)
    })
}

fn mem_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// A cgroup's limit in bytes; none where it says `max`. Version 1 says an enormous number instead, which is above
/// any machine's memory.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The files that may limit the memory of a process with this `/proc/self/cgroup`: its own groups and all above,
/// since a container often sees its group at the top of the mount and not at the path that the kernel tells.
fn memory_limit_files(cgroup: &str) -> Vec<String> {
    let mut files = Vec::new();
    for line in cgroup.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let (mount, file) = if number == "0" && controllers.is_empty() {
            ("sys/fs/cgroup", "memory.max")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            continue;
        };
        for group in Path::new(path.trim_start_matches('/')).ancestors() {
            let group = Path::new(mount).join(group).join(file);
            files.push(group.to_string_lossy().into_owned());
        }
    }
    files
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
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
    fn reads_what_the_kernel_writes() {
        let meminfo = "MemTotal:       16318480 kB\nMemFree:         1212312 kB\n";
        assert_eq!(mem_total(meminfo), Some(16_318_480 * 1024));
        assert_eq!(mem_total("MemFree: 1 kB\n"), None);
        assert_eq!(limit("max\n"), None);
        assert_eq!(limit("536870912\n"), Some(536_870_912));
        let os_release = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n";
        assert_eq!(pretty_name(os_release).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(pretty_name("PRETTY_NAME=Alpine\n").as_deref(), Some("Alpine"));
    }

    #[test]
    fn looks_for_limits_in_both_versions_of_cgroups_and_in_every_group_above() {
        let unified =
            ["sys/fs/cgroup/a/b/memory.max", "sys/fs/cgroup/a/memory.max", "sys/fs/cgroup/memory.max"];
        assert_eq!(memory_limit_files("0::/a/b\n"), unified);
        let old = "9:name=systemd:/x\n4:cpu,memory:/a\n1:cpu:/y\n";
        let files =
            ["sys/fs/cgroup/memory/a/memory.limit_in_bytes", "sys/fs/cgroup/memory/memory.limit_in_bytes"];
        assert_eq!(memory_limit_files(old), files);
        assert_eq!(memory_limit_files("nonsense\n"), [""; 0]);
    }

    #[test]
    fn the_lowest_limit_counts() {
        const MEMINFO: &str = "MemTotal: 1024 kB\n";
        type Files = &'static [(&'static str, &'static str)];
        let table: [(Files, Option<u64>); 6] = [
            (&[], None),
            (&[("proc/meminfo", MEMINFO)], Some(1 << 20)),
            (&[("proc/meminfo", MEMINFO), ("sys/fs/cgroup/a/memory.max", "max\n")], Some(1 << 20)),
            (&[("proc/meminfo", MEMINFO), ("sys/fs/cgroup/memory.max", "4096\n")], Some(4096)),
            (
                &[
                    ("proc/meminfo", MEMINFO),
                    ("sys/fs/cgroup/a/memory.max", "8192\n"),
                    ("sys/fs/cgroup/memory.max", "4096\n"),
                ],
                Some(4096),
            ),
            (
                &[
                    ("proc/meminfo", MEMINFO),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ],
                Some(1 << 20),
            ),
        ];
        for (files, expect) in table {
            let root = tempfile::tempdir().unwrap();
            for (path, text) in files.iter().chain(&[("proc/self/cgroup", "4:memory:/a\n0::/a\n")]) {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            assert_eq!(memory(root.path()), expect, "{files:?}");
        }
    }

    #[test]
    fn this_machine_makes_sense() {
        let facts = probe();
        assert!(facts.usable_cores >= 1 && facts.usable_cores <= facts.logical_cores, "{facts:?}");
        assert!(!facts.host_name.is_empty() && !facts.os.is_empty(), "{facts:?}");
        if cfg!(target_os = "linux") {
            assert!(facts.memory_bytes > 64 << 20, "{facts:?}");
        }
    }
}
