//! The node's GPUs, one by one.

use farmhand_model::GpuStanding;
use farmhand_model::view::GpuView;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GpuLabels {
    gpu: u32,
    uuid: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StandingLabels {
    gpu: u32,
    uuid: String,
    standing: &'static str,
}

/// What is shown of each GPU. A figure that it does not tell is left out.
#[derive(Default)]
pub(super) struct GpuGauges {
    memory: Family<GpuLabels, Gauge>,
    memory_used: Family<GpuLabels, Gauge>,
    utilisation: Family<GpuLabels, Gauge<f64, AtomicU64>>,
    temperature: Family<GpuLabels, Gauge>,
    standing: Family<StandingLabels, Gauge>,
    leases: Family<GpuLabels, Gauge>,
}

impl GpuGauges {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit("gpu_memory", "Memory of a GPU", Unit::Bytes, self.memory.clone());
        registry.register_with_unit(
            "gpu_memory_used",
            "Memory of a GPU that is in use, by renders and others",
            Unit::Bytes,
            self.memory_used.clone(),
        );
        registry.register_with_unit(
            "gpu_utilisation",
            "How busy a GPU is, 0 to 1",
            Unit::Ratios,
            self.utilisation.clone(),
        );
        registry.register_with_unit(
            "gpu_temperature",
            "Temperature of a GPU",
            Unit::Celsius,
            self.temperature.clone(),
        );
        registry.register(
            "gpu_standing",
            "1 for what a GPU is to renders now: free, reserved, in-use by others, or lost",
            self.standing.clone(),
        );
        registry.register("gpu_leases", "Attempts that hold a GPU or a share of it", self.leases.clone());
    }

    /// Shows these and no others.
    pub(super) fn show(&self, gpus: &[GpuView]) {
        self.memory.clear();
        self.memory_used.clear();
        self.utilisation.clear();
        self.temperature.clear();
        self.standing.clear();
        self.leases.clear();
        for view in gpus {
            let gpu = &view.status.gpu;
            let labels = GpuLabels { gpu: gpu.index, uuid: gpu.uuid.clone() };
            let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            self.memory.get_or_create(&labels).set(whole(gpu.memory_bytes));
            if let Some(bytes) = view.memory_used_bytes {
                self.memory_used.get_or_create(&labels).set(whole(bytes));
            }
            if let Some(share) = view.utilisation {
                self.utilisation.get_or_create(&labels).set(share);
            }
            if let Some(degrees) = view.temperature {
                self.temperature.get_or_create(&labels).set(i64::from(degrees));
            }
            self.leases.get_or_create(&labels).set(whole(view.leases.len() as u64));
            let standing = match view.status.standing {
                GpuStanding::Free => "free",
                GpuStanding::Reserved => "reserved",
                GpuStanding::InUse { .. } => "in-use",
                GpuStanding::Lost { .. } => "lost",
            };
            let labels = StandingLabels { gpu: gpu.index, uuid: gpu.uuid.clone(), standing };
            self.standing.get_or_create(&labels).set(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::Gpu;
    use prometheus_client::encoding::text;

    #[test]
    fn each_gpu_has_its_lines_and_one_that_is_gone_has_none() {
        let gauges = GpuGauges::default();
        let mut registry = Registry::with_prefix("farmhand");
        gauges.register(&mut registry);
        let gpu =
            |index: u32| Gpu { index, uuid: format!("GPU-{index}"), name: "A".into(), memory_bytes: 100 };
        let mut busy = GpuView::new(gpu(0));
        busy.memory_used_bytes = Some(60);
        busy.utilisation = Some(0.5);
        let mut lost = GpuView::new(gpu(1));
        lost.status.standing = GpuStanding::Lost { reason: "gone".into() };
        let shown = |gpus: &[GpuView]| {
            gauges.show(gpus);
            let mut text = String::new();
            text::encode(&mut text, &registry).unwrap();
            text
        };
        let text = shown(&[busy.clone(), lost]);
        for line in [
            "farmhand_gpu_memory_used_bytes{gpu=\"0\",uuid=\"GPU-0\"} 60",
            "farmhand_gpu_utilisation_ratios{gpu=\"0\",uuid=\"GPU-0\"} 0.5",
            "farmhand_gpu_standing{gpu=\"0\",uuid=\"GPU-0\",standing=\"free\"} 1",
            "farmhand_gpu_standing{gpu=\"1\",uuid=\"GPU-1\",standing=\"lost\"} 1",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
        assert!(!text.contains("farmhand_gpu_memory_used_bytes{gpu=\"1\""), "{text}");
        assert!(!shown(&[busy]).contains("GPU-1"));
    }
}
