//! The line matcher: a table of patterns, and what each one means.
//!
//! What keeps the state between lines is the [`Matcher`], which is a whole [`Reader`]; what a line of one DCC means is
//! the plugin's to say, in its table.

use crate::{Cause, Event, Fault, Images, PluginError, Reader, Severity, Task, Teller, text};
use pattern::Pattern;

mod pattern;

/// One row of a table: a pattern, and what a line that fits it means. [`line`] writes one.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// What the line looks like; see [`Matcher`].
    pub pattern: &'static str,
    /// What it means.
    pub means: Means,
}

/// A row, as tables are written: `line("wrote {path}", Means::Done)`.
#[must_use]
pub const fn line(pattern: &'static str, means: Means) -> Line {
    Line { pattern, means }
}

/// What a line means. Fields of the pattern have names that say what they are.
#[derive(Debug, Clone, Copy)]
pub enum Means {
    /// The DCC began `{frame}`.
    Started,
    /// The current frame is so far: `{progress}` (0 to 1), `{percent}`, or `{part}` and `{whole}`. A `{frame}` in the
    /// same line that is not the current one has started.
    Progress,
    /// The DCC wrote an image: at `{path}`, or where the task's images go. Its frame is `{frame}`, else what the path
    /// says, else the current one.
    Done,
    /// The DCC left a frame alone because its image was there; the fields are those of `Done`.
    Skipped,
    /// Worth showing, once: `{message}`, or the whole line.
    Warning,
    /// Memory that the DCC says it holds: `{bytes}`, such as `512M` or `1,024.5 MB`.
    Memory,
    /// Nothing: keeps the line from the rows below.
    Ignore,
    /// A fact that is worth keeping: `{value}`.
    Fact {
        /// Its name, such as `dcc-version`.
        name: &'static str,
    },
    /// Something went wrong; [`Means::fault`] makes one.
    Fault {
        /// How bad.
        severity: Severity,
        /// What about.
        cause: Cause,
        /// What to say, with fields in braces, and `{line}`; absent: `{message}`, or the whole line.
        message: Option<&'static str>,
        /// What it is about; absent: `{about}`, or of a missing file `{path}`.
        about: Option<&'static str>,
    },
    /// What a function of the plugin's own says.
    Own(fn(&Found<'_>, &mut Vec<Event>)),
}

impl Means {
    /// Something went wrong, told once for each frame that it concerns: the one in `{frame}`; a frame-fatal one without
    /// it the current frame; else the whole attempt.
    #[must_use]
    pub const fn fault(severity: Severity, cause: Cause) -> Self {
        Self::Fault { severity, cause, message: None, about: None }
    }

    /// The fault, in these words: a text with fields in braces, and `{line}`.
    #[must_use]
    pub const fn saying(self, words: &'static str) -> Self {
        match self {
            Self::Fault { severity, cause, about, .. } => {
                Self::Fault { severity, cause, message: Some(words), about }
            }
            other => other,
        }
    }

    /// The fault, about this licence, GPU or file.
    #[must_use]
    pub const fn about(self, subject: &'static str) -> Self {
        match self {
            Self::Fault { severity, cause, message, .. } => {
                Self::Fault { severity, cause, message, about: Some(subject) }
            }
            other => other,
        }
    }

    /// The fields of which the pattern must have one set.
    const fn needs(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Started => &[&["frame"]],
            Self::Progress => &[&["percent"], &["progress"], &["part", "whole"]],
            Self::Memory => &[&["bytes"]],
            Self::Fact { .. } => &[&["value"]],
            _ => &[],
        }
    }
}

/// What a pattern found in a line.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    line: &'a str,
    names: &'a [&'static str],
    texts: [&'a str; pattern::FIELDS],
    current: Option<i32>,
}

impl<'a> Found<'a> {
    /// The whole line, without the blanks around it.
    #[must_use]
    pub fn line(&self) -> &'a str {
        self.line
    }

    /// The text of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.names.iter().position(|known| *known == name).map(|at| self.texts[at])
    }

    /// The number in a field.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.parse().ok()
    }

    /// The frame in the field `{frame}`; absent where there is none, or where it is larger than any frame.
    #[must_use]
    pub fn frame(&self) -> Option<i32> {
        self.get("frame")?.parse().ok()
    }

    /// The frame that the DCC was at before this line.
    #[must_use]
    pub fn current_frame(&self) -> Option<i32> {
        self.current
    }

    /// A text with the fields in braces filled in.
    fn filled(&self, words: &str) -> String {
        let mut text = words.replace("{line}", text::quote(self.line));
        for name in self.names {
            text = text.replace(&format!("{{{name}}}"), self.get(name).unwrap_or_default());
        }
        text
    }

    /// What it says, in the line's own words.
    fn message(&self) -> &'a str {
        text::quote(self.get("message").unwrap_or(self.line))
    }
}

/// A reader that knows a table of patterns. The first row that a line fits counts: put the specific before the general.
///
/// ```
/// use farmhand_sdk::prelude::*;
///
/// static LINES: [Line; 4] = [
///     line("frame {frame} {percent}%", Means::Progress),
///     line("wrote {path}", Means::Done),
///     line("LICENCE: {message}", Means::fault(Severity::Transient, Cause::Licence).about("glow")),
///     line("*texture missing: {path}", Means::fault(Severity::FrameFatal, Cause::MissingFile)),
/// ];
///
/// let mut reader = Matcher::new(&Task::default(), &LINES);
/// let mut events = Vec::new();
/// reader.line("frame 3 42%", &mut events);
/// assert_eq!(events, [Event::FrameStarted(3), Event::Progress(0.42)]);
/// ```
///
/// A pattern is a text that the whole line looks like, without the blanks around it:
///
/// - `{frame}`, `{part}`, `{whole}`, `{percent}` and `{progress}` are numbers, and each takes all the digits that there
///   are; a frame may be negative, a percentage and a progress may have decimals.
/// - `{bytes}` is a size, such as `512M` or `1,024.5 MB`.
/// - Any other name in braces, such as `{path}`, `{message}` or `{about}`, is a text of at least one character, as short
///   as possible, or to the end of the line.
/// - `*` is anything, nothing too, and is not kept: `*wrote {path}` fits wherever in the line it says so.
/// - A blank is one or more blanks or tabs. `{{`, `}}` and `**` are the characters themselves.
///
/// A line that fits no row costs a few comparisons for each row that does not begin with `*`, and a search for its
/// longest text for each that does.
#[derive(Debug)]
pub struct Matcher {
    rows: Vec<(Pattern, Means)>,
    images: Result<Images, PluginError>,
    teller: Teller,
    frame: Option<i32>,
    /// The progress that was told last, in percent. Renderers print it thousands of times, and nobody sees less.
    told_percent: Option<i32>,
}

impl Matcher {
    /// A reader of this task's process.
    ///
    /// # Panics
    /// A row is wrong: a pattern that is none, or one without the fields that its meaning needs. It is a mistake in the
    /// plugin that its first test shows.
    #[must_use]
    pub fn new(task: &Task, lines: &[Line]) -> Self {
        let row = |line: &Line| {
            let pattern = Pattern::parse(line.pattern)
                .unwrap_or_else(|problem| panic!("the pattern {:?}: {problem}", line.pattern));
            let has = |needs: &&&[&str]| needs.iter().all(|need| pattern.names().contains(need));
            let needs = line.means.needs();
            if !needs.is_empty() && needs.iter().find(has).is_none() {
                panic!("the pattern {:?} needs one of these fields: {needs:?}", line.pattern);
            }
            (pattern, line.means)
        };
        let rows = lines.iter().map(row).collect();
        let (teller, frame, told_percent) = (Teller::default(), None, None);
        Self { rows, images: task.images(None), teller, frame, told_percent }
    }

    /// The frame that the DCC is at.
    #[must_use]
    pub fn frame(&self) -> Option<i32> {
        self.frame
    }

    /// The first row that a line fits, by its place in the table, and what its pattern found. For a plugin's own reader
    /// that has a matcher inside; [`Reader::line`] goes on to what it means.
    #[must_use]
    pub fn find<'a>(&'a self, line: &'a str) -> Option<(usize, Found<'a>)> {
        let line = line.trim();
        let fits = |(at, (pattern, _)): (usize, &'a (Pattern, Means))| {
            let texts = pattern.find(line)?;
            Some((at, Found { line, names: pattern.names(), texts, current: self.frame }))
        };
        self.rows.iter().enumerate().find_map(fits)
    }

    fn begin(&mut self, frame: i32, events: &mut Vec<Event>) {
        self.frame = Some(frame);
        self.told_percent = None;
        events.push(Event::FrameStarted(frame));
    }

    fn advance(&mut self, frame: Option<i32>, so_far: f64, events: &mut Vec<Event>) {
        if let Some(frame) = frame
            && self.frame != Some(frame)
        {
            self.begin(frame, events);
        }
        let so_far = so_far.clamp(0.0, 1.0);
        let percent = (so_far * 100.0) as i32;
        if self.told_percent.replace(percent) != Some(percent) {
            events.push(Event::Progress(so_far as f32));
        }
    }

    fn image(
        &mut self,
        frame: Option<i32>,
        path: Option<&str>,
        event: fn(crate::Image) -> Event,
        events: &mut Vec<Event>,
    ) {
        let images = match &self.images {
            Ok(images) => images,
            Err(problem) => return self.teller.warn(&problem.message, events),
        };
        let image = match path {
            None => frame.or(self.frame).map(|frame| images.image(frame)),
            Some(path) => images.at(path, frame).or_else(|| images.at(path, Some(self.frame?))),
        };
        match (image, path) {
            (Some(image), _) => events.push(event(image)),
            (None, Some(path)) => {
                self.teller.warn(&format!("nothing tells which frame this image shows: {path}"), events);
            }
            (None, None) => {}
        }
    }
}

impl Reader for Matcher {
    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        let Some((at, found)) = self.find(line) else { return };
        let (frame, message) = (found.frame(), found.message());
        match self.rows[at].1 {
            Means::Started => {
                if let Some(frame) = frame {
                    self.begin(frame, events);
                }
            }
            Means::Progress => {
                let ratio = || Some(found.number("part")? / found.number("whole")?.max(f64::MIN_POSITIVE));
                let percent = found.number("percent").map(|percent| percent / 100.0);
                if let Some(so_far) = percent.or_else(|| found.number("progress")).or_else(ratio) {
                    self.advance(frame, so_far, events);
                }
            }
            Means::Done => {
                let path = found.get("path").map(str::to_owned);
                self.image(frame, path.as_deref(), Event::FrameDone, events);
            }
            Means::Skipped => {
                let path = found.get("path").map(str::to_owned);
                self.image(frame, path.as_deref(), Event::FrameSkipped, events);
            }
            Means::Warning => {
                let message = message.to_owned();
                self.teller.warn(&message, events);
            }
            Means::Memory => events.extend(found.get("bytes").and_then(text::bytes).map(Event::MemoryBytes)),
            Means::Ignore => {}
            Means::Fact { name } => {
                events.extend(found.get("value").map(|value| Event::fact(name, value)));
            }
            Means::Fault { severity, cause, message: words, about } => {
                let subject =
                    found.get("about").or(found.get("path").filter(|_| cause == Cause::MissingFile));
                let fault = Fault {
                    severity,
                    cause,
                    message: words.map_or_else(|| message.to_owned(), |words| found.filled(words)),
                    frame: frame.or(self.frame.filter(|_| severity == Severity::FrameFatal)),
                    about: about.map(|about| found.filled(about)).or(subject.map(str::to_owned)),
                };
                let key = format!("{severity:?} {cause:?} {:?} {}", fault.about, fault.message);
                self.teller.fault_of_frame(&key, fault, events);
            }
            Means::Own(say) => say(&found, events),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameRuns, Image, Job};

    fn task() -> Task {
        let job =
            Job { scene: "/show/a.glow".into(), output: Some("/out/a_####.png".into()), ..Job::default() };
        Task { job, frames: FrameRuns::range(1, 10), staging: "/out/.s".into(), ..Task::default() }
    }

    fn read(lines: &[Line], log: &str) -> Vec<Event> {
        let log: Vec<String> = log.lines().map(str::to_owned).collect();
        Matcher::new(&task(), lines).read(&log).unwrap()
    }

    fn image(frame: i32, path: &str, place: Option<&str>) -> Image {
        Image { frame, path: path.into(), place: place.map(str::to_owned) }
    }

    #[test]
    fn progress_tells_of_frames_and_of_each_percent_once() {
        let lines = [
            line("frame {frame} {percent}%", Means::Progress),
            line("tile {part}/{whole}", Means::Progress),
            line("at {progress}", Means::Progress),
            line("begin {frame}", Means::Started),
        ];
        let expected = [
            Event::FrameStarted(3),
            Event::Progress(0.42),
            Event::Progress(0.43),
            Event::FrameStarted(-4),
            Event::Progress(0.25),
            Event::Progress(0.5),
            Event::FrameStarted(5),
            Event::Progress(0.5),
            Event::Progress(1.0),
        ];
        let log =
            "frame 3 42%\nframe 3 42.5%\nframe 3 43%\nbegin -4\ntile 1/4\nat 0.5\nbegin 5\nat 0.5\nat 7\n";
        assert_eq!(read(&lines, log), expected);
    }

    #[test]
    fn images_are_found_where_they_were_staged() {
        let lines = [
            line("begin {frame}", Means::Started),
            line("wrote {path} (frame {frame})", Means::Done),
            line("wrote {path}", Means::Done),
            line("kept", Means::Skipped),
        ];
        let log =
            "wrote /out/.s/a_0002.png\nkept\nwrote /x/b\nbegin 7\nkept\nwrote /x/b\nwrote /x/c (frame 9)";
        let staged = |frame: i32| {
            image(frame, &format!("/out/.s/a_000{frame}.png"), Some(&format!("/out/a_000{frame}.png")))
        };
        let expected = [
            Event::FrameDone(staged(2)),
            Event::warning("nothing tells which frame this image shows: /x/b"),
            Event::FrameStarted(7),
            Event::FrameSkipped(staged(7)),
            Event::FrameDone(image(7, "/x/b", None)),
            Event::FrameDone(image(9, "/x/c", None)),
        ];
        assert_eq!(read(&lines, log), expected);
    }

    #[test]
    fn faults_say_what_they_are_about_and_whose_they_are() {
        let lines = [
            line("begin {frame}", Means::Started),
            line("no seat for {about}", Means::fault(Severity::Transient, Cause::Licence)),
            line("missing: {path}", Means::fault(Severity::FrameFatal, Cause::MissingFile)),
            line("E{code}: {message}", Means::fault(Severity::WorkerFatal, Cause::Gpu).about("GPU {code}")),
            line("bad {what}", Means::fault(Severity::FrameFatal, Cause::Scene).saying("no {what} ({line})")),
        ];
        let fault = |severity, cause, message: &str, frame, about: Option<&str>| {
            let about = about.map(str::to_owned);
            Event::Fault(Fault { severity, cause, message: message.into(), frame, about })
        };
        let expected = [
            fault(Severity::Transient, Cause::Licence, "no seat for glow", None, Some("glow")),
            Event::FrameStarted(2),
            fault(Severity::FrameFatal, Cause::MissingFile, "missing: /t/a.tx", Some(2), Some("/t/a.tx")),
            fault(Severity::WorkerFatal, Cause::Gpu, "it is hot", None, Some("GPU 7")),
            fault(Severity::FrameFatal, Cause::Scene, "no camera (bad camera)", Some(2), None),
        ];
        let log = "no seat for glow\nbegin 2\nno seat for glow\nmissing: /t/a.tx\nmissing: /t/a.tx\nE7: it is hot\nbad camera";
        assert_eq!(read(&lines, log), expected);
    }

    #[test]
    fn the_rest_of_the_meanings() {
        fn device(found: &Found<'_>, events: &mut Vec<Event>) {
            events.extend(found.get("name").map(|name| Event::fact("device", name)));
        }
        let lines = [
            line("glow {value}", Means::Fact { name: "dcc-version" }),
            line("warning: harmless*", Means::Ignore),
            line("warning: {message}", Means::Warning),
            line("mem {bytes}", Means::Memory),
            line("device {name} ready", Means::Own(device)),
        ];
        let expected = [
            Event::fact("dcc-version", "2.1"),
            Event::warning("pink"),
            Event::MemoryBytes(8_912_896),
            Event::fact("device", "CPU"),
        ];
        let log = "glow 2.1\nwarning: harmless thing\n warning:  pink\nwarning: pink\nmem 8.50M\ndevice CPU ready\nelse";
        assert_eq!(read(&lines, log), expected);
    }

    #[test]
    #[should_panic(expected = "needs one of these fields")]
    fn a_meaning_without_its_field_is_a_mistake() {
        let _ = Matcher::new(&task(), &[line("frame {number}", Means::Started)]);
    }
}
