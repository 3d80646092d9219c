//! One slot: what serves, what is wrong with anything newer, and how people see it.

use super::file_name;
use crate::error::{PluginError, PluginErrorKind};
use crate::gate::Gated;
use crate::loaded::LoadedPlugin;
use farmhand_model::Timestamp;
use farmhand_model::versions::{VersionStanding, VersionWaiting};
use farmhand_model::view::PluginView;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a version comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Builtin,
    File(PathBuf),
    /// A copy of what came from there.
    Kept(String),
}

impl Source {
    /// As a history has it.
    pub(crate) fn origin(&self) -> String {
        match self {
            Source::Builtin => "built-in".into(),
            Source::File(path) => file_name(path),
            Source::Kept(origin) => origin.clone(),
        }
    }

    fn name(&self) -> String {
        match self {
            Source::Kept(origin) => format!("kept copy of {origin}"),
            source => source.origin(),
        }
    }
}

/// A version that passed the gate and is the newest under its name.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) source: Source,
    pub(crate) gated: Arc<Gated>,
}

impl Offer {
    pub(crate) fn waiting(&self) -> VersionWaiting {
        VersionWaiting {
            digest: self.gated.digest.clone(),
            version: self.gated.descriptor.version.to_string(),
            source: self.source.origin(),
        }
    }
}

/// Why the newest version does not serve.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) source: Source,
    pub(super) error: PluginError,
}

impl Failure {
    pub(super) fn is_of(&self, path: &Path) -> bool {
        matches!(&self.source, Source::File(own) if own == path)
    }
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) source: Source,
    pub(super) plugin: Arc<LoadedPlugin>,
    pub(super) standing: VersionStanding,
}

impl Live {
    pub(super) fn troubled(mut self, trouble: String) -> Self {
        self.standing.trouble = Some(trouble);
        self
    }
}

#[derive(Debug)]
pub(super) enum SlotState {
    Serving { live: Live },
    Degraded { live: Live, failure: Failure },
    Failed { failure: Failure },
}

impl SlotState {
    pub(super) fn of(live: Live, failure: Option<Failure>) -> Self {
        match failure {
            Some(failure) => Self::Degraded { live, failure },
            None => Self::Serving { live },
        }
    }
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) state: SlotState,
    pub(super) changed: Timestamp,
}

impl Slot {
    pub(super) fn live(&self) -> Option<&Live> {
        match &self.state {
            SlotState::Serving { live } | SlotState::Degraded { live, .. } => Some(live),
            SlotState::Failed { .. } => None,
        }
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        match &self.state {
            SlotState::Degraded { failure, .. } | SlotState::Failed { failure } => Some(failure),
            SlotState::Serving { .. } => None,
        }
    }

    pub(super) fn view(&self, name: &str) -> PluginView {
        let live = self.live();
        let failure = self.failure();
        let source = live.map(|live| &live.source).or(failure.map(|failure| &failure.source));
        let descriptor = live.map(|live| live.plugin.descriptor());
        let mut standing = live.map(|live| live.standing.clone()).unwrap_or_default();
        standing.held = failure.and_then(held);
        let trouble = failure.map(|failure| failure.error.to_string()).or_else(|| wrong(name, &standing));
        PluginView {
            name: name.to_owned(),
            state: match (&self.state, &trouble) {
                (SlotState::Failed { .. }, _) => "failed",
                (_, Some(_)) => "degraded",
                (_, None) => "serving",
            }
            .to_owned(),
            source: source.map(Source::name).unwrap_or_default(),
            serving: live.map(|live| live.plugin.stamp().clone()),
            summary: descriptor.map(|descriptor| descriptor.summary.clone()),
            extensions: descriptor.map(|descriptor| descriptor.extensions.clone()).unwrap_or_default(),
            levels: descriptor.map(|descriptor| descriptor.levels.clone()).unwrap_or_default(),
            options_schema: descriptor.map(|descriptor| descriptor.options_schema.clone()),
            failure: trouble,
            standing,
            changed: self.changed,
        }
    }
}

/// What is wrong with a slot whose files are all in order.
fn wrong(name: &str, standing: &VersionStanding) -> Option<String> {
    let rolled_back = standing.rolled_back.as_ref().map(|aside| {
        let digest = aside.digest.short();
        format!(
            "version {} ({digest}) does not serve, it was {}; save another one, or let it serve again with `farmhand \
             plugin confirm {name} {digest}`",
            aside.version, aside.reason
        )
    });
    match (rolled_back, &standing.trouble) {
        (Some(rolled_back), Some(trouble)) => Some(format!("{trouble}\n{rolled_back}")),
        (rolled_back, trouble) => rolled_back.or(trouble.clone()),
    }
}

fn held(failure: &Failure) -> Option<VersionWaiting> {
    match failure.error.kind() {
        PluginErrorKind::Held { digest, version, .. } => Some(VersionWaiting {
            digest: digest.clone(),
            version: version.clone(),
            source: failure.source.origin(),
        }),
        _ => None,
    }
}
