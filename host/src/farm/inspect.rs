//! What a scene tells of itself before it is submitted: a .blend is read by `scene`, and of any other the plugin that
//! takes it is asked what it makes of a job without frames and layers. No DCC is ever started.

use super::files::{extensions, modified, takers};
use super::parts::Parts;
use super::{FarmError, submit};
use crate::scene::{self, Inside, Told};
use farmhand_model::dcc::{JobContext, Problem};
use farmhand_model::scene::{SceneInside, SceneLayer, SceneView, Unread, UnreadPart};
use farmhand_model::{FrameSet, JobId, Os};
use std::path::{Path, PathBuf};

/// Looks into a scene.
pub(super) async fn inspect(parts: &Parts, scene: &str) -> Result<SceneView, FarmError> {
    let wrong = |message: String| FarmError::Invalid(vec![Problem { field: "/path".to_owned(), message }]);
    let scene = parts.settings.path_map.map(scene, Os::of_this_build());
    let path = submit::scene_file(parts, &scene).map_err(wrong)?;
    let about =
        std::fs::metadata(&path).map_err(|error| wrong(format!("`{scene}` cannot be read: {error}")))?;
    let plugins = takers(&extensions(parts), &path).to_vec();
    let told = match read(path.clone()).await {
        Ok(Some(told)) => told,
        Ok(None) => ask_plugin(parts, &path).await,
        Err(why) => nothing(&why),
    };
    Ok(SceneView {
        path: path.display().to_string(),
        bytes: about.len(),
        modified: modified(&about),
        plugins,
        unread: unread(&told),
        scenes: scenes(told),
    })
}

/// A compressed scene is read whole, which takes its time.
async fn read(path: PathBuf) -> Result<Option<Told>, String> {
    let read = tokio::task::spawn_blocking(move || scene::inspect(&path)).await;
    read.map_err(|error| format!("the reader failed: {error}"))?
}

/// What the plugin that takes it would make of the scene alone.
async fn ask_plugin(parts: &Parts, path: &Path) -> Told {
    let plugin = match parts.plugins.select(path, None) {
        Ok(plugin) => plugin,
        Err(error) => return nothing(&error.to_string()),
    };
    let job = JobContext {
        id: JobId(0),
        name: submit::stem(path),
        scene: path.to_owned(),
        output: None,
        layers: Vec::new(),
        frames: FrameSet::new(),
        options: serde_json::Map::new(),
        skip_existing: false,
        hook_scripts: Vec::new(),
        path_map: parts.settings.path_map.here(Os::of_this_build()),
    };
    let name = &plugin.stamp().name;
    match plugin.validate(&job).await {
        Ok(Ok(prepared)) => {
            let frames = (!prepared.frames.is_empty()).then_some(prepared.frames);
            let unread_frames =
                frames.is_none().then(|| format!("{name} does not tell the range of such a scene"));
            let layers: Vec<_> = prepared
                .layers
                .into_iter()
                .map(|layer| scene::Layer { name: layer, enabled: true })
                .collect();
            let unread_layers = Some(if layers.is_empty() {
                format!("{name} does not tell the layers of such a scene")
            } else {
                format!("{name} tells those that the scene renders by itself; type the names of others")
            });
            let scenes = vec![Inside { name: None, frames, layers }];
            Told { scenes, current: 0, unread_frames, unread_layers }
        }
        Ok(Err(problems)) => {
            let why: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
            nothing(&format!("{name} says: {}", why.join("; ")))
        }
        Err(error) => nothing(&format!("{name} could not be asked: {error}")),
    }
}

fn nothing(why: &str) -> Told {
    let why = Some(why.to_owned());
    Told { scenes: Vec::new(), current: 0, unread_frames: why.clone(), unread_layers: why }
}

fn unread(told: &Told) -> Vec<Unread> {
    let part = |what, why: &Option<String>| why.clone().map(|why| Unread { what, why });
    let frames = part(UnreadPart::Frames, &told.unread_frames);
    frames.into_iter().chain(part(UnreadPart::Layers, &told.unread_layers)).collect()
}

/// The one that the DCC would render first.
fn scenes(mut told: Told) -> Vec<SceneInside> {
    if told.current < told.scenes.len() {
        told.scenes[..=told.current].rotate_right(1);
    }
    let layer = |layer: scene::Layer| SceneLayer { name: layer.name, enabled: layer.enabled };
    let inside = |inside: Inside| SceneInside {
        name: inside.name,
        frames: inside.frames,
        layers: inside.layers.into_iter().map(layer).collect(),
    };
    told.scenes.into_iter().map(inside).collect()
}
