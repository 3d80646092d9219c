//! farmhand's plugin for Maya, 2022 to 2027: Maya Software, Hardware 2.0, Arnold, V-Ray, Redshift and RenderMan.
//!
//! What a job may ask for is in [`options`], what a Maya ASCII scene says of itself in [`scene`], whether the two fit
//! together in [`validate`], where images go in [`names`]. A task becomes a process in [`command`]: a generated Python
//! script ([`script`]) or a command line for `Render` ([`flags`]), with [`environment`] around either. What Maya and
//! its renderers print is read in [`reader`] by the table in [`faults`], and what the end of an attempt means is in
//! [`judge`].

pub mod command;
pub mod describe;
pub mod environment;
pub mod faults;
pub mod flags;
pub mod judge;
pub mod log_line;
pub mod mel;
pub mod names;
pub mod needs;
pub mod options;
pub mod project;
pub mod reader;
pub mod renderer;
pub mod scene;
pub mod script;
pub mod validate;

use farmhand_sdk::prelude::*;

/// The plugin.
pub struct Maya;

impl Plugin for Maya {
    type Reader = reader::MayaReader;

    fn describe() -> Descriptor {
        describe::descriptor()
    }

    fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
        validate::validate(job)
    }

    fn needs(job: &Job, _level: u32) -> Result<Needs, PluginError> {
        needs::needs(job)
    }

    fn build_command(task: &Task) -> Result<Command, PluginError> {
        command::build(task)
    }

    fn reader(task: &Task) -> reader::MayaReader {
        reader::MayaReader::new(task)
    }

    fn judge(task: &Task, outcome: &Outcome) -> Result<Verdict, PluginError> {
        Ok(judge::judge(task, outcome))
    }
}

farmhand_sdk::export!(Maya);
