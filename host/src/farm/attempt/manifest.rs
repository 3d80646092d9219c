//! What an attempt was given, as a file beside its log: enough for the next daemon to go on reading, verifying and
//! judging it, and for `GET /attempts/{id}` to show the exact command.

use crate::farm::views;
use farmhand_model::dcc::{Output, TaskContext, Verify};
use farmhand_model::view::CommandView;
use farmhand_model::{PluginStamp, Timestamp};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "attempt.json";

/// What an attempt was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// As the plugin saw it.
    pub(crate) task: TaskContext,
    /// What the job asks of the DCC's version, for programs that hooks run.
    #[serde(default)]
    pub(crate) dcc_version: Option<semver::VersionReq>,
    /// Who built the command.
    pub(crate) plugin: PluginStamp,
    /// The program's path, as it was resolved from the tool.
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    /// Added to the daemon's own environment.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: PathBuf,
    pub(crate) outputs: Vec<Output>,
    pub(crate) verify: Verify,
    /// Scripts that go once the task has succeeded.
    pub(crate) remove_on_success: Vec<PathBuf>,
    /// Whether its job insists on the GPUs that the task has leased.
    #[serde(default)]
    pub(crate) insists_on_gpus: bool,
    /// Images older than this are somebody else's.
    pub(crate) started: Timestamp,
}

impl Manifest {
    /// Reads it from an attempt's directory; `None` where the attempt never got as far as being started.
    pub(crate) fn read(dir: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(dir.join(FILE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The command for people.
    pub(crate) fn command_view(&self) -> CommandView {
        views::command(
            self.program.display().to_string(),
            self.args.clone(),
            &self.env,
            self.cwd.display().to_string(),
        )
    }

    /// Writes it by rename, so that a reader never sees half of it.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        let temporary = dir.join("attempt.json.tmp");
        std::fs::write(&temporary, serde_json::to_vec(self)?)?;
        std::fs::rename(temporary, dir.join(FILE))
    }
}
