//! What frames and attempts come to, counted one after the other, so that a job of a million frames costs a report no
//! more than one of a thousand.

use farmhand_model::batch::EntryState;
use farmhand_model::dcc::{Decision, Fault};
use farmhand_model::job::TimeSpent;
use farmhand_model::report::{
    ChartPoint, FaultGroup, FrameTimes, JobReport, PluginUse, RetryNote, SlowFrame, Summary,
};
use farmhand_model::view::FrameCounts;
use farmhand_model::{AttemptId, AttemptRecord, AttemptState, FrameSet, JobId, PluginStamp};
use std::collections::{BTreeMap, VecDeque};

/// Points on the charts of all jobs of a report.
const CHART_POINTS: usize = 24_000;
/// A chart with fewer points than this says nothing.
const LEAST_POINTS: usize = 24;
/// Times that are kept to find the median. Where there are more, every second is left out, again and again.
const SAMPLES: usize = 1 << 18;
/// Jobs named by a group of faults.
const FAULT_JOBS: usize = 20;
/// Groups of faults over all jobs.
const ALL_FAULTS: usize = 50;

/// How much a report holds of each job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) slowest: usize,
    pub(crate) points: usize,
    pub(crate) retries: usize,
    pub(crate) faults: usize,
    pub(crate) notes: usize,
    /// Whether commands of jobs that went well are told.
    pub(crate) commands: bool,
}

impl Room {
    /// Where there are this many jobs.
    pub(crate) fn for_jobs(jobs: usize) -> Self {
        let points = (CHART_POINTS / jobs.max(1)).min(480);
        let points = if points < LEAST_POINTS { 0 } else { points };
        match jobs {
            0 | 1 => Self { slowest: 20, points, retries: 50, faults: 50, notes: 100, commands: true },
            2..=100 => Self { slowest: 5, points, retries: 10, faults: 10, notes: 10, commands: true },
            _ => Self { slowest: 3, points, retries: 3, faults: 5, notes: 3, commands: false },
        }
    }
}

/// How long the frames of one job took.
pub(crate) struct TimesTally<'a> {
    layers: &'a [String],
    frames: &'a FrameSet,
    room: Room,
    count: u64,
    total: f64,
    fastest: f64,
    slowest: Vec<SlowFrame>,
    samples: Vec<f32>,
    /// Every how many frames one is a sample.
    stride: u64,
    points: BTreeMap<(u32, u64), ChartPoint>,
}

impl<'a> TimesTally<'a> {
    /// Of a job with these layers and frames.
    pub(crate) fn new(layers: &'a [String], frames: &'a FrameSet, room: Room) -> Self {
        Self {
            layers,
            frames,
            room,
            count: 0,
            total: 0.0,
            fastest: f64::INFINITY,
            slowest: Vec::new(),
            samples: Vec::new(),
            stride: 1,
            points: BTreeMap::new(),
        }
    }

    /// One more frame.
    pub(crate) fn add(&mut self, layer: u32, frame: i32, seconds: f64, attempt: Option<AttemptId>) {
        if !seconds.is_finite() || seconds < 0.0 {
            return;
        }
        if self.count.is_multiple_of(self.stride) {
            self.samples.push(seconds as f32);
            if self.samples.len() == SAMPLES {
                let mut index = 0;
                self.samples.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
        }
        self.count += 1;
        self.total += seconds;
        self.fastest = self.fastest.min(seconds);
        let name = self.layers.get(layer as usize).cloned();
        let place = self.slowest.partition_point(|slow| slow.seconds >= seconds);
        if place < self.room.slowest {
            self.slowest.insert(place, SlowFrame { layer: name.clone(), frame, seconds, attempt });
            self.slowest.truncate(self.room.slowest);
        }
        self.add_point(layer, name, frame, seconds);
    }

    fn add_point(&mut self, layer: u32, name: Option<String>, frame: i32, seconds: f64) {
        if self.room.points == 0 {
            return;
        }
        let points = (self.room.points / self.layers.len().max(1)).max(1) as u64;
        let frames = self.frames.len().max(1);
        let rank = self.frames.rank(frame).saturating_sub(1);
        let bucket = if frames <= points { rank } else { rank * points / frames };
        let point = self.points.entry((layer, bucket)).or_insert(ChartPoint {
            layer: name,
            frame,
            to: frame,
            seconds,
        });
        point.frame = point.frame.min(frame);
        point.to = point.to.max(frame);
        point.seconds = point.seconds.max(seconds);
    }

    /// All of it; nothing where no time is known.
    pub(crate) fn finish(mut self) -> Option<FrameTimes> {
        if self.count == 0 {
            return None;
        }
        self.samples.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| {
            let index = ((self.samples.len() as f64 * share).ceil() as usize).clamp(1, self.samples.len());
            f64::from(self.samples[index - 1])
        };
        // A hundredth of a millisecond is more than any renderer tells.
        let rounded = |seconds: f64| (seconds * 100_000.0).round() / 100_000.0;
        Some(FrameTimes {
            frames: self.count,
            total: rounded(self.total),
            median: rounded(at(0.5)),
            mean: rounded(self.total / self.count as f64),
            fastest: rounded(self.fastest),
            p95: rounded(at(0.95)),
            slowest: self.slowest,
            chart: self.points.into_values().collect(),
        })
    }
}

/// What the attempts of one job come to. They are added newest first.
pub(crate) struct AttemptTally {
    room: Room,
    pub(crate) count: u64,
    pub(crate) retry_count: u64,
    pub(crate) retries: VecDeque<RetryNote>,
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) peak_gpu_memory_bytes: Option<u64>,
    /// Newest first, only the last few: one of them may still have its command.
    pub(crate) newest: Vec<AttemptId>,
    /// Frames that newer attempts took up, by layer and level.
    tried_later: BTreeMap<(Option<String>, u32), FrameSet>,
    faults: FaultTally,
    plugins: PluginTally,
}

impl AttemptTally {
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room,
            count: 0,
            retry_count: 0,
            retries: VecDeque::new(),
            peak_memory_bytes: None,
            peak_gpu_memory_bytes: None,
            newest: Vec::new(),
            tried_later: BTreeMap::new(),
            faults: FaultTally::default(),
            plugins: PluginTally::default(),
        }
    }

    /// One more.
    pub(crate) fn add(&mut self, attempt: &AttemptRecord) {
        self.count += 1;
        if self.newest.len() < 3 {
            self.newest.push(attempt.id);
        }
        if let Some(plugin) = &attempt.plugin {
            self.plugins.add(plugin, 1);
        }
        for fault in &attempt.faults {
            self.faults.add(attempt.job, attempt.id, fault);
        }
        let AttemptState::Ended { outcome, verdict, .. } = &attempt.state else {
            let key = (attempt.layer.clone(), attempt.level);
            self.tried_later.entry(key).or_default().extend(&attempt.frames);
            return;
        };
        // What the host found at its end besides what the reader saw.
        for fault in outcome.faults.iter().filter(|fault| !attempt.faults.contains(fault)) {
            self.faults.add(attempt.job, attempt.id, fault);
        }
        let usage = outcome.usage;
        self.peak_memory_bytes = self.peak_memory_bytes.max(usage.peak_memory_bytes);
        self.peak_gpu_memory_bytes = self.peak_gpu_memory_bytes.max(usage.peak_gpu_memory_bytes);
        // Who said that it is to be tried again may have had no tries left: only what was tried again is told.
        let later = self.tried_later.entry((attempt.layer.clone(), attempt.level)).or_default();
        let frames = outcome.frames_missing.intersection(later);
        later.extend(&attempt.frames);
        let again = matches!(
            verdict.decision,
            Decision::Accept | Decision::Retry { .. } | Decision::QuarantineNode | Decision::HoldJob
        );
        if again && !frames.is_empty() {
            self.retry_count += 1;
            self.retries.push_front(RetryNote {
                attempt: attempt.id,
                layer: attempt.layer.clone(),
                level: attempt.level_name.clone(),
                frames,
                reason: verdict.reason.clone(),
            });
            // The first ones tell how it began.
            self.retries.truncate(self.room.retries);
        }
    }

    /// What went wrong, worst first.
    pub(crate) fn faults(&self) -> Vec<FaultGroup> {
        self.faults.groups(self.room.faults)
    }

    /// Who decided.
    pub(crate) fn plugins(&self) -> Vec<PluginUse> {
        self.plugins.uses()
    }
}

/// Faults that say the same but for their numbers are one group.
#[derive(Default)]
struct FaultTally {
    groups: BTreeMap<(String, String), FaultGroup>,
}

impl FaultTally {
    /// Groups that are kept apart while they are counted; a log that never says the same twice must not fill memory.
    const MOST: usize = 1000;

    fn add(&mut self, job: JobId, attempt: AttemptId, fault: &Fault) {
        let frames = fault.frame.into_iter().collect();
        self.merge(FaultGroup {
            cause: fault.cause,
            severity: fault.severity,
            message: fault.message.clone(),
            count: 1,
            frames,
            jobs: vec![job],
            attempt,
        });
    }

    fn merge(&mut self, more: FaultGroup) {
        let key = (more.cause.to_string(), without_numbers(&more.message));
        if self.groups.len() >= Self::MOST && !self.groups.contains_key(&key) {
            return;
        }
        match self.groups.entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(more);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let group = entry.get_mut();
                group.count += more.count;
                group.severity = group.severity.max(more.severity);
                group.frames.extend(&more.frames);
                for job in more.jobs {
                    if group.jobs.len() < FAULT_JOBS && !group.jobs.contains(&job) {
                        group.jobs.push(job);
                    }
                }
                if more.attempt < group.attempt {
                    group.attempt = more.attempt;
                    group.message = more.message;
                }
            }
        }
    }

    fn groups(&self, most: usize) -> Vec<FaultGroup> {
        let mut groups: Vec<FaultGroup> = self.groups.values().cloned().collect();
        groups.sort_by(|a, b| {
            (b.severity, b.count).cmp(&(a.severity, a.count)).then(a.attempt.cmp(&b.attempt))
        });
        groups.truncate(most);
        groups
    }
}

/// `frame 12 of shot 3` and `frame 7 of shot 3` are one complaint.
fn without_numbers(message: &str) -> String {
    let mut text = String::new();
    for c in message.chars().take(400) {
        match c {
            '0'..='9' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            other => text.push(other),
        }
    }
    text
}

#[derive(Default)]
struct PluginTally {
    uses: Vec<PluginUse>,
}

impl PluginTally {
    /// Versions that are told apart: each is one that somebody saved.
    const MOST: usize = 50;

    fn add(&mut self, plugin: &PluginStamp, attempts: u64) {
        let is_full = self.uses.len() >= Self::MOST;
        match self.uses.iter_mut().find(|known| known.plugin.digest == plugin.digest) {
            Some(known) => known.attempts += attempts,
            None if is_full => {}
            None => self.uses.push(PluginUse { plugin: plugin.clone(), attempts }),
        }
    }

    fn uses(&self) -> Vec<PluginUse> {
        let mut uses = self.uses.clone();
        uses.sort_by(|a, b| b.attempts.cmp(&a.attempts).then_with(|| a.plugin.digest.cmp(&b.plugin.digest)));
        uses
    }
}

/// The jobs of a report added up. Where it began and ended is the caller's to say.
pub(crate) fn summed(jobs: &[JobReport]) -> (Summary, Vec<FaultGroup>, Vec<PluginUse>) {
    let mut summary = Summary::default();
    let (mut faults, mut plugins) = (FaultTally::default(), PluginTally::default());
    for job in jobs {
        summary.jobs.add(job.state);
        add_counts(&mut summary.frames, &job.frames);
        summary.time += job.time;
        summary.attempts += job.attempts;
        summary.retries += job.retry_count;
        summary.fallbacks += job.fallbacks.len() as u64;
        summary.peak_memory_bytes = summary.peak_memory_bytes.max(job.peak_memory_bytes);
        summary.peak_gpu_memory_bytes = summary.peak_gpu_memory_bytes.max(job.peak_gpu_memory_bytes);
        if let Some(times) = &job.times {
            summary.render_seconds = Some(summary.render_seconds.unwrap_or(0.0) + times.total);
        }
        job.faults.iter().for_each(|group| faults.merge(group.clone()));
        job.plugins.iter().for_each(|used| plugins.add(&used.plugin, used.attempts));
    }
    // Time that jobs waited side by side is nobody's.
    if jobs.len() > 1 {
        summary.time = TimeSpent { waiting: 0.0, ..summary.time };
    }
    (summary, faults.groups(ALL_FAULTS), plugins.uses())
}

fn add_counts(all: &mut FrameCounts, more: &FrameCounts) {
    all.total += more.total;
    all.pending += more.pending;
    all.running += more.running;
    all.done += more.done;
    all.skipped += more.skipped;
    all.failed += more.failed;
}

/// Why a job failed, where its record does not say: the worst of what went wrong.
pub(crate) fn error_of(
    failure: Option<&str>,
    mark: EntryState,
    frames: &FrameCounts,
    faults: &[FaultGroup],
) -> Option<String> {
    if let Some(failure) = failure {
        return Some(failure.to_owned());
    }
    let first = faults.first();
    match mark {
        EntryState::Failed => Some(match first {
            Some(group) => group.message.clone(),
            None => format!("{} of {} frames failed", frames.failed, frames.total),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::{Cause, Severity};

    fn room() -> Room {
        Room { slowest: 2, points: 4, ..Room::for_jobs(1) }
    }

    #[test]
    fn times_are_added_up_with_the_slowest_and_the_median() {
        let frames: FrameSet = "1-8".parse().unwrap();
        let mut tally = TimesTally::new(&[], &frames, room());
        for (frame, seconds) in [(1, 1.0), (2, 2.0), (3, 9.0), (4, 2.0), (5, 3.0), (6, f64::NAN)] {
            tally.add(0, frame, seconds, Some(AttemptId(frame as u64)));
        }
        let times = tally.finish().unwrap();
        assert_eq!((times.frames, times.total, times.median, times.fastest), (5, 17.0, 2.0, 1.0));
        assert_eq!((times.mean, times.p95), (3.4, 9.0));
        let slowest: Vec<_> = times.slowest.iter().map(|slow| (slow.frame, slow.seconds)).collect();
        assert_eq!(slowest, [(3, 9.0), (5, 3.0)]);
        // Eight frames on four points: two frames each, with the slower one.
        let chart: Vec<_> = times.chart.iter().map(|point| (point.frame, point.to, point.seconds)).collect();
        assert_eq!(chart, [(1, 2, 2.0), (3, 4, 9.0), (5, 5, 3.0)]);
        assert!(TimesTally::new(&[], &frames, room()).finish().is_none());
    }

    #[test]
    fn very_many_frames_cost_no_more_memory() {
        let frames = FrameSet::range(1, 1_000_000);
        let mut tally = TimesTally::new(&[], &frames, room());
        for frame in 1..=1_000_000 {
            tally.add(0, frame, f64::from(frame), None);
        }
        assert!(tally.samples.capacity() <= 2 * SAMPLES && tally.points.len() == 4);
        let times = tally.finish().unwrap();
        assert!((times.median / 500_000.0 - 1.0).abs() < 0.001, "{}", times.median);
        assert_eq!(times.slowest[0].frame, 1_000_000);
    }

    #[test]
    fn faults_that_say_the_same_are_one_group() {
        let mut tally = FaultTally::default();
        let fault = |cause, severity, message: &str, frame| Fault {
            cause,
            severity,
            message: message.to_owned(),
            frame,
            about: None,
        };
        use Severity::{FrameFatal, Transient};
        tally.add(JobId(1), AttemptId(5), &fault(Cause::Memory, Transient, "frame 12 needs 3 GB", Some(12)));
        tally.add(JobId(2), AttemptId(3), &fault(Cause::Memory, FrameFatal, "frame 7 needs 14 GB", Some(7)));
        tally.add(JobId(1), AttemptId(4), &fault(Cause::Disk, Transient, "frame 7 needs 14 GB", None));
        let groups = tally.groups(9);
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].count, groups[0].severity, groups[0].attempt), (2, FrameFatal, AttemptId(3)));
        assert_eq!(
            (groups[0].message.as_str(), groups[0].frames.to_string()),
            ("frame 7 needs 14 GB", "7,12".into())
        );
        assert_eq!(groups[0].jobs, [JobId(1), JobId(2)]);
        assert_eq!(tally.groups(1).len(), 1);
    }

    #[test]
    fn only_what_was_tried_again_at_its_level_is_a_retry() {
        // Newest first: the last try had none after it, and the one before the fallback was not followed at its level.
        let ended = |id: u64, level: u32, frames: &str, missing: &str| -> AttemptRecord {
            serde_json::from_value(serde_json::json!({
                "id": id, "job": 3, "layer": null, "frames": frames, "level": level, "level_name": format!("l{level}"),
                "try_number": 1, "threads": 1, "plugin": null, "started": "2026-11-01T10:00:00Z", "frames_done": "",
                "faults": [], "facts": [], "state": "ended", "at": "2026-11-01T10:00:01Z",
                "outcome": {
                    "exit_code": 1, "signal": null, "ended_by": "itself", "seconds": 1.0, "frames_done": "",
                    "frames_missing": missing, "faults": [], "facts": [], "usage": {},
                },
                "verdict": {"decision": {"kind": "accept"}, "reason": format!("reason {id}")},
                "consequence": "",
            }))
            .unwrap()
        };
        let mut tally = AttemptTally::new(room());
        for attempt in [
            ended(7, 1, "2", "2"),
            ended(6, 1, "2", "2"),
            ended(5, 0, "2", "2"),
            ended(3, 0, "1-6", "2-6"),
            ended(2, 0, "7-9", ""),
        ] {
            tally.add(&attempt);
        }
        let told: Vec<_> =
            tally.retries.iter().map(|retry| (retry.attempt.0, retry.frames.to_string())).collect();
        assert_eq!(told, [(3, "2".to_owned()), (6, "2".to_owned())]);
        assert_eq!((tally.retry_count, tally.count), (2, 5));
    }

    #[test]
    fn the_more_jobs_the_less_of_each() {
        assert_eq!(Room::for_jobs(1).points, 480);
        assert_eq!(Room::for_jobs(500).points, 48);
        assert_eq!(Room::for_jobs(2000).points, 0);
        assert!(!Room::for_jobs(2000).commands && Room::for_jobs(100).commands);
    }
}
