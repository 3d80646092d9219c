//! Whether an options schema and the type that a plugin reads its options into say the same.

use crate::Job;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::fmt::Debug;

/// Checks that the page can draw every option, that the type takes every option of the schema with each of its values,
/// that it knows no others, and that the defaults of both are the same. `sample` gives a value for an option whose
/// schema is a text, a list or an object of a special form; without one, it is made up from the schema's type.
///
/// # Errors
/// All that differs.
pub fn check_options<T: DeserializeOwned + Default + PartialEq + Debug>(
    schema: &Value,
    sample: impl Fn(&str) -> Option<Value>,
) -> Result<(), String> {
    let Some(properties) = schema["properties"].as_object() else {
        return Err("the schema has no properties".to_owned());
    };
    let mut wrong = Vec::new();
    for (name, property) in properties {
        if !property["title"].is_string() || !property["description"].is_string() {
            wrong.push(format!("`{name}` needs a title and a description"));
        }
        let values = match &property["enum"] {
            Value::Array(values) => values.clone(),
            _ => sample(name).or_else(|| made_up(property)).into_iter().collect(),
        };
        if values.is_empty() {
            wrong.push(format!("`{name}` has neither a type nor values"));
        }
        for value in values {
            if let Err(problem) = read::<T>([(name.clone(), value.clone())].into_iter().collect()) {
                wrong.push(format!("`{name}` = {value} is in the schema and not in the type: {problem}"));
            }
        }
    }
    // `serde` lists all that it knows when it meets what it does not know.
    match read::<T>([("?".to_owned(), json!(1))].into_iter().collect()) {
        Ok(_) => wrong.push("the type takes options that nobody knows: add `deny_unknown_fields`".to_owned()),
        Err(message) if message.matches('`').count() / 2 != properties.len() + 1 => {
            wrong.push(format!(
                "the type knows others than the {} of the schema: {message}",
                properties.len()
            ));
        }
        Err(_) => {}
    }
    let default =
        |(name, property): (&String, &Value)| Some((name.clone(), property.get("default")?.clone()));
    match read::<T>(properties.iter().filter_map(default).collect()) {
        Ok(spelled_out) if spelled_out == T::default() => {}
        other => {
            wrong
                .push(format!("the schema's defaults make {other:?}, and the type's are {:?}", T::default()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn made_up(property: &Value) -> Option<Value> {
    Some(match property["type"].as_str()? {
        "boolean" => json!(false),
        "integer" | "number" => json!(7),
        "array" => json!(["one"]),
        "object" => json!({ "a.b": 1 }),
        _ => json!("text"),
    })
}

fn read<T: DeserializeOwned>(raw_options: Map<String, Value>) -> Result<T, String> {
    Job { raw_options, ..Job::default() }.options().map_err(|problem| problem.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Default, PartialEq, Debug)]
    #[serde(default, deny_unknown_fields)]
    struct Options {
        samples: u32,
        quiet: bool,
    }

    #[test]
    fn what_schema_and_type_do_not_share_is_named() {
        let option = |kind: &str| json!({"title": "T", "description": "D", "type": kind});
        let check = |properties: Value, expect: &str| {
            let told = check_options::<Options>(&json!({ "properties": properties }), |_| None);
            match told {
                Ok(()) => assert_eq!(expect, ""),
                Err(told) => assert!(!expect.is_empty() && told.contains(expect), "{told}"),
            }
        };
        check(json!({"samples": option("integer"), "quiet": option("boolean")}), "");
        check(json!({"samples": option("integer")}), "knows others");
        check(json!({"samples": option("string"), "quiet": option("boolean")}), "`samples` = \"text\"");
        check(json!({"samples": option("integer"), "quiet": {"type": "boolean"}}), "`quiet` needs a title");
        let mut loud = option("boolean");
        loud["default"] = json!(true);
        check(json!({"samples": option("integer"), "quiet": loud}), "defaults");
    }
}
