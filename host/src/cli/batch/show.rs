//! `farmhand batch ID`: where a batch is, and where each of its jobs is.

use super::super::context::Context;
use super::super::error::CliError;
use super::super::human;
use super::super::output::{Cell, Table, Tone};
use super::list::{status_cell, time};
use super::progress::{counts, percent};
use farmhand_model::batch::{BatchEntryView, BatchSummary, BatchView, EntryState};
use farmhand_model::{BatchId, Timestamp};

pub(super) fn run(
    context: &mut Context,
    id: BatchId,
    states: &[EntryState],
    limit: usize,
) -> Result<(), CliError> {
    let client = context.client()?;
    let names: Vec<_> = states.iter().map(|state| state.name()).collect();
    let query = if names.is_empty() { String::new() } else { format!("?state={}", names.join(",")) };
    let path = format!("/batches/{id}{query}");
    if context.out.json {
        let batch: serde_json::Value = client.get(&path)?;
        return context.out.json(&batch);
    }
    let batch: BatchView = client.get(&path)?;
    let now = human::now();
    context.out.table(&facts(&batch, now))?;
    let (table, more) = entries(&batch.entries, limit, now);
    context.out.section(&table)?;
    if more > 0 {
        context.out.line(format!(
            "and {}: --limit {}",
            human::count(more, "more job"),
            batch.entries.len()
        ))?;
    }
    Ok(())
}

fn facts(batch: &BatchView, now: Timestamp) -> Table {
    let BatchSummary { jobs, frames, .. } = &batch.summary;
    let mut table = Table::facts();
    table.fact("batch", format!("{} {}", batch.summary.id, batch.summary.name));
    table.row([Cell::toned("state", Tone::Dim), status_cell(batch.summary.status)]);
    table.fact("jobs", format!("{}: {}", jobs.total, counts(jobs)));
    table.fact("frames", format!("{} ({})", human::frames(frames), percent(&batch.summary)));
    if let Some(rate) = batch.summary.success_rate {
        table.fact(
            "success",
            format!("{:.1} % of the frames that have ended", (rate * 1000.0).floor() / 10.0),
        );
    }
    table.fact("time", time(&batch.summary, now));
    if let Some(eta) = batch.summary.eta {
        table.fact("ready at", human::local(eta));
    }
    let settings = &batch.settings;
    table.fact("workers", format!("{} at once", human::count(u64::from(batch.summary.workers), "task")));
    let mut rules = vec![human::count(u64::from(settings.max_retries), "retry").replace("retrys", "retries")];
    if settings.timeout_seconds > 0 {
        rules.push(format!("at most {} s an attempt", settings.timeout_seconds));
    }
    rules.push(
        if settings.continue_on_error { "goes on after a failure" } else { "stops at a failure" }.to_owned(),
    );
    rules.push(if settings.resume_on_failure { "resumes" } else { "starts over" }.to_owned());
    table.fact("settings", rules.join(", "));
    if let Some(report) = &batch.report {
        table.fact("report", &report.dir);
    }
    if let Some(source) = &batch.summary.source {
        table.fact("source", source);
    }
    if let Some(user) = &batch.summary.user {
        table.fact("user", user);
    }
    table.fact("submitted", human::local(batch.summary.submitted));
    if let Some(finished) = batch.summary.finished {
        table.fact("finished", human::local(finished));
    }
    table
}

/// What a person looks for comes first.
fn urgency(state: EntryState) -> u8 {
    match state {
        EntryState::Failed => 0,
        EntryState::Running => 1,
        EntryState::Pending => 2,
        EntryState::Cancelled => 3,
        EntryState::Completed => 4,
        EntryState::Skipped => 5,
    }
}

/// The first ones, and how many there are besides.
fn entries(all: &[BatchEntryView], limit: usize, now: Timestamp) -> (Table, u64) {
    let mut table = Table::new(&["#JOB", "STATE", "#FRAMES", "TIME", "NAME", "WHY"]);
    let mut sorted: Vec<&BatchEntryView> = all.iter().collect();
    sorted.sort_by_key(|entry| urgency(entry.state));
    for entry in sorted.iter().take(limit) {
        let time = match (entry.finished, entry.started, entry.eta) {
            (Some(finished), Some(started), _) => human::span(finished.since(started)),
            (None, _, Some(eta)) => human::left(eta, now),
            (None, Some(started), None) => format!("for {}", human::span(now.since(started))),
            _ => String::new(),
        };
        let why = entry.failure.clone().or_else(|| entry.entry.reason.clone()).unwrap_or_default();
        let tone = if entry.failure.is_some() { Tone::Bad } else { Tone::Dim };
        let frames = if entry.frames.total == 0 { String::new() } else { human::frames(&entry.frames) };
        table.row([
            Cell::from(entry.entry.job),
            state_cell(entry.state),
            Cell::from(frames),
            Cell::from(time),
            Cell::from(&entry.entry.name),
            Cell::toned(why, tone),
        ]);
    }
    (table, sorted.len().saturating_sub(limit) as u64)
}

fn state_cell(state: EntryState) -> Cell {
    let tone = match state {
        EntryState::Completed | EntryState::Running => Tone::Good,
        EntryState::Failed => Tone::Bad,
        EntryState::Skipped | EntryState::Cancelled => Tone::Dim,
        EntryState::Pending => Tone::Plain,
    };
    Cell::toned(state.name(), tone)
}

#[cfg(test)]
mod tests {
    use super::super::super::output::Style;
    use super::super::progress::tests::entry;
    use super::*;

    #[test]
    fn what_failed_comes_first() {
        let mut all = vec![entry("sh010", EntryState::Skipped), entry("sh020", EntryState::Running)];
        all[0].entry.reason = Some("job 4 has rendered it".to_owned());
        let mut failed = entry("sh030", EntryState::Failed);
        failed.failure = Some("no camera".to_owned());
        all.push(failed);
        let (table, more) = entries(&all, 2, Timestamp(1_061_000));
        let expect = "\
JOB  STATE    FRAMES  TIME            NAME   WHY
 12  failed     5/10  for 1 min 00 s  sh030  no camera
 12  running    5/10  for 1 min 00 s  sh020
";
        assert_eq!((table.render(Style::Plain).as_str(), more), (expect, 1));
    }
}
