//! What is done before and after a job: the directory of its generated scripts, and the directories that Nuke writes
//! to by itself, which it does not make.

use crate::names::{self, Names};
use crate::options::{Options, ScriptPlace};
use crate::scene;
use crate::script;
use farmhand_sdk::prelude::*;
use std::collections::BTreeSet;

/// The directories that must be there.
///
/// # Errors
/// The job is not what `validate` made of it.
pub fn before_job(job: &Job) -> Result<Vec<Hook>, PluginError> {
    let options: Options = job.kept_options()?;
    let mut hooks = Vec::new();
    if options.script_place == ScriptPlace::Beside {
        let directory = Action::MakeDirectory(script::directory(job));
        hooks.push(Hook::new("directory of the generated scripts", [directory]));
    }
    if options.make_directories {
        let directories = output_directories(job, &options);
        if !directories.is_empty() {
            hooks.push(Hook::new(
                "directories of the images",
                directories.into_iter().map(Action::MakeDirectory),
            ));
        }
    }
    Ok(hooks)
}

/// The scripts of what failed stay, and their directory with them; after a job that is complete it is empty, unless
/// some attempt failed on the way, and goes. `py` itself may be the studio's own.
///
/// # Errors
/// The job is not what `validate` made of it.
pub fn after_job(job: &Job, end: &JobEnd) -> Result<Vec<Hook>, PluginError> {
    if !end.complete || job.kept_options::<Options>()?.script_place == ScriptPlace::Scratch {
        return Ok(Vec::new());
    }
    // A directory with scripts left in it cannot be removed, and that is as it should be: the hook only warns.
    Ok(vec![Hook::new(
        "directory of the generated scripts, if empty",
        [Action::Remove(script::directory(job))],
    )])
}

/// Where the Write nodes write by themselves, and where the images go, as far as the job and the script say it.
fn output_directories(job: &Job, options: &Options) -> BTreeSet<String> {
    let mut directories = BTreeSet::new();
    let mut add = |names: &Names, layer: &str| {
        for view in names.views(&options.views) {
            if let Some(frame) = job.frames.first()
                && let Ok(name) = names.name(frame, Some(layer), view.as_deref())
            {
                directories.insert(path::split(&name).0.to_owned());
            }
        }
    };
    let script = scene::read(&job.scene).unwrap_or_default();
    for layer in &job.layers {
        if let Some(output) = &job.output {
            add(&Names::new(output), layer);
        }
        let write = script.writes.iter().find(|write| write.name == *layer);
        if let Some(own) =
            write.and_then(|write| names::own(write, options.is_proxy(&script), &options.argv, job))
        {
            add(&own, layer);
        }
    }
    directories.retain(|directory| !directory.is_empty());
    directories
}
