//! `farmhand pause`, `resume` and `cancel`: one word to the daemon, for one job or several.

use super::context::Context;
use super::error::CliError;
use super::human;
use clap::Args;
use farmhand_model::JobId;
use farmhand_model::view::JobView;

#[derive(Debug, Args)]
pub(super) struct ControlArgs {
    /// The jobs' numbers
    #[arg(required = true)]
    jobs: Vec<JobId>,
}

/// What to do with them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Pause,
    Resume,
    Cancel,
}

impl Verb {
    fn path(self) -> &'static str {
        match self {
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Cancel => "cancel",
        }
    }
}

/// Does all that can be done; an error where one job refused.
pub(super) fn run(context: &mut Context, verb: Verb, args: &ControlArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let mut changed = Vec::new();
    let mut refused = Vec::new();
    for job in &args.jobs {
        match client.post_text::<JobView>(&format!("/jobs/{job}/{}", verb.path()), "{}", &[]) {
            Ok(view) => changed.push(view),
            Err(CliError::Refused(refusal)) => refused.push(format!("job {job}: {refusal}")),
            Err(error) => return Err(error),
        }
    }
    if context.out.json {
        context.out.json(&changed)?;
    } else {
        for job in &changed {
            context.out.line(state_line(job))?;
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(CliError::failed(refused.join("\n"))) }
}

/// What a job is now.
pub(super) fn state_line(job: &JobView) -> String {
    let state = serde_json::to_value(job.summary.status).unwrap_or_default();
    format!(
        "job {} is {}: {} frames",
        job.summary.id,
        state.as_str().unwrap_or_default(),
        human::frames(&job.summary.frames)
    )
}
