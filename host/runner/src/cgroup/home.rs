//! Where attempts' cgroups are made: finds out whether the daemon was given a part of the tree to itself.
//!
//! A part is given by starting the daemon in a cgroup that is called `farmhand-daemon`, beside which the attempts' are
//! made: systemd does that with `Delegate=yes` and `DelegateSubgroup=farmhand-daemon`. Nothing else tells for sure:
//! root may write to every cgroup, and a user to those of all of its desktop's programs. Where the configuration says
//! that the daemon's cgroup is its own, it makes that subgroup itself and moves there first, since the kernel gives
//! limits to no cgroup that has both processes and children.

use super::{remove, tell};
use crate::spec::CgroupSpec;
use farmhand_model::AttemptId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The subgroup that the daemon is in.
const LEAF: &str = "farmhand-daemon";
/// How the cgroups of attempts begin.
const ATTEMPT: &str = "farmhand-attempt-";
/// What of the kernel's is used, where it is there.
const CONTROLLERS: [&str; 3] = ["cpu", "memory", "io"];
/// Renders' share of the CPUs against the daemon's 100, so that it answers while they take all they can.
const CPU_WEIGHT: u32 = 20;

/// Whether attempts get cgroups of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CgroupMode {
    /// Where the daemon was started in a subgroup for it.
    #[default]
    Auto,
    /// The daemon's cgroup is its alone; it makes the subgroup.
    Own,
    /// No.
    Off,
}

/// Why attempts get no cgroups of their own.
#[derive(Debug, thiserror::Error)]
pub enum NoCgroups {
    /// The configuration says so.
    #[error("they are switched off by `[render] cgroups`")]
    Off,
    /// No version 2.
    #[error("this process is in no version 2 cgroup")]
    NotThere,
    /// Nobody said that the daemon may make some.
    #[error(
        "{} was not given to farmhand; start it as a service with `Delegate=yes` and `DelegateSubgroup={LEAF}`",
        .0.display()
    )]
    NotDelegated(PathBuf),
    /// Nothing to limit or account with.
    #[error("{} has none of the controllers cpu, memory and io; a version 1 hierarchy may hold them", .0.display())]
    NoControllers(PathBuf),
    /// Said to be the daemon's alone, and is not.
    #[error(
        "there are other processes in {}; start farmhand in a cgroup of its own, or leave `[render] cgroups` at `auto`",
        .0.display()
    )]
    Shared(PathBuf),
    /// The kernel said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Refused {
        /// Such as `write to`.
        action: &'static str,
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The part of the tree in which attempts' cgroups are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroups {
    home: PathBuf,
}

impl Cgroups {
    /// Looks for it below `root`, which is `/` but in tests, makes it ready, and removes the cgroups of attempts that
    /// have ended.
    ///
    /// # Errors
    /// There can be none; renders then run without.
    pub fn find(root: &Path, mode: CgroupMode) -> Result<Self, NoCgroups> {
        if mode == CgroupMode::Off {
            return Err(NoCgroups::Off);
        }
        let own = own_cgroup(root).ok_or(NoCgroups::NotThere)?;
        let home = match (mode, own.parent()) {
            (_, Some(parent)) if own.ends_with(LEAF) => parent.to_owned(),
            (CgroupMode::Own, _) => own.clone(),
            _ => return Err(NoCgroups::NotDelegated(own)),
        };
        let there = fs::read_to_string(home.join("cgroup.controllers")).unwrap_or_default();
        let wanted = |name: &&str| there.split_ascii_whitespace().any(|one| one == *name);
        let enable: Vec<String> =
            CONTROLLERS.iter().filter(|name| wanted(name)).map(|name| format!("+{name}")).collect();
        if enable.is_empty() {
            return Err(NoCgroups::NoControllers(home));
        }
        if home == own {
            move_to_leaf(&home)?;
        }
        let control = home.join("cgroup.subtree_control");
        tell(&control, &enable.join(" ")).map_err(refused("write to", &control))?;
        let cgroups = Self { home };
        cgroups.sweep();
        Ok(cgroups)
    }

    /// Where they are made.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The cgroup of an attempt, for its shim to make.
    #[must_use]
    pub fn of_attempt(&self, attempt: AttemptId, memory_max: Option<u64>) -> CgroupSpec {
        CgroupSpec { path: self.home.join(format!("{ATTEMPT}{attempt}")), cpu_weight: CPU_WEIGHT, memory_max }
    }

    /// Those of attempts that run on cannot be removed, and stay.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.home).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(ATTEMPT) {
                remove(&entry.path());
            }
        }
    }
}

fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> NoCgroups {
    let path = path.to_owned();
    move |source| NoCgroups::Refused { action, path, source }
}

/// Out of the cgroup that is to have children.
fn move_to_leaf(home: &Path) -> Result<(), NoCgroups> {
    let own = std::process::id().to_string();
    let procs = home.join("cgroup.procs");
    let inside = fs::read_to_string(&procs).map_err(refused("read", &procs))?;
    if inside.split_ascii_whitespace().any(|pid| pid != own) {
        return Err(NoCgroups::Shared(home.to_owned()));
    }
    let leaf = home.join(LEAF);
    match fs::create_dir(&leaf) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.map_err(refused("make", &leaf))?,
    }
    let door = leaf.join("cgroup.procs");
    tell(&door, &own).map_err(refused("write to", &door))
}

/// The directory of this process's own version 2 cgroup.
fn own_cgroup(root: &Path) -> Option<PathBuf> {
    let read = |name: &str| fs::read_to_string(root.join(name)).ok();
    let own = read("proc/self/cgroup")?;
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mounts = read("proc/self/mountinfo")?;
    let (mounted, point) = mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(3);
        let pair = (fields.next()?, fields.next()?);
        after.starts_with("cgroup2 ").then_some(pair)
    })?;
    // Only a part of the tree may be mounted, as in containers.
    let below = Path::new("/").join(own).strip_prefix(mounted).ok()?.to_owned();
    Some(root.join(point.trim_start_matches('/')).join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "cpuset cpu io memory pids\n";

    /// A stand-in for the kernel's files: this process is in `own`, and `home` has these controllers.
    fn stand_in(own: &str, home: &str, controllers: &str) -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().expect("a directory");
        let home = root.path().join("sys/fs/cgroup").join(home);
        for dir in [&root.path().join("proc/self"), &home.join(LEAF)] {
            fs::create_dir_all(dir).expect("a directory");
        }
        let mounts = "22 20 0:21 / /proc rw - proc proc rw\n\
                      31 20 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        for (path, text) in [
            (root.path().join("proc/self/cgroup"), format!("0::/{own}\n").as_str()),
            (root.path().join("proc/self/mountinfo"), mounts),
            (home.join("cgroup.controllers"), controllers),
            (home.join("cgroup.subtree_control"), ""),
            (home.join("cgroup.procs"), &format!("{}\n", std::process::id())),
            (home.join(LEAF).join("cgroup.procs"), ""),
        ] {
            fs::write(path, text).expect("a file");
        }
        (root, home)
    }

    fn text(path: PathBuf) -> String {
        fs::read_to_string(path).expect("a file")
    }

    #[test]
    fn a_daemon_in_the_subgroup_makes_them_beside_it() {
        let service = "system.slice/farmhand.service";
        let (root, home) = stand_in(&format!("{service}/{LEAF}"), service, ALL);
        let (ended, living) = (home.join("farmhand-attempt-3"), home.join("farmhand-attempt-4"));
        let foreign = home.join("other");
        for dir in [&ended, &foreign, &living.join("it cannot be removed, as one with processes")] {
            fs::create_dir_all(dir).expect("a directory");
        }
        let cgroups = Cgroups::find(root.path(), CgroupMode::Auto).expect("a home");
        assert_eq!(cgroups.home(), home);
        assert_eq!(text(home.join("cgroup.subtree_control")), "+cpu +memory +io");
        assert_eq!(text(home.join(LEAF).join("cgroup.procs")), "", "it is there already");
        assert_eq!((ended.exists(), living.exists(), foreign.exists()), (false, true, true));
        let spec = cgroups.of_attempt(AttemptId(5), Some(7));
        assert_eq!(spec.path, home.join("farmhand-attempt-5"));
        assert_eq!((spec.cpu_weight, spec.memory_max), (CPU_WEIGHT, Some(7)));
    }

    #[test]
    fn one_whose_cgroup_is_its_own_moves_out_of_it_first() {
        let (root, home) = stand_in("box", "box", "memory\n");
        assert!(matches!(Cgroups::find(root.path(), CgroupMode::Auto), Err(NoCgroups::NotDelegated(_))));
        assert_eq!(text(home.join("cgroup.subtree_control")), "", "it touched what is not its own");
        Cgroups::find(root.path(), CgroupMode::Own).expect("a home");
        assert_eq!(text(home.join("cgroup.subtree_control")), "+memory");
        assert_eq!(text(home.join(LEAF).join("cgroup.procs")), std::process::id().to_string());

        fs::write(home.join("cgroup.procs"), format!("1\n{}\n", std::process::id())).expect("a file");
        assert!(matches!(Cgroups::find(root.path(), CgroupMode::Own), Err(NoCgroups::Shared(_))));
    }

    #[test]
    fn why_there_are_none_is_said() {
        let check = |own: &str, controllers: &str, mode, expect: &str| {
            let (root, _) = stand_in(own, "box", controllers);
            let error = Cgroups::find(root.path(), mode).expect_err(expect);
            let prefix = format!("{}/", root.path().display());
            assert_eq!(error.to_string().replace(&prefix, "/"), expect);
        };
        check("box", ALL, CgroupMode::Off, "they are switched off by `[render] cgroups`");
        check(
            "user.slice/session-2.scope",
            ALL,
            CgroupMode::Auto,
            "/sys/fs/cgroup/user.slice/session-2.scope was not given to farmhand; start it as a service with \
             `Delegate=yes` and `DelegateSubgroup=farmhand-daemon`",
        );
        check(
            "box/farmhand-daemon",
            "cpuset\n",
            CgroupMode::Auto,
            "/sys/fs/cgroup/box has none of the controllers cpu, memory and io; a version 1 hierarchy may hold them",
        );
        let nowhere = tempfile::tempdir().expect("a directory");
        assert!(matches!(Cgroups::find(nowhere.path(), CgroupMode::Auto), Err(NoCgroups::NotThere)));
    }

    #[test]
    fn a_part_of_the_tree_may_be_all_that_is_mounted() {
        let (root, home) = stand_in("pod/box/farmhand-daemon", "box", ALL);
        let mounts = "31 20 0:27 /pod /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        fs::write(root.path().join("proc/self/mountinfo"), mounts).expect("a file");
        assert_eq!(Cgroups::find(root.path(), CgroupMode::Auto).expect("a home").home(), home);
    }
}
