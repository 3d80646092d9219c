//! `docs/nuke.md` is true: its table of options is the schema's own, and it has every level. `FARMHAND_ACCEPT=1` writes
//! the table.

use farmhand_nuke::describe::descriptor;
use serde_json::Value;
use std::fmt::Write;

const BEGIN: &str = "<!-- options: generated from the schema -->\n";
const END: &str = "<!-- end of the options -->";

fn table(schema: &Value) -> String {
    let mut text = String::from("| option | what | values | default |\n| --- | --- | --- | --- |\n");
    for (name, property) in schema["properties"].as_object().unwrap() {
        let values = match (&property["enum"], property["type"].as_str(), property["pattern"].as_str()) {
            (Value::Array(values), ..) => {
                let shown =
                    values.iter().map(|value| format!("`{}`", value.as_str().unwrap_or(&value.to_string())));
                shown.collect::<Vec<_>>().join(", ")
            }
            (_, Some("array"), _) => "list of texts".to_owned(),
            (_, Some("boolean"), _) => "`true`, `false`".to_owned(),
            (_, _, Some(pattern)) => format!("`{pattern}`"),
            (_, other, _) => other.unwrap_or_default().to_owned(),
        };
        let default = match &property["default"] {
            Value::Null => String::new(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        let description = property["description"].as_str().unwrap();
        writeln!(text, "| `{name}` | {description} | {values} | {default} |").unwrap();
    }
    text
}

#[test]
fn the_manual_is_the_schemas() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/nuke.md");
    let manual = std::fs::read_to_string(path).unwrap();
    let descriptor = descriptor();
    let (before, rest) = manual.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let expected = table(&descriptor.options_schema);
    if std::env::var_os("FARMHAND_ACCEPT").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, expected, "FARMHAND_ACCEPT=1 writes the table anew");
    }
    for level in &descriptor.levels {
        assert!(manual.contains(&format!("`{}`", level.name)), "docs/nuke.md does not have `{}`", level.name);
    }
}
