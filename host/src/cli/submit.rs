//! `farmhand submit`: hands a job to the daemon.

use super::client::Client;
use super::context::Context;
use super::error::CliError;
use super::interrupt::Interrupt;
use super::job_args::JobArgs;
use super::local::runtime;
use super::progress::{Waited, Watcher};
use super::{human, plan, report};
use clap::Args;
use farmhand_model::view::JobView;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// A scene, or a job as JSON: a file whose name ends in .json, or - for standard input
    #[arg(value_name = "SCENE|JOB.json|-")]
    source: PathBuf,
    #[command(flatten)]
    job: JobArgs,
    /// Wait for the job's end; the exit code is then the job's
    #[arg(long)]
    wait: bool,
    /// Only say what would run: the commands, files and outputs of each level
    #[arg(long, conflicts_with_all = ["wait", "key"])]
    dry_run: bool,
    /// Submit it once however often this is run: the same job under the same key makes one job
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn run(context: &mut Context, args: &SubmitArgs) -> Result<(), CliError> {
    let body = body(context, args)?;
    let mut client = context.client()?;
    if args.dry_run {
        return plan::show(context, &client, &body);
    }
    let job = submit(&client, &body, args.key.as_deref())?;
    if args.wait {
        return wait(context, &mut client, &job);
    }
    if context.out.json {
        return context.out.json(&job);
    }
    context.out.line(submitted_line(&job))?;
    for note in &job.notes {
        context.out.line(format!("note: {}", super::output::clean(note)))?;
    }
    Ok(())
}

fn body(context: &Context, args: &SubmitArgs) -> Result<String, CliError> {
    let is_stdin = args.source == Path::new("-");
    let is_json = args.source.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if !is_stdin && !is_json {
        return to_json(&args.job.submission(context, &args.source)?);
    }
    if args.job != JobArgs::default() {
        let message = "flags that describe a job cannot be combined with a job that is JSON already";
        return Err(CliError::Usage(message.to_owned()));
    }
    let mut text = String::new();
    let read = if is_stdin {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(&args.source).and_then(|mut file| file.read_to_string(&mut text))
    };
    let context = format!("cannot read {}", args.source.display());
    read.map(|_| text).map_err(|source| CliError::Io { context, source })
}

pub(super) fn to_json(submission: &crate::farm::Submission) -> Result<String, CliError> {
    serde_json::to_string(submission)
        .map_err(|error| CliError::failed(format!("cannot write the job: {error}")))
}

/// Sends a job, and once more where the answer got lost: the key makes sure that it is one job.
pub(super) fn submit(client: &Client, body: &str, key: Option<&str>) -> Result<JobView, CliError> {
    let key = key.map_or_else(fresh_key, str::to_owned);
    let send = || client.post_text("/jobs", body, &[("Idempotency-Key", &key)]);
    match send() {
        Err(CliError::Connection { .. }) => send(),
        other => other,
    }
}

/// Unlike any other: this process, at this nanosecond.
fn fresh_key() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("cli-{}-{}", std::process::id(), since.as_nanos())
}

pub(super) fn submitted_line(job: &JobView) -> String {
    let count = human::count(job.summary.frames.total, "frame");
    format!(
        "job {}: {}, frames {} ({count}), {}",
        job.summary.id, job.summary.name, job.spec.frames, job.summary.plugin
    )
}

fn wait(context: &mut Context, client: &mut Client, job: &JobView) -> Result<(), CliError> {
    let runtime = runtime()?;
    let guard = runtime.enter();
    let interrupt = Interrupt::listen()
        .map_err(|source| CliError::Io { context: "cannot listen for signals".to_owned(), source })?;
    let mut watcher = Watcher::new(context, &interrupt, job);
    watcher.note(&submitted_line(job));
    let waited = watcher.wait(client)?;
    drop(guard);
    match waited {
        Waited::Ended(job) => report::ended(context, client, &job, report::Logs::WithDaemon),
        Waited::Interrupted => {
            watcher_hint(job.summary.id);
            Err(CliError::Interrupted)
        }
    }
}

/// What happens to a job whose watcher goes away.
pub(super) fn watcher_hint(job: farmhand_model::JobId) {
    let hint = format!(
        "job {job} goes on without this; `farmhand job {job}` shows it, `farmhand cancel {job}` ends it"
    );
    // Nobody may be reading any more.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{hint}\n").as_bytes());
}
