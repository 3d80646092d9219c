//! Lets versions serve: what is on offer, what was decided, and what was live before come together here.
//!
//! One decision at a time. Each is on the disk before anybody hears of it, and a call never waits for one: until a
//! version is published, what served before goes on.

use super::decisions::{Choice, Decisions};
use super::error::VersionError;
use super::strikes::Strike;
use crate::error::{PluginError, PluginErrorKind};
use crate::gate::Gated;
use crate::host::Shared;
use crate::loaded::LoadedPlugin;
use crate::registry::{Claim, Offer, Registry, Source, now};
use farmhand_model::Digest;
use farmhand_model::versions::{
    AsideReason, LiveReason, PluginVersions, VersionAside, VersionEntry, VersionPin, VersionStanding,
    VersionView,
};
use farmhand_model::view::PluginView;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, Weak};

/// Lines of a history that are shown.
const SHOWN: usize = 500;

impl Shared {
    /// A file passed the gate.
    pub(crate) async fn accepted(&self, path: &Path, gated: Arc<Gated>, reason: &LiveReason) {
        let _one_at_a_time = self.deciding.lock().await;
        let name = gated.descriptor.name.clone();
        let claim = if *reason == LiveReason::Started { Claim::InOrder } else { Claim::WhileFree };
        for touched in self.change(|registry| registry.accept(path, gated, claim)) {
            let reason = if touched == name { reason } else { &LiveReason::FileGone };
            self.settle(&touched, reason).await;
        }
    }

    /// A file is gone. Returns the files that should be looked at again.
    pub(crate) async fn removed(&self, path: &Path) -> Vec<PathBuf> {
        let _one_at_a_time = self.deciding.lock().await;
        if !self.look(|registry| registry.has_file(path)) {
            return Vec::new();
        }
        let (touched, again) = self.change(|registry| registry.remove(path));
        for name in touched {
            self.settle(&name, &LiveReason::FileGone).await;
        }
        again
    }

    /// Lets everything serve that is on offer when the daemon starts.
    pub(crate) async fn settle_all(&self) {
        let _one_at_a_time = self.deciding.lock().await;
        for name in self.look(Registry::offered) {
            self.settle(&name, &LiveReason::Started).await;
        }
    }

    /// Puts the version on offer that this file's plugin served in last, where it is kept: the file that is there now
    /// may not serve, or not yet. `name` is the plugin's, where the file has told it.
    pub(crate) async fn restore(&self, path: &Path, name: Option<&str>) {
        let vault = &self.runtime.vault;
        let origin = Source::File(path.to_path_buf()).origin();
        let name = name.map(str::to_owned).or_else(|| vault.last_of_file(&origin));
        let Some(name) = name else { return };
        let Some(last) = vault.last(&name) else { return };
        let _one_at_a_time = self.deciding.lock().await;
        if last.source != origin || self.look(|registry| registry.is_offered(path)) {
            return;
        }
        match self.gated(&last.digest).await {
            Ok(gated) => {
                self.change(|registry| registry.restore(path, gated));
                self.settle(&name, &LiveReason::Started).await;
            }
            Err(error) => tracing::warn!(plugin = %name, "the version that served last: {error}"),
        }
    }

    /// Lets the version serve that should. Call it with `deciding` held.
    async fn settle(&self, name: &str, reason: &LiveReason) {
        let Some(offer) = self.look(|registry| registry.offer(name)) else {
            self.change(|registry| registry.drop_slot(name));
            return;
        };
        let newest = offer.source.clone();
        let decisions = self.runtime.vault.decisions(name);
        let (chosen, standing) = self.chosen(name, offer, &decisions).await;
        let digest = &chosen.gated.digest;
        let live = self.look(|registry| registry.live(name));
        let is_swap = live.is_none_or(|(plugin, _)| plugin.stamp().digest != *digest);
        let is_asked = matches!(reason, LiveReason::Pinned { .. } | LiveReason::Unpinned { .. });
        // What served when the daemon stopped and serves again is no news.
        let last = self.runtime.vault.last(name);
        let goes_on = *reason == LiveReason::Started && last.is_some_and(|last| last.digest == *digest);
        if (is_swap || is_asked) && !goes_on {
            let entry = self.entry(name, &chosen, &decisions, reason);
            let plugin = name.to_owned();
            if let Err(error) = self.durably(move |vault| vault.went_live(&plugin, entry)).await {
                let kind = PluginErrorKind::NotKept {
                    message: format!("that it serves cannot be written down, so it does not: {error}"),
                };
                self.change(|registry| {
                    registry.forget(&newest);
                    registry.fail(name, newest, PluginError::new(name, kind));
                });
                return;
            }
        }
        self.change(|registry| registry.publish(name, chosen, standing));
    }

    /// The version that serves by what was decided, and what is to be said of it.
    async fn chosen(&self, name: &str, offer: Offer, decisions: &Decisions) -> (Offer, VersionStanding) {
        let mut standing = VersionStanding::default();
        let digest = match decisions.choose(&offer.gated.digest) {
            Choice::Newest => return (offer, standing),
            Choice::Pinned(pin) => {
                standing.pinned = Some(pin.clone());
                if pin.digest == offer.gated.digest {
                    return (offer, standing);
                }
                standing.waiting = Some(offer.waiting());
                &pin.digest
            }
            Choice::StandIn(digest, aside) => {
                standing.rolled_back = Some(aside.clone());
                digest
            }
        };
        match self.gated(digest).await {
            Ok(gated) => {
                let history = self.runtime.vault.history(name);
                let before = history.iter().rfind(|entry| entry.digest == *digest);
                let origin = before.map_or_else(|| "a saved file".to_owned(), |entry| entry.source.clone());
                (Offer { source: Source::Kept(origin), gated }, standing)
            }
            Err(error) => {
                let trouble = format!(
                    "version {} should serve by what was decided, and the newest one serves instead: {error}",
                    digest.short()
                );
                (offer, VersionStanding { trouble: Some(trouble), ..VersionStanding::default() })
            }
        }
    }

    fn entry(&self, name: &str, chosen: &Offer, decisions: &Decisions, reason: &LiveReason) -> VersionEntry {
        let Offer { source, gated } = chosen;
        let is_first = || self.runtime.vault.history(name).iter().all(|entry| entry.digest != gated.digest);
        let confirmed = decisions.confirmed(&gated.digest);
        let reason = match (reason, confirmed) {
            // It was saved before, and serves because somebody let it.
            (LiveReason::Saved, Some(confirmed)) if is_first() => {
                LiveReason::Confirmed { by: confirmed.by.clone() }
            }
            _ => reason.clone(),
        };
        let language = gated.script.as_ref().map(|text| text.script.language.name().to_owned());
        VersionEntry {
            digest: gated.digest.clone(),
            version: gated.descriptor.version.to_string(),
            form: if language.is_some() { "script" } else { "component" }.to_owned(),
            language,
            bytes: gated.bytes,
            source: source.origin(),
            at: now(),
            reason,
        }
    }

    /// A version failed as often in a row as it may.
    pub(crate) async fn struck_out(&self, strike: Strike) {
        let Strike { name, digest, reason } = strike;
        let _one_at_a_time = self.deciding.lock().await;
        let Some((live, _)) = self.look(|registry| registry.live(&name)) else { return };
        let Some(offer) = self.look(|registry| registry.offer(&name)) else { return };
        if live.stamp().digest != digest {
            // It serves no more: its last calls came in late.
            return;
        }
        let decisions = self.runtime.vault.decisions(&name);
        let told = format!("version {} ({}): {reason}", live.stamp().version, digest.short());
        let stays = match decisions.choose(&offer.gated.digest) {
            Choice::Pinned(_) => Some("it is pinned, so it goes on serving; unpin it or pin another one"),
            Choice::StandIn(..) => {
                Some("it took over by a rollback, so it goes on serving; save a version that works")
            }
            Choice::Newest => None,
        };
        if let Some(stays) = stays {
            return self.go_on(&name, format!("{told}; {stays}"));
        }
        let history = self.runtime.vault.history(&name);
        for before in decisions.before(&history, &digest) {
            // One that is not kept any more cannot be gone back to; one before it may.
            if let Err(error) = self.gated(&before.digest).await {
                tracing::warn!(plugin = %name, "it cannot be rolled back to an earlier version: {error}");
                continue;
            }
            let aside = VersionAside {
                digest: digest.clone(),
                version: live.stamp().version.clone(),
                at: now(),
                reason: AsideReason::Failed { reason: reason.clone() },
            };
            let decided = decisions.clone().roll_back(aside, &before.digest);
            if let Err(error) = self.decide(&name, decided).await {
                return self.go_on(&name, format!("{told}; it cannot be rolled back: {error}"));
            }
            self.settle(&name, &LiveReason::RolledBackByDaemon { from: digest, reason }).await;
            let (version, digest) = (&before.version, before.digest.short());
            let message = format!("plugin {name} was rolled back to version {version} ({digest}); {told}");
            return self.change(|registry| registry.tell_failing(&name, message));
        }
        self.go_on(
            &name,
            format!("{told}; there is no earlier version to go back to: mend it and save it again"),
        );
    }

    /// A version that fails goes on serving, and says so.
    fn go_on(&self, name: &str, trouble: String) {
        tracing::warn!(plugin = %name, "{trouble}");
        self.change(|registry| {
            registry.tell_failing(name, format!("plugin {name}: {trouble}"));
            registry.trouble(name, trouble);
        });
    }

    /// Goes back to the version before the one that serves, or to this one; the one that serves is set aside.
    pub(crate) async fn roll_back(
        &self,
        name: &str,
        to: Option<&str>,
        by: Option<String>,
    ) -> Result<PluginView, VersionError> {
        let _one_at_a_time = self.deciding.lock().await;
        let live = self.require(name)?;
        let decisions = self.runtime.vault.decisions(name);
        let present = live.stamp();
        if let Some(pin) = &decisions.pinned {
            return Err(VersionError::Conflict(format!(
                "{name} is pinned to {}; unpin it first, or pin the version that you want",
                pin.digest.short()
            )));
        }
        let to = match to {
            Some(asked) => self.resolve(Some(name), asked)?,
            None => {
                let history = self.runtime.vault.history(name);
                let before = decisions.before(&history, &present.digest);
                before.first().map(|entry| entry.digest.clone()).ok_or_else(|| {
                    VersionError::Conflict(format!(
                        "no version of {name} served before this one, or those that did were set aside; name one of \
                         `farmhand plugin history {name}`"
                    ))
                })?
            }
        };
        if to == present.digest {
            return Err(VersionError::Conflict(format!("version {} of {name} serves already", to.short())));
        }
        self.of(name, &to).await?;
        let aside = VersionAside {
            digest: present.digest.clone(),
            version: present.version.clone(),
            at: now(),
            reason: AsideReason::RolledBack { by: by.clone() },
        };
        let from = present.digest.clone();
        self.decide(name, decisions.roll_back(aside, &to)).await.map_err(unwritten)?;
        self.settle(name, &LiveReason::RolledBack { from, by }).await;
        self.seen(name)
    }

    /// Lets the version that serves, or this one, serve whatever is saved.
    pub(crate) async fn pin(
        &self,
        name: &str,
        digest: Option<&str>,
        by: Option<String>,
    ) -> Result<PluginView, VersionError> {
        let _one_at_a_time = self.deciding.lock().await;
        let live = self.require(name)?;
        let digest = match digest {
            Some(asked) => self.resolve(Some(name), asked)?,
            None => live.stamp().digest.clone(),
        };
        self.of(name, &digest).await?;
        let pin = VersionPin { digest, at: now(), by: by.clone() };
        let decided = self.runtime.vault.decisions(name).pin(pin);
        self.decide(name, decided).await.map_err(unwritten)?;
        self.settle(name, &LiveReason::Pinned { by }).await;
        self.seen(name)
    }

    /// Lets the newest version serve again.
    pub(crate) async fn unpin(&self, name: &str, by: Option<String>) -> Result<PluginView, VersionError> {
        let _one_at_a_time = self.deciding.lock().await;
        self.require(name)?;
        let decisions = self.runtime.vault.decisions(name);
        if decisions.pinned.is_none() {
            return Err(VersionError::Conflict(format!("{name} is not pinned")));
        }
        self.decide(name, decisions.unpin()).await.map_err(unwritten)?;
        self.settle(name, &LiveReason::Unpinned { by }).await;
        self.seen(name)
    }

    /// Says that a version may serve: one that was set aside, or that the gate of new versions held back.
    pub(crate) async fn confirm(
        &self,
        name: &str,
        digest: &str,
        by: Option<String>,
    ) -> Result<PluginView, VersionError> {
        let _one_at_a_time = self.deciding.lock().await;
        let digest = self.resolve(Some(name), digest)?;
        let decided = self.runtime.vault.decisions(name).confirm(&digest, now(), by.clone());
        self.decide(name, decided).await.map_err(unwritten)?;
        self.settle(name, &LiveReason::Confirmed { by }).await;
        self.change(|registry| registry.forget_held(&digest));
        self.again.notify_one();
        self.seen(name)
    }

    /// All that is known of a plugin's versions.
    pub(crate) fn versions(&self, name: &str) -> Result<PluginVersions, VersionError> {
        let vault = &self.runtime.vault;
        let history = vault.history(name);
        let view = self.look(|registry| registry.view(name));
        if view.is_none() && history.is_empty() {
            return Err(VersionError::NoPlugin { name: name.to_owned() });
        }
        let decisions = vault.decisions(name);
        let serving = view.as_ref().and_then(|view| view.serving.as_ref()).map(|stamp| &stamp.digest);
        let newest_first = history.into_iter().rev().take(SHOWN).enumerate();
        let history = newest_first.map(|(index, entry)| VersionView {
            serving: index == 0 && serving == Some(&entry.digest),
            kept: vault.holds(&entry.digest),
            aside: decisions.aside(&entry.digest).map(|aside| aside.reason.clone()),
            entry,
        });
        Ok(PluginVersions {
            name: name.to_owned(),
            history: history.collect(),
            standing: view.map(|view| view.standing).unwrap_or_default(),
            confirmed: decisions.confirmed.into_iter().map(|confirmed| confirmed.digest).collect(),
        })
    }

    /// A version by its digest or the beginning of one, whether it serves or is only kept.
    pub(crate) async fn version(&self, asked: &str) -> Result<Arc<LoadedPlugin>, VersionError> {
        let digest = self.resolve(None, asked)?;
        let served = self.look(|registry| {
            let mut views = registry.views().into_iter();
            let name = views.find_map(|view| view.serving.filter(|stamp| stamp.digest == digest))?.name;
            registry.live(&name)
        });
        if let Some((plugin, _)) = served {
            return Ok(plugin);
        }
        let slot = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(kept.entry(digest.clone()).or_default())
        };
        // Whoever asks for the same version meanwhile gets this one.
        let mut slot: tokio::sync::MutexGuard<'_, Weak<LoadedPlugin>> = slot.lock().await;
        if let Some(plugin) = slot.upgrade() {
            return Ok(plugin);
        }
        let in_memory = self.look(Registry::in_memory).into_iter().find(|gated| gated.digest == digest);
        let gated = match in_memory {
            Some(gated) => gated,
            None => {
                let name = self.runtime.vault.known().into_iter().find(|(_, known)| *known == digest);
                let label = name.map_or_else(|| digest.short().to_owned(), |(name, _)| name);
                let admitted = self.runtime.admit_kept(&label, &digest).await;
                let unloadable = |error: PluginError| VersionError::Unloadable {
                    digest,
                    reason: error.kind().to_string(),
                };
                Arc::new(admitted.map_err(unloadable)?)
            }
        };
        let plugin = LoadedPlugin::new(Arc::clone(&self.runtime), gated, 0).reported();
        let plugin = Arc::new(plugin);
        *slot = Arc::downgrade(&plugin);
        Ok(plugin)
    }

    async fn gated(&self, digest: &Digest) -> Result<Arc<Gated>, VersionError> {
        Ok(Arc::clone(self.version(&digest.0).await?.gated()))
    }

    /// A version that can be loaded, and is this plugin's.
    async fn of(&self, name: &str, digest: &Digest) -> Result<(), VersionError> {
        let gated = self.gated(digest).await?;
        match gated.descriptor.name == name {
            true => Ok(()),
            false => Err(VersionError::Conflict(format!(
                "version {} is not one of {name}, but of {}",
                digest.short(),
                gated.descriptor.name
            ))),
        }
    }

    /// The digest that is meant, of this plugin or of any.
    fn resolve(&self, name: Option<&str>, asked: &str) -> Result<Digest, VersionError> {
        let is_whole = asked.len() == 64;
        let mut known = self.runtime.vault.known();
        known.extend(self.look(|registry| {
            let in_memory = registry.in_memory().into_iter();
            let in_memory = in_memory.map(|gated| (gated.descriptor.name.clone(), gated.digest.clone()));
            in_memory.chain(registry.held()).collect::<Vec<_>>()
        }));
        let meant = known.into_iter().filter(|(of, digest)| {
            name.is_none_or(|name| name == of) && !asked.is_empty() && digest.0.starts_with(asked)
        });
        let meant: BTreeSet<Digest> = meant.map(|(_, digest)| digest).collect();
        let mut digests: Vec<Digest> = meant.into_iter().collect();
        match (digests.len(), is_whole) {
            (1, _) => Ok(digests.remove(0)),
            (0, true) if self.runtime.vault.holds(&Digest(asked.to_owned())) => Ok(Digest(asked.to_owned())),
            (0, _) => Err(VersionError::NoVersion { name: name.map(str::to_owned), asked: asked.to_owned() }),
            (_, _) => Err(VersionError::Ambiguous { asked: asked.to_owned(), digests }),
        }
    }

    fn require(&self, name: &str) -> Result<Arc<LoadedPlugin>, VersionError> {
        match self.look(|registry| (registry.live(name), registry.view(name))) {
            (Some((plugin, _)), _) => Ok(plugin),
            (None, Some(view)) => Err(VersionError::Conflict(format!(
                "no version of {name} serves: {}",
                view.failure.unwrap_or_default()
            ))),
            (None, None) => Err(VersionError::NoPlugin { name: name.to_owned() }),
        }
    }

    fn seen(&self, name: &str) -> Result<PluginView, VersionError> {
        self.look(|registry| registry.view(name))
            .ok_or_else(|| VersionError::NoPlugin { name: name.to_owned() })
    }

    async fn decide(&self, name: &str, decisions: Decisions) -> io::Result<()> {
        let name = name.to_owned();
        self.durably(move |vault| vault.decide(&name, decisions)).await
    }

    /// Writes off to the side.
    async fn durably(
        &self,
        write: impl FnOnce(&super::Vault) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let runtime = Arc::clone(&self.runtime);
        tokio::task::spawn_blocking(move || write(&runtime.vault)).await.map_err(io::Error::other)?
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` takes")]
fn unwritten(error: io::Error) -> VersionError {
    VersionError::NotWritten(error.to_string())
}

#[cfg(test)]
mod tests {
    use crate::host::PluginHost;
    use crate::look::{Examine, Looked, load};
    use crate::settings::PluginSettings;
    use farmhand_model::versions::LiveReason;

    const GUEST: &[u8] = include_bytes!("../../tests/fixtures/guest.wasm");

    #[tokio::test]
    async fn at_a_start_the_order_of_the_files_decides_who_has_a_name_whoever_is_compiled_first() {
        let dir = tempfile::tempdir().unwrap();
        let settings = PluginSettings::new(dir.path().join("versions"));
        let host = PluginHost::start(settings, vec![]).await.unwrap();
        let paths = ["a.wasm", "b.wasm", "c.wasm"].map(|name| dir.path().join(name));
        paths.iter().for_each(|path| std::fs::write(path, GUEST).unwrap());
        for (path, holder) in [(&paths[1], "b.wasm"), (&paths[2], "b.wasm"), (&paths[0], "a.wasm")] {
            let Looked::Admitted(gated) = load(&host.shared, path, Examine::Now).await else {
                panic!("not admitted")
            };
            host.shared.accepted(path, gated, &LiveReason::Started).await;
            let refused = host.views().into_iter().filter_map(|view| view.failure);
            let refused = refused.collect::<Vec<_>>();
            assert!(
                refused.iter().all(|failure| failure.contains(&format!("{holder} already serves"))),
                "{refused:?}"
            );
            let serving = host.views().into_iter().filter(|view| view.serving.is_some()).count();
            assert_eq!(serving, 1);
        }
        let waiting = host.views().into_iter().filter(|view| view.failure.is_some());
        assert_eq!(waiting.map(|view| view.name).collect::<Vec<_>>(), ["b", "c"]);
    }

    #[tokio::test]
    async fn a_file_that_is_saved_takes_no_name_from_one_that_serves() {
        let dir = tempfile::tempdir().unwrap();
        let host = PluginHost::start(PluginSettings::new(dir.path().join("versions")), vec![]).await.unwrap();
        for (name, reason) in [("b.wasm", LiveReason::Started), ("a.wasm", LiveReason::Saved)] {
            let path = dir.path().join(name);
            std::fs::write(&path, GUEST).unwrap();
            let Looked::Admitted(gated) = load(&host.shared, &path, Examine::Now).await else {
                panic!("not admitted")
            };
            host.shared.accepted(&path, gated, &reason).await;
        }
        let failure = host.views().into_iter().find_map(|view| view.failure).unwrap();
        assert!(failure.contains("b.wasm already serves"), "{failure}");
    }
}
