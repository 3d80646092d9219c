//! What a `.nk` file says of its Write nodes and its frames. It is TCL as Nuke writes it: one knob a line, values bare,
//! in quotes or in braces, which may go on over many lines. Nothing is executed, so what a script computes stays unread.

use super::{Inside, Layer, Told, lines};
use farmhand_model::{FrameSet, Run};
use std::io;
use std::path::Path;

/// Write nodes that are listed.
const MOST_WRITES: usize = 10_000;
/// Knobs that are kept.
const KNOBS: [&str; 6] = ["name", "disable", "reading", "render_order", "first_frame", "last_frame"];

/// Reads a script.
pub(super) fn read(path: &Path) -> io::Result<Told> {
    let mut reading = Reading::default();
    let complete = lines::each(path, |line| reading.line(line))?;
    Ok(reading.finish(complete))
}

#[derive(Default)]
struct Reading {
    writes: Vec<Write>,
    /// First and last frame of the script.
    frames: Option<(f64, f64)>,
    nodes: u64,
    groups: Vec<String>,
    state: State,
}

struct Write {
    layer: Layer,
    /// Lower ones come first.
    order: f64,
}

#[derive(Default)]
enum State {
    #[default]
    Between,
    /// A command that goes on over many lines, such as a window layout.
    Command(Word),
    Node(Node),
}

struct Node {
    class: String,
    knobs: Vec<(&'static str, String)>,
    /// A value that goes on. Those that count are never that long.
    open: Option<Word>,
}

impl Reading {
    fn line(&mut self, line: &str) {
        match std::mem::take(&mut self.state) {
            State::Between => self.state = self.command(line.trim()),
            State::Command(mut word) => {
                if !word.closes_in(line) {
                    self.state = State::Command(word);
                }
            }
            State::Node(mut node) => {
                if node.line(line) {
                    self.ended(&node);
                } else {
                    self.state = State::Node(node);
                }
            }
        }
    }

    fn command(&mut self, line: &str) -> State {
        if line == "end_group" {
            self.groups.pop();
            return State::Between;
        }
        if let Some(head) = line.strip_suffix(" {")
            && head.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            // `clone node1|Blur|2 Blur {` has the class last.
            let class = head.rsplit(' ').next().unwrap_or(head).to_owned();
            return State::Node(Node { class, knobs: Vec::new(), open: None });
        }
        let Some(at) = line.find('{').filter(|_| !line.starts_with('#')) else { return State::Between };
        let mut word = Word::new(&line[at..]);
        if word.closes_in(&line[at..]) { State::Between } else { State::Command(word) }
    }

    fn ended(&mut self, node: &Node) {
        self.nodes += 1;
        let knob =
            |name: &str| node.knobs.iter().rev().find(|(own, _)| *own == name).map(|(_, value)| bare(value));
        let is_on = |name| matches!(knob(name), Some("true" | "1"));
        let number = |name| knob(name).and_then(|value| value.parse::<f64>().ok());
        if node.class == "Root" {
            // What has its default is not in the file: frame 1.
            self.frames = Some((number("first_frame").unwrap_or(1.0), number("last_frame").unwrap_or(1.0)));
            return;
        }
        let Some(own) = knob("name") else { return };
        if ["Write", "DeepWrite"].contains(&node.class.as_str()) && self.writes.len() < MOST_WRITES {
            let name = self.groups.iter().map(String::as_str).chain([own]).collect::<Vec<_>>().join(".");
            let enabled = !is_on("disable") && !is_on("reading");
            let order = number("render_order").unwrap_or(1.0);
            self.writes.push(Write { layer: Layer { name, enabled }, order });
        }
        if ["Group", "LiveGroup"].contains(&node.class.as_str()) {
            self.groups.push(own.to_owned());
        }
    }

    fn finish(mut self, complete: bool) -> Told {
        self.writes.sort_by(|one, other| one.order.total_cmp(&other.order));
        let frames = self.frames.and_then(|(first, last)| {
            let whole = |frame: f64| frame.abs() < f64::from(i32::MAX);
            let run = (whole(first) && whole(last) && first <= last)
                .then(|| Run::up_to(first.round() as i32, last.round() as i32, 1))?;
            FrameSet::from_runs([run]).ok()
        });
        let none = (self.nodes == 0 && self.frames.is_none())
            .then(|| "no node could be found in it; save it as `.nk` from Nuke".to_owned());
        let unread_frames = frames
            .is_none()
            .then(|| none.clone().unwrap_or_else(|| "the script says no range of whole frames".to_owned()));
        let unread_layers =
            none.or_else(|| (!complete).then(|| "the script is too long to be read to its end".to_owned()));
        let layers = self.writes.into_iter().map(|write| write.layer).collect();
        Told { scenes: vec![Inside { name: None, frames, layers }], current: 0, unread_frames, unread_layers }
    }
}

impl Node {
    /// Whether the node ends with this line.
    fn line(&mut self, line: &str) -> bool {
        if let Some(mut word) = self.open.take() {
            if !word.closes_in(line) {
                self.open = Some(word);
            }
            return false;
        }
        let line = line.trim();
        if line.starts_with('}') {
            return true;
        }
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = value.trim_start();
        let mut word = Word::new(value);
        if !word.closes_in(value) {
            self.open = Some(word);
        } else if let Some(name) = KNOBS.into_iter().find(|knob| *knob == name) {
            self.knobs.push((name, value.to_owned()));
        }
        false
    }
}

/// A TCL word on its way to its end.
enum Word {
    Bare,
    Quotes { inside: bool },
    Braces { depth: u32 },
}

impl Word {
    fn new(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'{') => Word::Braces { depth: 0 },
            Some(b'"') => Word::Quotes { inside: false },
            _ => Word::Bare,
        }
    }

    fn closes_in(&mut self, text: &str) -> bool {
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match (&mut *self, byte) {
                (Word::Bare, _) => return true,
                (_, b'\\') => {
                    bytes.next();
                }
                (Word::Quotes { inside: true }, b'"') => return true,
                (Word::Quotes { inside }, b'"') => *inside = true,
                (Word::Braces { depth }, b'{') => *depth = depth.saturating_add(1),
                (Word::Braces { depth }, b'}') => {
                    *depth = depth.saturating_sub(1);
                    if *depth == 0 {
                        return true;
                    }
                }
                _ => {}
            }
        }
        matches!(self, Word::Bare)
    }
}

/// A word without its quotes or braces. Names and numbers have no escapes.
fn bare(word: &str) -> &str {
    let within = |open, close| word.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    within('{', '}').or_else(|| within('"', '"')).unwrap_or(word).trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told_by(text: &str) -> Told {
        let mut reading = Reading::default();
        text.lines().for_each(|line| reading.line(line));
        reading.finish(true)
    }

    fn check(text: &str, frames: Option<&str>, layers: &[(&str, bool)]) {
        let told = told_by(text);
        let [inside] = told.scenes.as_slice() else { panic!("one scene") };
        assert_eq!(inside.frames.as_ref().map(ToString::to_string).as_deref(), frames);
        let found: Vec<_> = inside.layers.iter().map(|layer| (layer.name.as_str(), layer.enabled)).collect();
        assert_eq!(found, layers);
        assert_eq!(told.unread_frames.is_none(), frames.is_some());
    }

    #[test]
    fn writes_come_in_their_render_order() {
        check(
            include_str!("../../../tests/standins/scenes/comp.nk"),
            Some("1-5"),
            &[("Matte", true), ("Off", false), ("Cached", false), ("Beauty", true)],
        );
        check(include_str!("../../../tests/standins/scenes/stereo.nk"), Some("1,2"), &[("Stereo", true)]);
    }

    #[test]
    fn groups_clones_and_long_values_are_passed_through() {
        check(
            "#! C:/nuke -nx {\nversion 15.1 v1\ndefine_window_layout_xml {<?xml?>\n<layout {x} }>\n}\nRoot {\n \
             inputs 0\n label \"two\nlines }\"\n first_frame 1001.0\n last_frame 1003\n}\nGroup {\n name Out\n \
             addUserKnob {20 User l {a } b}}\n}\n Write {\n  file {[value root.name] {x}}\n  name In\n }\nend_group\n\
             clone node1|Write|2 Write {\n name {Top}\n disable true\n}\n",
            Some("1001-1003"),
            &[("Out.In", true), ("Top", false)],
        );
    }

    #[test]
    fn what_is_no_script_says_so() {
        let told = told_by("hello\nworld");
        assert!(told.unread_frames.expect("said").contains("no node could be found"));
        assert!(told.unread_layers.expect("said").contains("no node could be found"));
        assert!(told_by("Root {\n first_frame 9\n last_frame 2\n}").unread_frames.is_some());
        assert!(told_by("Root {\n last_frame 1e300\n}").unread_frames.is_some());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ -~\n{}\"\\\\]{0,400}|(Write|Root|Group) \\{\n( [a-z_]{1,10} [^\n]{0,20}\n){0,5}\\}\n.{0,80}") {
            told_by(&text);
        }
    }
}
