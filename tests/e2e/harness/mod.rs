//! What every test needs: a daemon, a client, scenes, and ways to wait for what must come.

mod client;
mod daemon;
mod receiver;
mod scene;
mod standins;

pub use client::Client;
pub use daemon::{Daemon, farmhand, job_of, keep_cache, seed_cache};
pub use receiver::{Message, Receiver};
pub use scene::{Gate, Scene, gate_script};
pub use standins::StandIns;

use std::path::{Path, PathBuf};

/// The images in a directory, by name.
pub fn images(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .map(|entries| {
            entries
                .flatten()
                .filter(|entry| entry.path().is_file())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

/// The prebuilt component of a plugin.
pub fn prebuilt(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../plugins/prebuilt/{name}.wasm"))
}
