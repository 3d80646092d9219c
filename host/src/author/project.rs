//! What a path that an author names is. It looks at names only, and reads none of the files.

use farmhand_plugin::Language;
use std::path::{Path, PathBuf};

/// A plugin as its author has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// A file, or the project's folder.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// The forms that an author's plugin can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A script: a file, or a folder.
    Script(Language),
    /// A crate, of which cargo makes a component.
    Rust,
    /// A component that something else made.
    Component,
}

/// A path that is no plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// There is nothing.
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    /// There is something else.
    #[error(
        "{} is no plugin: it is a .py or .js file, a folder with a plugin.py or plugin.js, a Rust project, or a .wasm \
         component; `farmhand plugin new` makes one", .0.display()
    )]
    Foreign(PathBuf),
}

impl Project {
    /// What is at a path. The main file of a folder stands for its folder.
    ///
    /// # Errors
    /// There is nothing, or nothing that could be a plugin.
    pub fn at(path: &Path) -> Result<Self, ProjectError> {
        if !path.exists() {
            return Err(ProjectError::Missing(path.to_path_buf()));
        }
        if path.is_dir() {
            let folder = tidy(path);
            return match kind_of_folder(&folder) {
                Some(kind) => Ok(Self { path: folder, kind }),
                None => Err(ProjectError::Foreign(folder)),
            };
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let is_named = |name: &str| path.file_name().is_some_and(|file| file == name);
        if ["plugin.py", "plugin.js", "Cargo.toml"].into_iter().any(is_named) {
            return Self::at(folder);
        }
        let kind = match Language::of_file(path) {
            Some(language) => Kind::Script(language),
            None if path.extension().is_some_and(|extension| extension == "wasm") => Kind::Component,
            None => return Err(ProjectError::Foreign(path.to_path_buf())),
        };
        Ok(Self { path: tidy(path), kind })
    }

    /// Where it is: the folder itself, or the one that the file is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self.path.is_dir() {
            true => &self.path,
            false => self.path.parent().unwrap_or(Path::new(".")),
        }
    }

    /// Whether it lies in a plugins directory, where a daemon picks it up by itself.
    #[must_use]
    pub fn is_in(&self, plugins: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        match (self.path.parent().and_then(real), real(plugins)) {
            (Some(parent), Some(plugins)) => parent == plugins && self.kind != Kind::Rust,
            _ => false,
        }
    }
}

fn kind_of_folder(folder: &Path) -> Option<Kind> {
    let is_there = |name: &str| folder.join(name).is_file();
    // A script may bring what cargo builds its renderer with; its main file is what counts.
    if let Some(language) =
        Language::ALL.into_iter().find(|language| is_there(&format!("plugin.{}", language.extension())))
    {
        return Some(Kind::Script(language));
    }
    is_there("Cargo.toml").then_some(Kind::Rust)
}

/// The path without `.` in it: `farmhand plugin build .` names its result after the folder.
fn tidy(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_by_its_names() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().canonicalize().expect("there");
        for file in [
            "py/plugin.py",
            "js/plugin.js",
            "rs/Cargo.toml",
            "one.py",
            "two.js",
            "three.wasm",
            "note.txt",
            "none/x",
        ] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        let check = |path: &str, expected: Option<(&str, Kind)>| {
            let found = Project::at(&root.join(path)).ok();
            let expected = expected.map(|(path, kind)| Project { path: root.join(path), kind });
            assert_eq!(found, expected, "{path}");
        };
        check("py", Some(("py", Kind::Script(Language::Python))));
        check("py/plugin.py", Some(("py", Kind::Script(Language::Python))));
        check("js/.", Some(("js", Kind::Script(Language::JavaScript))));
        check("rs", Some(("rs", Kind::Rust)));
        check("rs/Cargo.toml", Some(("rs", Kind::Rust)));
        check("one.py", Some(("one.py", Kind::Script(Language::Python))));
        check("two.js", Some(("two.js", Kind::Script(Language::JavaScript))));
        check("three.wasm", Some(("three.wasm", Kind::Component)));
        check("note.txt", None);
        check("none", None);
        check("gone", None);
    }

    #[test]
    fn only_what_a_daemon_would_load_lies_in_its_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("glow/parts")).expect("made");
        for file in ["glow/plugin.py", "glow/parts/a.py", "b.py"] {
            std::fs::write(dir.path().join(file), "").expect("written");
        }
        let check = |path: &str, expected: bool| {
            let project = Project::at(&dir.path().join(path)).expect("a plugin");
            assert_eq!(project.is_in(dir.path()), expected, "{path}");
        };
        check("glow", true);
        check("b.py", true);
        check("glow/parts/a.py", false);
    }
}
