//! What a Maya ASCII scene says of itself without Maya: its layers, cameras, range, renderer and image name. A scene is
//! read line by line and never held; geometry, which is most of it, is passed over.

use crate::options::LayerSystem;
use farmhand_sdk::prelude::*;

/// Bytes looked at. What counts stands at the end of a scene, and a call into a plugin has a time limit of seconds.
pub const LIMIT: u64 = 64 << 20;

/// The layer that every scene has.
pub const MASTER: &str = "defaultRenderLayer";

/// What a scene says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// `defaultRenderGlobals.currentRenderer`, by Maya's name.
    pub renderer: Option<String>,
    /// First frame, last frame and step of the render settings.
    pub range: Option<(f64, f64, f64)>,
    /// First and last frame of the time slider.
    pub playback: Option<(f64, f64)>,
    /// File name prefix of the images.
    pub prefix: Option<String>,
    /// Digits of the frame number.
    pub padding: Option<u32>,
    /// Extension of the images, where the render settings name one.
    pub extension: Option<String>,
    /// Layers of render setup, in the scene's order.
    pub setup_layers: Vec<Layer>,
    /// Legacy layers, without the one that every scene has.
    pub legacy_layers: Vec<Layer>,
    /// Whether the layer that every scene has is rendered.
    pub master_renderable: bool,
    /// Cameras, by their transforms.
    pub cameras: Vec<Camera>,
    /// Whether other scenes are referenced, with layers and cameras of their own.
    pub has_references: bool,
    /// The Maya that saved it.
    pub version: Option<String>,
}

/// A render layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// As people name it.
    pub name: String,
    /// Whether the scene renders it.
    pub renderable: bool,
}

/// A camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its transform.
    pub transform: String,
    /// Its shape.
    pub shape: String,
    /// Whether the scene renders it.
    pub renderable: bool,
}

impl Scene {
    /// Reads a scene; `None` where it is longer than what is looked at.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &str) -> Result<Option<Self>, PluginError> {
        let mut reading = Reading::default();
        let complete = host::scan(path, LIMIT, |line| {
            reading.line(line);
            true
        })?;
        Ok(complete.then(|| reading.finish()))
    }

    /// The same from text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut reading = Reading::default();
        text.lines().for_each(|line| reading.line(line));
        reading.finish()
    }

    /// Which kind of layers it has; `None` where it has none of its own.
    #[must_use]
    pub fn layer_system(&self) -> Option<LayerSystem> {
        if !self.setup_layers.is_empty() {
            Some(LayerSystem::RenderSetup)
        } else if !self.legacy_layers.is_empty() {
            Some(LayerSystem::Legacy)
        } else {
            None
        }
    }

    /// Its own layers, of whichever kind.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        if self.setup_layers.is_empty() { &self.legacy_layers } else { &self.setup_layers }
    }

    /// The name by which people know a layer: render setup's without the prefix of its node, and the one that every
    /// scene has by its node.
    #[must_use]
    pub fn canonical(&self, name: &str) -> Option<String> {
        if name == MASTER || name == "masterLayer" {
            return Some(MASTER.to_owned());
        }
        let bare = name.strip_prefix("rs_").filter(|_| !self.setup_layers.is_empty());
        let known = |name: &str| self.layers().iter().any(|layer| layer.name == name);
        [Some(name), bare].into_iter().flatten().find(|name| known(name)).map(str::to_owned)
    }

    /// Names of the layers that it renders, the one that every scene has among them.
    #[must_use]
    pub fn renderable_layers(&self) -> Vec<String> {
        let master = self.master_renderable.then(|| MASTER.to_owned());
        let own = self.layers().iter().filter(|layer| layer.renderable).map(|layer| layer.name.clone());
        master.into_iter().chain(own).collect()
    }
}

/// Of which node the next `setAttr` lines are.
#[derive(Debug, Clone, Default, PartialEq)]
enum Node {
    #[default]
    Other,
    Globals,
    ArnoldDriver,
    Vray,
    Layer(String),
    Camera(usize),
    Script,
}

#[derive(Default)]
struct Reading {
    scene: Scene,
    node: Node,
    nodes: Vec<Layer>,
    setup: Vec<String>,
    first: Option<f64>,
    last: Option<f64>,
    step: Option<f64>,
}

impl Reading {
    fn line(&mut self, line: &str) {
        let text = line.trim_start();
        // Data of attributes is indented twice and is most of a scene.
        if line.len() - text.len() > 1 {
            return;
        }
        if let Some(rest) = text.strip_prefix("setAttr ") {
            if self.node != Node::Other {
                self.attribute(rest);
            }
        } else if let Some(rest) = text.strip_prefix("createNode ") {
            self.created(rest);
        } else if let Some(rest) = text.strip_prefix("select -ne ") {
            self.node = match rest.trim_end_matches(';').trim_start_matches(':') {
                "defaultRenderGlobals" => Node::Globals,
                "defaultArnoldDriver" => Node::ArnoldDriver,
                "vraySettings" => Node::Vray,
                MASTER => Node::Layer(MASTER.into()),
                _ => Node::Other,
            };
        } else if let Some(rest) = text.strip_prefix("file ") {
            // Each reference is named once with -rdi and once with -r.
            self.scene.has_references |= rest.starts_with("-r");
        } else if let Some(rest) = text.strip_prefix("fileInfo \"version\" ") {
            self.scene.version = quoted(rest).map(|(version, _)| version);
        }
    }

    fn created(&mut self, rest: &str) {
        let kind = rest.split([' ', ';']).next().unwrap_or_default();
        let name = flag(rest, "-n");
        self.node = match (kind, name) {
            ("renderLayer", Some(name)) => {
                self.nodes.push(Layer { name: name.clone(), renderable: true });
                Node::Layer(name)
            }
            ("renderSetupLayer", Some(name)) => {
                self.setup.push(name);
                Node::Other
            }
            ("camera", Some(shape)) => {
                let transform = flag(rest, "-p").unwrap_or_else(|| shape.clone());
                let transform = transform.rsplit('|').next().unwrap_or(&transform).to_owned();
                self.scene.cameras.push(Camera { transform, shape, renderable: true });
                Node::Camera(self.scene.cameras.len() - 1)
            }
            ("script", _) => Node::Script,
            ("VRaySettingsNode", _) => Node::Vray,
            ("aiAOVDriver", Some(name)) if name == "defaultArnoldDriver" => Node::ArnoldDriver,
            _ => Node::Other,
        };
    }

    fn attribute(&mut self, rest: &str) {
        let Some((name, value)) = quoted(rest) else { return };
        let name = name.trim_start_matches('.');
        let text = || value.find('"').and_then(|_| quoted(after_type(value))).map(|(text, _)| text);
        match (&self.node, name) {
            (Node::Globals, "ren" | "currentRenderer") => self.scene.renderer = text(),
            (Node::Globals, "fs" | "startFrame") => self.first = number(value),
            (Node::Globals, "ef" | "endFrame") => self.last = number(value),
            (Node::Globals, "bfs" | "byFrameStep") => self.step = number(value),
            (Node::Globals, "ep" | "extensionPadding") => {
                self.scene.padding = number(value).map(|digits| digits as u32);
            }
            (Node::Globals, "ifp" | "imageFilePrefix") | (Node::Vray, "fnprx" | "fileNamePrefix") => {
                self.scene.prefix = text().filter(|prefix| !prefix.is_empty());
            }
            (Node::Globals, "imfkey" | "imfPluginKey")
            | (Node::ArnoldDriver, "ai_translator" | "aiTranslator")
            | (Node::Vray, "imgfs" | "imageFormatStr") => {
                self.scene.extension = text().map(|format| match format.as_str() {
                    "jpeg" => "jpg".to_owned(),
                    "deepexr" => "exr".to_owned(),
                    _ => format,
                });
            }
            (Node::Layer(node), "rndr" | "renderable") => {
                let renderable = is_on(value);
                if let Some(layer) = self.nodes.iter_mut().rev().find(|layer| layer.name == *node) {
                    layer.renderable = renderable;
                } else {
                    self.nodes.push(Layer { name: node.clone(), renderable });
                }
            }
            (Node::Camera(index), "rnd" | "renderable") => {
                self.scene.cameras[*index].renderable = is_on(value);
            }
            (Node::Script, "b" | "before") => {
                if let Some(command) = text().filter(|text| text.starts_with("playbackOptions")) {
                    self.scene.playback = playback(&command);
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> Scene {
        let Self { mut scene, nodes, setup, first, last, step, .. } = self;
        if first.is_some() || last.is_some() {
            // What has its default is not in the file: 1 to 10, every frame.
            scene.range = Some((first.unwrap_or(1.0), last.unwrap_or(10.0), step.unwrap_or(1.0)));
        }
        let renderable =
            |node: &str| nodes.iter().find(|layer| layer.name == node).is_none_or(|layer| layer.renderable);
        scene.master_renderable = renderable(MASTER);
        scene.setup_layers = setup
            .iter()
            .map(|name| Layer { name: name.clone(), renderable: renderable(&format!("rs_{name}")) })
            .collect();
        let is_of_setup =
            |node: &str| node.strip_prefix("rs_").is_some_and(|name| setup.iter().any(|own| own == name));
        // A node that another scene's name stands before comes with a reference.
        scene.legacy_layers = nodes
            .iter()
            .filter(|layer| layer.name != MASTER && !is_of_setup(&layer.name))
            .filter(|layer| !layer.name.ends_with(":defaultRenderLayer"))
            .cloned()
            .collect();
        scene
    }
}

/// The first quoted text, without its escapes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let start = text.find('"')? + 1;
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text[start..].char_indices() {
        match (escaped, c) {
            (true, 'n') => out.push('\n'),
            (true, 't') => out.push('\t'),
            (true, c) => out.push(c),
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (false, '"') => return Some((out, &text[start + at + 1..])),
            (false, c) => out.push(c),
        }
        escaped = false;
    }
    None
}

/// What follows `-type "string"`.
fn after_type(value: &str) -> &str {
    match value.trim_start().strip_prefix("-type") {
        Some(rest) => quoted(rest).map_or(rest, |(_, rest)| rest),
        None => value,
    }
}

fn flag(text: &str, name: &str) -> Option<String> {
    let rest = text::after(text, &format!(" {name} "))?;
    quoted(rest).map(|(value, _)| value)
}

fn number(value: &str) -> Option<f64> {
    let value = value.trim().trim_end_matches(';').trim_end();
    value.rsplit(' ').next()?.parse().ok().filter(|number: &f64| number.is_finite())
}

fn is_on(value: &str) -> bool {
    matches!(value.trim().trim_end_matches(';').trim_end(), "yes" | "on" | "true" | "1")
}

fn playback(command: &str) -> Option<(f64, f64)> {
    let value = |name: &str| text::after(command, name)?.split_whitespace().next()?.parse().ok();
    Some((value(" -min ")?, value(" -max ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOBALS: &str = r#"
createNode camera -s -n "perspShape" -p "persp";
	rename -uid "A";
	setAttr -k off ".v" no;
	setAttr ".rnd" no;
createNode camera -n "shotCamShape" -p "|rig|shotCam";
	setAttr ".fl" 35;
createNode mesh -n "bodyShape" -p "body";
	setAttr ".rnd" no;
	setAttr -s 2 ".vt[0:1]"
		 0 0 0
		 1 1 1;
createNode renderLayerManager -n "renderLayerManager";
createNode renderLayer -n "defaultRenderLayer";
	setAttr ".g" yes;
	setAttr ".rndr" no;
createNode script -n "sceneConfigurationScriptNode";
	setAttr ".b" -type "string" "playbackOptions -min 1 -max 120 -ast 1 -aet 200 ";
	setAttr ".st" 6;
select -ne :time1;
	setAttr ".o" 4;
select -ne :defaultRenderGlobals;
	setAttr ".ren" -type "string" "arnold";
	setAttr ".imfkey" -type "string" "exr";
	setAttr ".an" yes;
	setAttr ".ef" 24;
	setAttr -k on ".bfs" 2;
	setAttr ".ep" 4;
	setAttr ".ifp" -type "string" "<Scene>/a \"b\"";
select -ne :defaultResolution;
	setAttr ".w" 1920;
"#;

    #[test]
    fn globals_cameras_and_the_time_slider() {
        let scene = Scene::of_text(GLOBALS);
        assert_eq!(scene.renderer.as_deref(), Some("arnold"));
        assert_eq!(scene.range, Some((1.0, 24.0, 2.0)));
        assert_eq!(scene.playback, Some((1.0, 120.0)));
        assert_eq!(scene.prefix.as_deref(), Some("<Scene>/a \"b\""));
        assert_eq!((scene.padding, scene.extension.as_deref()), (Some(4), Some("exr")));
        let renderable: Vec<_> = scene.cameras.iter().filter(|camera| camera.renderable).collect();
        assert_eq!(renderable.len(), 1);
        assert_eq!(renderable[0].transform, "shotCam");
        assert!(!scene.master_renderable && scene.layer_system().is_none() && !scene.has_references);
    }

    #[test]
    fn render_setup_and_legacy_layers_are_told_apart() {
        let setup = r#"
createNode renderLayer -n "defaultRenderLayer";
createNode renderSetupLayer -n "fg";
createNode renderLayer -n "rs_fg";
	setAttr ".rndr" no;
createNode renderSetupLayer -n "bg";
createNode renderLayer -n "rs_bg";
"#;
        let scene = Scene::of_text(setup);
        assert_eq!(scene.layer_system(), Some(LayerSystem::RenderSetup));
        assert!(scene.legacy_layers.is_empty());
        assert_eq!(scene.renderable_layers(), [MASTER, "bg"]);
        assert_eq!(scene.canonical("rs_fg").as_deref(), Some("fg"));
        assert_eq!(scene.canonical("masterLayer").as_deref(), Some(MASTER));
        assert_eq!(scene.canonical("mid"), None);

        let legacy = Scene::of_text(
            "createNode renderLayer -n \"rs_fg\";\ncreateNode renderLayer -n \"char:defaultRenderLayer\";",
        );
        assert_eq!(legacy.layer_system(), Some(LayerSystem::Legacy));
        assert_eq!(legacy.renderable_layers(), [MASTER, "rs_fg"]);

        let mixed = Scene::of_text(&format!("{setup}createNode renderLayer -n \"old\";"));
        assert_eq!(mixed.legacy_layers.len(), 1);
    }

    #[test]
    fn references_are_seen() {
        assert!(Scene::of_text("file -rdi 1 -ns \"char\" -rfn \"charRN\" \"/show/char.ma\";").has_references);
        assert!(!Scene::of_text("fileInfo \"version\" \"2024\";").has_references);
    }
}
