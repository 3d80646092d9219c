//! What a reader saw in a process's output.

use crate::Image;
use serde::Deserialize;

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth another try as it is: licence server busy, file locked, network.
    Transient,
    /// These frames will not render however often they are tried.
    FrameFatal,
    /// Nothing will render here: broken install, no GPU memory, disk full.
    WorkerFatal,
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
    /// The plugin itself.
    Plugin,
    /// None of these.
    Other,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// How bad.
    pub severity: Severity,
    /// What about.
    pub cause: Cause,
    /// For a person: what happened and, where it is known, what to do.
    pub message: String,
    /// Absent: it concerns the whole attempt.
    pub frame: Option<i32>,
    /// The licence, the GPU (its index or UUID) or the file that it is about, where the output names one.
    pub about: Option<String>,
}

/// A named fact about an attempt that is worth keeping: `device` = `CPU`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Such as `device`.
    pub name: String,
    /// Such as `CPU`.
    pub value: String,
}

/// One thing that a reader saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The DCC began this frame.
    FrameStarted(i32),
    /// Of the current frame, 0 to 1.
    Progress(f32),
    /// The DCC says that it wrote this image; the host verifies it before anyone believes it.
    FrameDone(Image),
    /// The DCC left this frame alone because its image was there; the host verifies that one too.
    FrameSkipped(Image),
    /// Worth showing, changes nothing.
    Warning(String),
    /// Something went wrong.
    Fault(Fault),
    /// Memory that the DCC says it holds now.
    MemoryBytes(u64),
    /// Worth keeping.
    Fact(Fact),
}

impl Event {
    /// A warning.
    #[must_use]
    pub fn warning(text: impl Into<String>) -> Self {
        Event::Warning(text.into())
    }

    /// A fact.
    #[must_use]
    pub fn fact(name: impl Into<String>, value: impl Into<String>) -> Self {
        Event::Fact(Fact { name: name.into(), value: value.into() })
    }

    /// A fault of the whole attempt.
    #[must_use]
    pub fn fault(severity: Severity, cause: Cause, message: impl Into<String>) -> Self {
        Event::Fault(Fault { severity, cause, message: message.into(), frame: None, about: None })
    }
}
