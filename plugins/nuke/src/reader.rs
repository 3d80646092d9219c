//! Reads Nuke's output as it comes: which frame, how far, which images, what went wrong. At level 1 the generated
//! script reports its images; at the others Nuke's own lines tell of them, and a frame's images come out together.

use crate::command::moved;
use crate::faults::{self, About, Meaning, ROWS};
use crate::log_line::{Progress, without_tenths, without_time};
use crate::names::{self, Names};
use crate::options::{Level, Options};
use farmhand_sdk::prelude::*;
use serde::Deserialize;

/// One process's reader.
pub struct NukeReader {
    rules: Rules<Meaning>,
    level: Level,
    continue_on_error: bool,
    licence: &'static str,
    gpu: Option<String>,
    try_number: u32,
    frames: FrameRuns,
    layer: Option<String>,
    output: Option<Names>,
    views: Vec<String>,
    path_map: Vec<PathRule>,
    /// The frame in work.
    frame: Option<i32>,
    /// The last frame that Nuke said was over.
    over: Option<i32>,
    /// The view in work, where Nuke says it.
    view: Option<String>,
    /// Images that wait for the rest of their frame.
    held: Vec<Held>,
    in_traceback: bool,
    /// To be told before anything else.
    first: Vec<Event>,
    teller: Teller,
}

/// An image that was written.
struct Held {
    /// Known only once Nuke says that the frame is over.
    frame: Option<i32>,
    view: Option<String>,
    path: String,
    place: Option<String>,
}

/// What the generated script reports of an image besides what every script does.
#[derive(Deserialize)]
struct Written {
    place: String,
    /// More images of this frame follow.
    #[serde(default)]
    more: bool,
}

impl NukeReader {
    /// A reader for a task's process.
    #[must_use]
    pub fn new(task: &Task) -> Self {
        // `build_command` has refused a task whose options cannot be read.
        let options: Options = task.job.options().unwrap_or_default();
        let level = Level::of(task);
        Self {
            rules: Rules::new(ROWS),
            level,
            continue_on_error: options.continue_on_error && level != Level::Safe,
            licence: options.licence.feature(),
            gpu: task.only_gpu().map(|gpu| gpu.uuid.clone()),
            try_number: task.try_number,
            frames: task.frames.clone(),
            layer: task.layer.clone(),
            output: task.job.output.as_deref().map(Names::new),
            path_map: task.job.path_map.clone(),
            frame: None,
            over: None,
            view: None,
            held: Vec::new(),
            in_traceback: false,
            first: beforehand(task, &options, level),
            views: options.views,
            teller: Teller::default(),
        }
    }

    fn started(&mut self, frame: i32, events: &mut Vec<Event>) {
        if self.frame != Some(frame) {
            self.frame = Some(frame);
            events.push(Event::FrameStarted(frame));
        }
    }

    /// Nuke says a frame's number only once it is over: until then it is the next one of the task.
    fn working(&mut self, events: &mut Vec<Event>) {
        if self.level != Level::Script
            && let Some(next) = self.next_frame()
        {
            self.started(next, events);
        }
    }

    fn next_frame(&self) -> Option<i32> {
        let Some(over) = self.over else { return self.frames.first() };
        let run = self.frames.runs().iter().find(|run| run.last > over)?;
        if over < run.first {
            return Some(run.first);
        }
        let step = i64::from(run.step.max(1));
        let passed = (i64::from(over) - i64::from(run.first)) / step + 1;
        i32::try_from(i64::from(run.first) + passed * step).ok().filter(|next| *next <= run.last)
    }

    /// A line that is about something that went wrong.
    fn remark(&mut self, line: &str, meaning: Meaning, events: &mut Vec<Event>) {
        let quote = text::quote(line);
        match meaning {
            Meaning::Fault { severity, cause, of_frame, about, advice } => {
                if of_frame {
                    self.working(events);
                }
                let about = match about {
                    About::Nothing => None,
                    About::Licence => Some(self.licence.to_owned()),
                    // That memory ran out on a GPU is said in any case.
                    About::Gpu => self.gpu.clone().or((cause == Cause::Memory).then(|| "gpu".to_owned())),
                    About::File => faults::file_in(line).map(str::to_owned),
                };
                let key = format!("{advice} {}", about.as_deref().unwrap_or_default());
                let message = format!("{advice} (Nuke said: {quote})");
                let frame = self.frame.filter(|_| of_frame);
                self.teller.fault_of_frame(&key, Fault { severity, cause, message, frame, about }, events);
            }
            Meaning::Unfinished => {
                self.working(events);
                let first = self.try_number <= 1;
                let (severity, advice) = if first {
                    (Severity::Transient, "an image ends too early; whoever makes it may still be writing it")
                } else {
                    (Severity::FrameFatal, "an image still ends too early: make it again")
                };
                let about = faults::file_in(line).map(str::to_owned);
                let message = format!("{advice} (Nuke said: {quote})");
                let cause = Cause::MissingFile;
                self.teller.fault_of_frame(
                    advice,
                    Fault { severity, cause, message, frame: self.frame, about },
                    events,
                );
            }
            Meaning::Generic if self.continue_on_error => self.teller.warn(quote, events),
            Meaning::Generic => {
                self.working(events);
                let (severity, cause, frame) = (Severity::FrameFatal, Cause::Other, self.frame);
                let message = format!("Nuke reported an error: {quote}");
                self.teller.fault_of_frame(
                    quote,
                    Fault { severity, cause, message, frame, about: None },
                    events,
                );
            }
            Meaning::Warning => self.teller.warn(quote, events),
            Meaning::Harmless => {}
        }
    }

    /// What the generated script says.
    fn told(&mut self, line: &str, what: report::Report, events: &mut Vec<Event>) {
        match what {
            report::Report::FrameStarted { frame } => self.started(frame, events),
            report::Report::FrameDone { frame, path } => {
                let written =
                    line.trim_start().strip_prefix("@farmhand ").map(serde_json::from_str::<Written>);
                let Some(Ok(Written { place, more })) = written else {
                    return self
                        .teller
                        .warn(&format!("the script reported an image without its place: {line}"), events);
                };
                self.held.push(Held { frame: Some(frame), view: None, path, place: Some(place) });
                if !more {
                    self.release(frame, events);
                }
            }
            // The script knows what failed, and the table what that means.
            report::Report::Fault(fault) if fault.cause == Cause::Other => {
                self.frame = fault.frame.or(self.frame);
                match self.rules.find(&fault.message).map(|rule| rule.then) {
                    Some(meaning @ (Meaning::Fault { .. } | Meaning::Unfinished)) => {
                        self.remark(&fault.message, meaning, events);
                    }
                    _ => self.teller.fault_of_frame(&fault.message.clone(), fault, events),
                }
            }
            report::Report::Fault(fault) => self.teller.fault_of_frame(&fault.message.clone(), fault, events),
            report::Report::Warning { message } => self.teller.warn(&message, events),
            other => events.push(other.into_event(|frame, path| Image { frame, path, place: None })),
        }
    }

    /// All images of a frame are written: the host may look at them.
    fn release(&mut self, frame: i32, events: &mut Vec<Event>) {
        let (ready, waiting) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| held.frame.is_none_or(|own| own == frame));
        self.held = waiting;
        let ready: Vec<Held> = ready;
        let wanted = self.output.as_ref().map_or(1, |output| output.views(&self.views).len());
        if self.level != Level::Script && ready.len() < wanted {
            // Other views of the frame are still to come.
            self.held.extend(ready.into_iter().map(|held| Held { frame: Some(frame), ..held }));
            return;
        }
        for held in ready {
            match self.image(frame, held) {
                Ok(image) => events.push(Event::FrameDone(image)),
                Err(error) => self.teller.warn(&error.message, events),
            }
        }
    }

    fn image(&self, frame: i32, held: Held) -> Result<Image, PluginError> {
        if self.level == Level::Script {
            return Ok(Image { frame, path: held.path, place: held.place });
        }
        let Some(output) = &self.output else { return Ok(Image { frame, path: held.path, place: None }) };
        let place = output.name(frame, self.layer.as_deref(), held.view.as_deref())?;
        Ok(moved(frame, held.path, place))
    }

    /// Which view a file shows: the one that Nuke says it works on, or else the only one that the name has in it.
    fn view_of(&self, path: &str) -> Option<String> {
        if !self.output.as_ref().is_some_and(Names::has_view) {
            return None;
        }
        let in_name = || {
            let words = || path.split(|c: char| !c.is_alphanumeric());
            let mut named = self.views.iter().filter(|view| words().any(|word| word == view.as_str()));
            named.next().filter(|_| named.next().is_none()).cloned()
        };
        in_name().or_else(|| self.view.clone()).or_else(|| self.views.get(self.held.len()).cloned())
    }

    fn progress(&mut self, progress: &Progress<'_>, events: &mut Vec<Event>) {
        match *progress {
            Progress::Version(version) => {
                if self.level != Level::Script {
                    events.push(Event::fact("dcc-version", version));
                }
            }
            Progress::View(view) => self.view = Some(view.to_owned()),
            // The script reports its images itself, once it has looked at them.
            Progress::Wrote(_) | Progress::FrameOver(_) if self.level == Level::Script => {}
            Progress::Wrote(path) => {
                self.working(events);
                // Nuke may print the name as its script has it.
                let path = names::mapped(&names::slashes(path), &self.path_map);
                let view = self.view_of(&path);
                self.held.push(Held { frame: None, view, path, place: None });
            }
            Progress::FrameOver(frame) => {
                self.started(frame, events);
                events.push(Event::Progress(1.0));
                self.release(frame, events);
                self.over = Some(frame);
            }
        }
    }

    /// Whether the line belongs to a traceback, which says what it is about in its last line.
    fn traceback(&mut self, line: &str, events: &mut Vec<Event>) -> bool {
        if line.starts_with("Traceback (most recent call last):") {
            self.in_traceback = true;
            return true;
        }
        if !self.in_traceback {
            return false;
        }
        if line.is_empty() || line.starts_with([' ', '\t']) {
            return true;
        }
        self.in_traceback = false;
        if line.starts_with("@farmhand ") {
            return false;
        }
        self.teller.warn(&format!("Python raised {line}"), events);
        true
    }
}

/// What is known before the process says anything.
fn beforehand(task: &Task, options: &Options, level: Level) -> Vec<Event> {
    let mut events = Vec::new();
    let uses_gpu = options.gpu && level != Level::Safe && !task.gpus.is_empty();
    events.push(Event::fact("device", if uses_gpu { "GPU" } else { "CPU" }));
    if options.gpu && !uses_gpu {
        let why =
            if level == Level::Safe { "the level `safe` uses none" } else { "this task was given none" };
        events.push(Event::warning(format!("rendered without a GPU: {why}")));
    }
    let skipped: Vec<&str> = task.job.frame_hooks().map(|hook| hook.name.as_str()).collect();
    if level != Level::Script && !skipped.is_empty() {
        let message = format!(
            "the frame hooks ({}) are not run at level `{}`: only the level `script` runs them",
            skipped.join(", "),
            level.name()
        );
        events.push(Event::warning(message));
    }
    events
}

impl Reader for NukeReader {
    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        events.append(&mut self.first);
        let (tenths, line) = {
            let (tenths, rest) = without_tenths(line);
            // A traceback is told by its indentation.
            if tenths.is_some() { (tenths, rest) } else { (None, line) }
        };
        if let Some(part) = tenths {
            self.working(events);
            events.push(Event::Progress(part));
        }
        if (self.in_traceback || line.starts_with("Traceback")) && self.traceback(line, events) {
            return;
        }
        let line = without_time(line.trim());
        if line.is_empty() {
            return;
        }
        if let Some(what) = report::parse(line) {
            return self.told(line, what, events);
        }
        if let Some(progress) = Progress::parse(line) {
            return self.progress(&progress, events);
        }
        if let Some(rule) = self.rules.find(line) {
            self.remark(line, rule.then, events);
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        events.append(&mut self.first);
        if self.level == Level::Script {
            return;
        }
        // Nuke wrote these and never said that their frame was over. The number in the name tells it, or there is
        // only one.
        let unsaid: Vec<i32> = self
            .held
            .iter_mut()
            .filter(|held| held.frame.is_none())
            .filter_map(|held| {
                let by_name = number_in(&held.path).filter(|frame| self.frames.contains(*frame));
                let only = self.frames.first().filter(|_| self.frames.len() == 1);
                held.frame = by_name.or(only);
                held.frame
            })
            .collect();
        let frames: std::collections::BTreeSet<i32> = unsaid.into_iter().collect();
        self.held.retain(|held| held.frame.is_some());
        for frame in frames {
            self.release(frame, events);
        }
    }
}

/// The last number in a file's name, before its extension.
fn number_in(path: &str) -> Option<i32> {
    let (stem, _) = path::stem_and_extension(path);
    let digits = stem.len() - stem.bytes().rev().take_while(u8::is_ascii_digit).count();
    stem[digits..].parse().ok()
}
