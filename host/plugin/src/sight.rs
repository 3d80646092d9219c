//! What a plugin may see of the disk: the directories that the studio granted it, and what the job in hand names.
//!
//! Nothing here writes, and every answer is about where a path really leads, with all links followed.

use crate::limits::Limits;
use crate::settings::Grant;
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a file that one call may fetch.
const PART: u32 = 1 << 20;

/// Files that one call may list.
const LISTED: usize = 100_000;

/// What the studio grants one plugin, prepared for its calls.
#[derive(Debug)]
pub(crate) struct Grants {
    config: String,
    env: BTreeMap<String, String>,
    read: Vec<PathBuf>,
    file_limit: u64,
}

impl Grants {
    pub(crate) fn new(grant: &Grant, limits: &Limits) -> Self {
        // What is no text cannot be handed over.
        let value = |name: &String| Some((name.clone(), std::env::var(name).ok()?));
        Self {
            config: grant.config.to_string(),
            env: grant.env.iter().filter_map(value).collect(),
            read: grant.read.clone(),
            file_limit: limits.file,
        }
    }
}

/// What one call of a plugin may see.
#[derive(Debug)]
pub(crate) struct Sight {
    grants: Arc<Grants>,
    /// The scene of the job in hand.
    scene: Option<PathBuf>,
    /// What the job's path options name.
    named: Vec<PathBuf>,
    /// The directories of the task in hand.
    own: Vec<PathBuf>,
}

impl Sight {
    pub(crate) fn of_plugin(grants: Arc<Grants>) -> Self {
        Self { grants, scene: None, named: Vec::new(), own: Vec::new() }
    }

    pub(crate) fn with_job(&self, scene: PathBuf, named: Vec<PathBuf>) -> Self {
        Self { grants: Arc::clone(&self.grants), scene: Some(scene), named, own: Vec::new() }
    }

    pub(crate) fn with_own(self, own: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { own: own.into_iter().collect(), ..self }
    }

    pub(crate) fn config(&self) -> &str {
        &self.grants.config
    }

    /// A variable of the environment that is granted and set.
    pub(crate) fn env(&self, name: &str) -> Option<&str> {
        self.grants.env.get(name).map(String::as_str)
    }

    /// The text of a file under a granted directory.
    pub(crate) fn read_file(&self, path: &str) -> Result<String, String> {
        let file = regular(path, self.granted(path)?)?;
        let limit = self.grants.file_limit;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| format!("{path}: {error}"))?;
        if bytes.len() as u64 > limit {
            return Err(format!("{path}: larger than {limit} bytes, the limit"));
        }
        String::from_utf8(bytes).map_err(|_| format!("{path}: not UTF-8 text"))
    }

    /// A part of the job's scene, or of a file under a granted directory.
    pub(crate) fn read_part(&self, path: &str, offset: u64, bytes: u32) -> Result<Vec<u8>, String> {
        let scene = self.scene.as_ref().filter(|scene| scene.as_path() == Path::new(path));
        let real = match scene {
            Some(scene) => scene.canonicalize().ok(),
            None => self.granted(path)?,
        };
        let mut file = regular(path, real)?;
        let mut part = Vec::new();
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.take(u64::from(bytes.min(PART))).read_to_end(&mut part))
            .map_err(|error| format!("{path}: {error}"))?;
        Ok(part)
    }

    /// Whether the path leads to something of this kind.
    pub(crate) fn exists(&self, path: &str, is_kind: fn(&Path) -> bool) -> Result<bool, String> {
        not_endless(path)?;
        let (real, exists) = real_path(Path::new(path));
        if Path::new(path).is_absolute() && self.is_named(&real) {
            return Ok(exists && is_kind(&real));
        }
        Ok(self.granted(path)?.is_some_and(|real| is_kind(&real)))
    }

    /// The files under a directory of the task in hand. Links are left out, wherever they lead.
    pub(crate) fn list_files(&self, directory: &str) -> Result<Vec<String>, String> {
        let directory = Path::new(directory);
        if !self.own.iter().any(|own| directory == own) {
            return Err(format!("{}: not a directory of this task", directory.display()));
        }
        let mut files = Vec::new();
        let mut directories = vec![directory.to_owned()];
        while let Some(directory) = directories.pop() {
            // One that is not there, or goes away meanwhile, has no files.
            for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => directories.push(entry.path()),
                    Ok(kind) if kind.is_file() && files.len() < LISTED => {
                        files.extend(entry.path().into_os_string().into_string());
                    }
                    _ => {}
                }
            }
        }
        Ok(files)
    }

    /// Whether the job in hand names it: beside its scene or above it, or under what its path options name.
    fn is_named(&self, real: &Path) -> bool {
        let scene = self.scene.as_ref().and_then(|scene| scene.canonicalize().ok());
        let beside = match (&scene, real.parent()) {
            // Directly under the root of the file system lies what is nobody's show.
            (Some(scene), Some(parent)) => parent.parent().is_some() && scene.starts_with(parent),
            _ => false,
        };
        let is_scenes_directory = scene.as_ref().is_some_and(|scene| scene.starts_with(real));
        beside || is_scenes_directory || self.named.iter().any(|named| real.starts_with(real_path(named).0))
    }

    /// Where a path really leads, all links followed: inside a granted directory, to nothing, or refused. A relative
    /// path is looked for in each granted directory in turn.
    fn granted(&self, path: &str) -> Result<Option<PathBuf>, String> {
        not_endless(path)?;
        let mut allowed = false;
        for granted in &self.grants.read {
            // A granted directory that is away at the moment grants nothing.
            let Ok(granted) = granted.canonicalize() else { continue };
            match real_path(&granted.join(path)) {
                (real, true) if real.starts_with(&granted) => return Ok(Some(real)),
                (real, false) if real.starts_with(&granted) => allowed = true,
                _ => {}
            }
        }
        match allowed {
            true => Ok(None),
            false => Err(format!("{path}: not in a directory that this plugin may read")),
        }
    }
}

/// Longer than any system's paths. Looking for one costs time by the square of its length, in which nothing can end it.
fn not_endless(path: &str) -> Result<(), String> {
    const PATH_BYTES: usize = 4096;
    match path.len() > PATH_BYTES {
        true => Err(format!("a path of {} bytes is longer than {PATH_BYTES}, the limit", path.len())),
        false => Ok(()),
    }
}

/// Opens a regular file; a pipe or a device would block the host.
fn regular(path: &str, real: Option<PathBuf>) -> Result<std::fs::File, String> {
    let real = real.ok_or_else(|| format!("{path}: no such file"))?;
    let failed = |error: std::io::Error| format!("{path}: {error}");
    if !real.metadata().map_err(failed)?.is_file() {
        return Err(format!("{path}: not a regular file"));
    }
    std::fs::File::open(&real).map_err(failed)
}

/// The path with all links followed, and whether it exists; where it does not, its nearest existing ancestor.
fn real_path(path: &Path) -> (PathBuf, bool) {
    let mut exists = true;
    for ancestor in path.ancestors() {
        // `missing/../..` must not climb out through what is not there.
        if !exists && ancestor.ends_with("..") {
            break;
        }
        if let Ok(real) = ancestor.canonicalize() {
            return (real, exists);
        }
        exists = false;
    }
    (PathBuf::new(), false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::settings::Grant;

    fn sight(read: &[&Path]) -> Sight {
        let grant = Grant { read: read.iter().map(|path| path.to_path_buf()).collect(), ..Grant::default() };
        Sight::of_plugin(Arc::new(Grants::new(&grant, &Limits { file: 16, ..Limits::default() })))
    }

    #[test]
    #[cfg(unix)]
    fn reads_stay_in_the_granted_directories() {
        let root = tempfile::tempdir().unwrap();
        let (granted, outside) = (root.path().join("granted"), root.path().join("outside"));
        for dir in [&granted, &outside, &granted.join("deep")] {
            std::fs::create_dir(dir).unwrap();
        }
        std::fs::write(granted.join("a.txt"), "inside").unwrap();
        std::fs::write(granted.join("long.txt"), "more than sixteen").unwrap();
        std::fs::write(granted.join("raw.bin"), [0xff, 0xfe]).unwrap();
        std::fs::write(outside.join("secret.txt"), "secret").unwrap();
        std::os::unix::fs::symlink(outside.join("secret.txt"), granted.join("link.txt")).unwrap();
        std::os::unix::fs::symlink("../a.txt", granted.join("deep/back.txt")).unwrap();
        std::os::unix::fs::symlink(&outside, granted.join("way-out")).unwrap();
        let absolute = granted.join("a.txt");
        let secret = outside.join("secret.txt");

        let sight = sight(&[&root.path().join("not-there"), &granted]);
        let refused = "may read";
        for (path, expect) in [
            ("a.txt", Ok("inside")),
            (absolute.to_str().unwrap(), Ok("inside")),
            ("deep/../a.txt", Ok("inside")),
            ("deep/back.txt", Ok("inside")),
            ("none.txt", Err("no such file")),
            ("deep", Err("not a regular file")),
            ("long.txt", Err("limit")),
            ("raw.bin", Err("UTF-8")),
            ("link.txt", Err(refused)),
            ("way-out/secret.txt", Err(refused)),
            ("way-out/none.txt", Err(refused)),
            ("../outside/secret.txt", Err(refused)),
            ("none/../../outside/secret.txt", Err(refused)),
            (secret.to_str().unwrap(), Err(refused)),
            ("/etc/passwd", Err(refused)),
        ] {
            match (sight.read_file(path), expect) {
                (Ok(text), Ok(expect)) => assert_eq!(text, expect, "{path}"),
                (Err(error), Err(expect)) => assert!(error.contains(expect), "{path}: {error}"),
                (got, expect) => panic!("{path}: {got:?}, not {expect:?}"),
            }
        }
        assert_eq!(sight.exists("a.txt", Path::is_file), Ok(true));
        assert_eq!(sight.exists("none.txt", Path::is_file), Ok(false));
        assert!(sight.exists("way-out/secret.txt", Path::is_file).is_err());
    }

    #[test]
    fn an_endless_path_is_refused_before_it_is_looked_for() {
        let path = format!("/{}", "a/".repeat(1 << 20));
        assert!(sight(&[]).exists(&path, Path::is_file).unwrap_err().contains("longer than 4096"));
        assert!(sight(&[]).read_file(&path).unwrap_err().contains("longer than 4096"));
        assert!(sight(&[]).read_part(&path, 0, 1).unwrap_err().contains("longer than 4096"));
    }

    #[test]
    fn without_a_grant_nothing_is_read() {
        assert!(sight(&[]).read_file("/etc/hostname").is_err());
        assert!(sight(&[]).exists("Cargo.toml", Path::is_file).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn a_task_lets_its_plugin_list_its_own_directories() {
        let root = tempfile::tempdir().unwrap();
        let staging = root.path().join("staging");
        std::fs::create_dir_all(staging.join("beauty")).unwrap();
        for file in ["staging/a.exr", "staging/beauty/b.exr", "secret"] {
            std::fs::write(root.path().join(file), "").unwrap();
        }
        std::os::unix::fs::symlink(root.path(), staging.join("out")).unwrap();
        let sight = sight(&[]).with_own([staging.clone()]);
        let mut files = sight.list_files(staging.to_str().unwrap()).unwrap();
        files.sort();
        assert_eq!(files, ["a.exr", "beauty/b.exr"].map(|name| staging.join(name).display().to_string()));
        for other in [root.path().to_path_buf(), staging.join("beauty"), staging.join("..")] {
            assert!(sight.list_files(other.to_str().unwrap()).is_err(), "{}", other.display());
        }
    }

    #[test]
    fn a_job_lets_its_plugin_see_what_it_names_and_no_more() {
        let root = tempfile::tempdir().unwrap();
        let show = root.path().join("show");
        for dir in ["show/shot/scenes", "show/shot/secret", "show/other", "project/images"] {
            std::fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        for file in [
            "show/shot/scenes/a.ma",
            "show/shot/workspace.mel",
            "show/shot/secret/key",
            "project/workspace.mel",
        ] {
            std::fs::write(root.path().join(file), "0123456789").unwrap();
        }
        let scene = show.join("shot/scenes/a.ma");
        let project = root.path().join("project");
        let sight = sight(&[]).with_job(scene.clone(), vec![project]);
        let at = |path: &str| root.path().join(path).display().to_string();

        let part = |offset, bytes| sight.read_part(&scene.display().to_string(), offset, bytes);
        assert_eq!(part(0, 4).unwrap(), b"0123");
        assert_eq!(part(8, 4).unwrap(), b"89");
        assert_eq!(part(10, 4).unwrap(), b"");
        assert!(sight.read_part(&at("show/shot/workspace.mel"), 0, 4).unwrap_err().contains("may read"));
        assert!(sight.read_file(&at("show/shot/scenes/a.ma")).is_err(), "the scene is read in parts");

        let file = |path: &str| sight.exists(&at(path), Path::is_file);
        let dir = |path: &str| sight.exists(&at(path), Path::is_dir);
        assert_eq!(file("show/shot/workspace.mel"), Ok(true));
        assert_eq!(file("show/shot/scenes/b.ma"), Ok(false));
        assert_eq!(dir("show/other"), Ok(true));
        assert_eq!(dir("project"), Ok(true));
        assert_eq!(file("project/workspace.mel"), Ok(true));
        assert_eq!(dir("project/nothing"), Ok(false));
        assert!(file("show/shot/secret/key").is_err(), "neither beside the scene nor above it");
        assert!(file("project/../show/shot/secret/key").is_err());
    }
}
