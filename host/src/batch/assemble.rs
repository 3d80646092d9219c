//! From what the files say to one batch: the matrix spread out, defaults given to each job, variables put in, and paths
//! made absolute from the directory of the file that they stand in.

use super::matrix::MATRIX;
use super::reader::{Parts, Reader};
use super::resolve::{Overrides, Resolved};
use super::tree::{Data, Key, Mistake, Mistakes, Node, Place};
use crate::farm::{BatchHead, BatchSubmission, Submission};
use farmhand_model::dcc::Problem;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

/// What a file may have besides the fields of a batch.
pub(super) const FILE_FIELDS: [&str; 4] = ["variables", "include", "defaults", "jobs"];
/// Fields of a batch that are not a file's to say.
pub(super) const NOT_IN_FILES: [&str; 2] = ["source", "fresh"];

/// Where values came from, by JSON pointers.
#[derive(Default)]
struct Places {
    by_pointer: HashMap<String, Place>,
    /// Values that could not be made out.
    broken: Vec<String>,
}

impl Places {
    fn add(&mut self, pointer: &str, node: &Node) {
        node.visit(pointer, &mut |pointer, place, is_broken| {
            self.by_pointer.insert(pointer.to_owned(), place);
            if is_broken {
                self.broken.push(pointer.to_owned());
            }
        });
    }
}

/// Whether a value is that one or stands in it.
fn is_within(pointer: &str, outer: &str) -> bool {
    !outer.is_empty()
        && pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Reader<'_> {
    pub(super) fn finish(
        mut self,
        mut found: Parts,
        source: &str,
        overrides: &Overrides,
    ) -> Result<Resolved, Mistakes> {
        // What is missing may stand in the file that could not be read.
        if self.is_incomplete {
            return Err(Mistakes::new(self.files, self.mistakes));
        }
        found.variables.extend(self.given.clone());
        let mut places = Places::default();
        places.by_pointer.extend(found.root.map(|place| (String::new(), place)));
        places.by_pointer.extend(found.list.map(|place| ("/jobs".to_owned(), place)));
        let mut batch = Map::new();
        for (key, node) in &found.head {
            let mut node = self.fill(node, &found.variables, BTreeMap::new());
            if key.name == "report" {
                self.root_fields(&mut node, &["dir"]);
            }
            places.add(&format!("/{}", key.name), &node);
            places.by_pointer.insert(format!("/{}#", key.name), key.place);
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
        let mut has_broken_jobs = found.has_broken_jobs;
        for node in &found.jobs {
            let combinations = self.combinations(node, &found.variables);
            // What is wrong with a matrix has been told; that there are no jobs is not told too.
            has_broken_jobs |= combinations.is_empty();
            for axes in combinations {
                if jobs.len() > BatchSubmission::MOST {
                    break;
                }
                let pointer = format!("/jobs/{}", jobs.len());
                let job = self.job(node, &found, &axes, overrides, &pointer, &mut places);
                jobs.push(job);
            }
        }
        batch.insert("jobs".to_owned(), Value::Array(jobs));
        self.check_given(&found);
        let mut mistakes = self.mistakes;
        let Places { by_pointer, broken } = places;
        let resolved = Resolved::new(Value::Object(batch), by_pointer, self.files);
        if let Err(problems) = BatchSubmission::parse(resolved.batch.clone()) {
            // What could not be made out has been told, and is not told again for what it is not.
            let is_told = |field: &str| {
                has_broken_jobs && field == "/jobs"
                    || broken.iter().any(|broken| is_within(field, broken) || is_within(broken, field))
            };
            let untold = problems.iter().filter(|problem| !is_told(&problem.field));
            mistakes.extend(untold.map(|Problem { field, message }| resolved.mistake(field, message)));
        }
        if mistakes.is_empty() { Ok(resolved) } else { Err(resolved.into_mistakes(mistakes)) }
    }

    /// One job with its defaults, from these values of its matrix.
    fn job(
        &mut self,
        node: &Node,
        found: &Parts,
        axes: &[(String, Node)],
        overrides: &Overrides,
        pointer: &str,
        places: &mut Places,
    ) -> Value {
        let Data::Map(own) = &node.data else {
            if node.data != Data::Broken {
                let message = format!("a job is a table of its fields, and this is {}", node.kind());
                self.mistakes.push(Mistake::at(node.place, message));
            }
            places.broken.push(pointer.to_owned());
            return Value::Null;
        };
        let mut fields = found.defaults.clone();
        let own = own.iter().filter(|(key, _)| key.name != MATRIX).cloned().collect();
        overlay(&mut fields, own);
        let filled = Node { place: node.place, data: Data::Map(fields) };
        let axes_by_name = axes.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let mut filled = self.fill(&filled, &found.variables, axes_by_name);
        self.root_fields(&mut filled, &["scene", "output"]);
        if let Data::Map(fields) = &mut filled.data {
            for (key, node) in fields.iter_mut() {
                if let ("frames", Data::Number(number)) = (key.name.as_str(), &node.data) {
                    node.data = Data::Text(number.to_string());
                }
            }
        }
        places.add(pointer, &filled);
        let mut job = filled.to_json();
        if let Value::Object(job) = &mut job {
            put_over(job, &overrides.job);
            if !job.contains_key("name") {
                match usual_name(job, axes) {
                    Some(name) => drop(job.insert("name".to_owned(), name.into())),
                    // It would have the scene's name; that there is none is what is told.
                    None if !job.get("scene").is_some_and(Value::is_string) => {
                        places.broken.push(format!("{pointer}/name"));
                    }
                    None => {}
                }
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
        || (bytes.len() > 2
            && bytes[0].is_ascii_alphabetic()
            && bytes[1] == b':'
            && matches!(bytes[2], b'\\' | b'/'))
}

/// Without `.` and `..`, by the words alone.
fn plain(path: &Path) -> PathBuf {
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
