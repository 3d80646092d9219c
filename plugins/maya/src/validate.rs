//! Whether a job makes sense, and all of it made explicit: renderer, layers, frames, project and output, from what the
//! job says and what a Maya ASCII scene says of itself.

use crate::names;
use crate::options::{Device, Format, GpuSelection, LayerMode, LayerSystem, Options};
use crate::project::{self, Project};
use crate::renderer::{self, Renderer};
use crate::scene::{MASTER, Scene};
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

mod output;

/// The job as it will be kept.
///
/// # Errors
/// Everything that is wrong with it.
pub fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
    if let Some(name) = job.raw_options.get("renderer").and_then(Value::as_str)
        && Renderer::ALL.iter().all(|one| one.name() != name)
    {
        return Err(vec![Problem::new("/options/renderer", refused(name))]);
    }
    let options: Options = job.options().map_err(|problem| vec![problem])?;
    let mut check = Check { job, options, scene: None, problems: Vec::new(), notes: Vec::new() };
    check.look_at_scene();
    let mut prepared = job.prepared();
    let renderer = check.renderer();
    prepared.layers = check.layers();
    prepared.frames = check.frames();
    check.camera();
    check.attributes();
    check.devices(renderer);
    let project = check.project();
    prepared.output = check.output(&prepared.layers, &prepared.frames, project.as_ref());
    check.levels();

    let set = |options: &mut serde_json::Map<String, Value>, name: &str, value: Option<Value>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    let together = check.options.layer_mode == LayerMode::Together;
    let options = &mut prepared.options;
    set(options, "renderer", renderer.map(|renderer| json!(renderer.name())));
    set(options, "layer_mode", together.then(|| json!("together")));
    if together {
        set(options, "layers_together", Some(json!(std::mem::take(&mut prepared.layers))));
    }
    set(options, "layer_system", check.options.layer_system.map(|system| json!(system.name())));
    set(options, "project", project.as_ref().map(|project| json!(project.directory)));
    set(options, "images", project.as_ref().map(|project| json!(project.images)));
    prepared.licences = renderer.map_or_else(|| vec!["maya".to_owned()], Renderer::licences);
    prepared.notes = check.notes;
    if check.problems.is_empty() { Ok(prepared) } else { Err(check.problems) }
}

impl LayerSystem {
    /// As jobs name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LayerSystem::RenderSetup => "render-setup",
            LayerSystem::Legacy => "legacy",
        }
    }
}

fn refused(name: &str) -> String {
    // People name a renderer as `-r` or as the scene does, too.
    if let Some(meant) = Renderer::ALL.iter().find(|one| one.in_maya() == name || one.flag() == name) {
        return format!("`{name}` is called `{}` here", meant.name());
    }
    let known: Vec<String> = Renderer::ALL.iter().map(|one| format!("`{}`", one.name())).collect();
    format!("{}; known are {}", renderer::refusal(name), known.join(", "))
}

struct Check<'a> {
    job: &'a Job,
    options: Options,
    /// What a Maya ASCII scene says; a binary one says nothing.
    scene: Option<Scene>,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl Check<'_> {
    fn problem(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(field, message));
    }

    fn look_at_scene(&mut self) {
        let is_ascii = path::stem_and_extension(&self.job.scene)
            .1
            .is_some_and(|extension| extension.eq_ignore_ascii_case("ma"));
        if !is_ascii {
            self.notes.push(
                "A Maya binary scene cannot be looked into: its layers, cameras and renderer are checked when it \
                 renders."
                    .into(),
            );
            return;
        }
        match Scene::read(&self.job.scene) {
            Ok(Some(scene)) => self.scene = Some(scene),
            Ok(None) => self.notes.push(format!(
                "The scene is longer than {} MiB and was not looked into: its layers, cameras and renderer are \
                 checked when it renders.",
                crate::scene::LIMIT >> 20
            )),
            Err(error) => self.problem("/scene", format!("cannot be read: {error}")),
        }
    }

    fn renderer(&mut self) -> Option<Renderer> {
        if self.options.renderer.is_some() {
            return self.options.renderer;
        }
        // A scene that names none has Maya's default.
        let name = self.scene.as_ref()?.renderer.clone().unwrap_or_else(|| "mayaSoftware".into());
        match Renderer::of_scene(&name) {
            Ok(renderer) => Some(renderer),
            Err(why) => {
                self.problem("/options/renderer", format!("the scene's own renderer {why}"));
                None
            }
        }
    }

    /// The layers to render, by the names that people know.
    fn layers(&mut self) -> Vec<String> {
        self.same_names();
        let Some(scene) = self.scene.clone() else {
            if self.job.layers.is_empty() {
                // What the scene renders is known only to Maya, and it renders all of it.
                self.options.layer_mode = LayerMode::Together;
            }
            return self.job.layers.clone();
        };
        if !scene.setup_layers.is_empty() && !scene.legacy_layers.is_empty() {
            let legacy = listed(scene.legacy_layers.iter().map(|layer| layer.name.as_str()));
            self.problem(
                "/layers",
                format!(
                    "the scene contains legacy render layers ({legacy}) and uses render setup: Maya would ignore \
                     the layers and render everything as masterLayer; delete the legacy ones and save the scene"
                ),
            );
        }
        match (self.options.layer_system, scene.layer_system()) {
            (Some(asked), Some(found)) if asked != found => self.problem(
                "/options/layer_system",
                format!("the scene's layers are {}; leave this option out", found.name()),
            ),
            (None, found) => self.options.layer_system = found,
            _ => {}
        }
        if self.job.layers.is_empty() {
            return self.renderable(&scene);
        }
        let mut layers = Vec::new();
        for (index, name) in self.job.layers.iter().enumerate() {
            let from_reference = scene.has_references && name.contains(':');
            match scene.canonical(name) {
                Some(name) => layers.push(name),
                None if from_reference => layers.push(name.clone()),
                None => {
                    let own = scene.layers().iter().map(|layer| layer.name.as_str());
                    let there = listed(own.chain([MASTER]));
                    self.problems.push(Problem::new(
                        format!("/layers/{index}"),
                        format!("the scene has no layer `{name}`; it has: {there}"),
                    ));
                }
            }
        }
        layers
    }

    fn renderable(&mut self, scene: &Scene) -> Vec<String> {
        let layers = scene.renderable_layers();
        if layers.is_empty() {
            self.problem("/layers", "the scene has no renderable layer; name the layers to render");
        }
        if layers == [MASTER] {
            return Vec::new();
        }
        if self.options.layer_mode == LayerMode::Separate {
            self.notes.push(format!(
                "The scene renders these layers: {}.",
                listed(layers.iter().map(String::as_str))
            ));
        }
        layers
    }

    fn same_names(&mut self) {
        let layers = &self.job.layers;
        for (index, layer) in layers.iter().enumerate() {
            let safe = path::safe_name(layer);
            let message = if layer.trim().is_empty() {
                "a layer's name is empty".to_owned()
            } else {
                match layers[..index].iter().find(|one| path::safe_name(one) == safe) {
                    None => continue,
                    Some(other) if other == layer => format!("layer `{layer}` is listed twice"),
                    Some(other) => format!(
                        "`{layer}` and `{other}` become the same file name `{safe}`; render them as two jobs"
                    ),
                }
            };
            self.problems.push(Problem::new(format!("/layers/{index}"), message));
        }
    }

    fn frames(&mut self) -> FrameRuns {
        if !self.job.frames.is_empty() {
            return self.job.frames.clone();
        }
        let Some(scene) = &self.scene else {
            self.problem(
                "/frames",
                "this scene's range is known only to Maya; write the frames, such as `1-100`",
            );
            return FrameRuns::default();
        };
        let slider = scene.playback.map(|(first, last)| (first, last, 1.0));
        let Some((first, last, step)) = scene.range.or(slider) else {
            self.problem("/frames", "the scene says no range; write the frames, such as `1-100`");
            return FrameRuns::default();
        };
        let whole = |number: f64| number.fract() == 0.0 && number.abs() < f64::from(i32::MAX);
        if !(whole(first) && whole(last) && whole(step) && step >= 1.0 && first <= last) {
            let message = format!(
                "the scene's range {first} to {last} by {step} is none of whole frames; write the frames, such as \
                 `1-100`"
            );
            self.problem("/frames", message);
            return FrameRuns::default();
        }
        let run = FrameRun { first: first as i32, last: last as i32, step: step as u32 };
        let last = run.iter().last().unwrap_or(run.first);
        FrameRuns::new(vec![FrameRun { last, step: if run.len() == 1 { 1 } else { run.step }, ..run }])
    }

    fn camera(&mut self) {
        let Some(scene) = &self.scene else { return };
        let names = |only_renderable: bool| {
            let cameras = scene.cameras.iter().filter(|camera| camera.renderable || !only_renderable);
            listed(cameras.map(|camera| camera.transform.as_str()))
        };
        let renderable = scene.cameras.iter().filter(|camera| camera.renderable).count();
        let message = match self.options.camera.as_deref() {
            Some(camera) => {
                let name = camera.rsplit('|').next().unwrap_or(camera);
                let known = scene.cameras.iter().any(|one| one.transform == name || one.shape == name);
                if known || (scene.has_references && name.contains(':')) {
                    return;
                }
                format!("the scene has no camera `{camera}`; it has: {}", names(false))
            }
            None if renderable == 0 && !scene.has_references => {
                format!("the scene has no renderable camera; name one of: {}", names(false))
            }
            None if renderable > 1 && !self.names_cameras(scene) => format!(
                "the scene renders several cameras ({}), and their images would overwrite each other; name one, or \
                 put `<Camera>` into the scene's file name prefix and leave the output out",
                names(true)
            ),
            None => return,
        };
        self.problem("/options/camera", message);
    }

    /// Whether the scene's own names tell cameras apart, and count.
    fn names_cameras(&self, scene: &Scene) -> bool {
        let prefix = scene.prefix.as_deref().unwrap_or_default().to_ascii_lowercase();
        self.job.output.is_none() && (prefix.contains("<camera>") || prefix.contains("%c"))
    }

    fn attributes(&mut self) {
        let bad = |name: &str| {
            let parts = name.split_once('.');
            let fits = |part: &str| {
                !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "\"';`".contains(c))
            };
            !parts.is_some_and(|(node, attribute)| fits(node) && fits(attribute))
        };
        let names: Vec<String> = self.options.attributes.keys().filter(|name| bad(name)).cloned().collect();
        for name in names {
            let pointer = name.replace('~', "~0").replace('/', "~1");
            self.problem(
                format!("/options/attributes/{pointer}"),
                format!("`{name}` is no attribute; write node and attribute, such as `keyShape.intensity`"),
            );
        }
    }

    fn devices(&mut self, renderer: Option<Renderer>) {
        let (device, by_flags) = (self.options.device, self.options.gpu_selection == GpuSelection::Flags);
        match renderer {
            Some(Renderer::Arnold | Renderer::Vray) | None => {}
            Some(Renderer::Redshift | Renderer::Hardware2) if device == Device::Cpu => {
                self.problem("/options/device", "this renderer needs a GPU; leave the option out");
            }
            Some(Renderer::Software | Renderer::Renderman) if device == Device::Gpu => {
                self.problem("/options/device", "this renderer computes on the CPU; leave the option out");
            }
            Some(_) => {}
        }
        if by_flags && !matches!(renderer, Some(Renderer::Arnold | Renderer::Redshift)) {
            self.problem(
                "/options/gpu_selection",
                "only Arnold and Redshift can be told their GPUs by flags; use `visible-devices`",
            );
        }
    }

    fn project(&mut self) -> Option<Project> {
        match project::of(&self.job.scene, self.options.project.as_deref(), self.options.images.as_deref()) {
            Ok(mut project) => {
                self.notes.extend(project.note.take());
                Some(project)
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// What the lower levels cannot do, said before it matters.
    fn levels(&mut self) {
        if self.job.frame_hooks().any(|hook| hook.on_failure != OnFailure::Warn) {
            self.notes.push(
                "Hooks around frames run at level script only; the other levels refuse this job rather than leave \
                 them out."
                    .into(),
            );
        }
        if self.options.changes_scene() || self.options.runs_after() {
            self.notes.push(
                "Level minimal changes nothing in a scene, so that it refuses this job; script and render take it."
                    .into(),
            );
        }
    }
}

/// Names in a sentence; the first of them where there are many.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let names: Vec<&str> = names.collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count > MOST => format!("{}, and {} more", names[..MOST].join(", "), count - MOST),
        _ => names.join(", "),
    }
}

/// The format that a job's images have: its own, the output's, or the scene's.
fn known_format(options: &Options, output: Option<&str>, scene: Option<&Scene>) -> Option<Format> {
    names::format(options, output).or_else(|| Format::from_extension(scene?.extension.as_deref()?))
}
