//! `farmhand submit` of batch files and directories of shots: read here, checked by the daemon, told with places.

use super::super::client::Client;
use super::super::context::Context;
use super::super::error::{CliError, Refusal};
use super::super::human;
use super::super::job_args::JobArgs;
use super::super::output::{Cell, Table, Tone, clean};
use super::super::submit::fresh_key;
use super::files::{BatchArgs, refused};
use super::progress;
use crate::batch::Resolved;
use farmhand_model::BatchId;
use farmhand_model::batch::{BatchPlan, BatchView, PlannedJob, Standing};
use std::path::PathBuf;
use std::time::Duration;

/// A submission may read every scene of the batch, which are many gigabytes.
const ANSWER: Duration = Duration::from_secs(3600);
/// Jobs that are named when a batch has been submitted.
const TOLD: usize = 30;

/// What is to be done with the batches.
pub(in crate::cli) struct Wanted<'a> {
    pub(in crate::cli) sources: &'a [PathBuf],
    /// The text of standard input, where that is the source.
    pub(in crate::cli) stdin: Option<&'a str>,
    pub(in crate::cli) job: &'a JobArgs,
    pub(in crate::cli) batch: &'a BatchArgs,
    pub(in crate::cli) key: Option<&'a str>,
    pub(in crate::cli) wait: bool,
    pub(in crate::cli) dry_run: bool,
}

pub(in crate::cli) fn run(context: &mut Context, wanted: &Wanted<'_>) -> Result<(), CliError> {
    let read = wanted.batch.read(context, wanted.sources, wanted.stdin, wanted.job)?;
    let mut client = context.client()?;
    // Of several, none is submitted while one is wrong.
    let plans = if wanted.dry_run || read.len() > 1 { plan(&client, &read)? } else { Vec::new() };
    if wanted.dry_run {
        return show_plans(context, &plans);
    }
    let mut submitted = Vec::new();
    for (number, resolved) in read.iter().enumerate() {
        let key = match wanted.key {
            // Each of several batches needs a key of its own.
            Some(key) if number > 0 => format!("{key}-{}", number + 1),
            Some(key) => key.to_owned(),
            None => fresh_key(),
        };
        let batch = send(&client, resolved, "", Some(&key))?;
        if !context.out.json {
            for line in submitted_lines(&batch) {
                if wanted.wait { progress::tell(&line) } else { context.out.line(line)? }
            }
        }
        submitted.push(batch);
    }
    if wanted.wait {
        let ids: Vec<BatchId> = submitted.iter().map(|batch| batch.summary.id).collect();
        return progress::wait(context, &mut client, &ids);
    }
    match submitted.as_slice() {
        _ if !context.out.json => Ok(()),
        [one] => context.out.json(one),
        several => context.out.json(&several),
    }
}

/// Sends a batch, and once more where the answer got lost: the key makes sure that it is one batch.
fn send<T: serde::de::DeserializeOwned>(
    client: &Client,
    resolved: &Resolved,
    query: &str,
    key: Option<&str>,
) -> Result<T, CliError> {
    let body = resolved.batch.to_string();
    let headers: Vec<(&str, &str)> = key.map(|key| ("Idempotency-Key", key)).into_iter().collect();
    let send = || client.post_within(&format!("/batches{query}"), &body, &headers, ANSWER);
    let sent = match send() {
        Err(CliError::Connection { .. }) => send(),
        other => other,
    };
    sent.map_err(|error| match error {
        CliError::Refused(refusal) if !refusal.errors.is_empty() => placed(resolved, &refusal),
        other => other,
    })
}

/// What the daemon found wrong, with its place in the files.
fn placed(resolved: &Resolved, refusal: &Refusal) -> CliError {
    let problems = refusal.errors.iter().map(|error| (error.pointer.as_str(), error.message.as_str()));
    refused(&[resolved.mistakes(problems)])
}

/// What would become of each; all that is wrong with any.
fn plan(client: &Client, read: &[Resolved]) -> Result<Vec<BatchPlan>, CliError> {
    let mut plans = Vec::new();
    let mut wrong = Vec::new();
    for resolved in read {
        match send(client, resolved, "?dry_run=true", None) {
            Ok(plan) => plans.push(plan),
            Err(CliError::Batch(text)) => wrong.push(text),
            Err(other) => return Err(other),
        }
    }
    if wrong.is_empty() { Ok(plans) } else { Err(CliError::Batch(wrong.join("\n"))) }
}

fn show_plans(context: &mut Context, plans: &[BatchPlan]) -> Result<(), CliError> {
    if context.out.json {
        return match plans {
            [one] => context.out.json(one),
            several => context.out.json(&several),
        };
    }
    context.out.line("nothing is kept and nothing runs: this is what would")?;
    for plan in plans {
        let jobs = human::count(plan.jobs.len() as u64, "job");
        let tasks = human::count(u64::from(plan.workers), "task");
        context.out.line(format!("batch {}: {jobs}, {tasks} at once", clean(&plan.name)))?;
        context.out.section(&plan_table(&plan.jobs))?;
        for job in &plan.jobs {
            for note in &job.notes {
                context.out.line(format!("note: {}: {}", clean(&job.name), clean(note)))?;
            }
        }
    }
    Ok(())
}

fn plan_table(jobs: &[PlannedJob]) -> Table {
    let mut table = Table::new(&["NAME", "WOULD", "FRAMES", "LAYERS", "PLUGIN", "OUTPUT", "WHY"]);
    for job in jobs {
        let tone = if job.standing == Standing::Complete { Tone::Dim } else { Tone::Good };
        table.row([
            Cell::from(&job.name),
            Cell::toned(would(job.standing), tone),
            Cell::from(&job.frames),
            Cell::from(job.layers.join(",")),
            Cell::from(&job.plugin),
            Cell::from(job.output.as_deref().unwrap_or("as the scene says")),
            Cell::toned(job.reason.as_deref().unwrap_or_default(), Tone::Dim),
        ]);
    }
    table.leave_out_empty();
    table
}

fn would(standing: Standing) -> &'static str {
    match standing {
        Standing::New => "render",
        Standing::Continued => "go on",
        Standing::Retried => "retry",
        Standing::Complete => "skip",
    }
}

/// What was made of it, and of each job that is not new why.
fn submitted_lines(batch: &BatchView) -> Vec<String> {
    let count = |standing| batch.entries.iter().filter(|entry| entry.entry.standing == standing).count();
    let parts = [
        (Standing::New, "new"),
        (Standing::Continued, "continued"),
        (Standing::Retried, "retried"),
        (Standing::Complete, "skipped"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(standing, word)| (count(standing), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let summary = &batch.summary;
    let jobs = human::count(summary.jobs.total, "job");
    let name = clean(&summary.name);
    let mut lines = vec![format!("batch {}: {name}, {jobs}: {}", summary.id, parts.join(", "))];
    let known: Vec<_> = batch.entries.iter().filter(|entry| entry.entry.standing != Standing::New).collect();
    lines.extend(known.iter().take(TOLD).map(|entry| {
        let word = match entry.entry.standing {
            Standing::New => "new",
            Standing::Continued => "continued",
            Standing::Retried => "retried",
            Standing::Complete => "skipped",
        };
        let reason = entry.entry.reason.as_deref().unwrap_or_default();
        clean(&format!("  {}: {word}: {reason}", entry.entry.name))
    }));
    if known.len() > TOLD {
        lines.push(format!("  and {} more; `farmhand batch {}` lists them", known.len() - TOLD, summary.id));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::progress::tests::view;
    use super::*;
    use farmhand_model::batch::EntryState;

    #[test]
    fn a_submission_says_what_was_made_of_it() {
        let mut batch = view(&[("sh010", EntryState::Skipped), ("sh020", EntryState::Pending)]);
        batch.entries[0].entry.standing = Standing::Complete;
        batch.entries[0].entry.reason = Some("job 4 has rendered it".to_owned());
        let expect = ["batch 3: seq010, 8 jobs: 1 new, 1 skipped", "  sh010: skipped: job 4 has rendered it"];
        assert_eq!(submitted_lines(&batch), expect);
    }
}
