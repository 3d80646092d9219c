//! A directory with a file for each shot: a job each, named by its file, with its images in a directory of that name.

use super::Language;
use super::reader::{Parts, Reader};
use super::resolve::{Overrides, Resolved};
use super::tree::{Data, Key, Mistake, Mistakes, Node, Place};
use crate::farm::BatchSubmission;
use glob::Pattern;
use std::path::{Path, PathBuf};

/// Which files, and where the images go.
#[derive(Debug, Clone)]
pub struct Shots {
    /// The directory.
    pub dir: PathBuf,
    /// Names of files: `*.yaml`.
    pub pattern: String,
    /// The directory under which each job has one of its own; absent: as the shots say.
    pub output: Option<PathBuf>,
}

/// Reads them, in the order of their names. A file of YAML, TOML or JSON has the fields of a job; any other is a scene.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve_shots(
    shots: &Shots,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Mistakes> {
    let mut reader = Reader::new(overrides, env);
    let fail = |message: String| Mistakes::new(Default::default(), vec![Mistake { place: None, message }]);
    let files = matching(shots).map_err(fail)?;
    // As many jobs as a batch may have, and one more, so that there being too many is told once.
    reader.most_files = BatchSubmission::MOST + 2;
    let mut found = Parts::default();
    let place = Place { file: reader.files.add(&shots.dir), line: 1, column: 1 };
    reader.directories.push(shots.dir.clone());
    for path in files.into_iter().take(BatchSubmission::MOST + 1) {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = |place: Place, name: &str, text: String| {
            (Key { place, name: name.to_owned() }, Node { place, data: Data::Text(text) })
        };
        let (place, mut fields) = if Language::of(&path).is_some() {
            let root = reader.read(&path, None);
            // What is wrong with one file says nothing of the others.
            reader.is_incomplete = false;
            let Some(root) = root else {
                found.jobs.push(Node { place, data: Data::Broken });
                continue;
            };
            let Data::Map(fields) = root.data else {
                found.jobs.push(Node { place, data: Data::Broken });
                let message =
                    format!("a shot's file is a table of a job's fields, and this is {}", root.kind());
                reader.mistakes.push(Mistake::at(root.place, message));
                continue;
            };
            (root.place, fields)
        } else {
            let scene = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
            (place, vec![text(place, "scene", literal(&scene.display().to_string()))])
        };
        if !fields.iter().any(|(key, _)| key.name == "name") {
            fields.push(text(place, "name", literal(&stem)));
        }
        if let Some(output) = &shots.output {
            let own = fields.iter().find(|(key, _)| key.name == "output").and_then(|(_, node)| node.text());
            let file = file_of(own, &stem, &fields);
            let output = format!("{}/{file}", literal(&output.join(&stem).display().to_string()));
            fields.retain(|(key, _)| key.name != "output");
            fields.push(text(place, "output", output));
        }
        found.jobs.push(Node { place, data: Data::Map(fields) });
    }
    let dir = std::path::absolute(&shots.dir).unwrap_or_else(|_| shots.dir.clone());
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let key = Key { place, name: "name".to_owned() };
    found.head.push((key, Node { place, data: Data::Text(literal(&name)) }));
    found.root = Some(place);
    reader.finish(found, &dir.display().to_string(), overrides)
}

/// A text of which no part is a reference.
fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// What the images are called: as the shot says, or by its name.
fn file_of(own: Option<&str>, stem: &str, fields: &[(Key, Node)]) -> String {
    let own = own.map(|own| own.rsplit(['/', '\\']).next().unwrap_or(own)).filter(|own| !own.is_empty());
    let layers = fields.iter().find(|(key, _)| key.name == "layers").map(|(_, node)| &node.data);
    let has_layers = matches!(layers, Some(Data::List(layers)) if layers.len() > 1);
    match own {
        Some(own) => own.to_owned(),
        None if has_layers => format!("{}_{{layer}}_####", literal(stem)),
        None => format!("{}_####", literal(stem)),
    }
}

fn matching(shots: &Shots) -> Result<Vec<PathBuf>, String> {
    let pattern = Pattern::new(&shots.pattern)
        .map_err(|error| format!("`{}` is no pattern of names: {error}", shots.pattern))?;
    let cannot =
        |error: std::io::Error| format!("cannot read the directory `{}`: {error}", shots.dir.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&shots.dir).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let is_meant =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| pattern.matches(name));
        if is_meant && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        let dir = Path::display(&shots.dir);
        return Err(format!(
            "no file in `{dir}` has a name such as `{}`; choose others with --pattern",
            shots.pattern
        ));
    }
    Ok(files)
}
