//! While an attempt's process runs: its output goes through the plugin's reader, images are claimed, signs of life
//! are sampled, kills are passed on; at its end the plugin judges.

use super::Attempt;
use super::ending::{DID_NOT_START, End, READER_FAILED, host_verdict, out_of_memory, wrong_device};
use super::hooking;
use super::manifest::Manifest;
use super::marking::place_of;
use super::settling::{Claim, Settler};
use farmhand_model::dcc::{Cause, Fact, Fault, Outcome, Output, ReaderEvent, Severity, Verify};
use farmhand_model::event::FarmEvent;
use farmhand_model::{EndedBy, Timestamp};
use farmhand_plugin::{LoadedPlugin, Reader};
use farmhand_runner::{
    Activity, AttemptDir, Batch, End as ProcessEnd, ExitReport, KillReason, LiveUsage, LogMark, LogTail,
    MarkWriter, RunningAttempt, Seen, sweep_staging,
};
use farmhand_scheduler::{Event, Signs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Between two samples of a render's signs of life.
const SAMPLE: Duration = Duration::from_secs(2);
/// Between two announcements of an attempt's progress: as often as a page can show.
const PROGRESS: Duration = Duration::from_millis(50);
/// Faults and facts kept of one attempt; a renderer that complains on every line says nothing new after that.
pub(crate) const KEPT: usize = 200;
/// The same in bytes of their text: each is told of with all that came before it.
const KEPT_BYTES: usize = 32 << 10;

/// A process, what it was given, and the plugin that reads it.
pub(super) type Followed = (RunningAttempt, Manifest, Arc<LoadedPlugin>);

/// Follows a process to its end and judges it.
pub(super) async fn follow(
    attempt: &Attempt,
    mut running: RunningAttempt,
    manifest: &Manifest,
    plugin: Arc<LoadedPlugin>,
) -> End {
    let marks = MarkWriter::create(&running.dir().log());
    let mut reading = Reading::start(attempt, manifest, &plugin, marks).await;
    let mut tail = LogTail::new(running.dir().log(), 0);
    let end_of_log = tail.handle();
    let mut kill = attempt.kill.clone();
    // Not at once: a process that ends sooner than this needs no sample.
    let mut sample = tokio::time::interval_at(tokio::time::Instant::now() + SAMPLE, SAMPLE);
    let mut report = None;
    let mut last_output = attempt.parts.clock.now();
    let dir = running.dir().clone();
    end(attempt, &dir);
    loop {
        tokio::select! {
            batch = tail.next() => match batch {
                Some(batch) => {
                    last_output = attempt.parts.clock.now();
                    reading.read(batch).await;
                }
                None => break,
            },
            ended = running.wait(), if report.is_none() => {
                let seconds = ended.seconds();
                attempt.driver.tell(Event::ProcessEnded { attempt: attempt.id, seconds }).await;
                report = Some(ended);
                end_of_log.finish();
            }
            Ok(()) = kill.changed() => end(attempt, &dir),
            _ = sample.tick(), if report.is_none() => {
                let (signs, usage) = signs(&dir, manifest, last_output).await;
                if let Some(usage) = usage {
                    tell_usage(attempt, manifest, usage);
                }
                attempt.driver.tell(Event::Alive { attempt: attempt.id, signs }).await;
            }
        }
    }
    let report = match report {
        Some(report) => report,
        None => running.wait().await,
    };
    let outcome = reading.finish(manifest, &report).await;
    let mut verdict = judge(&plugin, manifest, &outcome).await;
    if !matches!(outcome.ended_by, EndedBy::Cancel | EndedBy::DaemonStop | EndedBy::Lost) {
        verdict = hooking::after_task(attempt, &plugin, manifest, &outcome, verdict).await;
    }
    clean_up(attempt, manifest, &outcome);
    End { outcome, verdict }
}

/// Passes on that the attempt is to end, where it is.
fn end(attempt: &Attempt, dir: &AttemptDir) {
    let reason = match attempt.killed() {
        None | Some(EndedBy::Itself | EndedBy::Lost) => return,
        Some(EndedBy::Cancel) => KillReason::Cancel,
        Some(EndedBy::TimeLimit) => KillReason::TimeLimit,
        Some(EndedBy::Stall) => KillReason::Stall,
        Some(EndedBy::DaemonStop) => KillReason::DaemonStop,
    };
    if let Err(error) = dir.request_kill(reason) {
        tracing::error!(attempt = %attempt.id, %error, "cannot tell its shim to end it");
    }
}

fn tell_usage(attempt: &Attempt, manifest: &Manifest, processes: LiveUsage) {
    attempt.parts.bus.publish(FarmEvent::Usage {
        job: manifest.task.job.id,
        attempt: attempt.id,
        memory_bytes: processes.memory_bytes,
        cores: processes.cores,
        usage: processes.so_far.or_more(attempt.parts.gpus.usage_of(attempt.id)),
    });
}

async fn signs(dir: &AttemptDir, manifest: &Manifest, last_output: Timestamp) -> (Signs, Option<LiveUsage>) {
    let (dir, staging) = (dir.clone(), manifest.task.staging.clone());
    // The staging directory may be on a slow file server.
    let seen =
        tokio::task::spawn_blocking(move || Activity::look(&dir, Some(&staging))).await.unwrap_or_default();
    let newest_file = seen.newest_file.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let newest_file = newest_file.map_or(manifest.started, |since| Timestamp(since.as_millis() as i64));
    let signs = Signs {
        last_output: Some(last_output),
        cpu_seconds: seen.usage.and_then(|usage| usage.so_far.cpu_seconds),
        // A directory that can be looked at and is empty has had no file since the start; one that cannot says nothing.
        newest_file: manifest.task.staging.is_dir().then_some(newest_file),
    };
    (signs, seen.usage)
}

struct Reading<'a> {
    attempt: &'a Attempt,
    manifest: &'a Manifest,
    /// Absent after it has failed: the images that are known beforehand are verified all the same.
    reader: Option<Reader>,
    marks: MarkWriter,
    /// What was read last: the lines that the next events are about.
    batch: Batch,
    settler: Settler,
    frame: Option<(i32, Instant)>,
    memory: Option<u64>,
    announced: Option<Instant>,
    /// It was seen to render on the CPU, and told of.
    wrong_device: bool,
    faults: Vec<Fault>,
    facts: Vec<Fact>,
    /// Text of both.
    kept_bytes: usize,
}

impl<'a> Reading<'a> {
    async fn start(
        attempt: &'a Attempt,
        manifest: &'a Manifest,
        plugin: &Arc<LoadedPlugin>,
        marks: MarkWriter,
    ) -> Self {
        let mut reading = Self {
            attempt,
            manifest,
            reader: None,
            marks,
            batch: Batch { lines: Vec::new(), starts: Vec::new(), offset: 0 },
            settler: Settler::start(attempt, manifest),
            frame: None,
            memory: None,
            announced: None,
            wrong_device: false,
            faults: Vec::new(),
            facts: Vec::new(),
            kept_bytes: 0,
        };
        match plugin.reader(&manifest.task).await {
            Ok(reader) => reading.reader = Some(reader),
            Err(error) => reading.reader_failed(&error),
        }
        reading
    }

    async fn read(&mut self, batch: Batch) {
        let Some(reader) = &mut self.reader else { return };
        self.batch = batch;
        match reader.read(&self.batch.lines).await {
            Ok(events) => self.take(events).await,
            Err(error) => self.reader_failed(&error),
        }
    }

    fn reader_failed(&mut self, error: &farmhand_plugin::PluginError) {
        self.reader = None;
        let message = format!("{READER_FAILED}, so the rest of the output was not read: {error}");
        self.host_fault(Severity::Transient, Cause::Plugin, message);
    }

    fn host_fault(&mut self, severity: Severity, cause: Cause, message: String) {
        self.faults.push(Fault { severity, cause, message, frame: None, about: None });
    }

    async fn take(&mut self, events: Vec<ReaderEvent>) {
        let id = self.attempt.id;
        for event in events {
            let offset = place_of(&event, &self.batch);
            match event {
                ReaderEvent::FrameStarted(frame) => {
                    self.marks.add(&LogMark { offset, seen: Seen::FrameStarted(frame) });
                    self.frame = Some((frame, Instant::now()));
                    self.attempt.driver.tell(Event::FrameStarted { attempt: id, frame }).await;
                    self.progress(0.0);
                }
                ReaderEvent::Progress(fraction) => self.progress(fraction),
                ReaderEvent::MemoryBytes(bytes) => self.memory = Some(bytes),
                ReaderEvent::FrameDone(image) => {
                    self.marks.add(&LogMark { offset, seen: Seen::FrameDone(image.frame) });
                    let seconds = self
                        .frame
                        .filter(|(frame, _)| *frame == image.frame)
                        .map(|(_, since)| since.elapsed().as_secs_f64());
                    self.settler.claim(Claim::Image { image, seconds }).await;
                }
                ReaderEvent::FrameSkipped(image) => self.settler.claim(Claim::Existing(image)).await,
                ReaderEvent::Warning(_) => {}
                ReaderEvent::Fault(fault) => {
                    let bytes = fault.message.len() + fault.about.as_ref().map_or(0, String::len);
                    if self.faults.len() < KEPT && self.has_room(bytes) {
                        self.marks.add(&LogMark { offset, seen: Seen::Fault(fault.clone()) });
                        self.attempt.driver.tell(Event::Fault { attempt: id, fault: fault.clone() }).await;
                        self.faults.push(fault);
                    }
                }
                ReaderEvent::Fact(fact) => {
                    let bytes = fact.name.len() + fact.value.len();
                    if fact.says_cpu() {
                        self.renders_on_cpu(&fact.value).await;
                    }
                    if self.facts.len() < KEPT && !self.facts.contains(&fact) && self.has_room(bytes) {
                        self.attempt.driver.tell(Event::Fact { attempt: id, fact: fact.clone() }).await;
                        self.facts.push(fact);
                    }
                }
            }
        }
    }

    /// Told of once, however often the output says so.
    async fn renders_on_cpu(&mut self, device: &str) {
        if !self.manifest.insists_on_gpus || std::mem::replace(&mut self.wrong_device, true) {
            return;
        }
        let fault = wrong_device(&self.manifest.task.gpus, device);
        self.attempt.driver.tell(Event::Fault { attempt: self.attempt.id, fault: fault.clone() }).await;
        self.faults.push(fault);
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        let fits = self.kept_bytes + bytes <= KEPT_BYTES;
        if fits {
            self.kept_bytes += bytes;
        }
        fits
    }

    fn progress(&mut self, fraction: f32) {
        if self.announced.is_some_and(|at| at.elapsed() < PROGRESS) {
            return;
        }
        self.announced = Some(Instant::now());
        self.attempt.parts.bus.publish(FarmEvent::Progress {
            job: self.manifest.task.job.id,
            attempt: self.attempt.id,
            frame: self.frame.map(|(frame, _)| frame),
            fraction: fraction.clamp(0.0, 1.0),
            memory_bytes: self.memory,
        });
    }

    /// What is known once the process tree is empty and the log is read.
    async fn finish(mut self, manifest: &Manifest, report: &ExitReport) -> Outcome {
        if let Some(mut reader) = self.reader.take() {
            match reader.finish().await {
                Ok(events) => self.take(events).await,
                Err(error) => self.reader_failed(&error),
            }
        }
        self.claim_the_rest(manifest, report).await;
        let settled = self.settler.finish().await;
        let mut frames_done = settled.frames;
        let mut faults = self.faults;
        faults.extend(settled.faults);
        faults.extend(report.out_of_memory.map(out_of_memory));
        if let ProcessEnd::FailedToStart { message } = &report.end {
            faults.push(Fault {
                severity: Severity::WorkerFatal,
                cause: Cause::MissingFile,
                message: format!("{}{DID_NOT_START}{message}", manifest.program.display()),
                frame: None,
                about: None,
            });
        }
        if manifest.verify == Verify::ExitCode && report.exit_code() == Some(0) {
            for frame in manifest.task.frames.difference(&frames_done).iter() {
                let event = Event::FrameSettled {
                    attempt: self.attempt.id,
                    frame,
                    path: String::new(),
                    bytes: 0,
                    seconds: None,
                    skipped: false,
                };
                self.attempt.driver.tell(event).await;
            }
            frames_done = manifest.task.frames.clone();
        }
        Outcome {
            exit_code: report.exit_code(),
            signal: report.signal(),
            ended_by: report.ended_by(),
            seconds: report.seconds(),
            frames_missing: manifest.task.frames.difference(&frames_done),
            frames_done,
            faults,
            facts: self.facts,
            usage: report.usage().or_more(self.attempt.parts.gpus.usage_of(self.attempt.id)),
        }
    }

    /// Whether the reader saw something that makes an image of this frame doubtful which nobody announced: a fault of
    /// the frame, or one of the whole attempt after which renderers write images all the same, such as watermarked ones.
    fn is_doubtful(&self, frame: i32) -> bool {
        let spoils_all = |fault: &Fault| match fault.cause {
            Cause::Licence => true,
            Cause::Memory | Cause::Gpu => fault.severity != Severity::Transient,
            _ => false,
        };
        self.faults.iter().any(|fault| fault.frame.map_or(spoils_all(fault), |own| own == frame))
    }

    /// Images that are there although nobody announced them: a renderer that was killed after its last image, or a
    /// plugin that knows names better than log lines. A doubtful one is not believed, however whole it is. A movie is
    /// only whole when its process has ended by itself.
    async fn claim_the_rest(&mut self, manifest: &Manifest, report: &ExitReport) {
        for output in &manifest.outputs {
            match output {
                Output::Image(image) if image.path.exists() && !self.is_doubtful(image.frame) => {
                    self.settler.claim(Claim::Image { image: image.clone(), seconds: None }).await;
                }
                Output::Movie(movie) if report.exit_code() == Some(0) => {
                    self.settler.claim(Claim::Movie(movie.clone())).await;
                }
                _ => {}
            }
        }
    }
}

async fn judge(
    plugin: &LoadedPlugin,
    manifest: &Manifest,
    outcome: &Outcome,
) -> farmhand_model::dcc::Verdict {
    match outcome.ended_by {
        EndedBy::Cancel | EndedBy::DaemonStop | EndedBy::Lost => host_verdict(outcome, None),
        EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall => {
            match plugin.judge(&manifest.task, outcome).await {
                Ok(verdict) => verdict,
                Err(error) => host_verdict(outcome, Some(error.to_string())),
            }
        }
    }
}

/// Takes away what a success leaves behind; what a failure leaves stays for debugging, except half-written images.
fn clean_up(attempt: &Attempt, manifest: &Manifest, outcome: &Outcome) {
    if outcome.frames_missing.is_empty() {
        for path in &manifest.remove_on_success {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::debug!(attempt = %attempt.id, path = %path.display(), %error, "script not removed");
            }
        }
    }
    // One in the attempt's own directory goes with that.
    if manifest.task.staging.starts_with(attempt.dir()) {
        return;
    }
    if let Some(output) = manifest.task.staging.parent().and_then(Path::parent) {
        for (path, error) in sweep_staging(output, |id| id == attempt.id).failed {
            tracing::debug!(attempt = %attempt.id, path = %path.display(), %error, "staging not removed");
        }
    }
}
