//! `farmhand submit`: hands a job to the daemon, and what is a batch to `batch`.

use super::batch::{self, BatchArgs, Wanted};
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
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// A scene; or batch files (.yaml, .toml, .json); or a directory with a file for each shot; or a job as JSON; or -
    /// for a batch or a job on standard input
    #[arg(value_name = "SCENE|BATCH|SHOTS/|JOB.json|-", required = true)]
    sources: Vec<PathBuf>,
    #[command(flatten)]
    job: JobArgs,
    #[command(flatten)]
    batch: BatchArgs,
    /// Wait for the end; the exit code is then that of the job or the batch
    #[arg(long)]
    wait: bool,
    /// Only say what would run: of a job the commands, files and outputs of each level, of a batch what would become of
    /// each of its jobs
    #[arg(long, conflicts_with_all = ["wait", "key"])]
    dry_run: bool,
    /// Submit it once however often this is run: the same job or batch under the same key makes one
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn run(context: &mut Context, args: &SubmitArgs) -> Result<(), CliError> {
    let body = match what(args)? {
        What::Batches(stdin) => {
            let wanted = Wanted {
                sources: &args.sources,
                stdin: stdin.as_deref(),
                job: &args.job,
                batch: &args.batch,
                key: args.key.as_deref(),
                wait: args.wait,
                dry_run: args.dry_run,
            };
            return batch::submit(context, &wanted);
        }
        _ if args.batch != BatchArgs::default() => {
            let message =
                "--pattern, --set, --fresh, --workers, --stop-on-error and --report go with a batch";
            return Err(CliError::Usage(message.to_owned()));
        }
        What::Job(_) if args.job != JobArgs::default() => {
            let message = "flags that describe a job cannot be combined with a job that is JSON already";
            return Err(CliError::Usage(message.to_owned()));
        }
        What::Job(text) => text,
        What::Scene(scene) => to_json(&args.job.submission(context, scene)?)?,
    };
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

/// What the command line names.
enum What<'a> {
    Scene(&'a Path),
    /// A job as JSON.
    Job(String),
    /// Batch files and directories of shots; the text, where it is standard input.
    Batches(Option<String>),
}

fn what(args: &SubmitArgs) -> Result<What<'_>, CliError> {
    let of_one = match args.sources.as_slice() {
        [one] if one == Path::new("-") => {
            let text = read(one, std::io::stdin())?;
            if batch::is_batch_text(&text) { What::Batches(Some(text)) } else { What::Job(text) }
        }
        [one] if is_json(one) => {
            let text = read_file(one)?;
            if batch::is_batch_text(&text) { What::Batches(None) } else { What::Job(text) }
        }
        [one] if !batch::is_source(one) => What::Scene(one),
        several => {
            let other = several.iter().find(|source| !batch::is_source(source) && !is_json(source));
            if let Some(other) = other {
                let message = format!(
                    "`{}` is no batch file; several are submitted together only where each is one, and scenes go \
                     one at a time or into a batch file",
                    other.display()
                );
                return Err(CliError::Usage(message));
            }
            What::Batches(None)
        }
    };
    Ok(of_one)
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) && !path.is_dir()
}

fn read_file(path: &Path) -> Result<String, CliError> {
    let file = std::fs::File::open(path);
    let file =
        file.map_err(|source| CliError::Io { context: format!("cannot read {}", path.display()), source })?;
    read(path, file)
}

fn read(path: &Path, mut from: impl std::io::Read) -> Result<String, CliError> {
    let mut text = String::new();
    let context = format!("cannot read {}", path.display());
    from.read_to_string(&mut text).map_err(|source| CliError::Io { context, source })?;
    Ok(text)
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
pub(super) fn fresh_key() -> String {
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
