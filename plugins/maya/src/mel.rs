//! Text as MEL: whatever a job holds becomes one string or one name, and nothing of it is read as code.

use serde_json::Value;
use std::fmt::Write;

/// A MEL string.
#[must_use]
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Sets an attribute to a number, true or false, a text, or a list of numbers.
#[must_use]
pub fn set_attribute(name: &str, value: &Value) -> String {
    let name = string(name);
    match value {
        Value::Bool(on) => format!("setAttr {name} {};", u8::from(*on)),
        Value::String(text) => format!("setAttr -type \"string\" {name} {};", string(text)),
        Value::Array(numbers) => {
            let mut out = format!("setAttr {name}");
            for number in numbers {
                let _ = write!(out, " {number}");
            }
            out + ";"
        }
        number => format!("setAttr {name} {number};"),
    }
}

/// A procedure of these lines.
#[must_use]
pub fn procedure(name: &str, lines: &[String]) -> String {
    let body: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    format!("global proc {name}() {{\n{body}}}\n")
}

/// Runs MEL that somebody else wrote.
#[must_use]
pub fn eval(code: &str) -> String {
    format!("eval({});", string(code))
}

/// Runs Python.
#[must_use]
pub fn python(code: &str) -> String {
    format!("python({});", string(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_gets_out_of_a_string() {
        assert_eq!(string("a\"; quit; \\\n"), r#""a\"; quit; \\\n""#);
        assert_eq!(eval("print \"x\""), r#"eval("print \"x\"");"#);
    }

    #[test]
    fn attributes_of_every_kind() {
        for (value, expected) in [
            (json!(2.5), "setAttr \"a.b\" 2.5;"),
            (json!(true), "setAttr \"a.b\" 1;"),
            (json!("x\"y"), r#"setAttr -type "string" "a.b" "x\"y";"#),
            (json!([1, 0.5, 0]), "setAttr \"a.b\" 1 0.5 0;"),
        ] {
            assert_eq!(set_attribute("a.b", &value), expected);
        }
    }
}
