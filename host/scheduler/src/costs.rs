//! What frames and starts cost and what attempts take, learned from what is reported of them.

use crate::attempt::Live;
use crate::job::Job;
use farmhand_model::Usage;
use farmhand_model::dcc::Fact;
use farmhand_model::job::JobCosts;

/// So many frames weigh as much as all before them: costs drift over a shot.
const MEMORY: u32 = 64;

/// A frame took this long.
pub(crate) fn learn_frame(costs: &mut JobCosts, seconds: f64, frames: u32) {
    if !is_sane(seconds) || frames == 0 {
        return;
    }
    let seen = costs.frames_seen.min(MEMORY);
    let mean = costs.frame_seconds.unwrap_or(seconds);
    let weight = f64::from(frames.min(MEMORY)) / f64::from(seen + frames.min(MEMORY));
    costs.frame_seconds = Some(mean + (seconds - mean) * weight);
    costs.frames_seen = costs.frames_seen.saturating_add(frames);
}

/// From the process's start to its first frame it took this long.
pub(crate) fn learn_start(costs: &mut JobCosts, seconds: f64) {
    if is_sane(seconds) {
        let mean = costs.start_seconds.unwrap_or(seconds);
        costs.start_seconds = Some(mean + (seconds - mean) / 3.0);
    }
}

/// What an attempt that rendered has taken at the most: the next ones are given what the job really needs.
pub(crate) fn learn_peaks(costs: &mut JobCosts, usage: &Usage) {
    let higher = |known: Option<u64>, seen: Option<u64>| known.max(seen.filter(|bytes| *bytes > 0));
    costs.peak_memory_bytes = higher(costs.peak_memory_bytes, usage.peak_memory_bytes);
    costs.peak_gpu_memory_bytes = higher(costs.peak_gpu_memory_bytes, usage.peak_gpu_memory_bytes);
}

/// An attempt that had GPUs which its job does not insist on, and rendered without them: the next ones leave them to
/// others. Answers whether that is new.
pub(crate) fn learn_device(job: &mut Job, live: &Live) -> bool {
    let record = &live.record;
    let insists = job.spec.gpu_need(&record.level_name).is_some_and(|need| need.required);
    let leaves =
        live.rendered && !insists && !record.lease.gpus.is_empty() && record.facts.iter().any(Fact::says_cpu);
    let is_new = leaves && !job.costs.leaves_gpus;
    if is_new {
        job.costs.leaves_gpus = true;
        job.dirty = true;
    }
    is_new
}

/// Plugins tell durations: what is no number, or more than a year, is not believed.
fn is_sane(seconds: f64) -> bool {
    (0.0..3.2e7).contains(&seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_peaks_stay() {
        let mut costs = JobCosts::default();
        let mut check = |memory, gpu, expect: (Option<u64>, Option<u64>)| {
            let usage = Usage { peak_memory_bytes: memory, peak_gpu_memory_bytes: gpu, ..Usage::default() };
            learn_peaks(&mut costs, &usage);
            assert_eq!((costs.peak_memory_bytes, costs.peak_gpu_memory_bytes), expect);
        };
        check(None, Some(0), (None, None));
        check(Some(5), None, (Some(5), None));
        check(Some(9), Some(3), (Some(9), Some(3)));
        check(Some(7), None, (Some(9), Some(3)));
    }

    #[test]
    fn means_run_and_follow_drift() {
        let mut costs = JobCosts::default();
        learn_frame(&mut costs, f64::NAN, 1);
        learn_frame(&mut costs, -1.0, 1);
        assert_eq!(costs, JobCosts::default());
        learn_frame(&mut costs, 2.0, 1);
        learn_frame(&mut costs, 4.0, 1);
        assert_eq!((costs.frame_seconds, costs.frames_seen), (Some(3.0), 2));
        for _ in 0..1000 {
            learn_frame(&mut costs, 10.0, 1);
        }
        assert!(costs.frame_seconds.unwrap() > 9.9);
        learn_start(&mut costs, 6.0);
        learn_start(&mut costs, 9.0);
        assert_eq!(costs.start_seconds, Some(7.0));
    }
}
