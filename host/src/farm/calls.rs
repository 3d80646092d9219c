//! What calls of plugins cost and came to: counted for the metrics, and the last of them kept for the page.

use farmhand_model::plugin_detail::{CallFailure, CallFigures};
use farmhand_model::{PluginStamp, Timestamp};
use farmhand_plugin::{CallObserver, CallReport};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Calls of one function that its times are told of.
const LAST: usize = 512;
/// A traceback is a page; more than this of a message is of no use to anybody.
const MESSAGE: usize = 16 << 10;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    plugin: String,
    function: &'static str,
}

/// Counts every call that decides something for a job.
#[derive(Debug, Default)]
pub(crate) struct PluginCalls {
    calls: Family<CallLabels, Counter>,
    failures: Family<CallLabels, Counter>,
    seconds: Family<CallLabels, Counter<f64, AtomicU64>>,
    /// By plugin, then by function.
    figures: Mutex<BTreeMap<String, BTreeMap<&'static str, Figures>>>,
}

/// Calls of one function of one plugin.
#[derive(Debug, Default)]
struct Figures {
    calls: u64,
    failures: u64,
    /// The newest last.
    last: VecDeque<Duration>,
    peak_memory_bytes: u64,
    last_failure: Option<CallFailure>,
}

impl Figures {
    fn add(&mut self, took: Duration, memory: usize) {
        self.calls += 1;
        self.peak_memory_bytes = self.peak_memory_bytes.max(memory as u64);
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(took);
    }

    fn view(&self, function: &str) -> CallFigures {
        let mut sorted: Vec<Duration> = self.last.iter().copied().collect();
        sorted.sort_unstable();
        // The smallest that so many of a hundred do not exceed.
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(rank).map_or(0.0, Duration::as_secs_f64)
        };
        CallFigures {
            function: function.to_owned(),
            calls: self.calls,
            failures: self.failures,
            median_seconds: percentile(50),
            p99_seconds: percentile(99),
            of_last: sorted.len() as u32,
            peak_memory_bytes: self.peak_memory_bytes,
            last_failure: self.last_failure.clone(),
        }
    }
}

fn failure(stamp: &PluginStamp, message: &str) -> CallFailure {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    CallFailure {
        at: Timestamp(i64::try_from(now.as_millis()).unwrap_or(i64::MAX)),
        digest: stamp.digest.clone(),
        version: stamp.version.clone(),
        message: message.chars().take(MESSAGE).collect(),
    }
}

impl PluginCalls {
    /// What a plugin's calls came to since the daemon started, by function.
    pub(super) fn of(&self, plugin: &str) -> Vec<CallFigures> {
        let figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let own = figures.get(plugin).into_iter().flatten();
        own.map(|(function, figures)| figures.view(function)).collect()
    }

    /// Shows the counters among the metrics.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("plugin_calls", "Calls of plugins, by function", self.calls.clone());
        registry.register("plugin_failures", "Those of them that failed", self.failures.clone());
        registry.register_with_unit(
            "plugin_call",
            "Time that calls of plugins took, making their instances included",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }
}

impl CallObserver for PluginCalls {
    fn called(&self, report: &CallReport<'_>) {
        let labels = CallLabels { plugin: report.stamp.name.clone(), function: report.function };
        let took = report.instantiate.unwrap_or_default() + report.run;
        self.calls.get_or_create(&labels).inc();
        if report.error.is_some() {
            self.failures.get_or_create(&labels).inc();
        }
        self.seconds.get_or_create(&labels).inc_by(took.as_secs_f64());
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let own = figures.entry(labels.plugin).or_default().entry(report.function).or_default();
        own.add(took, report.memory);
        if let Some(error) = report.error {
            own.failures += 1;
            own.last_failure = Some(failure(report.stamp, &error.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::Digest;
    use farmhand_plugin::PluginErrorKind;

    fn stamp() -> PluginStamp {
        PluginStamp {
            name: "look".into(),
            version: "1.2.0".into(),
            digest: Digest("ab".into()),
            generation: 3,
        }
    }

    fn call(calls: &PluginCalls, function: &'static str, millis: u64, error: Option<&PluginErrorKind>) {
        calls.called(&CallReport {
            stamp: &stamp(),
            function,
            instantiate: Some(Duration::from_millis(1)),
            run: Duration::from_millis(millis - 1),
            memory: millis as usize,
            log_lines: 0,
            error,
        });
    }

    #[test]
    fn the_times_are_those_of_the_last_calls() {
        let calls = PluginCalls::default();
        for millis in 1..=100 {
            call(&calls, "judge", millis, None);
        }
        let figures = |calls: &PluginCalls| calls.of("look").into_iter().next().unwrap();
        let seen = figures(&calls);
        assert_eq!((seen.function.as_str(), seen.calls, seen.failures), ("judge", 100, 0));
        assert_eq!((seen.median_seconds, seen.p99_seconds, seen.of_last), (0.05, 0.099, 100));
        assert_eq!(seen.peak_memory_bytes, 100);
        for _ in 0..LAST {
            call(&calls, "judge", 7, None);
        }
        let seen = figures(&calls);
        assert_eq!((seen.median_seconds, seen.p99_seconds, seen.of_last), (0.007, 0.007, LAST as u32));
        assert_eq!((seen.calls, seen.peak_memory_bytes), (100 + LAST as u64, 100));
        assert!(calls.of("other").is_empty());
    }

    #[test]
    fn the_last_failure_is_kept_with_its_text() {
        let calls = PluginCalls::default();
        let error = PluginErrorKind::Foreign { message: "no component".into() };
        call(&calls, "validate", 2, Some(&error));
        call(&calls, "validate", 2, None);
        let seen = &calls.of("look")[0];
        assert_eq!((seen.calls, seen.failures), (2, 1));
        let last = seen.last_failure.as_ref().unwrap();
        assert_eq!((last.version.as_str(), &last.message), ("1.2.0", &error.to_string()));
    }
}
