//! Values with their places: what a file says and where, whatever language it is written in.

use serde_json::{Map, Number, Value};
use std::fmt;
use std::path::{Path, PathBuf};

/// Which file of those that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(usize);

impl FileId {
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// A place in a file; line and column are counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: FileId,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// It could not be made out, which has been told: nothing else is said of it.
    Broken,
}

/// A name in a map and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) place: Place,
    pub(super) name: String,
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        match &self.data {
            Data::Map(fields) => fields.iter().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null | Data::Broken => "nothing",
            Data::Bool(_) => "true or false",
            Data::Number(_) => "a number",
            Data::Text(_) => "a text",
            Data::List(_) => "a list",
            Data::Map(_) => "a table of names and values",
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match &self.data {
            Data::Null | Data::Broken => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Data::Map(fields) => {
                let fields = fields.iter().map(|(key, node)| (key.name.clone(), node.to_json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// A value that stands in no file, as if it stood there.
    pub(super) fn of_json(value: &Value, place: Place) -> Self {
        let data = match value {
            Value::Null => Data::Null,
            Value::Bool(value) => Data::Bool(*value),
            Value::Number(number) => Data::Number(number.clone()),
            Value::String(text) => Data::Text(text.clone()),
            Value::Array(items) => Data::List(items.iter().map(|item| Self::of_json(item, place)).collect()),
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| {
                    (Key { place, name: name.clone() }, Self::of_json(value, place))
                };
                Data::Map(fields.iter().map(field).collect())
            }
        };
        Self { place, data }
    }

    /// Calls for each value below this one and itself, with its JSON pointer, and whether it could not be made out.
    pub(super) fn visit(&self, pointer: &str, see: &mut impl FnMut(&str, Place, bool)) {
        see(pointer, self.place, self.data == Data::Broken);
        match &self.data {
            Data::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.visit(&format!("{pointer}/{index}"), see);
                }
            }
            Data::Map(fields) => {
                for (key, node) in fields {
                    let name = key.name.replace('~', "~0").replace('/', "~1");
                    node.visit(&format!("{pointer}/{name}"), see);
                    // What is wrong with a name is shown at the name.
                    see(&format!("{pointer}/{name}#"), key.place, false);
                }
            }
            _ => {}
        }
    }
}

/// The files that were read, as people named them.
#[derive(Debug, Clone, Default)]
pub struct Files(Vec<PathBuf>);

impl Files {
    pub(super) fn add(&mut self, path: &Path) -> FileId {
        self.0.push(path.to_owned());
        FileId(self.0.len() - 1)
    }

    pub(super) fn path(&self, id: FileId) -> &Path {
        self.0.get(id.0).map_or(Path::new(""), PathBuf::as_path)
    }
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub(super) place: Option<Place>,
    pub(super) message: String,
}

impl Mistake {
    pub(super) fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), message: message.into() }
    }
}

/// Everything that is wrong, in the order of the files.
#[derive(Debug, Clone)]
pub struct Mistakes {
    pub(super) files: Files,
    pub(super) list: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn new(files: Files, mut list: Vec<Mistake>) -> Self {
        list.sort();
        list.dedup();
        Self { files, list }
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Each with its line and column, where it has a place.
    pub fn each(&self) -> impl Iterator<Item = (Option<(u32, u32)>, &str)> {
        let place = |mistake: &Mistake| mistake.place.map(|Place { line, column, .. }| (line, column));
        self.list.iter().map(move |mistake| (place(mistake), mistake.message.as_str()))
    }
}

impl fmt::Display for Mistakes {
    /// One line each: `seq.yaml:12:9: unknown field ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if let Some(Place { file, line, column }) = mistake.place {
                write!(f, "{}:{line}:{column}: ", self.files.path(file).display())?;
            }
            f.write_str(&mistake.message)?;
        }
        Ok(())
    }
}
