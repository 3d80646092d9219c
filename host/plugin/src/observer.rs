//! What calls of plugins cost and came to, for whoever wants to know: metrics, tests of plugins, and the watch over
//! versions that fail.

use crate::error::PluginErrorKind;
use farmhand_model::PluginStamp;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// One call of a plugin, over.
#[derive(Debug)]
pub struct CallReport<'a> {
    /// Which version.
    pub stamp: &'a PluginStamp,
    /// The function of the contract.
    pub function: &'static str,
    /// Making the instance; absent in a reader that was there before.
    pub instantiate: Option<Duration>,
    /// The call itself. Waiting for a turn is in neither.
    pub run: Duration,
    /// Linear memory of the instance, in bytes, after the call. It never shrinks, so this is the most that it held.
    pub memory: usize,
    /// Lines logged or printed, those included that were not kept.
    pub log_lines: u64,
    /// What went wrong.
    pub error: Option<&'a PluginErrorKind>,
}

/// Told of calls. Called on the path of every call: be quick.
pub trait CallObserver: std::fmt::Debug + Send + Sync {
    /// A call is over.
    fn called(&self, report: &CallReport<'_>);
}

/// Bounds how many lines of one plugin reach the daemon's own log, so that a chatty one cannot fill a disk.
#[derive(Debug)]
pub(crate) struct LogRate {
    per_second: f64,
    state: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
    withheld: u64,
}

/// What a batch of lines may do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// So many lines, the newest, may pass.
    pub(crate) lines: usize,
    /// So many were withheld before and are told of now.
    pub(crate) withheld_before: u64,
}

impl LogRate {
    pub(crate) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        let bucket = Bucket { tokens: per_second, filled: Instant::now(), withheld: 0 };
        Self { per_second, state: Mutex::new(bucket) }
    }

    /// Takes lines in at this time.
    pub(crate) fn admit(&self, lines: usize, now: Instant) -> Admitted {
        let mut bucket = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.saturating_duration_since(bucket.filled).as_secs_f64();
        // At most one second's worth is saved up.
        bucket.tokens = (bucket.tokens + elapsed * self.per_second).min(self.per_second);
        bucket.filled = now;
        let passing = lines.min(bucket.tokens as usize);
        bucket.tokens -= passing as f64;
        let withheld_before = match passing {
            0 => 0,
            _ => std::mem::take(&mut bucket.withheld),
        };
        bucket.withheld += (lines - passing) as u64;
        Admitted { lines: passing, withheld_before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_passes_at_the_rate_and_what_is_withheld_is_told() {
        let rate = LogRate::new(10);
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let admitted = |lines, withheld_before| Admitted { lines, withheld_before };
        assert_eq!(rate.admit(4, at(0)), admitted(4, 0));
        assert_eq!(rate.admit(100, at(0)), admitted(6, 0));
        assert_eq!(rate.admit(5, at(0)), admitted(0, 0));
        assert_eq!(rate.admit(5, at(200)), admitted(2, 99));
        assert_eq!(rate.admit(1, at(10_000)), admitted(1, 3));
        assert_eq!(rate.admit(100, at(10_000)), admitted(9, 0));
    }
}
