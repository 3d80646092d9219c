//! The plugin contract as plain host-side types: `wit/v0` without WebAssembly.
//!
//! The plugin engine converts between these and the generated bindings, so nothing else in the host knows which
//! major of the contract a plugin speaks.

use crate::hooks::HookScript;
use crate::{AttemptId, EndedBy, FrameSet, JobId, Seconds};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use utoipa::ToSchema;

/// Which frames one process can take at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrameShape {
    /// Any set of frames.
    Any,
    /// One run with a fixed step.
    Stepped,
    /// One frame a process.
    Single,
}

/// One way to render a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Level {
    /// Such as `render`; jobs name it.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Ids of the tools that this level needs.
    pub tools: Vec<String>,
    /// Which frames one process takes.
    pub frames: FrameShape,
}

/// How the host finds a program that a plugin may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolSpec {
    /// Such as `mayapy`.
    pub id: String,
    /// Names to look for on PATH.
    pub names: Vec<String>,
    /// Install places to look at.
    pub globs: Vec<String>,
    /// Arguments that make it print its version; empty: read it from the path.
    pub version_args: Vec<String>,
}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Descriptor {
    /// What jobs and configuration call it.
    pub name: String,
    /// Its own version.
    #[schema(value_type = String)]
    pub version: semver::Version,
    /// One line.
    pub summary: String,
    /// Scene-file extensions that select it, lower case, without the dot.
    pub extensions: Vec<String>,
    /// DCC versions that it supports.
    #[schema(value_type = String)]
    pub supports: semver::VersionReq,
    /// Programs that it may run.
    pub tools: Vec<ToolSpec>,
    /// Ways to render, preferred first; never empty.
    pub levels: Vec<Level>,
    /// JSON Schema of a job's `options`.
    #[schema(value_type = Object)]
    pub options_schema: serde_json::Value,
}

/// A program found on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tool {
    /// Its id in the plugin's descriptor.
    pub id: String,
    /// Where it is.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// The DCC's version, where it could be read.
    pub version: Option<String>,
}

/// A GPU leased to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gpu {
    /// In PCI bus order.
    pub index: u32,
    /// NVML's `GPU-…`.
    pub uuid: String,
    /// Such as `NVIDIA H200`.
    pub name: String,
    /// Total memory in bytes.
    pub memory_bytes: u64,
}

/// The job as a plugin sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobContext {
    /// 0 while the job is only being validated.
    pub id: JobId,
    /// The job's name.
    pub name: String,
    /// Absolute path of the scene.
    pub scene: PathBuf,
    /// Where the images go.
    pub output: Option<String>,
    /// Layers asked for; empty: what the scene has enabled.
    pub layers: Vec<String>,
    /// All of the job's frames; empty only while a job that came without is being validated.
    pub frames: FrameSet,
    /// JSON object.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// Whether whole images that are there are left alone.
    pub skip_existing: bool,
    /// The studio's scripts that the job asks for.
    #[serde(default)]
    pub hook_scripts: Vec<HookScript>,
    /// How paths of other systems are spelled here, the longest rule first.
    #[serde(default)]
    pub path_map: Vec<PathRule>,
}

/// What begins with `spelled` begins with `here` on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathRule {
    /// As another system spells it, with forward slashes.
    pub spelled: String,
    /// As this one does.
    pub here: String,
}

/// The task as a plugin sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskContext {
    /// The job.
    pub job: std::sync::Arc<JobContext>,
    /// The fencing id.
    pub attempt: AttemptId,
    /// Frames to render.
    pub frames: FrameSet,
    /// The layer, where the job names some.
    pub layer: Option<String>,
    /// Index into the descriptor's levels.
    pub level: u32,
    /// 1 on the first try at this level.
    pub try_number: u32,
    /// CPU threads leased.
    pub threads: u32,
    /// Bytes of memory leased; 0 where the node does not count memory.
    pub memory_bytes: u64,
    /// GPUs leased.
    pub gpus: Vec<Gpu>,
    /// Programs found.
    pub tools: Vec<Tool>,
    /// For scripts and temporary files.
    pub scratch: PathBuf,
    /// For images that are not verified yet.
    pub staging: PathBuf,
}

/// What `validate` made of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedJob {
    /// Layers to render.
    pub layers: Vec<String>,
    /// As submitted, or those that the scene says.
    pub frames: FrameSet,
    /// Where the images go.
    pub output: Option<String>,
    /// Options with the plugin's defaults.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// One process must render a whole layer.
    pub whole: bool,
    /// Names of the licences that its tasks take.
    pub licences: Vec<String>,
    /// What a person should know before it starts.
    pub notes: Vec<String>,
}

/// One thing that is wrong with a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// JSON pointer into the job.
    pub field: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// A text file written before a command runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFile {
    /// Inside the task's scratch directory, or a new file in the scene's directory or below.
    pub path: PathBuf,
    /// The whole text.
    pub contents: String,
    /// Removed once the task succeeded.
    pub remove_on_success: bool,
}

/// One image that a DCC writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageOutput {
    /// The frame it shows.
    pub frame: i32,
    /// Where the DCC writes it.
    pub path: PathBuf,
    /// Where the host moves it once verified; absent: it stays.
    pub place: Option<PathBuf>,
}

/// One movie that a DCC writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovieOutput {
    /// Where the DCC writes it.
    pub path: PathBuf,
    /// Where the host moves it once verified; absent: it stays.
    pub place: Option<PathBuf>,
    /// Frames it holds.
    pub frames: FrameSet,
}

/// What should exist after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// One frame.
    Image(ImageOutput),
    /// Many frames in one file.
    Movie(MovieOutput),
}

/// What makes a frame of a command count as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// Its image exists, is newer than the attempt, and decodes to its end.
    #[default]
    Images,
    /// The tool makes no images: exit code 0 is all there is to know, and it settles all of the task's frames.
    ExitCode,
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Id of one of the task's tools.
    pub tool: String,
    /// Arguments as a vector; no shell ever sees them.
    pub args: Vec<String>,
    /// Added to the host's render environment.
    pub env: Vec<(String, String)>,
    /// Absent: the scratch directory.
    pub cwd: Option<PathBuf>,
    /// Written before the program starts.
    pub files: Vec<TextFile>,
    /// What should exist afterwards, where it is known before.
    pub outputs: Vec<Output>,
    /// What makes a frame count as done.
    pub verify: Verify,
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth another try as it is.
    Transient,
    /// These frames will not render however often they are tried.
    FrameFatal,
    /// Nothing will render here.
    WorkerFatal,
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A licence could not be had.
    Licence,
    /// Host or GPU memory ran out.
    Memory,
    /// A scene, texture or library is not there.
    MissingFile,
    /// A script raised.
    Script,
    /// The DCC crashed.
    Crash,
    /// A time limit, or no sign of life.
    Timeout,
    /// Disk full, no permission.
    Disk,
    /// The GPU, its driver or its choice.
    Gpu,
    /// What the scene asks for cannot be rendered: no camera, no such layer.
    Scene,
    /// The plugin itself: it trapped, timed out, or contradicted itself.
    Plugin,
    /// None of these.
    Other,
}

impl fmt::Display for Severity {
    /// As in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Transient => "transient",
            Severity::FrameFatal => "frame-fatal",
            Severity::WorkerFatal => "worker-fatal",
        })
    }
}

impl fmt::Display for Cause {
    /// As in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Licence => "licence",
            Cause::Memory => "memory",
            Cause::MissingFile => "missing-file",
            Cause::Script => "script",
            Cause::Crash => "crash",
            Cause::Timeout => "timeout",
            Cause::Disk => "disk",
            Cause::Gpu => "gpu",
            Cause::Scene => "scene",
            Cause::Plugin => "plugin",
            Cause::Other => "other",
        })
    }
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// How bad.
    pub severity: Severity,
    /// What about.
    pub cause: Cause,
    /// For a person.
    pub message: String,
    /// Absent: it concerns the whole attempt.
    pub frame: Option<i32>,
    /// The licence, the GPU (its index or UUID) or the file that it is about, where the output names one.
    #[serde(default)]
    pub about: Option<String>,
}

/// A named fact about an attempt, such as `device` = `CPU`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// Such as `device`.
    pub name: String,
    /// Such as `CPU`.
    pub value: String,
}

impl Fact {
    /// Whether it says that the DCC renders on the CPU: `device` is `CPU`, or begins so.
    #[must_use]
    pub fn says_cpu(&self) -> bool {
        self.name == "device" && self.value.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("cpu"))
    }
}

/// What a reader saw in a process's output.
#[derive(Debug, Clone, PartialEq)]
pub enum ReaderEvent {
    /// The DCC began this frame.
    FrameStarted(i32),
    /// Of the current frame, 0 to 1.
    Progress(f32),
    /// The DCC says that it wrote this image.
    FrameDone(ImageOutput),
    /// The DCC left this frame alone because its image was there.
    FrameSkipped(ImageOutput),
    /// Worth showing, changes nothing.
    Warning(String),
    /// Something went wrong.
    Fault(Fault),
    /// Memory that the DCC says it holds.
    MemoryBytes(u64),
    /// Worth keeping.
    Fact(Fact),
}

/// How an attempt's process ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// The exit code, where it ended with one.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// From start to the end of the whole process tree.
    pub seconds: Seconds,
    /// Frames whose image the host verified.
    pub frames_done: FrameSet,
    /// The attempt's other frames.
    pub frames_missing: FrameSet,
    /// Faults that the reader saw and that the host found.
    pub faults: Vec<Fault>,
    /// Facts that the reader saw.
    pub facts: Vec<Fact>,
    /// What its process tree took.
    #[serde(default)]
    pub usage: crate::Usage,
}

/// What should happen to the frames that an attempt left undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Decision {
    /// What is done is done; the rest goes back to the queue.
    Accept,
    /// The missing frames again at this level.
    Retry {
        /// After this long.
        after_ms: u32,
    },
    /// The missing frames at the next level.
    FallBack,
    /// The missing frames fail; the job goes on.
    FailFrames,
    /// The job fails.
    FailJob,
    /// This node takes no more of this plugin's tasks for a while; where the fault names a GPU, only that GPU does
    /// not.
    QuarantineNode,
    /// The missing frames go back, and the job waits until a person lets it go on.
    HoldJob,
}

impl Decision {
    /// As in JSON, without the time of a retry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Decision::Accept => "accept",
            Decision::Retry { .. } => "retry",
            Decision::FallBack => "fall-back",
            Decision::FailFrames => "fail-frames",
            Decision::FailJob => "fail-job",
            Decision::QuarantineNode => "quarantine-node",
            Decision::HoldJob => "hold-job",
        }
    }
}

/// A decision with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// What to do.
    pub decision: Decision,
    /// Why, in one sentence.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_a_device_whatever_comes_after_it() {
        let says =
            |name: &str, value: &str| Fact { name: name.to_owned(), value: value.to_owned() }.says_cpu();
        for value in ["CPU", "cpu", "CPU (32 threads)"] {
            assert!(says("device", value), "{value}");
        }
        for value in ["OPTIX", "CUDA, CPU", "none", "CP", "", "größe"] {
            assert!(!says("device", value), "{value}");
        }
        assert!(!says("denoiser", "CPU"));
    }

    #[test]
    fn names_are_those_of_json() {
        use Cause::{Crash, Disk, Gpu, Licence, Memory, MissingFile, Other, Plugin, Scene, Script, Timeout};
        for cause in [Licence, Memory, MissingFile, Script, Crash, Timeout, Disk, Gpu, Scene, Plugin, Other] {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.to_string());
        }
        for severity in [Severity::Transient, Severity::FrameFatal, Severity::WorkerFatal] {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.to_string());
        }
        use Decision::{Accept, FailFrames, FailJob, FallBack, HoldJob, QuarantineNode, Retry};
        for decision in
            [Accept, Retry { after_ms: 5 }, FallBack, FailFrames, FailJob, QuarantineNode, HoldJob]
        {
            assert_eq!(serde_json::to_value(decision).unwrap()["kind"], decision.name());
        }
        use EndedBy::{Cancel, DaemonStop, Itself, Lost, Stall, TimeLimit};
        for by in [Itself, TimeLimit, Stall, Cancel, DaemonStop, Lost] {
            assert_eq!(serde_json::to_value(by).unwrap(), by.to_string());
        }
    }
}
