//! `${name}`, `${name.part}` and `${env:NAME}` in texts. Nothing else of the environment is ever read, and what is not
//! known is a mistake. `$${` is `${` as it stands.

use super::tree::{Data, Mistake, Node, Place};
use crate::refused::unknown;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// Deepest chain of variables that name each other.
const DEEPEST: usize = 16;
/// Longest text that references may make.
const LONGEST: usize = 64 << 10;

/// What can be named in a text.
pub(super) struct Scope<'a> {
    /// Of the files; a later one of the same name stands in for an earlier one.
    pub(super) variables: &'a BTreeMap<String, Node>,
    /// Of the matrix; they go first.
    pub(super) axes: BTreeMap<&'a str, &'a Node>,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    /// Values that may still be looked at: variables that name each other often must not take for ever.
    pub(super) fuel: Cell<u32>,
    /// Names of variables that were looked up.
    pub(super) used: &'a RefCell<BTreeSet<String>>,
}

/// What a scope starts with.
pub(super) const FUEL: u32 = 100_000;

/// A part of a text.
enum Part<'a> {
    Text(&'a str),
    Reference { name: &'a str, offset: usize },
}

impl Scope<'_> {
    /// The value with all references put in. Adds what is wrong.
    pub(super) fn fill(&self, node: &Node, mistakes: &mut Vec<Mistake>) -> Node {
        self.fill_at(node, 0, mistakes)
    }

    fn fill_at(&self, node: &Node, depth: usize, mistakes: &mut Vec<Mistake>) -> Node {
        let Some(fuel) = self.fuel.get().checked_sub(1) else {
            let message = "variables name each other too often; the value becomes too large";
            mistakes.push(Mistake::at(node.place, message));
            return Node { place: node.place, data: Data::Broken };
        };
        self.fuel.set(fuel);
        let data = match &node.data {
            Data::Text(text) if text.contains('$') => self.text(text, node.place, depth, mistakes),
            Data::List(items) => {
                Data::List(items.iter().map(|item| self.fill_at(item, depth, mistakes)).collect())
            }
            Data::Map(fields) => {
                let fill = |(key, node): &(super::tree::Key, Node)| {
                    (key.clone(), self.fill_at(node, depth, mistakes))
                };
                Data::Map(fields.iter().map(fill).collect())
            }
            other => other.clone(),
        };
        Node { place: node.place, data }
    }

    fn text(&self, text: &str, place: Place, depth: usize, mistakes: &mut Vec<Mistake>) -> Data {
        let parts = match parts(text) {
            Ok(parts) => parts,
            Err((offset, message)) => {
                mistakes.push(Mistake::at(shifted(place, text, offset), message));
                return Data::Broken;
            }
        };
        // A text that is one reference becomes what that is: a number stays a number.
        if let [Part::Reference { name, .. }] = parts.as_slice() {
            return self.value(name, place, depth, mistakes).map_or(Data::Broken, |node| node.data);
        }
        let mut made = String::new();
        let mut is_broken = false;
        for part in parts {
            match part {
                Part::Text(text) => made.push_str(text),
                Part::Reference { name, offset } => {
                    let at = shifted(place, text, offset);
                    match self.value(name, at, depth, mistakes).map(|node| node.data) {
                        Some(Data::Text(text)) => made.push_str(&text),
                        Some(Data::Number(number)) => made.push_str(&number.to_string()),
                        Some(Data::Bool(value)) => made.push_str(&value.to_string()),
                        Some(Data::Null) => {}
                        Some(Data::Broken) | None => is_broken = true,
                        Some(Data::List(_) | Data::Map(_)) => {
                            is_broken = true;
                            let message = format!("`{name}` is a list or a table, which a text cannot hold");
                            mistakes.push(Mistake::at(at, message));
                        }
                    }
                }
            }
            if made.len() > LONGEST {
                mistakes.push(Mistake::at(place, format!("this becomes longer than {LONGEST} bytes")));
                is_broken = true;
                break;
            }
        }
        if is_broken { Data::Broken } else { Data::Text(made) }
    }

    fn value(&self, name: &str, at: Place, depth: usize, mistakes: &mut Vec<Mistake>) -> Option<Node> {
        if let Some(variable) = name.strip_prefix("env:") {
            let value = (self.env)(variable);
            if value.is_none() {
                let message = format!("the environment has no `{variable}`, or it is not Unicode");
                mistakes.push(Mistake::at(at, message));
            }
            return value.map(|text| Node { place: at, data: Data::Text(text) });
        }
        if depth >= DEEPEST {
            let message = format!(
                "`{name}` names itself by way of other variables, or they are more than {DEEPEST} deep"
            );
            mistakes.push(Mistake::at(at, message));
            return None;
        }
        let mut path = name.split('.');
        let first = path.next().unwrap_or_default();
        if !self.used.borrow().contains(first) {
            self.used.borrow_mut().insert(first.to_owned());
        }
        let Some(found) = self.axes.get(first).copied().or_else(|| self.variables.get(first)) else {
            let known: Vec<&str> =
                self.axes.keys().copied().chain(self.variables.keys().map(String::as_str)).collect();
            mistakes.push(Mistake::at(at, unknown("variable", first, &known)));
            return None;
        };
        let mut found = found;
        for part in path {
            let Some(inner) = found.get(part) else {
                let known: Vec<&str> = match &found.data {
                    Data::Map(fields) => fields.iter().map(|(key, _)| key.name.as_str()).collect(),
                    _ => Vec::new(),
                };
                mistakes.push(Mistake::at(at, unknown("part", part, &known)));
                return None;
            };
            found = inner;
        }
        Some(self.fill_at(found, depth + 1, mistakes))
    }
}

/// The place so many bytes into a text that begins there. Right for texts of one line, which those with references are.
fn shifted(place: Place, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or_default();
    if before.contains('\n') {
        return place;
    }
    Place { column: place.column + before.chars().count() as u32, ..place }
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, (usize, String)> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('$')) {
        let dollar = at + found;
        let rest = text.get(dollar..).unwrap_or_default();
        if rest.starts_with("$${") {
            parts.push(Part::Text(text.get(from..dollar).unwrap_or_default()));
            // The second dollar and what follows stand as they are.
            from = dollar + 1;
            at = dollar + 3;
        } else if let Some(inner) = rest.strip_prefix("${") {
            let Some(length) = inner.find('}') else {
                return Err((
                    dollar,
                    "`${` without its `}`; write `$${` for the characters themselves".to_owned(),
                ));
            };
            let name = inner.get(..length).unwrap_or_default();
            if name.trim().is_empty() || name.contains("${") {
                return Err((dollar, "`${}` must name a variable, or `env:NAME`".to_owned()));
            }
            if dollar > from {
                parts.push(Part::Text(text.get(from..dollar).unwrap_or_default()));
            }
            parts.push(Part::Reference { name: name.trim(), offset: dollar });
            at = dollar + 2 + length + 1;
            from = at;
        } else {
            at = dollar + 1;
        }
    }
    if from < text.len() || parts.is_empty() {
        parts.push(Part::Text(text.get(from..).unwrap_or_default()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Files;
    use crate::batch::yaml;
    use std::path::Path;

    #[test]
    fn references_are_put_in() {
        let file = Files::default().add(Path::new("a"));
        let parse = |text: &str| yaml::parse(text, file).unwrap();
        let Data::Map(fields) = parse(
            "{show: demo, root: '/shows/${show}', count: 3, shot: {name: sh010}, a: '${b}', b: '${a}'}",
        )
        .data
        else {
            panic!("a map")
        };
        let variables: BTreeMap<String, Node> =
            fields.into_iter().map(|(key, node)| (key.name, node)).collect();
        let used = RefCell::default();
        let env = |name: &str| (name == "USER").then(|| "ana".to_owned());
        let scope = Scope {
            variables: &variables,
            axes: BTreeMap::new(),
            env: &env,
            fuel: Cell::new(FUEL),
            used: &used,
        };
        let check = |text: &str, expect: Result<serde_json::Value, (u32, &str)>| {
            let place = Place { file, line: 1, column: 1 };
            let node = Node { place, data: Data::Text(text.to_owned()) };
            let mut mistakes = Vec::new();
            let made = scope.fill(&node, &mut mistakes).to_json();
            let found = match mistakes.first() {
                None => Ok(made),
                Some(mistake) => Err((mistake.place.unwrap().column, mistake.message.as_str())),
            };
            assert_eq!(found, expect, "{text}");
        };
        check("${root}/${shot.name}_v${count}", Ok("/shows/demo/sh010_v3".into()));
        check("${count}", Ok(3.into()));
        check("${ env:USER }", Ok("ana".into()));
        check("$5 $${show} $x", Ok("$5 ${show} $x".into()));
        check("a ${shwo}", Err((3, "unknown variable `shwo`; did you mean `show`?")));
        check("${env:NOPE}", Err((1, "the environment has no `NOPE`, or it is not Unicode")));
        check("${shot.nam}", Err((1, "unknown part `nam`; did you mean `name`?")));
        check("x${shot}", Err((2, "`shot` is a list or a table, which a text cannot hold")));
        check("ab${", Err((3, "`${` without its `}`; write `$${` for the characters themselves")));
        check("${}", Err((1, "`${}` must name a variable, or `env:NAME`")));
        check("${a}", Err((83, "`a` names itself by way of other variables, or they are more than 16 deep")));
    }
}
