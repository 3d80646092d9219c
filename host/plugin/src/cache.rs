//! Compiled code on disk, so that a component is compiled once and not at every start.
//!
//! An entry is `HASH/SHA256.cwasm`: `HASH` stands for the engine and its settings, the rest for the component's
//! bytes. Beside it lies the entry's own checksum. Loading an entry runs it as machine code, so everything hangs on
//! who can write here: the directory is ours alone, or it is not used.

use farmhand_model::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It could not be made or looked at.
    #[error("the code cache {path} cannot be used: {source}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Someone else could put code there.
    #[error(
        "the code cache {path} is not safe: {problem}; choose a directory that only the daemon's user can write"
    )]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// The directory of one engine's compiled code.
#[derive(Debug)]
pub(crate) struct CodeCache {
    root: PathBuf,
    dir: PathBuf,
    capacity: u64,
    /// Two loads of the same bytes would write the same temporary file.
    writing: Mutex<()>,
}

impl CodeCache {
    /// Makes the directory, or checks the one that is there.
    pub(crate) fn open(root: &Path, engine: &Engine, capacity: u64) -> Result<Self, CacheError> {
        let dir = root.join(compatibility(engine));
        let io = |source| CacheError::Io { path: root.to_path_buf(), source };
        make_private(root).map_err(io)?;
        check_private(root)?;
        make_private(&dir).map_err(io)?;
        check_private(&dir)?;
        Ok(Self { root: root.to_path_buf(), dir, capacity, writing: Mutex::new(()) })
    }

    /// The compiled component, where it is here and whole.
    pub(crate) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = self.entry(digest);
        let expected = fs::read_to_string(sum_of(&path)).ok()?;
        if checksum(&path).ok()? != expected.trim() {
            tracing::warn!(entry = %path.display(), "a compiled plugin is damaged and is compiled again");
            return None;
        }
        // SAFETY: the bytes are those that `store` was given by this engine's own compiler: they lie in a directory
        // that belongs to this user and that nobody else can write (`check_private`), under a name that is written
        // only by rename and never changed afterwards, and their checksum has just been compared. wasmtime itself
        // refuses code of another version or other settings.
        #[expect(unsafe_code, reason = "loading machine code is unsafe by nature; see the safety comment")]
        let component = unsafe { Component::deserialize_file(engine, &path) };
        match component {
            Ok(component) => {
                touch(&path);
                Some(component)
            }
            Err(error) => {
                tracing::warn!(entry = %path.display(), "a compiled plugin does not load and is compiled again: {error:#}");
                None
            }
        }
    }

    /// Whether there is an entry, whole or not.
    pub(crate) fn holds(&self, digest: &Digest) -> bool {
        self.entry(digest).exists()
    }

    /// Keeps a compiled component. A full disk costs time at the next start, nothing else.
    pub(crate) fn store(&self, digest: &Digest, component: &Component) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = component.serialize().map_err(io::Error::other).and_then(|code| {
            let path = self.entry(digest);
            let sum = hex(&Sha256::digest(&code));
            // The checksum first: an entry without one, or with another one's, is a miss.
            replace(&sum_of(&path), sum.as_bytes())?;
            replace(&path, &code)
        });
        if let Err(error) = kept {
            tracing::warn!(dir = %self.dir.display(), "cannot keep a compiled plugin: {error}");
        }
        self.prune();
    }

    /// Removes what was used least recently until the rest fits: entries of other engines and what a crash left
    /// half-written included.
    fn prune(&self) {
        let mut entries = Vec::new();
        let dirs = fs::read_dir(&self.root).into_iter().flatten().flatten();
        for file in dirs.flat_map(|dir| fs::read_dir(dir.path()).into_iter().flatten().flatten()) {
            let path = file.path();
            if let Ok(metadata) = file.metadata()
                && path.extension().is_some_and(|extension| extension == "cwasm" || extension == "tmp")
            {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push((used, metadata.len(), path));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        // The newest one stays even where it is too large by itself: it was just asked for.
        entries.pop();
        for (_, bytes, path) in entries {
            if total <= self.capacity {
                break;
            }
            // Code that is in use stays mapped after its name is gone.
            if fs::remove_file(&path).is_ok() {
                let _ = fs::remove_file(sum_of(&path));
                total -= bytes;
            }
        }
    }

    fn entry(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{digest}.cwasm"))
    }
}

/// Names what compiled code depends on besides its source. Another hash in a later build of farmhand only means
/// that everything is compiled again.
fn compatibility(engine: &Engine) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn sum_of(entry: &Path) -> PathBuf {
    entry.with_extension("sum")
}

fn checksum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The SHA-256 of a component's bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest(hex(&Sha256::digest(bytes)))
}

/// Bytes as people write digests.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes beside the file and renames, so that the name never stands for half a file.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Remembers the use for `prune`. Where the time cannot be set, an entry only looks older than it is.
fn touch(path: &Path) {
    let _ = File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

#[cfg(unix)]
fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

#[cfg(unix)]
fn check_private(dir: &Path) -> Result<(), CacheError> {
    use std::os::unix::fs::MetadataExt;
    let metadata =
        fs::symlink_metadata(dir).map_err(|source| CacheError::Io { path: dir.to_path_buf(), source })?;
    let problem = if !metadata.is_dir() {
        "it is not a directory".to_owned()
    } else if metadata.uid() != nix::unistd::geteuid().as_raw() {
        format!("it belongs to user {}", metadata.uid())
    } else if metadata.mode() & 0o022 != 0 {
        format!("its mode is {:o}, so that others can write to it", metadata.mode() & 0o777)
    } else {
        return Ok(());
    };
    Err(CacheError::Unsafe { path: dir.to_path_buf(), problem })
}

/// On Windows a new directory takes over its parent's access list; the default one lies in the user's own profile.
#[cfg(not(unix))]
fn check_private(_dir: &Path) -> Result<(), CacheError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAT: &str = r#"(component (core module $m (func (export "f") (result i32) i32.const 7))
        (core instance $i (instantiate $m))
        (func (export "f") (result s32) (canon lift (core func $i "f"))))"#;

    struct Bench {
        dir: tempfile::TempDir,
        engine: Engine,
    }

    impl Bench {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap(), engine: Engine::default() }
        }

        fn root(&self) -> PathBuf {
            self.dir.path().join("code")
        }

        fn cache(&self, capacity: u64) -> CodeCache {
            CodeCache::open(&self.root(), &self.engine, capacity).unwrap()
        }

        fn component(&self) -> Component {
            Component::new(&self.engine, wat::parse_str(WAT).unwrap()).unwrap()
        }

        fn keep(&self, cache: &CodeCache, name: &str) -> Digest {
            let digest = digest(name.as_bytes());
            cache.store(&digest, &self.component());
            digest
        }
    }

    #[test]
    fn what_was_kept_is_loaded_and_runs() {
        let bench = Bench::new();
        let cache = bench.cache(1 << 30);
        let digest = bench.keep(&cache, "a");
        let component = bench.cache(1 << 30).load(&bench.engine, &digest).expect("a hit");
        let mut store = wasmtime::Store::new(&bench.engine, ());
        let linker = wasmtime::component::Linker::new(&bench.engine);
        let instance = linker.instantiate(&mut store, &component).unwrap();
        let f = instance.get_typed_func::<(), (i32,)>(&mut store, "f").unwrap();
        assert_eq!(f.call(&mut store, ()).unwrap(), (7,));
        assert!(cache.load(&bench.engine, &super::digest(b"another")).is_none());
    }

    #[test]
    fn damaged_entries_are_misses() {
        let bench = Bench::new();
        let cache = bench.cache(1 << 30);
        let damage: [fn(&Path); 4] = [
            |path| fs::write(path, b"not code").unwrap(),
            |path| {
                let mut code = fs::read(path).unwrap();
                let middle = code.len() / 2;
                code[middle] ^= 1;
                fs::write(path, code).unwrap();
            },
            |path| File::options().write(true).open(path).unwrap().set_len(100).unwrap(),
            |path| fs::remove_file(sum_of(path)).unwrap(),
        ];
        for damage in damage {
            let digest = bench.keep(&cache, "a");
            assert!(cache.load(&bench.engine, &digest).is_some());
            damage(&cache.entry(&digest));
            assert!(cache.load(&bench.engine, &digest).is_none());
        }
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let bench = Bench::new();
        let roomy = bench.cache(1 << 30);
        let digests = ["a", "b", "c"].map(|name| bench.keep(&roomy, name));
        let bytes = fs::metadata(roomy.entry(&digests[0])).unwrap().len();
        let aged = |digest: &Digest, seconds: u64| {
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            File::options().append(true).open(roomy.entry(digest)).unwrap().set_modified(time).unwrap();
        };
        for (digest, seconds) in digests.iter().zip([100, 200, 300]) {
            aged(digest, seconds);
        }
        // Using the oldest makes it the newest.
        assert!(roomy.load(&bench.engine, &digests[0]).is_some());
        bench.cache(bytes * 3).store(&digest(b"d"), &bench.component());
        let there = |digest: &Digest| (roomy.entry(digest).exists(), sum_of(&roomy.entry(digest)).exists());
        assert_eq!(digests.each_ref().map(there), [(true, true), (false, false), (true, true)]);
    }

    #[test]
    #[cfg(unix)]
    fn a_directory_that_others_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let bench = Bench::new();
        fs::create_dir(bench.root()).unwrap();
        for (mode, expect) in [(0o700, true), (0o755, true), (0o770, false), (0o707, false), (0o777, false)] {
            fs::set_permissions(bench.root(), fs::Permissions::from_mode(mode)).unwrap();
            let opened = CodeCache::open(&bench.root(), &bench.engine, 0);
            assert_eq!(opened.is_ok(), expect, "{mode:o}");
            assert!(expect || opened.unwrap_err().to_string().contains("only the daemon's user"));
        }
        let elsewhere = bench.dir.path().join("link");
        std::os::unix::fs::symlink(bench.root(), &elsewhere).unwrap();
        assert!(matches!(CodeCache::open(&elsewhere, &bench.engine, 0), Err(CacheError::Unsafe { .. })));
    }

    #[test]
    #[cfg(unix)]
    fn a_new_directory_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let bench = Bench::new();
        bench.cache(0);
        assert_eq!(fs::metadata(bench.root()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
