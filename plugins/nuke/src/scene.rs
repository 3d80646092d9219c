//! What a `.nk` file says of its Write nodes, its frames and its views. It is TCL as Nuke writes it: one knob a line,
//! values bare, in quotes or in braces, which may go on over many lines. Nothing is executed here, so what a script
//! computes (`[…]`) stays as it is written.

use farmhand_sdk::prelude::*;
use std::collections::BTreeMap;

/// Scripts with much roto grow large. This much is read in less time than the host gives a plugin for one call.
const MOST_BYTES: u64 = 64 << 20;
/// A longer value is a curve or a drawing, and no name.
const LONGEST_VALUE: usize = 64 << 10;

/// Knobs that are kept.
const KNOBS: [&str; 13] = [
    "name",
    "file",
    "proxy",
    "file_type",
    "disable",
    "reading",
    "render_order",
    "views",
    "use_limit",
    "first",
    "last",
    "first_frame",
    "last_frame",
];

/// A Nuke script.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// Write nodes in the order of the file, those inside groups too.
    pub writes: Vec<Write>,
    /// The class of every node, by its full name.
    pub classes: BTreeMap<String, String>,
    /// The frames that the script is about.
    pub frames: Option<(i32, i32)>,
    /// All of its views; Nuke has one called `main` where the script names none.
    pub views: Vec<String>,
    /// Whether it was saved in proxy mode.
    pub proxy: bool,
    /// Whether the whole file was looked at.
    pub complete: bool,
}

/// A Write node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Write {
    /// With the groups around it: `Group1.Write1`.
    pub name: String,
    /// Where it writes; as the artist wrote it, TCL and all.
    pub file: String,
    /// Where it writes a proxy; empty: the same.
    pub proxy: String,
    /// Such as `exr`, where the script says so.
    pub file_type: Option<String>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it reads its file instead of writing it.
    pub reading: bool,
    /// Lower ones come first.
    pub render_order: f64,
    /// The frames that it is limited to.
    pub limit: Option<(i32, i32)>,
    /// The views that it writes; empty: all.
    pub views: Vec<String>,
}

impl Write {
    /// Whether Nuke would render it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.disabled && !self.reading
    }
}

impl Script {
    /// Somebody says that there is a Write node of this name. In a script of which not all was looked at, it may stand
    /// in the rest: it is taken for there then, with a file that only Nuke knows.
    pub fn expect(&mut self, name: &str) {
        if !self.complete && !self.classes.contains_key(name) {
            self.classes.insert(name.to_owned(), "Write".into());
            self.writes.push(Write { name: name.to_owned(), file: "[unknown]".into(), ..Write::default() });
        }
    }
}

/// Reads a script.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &str) -> Result<Script, PluginError> {
    let mut parser = Parser::default();
    let complete = host::scan(path, MOST_BYTES, |line| {
        parser.line(line);
        true
    })?;
    let mut script = parser.script;
    script.complete = complete;
    if script.views.is_empty() {
        script.views.push("main".into());
    }
    Ok(script)
}

#[derive(Default)]
struct Parser {
    script: Script,
    groups: Vec<String>,
    state: State,
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
    /// A value that goes on; without a name it is none that is kept.
    open: Option<(Option<&'static str>, String, Word)>,
}

impl Parser {
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
                    self.finish(&node);
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
        if line.starts_with('#') {
            return State::Between;
        }
        let Some(at) = line.find('{') else { return State::Between };
        let mut word = Word::new(&line[at..]);
        if word.closes_in(&line[at..]) { State::Between } else { State::Command(word) }
    }

    fn finish(&mut self, node: &Node) {
        let knob = |name: &str| {
            node.knobs.iter().rev().find(|(own, _)| *own == name).map(|(_, value)| unquoted(value))
        };
        let is_on = |name| knob(name).is_some_and(|value| value == "true" || value == "1");
        if node.class == "Root" {
            self.script.proxy = is_on("proxy");
            let frame = |name| knob(name).and_then(|value| whole(&value));
            self.script.frames = Some((frame("first_frame").unwrap_or(1), frame("last_frame").unwrap_or(1)));
            self.script.views = knob("views").map(|value| views(&value)).unwrap_or_default();
            return;
        }
        let Some(own) = knob("name") else { return };
        let name = self.groups.iter().map(String::as_str).chain([own.as_str()]).collect::<Vec<_>>().join(".");
        if ["Write", "DeepWrite"].contains(&node.class.as_str()) {
            let limit = || Some((whole(&knob("first")?).unwrap_or(1), whole(&knob("last")?).unwrap_or(1)));
            self.script.writes.push(Write {
                name: name.clone(),
                file: knob("file").unwrap_or_default(),
                proxy: knob("proxy").unwrap_or_default(),
                file_type: knob("file_type")
                    .map(|value| value.trim().to_owned())
                    .filter(|one| !one.is_empty()),
                disabled: is_on("disable"),
                reading: is_on("reading"),
                render_order: knob("render_order").and_then(|value| value.parse().ok()).unwrap_or(1.0),
                limit: if is_on("use_limit") { limit() } else { None },
                views: knob("views").map(|value| views(&value)).unwrap_or_default(),
            });
        }
        if ["Group", "LiveGroup"].contains(&node.class.as_str()) {
            self.groups.push(own);
        }
        self.script.classes.insert(name, node.class.clone());
    }
}

impl Node {
    /// Whether the node ends with this line.
    fn line(&mut self, line: &str) -> bool {
        if let Some((name, mut value, mut word)) = self.open.take() {
            let closes = word.closes_in(line);
            if name.is_some() && value.len() + line.len() < LONGEST_VALUE {
                value.push('\n');
                value.push_str(line);
            }
            if !closes {
                self.open = Some((name, value, word));
            } else if let Some(name) = name {
                self.knobs.push((name, value));
            }
            return false;
        }
        let line = line.trim();
        if line.starts_with('}') {
            return true;
        }
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = value.trim_start();
        let kept = KNOBS.into_iter().find(|knob| *knob == name);
        let mut word = Word::new(value);
        if word.closes_in(value) {
            if let Some(name) = kept {
                self.knobs.push((name, value.to_owned()));
            }
        } else {
            let text = if kept.is_some() { value.to_owned() } else { String::new() };
            self.open = Some((kept, text, word));
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
                (Word::Braces { depth }, b'{') => *depth += 1,
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

/// What a TCL word stands for. Braces keep their content as it is.
fn unquoted(word: &str) -> String {
    if let Some(inner) = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return inner.to_owned();
    }
    let inner = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(word);
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => {}
            },
            (c, false) => text.push(c),
        }
    }
    text
}

/// A whole number; Nuke writes frames as `1001` or `1001.0`.
fn whole(text: &str) -> Option<i32> {
    text.trim().parse::<f64>().ok().map(|number| number.round() as i32)
}

/// Names of views: one a line with its colour after it, or lists in braces, or words.
fn views(text: &str) -> Vec<String> {
    let text = text.trim();
    let names: Vec<&str> = if text.starts_with('{') {
        text.split('{').filter_map(|part| part.split(['}', ' ']).next()).collect()
    } else if text.contains('\n') || text.contains('#') {
        text.lines().filter_map(|line| line.split_whitespace().next()).collect()
    } else {
        text.split_whitespace().collect()
    };
    names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Script {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.nk");
        std::fs::write(&path, text).unwrap();
        read(path.to_str().unwrap()).unwrap()
    }

    const SCRIPT: &str = r##"#! /usr/local/Nuke15.1v3/nuke-15.1.3 -nx
# a comment with a { in it
version 15.1 v3
define_window_layout_xml {<?xml version="1.0" encoding="UTF-8"?>
<layout version="1.0">
    <window x="0" name="Write {
"/>}
</layout>
}
Root {
 inputs 0
 name /show/shot/comp.nk
 first_frame 1001
 last_frame 1100
 proxy true
 format "2048 1556 0 0 2048 1556 1 2K_Super_35(full-ap)"
 views "left #ff0000
right #00ff00"
}
add_layer {matte matte.red matte.green}
Group {
 inputs 0
 name Denoise
 addUserKnob {41 file T Write1.file}
}
 Input {
  inputs 0
  name Input1
 }
 Write {
  file "/pre/\[value root.name]_%V.####.exr"
  file_type exr
  name Write1
 }
end_group
set N1 [stack 0]
Roto {
 curves {{{v x3f99999a}
  {f 0}
  {n
   {layer Root "}"}}}}
 name Roto1
}
push $N1
Write {
 file C:\\out\\beauty.%04d.exr
 proxy {/proxy/[argv 0].####.exr}
 render_order 2
 disable true
 use_limit true
 first 1001
 last 1010
 views {left right}
 name Beauty
}
clone node1|Write|2 Write {
 reading 1
 name "Mat te"
}
"##;

    #[test]
    fn finds_writes_in_groups_and_past_everything_else() {
        let script = parsed(SCRIPT);
        assert!(script.complete);
        assert_eq!((script.frames, script.proxy), (Some((1001, 1100)), true));
        assert_eq!(script.views, ["left", "right"]);
        assert_eq!(script.classes["Roto1"], "Roto");
        let [inner, beauty, matte] = script.writes.as_slice() else { panic!("{:?}", script.writes) };
        assert_eq!(inner.name, "Denoise.Write1");
        assert_eq!(inner.file, "/pre/[value root.name]_%V.####.exr");
        assert!(inner.is_active());
        let expected = Write {
            name: "Beauty".into(),
            file: "C:\\out\\beauty.%04d.exr".into(),
            proxy: "/proxy/[argv 0].####.exr".into(),
            disabled: true,
            render_order: 2.0,
            limit: Some((1001, 1010)),
            views: vec!["left".into(), "right".into()],
            ..Write::default()
        };
        assert_eq!(*beauty, expected);
        assert!(matte.reading && !matte.is_active() && matte.name == "Mat te");
    }

    #[test]
    fn views_are_written_in_more_than_one_way() {
        for (text, expected) in [
            ("Root {\n views \"left #ff0000\\nright #00ff00\\n\"\n}", vec!["left", "right"]),
            ("Root {\n views {{left #ff0000} {right \"\"}}\n}", vec!["left", "right"]),
            ("Root {\n views {{main \"\"}}\n}", vec!["main"]),
            ("Root {\n}", vec!["main"]),
            ("", vec!["main"]),
        ] {
            assert_eq!(parsed(text).views, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_script_has_nothing() {
        let script = parsed("%PDF-1.4 {{{ \"\n Write {\n");
        assert!(script.writes.is_empty() && script.classes.is_empty() && script.frames.is_none());
    }

    #[test]
    fn what_may_stand_in_the_rest_is_taken_for_there() {
        let mut whole = parsed(SCRIPT);
        whole.expect("Late");
        assert!(!whole.classes.contains_key("Late"));
        let mut cut = Script { complete: false, ..whole };
        cut.expect("Late");
        cut.expect("Roto1");
        assert_eq!(cut.writes.last().map(|write| write.name.as_str()), Some("Late"));
        assert!(cut.writes.last().is_some_and(Write::is_active));
    }

    #[test]
    fn a_switch_that_is_computed_is_not_off() {
        let script = parsed("Write {\n disable {{\"frame > 5\"}}\n file /a.####.exr\n name W\n}");
        assert!(script.writes[0].is_active());
    }
}
