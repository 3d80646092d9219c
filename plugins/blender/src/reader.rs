//! Reads Blender's log as it comes: which frame, how far, which image, what went wrong. It keeps what it needs to
//! tell one thing from another: the frame in work, a traceback that is still being printed, and whether images can
//! still be believed.

use crate::command::PRELUDE_FILE;
use crate::faults::{self, About, DENOISER_ADVICE, Meaning, ROWS, Reach, SCRIPT_FAILED};
use crate::log_line::{LogLine, Status, progress};
use crate::names::Names;
use crate::options::{Options, WhenMissing};
use farmhand_sdk::prelude::*;
use std::collections::HashSet;

/// A smaller step of progress is not worth an event.
const PROGRESS_STEP: f32 = 0.01;
/// A smaller change of memory is not worth an event.
const MEMORY_STEP: u64 = 8 << 20;

/// One process's reader.
pub struct BlenderReader {
    rules: Rules<Meaning>,
    /// How images are named: known before, or told by the prelude.
    names: Option<Names>,
    /// The leased GPU, where it is one.
    gpu: Option<String>,
    staging: String,
    layer: Option<String>,
    missing_libraries: WhenMissing,
    missing_images: WhenMissing,
    frame: Option<i32>,
    progress: f32,
    memory: u64,
    peak: u64,
    /// Why no image is believed any more.
    doubt: Option<Doubt>,
    traceback: Option<Traceback>,
    /// Images of frames that the studio's hooks have yet to pass; absent where there are no such hooks.
    held: Option<Vec<Image>>,
    /// What the system said of a failed write, one line before Blender says it.
    save_error: Option<String>,
    teller: Teller,
    facts: HashSet<&'static str>,
}

/// Blender goes on after some faults, writes files and says that it saved them.
#[derive(Clone, Copy)]
struct Doubt {
    severity: Severity,
    cause: Cause,
    about: About,
    why: &'static str,
}

/// A Python traceback that is being printed, or was printed and waits for what Blender makes of it.
#[derive(Default)]
struct Traceback {
    /// The last place it named.
    place: String,
    in_prelude: bool,
    /// The last line, such as `KeyError: 'rig'`; empty while it is being printed.
    exception: String,
}

impl BlenderReader {
    /// A reader for a task's process.
    #[must_use]
    pub fn new(task: &Task) -> Self {
        // `build_command` has refused a task whose options or output cannot be read.
        let options: Options = task.job.options().unwrap_or_default();
        Self {
            rules: Rules::new(ROWS),
            names: Names::of(task).ok().flatten(),
            gpu: task.only_gpu().map(|gpu| gpu.uuid.clone()),
            staging: task.staging.clone(),
            layer: task.layer.clone(),
            missing_libraries: options.missing_libraries,
            missing_images: options.missing_images,
            frame: None,
            progress: 0.0,
            memory: 0,
            peak: 0,
            doubt: None,
            traceback: None,
            held: task.job.frame_hooks().next().map(|_| Vec::new()),
            save_error: None,
            teller: Teller::default(),
            facts: HashSet::new(),
        }
    }

    fn started(&mut self, frame: i32, events: &mut Vec<Event>) {
        if self.frame != Some(frame) {
            self.frame = Some(frame);
            self.progress = 0.0;
            events.push(Event::FrameStarted(frame));
        }
    }

    fn progressed(&mut self, part: f32, events: &mut Vec<Event>) {
        // A frame with several view layers or views starts over with each; that is told too.
        if (part - self.progress).abs() >= PROGRESS_STEP {
            self.progress = part;
            events.push(Event::Progress(part));
        }
    }

    fn holds(&mut self, memory: u64, events: &mut Vec<Event>) {
        self.peak = self.peak.max(memory);
        if memory.abs_diff(self.memory) >= MEMORY_STEP {
            self.memory = memory;
            events.push(Event::MemoryBytes(memory));
        }
    }

    /// A fact that is told once.
    fn fact(&mut self, name: &'static str, value: &str, events: &mut Vec<Event>) {
        if self.facts.insert(name) {
            events.push(Event::fact(name, value));
        }
    }

    /// A line that is about something that went wrong.
    fn remark(&mut self, line: &str, meaning: Meaning, events: &mut Vec<Event>) {
        let quote = text::quote(line);
        let quoted = |advice: &str| format!("{advice} (Blender said: {quote})");
        match meaning {
            Meaning::Fault { severity, cause, reach, about, advice } => {
                if advice == DENOISER_ADVICE {
                    self.fact("denoiser", "missing", events);
                }
                if reach == Reach::FromHere {
                    self.doubt.get_or_insert(Doubt { severity, cause, about, why: advice });
                }
                let frame = self.frame.filter(|_| reach != Reach::Attempt);
                // Blender repeats itself with other figures: the advice alone tells faults apart.
                self.teller.fault(
                    advice,
                    Fault {
                        severity,
                        cause,
                        message: quoted(advice),
                        frame,
                        about: self.about(about, cause),
                    },
                    events,
                );
            }
            Meaning::MissingLibrary => {
                let what = "a linked library is missing, and so are its objects";
                self.missing(self.missing_libraries, what, quote, events);
            }
            Meaning::MissingImage => {
                let what = "an image is missing; Blender paints it pink";
                self.missing(self.missing_images, what, quote, events);
            }
            Meaning::CannotSave => {
                let reason = format!("{} {quote}", self.save_error.take().unwrap_or_default());
                let (severity, advice) = faults::cannot_save(&reason);
                let fault = Fault {
                    severity,
                    cause: Cause::Disk,
                    message: quoted(advice),
                    frame: self.frame,
                    about: None,
                };
                self.teller.fault(advice, fault, events);
            }
            Meaning::CannotRead => {
                let advice = faults::cannot_read(line);
                let (severity, cause) = (Severity::FrameFatal, Cause::MissingFile);
                self.teller.fault(
                    advice,
                    Fault { severity, cause, message: quoted(advice), frame: None, about: None },
                    events,
                );
            }
            Meaning::Warning => self.teller.warn(quote, events),
            Meaning::Harmless => {}
        }
    }

    /// A GPU by its UUID where the task has just one. That memory ran out on a GPU is said in any case.
    fn about(&self, about: About, cause: Cause) -> Option<String> {
        let other = (cause == Cause::Memory).then(|| "gpu".to_owned());
        if about == About::Gpu { self.gpu.clone().or(other) } else { None }
    }

    fn missing(&mut self, policy: WhenMissing, what: &'static str, quote: &str, events: &mut Vec<Event>) {
        match policy {
            WhenMissing::Warn => self.teller.warn(quote, events),
            WhenMissing::Fail => {
                let (severity, cause) = (Severity::FrameFatal, Cause::MissingFile);
                self.doubt.get_or_insert(Doubt { severity, cause, about: About::Nothing, why: what });
                // Blender says it in several lines; the prelude's own message names them all.
                let message = format!("{what} (Blender said: {quote})");
                self.teller.fault(what, Fault { severity, cause, message, frame: None, about: None }, events);
            }
        }
    }

    /// What the prelude says.
    fn told(&mut self, key: &str, value: &str, events: &mut Vec<Event>) {
        match key {
            "frame" => {
                if let Ok(frame) = value.parse() {
                    self.started(frame, events);
                }
            }
            "passed" => {
                let passed = |image: &Image| value.parse() == Ok(image.frame);
                let held = std::mem::take(self.held.get_or_insert_default());
                let (ready, waiting) = held.into_iter().partition(passed);
                self.held = Some(waiting);
                let ready: Vec<Image> = ready;
                events.extend(ready.into_iter().map(Event::FrameDone));
            }
            "own-output" => {
                self.names = Names::new(value, &self.staging, self.layer.as_deref()).ok();
                events.push(Event::fact(key, value));
            }
            "warning" => self.teller.warn(value, events),
            "error" => {
                let (cause, message) = value.split_once('|').unwrap_or(("other", value));
                let (severity, cause) = match cause {
                    "gpu" => (Severity::WorkerFatal, Cause::Gpu),
                    "missing-file" => (Severity::FrameFatal, Cause::MissingFile),
                    _ => (Severity::FrameFatal, Cause::Scene),
                };
                let message = message.to_owned();
                let about = self.gpu.clone().filter(|_| cause == Cause::Gpu);
                self.teller.fault(value, Fault { severity, cause, message, frame: None, about }, events);
            }
            "blender" => self.version(value, events),
            _ => events.push(Event::fact(key, value)),
        }
    }

    fn version(&mut self, version: &str, events: &mut Vec<Event>) {
        self.fact("dcc-version", version.split_whitespace().next().unwrap_or(version), events);
    }

    /// An image that Blender says it wrote, or left alone.
    fn image(&mut self, path: &str, wrap: fn(Image) -> Event, events: &mut Vec<Event>) {
        let Some(image) = self.names.as_ref().and_then(|names| names.written(path)) else {
            // A File Output node, or a script that changed the output path.
            return self.fact("side-output", path, events);
        };
        match self.doubt {
            None => match (&mut self.held, wrap(image)) {
                (Some(held), Event::FrameDone(image)) => held.push(image),
                (_, event) => events.push(event),
            },
            Some(Doubt { severity, cause, about, why }) => {
                let frame = image.frame;
                let message = format!("the image of frame {frame} is not believed: {why}");
                self.teller.fault(
                    path,
                    Fault { severity, cause, message, frame: Some(frame), about: self.about(about, cause) },
                    events,
                );
            }
        }
    }

    /// Whether the line belongs to a traceback.
    fn in_traceback(&mut self, line: &str, events: &mut Vec<Event>) -> bool {
        if line.contains("Traceback (most recent call last):") {
            let chained = self.traceback.take_if(|last| !last.exception.is_empty());
            // Python prints what was being handled first; the last one of a chain is the one that counts.
            if let Some(last) = chained.filter(|last| !last.place.is_empty()) {
                self.raised(&last, events);
            }
            self.traceback = Some(Traceback::default());
            return true;
        }
        let Some(traceback) = &mut self.traceback else { return false };
        if !traceback.exception.is_empty() {
            if line.starts_with("During handling of") || line.starts_with("The above exception was") {
                self.traceback = None;
                return true;
            }
            if line.trim().is_empty() {
                return true;
            }
            if !line.starts_with(SCRIPT_FAILED)
                && let Some(traceback) = self.traceback.take()
            {
                self.raised(&traceback, events);
            }
            return false;
        }
        if let Some(place) = line.trim_start().strip_prefix("File \"") {
            traceback.in_prelude |= place.contains(PRELUDE_FILE);
            traceback.place = place.replacen('"', "", 1);
            return true;
        }
        if line.starts_with([' ', '\t']) || line.is_empty() {
            return true;
        }
        // Other threads print in between; their lines are known by how they start.
        if line.starts_with("Fra:") || line.starts_with("Saved: ") || line.starts_with("farmhand: ") {
            return false;
        }
        traceback.exception = text::quote(line).to_owned();
        true
    }

    /// A traceback that did not stop Blender: a handler, a driver or an add-on.
    fn raised(&mut self, traceback: &Traceback, events: &mut Vec<Event>) {
        let Traceback { place, exception, .. } = traceback;
        let exception = if exception.is_empty() { "an exception" } else { exception };
        self.teller.warn(&format!("Python raised {exception} ({place}); Blender went on"), events);
    }

    fn script_failed(&mut self, line: &str, events: &mut Vec<Event>) {
        let traceback = self.traceback.take().unwrap_or_default();
        let in_prelude = traceback.in_prelude || line.contains(PRELUDE_FILE);
        let what = if traceback.exception.is_empty() { line.trim() } else { &traceback.exception };
        let place =
            if traceback.place.is_empty() { String::new() } else { format!(" ({})", traceback.place) };
        let (cause, whose) = if in_prelude {
            (Cause::Plugin, "farmhand's own prelude does not work with this Blender; please report it")
        } else {
            (Cause::Script, "the job's Python script raised")
        };
        let message = format!("{whose}: {what}{place}");
        self.teller.fault(
            whose,
            Fault { severity: Severity::FrameFatal, cause, message, frame: None, about: None },
            events,
        );
    }
}

impl Reader for BlenderReader {
    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        let LogLine { text: line, unified } = LogLine::new(line);
        if self.traceback.is_some() || line.contains("Traceback") {
            if line.starts_with(SCRIPT_FAILED) {
                return self.script_failed(line, events);
            }
            if self.in_traceback(line, events) {
                return;
            }
        }
        if let Some(status) = Status::parse(line) {
            self.started(status.frame, events);
            if let Some(memory) = status.memory {
                self.holds(memory, events);
            }
            match progress(status.doing) {
                Some(part) => self.progressed(part, events),
                // What is synchronised goes by a name that an artist gave it, which may say anything.
                None if line.contains("Synchronizing object") => {}
                None => {
                    if let Some(rule) = self.rules.find(status.doing) {
                        self.remark(status.doing, rule.then, events);
                    }
                }
            }
        } else if let Some(fact) = line.strip_prefix("farmhand: ") {
            if let Some((key, value)) = fact.split_once('=') {
                self.told(key, value, events);
            }
        } else if let Some(told) = report::parse(line) {
            events.push(told.into_event(|frame, path| Image { frame, path, place: None }));
        } else if let Some(path) = line.strip_prefix("Saved: ") {
            // 2.7x and 2.80 add the time to the same line. A path may hold a quote.
            let path = path.find("' Time: ").map_or(path, |end| &path[..=end]);
            self.image(path.trim_matches('\''), Event::FrameDone, events);
        } else if line.starts_with("Skipping existing frame") || line.starts_with("skipping existing frame") {
            if let Some(path) = text::between(line, "\"", "\"") {
                self.image(path, Event::FrameSkipped, events);
            }
        } else if line.starts_with(SCRIPT_FAILED) {
            self.script_failed(line, events);
        } else if let Some(frame) = appended(line) {
            self.started(frame, events);
            self.progressed(1.0, events);
        } else if unified && let Some(part) = progress(line.rsplit(" | ").next().unwrap_or(line)) {
            self.progressed(part, events);
        } else if let Some(frame) = announced(line) {
            self.started(frame, events);
        } else if let Some(version) = line.strip_prefix("Blender ").filter(|rest| rest.starts_with(is_digit))
        {
            self.version(version, events);
        } else if let Some(rule) = self.rules.find(line) {
            self.remark(line, rule.then, events);
        } else if is_system_error(line) {
            self.save_error = Some(line.to_owned());
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        if let Some(traceback) = self.traceback.take() {
            self.raised(&traceback, events);
        }
        if self.peak > 0 {
            events.push(Event::fact("peak-memory", self.peak.to_string()));
        }
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// A frame that begins, as 5.0 and later say: `Rendering frame 12`, `Rendering single frame (frame 12)`.
fn announced(line: &str) -> Option<i32> {
    let rest =
        line.strip_prefix("Rendering ")?.trim_start_matches("single frame (").strip_prefix("frame ")?;
    text::signed(rest).map(|(frame, _)| frame)
}

/// A frame that went into a movie: `Append frame 12`, `Video append frame 12`.
fn appended(line: &str) -> Option<i32> {
    let rest = line.strip_prefix("Append frame ").or_else(|| line.strip_prefix("Video append frame "))?;
    text::signed(rest).map(|(frame, _)| frame)
}

/// `/out/a.png: Permission denied`, as the C library prints it.
fn is_system_error(line: &str) -> bool {
    [
        "Permission denied",
        "No such file or directory",
        "Not a directory",
        "Read-only file system",
        "Input/output error",
    ]
    .iter()
    .any(|error| line.ends_with(error))
}
