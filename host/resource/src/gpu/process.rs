//! Whose a process is: its program and its user, as Linux's `/proc` tells. Elsewhere nobody can be asked, and both are
//! absent.

use std::fs;
use std::path::Path;

/// A process of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    /// Its program, such as `maya.bin`.
    pub name: Option<String>,
    /// Its user's name, or number where that has no name here.
    pub user: Option<String>,
}

/// Who this is; absent where there is no such process, or none that this one can see.
#[must_use]
pub fn who(root: &Path, pid: u32) -> Option<Who> {
    let dir = root.join("proc").join(pid.to_string());
    let status = fs::read_to_string(dir.join("status")).ok()?;
    let command = fs::read(dir.join("cmdline")).unwrap_or_default();
    let user = field(&status, "Uid:").and_then(|uid| uid.parse().ok()).map(|uid| user_name(root, uid));
    Some(Who { name: program_name(field(&status, "Name:"), &command), user })
}

/// The first value of a line.
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().split('\t').next()
}

/// The kernel keeps 15 bytes of a name; where it was cut, the command line has the rest.
fn program_name(short: Option<&str>, command: &[u8]) -> Option<String> {
    let first = command.split(|byte| *byte == 0).next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let long = Path::new(first.as_ref()).file_name().map(|name| name.to_string_lossy().into_owned());
    match (short, long) {
        (Some(short), Some(long)) if short.len() >= 15 && long.starts_with(short) => Some(long),
        (short, long) => short.map(str::to_owned).or(long),
    }
}

fn user_name(root: &Path, uid: u32) -> String {
    let passwd = fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
    let known = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    known.or_else(|| by_directory(root, uid)).unwrap_or_else(|| format!("user {uid}"))
}

/// Studios keep users in a directory service, which the system asks in their place.
#[cfg(unix)]
fn by_directory(root: &Path, uid: u32) -> Option<String> {
    // Under another root it is another machine's user.
    let here = root == Path::new("/");
    here.then(|| nix::unistd::User::from_uid(uid.into()).ok().flatten().map(|user| user.name))?
}

#[cfg(not(unix))]
fn by_directory(_root: &Path, _uid: u32) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_a_program_and_a_user() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        let passwd = "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000:Anna:/home/anna:/bin/sh\n";
        fs::write(root.path().join("etc/passwd"), passwd).unwrap();
        let check = |name: &str, uid: u32, command: &str, expect: (&str, &str)| {
            let dir = root.path().join("proc/4711");
            fs::create_dir_all(&dir).unwrap();
            let status =
                format!("Name:\t{name}\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t{uid}\t{uid}\t0\t0\n");
            fs::write(dir.join("status"), status).unwrap();
            fs::write(dir.join("cmdline"), command).unwrap();
            let expect = Who { name: Some(expect.0.into()), user: Some(expect.1.into()) };
            assert_eq!(who(root.path(), 4711), Some(expect));
        };
        check("maya.bin", 1000, "/opt/maya/bin/maya.bin\0-x\0", ("maya.bin", "anna"));
        check(
            "houdinifx-bin-w",
            1000,
            "/opt/hfs/bin/houdinifx-bin-wayland\0",
            ("houdinifx-bin-wayland", "anna"),
        );
        // A thread's name, and what scripts call themselves, is not the command's.
        check("Main Thread Nam", 0, "python3\0", ("Main Thread Nam", "root"));
        check("gnome shell", 2000, "", ("gnome shell", "user 2000"));
        assert_eq!(who(root.path(), 4712), None);
    }
}
