//! `farmhand.toml` and `FARMHAND_*`: what may be set, where it is read from, and what it comes to.
//!
//! `keys` is the one list of everything that can be set; the file, the environment, the flags, `farmhand config` and
//! `docs/configuration.md` all follow it. `layer` reads texts into checked values that remember where they came
//! from, and `typed` makes the `Config` that the rest of the program is handed. Nothing here opens the data
//! directory or looks for programs: that a path is written correctly is checked here, that it works is `doctor`'s
//! job.

mod error;
mod farm;
mod keys;
mod layer;
mod load;
mod reference;
mod typed;
mod value;

pub use error::{ConfigError, ConfigProblem, Place};
pub use farm::NodeSize;
pub use layer::{Setting, Settings};
pub use load::{Flag, Surroundings, load};
pub use reference::reference_page;
pub use typed::{Config, InteractiveConfig, LogFormat, PluginConfig, Secret, WatchChoice, Workstation};
pub use value::Value;
