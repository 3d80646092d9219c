//! Waiting for a job: a bar on a terminal, a line now and then elsewhere, and what went wrong as soon as it did.

use super::client::Client;
use super::context::Context;
use super::daemon;
use super::error::CliError;
use super::human;
use super::interrupt::Interrupt;
use super::output::clean;
use farmhand_model::view::{AttemptView, JobSummary, JobView, Page};
use farmhand_model::{AttemptId, EndedBy, JobId, Timestamp};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// How often the daemon is asked; an answer costs it well under a millisecond.
const POLL: Duration = Duration::from_millis(200);
/// How long a daemon that went away may take to come back: a restart or an upgrade. The renders go on meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);
/// Every how many polls the attempts are looked at.
const ATTEMPTS_EVERY: u32 = 5;

/// How waiting ended.
pub(super) enum Waited {
    /// The job has ended, one way or another.
    Ended(Box<JobView>),
    /// Somebody wants this to end first.
    Interrupted,
}

/// Waits for a job and shows how far it is.
pub(super) struct Watcher<'a> {
    context: &'a Context,
    interrupt: &'a Interrupt,
    job: JobId,
    display: Display,
    told: BTreeSet<AttemptId>,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(context: &'a Context, interrupt: &'a Interrupt, job: &JobView) -> Self {
        Self { context, interrupt, job: job.summary.id, display: Display::new(), told: BTreeSet::new() }
    }

    /// Until the job has ended or somebody interrupts. A daemon that goes away is waited for and found again.
    pub(super) fn wait(&mut self, client: &mut Client) -> Result<Waited, CliError> {
        let mut absence = Absence::default();
        for poll in 0_u32.. {
            match self.look(client, poll % ATTEMPTS_EVERY == 0) {
                Ok(job) => {
                    absence = Absence::default();
                    self.display.show(&job.summary, human::now());
                    if job.summary.status.is_end() {
                        self.tell_failures(client)?;
                        return Ok(Waited::Ended(Box::new(job)));
                    }
                }
                Err(error) => absence.met(error, self.context, client, |text| self.display.note(text))?,
            }
            if self.interrupt.is_asked() {
                return Ok(Waited::Interrupted);
            }
            std::thread::sleep(POLL);
        }
        Ok(Waited::Interrupted)
    }

    /// One line that does not disturb the bar.
    pub(super) fn note(&self, text: &str) {
        self.display.note(text);
    }

    fn look(&mut self, client: &Client, with_attempts: bool) -> Result<JobView, CliError> {
        if with_attempts {
            self.tell_failures(client)?;
        }
        client.get(&format!("/jobs/{}", self.job))
    }

    fn tell_failures(&mut self, client: &Client) -> Result<(), CliError> {
        let attempts: Page<AttemptView> = client.get(&format!("/jobs/{}/attempts?limit=50", self.job))?;
        for attempt in attempts.items.iter().rev() {
            if let Some(text) = failure_line(attempt)
                && self.told.insert(attempt.id)
            {
                self.display.note(&text);
            }
        }
        Ok(())
    }
}

/// A daemon that went away, which is waited for: a restart, an upgrade. The renders go on meanwhile.
#[derive(Default)]
pub(super) struct Absence {
    since: Option<Instant>,
}

impl Absence {
    /// A request failed; the error again where waiting is of no use, or has taken too long. Finds the daemon at its new
    /// address.
    pub(super) fn met(
        &mut self,
        error: CliError,
        context: &Context,
        client: &mut Client,
        note: impl FnOnce(&str),
    ) -> Result<(), CliError> {
        if !matches!(error, CliError::NoDaemon { .. } | CliError::Connection { .. }) {
            return Err(error);
        }
        let since = *self.since.get_or_insert_with(|| {
            note("the daemon does not answer; its renders go on, waiting for it to come back");
            Instant::now()
        });
        if since.elapsed() > PATIENCE {
            return Err(error);
        }
        if let Ok(found) = daemon::find(&context.config()?) {
            *client = found.client;
        }
        Ok(())
    }
}

/// What to say of an attempt that has ended without all of its frames; `None` of all others.
pub(super) fn failure_line(attempt: &AttemptView) -> Option<String> {
    let outcome = attempt.outcome.as_ref()?;
    let by_hand = matches!(outcome.ended_by, EndedBy::Cancel | EndedBy::DaemonStop);
    if outcome.frames_missing.is_empty() || by_hand {
        return None;
    }
    let layer = attempt.layer.as_ref().map(|layer| format!(" of {layer}")).unwrap_or_default();
    let mut text = format!("attempt {} left frames {}{layer} undone", attempt.id, outcome.frames_missing);
    let reason = attempt.verdict.as_ref().map_or("", |verdict| verdict.reason.as_str());
    let consequence = attempt.consequence.as_deref().unwrap_or_default();
    // What follows often repeats why.
    let said_twice = !reason.is_empty() && consequence.contains(reason);
    for part in [if said_twice { "" } else { reason }, consequence].iter().filter(|part| !part.is_empty()) {
        text.push_str("; ");
        text.push_str(part);
    }
    Some(clean(&text))
}

/// Standard error, so that standard output is only what the command was asked for.
struct Display {
    bar: Option<ProgressBar>,
    /// What the last line without a terminal said: state, and frames that had ended.
    last: Option<(String, u64)>,
}

impl Display {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:32} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> ");
            bar.set_style(style);
            bar
        });
        Self { bar, last: None }
    }

    fn show(&mut self, job: &JobSummary, now: Timestamp) {
        let ended = job.frames.done + job.frames.skipped + job.frames.failed;
        match &self.bar {
            Some(bar) => {
                bar.set_length(job.frames.total);
                bar.set_position(ended);
                bar.set_message(message(job, now));
                if job.status.is_end() {
                    bar.abandon();
                }
            }
            None => {
                let state = serde_json::to_string(&job.status).unwrap_or_default();
                let is_news = match &self.last {
                    None => true,
                    Some((last_state, last_ended)) => {
                        *last_state != state || ended >= last_ended + line_every(job)
                    }
                };
                if is_news {
                    self.last = Some((state, ended));
                    self.note(&message(job, now));
                }
            }
        }
    }

    fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            // Nobody may be reading; the job goes on all the same.
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }
}

/// Frames between two lines where there is no terminal: some twenty lines for a whole job.
fn line_every(job: &JobSummary) -> u64 {
    (job.frames.total / 20).max(1)
}

/// How far a job is, in one line.
fn message(job: &JobSummary, now: Timestamp) -> String {
    let mut text = format!("{} frames", human::frames(&job.frames));
    if let Some(percent) = (100 * (job.frames.done + job.frames.skipped)).checked_div(job.frames.total) {
        text.push_str(&format!(" ({percent} %)"));
    }
    if job.frames.running > 0 {
        text.push_str(&format!(", {} running", job.frames.running));
    }
    match (&job.eta, &job.why) {
        // What is over already was guessed too low, and says nothing.
        (Some(eta), _) if !job.status.is_end() && *eta > now => {
            text.push_str(&format!(", about {} left", human::span(eta.since(now))));
        }
        (None, Some(why)) if job.frames.running == 0 && !job.status.is_end() => {
            text.push_str(&format!(", {}", clean(&why.text)));
        }
        _ => {}
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use farmhand_model::dcc::{Decision, Outcome, Verdict};
    use farmhand_model::view::{FrameCounts, WhyView};
    use farmhand_model::why::WaitReason;
    use farmhand_model::{FrameSet, JobStatus, Seconds};

    pub(in crate::cli) fn summary() -> JobSummary {
        JobSummary {
            id: JobId(12),
            name: "shot".to_owned(),
            user: Some("tess".to_owned()),
            batch: None,
            plugin: "blender".to_owned(),
            scene: "/jobs/shot.blend".to_owned(),
            priority: 50,
            status: JobStatus::Running,
            frames: FrameCounts { total: 48, pending: 20, running: 5, done: 20, skipped: 3, failed: 0 },
            submitted: Timestamp(1_000_000),
            started: Some(Timestamp(1_001_000)),
            finished: None,
            eta: Some(Timestamp(1_162_000)),
            why: None,
            failure: None,
        }
    }

    pub(in crate::cli) fn attempt() -> AttemptView {
        let frames: FrameSet = "1-5".parse().expect("frames");
        let missing: FrameSet = "4-5".parse().expect("frames");
        AttemptView {
            id: AttemptId(7),
            job: JobId(12),
            layer: None,
            frames: frames.clone(),
            frames_done: frames.difference(&missing),
            level: 0,
            level_name: "render".to_owned(),
            try_number: 1,
            lease: farmhand_model::Lease { threads: 4, ..farmhand_model::Lease::default() },
            plugin: None,
            state: "ended".to_owned(),
            started: Timestamp(1_001_000),
            ended: Some(Timestamp(1_063_000)),
            outcome: Some(Outcome {
                exit_code: Some(1),
                signal: None,
                ended_by: EndedBy::Itself,
                seconds: Seconds(62.0),
                frames_done: frames.difference(&missing),
                frames_missing: missing,
                faults: Vec::new(),
                facts: Vec::new(),
                usage: Default::default(),
            }),
            verdict: Some(Verdict {
                decision: Decision::FallBack,
                reason: "out of memory\x1b[2J".to_owned(),
            }),
            consequence: Some("tried again at level safe".to_owned()),
            faults: Vec::new(),
            facts: Vec::new(),
            command: None,
            steps: Default::default(),
            usage: Default::default(),
        }
    }

    #[test]
    fn one_line_says_how_far_a_job_is() {
        let check = |job: &JobSummary, expect: &str| assert_eq!(message(job, Timestamp(1_100_000)), expect);
        let job = summary();
        check(&job, "23/48 frames (47 %), 5 running, about 1 min 02 s left");
        check(
            &JobSummary { eta: Some(Timestamp(1_100_000)), ..job.clone() },
            "23/48 frames (47 %), 5 running",
        );
        let mut waiting = JobSummary { eta: None, status: JobStatus::Waiting, ..job.clone() };
        waiting.frames = FrameCounts { total: 48, pending: 48, ..FrameCounts::default() };
        waiting.why = Some(WhyView::from(WaitReason::Behind { job: JobId(11) }));
        check(&waiting, "0/48 frames (0 %), job 11 goes first");
        let mut done = JobSummary { status: JobStatus::Done, ..job };
        done.frames = FrameCounts { total: 48, done: 47, failed: 1, ..FrameCounts::default() };
        check(&done, "47/48, 1 failed frames (97 %)");
        done.frames = FrameCounts::default();
        check(&done, "0/0 frames");
    }

    #[test]
    fn an_attempt_that_left_frames_undone_is_told() {
        let attempt = attempt();
        assert_eq!(
            failure_line(&attempt).as_deref(),
            Some("attempt 7 left frames 4,5 undone; out of memory [2J; tried again at level safe")
        );
        let repeated = Some("frames 4,5: failed, out of memory\x1b[2J".to_owned());
        assert_eq!(
            failure_line(&AttemptView { consequence: repeated, ..attempt.clone() }).as_deref(),
            Some("attempt 7 left frames 4,5 undone; frames 4,5: failed, out of memory [2J")
        );
        let mut cancelled = attempt.clone();
        if let Some(outcome) = &mut cancelled.outcome {
            outcome.ended_by = EndedBy::Cancel;
        }
        assert_eq!(failure_line(&cancelled), None);
        assert_eq!(failure_line(&AttemptView { outcome: None, ..attempt }), None);
    }
}
