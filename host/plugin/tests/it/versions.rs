//! Versions over saves, failures, decisions and restarts of the host: which one serves, and what the history says.

use crate::script::{runners, smallest};
use crate::support::{PATIENCE, guest, job, task, version};
use farmhand_model::view::PluginView;
use farmhand_plugin::{
    Builtin, LoadGate, LoadedPlugin, PluginHost, PluginSettings, SwapEvent, VersionError, Versions, WatchMode,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::broadcast;

/// A plugins directory and a directory of versions, over which hosts come and go.
struct Site {
    root: TempDir,
    gate: Option<Arc<dyn LoadGate>>,
    builtins: Vec<Builtin>,
}

impl Site {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("plugins")).unwrap();
        Self { root, gate: None, builtins: Vec::new() }
    }

    fn versions(&self) -> PathBuf {
        self.root.path().join("versions")
    }

    fn settings(&self, versions: Versions) -> PluginSettings {
        PluginSettings {
            dir: Some(self.root.path().join("plugins")),
            versions,
            gate: self.gate.clone(),
            rollback_after: 2,
            ..PluginSettings::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-code"))
        }
    }

    async fn host(&self) -> Running {
        let settings = self.settings(Versions::Keep(self.versions()));
        let host = PluginHost::start(settings, self.builtins.clone()).await.unwrap();
        Running { events: host.subscribe(), host }
    }

    fn save(&self, bytes: &[u8]) {
        std::fs::write(self.root.path().join("plugins/fixture.wasm"), bytes).unwrap();
    }
}

/// One host's life.
struct Running {
    host: PluginHost,
    events: broadcast::Receiver<SwapEvent>,
}

impl Running {
    fn view(&self) -> PluginView {
        self.host.views().into_iter().find(|view| view.name == "fixture").expect("a slot")
    }

    fn serving(&self) -> String {
        self.view().serving.map(|stamp| stamp.version).unwrap_or_default()
    }

    fn digest(&self) -> String {
        self.view().serving.unwrap().digest.0
    }

    async fn until(&mut self, holds: impl Fn(&PluginView) -> bool) -> PluginView {
        loop {
            let view = self.host.views().into_iter().find(|view| view.name == "fixture");
            if let Some(view) = view.as_ref().filter(|view| holds(view)) {
                return view.clone();
            }
            match tokio::time::timeout(PATIENCE, self.events.recv()).await {
                Ok(event) => drop(event.unwrap()),
                Err(_) => panic!("it stays {view:#?}"),
            }
        }
    }

    async fn until_serving(&mut self, version: &str) -> PluginView {
        self.until(|view| view.serving.as_ref().is_some_and(|stamp| stamp.version == version)).await
    }

    async fn until_failing(&mut self) -> String {
        loop {
            if let SwapEvent::Failing { message, .. } =
                tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("it tells").unwrap()
            {
                return message;
            }
        }
    }

    /// The history, the oldest first, as `VERSION REASON`.
    fn history(&self) -> Vec<String> {
        let versions = self.host.versions("fixture").unwrap();
        let line = |view: &farmhand_model::versions::VersionView| {
            assert!(view.kept, "its bytes are there");
            let reason = view.entry.reason.to_string();
            let reason = reason.split(" from ").next().unwrap_or_default();
            format!("{} {reason}", view.entry.version)
        };
        versions.history.iter().rev().map(line).collect()
    }
}

#[tokio::test]
async fn what_is_rolled_back_from_stays_away_until_something_else_is_saved_or_somebody_asks() {
    let site = Site::new();
    site.save(&version("1.0.0"));
    let mut first = site.host().await;
    assert!(matches!(first.host.roll_back("fixture", None, None).await, Err(VersionError::Conflict(_))));
    site.save(&version("1.1.0"));
    first.until_serving("1.1.0").await;
    let newer = first.digest();
    let view = first.host.roll_back("fixture", None, Some("tess".into())).await.unwrap();
    assert_eq!((view.serving.unwrap().version.as_str(), view.state.as_str()), ("1.0.0", "degraded"));
    assert_eq!(view.source, "kept copy of fixture.wasm");
    assert_eq!(view.standing.rolled_back.unwrap().digest.0, newer);
    assert!(view.failure.unwrap().contains("plugin confirm fixture"), "it says how to undo it");
    let plugin = first.host.get("fixture").unwrap();
    assert_eq!(plugin.build_command(&task("")).await.unwrap().args[1], "1.0.0");
    let before = ["1.0.0 started with the daemon", "1.1.0 saved", "1.0.0 rolled back by tess"];
    assert_eq!(first.history(), before);
    drop((first, plugin));

    let mut second = site.host().await;
    assert_eq!((second.serving().as_str(), second.history().len()), ("1.0.0", 3), "as before, and no news");
    site.save(&version("1.2.0"));
    assert_eq!(second.until_serving("1.2.0").await.state, "serving");
    site.save(&version("1.1.0"));
    second.until(|view| view.standing.rolled_back.is_some()).await;
    assert_eq!(second.serving(), "1.0.0", "the bad bytes once more");
    second.host.confirm("fixture", &newer[..12], Some("tess".into())).await.unwrap();
    assert_eq!((second.serving().as_str(), second.view().state.as_str()), ("1.1.0", "serving"));

    let asked = second.host.versions("fixture").unwrap().history[1].entry.digest.0.clone();
    second.host.roll_back("fixture", Some(&asked), None).await.unwrap();
    assert_eq!(second.serving(), "1.0.0");
    let refused = second.host.roll_back("fixture", Some(&asked), None).await.unwrap_err();
    assert!(refused.to_string().contains("serves already"), "{refused}");
    for (name, digest, expect) in [
        ("fixture", "0000", "no version is known by the digest `0000`"),
        ("fixture", "", "no version is known"),
        ("other", "0000", "there is no plugin `other`"),
    ] {
        let refused = second.host.roll_back(name, Some(digest), None).await.unwrap_err();
        assert!(refused.to_string().contains(expect), "{refused}");
    }
}

#[tokio::test]
async fn a_pin_holds_over_saves_and_restarts_and_shows_what_waits() {
    let mut site = Site::new();
    site.builtins = vec![Builtin { name: "fixture", bytes: crate::support::GUEST }];
    let mut first = site.host().await;
    first.host.pin("fixture", None, Some("tess".into())).await.unwrap();
    site.save(&version("2.0.0"));
    let view = first.until(|view| view.standing.waiting.is_some()).await;
    assert_eq!((view.serving.unwrap().version.as_str(), view.state.as_str()), ("1.0.0", "serving"));
    assert_eq!(view.standing.waiting.unwrap().version, "2.0.0");
    assert_eq!(view.standing.pinned.unwrap().by.as_deref(), Some("tess"));
    let refused = first.host.roll_back("fixture", None, None).await.unwrap_err();
    assert!(refused.to_string().contains("unpin it first"), "{refused}");
    site.save(b"broken");
    let view = first.until(|view| view.state == "degraded").await;
    assert_eq!(view.standing.waiting.unwrap().version, "2.0.0", "the last good one waits");
    drop(first);

    site.save(&version("2.1.0"));
    let mut second = site.host().await;
    assert_eq!(second.serving(), "1.0.0");
    second.host.unpin("fixture", None).await.unwrap();
    second.until_serving("2.1.0").await;
    assert!(matches!(second.host.unpin("fixture", None).await, Err(VersionError::Conflict(_))));
    assert_eq!(second.history(), ["1.0.0 started with the daemon", "1.0.0 pinned by tess", "2.1.0 unpinned"]);
}

#[tokio::test]
async fn a_version_that_fails_over_and_over_is_rolled_back_once() {
    let site = Site::new();
    site.save(&version("1.0.0"));
    let mut running = site.host().await;
    let fail = async |host: &PluginHost, calls: usize| {
        let plugin = host.get("fixture").unwrap();
        for _ in 0..calls {
            assert!(plugin.build_command(&task("panic")).await.is_err());
        }
    };
    fail(&running.host, 2).await;
    let message = running.until_failing().await;
    assert!(message.contains("no earlier version"), "{message}");
    assert_eq!(running.serving(), "1.0.0");
    assert!(running.view().failure.unwrap().contains("2 calls in a row failed, at last build-command"));

    site.save(&version("1.1.0"));
    assert!(running.until_serving("1.1.0").await.failure.is_none(), "the trouble went with its version");
    let plugin = running.host.get("fixture").unwrap();
    assert!(plugin.build_command(&task("panic")).await.is_err());
    assert!(plugin.validate(&job("")).await.is_ok(), "not in a row");
    fail(&running.host, 2).await;
    let message = running.until_failing().await;
    assert!(message.contains("was rolled back to version 1.0.0"), "{message}");
    let view = running.view();
    assert_eq!((view.serving.unwrap().version.as_str(), view.state.as_str()), ("1.0.0", "degraded"));
    assert!(view.failure.unwrap().contains("rolled back by the daemon: 2 calls in a row failed"));
    assert_eq!(
        running.history(),
        ["1.0.0 started with the daemon", "1.1.0 saved", "1.0.0 rolled back by the daemon",]
    );

    // Late calls of the version that went, and failures of the one that took over, change nothing more.
    for _ in 0..2 {
        assert!(plugin.build_command(&task("panic")).await.is_err());
    }
    fail(&running.host, 2).await;
    let message = running.until_failing().await;
    assert!(message.contains("it took over by a rollback"), "{message}");
    assert_eq!((running.serving().as_str(), running.history().len()), ("1.0.0", 3));
}

#[tokio::test]
async fn an_earlier_version_can_be_loaded_by_its_digest_and_its_bytes_are_checked() {
    let site = Site::new();
    site.save(&version("1.0.0"));
    let mut running = site.host().await;
    let old = running.digest();
    site.save(&version("1.1.0"));
    running.until_serving("1.1.0").await;
    let kept = running.host.version(&old[..16]).await.unwrap();
    assert_eq!(kept.stamp().digest.0, old);
    assert_eq!(kept.build_command(&task("")).await.unwrap().args[1], "1.0.0");
    let again = running.host.version(&old).await.unwrap();
    assert!(Arc::ptr_eq(&kept, &again), "it is loaded once");
    let serving = running.host.version(&running.digest()).await.unwrap();
    assert_eq!(serving.stamp().generation, 2);
    drop((kept, again));

    let object = site.versions().join(format!("objects/{old}.wasm"));
    let mut bytes = std::fs::read(&object).unwrap();
    bytes.push(0);
    std::fs::write(&object, bytes).unwrap();
    let damaged = running.host.version(&old).await.unwrap_err();
    assert!(damaged.to_string().contains("is damaged"), "{damaged}");
    std::fs::remove_file(&object).unwrap();
    let gone = running.host.version(&old).await.unwrap_err();
    assert!(matches!(gone, VersionError::Unloadable { .. }), "{gone}");
    let refused = running.host.roll_back("fixture", None, None).await.unwrap_err();
    assert!(refused.to_string().contains("not kept here"), "{refused}");
    assert_eq!(running.serving(), "1.1.0");
}

#[tokio::test]
async fn the_last_good_version_serves_where_the_file_broke_while_nobody_looked() {
    let site = Site::new();
    site.save(&version("1.0.0"));
    drop(site.host().await);
    site.save(b"broken");
    let mut running = site.host().await;
    let view = running.view();
    assert_eq!((view.serving.unwrap().version.as_str(), view.state.as_str()), ("1.0.0", "degraded"));
    assert!(view.failure.unwrap().contains("no WebAssembly"));
    assert_eq!(running.history().len(), 1);
    site.save(&version("1.1.0"));
    assert_eq!(running.until_serving("1.1.0").await.state, "serving");
}

/// Holds back every version but those that call themselves 1.
#[derive(Debug)]
struct OnlyOnes;

impl LoadGate for OnlyOnes {
    fn guards(&self, plugin: &str) -> bool {
        plugin == "fixture"
    }

    fn examine<'a>(
        &'a self,
        candidate: &'a Arc<LoadedPlugin>,
        serving: Option<&'a Arc<LoadedPlugin>>,
    ) -> BoxFuture<'a, Result<(), String>> {
        assert_eq!(serving.unwrap().stamp().version, "1.0.0");
        let is_one = candidate.descriptor().version.major == 1;
        async move { if is_one { Ok(()) } else { Err("it is too new".to_owned()) } }.boxed()
    }
}

#[tokio::test]
async fn a_held_version_serves_once_it_is_confirmed_and_a_restart_is_no_way_around() {
    let mut site = Site::new();
    site.gate = Some(Arc::new(OnlyOnes));
    site.save(&version("1.0.0"));
    let running = site.host().await;
    assert_eq!(running.serving(), "1.0.0", "the first one takes over from nobody");
    drop(running);

    site.save(&version("2.0.0"));
    let mut running = site.host().await;
    assert_eq!(running.serving(), "1.0.0", "the last one serves while the new one is examined");
    let view = running.until(|view| view.standing.held.is_some()).await;
    assert_eq!((view.serving.unwrap().version.as_str(), view.state.as_str()), ("1.0.0", "degraded"));
    let held = view.standing.held.unwrap();
    assert_eq!(held.version, "2.0.0");
    running.host.confirm("fixture", held.digest.short(), Some("tess".into())).await.unwrap();
    assert_eq!(running.until_serving("2.0.0").await.state, "serving");
    assert_eq!(running.history(), ["1.0.0 started with the daemon", "2.0.0 confirmed by tess"]);
    drop(running);

    let running = site.host().await;
    assert_eq!((running.serving().as_str(), running.view().state.as_str()), ("2.0.0", "serving"));
}

#[tokio::test]
async fn another_host_reads_what_was_decided_and_writes_nothing() {
    let site = Site::new();
    site.save(&version("1.0.0"));
    let running = site.host().await;
    running.host.pin("fixture", None, None).await.unwrap();
    drop(running);
    let written = || {
        let objects = std::fs::read_dir(site.versions().join("objects")).unwrap().count();
        (objects, std::fs::read(site.versions().join("plugins/fixture/history.jsonl")).unwrap())
    };
    let before = written();
    site.save(&guest("mode=normal;name=fixture;version=3.0.0;ext=fix"));
    let settings = PluginSettings { watch: WatchMode::Off, ..site.settings(Versions::Read(site.versions())) };
    let reader = PluginHost::start(settings, vec![]).await.unwrap();
    assert_eq!(reader.get("fixture").unwrap().stamp().version, "1.0.0", "pinned");
    assert!(matches!(reader.unpin("fixture", None).await, Err(VersionError::NotWritten(_))));
    assert_eq!(reader.versions("fixture").unwrap().history.len(), 2);
    assert_eq!(written(), before);
}

#[tokio::test]
async fn a_script_is_kept_with_its_runner_and_loads_where_neither_is_left() {
    let site = Site::new();
    let file = site.root.path().join("plugins/tiny.js");
    let [_, (_, text)] = smallest("1.0.0");
    std::fs::write(&file, &text).unwrap();
    let with_runners =
        PluginSettings { runners: vec![runners()], ..site.settings(Versions::Keep(site.versions())) };
    let host = PluginHost::start(with_runners, vec![]).await.unwrap();
    host.all_looked_at().await;
    let stamp = host.get("tiny").unwrap().stamp().clone();
    drop(host);
    let scripts: Vec<_> = std::fs::read_dir(site.versions().join("objects"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(scripts.len(), 2, "the script, and its runner once: {scripts:?}");

    // Nothing is compiled yet, no runner is installed, and the file says something else.
    std::fs::write(&file, smallest("2.0.0")[1].1.as_str()).unwrap();
    let bare = PluginSettings {
        cache_dir: site.root.path().join("empty-cache"),
        ..site.settings(Versions::Keep(site.versions()))
    };
    let host = PluginHost::start(bare, vec![]).await.unwrap();
    let view = host.views().into_iter().find(|view| view.name == "tiny").unwrap();
    assert_eq!((view.serving.unwrap().version.as_str(), view.state.as_str()), ("1.0.0", "degraded"));
    assert!(view.failure.unwrap().contains("needs the JavaScript runner"));
    let kept = host.version(&stamp.digest.0).await.unwrap();
    assert_eq!((kept.stamp().version.as_str(), &kept.stamp().digest), ("1.0.0", &stamp.digest));
    assert_eq!(kept.build_command(&task("")).await.unwrap().args[0], "--frames");
}
