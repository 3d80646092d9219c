//! What calls of plugins cost and came to, counted for the metrics.

use farmhand_plugin::{CallObserver, CallReport};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

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
}

impl PluginCalls {
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
    }
}
