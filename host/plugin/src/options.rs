//! The schema of a plugin's options: checked when the plugin is loaded, applied to every job.

use farmhand_model::dcc::Problem;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// A form of more than this is no form.
const BYTES: usize = 256 << 10;
/// Deeper nesting than this is no form either.
const DEPTH: usize = 32;
/// Keywords that make one schema refer to another. The page draws a form from the schema as it stands, and a
/// reference could make a small schema endless.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Problems that are reported of one job.
const PROBLEMS: usize = 20;

/// A schema that options are checked against.
#[derive(Debug)]
pub(crate) struct OptionsSchema {
    validator: Validator,
    /// Names of the options, for suggestions.
    names: Vec<String>,
    /// Those of them that are paths, or lists of paths.
    paths: Vec<String>,
}

impl OptionsSchema {
    /// Reads the schema; where it cannot be used, says why.
    pub(crate) fn parse(text: &str) -> Result<(Self, Value), String> {
        if text.len() > BYTES {
            return Err(format!("the options schema is {} bytes long, and {BYTES} is the most", text.len()));
        }
        let schema: Value =
            serde_json::from_str(text).map_err(|error| format!("the options schema is no JSON: {error}"))?;
        plain(&schema, 0)?;
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err("the options schema does not say `\"type\": \"object\"`".into());
        }
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| {
                format!("the options schema is no JSON Schema: {error} at `{}`", error.instance_path())
            })?;
        let names = schema.get("properties").and_then(Value::as_object);
        let is_path = |schema: &Value| schema.get("format").and_then(Value::as_str) == Some("path");
        let paths = names
            .into_iter()
            .flatten()
            .filter(|(_, schema)| is_path(schema) || schema.get("items").is_some_and(is_path));
        let paths = paths.map(|(name, _)| name.clone()).collect();
        let names = names.map(|properties| properties.keys().cloned().collect()).unwrap_or_default();
        Ok((Self { validator, names, paths }, schema))
    }

    /// All that is wrong with these options.
    pub(crate) fn check(&self, options: &Map<String, Value>) -> Vec<Problem> {
        let options = Value::Object(options.clone());
        let mut problems = Vec::new();
        for error in self.validator.iter_errors(&options).take(PROBLEMS) {
            let at = format!("/options{}", error.instance_path().as_str());
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    problems.extend(unexpected.iter().map(|name| self.unknown(&at, name)));
                }
                _ => problems.push(Problem { field: at, message: error.to_string() }),
            }
        }
        problems
    }

    /// What the options whose schema says `"format": "path"` name.
    pub(crate) fn paths(&self, options: &Map<String, Value>) -> Vec<PathBuf> {
        let values = self.paths.iter().filter_map(|name| options.get(name));
        let texts = values.flat_map(|value| match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect::<Vec<_>>(),
        });
        texts.map(PathBuf::from).collect()
    }

    fn unknown(&self, at: &str, name: &str) -> Problem {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let near = self.names.iter().find(|known| strsim::damerau_levenshtein(known, name) <= 2);
        let message = match near {
            Some(near) => format!("there is no option `{name}`; is `{near}` meant?"),
            None => format!("there is no option `{name}`; there are {}", self.names.join(", ")),
        };
        Problem { field: format!("{at}/{escaped}"), message }
    }
}

/// Whether the schema is small in depth and stands by itself.
fn plain(schema: &Value, depth: usize) -> Result<(), String> {
    if depth > DEPTH {
        return Err(format!("the options schema is nested deeper than {DEPTH}"));
    }
    match schema {
        Value::Object(object) => {
            if let Some(name) =
                REFERENCES.iter().find(|name| object.get(**name).is_some_and(Value::is_string))
            {
                return Err(format!("the options schema uses `{name}`; write out what it refers to"));
            }
            object.values().try_for_each(|value| plain(value, depth + 1))
        }
        Value::Array(items) => items.iter().try_for_each(|value| plain(value, depth + 1)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_that_cannot_be_used_are_refused() {
        let deep = format!("{}{{}}{}", r#"{"not":"#.repeat(40), "}".repeat(40));
        for (schema, expect) in [
            ("", "no JSON"),
            ("[]", "`\"type\": \"object\"`"),
            (r#"{"type":"array"}"#, "`\"type\": \"object\"`"),
            (r#"{"type":"object","properties":{"a":{"type":"text"}}}"#, "no JSON Schema"),
            (r#"{"type":"object","properties":{"a":{"pattern":"("}}}"#, "no JSON Schema"),
            (r##"{"type":"object","properties":{"a":{"$ref":"#"}}}"##, "`$ref`"),
            (r#"{"type":"object","allOf":[{"$ref":"http://localhost/x"}]}"#, "`$ref`"),
            (deep.as_str(), "nested deeper"),
            (" ".repeat(BYTES + 1).as_str(), "bytes long"),
        ] {
            let refusal = OptionsSchema::parse(schema).map(drop).unwrap_err();
            assert!(refusal.contains(expect), "{refusal}");
        }
    }

    #[test]
    fn problems_point_at_their_option() {
        let schema = json!({
            "type": "object",
            "properties": {
                "samples": {"type": "integer", "minimum": 1},
                "device": {"enum": ["CPU", "CUDA"]},
                "size": {"type": "object", "properties": {"x": {"type": "integer"}}},
            },
            "required": ["device"],
            "additionalProperties": false,
        });
        let (schema, _) = OptionsSchema::parse(&schema.to_string()).unwrap();
        for (options, expect) in [
            (json!({"device": "CPU"}), vec![]),
            (json!({"device": "CPU", "samples": 0}), vec![("/options/samples", "minimum")]),
            (json!({"device": "GPU"}), vec![("/options/device", "CUDA")]),
            (json!({}), vec![("/options", "device")]),
            (json!({"device": "CPU", "size": {"x": "1"}}), vec![("/options/size/x", "integer")]),
            (json!({"device": "CPU", "sample": 1}), vec![("/options/sample", "is `samples` meant?")]),
            (json!({"device": "CPU", "a/b": 1}), vec![("/options/a~1b", "there are samples, device, size")]),
            (json!({"device": 1, "samples": 0}), vec![("/options/samples", ""), ("/options/device", "")]),
        ] {
            let problems = schema.check(options.as_object().unwrap());
            assert_eq!(problems.len(), expect.len(), "{options}: {problems:?}");
            for (field, message) in expect {
                let found = problems
                    .iter()
                    .any(|problem| problem.field == field && problem.message.contains(message));
                assert!(found, "{field} {message}: {problems:?}");
            }
        }
    }
}
