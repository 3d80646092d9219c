//! Cores, memory, name, operating system and desktop of this machine, as far as this process may use them: a
//! container's or a service's limits count, not what is soldered in.

mod cores;
mod desktop;
mod load;
mod memory;

pub use load::CpuTimes;

use std::fs;
use std::path::Path;

/// This machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its host name.
    pub host_name: String,
    /// Cores that are soldered in, hyper-threads counted once; absent where the system does not tell (Windows).
    pub physical_cores: Option<u32>,
    /// Cores that are switched on.
    pub logical_cores: u32,
    /// Cores that this process may keep busy: CPU affinity and cgroup quotas are taken off. At least 1.
    pub usable_cores: u32,
    /// Bytes of memory, or what the cgroup allows where that is less; 0 on a system that is not asked (Windows).
    pub memory_bytes: u64,
    /// Such as `Debian GNU/Linux 12 (bookworm), kernel 6.1.0`.
    pub os: String,
    /// What says that somebody's desktop runs here, such as `/tmp/.X11-unix/X0`; absent: nothing does.
    pub desktop: Option<String>,
}

/// Looks at this machine. It reads a few small files of the kernel's.
#[must_use]
pub fn probe() -> NodeFacts {
    let root = Path::new("/");
    let usable = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    NodeFacts {
        host_name: host_name(),
        physical_cores: cores::physical(root).or_else(|| sysctl("hw.physicalcpu")?.try_into().ok()),
        logical_cores: cores::online(root).unwrap_or(usable),
        usable_cores: usable,
        memory_bytes: memory::total(root).or_else(|| sysctl("hw.memsize")).unwrap_or(0),
        os: os(root),
        desktop: desktop::sign(root, |name| std::env::var(name).ok()),
    }
}

/// Bytes of memory that are free now, or that the cgroup still allows where that is less; absent where the system does
/// not tell (Windows, macOS).
#[must_use]
pub fn memory_available() -> Option<u64> {
    memory::available(Path::new("/"))
}

fn host_name() -> String {
    #[cfg(unix)]
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".into())
}

/// A number of macOS, which has no files that say it.
fn sysctl(name: &str) -> Option<u64> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let output = std::process::Command::new("/usr/sbin/sysctl").args(["-n", name]).output().ok()?;
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

fn read(root: &Path, file: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(root.join(file)).ok()
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that stands for `/`, with these files in it.
    pub(super) fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn names_the_system_as_it_names_itself() {
        let os_release = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n";
        assert_eq!(pretty_name(os_release).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(pretty_name("PRETTY_NAME=Alpine\n").as_deref(), Some("Alpine"));
    }

    #[test]
    fn this_machine_makes_sense() {
        let facts = probe();
        assert!(facts.usable_cores >= 1 && facts.usable_cores <= facts.logical_cores, "{facts:?}");
        assert!(facts.physical_cores.is_none_or(|cores| cores >= 1), "{facts:?}");
        assert!(!facts.host_name.is_empty() && !facts.os.is_empty(), "{facts:?}");
        if cfg!(target_os = "linux") {
            assert!(facts.memory_bytes > 64 << 20, "{facts:?}");
            let available = memory_available().unwrap();
            assert!(available > 0 && available <= facts.memory_bytes, "{available} of {facts:?}");
        }
    }
}
