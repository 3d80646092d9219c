//! The part of a plugin's page for people that is made from its descriptor: the table of options and that of levels.

use super::accepting;
use crate::{Descriptor, FrameShape};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Holds a page to the descriptor: what stands between `<!-- options -->` and `<!-- end -->`, and between
/// `<!-- levels -->` and `<!-- end -->`, is the descriptor's own. With `FARMHAND_ACCEPT=1` in the environment it is
/// written anew.
///
/// # Errors
/// What differs, or a mark that is missing.
pub fn check_manual(page: &Path, descriptor: &Descriptor) -> Result<(), String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", page.display());
    let mut text = fs::read_to_string(page).map_err(|error| named(&error))?;
    let mut differences = Vec::new();
    for (mark, table) in [("options", options(&descriptor.options_schema)), ("levels", levels(descriptor))] {
        let begin = format!("<!-- {mark} -->\n");
        let (before, rest) = text.split_once(&begin).ok_or_else(|| named(&format!("no {}", begin.trim())))?;
        let (shown, after) = rest.split_once("<!-- end -->").ok_or_else(|| named(&"no <!-- end -->"))?;
        if shown != table {
            differences.push(format!("--- {mark} shown\n{shown}+++ {mark} of the descriptor\n{table}"));
        }
        text = format!("{before}{begin}{table}<!-- end -->{after}");
    }
    match differences.is_empty() {
        true => Ok(()),
        false if accepting() => fs::write(page, text).map_err(|error| named(&error)),
        false => Err(named(&format!("FARMHAND_ACCEPT=1 writes it anew\n{}", differences.join("\n")))),
    }
}

fn options(schema: &Value) -> String {
    let mut text = String::from("| option | what | values |\n| --- | --- | --- |\n");
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let what = property["description"].as_str().unwrap_or_default().replace('|', "\\|");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| `{name}` | {what} | {}{} |", values(property), default(property));
    }
    text
}

fn values(property: &Value) -> String {
    if let Value::Array(values) = &property["enum"] {
        return values.iter().map(code).collect::<Vec<_>>().join(", ");
    }
    let between = || match (&property["minimum"], &property["maximum"]) {
        (Value::Null, Value::Null) => "a number".to_owned(),
        (least, Value::Null) => format!("from {least}"),
        (Value::Null, most) => format!("up to {most}"),
        (least, most) => format!("{least} to {most}"),
    };
    match property["type"].as_str().unwrap_or_default() {
        "boolean" => "`true`, `false`".to_owned(),
        "integer" | "number" => between(),
        "array" => match (property["items"]["type"].as_str(), property["maxItems"].as_u64()) {
            (Some("integer" | "number"), Some(2)) => "two numbers".to_owned(),
            (Some("integer" | "number"), _) => "numbers".to_owned(),
            _ => "texts".to_owned(),
        },
        "object" => "an object".to_owned(),
        _ if property["format"] == "path" => "a path".to_owned(),
        _ => match property["pattern"].as_str() {
            Some(pattern) => format!("`{pattern}`"),
            None => "a text".to_owned(),
        },
    }
}

fn default(property: &Value) -> String {
    match &property["default"] {
        Value::Null => String::new(),
        Value::Array(values) if values.is_empty() => String::new(),
        Value::Object(values) if values.is_empty() => String::new(),
        value => format!("; default {}", code(value)),
    }
}

fn code(value: &Value) -> String {
    format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn levels(descriptor: &Descriptor) -> String {
    let mut text =
        String::from("| level | how | program | frames of one process |\n| --- | --- | --- | --- |\n");
    for level in &descriptor.levels {
        let tools: Vec<_> = level.tools.iter().map(|tool| format!("`{tool}`")).collect();
        let frames = match level.frames {
            FrameShape::Any => "any",
            FrameShape::Stepped => "a run, such as 1-10 or 1-9x2",
            FrameShape::Single => "one",
        };
        let _ = writeln!(text, "| `{}` | {} | {} | {frames} |", level.name, level.summary, tools.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, ToolSpec};
    use serde_json::json;

    #[test]
    fn a_page_that_is_not_the_descriptors_is_told() {
        let descriptor = Descriptor {
            name: "sleeper".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            extensions: Vec::new(),
            supports: "*".into(),
            tools: vec![ToolSpec::named("sleep", &["sleep"])],
            levels: vec![Level::new("only", "Sleeps.", &["sleep"], FrameShape::Single)],
            options_schema: json!({"properties": {
                "size": {"description": "How big.", "type": "array", "items": {"type": "integer"}, "maxItems": 2},
                "way": {"description": "How.", "enum": ["fast", "slow"], "default": "fast"},
                "tries": {"description": "How often.", "type": "integer", "minimum": 1, "maximum": 9},
            }}),
        };
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("page.md");
        fs::write(&page, "# Page\n<!-- options -->\nold\n<!-- end -->\n<!-- levels -->\n<!-- end -->\n")
            .unwrap();
        let told = check_manual(&page, &descriptor).unwrap_err();
        for row in [
            "| `size` | How big. | two numbers |",
            "| `way` | How. | `fast`, `slow`; default `fast` |",
            "| `tries` | How often. | 1 to 9 |",
            "| `only` | Sleeps. | `sleep` | one |",
        ] {
            assert!(told.contains(row), "{told}");
        }
        fs::write(&page, "# Page\n").unwrap();
        assert!(check_manual(&page, &descriptor).unwrap_err().contains("no <!-- options -->"));
    }
}
