//! What a job of a batch renders, as a digest: two jobs of the same content make the same pictures, so that one need not
//! be rendered where the other was.
//!
//! The digest is over the scene's path and its bytes, and over all of the job that decides its pictures: the plugin that
//! was asked for, the DCC's version, frames, layers, output, options, levels and hooks. What only decides when, where and
//! how fast it renders is left out (name, user, priority, order, chunk, threads, limits, licences), and so is
//! `skip_existing`. What a scene refers to (textures, libraries) is not read.
//!
//! A scene is read once: its digest is kept with what tells that the file has not been written since (device, inode,
//! size, and the times of its last write and its last change to the nanosecond). No program can set the time of the last
//! change, so a file whose stamp is the same has the same bytes, unless it was written in the very moment in which it was
//! read; one that is so young is read again the next time.

use crate::farm::parts::Parts;
use farmhand_model::{Change, Digest, JobSpec};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Scenes read side by side: a disk is not faster with more.
const SIDE_BY_SIDE: usize = 2;
/// A file that was written to so shortly before it was read may be written to again within one step of its clock.
const YOUNG: Duration = Duration::from_secs(3);

/// Digests of scenes, by path.
pub(super) struct Scenes {
    pub(super) digests: BTreeMap<PathBuf, Digest>,
    /// Those that were read, to be kept.
    pub(super) changes: Vec<Change>,
}

/// The digests of these scenes.
///
/// # Errors
/// By scene, which cannot be read and why.
pub(super) async fn scenes(parts: &Parts, paths: BTreeSet<PathBuf>) -> Result<Scenes, (PathBuf, String)> {
    let one = |path: PathBuf| async move {
        let text = path.display().to_string();
        let failed = |error: String| (path.clone(), format!("`{text}` cannot be read on this node: {error}"));
        let looked = stamp_of(&path);
        if let Some(stamp) = looked.clone()
            && let Ok(Some(digest)) = parts.store.scene(text.clone(), stamp).await
        {
            return Ok((path, digest, None));
        }
        let file = path.clone();
        let read = tokio::task::spawn_blocking(move || digest_of(&file)).await;
        let digest = read.map_err(|error| failed(error.to_string()))?;
        let digest = digest.map_err(|error| failed(error.to_string()))?;
        // Only what was the same before and after it was read, and is not young, can be known again.
        let stamp = stamp_of(&path).filter(|stamp| Some(stamp) == looked.as_ref());
        let change = stamp.map(|stamp| Change::Scene { path: text, stamp, digest: digest.clone() });
        Ok((path, digest, change))
    };
    let read: Vec<_> = futures::stream::iter(paths).map(one).buffered(SIDE_BY_SIDE).try_collect().await?;
    let mut scenes = Scenes { digests: BTreeMap::new(), changes: Vec::new() };
    for (path, digest, change) in read {
        scenes.digests.insert(path, digest);
        scenes.changes.extend(change);
    }
    Ok(scenes)
}

fn digest_of(path: &Path) -> std::io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn stamp_of(path: &Path) -> Option<String> {
    stamp(&std::fs::metadata(path).ok()?, SystemTime::now())
}

#[cfg(unix)]
fn stamp(found: &Metadata, now: SystemTime) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let changed = Duration::new(found.ctime().try_into().ok()?, found.ctime_nsec().try_into().ok()?);
    let age = now.duration_since(SystemTime::UNIX_EPOCH + changed).ok()?;
    (age > YOUNG).then(|| {
        format!(
            "{}:{}:{}:{}.{:09}:{}.{:09}",
            found.dev(),
            found.ino(),
            found.size(),
            found.mtime(),
            found.mtime_nsec(),
            found.ctime(),
            found.ctime_nsec()
        )
    })
}

/// Where nothing tells that a file was not written to, it is read each time.
#[cfg(not(unix))]
fn stamp(_found: &Metadata, _now: SystemTime) -> Option<String> {
    None
}

/// What a job with this scene renders.
pub(super) fn content(spec: &JobSpec, scene: &Digest) -> Digest {
    let decisive = json!({
        "version": 1,
        "scene": [spec.scene.display().to_string(), scene],
        "plugin": spec.plugin,
        "dcc_version": spec.dcc_version.as_ref().map(ToString::to_string),
        "frames": spec.frames,
        "layers": spec.layers,
        "output": spec.output,
        "options": sorted(Value::Object(spec.options.clone())),
        "levels": spec.levels,
        "hooks": spec.hooks,
    });
    hex(&Sha256::digest(decisive.to_string()))
}

/// Objects by the names of their fields: in which order options were written makes no difference.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted_map: BTreeMap<String, Value> =
                map.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(sorted_map.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// A digest as 64 hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> Digest {
    Digest(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_options_makes_no_difference() {
        let one = sorted(json!({"b": [{"d": 1, "c": 2}], "a": 1}));
        assert_eq!(one.to_string(), r#"{"a":1,"b":[{"c":2,"d":1}]}"#);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_just_written_is_not_known_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shot.blend");
        std::fs::write(&path, "a scene").unwrap();
        let found = std::fs::metadata(&path).unwrap();
        let now = SystemTime::now();
        assert_eq!(stamp(&found, now), None);
        let later = stamp(&found, now + Duration::from_secs(10)).unwrap();
        // A copy with all its times kept is another file.
        let copy = dir.path().join("copy.blend");
        std::fs::copy(&path, &copy).unwrap();
        File::options().write(true).open(&copy).unwrap().set_modified(found.modified().unwrap()).unwrap();
        let copied = stamp(&std::fs::metadata(&copy).unwrap(), now + Duration::from_secs(10)).unwrap();
        assert_ne!(later, copied);
    }
}
