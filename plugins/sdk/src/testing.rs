//! Recorded logs as test cases: what a DCC printed and how it ended, and what a plugin makes of it. One file a case, so
//! that a real log from a farm becomes a test by being pasted in:
//!
//! ```toml
//! about = "what this shows, and where it was seen"
//! level = 0                     # index into the descriptor's levels; 0 where it is left out
//! try = 1                       # 1 where it is left out
//! frames = "1-3"
//! exit_code = 0                 # or `signal = 11`, or `ended_by = "stall"` (time-limit, lost)
//! done = "1"                    # frames whose images the host verified; none where it is left out
//! scene = "/show/shot.ma"       # these six where they matter
//! output = "/show/out/shot.####.exr"
//! layer = "beauty"
//! gpus = ["GPU-8932f937"]
//! options = { renderer = "arnold" }
//! scratch = "/farm/scratch/7"
//! staging = "/show/out/.staging/7"
//! ask_again = "3.4"             # where this version of the DCC, on the machine of the tests, can be asked for the same
//! log = '''
//! what it printed
//! '''
//! expect = '''
//! transient licence (maya): no licence for Maya was to be had
//! verdict retry 30000: …
//! '''
//! ```
//!
//! [`check_all`] runs a directory of them against a plugin and shows every difference. With `FARMHAND_ACCEPT=1` in the
//! environment it writes what it saw into the files instead, so that the version control's diff shows which past
//! verdicts a change of a rule changes.
//!
//! The others hold what is written for people to what the plugin is: [`check_golden`] command lines, [`check_manual`]
//! its page, [`check_options`] its options schema.

mod case;
mod golden;
mod manual;
mod schema;

pub use case::Case;
pub use golden::check_golden;
pub use manual::check_manual;
pub use schema::check_options;

use crate::{Cause, Decision, Event, Plugin, Severity, Verdict};
use std::fmt::Write;
use std::path::Path;

/// Whether what is seen is to be written down as what is expected.
fn accepting() -> bool {
    std::env::var_os("FARMHAND_ACCEPT").is_some()
}

/// Runs every case of a directory against a plugin.
///
/// # Errors
/// All that differ, one after the other; or there are none.
pub fn check_all<P: Plugin>(dir: &Path) -> Result<usize, String> {
    let cases = Case::read_all(dir)?;
    if cases.is_empty() {
        return Err(format!("no cases in {}", dir.display()));
    }
    let differences: Vec<String> =
        cases.iter().filter_map(|case| case.told::<P>().and_then(|told| case.settle(&told)).err()).collect();
    if differences.is_empty() { Ok(cases.len()) } else { Err(differences.join("\n")) }
}

/// What a reader saw and the plugin decided, a line each. Progress is left out: it changes nothing.
#[must_use]
pub fn told(events: &[Event], verdict: &Verdict) -> String {
    let mut text = String::new();
    let mut line = |one: String| {
        let _ = writeln!(text, "{one}");
    };
    for event in events {
        match event {
            Event::Progress(_) => {}
            Event::FrameStarted(frame) => line(format!("frame {frame} started")),
            Event::FrameDone(image) | Event::FrameSkipped(image) => {
                let what = if matches!(event, Event::FrameDone(_)) { "done" } else { "skipped" };
                let place = image.place.as_ref().map(|place| format!(" -> {place}")).unwrap_or_default();
                line(format!("frame {} {what}: {}{place}", image.frame, image.path));
            }
            Event::Warning(message) => line(format!("warning: {message}")),
            Event::Fault(fault) => {
                let frame = fault.frame.map(|frame| format!(" of frame {frame}")).unwrap_or_default();
                let about = fault.about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
                line(format!(
                    "{} {}{frame}{about}: {}",
                    severity(fault.severity),
                    cause(fault.cause),
                    fault.message
                ));
            }
            Event::MemoryBytes(bytes) => line(format!("memory {bytes}")),
            Event::Fact(fact) => line(format!("fact {} = {}", fact.name, fact.value)),
        }
    }
    let decision = match verdict.decision {
        Decision::Accept => "accept".to_owned(),
        Decision::Retry { after_ms } => format!("retry {after_ms}"),
        Decision::FallBack => "fall-back".to_owned(),
        Decision::FailFrames => "fail-frames".to_owned(),
        Decision::FailJob => "fail-job".to_owned(),
        Decision::QuarantineNode => "quarantine-node".to_owned(),
        Decision::HoldJob => "hold-job".to_owned(),
    };
    line(format!("verdict {decision}: {}", verdict.reason));
    text.trim_end().to_owned()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Transient => "transient",
        Severity::FrameFatal => "frame-fatal",
        Severity::WorkerFatal => "worker-fatal",
    }
}

fn cause(cause: Cause) -> &'static str {
    match cause {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, Descriptor, PluginError, Reader, Task};
    use std::fs;

    struct Sleeper;
    struct Lines;

    impl Plugin for Sleeper {
        type Reader = Lines;
        fn describe() -> Descriptor {
            Descriptor { levels: Vec::new(), ..descriptor() }
        }
        fn build_command(_task: &Task) -> Result<Command, PluginError> {
            Ok(Command::new("sleep"))
        }
        fn reader(_task: &Task) -> Lines {
            Lines
        }
    }

    impl Reader for Lines {
        fn line(&mut self, line: &str, events: &mut Vec<Event>) {
            if line.contains("licence") {
                events.push(Event::fault(Severity::Transient, Cause::Licence, line));
            }
        }
    }

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "sleeper".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            extensions: Vec::new(),
            supports: "*".into(),
            tools: Vec::new(),
            levels: Vec::new(),
            options_schema: serde_json::json!({}),
        }
    }

    #[test]
    fn a_case_shows_what_differs() {
        let dir = tempfile::tempdir().unwrap();
        let write = |expect: &str| {
            let text = format!(
                "about = 'x'\nframes = '-2-1,5'\nexit_code = 1\ndone = '0'\nlog = '''\nno licence\n'''\nexpect = \
                 '''\n{expect}\n'''\n"
            );
            fs::write(dir.path().join("a.toml"), text).unwrap();
        };
        write("transient licence: no licence\nverdict retry 30000: no licence");
        assert_eq!(check_all::<Sleeper>(dir.path()), Ok(1));
        write("verdict accept: fine");
        let difference = check_all::<Sleeper>(dir.path()).unwrap_err();
        assert!(
            difference.contains("verdict accept: fine") && difference.contains("verdict retry"),
            "{difference}"
        );
        let case = Case::read(&dir.path().join("a.toml")).unwrap();
        assert_eq!(case.outcome.frames_missing.to_string(), "-2--1,1,5");
    }
}
