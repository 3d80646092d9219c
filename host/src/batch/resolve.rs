//! From files to one batch: includes read, variables put in, the matrix spread out, defaults given to each job, and paths
//! made absolute from the directory of the file that they stand in.

use super::tree::{Data, Files, Key, Mistake, Mistakes, Node, Place};
use super::variables::{FUEL, Scope};
use super::{LARGEST, Language};
use crate::farm::{BatchHead, BatchSubmission, Submission};
use crate::refused::unknown;
use farmhand_model::dcc::Problem;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Deepest chain of files that include each other.
const DEEPEST_INCLUDE: usize = 16;
/// Most files of a batch.
const MOST_FILES: usize = 256;

/// What a file may have besides the fields of a batch.
const FILE_FIELDS: [&str; 4] = ["variables", "include", "defaults", "jobs"];
/// Fields of a batch that are not a file's to say.
const NOT_IN_FILES: [&str; 2] = ["source", "fresh"];
/// What a job of a file may have besides the fields of a job.
const MATRIX: &str = "matrix";

/// What the command line says of a batch; it goes before what the files say.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Fields of the batch.
    pub head: Map<String, Value>,
    /// Fields of each of its jobs.
    pub job: Map<String, Value>,
    /// Who submits, where the files do not say.
    pub user: Option<String>,
}

/// A batch as the daemon takes it, and where each of its values came from.
#[derive(Debug)]
pub struct Resolved {
    /// What `POST /batches` takes.
    pub batch: Value,
    places: HashMap<String, Place>,
    files: Files,
}

impl Resolved {
    /// What is wrong by JSON pointers, with places in the files.
    #[must_use]
    pub fn mistakes<'a>(&self, problems: impl IntoIterator<Item = (&'a str, &'a str)>) -> Mistakes {
        let list = problems.into_iter().map(|(pointer, message)| self.mistake(pointer, message)).collect();
        Mistakes::new(self.files.clone(), list)
    }

    fn mistake(&self, pointer: &str, message: &str) -> Mistake {
        // An unknown name is shown where the name is, anything else at the value, or at what it should stand in.
        if message.starts_with("unknown field")
            && let Some(place) = self.places.get(&format!("{pointer}#"))
        {
            return Mistake::at(*place, message);
        }
        let mut at = pointer;
        loop {
            if let Some(place) = self.places.get(at) {
                // What is missing is named, since its place cannot.
                let field = pointer.get(at.len()..).unwrap_or_default().trim_start_matches('/').replace('/', ".");
                let is_named = field.is_empty() || message.contains(&format!("`{field}`"));
                let message = if is_named { message.to_owned() } else { format!("{field}: {message}") };
                return Mistake::at(*place, message);
            }
            match at.rfind('/') {
                Some(end) => at = at.get(..end).unwrap_or_default(),
                None => return Mistake { place: None, message: message.to_owned() },
            }
        }
    }
}

/// Reads a batch file and all that it includes.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve_file(
    path: &Path,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Mistakes> {
    let mut reader = Reader::new(env);
    let mut found = Parts::default();
    reader.file(path, None, &[], &mut found);
    reader.finish(found, &path.display().to_string(), overrides)
}

/// The same of a text that stands in no file; what it includes is relative to `directory`.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve_text(
    text: &str,
    language: Language,
    directory: &Path,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Mistakes> {
    let mut reader = Reader::new(env);
    let mut found = Parts::default();
    let path = directory.join("-");
    let file = reader.files.add(Path::new("standard input"));
    reader.directories.push(directory.to_owned());
    match language.parse(text, file) {
        Ok(root) => reader.take(&root, &path, &[path.clone()], &mut found),
        Err(mistake) => reader.mistakes.push(mistake),
    }
    reader.finish(found, "standard input", overrides)
}

/// What the files say together.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) head: Vec<(Key, Node)>,
    pub(super) variables: BTreeMap<String, Node>,
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
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { files: Files::default(), directories: Vec::new(), mistakes: Vec::new(), env }
    }

    /// The root of a file; nothing where it cannot be read, which is told at `from`.
    pub(super) fn read(&mut self, path: &Path, from: Option<Place>) -> Option<Node> {
        let fail = |message: String| Mistake { place: from, message };
        if self.directories.len() >= MOST_FILES {
            self.mistakes.push(fail(format!("more than {MOST_FILES} files")));
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
        let directory = path.parent().unwrap_or(Path::new(""));
        self.directories.push(std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned()));
        language.parse(&text, file).map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    fn file(&mut self, path: &Path, from: Option<Place>, chain: &[PathBuf], found: &mut Parts) {
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
            return;
        }
        if let Some(root) = self.read(path, from) {
            let chain: Vec<PathBuf> = chain.iter().cloned().chain([known]).collect();
            self.take(&root, path, &chain, found);
        }
    }

    fn take(&mut self, root: &Node, path: &Path, chain: &[PathBuf], found: &mut Parts) {
        // The outermost file is last, and it is where what is missing is told.
        let place = root.place;
        let Data::Map(fields) = &root.data else {
            let message = format!("a batch file is a table of names and values, and this is {}", root.kind());
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
                            let message = "a variable's name has no dots, no braces, and does not begin with `env:`";
                            self.mistakes.push(Mistake::at(key.place, message));
                        }
                        found.variables.insert(key.name, node);
                    }
                }
                "defaults" => {
                    let fields = self.map_of(node, "defaults are a table of fields of a job");
                    overlay(&mut found.defaults, fields);
                }
                "jobs" => match &node.data {
                    Data::List(jobs) => found.jobs.extend(jobs.iter().cloned()),
                    _ => {
                        let message = format!("jobs are a list, and this is {}", node.kind());
                        self.mistakes.push(Mistake::at(node.place, message));
                    }
                },
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
                self.mistakes.push(Mistake::at(node.place, format!("{expected}, and this is {}", node.kind())));
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
        // Variables are not known yet: files may say them.
        let none = BTreeMap::new();
        for item in items {
            let scope =
                Scope { variables: &none, axes: BTreeMap::new(), env: self.env, fuel: Cell::new(FUEL) };
            let filled = scope.fill(item, &mut self.mistakes);
            match filled.text() {
                Some("") => {}
                Some(name) => {
                    let file = path.parent().unwrap_or(Path::new("")).join(name);
                    self.file(&file, Some(item.place), chain, found);
                }
                None => {
                    let message = format!("an include is the name of a file, and this is {}", filled.kind());
                    self.mistakes.push(Mistake::at(item.place, message));
                }
            }
        }
    }

    pub(super) fn finish(
        mut self,
        found: Parts,
        source: &str,
        overrides: &Overrides,
    ) -> Result<Resolved, Mistakes> {
        let mut places = HashMap::new();
        let root = found.root;
        places.extend(root.map(|place| (String::new(), place)));
        let none = BTreeMap::new();
        let scope =
            Scope { variables: &found.variables, axes: none.clone(), env: self.env, fuel: Cell::new(FUEL) };
        let mut batch = Map::new();
        for (key, node) in &found.head {
            let mut node = scope.fill(node, &mut self.mistakes);
            if key.name == "report" {
                self.root_fields(&mut node, &["dir"]);
            }
            node.visit(&format!("/{}", key.name), &mut |pointer, place| {
                places.insert(pointer.to_owned(), place);
            });
            places.insert(format!("/{}#", key.name), key.place);
            batch.insert(key.name.clone(), node.to_json());
        }
        batch.extend(overrides.head.clone());
        if !batch.contains_key("user")
            && let Some(user) = &overrides.user
        {
            batch.insert("user".to_owned(), user.clone().into());
        }
        batch.insert("source".to_owned(), source.into());
        let mut jobs = Vec::new();
        for node in &found.jobs {
            for axes in self.combinations(node, &found.variables) {
                if jobs.len() > BatchSubmission::MOST {
                    break;
                }
                let pointer = format!("/jobs/{}", jobs.len());
                let job = self.job(node, &found, &axes, overrides, &pointer, &mut places);
                jobs.push(job);
            }
        }
        batch.insert("jobs".to_owned(), Value::Array(jobs));
        let files = self.files;
        let resolved = Resolved { batch: Value::Object(batch), places, files };
        let mut mistakes = self.mistakes;
        // What could not be put together would only be told a second time.
        if mistakes.is_empty()
            && let Err(problems) = BatchSubmission::parse(resolved.batch.clone())
        {
            mistakes.extend(
                problems.iter().map(|Problem { field, message }| resolved.mistake(field, message)),
            );
        }
        if mistakes.is_empty() { Ok(resolved) } else { Err(Mistakes::new(resolved.files, mistakes)) }
    }

    /// One job with its defaults, from these values of its matrix.
    fn job(
        &mut self,
        node: &Node,
        found: &Parts,
        axes: &[(String, Node)],
        overrides: &Overrides,
        pointer: &str,
        places: &mut HashMap<String, Place>,
    ) -> Value {
        let axes_by_name: BTreeMap<&str, &Node> =
            axes.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let scope = Scope {
            variables: &found.variables,
            axes: axes_by_name,
            env: self.env,
            fuel: Cell::new(FUEL),
        };
        let Data::Map(own) = &node.data else {
            let message = format!("a job is a table of its fields, and this is {}", node.kind());
            self.mistakes.push(Mistake::at(node.place, message));
            return Value::Null;
        };
        let mut fields = found.defaults.clone();
        let own = own.iter().filter(|(key, _)| key.name != MATRIX).cloned().collect();
        overlay(&mut fields, own);
        let filled = Node { place: node.place, data: Data::Map(fields) };
        let mut filled = scope.fill(&filled, &mut self.mistakes);
        self.root_fields(&mut filled, &["scene", "output"]);
        if let Data::Map(fields) = &mut filled.data {
            for (key, node) in fields.iter_mut() {
                if let ("frames", Data::Number(number)) = (key.name.as_str(), &node.data) {
                    node.data = Data::Text(number.to_string());
                }
            }
        }
        filled.visit(pointer, &mut |pointer, place| {
            places.insert(pointer.to_owned(), place);
        });
        let mut job = filled.to_json();
        if let Value::Object(job) = &mut job {
            put_over(job, &overrides.job);
            if !job.contains_key("name")
                && let Some(name) = usual_name(job, axes)
            {
                job.insert("name".to_owned(), name.into());
            }
        }
        job
    }

    /// Paths are relative to the file that they stand in. `//` is Blender's own word, and stays.
    fn root_fields(&self, node: &mut Node, names: &[&str]) {
        let Data::Map(fields) = &mut node.data else { return };
        for (_, node) in fields.iter_mut().filter(|(key, _)| names.contains(&key.name.as_str())) {
            let place = node.place;
            if let Data::Text(text) = &mut node.data
                && !text.is_empty()
                && !text.starts_with("//")
                && !looks_absolute(text)
            {
                let directory = self.directory(place);
                // `./` and `../` are for people; the daemon gets the path that they mean.
                let path = directory.join(text.as_str());
                *text = plain(&path).display().to_string();
            }
        }
    }

    fn directory(&self, place: Place) -> PathBuf {
        self.directories.get(place.file.index()).cloned().unwrap_or_default()
    }

    /// The combinations of a job's matrix; one empty one for a job that has none.
    fn combinations(&mut self, job: &Node, variables: &BTreeMap<String, Node>) -> Vec<Vec<(String, Node)>> {
        let Some(matrix) = job.get(MATRIX) else { return vec![Vec::new()] };
        let scope = Scope { variables, axes: BTreeMap::new(), env: self.env, fuel: Cell::new(FUEL) };
        let matrix = scope.fill(matrix, &mut self.mistakes);
        let Data::Map(fields) = &matrix.data else {
            let message = format!("a matrix is a table of lists, and this is {}", matrix.kind());
            self.mistakes.push(Mistake::at(matrix.place, message));
            return Vec::new();
        };
        let mut axes: Vec<(&Key, &[Node])> = Vec::new();
        for (key, node) in fields.iter().filter(|(key, _)| !matches!(key.name.as_str(), "exclude" | "include")) {
            match &node.data {
                Data::List(items) if !items.is_empty() => axes.push((key, items)),
                Data::List(_) => {
                    self.mistakes.push(Mistake::at(node.place, format!("`{}` has no values", key.name)));
                }
                _ => {
                    let message = format!("`{}` is a list of values, and this is {}", key.name, node.kind());
                    self.mistakes.push(Mistake::at(node.place, message));
                }
            }
        }
        let count = axes.iter().fold(1_usize, |count, (_, items)| count.saturating_mul(items.len()));
        if count > BatchSubmission::MOST {
            let message = format!("this matrix makes {count} jobs; {} is the most", BatchSubmission::MOST);
            self.mistakes.push(Mistake::at(matrix.place, message));
            return Vec::new();
        }
        let names: Vec<&str> = axes.iter().map(|(key, _)| key.name.as_str()).collect();
        let excluded = self.rows(matrix.get("exclude"), &names, false);
        let included = self.rows(matrix.get("include"), &names, true);
        let mut made: Vec<Vec<(String, Node)>> = if axes.is_empty() { Vec::new() } else { vec![Vec::new()] };
        for (key, items) in &axes {
            let mut longer = Vec::with_capacity(made.len() * items.len());
            for combination in &made {
                for item in *items {
                    let mut next = combination.clone();
                    next.push((key.name.clone(), item.clone()));
                    longer.push(next);
                }
            }
            made = longer;
        }
        let says = |combination: &[(String, Node)], row: &[(String, Node)]| {
            row.iter().all(|(name, value)| {
                combination.iter().any(|(own, is)| own == name && is.to_json() == value.to_json())
            })
        };
        made.retain(|combination| !excluded.iter().any(|row| says(combination, row)));
        made.extend(included);
        if made.is_empty() && self.mistakes.is_empty() {
            self.mistakes.push(Mistake::at(matrix.place, "this matrix makes no jobs"));
        }
        made
    }

    /// Rows of `exclude` or `include`.
    fn rows(&mut self, node: Option<&Node>, names: &[&str], whole: bool) -> Vec<Vec<(String, Node)>> {
        let Some(node) = node else { return Vec::new() };
        let Data::List(items) = &node.data else {
            let message = format!("expected a list of tables, and this is {}", node.kind());
            self.mistakes.push(Mistake::at(node.place, message));
            return Vec::new();
        };
        let mut rows = Vec::new();
        for item in items {
            let Data::Map(fields) = &item.data else {
                let message = format!("expected a table of names and values, and this is {}", item.kind());
                self.mistakes.push(Mistake::at(item.place, message));
                continue;
            };
            for (key, _) in fields.iter().filter(|(key, _)| !names.is_empty() && !names.contains(&key.name.as_str())) {
                self.mistakes.push(Mistake::at(key.place, unknown("name", &key.name, names)));
            }
            if let Some(missing) = names.iter().find(|name| whole && item.get(name).is_none()) {
                self.mistakes.push(Mistake::at(item.place, format!("`{missing}` is needed and missing")));
            }
            rows.push(fields.iter().map(|(key, node)| (key.name.clone(), node.clone())).collect());
        }
        rows
    }
}

/// Fields that a batch file may have.
pub(super) fn file_fields() -> impl Iterator<Item = &'static str> {
    let head = BatchHead::FIELDS.iter().copied().filter(|name| !NOT_IN_FILES.contains(name));
    head.chain(FILE_FIELDS)
}

/// Fields that a job of a batch file may have.
pub(super) fn job_fields() -> impl Iterator<Item = &'static str> {
    Submission::FIELDS.iter().copied().chain([MATRIX])
}

/// Puts fields over others: tables grow together, anything else is replaced.
pub(super) fn overlay(under: &mut Vec<(Key, Node)>, over: Vec<(Key, Node)>) {
    for (key, node) in over {
        match under.iter_mut().find(|(known, _)| known.name == key.name) {
            None => under.push((key, node)),
            Some((known, below)) => match (&mut below.data, node.data) {
                (Data::Map(below_fields), Data::Map(fields)) => {
                    overlay(below_fields, fields);
                    below.place = node.place;
                }
                (_, data) => (*known, *below) = (key, Node { place: node.place, data }),
            },
        }
    }
}

fn put_over(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        match (under.get_mut(name), value) {
            (Some(Value::Object(below)), Value::Object(fields)) => put_over(below, fields),
            _ => {
                under.insert(name.clone(), value.clone());
            }
        }
    }
}

/// A job's name where it does not say: its scene's, and the values of its matrix.
fn usual_name(job: &Map<String, Value>, axes: &[(String, Node)]) -> Option<String> {
    let scene = job.get("scene")?.as_str()?;
    let mut name = Path::new(scene).file_stem()?.to_str()?.to_owned();
    for (_, value) in axes {
        let value = value.get("name").unwrap_or(value).to_json();
        match value {
            Value::String(text) => name.push_str(&format!("-{text}")),
            Value::Number(number) => name.push_str(&format!("-{number}")),
            _ => {}
        }
    }
    Some(name)
}

/// Absolute here or on another system: `C:\`, `\\server`.
fn looks_absolute(text: &str) -> bool {
    let bytes = text.as_bytes();
    Path::new(text).is_absolute()
        || text.starts_with('\\')
        || (bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/'))
}

/// Without `.` and `..`, by the words alone.
fn plain(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !plain.pop() {
                    plain.push("..");
                }
            }
            other => plain.push(other),
        }
    }
    plain
}
