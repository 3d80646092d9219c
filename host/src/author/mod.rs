//! What the commands of plugin authors do: a new project, its SDK, a build, and the swap into a plugins directory.
//!
//! It prints nothing, asks no daemon and runs no plugin: the command line does that (`cli/plugin`). The only programs
//! that it runs are cargo and rustc.
//!
//! - `embedded`: the SDKs and templates that travel in the binary;
//! - `new`: a new plugin's folder, and which names there may be;
//! - `sdk`: the SDK's copy in a project, and when it is renewed;
//! - `project`: what a path that somebody names is;
//! - `cargo`: building a plugin that is written in Rust;
//! - `place`: files and folders that appear as a whole, or not at all;
//! - `changes`: when a project was saved.

mod cargo;
mod changes;
mod embedded;
mod new;
mod place;
mod project;
mod sdk;

pub use cargo::{BuildError, Cargo, Profile, Shown};
pub use changes::Changes;
pub use new::{Lang, NewError, create};
pub use place::{PlaceError, install, write};
pub use project::{Kind, Project, ProjectError};
pub use sdk::refresh as refresh_sdk;
