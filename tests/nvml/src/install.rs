//! The tests' side: a copy of the library in a test's own directory, and what it answers.

use crate::state::State;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A copy of the library, with answers of its own.
#[derive(Debug)]
pub struct StandIn {
    library: PathBuf,
}

impl StandIn {
    /// Puts it into this directory. A copy and no link: a loader takes two links to one file for one library, and then
    /// two tests would have the same answers.
    ///
    /// # Errors
    /// The library was not built, or the directory cannot be written to.
    pub fn install(dir: &Path, state: &State) -> io::Result<Self> {
        let library =
            dir.join(format!("{}nvidia-ml{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
        fs::copy(built()?, &library)?;
        let stand_in = Self { library };
        stand_in.answer(state)?;
        Ok(stand_in)
    }

    /// Where it is: what `[gpus] library` is set to.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// What it answers from now on; whoever is asking meanwhile sees all of the one or all of the other.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub fn answer(&self, state: &State) -> io::Result<()> {
        let path = state_beside(&self.library);
        let draft = path.with_extension("part");
        fs::write(&draft, serde_json::to_vec_pretty(state)?)?;
        fs::rename(draft, path)
    }
}

/// The file that a copy of the library reads.
pub(crate) fn state_beside(library: &Path) -> PathBuf {
    let mut name = library.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// The library as cargo built it for whoever depends on this crate: beside the test that runs.
fn built() -> io::Result<PathBuf> {
    let name =
        format!("{}farmhand_nvml_standin{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let test = std::env::current_exe()?;
    let places = test.ancestors().skip(1).take(2);
    let found =
        places.flat_map(|dir| [dir.join(&name), dir.join("deps").join(&name)]).find(|path| path.exists());
    found.ok_or_else(|| {
        let message =
            format!("{name} is not beside {}; is the stand-in among the dependencies?", test.display());
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}
