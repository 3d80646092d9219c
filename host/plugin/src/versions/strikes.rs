//! The watch over a version that serves: calls in a row that broke off, timed out or wanted too much memory.
//!
//! It counts and tells; what follows is decided elsewhere. A call that comes to an end of any other kind, an error of
//! the plugin's own included, ends the row.

use crate::error::PluginErrorKind;
use crate::observer::{CallObserver, CallReport};
use farmhand_model::Digest;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::mpsc::UnboundedSender;

/// A version has failed as often in a row as it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) name: String,
    pub(crate) digest: Digest,
    /// What failed, as a sentence.
    pub(crate) reason: String,
}

/// The count of one version in one stay in its slot.
#[derive(Debug)]
pub(crate) struct Strikes {
    limit: u32,
    row: AtomicU32,
    tell: UnboundedSender<Strike>,
}

impl Strikes {
    pub(crate) fn new(limit: u32, tell: UnboundedSender<Strike>) -> Self {
        Self { limit, row: AtomicU32::new(0), tell }
    }
}

/// What a call says about the version.
enum Sign {
    Works,
    Fails,
    Nothing,
}

fn sign(error: Option<&PluginErrorKind>) -> Sign {
    match error {
        Some(
            PluginErrorKind::Trap { .. }
            | PluginErrorKind::Timeout { .. }
            | PluginErrorKind::Memory { .. }
            | PluginErrorKind::TooMuchData { .. },
        ) => Sign::Fails,
        // These are the host's, or the echo of what has been counted.
        Some(PluginErrorKind::Host { .. } | PluginErrorKind::ReaderGone) => Sign::Nothing,
        _ => Sign::Works,
    }
}

impl CallObserver for Strikes {
    fn called(&self, report: &CallReport<'_>) {
        match sign(report.error) {
            Sign::Nothing => {}
            Sign::Works => {
                if self.row.load(Ordering::Relaxed) != 0 {
                    self.row.store(0, Ordering::Relaxed);
                }
            }
            Sign::Fails => {
                // Told once a row: at the limit, and not after it.
                if self.row.fetch_add(1, Ordering::Relaxed) + 1 == self.limit
                    && let Some(error) = report.error
                {
                    let calls = match self.limit {
                        1 => "a call".to_owned(),
                        calls => format!("{calls} calls in a row"),
                    };
                    let reason = format!("{calls} failed, at last {}: it {error}", report.function);
                    let (name, digest) = (report.stamp.name.clone(), report.stamp.digest.clone());
                    // Nobody listens while the host is going down.
                    let _ = self.tell.send(Strike { name, digest, reason });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::PluginStamp;
    use std::time::Duration;
    use tokio::sync::mpsc::unbounded_channel;

    #[test]
    fn only_failures_in_a_row_count_and_a_row_is_told_once() {
        let trap = PluginErrorKind::Trap { what: "panicked".into(), frames: Vec::new() };
        let slow = PluginErrorKind::Timeout { limit: Duration::from_secs(2), waiting: false };
        let own = PluginErrorKind::Guest { message: "no".into(), traceback: None };
        let gone = PluginErrorKind::ReaderGone;
        let (t, s, o, g, k) = (Some(&trap), Some(&slow), Some(&own), Some(&gone), None);
        let stamp = PluginStamp {
            name: "mine".into(),
            version: "1.0.0".into(),
            digest: Digest("d".into()),
            generation: 1,
        };
        for (calls, expect) in [
            (vec![t, t], 0),
            (vec![t, s, t], 1),
            (vec![t, t, k, t, t], 0),
            (vec![t, t, o, t, t], 0),
            (vec![t, g, g, t, g, t], 1),
            (vec![t, t, t, t, t, t], 1),
            (vec![t, t, t, k, t, t, t], 2),
        ] {
            let (tell, mut told) = unbounded_channel();
            let strikes = Strikes::new(3, tell);
            for error in calls {
                let zero = Duration::ZERO;
                strikes.called(&CallReport {
                    stamp: &stamp,
                    function: "judge",
                    instantiate: None,
                    run: zero,
                    memory: 0,
                    log_lines: 0,
                    error,
                });
            }
            let mut count = 0;
            while let Ok(strike) = told.try_recv() {
                assert!(
                    strike.reason.starts_with("3 calls in a row failed, at last judge: it "),
                    "{strike:?}"
                );
                count += 1;
            }
            assert_eq!(count, expect);
        }
    }
}
