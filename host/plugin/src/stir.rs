//! Says that something changed in some directories, for an author's tools. What changed, and whether it matters, is for
//! whoever is told to find out.

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::Path;

/// How far down a directory is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What is in it.
    Here,
    /// All that is below it, too.
    Below,
}

/// A watch on directories; it ends when this is dropped.
#[derive(Debug)]
pub struct Stir(RecommendedWatcher);

impl Stir {
    /// Calls `told` on another thread whenever something changed. Absent where the operating system can watch nothing:
    /// looking every now and then has to do there, as it must beside this on file systems that send no events.
    #[must_use]
    pub fn new(told: impl Fn() + Send + 'static) -> Option<Self> {
        let on_event = move |event: notify::Result<notify::Event>| {
            // Reading is no change, and happens on every look.
            if event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_))) {
                told();
            }
        };
        notify::recommended_watcher(on_event).ok().map(Self)
    }

    /// Watches one more directory; says whether it can.
    pub fn watch(&mut self, directory: &Path, depth: Depth) -> bool {
        let mode = match depth {
            Depth::Here => RecursiveMode::NonRecursive,
            Depth::Below => RecursiveMode::Recursive,
        };
        self.0.watch(directory, mode).is_ok()
    }
}
