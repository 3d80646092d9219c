//! What the host hands in, as plain structs that a test can make: the job, the task, and how its process ended.

use crate::{Fact, Fault, FrameRuns, HookScript, Moment, PluginError};
use serde_json::{Map, Value};

/// A job, as submitted (in `validate`) or as it was kept (everywhere else).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Job {
    /// 0 while the job is only being validated.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// Absolute path of the scene or script.
    pub scene: String,
    /// Where the images go, as the DCC understands it; absent: the scene's own setting.
    pub output: Option<String>,
    /// Layers asked for; empty: what the scene has enabled, together.
    pub layers: Vec<String>,
    /// All of the job's frames; empty only in `validate`, where the job came without: the plugin then says what the
    /// scene says. There may be millions: look at the runs before expanding them.
    pub frames: FrameRuns,
    /// The options as JSON; [`Job::options`] reads them into a type.
    pub raw_options: Map<String, Value>,
    /// Images that are there and whole are not rendered again.
    pub skip_existing: bool,
    /// The studio's scripts that the job asks for. Those of frames are the plugin's to run, inside the DCC.
    pub hook_scripts: Vec<HookScript>,
    /// How paths of other systems are spelled here, the longest rule first. The job's own paths are mapped already;
    /// these are for paths inside the scene.
    pub path_map: Vec<PathRule>,
}

/// What begins with `spelled` begins with `here` on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// As another system spells it, with forward slashes.
    pub spelled: String,
    /// As this one does.
    pub here: String,
}

impl Job {
    /// The studio's scripts that run before or after each frame, for the plugin's generated script.
    pub fn frame_hooks(&self) -> impl Iterator<Item = &HookScript> {
        self.hook_scripts
            .iter()
            .filter(|hook| matches!(hook.moment, Moment::BeforeFrame | Moment::AfterFrame))
    }

    /// What is wrong with the output whatever the DCC; `otherwise` is where images go without one.
    #[must_use]
    pub fn output_problem(&self, otherwise: &str) -> Option<Problem> {
        let output = self.output.as_deref()?;
        let message = if output.trim().is_empty() {
            format!("the output is empty; leave it out to use {otherwise}")
        } else if output.starts_with('~') {
            "`~` is not expanded; write the whole path".to_owned()
        } else {
            return None;
        };
        Some(Problem::new("/output", message))
    }

    /// What is wrong with the job for a plugin that cannot run the studio's scripts around frames: each one of them.
    #[must_use]
    pub fn without_frame_hooks(&self) -> Vec<Problem> {
        let problem = |(index, hook): (usize, &HookScript)| {
            let message = format!(
                "this plugin cannot run `{}` {}, inside the DCC; run it before-task or after-task",
                hook.name,
                hook.moment.name()
            );
            Problem::new(format!("/hooks/{index}/at"), message)
        };
        let is_of_frame = |hook: &HookScript| matches!(hook.moment, Moment::BeforeFrame | Moment::AfterFrame);
        self.hook_scripts.iter().enumerate().filter(|(_, hook)| is_of_frame(hook)).map(problem).collect()
    }

    /// The job as it is, for a plugin that has nothing to change.
    #[must_use]
    pub fn prepared(&self) -> PreparedJob {
        PreparedJob {
            layers: self.layers.clone(),
            frames: self.frames.clone(),
            output: self.output.clone(),
            options: self.raw_options.clone(),
            whole: false,
            licences: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// A GPU leased to a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gpu {
    /// In PCI bus order.
    pub index: u32,
    /// Such as `GPU-8932f937-…`.
    pub uuid: String,
    /// Such as `NVIDIA H200`.
    pub name: String,
    /// Total memory in bytes.
    pub memory_bytes: u64,
}

/// A program that the task may run, as the host found it on this node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tool {
    /// Its id in the plugin's descriptor.
    pub id: String,
    /// Where it is.
    pub path: String,
    /// The DCC's version, where it could be read.
    pub version: Option<String>,
}

/// Some frames of one layer of one job, on one node, with what is leased for them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Task {
    /// The job.
    pub job: Job,
    /// The attempt's id; it only grows.
    pub attempt: u64,
    /// Frames to render, in the shape that the level asks for.
    pub frames: FrameRuns,
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// Index into the descriptor's levels.
    pub level: u32,
    /// 1 on the first try of these frames at this level.
    pub try_number: u32,
    /// CPU threads leased.
    pub threads: u32,
    /// Bytes of memory leased; 0 where the node does not count memory.
    pub memory_bytes: u64,
    /// GPUs leased: its process sees no others.
    pub gpus: Vec<Gpu>,
    /// Programs found.
    pub tools: Vec<Tool>,
    /// A directory of this attempt's own for scripts and temporary files.
    pub scratch: String,
    /// An empty directory of this attempt's own, on the file system of the output, for the images.
    pub staging: String,
}

impl Task {
    /// The leased GPU, where it is just one: what goes wrong on a GPU then goes wrong on that one.
    #[must_use]
    pub fn only_gpu(&self) -> Option<&Gpu> {
        match self.gpus.as_slice() {
            [gpu] => Some(gpu),
            _ => None,
        }
    }

    /// One of the programs that were found.
    ///
    /// # Errors
    /// The host offers no such tool: the level that is being built does not name it.
    pub fn tool(&self, id: &str) -> Result<&Tool, PluginError> {
        self.tools.iter().find(|tool| tool.id == id).ok_or_else(|| {
            PluginError::new(format!(
                "the host offers no tool `{id}`; name it in the tools of level {}",
                self.level
            ))
        })
    }
}

/// What `validate` made of a job: the job as it will be kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreparedJob {
    /// Layers, each rendered on its own; empty: what the scene has enabled, together.
    pub layers: Vec<String>,
    /// As submitted; where the job came without frames, those that the scene says, or none where it does not tell.
    pub frames: FrameRuns,
    /// Where the images go; absent: the scene's own setting.
    pub output: Option<String>,
    /// Options, valid against the schema.
    pub options: Map<String, Value>,
    /// One process must render the whole layer: a movie, or a simulation that cannot start in the middle.
    pub whole: bool,
    /// Names of the licences that its tasks take, such as `arnold`: a fault about one of them holds every job that
    /// needs it, and no other.
    pub licences: Vec<String>,
    /// What a person should know before it starts, one sentence each.
    pub notes: Vec<String>,
}

/// One thing that is wrong with a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer into the job, such as `/options/samples`.
    pub field: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Problem {
    /// A problem.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Why a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndedBy {
    /// By itself, with an exit code or a signal.
    #[default]
    Itself,
    /// The host killed it: it ran over its time limit.
    TimeLimit,
    /// The host killed it: no output, no CPU use and no new file for too long.
    Stall,
    /// The machine or the shim went away.
    Lost,
}

/// How a task's process ended, with what the host saw.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The exit code, where it ended with one.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Why it ended.
    pub ended_by: EndedBy,
    /// From the start to the end of the whole process tree.
    pub seconds: f64,
    /// Frames whose image the host verified.
    pub frames_done: FrameRuns,
    /// The task's other frames.
    pub frames_missing: FrameRuns,
    /// Faults that the reader saw, and those that the host found while verifying.
    pub faults: Vec<Fault>,
    /// Facts that the reader saw.
    pub facts: Vec<Fact>,
}

impl Outcome {
    /// The value of a fact that the reader saw; the last one where there are several.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().rev().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
    }
}
