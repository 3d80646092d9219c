//! The JSON Schema of batch files, for editors and for whoever writes them with a program. It is made of the descriptions
//! that the API has, so that the two cannot disagree.

use super::assemble::{file_fields, job_fields};
use crate::farm::{BatchHead, BatchSubmission, Submission};
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

/// The schema (draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut components = Vec::new();
    BatchSubmission::schemas(&mut components);
    Submission::schemas(&mut components);
    BatchHead::schemas(&mut components);
    let mut definitions: Map<String, Value> = components
        .into_iter()
        .map(|(name, schema)| (name, with_references(renamed(json!(schema)))))
        .collect();
    for unused in ["BatchHead", "BatchJob", "BatchSubmission", "Submission"] {
        definitions.remove(unused);
    }
    let mut with_names = properties(&renamed(json!(Submission::schema())), job_fields());
    with_names.insert(
        "after".to_owned(),
        json!({
            "type": "array", "items": {"type": ["integer", "string"]},
            "description": "Jobs that must be done before this one starts: names of this batch's jobs, or numbers.",
        }),
    );
    with_names.insert(
        "frames".to_owned(),
        json!({
            "type": ["string", "integer"],
            "description": "Frames of each layer, such as `1-100x5,200`. Default: the scene's own range.",
        }),
    );
    let table = json!({"type": "object"});
    let mut defaults = with_names.clone();
    defaults.remove("matrix");
    let mut file = properties(&renamed(json!(BatchHead::schema())), file_fields());
    file.insert(
        "variables".to_owned(),
        described(&table, "What `${name}` stands for. Values may name other variables and `${env:NAME}`."),
    );
    file.insert("include".to_owned(), json!({
        "type": ["string", "array"], "items": {"type": "string"},
        "description": "Files whose variables, defaults, settings and jobs come before those of this one; relative to it.",
    }));
    file.insert(
        "defaults".to_owned(),
        json!({
            "type": "object", "properties": defaults, "additionalProperties": false,
            "description": "Fields of every job that does not say them itself.",
        }),
    );
    with_names.insert("matrix".to_owned(), json!({
        "type": "object",
        "properties": {
            "exclude": {"type": "array", "items": {"type": "object"}, "description": "Combinations to leave out."},
            "include": {"type": "array", "items": {"type": "object"}, "description": "Combinations to add."},
        },
        "additionalProperties": {"type": ["array", "string"], "minItems": 1},
        "description": "Lists; the job is made once for each combination of their values, which `${name}` stands for.",
    }));
    file.insert(
        "jobs".to_owned(),
        json!({
            "type": "array", "items": {"$ref": "#/$defs/job"}, "description": "The jobs.",
        }),
    );
    definitions.insert(
        "job".to_owned(),
        json!({
            "type": "object", "properties": with_names, "additionalProperties": false,
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A batch of farmhand",
        "type": "object",
        "properties": file,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// The schema as the command line prints it and as it is published.
#[must_use]
pub fn published() -> String {
    format!("{:#}\n", schema())
}

/// The fields of that name; each may also be a text with a reference in it.
fn properties(schema: &Value, names: impl Iterator<Item = &'static str>) -> Map<String, Value> {
    names
        .filter_map(|name| {
            let own = schema.get("properties")?.get(name)?;
            Some((name.to_owned(), or_reference(own)))
        })
        .collect()
}

/// Fields of tables below may be references too.
fn with_references(schema: Value) -> Value {
    match schema {
        Value::Array(items) => items.into_iter().map(with_references).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("properties", Value::Object(fields)) => {
                    let either = |(name, field)| (name, or_reference(&with_references(field)));
                    (name, fields.into_iter().map(either).collect())
                }
                (_, value) => (name, with_references(value)),
            })
            .collect(),
        other => other,
    }
}

fn or_reference(own: &Value) -> Value {
    let description = own.get("description").cloned();
    let mut either = json!({"anyOf": [own, {"type": "string", "pattern": "\\$\\{[^}]+\\}"}]});
    if let Some(description) = description {
        either["description"] = description;
    }
    either
}

fn described(schema: &Value, description: &str) -> Value {
    let mut schema = schema.clone();
    schema["description"] = description.into();
    schema
}

/// OpenAPI keeps its definitions in another place.
fn renamed(value: Value) -> Value {
    match value {
        Value::String(text) => text.replace("#/components/schemas/", "#/$defs/").into(),
        Value::Array(items) => items.into_iter().map(renamed).collect(),
        Value::Object(map) => map.into_iter().map(|(name, value)| (name, renamed(value))).collect(),
        other => other,
    }
}
