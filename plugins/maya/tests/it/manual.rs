//! `docs/maya.md` is true: its table of options is the schema's, and every level is in it. `FARMHAND_BLESS=1` writes
//! the table anew.

use farmhand_maya::describe::descriptor;
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

const BEGIN: &str = "<!-- options: written by the plugin's tests from its schema -->\n";
const END: &str = "<!-- end of options -->\n";

/// The schema's options as a table.
fn table() -> String {
    let schema = descriptor().options_schema;
    let mut text = String::from("| option | what | values |\n| --- | --- | --- |\n");
    for (name, property) in schema["properties"].as_object().unwrap() {
        let default = match &property["default"] {
            Value::Null => String::new(),
            Value::Array(values) if values.is_empty() => String::new(),
            Value::Object(values) if values.is_empty() => String::new(),
            value => format!("; default `{}`", value.as_str().map_or(value.to_string(), str::to_owned)),
        };
        let values = match &property["enum"] {
            Value::Array(values) => {
                let values: Vec<String> =
                    values.iter().map(|value| format!("`{}`", value.as_str().unwrap())).collect();
                values.join(", ")
            }
            _ => match (&property["type"], &property["format"]) {
                (_, Value::String(format)) => format.clone(),
                (Value::String(kind), _) if kind == "integer" => {
                    format!("{} to {}", property["minimum"], property["maximum"])
                }
                (Value::String(kind), _) if kind == "array" => {
                    match property["items"]["type"].as_str().unwrap() {
                        "integer" => "`[width, height]`".to_owned(),
                        _ => "a list of names".to_owned(),
                    }
                }
                (Value::String(kind), _) if kind == "boolean" => "`true`, `false`".to_owned(),
                (Value::String(kind), _) if kind == "object" => "an object".to_owned(),
                _ => "text".to_owned(),
            },
        };
        let what = property["description"].as_str().unwrap().replace('|', "\\|");
        writeln!(text, "| `{name}` | {what} | {values}{default} |").unwrap();
    }
    text
}

#[test]
fn the_manual_has_the_options_of_the_schema() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/maya.md");
    let manual = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = manual.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("FARMHAND_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert_eq!(written, table());
}

#[test]
fn the_manual_has_every_level_and_renderer() {
    let manual = include_str!("../../../../docs/maya.md");
    for level in descriptor().levels {
        assert!(
            manual.contains(&format!("| `{}` |", level.name)),
            "docs/maya.md does not have level `{}`",
            level.name
        );
    }
}
