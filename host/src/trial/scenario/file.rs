//! A scenario as a file: every key of it, strictly.

use farmhand_model::dcc::{Descriptor, Gpu, JobContext, TaskContext, Tool};
use farmhand_model::{AttemptId, EndedBy, FrameSet, JobId};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a text stands for the directory of the scenario's own file.
pub(super) const HERE: &str = "{here}";

/// Why a file is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", place(path, *line))]
pub struct ScenarioError {
    /// The file.
    pub path: PathBuf,
    /// The line that it is about, where there is one.
    pub line: Option<usize>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

fn place(path: &Path, line: Option<usize>) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}", path.display())
}

/// What a plugin is given, and what is expected of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its file.
    pub path: PathBuf,
    /// What it shows, for people.
    pub about: String,
    /// What the plugin is given.
    pub given: Given,
    /// What should come of it.
    pub expectations: Expectations,
}

/// What one scenario gives to a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The job, as it would be submitted.
    pub job: JobContext,
    /// The layer that the task renders.
    pub layer: Option<String>,
    /// At which level it is rendered.
    pub level: LevelChoice,
    /// Which try it is.
    pub try_number: u32,
    /// CPU threads leased.
    pub threads: u32,
    /// GPUs leased, by their UUIDs; their indexes count from 0.
    pub gpus: Vec<String>,
    /// Programs found; absent: one for each tool of the level, under `/opt`.
    pub tools: Option<Vec<Tool>>,
    /// The task's own directory.
    pub scratch: PathBuf,
    /// Where unverified images go.
    pub staging: PathBuf,
    /// What was printed; absent: nothing ran.
    pub log: Option<Vec<String>>,
    /// How the process ended.
    pub end: super::super::ProcessEnd,
    /// Frames whose images were verified.
    pub done: FrameSet,
}

/// A level by its place or its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LevelChoice {
    /// From 0.
    Index(u32),
    /// As the descriptor calls it.
    Name(String),
}

/// One expectation of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What the plugin refuses the job with.
    Problems,
    /// The job as it will be kept.
    Prepared,
    /// What it would run.
    Command,
    /// What it wants done around the job and the task.
    Hooks,
    /// What it reads out of the log, and its verdict.
    Expect,
}

impl Part {
    /// All of them, in the order in which they come about.
    pub const ALL: [Part; 5] = [Part::Problems, Part::Prepared, Part::Command, Part::Hooks, Part::Expect];

    /// Its key in the file.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Part::Problems => "problems",
            Part::Prepared => "prepared",
            Part::Command => "command",
            Part::Hooks => "hooks",
            Part::Expect => "expect",
        }
    }
}

/// What is expected, by part.
pub type Expectations = BTreeMap<Part, String>;

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or no scenario: the key, its line, and what is allowed.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let failed = |line, message| ScenarioError { path: path.to_owned(), line, message };
        let text = std::fs::read_to_string(path).map_err(|error| failed(None, error.to_string()))?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file with this name.
    ///
    /// # Errors
    /// As [`Scenario::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ScenarioError> {
        let failed = |line, message| ScenarioError { path: path.to_owned(), line, message };
        let file: File = if is_json(path) {
            serde_json::from_str(text).map_err(|error| {
                let message = error.to_string();
                // It ends in the place, which is said in front already.
                let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
                failed(Some(error.line()), message)
            })?
        } else {
            toml::from_str(text).map_err(|error| {
                let line = error.span().and_then(|span| text.get(..span.start));
                failed(line.map(|before| before.matches('\n').count() + 1), error.message().to_owned())
            })?
        };
        let here = path.parent().unwrap_or(Path::new("")).display().to_string();
        Ok(file.placed(path.to_owned(), &here))
    }

    /// What people call it: the file's name without its endings.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        name.strip_suffix(".scenario").map(str::to_owned).unwrap_or(name)
    }
}

impl Given {
    /// The task that a plugin with this descriptor is given.
    ///
    /// # Errors
    /// It has no such level.
    pub fn task(&self, job: Arc<JobContext>, descriptor: &Descriptor) -> Result<TaskContext, String> {
        let levels = &descriptor.levels;
        let index = match &self.level {
            LevelChoice::Index(index) => *index as usize,
            LevelChoice::Name(name) => {
                levels.iter().position(|level| level.name == *name).unwrap_or(levels.len())
            }
        };
        let Some(level) = levels.get(index) else {
            let names: Vec<&str> = levels.iter().map(|level| level.name.as_str()).collect();
            return Err(format!("there is no level {}; this plugin has {}", self.level, names.join(", ")));
        };
        let found = |id: &String| Tool { id: id.clone(), path: Path::new("/opt").join(id), version: None };
        Ok(TaskContext {
            attempt: AttemptId(7),
            frames: job.frames.clone(),
            layer: self.layer.clone().or_else(|| job.layers.first().cloned()),
            level: index as u32,
            try_number: self.try_number,
            threads: self.threads,
            memory_bytes: 0,
            gpus: (0..).zip(&self.gpus).map(|(index, uuid)| gpu(index, uuid)).collect(),
            tools: self.tools.clone().unwrap_or_else(|| level.tools.iter().map(found).collect()),
            scratch: self.scratch.clone(),
            staging: self.staging.clone(),
            job,
        })
    }
}

/// A GPU of which a scenario says nothing more.
fn gpu(index: u32, uuid: &str) -> Gpu {
    Gpu { index, uuid: uuid.to_owned(), name: String::new(), memory_bytes: 0 }
}

impl fmt::Display for LevelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LevelChoice::Index(index) => write!(f, "{index}"),
            LevelChoice::Name(name) => write!(f, "`{name}`"),
        }
    }
}

pub(super) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// The keys of a file, as people write them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    about: String,
    #[serde(default = "name")]
    name: String,
    #[serde(default = "scene")]
    scene: String,
    output: Option<String>,
    #[serde(default)]
    layers: Vec<String>,
    layer: Option<String>,
    #[serde(default)]
    frames: FrameSet,
    #[serde(default)]
    options: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    skip_existing: bool,
    #[serde(default)]
    level: LevelChoice,
    #[serde(default = "one", rename = "try")]
    try_number: u32,
    #[serde(default = "four")]
    threads: u32,
    #[serde(default)]
    gpus: Vec<String>,
    tools: Option<BTreeMap<String, ToolEntry>>,
    #[serde(default = "scratch")]
    scratch: String,
    #[serde(default = "staging")]
    staging: String,
    log: Option<Text>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    #[serde(default = "itself")]
    ended_by: EndedBy,
    #[serde(default)]
    done: FrameSet,
    #[expect(dead_code, reason = "the Rust SDK asks a DCC on the test's machine again")]
    ask_again: Option<String>,
    problems: Option<Text>,
    prepared: Option<Text>,
    command: Option<Text>,
    hooks: Option<Text>,
    expect: Option<Text>,
}

fn name() -> String {
    "case".to_owned()
}

fn scene() -> String {
    "/show/shot/scene".to_owned()
}

fn one() -> u32 {
    1
}

fn four() -> u32 {
    4
}

fn scratch() -> String {
    "/farm/attempts/7/scratch".to_owned()
}

fn staging() -> String {
    "/show/out/.staging/7".to_owned()
}

fn itself() -> EndedBy {
    EndedBy::Itself
}

impl File {
    fn placed(self, path: PathBuf, here: &str) -> Scenario {
        let placed = |text: String| text.replace(HERE, here);
        let mut options = self.options;
        options.values_mut().for_each(|value| place_in(value, here));
        let layers = if self.layers.is_empty() { self.layer.iter().cloned().collect() } else { self.layers };
        let job = JobContext {
            id: JobId(1),
            name: self.name,
            scene: placed(self.scene).into(),
            output: self.output.map(placed),
            layers,
            frames: self.frames,
            options,
            skip_existing: self.skip_existing,
            hook_scripts: Vec::new(),
            path_map: Vec::new(),
        };
        let tool = |(id, entry): (String, ToolEntry)| Tool {
            id,
            path: placed(entry.path).into(),
            version: entry.version,
        };
        let given = Given {
            job,
            layer: self.layer,
            level: self.level,
            try_number: self.try_number,
            threads: self.threads,
            gpus: self.gpus,
            tools: self.tools.map(|tools| tools.into_iter().map(tool).collect()),
            scratch: placed(self.scratch).into(),
            staging: placed(self.staging).into(),
            log: self.log.map(|Text(text)| text.split_terminator('\n').map(str::to_owned).collect()),
            end: super::super::ProcessEnd {
                exit_code: self.exit_code,
                signal: self.signal,
                ended_by: self.ended_by,
                seconds: farmhand_model::Seconds(60.0),
            },
            done: self.done,
        };
        let expectations = [
            (Part::Problems, self.problems),
            (Part::Prepared, self.prepared),
            (Part::Command, self.command),
            (Part::Hooks, self.hooks),
            (Part::Expect, self.expect),
        ];
        let expectations =
            expectations.into_iter().filter_map(|(part, text)| Some((part, text?.0.trim().to_owned())));
        Scenario { path, about: self.about, given, expectations: expectations.collect() }
    }
}

fn place_in(value: &mut serde_json::Value, here: &str) {
    match value {
        serde_json::Value::String(text) => *text = text.replace(HERE, here),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| place_in(item, here)),
        serde_json::Value::Object(table) => table.values_mut().for_each(|value| place_in(value, here)),
        _ => {}
    }
}

/// A text, or its lines one by one, which JSON has no better way to write.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lines;
        impl<'de> Visitor<'de> for Lines {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of its lines")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<Text, A::Error> {
                let mut text = String::new();
                while let Some(line) = lines.next_element::<String>()? {
                    text.push_str(&line);
                    text.push('\n');
                }
                Ok(Text(text))
            }
        }
        deserializer.deserialize_any(Lines)
    }
}

impl Default for LevelChoice {
    /// The first one.
    fn default() -> Self {
        LevelChoice::Index(0)
    }
}

impl<'de> Deserialize<'de> for LevelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = LevelChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a level's name, or its place from 0")
            }

            fn visit_str<E>(self, name: &str) -> Result<LevelChoice, E> {
                Ok(LevelChoice::Name(name.to_owned()))
            }

            fn visit_i64<E: serde::de::Error>(self, index: i64) -> Result<LevelChoice, E> {
                u32::try_from(index)
                    .map(LevelChoice::Index)
                    .map_err(|_| E::custom("a level's place is from 0"))
            }

            fn visit_u64<E: serde::de::Error>(self, index: u64) -> Result<LevelChoice, E> {
                u32::try_from(index).map(LevelChoice::Index).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A program that was found: its path, or its path and its version.
struct ToolEntry {
    path: String,
    version: Option<String>,
}

impl<'de> Deserialize<'de> for ToolEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            path: String,
            version: Option<String>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ToolEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the program's path, or a table with its `path` and `version`")
            }

            fn visit_str<E>(self, path: &str) -> Result<ToolEntry, E> {
                Ok(ToolEntry { path: path.to_owned(), version: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ToolEntry, A::Error> {
                let Table { path, version } = Table::deserialize(MapAccessDeserializer::new(map))?;
                if path.is_empty() {
                    return Err(A::Error::custom("a program's path is not empty"));
                }
                Ok(ToolEntry { path, version })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"
about = "a frame of two layers"
name = "shot"
scene = "{here}/shot.lum"
layers = ["fg", "bg"]
frames = "1-3"
options = { samples = 4, texture = ["{here}/wood.png"] }
level = "safe"
threads = 8
gpus = ["GPU-8932f937"]
tools = { lumen = "/opt/lumen/lumen" }
exit_code = 1
done = "1"
log = '''
line one
line two
'''
expect = '''
verdict accept: fine
'''
"#;

    #[test]
    fn toml_and_json_say_the_same() {
        let json = serde_json::json!({
            "about": "a frame of two layers", "name": "shot", "scene": "{here}/shot.lum",
            "layers": ["fg", "bg"], "frames": "1-3",
            "options": {"samples": 4, "texture": ["{here}/wood.png"]},
            "level": "safe", "threads": 8, "gpus": ["GPU-8932f937"], "tools": {"lumen": {"path": "/opt/lumen/lumen"}},
            "exit_code": 1, "done": "1", "log": ["line one", "line two"],
            "expect": "verdict accept: fine",
        });
        let toml = Scenario::parse(Path::new("/s/a.scenario.toml"), TOML).unwrap();
        let json = Scenario::parse(Path::new("/s/a.scenario.json"), &json.to_string()).unwrap();
        assert_eq!((toml.name(), json.name()), ("a".to_owned(), "a".to_owned()));
        assert_eq!(toml.given, json.given);
        assert_eq!(toml.expectations, json.expectations);
        assert_eq!(toml.given.job.scene, Path::new("/s/shot.lum"));
        assert_eq!(toml.given.job.options["texture"], serde_json::json!(["/s/wood.png"]));
        assert_eq!(toml.given.log.as_deref().map(<[String]>::len), Some(2));
        assert_eq!(toml.expectations[&Part::Expect], "verdict accept: fine");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let check = |name: &str, text: &str, line: usize, expect: &str| {
            let error = Scenario::parse(Path::new(name), text).unwrap_err();
            assert_eq!(error.line, Some(line), "{error}");
            assert!(error.to_string().contains(expect), "{error}");
        };
        check("a.toml", "frames = \"1\"\nlogg = \"x\"\n", 2, "unknown field `logg`, expected one of `about`");
        check("a.json", "{\n \"logg\": 1\n}", 2, "unknown field `logg`, expected one of `about`");
        check("a.toml", "about = \"x\"\nframes = \"1-\"\n", 2, "a.toml:2: column 3");
        check("a.toml", "level = true\n", 1, "a level's name, or its place from 0");
        check("a.json", "{\"log\": 3}", 1, "a text, or a list of its lines");
        check("a.toml", "tools = { lumen = { paht = \"x\" } }", 1, "unknown field `paht`");
        check("a.toml", "ended_by = \"boredom\"", 1, "unknown variant `boredom`, expected one of `itself`");
        check("a.toml", "frames = \"1\"\nabout = \n", 2, "a.toml:2");
    }

    #[test]
    fn a_level_that_is_not_there_is_named_with_those_that_are() {
        let scenario = Scenario::parse(Path::new("a.toml"), "level = \"best\"").unwrap();
        let level = |name: &str| farmhand_model::dcc::Level {
            name: name.to_owned(),
            summary: String::new(),
            tools: vec!["lumen".to_owned()],
            frames: farmhand_model::dcc::FrameShape::Any,
        };
        let descriptor = Descriptor {
            name: "lumen".to_owned(),
            version: semver::Version::new(1, 0, 0),
            summary: String::new(),
            extensions: Vec::new(),
            supports: semver::VersionReq::STAR,
            tools: Vec::new(),
            levels: vec![level("render"), level("safe")],
            options_schema: serde_json::Value::Null,
        };
        let job = Arc::new(scenario.given.job.clone());
        let error = scenario.given.task(Arc::clone(&job), &descriptor).unwrap_err();
        assert_eq!(error, "there is no level `best`; this plugin has render, safe");
        let scenario = Scenario::parse(Path::new("a.toml"), "level = \"safe\"").unwrap();
        let task = scenario.given.task(job, &descriptor).unwrap();
        assert_eq!((task.level, task.tools[0].path.as_path()), (1, Path::new("/opt/lumen")));
    }
}
