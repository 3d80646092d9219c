//! `farmhand jobs`: the queue and what was before.

use super::context::Context;
use super::error::CliError;
use super::human;
use super::output::{Cell, Table, Tone};
use clap::Args;
use farmhand_model::view::{JobSummary, Page};
use farmhand_model::{JobStatus, Timestamp};

#[derive(Debug, Args)]
pub(super) struct JobsArgs {
    /// Only jobs in these states: waiting, running, paused, cancelling, done, failed, cancelled
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Go on after the page that named this cursor
    #[arg(long)]
    cursor: Option<String>,
}

pub(super) fn run(context: &mut Context, args: &JobsArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let mut path = format!("/jobs?limit={}", args.limit);
    if !args.state.is_empty() {
        path.push_str(&format!("&state={}", escaped(&args.state.join(","))));
    }
    if let Some(cursor) = &args.cursor {
        path.push_str(&format!("&cursor={}", escaped(cursor)));
    }
    if context.out.json {
        let page: serde_json::Value = client.get(&path)?;
        return context.out.json(&page);
    }
    let page: Page<JobSummary> = client.get(&path)?;
    if page.items.is_empty() {
        return context.out.line("no jobs; `farmhand submit SCENE` makes one");
    }
    context.out.table(&table(&page.items, human::now()))?;
    match page.next {
        Some(next) => context.out.line(format!("more with --cursor {next}")),
        None => Ok(()),
    }
}

/// What must not stand in a query as it is.
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

pub(super) fn status_cell(status: JobStatus) -> Cell {
    let tone = match status {
        JobStatus::Waiting => Tone::Plain,
        JobStatus::Running | JobStatus::Done => Tone::Good,
        JobStatus::Paused | JobStatus::Cancelling => Tone::Warn,
        JobStatus::Failed => Tone::Bad,
        JobStatus::Cancelled => Tone::Dim,
    };
    Cell::toned(status.name(), tone)
}

fn table(jobs: &[JobSummary], now: Timestamp) -> Table {
    let mut table =
        Table::new(&["#JOB", "STATE", "#FRAMES", "#PRIO", "TIME", "PLUGIN", "USER", "NAME", "WHY"]).cut();
    for job in jobs {
        let time = match (job.eta, job.finished, job.started) {
            (_, Some(finished), Some(started)) => format!("took {}", human::span(finished.since(started))),
            (_, Some(finished), None) => format!("ended {}", human::ago(finished, now)),
            (Some(eta), None, _) => human::left(eta, now),
            (None, None, Some(started)) => format!("for {}", human::span(now.since(started))),
            (None, None, None) => format!("waits {}", human::span(now.since(job.submitted))),
        };
        let why = job.failure.clone().or_else(|| job.why.as_ref().map(|why| human::localised(&why.text)));
        let tone = if job.failure.is_some() { Tone::Bad } else { Tone::Dim };
        table.row([
            Cell::from(job.id),
            status_cell(job.status),
            Cell::from(human::frames(&job.frames)),
            Cell::from(job.priority),
            Cell::from(time),
            Cell::from(&job.plugin),
            Cell::from(job.user.as_deref().unwrap_or("")),
            Cell::from(&job.name),
            Cell::toned(why.unwrap_or_default(), tone),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::output::Style;
    use super::super::progress::tests::summary;
    use super::*;
    use farmhand_model::JobId;
    use farmhand_model::view::WhyView;
    use farmhand_model::why::WaitReason;

    #[test]
    fn the_queue_at_a_glance() {
        let running = summary();
        let mut waiting =
            JobSummary { id: JobId(7), status: JobStatus::Waiting, started: None, eta: None, ..summary() };
        waiting.why = Some(WhyView::from(WaitReason::Behind { job: JobId(12) }));
        waiting.user = None;
        let mut failed = JobSummary { id: JobId(3), status: JobStatus::Failed, eta: None, ..summary() };
        failed.finished = Some(Timestamp(1_011_000));
        failed.failure = Some("no camera".to_owned());
        let rendered = table(&[running, waiting, failed], Timestamp(1_100_000)).render(Style::Plain);
        let expect = "\
JOB  STATE    FRAMES  PRIO  TIME              PLUGIN   USER  NAME  WHY
 12  running   23/48    50  1 min 02 s left   blender  tess  shot
  7  waiting   23/48    50  waits 1 min 40 s  blender        shot  job 12 goes first
  3  failed    23/48    50  took 10 s         blender  tess  shot  no camera
";
        assert_eq!(rendered, expect);
    }

    #[test]
    fn queries_are_escaped() {
        assert_eq!(escaped("waiting,done"), "waiting,done");
        assert_eq!(escaped("a&b=c ü"), "a%26b%3Dc%20%C3%BC");
    }
}
