//! farmhand's plugin for Nuke 13 and newer.
//!
//! What a job may ask for is in [`options`], what its script says in [`scene`], how its images are named in
//! [`names`], whether it makes sense in [`validate`], how it becomes a command line in [`command`] and a generated
//! script in [`script`], what Nuke's output says in [`reader`] and [`faults`], and what the end of an attempt means in
//! [`judge`].

pub mod command;
pub mod describe;
pub mod faults;
pub mod hooks;
pub mod judge;
pub mod log_line;
pub mod names;
pub mod needs;
pub mod options;
pub mod reader;
pub mod scene;
pub mod script;
pub mod validate;

use farmhand_sdk::prelude::*;

/// The plugin.
pub struct Nuke;

impl Plugin for Nuke {
    type Reader = reader::NukeReader;

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
        command::build(task, script::now())
    }

    fn reader(task: &Task) -> reader::NukeReader {
        reader::NukeReader::new(task)
    }

    fn judge(task: &Task, outcome: &Outcome) -> Result<Verdict, PluginError> {
        Ok(judge::judge(task, outcome))
    }
}

impl Hooks for Nuke {
    fn before_job(job: &Job) -> Result<Vec<Hook>, PluginError> {
        hooks::before_job(job)
    }

    fn after_job(job: &Job, end: &JobEnd) -> Result<Vec<Hook>, PluginError> {
        hooks::after_job(job, end)
    }
}

farmhand_sdk::export!(Nuke, hooks);
