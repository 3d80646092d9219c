//! `farmhand log`: what a renderer printed.

use super::client::LogStream;
use super::context::Context;
use super::error::CliError;
use super::output::clean_lines;
use clap::Args;
use farmhand_model::view::{AttemptView, Page};
use farmhand_model::{AttemptId, JobId};
use std::io::Read as _;

/// Read at once: a chatty renderer makes little work, a quiet one is shown at once.
const BLOCK: usize = 64 << 10;

#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// The job, whose last attempt is meant
    #[arg(required_unless_present = "attempt", conflicts_with = "attempt")]
    job: Option<JobId>,
    /// This attempt
    #[arg(long, value_name = "ATTEMPT")]
    attempt: Option<AttemptId>,
    /// Go on while the attempt runs
    #[arg(long)]
    follow: bool,
    /// Only the last lines
    #[arg(short = 'n', long, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tail: Option<u32>,
}

pub(super) fn run(context: &mut Context, args: &LogArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let attempt = match (args.attempt, args.job) {
        (Some(attempt), _) => attempt,
        (None, Some(job)) => {
            let page: Page<AttemptView> = client.get(&format!("/jobs/{job}/attempts?limit=1"))?;
            let newest = page.items.first().map(|attempt| attempt.id);
            newest.ok_or_else(|| CliError::Failed {
                message: format!("job {job} has had no attempt yet"),
                help: Some(format!("`farmhand why {job}` says what it waits for")),
            })?
        }
        (None, None) => return Err(CliError::Usage("name a job, or an attempt with --attempt".to_owned())),
    };
    let mut query = Vec::new();
    query.extend(args.follow.then(|| "follow=1".to_owned()));
    query.extend(args.tail.map(|lines| format!("tail={lines}")));
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let log = client.log(attempt, &query)?;
    if context.out.json { as_json(context, attempt, log) } else { copy(context, log) }
}

/// Into a file or a pipe as it is; onto a terminal without what could take hold of it.
fn copy(context: &mut Context, mut log: LogStream) -> Result<(), CliError> {
    let mut buffer = vec![0; BLOCK];
    let mut rest = Vec::new();
    loop {
        let read = log
            .read(&mut buffer)
            .map_err(|source| CliError::Io { context: "the log broke off".to_owned(), source })?;
        if read == 0 {
            return if rest.is_empty() { Ok(()) } else { context.out.raw(clean_bytes(&rest).as_bytes()) };
        }
        if !context.out.is_terminal() {
            context.out.raw(&buffer[..read])?;
            continue;
        }
        rest.extend_from_slice(&buffer[..read]);
        // A character may be cut in two between two reads; a line end never is.
        let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
        let lines: Vec<u8> = rest.drain(..end).collect();
        context.out.raw(clean_bytes(&lines).as_bytes())?;
    }
}

fn clean_bytes(bytes: &[u8]) -> String {
    clean_lines(&String::from_utf8_lossy(bytes))
}

/// One object a line, so that `--follow` can be read as it comes.
fn as_json(context: &mut Context, attempt: AttemptId, log: LogStream) -> Result<(), CliError> {
    for line in std::io::BufRead::split(std::io::BufReader::new(log), b'\n') {
        let line = line.map_err(|source| CliError::Io { context: "the log broke off".to_owned(), source })?;
        let text = String::from_utf8_lossy(&line);
        let object = serde_json::json!({"attempt": attempt, "line": text.trim_end_matches('\r')});
        context.out.raw(format!("{object}\n").as_bytes())?;
    }
    Ok(())
}
