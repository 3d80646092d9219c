//! Reads what Maya prints as it comes. At the levels with a script of farmhand's own, the script reports frames and
//! images, and the log adds progress and faults; at level `render` the log is all there is. Faults are looked for at
//! every level, and an image whose frame is at fault is not announced, however whole it looks.

use crate::describe::RENDER;
use crate::faults::{About, Kind, Meaning, ROWS, Reach, file_in};
use crate::log_line::{self, Said};
use crate::names::{self, Names};
use crate::options::{Device, Format, LayerMode, Level, Options};
use crate::renderer::Renderer;
use farmhand_sdk::prelude::*;
use farmhand_sdk::report::Report;
use std::collections::{BTreeSet, HashSet};

/// A smaller step of progress is not worth an event.
const PROGRESS_STEP: f32 = 0.01;

/// The fact that Maya's own exit code is kept under.
pub const MAYA_STATUS: &str = "maya-status";
/// The fact that nothing at all was printed.
pub const SILENT: &str = "silent";

/// One process's reader.
pub struct MayaReader {
    rules: Rules<Meaning>,
    marks: Rules<()>,
    level: Level,
    names: Option<Names>,
    renderer: Option<Renderer>,
    strict: bool,
    first_try: bool,
    frames: FrameRuns,
    staging: String,
    /// The frame in work, as far as it is known.
    frame: Option<i32>,
    progress: f32,
    blocks: u64,
    /// A fault was told of the frame in work: what follows from it is no news.
    told: bool,
    /// Why the frame's images are not believed.
    doubt: Option<Doubt>,
    /// Frames that an image was seen of.
    written: BTreeSet<i32>,
    /// Images that wait until their frame is through: a frame counts as done once what was announced of it is whole, so
    /// that its own image comes after its passes, and no layer is missing.
    held: Vec<Image>,
    /// How many layers share the process, where it is known; 0 where each has its own.
    layers: usize,
    together: bool,
    images: HashSet<String>,
    /// Frames that a fault was told of: none of their images is announced.
    bad: BTreeSet<i32>,
    completed: bool,
    spoke: bool,
    /// The last line that began with `Error: `.
    error: String,
    /// What is known before the first line.
    first: Vec<Event>,
    gpus: Vec<String>,
    /// Whether the job asked for the GPU that it has.
    wants_gpu: bool,
    teller: Teller,
}

/// Why images are not believed.
#[derive(Clone)]
struct Doubt {
    fault: Fault,
    reach: Reach,
}

impl MayaReader {
    /// A reader for a task's process.
    #[must_use]
    pub fn new(task: &Task) -> Self {
        // `build_command` has refused a task whose options or output cannot be read.
        let options: Options = task.job.options().unwrap_or_default();
        Self {
            rules: Rules::new(ROWS),
            marks: Rules::new(&log_line::MARKS),
            level: Level::of(task),
            names: Names::of(task, &options).ok(),
            renderer: options.renderer,
            strict: options.strict,
            first_try: task.try_number <= 1,
            frames: task.frames.clone(),
            staging: task.staging.clone(),
            frame: None,
            progress: 0.0,
            blocks: 0,
            told: false,
            doubt: None,
            written: BTreeSet::new(),
            held: Vec::new(),
            layers: options.layers_together.len(),
            together: options.layer_mode == LayerMode::Together,
            images: HashSet::new(),
            bad: BTreeSet::new(),
            completed: false,
            spoke: false,
            error: String::new(),
            first: known_before(task, &options),
            gpus: task.gpus.iter().map(|gpu| gpu.uuid.clone()).collect(),
            wants_gpu: !task.gpus.is_empty()
                && (options.device == Device::Gpu || options.renderer == Some(Renderer::Redshift)),
            teller: Teller::default(),
        }
    }

    fn started(&mut self, frame: i32, events: &mut Vec<Event>) {
        if self.frame == Some(frame) {
            return;
        }
        self.frame_is_through(events);
        self.frame = Some(frame);
        self.progress = 0.0;
        self.blocks = 0;
        self.told = false;
        self.doubt.take_if(|doubt| doubt.reach == Reach::Frame);
        events.push(Event::FrameStarted(frame));
    }

    /// At level `render` only some renderers say which frame they begin: it is the first without an image.
    fn guess_frame(&mut self, events: &mut Vec<Event>) {
        if self.frame.is_some() || self.level != Level::Render {
            return;
        }
        let next = self.frames.iter().find(|frame| !self.written.contains(frame));
        if let Some(frame) = next {
            self.frame_is_through(events);
            self.frame = Some(frame);
            self.progress = 0.0;
            self.blocks = 0;
            events.push(Event::FrameStarted(frame));
        }
    }

    fn progressed(&mut self, part: f32, events: &mut Vec<Event>) {
        self.guess_frame(events);
        if (part - self.progress).abs() >= PROGRESS_STEP {
            self.progress = part;
            events.push(Event::Progress(part));
        }
    }

    /// Tells a fault once for each frame; `key` is what tells it from others.
    fn tell(&mut self, key: &str, fault: Fault, events: &mut Vec<Event>) {
        self.bad.extend(fault.frame);
        self.teller.fault_of_frame(key, fault, events);
    }

    fn fault(&mut self, key: &str, fault: Fault, reach: Reach, events: &mut Vec<Event>) {
        self.told = true;
        // A doubt about one frame gives way to one about all, and to the next frame's once that frame is written.
        let gives_way = |doubt: &Doubt| {
            let is_over = doubt.fault.frame.is_some_and(|own| self.written.contains(&own));
            doubt.reach == Reach::Frame && (reach == Reach::Attempt || is_over)
        };
        if self.doubt.as_ref().is_none_or(gives_way) {
            self.doubt = Some(Doubt { fault: fault.clone(), reach });
        }
        self.tell(key, fault, events);
    }

    /// A line, or a text of farmhand's script, that is about something that went wrong.
    fn remark(&mut self, line: &str, meaning: &Meaning, events: &mut Vec<Event>) {
        let quote = text::quote(line);
        let mut severity = meaning.severity;
        match meaning.kind {
            Kind::Warning => return self.teller.warn(quote, events),
            Kind::Strict | Kind::StrictConsequence if !self.strict => return self.teller.warn(quote, events),
            Kind::Consequence | Kind::StrictConsequence if self.told => return,
            Kind::PlugIn if !self.needs_plug_in(line) => return self.teller.warn(quote, events),
            Kind::OnCpu => {
                if !self.wants_gpu {
                    return self.teller.warn(quote, events);
                }
                events.push(Event::fact("device", "CPU"));
            }
            Kind::Once if !self.first_try => severity = Severity::WorkerFatal,
            _ => {}
        }
        let about = match meaning.about {
            About::Nothing => self.only_gpu().filter(|_| meaning.cause == Cause::Gpu),
            About::SomeGpu => Some(self.only_gpu().unwrap_or_else(|| "gpu".to_owned())),
            About::Licence(name) => Some(name.to_owned()),
            About::RendererLicence => {
                Some(self.renderer.map_or("maya", |renderer| renderer.name()).to_owned())
            }
            About::File => file_in(line).map(str::to_owned),
            About::Gpu => line.rsplit(' ').next().and_then(|id| self.gpu(id)),
        };
        let frame = self.frame.filter(|_| meaning.reach == Reach::Frame);
        let why = if meaning.cause == Cause::Plugin && !self.error.is_empty() {
            format!("{} / {}", self.error, quote)
        } else {
            quote.to_owned()
        };
        let message = format!("{} (Maya said: {why})", meaning.advice);
        // Renderers repeat themselves with other figures; files are told apart.
        let key = format!(
            "{}{}",
            meaning.advice,
            about.as_deref().filter(|_| meaning.about == About::File).unwrap_or("")
        );
        self.fault(
            &key,
            Fault { severity, cause: meaning.cause, message, frame, about },
            meaning.reach,
            events,
        );
    }

    /// The GPU that a renderer means by a number: it counts those that it sees.
    fn gpu(&self, id: &str) -> Option<String> {
        match self.gpus.as_slice() {
            [] => Some(id.to_owned()),
            leased => leased.get(id.parse::<usize>().ok()?).cloned(),
        }
    }

    /// The GPU that a fault must be about where the task has just one.
    fn only_gpu(&self) -> Option<String> {
        self.gpus.first().filter(|_| self.gpus.len() == 1).cloned()
    }

    /// Whether the plug-in that a line misses is the renderer's own: scenes name others that they do not need.
    fn needs_plug_in(&self, line: &str) -> bool {
        match self.renderer {
            Some(renderer) => renderer.plug_in().is_some_and(|plug_in| line.contains(plug_in)),
            None => {
                Renderer::ALL.iter().filter_map(|one| one.plug_in()).any(|plug_in| line.contains(plug_in))
            }
        }
    }

    /// What farmhand's own script reports.
    fn reported(&mut self, report: Report, events: &mut Vec<Event>) {
        match report {
            Report::FrameStarted { frame } => self.started(frame, events),
            Report::FrameDone { frame, path } => self.image(frame, &path, events),
            Report::Fault(fault) => self.script_fault(fault, events),
            Report::Warning { message } => self.teller.warn(&message, events),
            Report::Fact { name, value } => {
                match name.as_str() {
                    "own-output" => {
                        if let Some(names) = &mut self.names {
                            names.own_output(&value);
                        }
                    }
                    "renderer" => {
                        let is_named = |one: &Renderer| one.name() == value || one.in_maya() == value;
                        let told = Renderer::ALL.into_iter().find(is_named);
                        self.renderer = told.or(self.renderer);
                    }
                    _ => {}
                }
                events.push(Event::fact(name, value));
            }
            other => events.push(other.into_event(|frame, path| Image { frame, path, place: None })),
        }
    }

    /// The script sees only an exception; the renderer's own words before it often say more.
    fn script_fault(&mut self, fault: Fault, events: &mut Vec<Event>) {
        let is_vague =
            matches!(fault.cause, Cause::Other | Cause::Licence) && fault.severity != Severity::WorkerFatal;
        if is_vague && self.told {
            return;
        }
        let known = self.rules.find(&fault.message).map(|rule| rule.then);
        if is_vague && let Some(meaning) = known.filter(|meaning| meaning.kind != Kind::Warning) {
            return self.remark(&fault.message, &meaning, events);
        }
        let reach = if fault.frame.is_some() { Reach::Frame } else { Reach::Attempt };
        let key = fault.message.clone();
        self.fault(&key, fault, reach, events);
    }

    /// An image that was written.
    fn image(&mut self, frame: i32, path: &str, events: &mut Vec<Event>) {
        let Some(image) = self.names.as_ref().map(|names| names.image(frame, path)) else { return };
        if image.place.is_none() {
            return self
                .teller
                .warn(&format!("an image was written elsewhere than it was told: {path}"), events);
        }
        // Without a line that says where a frame begins, a doubt is about the next image's frame, and ends with it.
        if self.level == Level::Render {
            if self.held.first().is_some_and(|held| held.frame != frame) {
                self.frame_is_through(events);
            }
            self.doubt.take_if(|doubt| {
                doubt.reach == Reach::Frame && doubt.fault.frame.is_some_and(|own| own != frame)
            });
            if self.names.as_ref().is_some_and(|names| names.is_main(&image)) {
                self.frame = None;
                self.told = false;
            }
        }
        self.written.insert(frame);
        match self.doubt.clone() {
            None => {
                let is_new = self.images.insert(path.to_owned());
                match self.level {
                    _ if !is_new => {}
                    Level::Render => self.held.push(image),
                    Level::Script | Level::Minimal => events.push(Event::FrameDone(image)),
                }
            }
            Some(doubt) => {
                let mut fault = doubt.fault;
                if fault.frame != Some(frame) {
                    fault.message = format!("the image of frame {frame} is not believed: {}", fault.message);
                    fault.frame = Some(frame);
                    self.tell("doubt", fault.clone(), events);
                }
                if doubt.reach == Reach::Frame {
                    self.doubt = Some(Doubt { fault, reach: doubt.reach });
                }
            }
        }
    }

    /// The next frame begins. Of layers that share a process, the frame's other layers are still to come.
    fn frame_is_through(&mut self, events: &mut Vec<Event>) {
        if !self.together {
            self.release(events);
        }
    }

    /// Announces what is held, each frame's own image last. Of layers that share a process, only frames that have all of
    /// them: Maya renders layer by layer.
    fn release(&mut self, events: &mut Vec<Event>) {
        let mut held = std::mem::take(&mut self.held);
        held.retain(|image| !self.bad.contains(&image.frame));
        if self.together && !self.completed {
            let layers = self.layers;
            let count = |frame: i32| self.images_of(&held, frame);
            let whole: BTreeSet<i32> = held
                .iter()
                .map(|image| image.frame)
                .filter(|frame| layers > 0 && count(*frame) >= layers)
                .collect();
            held.retain(|image| whole.contains(&image.frame));
        }
        let is_main = |image: &Image| self.names.as_ref().is_some_and(|names| names.is_main(image));
        held.sort_by_key(|image| (image.frame, is_main(image)));
        events.extend(held.into_iter().map(Event::FrameDone));
    }

    /// How many images of a frame are its own and no passes: one for each layer.
    fn images_of(&self, held: &[Image], frame: i32) -> usize {
        let is_layers = |image: &&Image| self.names.as_ref().is_some_and(|names| names.is_layers_main(image));
        held.iter().filter(|image| image.frame == frame).filter(is_layers).count()
    }

    /// What the log says at level `render`, where nobody else says it.
    fn said_by_render(&mut self, said: Said<'_>, events: &mut Vec<Event>) {
        match said {
            Said::Frame(frame) => self.started(frame, events),
            Said::Written(path) => match names::frame_of(path) {
                Some(frame) => self.image(frame, path, events),
                None => {
                    self.teller.warn(&format!("an image without a frame number was written: {path}"), events);
                }
            },
            // A doubt about an image that is settled must not reach the next one.
            Said::FrameEnd => {
                self.doubt.take_if(|doubt| {
                    doubt.reach == Reach::Frame
                        && doubt.fault.frame.is_some_and(|frame| self.written.contains(&frame))
                });
            }
            Said::Completed => self.completed = true,
            _ => {}
        }
    }

    /// Images that no line named: a renderer that names none, and passes beside the images that it names.
    fn look_for_the_rest(&mut self, events: &mut Vec<Event>) {
        for path in host::list_files(&self.staging).unwrap_or_default() {
            let extension = path::stem_and_extension(&path).1;
            let is_image = extension.is_some_and(|extension| Format::from_extension(extension).is_some());
            let frame = names::frame_of(&path).filter(|frame| is_image && self.frames.contains(*frame));
            if let Some(frame) = frame.filter(|_| !self.images.contains(&path)) {
                self.image(frame, &path, events);
            }
        }
    }
}

/// What can be said before Maya says anything: at the levels without a script of farmhand's own nobody else says it.
fn known_before(task: &Task, options: &Options) -> Vec<Event> {
    let mut events = Vec::new();
    if Level::of(task) == Level::Render {
        let version = task.tool(RENDER).ok().and_then(|tool| tool.version.clone());
        events.extend(version.map(|version| Event::fact("dcc-version", version)));
        events.extend(options.renderer.map(|renderer| Event::fact("renderer", renderer.name())));
        if options.device != Device::Scene {
            events.push(Event::fact("device", options.device.name().to_uppercase()));
        }
    }
    let hooks: Vec<&str> = task.job.frame_hooks().map(|hook| hook.name.as_str()).collect();
    if Level::of(task) != Level::Script && !hooks.is_empty() {
        let hooks = hooks.join(", ");
        events.push(Event::warning(format!("hooks around frames are left out at this level: {hooks}")));
    }
    events
}

impl Reader for MayaReader {
    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        if !self.spoke && !line.trim().is_empty() {
            self.spoke = true;
            events.append(&mut self.first);
        }
        if let Some(report) = report::parse(line) {
            return self.reported(report, events);
        }
        let is_marked = self.marks.find(line).is_some() || log_line::is_percentage(line);
        if is_marked && let Some(part) = log_line::percent(line) {
            return self.progressed(part, events);
        }
        let said = if is_marked { log_line::read(line) } else { None };
        if let Some(said) = said {
            match said {
                Said::Progress(part) => self.progressed(part, events),
                Said::Block(blocks) => {
                    self.blocks += 1;
                    self.progressed((self.blocks.min(blocks) as f32) / blocks.max(1) as f32, events);
                }
                Said::Memory(bytes) => events.push(Event::MemoryBytes(bytes)),
                Said::Exited(code) => events.push(Event::fact(MAYA_STATUS, code.to_string())),
                other if self.level == Level::Render => self.said_by_render(other, events),
                _ => {}
            }
        } else if !log_line::is_own(line)
            && let Some(rule) = self.rules.find(line)
        {
            self.remark(line, &rule.then, events);
        }
        if line.starts_with("Error: ") {
            self.error = text::quote(line).to_owned();
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        if self.level == Level::Render {
            self.look_for_the_rest(events);
            self.release(events);
        }
        if !self.spoke {
            events.push(Event::fact(SILENT, "yes"));
        }
    }
}
