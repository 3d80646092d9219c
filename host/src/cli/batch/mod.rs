//! `farmhand batch` and `farmhand batches`: where a batch is, with its jobs, and what can be done to it as a whole.

mod files;
mod list;
mod progress;
mod show;
mod submit;

pub(super) use files::{BatchArgs, is_batch_text, is_source};
pub(super) use list::{BatchesArgs, run as list};
pub(super) use submit::{Wanted, run as submit};

use super::context::Context;
use super::error::CliError;
use clap::{Args, Subcommand};
use farmhand_model::BatchId;
use farmhand_model::batch::{BatchView, EntryState};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct BatchCommand {
    /// The batch's number: 3 or b3
    #[arg(required = true, value_parser = parse_batch)]
    batch: Option<BatchId>,
    /// Only jobs in these states: completed, failed, skipped, pending, running, cancelled
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = parse_state)]
    state: Vec<EntryState>,
    /// Jobs to list; those that failed first, then those that run
    #[arg(long, value_name = "N", default_value_t = 30)]
    limit: usize,
    /// Show how far it is until its end; the exit code then tells how it ended
    #[arg(long, conflicts_with_all = ["state", "limit"])]
    wait: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Give out no more frames of its jobs; what runs goes on to its end
    Pause(Which),
    /// Let its paused jobs go on
    Resume(Which),
    /// End all of its jobs and everything of them that runs
    Cancel(Which),
    /// Try again what failed or was cancelled in all of its jobs
    Retry(Which),
    /// Print the JSON Schema of batch files
    Schema,
}

#[derive(Debug, Args)]
struct Which {
    /// The batches' numbers
    #[arg(required = true, value_name = "BATCH", value_parser = parse_batch)]
    batches: Vec<BatchId>,
}

pub(super) fn run(context: &mut Context, command: &BatchCommand) -> Result<(), CliError> {
    let (verb, which) = match (&command.action, command.batch) {
        (Some(Action::Schema), _) => return context.out.raw(crate::batch::published().as_bytes()),
        (Some(Action::Pause(which)), _) => ("pause", which),
        (Some(Action::Resume(which)), _) => ("resume", which),
        (Some(Action::Cancel(which)), _) => ("cancel", which),
        (Some(Action::Retry(which)), _) => ("retry", which),
        (None, Some(batch)) if command.wait => {
            let mut client = context.client()?;
            return progress::wait(context, &mut client, &[batch]);
        }
        (None, Some(batch)) => return show::run(context, batch, &command.state, command.limit),
        (None, None) => return Err(CliError::Usage("which batch? `farmhand batches` lists them".to_owned())),
    };
    control(context, verb, &which.batches)
}

/// Does all that can be done; an error where one batch refused.
fn control(context: &mut Context, verb: &str, batches: &[BatchId]) -> Result<(), CliError> {
    let client = context.client()?;
    let mut changed: Vec<BatchView> = Vec::new();
    let mut refused = Vec::new();
    for batch in batches {
        match client.post_text(&format!("/batches/{batch}/{verb}"), "{}", &[]) {
            Ok(view) => changed.push(view),
            Err(CliError::Refused(refusal)) => refused.push(format!("batch {batch}: {refusal}")),
            Err(error) => return Err(error),
        }
    }
    if context.out.json {
        context.out.json(&changed)?;
    } else {
        for batch in &changed {
            context.out.line(progress::state_line(&batch.summary))?;
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(CliError::failed(refused.join("\n"))) }
}

/// `3`, or `b3` as other commands have it, which take numbers of jobs too.
fn parse_batch(text: &str) -> Result<BatchId, String> {
    let number = text.strip_prefix("batch-").or_else(|| text.strip_prefix('b')).unwrap_or(text);
    number.parse().map_err(|_| "write a batch's number, such as 3 or b3".to_owned())
}

fn parse_state(text: &str) -> Result<EntryState, String> {
    EntryState::ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| {
        let names: Vec<_> = EntryState::ALL.iter().map(|state| state.name()).collect();
        format!("there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_numbers() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(parse_batch(text).ok().map(|id| id.0), expect, "{text}");
        };
        check("3", Some(3));
        check("b3", Some(3));
        check("batch-3", Some(3));
        check("b", None);
        check("seq010", None);
    }

    #[test]
    fn states_are_those_of_batches() {
        assert_eq!(parse_state("skipped"), Ok(EntryState::Skipped));
        assert!(parse_state("done").unwrap_err().contains("completed, failed, skipped"));
    }
}
