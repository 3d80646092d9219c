//! When a project was saved. What an event says is not believed; the files' sizes, times and identities decide, so that
//! an editor that only looks, or a tool that writes beside the sources, starts nothing.

use super::project::{Kind, Project};
use farmhand_plugin::{Depth, Stir};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A save is over when nothing has changed for this long: editors write, rename and write again.
const QUIET: Duration = Duration::from_millis(10);
/// A project that never comes to rest is looked at all the same.
const RESTLESS: Duration = Duration::from_millis(500);
/// How often it is looked at without an event: file systems on the network send none.
const LOOK: Duration = Duration::from_secs(1);
/// Files looked at; a project with more of them is watched as far as that.
const FILES: usize = 5_000;
/// Folders whose files are nobody's source.
const ASIDE: [&str; 4] = ["__pycache__", "node_modules", "target", "tests"];

/// The saves of one project.
pub struct Changes {
    project: Project,
    events: UnboundedReceiver<()>,
    sender: UnboundedSender<()>,
    /// Absent where the system can watch nothing here, and looking every now and then has to do.
    watcher: Option<Stir>,
    /// Folders that are watched.
    watched: Vec<PathBuf>,
    seen: u64,
    /// When an event came that nobody has looked into yet. Kept here, so that no event is lost with a `next` that is
    /// given up.
    stirred: Option<Instant>,
}

impl Changes {
    /// Watches from now on.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let (sender, events) = unbounded_channel();
        let mut changes = Self {
            project: project.clone(),
            events,
            sender,
            watcher: None,
            watched: Vec::new(),
            seen: 0,
            stirred: None,
        };
        changes.watch();
        // Watched before it is looked at, so that nothing falls in between.
        changes.seen = changes.look();
        changes
    }

    /// Returns once the project was saved after the last look at it. Giving it up loses no save.
    pub async fn next(&mut self) {
        loop {
            let first = match self.stirred {
                Some(first) => first,
                None => {
                    let _ = tokio::time::timeout(LOOK, self.events.recv()).await;
                    *self.stirred.insert(Instant::now())
                }
            };
            while first.elapsed() < RESTLESS {
                match tokio::time::timeout(QUIET, self.events.recv()).await {
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
            self.stirred = None;
            let now = self.look();
            if std::mem::replace(&mut self.seen, now) != now {
                // There may be folders that were not there before.
                self.watch();
                return;
            }
        }
    }

    /// Watches the project's folder and the sources below it, each folder once.
    fn watch(&mut self) {
        if self.watcher.is_none() {
            let sender = self.sender.clone();
            self.watcher = Stir::new(move || {
                // Nobody listens while the command goes down.
                let _ = sender.send(());
            });
        }
        let Some(watcher) = &mut self.watcher else { return };
        let mut wanted = vec![(self.project.folder().to_path_buf(), Depth::Here)];
        for folder in below(&self.project) {
            wanted.push((folder, Depth::Below));
        }
        self.watched.retain(|folder| folder.is_dir());
        for (folder, depth) in wanted {
            if !self.watched.contains(&folder) && watcher.watch(&folder, depth) {
                self.watched.push(folder);
            }
        }
    }

    /// What tells this state of the project from every other.
    fn look(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut left = FILES;
        let mut folders = below(&self.project);
        for path in entries(self.project.folder()) {
            if !path.is_dir() && is_of(&self.project, &path) {
                mark(&path, &mut hasher);
            }
        }
        while let Some(folder) = folders.pop() {
            for path in entries(&folder) {
                match path.is_dir() {
                    true if !path.is_symlink() => folders.push(path),
                    true => {}
                    false if left == 0 => return hasher.finish(),
                    false => {
                        left -= 1;
                        mark(&path, &mut hasher);
                    }
                }
            }
        }
        hasher.finish()
    }
}

/// Of the files beside a plugin that is one file, only its own count.
fn is_of(project: &Project, file: &Path) -> bool {
    if project.path.is_dir() || project.path == file {
        return true;
    }
    let stem = project.path.file_stem().unwrap_or_default().to_string_lossy();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix(&*stem).is_some_and(|rest| rest.starts_with('.') && rest.contains(".scenario."))
}

/// The folders below the project's own whose files count.
fn below(project: &Project) -> Vec<PathBuf> {
    let is_source = |path: &PathBuf| match (project.path.is_dir(), project.kind) {
        (true, Kind::Script(_) | Kind::Rust) => true,
        _ => path.ends_with("scenarios"),
    };
    entries(project.folder()).into_iter().filter(|path| path.is_dir()).filter(is_source).collect()
}

/// What is in a folder, sorted, without what is hidden and what tools leave.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_aside = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with('.') || name.ends_with('~') || ASIDE.contains(&&*name)
    };
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| !is_aside(path)).collect();
    paths.sort();
    paths
}

fn mark(path: &Path, hasher: &mut DefaultHasher) {
    path.hash(hasher);
    if let Ok(metadata) = std::fs::metadata(path) {
        metadata.len().hash(hasher);
        metadata.modified().ok().hash(hasher);
        #[cfg(unix)]
        std::os::unix::fs::MetadataExt::ino(&metadata).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a test waits for what must come. Only a failing test ever waits that long.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn changes(root: &Path, path: &str) -> Changes {
        Changes::of(&Project::at(&root.join(path)).expect("a plugin"))
    }

    #[tokio::test]
    async fn a_save_is_told_once_also_in_a_folder_that_is_new() {
        let dir = tempfile::tempdir().expect("a directory");
        write(&dir.path().join("plugin.py"), "1");
        let mut changes = changes(dir.path(), ".");
        for file in ["plugin.py", "parts/a.py", "parts/a.py", "scenarios/b.toml"] {
            let text = std::fs::read_to_string(dir.path().join(file)).unwrap_or_default() + "more";
            write(&dir.path().join(file), &text);
            tokio::time::timeout(PATIENCE, changes.next()).await.expect(file);
        }
        let before = changes.look();
        write(&dir.path().join("__pycache__/a.pyc"), "");
        write(&dir.path().join(".plugin.py.swp"), "");
        write(&dir.path().join("tests/test_a.py"), "");
        assert_eq!(changes.look(), before, "what tools leave is no save");
    }

    #[test]
    fn of_a_single_file_only_its_own_scenarios_count() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        write(&root.join("glow.py"), "1");
        let changes = changes(root, "glow.py");
        let mut before = changes.look();
        for (file, counts) in [
            ("other.py", false),
            ("glow.txt", false),
            ("glow.scenario.toml", true),
            ("glow.licence.scenario.toml", true),
            ("glower.scenario.toml", false),
            ("scenarios/a.toml", true),
            ("elsewhere/a.py", false),
        ] {
            write(&root.join(file), "x");
            let now = changes.look();
            assert_eq!(now != before, counts, "{file}");
            before = now;
        }
    }

    #[tokio::test]
    async fn a_save_that_came_while_nobody_listened_is_not_lost() {
        let dir = tempfile::tempdir().expect("a directory");
        write(&dir.path().join("glow.py"), "1");
        let mut changes = changes(dir.path(), "glow.py");
        write(&dir.path().join("glow.py"), "12");
        // Given up at each of its steps, as a build that ends does it.
        for _ in 0..3 {
            tokio::select! {
                biased;
                () = changes.next() => return,
                () = tokio::task::yield_now() => {}
            }
        }
        tokio::time::timeout(PATIENCE, changes.next()).await.expect("the save");
    }
}
