//! YAML 1.2 with the core schema: `yes`, `no`, `on` and `off` are texts, and so is `1-100`. Aliases are written out, and
//! count as what they repeat, so that a few lines cannot become a billion. Merge keys (`<<`) are known.

use super::tree::{Data, FileId, Key, Mistake, Node, Place};
use super::{DEEPEST, MOST_NODES};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use serde_json::Number;
use std::borrow::Cow;
use std::collections::HashMap;

/// A list or a map that is not yet closed.
struct Frame {
    place: Place,
    anchor: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    Map { fields: Vec<(Key, Node)>, merged: Vec<Node>, name: Option<Key> },
}

struct Builder {
    file: FileId,
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

pub(super) fn parse(text: &str, file: FileId) -> Result<Node, Mistake> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder { file, frames: Vec::new(), anchors: HashMap::new(), nodes: 0, root: None };
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Mistake::at(place(file, error.marker()), format!("not YAML: {}", error.info()))
        })?;
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(Mistake::at(place(file, &span.start), "a second document; a batch file has one"));
            }
        }
        builder.take(event, span)?;
    }
    let empty = Node { place: Place { file, line: 1, column: 1 }, data: Data::Null };
    Ok(builder.root.unwrap_or(empty))
}

fn place(file: FileId, marker: &Marker) -> Place {
    Place { file, line: marker.line().max(1) as u32, column: marker.col() as u32 + 1 }
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Mistake> {
        let place = place(self.file, &span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let data =
                    scalar(&text, style, tag.as_deref()).map_err(|message| Mistake::at(place, message))?;
                self.add(Node { place, data }, anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => self.open(place, anchor, Kind::List(Vec::new()), tag),
            Event::MappingStart(anchor, tag) => {
                let kind = Kind::Map { fields: Vec::new(), merged: Vec::new(), name: None };
                self.open(place, anchor, kind, tag)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(Mistake::at(place, "an alias of a value that is not complete here"));
                };
                self.add(Node { place, ..node }, 0, size)
            }
            _ => Ok(()),
        }
    }

    fn open(
        &mut self,
        place: Place,
        anchor: usize,
        kind: Kind,
        tag: Option<Cow<'_, Tag>>,
    ) -> Result<(), Mistake> {
        if let Some(tag) =
            tag.filter(|tag| !tag.is_yaml_core_schema() || !matches!(tag.suffix.as_str(), "seq" | "map"))
        {
            return Err(Mistake::at(place, format!("unknown tag `{}{}`", tag.handle, tag.suffix)));
        }
        if self.frames.len() >= DEEPEST {
            return Err(Mistake::at(place, format!("nested deeper than {DEEPEST} levels")));
        }
        self.frames.push(Frame { place, anchor, kind });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Mistake> {
        let Some(Frame { place, anchor, kind }) = self.frames.pop() else { return Ok(()) };
        let data = match kind {
            Kind::List(items) => Data::List(items),
            Kind::Map { mut fields, merged, .. } => {
                for node in merged {
                    merge(&mut fields, node)?;
                }
                Data::Map(fields)
            }
        };
        let node = Node { place, data };
        let size = if anchor > 0 { size_of(&node) } else { 0 };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.add(node, 0, 1)
    }

    /// A value is complete: it goes into what it stands in. `size` is how many values it brings.
    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Mistake> {
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > MOST_NODES {
            let message = format!("more than {MOST_NODES} values, with those that aliases repeat");
            return Err(Mistake::at(node.place, message));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.frames.last_mut().map(|frame| &mut frame.kind) {
            None => self.root = Some(node),
            Some(Kind::List(items)) => items.push(node),
            Some(Kind::Map { fields, merged, name }) => match name.take() {
                None => *name = Some(key(node)?),
                Some(key) if key.name == "<<" => merged.push(node),
                Some(key) => {
                    if let Some((first, _)) = fields.iter().find(|(known, _)| known.name == key.name) {
                        let message =
                            format!("`{}` is given twice; first in line {}", key.name, first.place.line);
                        return Err(Mistake::at(key.place, message));
                    }
                    fields.push((key, node));
                }
            },
        }
        Ok(())
    }
}

fn size_of(node: &Node) -> usize {
    1 + match &node.data {
        Data::List(items) => items.iter().map(size_of).sum(),
        Data::Map(fields) => fields.iter().map(|(_, node)| size_of(node)).sum(),
        _ => 0,
    }
}

fn key(node: Node) -> Result<Key, Mistake> {
    let name = match node.data {
        Data::Text(name) => name,
        Data::Bool(value) => value.to_string(),
        Data::Number(number) => number.to_string(),
        Data::Null => "null".to_owned(),
        Data::List(_) | Data::Map(_) | Data::Broken => {
            return Err(Mistake::at(node.place, "a name must be a text, and this is a list or a table"));
        }
    };
    Ok(Key { place: node.place, name })
}

/// What is there already goes first.
fn merge(fields: &mut Vec<(Key, Node)>, from: Node) -> Result<(), Mistake> {
    match from.data {
        Data::Map(more) => {
            for (key, node) in more {
                if !fields.iter().any(|(known, _)| known.name == key.name) {
                    fields.push((key, node));
                }
            }
            Ok(())
        }
        Data::List(items) => items.into_iter().try_for_each(|item| merge(fields, item)),
        _ => Err(Mistake::at(from.place, "`<<` takes a table, or a list of tables")),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Data, String> {
    if let Some(tag) = tag {
        return match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
            (true, "str") => Ok(Data::Text(text.to_owned())),
            (true, "null" | "bool" | "int" | "float") => Ok(plain(text)),
            (_, suffix) => Err(format!("unknown tag `{}{suffix}`", tag.handle)),
        };
    }
    Ok(if style == ScalarStyle::Plain { plain(text) } else { Data::Text(text.to_owned()) })
}

/// The core schema of YAML 1.2.
fn plain(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" => return Data::Bool(true),
        "false" | "False" | "FALSE" => return Data::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if whole {
        let text = text.strip_prefix('+').unwrap_or(text);
        text.parse::<i64>().map(Number::from).ok().or_else(|| text.parse::<u64>().map(Number::from).ok())
    } else if let Some(octal) = text.strip_prefix("0o") {
        u64::from_str_radix(octal, 8).map(Number::from).ok()
    } else if let Some(hex) = text.strip_prefix("0x") {
        u64::from_str_radix(hex, 16).map(Number::from).ok()
    } else if digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        text.parse::<f64>().ok().and_then(Number::from_f64)
    } else {
        None
    };
    number.map_or_else(|| Data::Text(text.to_owned()), Data::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Files;
    use std::path::Path;

    fn file() -> FileId {
        Files::default().add(Path::new("a.yaml"))
    }

    #[test]
    fn values_are_those_of_the_core_schema() {
        let check = |text: &str, expect: serde_json::Value| {
            let node = parse(text, file()).map_err(|mistake| mistake.message).unwrap();
            assert_eq!(node.to_json(), expect, "{text}");
        };
        check("", serde_json::json!(null));
        check(
            "[1-100, 1, -5, +7, 0x1f, 0o17, 1.5, 1e3, .5]",
            serde_json::json!(["1-100", 1, -5, 7, 31, 15, 1.5, 1000.0, 0.5]),
        );
        check(
            "[yes, no, on, true, False, ~, null, '1', 1.2.3, 2026-11-22]",
            serde_json::json!(["yes", "no", "on", true, false, null, null, "1", "1.2.3", "2026-11-22"]),
        );
        check(
            "a: &x {n: 1, m: 2}\nb: {<<: *x, m: 3}\nc: *x",
            serde_json::json!({
            "a": {"n": 1, "m": 2}, "b": {"m": 3, "n": 1}, "c": {"n": 1, "m": 2}}),
        );
        check("\u{feff}a: |\n  text\n", serde_json::json!({"a": "text\n"}));
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        let check = |text: &str, line: u32, column: u32, message: &str| {
            let mistake = parse(text, file()).unwrap_err();
            let place = mistake.place.unwrap();
            assert_eq!((place.line, place.column), (line, column), "{text}: {}", mistake.message);
            assert!(mistake.message.contains(message), "{}", mistake.message);
        };
        check("a: 1\nb: [1,\n", 3, 1, "not YAML");
        check("a: 1\nb: 2\na: 3\n", 3, 1, "`a` is given twice; first in line 1");
        check("a: 1\n---\nb: 2\n", 2, 1, "a second document");
        check("a: !!python/object 1", 1, 4, "unknown tag");
        check("? [a]\n: 1", 1, 3, "a name must be a text");
        check(&"[".repeat(80), 1, 65, "nested deeper than 64 levels");
        // Ten times ten times, six times over.
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..8 {
            let refs = vec![format!("*a{}", level - 1); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{refs}]\n"));
        }
        check(&bomb, 6, 38, "values, with those that aliases repeat");
    }
}
