//! What `POST /jobs` and `farmhand submit` take: a job as a person writes it, before anything has checked it.

use farmhand_model::batch::NotifyWish;
use farmhand_model::hooks::HookRequest;
use farmhand_model::job::{Chunking, FrameOrder, JobLimits};
use farmhand_model::{Bytes, FrameSet, GpuNeed, JobId};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{OneOf, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A job as a person writes it. Only `scene` is needed, and `frames` where the scene's own range cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Absolute path of the scene.
    pub scene: String,
    /// Frames of each layer, such as `1-100x5,200`. Default: the scene's own range, for scenes that tell it without
    /// their DCC (`.blend`, `.ma`, `.nk`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<FrameSet>,
    /// Default: the scene's file name without its extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who submits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A plugin's name, with a requirement on its version after an `@`: `blender`, `maya@^2.1`; or an object that pins
    /// the job to one version. Default: the plugin for the scene's extension, in the version that serves at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginRequest>,
    /// Which versions of the DCC are welcome, as a semver requirement. Default: the newest found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dcc_version: Option<String>,
    /// Layers, each rendered on its own. Default: what the scene has enabled, together.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Where the images go, as the DCC understands it. Default: the scene's own setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The plugin's options; see its schema in `GET /plugins`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub options: serde_json::Map<String, serde_json::Value>,
    /// 0 to 100; higher goes first. Default 50.
    #[serde(default = "default_priority")]
    #[schema(minimum = 0, maximum = 100)]
    pub priority: u8,
    /// Jobs that must be done before this one starts.
    #[serde(default)]
    pub after: Vec<JobId>,
    /// In which order the frames are given out.
    #[serde(default)]
    pub order: FrameOrder,
    /// How many frames one process gets.
    #[serde(default)]
    pub chunk: Chunking,
    /// CPU threads of each task. Default: the node's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Memory of each task: `"12 GB"`, `"8 GiB"`, or a number of bytes. Default: what the plugin says, or else what the
    /// job's first attempts turn out to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// GPUs of each task: a number, 0 for none, or an object. It stands in for what the plugin wants, at the levels where
    /// it wants some, or at all of them where it wants none anywhere. Default: what the plugin wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<GpuRequest>,
    /// Licences, and counters of the configuration's `[limits]`, that each task takes besides those that the plugin names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// Images that are there and whole are not rendered again.
    #[serde(default)]
    pub skip_existing: bool,
    /// Limits.
    #[serde(default)]
    pub limits: JobLimits,
    /// Levels that may be used, by name: `["render"]`. Default: all of the plugin's, in its order.
    #[serde(default)]
    pub levels: Vec<String>,
    /// The level to start at; those before it are left out. Default: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_level: Option<String>,
    /// The studio's own scripts to run, by their names in the hooks directory.
    #[serde(default)]
    pub hooks: Vec<HookRequest>,
    /// Whom to tell of its end or its first failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<NotifyWish>,
    /// Submit it paused.
    #[serde(default)]
    pub paused: bool,
}

impl Submission {
    /// Every field.
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "scene",
        "frames",
        "name",
        "user",
        "plugin",
        "dcc_version",
        "layers",
        "output",
        "options",
        "priority",
        "after",
        "order",
        "chunk",
        "threads",
        "memory",
        "gpus",
        "licences",
        "skip_existing",
        "limits",
        "levels",
        "start_level",
        "hooks",
        "notify",
        "paused",
    ];
}

fn default_priority() -> u8 {
    50
}

/// GPUs of each task: `2`, or `{"count": 1, "memory": "12 GB", "required": false}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuRequest {
    /// How many; 0: none.
    pub count: u32,
    /// Of each, shared with other tasks; absent: each of them whole.
    pub memory: Option<Bytes>,
    /// Whether a task waits for them for ever, or starts without where the node has none for renders.
    pub required: bool,
}

impl GpuRequest {
    /// What a task needs by this; nothing where it asks for none.
    #[must_use]
    pub fn need(&self) -> Option<GpuNeed> {
        (self.count > 0).then(|| GpuNeed {
            count: self.count,
            memory_bytes: self.memory.map(|Bytes(bytes)| bytes),
            required: self.required,
        })
    }
}

/// GPUs of each task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuFields {
    /// How many; 0: none. Default 1.
    #[serde(default = "one")]
    #[schema(minimum = 0, maximum = 64)]
    pub count: u32,
    /// Memory of each: `"12 GB"`, or a number of bytes; other tasks may share the rest. Default: each of them whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// Whether a task waits for them for ever. Otherwise it starts without GPUs on a node whose GPUs are all missing, kept
    /// for people or broken. Default true.
    #[serde(default = "yes")]
    pub required: bool,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Serialize for GpuRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self { count, memory: None, required: true } => serializer.serialize_u32(count),
            Self { count, memory, required } => GpuFields { count, memory, required }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for GpuRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrFields)
    }
}

/// By hand, so that what is wrong with either form is told as such.
struct NumberOrFields;

impl<'de> Visitor<'de> for NumberOrFields {
    type Value = GpuRequest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of GPUs, or an object with `count`, `memory` and `required`")
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<GpuRequest, E> {
        // What is too much is refused later, with the rest of what is wrong.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(GpuRequest { count, memory: None, required: true })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GpuRequest, A::Error> {
        let GpuFields { count, memory, required } = GpuFields::deserialize(MapAccessDeserializer::new(map))?;
        Ok(GpuRequest { count, memory, required })
    }
}

impl PartialSchema for GpuRequest {
    fn schema() -> RefOr<Schema> {
        OneOf::builder()
            .description(Some("A number of GPUs, 0 for none, or an object."))
            .item(u32::schema())
            .item(GpuFields::schema())
            .into()
    }
}

impl ToSchema for GpuRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("GpuRequest")
    }
}

/// Which plugin a job wants: `"blender"`, `"maya@^2.1"`, or `{"name": "maya", "digest": "0a1b2c3d4e5f"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginRequest {
    /// By its name, in the version that serves at the time.
    Named(String),
    /// One version from beginning to end, however often others are saved.
    Pinned(PinnedPlugin),
}

/// One version of a plugin from beginning to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PinnedPlugin {
    /// The plugin's name, with a requirement on its version after an `@`. Default: the plugin for the scene's
    /// extension, or the one that the digest belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version's digest or the beginning of one, as `GET /plugins/{name}/versions` has them; or `serving`: the
    /// version that serves when the job is submitted.
    #[schema(value_type = String)]
    pub digest: DigestChoice,
}

/// Which version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum DigestChoice {
    /// The one that serves when the job is submitted.
    Serving,
    /// The one whose digest begins so.
    Digest(String),
}

const SERVING: &str = "serving";

impl From<String> for DigestChoice {
    fn from(text: String) -> Self {
        if text == SERVING { Self::Serving } else { Self::Digest(text) }
    }
}

impl From<DigestChoice> for String {
    fn from(choice: DigestChoice) -> Self {
        match choice {
            DigestChoice::Serving => SERVING.to_owned(),
            DigestChoice::Digest(digest) => digest,
        }
    }
}

impl Serialize for PluginRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(name) => serializer.serialize_str(name),
            Self::Pinned(pinned) => pinned.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PluginRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

/// By hand, so that what is wrong with either form is told as such.
struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = PluginRequest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plugin's name, or an object with its `name` and `digest`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<PluginRequest, E> {
        Ok(PluginRequest::Named(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PluginRequest, A::Error> {
        PinnedPlugin::deserialize(MapAccessDeserializer::new(map)).map(PluginRequest::Pinned)
    }
}

impl PartialSchema for PluginRequest {
    fn schema() -> RefOr<Schema> {
        OneOf::builder()
            .description(Some("A plugin's name, or one version of it from beginning to end."))
            .item(String::schema())
            .item(PinnedPlugin::schema())
            .into()
    }
}

impl ToSchema for PluginRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PluginRequest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn gpus_are_a_number_or_an_object() {
        let request =
            |count, memory: Option<u64>, required| GpuRequest { count, memory: memory.map(Bytes), required };
        for (json, expect, written) in [
            (json!(2), request(2, None, true), json!(2)),
            (json!(0), request(0, None, true), json!(0)),
            (json!({}), request(1, None, true), json!(1)),
            (
                json!({"count": 1, "memory": "12 GB", "required": false}),
                request(1, Some(12_000_000_000), false),
                json!({"count": 1, "memory": 12_000_000_000u64, "required": false}),
            ),
        ] {
            let read: GpuRequest = serde_json::from_value(json).unwrap();
            assert_eq!(read, expect);
            assert_eq!(serde_json::to_value(&read).unwrap(), written);
        }
        for (json, expect) in [
            (json!("2"), "expected a number of GPUs, or an object"),
            (json!(-1), "expected a number of GPUs"),
            (json!({"memory": "12"}), "`12` has no unit"),
            (json!({"number": 2}), "unknown field `number`"),
        ] {
            let error = serde_json::from_value::<GpuRequest>(json).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
    }

    #[test]
    fn a_plugin_is_a_name_or_one_version() {
        let pinned = |name: Option<&str>, digest| {
            PluginRequest::Pinned(PinnedPlugin { name: name.map(str::to_owned), digest })
        };
        for (json, expect) in [
            (json!("maya@^2"), PluginRequest::Named("maya@^2".into())),
            (
                json!({"name": "maya", "digest": "0a1b"}),
                pinned(Some("maya"), DigestChoice::Digest("0a1b".into())),
            ),
            (json!({"digest": "serving"}), pinned(None, DigestChoice::Serving)),
        ] {
            let read: PluginRequest = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(read, expect);
            assert_eq!(
                serde_json::to_value(&read).unwrap(),
                json,
                "keys for idempotency stay what they were"
            );
        }
        for (json, expect) in [
            (json!(7), "expected a plugin's name, or an object"),
            (json!({"name": "maya"}), "missing field `digest`"),
            (json!({"name": "maya", "digest": "0a", "pin": true}), "unknown field `pin`"),
        ] {
            let error = serde_json::from_value::<PluginRequest>(json).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
    }
}
