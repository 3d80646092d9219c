//! Waiting for batches: bars on a terminal, a line now and then elsewhere, a line for each job that failed, and an exit
//! code that tells how it ended.
//!
//! Of a batch with many jobs only those that run are asked for and shown, so that this costs the same however many there
//! are.

use super::super::client::Client;
use super::super::context::Context;
use super::super::error::{CliError, exit};
use super::super::human;
use super::super::interrupt::Interrupt;
use super::super::local::runtime;
use super::super::output::clean;
use super::super::progress::Absence;
use farmhand_model::batch::{BatchEntryView, BatchStatus, BatchSummary, BatchView, EntryState, JobCounts};
use farmhand_model::past::TroubleView;
use farmhand_model::{BatchId, JobId, Timestamp};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// How often the daemon is asked.
const POLL: Duration = Duration::from_millis(250);
/// Jobs that have a bar of their own.
const BARS: usize = 10;
/// Failed jobs that are named at the end.
const TOLD: usize = 30;

/// Shows how far they are until all have ended.
pub(super) fn wait(context: &mut Context, client: &mut Client, ids: &[BatchId]) -> Result<(), CliError> {
    let runtime = runtime()?;
    let guard = runtime.enter();
    let interrupt = Interrupt::listen()
        .map_err(|source| CliError::Io { context: "cannot listen for signals".to_owned(), source })?;
    let mut watcher = Watcher { context, display: Display::new(), told: BTreeMap::new() };
    let ended = watcher.wait(client, ids, &interrupt)?;
    drop(guard);
    if !ended {
        for id in ids {
            tell(&format!(
                "batch {id} goes on without this; `farmhand batch {id} --wait` comes back to it, \
                 `farmhand batch cancel {id}` ends it"
            ));
        }
        return Err(CliError::Interrupted);
    }
    end(context, client, ids)
}

/// Says how they ended, with an error that is the exit code where not all is well.
fn end(context: &mut Context, client: &Client, ids: &[BatchId]) -> Result<(), CliError> {
    let mut all = Vec::new();
    for id in ids {
        let query = if context.out.json { "" } else { "?state=failed" };
        all.push(client.get::<BatchView>(&format!("/batches/{id}{query}"))?);
    }
    if context.out.json {
        match all.as_slice() {
            [one] => context.out.json(one)?,
            several => context.out.json(&several)?,
        }
    } else {
        for batch in &all {
            context.out.line(state_line(&batch.summary))?;
            for entry in batch.entries.iter().take(TOLD) {
                let why = why(client, entry);
                context.out.line(format!("  {}", failure_line(entry, why.as_deref())))?;
            }
            if batch.entries.len() > TOLD {
                let more = batch.entries.len() - TOLD;
                let id = batch.summary.id;
                context
                    .out
                    .line(format!("  and {more} more; `farmhand batch {id} --state failed` lists them"))?;
            }
        }
    }
    match exit_code(&together(all.iter().map(|batch| &batch.summary.jobs))) {
        0 => Ok(()),
        code => Err(CliError::Ended { code }),
    }
}

/// The jobs of several batches.
fn together<'a>(all: impl Iterator<Item = &'a JobCounts>) -> JobCounts {
    let mut sum = JobCounts::default();
    for counts in all {
        sum.total += counts.total;
        sum.pending += counts.pending;
        sum.running += counts.running;
        sum.completed += counts.completed;
        sum.failed += counts.failed;
        sum.skipped += counts.skipped;
        sum.cancelled += counts.cancelled;
    }
    sum
}

/// `docs/cli.md` promises these.
fn exit_code(jobs: &JobCounts) -> u8 {
    match jobs.status(0) {
        BatchStatus::Completed => 0,
        BatchStatus::Partial => exit::PARTIAL,
        BatchStatus::Cancelled => exit::CANCELLED,
        _ => exit::FAILED,
    }
}

struct Watcher<'a> {
    context: &'a Context,
    display: Display,
    /// Failed jobs that have been told, by batch; a batch is here once it has been seen.
    told: BTreeMap<BatchId, BTreeSet<JobId>>,
}

impl Watcher<'_> {
    /// True once all have ended, false where somebody wants this to end first.
    fn wait(
        &mut self,
        client: &mut Client,
        ids: &[BatchId],
        interrupt: &Interrupt,
    ) -> Result<bool, CliError> {
        let mut absence = Absence::default();
        let mut left: Vec<BatchId> = ids.to_vec();
        loop {
            match self.look(client, &left) {
                Ok(open) => {
                    absence = Absence::default();
                    left = open;
                    if left.is_empty() {
                        self.display.finish();
                        return Ok(true);
                    }
                }
                Err(error) => absence.met(error, self.context, client, |text| self.display.note(text))?,
            }
            if interrupt.is_asked() {
                self.display.finish();
                return Ok(false);
            }
            std::thread::sleep(POLL);
        }
    }

    /// Looks at each and answers those that have not ended.
    fn look(&mut self, client: &Client, ids: &[BatchId]) -> Result<Vec<BatchId>, CliError> {
        let mut open = Vec::new();
        for id in ids {
            let query = if self.display.wants_all(*id) { "" } else { "?state=running" };
            let batch: BatchView = client.get(&format!("/batches/{id}{query}"))?;
            let told = self.told.entry(*id).or_default();
            if batch.summary.jobs.failed as usize > told.len() {
                let failed: BatchView = client.get(&format!("/batches/{id}?state=failed"))?;
                for entry in failed.entries.iter().filter(|entry| told.insert(entry.entry.job)) {
                    self.display.note(&failure_line(entry, why(client, entry).as_deref()));
                }
            }
            self.display.show(&batch, human::now());
            if !batch.summary.status.is_end() {
                open.push(*id);
            }
        }
        Ok(open)
    }
}

/// Standard error, so that standard output is only what the command was asked for.
struct Display {
    bars: Option<Bars>,
    /// What the last line of each said without a terminal: state, and frames that had ended.
    last: BTreeMap<BatchId, (BatchStatus, u64)>,
}

/// A bar for each batch with a line of totals below it, and one for each job that runs.
struct Bars {
    all: MultiProgress,
    batches: BTreeMap<BatchId, (ProgressBar, ProgressBar)>,
    jobs: BTreeMap<(BatchId, JobId), ProgressBar>,
    /// Batches with so few jobs that each of them has a bar, whether it runs or not.
    small: BTreeSet<BatchId>,
}

impl Display {
    fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(|| Bars {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            batches: BTreeMap::new(),
            jobs: BTreeMap::new(),
            small: BTreeSet::new(),
        });
        Self { bars, last: BTreeMap::new() }
    }

    /// Whether it shows jobs that do not run.
    fn wants_all(&self, batch: BatchId) -> bool {
        self.bars.as_ref().is_some_and(|bars| bars.small.contains(&batch))
    }

    fn show(&mut self, batch: &BatchView, now: Timestamp) {
        match &mut self.bars {
            Some(bars) => bars.show(batch, now),
            None => {
                let summary = &batch.summary;
                let ended = ended(summary);
                let is_news = match self.last.get(&summary.id) {
                    None => true,
                    Some((status, frames)) => {
                        *status != summary.status || ended >= frames + line_every(summary)
                    }
                };
                if is_news && !summary.status.is_end() {
                    self.last.insert(summary.id, (summary.status, ended));
                    tell(&message(summary, now));
                }
            }
        }
    }

    fn note(&self, text: &str) {
        match &self.bars {
            // Where the terminal is gone there is nobody to tell.
            Some(bars) => drop(bars.all.println(text)),
            None => tell(text),
        }
    }

    /// The bars of jobs go, those of batches stay as they are.
    fn finish(&mut self) {
        if let Some(bars) = &mut self.bars {
            bars.jobs.values().for_each(ProgressBar::finish_and_clear);
            for (bar, totals) in bars.batches.values() {
                bar.abandon();
                totals.abandon();
            }
        }
    }
}

impl Bars {
    fn show(&mut self, batch: &BatchView, now: Timestamp) {
        let summary = &batch.summary;
        let all = &self.all;
        let (bar, totals) = self.batches.entry(summary.id).or_insert_with(|| {
            let bar = all.add(bar("{bar:32} {msg}"));
            let totals = all.add(bar_of_text());
            (bar, totals)
        });
        bar.set_length(summary.frames.total);
        bar.set_position(ended(summary));
        bar.set_message(message(summary, now));
        totals.set_message(format!("  {}", counts(&summary.jobs)));
        if summary.jobs.total as usize <= BARS {
            self.small.insert(summary.id);
        }
        let shown: Vec<&BatchEntryView> = batch.entries.iter().take(BARS).collect();
        for entry in &shown {
            let bar = self.jobs.entry((summary.id, entry.entry.job)).or_insert_with(|| {
                // Above its batch.
                all.insert_before(bar, self::bar("  {bar:30} {msg}"))
            });
            let frames = &entry.frames;
            bar.set_length(frames.total);
            bar.set_position(frames.done + frames.skipped + frames.failed);
            bar.set_message(job_message(entry, now));
        }
        let is_gone = |(batch, job): &(BatchId, JobId)| {
            *batch == summary.id && !shown.iter().any(|entry| entry.entry.job == *job)
        };
        for (_, bar) in self.jobs.extract_if(.., |key, _| is_gone(key)) {
            bar.finish_and_clear();
            all.remove(&bar);
        }
    }
}

fn bar(template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style.progress_chars("=> "))
}

fn bar_of_text() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

/// One line for a person on standard error.
pub(super) fn tell(text: &str) {
    // Nobody may be reading; the batch goes on all the same.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn ended(batch: &BatchSummary) -> u64 {
    batch.frames.done + batch.frames.skipped + batch.frames.failed
}

/// Frames between two lines where there is no terminal: some twenty lines for a whole batch.
fn line_every(batch: &BatchSummary) -> u64 {
    (batch.frames.total / 20).max(1)
}

/// With one decimal where that says more than none.
pub(super) fn percent(batch: &BatchSummary) -> String {
    let text = format!("{:.1}", batch.percent);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// How far a batch is, in one line.
fn message(batch: &BatchSummary, now: Timestamp) -> String {
    let jobs = &batch.jobs;
    let mut text = format!(
        "batch {} {}: {} of {}, {} frames ({})",
        batch.id,
        clean(&batch.name),
        jobs.completed + jobs.skipped,
        human::count(jobs.total, "job"),
        human::frames(&batch.frames),
        percent(batch)
    );
    if jobs.failed > 0 {
        text.push_str(&format!(", {} failed", human::count(jobs.failed, "job")));
    }
    match (batch.status, batch.eta) {
        (BatchStatus::Paused, _) => text.push_str(", paused"),
        (_, Some(eta)) if eta > now => {
            text.push_str(&format!(", about {} left", human::span(eta.since(now))));
        }
        _ => {}
    }
    text
}

fn job_message(entry: &BatchEntryView, now: Timestamp) -> String {
    let mut text = format!("{}: {} frames", clean(&entry.entry.name), human::frames(&entry.frames));
    if entry.state != EntryState::Running {
        text.push_str(&format!(", {}", entry.state.name()));
    }
    if let Some(eta) = entry.eta.filter(|eta| *eta > now) {
        text.push_str(&format!(", about {} left", human::span(eta.since(now))));
    }
    text
}

/// `5 completed, 1 failed, 2 running`.
pub(super) fn counts(jobs: &JobCounts) -> String {
    let parts: Vec<String> = EntryState::ALL
        .into_iter()
        .filter(|state| jobs.count(*state) > 0)
        .map(|state| format!("{} {}", jobs.count(state), state.name()))
        .collect();
    parts.join(", ")
}

/// What a batch is now.
pub(super) fn state_line(batch: &BatchSummary) -> String {
    let mut text = format!(
        "batch {} {} is {}: {}; {} frames ({})",
        batch.id,
        clean(&batch.name),
        batch.status.name(),
        counts(&batch.jobs),
        human::frames(&batch.frames),
        percent(batch)
    );
    if let (Some(finished), Some(started)) = (batch.finished, batch.started) {
        text.push_str(&format!(", in {}", human::span(finished.since(started))));
    }
    text
}

/// What made its frames fail, where it did not fail as a whole.
fn why(client: &Client, entry: &BatchEntryView) -> Option<String> {
    if entry.failure.is_some() {
        return None;
    }
    // A job that has been forgotten has nothing more to tell.
    let trouble: TroubleView = client.get(&format!("/jobs/{}/trouble", entry.entry.job)).ok()?;
    trouble.groups.into_iter().map(|group| group.message).find(|message| !message.is_empty())
}

fn failure_line(entry: &BatchEntryView, why: Option<&str>) -> String {
    let frames = human::count(entry.frames.failed, "frame");
    let why = match (&entry.failure, why) {
        (Some(failure), _) => failure.clone(),
        (None, Some(why)) => format!("{frames}: {why}"),
        (None, None) => frames,
    };
    clean(&format!("{} (job {}) failed: {why}", entry.entry.name, entry.entry.job))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(in crate::cli::batch) fn summary() -> BatchSummary {
        serde_json::from_value(json!({
            "id": 3, "name": "seq010", "user": "ana", "source": "/shows/seq010.yaml", "status": "running",
            "jobs": {"total": 8, "pending": 1, "running": 1, "completed": 4, "failed": 1, "skipped": 1, "cancelled": 0},
            "frames": {"total": 300, "pending": 140, "running": 8, "done": 120, "skipped": 30, "failed": 2},
            "percent": 50.0, "success_rate": 0.98, "eta": Timestamp(1_162_000), "workers": 3,
            "submitted": Timestamp(1_000_000), "started": Timestamp(1_001_000), "finished": null,
        }))
        .unwrap()
    }

    pub(in crate::cli::batch) fn entry(name: &str, state: EntryState) -> BatchEntryView {
        serde_json::from_value(json!({
            "name": name, "job": 12, "standing": "new", "state": state, "status": "running",
            "frames": {"total": 10, "pending": 5, "running": 0, "done": 5, "skipped": 0, "failed": 0},
            "failure": null, "started": Timestamp(1_001_000), "finished": null, "eta": null,
        }))
        .unwrap()
    }

    pub(in crate::cli::batch) fn view(entries: &[(&str, EntryState)]) -> BatchView {
        BatchView {
            summary: summary(),
            settings: Default::default(),
            report: None,
            notify: Vec::new(),
            entries: entries.iter().map(|(name, state)| entry(name, *state)).collect(),
        }
    }

    #[test]
    fn one_line_says_how_far_a_batch_is() {
        let now = Timestamp(1_100_000);
        let batch = summary();
        let expect = "batch 3 seq010: 5 of 8 jobs, 150/300, 2 failed frames (50 %), 1 job failed, about 1 min 02 s left";
        assert_eq!(message(&batch, now), expect);
        assert_eq!(counts(&batch.jobs), "4 completed, 1 failed, 1 skipped, 1 pending, 1 running");
        let ended = BatchSummary {
            status: BatchStatus::Partial,
            eta: None,
            percent: 99.3,
            finished: Some(Timestamp(1_061_000)),
            ..batch
        };
        let expect = "batch 3 seq010 is partial: 4 completed, 1 failed, 1 skipped, 1 pending, 1 running; \
                      150/300, 2 failed frames (99.3 %), in 1 min 00 s";
        assert_eq!(state_line(&ended), expect);
    }

    #[test]
    fn exit_codes_tell_how_it_ended() {
        use EntryState::{Cancelled, Completed, Failed, Skipped};
        let check = |states: &[EntryState], expect: u8| {
            let mut counts = JobCounts::default();
            states.iter().for_each(|state| counts.add(*state));
            assert_eq!(exit_code(&counts), expect, "{states:?}");
        };
        check(&[Completed, Skipped], 0);
        check(&[Failed, Failed], 1);
        check(&[Failed, Cancelled], 1);
        check(&[Completed, Failed], 4);
        check(&[Skipped, Cancelled], 4);
        check(&[Cancelled, Cancelled], 5);
        // Two batches, of which one failed.
        let of = |state: EntryState| {
            let mut counts = JobCounts::default();
            counts.add(state);
            counts
        };
        assert_eq!(exit_code(&together([of(Completed), of(Failed)].iter())), 4);
    }

    #[test]
    fn a_failed_job_is_told_with_its_reason() {
        let mut failed = entry("sh030", EntryState::Failed);
        failed.frames.failed = 2;
        assert_eq!(failure_line(&failed, None), "sh030 (job 12) failed: 2 frames");
        assert_eq!(failure_line(&failed, Some("no rig")), "sh030 (job 12) failed: 2 frames: no rig");
        failed.failure = Some("no camera\x1b[2J".to_owned());
        assert_eq!(failure_line(&failed, None), "sh030 (job 12) failed: no camera [2J");
    }
}
