//! Where farmhand's files lie beside scenes and images: in the places that jobs have named, and anywhere below a
//! directory that somebody names.

use super::names::{
    Draft, OWN_DIR, SCENES_DIR, SCRIPTS_DIR, attempt_of, draft, is_script, scene_of_temporary,
};
use super::report::CleanupKind;
use super::sweep::{Entry, Sweep};
use crate::farm::fixed_directory;
use farmhand_store::JobPlace;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Temporary scenes of each scene that stay, however old they are: the seed keeps them for debugging.
const SCENES_KEPT: usize = 5;
/// A generated script says within this many bytes that it is one.
const HEADER: u64 = 2048;

/// A temporary scene that may go.
struct Temporary {
    changed: SystemTime,
    bytes: u64,
    path: PathBuf,
}

impl Sweep<'_> {
    /// Looks beside the scenes of jobs and where their images go, and nowhere else.
    pub(super) fn places(&mut self, places: &[JobPlace]) {
        let mut dirs = BTreeSet::new();
        for place in places {
            dirs.extend(place.scene.parent().map(Path::to_owned));
            dirs.extend(place.output.as_deref().map(fixed_directory));
        }
        // A show that is not mounted at the moment is none of a clean-up's worries.
        let dirs = dirs.iter().filter(|dir| dir.is_absolute()).filter_map(|dir| dir.canonicalize().ok());
        for dir in dirs.collect::<BTreeSet<PathBuf>>() {
            if is_dir(&dir.join(OWN_DIR)) {
                self.own_dir(&dir.join(OWN_DIR));
            }
            if is_dir(&dir.join(SCRIPTS_DIR)) {
                let scripts = self.entries(&dir.join(SCRIPTS_DIR));
                scripts
                    .iter()
                    .filter(|entry| entry.kind.is_dir())
                    .for_each(|entry| self.script_dir(&entry.path));
            }
        }
    }

    /// Looks through everything below a directory, without following links and without entering `data_dir`, where the
    /// daemon keeps its own.
    pub(super) fn root(&mut self, root: &Path, data_dir: &Path) {
        let data_dir = data_dir.canonicalize().ok();
        let mut left = match root.canonicalize() {
            Ok(root) => vec![root],
            Err(error) => return self.report.problem_at("look at", root, &error),
        };
        while let Some(dir) = left.pop() {
            let is_called =
                |dir: Option<&Path>, name| dir.and_then(Path::file_name).is_some_and(|own| own == name);
            if data_dir.as_deref() == Some(dir.as_path()) {
                continue;
            }
            if is_called(Some(&dir), OWN_DIR) {
                self.own_dir(&dir);
                continue;
            }
            if is_called(dir.parent(), SCRIPTS_DIR) {
                self.script_dir(&dir);
            }
            for entry in self.entries(&dir) {
                if entry.kind.is_dir() {
                    left.push(entry.path);
                } else if entry.kind.is_file() {
                    self.draft(&entry);
                }
            }
        }
    }

    /// `py/{script}`: the scripts that were generated for it.
    fn script_dir(&mut self, dir: &Path) {
        if !self.wants(CleanupKind::Scripts) {
            return;
        }
        let mut any = false;
        let entries = self.entries(dir);
        if entries.is_empty() && belongs_to_a_script(dir) {
            // All of its scripts have removed themselves.
            let Some(size) = self.size(dir) else { return };
            if self.is_old(CleanupKind::Scripts, size.newest) {
                self.tree(CleanupKind::Scripts, dir, 0);
            }
            return;
        }
        for entry in entries {
            if !entry.kind.is_file() || !is_script(entry.text()) {
                continue;
            }
            let Some(size) = self.size(&entry.path) else { continue };
            if self.is_old(CleanupKind::Scripts, size.newest) && self.is_generated(&entry.path) {
                self.file(CleanupKind::Scripts, &entry.path, size.bytes);
                any = true;
            }
        }
        if any {
            self.emptied(dir);
        }
    }

    /// Whether a script says in a line of its head that it is farmhand's. A name alone is no proof: a TD may have a
    /// tool of that name, and say of it that it was made after farmhand's.
    fn is_generated(&mut self, path: &Path) -> bool {
        let mut header = Vec::new();
        match File::open(path).and_then(|file| file.take(HEADER).read_to_end(&mut header)) {
            Ok(_) => String::from_utf8_lossy(&header)
                .lines()
                .any(|line| line.trim_start_matches(['"', '#', ' ']).to_lowercase().starts_with("farmhand ")),
            Err(error) => {
                self.trouble("read", path, &error);
                false
            }
        }
    }

    /// `.farmhand`: temporary scenes and staging directories.
    fn own_dir(&mut self, dir: &Path) {
        let mut any = false;
        for entry in self.entries(dir) {
            match attempt_of(entry.text()) {
                _ if !entry.kind.is_dir() => {}
                Some(attempt) if self.wants(CleanupKind::Staging) && !self.is_live(attempt) => {
                    let Some(size) = self.measure(&entry.path) else { continue };
                    if self.is_old(CleanupKind::Staging, size.newest) {
                        self.tree(CleanupKind::Staging, &entry.path, size.bytes);
                        any = true;
                    }
                }
                None if entry.name == SCENES_DIR && self.wants(CleanupKind::Scenes) => {
                    self.scenes(&entry.path);
                }
                _ => {}
            }
        }
        if any {
            self.emptied(dir);
        }
    }

    fn scenes(&mut self, dir: &Path) {
        let mut of_scene: BTreeMap<String, Vec<Temporary>> = BTreeMap::new();
        for entry in self.entries(dir).into_iter().filter(|entry| entry.kind.is_file()) {
            let Some(scene) = scene_of_temporary(entry.text()).map(str::to_owned) else { continue };
            let Some(size) = self.size(&entry.path) else { continue };
            let found = Temporary { changed: size.newest, bytes: size.bytes, path: entry.path };
            of_scene.entry(scene).or_default().push(found);
        }
        for mut found in of_scene.into_values() {
            found.sort_by(|a, b| (b.changed, &b.path).cmp(&(a.changed, &a.path)));
            for scene in found.into_iter().skip(SCENES_KEPT) {
                if self.is_old(CleanupKind::Scenes, scene.changed) {
                    self.file(CleanupKind::Scenes, &scene.path, scene.bytes);
                }
            }
        }
    }

    fn draft(&mut self, entry: &Entry) {
        let Some(draft) = draft(entry.text()).filter(|_| self.wants(CleanupKind::Staging)) else { return };
        let Some(size) = self.size(&entry.path) else { return };
        let may_be_in_use = match draft {
            Draft::Image(attempt) => self.is_live(attempt),
            Draft::Hook => !self.is_before_all_live(size.newest),
        };
        if !may_be_in_use && self.is_old(CleanupKind::Staging, size.newest) {
            self.file(CleanupKind::Staging, &entry.path, size.bytes);
        }
    }
}

/// Whether there is a Nuke script that a directory `py/{script}` is called after.
fn belongs_to_a_script(dir: &Path) -> bool {
    let (Some(name), Some(beside)) = (dir.file_name(), dir.parent().and_then(Path::parent)) else {
        return false;
    };
    let mut script = name.to_owned();
    script.push(".nk");
    beside.join(script).is_file()
}

/// Whether it is a directory and no link to one.
fn is_dir(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}
