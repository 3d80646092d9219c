//! Version 2 cgroups for attempts, where the daemon may make them: exact accounting, a share of the CPUs, a limit of
//! memory.
//!
//! [`Cgroups`] is the daemon's half: it finds out whether there can be any, and names them. [`AttemptCgroup`] is the
//! shim's: it makes one, reads it, and removes it, so that a daemon's death changes nothing. All of it goes through
//! plain files below a root that tests put in place of the kernel's.

mod home;
mod own;

pub use home::{CgroupMode, Cgroups, NoCgroups};
pub(crate) use own::{AttemptCgroup, remove};

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// The kernel's files are there already: none is made, and each write is one word to the kernel.
fn tell(path: &Path, text: &str) -> io::Result<()> {
    File::options().write(true).open(path)?.write_all(text.as_bytes())
}
