//! farmhand's plugin for Blender, 2.80 to 5.x.
//!
//! What a job may ask for is in [`options`], how its output is named in [`names`], how it becomes a command line and
//! a prelude in [`command`], what Blender's log says in [`reader`] and [`faults`], and what the end of an attempt
//! means in [`judge`].

pub mod command;
pub mod describe;
pub mod faults;
pub mod judge;
pub mod log_line;
pub mod names;
pub mod needs;
pub mod options;
pub mod reader;
pub mod validate;

use farmhand_sdk::prelude::*;

/// The plugin.
pub struct Blender;

impl Plugin for Blender {
    type Reader = reader::BlenderReader;

    fn describe() -> Descriptor {
        describe::descriptor()
    }

    fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
        validate::validate(job)
    }

    fn needs(job: &Job, level: u32) -> Result<Needs, PluginError> {
        needs::needs(job, level)
    }

    fn build_command(task: &Task) -> Result<Command, PluginError> {
        command::build(task)
    }

    fn reader(task: &Task) -> reader::BlenderReader {
        reader::BlenderReader::new(task)
    }

    fn judge(task: &Task, outcome: &Outcome) -> Result<Verdict, PluginError> {
        Ok(judge::judge(task, outcome))
    }
}

farmhand_sdk::export!(Blender);
