//! JSON with places. serde_json says whether it is JSON; this only finds out where each value stands.

use super::DEEPEST;
use super::toml::Lines;
use super::tree::{Data, FileId, Key, Mistake, Node};
use serde_json::Value;

pub(super) fn parse(text: &str, file: FileId) -> Result<Node, Mistake> {
    let lines = Lines::new(text, file);
    if let Err(error) = serde_json::from_str::<Value>(text) {
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        let line_start =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let place = lines.place(line_start + error.column().saturating_sub(1));
        return Err(Mistake::at(place, format!("not JSON: {said}")));
    }
    let mut scanner = Scanner { text, at: 0, lines: &lines };
    scanner.value(0)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    lines: &'a Lines<'a>,
}

impl Scanner<'_> {
    fn skip_space(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// The next byte that is no space; it is not taken.
    fn peek(&mut self) -> u8 {
        self.skip_space();
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Node, Mistake> {
        let first = self.peek();
        let place = self.lines.place(self.at);
        if depth > DEEPEST {
            return Err(Mistake::at(place, format!("nested deeper than {DEEPEST} levels")));
        }
        let data = match first {
            b'{' => {
                self.at += 1;
                let mut fields: Vec<(Key, Node)> = Vec::new();
                while self.peek() != b'}' {
                    let place = self.lines.place(self.at);
                    let Value::String(name) = self.scalar() else {
                        return Err(Mistake::at(place, "not JSON: a name was expected"));
                    };
                    if fields.iter().any(|(known, _)| known.name == name) {
                        return Err(Mistake::at(place, format!("`{name}` is given twice")));
                    }
                    if self.peek() == b':' {
                        self.at += 1;
                    }
                    let node = self.value(depth + 1)?;
                    fields.push((Key { place, name }, node));
                    if self.peek() == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
                Data::Map(fields)
            }
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                while self.peek() != b']' {
                    items.push(self.value(depth + 1)?);
                    if self.peek() == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
                Data::List(items)
            }
            _ => match self.scalar() {
                Value::Bool(value) => Data::Bool(value),
                Value::Number(number) => Data::Number(number),
                Value::String(text) => Data::Text(text),
                _ => Data::Null,
            },
        };
        Ok(Node { place, data })
    }

    /// The scalar that begins here.
    fn scalar(&mut self) -> Value {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next().and_then(Result::ok).unwrap_or(Value::Null);
        // At least one byte, so that this ends whatever the text is.
        self.at += values.byte_offset().max(1);
        value
    }
}
