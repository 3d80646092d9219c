//! The text of a script: one file, or a folder of them; its digest, and its form inside a packed component.
//!
//! Runs nothing, and understands nothing of what the files say.

use crate::cache;
use farmhand_model::Digest;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files of one script.
const FILES: usize = 500;
/// All of them together, in bytes.
const BYTES: u64 = 8 << 20;
/// Folders below the script's own.
const DEPTH: usize = 16;
/// The main file of a folder, without its extension.
const FOLDER_MAIN: &str = "plugin";
/// Folders that hold no part of a plugin: what tools leave, and what tests it.
const ASIDE: [&str; 4] = ["__pycache__", "node_modules", "scenarios", "tests"];
/// The custom section of a component that a script was packed into.
const SECTION: &str = "farmhand:script";

/// What a script is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// CPython, as `componentize-py` builds it.
    Python,
    /// QuickJS, as `componentize-qjs` builds it.
    JavaScript,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Python, Self::JavaScript];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
        }
    }

    /// The extension of its files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Python => "py",
            Self::JavaScript => "js",
        }
    }

    /// The language of a file, by its extension.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        Self::ALL.into_iter().find(|language| extension == language.extension())
    }

    /// The file name of its runner.
    pub(crate) fn runner(self) -> &'static str {
        match self {
            Self::Python => "python.wasm",
            Self::JavaScript => "javascript.wasm",
        }
    }

    /// The main file of a folder in this language.
    fn folder_main(self) -> String {
        format!("{FOLDER_MAIN}.{}", self.extension())
    }
}

/// What is wrong with a script's files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptProblem {
    /// It could not be read.
    #[error("{path} cannot be read: {message}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// A folder without a main file, or with two.
    #[error("the folder must hold exactly one of plugin.py and plugin.js, and holds {found}")]
    Main {
        /// What it has of them.
        found: &'static str,
    },
    /// More files than a script may have.
    #[error(
        "the folder holds more than {FILES} files; keep what is no part of the plugin in `tests`, or elsewhere"
    )]
    Many,
    /// More text than a script may have.
    #[error("its files are larger than {BYTES} bytes together, the limit")]
    Large,
    /// A link to somewhere else.
    #[error("{path} leads out of the plugin's folder; put a copy there")]
    Outside {
        /// The link.
        path: PathBuf,
    },
    /// A name that is no text.
    #[error("the name of {path} is not UTF-8; rename it")]
    Name {
        /// The file.
        path: PathBuf,
    },
}

/// All the files of one script, by their names relative to its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) language: Language,
    pub(crate) main: String,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// What a runner made of a script's files, by their names.
pub(crate) type Compiled = BTreeMap<String, Vec<u8>>;

/// What an instance of a runner is given.
#[derive(Debug)]
pub(crate) struct ScriptText {
    pub(crate) script: Arc<Script>,
    /// Empty while it is being prepared.
    pub(crate) compiled: Compiled,
}

/// The main file of a folder that is a script.
pub(crate) fn folder_main(folder: &Path) -> Result<(Language, String), ScriptProblem> {
    let there = |language: &Language| folder.join(language.folder_main()).is_file();
    match Language::ALL.into_iter().filter(there).collect::<Vec<_>>().as_slice() {
        [language] => Ok((*language, language.folder_main())),
        [] => Err(ScriptProblem::Main { found: "neither" }),
        _ => Err(ScriptProblem::Main { found: "both" }),
    }
}

/// Whether a path could be a script: a file of a language's, or a folder with a main file.
pub(crate) fn is_script(path: &Path) -> bool {
    match path.is_dir() {
        true => !matches!(folder_main(path), Err(ScriptProblem::Main { found: "neither" })),
        false => path.is_file() && Language::of_file(path).is_some(),
    }
}

/// The files that make up the script at this path, with their names.
pub(crate) fn files_of(path: &Path) -> Result<Vec<(String, PathBuf)>, ScriptProblem> {
    if !path.is_dir() {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| ScriptProblem::Name { path: path.to_path_buf() })?;
        return Ok(vec![(name.to_owned(), path.to_path_buf())]);
    }
    let real = path.canonicalize().map_err(|error| unreadable(path, &error))?;
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), path.to_path_buf(), 0)];
    while let Some((prefix, folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let path = entry.map_err(|error| unreadable(&folder, &error))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| ScriptProblem::Name { path: path.clone() })?;
            if name.starts_with('.') || name.ends_with('~') || ASIDE.contains(&name) {
                continue;
            }
            // A link that leads nowhere is what editors leave while a file is open.
            let Ok(leads) = path.canonicalize() else { continue };
            if !leads.starts_with(&real) {
                return Err(ScriptProblem::Outside { path });
            }
            if leads.is_dir() && depth < DEPTH {
                folders.push((format!("{prefix}{name}/"), path, depth + 1));
            } else if leads.is_file() {
                files.push((format!("{prefix}{name}"), path));
            }
            if files.len() > FILES {
                return Err(ScriptProblem::Many);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> ScriptProblem {
    ScriptProblem::Unreadable { path: path.to_path_buf(), message: error.to_string() }
}

impl Script {
    /// Reads a file, or all that counts of a folder.
    pub(crate) fn read(path: &Path) -> Result<Self, ScriptProblem> {
        let (language, main) = match Language::of_file(path).filter(|_| !path.is_dir()) {
            Some(language) => (language, None),
            None => folder_main(path).map(|(language, main)| (language, Some(main)))?,
        };
        let mut files = BTreeMap::new();
        let mut room = BYTES;
        for (name, path) in files_of(path)? {
            let mut text = Vec::new();
            std::fs::File::open(&path)
                .and_then(|file| file.take(room + 1).read_to_end(&mut text))
                .map_err(|error| unreadable(&path, &error))?;
            room = room.checked_sub(text.len() as u64).ok_or(ScriptProblem::Large)?;
            files.insert(name, text);
        }
        let main = main.or_else(|| files.keys().next().cloned()).unwrap_or_default();
        Ok(Self { language, main, files })
    }

    /// The language of the file or folder at this path, where it is a script.
    pub(crate) fn language_of(path: &Path) -> Option<Language> {
        match path.is_dir() {
            true => folder_main(path).ok().map(|(language, _)| language),
            false => Language::of_file(path),
        }
    }

    /// What tells this version from every other: the runner, the names and the texts.
    pub(crate) fn digest(&self, runner: &Digest) -> Digest {
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(SECTION.as_bytes());
        part(runner.0.as_bytes());
        part(self.main.as_bytes());
        for (name, text) in &self.files {
            part(name.as_bytes());
            part(text);
        }
        Digest(cache::hex(&hasher.finalize()))
    }

    /// All of it as bytes: the main file's name, then names and texts, each with its length before it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut part = |part: &[u8]| {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        };
        part(self.main.as_bytes());
        for (name, text) in &self.files {
            part(name.as_bytes());
            part(text);
        }
        bytes
    }

    /// The reverse of [`Script::to_bytes`]; absent where the bytes are no such thing.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut part = || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = after;
            Some(part)
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let main = text(part()?)?;
        let mut files = BTreeMap::new();
        while let Some(name) = part() {
            files.insert(text(name)?, part()?.to_vec());
        }
        let language = Language::of_file(Path::new(&main))?;
        (rest.is_empty() && files.contains_key(&main)).then_some(Self { language, main, files })
    }
}

/// Why a script cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Its files.
    #[error(transparent)]
    Script(#[from] ScriptProblem),
    /// Its runner.
    #[error("{0}")]
    Runner(String),
}

/// The script at this path and its runner as one component, to hand to another farm.
///
/// # Errors
/// When the script or its runner cannot be read.
pub fn pack(path: &Path, runners: &[PathBuf]) -> Result<Vec<u8>, PackError> {
    let script = Script::read(path)?;
    let runner = runner_of(script.language, runners)
        .ok_or_else(|| PackError::Runner(super::runners::absent(script.language, runners)))?;
    let bytes = std::fs::read(&runner)
        .map_err(|error| PackError::Runner(format!("{} cannot be read: {error}", runner.display())))?;
    Ok(packed(bytes, &script))
}

/// Where the runner of a language is.
pub(crate) fn runner_of(language: Language, runners: &[PathBuf]) -> Option<PathBuf> {
    runners.iter().map(|dir| dir.join(language.runner())).find(|path| path.is_file())
}

/// A runner with the script in a custom section at its end. What comes before it stays the runner to the byte, so that
/// its compiled code serves every script that it was packed with.
pub(crate) fn packed(mut runner: Vec<u8>, script: &Script) -> Vec<u8> {
    let mut section = Vec::new();
    leb128(&mut section, SECTION.len());
    section.extend(SECTION.as_bytes());
    section.extend(script.to_bytes());
    runner.push(0);
    leb128(&mut runner, section.len());
    runner.extend(section);
    runner
}

/// The runner's bytes and the script of a component that a script was packed into; absent for every other one.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], Script)> {
    let mut parser = wasmparser::Parser::new(0);
    let mut offset = 0;
    loop {
        match parser.parse(bytes.get(offset..)?, true).ok()? {
            wasmparser::Chunk::NeedMoreData(_) => return None,
            wasmparser::Chunk::Parsed { consumed, payload } => {
                let start = offset;
                offset += consumed;
                match payload {
                    wasmparser::Payload::CustomSection(section) if section.name() == SECTION => {
                        let script = Script::from_bytes(section.data())?;
                        return (offset == bytes.len()).then_some((&bytes[..start], script));
                    }
                    wasmparser::Payload::ModuleSection { unchecked_range, .. }
                    | wasmparser::Payload::ComponentSection { unchecked_range, .. } => {
                        offset += unchecked_range.len();
                    }
                    wasmparser::Payload::End(_) => return None,
                    _ => {}
                }
            }
        }
    }
}

fn leb128(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn names(dir: &Path) -> Vec<String> {
        Script::read(dir).unwrap().files.into_keys().collect()
    }

    #[test]
    fn a_folder_is_its_files_without_what_lies_aside() {
        let dir = folder(&[
            ("plugin.py", "import rules"),
            ("rules.py", ""),
            ("data/table.json", "{}"),
            (".git/config", ""),
            ("data/.hidden", ""),
            ("rules.py~", ""),
            ("tests/test_plugin.py", ""),
            ("scenarios/one.toml", ""),
            ("node_modules/farmhand/index.js", ""),
            ("__pycache__/rules.pyc", ""),
        ]);
        assert_eq!(names(dir.path()), ["data/table.json", "plugin.py", "rules.py"]);
        let script = Script::read(dir.path()).unwrap();
        assert_eq!((script.language, script.main.as_str()), (Language::Python, "plugin.py"));
        let single = Script::read(&dir.path().join("rules.py")).unwrap();
        assert_eq!((single.main.as_str(), single.files.len()), ("rules.py", 1));
    }

    #[test]
    fn folders_that_are_no_plugin_say_why() {
        for (files, expect) in
            [(&[("a.py", "")][..], "holds neither"), (&[("plugin.py", ""), ("plugin.js", "")], "holds both")]
        {
            let error = Script::read(folder(files).path()).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
        let large = "x".repeat(BYTES as usize);
        let dir = folder(&[("plugin.js", "1"), ("data.json", &large)]);
        assert_eq!(Script::read(dir.path()), Err(ScriptProblem::Large));
    }

    #[test]
    #[cfg(unix)]
    fn links_stay_inside() {
        let dir = folder(&[("plugin.py", ""), ("data/a.json", "")]);
        std::os::unix::fs::symlink("data/a.json", dir.path().join("b.json")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("lock.json")).unwrap();
        assert_eq!(names(dir.path()), ["b.json", "data/a.json", "plugin.py"]);
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("c.json")).unwrap();
        assert!(matches!(Script::read(dir.path()), Err(ScriptProblem::Outside { .. })));
    }

    #[test]
    fn the_digest_knows_runner_names_and_texts() {
        let script = |files: &[(&str, &str)]| Script::read(folder(files).path()).unwrap();
        let runner = |name: &str| Digest(name.to_owned());
        let versions = [
            script(&[("plugin.py", "1")]).digest(&runner("a")),
            script(&[("plugin.py", "1")]).digest(&runner("b")),
            script(&[("plugin.py", "2")]).digest(&runner("a")),
            script(&[("plugin.py", "1"), ("b.py", "")]).digest(&runner("a")),
            script(&[("plugin.py", "1"), ("c.py", "")]).digest(&runner("a")),
            script(&[("plugin.js", "1")]).digest(&runner("a")),
        ];
        for (at, digest) in versions.iter().enumerate() {
            assert!(!versions[..at].contains(digest), "{at}");
        }
        assert_eq!(script(&[("plugin.py", "1")]).digest(&runner("a")), versions[0]);
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        let runner = wat::parse_str("(component (core module (func (export \"f\"))) (component))").unwrap();
        let script = Script::read(folder(&[("plugin.js", "// é"), ("data/t.json", "{}")]).path()).unwrap();
        let packed = packed(runner.clone(), &script);
        assert_eq!(split(&packed), Some((runner.as_slice(), script.clone())));
        assert!(wasmparser::Validator::new().validate_all(&packed).is_ok());
        assert_eq!(split(&runner), None);
        for end in 0..packed.len() {
            assert_eq!(split(&packed[..end]), None, "cut after {end}");
        }
        let bytes = script.to_bytes();
        assert!((0..bytes.len()).all(|end| Script::from_bytes(&bytes[..end]).is_none()
            || Script::from_bytes(&bytes[..end]).is_some_and(|part| part.files.len() < script.files.len())));
    }
}
