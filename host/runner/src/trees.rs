//! Which of this machine's processes belong to which attempts, for whoever sees a process on a GPU and wants to know
//! whose it is.

use crate::dir::AttemptDir;
use std::collections::BTreeMap;

/// The processes of running attempts: the shim of each, its first process and everyone below, with the attempt's place
/// in the list. An attempt that an earlier daemon started is found like any other. Reads all of `/proc` once, so it
/// belongs on a thread that may block; where there is no `/proc`, nobody is found.
#[must_use]
pub fn processes_of(attempts: &[AttemptDir]) -> BTreeMap<u32, usize> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there is no `/proc` to look into"))]
    let mut found = BTreeMap::new();
    #[cfg(unix)]
    {
        use crate::os::procfs::ProcessTable;
        use std::collections::HashSet;

        let table = ProcessTable::read();
        for (place, attempt) in attempts.iter().enumerate() {
            let Some(owner) = attempt.owner() else { continue };
            // A number alone may be somebody else's by now.
            let is_own = |pid: u32, start: u64| {
                owner.shim.pid == pid && owner.shim.start == start
                    || owner.leader.is_some_and(|leader| leader.pid == pid && leader.start == start)
            };
            let roots: HashSet<u32> = table
                .iter()
                .filter(|process| is_own(process.pid, process.start))
                .map(|process| process.pid)
                .collect();
            found.extend(table.descendants(&roots).iter().map(|process| (process.pid, place)));
            found.extend(roots.into_iter().map(|pid| (pid, place)));
        }
    }
    #[cfg(not(unix))]
    let _ = attempts;
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::report::{Owner, now};
    use std::fs;
    use std::process::{Command, Stdio};

    #[test]
    fn a_tree_is_the_shim_and_everyone_below() {
        let dir = tempfile::tempdir().expect("a directory");
        let attempt = |name: &str, shim| {
            let attempt = AttemptDir::create(dir.path().join(name)).expect("a directory");
            let owner = Owner { shim, leader: None, started: now() };
            fs::write(attempt.running_file(), serde_json::to_vec(&owner).expect("JSON")).expect("a file");
            attempt
        };
        // It answers with a line once its own child is there, and both wait for the test to let go. A shell gives what it
        // starts in the background nothing to read, unless it has the pipe by another number.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "exec 3<&0; sh -c 'echo $$; read line' <&3 & wait"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let mut line = String::new();
        let mut output = std::io::BufReader::new(shell.stdout.take().expect("piped"));
        std::io::BufRead::read_line(&mut output, &mut line).expect("a line");
        let child: u32 = line.trim().parse().expect("a number");
        let shim = crate::os::process_id(shell.id());
        let reused = crate::ProcessId { start: shim.start + 1, ..shim };
        let attempts =
            [AttemptDir::open(dir.path().join("none")), attempt("old", reused), attempt("mine", shim)];
        let found = processes_of(&attempts);
        assert_eq!(found, BTreeMap::from([(shell.id(), 2), (child, 2)]));
        drop(shell.stdin.take());
        shell.wait().expect("it ends");
    }
}
