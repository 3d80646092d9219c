//! The GPU that a task needs.

use crate::options::{Level, Options};
use farmhand_sdk::prelude::*;

/// What a task of the job needs at a level. Nuke renders on the CPU whatever it could do on a GPU, so that no task waits
/// for one that this node will not give.
///
/// # Errors
/// The job is not what `validate` made of it.
pub fn needs(job: &Job, level: u32) -> Result<Needs, PluginError> {
    let options: Options = job.kept_options()?;
    let uses_gpu = options.gpu && Level::from(level) != Level::Safe;
    Ok(if uses_gpu { Needs::gpus(1).or_none() } else { Needs::default() })
}
