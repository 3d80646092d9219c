//! Whether somebody's desktop runs on this machine, so that it is a workstation and not a render node.

use std::path::Path;

/// What says so. On Windows and macOS a desktop is always there.
pub(super) fn sign(root: &Path, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    if cfg!(any(windows, target_os = "macos")) {
        return Some(format!("the desktop of {}", std::env::consts::OS));
    }
    // A display with a host name before the colon is on another machine, as with `ssh -X`.
    let display = variable("DISPLAY").filter(|display| display.starts_with(':'));
    let wayland = variable("WAYLAND_DISPLAY").filter(|display| !display.is_empty());
    let named = display.map(|display| format!("DISPLAY={display}"));
    named.or_else(|| wayland.map(|display| format!("WAYLAND_DISPLAY={display}"))).or_else(|| found(root))
}

/// A socket of a display server, or the service that starts one: a daemon that starts with the machine is there
/// before the desktop is.
fn found(root: &Path) -> Option<String> {
    let socket = |dir: &Path, prefix: &str| {
        let entries = root.join(dir).read_dir().ok()?.flatten();
        let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let name = names.find(|name| name.starts_with(prefix) && !name.ends_with(".lock"))?;
        Some(format!("/{}", dir.join(name).display()))
    };
    let of_users = || {
        let users = root.join("run/user").read_dir().ok()?.flatten();
        let mut dirs = users.map(|user| Path::new("run/user").join(user.file_name()));
        dirs.find_map(|dir| socket(&dir, "wayland-"))
    };
    let service = "etc/systemd/system/display-manager.service";
    // The link may lead nowhere inside of another root; that it is there is what counts.
    let starts_one = || root.join(service).symlink_metadata().is_ok().then(|| format!("/{service}"));
    socket(Path::new("tmp/.X11-unix"), "X").or_else(of_users).or_else(starts_one)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::super::tests::root;
    use super::*;

    #[test]
    fn a_desktop_is_known_by_its_sockets_its_variables_or_its_service() {
        type Names = &'static [(&'static str, &'static str)];
        let table: [(Names, Names, Option<&str>); 10] = [
            (&[], &[], None),
            (&[("tmp/.X11-unix/X0", "")], &[], Some("/tmp/.X11-unix/X0")),
            (&[("run/user/1000/wayland-0", "")], &[], Some("/run/user/1000/wayland-0")),
            (&[("run/user/1000/wayland-0.lock", ""), ("run/user/1000/bus", "")], &[], None),
            (&[("tmp/.X0-lock", "1")], &[], None),
            (
                &[("etc/systemd/system/display-manager.service", "")],
                &[],
                Some("/etc/systemd/system/display-manager.service"),
            ),
            (&[], &[("DISPLAY", ":0")], Some("DISPLAY=:0")),
            (&[], &[("DISPLAY", "localhost:10.0")], None),
            (&[], &[("DISPLAY", ""), ("WAYLAND_DISPLAY", "")], None),
            (&[], &[("WAYLAND_DISPLAY", "wayland-1")], Some("WAYLAND_DISPLAY=wayland-1")),
        ];
        for (files, variables, expect) in table {
            let variable = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(sign(root(files).path(), variable).as_deref(), expect, "{files:?} {variables:?}");
        }
    }
}
