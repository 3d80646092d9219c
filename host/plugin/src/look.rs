//! A look at one file of the plugins directory: read, taken through the load gate, kept, and examined by the studio's own
//! gate. What follows from it is decided elsewhere.

use crate::candidate::{Candidate, Content};
use crate::error::{PluginError, PluginErrorKind, WAITING};
use crate::gate::Gated;
use crate::host::Shared;
use crate::loaded::LoadedPlugin;
use crate::settings::LoadGate;
use crate::watch::is_plugin;
use farmhand_model::Digest;
use std::path::Path;
use std::sync::Arc;

/// What a look at one file came to.
pub(crate) enum Looked {
    Gone,
    Unchanged,
    Admitted(Arc<Gated>),
    /// It would have to be examined first, for which nobody should wait.
    Unexamined {
        name: String,
    },
    Refused(Option<Digest>, PluginError),
}

/// When the studio's own gate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Examine {
    Now,
    Later,
}

pub(crate) async fn load(shared: &Arc<Shared>, path: &Path, examine: Examine) -> Looked {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Looked::Gone,
        Ok(_) if !is_plugin(path) => return Looked::Gone,
        _ => {}
    }
    let (read, reader) = (path.to_path_buf(), Arc::clone(shared));
    let candidate =
        tokio::task::spawn_blocking(move || Candidate::read(&read, &reader.runtime.settings)).await;
    let candidate = match candidate {
        Ok(Ok(candidate)) => candidate,
        Ok(Err(error)) => return Looked::Refused(None, error),
        Err(error) => {
            let kind = PluginErrorKind::Host { message: format!("reading it broke off: {error}") };
            return Looked::Refused(None, PluginError::new(path.display().to_string(), kind));
        }
    };
    if shared.look(|registry| registry.knows(path, &candidate.seen)) {
        return Looked::Unchanged;
    }
    tell_of_waiting(shared, path, &candidate).await;
    let gated = match shared.runtime.admit(&candidate).await {
        Ok(gated) => Arc::new(gated),
        Err(error) => return refused(candidate.seen, error),
    };
    // Kept before it is examined, so that one that is held back can be asked for.
    if let Err(error) = shared.runtime.keep(&candidate, &gated).await {
        return refused(candidate.seen, error);
    }
    if examine == Examine::Later && gate_of(shared, &gated).is_some() {
        return Looked::Unexamined { name: gated.descriptor.name.clone() };
    }
    match examined(shared, &gated).await {
        Ok(()) => Looked::Admitted(gated),
        Err(error) => refused(candidate.seen, error),
    }
}

/// A runner is compiled once on a machine, which takes seconds: whoever looks meanwhile should see why.
async fn tell_of_waiting(shared: &Arc<Shared>, path: &Path, candidate: &Candidate) {
    let Content::Script { script } = &candidate.content else { return };
    let (runtime, language) = (Arc::clone(&shared.runtime), script.language);
    if tokio::task::spawn_blocking(move || runtime.is_cold(language)).await.unwrap_or_default() {
        let message = format!(
            "{WAITING}{} runner, which is compiled once on this machine; it serves in some seconds",
            language.name()
        );
        let waiting = PluginError::new(&candidate.label, PluginErrorKind::Waiting { message });
        shared.change(|registry| registry.refuse(path, None, waiting));
    }
}

fn refused(seen: Digest, error: PluginError) -> Looked {
    match error.kind() {
        // A runner may be installed at any time, and a disk emptied, without a change here.
        PluginErrorKind::NoRunner { .. } | PluginErrorKind::NotKept { .. } => Looked::Refused(None, error),
        _ => Looked::Refused(Some(seen), error),
    }
}

/// The studio's own gate, where this version has to pass it: it takes over from another one, which may be the one that
/// served before the daemon started, and nobody has confirmed it.
fn gate_of<'a>(shared: &'a Shared, gated: &Gated) -> Option<&'a Arc<dyn LoadGate>> {
    let (vault, name) = (&shared.runtime.vault, &gated.descriptor.name);
    let gate = shared.runtime.settings.gate.as_ref().filter(|gate| gate.guards(name))?;
    let serving =
        shared.look(|registry| registry.get(name).ok()).map(|serving| serving.stamp().digest.clone());
    let before = serving.or_else(|| vault.last(name).map(|last| last.digest))?;
    let is_confirmed = vault.decisions(name).confirmed(&gated.digest).is_some();
    (before != gated.digest && !is_confirmed).then_some(gate)
}

async fn examined(shared: &Arc<Shared>, gated: &Arc<Gated>) -> Result<(), PluginError> {
    let Some(gate) = gate_of(shared, gated) else { return Ok(()) };
    let candidate = Arc::new(LoadedPlugin::new(Arc::clone(&shared.runtime), Arc::clone(gated), 0));
    let held = |message| {
        let (digest, version) = (gated.digest.clone(), gated.descriptor.version.to_string());
        PluginError::new(&gated.descriptor.name, PluginErrorKind::Held { message, digest, version })
    };
    let serving = shared.look(|registry| registry.get(&gated.descriptor.name).ok());
    gate.examine(&candidate, serving.as_ref()).await.map_err(held)
}
