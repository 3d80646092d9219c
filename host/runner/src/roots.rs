//! Keeps the paths that jobs and plugins name inside the directories that the studio allows.
//!
//! A path is judged by where it really leads: links and `..` are resolved first, as the operating system would. What
//! changes on the disk between this look and a later use is not guarded against: whoever can plant links in an
//! allowed directory is a user of the studio and not an attacker.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Where jobs may read and write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// Anywhere that the user farmhand runs as may.
    Anywhere,
    /// Below one of these directories, which are resolved.
    Under(Vec<PathBuf>),
}

/// Why a path is refused.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// Not absolute.
    #[error("{} is a relative path; write it in full, from the root of the file system on", .0.display())]
    Relative(PathBuf),
    /// Names something that is no path of a file.
    #[error("{} is not a path that farmhand uses: {reason}", path.display())]
    Unusable {
        /// The path.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// Leads outside.
    #[error("{}{} is outside the directories that jobs may use: {}; add its directory to `roots` in farmhand.toml",
        path.display(), leads_to(path, real), list(roots))]
    Outside {
        /// As it was given.
        path: PathBuf,
        /// Where it leads.
        real: PathBuf,
        /// What is allowed.
        roots: Vec<PathBuf>,
    },
    /// Cannot be looked at.
    #[error("cannot look at {}: {source}", path.display())]
    Io {
        /// Which part of it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn leads_to(path: &Path, real: &Path) -> String {
    if path == real { String::new() } else { format!(", which leads to {},", real.display()) }
}

fn list(roots: &[PathBuf]) -> String {
    roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl Roots {
    /// These directories and everything below them; they need not be there yet. None at all means [`Self::Anywhere`].
    pub fn new(roots: impl IntoIterator<Item = PathBuf>) -> Result<Self, RootsError> {
        let roots = roots.into_iter().map(|root| resolve(&root)).collect::<Result<Vec<_>, _>>()?;
        Ok(if roots.is_empty() { Self::Anywhere } else { Self::Under(roots) })
    }

    /// The path as it really is, where that is allowed. It need not be there yet.
    pub fn confine(&self, path: &Path) -> Result<PathBuf, RootsError> {
        let real = resolve(path)?;
        match self {
            Self::Under(roots) if !roots.iter().any(|root| real.starts_with(root)) => {
                Err(RootsError::Outside { path: path.to_owned(), real, roots: roots.clone() })
            }
            Self::Anywhere | Self::Under(_) => Ok(real),
        }
    }
}

/// Resolves the part of the path that is there, and appends the rest, which can then only be plain names.
fn resolve(path: &Path) -> Result<PathBuf, RootsError> {
    let unusable = |reason| RootsError::Unusable { path: path.to_owned(), reason };
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(unusable("it holds a zero byte"));
    }
    if let Some(reason) = foreign(path) {
        return Err(unusable(reason));
    }
    if !path.is_absolute() {
        return Err(RootsError::Relative(path.to_owned()));
    }
    for existing in path.ancestors() {
        match fs::symlink_metadata(existing) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(source) => return Err(RootsError::Io { path: existing.to_owned(), source }),
            Ok(_) => {
                let real = match existing.canonicalize() {
                    Ok(real) => real,
                    // Writing through such a link would make a file wherever it points.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        return Err(unusable("a link on its way leads nowhere"));
                    }
                    Err(source) => return Err(RootsError::Io { path: existing.to_owned(), source }),
                };
                let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
                let about =
                    fs::metadata(&real).map_err(|source| RootsError::Io { path: real.clone(), source })?;
                if !about.is_file() && !about.is_dir() {
                    return Err(unusable("it is a device, a pipe or a socket"));
                }
                if rest.components().any(|part| !matches!(part, Component::Normal(_))) {
                    return Err(unusable("it goes up from a directory that is not there"));
                }
                if about.is_file() && rest.components().next().is_some() {
                    return Err(unusable("a part of it is a file"));
                }
                return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
            }
        }
    }
    Err(unusable("no part of it is there"))
}

/// What makes a path one of another kind on Windows: network shares, devices, and names that are devices everywhere.
#[cfg(windows)]
fn foreign(path: &Path) -> Option<&'static str> {
    use std::path::Prefix;
    let device = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end();
        let numbered = |kind: &str| {
            stem.strip_prefix(kind).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
        };
        matches!(stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
            || numbered("COM")
            || numbered("LPT")
    };
    path.components().find_map(|part| match part {
        Component::Prefix(prefix) => match prefix.kind() {
            Prefix::Disk(_) | Prefix::VerbatimDisk(_) => None,
            Prefix::UNC(..) | Prefix::VerbatimUNC(..) => {
                Some("it is on a network share; map the share to a drive letter")
            }
            Prefix::Verbatim(_) | Prefix::DeviceNS(_) => Some("it names a device"),
        },
        Component::Normal(name) if device(name) => Some("it names a device"),
        _ => None,
    })
}

#[cfg(not(windows))]
fn foreign(_path: &Path) -> Option<&'static str> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A directory with `in/` allowed, `out/` not, a file in each, and links between them.
    fn tree() -> (tempfile::TempDir, PathBuf, Roots) {
        let dir = tempfile::tempdir().expect("a directory");
        let base = dir.path().canonicalize().expect("a real path");
        for name in ["in/shots", "out"] {
            fs::create_dir_all(base.join(name)).expect("a directory");
        }
        for name in ["in/a.blend", "out/b.blend"] {
            fs::write(base.join(name), "scene").expect("a file");
        }
        symlink(base.join("out"), base.join("in/way-out")).expect("a link");
        symlink(base.join("in"), base.join("way-in")).expect("a link");
        symlink(base.join("out/new"), base.join("in/dangling")).expect("a link");
        let roots = Roots::new([base.join("in")]).expect("roots");
        (dir, base, roots)
    }

    #[test]
    fn paths_are_judged_by_where_they_lead() {
        let (_dir, base, roots) = tree();
        let check = |path: &str, expect: Result<&str, &str>| {
            let real = roots.confine(&base.join(path)).map_err(|error| error.to_string());
            match (real, expect) {
                (Ok(real), Ok(expect)) => assert_eq!(real, base.join(expect), "{path}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{path}: {error}"),
                (real, _) => panic!("{path}: {real:?}"),
            }
        };
        check("in", Ok("in"));
        check("in/a.blend", Ok("in/a.blend"));
        check("in/new/0001.png", Ok("in/new/0001.png"));
        check("in/shots/../a.blend", Ok("in/a.blend"));
        check("in/./shots", Ok("in/shots"));
        check("way-in/a.blend", Ok("in/a.blend"));
        check("in/way-out/b.blend", Err("outside"));
        check("in/way-out/new.png", Err("which leads to"));
        check("in/../out/b.blend", Err("outside"));
        check("in/new/../../out/b.blend", Err("goes up from a directory that is not there"));
        check("in/dangling", Err("a link on its way leads nowhere"));
        check("in/dangling/x", Err("a link on its way leads nowhere"));
        check("in/a.blend/x", Err("a part of it is a file"));
        check("inside", Err("outside"));
        check("out/b.blend", Err("roots"));
    }

    #[test]
    fn some_paths_are_never_used() {
        for roots in [Roots::Anywhere, Roots::new([PathBuf::from("/")]).expect("roots")] {
            for path in ["a.blend", "./a.blend", "../a", ""] {
                let error = roots.confine(Path::new(path)).expect_err(path);
                assert!(matches!(error, RootsError::Relative(_)), "{path}: {error}");
            }
            for path in ["/dev/null", "/dev/full", "/tmp/a\0b"] {
                let error = roots.confine(Path::new(path)).expect_err(path);
                assert!(matches!(error, RootsError::Unusable { .. }), "{path}: {error}");
            }
            assert!(roots.confine(Path::new("/tmp/new.png")).is_ok());
        }
    }

    #[test]
    fn an_error_names_what_is_allowed() {
        let (_dir, base, roots) = tree();
        let error = roots.confine(&base.join("out/b.blend")).expect_err("outside").to_string();
        assert!(error.contains(&*base.join("in").to_string_lossy()), "{error}");
        assert_eq!(Roots::new([]).expect("roots"), Roots::Anywhere);
    }
}
