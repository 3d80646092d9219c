//! A plugin host without a plugins directory, and where things are in the checkout.

use farmhand_plugin::{PluginHost, PluginSettings};
use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A component that travels with farmhand.
pub fn prebuilt(name: &str) -> PathBuf {
    root().join("plugins/prebuilt").join(format!("{name}.wasm"))
}

/// A host that only loads files, with compiled code kept from test to test.
pub async fn plugin_host() -> PluginHost {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trial-cache");
    PluginHost::start(PluginSettings::new(cache), Vec::new()).await.unwrap()
}
