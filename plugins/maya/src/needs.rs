//! The GPUs that a task needs, by its renderer.

use crate::options::{Device, Options};
use crate::renderer::Renderer;
use farmhand_sdk::prelude::*;

/// What a task of the job needs, at every level: none of them changes what the renderer computes on.
///
/// # Errors
/// The job is not what `validate` made of it.
pub fn needs(job: &Job) -> Result<Needs, PluginError> {
    let options: Options = job.kept_options()?;
    Ok(match (options.renderer, options.device) {
        (Some(Renderer::Redshift), _) | (Some(Renderer::Arnold | Renderer::Vray) | None, Device::Gpu) => {
            Needs::gpus(1)
        }
        // Only the scene knows its renderer, and Redshift would need one. The log tells, and a scene that renders on the
        // CPU gets none from then on.
        (None, Device::Scene) => Needs::gpus(1).or_none(),
        _ => Needs::default(),
    })
}
