//! `farmhand retry`: frames that failed, or named ones, once more.

use super::context::Context;
use super::control::state_line;
use super::error::CliError;
use clap::Args;
use farmhand_model::view::JobView;
use farmhand_model::{FrameSet, JobId};

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The job's number
    job: JobId,
    /// Render these frames again, done ones too; by default all that failed or were cancelled
    #[arg(short, long, value_name = "SET", allow_hyphen_values = true)]
    frames: Option<FrameSet>,
}

pub(super) fn run(context: &mut Context, args: &RetryArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let body = serde_json::json!({ "frames": args.frames });
    let path = format!("/jobs/{}/retry", args.job);
    if context.out.json {
        let job: serde_json::Value = client.post(&path, &body)?;
        return context.out.json(&job);
    }
    let job: JobView = client.post(&path, &body)?;
    context.out.line(state_line(&job))
}
