//! `farmhand batches`: the batches that are there, newest first.

use super::super::context::Context;
use super::super::error::CliError;
use super::super::human;
use super::super::jobs::escaped;
use super::super::output::{Cell, Table, Tone};
use clap::Args;
use farmhand_model::Timestamp;
use farmhand_model::batch::{BatchStatus, BatchSummary};
use farmhand_model::view::Page;

#[derive(Debug, Args)]
pub(in crate::cli) struct BatchesArgs {
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Go on after the page that named this cursor
    #[arg(long)]
    cursor: Option<String>,
}

pub(in crate::cli) fn run(context: &mut Context, args: &BatchesArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let mut path = format!("/batches?limit={}", args.limit);
    if let Some(cursor) = &args.cursor {
        path.push_str(&format!("&cursor={}", escaped(cursor)));
    }
    if context.out.json {
        let page: serde_json::Value = client.get(&path)?;
        return context.out.json(&page);
    }
    let page: Page<BatchSummary> = client.get(&path)?;
    if page.items.is_empty() {
        return context.out.line("no batches; `farmhand submit BATCH.yaml` makes one");
    }
    context.out.table(&table(&page.items, human::now()))?;
    match page.next {
        Some(next) => context.out.line(format!("more with --cursor {next}")),
        None => Ok(()),
    }
}

pub(super) fn status_cell(status: BatchStatus) -> Cell {
    let tone = match status {
        BatchStatus::Waiting => Tone::Plain,
        BatchStatus::Running | BatchStatus::Completed => Tone::Good,
        BatchStatus::Paused | BatchStatus::Partial => Tone::Warn,
        BatchStatus::Failed => Tone::Bad,
        BatchStatus::Cancelled => Tone::Dim,
    };
    Cell::toned(status.name(), tone)
}

/// How long it takes, or took.
pub(super) fn time(batch: &BatchSummary, now: Timestamp) -> String {
    match (batch.eta, batch.finished, batch.started) {
        (_, Some(finished), Some(started)) => format!("took {}", human::span(finished.since(started))),
        (_, Some(finished), None) => format!("ended {}", human::ago(finished, now)),
        (Some(eta), None, _) => human::left(eta, now),
        (None, None, Some(started)) => format!("for {}", human::span(now.since(started))),
        (None, None, None) => format!("waits {}", human::span(now.since(batch.submitted))),
    }
}

fn table(batches: &[BatchSummary], now: Timestamp) -> Table {
    let titles = ["#BATCH", "STATE", "#JOBS", "#FAILED", "#FRAMES", "#%", "TIME", "USER", "NAME"];
    let mut table = Table::new(&titles);
    for batch in batches {
        let jobs = &batch.jobs;
        let failed = if jobs.failed > 0 { Tone::Bad } else { Tone::Dim };
        table.row([
            Cell::from(batch.id),
            status_cell(batch.status),
            Cell::from(format!("{}/{}", jobs.completed + jobs.skipped, jobs.total)),
            Cell::toned(jobs.failed.to_string(), failed),
            Cell::from(human::frames(&batch.frames)),
            Cell::from(format!("{:.0}", batch.percent.floor())),
            Cell::from(time(batch, now)),
            Cell::from(batch.user.as_deref().unwrap_or("")),
            Cell::from(&batch.name),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::super::output::Style;
    use super::super::progress::tests::summary;
    use super::*;

    #[test]
    fn batches_at_a_glance() {
        let mut ended = summary();
        ended.status = BatchStatus::Partial;
        ended.finished = Some(Timestamp(1_061_000));
        let rendered = table(&[summary(), ended], Timestamp(1_100_000)).render(Style::Plain);
        let expect = "\
BATCH  STATE    JOBS  FAILED             FRAMES   %  TIME             USER  NAME
    3  running   5/8       1  150/300, 2 failed  50  1 min 02 s left  ana   seq010
    3  partial   5/8       1  150/300, 2 failed  50  took 1 min 00 s  ana   seq010
";
        assert_eq!(rendered, expect);
    }
}
