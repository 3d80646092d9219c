//! What a Maya ASCII scene says of its render layers and its range, without Maya. It is read line by line and never
//! held; geometry, which is most of it, is passed over.

use super::{Inside, Layer, Told, lines};
use farmhand_model::{FrameSet, Run};
use std::io;
use std::path::Path;

/// The layer that every scene has.
const MASTER: &str = "defaultRenderLayer";
/// Layers that are listed.
const MOST_LAYERS: usize = 10_000;

/// Reads a scene.
pub(super) fn read(path: &Path) -> io::Result<Told> {
    let mut reading = Reading::default();
    let complete = lines::each(path, |line| reading.line(line))?;
    Ok(reading.finish(complete))
}

/// Of which node the next `setAttr` lines are.
#[derive(Default)]
enum Node {
    #[default]
    Other,
    Globals,
    Layer(String),
    Script,
}

#[derive(Default)]
struct Reading {
    is_maya: bool,
    node: Node,
    /// Nodes of layers, of both kinds.
    nodes: Vec<Layer>,
    /// Layers of render setup.
    setup: Vec<String>,
    first: Option<f64>,
    last: Option<f64>,
    step: Option<f64>,
    /// First and last frame of the time slider.
    slider: Option<(f64, f64)>,
    has_references: bool,
}

impl Reading {
    fn line(&mut self, line: &str) {
        let text = line.trim_start();
        // Data of attributes is indented twice.
        if line.len() - text.len() > 1 {
            return;
        }
        if let Some(rest) = text.strip_prefix("setAttr ") {
            self.attribute(rest);
        } else if let Some(rest) = text.strip_prefix("createNode ") {
            self.created(rest);
        } else if let Some(rest) = text.strip_prefix("select -ne ") {
            self.node = match rest.trim_end_matches(';').trim_start_matches(':') {
                "defaultRenderGlobals" => Node::Globals,
                MASTER => Node::Layer(MASTER.to_owned()),
                _ => Node::Other,
            };
        } else if let Some(rest) = text.strip_prefix("file ") {
            self.has_references |= rest.starts_with("-r");
        } else if text.starts_with("requires maya ") || text.starts_with("//Maya ASCII") {
            self.is_maya = true;
        }
    }

    fn created(&mut self, rest: &str) {
        let kind = rest.split([' ', ';']).next().unwrap_or_default();
        let name = rest.split_once(" -n ").and_then(|(_, name)| quoted(name)).map(|(name, _)| name);
        self.node = match (kind, name) {
            ("renderLayer", Some(name)) if self.nodes.len() < MOST_LAYERS => {
                self.nodes.push(Layer { name: name.clone(), enabled: true });
                Node::Layer(name)
            }
            ("renderSetupLayer", Some(name)) if self.setup.len() < MOST_LAYERS => {
                self.setup.push(name);
                Node::Other
            }
            ("script", _) => Node::Script,
            _ => Node::Other,
        };
    }

    fn attribute(&mut self, rest: &str) {
        if matches!(self.node, Node::Other) {
            return;
        }
        let Some((name, value)) = quoted(rest) else { return };
        match (&self.node, name.trim_start_matches('.')) {
            (Node::Globals, "fs" | "startFrame") => self.first = number(value),
            (Node::Globals, "ef" | "endFrame") => self.last = number(value),
            (Node::Globals, "bfs" | "byFrameStep") => self.step = number(value),
            (Node::Layer(node), "rndr" | "renderable") => {
                let enabled = is_on(value);
                match self.nodes.iter_mut().rev().find(|layer| layer.name == *node) {
                    Some(layer) => layer.enabled = enabled,
                    None => self.nodes.push(Layer { name: node.clone(), enabled }),
                }
            }
            (Node::Script, "b" | "before") => {
                if let Some(command) = value.split_once("playbackOptions") {
                    self.slider = slider(command.1);
                }
            }
            _ => {}
        }
    }

    fn finish(self, complete: bool) -> Told {
        let Self { is_maya, nodes, setup, first, last, step, slider, has_references, .. } = self;
        // What has its default is not in the file: 1 to 10, every frame.
        let own = (first.is_some() || last.is_some())
            .then(|| (first.unwrap_or(1.0), last.unwrap_or(10.0), step.unwrap_or(1.0)));
        let range = own.or_else(|| slider.map(|(first, last)| (first, last, 1.0))).filter(|_| complete);
        let frames = range.and_then(whole_frames);
        let enabled = |node: &str| nodes.iter().find(|layer| layer.name == node).is_none_or(|l| l.enabled);
        let is_of_setup =
            |node: &str| node.strip_prefix("rs_").is_some_and(|name| setup.iter().any(|own| own == name));
        let of_setup =
            setup.iter().map(|name| Layer { name: name.clone(), enabled: enabled(&format!("rs_{name}")) });
        // A node that another scene's name stands before comes with a reference.
        let legacy = nodes
            .iter()
            .filter(|layer| layer.name != MASTER && !is_of_setup(&layer.name))
            .filter(|layer| !layer.name.ends_with(":defaultRenderLayer"));
        let mut layers: Vec<Layer> = of_setup.chain(legacy.cloned()).collect();
        // The one that every scene has is a choice only where there are others.
        if !layers.is_empty() {
            layers.insert(0, Layer { name: MASTER.to_owned(), enabled: enabled(MASTER) });
        }
        let trouble = match (is_maya, complete) {
            (false, _) => Some("this is no Maya ASCII scene"),
            (true, false) => Some("the scene is too long to be read to its end"),
            (true, true) => None,
        };
        let unread_frames = frames.is_none().then(|| match (trouble, range) {
            (Some(trouble), _) => trouble.to_owned(),
            (None, Some((first, last, step))) => {
                format!("the scene's range {first} to {last} by {step} is none of whole frames")
            }
            (None, None) => "the scene says no range".to_owned(),
        });
        let references = "scenes that it references may bring layers of their own; type their names";
        let unread_layers = trouble.or(has_references.then_some(references)).map(str::to_owned);
        let layers = if complete { layers } else { Vec::new() };
        Told { scenes: vec![Inside { name: None, frames, layers }], current: 0, unread_frames, unread_layers }
    }
}

fn whole_frames((first, last, step): (f64, f64, f64)) -> Option<FrameSet> {
    let whole = |number: f64| number.fract() == 0.0 && number.abs() < f64::from(i32::MAX);
    let run = (whole(first) && whole(last) && whole(step) && step >= 1.0 && first <= last)
        .then(|| Run::up_to(first as i32, last as i32, step as u32))?;
    FrameSet::from_runs([run]).ok()
}

/// The first quoted text, without its escapes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let start = text.find('"')? + 1;
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text[start..].char_indices() {
        match (escaped, c) {
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (false, '"') => return Some((out, &text[start + at + 1..])),
            (_, c) => out.push(c),
        }
        escaped = false;
    }
    None
}

fn number(value: &str) -> Option<f64> {
    let value = value.trim().trim_end_matches(';').trim_end();
    value.rsplit(' ').next()?.parse().ok().filter(|number: &f64| number.is_finite())
}

fn is_on(value: &str) -> bool {
    matches!(value.trim().trim_end_matches(';').trim_end(), "yes" | "on" | "true" | "1")
}

fn slider(command: &str) -> Option<(f64, f64)> {
    let value = |name: &str| {
        let (_, rest) = command.split_once(name)?;
        rest.split_whitespace().next()?.parse().ok().filter(|number: &f64| number.is_finite())
    };
    Some((value(" -min ")?, value(" -max ")?))
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

    #[track_caller]
    fn check(text: &str, frames: Option<&str>, layers: &[(&str, bool)]) -> Told {
        let told = told_by(text);
        let [inside] = told.scenes.as_slice() else { panic!("one scene") };
        assert_eq!(inside.frames.as_ref().map(ToString::to_string).as_deref(), frames);
        let found: Vec<_> = inside.layers.iter().map(|layer| (layer.name.as_str(), layer.enabled)).collect();
        assert_eq!(found, layers);
        assert_eq!(told.unread_frames.is_none(), frames.is_some());
        told
    }

    #[test]
    fn layers_of_both_kinds() {
        check(
            include_str!("../../../tests/standins/scenes/render-setup.ma"),
            Some("1-5"),
            &[(MASTER, false), ("chars", true), ("env", true)],
        );
        check(
            include_str!("../../../tests/standins/scenes/legacy-layers.ma"),
            Some("1-5"),
            &[(MASTER, false), ("beauty", true), ("shadow", true), ("scratch", false)],
        );
        check(include_str!("../../../tests/standins/scenes/arnold.ma"), Some("1-5"), &[]);
    }

    #[test]
    fn ranges_of_the_settings_and_of_the_slider() {
        let globals =
            |lines: &str| format!("requires maya \"2024\";\nselect -ne :defaultRenderGlobals;\n{lines}");
        check(&globals("\tsetAttr \".ef\" 24;\n\tsetAttr -k on \".bfs\" 5;"), Some("1-21x5"), &[]);
        check(&globals("\tsetAttr \".fs\" 1.5;"), None, &[]);
        check(&globals("\tsetAttr \".fs\" 20;"), None, &[]);
        check(
            &globals(
                "createNode script -n \"s\";\n\tsetAttr \".b\" -type \"string\" \"playbackOptions -min 3 -max 9 -ast 1\";",
            ),
            Some("3-9"),
            &[],
        );
        check(&globals(""), None, &[]);
    }

    #[test]
    fn what_may_be_missing_is_said() {
        let told = told_by(
            "requires maya \"2024\";\nfile -rdi 1 -ns \"char\" \"/show/char.ma\";\nselect -ne :time1;",
        );
        assert!(told.unread_layers.expect("said").contains("references"));
        let told = told_by("hello");
        assert_eq!(told.unread_layers.as_deref(), Some("this is no Maya ASCII scene"));
        let mut reading = Reading::default();
        reading.line("requires maya \"2024\";");
        let told = reading.finish(false);
        assert!(told.unread_layers.expect("said").contains("too long"));
        assert!(told.unread_frames.expect("said").contains("too long"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([\t ]{0,2}(setAttr|createNode|select -ne|file|renderLayer -n)[ -~é]{0,60}\n){0,8}") {
            told_by(&text);
        }
    }
}
