//! `farmhand render`: one job from the shell, start to end, with the daemon that runs or with one of its own.

use super::client::Client;
use super::context::Context;
use super::daemon;
use super::error::CliError;
use super::interrupt::Interrupt;
use super::job_args::JobArgs;
use super::local::{Life, LocalDaemon, runtime, start_log};
use super::plan;
use super::progress::{Waited, Watcher};
use super::report::{self, Logs};
use super::submit::{submit, submitted_line, to_json, watcher_hint};
use crate::config::Config;
use crate::farm::{FarmStartError, OnStop};
use clap::Args;
use farmhand_model::view::{JobSummary, JobView, Page};
use farmhand_model::{JobId, JobStatus};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often the jobs of other terminals are looked at, once this one's is done.
const GUEST_POLL: Duration = Duration::from_millis(500);
/// How long another daemon may take from its lock to its first answer: plugins may have to be compiled.
const STARTING: Duration = Duration::from_secs(30);
/// How often it is asked meanwhile.
const START_POLL: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// The scene
    #[arg(value_name = "SCENE")]
    scene: PathBuf,
    #[command(flatten)]
    job: JobArgs,
    /// Only say what would run: the commands, files and outputs of each level
    #[arg(long)]
    dry_run: bool,
}

/// What is asked of a daemon.
struct Work<'a> {
    /// The submission as JSON.
    body: &'a str,
    /// Only to say what it would run.
    dry_run: bool,
}

pub(super) fn run(context: &mut Context, args: &RenderArgs) -> Result<(), CliError> {
    let body = to_json(&args.job.submission(context, &args.scene)?)?;
    let work = Work { body: &body, dry_run: args.dry_run };
    let config = context.config()?;
    let runtime = runtime()?;
    let guard = runtime.enter();
    let interrupt = Interrupt::listen()
        .map_err(|source| CliError::Io { context: "cannot listen for signals".to_owned(), source })?;
    let result = match daemon::find(&config) {
        Ok(found) => with_daemon(context, found.client, &work, &interrupt),
        // A daemon that was named is wanted; only where none was, this command may be its own.
        Err(CliError::NoDaemon { .. }) if config.url.is_none() => {
            match with_own(context, &config, &work, &interrupt, &runtime) {
                Err(error @ CliError::Start { source: FarmStartError::InUse { .. }, .. }) => {
                    match wait_for_daemon(&config, &interrupt) {
                        Some(client) => with_daemon(context, client, &work, &interrupt),
                        None => Err(error),
                    }
                }
                other => other,
            }
        }
        Err(error) => Err(error),
    };
    drop(guard);
    runtime.shutdown_background();
    result
}

fn with_daemon(
    context: &mut Context,
    mut client: Client,
    work: &Work<'_>,
    interrupt: &Interrupt,
) -> Result<(), CliError> {
    if work.dry_run {
        return plan::show(context, &client, work.body);
    }
    let job = submit(&client, work.body, None)?;
    let mut watcher = Watcher::new(context, interrupt, &job);
    introduce(&watcher, &client, &job);
    match watcher.wait(&mut client)? {
        Waited::Ended(job) => report::ended(context, &client, &job, Logs::WithDaemon),
        Waited::Interrupted => {
            watcher_hint(job.summary.id);
            Err(CliError::Interrupted)
        }
    }
}

fn with_own(
    context: &mut Context,
    config: &Config,
    work: &Work<'_>,
    interrupt: &Interrupt,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), CliError> {
    start_log(config, Life::OneShot)?;
    let daemon = runtime.block_on(LocalDaemon::start(config, Life::OneShot))?;
    let mut client = Client::new(daemon.url(), config.token.clone());
    let attempts = config.data_dir.join("attempts");
    if work.dry_run {
        let result = plan::show(context, &client, work.body);
        runtime.block_on(daemon.stop(OnStop::Kill));
        return result;
    }
    let result = submit(&client, work.body, None).and_then(|job| {
        let mut watcher = Watcher::new(context, interrupt, &job);
        introduce(&watcher, &client, &job);
        match watcher.wait(&mut client)? {
            Waited::Ended(job) => report::ended(context, &client, &job, Logs::In(&attempts)),
            Waited::Interrupted => {
                watcher.note("cancelling; a second Ctrl-C ends this at once");
                cancel(&client, job.summary.id)?;
                Err(CliError::Interrupted)
            }
        }
    });
    if !interrupt.is_asked() {
        wait_for_guests(&client, &daemon, interrupt);
    }
    runtime.block_on(daemon.stop(OnStop::Kill));
    result
}

/// A daemon that is just starting has the data directory before it answers: two `farmhand render` at once.
fn wait_for_daemon(config: &Config, interrupt: &Interrupt) -> Option<Client> {
    let begun = Instant::now();
    while begun.elapsed() < STARTING && !interrupt.is_asked() {
        if let Ok(found) = daemon::find(config) {
            return Some(found.client);
        }
        std::thread::sleep(START_POLL);
    }
    None
}

fn introduce(watcher: &Watcher<'_>, client: &Client, job: &JobView) {
    watcher.note(&submitted_line(job));
    watcher.note(&format!("live page: {}/#/jobs/{}", client.url(), job.summary.id));
    if let Some(output) = &job.spec.output {
        watcher.note(&format!("images: {}", super::output::clean(output)));
    }
    for note in &job.notes {
        watcher.note(&format!("note: {}", super::output::clean(note)));
    }
}

fn cancel(client: &Client, job: JobId) -> Result<JobView, CliError> {
    client.post_text(&format!("/jobs/{job}/cancel"), "{}", &[])
}

/// Another `farmhand render` may have found this daemon and submitted to it: it stays until their jobs have ended.
fn wait_for_guests(client: &Client, daemon: &LocalDaemon, interrupt: &Interrupt) {
    let mut told = false;
    loop {
        let path = "/jobs?state=waiting,running,cancelling&limit=1000";
        let Ok(live) = client.get::<Page<JobSummary>>(path) else { return };
        let guests: Vec<String> = live
            .items
            .iter()
            .filter(|job| job.submitted >= daemon.started() && job.status != JobStatus::Paused)
            .map(|job| job.id.to_string())
            .collect();
        if guests.is_empty() || interrupt.is_asked() {
            return;
        }
        if !told {
            told = true;
            let text = format!(
                "job {} came from elsewhere and still renders with this daemon; Ctrl-C ends it",
                guests.join(", ")
            );
            // Nobody may be reading; waiting is right all the same.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
        std::thread::sleep(GUEST_POLL);
    }
}
