//! What frames and starts cost, learned from what attempts report.

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

/// Plugins tell durations: what is no number, or more than a year, is not believed.
fn is_sane(seconds: f64) -> bool {
    (0.0..3.2e7).contains(&seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

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
