//! A job's options as a type, with every mistake at its place.

use crate::{Job, PluginError, Problem};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

impl Job {
    /// The options as a type that derives `serde::Deserialize`; put `#[serde(default, deny_unknown_fields)]` on it.
    ///
    /// # Errors
    /// One problem with a JSON pointer such as `/options/resolution/0`.
    pub fn options<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_path_to_error::deserialize(Value::Object(self.raw_options.clone())).map_err(|error| {
            let mut pointer = String::from("/options");
            for segment in error.path().iter() {
                match segment {
                    Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                    Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
                    Segment::Enum { variant } => pointer.push_str(&format!("/{}", escaped(variant))),
                    Segment::Unknown => {}
                }
            }
            Problem::new(pointer, error.into_inner().to_string())
        })
    }

    /// The options of a job that `validate` let through.
    ///
    /// # Errors
    /// The job was kept by a version of the plugin that knew other options.
    pub fn kept_options<T: DeserializeOwned>(&self) -> Result<T, PluginError> {
        self.options().map_err(|Problem { field, message }| {
            PluginError::new(format!("the job's options do not fit this plugin: {field}: {message}"))
        })
    }
}

/// As RFC 6901 wants it inside a pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(serde::Deserialize, Debug, PartialEq, Default)]
    #[serde(default, deny_unknown_fields)]
    struct Options {
        samples: Option<u32>,
        resolution: Option<(u32, u32)>,
    }

    fn read(options: Value) -> Result<Options, Problem> {
        let Value::Object(raw_options) = options else { panic!("an object") };
        Job { raw_options, ..Job::default() }.options()
    }

    #[test]
    fn reads_a_type() {
        let options = read(json!({ "samples": 16, "resolution": [64, 48] })).unwrap();
        assert_eq!(options, Options { samples: Some(16), resolution: Some((64, 48)) });
        assert_eq!(read(json!({})).unwrap(), Options::default());
    }

    #[test]
    fn points_at_the_mistake() {
        assert_eq!(read(json!({ "samples": -1 })).unwrap_err().field, "/options/samples");
        assert_eq!(read(json!({ "resolution": [64, "x"] })).unwrap_err().field, "/options/resolution/1");
        let unknown = read(json!({ "sample": 1 })).unwrap_err();
        assert_eq!(unknown.field, "/options/sample");
        assert!(unknown.message.contains("`samples`"), "{}", unknown.message);
        let job =
            Job { raw_options: [("sample".to_owned(), json!(1))].into_iter().collect(), ..Job::default() };
        let error = job.kept_options::<Options>().unwrap_err().to_string();
        assert!(error.contains("/options/sample: ") && error.contains("`samples`"), "{error}");
    }
}
