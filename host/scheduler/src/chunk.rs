//! How many frames one process gets.
//!
//! A start costs (the scene loads again), and a chunk that is too long leaves a slot idle at the end. So a first,
//! short chunk learns what a start and a frame cost; then a chunk is long enough that its start is a small share of
//! it and near its target time; and near the end the frames left are cut so that all slots finish together, where
//! that is worth another start.

use crate::policy::Policy;
use farmhand_model::Chunking;
use farmhand_model::job::JobCosts;

/// What decides a chunk's size.
pub(crate) struct Sizing<'a> {
    pub(crate) chunking: Chunking,
    pub(crate) costs: JobCosts,
    /// Frames of the job that wait.
    pub(crate) left: u64,
    /// Those of them that this chunk may take: the rest is of another layer, or of other tries.
    pub(crate) available: u64,
    /// For each other slot that the job may use, in how many seconds it is free; ascending.
    pub(crate) others: &'a [f64],
    /// How many of those slots render this job now.
    pub(crate) own: u64,
    /// Tries spent on these frames.
    pub(crate) tries: u32,
    /// Seconds that the attempt may take; 0 means no limit.
    pub(crate) attempt_seconds: u32,
}

/// How many frames to give out; at least 1 and at most those available.
pub(crate) fn chunk_size(sizing: &Sizing<'_>, policy: &Policy) -> u64 {
    let size = match sizing.chunking {
        Chunking::Whole => sizing.available,
        Chunking::Fixed(n) => u64::from(n),
        Chunking::Auto => {
            let size = match sizing.costs.frame_seconds {
                Some(frame) => {
                    learned(sizing, policy, frame.max(1e-6), sizing.costs.start_seconds.unwrap_or(0.0))
                }
                None => probe(sizing, policy),
            };
            // One frame may spoil its chunk time and again: with each try fewer frames share its fate.
            size.div_ceil(1 << sizing.tries.min(16))
        }
    };
    size.clamp(1, sizing.available.max(1))
}

/// Nothing is known: a short chunk, or fair shares where two probes would use up a share.
fn probe(sizing: &Sizing<'_>, policy: &Policy) -> u64 {
    let probe = u64::from(policy.probe_frames.max(1));
    let lanes = (sizing.others.len() as u64 + 1).saturating_sub(sizing.own).max(1);
    let share = sizing.left.div_ceil(lanes);
    if share < 2 * probe { share } else { probe }
}

fn learned(sizing: &Sizing<'_>, policy: &Policy, frame: f64, start: f64) -> u64 {
    let share = fair_share(sizing.left, frame, start, sizing.others);
    let cheap_start = start * (1.0 - policy.start_share) / (policy.start_share.max(0.001) * frame);
    let near_target = f64::from(policy.target_chunk_seconds) / frame;
    let wanted = cheap_start.max(near_target).max(1.0);
    let pieces = (share / wanted).round().max(1.0);
    let mut size = (share / pieces).round().max(1.0);
    if sizing.attempt_seconds > 0 {
        // A fifth is kept free, since frames differ.
        let room = 0.8 * f64::from(sizing.attempt_seconds) - start;
        size = size.min((room / frame).floor().max(1.0));
    }
    let size = size as u64;
    // A layer's last few frames are not worth a start of their own.
    let tail = sizing.available.saturating_sub(size);
    if sizing.attempt_seconds == 0 && sizing.available < sizing.left && tail < size / 2 {
        sizing.available
    } else {
        size
    }
}

/// Frames for a slot that is free now, such that it and the others, free in `others` seconds, finish together. A
/// slot that would work no longer than it needs to start, or for less than a frame, is left out.
fn fair_share(left: u64, frame: f64, start: f64, others: &[f64]) -> f64 {
    let work = left as f64 * frame;
    let end = common_end(work, frame, start, others);
    ((end - start) / frame).round().clamp(1.0, left as f64)
}

/// When all is done, in seconds from now, if this slot starts now and the others as they become free.
fn common_end(work: f64, frame: f64, start: f64, others: &[f64]) -> f64 {
    let mut lanes = others.len();
    loop {
        let others = &others[..lanes];
        let end = (work + start + others.iter().map(|free| free + start).sum::<f64>()) / (lanes as f64 + 1.0);
        match others.last() {
            Some(latest) if end - latest - start < start.max(frame) => lanes -= 1,
            _ => return end,
        }
    }
}

/// When a job is done, in seconds from now: `left` frames over slots that are free in so many seconds each, of which
/// there is at least one.
pub(crate) fn time_left(left: u64, frame: f64, start: f64, slots: &[f64]) -> f64 {
    match slots.split_first() {
        None => 0.0,
        Some((first, others)) => {
            let others: Vec<f64> = others.iter().map(|free| free - first).collect();
            first + common_end(left as f64 * frame, frame.max(1e-6), start, &others)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(start: f64, frame: f64) -> JobCosts {
        JobCosts {
            start_seconds: Some(start),
            frame_seconds: Some(frame),
            frames_seen: 4,
            ..JobCosts::default()
        }
    }

    fn sizing(left: u64, costs: JobCosts, others: &[f64], own: u64) -> Sizing<'_> {
        Sizing {
            chunking: Chunking::Auto,
            costs,
            left,
            available: left,
            others,
            own,
            tries: 0,
            attempt_seconds: 0,
        }
    }

    fn check(left: u64, costs: JobCosts, others: &[f64], own: u64, expect: u64) {
        assert_eq!(chunk_size(&sizing(left, costs, others, own), &Policy::default()), expect);
    }

    #[test]
    fn unknown_costs_are_probed_or_shared() {
        let unknown = JobCosts::default();
        check(48, unknown, &[0.0], 0, 4);
        check(44, unknown, &[1.0], 1, 4);
        check(8, unknown, &[0.0], 0, 4);
        check(4, unknown, &[1.0], 1, 4);
        check(5, unknown, &[0.0], 0, 3);
        check(2, unknown, &[1.0], 1, 2);
        check(1, unknown, &[0.0, 0.0, 0.0], 0, 1);
        check(100, unknown, &[], 0, 4);
    }

    #[test]
    fn the_demo_takes_four_starts_and_ends_together() {
        // 48 frames of 1.2 s on two slots, 1.4 s a start: after probes of 4 and 4 the rest is halved.
        check(40, costs(1.4, 1.2), &[0.3], 1, 20);
        check(20, costs(1.4, 1.2), &[25.0], 1, 20);
    }

    #[test]
    fn long_jobs_get_chunks_near_the_target_with_cheap_starts() {
        check(100_000, costs(1.0, 1.0), &[0.0], 0, 299);
        // 19 starts' worth of frames where starts are dear: 60 s start, 1 s frames.
        check(100_000, costs(60.0, 1.0), &[0.0], 0, 1136);
        check(100_000, costs(1.0, 600.0), &[0.0], 0, 1);
        // Slightly more than a chunk is one chunk, not one and a tail.
        check(330, costs(1.0, 1.0), &[], 0, 330);
        check(500, costs(1.0, 1.0), &[], 0, 250);
    }

    #[test]
    fn a_slot_that_would_only_start_is_left_out() {
        check(10, costs(60.0, 1.0), &[0.0], 0, 10);
        check(3, costs(5.0, 1.0), &[0.0], 0, 3);
        check(4, costs(0.0, 10.0), &[0.0], 0, 2);
        check(4, costs(0.0, 10.0), &[0.0, 0.0, 0.0], 0, 1);
        // The other slot is busy for longer than all of this takes.
        check(10, costs(1.0, 1.0), &[1000.0], 0, 10);
    }

    #[test]
    fn limits_and_tries_make_chunks_shorter() {
        let policy = Policy::default();
        let mut limited = sizing(1000, costs(10.0, 1.0), &[], 0);
        limited.attempt_seconds = 100;
        assert_eq!(chunk_size(&limited, &policy), 70);
        let mut tried = sizing(20, costs(1.0, 1.0), &[], 0);
        tried.tries = 2;
        assert_eq!(chunk_size(&tried, &policy), 5);
        for (chunking, expect) in [(Chunking::Fixed(7), 7), (Chunking::Fixed(70), 20), (Chunking::Whole, 20)]
        {
            tried.chunking = chunking;
            assert_eq!(chunk_size(&tried, &policy), expect);
        }
    }

    #[test]
    fn the_time_left_is_that_of_all_slots() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} is not {b}");
        near(time_left(10, 1.0, 0.0, &[0.0]), 10.0);
        near(time_left(10, 1.0, 0.0, &[0.0, 0.0]), 5.0);
        near(time_left(10, 1.0, 1.0, &[2.0, 2.0]), 8.0);
        near(time_left(0, 1.0, 0.0, &[3.0]), 3.0);
    }
}
