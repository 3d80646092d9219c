//! The GPUs that a task needs: those of Cycles, where they are NVIDIA's. Of others farmhand knows nothing, so that Blender
//! takes them as it finds them.

use crate::options::{Device, Engine, Level, Options};
use farmhand_sdk::prelude::*;

/// What a task of the job needs at a level.
///
/// # Errors
/// The job is not what `validate` made of it.
pub fn needs(job: &Job, level: u32) -> Result<Needs, PluginError> {
    let options: Options = job.kept_options()?;
    if options.engine.is_some_and(|engine| engine != Engine::Cycles) {
        return Ok(Needs::default());
    }
    let one = Needs::gpus(1);
    Ok(match options.device_at(Level::from(level)) {
        Device::Cuda | Device::Optix if options.allow_cpu => one.or_none(),
        Device::Cuda | Device::Optix => one,
        // Only the scene says whether it renders on a GPU; it tells in its log, and gets none from then on.
        Device::Auto => one.or_none(),
        Device::Cpu | Device::Hip | Device::OneApi | Device::Metal => Needs::default(),
    })
}
