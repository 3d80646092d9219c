//! Every version that was ever live: its bytes by content, each plugin's history, and what was decided about it.
//!
//! `objects` keeps bytes, `book` one plugin's history and decisions, `vault` all of them; `decisions` is the rule of
//! which version serves, and knows no files. `strikes` counts failed calls, `deciding` lets versions serve. Nothing here
//! is on the path of a call but one atomic number.

mod book;
mod deciding;
mod decisions;
mod error;
mod objects;
mod strikes;
mod vault;

pub use error::VersionError;

pub(crate) use objects::KeptError;
pub(crate) use strikes::{Strike, Strikes};
pub(crate) use vault::{Vault, VaultError};
