//! The rule of which version of a plugin serves, by what people and the daemon have decided.
//!
//! Knows no files and no clock: the newest version serves, unless another one is pinned, or the newest was set aside.

use farmhand_model::versions::{VersionAside, VersionEntry, VersionPin};
use farmhand_model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// What was decided about the versions of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Decisions {
    pub(crate) pinned: Option<VersionPin>,
    /// Versions that do not serve again until somebody asks for them, the latest last.
    pub(crate) aside: Vec<VersionAside>,
    /// What serves while the newest version is set aside.
    pub(crate) stand_in: Option<Digest>,
    /// Versions that need not pass the gate of new versions.
    pub(crate) confirmed: Vec<VersionPin>,
}

/// Which version serves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice<'a> {
    Newest,
    Pinned(&'a VersionPin),
    /// This one, since the newest was set aside.
    StandIn(&'a Digest, &'a VersionAside),
}

impl Decisions {
    /// Which version serves where this is the newest good one.
    pub(crate) fn choose(&self, newest: &Digest) -> Choice<'_> {
        match (&self.pinned, self.aside(newest), &self.stand_in) {
            (Some(pin), _, _) => Choice::Pinned(pin),
            (None, Some(aside), Some(stand_in)) => Choice::StandIn(stand_in, aside),
            (None, _, _) => Choice::Newest,
        }
    }

    /// Why a version does not serve by itself.
    pub(crate) fn aside(&self, digest: &Digest) -> Option<&VersionAside> {
        self.aside.iter().rfind(|aside| aside.digest == *digest)
    }

    pub(crate) fn confirmed(&self, digest: &Digest) -> Option<&VersionPin> {
        self.confirmed.iter().rfind(|confirmed| confirmed.digest == *digest)
    }

    /// Lets one version serve whatever is saved.
    #[must_use]
    pub(crate) fn pin(mut self, pin: VersionPin) -> Self {
        self.ask_for(&pin.digest);
        self.pinned = Some(pin);
        self
    }

    #[must_use]
    pub(crate) fn unpin(mut self) -> Self {
        self.pinned = None;
        self
    }

    /// Goes back to a version from another one.
    #[must_use]
    pub(crate) fn roll_back(mut self, from: VersionAside, to: &Digest) -> Self {
        self.ask_for(to);
        self.aside.retain(|aside| aside.digest != from.digest);
        self.aside.push(from);
        self.stand_in = Some(to.clone());
        self
    }

    /// Says that a version may serve, whoever held it back.
    #[must_use]
    pub(crate) fn confirm(mut self, digest: &Digest, at: Timestamp, by: Option<String>) -> Self {
        self.ask_for(digest);
        self.confirmed.retain(|confirmed| confirmed.digest != *digest);
        self.confirmed.push(VersionPin { digest: digest.clone(), at, by });
        self
    }

    fn ask_for(&mut self, digest: &Digest) {
        self.aside.retain(|aside| aside.digest != *digest);
    }

    /// Versions that served before this one and may serve again, the latest first, each once.
    pub(crate) fn before<'a>(&self, history: &'a [VersionEntry], present: &Digest) -> Vec<&'a VersionEntry> {
        let mut before: Vec<&VersionEntry> = Vec::new();
        for entry in history.iter().rev() {
            let is_new = before.iter().all(|other| other.digest != entry.digest);
            if is_new && entry.digest != *present && self.aside(&entry.digest).is_none() {
                before.push(entry);
            }
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::versions::{AsideReason, LiveReason};

    fn digest(name: &str) -> Digest {
        Digest(name.to_owned())
    }

    fn aside(name: &str) -> VersionAside {
        let reason = AsideReason::Failed { reason: "it traps".into() };
        VersionAside { digest: digest(name), version: "1.0.0".into(), at: Timestamp(0), reason }
    }

    fn pin(name: &str) -> VersionPin {
        VersionPin { digest: digest(name), at: Timestamp(0), by: None }
    }

    /// Which version serves where `newest` is on offer.
    fn serves(decisions: &Decisions, newest: &str) -> String {
        match decisions.choose(&digest(newest)) {
            Choice::Newest => newest.to_owned(),
            Choice::Pinned(pin) => pin.digest.0.clone(),
            Choice::StandIn(stand_in, _) => stand_in.0.clone(),
        }
    }

    #[test]
    fn the_newest_serves_unless_it_was_decided_otherwise() {
        let none = Decisions::default();
        assert_eq!(serves(&none, "b"), "b");

        let back = none.roll_back(aside("b"), &digest("a"));
        assert_eq!(serves(&back, "b"), "a", "set aside");
        assert_eq!(serves(&back, "c"), "c", "other bytes were saved");
        let further = back.roll_back(aside("c"), &digest("a"));
        assert_eq!([serves(&further, "b"), serves(&further, "c")], ["a", "a"], "both stay aside");

        let confirmed = further.clone().confirm(&digest("c"), Timestamp(0), None);
        assert_eq!([serves(&confirmed, "b"), serves(&confirmed, "c")], ["a", "c"], "asked for");
        let asked = further.clone().roll_back(aside("a"), &digest("c"));
        assert_eq!([serves(&asked, "c"), serves(&asked, "b")], ["c", "c"], "went back to it");

        let pinned = further.pin(pin("c"));
        assert_eq!([serves(&pinned, "b"), serves(&pinned, "d")], ["c", "c"], "whatever is saved");
        let unpinned = pinned.unpin();
        assert_eq!([serves(&unpinned, "b"), serves(&unpinned, "c")], ["a", "c"], "a pin asks for it too");
    }

    #[test]
    fn what_served_before_may_serve_again_unless_it_was_set_aside() {
        let entry = |name: &str| VersionEntry {
            digest: digest(name),
            version: "1.0.0".into(),
            form: "component".into(),
            language: None,
            bytes: 1,
            source: "x.wasm".into(),
            at: Timestamp(0),
            reason: LiveReason::Saved,
        };
        let history = ["a", "b", "a", "c", "d"].map(entry);
        let before = |decisions: &Decisions, present: &str| {
            let before = decisions.before(&history, &digest(present));
            before.iter().map(|entry| entry.digest.0.clone()).collect::<String>()
        };
        let none = Decisions::default();
        assert_eq!(before(&none, "d"), "cab");
        assert_eq!(before(&none, "c"), "dab");
        let aside = none.roll_back(aside("c"), &digest("a"));
        assert_eq!(before(&aside, "d"), "ab");
    }
}
