//! Reads the files of a batch: a file, what it includes, and what all of them say together.

use super::assemble::{NOT_IN_FILES, file_fields, overlay};
use super::resolve::Overrides;
use super::tree::{Data, Files, Key, Mistake, Node, Place};
use super::variables::{FUEL, Scope};
use super::{LARGEST, Language};
use crate::farm::BatchHead;
use crate::refused::unknown;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Deepest chain of files that include each other.
const DEEPEST_INCLUDE: usize = 16;
/// Most files that are read for a batch file.
const MOST_FILES: usize = 256;

/// What the files say together.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) head: Vec<(Key, Node)>,
    pub(super) variables: BTreeMap<String, Node>,
    /// Names of variables that the files say.
    pub(super) declared: BTreeSet<String>,
    /// Where the list of jobs stands.
    pub(super) list: Option<Place>,
    /// `jobs` is there and is none: nothing more is said of it.
    pub(super) has_broken_jobs: bool,
    /// The first goes before those after it.
    pub(super) defaults: Vec<(Key, Node)>,
    pub(super) jobs: Vec<Node>,
    pub(super) root: Option<Place>,
}

pub(super) struct Reader<'a> {
    pub(super) files: Files,
    /// By file: what relative paths in it are relative to.
    pub(super) directories: Vec<PathBuf>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) most_files: usize,
    /// The file came over the network: no other is ever read for it.
    pub(super) is_alone: bool,
    /// A file could not be read: what it says is missing from everything.
    pub(super) is_incomplete: bool,
    env: &'a dyn Fn(&str) -> Option<String>,
    /// Variables that the command line gives; they go before those of the files.
    pub(super) given: BTreeMap<String, Node>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(overrides: &Overrides, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let mut reader = Self {
            files: Files::default(),
            directories: Vec::new(),
            mistakes: Vec::new(),
            most_files: MOST_FILES,
            is_alone: false,
            is_incomplete: false,
            env,
            given: BTreeMap::new(),
            used: RefCell::default(),
        };
        for (name, value) in &overrides.variables {
            let file = reader.files.add(Path::new(&format!("--set {name}")));
            reader.directories.push(PathBuf::new());
            let node = Node::of_json(value, Place { file, line: 1, column: 1 });
            reader.given.insert(name.clone(), node);
        }
        reader
    }

    /// The value with all references put in; what is wrong with them is told.
    pub(super) fn fill(
        &mut self,
        node: &Node,
        variables: &BTreeMap<String, Node>,
        axes: BTreeMap<&str, &Node>,
    ) -> Node {
        let scope = Scope { variables, axes, env: self.env, fuel: Cell::new(FUEL), used: &self.used };
        scope.fill(node, &mut self.mistakes)
    }

    /// Tells of variables that the command line gives and nothing names.
    pub(super) fn check_given(&mut self, found: &Parts) {
        let used = self.used.borrow();
        for (name, node) in &self.given {
            if !used.contains(name) && !found.declared.contains(name) {
                let known: Vec<&str> = found.declared.iter().chain(used.iter()).map(String::as_str).collect();
                self.mistakes.push(Mistake::at(node.place, unknown("variable", name, &known)));
            }
        }
    }

    /// The root of a file; nothing where it cannot be read, which is told at `from`.
    pub(super) fn read(&mut self, path: &Path, from: Option<Place>) -> Option<Node> {
        let root = self.read_file(path, from);
        self.is_incomplete |= root.is_none();
        root
    }

    fn read_file(&mut self, path: &Path, from: Option<Place>) -> Option<Node> {
        let fail = |message: String| Mistake { place: from, message };
        if self.directories.len() >= self.most_files + self.given.len() {
            self.mistakes.push(fail(format!("more than {} files", self.most_files)));
            return None;
        }
        let Some(language) = Language::of(path) else {
            let message = format!("`{}` is neither .yaml, .toml nor .json", path.display());
            self.mistakes.push(fail(message));
            return None;
        };
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
        let problem = match read {
            Err(error) => Some(format!("cannot read `{}`: {error}", path.display())),
            Ok(_) if text.len() as u64 > LARGEST => {
                Some(format!("`{}` is larger than {} MiB", path.display(), LARGEST >> 20))
            }
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            self.mistakes.push(fail(problem));
            return None;
        }
        let file = self.files.add(path);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.directories.push(absolute.parent().unwrap_or(&absolute).to_owned());
        language.parse(&text, file).map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    pub(super) fn file(&mut self, path: &Path, from: Option<Place>, chain: &[PathBuf], found: &mut Parts) {
        if self.is_alone {
            let message =
                "a file that is sent as text includes no other; put what it includes into it, or submit it \
                           with `farmhand submit`"
                    .to_owned();
            self.mistakes.push(Mistake { place: from, message });
            self.is_incomplete = true;
            return;
        }
        let known = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let problem = if chain.contains(&known) {
            let names: Vec<_> = chain.iter().map(|path| path.display().to_string()).collect();
            Some(format!("`{}` includes itself, by way of {}", path.display(), names.join(", ")))
        } else if chain.len() >= DEEPEST_INCLUDE {
            Some(format!("includes are nested deeper than {DEEPEST_INCLUDE} files"))
        } else {
            None
        };
        if let Some(message) = problem {
            self.mistakes.push(Mistake { place: from, message });
            self.is_incomplete = true;
            return;
        }
        if let Some(root) = self.read(path, from) {
            let chain: Vec<PathBuf> = chain.iter().cloned().chain([known]).collect();
            self.take(&root, path, &chain, found);
        }
    }

    pub(super) fn take(&mut self, root: &Node, path: &Path, chain: &[PathBuf], found: &mut Parts) {
        // The outermost file is last, and it is where what is missing is told.
        let place = root.place;
        let Data::Map(fields) = &root.data else {
            let message = format!("a batch file is a table of names and values, and this is {}", root.kind());
            self.is_incomplete = true;
            return self.mistakes.push(Mistake::at(place, message));
        };
        if let Some(include) = root.get("include") {
            self.includes(include, path, chain, found);
        }
        for (key, node) in fields {
            match key.name.as_str() {
                "include" => {}
                "variables" => {
                    let fields = self.map_of(node, "variables are a table of names and values");
                    for (key, node) in fields {
                        if key.name.contains(['.', '{', '}']) || key.name.starts_with("env:") {
                            let message =
                                "a variable's name has no dots, no braces, and does not begin with `env:`";
                            self.mistakes.push(Mistake::at(key.place, message));
                        }
                        found.declared.insert(key.name.clone());
                        let given = self.given.get(&key.name).cloned();
                        found.variables.insert(key.name, given.unwrap_or(node));
                    }
                }
                "defaults" => {
                    let fields = self.map_of(node, "defaults are a table of fields of a job");
                    overlay(&mut found.defaults, fields);
                }
                "jobs" => {
                    found.list = Some(node.place);
                    match &node.data {
                        Data::List(jobs) => found.jobs.extend(jobs.iter().cloned()),
                        _ => {
                            found.has_broken_jobs = true;
                            let message = format!("jobs are a list, and this is {}", node.kind());
                            self.mistakes.push(Mistake::at(node.place, message));
                        }
                    }
                }
                name if BatchHead::FIELDS.contains(&name) && !NOT_IN_FILES.contains(&name) => {
                    overlay(&mut found.head, vec![(key.clone(), node.clone())]);
                }
                name => {
                    let known: Vec<&str> = file_fields().collect();
                    self.mistakes.push(Mistake::at(key.place, unknown("field", name, &known)));
                }
            }
        }
        found.root = Some(place);
    }

    fn map_of(&mut self, node: &Node, expected: &str) -> Vec<(Key, Node)> {
        match &node.data {
            Data::Map(fields) => fields.clone(),
            Data::Null => Vec::new(),
            _ => {
                self.mistakes
                    .push(Mistake::at(node.place, format!("{expected}, and this is {}", node.kind())));
                Vec::new()
            }
        }
    }

    fn includes(&mut self, include: &Node, path: &Path, chain: &[PathBuf], found: &mut Parts) {
        let one = std::slice::from_ref(include);
        let items = match &include.data {
            Data::List(items) => items.as_slice(),
            _ => one,
        };
        // Of variables only those of the command line are known yet: files may say the others.
        let given = self.given.clone();
        for item in items {
            let filled = self.fill(item, &given, BTreeMap::new());
            match filled.text() {
                Some(name) => {
                    let file = path.parent().unwrap_or(Path::new("")).join(name);
                    self.file(&file, Some(item.place), chain, found);
                }
                None if filled.data == Data::Broken => self.is_incomplete = true,
                None => {
                    let message = format!("an include is the name of a file, and this is {}", filled.kind());
                    self.mistakes.push(Mistake::at(item.place, message));
                }
            }
        }
    }
}
