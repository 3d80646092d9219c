//! What a generated Python script tells farmhand: one line that begins with `@farmhand` and holds a JSON object.
//! [`PRELUDE`] is the Python side, [`parse`] the other.
//!
//! Nothing here is believed because it was reported: an image counts once the host has verified it.

use crate::{Cause, Event, Fault, Image, Severity};
use serde::Deserialize;

/// What a generated script begins with: `report(event, …)`, `log(message)`, `fault(…)`, `stop(cause, message)`,
/// `what_is_wrong_with(path)` and `FrameHooks(scripts).run(moment, frame, …)`. Python 3.7 and newer, standard library
/// only.
pub const PRELUDE: &str = include_str!("report.py");

/// The fact that a hook asked for the job to be held; its value is the reason. [`policy::standard`](crate::policy)
/// knows it.
pub const HOLD: &str = "hold";

/// What a script told.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// It began this frame.
    FrameStarted(i32),
    /// Of the current frame, 0 to 1.
    Progress(f32),
    /// It wrote this image.
    FrameDone {
        /// Of which frame.
        frame: i32,
        /// Where.
        path: String,
    },
    /// It left this image alone.
    FrameSkipped {
        /// Of which frame.
        frame: i32,
        /// Where.
        path: String,
    },
    /// Worth showing.
    Warning(String),
    /// Something went wrong.
    Fault(Fault),
    /// Worth keeping.
    Fact {
        /// Such as `maya`.
        name: String,
        /// Such as `2024`.
        value: String,
    },
    /// A hook wants a person to look before the job goes on.
    Hold(String),
}

impl Report {
    /// As a reader's event; `image` knows where an image belongs.
    pub fn into_event(self, image: impl FnOnce(i32, String) -> Image) -> Event {
        match self {
            Report::FrameStarted(frame) => Event::FrameStarted(frame),
            Report::Progress(part) => Event::Progress(part),
            Report::FrameDone { frame, path } => Event::FrameDone(image(frame, path)),
            Report::FrameSkipped { frame, path } => Event::FrameSkipped(image(frame, path)),
            Report::Warning(message) => Event::Warning(message),
            Report::Fault(fault) => Event::Fault(fault),
            Report::Fact { name, value } => Event::fact(name, value),
            Report::Hold(message) => Event::fact(HOLD, message),
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Wire {
    FrameStarted {
        frame: i32,
    },
    Progress {
        part: f32,
    },
    FrameDone {
        frame: i32,
        path: String,
    },
    FrameSkipped {
        frame: i32,
        path: String,
    },
    Warning {
        message: String,
    },
    Fault {
        severity: WireSeverity,
        cause: WireCause,
        message: String,
        frame: Option<i32>,
        about: Option<String>,
    },
    Fact {
        name: String,
        value: String,
    },
    Hold {
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WireSeverity {
    Transient,
    FrameFatal,
    WorkerFatal,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WireCause {
    Licence,
    Memory,
    MissingFile,
    Script,
    Crash,
    Timeout,
    Disk,
    Gpu,
    Scene,
    Plugin,
    Other,
}

/// What the line reports; `None` for every line that is no report, which are most. A report that cannot be read is
/// a warning, so that a script's mistake shows.
#[must_use]
pub fn parse(line: &str) -> Option<Report> {
    let json = line.trim_start().strip_prefix("@farmhand ")?;
    Some(match serde_json::from_str(json) {
        Ok(Wire::FrameStarted { frame }) => Report::FrameStarted(frame),
        Ok(Wire::Progress { part }) => Report::Progress(part.clamp(0.0, 1.0)),
        Ok(Wire::FrameDone { frame, path }) => Report::FrameDone { frame, path },
        Ok(Wire::FrameSkipped { frame, path }) => Report::FrameSkipped { frame, path },
        Ok(Wire::Warning { message }) => Report::Warning(message),
        Ok(Wire::Fact { name, value }) => Report::Fact { name, value },
        Ok(Wire::Hold { message }) => Report::Hold(message),
        Ok(Wire::Fault { severity, cause, message, frame, about }) => {
            Report::Fault(Fault { severity: severity.into(), cause: cause.into(), message, frame, about })
        }
        Err(error) => {
            Report::Warning(format!("a generated script reported what nobody understands ({error}): {json}"))
        }
    })
}

impl From<WireSeverity> for Severity {
    fn from(severity: WireSeverity) -> Self {
        match severity {
            WireSeverity::Transient => Severity::Transient,
            WireSeverity::FrameFatal => Severity::FrameFatal,
            WireSeverity::WorkerFatal => Severity::WorkerFatal,
        }
    }
}

impl From<WireCause> for Cause {
    fn from(cause: WireCause) -> Self {
        match cause {
            WireCause::Licence => Cause::Licence,
            WireCause::Memory => Cause::Memory,
            WireCause::MissingFile => Cause::MissingFile,
            WireCause::Script => Cause::Script,
            WireCause::Crash => Cause::Crash,
            WireCause::Timeout => Cause::Timeout,
            WireCause::Disk => Cause::Disk,
            WireCause::Gpu => Cause::Gpu,
            WireCause::Scene => Cause::Scene,
            WireCause::Plugin => Cause::Plugin,
            WireCause::Other => Cause::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read_and_other_lines_are_not() {
        let check = |line: &str, expect: Option<Report>| assert_eq!(parse(line), expect, "{line}");
        check("Rendering frame 3", None);
        check("@farmhandle {}", None);
        check(r#"@farmhand {"event": "frame-started", "frame": -3}"#, Some(Report::FrameStarted(-3)));
        check(
            r#"@farmhand {"event": "frame-done", "frame": 3, "path": "/a b/\"3\".exr"}"#,
            Some(Report::FrameDone { frame: 3, path: "/a b/\"3\".exr".into() }),
        );
        check(r#"@farmhand {"event": "progress", "part": 7}"#, Some(Report::Progress(1.0)));
        check(
            r#"@farmhand {"event": "fault", "severity": "worker-fatal", "cause": "missing-file", "message": "m",
               "frame": null, "about": "/x.abc"}"#,
            Some(Report::Fault(Fault {
                severity: Severity::WorkerFatal,
                cause: Cause::MissingFile,
                message: "m".into(),
                frame: None,
                about: Some("/x.abc".into()),
            })),
        );
        assert!(
            matches!(parse("@farmhand nonsense"), Some(Report::Warning(text)) if text.contains("nonsense"))
        );
        assert!(matches!(parse(r#"@farmhand {"event": "party"}"#), Some(Report::Warning(_))));
    }

    #[test]
    fn a_hold_is_a_fact_for_the_verdict() {
        let report = parse(r#"@farmhand {"event": "hold", "message": "look at it"}"#).unwrap();
        let event = report.into_event(|frame, path| Image { frame, path, place: None });
        assert_eq!(event, Event::fact(HOLD, "look at it"));
    }
}
