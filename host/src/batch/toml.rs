//! TOML with places.

use super::tree::{Data, FileId, Key, Mistake, Node, Place};
use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use serde_json::Number;

pub(super) fn parse(text: &str, file: FileId) -> Result<Node, Mistake> {
    let lines = Lines::new(text, file);
    let table = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        Mistake::at(lines.place(start), format!("not TOML: {}", error.message().replace('\n', ", ")))
    })?;
    let start = table.span().start;
    map(table.get_ref(), start, &lines)
}

fn map(table: &DeTable<'_>, start: usize, lines: &Lines<'_>) -> Result<Node, Mistake> {
    let mut fields = Vec::new();
    for (name, value) in table {
        let key = Key { place: lines.place(name.span().start), name: name.get_ref().to_string() };
        fields.push((key, node(value, lines)?));
    }
    Ok(Node { place: lines.place(start), data: Data::Map(fields) })
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Result<Node, Mistake> {
    let start = value.span().start;
    let place = lines.place(start);
    let data = match value.get_ref() {
        DeValue::String(text) => Data::Text(text.to_string()),
        DeValue::Boolean(value) => Data::Bool(*value),
        DeValue::Datetime(at) => Data::Text(at.to_string()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            Data::Number(parsed.map_err(|_| Mistake::at(place, "this number is too large"))?.into())
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            Data::Number(parsed.ok_or_else(|| Mistake::at(place, "this is no finite number"))?)
        }
        DeValue::Array(items) => {
            Data::List(items.iter().map(|item| node(item, lines)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => return map(table, start, lines),
    };
    Ok(Node { place, data })
}

/// Where lines begin.
pub(super) struct Lines<'a> {
    text: &'a str,
    file: FileId,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, file: FileId) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self { text, file, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The place of a byte.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(start..offset).map_or(offset - start, |before| before.chars().count());
        Place { file: self.file, line: line as u32, column: column as u32 + 1 }
    }
}
