//! What a generated Python script tells farmhand: one line that begins with `@farmhand` and holds a JSON object.
//! [`PRELUDE`] is the Python side, [`parse`] the other.
//!
//! Nothing here is believed because it was reported: an image counts once the host has verified it.

use crate::{Event, Fault, HookScript, Image, Job};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a generated script begins with: `report(event, …)`, `log(message)`, `fault(…)`, `stop(cause, message)`,
/// `what_is_wrong_with(path)` and `FrameHooks(scripts).run(moment, frame, …)`. Python 3.7 and newer, standard library
/// only.
pub const PRELUDE: &str = include_str!("report.py");

/// The fact that a hook asked for the job to be held; its value is the reason. [`policy::standard`](crate::policy)
/// knows it.
pub const HOLD: &str = "hold";

/// The job's scripts around frames, as `FrameHooks` takes them.
#[must_use]
pub fn frame_hooks(job: &Job) -> Value {
    let hook = |hook: &HookScript| {
        json!({
            "name": hook.name,
            "path": hook.path,
            "moment": hook.moment.name(),
            "on_failure": hook.on_failure.name(),
        })
    };
    job.frame_hooks().map(hook).collect()
}

/// What a script told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Report {
    /// It began this frame.
    FrameStarted {
        /// Which.
        frame: i32,
    },
    /// Of the current frame.
    Progress {
        /// 0 to 1.
        part: f32,
    },
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
    Warning {
        /// One line.
        message: String,
    },
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
    Hold {
        /// Why.
        message: String,
    },
}

impl Report {
    /// As a reader's event; `image` knows where an image belongs.
    pub fn into_event(self, image: impl FnOnce(i32, String) -> Image) -> Event {
        match self {
            Report::FrameStarted { frame } => Event::FrameStarted(frame),
            Report::Progress { part } => Event::Progress(part.clamp(0.0, 1.0)),
            Report::FrameDone { frame, path } => Event::FrameDone(image(frame, path)),
            Report::FrameSkipped { frame, path } => Event::FrameSkipped(image(frame, path)),
            Report::Warning { message } => Event::Warning(message),
            Report::Fault(fault) => Event::Fault(fault),
            Report::Fact { name, value } => Event::fact(name, value),
            Report::Hold { message } => Event::fact(HOLD, message),
        }
    }
}

/// What the line reports; `None` for every line that is no report, which are most. A report that cannot be read is
/// a warning, so that a script's mistake shows.
#[must_use]
pub fn parse(line: &str) -> Option<Report> {
    let json = line.trim_start().strip_prefix("@farmhand ")?;
    Some(serde_json::from_str(json).unwrap_or_else(|error| Report::Warning {
        message: format!("a generated script reported what nobody understands ({error}): {json}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cause, Severity};

    #[test]
    fn reports_are_read_and_other_lines_are_not() {
        let check = |line: &str, expect: Option<Report>| assert_eq!(parse(line), expect, "{line}");
        check("Rendering frame 3", None);
        check("@farmhandle {}", None);
        check(
            r#"@farmhand {"event": "frame-started", "frame": -3}"#,
            Some(Report::FrameStarted { frame: -3 }),
        );
        check(
            r#"@farmhand {"event": "frame-done", "frame": 3, "path": "/a b/\"3\".exr"}"#,
            Some(Report::FrameDone { frame: 3, path: "/a b/\"3\".exr".into() }),
        );
        check(r#"@farmhand {"event": "progress", "part": 7}"#, Some(Report::Progress { part: 7.0 }));
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
            matches!(parse("@farmhand nonsense"), Some(Report::Warning { message }) if message.contains("nonsense"))
        );
        assert!(matches!(parse(r#"@farmhand {"event": "party"}"#), Some(Report::Warning { .. })));
    }

    #[test]
    fn a_hold_is_a_fact_for_the_verdict() {
        let report = parse(r#"@farmhand {"event": "hold", "message": "look at it"}"#).unwrap();
        let event = report.into_event(|frame, path| Image { frame, path, place: None });
        assert_eq!(event, Event::fact(HOLD, "look at it"));
    }
}
