//! How far a batch is: its jobs as they are now, and what they come to. Each news of a job costs the same, however many
//! jobs the batch has.

use farmhand_model::batch::{
    BatchEntry, BatchEntryView, BatchRecord, BatchStatus, BatchSummary, BatchTally, BatchView, EntryState,
    JobCounts,
};
use farmhand_model::view::{FrameCounts, JobSummary};
use farmhand_model::{JobId, JobStatus, Seconds, Timestamp};
use farmhand_store::{KeptEntry, KeptJob};
use std::collections::{HashMap, VecDeque};

/// The present pace is that of so much time.
const PACE: Seconds = Seconds(600.0);
/// Between two looks at the pace.
const STEP: Seconds = Seconds(2.0);

/// A batch with all its jobs.
#[derive(Clone)]
pub(super) struct Progress {
    pub(super) record: BatchRecord,
    rows: Vec<BatchEntryView>,
    by_job: HashMap<JobId, usize>,
    jobs: JobCounts,
    frames: FrameCounts,
    /// Pending jobs that are paused.
    paused: u64,
    pace: VecDeque<(Timestamp, u64)>,
}

impl Progress {
    /// From what is kept of it.
    pub(super) fn new(record: BatchRecord, kept: Vec<KeptEntry>) -> Self {
        let rows: Vec<BatchEntryView> =
            kept.into_iter().map(|KeptEntry { entry, job }| row(entry, job)).collect();
        let by_job = rows.iter().enumerate().map(|(index, row)| (row.entry.job, index)).collect();
        let mut progress = Self {
            record,
            rows,
            by_job,
            jobs: JobCounts::default(),
            frames: FrameCounts::default(),
            paused: 0,
            pace: VecDeque::new(),
        };
        for index in 0..progress.rows.len() {
            progress.count(index, true);
        }
        progress
    }

    /// Jobs that may still change.
    pub(super) fn open_jobs(&self) -> impl Iterator<Item = JobId> {
        let open = |row: &&BatchEntryView| row.status.is_some_and(|status| !status.is_end());
        self.rows.iter().filter(open).map(|row| row.entry.job)
    }

    /// Its jobs, oldest place first.
    pub(super) fn all_jobs(&self) -> impl Iterator<Item = (JobId, Option<JobStatus>)> {
        self.rows.iter().map(|row| (row.entry.job, row.status))
    }

    /// A job is this now. Answers whether it is one of the batch's.
    pub(super) fn saw(&mut self, job: &JobSummary, now: Timestamp) -> bool {
        let Some(index) = self.by_job.get(&job.id).copied() else { return false };
        self.count(index, false);
        let row = &mut self.rows[index];
        let state = EntryState::of(row.entry.standing, job.status, job.started.is_some(), &job.frames);
        row.state = state;
        row.status = Some(job.status);
        row.frames = shown(state, job.frames);
        row.failure.clone_from(&job.failure);
        (row.started, row.finished, row.eta) = (job.started, job.finished, job.eta);
        self.count(index, true);
        self.note_pace(now);
        true
    }

    fn count(&mut self, index: usize, more: bool) {
        let row = &self.rows[index];
        let by = |total: &mut u64, of: u64| {
            *total = if more { *total + of } else { total.saturating_sub(of) };
        };
        by(&mut self.frames.total, row.frames.total);
        by(&mut self.frames.pending, row.frames.pending);
        by(&mut self.frames.running, row.frames.running);
        by(&mut self.frames.done, row.frames.done);
        by(&mut self.frames.skipped, row.frames.skipped);
        by(&mut self.frames.failed, row.frames.failed);
        if row.state == EntryState::Pending && row.status == Some(JobStatus::Paused) {
            by(&mut self.paused, 1);
        }
        if more {
            self.jobs.add(row.state);
        } else {
            self.jobs.remove(row.state);
        }
    }

    fn ended_frames(&self) -> u64 {
        self.frames.done + self.frames.skipped + self.frames.failed
    }

    fn note_pace(&mut self, now: Timestamp) {
        if self.pace.back().is_none_or(|(at, _)| now.since(*at).0 >= STEP.0) {
            self.pace.push_back((now, self.ended_frames()));
        }
        while self.pace.front().is_some_and(|(at, _)| now.since(*at).0 > PACE.0) {
            self.pace.pop_front();
        }
    }

    /// When it will be done at the pace of the last minutes.
    fn eta(&self, now: Timestamp) -> Option<Timestamp> {
        let (since, then) = *self.pace.front()?;
        let ended = self.ended_frames();
        let (seconds, frames) = (now.since(since).0, ended.checked_sub(then)?);
        let left = self.frames.total.saturating_sub(ended);
        if self.status() != BatchStatus::Running || frames == 0 || seconds < STEP.0 {
            // Where nothing has been measured, no job is done later than the batch.
            return self.rows.iter().filter_map(|row| row.eta).max().filter(|_| self.jobs.pending == 0);
        }
        Some(now + Seconds(left as f64 * seconds / frames as f64))
    }

    pub(super) fn status(&self) -> BatchStatus {
        self.jobs.status(self.paused)
    }

    /// What it came to, for when it has ended.
    pub(super) fn tally(&self) -> BatchTally {
        BatchTally { jobs: self.jobs, frames: self.frames, started: self.started() }
    }

    /// Its entries with where they are, for when their jobs have been forgotten.
    pub(super) fn last_entries(&self) -> Vec<BatchEntry> {
        self.rows.iter().map(|row| BatchEntry { last: Some(row.state), ..row.entry.clone() }).collect()
    }

    fn started(&self) -> Option<Timestamp> {
        let own = self.rows.iter().filter(|row| row.state != EntryState::Skipped);
        own.filter_map(|row| row.started).map(|at| at.max(self.record.submitted)).min()
    }

    /// When the last of its jobs ended; when it was submitted, where all were complete.
    pub(super) fn last_end(&self) -> Timestamp {
        let ends = self.rows.iter().filter_map(|row| row.finished);
        ends.fold(self.record.submitted, Timestamp::max)
    }

    pub(super) fn summary(&self, now: Timestamp) -> BatchSummary {
        let eta = if self.status().is_end() { None } else { self.eta(now) };
        summary(&self.record, &self.tally(), self.status(), eta)
    }

    /// Everything about it, with its jobs in these states; all of them where none is named.
    pub(super) fn view(&self, now: Timestamp, states: &[EntryState]) -> BatchView {
        let is_asked = |row: &&BatchEntryView| states.is_empty() || states.contains(&row.state);
        BatchView {
            summary: self.summary(now),
            settings: self.record.settings,
            report: self.record.report.clone(),
            notify: self.record.notify.clone(),
            entries: self.rows.iter().filter(is_asked).cloned().collect(),
        }
    }
}

/// The row of a batch that has ended.
pub(super) fn ended_summary(record: &BatchRecord, tally: &BatchTally) -> BatchSummary {
    summary(record, tally, tally.jobs.status(0), None)
}

fn summary(
    record: &BatchRecord,
    tally: &BatchTally,
    status: BatchStatus,
    eta: Option<Timestamp>,
) -> BatchSummary {
    let frames = tally.frames;
    let good = frames.done + frames.skipped;
    let ended = good + frames.failed;
    BatchSummary {
        id: record.id,
        name: record.name.clone(),
        user: record.user.clone(),
        source: record.source.clone(),
        status,
        jobs: tally.jobs,
        frames,
        percent: if frames.total == 0 { 0.0 } else { percent(good, frames.total) },
        success_rate: (ended > 0).then(|| good as f64 / ended as f64),
        eta,
        workers: record.workers,
        submitted: record.submitted,
        started: tally.started,
        finished: record.finished.filter(|_| status.is_end()),
    }
}

/// With one decimal, and 100 only where nothing is left.
fn percent(part: u64, total: u64) -> f64 {
    (part as f64 * 1000.0 / total as f64).floor() / 10.0
}

fn row(entry: BatchEntry, job: Option<KeptJob>) -> BatchEntryView {
    match job {
        Some(job) => {
            let state = EntryState::of(entry.standing, job.status, job.started.is_some(), &job.counts);
            BatchEntryView {
                state,
                status: Some(job.status),
                frames: shown(state, job.counts),
                failure: job.failure,
                started: job.started,
                finished: job.finished,
                eta: None,
                entry,
            }
        }
        None => BatchEntryView {
            // A job is forgotten only after its end, and that of its batch is not far then.
            state: entry.last.unwrap_or(EntryState::Completed),
            status: None,
            frames: FrameCounts::default(),
            failure: None,
            started: None,
            finished: None,
            eta: None,
            entry,
        },
    }
}

/// All frames of a job that was complete before were skipped.
fn shown(state: EntryState, frames: FrameCounts) -> FrameCounts {
    match state {
        EntryState::Skipped => {
            FrameCounts { total: frames.total, skipped: frames.total, ..FrameCounts::default() }
        }
        _ => frames,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::batch::{BatchSettings, Standing};
    use farmhand_model::{BatchId, JobStatus};

    fn record() -> BatchRecord {
        BatchRecord {
            id: BatchId(7),
            name: "seq".to_owned(),
            user: None,
            source: None,
            settings: BatchSettings::default(),
            workers: 3,
            report: None,
            notify: Vec::new(),
            submitted: Timestamp(1_000_000),
            finished: None,
            tally: None,
            key: None,
        }
    }

    fn kept(job: u64, standing: Standing, status: JobStatus, done: u64) -> KeptEntry {
        let counts = FrameCounts { total: 10, pending: 10 - done, done, ..FrameCounts::default() };
        KeptEntry {
            entry: BatchEntry {
                name: format!("sh{job}"),
                job: JobId(job),
                standing,
                reason: None,
                last: None,
            },
            job: Some(KeptJob {
                batch: Some(BatchId(7)),
                status,
                counts,
                started: (done > 0).then_some(Timestamp(1_000_000)),
                finished: None,
                failure: None,
            }),
        }
    }

    fn job(id: u64, status: JobStatus, done: u64, failed: u64) -> JobSummary {
        let pending = 10 - done - failed;
        let json = serde_json::json!({
            "id": id, "name": "shot", "user": null, "plugin": "noop", "scene": "/s", "priority": 50,
            "status": status,
            "frames": {"total": 10, "pending": pending, "running": 0, "done": done, "skipped": 0, "failed": failed},
            "submitted": Timestamp(0), "started": Timestamp(1_000_000), "finished": null, "eta": null,
            "why": null, "failure": null,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_a_batch_has_come_to() {
        let entries = vec![
            kept(1, Standing::Complete, JobStatus::Done, 10),
            kept(2, Standing::New, JobStatus::Waiting, 0),
            kept(3, Standing::New, JobStatus::Paused, 0),
        ];
        let mut progress = Progress::new(record(), entries);
        let summary = progress.summary(Timestamp(1_000_000));
        assert_eq!(summary.status, BatchStatus::Waiting);
        assert_eq!((summary.jobs.skipped, summary.jobs.pending, summary.jobs.total), (1, 2, 3));
        assert_eq!((summary.frames.skipped, summary.frames.total, summary.percent), (10, 30, 33.3));
        assert_eq!((summary.success_rate, summary.eta), (Some(1.0), None));

        assert!(!progress.saw(&job(99, JobStatus::Done, 10, 0), Timestamp(1_000_000)));
        progress.saw(&job(2, JobStatus::Running, 0, 0), Timestamp(1_000_000));
        progress.saw(&job(2, JobStatus::Running, 4, 1), Timestamp(1_010_000));
        let summary = progress.summary(Timestamp(1_010_000));
        assert_eq!((summary.status, summary.jobs.running), (BatchStatus::Running, 1));
        assert_eq!(summary.success_rate, Some(14.0 / 15.0));
        // Five frames in ten seconds, and fifteen are left.
        assert_eq!(summary.eta, Some(Timestamp(1_040_000)));

        progress.saw(&job(2, JobStatus::Failed, 9, 1), Timestamp(1_020_000));
        assert_eq!(progress.status(), BatchStatus::Paused);
        progress.saw(&job(3, JobStatus::Done, 10, 0), Timestamp(1_020_000));
        let summary = progress.summary(Timestamp(1_020_000));
        assert_eq!((summary.status, summary.percent), (BatchStatus::Partial, 96.6));
        let states: Vec<_> = progress.last_entries().iter().map(|entry| entry.last).collect();
        let expect = [EntryState::Skipped, EntryState::Failed, EntryState::Completed].map(Some);
        assert_eq!(states, expect);
    }
}
