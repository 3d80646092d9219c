//! `docs/blender.md` is true: it has every option, every value of one, and every level.

use farmhand_blender::describe::descriptor;
use serde_json::Value;

#[test]
fn the_manual_has_every_option_value_and_level() {
    let manual = include_str!("../../../../docs/blender.md");
    let descriptor = descriptor();
    let properties = descriptor.options_schema["properties"].as_object().unwrap();
    let values = properties.values().filter_map(|property| property["enum"].as_array()).flatten();
    let names = properties.keys().map(String::as_str).chain(values.filter_map(Value::as_str));
    for name in names.chain(descriptor.levels.iter().map(|level| level.name.as_str())) {
        assert!(manual.contains(&format!("`{name}`")), "docs/blender.md does not have `{name}`");
    }
}
