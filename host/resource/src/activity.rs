//! When somebody last used this machine, as far as the system tells: logind's hints for desktops, and the access times
//! of terminals, which the kernel sets when somebody types.
//!
//! Linux only: macOS and Windows are not asked. What it means for renders is not decided here.

use crate::tools::ask::ask;
use farmhand_model::Timestamp;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// logind answers in milliseconds; one that hangs must not hold up the look at the terminals for long.
const LIMIT: Duration = Duration::from_secs(2);

/// Somebody did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// When last.
    pub at: Timestamp,
    /// What, such as `keyboard or mouse on seat0`.
    pub what: String,
}

/// Where activity shows.
#[derive(Debug, Clone)]
pub struct ActivityProbe {
    /// `/`, but for tests.
    root: PathBuf,
    loginctl: PathBuf,
    limit: Duration,
}

impl Default for ActivityProbe {
    fn default() -> Self {
        Self { root: "/".into(), loginctl: "loginctl".into(), limit: LIMIT }
    }
}

impl ActivityProbe {
    /// Whether this system tells at all.
    #[must_use]
    pub fn is_told() -> bool {
        cfg!(target_os = "linux")
    }

    /// The last that was seen; none where nothing was, or where the system does not tell. A desktop that is in use
    /// counts as used `now`.
    pub async fn look(&self, now: Timestamp) -> Option<Input> {
        if !Self::is_told() {
            return None;
        }
        let desktops = self.desktops(now).await;
        desktops.into_iter().chain(terminals(&self.root)).max_by_key(|input| input.at)
    }

    /// What logind says; nothing where it is not there, or says nothing in time.
    async fn desktops(&self, now: Timestamp) -> Vec<Input> {
        let list = self.loginctl(&["list-sessions", "--no-legend", "--no-pager"]).await;
        let ids = session_ids(&list);
        if ids.is_empty() {
            return Vec::new();
        }
        let mut args = vec!["show-session", "--no-pager"];
        for property in ["Name", "Seat", "Type", "Class", "State", "IdleHint", "IdleSinceHint", "LockedHint"]
        {
            args.extend(["-p", property]);
        }
        args.extend(ids);
        let sessions = self.loginctl(&args).await;
        sessions.split("\n\n").filter_map(|session| desktop(session, now)).collect()
    }

    async fn loginctl(&self, args: &[&str]) -> String {
        match ask(&self.loginctl, args, self.limit).await {
            Ok(answer) if !answer.timed_out => answer.output,
            Ok(_) => {
                tracing::debug!("loginctl did not answer in time");
                String::new()
            }
            Err(error) => {
                tracing::debug!(%error, "there is no loginctl to ask");
                String::new()
            }
        }
    }
}

/// The first column of lines whose second is a user's number; what else it prints are complaints.
fn session_ids(list: &str) -> Vec<&str> {
    let id = |line: &'_ str| -> Option<(usize, usize)> {
        let mut words = line.split_whitespace();
        let (id, user) = (words.next()?, words.next()?);
        let start = line.find(id)?;
        user.parse::<u32>().ok().map(|_| (start, id.len()))
    };
    list.lines().filter_map(|line| id(line).map(|(start, length)| &line[start..start + length])).collect()
}

/// A person's desktop session in the foreground. One that is locked has nobody before it; login screens and terminals
/// are none.
fn desktop(session: &str, now: Timestamp) -> Option<Input> {
    let value = |name: &str| {
        session.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
    };
    let is_desktop = matches!(value("Type"), "x11" | "wayland" | "mir");
    if value("Class") != "user" || value("State") != "active" || !is_desktop || value("LockedHint") == "yes" {
        return None;
    }
    let at = match value("IdleHint") {
        "no" => now,
        // In microseconds.
        "yes" => Timestamp(value("IdleSinceHint").parse::<i64>().ok()? / 1000),
        _ => return None,
    };
    let what = match (value("Seat"), value("Name")) {
        ("", "") => "keyboard or mouse of a remote desktop".to_owned(),
        ("", name) => format!("keyboard or mouse of {name}'s remote desktop"),
        (seat, "") => format!("keyboard or mouse on {seat}"),
        (seat, name) => format!("keyboard or mouse of {name} on {seat}"),
    };
    Some(Input { at, what })
}

/// The terminal that was typed into last.
fn terminals(root: &Path) -> Option<Input> {
    let entries = |dir: &str| root.join(dir).read_dir().into_iter().flatten().flatten();
    let number = |name: &str| name.parse::<u32>().is_ok();
    // `/dev/tty` is whatever terminal the asker has, and `tty0` the console in front: both are also there by name.
    let console = |name: &str| name.strip_prefix("tty").is_some_and(|rest| number(rest) && rest != "0");
    let pseudo = entries("dev/pts").filter(|entry| entry.file_name().to_str().is_some_and(number));
    let consoles = entries("dev").filter(|entry| entry.file_name().to_str().is_some_and(console));
    let used = pseudo.chain(consoles).filter_map(|entry| {
        let accessed = entry.metadata().ok()?.accessed().ok()?;
        let at = Timestamp(accessed.duration_since(UNIX_EPOCH).ok()?.as_millis() as i64);
        let path = entry.path();
        let name = path.strip_prefix(root).ok()?.display().to_string();
        Some(Input { at, what: format!("typing in the terminal /{name}") })
    });
    used.max_by_key(|input| input.at)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::fs::{self, File, FileTimes};
    use std::process::Command;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn session(changes: &[(&str, &str)]) -> String {
        let lines = [
            ("Name", "anna"),
            ("Seat", "seat0"),
            ("Type", "wayland"),
            ("Class", "user"),
            ("State", "active"),
            ("IdleHint", "yes"),
            ("IdleSinceHint", "1799999000000000"),
            ("LockedHint", "no"),
        ];
        lines
            .iter()
            .map(|(name, value)| {
                let change = changes.iter().find(|(changed, _)| changed == name);
                format!("{name}={}\n", change.map_or(*value, |(_, value)| value))
            })
            .collect()
    }

    #[test]
    fn only_a_desktop_with_somebody_before_it_counts() {
        let seen = |at, what: &str| Some(Input { at: Timestamp(at), what: what.to_owned() });
        type Changes = &'static [(&'static str, &'static str)];
        let table: [(Changes, Option<Input>); 9] = [
            (&[], seen(1_799_999_000_000, "keyboard or mouse of anna on seat0")),
            (&[("IdleHint", "no")], seen(NOW.0, "keyboard or mouse of anna on seat0")),
            (&[("IdleHint", "no"), ("LockedHint", "yes")], None),
            (&[("IdleHint", "no"), ("Class", "greeter")], None),
            (&[("IdleHint", "no"), ("State", "online")], None),
            (&[("IdleHint", "no"), ("Type", "tty")], None),
            (&[("IdleHint", "")], None),
            (&[("IdleHint", "no"), ("Seat", "")], seen(NOW.0, "keyboard or mouse of anna's remote desktop")),
            (&[("IdleHint", "no"), ("Name", "")], seen(NOW.0, "keyboard or mouse on seat0")),
        ];
        for (changes, expect) in table {
            assert_eq!(desktop(&session(changes), NOW), expect, "{changes:?}");
        }
    }

    #[test]
    fn complaints_are_no_sessions() {
        let list = "   c1 1000 anna seat0 4711 user tty2 no -\n  14 0 root - 99 manager - no -\n\
                    System has not been booted with systemd as init system (PID 1). Can't operate.\n";
        assert_eq!(session_ids(list), ["c1", "14"]);
    }

    /// A probe whose `/dev` has these terminals, last used so long before `NOW`, and whose `loginctl` is this script.
    fn probe(dir: &Path, terminals: &[(&str, i64)], loginctl: &str, limit: Duration) -> ActivityProbe {
        for (path, seconds_ago) in terminals {
            let path = dir.join("dev").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let at = UNIX_EPOCH + Duration::from_millis((NOW.0 - seconds_ago * 1000) as u64);
            File::create(path).unwrap().set_times(FileTimes::new().set_accessed(at)).unwrap();
        }
        let program = dir.join("loginctl");
        // Written by a shell: a file that this process has had open for writing may be busy in a child that another test
        // is just starting.
        let write = r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#;
        let written = Command::new("/bin/sh").args(["-c", write, "sh"]).arg(&program).arg(loginctl).status();
        assert!(written.unwrap().success());
        ActivityProbe { root: dir.to_owned(), loginctl: program, limit }
    }

    #[tokio::test]
    async fn the_last_input_counts_wherever_it_was() {
        let patient = Duration::from_secs(60);
        let two = format!(
            "case $1 in list-sessions) echo ' 2 1000 anna seat0'; echo '31 1001 bert -';;\n\
             show-session) for last; do :; done; test $last = 31 || exit 1; cat <<'END'\n{}\n{}END\n;; esac",
            session(&[("IdleSinceHint", "1799999000000000")]),
            session(&[("IdleSinceHint", "1799999500000000"), ("Seat", ""), ("Name", "bert")]),
        );
        let none = "echo 'System has not been booted with systemd' >&2; exit 1";
        type Terminals = &'static [(&'static str, i64)];
        type Seen = Option<(i64, &'static str)>;
        let table: [(Terminals, &str, Seen); 5] = [
            (&[], none, None),
            (
                &[("pts/0", 60), ("pts/7", 30), ("pts/ptmx", 1)],
                none,
                Some((30, "typing in the terminal /dev/pts/7")),
            ),
            (
                &[("tty2", 40), ("tty", 1), ("tty0", 2), ("ttyS0", 3)],
                none,
                Some((40, "typing in the terminal /dev/tty2")),
            ),
            (&[], &two, Some((500, "keyboard or mouse of bert's remote desktop"))),
            (&[("pts/0", 499)], &two, Some((499, "typing in the terminal /dev/pts/0"))),
        ];
        for (terminals, loginctl, expect) in table {
            let dir = tempfile::tempdir().unwrap();
            let seen = probe(dir.path(), terminals, loginctl, patient).look(NOW).await;
            let seen = seen.map(|input| ((NOW.0 - input.at.0) / 1000, input.what));
            assert_eq!(seen, expect.map(|(ago, what)| (ago, what.to_owned())), "{terminals:?} {loginctl}");
        }
    }

    #[tokio::test]
    async fn a_logind_that_hangs_or_is_not_there_leaves_the_terminals() {
        let dir = tempfile::tempdir().unwrap();
        let hangs = probe(dir.path(), &[("pts/0", 9)], "sleep 600", Duration::from_millis(50));
        let missing = ActivityProbe { loginctl: dir.path().join("nowhere"), ..hangs.clone() };
        for probe in [hangs, missing] {
            let seen = probe.look(NOW).await.map(|input| NOW.0 - input.at.0);
            assert_eq!(seen, Some(9000), "{probe:?}");
        }
    }
}
