//! What the tests share: a host in a directory of its own, and the fixture component in all its moods.

use farmhand_model::dcc::{JobContext, TaskContext, Tool};
use farmhand_model::view::PluginView;
use farmhand_model::{AttemptId, FrameSet, JobId};
use farmhand_plugin::{Builtin, LoadedPlugin, PluginError, PluginHost, PluginSettings, SwapEvent};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast;

/// The fixture component as it was built.
pub const GUEST: &[u8] = include_bytes!("../fixtures/guest.wasm");
/// Where its specification begins, and how long it is.
const SPEC_START: &[u8] = b"FIXTURE{mode=";
const SPEC_LENGTH: usize = 160;

/// How long a test waits for what must come. Only a failing test ever waits that long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The fixture with another specification, such as `mode=loop;name=fixture;version=1.0.0;ext=fix`.
pub fn guest(spec: &str) -> Vec<u8> {
    let mut bytes = GUEST.to_vec();
    let at =
        bytes.windows(SPEC_START.len()).position(|window| window == SPEC_START).expect("a specification");
    let spec = format!("FIXTURE{{{spec}}}");
    assert!(spec.len() <= SPEC_LENGTH, "too long: {spec}");
    let padded = format!("{spec:SPEC_LENGTH$}");
    bytes[at..at + SPEC_LENGTH].copy_from_slice(padded.as_bytes());
    bytes
}

/// The fixture in this version.
pub fn version(version: &str) -> Vec<u8> {
    guest(&format!("mode=normal;name=fixture;version={version};ext=fix"))
}

/// The fixture, misbehaving when it is asked to describe itself.
pub fn describing(mode: &str) -> Vec<u8> {
    guest(&format!("mode={mode};name=fixture;version=1.0.0;ext=fix"))
}

/// A plugin host with directories of its own.
pub struct Bench {
    root: TempDir,
    pub host: PluginHost,
}

impl Bench {
    /// Without a plugins directory.
    pub async fn plain() -> Self {
        Self::start(|_| (), vec![]).await
    }

    /// With a plugins directory that is watched.
    pub async fn watching() -> Self {
        Self::watching_with(&[], vec![]).await
    }

    /// The same, with files in it from the start.
    pub async fn watching_with(files: &[(&str, &[u8])], builtins: Vec<Builtin>) -> Self {
        Self::watch(files, |_| (), builtins).await
    }

    /// The same, with other settings.
    pub async fn watching_as(files: &[(&str, &[u8])], change: impl FnOnce(&mut PluginSettings)) -> Self {
        Self::watch(files, change, vec![]).await
    }

    async fn watch(
        files: &[(&str, &[u8])],
        change: impl FnOnce(&mut PluginSettings),
        builtins: Vec<Builtin>,
    ) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("plugins");
        std::fs::create_dir(&dir).unwrap();
        for (name, bytes) in files {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let watched = |settings: &mut PluginSettings| {
            settings.dir = Some(dir);
            change(settings);
        };
        Self::start_in(root, watched, builtins).await
    }

    pub async fn start(change: impl FnOnce(&mut PluginSettings), builtins: Vec<Builtin>) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), change, builtins).await
    }

    async fn start_in(
        root: TempDir,
        change: impl FnOnce(&mut PluginSettings),
        builtins: Vec<Builtin>,
    ) -> Self {
        // Shared by all tests and kept from run to run: the fixture in each mood is compiled once.
        let mut settings = PluginSettings::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-code"));
        change(&mut settings);
        let host = PluginHost::start(settings, builtins).await.unwrap();
        Self { root, host }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A file of the plugins directory.
    pub fn plugin_file(&self, name: &str) -> PathBuf {
        self.path("plugins").join(name)
    }

    pub fn save(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.plugin_file(name), bytes).unwrap();
    }

    /// Takes these bytes through the gate.
    pub async fn load(&self, bytes: &[u8]) -> Result<Arc<LoadedPlugin>, PluginError> {
        let path = self.path("candidate.wasm");
        std::fs::write(&path, bytes).unwrap();
        self.host.load_file(&path).await
    }

    /// The well-behaved fixture.
    pub async fn fixture(&self) -> Arc<LoadedPlugin> {
        self.load(GUEST).await.unwrap()
    }

    pub fn view(&self, name: &str) -> Option<PluginView> {
        self.host.views().into_iter().find(|view| view.name == name)
    }

    /// Waits until a slot looks like this.
    pub async fn until(
        &self,
        events: &mut broadcast::Receiver<SwapEvent>,
        name: &str,
        holds: impl Fn(Option<&PluginView>) -> bool,
    ) -> Option<PluginView> {
        loop {
            let view = self.view(name);
            if holds(view.as_ref()) {
                return view;
            }
            match tokio::time::timeout(PATIENCE, events.recv()).await {
                Ok(event) => drop(event.unwrap()),
                Err(_) => panic!("{name} stays {view:#?}"),
            }
        }
    }

    /// Waits until this version serves without a failure.
    pub async fn until_serving(
        &self,
        events: &mut broadcast::Receiver<SwapEvent>,
        name: &str,
        version: &str,
    ) {
        let serves = |view: &PluginView| {
            view.state == "serving" && view.serving.as_ref().is_some_and(|stamp| stamp.version == version)
        };
        self.until(events, name, |view| view.is_some_and(serves)).await;
    }
}

/// A job whose option `mode` is this.
pub fn job(mode: &str) -> JobContext {
    let mut options = Map::new();
    options.insert("mode".into(), Value::String(mode.into()));
    JobContext {
        id: JobId(7),
        name: "shot".into(),
        scene: PathBuf::from("/show/shot.fix"),
        output: None,
        layers: vec!["beauty".into()],
        frames: frames("1-10"),
        options,
        skip_existing: false,
        hook_scripts: Vec::new(),
        path_map: Vec::new(),
    }
}

/// A task of that job.
pub fn task(mode: &str) -> TaskContext {
    TaskContext {
        job: Arc::new(job(mode)),
        attempt: AttemptId(3),
        frames: frames("1-10"),
        layer: None,
        level: 0,
        try_number: 1,
        threads: 4,
        memory_bytes: 8_000_000_000,
        gpus: vec![],
        tools: vec![Tool { id: "tool".into(), path: "/usr/bin/true".into(), version: Some("1.0".into()) }],
        scratch: "/scratch/3".into(),
        staging: "/out/.staging-3".into(),
    }
}

pub fn frames(text: &str) -> FrameSet {
    text.parse().unwrap()
}

/// That the plugin still does its work, with the very host that something just went wrong in.
pub async fn assert_fine(plugin: &Arc<LoadedPlugin>) {
    let command = plugin.build_command(&task("")).await.unwrap();
    assert_eq!(command.args[0], "/show/shot.fix");
}

pub fn options(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no object: {other}"),
    }
}

/// A grant of this directory and this configuration.
pub fn grant(read: &Path) -> farmhand_plugin::Grant {
    farmhand_plugin::Grant {
        read: vec![read.to_path_buf()],
        config: json!({"site": "lon"}),
        ..Default::default()
    }
}
