//! How old what must be before it goes.

use super::report::{CleanupKind, CleanupRequest};
use farmhand_model::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is removed without being asked, in days; 0 means never, and so does the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanupPolicy {
    /// Ended jobs.
    pub history_days: u32,
    /// Logs and scripts of ended attempts.
    pub logs_days: u32,
    /// What renders left beside scenes and images.
    pub scripts_days: u32,
}

/// For each kind the time before which something must have been changed last to go; a kind without one stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutoffs {
    times: [Option<Timestamp>; CleanupKind::ALL.len()],
}

impl Cutoffs {
    /// Those that a request asks for, and where it says nothing of time, those of the policy.
    #[must_use]
    pub fn new(request: &CleanupRequest, policy: CleanupPolicy, now: Timestamp) -> Self {
        let by_policy = |kind| {
            let days = match kind {
                CleanupKind::Scripts | CleanupKind::Scenes | CleanupKind::Staging => policy.scripts_days,
                CleanupKind::Logs => policy.logs_days,
                CleanupKind::History => policy.history_days,
            };
            (days > 0).then(|| now.plus_millis(-i64::from(days) * DAY_MS))
        };
        let times = CleanupKind::ALL.map(|kind| {
            if !request.only.is_empty() && !request.only.contains(&kind) {
                return None;
            }
            match request.older_than_seconds {
                Some(seconds) => {
                    let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
                    Some(Timestamp(now.0.saturating_sub(millis)))
                }
                None => by_policy(kind),
            }
        });
        Self { times }
    }

    /// That of a kind.
    #[must_use]
    pub fn of(&self, kind: CleanupKind) -> Option<Timestamp> {
        self.times[kind as usize]
    }
}

/// As file systems say it; times before 1970 are 1970.
pub(super) fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}
