//! The programs that plugins may run, as they are found on this machine.
//!
//! A plugin says how its programs are called and where they are installed; the studio's configuration and the
//! environment have the first word. Nothing is installed, and nothing is run here but a program's own way to say its
//! version.

pub(crate) mod ask;
mod finder;
mod places;
mod problem;
mod version;

pub use finder::{FoundTool, ToolFinder, Unusable};
pub use places::ToolSource;
pub use problem::ToolProblem;
pub use version::ToolVersion;
