//! `farmhand why`: the one reason that holds a job now.

use super::context::Context;
use super::error::CliError;
use super::output::clean;
use clap::Args;
use farmhand_model::JobId;
use farmhand_model::view::JobWhyView;

#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The job's number
    job: JobId,
}

pub(super) fn run(context: &mut Context, args: &WhyArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let path = format!("/jobs/{}/why", args.job);
    if context.out.json {
        let why: serde_json::Value = client.get(&path)?;
        return context.out.json(&why);
    }
    let why: JobWhyView = client.get(&path)?;
    context.out.line(clean(&why.why.text))
}
